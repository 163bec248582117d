"""Puts a tag on what a diverted blob belongs to, by `tools.ozone.moderation.emitEvent`."""

from collections.abc import Sequence
from dataclasses import dataclass
from threading import Lock
from urllib.parse import urlencode
from uuid import UUID

from integrations.finding import Finding
from integrations.ozone import DUPLICATE, Subject, choose_tag, write_tag_event
from scans.errands import ErrandClaim
from worker.service_call import Call, ServiceRefused, call_json

SESSION_ENDED = {"ExpiredToken", "InvalidToken"}


@dataclass(frozen=True, slots=True)
class OzoneSession:
    """Who we are there, and for how long nobody says otherwise."""

    did: str
    token: str


class OzoneSessions:
    """The sessions of this process: an account may open few in a day."""

    def __init__(self) -> None:
        self._sessions: dict[UUID, OzoneSession] = {}
        self._lock = Lock()

    def get(self, claim: ErrandClaim, password: str, call: Call) -> OzoneSession:
        """The connection's session, opened on first use.

        Raises:
            ServiceRefused, FetchError: it cannot be opened.
        """
        with self._lock:
            known = self._sessions.get(claim.connection.id)
        if known is not None:
            return known
        account = {"identifier": claim.connection.options["identifier"], "password": password}
        address = f"{claim.connection.address}/xrpc/com.atproto.server.createSession"
        opened = call_json(call, "POST", address, account)
        session = OzoneSession(opened["did"], opened["accessJwt"])
        with self._lock:
            self._sessions[claim.connection.id] = session
        return session

    def forget(self, claim: ErrandClaim) -> None:
        """It is over."""
        with self._lock:
            self._sessions.pop(claim.connection.id, None)


def tell_ozone(
    claim: ErrandClaim,
    findings: Sequence[Finding],
    password: str,
    sessions: OzoneSessions,
    call: Call,
) -> None:
    """Emit the tag that the findings call for; Ozone counts it once.

    Raises:
        ServiceRefused, FetchError: it could not be told.
    """
    tells_failures = claim.connection.options.get("when_away") == "closed"
    tag = choose_tag(findings, tells_failures=tells_failures)
    if tag is None:
        return
    session = sessions.get(claim, password, call)
    try:
        emit(claim, tag, findings, session, call)
    except ServiceRefused as refused:
        if refused.error == DUPLICATE:
            return
        if refused.status == 401 or refused.error in SESSION_ENDED:
            sessions.forget(claim)
            emit(claim, tag, findings, sessions.get(claim, password, call), call)
        else:
            raise


def emit(
    claim: ErrandClaim, tag: str, findings: Sequence[Finding], session: OzoneSession, call: Call
) -> None:
    """Name the subject as it stands now, and tag it."""
    headers = {
        "Authorization": f"Bearer {session.token}",
        "atproto-proxy": f"{claim.connection.options['labeler_did']}#atproto_labeler",
    }
    event = write_tag_event(
        tag,
        find_subject(claim, headers, call),
        [claim.details["blob_cid"]],
        findings,
        created_by=session.did,
        external_id=f"ntf-{claim.errand_id}",
    )
    address = f"{claim.connection.address}/xrpc/tools.ozone.moderation.emitEvent"
    call_json(call, "POST", address, event, headers)


def find_subject(claim: ErrandClaim, headers: dict[str, str], call: Call) -> Subject:
    """The record with its present `cid`, without which an event about it is not taken."""
    did, uri = claim.details["did"], claim.details["uri"]
    if uri is None:
        return Subject(did)
    query = urlencode({"uri": uri})
    address = f"{claim.connection.address}/xrpc/tools.ozone.moderation.getRecord?{query}"
    record = call_json(call, "GET", address, headers=headers)
    return Subject(did, uri, record["cid"])
