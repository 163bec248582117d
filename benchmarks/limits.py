"""What this machine can do at the most: a large product, a copy, libjpeg-turbo.

python -m benchmarks.limits [--threads 2]; other parts measure those that they need in turns with
what they measure, since a limit of another moment says little.
"""

import argparse
import io
from collections.abc import Callable

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper
from PIL import Image

from benchmarks.clock import medians, take_turns
from benchmarks.results import keep, print_table

SIDE = 2048
PRODUCT_GFLOP = 2 * SIDE**3 / 1e9
COPY_BYTES = 256 * 2**20
MEGAPIXELS = 12.0
SECONDS = 12.0


def main() -> None:
    """Print the table, and keep it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--threads", type=int, default=2)
    measure(parser.parse_args().threads)


def measure(threads: int) -> None:
    """All limits, in turns."""
    calls = {
        "fp32 product, ONNX Runtime": open_product(threads, np.float32),
        "fp32 product, numpy": numpy_product(),
        "int8 product, ONNX Runtime": open_product(threads, np.uint8),
        "copy of memory": open_copy(),
        "JPEG of 12 megapixels, libjpeg-turbo": open_jpeg(),
    }
    seconds = medians(take_turns(calls, seconds=SECONDS))
    found = {
        "fp32_gflops": PRODUCT_GFLOP / min(seconds[name] for name in list(calls)[:2]),
        "int8_gops": PRODUCT_GFLOP / seconds["int8 product, ONNX Runtime"],
        "copy_gb_s": 2 * COPY_BYTES / seconds["copy of memory"] / 1e9,
        "jpeg_mp_s": MEGAPIXELS / seconds["JPEG of 12 megapixels, libjpeg-turbo"],
    }
    keep("limits", found | {"threads": threads})
    rows = [
        ["fp32, GFLOP/s (the better of two products of 2,048 x 2,048)", found["fp32_gflops"]],
        ["int8, GOP/s (the same product, bytes)", found["int8_gops"]],
        ["memory, GB/s (read and written, numpy's copy)", found["copy_gb_s"]],
        ["libjpeg-turbo, megapixels/s (one thread)", found["jpeg_mp_s"]],
    ]
    print_table(f"Limits, {threads} threads", ["what", "median"], rows)


def open_product(threads: int, kind: type[np.generic]) -> Callable[[], object]:
    """A square product in ONNX Runtime, with its right side packed before, like weights."""
    rng = np.random.default_rng(0)
    if kind is np.float32:
        right = rng.standard_normal((SIDE, SIDE)).astype(np.float32)
        left, types = right.copy(), ("MatMul", TensorProto.FLOAT, TensorProto.FLOAT)
    else:
        right = rng.integers(-60, 60, (SIDE, SIDE)).astype(np.int8)
        left = rng.integers(0, 120, (SIDE, SIDE)).astype(np.uint8)
        types = ("MatMulInteger", TensorProto.UINT8, TensorProto.INT32)
    operator, given, result = types
    graph = helper.make_graph(
        [helper.make_node(operator, ["left", "right"], ["product"])],
        "product",
        [helper.make_tensor_value_info("left", given, [SIDE, SIDE])],
        [helper.make_tensor_value_info("product", result, [SIDE, SIDE])],
        [numpy_helper.from_array(right, "right")],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    onnx.checker.check_model(model)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    session = onnxruntime.InferenceSession(
        model.SerializeToString(), options, providers=["CPUExecutionProvider"]
    )
    return lambda: session.run(None, {"left": left})


def numpy_product() -> Callable[[], object]:
    """The same product in numpy's own library, over all cores."""
    left = np.random.default_rng(0).standard_normal((SIDE, SIDE)).astype(np.float32)
    return lambda: left @ left


def open_copy() -> Callable[[], object]:
    """A copy that no cache holds."""
    source, target = np.ones(COPY_BYTES, np.uint8), np.zeros(COPY_BYTES, np.uint8)
    return lambda: np.copyto(target, source)


def open_jpeg() -> Callable[[], object]:
    """Decoding alone, straight from libjpeg-turbo to an array."""
    import simplejpeg  # noqa: PLC0415  # of the benchmarks' install alone

    content = make_jpeg(4000, 3000)
    return lambda: simplejpeg.decode_jpeg(content)


def make_jpeg(width: int, height: int, quality: int = 90) -> bytes:
    """A picture with edges and some noise, which compresses about as a photograph does."""
    rng = np.random.default_rng(0)
    rows, columns = np.mgrid[0:height, 0:width]
    wave = 128 + 60 * np.sin(columns / 37.0) + 40 * np.sign(np.sin(rows / 53.0))
    picture = wave[..., None] + rng.normal(0, 6, (height, width, 3))
    file = io.BytesIO()
    Image.fromarray(np.clip(picture, 0, 255).astype(np.uint8)).save(file, "JPEG", quality=quality)
    return file.getvalue()


if __name__ == "__main__":
    main()
