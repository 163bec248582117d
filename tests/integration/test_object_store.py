"""Images in a real S3-compatible store: judged, shown, aged out, erased; and the store away."""

import hashlib
import io
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from flask.testing import FlaskClient
from flask_openapi3 import OpenAPI
from sqlalchemy import text
from sqlalchemy.orm import Session, sessionmaker

from api.app import create_app
from scans.erasure import remove_old_files
from scans.errors import ImageStoreRefused, SettingsInvalid
from scans.image_store import ImageStore
from scans.open_store import open_image_store, refuse_a_wrong_store
from scans.pixel_store import map_pixels, save_pixels
from scans.settings import Settings
from tests.integration.conftest import close_app
from tests.integration.s3_server import BUCKET, KEYS, client_of, free_ports, running_s3
from tests.integration.test_attackers_walk import make_client
from tests.integration.test_broker_away import running_worker, upload, wait_until_done
from tests.pictures import as_jpeg, noise

pytestmark = pytest.mark.slow
Sessions = sessionmaker[Session]


@pytest.fixture(scope="module")
def endpoint(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with running_s3(tmp_path_factory.mktemp("s3"), free_ports(8)) as url:
        yield url


def with_keys(monkeypatch: pytest.MonkeyPatch, key: str, secret: str | None = None) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", key)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", secret or KEYS[key])
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")


@pytest.fixture
def far(settings: Settings, endpoint: str, monkeypatch: pytest.MonkeyPatch) -> Settings:
    with_keys(monkeypatch, "service")
    return settings.model_copy(update={"image_store_url": f"s3://{BUCKET}/ntf?endpoint={endpoint}"})


@pytest.fixture
def store(far: Settings) -> ImageStore:
    return open_image_store(far)


@pytest.fixture
def app(far: Settings, sessions: Sessions) -> Iterator[OpenAPI]:
    app = create_app(far)
    yield app
    close_app(app)


def use(tasks: ModuleType, monkeypatch: pytest.MonkeyPatch, store: ImageStore) -> None:
    monkeypatch.setattr(tasks.tools, "store", lambda: store)
    tasks.tools.fetch_tools.cache_clear()
    tasks.tools.judge_tools.cache_clear()


@pytest.fixture
def work(
    tasks: ModuleType, store: ImageStore, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[[], None]]:
    """Do what waits, with the worker's own tasks on the object store."""
    use(tasks, monkeypatch, store)

    def work() -> None:
        while tasks.fetch() or tasks.detect():
            pass

    yield work
    monkeypatch.undo()
    tasks.tools.fetch_tools.cache_clear()
    tasks.tools.judge_tools.cache_clear()


def kept(endpoint: str, sha256: str = "") -> set[str]:
    """The kinds that the bucket has of a hash, by another client."""
    found = client_of(endpoint).list_objects_v2(Bucket=BUCKET, Prefix="ntf/").get("Contents", [])
    return {one["Key"].split("/")[1] for one in found if sha256 in one["Key"]}


def ask(client: FlaskClient, content: bytes) -> dict:
    answer = client.post("/v1/checks", data={"image": (io.BytesIO(content), "a")})
    assert answer.status_code == 202, answer.json
    return dict(answer.json)


def test_an_upload_is_judged_shown_and_erased(
    app: OpenAPI, sessions: Sessions, work: Callable[[], None], endpoint: str
) -> None:
    admin, content = make_client(app, sessions, role="admin"), as_jpeg(noise(301))
    sha256 = hashlib.sha256(content).hexdigest()
    asked = ask(admin, content)
    work()
    check = admin.get(f"/v1/checks/{asked['id']}").json
    assert check["verdict"]["label"]
    assert admin.get(check["image"]["picture_url"]).data == content
    assert admin.get(check["verdict"]["heatmap_url"]).data.startswith(b"\x89PNG")
    assert kept(endpoint, sha256) == {"bytes"}
    assert kept(endpoint) == {"bytes", "heatmaps"}  # neither pixels nor incoming stay
    assert admin.delete(f"/v1/images/{sha256}").status_code == 200
    assert kept(endpoint) == set()
    with sessions.begin() as rows:
        query = text("SELECT details FROM audit_log WHERE action = 'image.erased'")
        removed = rows.scalars(query).one()["files_removed"]
    assert {name.split("/")[0] for name in removed} == {"bytes", "heatmaps"}


def test_a_worker_process_of_its_own_judges_from_it(
    app: OpenAPI, sessions: Sessions, far: Settings, endpoint: str, tmp_path: Path
) -> None:
    admin = make_client(app, sessions, role="admin")
    assert far.image_store_url
    with running_worker(far, tmp_path / "log", NTF_IMAGE_STORE_URL=far.image_store_url):
        upload(admin, 305)
        wait_until_done(sessions, 1)
    assert kept(endpoint) == {"bytes", "heatmaps"}
    sha256 = hashlib.sha256(as_jpeg(noise(305))).hexdigest()
    assert admin.delete(f"/v1/images/{sha256}").status_code == 200
    assert kept(endpoint) == set()


