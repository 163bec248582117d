"""The containers run what `ntf run` runs, with the settings that there are."""

from pathlib import Path
from typing import Any, get_args

import pytest
import yaml

from cli.run import processes
from scans.image_store import Kind
from scans.settings import ENVIRONMENT_PREFIX, Settings
from scans.wake import TASK_NAMES

COMPOSE = Path(__file__).resolve().parents[2] / "docker-compose.yml"
OURS = ("api", "deliver", "detect", "fetch", "migrate", "retrain")


@pytest.fixture(scope="module")
def services() -> dict[str, Any]:
    services: dict[str, Any] = yaml.safe_load(COMPOSE.read_text())["services"]
    return services


def as_in_a_container(name: str, port: int = 8080) -> list[str]:
    _exec, _python, *arguments = processes("0.0.0.0", port)[name]
    return ["python", *arguments]


def test_the_web_process_is_started_as_by_ntf_run(services: dict[str, Any]) -> None:
    assert services["api"]["command"] == as_in_a_container("api")


def test_the_learning_worker_is_started_as_by_ntf_run(services: dict[str, Any]) -> None:
    assert services["retrain"]["command"] == as_in_a_container("retrain")


def test_models_are_out_of_reach_of_who_fetches(services: dict[str, Any]) -> None:
    mounting = [
        name
        for name, one in services.items()
        if any(volume.startswith("models:") for volume in one.get("volumes", []))
    ]
    assert mounting == ["detect", "retrain"]


@pytest.mark.parametrize("step", list(TASK_NAMES))
def test_each_step_has_a_worker_that_differs_by_queue_and_threads_alone(
    services: dict[str, Any], step: str
) -> None:
    ours, wanted = services[step]["command"], as_in_a_container("worker")
    changed = {wanted[at - 1]: ours[at] for at in range(len(wanted)) if ours[at] != wanted[at]}
    assert len(ours) == len(wanted)
    assert changed.keys() <= {"--queues", "--concurrency"}
    assert changed["--queues"] == step


@pytest.mark.parametrize("name", OURS)
def test_every_setting_and_no_other_reaches_the_containers(
    services: dict[str, Any], name: str
) -> None:
    given = {word for word in services[name]["environment"] if word.startswith(ENVIRONMENT_PREFIX)}
    assert given == {ENVIRONMENT_PREFIX + field.upper() for field in Settings.model_fields}


def test_only_the_workers_that_fetch_and_deliver_reach_out(services: dict[str, Any]) -> None:
    leading_out = {"out", "receivers"}
    reaching = [
        name for name, one in services.items() if leading_out & set(one.get("networks", []))
    ]
    assert reaching == ["deliver", "fetch"]


def test_the_fetching_workers_hold_no_secret_but_their_role(services: dict[str, Any]) -> None:
    given, others = services["fetch"]["environment"], services["api"]["environment"]
    assert given["NTF_DATABASE_URL"] == others["NTF_FETCH_DATABASE_URL"]
    secrets = {name for name, value in given.items() if value and "${" in value}
    databases = {"NTF_DATABASE_URL", "NTF_FETCH_DATABASE_URL"}
    keys = {"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"}  # of its own, in the object store
    assert secrets == databases | keys
    assert all("NTF_FETCH_PASSWORD" in given[name] for name in databases)
    assert all("NTF_FETCH_S3" in given[name] for name in keys)


def test_of_our_services_the_fetching_workers_see_broker_and_database_alone(
    services: dict[str, Any],
) -> None:
    ours = set(services["fetch"]["networks"])
    seen = {name for name, service in services.items() if ours & set(service.get("networks", []))}
    assert seen == {"fetch", "broker", "database"}


def test_the_fetching_workers_can_change_nothing_that_is_kept(services: dict[str, Any]) -> None:
    given = dict(line.split(":", 1) for line in services["fetch"]["volumes"])
    assert given == {
        "bytes": "/data/images/bytes:ro",
        "incoming": "/data/images/incoming",
        "pixels": "/data/images/pixels",
    }
    kinds = {f"{kind}:/data/images/{kind}" for kind in get_args(Kind)}
    # What it brings of strangers' is judged by its hash too.
    assert services["deliver"]["volumes"] == ["incoming:/data/images/incoming"]
    assert set(services["api"]["volumes"]) == kinds
    assert set(services["detect"]["volumes"]) == kinds | {"models:/data/models:ro"}


def test_nothing_runs_as_root_or_writes_to_its_root(services: dict[str, Any]) -> None:
    for name, service in services.items():
        assert service["read_only"], name
        assert service["cap_drop"] == ["ALL"], name
        assert service["user"] not in {"root", "0", "0:0"}, name
        assert "healthcheck" in service, name


def test_every_volume_that_is_mounted_is_declared() -> None:
    compose = yaml.safe_load(COMPOSE.read_text())
    mounted = {
        volume.split(":")[0]
        for service in compose["services"].values()
        for volume in service.get("volumes", [])
    }
    assert mounted == set(compose["volumes"])
