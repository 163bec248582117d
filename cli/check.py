"""`ntf check`: judge files, folders and addresses, without any server."""

import json
import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from images.errors import ImageError
from ntf.errors import NtfError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from ntf.predictor import Predictor
    from scans.verdict import DecidedVerdict, Evidence, ImageFacts

WORDS = {
    "likely_ai": "likely AI-made",
    "uncertain": "uncertain",
    "no_evidence": "no evidence of AI",
    "not_assessable": "not assessable",
}
PROGRESS_FROM = 3


@dataclass(frozen=True, slots=True)
class JudgedFile:
    """One line of output."""

    path: str
    label: str
    score: float | None
    raw_score: float | None
    real_photo_p: float | None
    width: int
    height: int
    model: str
    evidence: list[dict[str, Any]]
    sha256: str
    pixels_sha256: str
    pdq: str
    limits: tuple[str, ...]


class FileUnreadable(Exception):
    """The file is not there, or may not be read."""

    code = "file_unreadable"


@click.command()
@click.argument("sources", nargs=-1, required=True, metavar="FILE|DIR|URL...")
@click.option("--json", "as_json", is_flag=True, help="One JSON object for each image.")
@click.option("--heatmap", type=click.Path(dir_okay=False), help="Write the heatmap of one image.")
@click.option("--model", type=click.Path(exists=True, file_okay=False), help="A folder of weights.")
@click.option("--allow-private", is_flag=True, help="Fetch from private networks too.")
@click.option(
    "--trust-list",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="PEM file of the authorities whose signatures (C2PA) count.  [default: none do]",
)
def command(
    *,
    sources: tuple[str, ...],
    as_json: bool,
    heatmap: str | None,
    model: str | None,
    allow_private: bool,
    trust_list: Path | None,
) -> None:
    """Judge images. Exit status 1 when any of them could not be judged."""
    paths = list(expand(sources))
    if not paths:
        raise click.ClickException("There are no files in what you named.")
    if heatmap and len(paths) != 1:
        raise click.UsageError("--heatmap draws one image; name a single file or address.")
    judge = make_judge(model, allow_private, heatmap, trust_list)
    failed = sum(not report(path, judge, as_json) for path in show_progress(paths))
    sys.exit(1 if failed else 0)


def expand(sources: Iterable[str]) -> Iterator[str]:
    """Folders become the files in them, sorted; all else stays as it is."""
    for source in sources:
        if not is_address(source) and Path(source).is_dir():
            yield from (str(path) for path in sorted(Path(source).rglob("*")) if path.is_file())
        else:
            yield source


def is_address(source: str) -> bool:
    """Whether this names something on the web."""
    return source.lower().startswith(("http://", "https://"))


def show_progress(paths: list[str]) -> Iterator[str]:
    """A bar on standard error, where there are many images and someone is watching."""
    if len(paths) < PROGRESS_FROM or not sys.stderr.isatty():
        yield from paths
        return
    with click.progressbar(paths, label="Checking", file=sys.stderr, show_pos=True) as bar:
        yield from bar


def report(path: str, judge: Callable[[str], JudgedFile], as_json: bool) -> bool:
    """Print the line of one image. Returns whether it was judged; if not, stderr says why."""
    try:
        judged = judge(path)
    except (ImageError, NtfError, FileUnreadable) as error:
        click.echo(f"{path}: {error} [{error.code}]", err=True)
        if as_json:
            problem = {"path": path, "error": {"code": error.code, "message": str(error)}}
            click.echo(json.dumps(problem, ensure_ascii=False))
        return False
    click.echo(json.dumps(asdict(judged), ensure_ascii=False) if as_json else in_words(judged))
    return True


