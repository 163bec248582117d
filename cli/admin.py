"""`ntf admin`: tenants, people, keys, invitations and erasure, on NTF_DATABASE_URL.

Whoever can run this holds the database; it asks for no key, and the audit log says `command_line`.
"""

import click

from cli.admin_erase import erase
from cli.admin_keys import keys
from cli.admin_people import audit, invitations, people, tenants


@click.group()
def command() -> None:
    """Tenants, people, keys, invitations."""


for part in (tenants, people, keys, invitations, audit, erase):
    command.add_command(part)
