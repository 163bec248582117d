"""Whose signatures count: certificates in a file that the operator supplies. Empty by default."""

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

MAX_FILE_BYTES = 4 << 20
_STATED_DATE = re.compile(r"^#\s*date:\s*(\d{4}-\d{2}-\d{2})\s*$", re.MULTILINE | re.IGNORECASE)


class TrustListInvalid(Exception):
    """The file cannot be used as a trust list."""

    code = "trust_list_invalid"


@dataclass(frozen=True, slots=True)
class TrustList:
    """Certificates of authorities (PEM), how many there are, and of which day the list is."""

    pem: str = ""
    count: int = 0
    as_of: date | None = None

    @property
    def title(self) -> str | None:
        """What a reader is told about the list; None where none is set."""
        if not self.count:
            return None
        authorities = "1 authority" if self.count == 1 else f"{self.count} authorities"
        return f"{self.as_of}, {authorities}"


NO_TRUST_LIST = TrustList()


def load_trust_list(path: Path | None) -> TrustList:
    """Read the file; without one, no issuer is known.

    Its date is that of a line `# date: 2026-11-01`, or else the day on which the file was last
    written.

    Raises:
        TrustListInvalid: the file cannot be read, or holds no certificates.
    """
    if path is None:
        return NO_TRUST_LIST
    try:
        content = path.read_bytes()[: MAX_FILE_BYTES + 1]
        written = datetime.fromtimestamp(path.stat().st_mtime, UTC).date()
        if len(content) > MAX_FILE_BYTES:
            raise ValueError("larger than 4 MiB")
        certificates = x509.load_pem_x509_certificates(content)
        stated = _STATED_DATE.search(content.decode("utf-8", "replace"))
        as_of = date.fromisoformat(stated[1]) if stated else written
    except (OSError, ValueError) as error:
        raise TrustListInvalid(
            f"{path} cannot be used as a trust list ({error}). It must hold the certificates of "
            "the authorities that you trust, in PEM."
        ) from error
    return TrustList(_pem_of(certificates), len(certificates), as_of)


def _pem_of(certificates: list[x509.Certificate]) -> str:
    return "".join(each.public_bytes(Encoding.PEM).decode() for each in certificates)
