"""The audit fails what leaks, passes what does not, and says what to do."""

import io
import json
import random
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result
from numpy.typing import NDArray
from PIL import Image

from cli.main import main
from ntf import audit
from ntf.audit import GIVEN, STORED, Audit, audit_manifest, require_audit_passes
from ntf.datasets.build import build_manifest, write_manifest
from ntf.errors import AuditFailed, ManifestInvalid
from ntf.file_facts import CONTAINER, container_facts, given_facts, stored_facts
from ntf.file_facts import GIVEN as GIVEN_FACTS
from ntf.file_facts import STORED as STORED_FACTS
from ntf.manifest import read_manifest
from tests.pictures import as_jpeg, as_png, noise, photograph

Pixels = NDArray[np.uint8]
Encode = Callable[[Pixels, bool], bytes]


def never_compressed(seed: int, side: int = 96) -> Pixels:
    """A cut of a photograph, shrunk so that no earlier compression is left in it."""
    rng = random.Random(seed)
    image = Image.fromarray(photograph())
    left, top = rng.randrange(512 - 2 * side), rng.randrange(512 - 2 * side)
    cut = image.crop((left, top, left + 2 * side, top + 2 * side))
    return np.asarray(cut.resize((side, side)))


def make_manifest(
    folder: Path, encode: Encode, splits: tuple[str, ...] = ("train",), each: int = 8
) -> Path:
    """Six sources of each class, that differ in nothing but how `encode` writes them."""
    seed = 0
    for split in splits:
        for is_ai in (False, True):
            for source in range(6):
                place = folder / split / ("ai" if is_ai else "real") / f"source{source}"
                place.mkdir(parents=True)
                for number in range(each):
                    seed += 1
                    name = f"{number}.jpg"  # Pillow reads the first bytes, not the name
                    (place / name).write_bytes(encode(never_compressed(seed), is_ai))
    path = folder / "manifest.tsv"
    write_manifest(build_manifest(folder).rows, folder, path)
    return path


def alike(pixels: Pixels, is_ai: bool) -> bytes:
    """Both classes in one way."""
    return as_jpeg(pixels, 80)


def of(found: Audit, view: str) -> list[tuple[float, bool]]:
    """The AUC of a view in each judgement, and whether it fails."""
    return [(one.auc, one.fails) for one in found.judgements if one.view == view]


def test_equal_files_pass(tmp_path: Path) -> None:
    found = audit_manifest(make_manifest(tmp_path, alike))
    assert [fails for _, fails in of(found, GIVEN)] == [False]
    assert of(found, GIVEN)[0][0] < 0.65
    assert not found.failures


def test_a_compression_that_one_class_lacks_fails(tmp_path: Path) -> None:
    def encode(pixels: Pixels, is_ai: bool) -> bytes:
        return as_png(pixels) if is_ai else as_jpeg(pixels, 60)

    found = audit_manifest(make_manifest(tmp_path, encode))
    assert of(found, STORED)[0][0] > 0.99
    assert of(found, GIVEN)[0][0] > 0.8
    assert "`train` the files tell their class" in found.failures[0]
    assert "docs/datasets.md" in found.failures[0]


def test_sizes_that_tell_the_class_fail(tmp_path: Path) -> None:
    def encode(pixels: Pixels, is_ai: bool) -> bytes:
        return as_jpeg(pixels[:64, :64] if is_ai else pixels, 80)

    assert of(audit_manifest(make_manifest(tmp_path, encode)), GIVEN)[0][1]


def test_a_container_that_the_network_never_sees_is_only_reported(tmp_path: Path) -> None:
    def encode(pixels: Pixels, is_ai: bool) -> bytes:
        file = io.BytesIO()
        exif = Image.Exif()
        exif[271] = "A camera"
        options = {} if is_ai else {"exif": exif}
        Image.fromarray(pixels).save(file, "JPEG", quality=80, **options)
        return file.getvalue()

    found = audit_manifest(make_manifest(tmp_path, encode))
    assert of(found, STORED)[0][0] > 0.99
    assert not found.failures


def test_what_train_teaches_of_another_split_is_judged(tmp_path: Path) -> None:
    def encode(pixels: Pixels, is_ai: bool) -> bytes:
        return as_jpeg(pixels[:64, :64] if is_ai else pixels, 80)

    found = audit_manifest(make_manifest(tmp_path, encode, ("train", "test"), each=4))
    hows = {(one.split, one.how) for one in found.judgements if one.fails}
    assert hows == {
        ("train", "sources apart"),
        ("test", "sources apart"),
        ("test", "learned on train"),
    }


def test_small_splits_are_named_not_judged(tmp_path: Path) -> None:
    found = audit_manifest(make_manifest(tmp_path, alike, each=1))
    assert found.not_judged == ["train"]
    assert not found.judgements


def add_rows(manifest: Path, *rows: tuple[str, str, str, str]) -> None:
    """Append rows of (file, split, label, source)."""
    with manifest.open("a") as file:
        for name, split, label, source in rows:
            file.write(f"{name}\t{split}\t{label}\t{source}\tany\n")


