"""`ntf admin keys`."""

from uuid import UUID

import click

from cli.admin_rows import open_rows, tenant_option

ROLES = ("reader", "moderator", "integration", "admin")


@click.group()
def keys() -> None:
    """Make keys, list, rotate and revoke them."""


@keys.command("create")
@click.option("--tenant", required=True, help="Name of the tenant; made if there is none.")
@click.option("--person", required=True, help="Name of who gets the key; made if there is none.")
@click.option("--role", type=click.Choice(ROLES), default="reader", show_default=True)
@click.option("--name", default="key", show_default=True, help="What the key is for.")
def create_key(tenant: str, person: str, role: str, name: str) -> None:
    """Make a key and print it once; only its hash is kept."""
    from scans import keys as known
    from scans.audit_log import COMMAND_LINE
    from scans.people import create_person, find_person_by_name, get_or_create_tenant

    with open_rows() as rows:
        owner = get_or_create_tenant(rows, tenant, COMMAND_LINE)
        holder = find_person_by_name(rows, owner.id, person)
        holder = holder or create_person(rows, owner.id, person, COMMAND_LINE)
        click.echo(known.create_key(rows, holder, name=name, role=role, by=COMMAND_LINE))


@keys.command("list")
@tenant_option
def list_keys(tenant: str) -> None:
    """The keys of a tenant that are in force."""
    from scans import keys as known
    from scans.people import find_tenant

    with open_rows() as rows:
        for key, person in known.list_keys(rows, find_tenant(rows, tenant).id):
            until = f"until {key.expires_at:%F %R}" if key.expires_at else "no end"
            click.echo(f"{key.id}\t{key.role}\t{until}\t{person.name}\t{key.name}")


@keys.command("rotate")
@tenant_option
@click.option("--overlap-hours", default=24.0, show_default=True, type=click.FloatRange(0, 720))
@click.argument("key_id", type=click.UUID)
def rotate_key(tenant: str, overlap_hours: float, key_id: UUID) -> None:
    """Print a new key like this one; the old one ends after the overlap."""
    from scans import keys as known
    from scans.audit_log import COMMAND_LINE
    from scans.people import find_tenant

    with open_rows() as rows:
        owner = find_tenant(rows, tenant)
        click.echo(
            known.rotate_key(rows, owner.id, key_id, COMMAND_LINE, overlap_hours=overlap_hours)
        )


@keys.command("revoke")
@click.option("--tenant", help="Name of the tenant; not needed with the key itself.")
@click.argument("key")
def revoke_key(tenant: str | None, key: str) -> None:
    """Put a key out of force at once, by its id or by the key itself."""
    from scans import keys as known
    from scans.audit_log import COMMAND_LINE
    from scans.people import find_tenant

    with open_rows() as rows:
        if key.startswith(known.KEY_PREFIX):
            known.revoke_key(rows, key, COMMAND_LINE)
        elif tenant is None:
            raise click.UsageError("Name the --tenant of the key's id.")
        else:
            owner = find_tenant(rows, tenant)
            known.revoke_key_id(rows, owner.id, parse_id(key), COMMAND_LINE)
    click.echo("The key is revoked.")


def parse_id(text: str) -> UUID:
    """The id of a key.

    Raises:
        UsageError: it is none.
    """
    try:
        return UUID(text)
    except ValueError as error:
        raise click.UsageError("Give a key, or the id that `keys list` shows.") from error
