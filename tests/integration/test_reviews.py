"""The moderators' queue over real rows: filled, claimed, decided, undone, appealed."""

import re
import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from types import ModuleType
from typing import Any
from uuid import UUID

import pytest
from flask.testing import FlaskClient
from flask_openapi3 import OpenAPI
from sqlalchemy import func, select, update
from sqlalchemy.orm import Session, sessionmaker

from scans.keys import create_tenant_with_person
from scans.review_tables import Decision, RegressionCase, Review
from scans.reviews import Moderator, claim_next, release_review
from scans.tables import Verdict
from tests.integration.callers import fill_sign_in, judge, make_caller
from tests.pictures import as_jpeg, as_png, noise, photograph

Sessions = sessionmaker[Session]
MakeItem = Callable[[int], dict[str, Any]]


@pytest.fixture
def item(client: FlaskClient, tasks: ModuleType, sessions: Sessions) -> MakeItem:
    """Makes a check whose picture waits for a person, by an appeal."""

    def make(seed: int) -> dict[str, Any]:
        check = judge(client, tasks, as_jpeg(noise(seed)))
        client.post(f"/v1/checks/{check['id']}/appeal", json={})
        return check

    return make


@pytest.fixture
def moderator(app: OpenAPI, sessions: Sessions, client: FlaskClient) -> FlaskClient:
    return make_caller(app, sessions, person="Ada", role="moderator")


@pytest.fixture
def colleague(app: OpenAPI, sessions: Sessions, client: FlaskClient) -> FlaskClient:
    return make_caller(app, sessions, person="Grace", role="moderator")


@pytest.fixture
def two_votes(app: OpenAPI) -> Any:
    services = app.extensions["ntf"]
    app.extensions["ntf"] = replace(
        services, settings=services.settings.model_copy(update={"review_votes_needed": 2})
    )
    yield
    app.extensions["ntf"] = services


def set_label(sessions: Sessions, check: dict[str, Any], label: str) -> None:
    """What the detector says is not what these tests are about."""
    with sessions.begin() as session:
        session.execute(update(Verdict).where(Verdict.check_id == check["id"]).values(label=label))


def take_next(client: FlaskClient) -> dict[str, Any]:
    return client.post("/v1/reviews/claim").json


def decide(client: FlaskClient, review: dict[str, Any], says: str, **more: str):
    return client.post(f"/v1/reviews/{review['id']}/decision", json={"says": says, **more})


@pytest.mark.parametrize("role", ["reader", "integration"])
def test_the_queue_is_closed_to_others(app: OpenAPI, sessions: Sessions, role: str) -> None:
    answer = make_caller(app, sessions, role=role).get("/v1/reviews")
    assert (answer.status_code, answer.json["code"]) == (403, "role_insufficient")


def test_uncertain_and_contradicted_verdicts_come_by_themselves(
    client: FlaskClient, tasks: ModuleType, moderator: FlaskClient, sessions: Sessions
) -> None:
    checks = [judge(client, tasks, as_jpeg(noise(seed))) for seed in range(50, 56)]
    expected = {
        check["id"]: "contradiction"
        if any(line["contradicts_pixels"] for line in check["verdict"]["evidence"])
        else "uncertain"
        for check in checks
        if check["verdict"]["label"] == "uncertain"
    }
    assert expected, "the tiny detector is sure of all of these; take others"
    reviews = moderator.get("/v1/reviews").json
    found = {one["check"]["id"]: one["reason"] for one in reviews["reviews"]}
    assert {key: found[key] for key in expected} == expected
    assert reviews["waiting"]["uncertain"] == len(expected)


