"""Take a decision of Coop's moderators as feedback on the check of the item, once."""

from sqlalchemy.orm import Session, sessionmaker

from api.coop_schemas import CoopActionBody, CoopActionTakenBody
from scans.coop_items import CoopItemName, find_check_of_item, take_action
from scans.feedback_rows import Opinion, add_feedback
from scans.keys import KeyHolder

MAX_NOTE_CHARACTERS = 2000


def take_coop_action(
    body: CoopActionBody, content: bytes, holder: KeyHolder, *, sessions: sessionmaker[Session]
) -> CoopActionTakenBody:
    """Note the callback and the feedback in one transaction; a known callback changes nothing.

    Args:
        content: the body as it came and as it was signed, by whose hash it is known again.

    Raises:
        CoopItemUnknown, CoopItemAmbiguous: no one check is meant.
    """
    item = CoopItemName(body.item.id, body.item.typeName)
    says = body.custom.ntf_says
    with sessions.begin() as session:
        check = find_check_of_item(session, holder.tenant_id, item)
        is_new = take_action(session, check, content, says)
        if is_new:
            add_feedback(session, check, holder, Opinion(says, note=describe(body)))
    return CoopActionTakenBody(check_id=check.id, says=says, is_new=is_new)


def describe(body: CoopActionBody) -> str:
    """Who decided and why, as far as Coop says, in what a note holds."""
    words = f"Decided in ROOST Coop by {body.actorEmail or 'a rule'}. {body.decisionReason or ''}"
    return words.replace("\0", "").strip()[:MAX_NOTE_CHARACTERS]
