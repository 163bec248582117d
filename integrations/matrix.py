"""Matrix: the events that synapse-http-antispam sends, read; its answers, written.

Sources: the README of synapse-http-antispam 0.5, and the Matrix specification, "m.room.message" and
"Content repository".
"""

import re
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

MXC = re.compile(r"mxc://([A-Za-z0-9.:\[\]-]{1,255})/([A-Za-z0-9_-]{1,255})")
PICTURE_MESSAGES = {"m.image"}
REFUSED = {
    "errcode": "M_FORBIDDEN",
    "error": "This server does not take pictures that are likely AI-made. Ask its moderators.",
}
NOT_CHECKED = {
    "errcode": "M_UNKNOWN",
    "error": "This picture could not be checked just now. Please send it again later.",
}


@dataclass(frozen=True, slots=True)
class SentPicture:
    """A picture in an event.

    Attributes:
        mxc: its address, `mxc://server/media`.
    """

    event_id: str
    room_id: str
    mxc: str

    @property
    def page_url(self) -> str:
        """A link to the event."""
        room, event = quote(self.room_id, safe="!:"), quote(self.event_id, safe="$")
        return f"https://matrix.to/#/{room}/{event}"


def read_picture(event: dict[str, Any]) -> SentPicture | None:
    """The picture that an event shows, if there is one that a server can see.

    In an encrypted room there is none.
    """
    content = event.get("content")
    event_id, room_id = event.get("event_id"), event.get("room_id")
    if not isinstance(content, dict) or not isinstance(event_id, str):
        return None
    if not is_picture(event.get("type"), content):
        return None
    mxc = content.get("url")
    if not isinstance(mxc, str) or not MXC.fullmatch(mxc):
        return None
    return SentPicture(event_id, str(room_id), mxc)


def is_picture(event_type: object, content: dict[str, Any]) -> bool:
    """A sticker, an image, or a file that says it is one."""
    if event_type == "m.sticker":
        return True
    if event_type != "m.room.message":
        return False
    info = content.get("info")
    media_type = str(info.get("mimetype", "")) if isinstance(info, dict) else ""
    message_type = content.get("msgtype")
    return message_type in PICTURE_MESSAGES or (
        message_type == "m.file" and media_type.startswith("image/")
    )


def download_path(mxc: str) -> str:
    """Where a homeserver gives its media out, from version 1.11 of the specification on.

    Raises:
        ValueError: not an `mxc://` address.
    """
    found = MXC.fullmatch(mxc)
    if found is None:
        raise ValueError("not an mxc:// address")
    server, media = found.groups()
    return f"/_matrix/client/v1/media/download/{quote(server, safe=':[]')}/{media}"