def test_copies_across_splits_fail_and_can_be_left_out(tmp_path: Path) -> None:
    manifest = make_manifest(tmp_path, alike, each=1)
    original = "train/real/source0/0.jpg"
    with Image.open(tmp_path / original) as image:
        image.resize((64, 64)).save(tmp_path / "copy.png")
    (tmp_path / "broken.jpg").write_bytes((tmp_path / original).read_bytes()[:900])
    add_rows(manifest, ("copy.png", "test", "ai", "edit"), ("broken.jpg", "test", "ai", "edit"))
    found = audit_manifest(manifest)
    assert [(copy.first, copy.second) for copy in found.copies] == [("copy.png", original)]
    assert found.unreadable == ["broken.jpg"]
    assert found.dropped == [original, "broken.jpg"]
    assert "--write-clean" in found.failures[0]
    clean = tmp_path / "elsewhere" / "clean.tsv"
    clean.parent.mkdir()
    done = audit_command(manifest, "--write-clean", str(clean))
    assert done.exit_code == 0, done.output
    assert "2 left out" in done.stdout
    assert len(read_manifest(clean)) == len(read_manifest(manifest)) - 2
    assert audit_command(clean).exit_code == 0


def test_sources_that_train_has_are_listed(tmp_path: Path) -> None:
    manifest = make_manifest(tmp_path, alike, ("train", "dev"), each=1)
    add_rows(
        manifest,
        ("train/ai/source0/0.jpg", "train", "ai", "only train"),
        ("dev/ai/source0/0.jpg", "dev", "ai", "only dev"),
    )
    names = [f"source{n}" for n in range(6)]
    assert audit_manifest(manifest).seen == {"dev": {"real": names, "ai": names}}


def audit_command(manifest: Path, *options: str) -> Result:
    return CliRunner().invoke(main, ["audit", str(manifest), *options])


def test_the_command_reports_and_ends_with_1(tmp_path: Path) -> None:
    def encode(pixels: Pixels, is_ai: bool) -> bytes:
        return as_png(pixels) if is_ai else as_jpeg(pixels, 60)

    make_manifest(tmp_path, encode)
    written = tmp_path / "audit.json"
    done = audit_command(tmp_path, "--json", str(written))  # the folder stands for its manifest
    assert done.exit_code == 1
    assert "| train | as given | sources apart | 96 |" in done.stdout
    assert "**fails**" in done.stdout
    assert "Give both classes" in done.stderr
    assert json.loads(written.read_text())["judgements"][0]["split"] == "train"
    assert audit_command(tmp_path / "nowhere.tsv").exit_code == 1


def test_training_is_refused_once_and_remembered(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    manifest = make_manifest(tmp_path / "data", alike, each=1)
    run = tmp_path / "run"
    require_audit_passes(manifest, run)
    monkeypatch.setattr(audit, "audit_manifest", lambda *_: pytest.fail("audited again"))
    require_audit_passes(manifest, run)
    monkeypatch.undo()
    # Another manifest is another audit.
    add_rows(manifest, ("gone.jpg", "train", "ai", "none"))
    for _ in range(2):
        with pytest.raises(AuditFailed, match=r"fails its audit.*1 images cannot be read.*gone"):
            require_audit_passes(manifest, run)
    with pytest.raises(ManifestInvalid):
        require_audit_passes(tmp_path / "nowhere.tsv", run)


def test_facts_have_their_names_and_say_what_is_there() -> None:
    file = io.BytesIO()
    Image.fromarray(noise(1, 80, 64)).save(
        file, "JPEG", quality=50, subsampling="4:2:0", progressive=True, icc_profile=b"x" * 200
    )
    facts = dict(zip(STORED_FACTS, stored_facts(file.getvalue()).tolist(), strict=True))
    assert (facts["width"], facts["height"], facts["is JPEG"]) == (80, 64, 1)
    assert (facts["progressive"], facts["ICC profile"], facts["EXIF"]) == (1, 1, 0)
    assert (facts["luma: first step"], facts["chroma sampling"]) == (16, 2)
    assert facts["bytes"] == len(file.getvalue())
    png = dict(zip(CONTAINER, container_facts(as_png(noise(1))).tolist(), strict=True))
    assert (png["is PNG"], png["tables"], png["luma: mean step"]) == (1, 0, 0)


@pytest.mark.parametrize("side", [16, 31, 100, 256, 512])
def test_the_network_is_given_one_size_and_one_format(side: int) -> None:
    values, content = given_facts(photograph()[:side, :side], 160)
    facts = dict(zip(GIVEN_FACTS, values.tolist(), strict=True))
    assert facts["width"] == facts["height"] == min(max(side // 32 * 32, 32), 160) - 8
    assert (facts["luma: first step"], facts["other metadata"]) == (3, 0)
    assert content[0] > 500


def test_an_old_grid_shows_through_the_new_compression() -> None:
    def grid(pixels: Pixels) -> float:
        return float(given_facts(pixels, 160)[0][-2:].mean())

    for seed in range(4):
        pixels = never_compressed(seed, 160)
        compressed = np.asarray(Image.open(io.BytesIO(as_jpeg(pixels, 60))))
        assert grid(pixels) == pytest.approx(1, abs=0.08)
        assert grid(compressed) > grid(pixels) + 0.05
