"""Whether a worker may start as it was set up: seen before it takes anything."""

from celery.signals import celeryd_after_setup

from images.provenance.trust_list import TrustListInvalid
from scans.errors import SettingsInvalid
from scans.open_store import refuse_a_wrong_store
from scans.wake import RETRAIN_QUEUE
from worker import tools
from worker.celery_app import app, settings


@celeryd_after_setup.connect
def make_room_for_models(**_: object) -> None:
    """Make the folder in which models and the beat's clock are kept, where this worker learns."""
    if RETRAIN_QUEUE in app.amqp.queues.consume_from:
        settings.models_folder.mkdir(parents=True, exist_ok=True)


@celeryd_after_setup.connect
def refuse_a_wrong_trust_list(**_: object) -> None:
    """End a fetching worker that was given a trust list which is none, before it takes a check."""
    if "fetch" in app.amqp.queues.consume_from:
        try:
            tools.trust_list()
        except TrustListInvalid as error:
            # Only what is no `Exception` gets out of a signal's receiver.
            raise SystemExit(f"NTF_C2PA_TRUST_LIST_PATH: {error}") from error


@celeryd_after_setup.connect
def refuse_traces_that_cannot_be(**_: object) -> None:
    """End a worker that is to send traces and has not what it takes."""
    try:
        tools.traces()
    except SettingsInvalid as error:
        raise SystemExit(str(error)) from error


@celeryd_after_setup.connect
def refuse_wrong_image_store(**_: object) -> None:
    """End a worker whose object store refuses it, before it takes a check."""
    try:
        refuse_a_wrong_store(settings)
    except SettingsInvalid as error:
        raise SystemExit(str(error)) from error
