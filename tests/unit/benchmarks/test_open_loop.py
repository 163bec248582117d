"""The open loop and its summary."""

from benchmarks.caller import Request, look_up, make_pictures, upload
from benchmarks.open_loop import Outcome, as_row, drive, summarise
from benchmarks.traffic import MIX, mixed


def test_every_request_is_sent_once_and_in_order() -> None:
    requests = [Request("GET", f"/{at}", None, (200,)) for at in range(20)]
    outcomes, _ = drive(requests, lambda one: 200 if one.path != "/7" else 503, 1000.0)
    assert [outcome.request for outcome in outcomes] == requests
    assert [outcome.request.path for outcome in outcomes if not outcome.is_right] == ["/7"]


def test_a_summary_has_percentiles_and_the_pace() -> None:
    summary = summarise([Outcome(look_up(b"x"), float(ms), 200) for ms in range(1, 101)], 10.0, 20)
    assert (summary["p50_ms"], summary["p95_ms"], summary["p99_ms"]) == (50, 95, 99)
    assert (summary["answered_a_second"], summary["errors"]) == (5, {})


def test_wrong_answers_are_counted_by_status() -> None:
    outcomes = [Outcome(look_up(b"x"), 1.0, status) for status in (200, 404, 404, 0)]
    summary = summarise(outcomes, 1.0, 4.0)
    assert summary["errors"] == {"404": 2, "0": 1}
    assert as_row("known", summary)[-1] == "2 x 404, 1 x 0"


def test_pictures_are_different_files_and_an_upload_holds_its_own() -> None:
    pictures = make_pictures(1)
    first, second = next(pictures), next(pictures)
    assert first != second
    body = upload(first, (200,)).body
    assert body is not None
    assert first in body


def test_the_mix_has_every_kind_and_no_slow_host_where_there_is_none() -> None:
    stream = mixed([next(make_pictures(1))], 3, "http://127.0.0.1:1")
    kinds = {next(stream).kind for _ in range(200)}
    assert kinds == MIX.keys()
    alone = mixed([next(make_pictures(1))], 3, None)
    assert "slow host" not in {next(alone).kind for _ in range(200)}
