"""The calls. Bodies are the dictionaries that `ntf_client.models` types; fields may be added."""

import time
from collections.abc import Callable, Iterator, Sequence
from types import TracebackType
from typing import Literal, cast
from urllib.parse import quote

from ntf_client.models import (
    BatchBody,
    BatchWithItemsBody,
    CheckBody,
    ChecksBody,
    FeedbackBody,
    ModelsBody,
    WebhookWithSecretBody,
)
from ntf_client.problems import ApiProblem, StillOpen
from ntf_client.sending import Retries, Sender

HOLD_SECONDS = 8  # the service holds an answer no longer
POLL_SECONDS = 0.7
NOT_FOUND = 404
Says = Literal["ai", "real", "unsure"]


class Client:
    """One service, with one key. Use it as a context manager, or call `close`."""

    def __init__(
        self,
        address: str,
        key: str,
        *,
        retries: Retries | None = None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._sender = Sender(address, key, retries or Retries(), sleep)
        self._sleep = sleep

    def __enter__(self) -> "Client":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let the connections go."""
        self._sender.close()

    def check_url(
        self,
        url: str,
        *,
        page_url: str | None = None,
        timeout_seconds: float = 120.0,
        idempotency_key: str | None = None,
    ) -> CheckBody:
        """The check of what an address shows, when it has ended; `status` says how.

        Raises:
            ApiProblem, ServerAway: as every call.
            StillOpen: it had not ended in time.
        """
        body = {"url": url} | ({"page_url": page_url} if page_url else {})
        check = self._sender.send(
            "POST",
            "/v1/checks",
            json=body,
            headers=hold(timeout_seconds),
            idempotency_key=idempotency_key,
        )
        return self.wait_for_end(cast(CheckBody, check), timeout_seconds=timeout_seconds)

    def check_bytes(
        self,
        content: bytes,
        *,
        url: str | None = None,
        page_url: str | None = None,
        timeout_seconds: float = 120.0,
        idempotency_key: str | None = None,
    ) -> CheckBody:
        """The check of an image's bytes; `url` says where they came from.

        Raises:
            as `check_url`.
        """
        fields = {"url": url, "page_url": page_url}
        check = self._sender.send(
            "POST",
            "/v1/checks",
            data={name: value for name, value in fields.items() if value},
            files={"image": ("image", content)},
            headers=hold(timeout_seconds),
            idempotency_key=idempotency_key,
        )
        return self.wait_for_end(cast(CheckBody, check), timeout_seconds=timeout_seconds)

    def wait_for_end(self, check: CheckBody, *, timeout_seconds: float) -> CheckBody:
        """Look again and again until a check has ended.

        Raises:
            StillOpen: it has not in time.
        """
        deadline = time.monotonic() + timeout_seconds
        while check["status"] not in ("done", "failed"):
            if time.monotonic() >= deadline:
                raise StillOpen(check["id"])
            self._sleep(POLL_SECONDS)
            check = self.read_check(check["id"])
        return check

    def read_check(self, check_id: str) -> CheckBody:
        """A check as it stands."""
        return cast(CheckBody, self._sender.send("GET", f"/v1/checks/{quote(check_id, safe='')}"))

    def find_verdict(self, sha256: str) -> CheckBody | None:
        """The newest verdict of these bytes, without sending them; None where none is known."""
        try:
            found = self._sender.send("GET", "/v1/verdicts", params={"sha256": sha256})
        except ApiProblem as problem:
            if problem.status == NOT_FOUND:
                return None
            raise
        return cast(CheckBody, found)

    def list_checks(self, *, limit: int = 100) -> Iterator[CheckBody]:
        """All your checks, the newest first; pages are asked for as they are needed."""
        cursor: str | None = None
        while True:
            params = {"limit": str(limit)} | ({"cursor": cursor} if cursor else {})
            page = cast(ChecksBody, self._sender.send("GET", "/v1/checks", params=params))
            yield from page["checks"]
            cursor = page["next_cursor"]
            if cursor is None:
                return

    def request_batch(
        self, urls: Sequence[str], *, idempotency_key: str | None = None
    ) -> BatchBody:
        """Ask for up to 1,000 addresses at once; it does not wait for them."""
        body = {"urls": list(urls)}
        batch = self._sender.send("POST", "/v1/batches", json=body, idempotency_key=idempotency_key)
        return cast(BatchBody, batch)

    def read_batch(self, batch_id: str) -> BatchWithItemsBody:
        """How far a batch is, with its items in the order in which they were sent."""
        found = self._sender.send("GET", f"/v1/batches/{quote(batch_id, safe='')}")
        return cast(BatchWithItemsBody, found)

    def give_feedback(
        self,
        check_id: str,
        says: Says,
        *,
        reason: str | None = None,
        note: str | None = None,
        idempotency_key: str | None = None,
    ) -> FeedbackBody:
        """Say what you think of a verdict."""
        said = {"says": says, "reason": reason, "note": note}
        feedback = self._sender.send(
            "POST",
            f"/v1/checks/{quote(check_id, safe='')}/feedback",
            json={name: value for name, value in said.items() if value is not None},
            idempotency_key=idempotency_key,
        )
        return cast(FeedbackBody, feedback)

    def create_webhook(
        self, url: str, *, events: Sequence[str] = (), idempotency_key: str | None = None
    ) -> WebhookWithSecretBody:
        """Be told when checks end. The secret is in this answer alone."""
        body = {"url": url} | ({"events": list(events)} if events else {})
        made = self._sender.send("POST", "/v1/webhooks", json=body, idempotency_key=idempotency_key)
        return cast(WebhookWithSecretBody, made)

    def list_models(self) -> ModelsBody:
        """The detectors that have run there."""
        return cast(ModelsBody, self._sender.send("GET", "/v1/models"))


def hold(timeout_seconds: float) -> dict[str, str]:
    """Ask the service to hold its answer; it does for at most eight seconds."""
    return {"Prefer": f"wait={max(0, min(HOLD_SECONDS, int(timeout_seconds)))}"}
