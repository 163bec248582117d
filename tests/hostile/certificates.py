"""Certificates of an authority that lives as long as the tests, for honest and dishonest hosts."""

import datetime
import ssl
from pathlib import Path

import trustme


class Authority:
    """A root that only a policy's `ca_bundle_path` makes trusted."""

    def __init__(self, folder: Path) -> None:
        self._root = trustme.CA()
        self.bundle_path = str(folder / "authority.pem")
        self._root.cert_pem.write_to_path(self.bundle_path)

    def server_context(self, *names: str, is_expired: bool = False) -> ssl.SSLContext:
        """What a server needs to prove these names (or fail to)."""
        ends_at = datetime.datetime(2020, 1, 1, tzinfo=datetime.UTC) if is_expired else None
        starts_at = datetime.datetime(2019, 1, 1, tzinfo=datetime.UTC) if is_expired else None
        certificate = self._root.issue_cert(*names, not_after=ends_at, not_before=starts_at)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        certificate.configure_cert(context)
        return context
