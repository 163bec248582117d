"""`ntf rollback`: the model before the live one, back in one step."""

import click


@click.command()
@click.option("--reason", default="by hand", show_default=True, help="Kept in the report.")
def command(reason: str) -> None:
    """Put back the model that the live one took the place of.

    Workers swap with their next batch. Old verdicts keep their version.
    """
    from cli.dead_letters import open_rows
    from scans.errors import ModelNotFound
    from scans.models import roll_back

    with open_rows() as sessions:
        try:
            with sessions.begin() as session:
                gone, back = roll_back(session, reason)
        except ModelNotFound as error:
            raise click.ClickException(str(error)) from error
    click.echo(f"{back} is live again in place of {gone}.")
