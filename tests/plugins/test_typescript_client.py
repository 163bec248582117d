"""The TypeScript client, as its package is built, against services that misbehave by a script."""

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.plugins.conftest import INTEGRATIONS, Node
from tests.plugins.scripted_service import Reply, ScriptedService, check_body, problem_body

pytestmark = pytest.mark.integrations

QUICK = {"attempts": 3, "firstDelayMs": 1, "maxDelayMs": 1000, "attemptTimeoutMs": 500}
URL = "https://images.example/a.jpg"


def call(node: Node, address: str, name: str, **given: Any) -> Any:
    return node.run(
        "client.mjs", {"address": address, "key": "k", "call": name, "retries": QUICK} | given
    )


def test_a_failing_service_is_asked_again_under_the_same_idempotency_key(node: Node) -> None:
    failing = Reply(500, problem_body(500, "internal_error"))
    with ScriptedService(failing, failing, Reply()) as service:
        outcome = call(node, service.address, "checkUrl", url=URL)
    assert outcome["value"]["status"] == "done"
    keys = [sent.headers["Idempotency-Key"] for sent in service.sent]
    assert len(keys) == 3
    assert len(set(keys)) == 1
    assert {sent.body for sent in service.sent} == {
        json.dumps({"url": URL}).replace(" ", "").encode()
    }
    assert service.sent[0].headers["Authorization"] == "Bearer k"


def test_a_check_that_is_not_done_is_read_until_it_is(node: Node) -> None:
    waiting = check_body(status="detecting", verdict=None)
    with ScriptedService(Reply(202, waiting), Reply(200, waiting), Reply()) as service:
        outcome = call(node, service.address, "checkUrl", url=URL)
    assert outcome["value"]["verdict"]["score"] == 0.42
    assert [sent.method for sent in service.sent] == ["POST", "GET", "GET"]
    assert service.sent[1].path == f"/v1/checks/{waiting['id']}"


def test_a_request_that_is_still_being_answered_is_asked_again(node: Node) -> None:
    busy = Reply(409, problem_body(409, "request_in_progress"))
    with ScriptedService(busy, Reply()) as service:
        assert call(node, service.address, "checkUrl", url=URL)["value"]["status"] == "done"
    assert len(service.sent) == 2


@pytest.mark.parametrize(
    ("status", "code"),
    [(401, "key_required"), (422, "url_invalid"), (409, "idempotency_key_reused")],
)
def test_what_asking_again_cannot_change_is_told_at_once(
    node: Node, status: int, code: str
) -> None:
    with ScriptedService(Reply(status, problem_body(status, code))) as service:
        thrown = call(node, service.address, "checkUrl", url=URL)["thrown"]
    assert (thrown["name"], thrown["status"], thrown["code"]) == ("ApiProblem", status, code)
    assert len(service.sent) == 1


def test_a_service_that_asks_for_a_long_wait_is_not_pressed(node: Node) -> None:
    limited = Reply(429, problem_body(429, "too_many_requests"), {"Retry-After": "60"})
    with ScriptedService(limited) as service:
        assert call(node, service.address, "models")["thrown"]["code"] == "too_many_requests"
    assert len(service.sent) == 1


def test_a_service_that_is_late_gets_each_attempt_and_no_more(node: Node) -> None:
    with ScriptedService(Reply(is_late=True)) as service:
        outcome = call(node, service.address, "checkUrl", url=URL)
    assert outcome["thrown"]["name"] == "TimeoutError"
    assert len({sent.headers["Idempotency-Key"] for sent in service.sent}) == 1
    assert len(service.sent) == 3
    assert outcome["seconds"] < 10


def test_a_service_that_is_away_is_an_error_after_all_attempts(node: Node, nobody: str) -> None:
    assert call(node, nobody, "models")["thrown"]["message"] == "fetch failed"


def test_types_of_the_packed_client_hold_in_a_project_of_its_user(
    tmp_path: Path, node: Node
) -> None:
    """The declarations resolve without our sources, and know the API's words."""
    del node
    pack = ["npm", "pack", "--silent", "--workspace", "ntf-client", "--pack-destination"]
    packed = subprocess.run(
        [*pack, str(tmp_path)], cwd=INTEGRATIONS, check=True, capture_output=True, text=True
    )
    package = tmp_path / "node_modules" / "ntf-client"
    package.mkdir(parents=True)
    archive = tmp_path / packed.stdout.split()[-1]
    subprocess.run(["tar", "xzf", archive, "-C", package, "--strip-components=1"], check=True)
    for needed in ("openapi-fetch", "openapi-typescript-helpers"):
        (tmp_path / "node_modules" / needed).symlink_to(INTEGRATIONS / "node_modules" / needed)
    (tmp_path / "use.mts").write_text(
        "import { checkUrl, createNtfClient, type Check } from 'ntf-client';\n"
        "const client = createNtfClient({ address: 'http://a', key: 'k' });\n"
        "export const check: Check = await checkUrl(client, 'http://a/b.jpg');\n"
        "// @ts-expect-error no such label\n"
        "export const never = check.verdict?.label === 'fake';\n"
    )
    compiler = INTEGRATIONS / "node_modules" / "typescript" / "bin" / "tsc"
    options = ["--noEmit", "--strict", "--module", "nodenext", "--target", "es2022"]
    checked = subprocess.run(
        ["node", compiler, *options, "--lib", "es2023,dom", "use.mts"],
        cwd=tmp_path,
        check=False,
        capture_output=True,
        text=True,
    )
    assert checked.stdout == ""
