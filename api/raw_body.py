"""The body of a request that is a file by itself."""

from flask import request
from werkzeug.exceptions import RequestEntityTooLarge

from api.services import services


def read_raw_body() -> bytes:
    """The bytes as they came; none where there are none.

    What comes in chunks, werkzeug cuts off at `MAX_CONTENT_LENGTH` without a word. That lies above
    what an image may have, so a part of a file is never taken for the file.

    Raises:
        RequestEntityTooLarge: more than an image may have.
    """
    content = request.get_data(cache=False)
    if len(content) > services().settings.max_image_bytes:
        raise RequestEntityTooLarge
    return content
