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


class ImageStoreUnavailable(ScanError):
    """The object store that images are kept in does not answer, or cannot now."""

    code = "image_store_unavailable"
    retryable = True


class ImageStoreRefused(ImageStoreUnavailable):
    """The object store answers no: a wrong key, no such bucket, or something that is not allowed.

    An operator can set that right, so for whoever waits it is as when the store is away.
    """


class ImageStoreFull(ImageStoreUnavailable):
    """There is no room left where images are kept. It passes when someone makes room."""

    code = "storage_full"


class LeaseLost(ScanError):
    """Another worker holds this check now; what was worked out here is dropped."""

    code = "lease_lost"


class KeyUnknown(ScanError):
    """No key that is in force has this secret."""

    code = "key_unknown"


class WebhookNotFound(ScanError):
    """No such endpoint, or it is another tenant's: the two are not told apart."""

    code = "webhook_not_found"


class TooManyWebhooks(ScanError):
    """The tenant has as many endpoints as one may have."""

    code = "too_many_webhooks"


class WebhookDisabled(ScanError):
    """Nothing is sent to this endpoint now."""

    code = "webhook_disabled"


class WebhookNotStandard(ScanError):
    """The endpoint belongs to another system, which has no such thing."""

    code = "webhook_not_standard"


class DeliveryNotFound(ScanError):
    """No such delivery, or it is another tenant's."""

    code = "delivery_not_found"


class DeliveryWaiting(ScanError):
    """The delivery has not ended yet, so it cannot be sent once more."""

    code = "delivery_waiting"


class WebhookSecretUnreadable(ScanError):
    """A webhook's secret was sealed under another `NTF_SECRET_KEY`."""

    code = "webhook_secret_unreadable"
    retryable = True


class CheckNotReplayed(ScanError):
    """The check has not failed, or an open check of the same subject stands in its way."""

    code = "check_not_replayed"


class NotAmongYours(ScanError):
    """No such thing, or it is another tenant's: the two are not told apart."""

    code = "not_found"


class InvitationUnknown(ScanError):
    """The link was used, revoked, is too old, or never was: they are not told apart."""

    code = "invitation_not_found"


class ImageInUse(ScanError):
    """A check of the image is still open, and would bring its files back."""

    code = "image_in_use"


class CursorInvalid(ScanError):
    """The cursor was not written by a list of ours."""

    code = "cursor_invalid"


class ReviewNotFound(ScanError):
    """No such review, or it is another tenant's: the two are not told apart."""

    code = "review_not_found"


class Conflict(ScanError):
    """What was asked does not fit how things stand; look again before asking again."""

    code = "conflict"


class CheckNotJudged(Conflict):
    """The check has no verdict (yet), so there is nothing to say about it."""

    code = "check_not_judged"


class ReviewTaken(Conflict):
    """Someone else holds the review, or it is decided."""

    code = "review_taken"


class ReviewNotHeld(Conflict):
    """Whoever decides must hold the review."""

    code = "review_not_held"


class UndoTooLate(Conflict):
    """Only what was decided a moment ago can be undone."""

    code = "undo_too_late"


class QueueFull(ScanError):
    """Work that can wait is not taken now; the queue is longer than it may be.

    Attributes:
        after_seconds: when to ask again.
    """

    code = "queue_full"
    retryable = True

    def __init__(self, message: str, after_seconds: int) -> None:
        super().__init__(message)
        self.after_seconds = after_seconds


class ModelNotFound(ScanError):
    """There is no such model here, or none to go back to."""

    code = "model_not_found"


class RetrainingBusy(ScanError):
    """Another process retrains at this moment."""

    code = "retraining_busy"
    retryable = True


class CoopKeyInvalid(ScanError):
    """What was given is not a key that Coop can have signed with."""

    code = "coop_key_invalid"


class CoopNotConnected(ScanError):
    """The tenant has not said how its Coop signs."""

    code = "coop_not_connected"


class CoopSignatureWrong(ScanError):
    """The request was not signed by the tenant's Coop."""

    code = "coop_signature_wrong"


class CoopItemUnknown(ScanError):
    """No check of this tenant belongs to the item."""

    code = "coop_item_unknown"


class CoopItemAmbiguous(ScanError):
    """Several images belong to the item, and the decision does not say which it is about."""

    code = "coop_item_ambiguous"


class PolicyInvalid(ScanError):
    """A policy's text is none; the message names the line."""

    code = "policy_invalid"


class PolicyChanged(ScanError):
    """Someone saved another version since this one's effect was shown."""

    code = "policy_changed"


class ConnectionNotFound(ScanError):
    """No such connection, or it is another tenant's: the two are not told apart."""

    code = "connection_not_found"


class ConnectionSecretWrong(ScanError):
    """What another system showed us does not belong to its connection."""

    code = "connection_secret_wrong"


class TooManyConnections(ScanError):
    """The tenant has as many connections as one may have."""

    code = "too_many_connections"


class ErrandNotFound(ScanError):
    """No such errand, or it is another tenant's."""

    code = "errand_not_found"


class ErrandWaiting(ScanError):
    """The errand was not given up, so it cannot be run once more."""

    code = "errand_waiting"
