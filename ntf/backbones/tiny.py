"""A few convolutions from scratch: milliseconds, for the tests of everything around it."""

from itertools import pairwise

from torch import nn


class TinyMap(nn.Sequential):
    """Stride 32, 32 channels."""

    num_features = 32

    def __init__(self) -> None:
        layers: list[nn.Module] = []
        for before, after in pairwise([3, 8, 16, 16, 32, 32]):
            layers += [nn.Conv2d(before, after, 3, 2, 1), nn.BatchNorm2d(after), nn.ReLU()]
        super().__init__(*layers)
