"""Lets a canary judge a share of what the live model has just judged. Nobody is told of it."""

from collections.abc import Mapping
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from sqlalchemy.orm import Session, sessionmaker

from ntf.predictor import ModelInfo, Prediction
from scans.shadow_rows import Shadowed, save_shadow
from scans.verdict import ImageFacts, choose_label
from worker.judge_images import Found, Looked, finding_of_prediction, thresholds_of


class Canary(Protocol):
    """The part of a detector that the shadow needs."""

    info: ModelInfo

    def predict(self, images: list[NDArray[np.uint8]]) -> list[Prediction]: ...


def judge_in_shadow(
    looked: Looked, canary: Canary, share: float, sessions: sessionmaker[Session]
) -> int:
    """Judge a share of a batch's images with the canary and keep both answers.

    Returns how many.

    Raises:
        DetectionFailed: the canary broke on one of them; none is kept then.
    """
    chosen = choose(looked.pixels, share)
    lived = {view: found for view in chosen if isinstance(found := looked.found[view], Found)}
    if not lived:
        return 0
    predictions = canary.predict([chosen[view] for view in lived])
    rows = [
        Shadowed(
            view,
            canary.info.version,
            looked.info.version,
            lived[view].prediction.raw_score,
            label_of(lived[view].prediction, chosen[view], looked.info),
            said.raw_score,
            label_of(said, chosen[view], canary.info),
        )
        for view, said in zip(lived, predictions, strict=True)
    ]
    with sessions.begin() as session:
        save_shadow(session, rows)
    return len(rows)


def choose(pixels: Mapping[str, NDArray[np.uint8]], share: float) -> dict[str, NDArray[np.uint8]]:
    """A share of the images, by their hashes: the same in every worker."""
    return {view: array for view, array in pixels.items() if int(view[:8], 16) / 2**32 < share}


def label_of(said: Prediction, pixels: NDArray[np.uint8], info: ModelInfo) -> str:
    """What one model's answer about pixels [H, W, 3] means by its own thresholds."""
    facts = ImageFacts(pixels.shape[1], pixels.shape[0])
    return choose_label(finding_of_prediction(said), facts, thresholds_of(info))