def test_appeals_go_first_then_by_age(
    client: FlaskClient, moderator: FlaskClient, item: MakeItem, sessions: Sessions
) -> None:
    old, new = item(61), item(62)
    with sessions.begin() as session:
        session.execute(
            update(Review)
            .where(Review.check_id == new["id"])
            .values(reason="uncertain", due_at=func.now() + timedelta(hours=1))
        )
    newest = item(63)
    order = [one["check"]["id"] for one in moderator.get("/v1/reviews").json["reviews"]]
    assert order == [old["id"], newest["id"], new["id"]]
    claimed = [take_next(moderator)["check"]["id"] for _ in range(3)]
    assert claimed == order
    assert take_next(moderator)["code"] == "review_not_found"


def test_one_picture_waits_once_and_an_appeal_moves_it_to_the_front(
    client: FlaskClient, tasks: ModuleType, moderator: FlaskClient, sessions: Sessions
) -> None:
    pixels = noise(64)
    one = judge(client, tasks, as_png(pixels))
    client.post(f"/v1/checks/{one['id']}/appeal", json={})
    other = judge(client, tasks, as_png(pixels) + b"more behind the end")
    assert other["image"]["sha256"] != one["image"]["sha256"]
    appealed = client.post(f"/v1/checks/{other['id']}/appeal", json={"reason": "it is mine"})
    assert appealed.status_code == 201
    reviews = moderator.get("/v1/reviews").json["reviews"]
    assert [review["reason"] for review in reviews] == ["appeal"]


def test_people_at_once_never_claim_the_same_item(
    app: OpenAPI, item: MakeItem, sessions: Sessions, client: FlaskClient
) -> None:
    made = {item(seed)["id"] for seed in range(70, 78)}
    people = [make_caller(app, sessions, person=f"p{i}", role="moderator") for i in range(4)]
    claimed: list[str] = []
    start = threading.Barrier(len(people))

    def work(person: FlaskClient) -> None:
        start.wait()
        while "id" in (review := take_next(person)):
            claimed.append(review["check"]["id"])

    threads = [threading.Thread(target=work, args=[person]) for person in people]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(claimed) == sorted(made)


def test_a_claim_is_held_released_and_runs_out(
    moderator: FlaskClient, colleague: FlaskClient, item: MakeItem, sessions: Sessions
) -> None:
    item(80)
    review = take_next(moderator)
    assert review["is_mine"]
    address = f"/v1/reviews/{review['id']}"
    assert colleague.post(f"{address}/claim").json["code"] == "review_taken"
    assert decide(colleague, review, "ai").json["code"] == "review_not_held"
    assert colleague.post(f"{address}/release").json["code"] == "review_not_held"
    assert moderator.post(f"{address}/release").status_code == 204
    assert colleague.post(f"{address}/claim").json["is_mine"]
    with sessions.begin() as session:
        session.execute(update(Review).values(claimed_until=func.now() - timedelta(seconds=1)))
    assert take_next(moderator)["id"] == review["id"]
    assert decide(colleague, review, "ai").json["code"] == "review_not_held"


def test_what_one_person_skips_comes_last_for_them_alone(
    app: OpenAPI, secret: str, item: MakeItem, sessions: Sessions
) -> None:
    skipped, other = item(86)["id"], item(87)["id"]
    with sessions.begin() as session:
        ada, grace = (
            create_tenant_with_person(session, "tenant one", name) for name in ("Ada", "Grace")
        )
        moderators = [Moderator(person.tenant_id, person.id) for person in (ada, grace)]

    def claim(moderator: Moderator) -> Review:
        with sessions.begin() as session:
            review = claim_next(session, moderator, reason=None, claim_seconds=60)
            assert review is not None
            return review

    def release(moderator: Moderator, review: Review, *, is_skipped: bool) -> None:
        with sessions.begin() as session:
            release_review(session, moderator, review.id, is_skipped=is_skipped)

    first = claim(moderators[0])
    release(moderators[0], first, is_skipped=True)
    second = claim(moderators[0])
    assert [first.check_id, second.check_id] == [UUID(skipped), UUID(other)]
    for_grace = claim(moderators[1])
    assert for_grace.id == first.id
    release(moderators[1], for_grace, is_skipped=False)
    assert claim(moderators[0]).id == first.id


