"""Each public set's folders give the splits, classes, sources and families that it means."""

import json
from pathlib import Path

import pytest

from ntf.datasets.build import build_manifest
from ntf.datasets.families import find_family
from ntf.datasets.layouts import LAYOUTS
from ntf.errors import LayoutUnclear
from tests.unit.ntf.datasets.made_sets import make_files, make_shard, picture

Rows = dict[str, tuple[str, str, str, str]]


def read(folder: Path, layout: str = "auto", split: str | None = None) -> tuple[str, Rows]:
    """The layout, and (split, class, source, family) of each file."""
    built = build_manifest(folder, layout, split)
    rows = {
        file: (place.split, "ai" if place.is_ai else "real", place.source, place.family)
        for file, place in built.rows
    }
    return built.layout, rows


CASES = {
    "folders": {
        "real/flickr/a.jpg": ("test", "real", "flickr", "real"),
        "real/hard_art/deep/b.jpg": ("test", "real", "hard_art", "not_ai"),
        "ai/stylegan2/c.png": ("test", "ai", "stylegan2", "gan"),
        "ai/no name of a generator/d.JPG": ("test", "ai", "no name of a generator", "unknown"),
    },
    "folders, split outside": {
        "train/real/flickr/a.jpg": ("train", "real", "flickr", "real"),
        "val/fake/DALL-E 3/b.jpg": ("dev", "ai", "DALL-E 3", "commercial"),
    },
    "folders, split inside": {
        "real/train/flickr/a.jpg": ("train", "real", "flickr", "real"),
        "ai/test/sdxl/b.jpg": ("test", "ai", "sdxl", "diffusion"),
    },
    "folders, no sources": {
        "test/REAL/a.jpg": ("test", "real", "set", "real"),
        "train/FAKE/b.jpg": ("train", "ai", "set", "unknown"),
    },
    "forensynths": {
        "progan/airplane/0_real/a.png": ("test", "real", "paired_progan", "real"),
        # A class of objects that has the name of a split.
        "progan/train/1_fake/b.png": ("test", "ai", "progan", "gan"),
        "biggan/0_real/c.png": ("test", "real", "paired_biggan", "real"),
        "deepfake/1_fake/d.png": ("test", "ai", "deepfake", "multistep"),
        "seeingdark/1_fake/e.png": ("test", "ai", "seeingdark", "unknown"),
    },
    "forensynths, its training set": {
        "train/cat/0_real/a.png": ("train", "real", "paired_progan", "real"),
        "train/train/1_fake/b.png": ("train", "ai", "progan", "gan"),
        "val/cat/1_fake/c.png": ("dev", "ai", "progan", "gan"),
    },
    "aigcdetectbenchmark": {
        "test/ADM/0_real/a.png": ("test", "real", "paired_ADM", "real"),
        "test/stylegan/car/1_fake/b.png": ("test", "ai", "stylegan", "gan"),
        "test/stable_diffusion_v_1_5/1_fake/c.png": (
            "test",
            "ai",
            "stable_diffusion_v_1_5",
            "diffusion",
        ),
        "test/Midjourney/1_fake/d.png": ("test", "ai", "Midjourney", "commercial"),
    },
    "genimage": {
        "ADM/imagenet_ai_0508_adm/train/ai/a.PNG": ("train", "ai", "ADM", "diffusion"),
        "ADM/imagenet_ai_0508_adm/val/nature/b.JPEG": ("dev", "real", "imagenet", "real"),
        "Midjourney/val/ai/c.png": ("dev", "ai", "Midjourney", "commercial"),
        "imagenet_ai_0419_sdv4/train/ai/d.png": (
            "train",
            "ai",
            "stable_diffusion_v_1_4",
            "diffusion",
        ),
    },
    "synthbuster": {
        "synthbuster/dalle3/r0.png": ("test", "ai", "dalle3", "commercial"),
        "synthbuster/stable-diffusion-xl/r0.png": (
            "test",
            "ai",
            "stable-diffusion-xl",
            "diffusion",
        ),
        "real_RAISE_1k/r0.png": ("test", "real", "raise", "real"),
    },
    "chameleon": {
        "Chameleon/test/0_real/a.jpg": ("test", "real", "chameleon", "real"),
        "Chameleon/test/1_fake/b.jpg": ("test", "ai", "chameleon", "unknown"),
    },
    "wildrf": {
        "train/0_real/a.jpg": ("train", "real", "wildrf", "real"),
        "val/1_fake/b.jpg": ("dev", "ai", "wildrf", "unknown"),
        "test/reddit/0_real/c.jpg": ("test", "real", "wildrf_reddit", "real"),
        "test/facebook/1_fake/d.jpg": ("test", "ai", "wildrf_facebook", "unknown"),
        "test/twitter/1_fake/e.jpg": ("test", "ai", "wildrf_twitter", "unknown"),
    },
}


@pytest.mark.parametrize("name", CASES)
def test_public_layouts_are_found_by_themselves(tmp_path: Path, name: str) -> None:
    folder = tmp_path / "set"
    make_files(folder, CASES[name])
    layout, rows = read(folder)
    # AIGCDetectBenchmark's test set has the form of ForenSynths.
    assert name.replace("aigcdetectbenchmark", "forensynths").startswith(layout)
    assert rows == CASES[name]


