"""What each role may do. The table is the rule; `api/authentication.py` is where it is enforced."""

from enum import StrEnum


class Right(StrEnum):
    """Something that not every key may do."""

    CHECK = "check"  # send images and read what was said of them
    REVIEW = "review"  # judge what waits for a person
    INTEGRATE = "integrate"  # batches, and endpoints that are told of verdicts
    MANAGE = "manage"  # people, keys and invitations of the tenant
    ERASE = "erase"  # remove images for good


RIGHTS_OF_ROLES: dict[str, frozenset[Right]] = {
    "reader": frozenset({Right.CHECK}),
    "moderator": frozenset({Right.CHECK, Right.REVIEW}),
    "integration": frozenset({Right.CHECK, Right.INTEGRATE}),
    "admin": frozenset(Right),
}


def may(role: str, right: Right) -> bool:
    """Whether a role has a right; a role that is not known has none."""
    return right in RIGHTS_OF_ROLES.get(role, frozenset())
