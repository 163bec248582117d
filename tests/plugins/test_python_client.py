"""The Python client, as pip builds it from this repository, against services that misbehave."""

from typing import Any

import pytest

from tests.plugins.scripted_service import Reply, ScriptedService, check_body, problem_body

pytestmark = pytest.mark.integrations
URL = "https://images.example/a.jpg"


def open_client(ntf_client: Any, address: str, pauses: list[float] | None = None) -> Any:
    from ntf_client.sending import Retries

    quick = Retries(attempts=3, first_delay_seconds=1.0, timeout_seconds=0.5)
    slept = [] if pauses is None else pauses
    return ntf_client.Client(address, "k", retries=quick, sleep=slept.append)


def test_a_failing_service_is_asked_again_under_the_same_idempotency_key(ntf_client: Any) -> None:
    pauses: list[float] = []
    failing = Reply(500, problem_body(500, "internal_error"))
    with (
        ScriptedService(failing, failing, Reply()) as service,
        open_client(ntf_client, service.address, pauses) as client,
    ):
        assert client.check_url(URL)["verdict"]["score"] == 0.42
    assert len(service.sent) == 3
    assert len({sent.headers["Idempotency-Key"] for sent in service.sent}) == 1
    assert len({sent.body for sent in service.sent}) == 1
    assert service.sent[0].headers["Authorization"] == "Bearer k"
    assert service.sent[0].headers["Prefer"] == "wait=8"
    assert 0.5 <= pauses[0] <= 1.0 <= pauses[1] <= 2.0


def test_an_uploads_bytes_go_with_each_attempt(ntf_client: Any) -> None:
    with (
        ScriptedService(Reply(503, problem_body(503, "database_unavailable")), Reply()) as service,
        open_client(ntf_client, service.address) as client,
    ):
        client.check_bytes(b"these bytes", url=URL)
    assert len(service.sent) == 2
    assert all(b"these bytes" in sent.body and URL.encode() in sent.body for sent in service.sent)
    assert len({sent.headers["Idempotency-Key"] for sent in service.sent}) == 1


def test_two_requests_have_two_keys_and_a_callers_own_is_kept(ntf_client: Any) -> None:
    with (
        ScriptedService(Reply()) as service,
        open_client(ntf_client, service.address) as client,
    ):
        client.check_url(URL)
        client.check_url(URL)
        client.check_url(URL, idempotency_key="mine")
    keys = [sent.headers["Idempotency-Key"] for sent in service.sent]
    assert len(set(keys)) == 3
    assert keys[2] == "mine"


def test_a_check_that_is_not_done_is_read_until_it_is(ntf_client: Any) -> None:
    waiting = check_body(status="detecting", verdict=None)
    with (
        ScriptedService(Reply(202, waiting), Reply(200, waiting), Reply()) as service,
        open_client(ntf_client, service.address) as client,
    ):
        assert client.check_url(URL)["status"] == "done"
    assert [sent.method for sent in service.sent] == ["POST", "GET", "GET"]


def test_a_check_that_does_not_end_in_time_is_named(ntf_client: Any) -> None:
    waiting = check_body(status="queued", verdict=None)
    with (
        ScriptedService(Reply(202, waiting)) as service,
        open_client(ntf_client, service.address) as client,
        pytest.raises(ntf_client.StillOpen) as raised,
    ):
        client.check_url(URL, timeout_seconds=0)
    assert raised.value.check_id == waiting["id"]


@pytest.mark.parametrize(("status", "code"), [(401, "key_required"), (422, "url_invalid")])
def test_what_asking_again_cannot_change_is_told_at_once(
    ntf_client: Any, status: int, code: str
) -> None:
    with (
        ScriptedService(Reply(status, problem_body(status, code))) as service,
        open_client(ntf_client, service.address) as client,
        pytest.raises(ntf_client.ApiProblem) as raised,
    ):
        client.check_url(URL)
    assert (raised.value.status, raised.value.code) == (status, code)
    assert len(service.sent) == 1


def test_a_service_that_asks_for_a_wait_gets_it_and_for_a_long_one_is_left(
    ntf_client: Any,
) -> None:
    pauses: list[float] = []
    limited = problem_body(429, "too_many_requests")
    soon, late = ({"Retry-After": "7"}, {"Retry-After": "60"})
    with (
        ScriptedService(Reply(429, limited, soon), Reply(429, limited, late)) as service,
        open_client(ntf_client, service.address, pauses) as client,
        pytest.raises(ntf_client.ApiProblem) as raised,
    ):
        client.list_models()
    assert pauses == [7.0]
    assert raised.value.retry_after_seconds == 60
    assert len(service.sent) == 2


def test_a_service_that_is_late_gets_each_attempt_and_no_more(ntf_client: Any) -> None:
    with (
        ScriptedService(Reply(is_late=True)) as service,
        open_client(ntf_client, service.address) as client,
        pytest.raises(ntf_client.ServerAway),
    ):
        client.check_url(URL)
    assert len(service.sent) == 3
    assert len({sent.headers["Idempotency-Key"] for sent in service.sent}) == 1


def test_a_service_that_is_away_is_an_error_after_all_attempts(
    ntf_client: Any, nobody: str
) -> None:
    pauses: list[float] = []
    with open_client(ntf_client, nobody, pauses) as client, pytest.raises(ntf_client.ServerAway):
        client.list_models()
    assert len(pauses) == 2


def test_an_unknown_image_is_none_and_pages_are_read_one_after_another(ntf_client: Any) -> None:
    with (
        ScriptedService(Reply(404, problem_body(404, "verdict_not_found"))) as service,
        open_client(ntf_client, service.address) as client,
    ):
        assert client.find_verdict("0" * 64) is None
    pages = [{"checks": [check_body()], "next_cursor": cursor} for cursor in ("more", None)]
    with (
        ScriptedService(*(Reply(body=page) for page in pages)) as service,
        open_client(ntf_client, service.address) as client,
    ):
        assert len(list(client.list_checks())) == 2
    assert service.sent[1].path.endswith("cursor=more")


def test_a_redirect_is_not_followed_with_the_key(ntf_client: Any, nobody: str) -> None:
    with (
        ScriptedService(Reply(307, {}, {"Location": nobody})) as service,
        open_client(ntf_client, service.address) as client,
        pytest.raises(ntf_client.ApiProblem) as raised,
    ):
        client.check_url(URL)
    assert raised.value.status == 307
