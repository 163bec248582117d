"""`ntf labels`: what moderators decided, as a manifest that `ntf train` and the audit read."""

from pathlib import Path

import pytest
from click.testing import CliRunner
from PIL import Image
from sqlalchemy import select
from sqlalchemy.orm import Session, sessionmaker

from cli.main import main
from images.hashes import sha256_hex
from ntf.datasets.shards import decode_image
from ntf.manifest import read_manifest, split_off_calibration
from scans.image_store import ImageStore
from scans.label_rows import read_opinions
from scans.label_rules import gather
from scans.models import find_live_version
from scans.settings import Settings
from scans.tables import Check, Verdict
from tests.learning.kit import picture
from tests.learning.people import Desk
from tests.pictures import as_png

pytestmark = pytest.mark.retraining


@pytest.fixture
def desk(sessions: sessionmaker[Session], store: ImageStore) -> Desk:
    return Desk(sessions, store)


def run(settings: Settings, store: ImageStore, live: Path, *words: str) -> tuple[int, str]:
    environment = {
        "NTF_DATABASE_URL": settings.database_url,
        "NTF_IMAGE_FOLDER": str(store._folder),
    }
    answer = CliRunner(env=environment).invoke(main, ["labels", "--model", str(live), *words])
    return answer.exit_code, answer.output


def test_labels_become_files_and_rows_beside_what_was_known(
    settings: Settings,
    store: ImageStore,
    desk: Desk,
    live_model: Path,
    sessions: sessionmaker[Session],
    tmp_path: Path,
) -> None:
    desk.decide((picture("red", seed) for seed in range(100, 112)), "ai", ("Ada", "Grace"))
    desk.decide((picture("photograph", seed) for seed in range(200, 208)), "real", ("Ada", "Grace"))
    gone = as_png(picture("red", 100))
    store.forget("bytes", sha256_hex(gone))
    Image.fromarray(picture("photograph", 1)).save(tmp_path / "own.png")
    own = tmp_path / "own.tsv"
    own.write_text("file\tsplit\tlabel\tsource\tfamily\nown.png\ttrain\treal\tours\treal\n")

    code, said = run(
        settings, store, live_model, "--out", str(tmp_path / "labels"), "--join", str(own)
    )

    assert code == 0, said
    assert "left out: 1 (its bytes were removed)" in said
    items = read_manifest(tmp_path / "labels" / "manifest.tsv")
    assert items[0].path == tmp_path / "own.png"
    with sessions.begin() as session:
        labels = gather(read_opinions(session), []).labels
    wanted = {
        (one.image_sha256, one.is_ai, "dev" if one.is_kept_back else "train")
        for one in labels
        if one.image_sha256 != sha256_hex(gone)
    }
    assert {(item.path.stem, item.is_ai, item.split) for item in items[1:]} == wanted
    assert {split for _, _, split in wanted} == {"train", "dev"}
    assert all(sha256_hex(item.path.read_bytes()) == item.path.name for item in items[1:])
    assert {decode_image(item.path).shape for item in items[1:]} == {picture("red", 100).shape}
    _, calibration = split_off_calibration(items[1:])
    assert calibration == []


def test_what_one_account_alone_pardons_is_left_out(
    settings: Settings,
    store: ImageStore,
    desk: Desk,
    live_model: Path,
    sessions: sessionmaker[Session],
    tmp_path: Path,
) -> None:
    desk.decide((picture("red", seed) for seed in range(100, 104)), "ai", ("Ada", "Grace"))
    desk.decide((picture("photograph", seed) for seed in range(200, 204)), "real", ("Ada", "Grace"))
    pardoned = sha256_hex(as_png(picture("photograph", 201)))
    with sessions.begin() as session:
        check = session.scalars(select(Check).where(Check.image_sha256 == pardoned)).one()
        session.add(
            Verdict(
                check_id=check.id,
                model_version=find_live_version(session),
                threshold_version="1",
                label="likely_ai",
                evidence=[],
                limits=[],
            )
        )

    code, said = run(settings, store, live_model, "--out", str(tmp_path / "labels"))

    assert code == 0, said
    assert "left out: 1 (one account alone pardons it)" in said
    names = {item.path.name for item in read_manifest(tmp_path / "labels" / "manifest.tsv")}
    assert len(names) == 7
    assert pardoned not in names


def test_a_folder_with_files_is_left_alone(
    settings: Settings, store: ImageStore, live_model: Path, tmp_path: Path
) -> None:
    (tmp_path / "mine.txt").write_text("mine")

    code, said = run(settings, store, live_model, "--out", str(tmp_path))

    assert code == 1
    assert "is not empty: name a new folder" in said
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]
