"""Content credentials, signed by the tests' own authority: each state, and what is believed."""

import io
import threading
from datetime import UTC, date, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import c2pa
import pytest

from images.provenance.c2pa_manifest import claim_of_report, read_c2pa
from images.provenance.read import read_provenance
from images.provenance.trust_list import (
    NO_TRUST_LIST,
    TrustList,
    TrustListInvalid,
    load_trust_list,
)
from tests.content_credentials import AI, CAMERA, DAY, ENDED, TOOL, Authority, make_states
from tests.timestamp_authority import TimestampAuthority
from tests.unit.images.made_images import encode, make_noise

JPEG = encode(make_noise(5, 96, 64), "JPEG")


@pytest.fixture(scope="module")
def authority() -> Authority:
    return Authority()


@pytest.fixture(scope="module")
def trusted(authority: Authority) -> TrustList:
    return TrustList(authority.pem.decode(), 1, date(2026, 11, 1))


@pytest.fixture(scope="module")
def times() -> TimestampAuthority:
    return TimestampAuthority()


def trust(*authorities: Authority | TimestampAuthority) -> TrustList:
    pems = [authority.pem.decode() for authority in authorities]
    return TrustList("".join(pems), len(pems))


def read(content: bytes, trust_list: TrustList, media_type: str = "image/jpeg"):
    return read_provenance(content, media_type, trust_list)[0]


@pytest.mark.parametrize("state", ["none", "trusted", "unknown_issuer", "expired", "invalid"])
def test_each_state_is_told_apart(authority: Authority, trusted: TrustList, state: str) -> None:
    claim = read(make_states(JPEG, authority)[state], trusted)
    assert (claim.state, claim.trust_list) == (state, "2026-11-01, 1 authority")
    assert claim.source_type == (None if state in {"none", "invalid"} else AI)


@pytest.mark.parametrize("is_known", [True, False])
def test_a_stated_time_changes_nothing_while_the_certificate_is_in_force(
    authority: Authority, times: TimestampAuthority, is_known: bool
) -> None:
    times.says = datetime.now(UTC)
    content = authority.sign(JPEG, times=times)
    assert b"sigTst" in content
    claim = read(content, trust(authority, times) if is_known else trust(authority))
    assert (claim.state, claim.source_type) == ("trusted", AI)
    assert read(content, trust(times)).state == "unknown_issuer"


def test_a_stated_time_keeps_a_signature_beyond_its_certificate(
    authority: Authority, times: TimestampAuthority
) -> None:
    """Whoever may state times can say anything, so it counts of a known authority alone."""
    times.says = ENDED - DAY
    content = authority.sign_with_expired_certificate(JPEG, times=times)
    assert read(content, trust(authority, times)).state == "trusted"
    assert read(content, trust(authority)).state == "expired"


def test_a_time_after_the_certificates_end_helps_nothing(
    authority: Authority, times: TimestampAuthority
) -> None:
    times.says = ENDED + DAY
    content = authority.sign_with_expired_certificate(JPEG, times=times)
    assert read(content, trust(authority, times)).state == "expired"


def test_a_time_that_was_changed_helps_nothing(
    authority: Authority, times: TimestampAuthority
) -> None:
    times.says = ENDED - DAY
    content = authority.sign_with_expired_certificate(JPEG, times=times)
    said, other = (f"{day:%Y%m%d%H%M%SZ}".encode() for day in (times.says, ENDED - 2 * DAY))
    assert content.count(said) == 1
    assert read(content.replace(said, other), trust(authority, times)).state == "expired"


def test_without_a_trust_list_no_issuer_is_known(authority: Authority) -> None:
    claim = read(authority.sign(JPEG), NO_TRUST_LIST)
    assert (claim.state, claim.who, claim.tool) == ("unknown_issuer", "Test Maker", TOOL)
    assert claim.trust_list is None


@pytest.mark.parametrize("format_name", ["JPEG", "PNG", "WEBP", "AVIF", "GIF", "TIFF", "HEIF"])
def test_every_format_that_can_carry_credentials(
    authority: Authority, trusted: TrustList, format_name: str
) -> None:
    media_type = f"image/{format_name.lower()}".replace("heif", "heic")
    content = authority.sign(encode(make_noise(5), format_name), CAMERA, media_type)
    assert read(content, trusted, media_type).state == "trusted"
    assert read(content, trusted, media_type).source_type == CAMERA
    # One bit of what the manifest says.
    changed = content.replace(TOOL.encode(), TOOL.replace("m", "l", 1).encode())
    assert changed != content
    assert read(changed, trusted, media_type).state == "invalid"


