"""The errors of what the service knows. Each has a stable `code` and says whether to try again."""


class ScanError(Exception):
    """Root of the tree.

    Attributes:
        code: stable word for machines; appears in problem documents and on failed checks.
        retryable: whether the same call may succeed later, unchanged.
    """

    code = "scan_error"
    retryable = False


class SettingsInvalid(ScanError):
    """The environment does not describe a service that can start."""

    code = "settings_invalid"


class UrlNotCanonical(ScanError):
    """The address is not an absolute http or https URL."""

    code = "url_invalid"


class ImageNotStored(ScanError):
    """The image store has no bytes under this name."""

    code = "image_not_stored"


class LeaseLost(ScanError):
    """Another worker holds this check now; what was worked out here is dropped."""

    code = "lease_lost"


class KeyUnknown(ScanError):
    """No key that is in force has this secret."""

    code = "key_unknown"


class CursorInvalid(ScanError):
    """The cursor was not written by a list of ours."""

    code = "cursor_invalid"
