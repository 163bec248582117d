"""From what moderators decided to a candidate that the gate has judged. No torch.

Reads like the sentence: collect labels, look at their images with the frozen encoder, learn heads,
judge candidate and live side by side, and let the candidate into the shadow or refuse it. A run
that was killed goes on where it was. Everything it needs is passed in.
"""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import numpy as np
import structlog
from sqlalchemy.orm import Session, sessionmaker

from images.decoded_image import DecodedImage
from images.errors import ImageError
from ntf.assemble import assemble
from ntf.feature_set import FILE, Described, FeatureSet, load_features, save_features
from ntf.features import FeatureReader
from ntf.fit_heads import fit_heads
from ntf.heads import HEADS, load_heads
from ntf.predictor import read_branches, read_info
from ntf.recalibrate import recalibrate
from scans.errors import ImageNotStored, ModelNotFound
from scans.image_store import ImageStore
from scans.label_rows import list_regression_cases, read_opinions
from scans.label_rules import Label, gather
from scans.model_gate import may_replace
from scans.model_store import ModelStore
from scans.model_tables import Retraining
from scans.models import (
    add_candidate,
    add_report,
    begin_canary,
    find_live_version,
    refuse_candidate,
)
from scans.retraining_rows import alone, begin, end, find_last, find_unfinished, read_label
from scans.tables import ModelVersion
from worker.gate_evidence import LABELS_PART, JudgedModel, gather_evidence
from worker.model_facts import model_facts

log = structlog.get_logger()
# All labels together count at most as much as half of the replayed images, one at most as four.
LABELS_OVER_REPLAY, MOST_OF_A_LABEL = 0.5, 4.0
# Fewer than this teach nothing that the gate could see.
MIN_TRAINING_LABELS = 10


@dataclass(frozen=True, slots=True)
class RetrainTools:
    """What retraining needs.

    Attributes:
        configured: the folder of the model that the workers' setting names.
        decode: file bytes to pixels, in its sandbox.
    """

    sessions: sessionmaker[Session]
    store: ImageStore
    models: ModelStore
    configured: Path
    decode: Callable[[bytes], DecodedImage]
    min_labels: int
    threads: int = 1


@dataclass(frozen=True, slots=True)
class Base:
    """The live model, to learn from."""

    version: str
    folder: Path
    features: FeatureSet


@dataclass(frozen=True, slots=True)
class Run:
    """A run as it stands.

    Attributes:
        version: of its candidate, where it has trained already.
    """

    id: UUID
    labels: list[Label]
    version: str | None
    left_out: dict[str, int]


@dataclass(frozen=True, slots=True)
class Looked:
    """The encoder, and what it saw of the labelled pictures; None where all bytes are gone."""

    reader: FeatureReader
    labelled: FeatureSet | None

    def part(self, name: str) -> FeatureSet | None:
        """`learned` or `kept_back`; None where it is empty."""
        part = self.labelled.part(name) if self.labelled is not None else None
        return part if part is not None and len(part) else None


def retrain(tools: RetrainTools, *, is_asked_for: bool) -> str:
    """One run, or what is left of one. Returns its outcome, or `not_due`.

    Raises:
        RetrainingBusy: another process is at it.
        ModelNotFound, DetectorUnavailable, FeaturesInvalid: there is nothing to learn from.
    """
    with alone(tools.sessions):
        base = find_base(tools)
        run = begin_or_go_on(base, tools, is_asked_for=is_asked_for)
        if run is None:
            return "not_due"
        reader = FeatureReader(base.folder, threads=tools.threads)
        settings, _ = read_branches(base.folder)
        looked = Looked(reader, look_at_labels(run.labels, reader, settings, tools))
        version = run.version or learn(run, base, looked, tools)
        if version is None:
            return finish(run, "too_few_labels", tools)
        return judge(replace(run, version=version), base, looked, tools)