def test_one_flipped_bit_anywhere_in_the_picture_makes_it_invalid(
    authority: Authority, trusted: TrustList
) -> None:
    content = authority.sign(JPEG)
    # Behind the manifest: its padding is unsigned, and its random bytes hold any marker by chance.
    picture = JPEG[JPEG.index(b"\xff\xdb") :]
    picture_begins = content.index(picture)
    for at in range(picture_begins, len(content), 131):
        changed = bytearray(content)
        changed[at] ^= 1
        assert read(bytes(changed), trusted).state == "invalid", at


def test_bytes_after_a_signed_picture_break_its_signature(
    authority: Authority, trusted: TrustList
) -> None:
    assert read(authority.sign(JPEG) + b"thirteen byte", trusted).state == "invalid"


def test_an_edit_of_an_ai_made_picture_is_ai_made(authority: Authority, trusted: TrustList) -> None:
    made = Authority("Stranger").sign(JPEG, AI)
    claim = read(authority.sign(made, parent=made, tool="editor"), trusted)
    assert (claim.state, claim.source_type, claim.tool) == ("trusted", AI, "editor")


def test_ai_is_found_behind_many_edits(authority: Authority, trusted: TrustList) -> None:
    content = authority.sign(JPEG, AI)
    for _ in range(40):
        content = authority.sign(JPEG, parent=content)
    assert read(content, trusted).source_type == AI


def test_a_trusted_editor_does_not_vouch_for_a_strangers_camera(
    authority: Authority, trusted: TrustList
) -> None:
    forged = Authority("Stranger").sign(JPEG, CAMERA)
    claim = read(authority.sign(forged, parent=forged, tool="editor"), trusted)
    assert (claim.state, claim.source_type) == ("trusted", None)


@pytest.mark.parametrize("report", [None, [], {}, {"manifests": [1], "active_manifest": {}}])
def test_a_report_of_any_shape_is_taken(report: object) -> None:
    assert claim_of_report(report, None).state == "invalid"


def test_ingredients_that_turn_in_a_circle_come_to_an_end() -> None:
    ingredient = {"active_manifest": "a", "relationship": "parentOf"}
    report = {
        "active_manifest": "a",
        "manifests": {"a": {"ingredients": [ingredient] * 1000}},
        "validation_state": "Valid",
    }
    assert claim_of_report(report, None).state == "unknown_issuer"


def test_nothing_is_fetched_for_a_manifest_that_is_kept_elsewhere(authority: Authority) -> None:
    asked: list[str] = []

    class Listener(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_error(404)

        def log_message(self, *_: object) -> None: ...

    with ThreadingHTTPServer(("127.0.0.1", 0), Listener) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        address = f"http://127.0.0.1:{server.server_port}/manifest"
        content = authority.sign(JPEG, remote_url=address)
        assert read(content, NO_TRUST_LIST).state == "not_fetched"
        assert read_c2pa(content, "image/jpeg", NO_TRUST_LIST).state == "invalid"
        assert asked == []
        # The library does fetch where it is not told otherwise.
        with pytest.raises(c2pa.C2paError):
            c2pa.Reader("image/jpeg", io.BytesIO(content))
        assert asked == ["/manifest"]
        server.shutdown()


def test_a_trust_list_has_the_date_that_it_states(tmp_path: Path, authority: Authority) -> None:
    path = tmp_path / "list.pem"
    path.write_bytes(b"# date: 2026-10-02\n" + authority.pem + Authority().pem)
    assert load_trust_list(path).title == "2026-10-02, 2 authorities"
    path.write_bytes(authority.pem)
    assert load_trust_list(path).title == f"{datetime.now(UTC).date()}, 1 authority"
    assert load_trust_list(None) == NO_TRUST_LIST


@pytest.mark.parametrize(
    "content",
    [b"", b"no certificate", b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"],
)
def test_a_trust_list_that_is_none_is_refused_with_its_name(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "list.pem"
    path.write_bytes(content)
    with pytest.raises(TrustListInvalid, match=r"list\.pem"):
        load_trust_list(path)
    with pytest.raises(TrustListInvalid, match="nowhere"):
        load_trust_list(tmp_path / "nowhere")
