"""Requests as Hive's documentation shows them, over HTTP; a client changes its address alone."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import pytest
import requests
from sqlalchemy.orm import Session, sessionmaker

from scans.tables import Check, Verdict
from tests.integration.conftest import count_rows, make_key
from tests.integration.service_kit import Service, greenish, reddish, until
from tests.pictures import as_jpeg, as_png

pytestmark = pytest.mark.integrations


class HiveClient:
    """What the documentation's example does, and a caller that reads the classes."""

    def __init__(self, base_url: str, token: str) -> None:
        self.url = f"{base_url}/api/v2/task/sync"
        self.headers = {"accept": "application/json", "Authorization": f"Token {token}"}

    def judge_file(self, content: bytes, **more: Any) -> requests.Response:
        files = {"media": ("happy-kid.png", content)}
        return requests.post(self.url, headers=self.headers, files=files, timeout=60, **more)

    def judge_url(self, url: str) -> requests.Response:
        return requests.post(self.url, headers=self.headers, data={"url": url}, timeout=60)

    @staticmethod
    def scores(answer: requests.Response) -> dict[str, float]:
        answer.raise_for_status()
        (status,) = answer.json()["status"]
        assert status["status"]["code"] == "0"
        (output,) = status["response"]["output"]
        return {found["class"]: found["score"] for found in output["classes"]}


@pytest.fixture
def hive(service: Service, secret: str) -> HiveClient:
    return HiveClient(service.url, secret)


@contextmanager
def resting(service: Service) -> Iterator[None]:
    """Nothing is worked on: our server is slower than anyone waits."""
    service.is_working.clear()
    yield
    service.is_working.set()


def test_a_file_gets_the_two_classes(hive: HiveClient) -> None:
    scores = hive.scores(answer := hive.judge_file(as_png(reddish())))
    assert scores["ai_generated"] == pytest.approx(0.97, abs=0.03)
    assert sum(scores.values()) == pytest.approx(1)
    media = answer.json()["status"][0]["response"]["input"]["media"]
    assert (media["width"], media["mimetype"]) == (320, "image/png")
    assert media["filename"] == "happy-kid.png"


def test_an_address_is_taken_as_a_form_and_as_json(hive: HiveClient, service: Service) -> None:
    url = "http://pictures.example/green.jpg"
    service.pages[url] = as_jpeg(greenish(), 95)
    assert hive.scores(hive.judge_url(url))["not_ai_generated"] > 0.9
    answer = requests.post(hive.url, json={"url": url}, headers=hive.headers, timeout=60)
    assert hive.scores(answer)["not_ai_generated"] > 0.9
    assert count_rows(service.sessions, Check) == 1


def test_a_picture_that_cannot_be_judged_has_no_classes(hive: HiveClient) -> None:
    answer = hive.judge_file(as_png(reddish()[:20, :20]))
    (status,) = answer.json()["status"]
    assert status["status"] == {"code": "1", "message": "NOT_ASSESSABLE"}
    assert status["response"]["output"] == []


def test_what_is_no_picture_is_told_as_that(hive: HiveClient) -> None:
    (status,) = hive.judge_file(b"no picture").json()["status"]
    assert status["status"]["code"] == "1"
    assert status["response"]["output"] == []


@pytest.mark.parametrize("given", ["Token wrong", "Token ", "Basic abc", ""])
def test_a_wrong_token_is_refused_in_hives_form(hive: HiveClient, given: str) -> None:
    hive.headers["Authorization"] = given
    answer = hive.judge_file(as_png(reddish()))
    assert answer.status_code == 401
    assert answer.json()["return_code"] == 401


def test_a_request_without_a_picture_is_refused(hive: HiveClient) -> None:
    answer = requests.post(hive.url, headers=hive.headers, data={"text_data": "hi"}, timeout=60)
    assert answer.status_code == 422
    assert "media" in answer.json()["message"]


def test_tenants_do_not_see_each_others_tasks(
    hive: HiveClient, service: Service, sessions: sessionmaker[Session]
) -> None:
    other = HiveClient(service.url, make_key(sessions, "tenant two"))
    content = as_png(reddish())
    ids = {hive.judge_file(content).json()["id"], other.judge_file(content).json()["id"]}
    assert len(ids) == 2


def test_slow_is_a_503_and_the_task_sent_again_joins_it(hive: HiveClient, service: Service) -> None:
    content = as_png(reddish())
    asked: list[dict[str, Any]] = [{}, {}, {}, {"params": {"when_away": "open"}}]
    with resting(service), ThreadPoolExecutor(len(asked)) as pool:
        *slow, opened = pool.map(lambda more: hive.judge_file(content, **more), asked)
        assert [answer.status_code for answer in slow] == [503] * 3
        assert slow[0].headers["Retry-After"] == "2"
        assert opened.status_code == 200
        assert opened.json()["status"][0]["response"]["output"] == []
    until(lambda: count_rows(service.sessions, Verdict) == 1)
    assert hive.scores(hive.judge_file(content))["ai_generated"] > 0.9
    assert count_rows(service.sessions, Check) == 1


def test_our_500_is_what_a_client_sees_and_makes_nothing(
    hive: HiveClient, service: Service
) -> None:
    service.front.status = "500 Down"
    with pytest.raises(requests.HTTPError, match="500"):
        hive.judge_file(as_png(reddish())).raise_for_status()
    assert count_rows(service.sessions, Check) == 0
