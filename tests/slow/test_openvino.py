"""OpenVINO, which an operator may install, against ONNX Runtime, which is always there."""

from dataclasses import replace

import numpy as np
import pytest

from ntf.backends import open_onnxruntime, open_openvino, sample_crops
from ntf.features import FeatureReader
from ntf.predictor import SHIPPED

pytestmark = pytest.mark.slow

TINY = SHIPPED.with_name("ntf-tiny") / "tiny.onnx"


def test_both_engines_give_the_same_answers() -> None:
    crops = sample_crops(64)
    ours, theirs = open_onnxruntime(TINY, 1)(crops), open_openvino(TINY, 1, "f32")(crops)
    for part, wanted in zip(theirs, ours, strict=True):
        np.testing.assert_allclose(part, wanted, atol=1e-4)


def test_learned_heads_stand_in_place_of_the_graphs_own_in_either_engine() -> None:
    crops = sample_crops(64)
    own = FeatureReader(TINY.parent).heads
    turned = replace(own, classifier=-own.classifier, bias=-own.bias).to_arrays()
    before, *_ = open_onnxruntime(TINY, 1)(crops)
    ours, *_ = open_onnxruntime(TINY, 1, turned)(crops)
    theirs, *_ = open_openvino(TINY, 1, "f32", turned)(crops)
    np.testing.assert_allclose(ours, -before, atol=1e-5)
    np.testing.assert_allclose(theirs, -before, atol=1e-4)