@pytest.mark.parametrize(
    "name", [name for name in CASES if "," not in name and name != "folders"] + ["folders"]
)
def test_layouts_can_be_named(tmp_path: Path, name: str) -> None:
    folder = tmp_path / "set"
    make_files(folder, CASES[name])
    assert read(folder, name) == (name, CASES[name])


def test_a_generators_own_folder_takes_its_name(tmp_path: Path) -> None:
    make_files(tmp_path / "stylegan", ["bedroom/0_real/a.png", "car/1_fake/b.png"])
    _, rows = read(tmp_path / "stylegan")
    assert {source for _, _, source, _ in rows.values()} == {"stylegan", "paired_stylegan"}
    make_files(tmp_path / "Midjourney", ["train/ai/a.png", "train/nature/b.png"])
    _, rows = read(tmp_path / "Midjourney")
    assert {source for _, _, source, _ in rows.values()} == {"Midjourney", "imagenet"}


def test_a_split_can_be_the_folder_itself_or_be_given(tmp_path: Path) -> None:
    make_files(tmp_path / "train", ["real/a/1.jpg", "ai/b/2.jpg"])
    assert {row[0] for row in read(tmp_path / "train")[1].values()} == {"train"}
    assert {row[0] for row in read(tmp_path / "train", split="other")[1].values()} == {"other"}


def test_community_forensics_is_read_from_its_columns(tmp_path: Path) -> None:
    columns = {
        "1": {"label": 1, "model_name": "some/merge", "architecture": "LatDiff", "split": "train"},
        "2": {"label": 0, "real_source": "FFHQ", "architecture": "real", "split": "train"},
        "3": {"label": 1, "model_name": "Ideogram2", "architecture": "Commercial", "split": "test"},
    }
    members = {}
    for key, facts in columns.items():
        members |= {f"{key}.png": picture(), f"{key}.json": json.dumps(facts).encode()}
    make_shard(tmp_path / "data" / "0.tar", members)
    assert read(tmp_path) == (
        "community-forensics",
        {
            "data/0.tar#1.png": ("train", "ai", "some/merge", "diffusion"),
            "data/0.tar#2.png": ("train", "real", "FFHQ", "real"),
            "data/0.tar#3.png": ("test", "ai", "Ideogram2", "commercial"),
        },
    )


def test_sidecars_go_before_folders_and_may_be_class_numbers(tmp_path: Path) -> None:
    make_files(tmp_path, ["real/a/1.jpg", "real/a/2.jpg", "real/a/3.jpg"])
    (tmp_path / "real/a/2.json").write_text('{"label": "fake", "generator": "ddpm"}')
    (tmp_path / "real/a/3.cls").write_text("1\n")
    layout, rows = read(tmp_path)
    assert layout == "folders"
    assert [row[1:] for _, row in sorted(rows.items())] == [
        ("real", "a", "real"),
        ("ai", "ddpm", "diffusion"),
        ("ai", "unnamed", "unknown"),
    ]


@pytest.mark.parametrize(
    ("files", "layout", "says"),
    [
        (["real/a/1.jpg", "x/0_real/2.jpg", "x/1_fake/3.jpg"], "auto", "Two layouts"),
        (["real/a/1.jpg", "ai/b/2.jpg", "c/3.jpg"], "auto", r"1 of 3 images lie in no folder.*c/3"),
        (["holiday/1.jpg"], "auto", "no folder that says their class"),
        (["real/a/1.jpg", "b/2.jpg"], "folders", r"1 of 2 images do not fit.*b/2\.jpg"),
        (["real/a/1.jpg"], "community-forensics", "1 of 1 images do not fit"),
        (["real/readme.txt"], "auto", "No images under"),
        (["data/0.parquet"], "auto", "Parquet"),
        (["data/0.tar.gz"], "auto", "decompress"),
    ],
)
def test_what_is_unclear_is_said(tmp_path: Path, files: list[str], layout: str, says: str) -> None:
    make_files(tmp_path, files)
    with pytest.raises(LayoutUnclear, match=says):
        build_manifest(tmp_path, layout)


def test_mixed_layouts_can_be_taken_together_when_asked_for(tmp_path: Path) -> None:
    make_files(tmp_path, ["real/a/1.jpg", "ddpm/1_fake/2.jpg"])
    _, rows = read(tmp_path, "folders")
    assert {row[2] for row in rows.values()} == {"a", "ddpm"}


def test_the_page_on_datasets_has_every_layout() -> None:
    page = (Path(__file__).parents[4] / "docs/datasets.md").read_text()
    assert {name for name in LAYOUTS if f"| `{name}` |" not in page} == {"folders"}


def test_no_folder_is_said(tmp_path: Path) -> None:
    with pytest.raises(LayoutUnclear, match="is no folder"):
        build_manifest(tmp_path / "nowhere")


@pytest.mark.parametrize(
    ("name", "family"),
    [
        ("StyleGAN3", "gan"),
        ("vqgan-clip", "autoregressive"),
        ("dalle_mini", "autoregressive"),
        ("dalle2", "commercial"),
        ("stabilityai/stable-diffusion-2", "diffusion"),
        ("sd1_5_inpaint", "multistep"),
        ("stylegan2_ada_edit", "multistep"),
        ("gpt4o_image", "commercial"),
        ("organic photos", "unknown"),
        ("", "unknown"),
    ],
)
def test_families_follow_the_name(name: str, family: str) -> None:
    assert find_family(name) == family