def test_age_removes_the_objects(
    app: OpenAPI,
    sessions: Sessions,
    work: Callable[[], None],
    store: ImageStore,
    endpoint: str,
) -> None:
    client, content = make_client(app, sessions, role="reader"), as_jpeg(noise(302))
    ask(client, content)
    work()
    assert kept(endpoint) == {"bytes", "heatmaps"}
    with sessions.begin() as rows:
        rows.execute(text("UPDATE images SET created_at = now() - interval '40 days'"))
        rows.execute(text("UPDATE checks SET created_at = now() - interval '40 days'"))
        rows.execute(text("DELETE FROM reviews"))
        assert remove_old_files(rows, store, 30, limit=10) == 1
    assert kept(endpoint) == set()


def test_while_it_is_away_uploads_are_asked_again_and_no_check_is_lost(
    app: OpenAPI,
    sessions: Sessions,
    tasks: ModuleType,
    store: ImageStore,
    settings: Settings,
    work: Callable[[], None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    client, content = make_client(app, sessions, role="reader"), as_jpeg(noise(303))
    asked = ask(client, content)
    (port,) = free_ports(1)
    away_url = f"s3://{BUCKET}/ntf?endpoint=http://127.0.0.1:{port}"
    away = settings.model_copy(update={"image_store_url": away_url})
    refuse_a_wrong_store(away)  # to be away is no reason not to start
    other = create_app(away)
    caller = other.test_client()
    caller.environ_base.update(client.environ_base)
    answer = caller.post("/v1/checks", data={"image": (io.BytesIO(as_jpeg(noise(304))), "a")})
    assert (answer.status_code, answer.json["code"]) == (503, "image_store_unavailable")
    assert answer.headers["Retry-After"]
    close_app(other)

    def wait_no_longer() -> None:
        with sessions.begin() as rows:
            rows.execute(text("UPDATE checks SET run_after = now()"))

    for step in ("fetch", "detect"):
        use(tasks, monkeypatch, open_image_store(away))
        for _ in range(6):  # more than a check has tries
            wait_no_longer()
            assert getattr(tasks, step)()
        wait_no_longer()
        use(tasks, monkeypatch, store)
        assert getattr(tasks, step)()
    assert client.get(f"/v1/checks/{asked['id']}").json["status"] == "done"


def test_pixels_are_mapped_from_a_copy_that_has_no_name(store: ImageStore, far: Settings) -> None:
    pixels = noise(5)
    save_pixels(store, "ab34", pixels)
    mapped = map_pixels(store, "ab34")
    store.forget("pixels", "ab34")
    assert isinstance(mapped, np.memmap)
    assert np.array_equal(mapped, pixels)
    assert [path for path in (far.image_folder / "pixels").iterdir() if path.is_file()] == []


def test_where_versions_are_kept_all_of_them_go(far: Settings, endpoint: str) -> None:
    client = client_of(endpoint)
    client.create_bucket(Bucket="versioned")
    status = {"Status": "Enabled"}
    client.put_bucket_versioning(Bucket="versioned", VersioningConfiguration=status)
    url = f"s3://versioned?endpoint={endpoint}"
    store = open_image_store(far.model_copy(update={"image_store_url": url}))
    for content in (b"one", b"two"):
        store.save("bytes", "ab12", content)
    store.forget("bytes", "ab12")
    left = client.list_object_versions(Bucket="versioned")
    assert not left.get("Versions")
    assert not left.get("DeleteMarkers")


def test_the_fetching_workers_key_can_change_nothing_that_is_kept(
    store: ImageStore, far: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.save("bytes", "ab12", b"one")
    with_keys(monkeypatch, "fetch")
    refuse_a_wrong_store(far)
    theirs = open_image_store(far)
    assert theirs.read("bytes", "ab12") == b"one"
    theirs.save("incoming", "ef56", b"")
    assert theirs.has("incoming", "ef56")  # empty, and there to be removed
    store.forget("incoming", "ef56")
    assert not store.has("incoming", "ef56")
    theirs.save("incoming", "cd34", b"brought")
    save_pixels(theirs, "cd34", noise(6))
    for kind in ("bytes", "heatmaps"):
        with pytest.raises(ImageStoreRefused):
            theirs.save(kind, "ab12", b"other")
    with pytest.raises(ImageStoreRefused):
        theirs.forget("bytes", "ab12")
    for kind, name in (("bytes", "ab12"), ("incoming", "cd34"), ("pixels", "cd34")):
        store.forget(kind, name)


def test_a_wrong_bucket_or_key_is_refused_at_the_start(
    far: Settings, endpoint: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    none = far.model_copy(update={"image_store_url": f"s3://no-such?endpoint={endpoint}"})
    with pytest.raises(SettingsInvalid, match=r"NTF_IMAGE_STORE_URL.*NoSuchBucket"):
        refuse_a_wrong_store(none)
    with pytest.raises(ImageStoreRefused):  # never "it is not there", which would prove an erasure
        open_image_store(none).has("bytes", "ab12")
    with_keys(monkeypatch, "service", "wrong")
    with pytest.raises(SettingsInvalid, match=r"NTF_IMAGE_STORE_URL.*Signature"):
        refuse_a_wrong_store(far)
    monkeypatch.setattr("scans.open_store.find_spec", lambda _: None)
    with pytest.raises(SettingsInvalid, match=r"requirements/s3\.txt"):
        open_image_store(far)
