"""What a generator is set against, and what counts as seen."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ntf.evaluation.errors import EvaluationImpossible
from ntf.evaluation.plan import (
    NEW_PHOTOGRAPHS,
    PHOTOGRAPHS,
    REALS,
    Contest,
    Plan,
    common_side,
    make_plan,
)
from ntf.manifest import Item


@pytest.fixture
def add(tmp_path: Path):
    """Makes an item with a file of a given size."""
    made: list[Item] = []

    def add_item(split: str, label: str, source: str, family: str, size: tuple[int, int]) -> Item:
        path = tmp_path / f"{len(made)}.png"
        Image.new("RGB", size).save(path)
        made.append(Item(path, split, label == "ai", source, family))
        return made[-1]

    return add_item


def sources(plan: Plan, contest: Contest, name: str) -> list[tuple[str, int]]:
    """Sources and sizes of the views that a generator is set against."""
    chosen = [plan.views[i] for i in contest.against.get(name, np.array([], int))]
    return sorted((view.item.source, view.side_px) for view in chosen)


def test_each_generator_meets_reals_of_its_own_size(add) -> None:
    items = [
        add("train", "ai", "sd", "diffusion", (256, 256)),
        add("train", "real", "cats", "real", (256, 256)),
        add("dev", "ai", "sd", "diffusion", (256, 256)),
        add("dev", "ai", "ddpm", "diffusion", (128, 128)),
        add("dev", "real", "cats", "real", (256, 256)),
        add("dev", "real", "streets", "real", (256, 256)),
        add("dev", "real", "hard_art", "not_ai", (256, 200)),
        add("dev", "real", "hard_cg", "not_ai", (150, 256)),
    ]
    plan = make_plan(items, "dev")
    ddpm, sd = plan.contests
    assert (ddpm.generator, ddpm.side_px, ddpm.is_seen) == ("ddpm", 128, False)
    assert (sd.generator, sd.side_px, sd.is_seen) == ("sd", 256, True)
    assert [plan.views[i].item.source for i in sd.fakes] == ["sd"]
    assert sources(plan, sd, PHOTOGRAPHS) == [("cats", 256), ("streets", 256)]
    assert sources(plan, sd, NEW_PHOTOGRAPHS) == [("streets", 256)]
    # 200 px is near enough to 256 px; 150 px is not, but it is to 128 px.
    assert ("hard_art", 256) in sources(plan, sd, REALS)
    assert ("hard_cg", 256) not in sources(plan, sd, REALS)
    assert ("hard_cg", 128) in sources(plan, ddpm, REALS)
    assert plan.counts == {"ai": 2, "photographs": 2, "hard": 2}
    main = sorted((plan.views[i].item.source, plan.views[i].side_px) for i in plan.main)
    assert main == [
        ("cats", 256),
        ("ddpm", 128),
        ("hard_art", 256),
        ("hard_cg", 256),
        ("sd", 256),
        ("streets", 256),
    ]


def test_a_generator_of_large_images_is_cropped_to_the_photographs(add) -> None:
    items = [
        add("dev", "ai", "flux", "diffusion", (1024, 1024)),
        add("dev", "real", "cats", "real", (256, 256)),
    ]
    assert make_plan(items, "dev").contests[0].side_px == 256


def test_a_split_without_ai_has_no_contests_but_can_be_judged(add) -> None:
    plan = make_plan([add("dev", "real", "cats", "real", (600, 500))], "dev")
    assert plan.contests == []
    assert [plan.views[i].side_px for i in plan.main] == [512]


def test_says_why_a_split_cannot_be_evaluated(add) -> None:
    ai = add("dev", "ai", "sd", "diffusion", (256, 256))
    art = add("dev", "real", "hard_art", "not_ai", (256, 256))
    with pytest.raises(EvaluationImpossible, match=r"no split 'test'; it has dev"):
        make_plan([ai, art], "test")
    with pytest.raises(EvaluationImpossible, match="no photographs"):
        make_plan([ai, art], "dev")
    broken = Item(ai.path.with_suffix(".jpg"), "dev", False, "cats", "real")
    with pytest.raises(EvaluationImpossible, match="cannot be read"):
        make_plan([ai, broken], "dev")


@pytest.mark.parametrize(
    ("shorts", "side"), [([256], 256), ([250, 251], 256), ([128, 128, 256], 128), ([40], 64)]
)
def test_common_side(shorts: list[int], side: int) -> None:
    assert common_side(shorts) == side
