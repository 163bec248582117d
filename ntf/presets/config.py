"""What can be set of a network and its training, and the two settings that are used."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Preset:
    """One network and how it is trained.

    Weights of the losses are as in the guide's formulas: stage 1 is
    `L_hom + het_weight L_het + orth_weight L_orth + neg_weight L_neg`, stage 2 is
    `BCE + contrast_weight ExtendedSupCon`.
    """

    name: str
    backbone: str
    crop_px: int
    batch_images: int
    stage1_steps: int
    stage2_steps: int
    learning_rate: float
    projection: int = 128
    temperature: float = 0.1
    het_weight: float = 0.5
    orth_weight: float = 1.0
    neg_weight: float = 1.0
    contrast_weight: float = 0.2
    trace_momentum: float = 0.99
    seed: int = 1


PRESETS = {
    "tiny": Preset("tiny", "tiny", 64, 16, 20, 60, 3e-3, projection=16),
    "small": Preset("small", "tf_efficientnet_lite0", 160, 32, 60, 4000, 1e-3),
}
