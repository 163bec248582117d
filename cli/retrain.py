"""`ntf retrain`: let the worker of the queue `retrain` learn now, and say what came of it."""

import time
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from sqlalchemy.orm import Session, sessionmaker

LOOK_EVERY_SECONDS = 0.5


@click.command()
@click.option(
    "--wait-seconds", default=1800.0, show_default=True, help="For its end. 0: ask, and leave."
)
def command(wait_seconds: float) -> None:
    """Learn from what moderators decided, however few new labels there are.

    The beat does this by itself once there are enough. The work is done by the worker that is
    started with `--queues retrain`, as in `ntf run`. What it makes must pass the gate.
    """
    from cli.dead_letters import open_rows
    from scans.settings import load_settings
    from scans.wake import ask_for_retraining

    with open_rows() as sessions:
        begun = newest_run(sessions)
        ask_for_retraining(load_settings().broker_url)
        deadline = time.monotonic() + wait_seconds
        while time.monotonic() < deadline:
            found = newest_run(sessions)
            if found is not None and found[1] is not None and found != begun:
                say(*found[1:])
                return
            time.sleep(LOOK_EVERY_SECONDS)
    if wait_seconds:
        raise click.ClickException("It has not ended yet; /models shows when it has.")
    click.echo("Asked. /models shows what comes of it.")


def newest_run(sessions: "sessionmaker[Session]") -> tuple[str, str | None, str | None] | None:
    """Id, outcome and version of the newest run."""
    from scans.retraining_rows import list_retrainings

    with sessions.begin() as session:
        found = list_retrainings(session, 1)
        return (str(found[0].id), found[0].outcome, found[0].version) if found else None


def say(outcome: str | None, version: str | None) -> None:
    """The outcome in words."""
    words = {
        "canary": f"{version} passed the gate and judges in the shadow.",
        "refused": f"{version} was refused by the gate; /models has the reasons.",
        "too_few_labels": "There are too few labels to learn from.",
        "failed": "The run was ended, since another model went live meanwhile. Ask again.",
    }
    click.echo(words[outcome or "failed"])
