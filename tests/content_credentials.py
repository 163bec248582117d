"""Signed pictures for the tests, by an authority that lives as long as they do."""

import datetime
import hashlib
import io
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import cached_property

import c2pa
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from tests.timestamp_authority import TimestampAuthority

NEWSCODES = "http://cv.iptc.org/newscodes/digitalsourcetype/"
AI, CAMERA = "trainedAlgorithmicMedia", "digitalCapture"
DAY = datetime.timedelta(days=1)
TOOL = "Test Camera"
ENDED = datetime.datetime.now(datetime.UTC) - 10 * DAY
LIBRARY_SETTINGS = {
    "verify": {"verify_after_sign": False},
    "builder": {"thumbnail": {"enabled": False}},
}


def _now() -> datetime.datetime:
    return datetime.datetime.now(datetime.UTC)


def _name(common_name: str, organisation: str) -> x509.Name:
    return x509.Name(
        [
            x509.NameAttribute(NameOID.COMMON_NAME, common_name),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, organisation),
        ]
    )


def _usage(*, signs: bool, certifies: bool) -> x509.KeyUsage:
    return x509.KeyUsage(signs, False, False, False, False, certifies, certifies, False, False)


@dataclass
class Authority:
    """A root, and one signer below it. `pem` is what an operator would put on a trust list."""

    organisation: str = "Test Maker"
    _root_key: ec.EllipticCurvePrivateKey = field(
        default_factory=lambda: ec.generate_private_key(ec.SECP256R1())
    )
    _key: ec.EllipticCurvePrivateKey = field(
        default_factory=lambda: ec.generate_private_key(ec.SECP256R1())
    )
    _serial: int = field(default_factory=x509.random_serial_number)

    @cached_property
    def _root(self) -> x509.Certificate:
        name = _name("Test Root", f"{self.organisation} Authority")
        public = self._root_key.public_key()
        return (
            x509.CertificateBuilder(name, name, public, x509.random_serial_number())
            .not_valid_before(_now() - 3650 * DAY)
            .not_valid_after(_now() + 3650 * DAY)
            .add_extension(x509.BasicConstraints(True, None), True)
            .add_extension(_usage(signs=False, certifies=True), True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), False)
            .sign(self._root_key, hashes.SHA256())
        )

    @property
    def pem(self) -> bytes:
        return self._root.public_bytes(Encoding.PEM)

    def _leaf(self, starts: datetime.datetime, ends: datetime.datetime) -> x509.Certificate:
        """A certificate of the profile that C2PA asks for (C2PA 2.2, 14.5.1)."""
        public, root_public = self._key.public_key(), self._root_key.public_key()
        subject = _name("Test Signer", self.organisation)
        return (
            x509.CertificateBuilder(self._root.subject, subject, public, self._serial)
            .not_valid_before(starts)
            .not_valid_after(ends)
            .add_extension(x509.BasicConstraints(False, None), True)
            .add_extension(_usage(signs=True, certifies=False), True)
            .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.EMAIL_PROTECTION]), False)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(root_public), False)
            .sign(self._root_key, hashes.SHA256())
        )

    @cached_property
    def _leaf_in_force(self) -> x509.Certificate:
        return self._leaf(_now() - DAY, _now() + 300 * DAY)

    def _signature(self, content: bytes) -> bytes:
        """ES256 as COSE has it: r and s, 32 bytes each (RFC 9053, section 2.1)."""
        r, s = decode_dss_signature(self._key.sign(content, ec.ECDSA(hashes.SHA256())))
        return r.to_bytes(32, "big") + s.to_bytes(32, "big")

    def sign(
        self,
        content: bytes,
        source_type: str = AI,
        media_type: str = "image/jpeg",
        *,
        tool: str = TOOL,
        remote_url: str | None = None,
        parent: bytes | None = None,
        times: TimestampAuthority | None = None,
    ) -> bytes:
        """The picture with a manifest that says how it came to be, and by `times` when."""
        return self._sign_remembering(
            content, source_type, media_type, tool, remote_url, parent, times
        )[0]

    def _sign_remembering(
        self,
        content: bytes,
        source_type: str,
        media_type: str,
        tool: str,
        remote_url: str | None,
        parent: bytes | None,
        times: TimestampAuthority | None,
    ) -> tuple[bytes, bytes, bytes]:
        """The signed picture, what was signed, and the signature."""
        signed: list[tuple[bytes, bytes]] = []

        def remember(to_sign: bytes) -> bytes:
            signed.append((to_sign, self._signature(to_sign)))
            return signed[-1][1]

        chain = self._leaf_in_force.public_bytes(Encoding.PEM) + self.pem
        action = (
            {"action": "c2pa.created", "digitalSourceType": NEWSCODES + source_type}
            if parent is None
            else {"action": "c2pa.opened", "parameters": {"ingredientIds": ["parent"]}}
        )
        manifest = {
            "claim_generator_info": [{"name": tool, "version": "1"}],
            "assertions": [{"label": "c2pa.actions", "data": {"actions": [action]}}],
        }
        builder = c2pa.Builder(manifest, c2pa.Context.from_dict(LIBRARY_SETTINGS))
        if parent is not None:
            described = {"relationship": "parentOf", "instance_id": "parent", "title": "parent"}
            builder.add_ingredient(described, media_type, io.BytesIO(parent))
        if remote_url:
            builder.set_no_embed()
            builder.set_remote_url(remote_url)
        out = io.BytesIO()
        with ExitStack() as served:
            address = served.enter_context(times.serve()) if times else None
            signer = c2pa.Signer.from_callback(
                remember, c2pa.C2paSigningAlg.ES256, chain.decode(), address
            )
            builder.sign(signer, media_type, io.BytesIO(content), out)
        return out.getvalue(), *signed[-1]

    def sign_with_expired_certificate(
        self, content: bytes, source_type: str = AI, times: TimestampAuthority | None = None
    ) -> bytes:
        """A JPEG that was signed with a certificate which has ended since.

        The library signs with none that has ended. So the one in the signed picture is exchanged
        for one of the same key and length, and the signature over it is made again; so is the word
        of `times` over the signature.
        """
        picture, to_sign, signature = self._sign_remembering(
            content, source_type, "image/jpeg", TOOL, None, None, times
        )
        was = self._leaf_in_force.public_bytes(Encoding.DER)
        ended = b""
        while len(ended) != len(was):  # a signature in DER is of 70 to 72 bytes
            certificate = self._leaf(_now() - 30 * DAY, ENDED)
            ended = certificate.public_bytes(Encoding.DER)
        assert picture.count(was) == to_sign.count(was) == picture.count(signature) == 1
        to_sign = to_sign.replace(was, ended)
        again = self._signature(to_sign)
        picture = picture.replace(was, ended).replace(signature, again)
        if times is None:
            return picture
        token = times.token(hashlib.sha256(_countersigned(to_sign, again)).digest())
        assert picture.count(times.last_token) == 1
        assert len(token) == len(times.last_token)
        return picture.replace(times.last_token, token)


