"""Measures how far what comes in is from what the live model was calibrated on."""

from ntf.features import FeatureReader
from ntf.heads import HEADS, load_heads
from ntf.predictor import read_branches
from scans.drift_rows import measure_drift
from worker.gate_evidence import JudgedModel
from worker.retrain import Base, RetrainTools, find_base


def watch_drift(tools: RetrainTools) -> int:
    """Measure this week and the last. Returns how many tenants' weeks were measured.

    Raises:
        ModelNotFound, FeaturesInvalid: there is nothing to measure by.
    """
    base = find_base(tools)
    with tools.sessions.begin() as session:
        return measure_drift(session, base.version, scores_of_calibration(base))


def scores_of_calibration(base: Base) -> list[float]:
    """The model's scores on the images that its thresholds were set by."""
    settings, branches = read_branches(base.folder)
    learned = base.folder / HEADS
    heads = load_heads(learned) if "heads" in branches[0] else FeatureReader(base.folder).heads
    model = JudgedModel(heads, settings)
    return [said.score for said in model.say(base.features.part("calibration"))]
