"""The manifests are valid, run what `ntf run` runs, and scale by figures that there are."""

import re
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml

from api.metrics import waiting_ages
from cli.run import processes
from scans.queue import URGENCIES
from scans.wake import TASK_NAMES

FOLDER = Path(__file__).resolve().parents[2] / "containers" / "kubernetes"
KUBERNETES = "1.33"
# No part of Kubernetes: their schemas are other projects'.
FOREIGN = {"keda.sh/v1alpha1", "kustomize.config.k8s.io/v1beta1"}
QUERY = re.compile(r'max\((\w+)\{step="(\w+)",urgency="(\w+)"\}\)')


def documents() -> list[dict[str, Any]]:
    files = sorted(FOLDER.glob("*.yaml"))
    return [one for file in files for one in yaml.safe_load_all(file.read_text())]


def of_kind(kind: str) -> dict[str, dict[str, Any]]:
    return {one["metadata"]["name"]: one for one in documents() if one["kind"] == kind}


@pytest.mark.parametrize(
    "document",
    [one for one in documents() if one["apiVersion"] not in FOREIGN],
    ids=lambda one: f"{one['kind']}-{one['metadata']['name']}",
)
def test_each_is_valid_to_the_letter(document: dict[str, Any]) -> None:
    kubernetes_validate.validate(document, KUBERNETES, strict=True)


def test_all_files_but_the_example_are_in_the_base() -> None:
    base = yaml.safe_load((FOLDER / "kustomization.yaml").read_text())["resources"]
    files = {path.name for path in FOLDER.glob("*.yaml")}
    assert {*base, "kustomization.yaml", "secret.example.yaml"} == files


@pytest.mark.parametrize("name", ["api", *TASK_NAMES])
def test_each_runs_what_ntf_run_runs(name: str) -> None:
    _exec, _python, *wanted = processes("0.0.0.0", 8080)["api" if name == "api" else "worker"]
    (container,) = of_kind("Deployment")[name]["spec"]["template"]["spec"]["containers"]
    _python_here, *ours = container["args"]
    changed = {wanted[at - 1] for at in range(len(wanted)) if ours[at] != wanted[at]}
    assert len(ours) == len(wanted)
    assert changed <= (set() if name == "api" else {"--queues", "--concurrency"})
    assert name == "api" or ours[ours.index("--queues") + 1] == name


def test_fetching_workers_have_a_secret_of_their_own() -> None:
    (container,) = of_kind("Deployment")["fetch"]["spec"]["template"]["spec"]["containers"]
    assert container["envFrom"] == [{"secretRef": {"name": "ntf-fetch"}}]


def test_scaling_asks_for_figures_that_are_told() -> None:
    for name, scaled in of_kind("ScaledObject").items():
        queries = [QUERY.fullmatch(one["metadata"]["query"]) for one in scaled["spec"]["triggers"]]
        assert [query.groups()[1:] for query in queries if query] == [(name, u) for u in URGENCIES]
        assert {query.group(1) for query in queries if query} == {waiting_ages({}).name}
        assert scaled["spec"]["scaleTargetRef"]["name"] in of_kind("Deployment")


def test_who_opens_strangers_files_can_change_none_that_is_kept() -> None:
    def mounts(name: str) -> dict[str, bool]:
        (container,) = of_kind("Deployment")[name]["spec"]["template"]["spec"]["containers"]
        images = [one for one in container["volumeMounts"] if one["name"] == "images"]
        assert all(one["mountPath"] == f"/data/images/{one['subPath']}" for one in images)
        return {one["subPath"]: not one.get("readOnly", False) for one in images}

    assert mounts("fetch") == {"bytes": False, "incoming": True, "pixels": True}
    assert mounts("deliver") == {"incoming": True}