def find_base(tools: RetrainTools) -> Base:
    """The live model with the features that belong to its encoder.

    Raises:
        ModelNotFound: nothing is live yet, or it lies on another machine.
        FeaturesInvalid: its folder has no features.
    """
    with tools.sessions.begin() as session:
        version = find_live_version(session)
        model = session.get(ModelVersion, version) if version else None
        stored = model.stored_sha256 if model else None
    if version is None:
        raise ModelNotFound("No model is live yet: start a worker that detects.")
    folder = tools.models.open_checked(version, stored) if stored else tools.configured
    if not stored and read_info(folder).version != version:
        raise ModelNotFound(f"{version} is live, and is neither configured here nor stored.")
    return Base(version, folder, load_features(folder / FILE))


def begin_or_go_on(base: Base, tools: RetrainTools, *, is_asked_for: bool) -> Run | None:
    """The run that was broken off, or a new one where there are enough new labels.

    One that was begun from another model than is live now is ended: its candidate would be
    compared with the wrong one.
    """
    holdout = [one.pdq for one in base.features.described if one.part == "holdout"]
    with tools.sessions.begin() as session:
        open_run = find_unfinished(session)
        if open_run is not None and open_run.learned_from == base.version:
            labels = [read_label(row) for row in open_run.labels]
            return Run(open_run.id, labels, open_run.version, {})
        if open_run is not None:
            end(open_run, "failed")
            session.flush()
        found = gather(read_opinions(session), holdout)
        last = find_last(session)
        known = {row["picture"] for row in last.labels} if last else set()
        new = sum(label.picture not in known for label in found.labels)
        if not is_asked_for and new < tools.min_labels:
            return None
        run = begin(session, base.version, list(found.labels))
        log.info("retraining_begun", labels=len(found.labels), new_labels=new)
        return Run(run.id, list(found.labels), None, found.left_out)


def look_at_labels(
    labels: Sequence[Label],
    reader: FeatureReader,
    settings: dict[str, Any],
    tools: RetrainTools,
) -> FeatureSet | None:
    """The features of labelled pictures; those whose bytes are gone are left out.

    Args:
        settings: of the live model.
    """
    kept = [(label, read_features(label.image_sha256, reader, tools)) for label in labels]
    there = [(label, features) for label, features in kept if features is not None]
    if not there:
        return None
    described = [
        Described(
            "kept_back" if label.is_kept_back else "learned",
            label.is_ai,
            "label",
            "label",
            LABELS_PART,
            label.picture,
        )
        for label, _ in there
    ]
    joined = there[0][1]
    for _, features in there[1:]:
        joined = joined.join(features)
    found = replace(joined, described=tuple(described))
    live = JudgedModel(reader.heads, settings)
    return drop_lone_pardons(found, [len(label.accounts) for label, _ in there], live)


def drop_lone_pardons(
    labelled: FeatureSet, accounts: Sequence[int], live: JudgedModel
) -> FeatureSet | None:
    """Leave out what one account alone calls real against a confident live verdict.

    Such labels open doors: a few of them, on AI-made images with a mark of the attacker's own, made
    a candidate blind to the mark, and no hold-out knows of it (docs/poisoning.md). Two people who
    agree are believed.
    """
    pairs = zip(labelled.described, accounts, live.say(labelled), strict=True)
    kept = [one.is_ai or count > 1 or said.label != "likely_ai" for one, count, said in pairs]
    return labelled.select(np.array(kept)) if any(kept) else None


def read_features(sha256: str, reader: FeatureReader, tools: RetrainTools) -> FeatureSet | None:
    """One image's features, kept so that a run which goes on need not look again."""
    folder = tools.models.folder / "looked" / reader.encoder
    path = folder / f"{sha256}.npz"
    if not path.exists():
        try:
            pixels = tools.decode(tools.store.read("bytes", sha256)).pixels
        except (ImageNotStored, ImageError) as error:
            log.info("label_left_out", image_sha256=sha256, reason=str(error))
            return None
        folder.mkdir(parents=True, exist_ok=True)
        one = Described("learned", False, "", "", LABELS_PART)
        save_features(FeatureSet.of([one], reader.read([pixels])), path)
    return load_features(path)