def _countersigned(to_sign: bytes, signature: bytes) -> bytes:
    """What a time is given to (C2PA 2.2, 10.3.2.5): a structure of COSE over the signature.

    `to_sign` begins with its name and the protected headers, which stand here again.
    """
    head = b"\x84\x6aSignature1"
    assert to_sign.startswith(head + b"\x59"), "a string of 256 bytes and more"
    headers = to_sign[len(head) :][: 3 + int.from_bytes(to_sign[len(head) + 1 :][:2], "big")]
    payload = b"\x58\x40" + signature
    return b"\x84\x70CounterSignature" + headers + b"\x40\x58\x42" + payload


def flip_last_pixels(jpeg: bytes) -> bytes:
    """One bit changed in the entropy-coded data, near the picture's end."""
    changed = bytearray(jpeg)
    at = len(changed) - 40
    changed[at] ^= 1
    assert 0xFF not in {changed[at - 1], changed[at], jpeg[at]}, "would be another marker"
    return bytes(changed)


def make_states(content: bytes, trusted: Authority) -> dict[str, bytes]:
    """One JPEG for each state that C2PA knows here; `trusted` is on the trust list."""
    stranger = Authority("Unknown Maker")
    return {
        "none": content,
        "trusted": trusted.sign(content),
        "unknown_issuer": stranger.sign(content),
        "expired": trusted.sign_with_expired_certificate(content),
        "invalid": flip_last_pixels(trusted.sign(content)),
    }
