"""What an image file tells before anyone looks at the picture: sizes, tables, metadata, history.

None of it is a generator's trace. If it tells the class, a detector learns it instead.
"""

import io

import numpy as np
from numpy.typing import NDArray
from PIL import Image, JpegImagePlugin

from ntf.preprocess import Window, choose_windows, cut

Values = NDArray[np.float32]

# The container, as any file has it.
CONTAINER = (
    "width",
    "height",
    "is JPEG",
    "is PNG",
    "is WebP",
    "bands",
    "tables",
    "luma: first step",
    "luma: mean step",
    "chroma: mean step",
    "chroma sampling",
    "progressive",
    "EXIF",
    "ICC profile",
    "XMP",
    "JFIF",
    "Adobe",
    "resolution",
    "other metadata",
)
STORED = (*CONTAINER, "bytes")
GIVEN = (*CONTAINER, "old grid, across", "old grid, down")
CONTENT = ("bytes of the crop",)
GIVEN_QUALITY = 90
GRID_PX = 8
_COUNTED_INFO = frozenset(
    {"exif", "icc_profile", "xmp", "XML:com.adobe.xmp", "jfif", "jfif_version", "jfif_unit"}
    | {"jfif_density", "adobe", "adobe_transform", "dpi", "progressive", "progression"}
)


def stored_facts(data: bytes) -> Values:
    """`STORED` of an encoded image, [20]."""
    return np.append(container_facts(data), np.float32(len(data)))


def given_facts(pixels: NDArray[np.uint8], crop_px: int) -> tuple[Values, Values]:
    """`GIVEN` [21] and `CONTENT` [1] of what a network is given of an image [H, W, 3].

    That is a window of native pixels as in serving, encoded as JPEG 90. It is cut four pixels off
    the grid of the file's own blocks, so that an earlier compression can be told from this one.
    """
    height, width = pixels.shape[:2]
    (window,) = choose_windows(height, width, crop_px, 1)
    inner = Window(_off_grid(window.top), _off_grid(window.left), window.side - GRID_PX)
    file = io.BytesIO()
    Image.fromarray(cut(pixels, inner)).save(file, "JPEG", quality=GIVEN_QUALITY)
    given = np.append(container_facts(file.getvalue()), measure_old_grid(file))
    return given.astype(np.float32), np.array([len(file.getvalue())], np.float32)


def container_facts(data: bytes) -> Values:
    """`CONTAINER` of an encoded image, [19]. Reads the header alone.

    Raises:
        OSError: Pillow does not know it.
    """
    with Image.open(io.BytesIO(data)) as image:
        tables = list(getattr(image, "quantization", {}).values())
        info = {str(key) for key in image.info}
        facts = [
            image.width,
            image.height,
            image.format == "JPEG",
            image.format == "PNG",
            image.format == "WEBP",
            len(image.getbands()),
            len(tables),
            tables[0][0] if tables else 0,
            np.mean(tables[0]) if tables else 0,
            np.mean(tables[1]) if len(tables) > 1 else 0,
            JpegImagePlugin.get_sampling(image) if tables else -2,
            "progressive" in info,
            "exif" in info,
            "icc_profile" in info,
            bool(info & {"xmp", "XML:com.adobe.xmp"}),
            "jfif" in info,
            "adobe" in info,
            "dpi" in info,
            len(info - _COUNTED_INFO),
        ]
    return np.array(facts, np.float32)


def _off_grid(start: int) -> int:
    """The next place that lies in the middle of the file's blocks of 8 px."""
    return start + (GRID_PX // 2 - start) % GRID_PX


def measure_old_grid(file: io.BytesIO) -> Values:
    """How much rougher columns and rows are at the borders of earlier blocks than elsewhere, [2].

    1 where the picture was never compressed in blocks of 8 px; measured on photographs at 96 px,
    it tells never compressed from quality 75 with an AUC of 0.97, from 85 with 0.84, from 95 not.
    """
    grey = np.asarray(Image.open(file).convert("L"), np.float32)
    return np.array([_roughness(grey), _roughness(grey.T)], np.float32)


def _roughness(grey: NDArray[np.float32]) -> float:
    steps = np.diff(grey, axis=1)
    # How far a step stands out from its neighbours; an edge of the picture itself counts little.
    bends = np.abs(steps[:, 1:-1] - (steps[:, :-2] + steps[:, 2:]) / 2).clip(max=20).mean(0)
    phases = (np.arange(len(bends)) + 2) % GRID_PX
    # The new blocks' borders, at phase 0, tell nothing.
    old = bends[phases == GRID_PX // 2].mean()
    elsewhere = bends[(phases != GRID_PX // 2) & (phases != 0)].mean()
    return float((old + 1e-2) / (elsewhere + 1e-2))
