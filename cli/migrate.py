"""`ntf migrate`: bring the database to the newest shape."""

import click


@click.command()
def command() -> None:
    """Run the migrations on NTF_DATABASE_URL.

    Where NTF_FETCH_DATABASE_URL is set, its role then gets what fetching needs, and no more.
    """
    from sqlalchemy import NullPool, create_engine

    from cli.bootstrap import migrate
    from scans.fetch_role import grant_fetch_role
    from scans.settings import load_settings

    settings = load_settings()
    migrate(settings.database_url)
    click.echo("The database is up to date.")
    if settings.fetch_database_url:
        with create_engine(settings.database_url, poolclass=NullPool).begin() as connection:
            grant_fetch_role(connection, settings.fetch_database_url)
        click.echo("The role of the fetching workers has what it needs.")
