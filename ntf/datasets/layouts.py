"""How public sets lay out their folders, and what each image's folders therefore say of it.

Sources of the layouts: CNNDetection's README (ForenSynths), AIGCDetectBenchmark (its test set, in
ForenSynths' form), GenImage (`GENERATOR/[imagenet_ai_...]/{train,val}/{ai,nature}`), Synthbuster,
AIDE (Chameleon), LaDeDa's README (WildRF) and the cards of Community Forensics.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from ntf.datasets.families import REAL, UNKNOWN, find_family
from ntf.datasets.scan import Found
from ntf.errors import LayoutUnclear
from ntf.manifest import HARD

AUTO = "auto"
COMMUNITY = "community-forensics"  # its sidecars state all; folders say nothing
SPLITS = {
    "train": "train",
    "training": "train",
    "val": "dev",
    "valid": "dev",
    "validation": "dev",
    "dev": "dev",
    "test": "test",
    "testing": "test",
}
DEFAULT_SPLIT = "test"
# What a folder is called that says the class. A set keeps to one style.
NUMBERED = {"0_real": False, "1_fake": True}
NATURE = {"nature": False, "ai": True}
PLAIN = {"real": False, "ai": True, "fake": True}
CLASSES = NUMBERED | NATURE | PLAIN
LABELS = CLASSES | {"0": False, "1": True, "false": False, "true": True}
# ProGAN's training set has these folders and no generator's; one of them is called `train`.
PROGAN_CLASSES = frozenset(
    {"airplane", "bicycle", "bird", "boat", "bottle", "bus", "car", "cat", "chair", "cow", "dog"}
    | {"diningtable", "horse", "motorbike", "person", "pottedplant", "sheep", "sofa", "train"}
    | {"tvmonitor"}
)
GENIMAGE_CODES = {"sdv4": "stable_diffusion_v_1_4", "sdv5": "stable_diffusion_v_1_5"}
PLATFORMS = frozenset({"reddit", "facebook", "twitter"})
HARD_PREFIX = "hard_"

Folders = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Place:
    """What an image's place says of it. `split` is empty where nothing names one."""

    split: str
    is_ai: bool
    source: str
    family: str


@dataclass(frozen=True, slots=True)
class Labelled:
    """The folders around the one that names the class; `split` stands in neither."""

    is_ai: bool
    above: Folders
    below: Folders
    split: str = ""


def place_images(images: Sequence[Found], root: str, layout: str = AUTO) -> tuple[str, list[Place]]:
    """The layout that was found or given, and each image's place.

    A sidecar that states the class goes before the folders.

    Args:
        root: name of the scanned folder; it stands for a generator or a split that no folder names.

    Raises:
        LayoutUnclear: folders do not say the class of every image, or say it in two ways.
    """
    places: list[Place | None] = [read_facts(image.facts) for image in images]
    silent = [index for index, place in enumerate(places) if place is None]
    folders, root = _drop_wrapping([images[index].folders for index in silent], root)
    if layout == AUTO:
        files = [images[index].file for index in silent]
        layout = find_layout(folders, files, root) if silent else COMMUNITY
    read = _read(LAYOUTS[layout], folders, root)
    for index, place in zip(silent, read, strict=True):
        places[index] = place
    if unfit := [image for image, place in zip(images, places, strict=True) if place is None]:
        names = ", ".join(image.file for image in unfit[:3])
        raise LayoutUnclear(
            f"{len(unfit)} of {len(images)} images do not fit the layout {layout}, such as "
            f"{names}. Move them out, or give another --layout."
        )
    own = SPLITS.get(root.lower(), DEFAULT_SPLIT)
    return layout, [replace(place, split=place.split or own) for place in places if place]


def find_layout(folders: Sequence[Folders], files: Sequence[str], root: str) -> str:
    """The name of the layout that these folders follow; `files` are for the messages.

    Raises:
        LayoutUnclear: none, or two of them.
    """
    named = [_find_class(path) for path in folders]
    example = dict(zip(named, files, strict=True))
    unnamed = example.pop("", None)
    if not example and all(_is_synthbuster(path) for path in folders):
        return "synthbuster"
    if unnamed:
        raise LayoutUnclear(
            f"{named.count('')} of {len(folders)} images lie in no folder that says their class, "
            f"such as {unnamed}. Name the folders real/SOURCE and ai/GENERATOR, or give --layout."
        )
    styles = [style for style in (NUMBERED, PLAIN, NATURE) if set(example) <= set(style)]
    if not styles:
        raise LayoutUnclear(
            "Two layouts in one folder: "
            + ", ".join(f"{name} ({file})" for name, file in sorted(example.items()))
            + ". Make a manifest for each, or give --layout folders to take them together."
        )
    labelled = [found for path in folders if (found := _label(path))]
    if NATURE in styles and all(_is_split(found.above[-1:]) for found in labelled):
        return "genimage"
    return _name_numbered(labelled, root) if NUMBERED in styles else "folders"


