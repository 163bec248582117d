"""Secrets that webhooks are signed with: how they are made, and sealed for the database.

Unlike a key's, a webhook's secret must be had back, to sign with it. So it is encrypted under a key
that is derived from `NTF_SECRET_KEY`: the database alone, or a copy of it, opens none.
"""

import base64
import secrets

from cryptography.fernet import Fernet, InvalidToken
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from scans.errors import WebhookSecretUnreadable
from scans.webhook_signature import PREFIX

SECRET_BYTES = 32  # Standard Webhooks asks for 24 to 64


class SecretBox:
    """Seals and opens webhooks' secrets."""

    def __init__(self, secret_key: str) -> None:
        # A key of its own (RFC 5869), so that it can be used for nothing else that is signed here.
        derived = HKDF(SHA256(), length=32, salt=None, info=b"ntf webhook secrets")
        self._fernet = Fernet(base64.urlsafe_b64encode(derived.derive(secret_key.encode())))

    def seal(self, secret: str) -> str:
        """Encrypt a secret for its row."""
        return self._fernet.encrypt(secret.encode()).decode()

    def open(self, sealed: str) -> str:
        """Get a secret back.

        Raises:
            WebhookSecretUnreadable: it was sealed under another key.
        """
        try:
            return self._fernet.decrypt(sealed.encode()).decode()
        except InvalidToken as error:
            raise WebhookSecretUnreadable(
                "The secret was sealed under another NTF_SECRET_KEY. Rotate it."
            ) from error

    def can_open(self, sealed: str) -> bool:
        """Whether it was sealed under this key."""
        try:
            self.open(sealed)
        except WebhookSecretUnreadable:
            return False
        return True


def make_secret() -> str:
    """A new secret, as Standard Webhooks writes it: `whsec_` and Base64."""
    return PREFIX + base64.b64encode(secrets.token_bytes(SECRET_BYTES)).decode()
