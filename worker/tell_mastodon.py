"""Writes on a report of Mastodon's what was found in its pictures: the rule, and a note.

Mastodon's API has no notes on reports; what its moderators see there is another report on the same
statuses, by the account of the token. It carries a mark, by which an attempt that was cut off is
found again and not repeated.
"""

from collections.abc import Sequence
from typing import Any
from urllib.parse import urlencode

from integrations.finding import Finding, describe_all, has_flagged
from integrations.mastodon import write_category, write_note
from scans.errands import ErrandClaim
from worker.service_call import Call, call_json


def tell_mastodon(claim: ErrandClaim, findings: Sequence[Finding], token: str, call: Call) -> None:
    """Tell once, however often this is called for the same errand.

    Raises:
        ServiceRefused, FetchError: it could not be told, or not all of it.
    """
    address = claim.connection.address or ""
    options, details = claim.connection.options, claim.details
    is_likely, is_unchecked = has_flagged(findings), any(one.label is None for one in findings)
    if not is_likely and not (is_unchecked and options.get("when_away") == "closed"):
        return
    headers = {"Authorization": f"Bearer {token}"}
    me = call_json(call, "GET", f"{address}/api/v1/accounts/verify_credentials", headers=headers)
    if str(me["id"]) == details["reporter_id"]:
        return  # what we reported ourselves
    rule_id = options.get("rule_id")
    if rule_id and is_likely:
        report = f"{address}/api/v1/admin/reports/{details['report_id']}"
        call_json(call, "PUT", report, write_category(rule_id), headers)
    if options.get("writes_notes"):
        mark = f"[NTF {claim.errand_id}]"
        if not has_note(claim, str(me["id"]), mark, headers, call):
            note = write_note(
                details["target_id"], details["status_ids"], describe_all(findings), mark
            )
            call_json(call, "POST", f"{address}/api/v1/reports", note, headers)


def has_note(
    claim: ErrandClaim, account_id: str, mark: str, headers: dict[str, str], call: Call
) -> bool:
    """Whether an attempt before this one has written the note."""
    if claim.attempt == 1:
        return False
    wanted = {"account_id": account_id, "target_account_id": claim.details["target_id"]}
    found: set[str] = set()
    for resolved in ({}, {"resolved": "true"}):
        query = urlencode({**wanted, **resolved, "limit": 100})
        address = f"{claim.connection.address}/api/v1/admin/reports?{query}"
        reports: list[dict[str, Any]] = call_json(call, "GET", address, headers=headers)
        found |= {str(report.get("comment", "")) for report in reports}
    return any(comment.endswith(mark) for comment in found)
