"""The families of twins, by name: what each needs, and how to open it."""

from collections.abc import Callable, Sequence
from pathlib import Path

from ntf.degrade import Pixels
from ntf.twins.autoencoders import Taef2, VaeLight
from ntf.twins.cyclegan import CycleGan
from ntf.twins.fitted import SPECS, Fitted
from ntf.twins.make import Maker
from ntf.twins.restorers import SPECS as RESTORER_SPECS
from ntf.twins.restorers import Restorer

# A function that returns the photographs that decoders are fitted to.
Photographs = Callable[[], Sequence[Pixels]]

AUTOENCODERS: dict[str, Callable[[Path], Maker]] = {"taef2": Taef2, "vaelight": VaeLight}
RESTORERS = {spec.name: spec for spec in RESTORER_SPECS}
REDRAWERS: dict[str, Callable[[], Maker]] = {"cyclegan": CycleGan}
FITTED = {spec.name: spec for spec in SPECS}
FAMILIES = (*AUTOENCODERS, *RESTORERS, *REDRAWERS, *FITTED)


def open_family(name: str, decoders: Path, fitted: Path, photographs: Photographs) -> Maker:
    """A maker of one family's twins.

    Args:
        decoders: folder with the autoencoders' files. fitted: where fitted decoders are kept.
        photographs: asked for only when a decoder has to be fitted first.

    Raises:
        TwinsUnavailable: a file that you bring is missing.
        WeightsMissing: a package with weights is not installed.
    """
    if name in AUTOENCODERS:
        return AUTOENCODERS[name](decoders)
    if name in RESTORERS:
        return Restorer(RESTORERS[name])
    if name in REDRAWERS:
        return REDRAWERS[name]()
    return Fitted(FITTED[name], fitted, photographs)
