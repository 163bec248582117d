"""What this worker process works with, made from the settings on first use and then kept.

On first use, not at import: Celery forks its workers, and neither a connection pool nor a
detector may cross a fork.
"""

import atexit
import random
import time
from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from pathlib import Path

from images.decoded_image import DecodeLimits
from images.decoder_pool import DecoderPool
from images.provenance.trust_list import load_trust_list
from images.safe_call import CallAnswer, call_service
from images.safe_fetch import (
    FetchedImage,
    FetchPolicy,
    Network,
    NotModified,
    Validators,
    fetch_image,
)
from images.safe_post import PostAnswer, post_bytes
from ntf.predictor import SHIPPED, Predictor, read_info
from scans.database import Reads, open_sessions
from scans.model_store import ModelStore
from scans.open_store import open_image_store
from scans.settings import Settings
from scans.traces import open_traces
from scans.wake import Waker
from scans.webhook_secrets import SecretBox
from worker.celery_app import settings
from worker.deliver_webhook import DeliverTools
from worker.fetch_image import FetchTools
from worker.judge_images import JudgeTools
from worker.model_keeper import ModelKeeper
from worker.retrain import RetrainTools
from worker.run_errand import ErrandTools
from worker.shared_turns import SharedTurns
from worker.tell_ozone import OzoneSessions

sessions = cache(lambda: open_sessions(settings.database_url))
reads = cache(lambda: Reads(settings.database_url))
traces = cache(lambda: open_traces(settings, "ntf-worker"))
store = cache(lambda: open_image_store(settings))
waker = cache(lambda: Waker(settings.broker_url))
trust_list = cache(lambda: load_trust_list(settings.c2pa_trust_list_path))
models = cache(lambda: ModelStore(settings.models_folder))


@cache
def fetch_tools() -> FetchTools:
    """The tools of the `fetch` step."""
    policy = fetch_policy(settings)
    network = Network(turns=SharedTurns(reads(), settings.host_requests_per_second))

    def fetch(url: str, known: Validators | None) -> FetchedImage | NotModified:
        return fetch_image(url, policy, network, known=known)

    return FetchTools(
        sessions=sessions(),
        reads=reads(),
        store=store(),
        fetch=traces().wrap("get bytes", fetch, "client"),
        decode=traces().wrap("decode", decoder_pool().decode),
        read_provenance=traces().wrap("read provenance", decoder_pool().read_provenance),
    )


@cache
def decoder_pool() -> DecoderPool:
    """The processes that open files for this one. They end with it."""
    limits = DecodeLimits(
        max_pixels=settings.max_image_pixels,
        max_memory_bytes=settings.decode_memory_bytes,
        max_seconds=settings.decode_timeout_seconds,
    )
    pool = DecoderPool(limits, settings.decode_processes, trust_list=trust_list())
    atexit.register(pool.close)
    return pool


@cache
def judge_tools() -> JudgeTools:
    """The tools of the `detect` step."""
    return JudgeTools(
        sessions=sessions(),
        reads=reads(),
        store=store(),
        load_detector=load_detector,
        spot_check_share=settings.review_spot_check_share,
    )


@cache
def model_keeper() -> ModelKeeper:
    """The detectors of this process."""

    def load(folder: Path | None) -> Predictor:
        return Predictor.load(
            folder,
            threads=settings.detector_threads,
            device=settings.detector_device,
            backend=settings.detector_backend,
        )

    return ModelKeeper(
        sessions(), reads(), models(), settings.model_path, load=load, read_info=read_info
    )


def load_detector() -> Predictor:
    """The detector to judge the next batch with; threads that come first together load it once.

    Raises:
        DetectorUnavailable: the weights cannot be loaded.
    """
    return model_keeper().live()


@cache
def retrain_tools() -> RetrainTools:
    """The tools of the queue `retrain`."""
    return RetrainTools(
        sessions=sessions(),
        store=store(),
        models=models(),
        configured=settings.model_path or SHIPPED,
        decode=decoder_pool().decode,
        min_labels=settings.retrain_min_labels,
        threads=settings.detector_threads,
    )


@cache
def deliver_tools() -> DeliverTools:
    """The tools of the `deliver` queue."""
    policy = webhook_policy(settings)

    def post(url: str, headers: Mapping[str, str], body: bytes) -> PostAnswer:
        return post_bytes(url, headers, body, policy)

    return DeliverTools(
        sessions=sessions(),
        box=SecretBox(settings.secret_key.get_secret_value()),
        post=traces().wrap("post webhook", post, "client"),
        now_seconds=time.time,
        draw=random.random,
    )


@cache
def errand_tools() -> ErrandTools:
    """What errands in other systems need; they go out by the same door as webhooks."""
    policy = replace(webhook_policy(settings), max_bytes=settings.max_image_bytes)

    def call(method: str, url: str, headers: Mapping[str, str], body: bytes | None) -> CallAnswer:
        return call_service(method, url, headers, body, policy=policy)

    return ErrandTools(
        sessions=sessions(),
        store=store(),
        box=SecretBox(settings.secret_key.get_secret_value()),
        call=traces().wrap("call service", call, "client"),
        wake_fetch=lambda: waker().wake("fetch"),
        ozone=OzoneSessions(),
        draw=random.random,
    )


def webhook_policy(settings: Settings) -> FetchPolicy:
    """The limits of one webhook's attempt, as the operator set them."""
    return FetchPolicy(
        total_timeout_seconds=settings.webhook_timeout_seconds,
        # A receiver may take all of its time before it answers.
        read_timeout_seconds=settings.webhook_timeout_seconds,
        allowed_ports=settings.webhook_ports,
        allow_private_addresses=settings.webhook_allow_private_addresses,
        user_agent="NTF-webhook/1.0",
    )


def fetch_policy(settings: Settings) -> FetchPolicy:
    """The limits of one fetch, as the operator set them."""
    return FetchPolicy(
        max_bytes=settings.max_image_bytes,
        total_timeout_seconds=settings.fetch_timeout_seconds,
        allowed_ports=settings.fetch_ports,
        allow_private_addresses=settings.allow_private_addresses,
    )
