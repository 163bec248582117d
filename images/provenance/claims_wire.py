"""Claims and the trust list as they go between the process that reads files and who asks it.

What comes back may be an attacker's word: it is read as a stranger's.
"""

from dataclasses import asdict
from datetime import date
from typing import Any, get_args

from images.provenance.claims import ClaimKind, ClaimState, FileClaim, printable
from images.provenance.trust_list import TrustList

MAX_CLAIMS = 32
_FIELDS = frozenset(FileClaim.__slots__)
_KINDS = frozenset(get_args(ClaimKind))
_STATES = frozenset(get_args(ClaimState))


class ClaimsBroken(Exception):
    """What came is none of the claims that a reader may make."""


def claims_message(claims: tuple[FileClaim, ...]) -> dict[str, Any]:
    """The head that carries claims."""
    return {"claims": [asdict(claim) for claim in claims]}


def read_claims(head: dict[str, Any], trust_list_title: str | None) -> tuple[FileClaim, ...]:
    """The claims in a head.

    Raises:
        ClaimsBroken: they are none, or name another trust list than was given.
    """
    rows = head.get("claims")
    if not isinstance(rows, list) or not 1 <= len(rows) <= MAX_CLAIMS:
        raise ClaimsBroken("no list of claims")
    claims = tuple(_read_claim(row) for row in rows)
    if [claim.kind for claim in claims].count("c2pa") != 1 or claims[0].kind != "c2pa":
        raise ClaimsBroken("not one claim of the kind c2pa")
    if {claim.trust_list for claim in claims} - {None, trust_list_title}:
        raise ClaimsBroken("another trust list")
    return claims


def _read_claim(row: Any) -> FileClaim:
    if not isinstance(row, dict) or row.keys() != _FIELDS:
        raise ClaimsBroken("no claim")
    if row["kind"] not in _KINDS or row["state"] not in _STATES:
        raise ClaimsBroken("an unknown kind or state")
    for name in _FIELDS - {"kind", "state"}:
        if row[name] is not None and row[name] != printable(row[name]):
            raise ClaimsBroken(f"{name} is no short, printable text")
    return FileClaim(**row)


def trust_list_message(trust_list: TrustList) -> tuple[dict[str, Any], bytes]:
    """The head and the body that tell a reader whose signatures count."""
    pem = trust_list.pem.encode()
    as_of = trust_list.as_of.isoformat() if trust_list.as_of else None
    return {"bytes": len(pem), "count": trust_list.count, "as_of": as_of}, pem


def read_trust_list(head: dict[str, Any], body: bytes) -> TrustList:
    """The trust list that `trust_list_message` wrote."""
    as_of = date.fromisoformat(head["as_of"]) if head["as_of"] else None
    return TrustList(body.decode(), head["count"], as_of)
