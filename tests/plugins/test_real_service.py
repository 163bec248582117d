"""Clients and plug-in against the whole product as a stranger starts it: `ntf run`."""

import base64
import hashlib
from typing import Any
from uuid import uuid4

import pytest
import requests

from tests.end_to_end.conftest import Product, image_host, product
from tests.pictures import as_jpeg, noise
from tests.plugins.conftest import Node

__all__ = ["image_host", "product"]  # fixtures
pytestmark = pytest.mark.integrations


def test_the_python_client_checks_and_repeats_without_doubling(
    ntf_client: Any, product: Product, image_host: str
) -> None:
    with ntf_client.Client(product.address, product.key) as client:
        content = as_jpeg(noise(31))
        assert client.find_verdict(hashlib.sha256(content).hexdigest()) is None
        check = client.check_bytes(content)
        assert check["status"] == "done"
        assert client.find_verdict(hashlib.sha256(content).hexdigest())["id"] == check["id"]
        by_url = client.check_url(f"{image_host}/a.jpg")
        assert by_url["verdict"]["label"] == client.read_check(by_url["id"])["verdict"]["label"]
        key = str(uuid4())
        urls = [f"{image_host}/a.jpg", f"{image_host}/not.jpg"]
        batch = client.request_batch(urls, idempotency_key=key)
        assert client.request_batch(urls, idempotency_key=key)["id"] == batch["id"]
        assert client.read_batch(batch["id"])["counts"]["total"] == 2
        assert client.give_feedback(check["id"], "real", reason="mine")["standing"] == "label"
        listed = [one["id"] for one in client.list_checks(limit=1)]
        assert {check["id"], by_url["id"]} <= set(listed)
        assert len(listed) == len(set(listed))
        with pytest.raises(ntf_client.ApiProblem) as raised:
            client.check_url("ftp://example.org/")
        assert raised.value.code == "url_invalid"
    with (
        ntf_client.Client(product.address, "wrong") as stranger,
        pytest.raises(ntf_client.ApiProblem) as raised,
    ):
        stranger.list_models()
    assert raised.value.status == 401


def test_the_typescript_client_checks_and_repeats_without_doubling(
    node: Node, product: Product, image_host: str
) -> None:
    given = {"address": product.address, "key": product.key}
    content = base64.b64encode(as_jpeg(noise(32))).decode()
    check = node.run("client.mjs", given | {"call": "checkBytes", "content": content})["value"]
    assert check["status"] == "done"
    read = node.run("client.mjs", given | {"call": "readCheck", "id": check["id"]})["value"]
    assert read["verdict"]["score"] == check["verdict"]["score"]
    by_url = node.run("client.mjs", given | {"call": "checkUrl", "url": f"{image_host}/a.jpg"})
    assert by_url["value"]["status"] == "done"
    again = {"call": "batchTwice", "urls": [f"{image_host}/a.jpg"], "idempotencyKey": str(uuid4())}
    first, second = node.run("client.mjs", given | again)["value"]
    assert first["id"] == second["id"]
    gone = node.run("client.mjs", given | {"call": "readCheck", "id": str(uuid4())})["thrown"]
    assert (gone["name"], gone["code"]) == ("ApiProblem", "check_not_found")


def test_coops_plug_in_scores_an_image_and_the_item_finds_its_check(
    node: Node, product: Product, image_host: str
) -> None:
    given = {
        "call": "run",
        "package": "coop-integration-ntf",
        "credentials": {"one": {"address": product.address, "apiKey": product.key}},
        "input": {
            "value": {"type": "IMAGE", "value": {"url": f"{image_host}/a.jpg"}},
            "orgId": "one",
            "contentId": "item-1",
            "contentType": "Post",
        },
    }
    # The first run may end while the detector is being loaded; the check goes on.
    node.run("coop_host.mjs", given)
    check = requests.post(
        f"{product.address}/v1/checks",
        json={"url": f"{image_host}/a.jpg"},
        headers=product.headers,
        timeout=30,
    ).json()
    outcome = node.run("coop_host.mjs", given)
    assert outcome["seconds"] < 5
    assert outcome["value"]["score"] == pytest.approx(check["verdict"]["score"])
    broken = {"value": {"type": "IMAGE", "value": {"url": f"{image_host}/not.jpg"}}}
    refused = node.run("coop_host.mjs", given | {"input": given["input"] | broken})["value"]
    assert refused["score"]["name"] == "SignalPermanentError"
