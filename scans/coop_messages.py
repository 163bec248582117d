"""What is sent to Coop: a verdict as an item, or as a report on an item. Pure rules.

After Coop's documentation, docs/api/items.md and docs/api/report.md there. Coop keeps fields that
an item type does not define, and takes null for missing.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

Shape = Literal["standard", "coop_items", "coop_reports"]
PATHS: Mapping[str, str] = {
    "coop_items": "/api/v1/items/async/",
    "coop_reports": "/api/v1/report",
}


@dataclass(frozen=True, slots=True)
class CoopMessage:
    """One POST to Coop, ready to be sent."""

    url: str
    headers: dict[str, str]
    body: bytes


def write_message(
    address: str, api_key: str, shape: str, options: Mapping[str, str], payload: Mapping[str, Any]
) -> CoopMessage:
    """The event `check.done` as Coop takes it.

    Args:
        address: of Coop, without the path of its API.
        shape: `coop_items` or `coop_reports`.
        options: `item_type_id`; of reports `reporter_id` and `reporter_type_id` too.
    """
    item = describe_item(options["item_type_id"], payload["data"])
    content = (
        {"items": [item]} if shape == "coop_items" else describe_report(item, options, payload)
    )
    return CoopMessage(
        url=address.rstrip("/") + PATHS[shape],
        headers={"X-API-KEY": api_key, "Content-Type": "application/json"},
        body=json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode(),
    )


def describe_item(item_type_id: str, check: Mapping[str, Any]) -> dict[str, Any]:
    """An item with the id of its check, so that sent again it is the same item."""
    verdict = check["verdict"]
    data = {
        "image": check["url"],
        "page_url": check["page_url"],
        "label": verdict["label"],
        "score": verdict["score"],
        "real_photo_p": verdict["real_photo_p"],
        "evidence": " ".join(line["sentence"] for line in verdict["evidence"]),
        "model_version": verdict["model"]["version"],
    }
    known = {name: value for name, value in data.items() if value is not None}
    return {"id": check["id"], "typeId": item_type_id, "data": known}


def describe_report(
    item: dict[str, Any], options: Mapping[str, str], payload: Mapping[str, Any]
) -> dict[str, Any]:
    """A report by the service itself, which stands as a user of Coop's."""
    return {
        "reporter": {
            "kind": "user",
            "id": options["reporter_id"],
            "typeId": options["reporter_type_id"],
        },
        "reportedAt": payload["timestamp"],
        "reportedForReason": {"reason": item["data"]["evidence"]},
        "reportedItem": item,
    }
