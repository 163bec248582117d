"""The folder of models that were learned here: one folder for each version, as `ntf export` has it.

Whoever can write there could make workers judge as they like; so a version's row keeps the hash of
its `detector.json`, which keeps the hashes of all other files.
"""

import hashlib
from pathlib import Path

from scans.errors import ModelNotFound

DESCRIPTION = "detector.json"


class ModelStore:
    """Versions by name."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def path_of(self, version: str) -> Path:
        """A version's folder, whether it is there or not."""
        if not version or not set(version) <= set("abcdefghijklmnopqrstuvwxyz0123456789-._"):
            raise ValueError(f"not a version: {version!r}")
        return self.folder / version

    def digest_of(self, version: str) -> str:
        """SHA-256 of a version's description.

        Raises:
            ModelNotFound: there is no such folder.
        """
        try:
            content = (self.path_of(version) / DESCRIPTION).read_bytes()
        except OSError as error:
            raise ModelNotFound(f"The model store has no {version}.") from error
        return hashlib.sha256(content).hexdigest()

    def open_checked(self, version: str, sha256: str) -> Path:
        """A version's folder, if its description is the one that its row was written for.

        Raises:
            ModelNotFound: it is missing, or another one.
        """
        if self.digest_of(version) != sha256:
            raise ModelNotFound(f"{version} in the model store is not what was put there.")
        return self.path_of(version)
