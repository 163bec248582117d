"""A verdict is never served for another image, whatever is asked for at the same time."""

import io
from dataclasses import dataclass
from types import ModuleType
from uuid import UUID, uuid4

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image, PngImagePlugin
from sqlalchemy.orm import Session, sessionmaker

from images.decode import decode_image
from images.hashes import sha256_hex
from ntf.predictor import Predictor
from scans.checks import find_verdict_of_image
from scans.database import Reads
from scans.image_store import ImageStore
from scans.models import make_live
from scans.tables import Check, Tenant
from tests.integration.conftest import TINY_WEIGHTS
from tests.integration.verdict_mill import LIMITS, Mill, Wanted, foretell
from tests.pictures import noise
from worker.model_facts import model_facts

Sessions = sessionmaker[Session]
PICTURES, PAGES, TENANTS = 6, 5, 3


@dataclass(frozen=True)
class Variant:
    """One file of a picture: as it is, or edited as little as can be."""

    picture: int
    edit: str
    degree: int


VARIANTS = st.builds(
    Variant,
    st.integers(0, PICTURES - 1),
    st.sampled_from(["none", "none", "one pixel", "metadata", "jpeg", "crop"]),
    st.integers(1, 3),
)
ASKED = st.lists(
    st.tuples(
        st.integers(0, TENANTS - 1), VARIANTS, st.one_of(st.none(), st.integers(0, PAGES - 1))
    ),
    min_size=25,
    max_size=60,
)


def make_file(salt: int, variant: Variant) -> bytes:
    """The bytes of a variant: equal pixels in other bytes, or pixels that are all but equal."""
    pixels = noise(salt * PICTURES + variant.picture, 128, 112)
    if variant.edit == "one pixel":
        pixels[variant.degree, 5, 0] ^= 1
    if variant.edit == "crop":
        pixels = np.ascontiguousarray(pixels[variant.degree :])
    file = io.BytesIO()
    if variant.edit == "jpeg":
        Image.fromarray(pixels).save(file, "JPEG", quality=90 + variant.degree)
    else:
        text = PngImagePlugin.PngInfo()
        if variant.edit == "metadata":
            text.add_text("note", str(variant.degree))
        Image.fromarray(pixels).save(file, "PNG", pnginfo=text)
    return file.getvalue()


@pytest.fixture
def mill(sessions: Sessions, reads: Reads, store: ImageStore, tasks: ModuleType) -> Mill:
    """A mill under the name of the tests' own model."""
    info = Predictor.load(TINY_WEIGHTS).info
    with sessions.begin() as session:
        make_live(session, model_facts(info))
    return Mill(sessions, reads, store, info)


def check_all(mill: Mill, tenants: list[UUID]) -> None:
    """Hold each answer against what the pixels of its image foretell."""
    shown: dict[str, set[str]] = {}
    for wanted, _ in mill.answers:
        if wanted.url is not None:
            shown.setdefault(wanted.url, set()).add(sha256_hex(wanted.content))
    with mill.sessions.begin() as session:
        for wanted, check_id in mill.answers:
            check = session.get_one(Check, check_id)
            sha256 = sha256_hex(wanted.content)
            assert check.tenant_id == wanted.tenant_id
            assert (check.status, check.verdict is not None) == ("done", True)
            if wanted.url is None:
                assert check.image_sha256 == sha256
            else:
                assert check.image_sha256 in shown[wanted.url]
            judged = mill.store.read("bytes", check.image_sha256)
            assert check.verdict.raw_score == foretell(decode_image(judged, LIMITS).pixels)
        sent = {(check.tenant_id, check.image_sha256) for check in session.query(Check)}
        for sha256 in {sha256 for _, sha256 in sent}:
            for tenant_id in tenants:
                known = find_verdict_of_image(session, tenant_id, sha256)
                assert (known is not None) == ((tenant_id, sha256) in sent)
                assert known is None or (known.tenant_id, known.image_sha256) == (tenant_id, sha256)


def run_examples(mill: Mill, count: int) -> int:
    """Ask for `count` drawn lists of images. Returns how many images were asked for."""
    asked_for = 0

    @settings(
        max_examples=count,
        deadline=None,
        database=None,
        derandomize=True,
        suppress_health_check=list(HealthCheck),
    )
    @given(asked=ASKED, salt=st.integers(0, 3))
    def hold(asked: list[tuple[int, Variant, int | None]], salt: int) -> None:
        nonlocal asked_for
        tenants = [Tenant(name=str(uuid4())) for _ in range(TENANTS)]
        with mill.sessions.begin() as session:
            session.add_all(tenants)
        mill.answers.clear()
        mill.grind(
            [
                Wanted(
                    tenants[tenant].id,
                    make_file(salt, variant),
                    None if page is None else f"http://page.example/{salt}/{page}.png",
                )
                for tenant, variant, page in asked
            ]
        )
        check_all(mill, [tenant.id for tenant in tenants])
        asked_for += len(asked)

    hold()
    return asked_for


def test_a_verdict_is_of_the_image_that_was_asked_about(mill: Mill) -> None:
    assert run_examples(mill, 4) >= 100


@pytest.mark.slow
def test_a_verdict_is_of_the_image_that_was_asked_about_thousands_of_times(mill: Mill) -> None:
    assert run_examples(mill, 65) >= 2000