def test_a_decision_stands_over_the_label_wherever_the_picture_is_shown(
    client: FlaskClient, tasks: ModuleType, moderator: FlaskClient, item: MakeItem
) -> None:
    check = item(81)
    label = check["verdict"]["label"]
    decided = decide(moderator, take_next(moderator), "real", reason="seen on the roll of film")
    assert decided.json["status"] == "decided"
    sha256 = check["image"]["sha256"]
    shown = [
        client.get(f"/v1/checks/{check['id']}").json,
        client.get(f"/v1/verdicts?sha256={sha256}").json,
        client.get("/v1/checks").json["checks"][0],
        decided.json["check"],
    ]
    for body in shown:
        assert body["verdict"]["label"] == label
        assert body["verdict"]["human"]["says"] == "real"
        assert body["verdict"]["human"]["reason"] == "seen on the roll of film"
    again = judge(client, tasks, as_jpeg(noise(81)) + b"the same pixels in another file")
    assert again["id"] != check["id"]
    assert again["verdict"]["human"]["says"] == "real"
    assert moderator.get("/v1/reviews").json["reviews"] == []


def test_another_tenant_sees_none_of_it(
    app: OpenAPI, tasks: ModuleType, moderator: FlaskClient, item: MakeItem, sessions: Sessions
) -> None:
    item(82)
    review = take_next(moderator)
    decide(moderator, review, "real")
    stranger = make_caller(app, sessions, tenant="tenant two", role="moderator")
    assert stranger.get("/v1/reviews?status=decided").json["reviews"] == []
    for address in (f"/v1/reviews/{review['id']}", f"/v1/reviews/{review['id']}/statement"):
        assert stranger.get(address).json["code"] == "review_not_found"
    for act in ("claim", "release", "undo"):
        answer = stranger.post(f"/v1/reviews/{review['id']}/{act}")
        assert answer.json["code"] == "review_not_found"
    assert decide(stranger, review, "ai").json["code"] == "review_not_found"
    own = judge(stranger, tasks, as_jpeg(noise(82)))
    assert own["verdict"]["human"] is None


def test_undo_brings_everything_back_and_keeps_the_record(
    client: FlaskClient, moderator: FlaskClient, item: MakeItem, sessions: Sessions
) -> None:
    check = item(83)
    set_label(sessions, check, "likely_ai")
    review = take_next(moderator)
    decide(moderator, review, "real")
    undone = moderator.post(f"/v1/reviews/{review['id']}/undo").json
    assert (undone["status"], undone["is_mine"], undone["outcome"]) == ("waiting", True, None)
    assert client.get(f"/v1/checks/{check['id']}").json["verdict"]["human"] is None
    with sessions.begin() as session:
        assert session.scalars(select(RegressionCase)).all() == []
        assert session.scalars(select(Decision)).one().undone_at is not None
    assert decide(moderator, review, "ai").json["outcome"] == "ai"
    with sessions.begin() as session:
        session.execute(update(Decision).values(created_at=func.now() - timedelta(hours=1)))
    late = moderator.post(f"/v1/reviews/{review['id']}/undo")
    assert (late.status_code, late.json["code"]) == (409, "undo_too_late")


def test_a_reversal_becomes_a_regression_case(
    client: FlaskClient, moderator: FlaskClient, item: MakeItem, sessions: Sessions
) -> None:
    reversed_one, confirmed = item(84), item(85)
    for check in (reversed_one, confirmed):
        set_label(sessions, check, "likely_ai")
    for says in ("real", "ai"):
        decide(moderator, take_next(moderator), says)
    with sessions.begin() as session:
        case = session.scalars(select(RegressionCase)).one()
    assert (case.image_sha256, case.expected, case.wrong_label) == (
        reversed_one["image"]["sha256"],
        "real",
        "likely_ai",
    )
    human = client.get(f"/v1/checks/{reversed_one['id']}").json["verdict"]["human"]
    assert human["reverses_label"] is True


