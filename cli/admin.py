"""`ntf admin`: tenants, people and keys, on NTF_DATABASE_URL."""

import click

from scans.tables import ROLES


@click.group()
def command() -> None:
    """Make tenants, people and keys, and revoke keys."""


@command.command("create-key")
@click.option("--tenant", required=True, help="Name of the tenant; made if there is none.")
@click.option("--person", required=True, help="Name of the person who gets the key.")
@click.option("--role", type=click.Choice(ROLES), default="reader", show_default=True)
@click.option("--name", default="key", show_default=True, help="What the key is for.")
def create_key(tenant: str, person: str, role: str, name: str) -> None:
    """Make a key and print it once; only its hash is kept."""
    from scans import keys
    from scans.database import open_sessions
    from scans.settings import load_settings

    with open_sessions(load_settings().database_url).begin() as session:
        holder = keys.create_tenant_with_person(session, tenant, person)
        click.echo(keys.create_key(session, holder, name=name, role=role))


@command.command("revoke-key")
@click.argument("key")
def revoke_key(key: str) -> None:
    """Revoke a key at once."""
    from scans import keys
    from scans.database import open_sessions
    from scans.settings import load_settings

    with open_sessions(load_settings().database_url).begin() as session:
        keys.revoke_key(session, key)
    click.echo("The key is revoked.")
