"""`/policies`: what happens after a verdict. A change is saved only from the page of its effect."""

from flask import Blueprint, render_template, request
from flask.typing import ResponseReturnValue

from api.authentication import (
    actor,
    csrf_token,
    refuse_forged_form,
    require_holder,
    signed_in_holder,
)
from api.problems import RequestInvalid
from api.services import services
from scans.audit_log import record
from scans.errors import PolicyChanged, PolicyInvalid
from scans.keys import KeyHolder
from scans.policy_rows import find_newest, find_policy, list_versions, read_past, save_policy
from scans.policy_rules import compare_policies, read_policy
from scans.roles import Right

routes = Blueprint("policy_pages", __name__, url_prefix="/policies")
VERSIONS_SHOWN, MAX_CHARACTERS = 20, 10_000


@routes.get("")
def show_policy() -> ResponseReturnValue:
    """The policy in force, and the versions before it."""
    if signed_in_holder() is None:
        return render_template("sign_in.html", problem=None, csrf_token=csrf_token())
    return render(require_holder(Right.MANAGE))


@routes.post("/effect")
def show_effect() -> ResponseReturnValue:
    """What the sent text would have done to the last checks; from here it can be saved."""
    holder = require_form()
    text = read_text()
    with services().sessions.begin() as session:
        try:
            after = read_policy(text)
        except PolicyInvalid as error:
            return render(holder, text=text, problem=str(error)), 400
        before, past = find_policy(session, holder.tenant_id), read_past(session, holder.tenant_id)
    return render(holder, text=text, effect=compare_policies(before, after, past))


@routes.post("/save")
def save() -> ResponseReturnValue:
    """Keep the text whose effect was shown, as the next version."""
    holder = require_form()
    text, seen = read_text(), request.form.get("seen", type=int)
    if seen is None:
        raise RequestInvalid("Look at the effect first; the page there saves.")
    try:
        with services().sessions.begin() as session:
            number = save_policy(
                session, holder.tenant_id, holder.person_id, text, seen_number=seen
            )
            record(
                session,
                actor(holder),
                "policy.saved",
                tenant_id=holder.tenant_id,
                target=f"policy {number}",
            )
    except (PolicyInvalid, PolicyChanged) as error:
        return render(holder, text=text, problem=str(error)), 409
    return render(holder)


def require_form() -> KeyHolder:
    """The admin who sent a form of this page.

    Raises:
        NotSignedIn, ForeignOrigin, RoleInsufficient, TooManyRequests: see `require_holder`.
        FormForged: the form does not come from a page of this session.
    """
    holder = require_holder(Right.MANAGE)
    refuse_forged_form()
    return holder


def read_text() -> str:
    """The policy's text as it was sent."""
    text = request.form.get("text", "")
    if len(text) > MAX_CHARACTERS:
        raise RequestInvalid(f"A policy has at most {MAX_CHARACTERS} characters.")
    return text.replace("\r\n", "\n")


def render(
    holder: KeyHolder,
    *,
    text: str | None = None,
    effect: dict[str, int] | None = None,
    problem: str | None = None,
) -> str:
    """The page."""
    with services().sessions.begin() as session:
        newest = find_newest(session, holder.tenant_id)
        return render_template(
            "policies.html",
            text=text if text is not None else (newest.text if newest else ""),
            number=newest.number if newest else 0,
            versions=list_versions(session, holder.tenant_id, VERSIONS_SHOWN),
            effect=effect,
            problem=problem,
            csrf_token=csrf_token(),
        )
