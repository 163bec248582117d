"""Learns the heads again over the frozen encoder, from labels and replayed features. NumPy alone.

The losses are those of stage 2 (`ntf/losses/`): cross-entropy on the classifier, and supervised
contrast with the traces as members of the class *real* on the trace head. Every weight is held
near the live one (L2), so that few labels move the heads little.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ntf.feature_set import FeatureSet
from ntf.heads import Heads

Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class FitOptions:
    """How far and how fast.

    Attributes:
        temperature, trace_weight, contrast_weight: as in `ntf.presets`.
        stay_near: weight of the squared change of each head, in units of its features' spread.
        trace_momentum: of the traces, per step.
        batch_windows: the contrast compares windows with each other, so many at once.
    """

    steps: int = 300
    learning_rate: float = 0.03
    stay_near: float = 0.02
    contrast_weight: float = 0.2
    temperature: float = 0.1
    trace_weight: float = 2.0
    trace_momentum: float = 0.98
    batch_windows: int = 192
    seed: int = 1


def fit_heads(
    live: Heads,
    examples: FeatureSet,
    weights: NDArray[np.float64],
    options: FitOptions | None = None,
) -> Heads:
    """Heads that start from the live ones. The same input gives the same heads.

    Args:
        examples: both classes must be among them.
        weights: [N], what each example counts.

    Raises:
        ValueError: the examples are of one class.
    """
    options = options or FitOptions()
    is_ai = examples.is_ai
    if is_ai.all() or not is_ai.any():
        raise ValueError("heads are learned from both classes")
    shares = balance(weights, is_ai)
    classifier, bias = fit_classifier(live, examples.pooled, is_ai, shares, options)
    projection, shift, traces = fit_traces(live, examples, shares, options)
    return Heads(classifier, bias, projection, shift, traces)


def balance(weights: NDArray[np.float64], is_ai: NDArray[np.bool_]) -> NDArray[np.float64]:
    """The weights, so that each class adds up to one half."""
    sums = np.where(is_ai, weights[is_ai].sum(), weights[~is_ai].sum())
    shares: NDArray[np.float64] = weights / sums / 2
    return shares


def fit_classifier(
    live: Heads,
    pooled: Floats,
    is_ai: NDArray[np.bool_],
    shares: NDArray[np.float64],
    options: FitOptions,
) -> tuple[Floats, Floats]:
    """Weighted cross-entropy over images; the change is learned in units of each feature's spread.

    Returns the classifier [D] and its bias [1].
    """
    middle, spread = pooled.mean(0), pooled.std(0) + 1e-6
    given = (pooled - middle) / spread  # [N, D]
    before = live.logits(pooled)
    change = np.zeros(pooled.shape[1] + 1, np.float32)
    adam = Adam(options.learning_rate / np.sqrt(pooled.shape[1]))
    for _ in range(options.steps):
        logits = before + given @ change[:-1] + change[-1]
        error = ((_sigmoid(logits) - is_ai) * shares).astype(np.float32)
        gradient = np.append(error @ given, error.sum()) + 2 * options.stay_near * change
        change = adam.step(change, gradient)
    moved = change[:-1] / spread
    return (
        (live.classifier + moved).astype(np.float32),
        np.array([live.bias[0] + change[-1] - float(moved @ middle)], np.float32),
    )


def fit_traces(
    live: Heads, examples: FeatureSet, shares: NDArray[np.float64], options: FitOptions
) -> tuple[Floats, Floats, Floats]:
    """Supervised contrast over windows; the traces follow the photographs.

    Returns projection [d, H], shift [d], traces [K, d].
    """
    rng = np.random.default_rng(options.seed)
    is_ai = np.repeat(examples.is_ai, examples.windows)
    chance = np.repeat(shares / examples.windows, examples.windows)
    chance /= chance.sum()
    size = min(options.batch_windows, len(chance))
    spread = examples.hidden.std() + 1e-6
    start = np.column_stack([live.projection, live.shift]).astype(np.float32)  # [d, H + 1]
    learned, traces = start.copy(), live.traces.copy()
    adam = Adam(options.learning_rate * float(start.std()))
    for step in range(options.steps):
        rows = rng.choice(len(chance), size, p=chance)
        hidden = np.column_stack([examples.hidden[rows], np.ones(size, np.float32)])
        found = contrast(learned, hidden, is_ai[rows], traces, options)
        near = 2 * options.stay_near * (learned - start) * spread**2
        learned = adam.step(learned, options.contrast_weight * found.gradient + near)
        # The traces settle before they are asked to stand still.
        real = found.features[~is_ai[rows]]
        if len(real) and step < options.steps - 1:
            mean = _unit(real.mean(0, keepdims=True))
            nearest = (traces @ mean[0]).argmax()
            moved = options.trace_momentum * traces[nearest]
            traces[nearest] = _unit(moved[None] + (1 - options.trace_momentum) * mean)[0]
    return learned[:, :-1].copy(), learned[:, -1].copy(), traces


class Contrast(NamedTuple):
    """A batch's loss, its gradient by the projection [d, H + 1], and its features [B, d]."""

    loss: float
    gradient: Floats
    features: Floats


