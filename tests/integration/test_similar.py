"""Images that look alike are shown to a person of the same tenant, and change no answer."""

import io
from types import ModuleType
from uuid import uuid4

import numpy as np
import pytest
from flask.testing import FlaskClient
from numpy.typing import NDArray
from sqlalchemy.orm import Session, sessionmaker

from api.app import OpenAPI
from tests.integration.conftest import make_key
from tests.pictures import as_jpeg, noise, photograph

Sessions = sessionmaker[Session]


def judge(client: FlaskClient, tasks: ModuleType, content: bytes) -> dict:
    asked = client.post("/v1/checks", data={"image": (io.BytesIO(content), "a")}).json
    tasks.fetch()
    tasks.detect()
    check = client.get(f"/v1/checks/{asked['id']}").json
    assert check["status"] == "done", check["error"]
    return check


def similar(client: FlaskClient, check: dict) -> list[dict]:
    return client.get(f"/v1/checks/{check['id']}/similar").json["similar"]


def with_replaced(percent: int) -> NDArray[np.uint8]:
    """The photograph with so much of it replaced by something else."""
    pasted = photograph().copy()
    height, width = pasted.shape[:2]
    side = int((height * width * percent / 100) ** 0.5)
    pasted[20 : 20 + side, 20 : 20 + side] = noise(1, side, side)
    return pasted


@pytest.mark.parametrize("percent", [1, 2, 5, 10])
def test_a_photograph_with_a_part_replaced_is_a_candidate_and_is_judged_by_itself(
    client: FlaskClient, tasks: ModuleType, percent: int
) -> None:
    first = judge(client, tasks, as_jpeg(photograph()))
    again = judge(client, tasks, as_jpeg(photograph(), quality=60))
    other = judge(client, tasks, as_jpeg(noise(51)))
    changed = judge(client, tasks, as_jpeg(with_replaced(percent)))
    candidates = {one["check_id"]: one["distance_bits"] for one in similar(client, changed)}
    print(f"\n{percent} % replaced: {candidates.get(first['id'])} bits")  # noqa: T201
    assert other["id"] not in candidates
    assert candidates.keys() == {first["id"], again["id"]}
    # Whatever looks alike, the pixels are its own, and so is the score.
    assert changed["verdict"]["raw_score"] != first["verdict"]["raw_score"]
    assert similar(client, first)[0]["check_id"] == again["id"]
    assert similar(client, other) == []


def test_a_candidate_says_what_a_person_needs_to_compare(
    client: FlaskClient, tasks: ModuleType
) -> None:
    first = judge(client, tasks, as_jpeg(photograph()))
    second = judge(client, tasks, as_jpeg(photograph(), quality=60))
    (candidate,) = similar(client, second)
    assert candidate["label"] == first["verdict"]["label"]
    assert candidate["checked_at"] == first["finished_at"]
    assert client.get(candidate["picture_url"]).data == as_jpeg(photograph())


def test_another_tenants_images_are_no_candidates(
    app: OpenAPI, client: FlaskClient, tasks: ModuleType, sessions: Sessions
) -> None:
    judge(client, tasks, as_jpeg(photograph()))
    stranger = app.test_client()
    secret = make_key(sessions, "tenant two")
    stranger.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {secret}"
    check = judge(stranger, tasks, as_jpeg(photograph(), quality=60))
    assert similar(stranger, check) == []
    assert client.get(f"/v1/checks/{check['id']}/similar").status_code == 404
    assert client.get(f"/v1/checks/{uuid4()}/similar").status_code == 404


def test_flat_pictures_look_like_nothing(client: FlaskClient, tasks: ModuleType) -> None:
    flat = [np.full((200, 200, 3), level, np.uint8) for level in (100, 140)]
    checks = [judge(client, tasks, as_jpeg(pixels)) for pixels in flat]
    assert [similar(client, check) for check in checks] == [[], []]
