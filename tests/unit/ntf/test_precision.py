"""Half precision is asked for only where the hardware has it."""

import pytest
import torch

from ntf import precision, train
from ntf.presets import PRESETS


def test_a_cpu_is_asked_and_not_assumed() -> None:
    native = bool(torch.ops.mkldnn._is_mkldnn_bf16_supported())

    assert precision.has_bf16("cpu") is native
    assert (precision.fast_dtype("cpu") is torch.bfloat16) is native


def test_training_stays_in_fp32_on_a_cpu_that_would_emulate_bf16(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # Found on a machine with AVX2 alone: one matrix product had not ended after ten minutes.
    product = torch.ones(2, 2)

    for native, expected in ((False, torch.float32), (True, torch.bfloat16)):
        monkeypatch.setattr(train, "has_bf16", lambda _, native=native: native)
        with train.half_precision(PRESETS["semantics"], torch.device("cpu")):
            assert (product @ product).dtype is expected
