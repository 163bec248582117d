"""A detector's description in the service's words."""

from ntf.predictor import ModelInfo
from scans.models import ModelFacts


def model_facts(info: ModelInfo) -> ModelFacts:
    """What the rows keep of a detector."""
    return ModelFacts(
        version=info.version,
        name=info.name,
        threshold_version=info.threshold_version,
        likely_ai_at=info.likely_ai_at,
        no_evidence_below=info.no_evidence_below,
        min_side_px=info.min_side_px,
    )
