"""The plug-in for ROOST Coop against Coop's own reference plug-in, and run as Coop runs it."""

from typing import Any

import pytest

from tests.plugins.conftest import Node
from tests.plugins.scripted_service import VERDICT, Reply, ScriptedService, check_body, problem_body

pytestmark = pytest.mark.integrations

REFERENCE = "@roostorg/coop-integration-example"
OURS = "coop-integration-ntf"
URL = "https://images.example/a.jpg"
# Coop's own documentation names these.
REQUIRED_SECTIONS = [
    "trainingData",
    "policyAndTaxonomy",
    "annotationMethodology",
    "performanceBenchmarks",
    "biasAndLimitations",
    "implementationGuidance",
    "relevantLinks",
]


def describe(node: Node, package: str) -> dict[str, Any]:
    value: dict[str, Any] = node.run("coop_host.mjs", {"call": "describe", "package": package})[
        "value"
    ]
    return value


def run(node: Node, credential: dict[str, str] | None, **changes: Any) -> dict[str, Any]:
    """The signal on one image of organisation `one`."""
    given = {
        "call": "run",
        "package": OURS,
        "credentials": {"one": credential or {}},
        "input": {
            "value": {"type": "IMAGE", "value": {"url": URL}},
            "orgId": "one",
            "contentId": "item-1",
            "contentType": "Post",
        }
        | changes,
    }
    outcome: dict[str, Any] = node.run("coop_host.mjs", given)
    return outcome


def credential(service: ScriptedService, **more: str) -> dict[str, str]:
    return {"address": service.address, "apiKey": "the key of one"} | more


def test_coop_loads_it_as_it_loads_any_plugin(node: Node) -> None:
    loaded = node.run("coop_host.mjs", {"call": "required", "package": OURS})["value"]
    assert loaded == {
        "id": "NATURAL_TRACE_FORENSICS",
        "name": "Natural Trace Forensics",
        "version": "0.1.0",
        "requiresConfig": True,
    }


def test_manifest_and_signal_have_the_shape_of_the_reference(node: Node) -> None:
    ours, reference = describe(node, OURS), describe(node, REFERENCE)
    sections = [section["id"] for section in ours["manifest"]["modelCard"]["sections"]]
    assert sections == REQUIRED_SECTIONS
    assert sections == [section["id"] for section in reference["manifest"]["modelCard"]["sections"]]
    logos_and_docs = {"docsUrl", "logoPath", "logoWithBackgroundPath"}
    assert set(reference["manifestShape"]) - set(ours["manifestShape"]) <= logos_and_docs
    assert ours["manifestShape"]["modelCard"] == reference["manifestShape"]["modelCard"]
    (signal,) = ours["signals"]
    number = next(
        s for s in reference["signals"] if s["signal"]["outputType"]["scalarType"] == "NUMBER"
    )
    assert signal["shape"] == number["shape"]
    assert signal["signalTypeId"] == signal["signal"]["id"]["type"]
    assert [signal["signalTypeId"]] == ours["manifest"]["signalTypeIds"]
    assert signal["signal"]["eligibleInputs"] == ["IMAGE"]


def test_a_verdict_becomes_a_number(node: Node) -> None:
    with ScriptedService(Reply()) as service:
        outcome = run(node, credential(service))["value"]
    assert outcome["outputType"] == {"scalarType": "NUMBER"}
    assert outcome["score"] == 0.42
    (sent,) = service.sent
    assert sent.path == "/v1/integrations/coop/checks"
    assert sent.headers["Authorization"] == "Bearer the key of one"
    assert b'"item_id":"item-1"' in sent.body
    assert b'"item_type":"Post"' in sent.body


@pytest.mark.parametrize(("says", "score"), [("ai", 0.99), ("real", 0.01), ("unsure", 0.42)])
def test_a_moderators_decision_stands_over_the_score(node: Node, says: str, score: float) -> None:
    human = {"says": says, "reason": None, "decided_at": "2026-11-24T12:00:00Z"}
    with ScriptedService(Reply(body=check_body(verdict=VERDICT | {"human": human}))) as service:
        assert run(node, credential(service))["value"]["score"] == score


@pytest.mark.parametrize(
    "body",
    [
        check_body(verdict=VERDICT | {"label": "not_assessable", "score": None}),
        check_body(
            status="failed", verdict=None, error={"code": "not_an_image", "message": "No image."}
        ),
        check_body(status="failed", verdict=None, error={"code": "image_gone", "message": "Gone."}),
    ],
)
def test_what_no_other_try_will_change_is_a_permanent_error(
    node: Node, body: dict[str, Any]
) -> None:
    with ScriptedService(Reply(body=body)) as service:
        outcome = run(node, credential(service, whenAway="review"))["value"]
    assert outcome["type"] == "ERROR"
    assert outcome["score"]["name"] == "SignalPermanentError"
    assert outcome["score"]["type"] == ["/errors/permanent-signal-error"]


@pytest.mark.parametrize("status", [401, 403, 422])
def test_a_refused_key_or_address_is_a_permanent_error(node: Node, status: int) -> None:
    with ScriptedService(Reply(status, problem_body(status, "refused"))) as service:
        outcome = run(node, credential(service, whenAway="review"))["value"]
    assert outcome["type"] == "ERROR"
    assert len(service.sent) == 1


def test_a_failure_that_passes_is_thrown(node: Node) -> None:
    error = {"code": "fetch_timed_out", "message": "The host did not answer."}
    with ScriptedService(
        Reply(body=check_body(status="failed", verdict=None, error=error))
    ) as service:
        assert run(node, credential(service))["thrown"]["message"] == "The host did not answer."


def test_a_service_that_takes_ten_seconds_is_given_up_in_under_five(node: Node) -> None:
    with ScriptedService(Reply(is_late=True)) as service:
        outcome = run(node, credential(service))
    assert outcome["thrown"]["name"] == "TimeoutError"
    assert outcome["seconds"] < 5
    assert len(service.sent) == 1


def test_a_check_that_goes_on_is_given_up_in_under_five_seconds(node: Node) -> None:
    with ScriptedService(Reply(202, check_body(status="queued", verdict=None))) as service:
        outcome = run(node, credential(service))
    assert "thrown" in outcome
    assert outcome["seconds"] < 5


def test_a_failing_service_is_asked_again_and_then_thrown(node: Node) -> None:
    with ScriptedService(Reply(500, problem_body(500, "internal_error"))) as service:
        outcome = run(node, credential(service))
    assert outcome["thrown"]["code"] == "internal_error"
    assert len(service.sent) == 3
    assert len({sent.headers["Idempotency-Key"] for sent in service.sent}) == 1


def test_an_absent_service_is_thrown_or_calls_a_person_as_the_switch_says(
    node: Node, nobody: str
) -> None:
    absent = {"address": nobody, "apiKey": "k"}
    assert run(node, absent)["thrown"]["message"] == "fetch failed"
    assert run(node, absent | {"whenAway": "review"})["value"]["score"] == 0.99


def test_an_organisation_without_settings_has_the_signal_disabled(node: Node) -> None:
    outcome = run(node, None)["value"]
    assert outcome["type"] == "ERROR"
    assert outcome["disabled"]["disabled"] is True
    assert "address" in outcome["disabled"]["disabledMessage"]


def test_an_input_without_an_image_is_a_permanent_error(node: Node) -> None:
    outcome = run(
        node, {"address": "http://a", "apiKey": "k"}, value={"type": "IMAGE", "value": {}}
    )["value"]
    assert outcome["type"] == "ERROR"
    assert outcome["disabled"] == {"disabled": False}
