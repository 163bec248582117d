"""The detector's errors. Each has a stable `code` and says whether to try again."""


class NtfError(Exception):
    """Root of the tree."""

    code = "ntf_error"
    retryable = False


class DetectorUnavailable(NtfError):
    """The weights cannot be loaded now."""

    code = "detector_unavailable"
    retryable = True


class ManifestInvalid(NtfError):
    """The list of training images cannot be read."""

    code = "manifest_invalid"