def contrast(
    projection: Floats,
    hidden: Floats,
    is_ai: NDArray[np.bool_],
    traces: Floats,
    options: FitOptions,
) -> Contrast:
    """`ntf.losses.extended_supcon` and its derivative.

    Args:
        projection: [d, H + 1], the shift as its last column. hidden: [B, H + 1], the last is 1.
        is_ai: [B]. traces: [K, d], which stand still.
    """
    raw = hidden @ projection.T  # [B, d]
    length = np.maximum(np.linalg.norm(raw, axis=1, keepdims=True), 1e-12)
    features = raw / length
    batch = len(features)
    members = np.concatenate([features, traces])
    weight = np.ones(len(members), np.float32)
    weight[batch:] = options.trace_weight
    positive = (is_ai[:, None] == np.append(is_ai, np.zeros(len(traces), bool))) * weight
    similar = features @ members.T / options.temperature  # [B, B + K]
    log_weight = np.tile(np.log(weight), (batch, 1))
    own = np.arange(batch)
    log_weight[own, own], positive[own, own] = -np.inf, 0
    raised = similar + log_weight
    top = raised.max(1, keepdims=True)
    powers = np.exp(raised - top)
    sums = powers.sum(1, keepdims=True)
    share = positive / np.maximum(positive.sum(1, keepdims=True), 1)
    loss = -(share * (similar - top - np.log(sums))).sum(1).mean()
    by_similar = (share.sum(1, keepdims=True) * powers / sums - share) / batch / options.temperature
    by_features = by_similar @ members + by_similar[:, :batch].T @ features
    along = (by_features * features).sum(1, keepdims=True) * features
    gradient = ((by_features - along) / length).T @ hidden
    return Contrast(float(loss), gradient.astype(np.float32), features)


class Adam:
    """Kingma and Ba 2015, for one array."""

    def __init__(self, rate: float, decay: tuple[float, float] = (0.9, 0.999)) -> None:
        self._rate, self._decay = rate, decay
        self._first: Floats | float = 0.0
        self._second: Floats | float = 0.0
        self._steps = 0

    def step(self, values: Floats, gradient: NDArray[np.floating]) -> Floats:
        """The values after one more step."""
        first, second = self._decay
        self._steps += 1
        self._first = first * self._first + (1 - first) * gradient
        self._second = second * self._second + (1 - second) * gradient**2
        mean = self._first / (1 - first**self._steps)
        square = self._second / (1 - second**self._steps)
        moved: Floats = (values - self._rate * mean / (np.sqrt(square) + 1e-8)).astype(np.float32)
        return moved


def _sigmoid(logits: Floats) -> Floats:
    found: Floats = np.float32(1) / (np.float32(1) + np.exp(-np.clip(logits, -30, 30)))
    return found


def _unit(rows: Floats) -> Floats:
    found: Floats = rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-12)
    return found
