"""The errors of fetching and decoding one image, in one tree; messages are for who asked.

A message says what is wrong and what to do. It never names an address that a host resolved to.
"""


class ImageError(Exception):
    """Root of the tree.

    Attributes:
        code: stable word for machines; appears in problem documents and on failed checks.
        retryable: whether the same call may succeed later, unchanged.
    """

    code = "image_error"
    retryable = False


class FetchError(ImageError):
    """The bytes could not be brought in."""

    code = "fetch_error"


class UrlRejected(FetchError):
    """The address, or one that it redirects to, is not one that we connect to. Never retried."""

    code = "url_rejected"


class FetchTimedOut(FetchError):
    """The host did not answer in time, or the whole fetch took longer than allowed."""

    code = "fetch_timed_out"
    retryable = True


class FetchFailed(FetchError):
    """A passing fault: no such name just now, connection lost, 429 or 5xx."""

    code = "fetch_failed"
    retryable = True


class HostBusy(FetchError):
    """It is not our turn to ask this host: it was asked too often, or told us to wait.

    Attributes:
        after_seconds: when the next turn may come.
    """

    code = "host_busy"
    retryable = True

    def __init__(self, after_seconds: float) -> None:
        super().__init__("The host has been asked too often just now. Try again later.")
        self.after_seconds = after_seconds


class CertificateRejected(FetchError):
    """The host could not prove that it is the host in the address."""

    code = "certificate_rejected"


class FetchRefused(FetchError):
    """The host answered, and says no (401, 403, other 4xx)."""

    code = "fetch_refused"


class ImageGone(FetchError):
    """The host answered, and has nothing there (404, 410)."""

    code = "image_gone"


class BadAnswer(FetchError):
    """The host's answer breaks a limit or a rule of HTTP, and would do so again."""

    code = "bad_answer"


class TooManyRedirects(BadAnswer):
    """The redirects do not come to an end."""

    code = "too_many_redirects"


class TooManyBytes(FetchError):
    """The file is larger than the limit."""

    code = "too_many_bytes"


class NotAnImage(ImageError):
    """The bytes are not an image that can be read."""

    code = "not_an_image"


class UnsupportedFormat(NotAnImage):
    """The bytes are a known kind of file, but not one that is decoded here."""

    code = "unsupported_format"


class ImageTruncated(NotAnImage):
    """The file ends, or breaks, before the picture does."""

    code = "image_truncated"


class TooManyPixels(ImageError):
    """The picture is larger than the limit once decoded."""

    code = "too_many_pixels"


class TooMuchMemory(ImageError):
    """Decoding takes more memory than one image may have, whatever its size in pixels."""

    code = "too_much_memory"


class TooMuchWork(ImageError):
    """Decoding was stopped at its time limit, and would be the next time."""

    code = "too_much_work"


class DecodeTimedOut(ImageError):
    """Decoding was stopped at its time limit on a machine too busy for it. Later it may do."""

    code = "decode_timed_out"
    retryable = True


class DecoderCrashed(ImageError):
    """The decoder broke on these bytes, alone in its process."""

    code = "decoder_crashed"


class DecoderUnavailable(ImageError):
    """The process that decodes could not be started; nothing is said about the image."""

    code = "decoder_unavailable"
    retryable = True
