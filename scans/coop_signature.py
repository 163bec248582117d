"""Coop's signature on what it sends: RSASSA-PKCS1-v1_5 with SHA-256 over the body as it came.

After Coop's documentation, docs/development/api-auth.md there. It signs no timestamp, so whoever
takes a request in must make the same body count once.
"""

import base64
import binascii

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from scans.errors import CoopKeyInvalid, CoopSignatureWrong

MIN_KEY_BITS = 2048  # as Coop makes them


def read_public_key(pem: str) -> RSAPublicKey:
    """The key that Coop shows as "Webhook Signature Verification Key".

    Raises:
        CoopKeyInvalid: it is none, or too short to mean anything.
    """
    try:
        key = load_pem_public_key(pem.strip().encode())
    except (ValueError, UnsupportedAlgorithm) as error:
        raise CoopKeyInvalid("This is no public key in PEM format.") from error
    if not isinstance(key, RSAPublicKey) or key.key_size < MIN_KEY_BITS:
        raise CoopKeyInvalid(f"Coop signs by RSA keys of at least {MIN_KEY_BITS} bits.")
    return key


def verify_signature(pem: str, signature: str | None, body: bytes) -> None:
    """Return where the body was signed under this key.

    Args:
        signature: the header `Coop-Signature`, in Base64. Coop sends none when it has no key.

    Raises:
        CoopSignatureWrong: it was not, or there is no signature.
    """
    if not signature:
        raise CoopSignatureWrong("The header Coop-Signature is missing.")
    try:
        given = base64.b64decode(signature, validate=True)
        read_public_key(pem).verify(given, body, PKCS1v15(), SHA256())
    except (binascii.Error, InvalidSignature) as error:
        raise CoopSignatureWrong("Coop did not sign this body with the key set here.") from error
