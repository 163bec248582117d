"""A made-up authority that says when something was signed (RFC 3161), for signed pictures.

It writes its answers itself, since no library of ours does: DER by hand (X.690), a SignedData of
CMS (RFC 5652) around a TSTInfo.
"""

import datetime
import hashlib
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

DAY = datetime.timedelta(days=1)
SEQUENCE, SET, INTEGER, OCTETS, BOOLEAN, TIME = 0x30, 0x31, 0x02, 0x04, 0x01, 0x18
SHA256 = bytes.fromhex("0609608648016503040201")
ECDSA_WITH_SHA256 = bytes.fromhex("06082a8648ce3d040302")
SIGNED_DATA = bytes.fromhex("06092a864886f70d010702")
TST_INFO = bytes.fromhex("060b2a864886f70d0109100104")
CONTENT_TYPE = bytes.fromhex("06092a864886f70d010903")
MESSAGE_DIGEST = bytes.fromhex("06092a864886f70d010904")
SIGNING_CERTIFICATE_V2 = bytes.fromhex("060b2a864886f70d010910022f")
POLICY = bytes.fromhex("06042a030405")


def der(tag: int, *parts: bytes) -> bytes:
    """One value of DER: its tag, its length, its content."""
    content = b"".join(parts)
    if len(content) < 128:
        return bytes([tag, len(content)]) + content
    length = len(content).to_bytes((len(content).bit_length() + 7) // 8, "big")
    return bytes([tag, 0x80 | len(length)]) + length + content


def integer(value: int) -> bytes:
    return der(INTEGER, value.to_bytes(value.bit_length() // 8 + 1, "big"))


class TimestampAuthority:
    """A root and one signer of times below it. `pem` is what an operator would trust."""

    def __init__(self) -> None:
        self._root_key = ec.generate_private_key(ec.SECP256R1())
        self._key = ec.generate_private_key(ec.SECP256R1())
        # Of one length, so that a token can take another's place in a signed file.
        self._serial = (1 << 126) + 1
        name = self._name("Test Time Root")
        public = self._root_key.public_key()
        self._root = (
            self._certificate(name, name, public)
            .add_extension(x509.BasicConstraints(True, None), True)
            .add_extension(self._usage(certifies=True), True)
            .sign(self._root_key, hashes.SHA256())
        )
        self._leaf = (
            self._certificate(name, self._name("Test Time"), self._key.public_key())
            .add_extension(x509.BasicConstraints(False, None), True)
            .add_extension(self._usage(certifies=False), True)
            .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.TIME_STAMPING]), True)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(public), False)
            .sign(self._root_key, hashes.SHA256())
        )
        self.says = datetime.datetime.now(datetime.UTC)
        self.last_token = b""
        self._nonce = b""

    @property
    def pem(self) -> bytes:
        return self._root.public_bytes(Encoding.PEM)

    @staticmethod
    def _name(common_name: str) -> x509.Name:
        return x509.Name(
            [
                x509.NameAttribute(NameOID.COMMON_NAME, common_name),
                x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Test Time Maker"),
            ]
        )

    @staticmethod
    def _usage(*, certifies: bool) -> x509.KeyUsage:
        signs = not certifies
        return x509.KeyUsage(signs, False, False, False, False, certifies, certifies, False, False)

    @staticmethod
    def _certificate(
        issuer: x509.Name, subject: x509.Name, public: ec.EllipticCurvePublicKey
    ) -> x509.CertificateBuilder:
        now = datetime.datetime.now(datetime.UTC)
        return (
            x509.CertificateBuilder(issuer, subject, public, x509.random_serial_number())
            .not_valid_before(now - 3650 * DAY)
            .not_valid_after(now + 3650 * DAY)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), False)
        )

    def answer(self, question: bytes) -> bytes:
        """The answer to a TimeStampReq (RFC 3161, 2.4.2): "granted", and the token."""
        at = question.index(b"\x04\x20", question.index(SHA256)) + 2
        self._nonce = _nonce(question)
        self.last_token = self.token(question[at : at + 32])
        return der(SEQUENCE, der(SEQUENCE, integer(0)), self.last_token)

    def token(self, digest: bytes) -> bytes:
        """A TimeStampToken over a SHA-256: a SignedData, whose content is the TSTInfo."""
        imprint = der(SEQUENCE, der(SEQUENCE, SHA256), der(OCTETS, digest))
        time = der(TIME, self.says.strftime("%Y%m%d%H%M%SZ").encode())
        info = der(SEQUENCE, integer(1), POLICY, imprint, integer(self._serial), time, self._nonce)
        leaf = self._leaf.public_bytes(Encoding.DER)
        certificates = leaf + self._root.public_bytes(Encoding.DER)
        signed = der(
            SEQUENCE,
            integer(3),
            der(SET, der(SEQUENCE, SHA256)),
            der(SEQUENCE, TST_INFO, der(0xA0, der(OCTETS, info))),
            der(0xA0, certificates),
            der(SET, self._signer_info(info, leaf)),
        )
        return der(SEQUENCE, SIGNED_DATA, der(0xA0, signed))

    def _signer_info(self, info: bytes, leaf: bytes) -> bytes:
        """What is signed are the attributes as a SET, though they stand there tagged [0]."""
        named = der(SEQUENCE, der(SEQUENCE, der(SEQUENCE, der(OCTETS, _sha256(leaf)))))
        attributes = sorted(
            [
                der(SEQUENCE, CONTENT_TYPE, der(SET, TST_INFO)),
                der(SEQUENCE, MESSAGE_DIGEST, der(SET, der(OCTETS, _sha256(info)))),
                der(SEQUENCE, SIGNING_CERTIFICATE_V2, der(SET, named)),
            ]
        )
        signature = b""
        while len(signature) != 71:  # in DER it is of 70 to 72 bytes
            signature = self._key.sign(der(SET, *attributes), ec.ECDSA(hashes.SHA256()))
        issuer = self._leaf.issuer.public_bytes()
        return der(
            SEQUENCE,
            integer(1),
            der(SEQUENCE, issuer, integer(self._leaf.serial_number)),
            der(SEQUENCE, SHA256),
            der(0xA0, *attributes),
            der(SEQUENCE, ECDSA_WITH_SHA256),
            der(OCTETS, signature),
        )

    @contextmanager
    def serve(self) -> Iterator[str]:
        """Answer on loopback, as signers ask; gives the address."""
        authority = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                question = self.rfile.read(int(self.headers["Content-Length"]))
                answer = authority.answer(question)
                self.send_response(200)
                self.send_header("Content-Type", "application/timestamp-reply")
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            def log_message(self, *_: object) -> None: ...

        with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
            thread = threading.Thread(target=server.serve_forever, args=(0.05,))
            thread.start()
            try:
                yield f"http://127.0.0.1:{server.server_port}"
            finally:
                server.shutdown()
                thread.join()


def _sha256(content: bytes) -> bytes:
    return hashlib.sha256(content).digest()


def _nonce(question: bytes) -> bytes:
    """The number that the answer must repeat: the INTEGER behind the digest, if there is one."""
    rest = question[question.index(b"\x04\x20", question.index(SHA256)) + 34 :]
    return rest[: 2 + rest[1]] if rest[:1] == b"\x02" else b""
