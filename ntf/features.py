"""What the frozen encoder sees in an image, as the heads are given it: served graphs, no torch.

The heads end in two linear steps, over values that are averaged over a crop's places. So what is
kept here is exact: from it any heads of the same shape give the very logits and distances that a
graph with these heads gives.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ntf.backends import Arrays, open_graph
from ntf.errors import DetectorUnavailable
from ntf.graph_parts import find_source, with_outputs
from ntf.heads import CLASSIFIER, HEADS, PROJECTION, Heads
from ntf.predictor import read_branches, read_heads, run_on_crops
from ntf.preprocess import View, choose_in_view, cut

# Logits from features against those of the graph: they differ by the order of sums alone.
MAX_DIFFERENCE = 1e-3


@dataclass(frozen=True, slots=True)
class Features:
    """One image, as the heads see it.

    Attributes:
        pooled: [D], the encoder's map, averaged over the windows of all views; gives the logit.
        hidden: [W, H], for each window what the trace head's last step works on.
        short_side_px: of the image.
    """

    pooled: NDArray[np.float32]
    hidden: NDArray[np.float32]
    short_side_px: int


class FeatureReader:
    """A detector's encoder, with the heads that it has now."""

    def __init__(self, folder: Path, *, threads: int = 1) -> None:
        """Open a folder of weights.

        Raises:
            DetectorUnavailable: it cannot be loaded, or has several branches: then there is no
                one pair of heads to learn.
        """
        try:
            _, found = read_branches(folder)
            if len(found) != 1:
                raise ValueError("heads are learned for detectors of one branch only")
            branch = found[0]
            model = (folder / branch["file"]).read_bytes()
            self._inner = (find_source(model, CLASSIFIER), find_source(model, PROJECTION))
            model = with_outputs(model, [*self._inner, *Heads.names()])
            self._graph = open_graph(
                folder / branch["file"], threads, read_heads(folder, branch), model
            )
            self._views = tuple(View(**view) for view in branch["views"])
            self._crop_px: int = branch["crop_px"]
            # Heads are no part of it: features of one encoder serve all heads over it.
            files = sorted(digest for name, digest in branch["files"].items() if name != HEADS)
            self.encoder = hashlib.sha256("".join(files).encode()).hexdigest()[:16]
            self.heads = self._read_heads()
        except Exception as error:  # the runtime has many errors and no root
            raise DetectorUnavailable(f"{folder} gives no features: {error}") from error

    def read(self, images: Sequence[NDArray[np.uint8]]) -> list[Features]:
        """The features of images [H, W, 3], RGB, each side at least 16 px.

        Raises:
            DetectorUnavailable: the features do not give the graph's own logits.
        """
        groups = []
        for image in images:
            height, width = image.shape[:2]
            groups.append(
                [
                    cut(image, window, view.shrink)
                    for view in self._views
                    for window in choose_in_view(height, width, self._crop_px, view)
                ]
            )
        found = []
        for image, (logits, hidden, pooled) in zip(
            images, run_on_crops(groups, self._run), strict=True
        ):
            if np.abs(self.heads.logits(pooled) - logits).max() > MAX_DIFFERENCE:
                raise DetectorUnavailable("features and logits of this graph do not agree")
            found.append(Features(pooled.mean(0), hidden, min(image.shape[:2])))
        return found

    def _run(self, crops: NDArray[np.float32]) -> Arrays:
        """Crops to logits [B], what the trace head works on [B, H], pooled [B, D]."""
        pooled, hidden = self._inner
        logits, before, inside = self._graph.run(["logits", hidden, pooled], crops)
        return logits, before.mean((2, 3)), inside

    def _read_heads(self) -> Heads:
        side = self._crop_px
        crops = np.zeros((1, 3, side, side), np.float32)
        names = Heads.names()
        return Heads.from_arrays(dict(zip(names, self._graph.run(names, crops), strict=True)))