def in_words(judged: JudgedFile) -> str:
    """One line for a person, and one more for each thing that the file says about itself."""
    if judged.score is None:
        measured = f"{judged.width} × {judged.height} px"
    else:
        measured = (
            f"score {judged.score:.2f}; "
            f"{(judged.real_photo_p or 0) * 1000:.0f} of 1,000 real photographs look this unusual"
        )
    said = [
        f"\n    {line['sentence']}{' It contradicts the pixels.' * line['contradicts_pixels']}"
        for line in judged.evidence
        if line["state"] not in {None, "none"}
    ]
    return f"{judged.path}: {WORDS[judged.label]} ({measured}){''.join(said)}"


def make_judge(
    model: str | None, allow_private: bool, heatmap: str | None, trust_list: Path | None
) -> Callable[[str], JudgedFile]:
    """The steps of the service, on this machine: get the bytes, decode, read, detect, decide."""
    from images.decoded_image import DecodeLimits
    from images.decoder_pool import DecoderPool
    from images.hashes import sha256_hex
    from images.perceptual_hash import pdq_hash
    from images.provenance.trust_list import TrustListInvalid, load_trust_list
    from ntf.predictor import Predictor
    from scans.file_claims import describe_claims
    from scans.verdict import ImageFacts

    try:
        trusted = load_trust_list(trust_list)
    except TrustListInvalid as error:
        raise click.ClickException(str(error)) from error

    # It gets ready while the detector is loaded.
    pool = DecoderPool(DecodeLimits(), trust_list=trusted)
    click.get_current_context().call_on_close(pool.close)
    predictor = Predictor.load(Path(model) if model else None, threads=2)
    get_bytes = make_reader(allow_private)

    def judge(path: str) -> JudgedFile:
        content = get_bytes(path)
        decoded = pool.decode(content)
        claims = pool.read_provenance(content, decoded.media_type)
        facts = ImageFacts(decoded.width, decoded.height, decoded.limits)
        declared = describe_claims(map(asdict, claims))
        verdict = decide(predictor, decoded.views, facts, declared, heatmap)
        return JudgedFile(
            path=path,
            label=verdict.label,
            score=verdict.score,
            raw_score=verdict.raw_score,
            real_photo_p=verdict.real_photo_p,
            width=decoded.width,
            height=decoded.height,
            model=predictor.info.version,
            evidence=verdict.evidence_rows(),
            sha256=sha256_hex(content),
            pixels_sha256=decoded.pixels_sha256,
            pdq=pdq_hash(decoded.pixels)[0],
            limits=tuple(limit.code for limit in verdict.limits),
        )

    return judge


def decide(
    predictor: "Predictor",
    views: tuple["NDArray[np.uint8]", ...],
    facts: "ImageFacts",
    declared: "tuple[Evidence, ...]",
    heatmap: str | None,
) -> "DecidedVerdict":
    """Detect where there is enough to see, and decide."""
    from ntf.heatmap import render_heatmap
    from scans.verdict import (
        PixelFinding,
        Thresholds,
        can_judge_pixels,
        combine_views,
        decide_verdict,
    )

    info = predictor.info
    thresholds = Thresholds(info.likely_ai_at, info.no_evidence_below, info.min_side_px)
    if not can_judge_pixels(facts):
        return decide_verdict(None, facts, thresholds, declared)
    found = predictor.predict(views)
    findings = [
        PixelFinding(
            one.raw_score, one.real_photo_p, one.calibration_count, one.coverage, one.doubts
        )
        for one in found
    ]
    index, finding = combine_views(findings, thresholds)
    if heatmap:
        Path(heatmap).write_bytes(render_heatmap(views[index], found[index].heatmap))
    return decide_verdict(finding, facts, thresholds, declared)


def make_reader(allow_private: bool) -> Callable[[str], bytes]:
    """Bytes of a file, or of an address by the one safe door."""
    from images.safe_fetch import FetchPolicy, fetch_image

    policy = FetchPolicy(allow_private_addresses=allow_private)

    def get_bytes(path: str) -> bytes:
        if is_address(path):
            return fetch_image(path, policy).content
        try:
            return Path(path).read_bytes()
        except OSError as error:
            raise FileUnreadable(error.strerror or "The file cannot be read.") from error

    return get_bytes
