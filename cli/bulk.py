"""`ntf bulk`: many addresses to a running service and their verdicts back, as CSV or JSON lines."""

import csv
import hashlib
import json
import os
import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import click

BATCH_URLS = 1000  # what the service takes in one call
PAGE_CHECKS = 100
POLL_SECONDS = 1.0
TRIES = 6
PASSING = {408, 425, 429, 500, 502, 503, 504}
IMPORTED = ("url", "check_id", "status", "label", "error")
EXPORTED = (
    "id",
    "created_at",
    "status",
    "url",
    "page_url",
    "sha256",
    "label",
    "score",
    "real_photo_p",
    "human",
    "error",
    "model",
)
KINDS = {".csv": "CSV", ".jsonl": "JSON lines"}


@dataclass(frozen=True, slots=True)
class Remote:
    """The service that is spoken to."""

    url: str
    key: str

    def ask(self, method: str, path: str, **content: Any) -> dict[str, Any]:
        """Ask, and again after what passes by itself; a repeated batch is made once by its key.

        Raises:
            ClickException: it says no, or does not answer.
        """
        import requests

        headers = {"Authorization": f"Bearer {self.key}", **content.pop("headers", {})}
        reason = ""
        for attempt in range(TRIES):
            if attempt:
                time.sleep(min(2 ** (attempt - 2), 10))
            try:
                answer = requests.request(
                    method, f"{self.url}{path}", headers=headers, timeout=60, **content
                )
            except requests.RequestException as error:
                reason = f"it cannot be reached ({type(error).__name__})"
                continue
            if answer.ok:
                body: dict[str, Any] = answer.json()
                return body
            reason = f"{answer.status_code} {answer.text[:300]}"
            if answer.status_code not in PASSING:
                break
        raise click.ClickException(f"{self.url} did not do it: {reason}")


@click.group()
@click.option("--server", default="http://127.0.0.1:8080", envvar="NTF_URL", show_default=True)
@click.option(
    "--key-file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="A file with the key in it.  [default: the variable NTF_KEY]",
)
@click.pass_context
def command(context: click.Context, server: str, key_file: Path | None) -> None:
    """Send many addresses to a running service, or fetch its verdicts."""
    key = key_file.read_text().strip() if key_file else os.environ.get("NTF_KEY", "")
    if not key:
        raise click.UsageError("Set NTF_KEY, or name a file with --key-file.")
    context.obj = Remote(server.rstrip("/"), key)


