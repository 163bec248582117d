"""Brings a picture from a homeserver, which shows it to its own users alone, to a check."""

from collections.abc import Callable

from sqlalchemy.orm import Session, sessionmaker

from images.hashes import sha256_hex
from integrations.matrix import download_path
from scans.checks import (
    WantedCheck,
    create_or_get,
    find_verdict_of_image,
    remember_bytes,
    subject_of_image,
)
from scans.errands import ErrandClaim, add_check, wait_for_checks
from scans.image_store import ImageStore
from worker.service_call import Call, ServiceRefused


def fetch_matrix_media(
    claim: ErrandClaim,
    token: str,
    call: Call,
    *,
    sessions: sessionmaker[Session],
    store: ImageStore,
    wake: Callable[[], None],
) -> None:
    """Download, keep, ask for a check, and let the errand wait for it.

    Raises:
        ServiceRefused, FetchError: the homeserver does not give it.
        LeaseLost: another worker holds the errand now.
    """
    mxc = claim.details["mxc"]
    url = f"{claim.connection.address}{download_path(mxc)}"
    answer = call("GET", url, {"Authorization": f"Bearer {token}"}, None)
    if answer.status != 200:
        raise ServiceRefused(answer)
    sha256 = sha256_hex(answer.body)
    wanted = WantedCheck(
        claim.tenant_id,
        subject_of_image(sha256),
        url=url,
        page_url=claim.details.get("page_url"),
        image_sha256=sha256,
    )
    with sessions.begin() as session:
        check = find_verdict_of_image(session, claim.tenant_id, sha256)
        if check is None:
            # It locks the image's row, so that an erasure comes before the file or after the check.
            remember_bytes(session, sha256, len(answer.body))
            # Who judges it takes it in (`scans/image_store.py`).
            store.save("incoming", sha256, answer.body)
            check, _ = create_or_get(session, wanted)
        add_check(session, claim.errand_id, check.id, mxc)
        wait_for_checks(session, claim)
    wake()
