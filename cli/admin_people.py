"""`ntf admin tenants`, `people`, `invitations` and `audit`."""

from uuid import UUID

import click

from cli.admin_rows import open_rows, tenant_option


@click.group()
def tenants() -> None:
    """Whose checks, people and keys these are."""


@tenants.command("create")
@click.argument("name")
def create_tenant(name: str) -> None:
    """Make a tenant; one of that name stays as it is."""
    from scans.audit_log import COMMAND_LINE
    from scans.people import get_or_create_tenant

    with open_rows() as rows:
        click.echo(get_or_create_tenant(rows, name, COMMAND_LINE).id)


@tenants.command("list")
def list_tenants() -> None:
    """All tenants."""
    from scans import people as known

    with open_rows() as rows:
        for tenant in known.list_tenants(rows):
            click.echo(f"{tenant.id}\t{tenant.name}")


@click.group()
def people() -> None:
    """Who may hold keys."""


@people.command("create")
@tenant_option
@click.argument("name")
def create_person(tenant: str, name: str) -> None:
    """Make a person."""
    from scans import people as known
    from scans.audit_log import COMMAND_LINE

    with open_rows() as rows:
        owner = known.find_tenant(rows, tenant)
        click.echo(known.create_person(rows, owner.id, name, COMMAND_LINE).id)


@people.command("list")
@tenant_option
def list_people(tenant: str) -> None:
    """The people of a tenant."""
    from scans import people as known

    with open_rows() as rows:
        for person in known.list_people(rows, known.find_tenant(rows, tenant).id):
            state = "disabled" if person.disabled_at else "active"
            click.echo(f"{person.id}\t{state}\t{person.name}")


@people.command("disable")
@tenant_option
@click.argument("person_id", type=click.UUID)
def disable_person(tenant: str, person_id: UUID) -> None:
    """Shut a person out, with all their keys, at once."""
    from scans import people as known
    from scans.audit_log import COMMAND_LINE

    with open_rows() as rows:
        owner = known.find_tenant(rows, tenant)
        known.disable_person(rows, owner.id, person_id, COMMAND_LINE)
    click.echo("The person is disabled.")


@click.group()
def invitations() -> None:
    """Links that make a reader their own key, once."""


@invitations.command("create")
@tenant_option
@click.option("--for", "name", required=True, help="Name of the person who is invited.")
@click.option("--address", required=True, help="Where the pages are, as https://ntf.example.")
@click.option("--hours", default=72, show_default=True, type=click.IntRange(1, 720))
def create_invitation(tenant: str, name: str, address: str, hours: int) -> None:
    """Print a link; it is shown once."""
    from scans.audit_log import COMMAND_LINE
    from scans.invitations import invite
    from scans.people import find_tenant

    with open_rows() as rows:
        owner = find_tenant(rows, tenant)
        _, token = invite(rows, owner.id, name, COMMAND_LINE, hours=hours)
        click.echo(f"{address.rstrip('/')}/invitations/{token}")


@invitations.command("list")
@tenant_option
def list_invitations(tenant: str) -> None:
    """The invitations of a tenant that can still be accepted."""
    from scans import invitations as known
    from scans.people import find_tenant

    with open_rows() as rows:
        for invitation in known.list_invitations(rows, find_tenant(rows, tenant).id):
            click.echo(f"{invitation.id}\tuntil {invitation.expires_at:%F %R}\t{invitation.name}")


@invitations.command("revoke")
@tenant_option
@click.argument("invitation_id", type=click.UUID)
def revoke_invitation(tenant: str, invitation_id: UUID) -> None:
    """Close a link that was not used yet."""
    from scans import invitations as known
    from scans.audit_log import COMMAND_LINE
    from scans.people import find_tenant

    with open_rows() as rows:
        owner = find_tenant(rows, tenant)
        known.revoke_invitation(rows, owner.id, invitation_id, COMMAND_LINE)
    click.echo("The invitation is revoked.")


@click.command()
@tenant_option
@click.option("--limit", default=50, show_default=True, type=click.IntRange(1, 10_000))
def audit(tenant: str, limit: int) -> None:
    """Who did what, the newest first."""
    from scans.audit_log import list_entries
    from scans.people import find_tenant

    with open_rows() as rows:
        for line in list_entries(rows, find_tenant(rows, tenant).id, limit):
            who = f"{line.actor} {line.key_id or ''}".strip()
            click.echo(f"{line.at:%F %T}\t{who}\t{line.action}\t{line.target}\t{line.details}")
