"""What can be set of a network and its training, and the settings that are used."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Preset:
    """One network and how it is trained.

    Weights of the losses are as in the model card's formulas: stage 1 is
    `L_hom + het_weight L_het + orth_weight L_orth + neg_weight L_neg`, stage 2 is
    `BCE + contrast_weight ExtendedSupCon`.

    Attributes:
        crop_px: side of a window in serving, and the largest in training.
        sides: sides of the crops in training; each batch has one of them.
        pairs: of a batch, the photographs that stand beside their own twins.
        levels, adapter_rank: of the backbone `clip` alone.
        started_from: version of the detector, or folder of the run, whose weights it began with.
    """

    name: str
    backbone: str
    crop_px: int
    batch_images: int
    stage1_steps: int
    stage2_steps: int
    learning_rate: float
    sides: tuple[int, ...] = ()
    pairs: int = 0
    levels: tuple[int, ...] = ()
    adapter_rank: int = 0
    projection: int = 128
    temperature: float = 0.1
    het_weight: float = 0.5
    orth_weight: float = 1.0
    neg_weight: float = 1.0
    contrast_weight: float = 0.2
    trace_weight: float = 2.0
    trace_momentum: float = 0.99
    weight_decay: float = 0.02
    bf16: bool = False
    started_from: str = ""
    seed: int = 1

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> "Preset":
        """A preset out of JSON, where a tuple is a list.

        Raises:
            TypeError: a name is unknown, or one that is needed is missing.
        """
        parsed: dict[str, Any] = {
            name: tuple(value) if isinstance(value, list) else value
            for name, value in values.items()
        }
        return cls(**parsed)


PRESETS = {
    preset.name: preset
    for preset in (
        Preset("tiny", "tiny", 64, 16, 20, 60, 3e-3, sides=(64,), projection=16),
        Preset("traces", "tf_efficientnet_lite0", 160, 32, 60, 4000, 1e-3, sides=(160,), pairs=6),
        Preset(
            "semantics",
            "clip",
            128,
            32,
            30,
            1200,
            1e-3,
            sides=(128,),
            pairs=6,
            levels=(3, 6, 9),
            adapter_rank=8,
            bf16=True,
        ),
        # For comparison alone: the heads on frozen blocks, at a fifth of the cost, to take parts of
        # the method away one by one; and published recipes by the same loop, without traces.
        Preset(
            "heads",
            "clip",
            128,
            32,
            100,
            300,
            1e-3,
            sides=(128,),
            pairs=6,
            levels=(3, 6, 9),
            bf16=True,
        ),
        Preset(
            "resnet", "resnet", 128, 32, 0, 2500, 1e-3, sides=(128,), contrast_weight=0.0, bf16=True
        ),
        Preset("npr", "npr", 128, 32, 0, 2500, 1e-3, sides=(128,), contrast_weight=0.0, bf16=True),
        Preset(
            "clip-linear",
            "clip",
            224,
            32,
            0,
            400,
            1e-2,
            sides=(224,),
            levels=(12,),
            contrast_weight=0.0,
            bf16=True,
        ),
    )
}
