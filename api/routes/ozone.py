"""The receiver of blobs that Ozone's moderators divert; the address is the AT protocol's own."""

import hashlib

from flask import Blueprint, Response, jsonify, make_response, request

from api.connection_auth import require_connection, spend_call
from api.problems import MessageRefused
from api.raw_body import read_raw_body
from api.request_check import request_check_of_bytes
from api.request_ids import request_id
from api.services import services
from integrations.ozone import cid_of_blob
from scans.errands import add_check, create_errand

routes = Blueprint("ozone", __name__)
MAX_NAME_CHARACTERS = 2048


@routes.post("/xrpc/com.atproto.unspecced.reportBlob")
def take_blob() -> Response:
    """200 when the blob is kept and will be checked. Diverted again, it is the same errand."""
    connection = require_connection("ozone")
    did, uri = request.args.get("did", ""), request.args.get("uri")
    if not did.startswith("did:") or len(did) + len(uri or "") > MAX_NAME_CHARACTERS:
        raise MessageRefused("The parameter `did` is missing or wrong.")
    content = read_raw_body()
    if not content:
        raise MessageRefused("There is no blob in this request.")
    spend_call(connection)
    waker = services().waker
    check = request_check_of_bytes(
        content,
        None,
        None,
        connection.tenant_id,
        sessions=services().sessions,
        reads=services().reads,
        store=services().store,
        wake=lambda: waker.wake("fetch"),
        request_id=request_id(),
    )
    cid = cid_of_blob(content)
    name = hashlib.sha256(f"{did} {uri} {cid}".encode()).hexdigest()
    with services().sessions.begin() as session:
        errand_id, is_new = create_errand(
            session, connection.id, f"blob:{name}", {"did": did, "uri": uri, "blob_cid": cid}
        )
        if is_new:
            add_check(session, errand_id, check.id, f"blob {cid}")
    return make_response(jsonify({"check_id": str(check.id)}), 200)