def learn(run: Run, base: Base, looked: Looked, tools: RetrainTools) -> str | None:
    """Train and store a candidate. Returns its version; None where there is too little to learn."""
    learned = looked.part("learned")
    if learned is None or len(learned) < MIN_TRAINING_LABELS:
        return None
    replay = base.features.part("replay")
    weight = min(MOST_OF_A_LABEL, LABELS_OVER_REPLAY * len(replay) / len(learned))
    weights = np.concatenate([np.ones(len(replay)), np.full(len(learned), weight)])
    heads = fit_heads(looked.reader.heads, replay.join(learned), weights)
    settings, _ = read_branches(base.folder)
    written = recalibrate(settings, heads, base.features.part("calibration"))
    day = datetime.now(UTC).strftime("%Y.%m.%d")
    version = assemble(
        base.folder, written, heads, base.folder / FILE, tools.models.folder, day=day
    )
    with tools.sessions.begin() as session:
        add_candidate(
            session,
            model_facts(read_info(tools.models.path_of(version))),
            learned_from=base.version,
            stored_sha256=tools.models.digest_of(version),
        )
        add_report(session, version, "trained", describe_training(run, learned, weight))
        session.get_one(Retraining, run.id).version = version
    log.info("candidate_trained", version=version, labels=len(learned))
    return version


def describe_training(run: Run, learned: FeatureSet, weight: float) -> dict[str, Any]:
    """What a candidate was made from."""
    accounts: dict[str, int] = {}
    for label in run.labels:
        for account in label.accounts:
            accounts[account] = accounts.get(account, 0) + 1
    return {
        "labels": len(run.labels),
        "learned": len(learned),
        "learned_ai": int(learned.is_ai.sum()),
        "weight_of_a_label": round(weight, 3),
        "accounts": len(accounts),
        "most_of_one_account": max(accounts.values(), default=0),
        "left_out": run.left_out,
    }


def judge(run: Run, base: Base, looked: Looked, tools: RetrainTools) -> str:
    """Candidate and live side by side; into the shadow, or refused with the reasons."""
    assert run.version is not None
    reader, version = looked.reader, run.version
    live = JudgedModel(reader.heads, read_branches(base.folder)[0])
    folder = tools.models.path_of(version)
    candidate = JudgedModel(load_heads(folder / HEADS), read_branches(folder)[0])
    with tools.sessions.begin() as session:
        cases = [
            (str(case.review_id), case.image_sha256, case.expected)
            for case in list_regression_cases(session)
        ]
    answers = [
        (review, expected, features)
        for review, sha256, expected in cases
        if (features := read_features(sha256, reader, tools)) is not None
    ]
    evidence = gather_evidence(
        base.features.part("holdout"), looked.part("kept_back"), answers, live, candidate
    )
    gate = may_replace(evidence)
    report = {
        "may_replace": gate.may_replace,
        "reasons": list(gate.reasons),
        "slices": [asdict(one) for one in gate.slices],
        "regression_cases": len(answers),
        "regression_cases_gone": len(cases) - len(answers),
        "compared_with": base.version,
    }
    with tools.sessions.begin() as session:
        add_report(session, version, "gated", report)
        if gate.may_replace:
            begin_canary(session, version, {"compared_with": base.version})
        else:
            refuse_candidate(session, version, {"reasons": list(gate.reasons)})
        end(session.get_one(Retraining, run.id), "canary" if gate.may_replace else "refused")
    log.info("candidate_judged", version=version, reasons=list(gate.reasons))
    return "canary" if gate.may_replace else "refused"


def finish(run: Run, outcome: str, tools: RetrainTools) -> str:
    """End a run that made nothing."""
    with tools.sessions.begin() as session:
        end(session.get_one(Retraining, run.id), outcome)
    return outcome
