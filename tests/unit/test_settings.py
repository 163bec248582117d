"""Settings refuse to be wrong, and say which variable it is."""

import pytest

from scans.errors import SettingsInvalid
from scans.settings import load_settings

RIGHT = {
    "NTF_DATABASE_URL": "postgresql://ntf@localhost/ntf",
    "NTF_BROKER_URL": "redis://localhost:6379/0",
    "NTF_SECRET_KEY": "0123456789abcdef0123456789abcdef",
    "NTF_IMAGE_FOLDER": "/srv/images",
}


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    for name, value in RIGHT.items():
        monkeypatch.setenv(name, value)
    return monkeypatch


def test_reads_the_environment(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("NTF_FETCH_PORTS", "80, 443,8080")
    settings = load_settings()
    assert settings.database_url == "postgresql+psycopg://ntf@localhost/ntf"
    assert settings.fetch_ports == {80, 443, 8080}
    assert settings.allow_private_addresses is False


@pytest.mark.parametrize("name", RIGHT)
def test_names_the_variable_that_is_missing(environment: pytest.MonkeyPatch, name: str) -> None:
    environment.delenv(name)
    with pytest.raises(SettingsInvalid, match=name):
        load_settings()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("NTF_DATABASE_URL", "mysql://localhost/ntf"),
        ("NTF_SECRET_KEY", "short-secret"),
        ("NTF_FETCH_PORTS", "eighty"),
        ("NTF_IMAGE_STORE_URL", "https://host.example/bucket"),
        ("NTF_IMAGE_STORE_URL", "s3://No_Bucket"),
        ("NTF_IMAGE_STORE_URL", "s3://key:secret@bucket"),
        ("NTF_IMAGE_STORE_URL", "s3://bucket/one//other"),
        ("NTF_IMAGE_STORE_URL", "s3://bucket?endpoint=ftp://host.example"),
        ("NTF_IMAGE_STORE_URL", "s3://bucket?endpoint=http://host.example/path"),
        ("NTF_IMAGE_STORE_URL", "s3://bucket?secret=word"),
        ("NTF_LEASE_SECONDS", "-77"),
        ("NTF_MAX_IMAGE_BYTES", "many"),
    ],
)
def test_names_the_variable_that_is_wrong_but_not_its_value(
    environment: pytest.MonkeyPatch, name: str, value: str
) -> None:
    environment.setenv(name, value)
    with pytest.raises(SettingsInvalid, match=name) as refused:
        load_settings()
    assert value not in str(refused.value)
