"""`ntf promote`: a model of the store goes live because a person says so."""

import click


@click.command()
@click.argument("version")
@click.option("--reason", default="by hand", show_default=True, help="Kept in the report.")
def command(version: str, reason: str) -> None:
    """Make a stored VERSION the live one, though the canary's rule would not.

    `ntf rollback` undoes it. One that the gate refused is not taken.
    """
    from cli.dead_letters import open_rows
    from scans.errors import ModelNotFound
    from scans.models import promote
    from scans.tables import ModelVersion

    with open_rows() as sessions:
        try:
            with sessions.begin() as session:
                model = session.get(ModelVersion, version)
                if model is not None and model.stage == "refused":
                    raise click.ClickException(f"{version} was refused by the gate.")
                promote(session, version, {"reason": reason})
        except ModelNotFound as error:
            raise click.ClickException(str(error)) from error
    click.echo(f"{version} is live. Workers swap with their next batch.")