@pytest.mark.usefixtures("two_votes")
def test_two_moderators_can_be_required_and_their_agreement_is_told(
    moderator: FlaskClient, colleague: FlaskClient, item: MakeItem
) -> None:
    for seed, (first, second) in enumerate([("ai", "ai"), ("real", "real"), ("ai", "real")]):
        item(90 + seed)
        review = take_next(moderator)
        assert decide(moderator, review, first).json["status"] == "waiting"
        assert take_next(moderator)["code"] == "review_not_found"
        seen = take_next(colleague)
        assert (seen["id"], seen["decisions"]) == (review["id"], [])
        decide(colleague, seen, second)
    agreement = moderator.get("/v1/reviews").json["agreement"]
    assert agreement["reviews"] == 3
    assert agreement["kappa"] == pytest.approx(0.4)
    waiting = moderator.get("/v1/reviews").json["reviews"]
    assert [one["id"] for one in waiting] == [review["id"]]


def test_an_appeal_is_made_once_and_tells_its_end(
    client: FlaskClient, moderator: FlaskClient, item: MakeItem
) -> None:
    check = item(95)
    address = f"/v1/checks/{check['id']}/appeal"
    again = client.post(address, json={"note": "please"})
    assert (again.status_code, again.json["status"]) == (200, "waiting")
    decide(moderator, take_next(moderator), "unsure")
    ended = client.post(address, json={}).json
    assert (ended["status"], ended["outcome"]) == ("decided", "unsure")
    second = moderator.post(address, json={})
    assert (second.status_code, second.json["status"]) == (201, "waiting")


def test_what_has_no_verdict_cannot_be_spoken_about(client: FlaskClient) -> None:
    check = client.post("/v1/checks", json={"url": "http://example.org/a"}).json
    for what, body in (("appeal", {}), ("feedback", {"says": "ai"})):
        answer = client.post(f"/v1/checks/{check['id']}/{what}", json=body)
        assert (answer.status_code, answer.json["code"]) == (409, "check_not_judged")


def test_the_statement_of_reasons_has_its_fields(moderator: FlaskClient, item: MakeItem) -> None:
    item(96)
    review = take_next(moderator)
    address = f"/v1/reviews/{review['id']}/statement"
    assert moderator.get(address).status_code == 404
    decide(moderator, review, "ai", reason="six fingers")
    statement = moderator.get(address).json
    assert statement["facts"][:2] == ["A person decided that the image is: ai.", "six fingers"]
    assert statement["automated_decision"] is False
    assert statement["automated_detection"] is True
    assert statement["was_notified"] is True
    assert any("/appeal" in line for line in statement["redress"])
    assert statement["restriction"] is None


def test_the_page_shows_what_looks_alike_beside_the_item(
    app: OpenAPI, client: FlaskClient, tasks: ModuleType, moderator: FlaskClient
) -> None:
    pixels = photograph()
    copy = judge(client, tasks, as_jpeg(pixels, quality=60))
    check = judge(client, tasks, as_jpeg(pixels))
    client.post(f"/v1/checks/{check['id']}/appeal", json={})
    browser = app.test_client()
    key = moderator.environ_base["HTTP_AUTHORIZATION"].removeprefix("Bearer ")
    assert fill_sign_in(browser, key).status_code == 303
    token = {"X-CSRF-Token": read_token(browser)}
    shown = browser.post("/reviews/next?reason=appeal", headers=token).json["item"]
    assert "Looks like these" in shown
    assert shown.count("bits differ") == 1
    picture = re.search(r'<ul class="alike"><li><a href="([^"]+)"', shown)
    assert picture is not None
    assert browser.get(picture[1]).data == client.get(copy["image"]["picture_url"]).data


def read_token(browser: FlaskClient) -> str:
    page = browser.get("/reviews").text
    found = re.search(r'name="csrf-token" content="([^"]+)"', page)
    assert found is not None
    return found[1]
