"""Pictures by short-lived signed addresses, so that an `<img>` needs no key."""

from flask import Blueprint, Response
from itsdangerous import BadSignature

from api.problems import PictureNotFound
from api.services import services
from scans.errors import ImageNotStored

routes = Blueprint("pictures", __name__)

# The bytes come from strangers: whatever they are, they run nothing and load nothing here.
PICTURE_POLICY = "default-src 'none'; sandbox"


@routes.get("/pictures/<token>")
def show_picture(token: str) -> Response:
    """The picture that the token names: an image as it came, or a heatmap.

    Raises:
        PictureNotFound: the token is forged or too old, or the picture is gone.
    """
    seconds = services().settings.signed_address_seconds
    try:
        kind, name, media_type = services().picture_signer.loads(token, max_age=seconds)
        content = services().store.read(kind, name)
    except BadSignature as error:
        raise PictureNotFound(
            "This link is too old. Read the check again for a new one."
        ) from error
    except ImageNotStored as error:
        raise PictureNotFound("This picture is no longer kept.") from error
    response = Response(content, mimetype=media_type)
    response.headers["Cache-Control"] = f"private, max-age={seconds}"
    response.headers["Content-Security-Policy"] = PICTURE_POLICY
    return response
