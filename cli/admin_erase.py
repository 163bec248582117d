"""`ntf admin erase`."""

import json
from dataclasses import asdict

import click

from cli.admin_rows import open_rows, tenant_option


@click.command()
@tenant_option
@click.option("--subject", required=True, help="SHA-256 of the bytes, or the image's address.")
def erase(tenant: str, subject: str) -> None:
    """Remove a tenant's images for good, and print what was removed."""
    from scans.audit_log import COMMAND_LINE
    from scans.erasure import erase_image, images_of_subject
    from scans.open_store import open_image_store
    from scans.people import find_tenant
    from scans.settings import load_settings

    with open_rows() as rows:
        store = open_image_store(load_settings())
        owner = find_tenant(rows, tenant)
        for sha256 in images_of_subject(rows, owner.id, subject):
            proof = erase_image(rows, store, owner.id, sha256, COMMAND_LINE)
            click.echo(json.dumps(asdict(proof)))