def _name_numbered(labelled: Sequence[Labelled], root: str) -> str:
    """Which of the sets with `0_real` and `1_fake` it is, for sets without generators by name."""
    above = {name.lower() for found in labelled for name in found.above} | {root.lower()}
    if any("wildrf" in name for name in above) or {"test", *PLATFORMS} <= above:
        return "wildrf"
    if any("chameleon" in name for name in above):
        return "chameleon"
    if all(found.above[1:] or not _is_split(found.above) for found in labelled):
        return "forensynths"
    return "folders"


def read_facts(facts: Mapping[str, Any]) -> Place | None:
    """A place from a sidecar that states the class (`label`); None where it does not.

    Read are `label` (real, ai, fake, 0, 1), `split`, `model_name` or `generator` or `source`,
    `real_source`, `architecture` and `family`: the columns of Community Forensics, and ours.
    """
    is_ai = LABELS.get(str(facts.get("label", "")).lower())
    if is_ai is None:
        return None
    keys = ("model_name", "generator", "source") if is_ai else ("real_source", "source")
    source = next((str(facts[key]) for key in keys if facts.get(key)), "unnamed")
    family = facts.get("family") or (
        find_family(source, str(facts.get("architecture") or ""))
        if is_ai
        else _family_of_real(source)
    )
    return Place(SPLITS.get(str(facts.get("split", "")).lower(), ""), is_ai, source, str(family))


def _read(layout: "Layout", folders: Sequence[Folders], root: str) -> list[Place | None]:
    labelled = [layout.label(path) for path in folders]
    known = _take_splits([found for found in labelled if found], layout.splits_at)
    placed = iter(layout.place(known, root))
    return [next(placed) if found else None for found in labelled]


def _place_folders(labelled: Sequence[Labelled], root: str) -> list[Place]:
    """`real/SOURCE` and `ai/GENERATOR`, or `GENERATOR/real` and `GENERATOR/ai`."""

    def place(found: Labelled) -> Place:
        if found.below:
            return _place(found, found.below[0])
        if found.above:
            return _place(found, found.above[-1], paired=True)
        return _place(found, root)

    return [place(found) for found in labelled]


def _place_forensynths(labelled: Sequence[Labelled], root: str) -> list[Place]:
    """`GENERATOR/[CLASS/]{0_real,1_fake}`; ProGAN's training set has its classes alone."""
    tops = {found.above[0].lower() for found in labelled if found.above}
    only = "progan" if tops and tops <= PROGAN_CLASSES else ""
    if _is_generator(root) and not any(map(_is_generator, tops)):
        only = root
    return [
        _place(found, only or (found.above[0] if found.above else root), paired=True)
        for found in labelled
    ]


def _place_genimage(labelled: Sequence[Labelled], root: str) -> list[Place]:
    """`GENERATOR/[imagenet_ai_DATE_CODE/]{train,val}/{ai,nature}`; all reals are ImageNet's."""

    def place(found: Labelled) -> Place:
        name = found.above[0] if found.above else root
        if name.lower().startswith("imagenet_"):
            code = name.lower().rsplit("_", 1)[-1]
            name = GENIMAGE_CODES.get(code, code)
        return _place(found, name if found.is_ai else "imagenet")

    return [place(found) for found in labelled]


def _place_synthbuster(labelled: Sequence[Labelled], _root: str) -> list[Place]:
    """`GENERATOR/*.png`, and photographs of RAISE in a folder beside."""
    return [_place(found, found.above[-1] if found.is_ai else "raise") for found in labelled]


def _place_chameleon(labelled: Sequence[Labelled], _root: str) -> list[Place]:
    """`test/{0_real,1_fake}`; nobody says which generators."""
    return [_place(found, "chameleon") for found in labelled]


