"""An evaluation as plain data for JSON."""

import math
from dataclasses import fields, is_dataclass
from typing import Any

import numpy as np

from ntf.evaluation.metrics import Floats, Reliability, estimate
from ntf.evaluation.run import Evaluation


def in_plain_data(evaluation: Evaluation) -> dict[str, Any]:
    """Every figure as value, low and high; null where there is none."""
    return {
        "split": evaluation.split,
        "manifest_sha256": evaluation.manifest_sha256,
        "resamples": evaluation.resamples,
        "conditions": {c.name: c.recipe for c in evaluation.conditions},
        "counts": evaluation.plan.counts,
        "detectors": [_plain(detector) for detector in evaluation.detectors],
    }


def _plain(value: Any) -> Any:
    if isinstance(value, Reliability):
        bins = {name: _numbers(getattr(value, name)) for name in ("said", "found", "weight")}
        return bins | {"error": _plain(value.error)}
    if isinstance(value, np.ndarray):
        return _plain(estimate(value))
    if is_dataclass(value):
        return {field.name: _plain(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, dict):
        return {key: _plain(part) for key, part in value.items()}
    if isinstance(value, list):
        return [_plain(part) for part in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _numbers(values: Floats) -> list[float | None]:
    return [float(value) if math.isfinite(value) else None for value in values]
