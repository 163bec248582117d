"""The detector's errors. Each has a stable `code` and says whether to try again."""


class NtfError(Exception):
    """Root of the tree."""

    code = "ntf_error"
    retryable = False


class DetectorUnavailable(NtfError):
    """The weights cannot be loaded now."""

    code = "detector_unavailable"
    retryable = True


class DetectionFailed(NtfError):
    """The detector broke on these pixels, for want of memory or for a fault of its own."""

    code = "detection_failed"
    retryable = True


class ManifestInvalid(NtfError):
    """The list of training images cannot be read."""

    code = "manifest_invalid"


class TwinsUnavailable(NtfError):
    """A family of twins cannot be made here: a file that you bring is missing."""

    code = "twins_unavailable"


class WeightsMissing(NtfError):
    """A package that carries weights is not installed, or lacks them."""

    code = "weights_missing"


class CheckpointMismatch(NtfError):
    """The run's folder holds something else than what was asked for."""

    code = "checkpoint_mismatch"


class ShardInvalid(NtfError):
    """A tar shard cannot be read, or lacks a member."""

    code = "shard_invalid"


class LayoutUnclear(NtfError):
    """A folder of images does not say which of them are real, or in two ways at once."""

    code = "layout_unclear"


class AuditFailed(NtfError):
    """The images tell their class by more than what a generator does, or cross their splits."""

    code = "audit_failed"


class FeaturesInvalid(NtfError):
    """The file of features that heads are learned from is missing, or cannot be read."""

    code = "features_invalid"