def _place_wildrf(labelled: Sequence[Labelled], _root: str) -> list[Place]:
    """`{train,val}/{0_real,1_fake}` and `test/PLATFORM/{0_real,1_fake}`."""

    def place(found: Labelled) -> Place:
        platform = next((name.lower() for name in found.above if name.lower() in PLATFORMS), "")
        return _place(found, f"wildrf_{platform}" if platform else "wildrf")

    return [place(found) for found in labelled]


def _place(found: Labelled, source: str, *, paired: bool = False) -> Place:
    if found.is_ai:
        return Place(found.split, True, source, find_family(source))
    source = f"paired_{source}" if paired else source
    return Place(found.split, False, source, _family_of_real(source))


def _family_of_real(source: str) -> str:
    return HARD if source.startswith(HARD_PREFIX) else REAL


def _find_class(folders: Folders) -> str:
    """The outermost folder that names a class, in lower case; empty without one."""
    return next((name.lower() for name in folders if name.lower() in CLASSES), "")


def _label(folders: Folders) -> Labelled | None:
    name = _find_class(folders)
    if not name:
        return None
    at = [folder.lower() for folder in folders].index(name)
    return Labelled(CLASSES[name], folders[:at], folders[at + 1 :])


def _label_synthbuster(folders: Folders) -> Labelled | None:
    """All are AI-made but those in a folder named after RAISE, or `real`."""
    if not folders:
        return None
    names = [name.lower() for name in folders]
    is_real = "real" in names or any("raise" in name for name in names)
    return Labelled(not is_real, folders, ())


def _label_nothing(_folders: Folders) -> None:
    """Only a sidecar states the class."""
    return


def _take_splits(labelled: Sequence[Labelled], places: Sequence[int]) -> Sequence[Labelled]:
    """Each image's class, with the split's folder taken out.

    Args:
        places: where a split may stand: 0 and -1 are the outermost and the innermost folder above
            the class's, 1 is the first below it. The first place counts at which *every* image has
            a split's name. So a class of objects called `train` beside others is none.
    """
    for place in places:
        if all(_is_split(_at(found, place)) for found in labelled):
            return [_take_split(found, place) for found in labelled]
    return labelled


def _at(found: Labelled, place: int) -> Folders:
    if place == 1:
        return found.below[:1]
    return found.above[:1] if place == 0 else found.above[-1:]


def _take_split(found: Labelled, place: int) -> Labelled:
    split = SPLITS[_at(found, place)[0].lower()]
    if place == 1:
        return replace(found, split=split, below=found.below[1:])
    return replace(found, split=split, above=found.above[1:] if place == 0 else found.above[:-1])


def _is_split(names: Folders) -> bool:
    return len(names) == 1 and names[0].lower() in SPLITS


def _is_synthbuster(folders: Folders) -> bool:
    """The innermost folder is a known generator's, or RAISE's."""
    name = folders[-1].lower() if folders else ""
    return "raise" in name or _is_generator(name)


def _is_generator(name: str) -> bool:
    return find_family(name) != UNKNOWN


def _drop_wrapping(folders: list[Folders], root: str) -> tuple[list[Folders], str]:
    """Without the folders around the whole set, `genimage/...`, which name no part of it."""
    while folders and all(path and path[0] == folders[0][0] for path in folders):
        name = folders[0][0]
        if name.lower() in {*SPLITS, *CLASSES, *PROGAN_CLASSES} or _is_generator(name):
            break
        folders, root = [path[1:] for path in folders], name
    return folders, root


@dataclass(frozen=True, slots=True)
class Layout:
    """How to read a set's folders.

    Attributes:
        place: the places of all images whose class is known, given the scanned folder's name.
        splits_at: where a split's folder may stand; see `_take_splits`.
        label: which folder says the class.
    """

    place: Callable[[Sequence[Labelled], str], list[Place]]
    splits_at: tuple[int, ...]
    label: Callable[[Folders], Labelled | None] = _label


LAYOUTS: Mapping[str, Layout] = {
    "folders": Layout(_place_folders, (-1, 0, 1)),
    "forensynths": Layout(_place_forensynths, (0,)),
    "aigcdetectbenchmark": Layout(_place_forensynths, (0,)),
    "genimage": Layout(_place_genimage, (-1,)),
    "synthbuster": Layout(_place_synthbuster, (), _label_synthbuster),
    "chameleon": Layout(_place_chameleon, (-1,)),
    "wildrf": Layout(_place_wildrf, (0,)),
    COMMUNITY: Layout(_place_folders, (), _label_nothing),
}