@command.command("import")
@click.argument("source", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--out", required=True, type=click.Path(dir_okay=False, path_type=Path))
@click.option("--urgency", type=click.Choice(["moderation", "backfill"]), default="backfill")
@click.pass_obj
def import_addresses(remote: Remote, source: Path, out: Path, urgency: str) -> None:
    """Check the column `url` (and `page_url`) of SOURCE, a .csv or .jsonl file.

    Begun again with the same file within a day, it goes on with the batches that it made.
    """
    wanted = list(read_rows(source))
    if not wanted:
        raise click.ClickException(f"There are no addresses in {source}.")
    batches = [
        start_batch(remote, wanted[first : first + BATCH_URLS], first, urgency)
        for first in range(0, len(wanted), BATCH_URLS)
    ]
    wait_for_batches(remote, batches, len(wanted))
    failed = 0
    with open_rows(out, IMPORTED) as write:
        for batch_id in batches:
            for item in remote.ask("GET", f"/v1/batches/{batch_id}")["items"]:
                failed += item["label"] is None
                write({**item, "error": item["error"] and item["error"]["code"]})
    click.echo(f"{len(wanted)} addresses, {failed} of them without a verdict: {out}", err=True)
    sys.exit(1 if failed else 0)


@command.command("export")
@click.option("--out", required=True, type=click.Path(dir_okay=False, path_type=Path))
@click.option("--from", "created_from", help="RFC 3339, such as 2026-11-24T00:00:00Z")
@click.option("--before", "created_before", help="RFC 3339")
@click.option(
    "--label", type=click.Choice(["likely_ai", "uncertain", "no_evidence", "not_assessable"])
)
@click.pass_obj
def export_checks(
    remote: Remote, out: Path, created_from: str | None, created_before: str | None, label: str
) -> None:
    """Write your checks and verdicts to a .csv or .jsonl file, the newest first."""
    wanted = {"created_from": created_from, "created_before": created_before, "label": label}
    query = {name: value for name, value in wanted.items() if value}
    count = 0
    found = list_checks(remote, query)
    with open_rows(out, EXPORTED) as write, show_bar("Exporting", iterable=found) as checks:
        for check in checks:
            write(flatten(check))
            count += 1
    click.echo(f"{count} checks: {out}", err=True)


def read_rows(source: Path) -> Iterator[dict[str, str]]:
    """The addresses of a file, by its name's ending.

    Raises:
        ClickException: it is of neither kind, or a line has no `url`.
    """
    kind = kind_of(source)
    with source.open(newline="", encoding="utf-8-sig") as file:
        rows: Iterable[Any] = csv.DictReader(file) if kind == "CSV" else read_json_lines(file)
        for number, row in enumerate(rows, start=1):
            if not isinstance(row, dict) or not row.get("url"):
                raise click.ClickException(f"{source}: row {number} has no `url`.")
            yield {name: row[name] for name in ("url", "page_url") if row.get(name)}


def read_json_lines(file: IO[str]) -> Iterator[Any]:
    """A value for each line that is not empty.

    Raises:
        ClickException: a line is not JSON.
    """
    for number, line in enumerate(file, start=1):
        if line.strip():
            try:
                yield json.loads(line)
            except ValueError as error:
                raise click.ClickException(f"line {number} is not JSON: {error}") from error


def start_batch(remote: Remote, rows: list[dict[str, str]], first: int, urgency: str) -> str:
    """Returns the batch's id. Its key is a hash of the rows: a repetition makes no other."""
    body = {"urls": rows, "urgency": urgency}
    content = json.dumps([first, body], sort_keys=True).encode()
    headers = {"Idempotency-Key": hashlib.sha256(content).hexdigest()}
    return str(remote.ask("POST", "/v1/batches", json=body, headers=headers)["id"])


def wait_for_batches(remote: Remote, batches: list[str], total: int) -> None:
    """Look until all have ended, and show how far they are."""
    with show_bar("Checking", length=total) as bar:
        shown = 0
        while True:
            counts = [remote.ask("GET", f"/v1/batches/{one}")["counts"] for one in batches]
            ended = sum(one["done"] + one["failed"] + one["refused"] for one in counts)
            bar.update(ended - shown)
            shown = ended
            if ended >= total:
                return
            time.sleep(POLL_SECONDS)


def list_checks(remote: Remote, query: dict[str, str]) -> Iterator[dict[str, Any]]:
    """All checks of the key's tenant, page by page."""
    cursor: dict[str, str] = {}
    while True:
        page = remote.ask("GET", "/v1/checks", params={**query, **cursor, "limit": PAGE_CHECKS})
        yield from page["checks"]
        if page["next_cursor"] is None:
            return
        cursor = {"cursor": page["next_cursor"]}


def flatten(check: dict[str, Any]) -> dict[str, Any]:
    """A check as one row."""
    verdict, image = check["verdict"] or {}, check["image"] or {}
    return {
        **{name: check[name] for name in ("id", "created_at", "status", "url", "page_url")},
        "sha256": image.get("sha256"),
        **{name: verdict.get(name) for name in ("label", "score", "real_photo_p")},
        "human": (verdict.get("human") or {}).get("says"),
        "error": (check["error"] or {}).get("code"),
        "model": (verdict.get("model") or {}).get("version"),
    }


@contextmanager
def open_rows(out: Path, columns: tuple[str, ...]) -> Iterator[Any]:
    """A function that writes a row; the file appears under its name when all are written."""
    kind = kind_of(out)
    half = out.with_name(f".{out.name}.part")
    with half.open("w", newline="", encoding="utf-8") as file:
        if kind == "CSV":
            table = csv.DictWriter(file, columns, extrasaction="ignore")
            table.writeheader()
            yield lambda row: table.writerow({name: guard_cell(row[name]) for name in columns})
        else:
            yield lambda row: file.write(
                json.dumps({name: row[name] for name in columns}, ensure_ascii=False) + "\n"
            )
    half.replace(out)


def guard_cell(value: Any) -> Any:
    """A text that a spreadsheet would take for a formula gets an apostrophe before it (OWASP)."""
    is_formula = isinstance(value, str) and value.startswith(("=", "+", "-", "@", "\t", "\r"))
    return f"'{value}" if is_formula else value


def kind_of(path: Path) -> str:
    """CSV or JSON lines.

    Raises:
        ClickException: the name ends in neither.
    """
    kind = KINDS.get(path.suffix.lower())
    if kind is None:
        raise click.ClickException(f"{path}: name a file that ends in {' or '.join(KINDS)}.")
    return kind


@contextmanager
def show_bar(label: str, **over: Any) -> Iterator[Any]:
    """A bar on standard error, for whoever is watching, over `length` or `iterable`."""
    bar: Any = click.progressbar(
        label=label, file=sys.stderr, show_pos=True, hidden=not sys.stderr.isatty(), **over
    )
    with bar:
        yield bar
