"""Hive's task API, version 2, as its documentation shows it: what `POST /api/v2/task/sync` answers.

Source: docs.thehive.ai, "Submit a task synchronously" and "AI-generated image and video detection".
"""

from dataclasses import dataclass
from typing import Any

SUCCESS, NO_RESULT = "0", "1"


@dataclass(frozen=True, slots=True)
class HiveMedia:
    """What a task was about, as far as it is known."""

    url: str | None = None
    filename: str | None = None
    media_type: str | None = None
    width_px: int | None = None
    height_px: int | None = None


def write_task(
    task_id: str,
    created_on: str,
    media: HiveMedia,
    *,
    score: float | None,
    message: str,
    model_version: str | None,
) -> dict[str, Any]:
    """A task that has ended. Without a score it has no classes: none is made up.

    Args:
        created_on: RFC 3339.
        score: the probability that the picture is AI-made.
    """
    return {
        "id": task_id,
        "code": 200,
        "project_id": 0,
        "user_id": 0,
        "created_on": created_on,
        "status": [
            {
                "status": {"code": NO_RESULT if score is None else SUCCESS, "message": message},
                "_version": 2,
                "response": {
                    "input": write_input(task_id, created_on, media, model_version),
                    "output": []
                    if score is None
                    else [{"time": 0, "classes": write_classes(score)}],
                },
            }
        ],
        "from_cache": False,
    }


def write_input(
    task_id: str, created_on: str, media: HiveMedia, model_version: str | None
) -> dict[str, Any]:
    """The task's own description of what was sent."""
    return {
        "id": task_id,
        "charge": 0,
        "model": "natural-trace-forensics",
        "model_version": model_version,
        "model_type": "CATEGORIZATION",
        "created_on": created_on,
        "media": {
            "url": media.url,
            "filename": media.filename,
            "type": "PHOTO",
            "mime_type": media.media_type.partition("/")[2] if media.media_type else None,
            "mimetype": media.media_type,
            "width": media.width_px,
            "height": media.height_px,
            "num_frames": 1,
            "duration": 0,
        },
        "user_id": 0,
        "project_id": 0,
        "config_version": 1,
        "config_tag": "default",
    }


def write_classes(score: float) -> list[dict[str, Any]]:
    """The head that we have; the two sum to 1."""
    return [
        {"class": "not_ai_generated", "score": round(1 - score, 6)},
        {"class": "ai_generated", "score": round(score, 6)},
    ]


def write_error(status: int, message: str) -> dict[str, Any]:
    """A request that could not be carried out."""
    return {"status_code": status, "return_code": status, "message": message}
