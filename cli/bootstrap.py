"""What a new installation needs before it can serve: tables, and a first tenant, person and key."""

import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy.orm import Session, sessionmaker

from scans.errors import KeyUnknown
from scans.keys import create_key, create_tenant_with_person, recognise_key

if TYPE_CHECKING:
    from alembic.config import Config

MIGRATIONS = Path(__file__).resolve().parent.parent / "migrations"


@dataclass(frozen=True, slots=True)
class FirstKey:
    """The key that the first start makes, as its private file keeps it."""

    tenant: str
    person: str
    role: str
    key: str


def migrate(database_url: str, revision: str = "head") -> None:
    """Bring the database to `revision`."""
    from alembic import command

    command.upgrade(alembic_config(database_url), revision)


def alembic_config(database_url: str) -> "Config":
    """Alembic's settings, without an ini file."""
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    # Alembic's settings are an ini file, where % begins an interpolation.
    config.set_main_option("sqlalchemy.url", database_url.replace("%", "%%"))
    return config


def ensure_first_key(sessions: sessionmaker[Session], path: Path) -> FirstKey:
    """The key in the private file at `path`, or a new tenant, person and key kept there.

    A key that the database does not know (it was emptied, or is another one) is replaced.
    """
    with sessions.begin() as session:
        known = read_first_key(path)
        if known is not None and is_in_force(session, known.key):
            return known
        person = create_tenant_with_person(session, "default", "operator")
        secret = create_key(session, person, name="first key", role="admin")
        first = FirstKey("default", "operator", "admin", secret)
        write_private(path, json.dumps(asdict(first), indent=2) + "\n")
        return first


def read_first_key(path: Path) -> FirstKey | None:
    """What the private file says, if there is one that can be read."""
    try:
        return FirstKey(**json.loads(path.read_text()))
    except (FileNotFoundError, ValueError, TypeError):
        return None


def is_in_force(session: Session, key: str) -> bool:
    """Whether this database knows the key."""
    try:
        recognise_key(session, key)
    except KeyUnknown:
        return False
    return True


def write_private(path: Path, text: str) -> None:
    """Write a file that only its owner can read, from its first byte on."""
    path.unlink(missing_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)
