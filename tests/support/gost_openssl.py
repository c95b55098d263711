"""OpenSSL's gost engine as a referee: the same key and signature under its names.

The engine knows the Russian names and byte order only: OIDs are relabelled, and a signature's bytes turned round
(s_BE ‖ r_BE of RFC 9215 is exactly the reverse of our r_LE ‖ s_LE). The bytes that were signed stay as they are.
"""

import base64
import shutil
import subprocess
from pathlib import Path
from typing import Any

from asn1crypto import cms as asn1
from asn1crypto.core import ObjectIdentifier

from gateway.eds import der
from gateway.eds.certificate import Certificate
from gateway.eds.cms.message import unarmoured
from gateway.eds.gost.keys import PrivateKey, PublicKey
from gateway.eds.gost.suites import GOST_2004, GOST_2015_256, GOST_2015_512, Suite
from tests.support.cms import tlv
from tests.support.eds import unavailable

_NAMES = {
    # RFC 4491 and RFC 9215: key, curve, digest
    GOST_2004: ("1.2.643.2.2.19", "1.2.643.2.2.35.1", "1.2.643.2.2.30.1"),
    GOST_2015_256: ("1.2.643.7.1.1.1.1", "1.2.643.7.1.2.1.1.1", "1.2.643.7.1.1.2.2"),
    GOST_2015_512: ("1.2.643.7.1.1.1.2", "1.2.643.7.1.2.1.2.1", "1.2.643.7.1.1.2.3"),
}


def require_engine() -> None:
    """Skip, or fail where everything is demanded, unless OpenSSL has the engine."""
    openssl = shutil.which("openssl")
    if openssl is None:
        unavailable("no openssl program on this machine")
    shown = subprocess.run([str(openssl), "engine", "-t", "gost"], capture_output=True, text=True, check=False)
    if "[ available ]" not in shown.stdout:
        unavailable(
            "OpenSSL has no gost engine: GOST signatures are NOT checked; apt-get install libengine-gost-openssl"
        )


def run(folder: Path, command: str) -> subprocess.CompletedProcess[bytes]:
    """Run an `openssl` command line in a folder."""
    return subprocess.run(["openssl", *command.split()], cwd=folder, capture_output=True, check=False, timeout=60)


def accepts(key: PrivateKey, digest_value: bytes, signature: bytes, folder: Path) -> bool:
    """Whether the engine verifies a signature over a digest with our key's public half."""
    (folder / "key.pem").write_bytes(armoured("PUBLIC KEY", _spki(key.public)))
    (folder / "digest").write_bytes(digest_value)
    (folder / "signature").write_bytes(signature[::-1])
    done = run(folder, "pkeyutl -engine gost -verify -pubin -inkey key.pem -in digest -sigfile signature")
    assert b"Signature Verified Successfully" in done.stdout or b"Signature Verification Failure" in done.stdout, done
    return done.returncode == 0


def armoured(kind: str, octets: bytes) -> bytes:
    """Write PEM."""
    return f"-----BEGIN {kind}-----\n{base64.encodebytes(octets).decode()}-----END {kind}-----\n".encode()


def russian_certificate(certificate: Certificate) -> bytes:
    """Relabel a certificate's key, as PEM. Who issued it can no longer be verified: its signature covers the labels."""
    public = PublicKey.from_spki(certificate.spki)
    parts = [certificate.tbs[part.start : part.end] for part in der.children(certificate.tbs, _whole(certificate.tbs))]
    parts[6] = _spki(public)  # version, serial number, signature, issuer, validity, subject, key
    return armoured("CERTIFICATE", tlv(0x30, tlv(0x30, *parts), parts[2], tlv(0x03, b"\x00" + certificate.signature)))


def russian_message(document: bytes, suite: Suite) -> bytes:
    """Relabel the algorithms of every signer of a CMS message, DER; signed attributes and content stay untouched."""
    key, _, digest = _NAMES[suite]
    return _relabelled(document, digest_oid=digest, signature_oid=key)


def kazakh_message(document: bytes, certificate: Certificate, suite: Suite) -> bytes:
    """Relabel a CMS message of the engine's, and name and enclose our certificate for the signer's key."""
    info = asn1.ContentInfo.load(_relabelled(document, digest_oid=suite.digest_oid, signature_oid=suite.signature_oid))
    (signer,) = info["content"]["signer_infos"]
    ours = asn1.Certificate.load(certificate.der)
    signer["sid"] = asn1.SignerIdentifier(
        name="issuer_and_serial_number", value={"issuer": ours.issuer, "serial_number": ours.serial_number}
    )
    info["content"]["certificates"] = [asn1.CertificateChoices(name="certificate", value=ours)]
    return _dumped(info)


def _relabelled(document: bytes, *, digest_oid: str, signature_oid: str) -> bytes:
    info = asn1.ContentInfo.load(unarmoured(document))
    info["content"]["digest_algorithms"] = [{"algorithm": digest_oid}]
    for signer in info["content"]["signer_infos"]:
        signer["digest_algorithm"] = {"algorithm": digest_oid}
        signer["signature_algorithm"] = {"algorithm": signature_oid}
        signer["signature"] = signer["signature"].native[::-1]
    return _dumped(info)


def _dumped(info: Any) -> bytes:
    octets: bytes = info.dump()
    return octets


def _spki(public: PublicKey) -> bytes:
    key, curve, digest = (ObjectIdentifier(oid).dump() for oid in _NAMES[public.suite])
    return tlv(0x30, tlv(0x30, key, tlv(0x30, curve, digest)), tlv(0x03, b"\x00" + tlv(0x04, public.value)))


def _whole(octets: bytes) -> der.Element:
    return der.element_at(octets, 0)
