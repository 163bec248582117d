"""Where the weights lie that a package carries; the package itself is not imported."""

from importlib.metadata import PackageNotFoundError, files
from pathlib import Path

from ntf.errors import WeightsMissing


def find_packaged(package: str, name: str) -> Path:
    """A file of an installed package, by its name without folders.

    Raises:
        WeightsMissing: the package is not installed, or lacks the file.
    """
    try:
        entries = files(package) or []
    except PackageNotFoundError:
        entries = []
    for entry in entries:
        if entry.name == name and (path := Path(str(entry.locate()))).is_file():
            return path
    raise WeightsMissing(
        f"{name} is not in an installed package {package}. Install requirements/train.txt."
    )
