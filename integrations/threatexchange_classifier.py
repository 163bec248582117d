"""A `Classifier` for threatexchange (1.2.17), which asks an NTF service about photos.

It runs inside threatexchange, and needs that and `requests` alone. The environment says where and
how: `NTF_URL`, `NTF_KEY`, `NTF_WHEN_AWAY` (`open` or `closed`), `NTF_TIMEOUT_SECONDS`.

threatexchange's own `classify image` is not built in 1.2.17, and its extensions cannot bring
classifiers. So `TX_MANIFEST` brings the same verdict to its command line as a signal type:
`threatexchange hash -S ntf_verdict photo FILE`.
"""

import os
import time
import typing as t
from dataclasses import dataclass
from pathlib import Path

import requests
from threatexchange.classifier.classifier import (
    ClassificationInfo,
    ClassificationResult,
    Classifier,
)
from threatexchange.content_type.content_base import ContentType
from threatexchange.content_type.photo import PhotoContent
from threatexchange.extensions.manifest import ThreatExchangeExtensionManifest
from threatexchange.signal_type import signal_base

LABELS = ("likely_ai", "uncertain", "no_evidence", "not_assessable")
NOT_CHECKED = "not_checked"
_PASSING = {408, 425, 429, 500, 502, 503, 504}
_OPEN = {"queued", "fetching", "detecting"}


class NtfUnavailable(Exception):
    """The service gave no verdict, and `NTF_WHEN_AWAY` is `closed`."""


class NtfNotConfigured(Exception):
    """The environment does not say which service to ask."""


@dataclass
class NtfInfo(ClassificationInfo):
    """A label. `score` is the calibrated probability that the photo is AI-made, if there is one."""

    score: float = 0.0

    def weight_str(self) -> str:
        """As threatexchange shows it."""
        return f"{self.score:.2%}"


class NtfClassifier(Classifier):
    """Labels a photo with the verdict of an NTF service. `likely_ai` asks for a review."""

    def __init__(
        self,
        url: str | None = None,
        key: str | None = None,
        *,
        when_away: str | None = None,
        timeout_seconds: float | None = None,
    ) -> None:
        self.url = (url or os.environ.get("NTF_URL", "")).rstrip("/")
        self.key = key or os.environ.get("NTF_KEY", "")
        self.when_away = when_away or os.environ.get("NTF_WHEN_AWAY", "open")
        self.timeout_seconds = timeout_seconds or float(os.environ.get("NTF_TIMEOUT_SECONDS", "30"))
        if not self.url or not self.key:
            raise NtfNotConfigured("Set NTF_URL and NTF_KEY.")
        if self.when_away not in {"open", "closed"}:
            raise NtfNotConfigured("NTF_WHEN_AWAY is open or closed.")

    @classmethod
    def get_content_types(cls) -> list[type[ContentType]]:
        """Photos."""
        return [PhotoContent]

    def classify(
        self, content_type: type[ContentType], content_val: str
    ) -> ClassificationResult[NtfInfo]:
        """The labels of a photo, by its path or its http(s) address.

        Raises:
            NtfUnavailable: there is no verdict, and this is to be known.
            ValueError: not a photo.
        """
        if not issubclass(content_type, PhotoContent):
            raise ValueError(f"NTF judges photos, not {content_type.get_name()}")
        try:
            verdict = self._find_verdict(content_val)
        except NtfUnavailable:
            if self.when_away == "closed":
                raise
            return ClassificationResult({NOT_CHECKED: NtfInfo(is_match=False)})
        score = verdict["score"] or 0.0
        return ClassificationResult(
            {label: NtfInfo(verdict["label"] == label, score) for label in LABELS}
        )

    def _find_verdict(self, content_val: str) -> dict[str, t.Any]:
        deadline = time.monotonic() + self.timeout_seconds
        check = self._ask("POST", "/v1/checks?wait=8", deadline, **read_content(content_val))
        while check["status"] in _OPEN:
            pause(1.0, deadline)
            check = self._ask("GET", f"/v1/checks/{check['id']}", deadline)
        if check["verdict"] is None:
            raise NtfUnavailable(f"the check failed: {check['error']['code']}")
        verdict: dict[str, t.Any] = check["verdict"]
        return verdict

    def _ask(self, method: str, path: str, deadline: float, **content: t.Any) -> dict[str, t.Any]:
        """Ask until there is an answer. The same photo asked for again joins the same check."""
        headers = {"Authorization": f"Bearer {self.key}"}
        delay_seconds = 0.25
        while True:
            left_seconds = max(deadline - time.monotonic(), 0.1)
            try:
                answer = requests.request(
                    method, self.url + path, headers=headers, timeout=left_seconds, **content
                )
            except requests.RequestException as error:
                reason = type(error).__name__
            else:
                if answer.ok:
                    check: dict[str, t.Any] = answer.json()
                    return check
                reason = f"status {answer.status_code}"
                if answer.status_code not in _PASSING:
                    raise NtfUnavailable(f"{self.url} refused: {reason}")
            pause(delay_seconds, deadline, reason)
            delay_seconds *= 2


def pause(seconds: float, deadline: float, reason: str = "the verdict takes too long") -> None:
    """Wait, if there is time left.

    Raises:
        NtfUnavailable: there is none.
    """
    if time.monotonic() + seconds >= deadline:
        raise NtfUnavailable(reason)
    time.sleep(seconds)


def read_content(content_val: str) -> dict[str, t.Any]:
    """The body of a request: an address for the service to fetch, or a file's bytes."""
    if content_val.startswith(("http://", "https://")):
        return {"json": {"url": content_val}}
    path = Path(content_val)
    return {"files": {"image": (path.name, path.read_bytes())}}


class NtfVerdictSignal(signal_base.SimpleSignalType, signal_base.FileHasher):
    """The verdict as a signal, so that `threatexchange hash photo` and `match photo` give it."""

    @classmethod
    def get_name(cls) -> str:
        """For `--signal-type`."""
        return "ntf_verdict"

    @classmethod
    def get_content_types(cls) -> list[type[ContentType]]:
        """Photos."""
        return [PhotoContent]

    @classmethod
    def get_index_cls(cls) -> type[signal_base.TrivialSignalTypeIndex[t.Any]]:
        """Equal words match."""
        return signal_base.TrivialSignalTypeIndex

    @classmethod
    def validate_signal_str(cls, signal_str: str) -> str:
        """One of the labels.

        Raises:
            ValueError: it is none.
        """
        if signal_str not in LABELS:
            raise ValueError(f"{signal_str!r} is not a label of NTF's")
        return signal_str

    @classmethod
    def hash_from_file(cls, file: Path) -> str:
        """The label; nothing where the photo was not checked, and that is borne with."""
        labels = NtfClassifier().classify(PhotoContent, str(file)).positive_labels
        return next(iter(labels), "")

    @staticmethod
    def get_examples() -> list[str]:
        """For `threatexchange match` against a collaboration of samples: review what is likely."""
        return ["likely_ai"]


TX_MANIFEST = ThreatExchangeExtensionManifest(signal_types=(NtfVerdictSignal,))
