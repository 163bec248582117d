"""One moment by which a whole fetch must have ended, whatever it is doing."""

import time
from dataclasses import dataclass

from images.errors import FetchTimedOut


@dataclass(frozen=True)
class Deadline:
    """A moment on the monotonic clock, in seconds."""

    ends_at_seconds: float

    @classmethod
    def after(cls, seconds: float) -> "Deadline":
        """A deadline that many seconds from now."""
        return cls(time.monotonic() + seconds)

    def cap_seconds(self, seconds: float) -> float:
        """Shorten one wait to what is left of the whole.

        Raises:
            FetchTimedOut: nothing is left.
        """
        remaining = self.ends_at_seconds - time.monotonic()
        if remaining <= 0:
            raise FetchTimedOut(
                "The image did not arrive in time. Try again later, or upload the image itself."
            )
        return min(seconds, remaining)
