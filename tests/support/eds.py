"""Certificates and documents for the tests of signatures: a small CA by the NCA profile, made anew in every run."""

import asyncio
import base64
import hashlib
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID, ObjectIdentifier
from lxml import etree

from gateway.eds import algorithms, canonical
from gateway.eds.anchors import Anchors
from gateway.eds.canonical import METHODS
from gateway.eds.certificate import Certificate, Role
from gateway.eds.dsig import DS
from gateway.eds.keys import SigningKey, load_pem
from gateway.eds.verdict import Verdict
from gateway.eds.verifier import Verifier
from gateway.eds.xml import parse

AT = datetime(2026, 3, 1, tzinfo=UTC)
"""The instant at which tests judge; inside every default validity."""
BEFORE, AFTER = datetime(2025, 1, 1, tzinfo=UTC), datetime(2028, 1, 1, tzinfo=UTC)
SHARED = Path(__file__).parents[2].parent / "shared"
"""Reference data, where present."""
SOAP = "http://schemas.xmlsoap.org/soap/envelope/"
_USAGES = (
    "digital_signature",
    "content_commitment",
    "key_encipherment",
    "data_encipherment",
    "key_agreement",
    "key_cert_sign",
    "crl_sign",
)
SIGN = ("digital_signature", "content_commitment")
AUTHENTICATE = ("digital_signature", "key_encipherment")
ISSUE = ("key_cert_sign", "crl_sign")

Names = Sequence[tuple[ObjectIdentifier, str]]


def unavailable(what: str) -> None:
    """Skip a test that needs an outside program; fail instead where everything is demanded."""
    if os.environ.get("QAQPA_REQUIRE_ALL") == "1":
        pytest.fail(f"{what}, and QAQPA_REQUIRE_ALL=1 demands it")
    pytest.skip(what)


@lru_cache
def rsa_key(name: str, bits: int = 2048) -> rsa.RSAPrivateKey:
    """Return the run's key of this name; the same name gives the same key."""
    del name  # part of the cache's key
    return rsa.generate_private_key(65537, bits)


@dataclass(frozen=True)
class Template:
    """What an issued certificate says beside its name."""

    ca: bool = False
    usage: tuple[str, ...] = SIGN
    extended: tuple[str, ...] = (ExtendedKeyUsageOID.EMAIL_PROTECTION.dotted_string, Role.INDIVIDUAL.value)
    path_length: int | None = None
    not_before: datetime = BEFORE
    not_after: datetime = AFTER
    bits: int = 2048
    key_name: str | None = None
    key_identifiers: bool = True
    extra: tuple[tuple[x509.ExtensionType, bool], ...] = ()


CITIZEN = Template()
CA = Template(ca=True, usage=ISSUE, extended=())


@dataclass(frozen=True)
class Issued:
    """A certificate with its private key."""

    private: rsa.RSAPrivateKey = field(repr=False)
    x509: x509.Certificate

    @property
    def certificate(self) -> Certificate:
        """The certificate, read."""
        return Certificate.from_der(self.x509.public_bytes(serialization.Encoding.DER))

    @property
    def pem(self) -> bytes:
        """The certificate as PEM."""
        return self.x509.public_bytes(serialization.Encoding.PEM)

    @property
    def key_pem(self) -> bytes:
        """The private key as PKCS #8 PEM."""
        return self.private.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )

    @property
    def key(self) -> SigningKey:
        """The key, loaded as the gateway loads it."""
        return load_pem(self.pem, self.key_pem)


def issue(names: str | Names, issuer: Issued | None = None, template: Template = CITIZEN) -> Issued:
    """Issue a certificate; without an issuer it is self-signed."""
    attributes = [(NameOID.COMMON_NAME, names)] if isinstance(names, str) else names
    subject = x509.Name([x509.NameAttribute(oid, value, _validate=False) for oid, value in attributes])
    private = rsa_key(template.key_name or str(attributes), template.bits)
    signer = issuer.private if issuer else private
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer.x509.subject if issuer else subject)
        .public_key(private.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(template.not_before)
        .not_valid_after(template.not_after)
        .add_extension(x509.BasicConstraints(template.ca, template.path_length if template.ca else None), critical=True)
    )
    for extension, critical in (*_extensions(template, private, signer), *template.extra):
        builder = builder.add_extension(extension, critical)
    return Issued(private, builder.sign(signer, hashes.SHA256()))


def _extensions(
    template: Template, private: rsa.RSAPrivateKey, signer: rsa.RSAPrivateKey
) -> list[tuple[x509.ExtensionType, bool]]:
    bits = {usage: usage in template.usage for usage in _USAGES}
    extensions: list[tuple[x509.ExtensionType, bool]] = [
        (x509.KeyUsage(**bits, encipher_only=False, decipher_only=False), True)
    ]
    if template.extended:
        extensions.append((x509.ExtendedKeyUsage([ObjectIdentifier(oid) for oid in template.extended]), False))
    if template.key_identifiers:
        extensions.append((x509.SubjectKeyIdentifier.from_public_key(private.public_key()), False))
        extensions.append((x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key()), False))
    return extensions


@lru_cache
def root() -> Issued:
    """Return the run's root CA."""
    return issue("СЫНАҚ НЕГІЗГІ ҰКО", template=CA)


@lru_cache
def nca() -> Issued:
    """Return the run's issuing CA, under the root; this one is the anchor."""
    return issue(
        [(NameOID.COUNTRY_NAME, "KZ"), (NameOID.COMMON_NAME, "СЫНАҚ ҰКО (ТЕСТ)")],
        root(),
        Template(ca=True, usage=ISSUE, extended=(), path_length=0),
    )


@lru_cache
def citizen(name: str = "ТЕСТОВ ТЕСТ", iin: str = "123456789011") -> Issued:
    """Return a citizen's signing certificate."""
    return issue([(NameOID.COMMON_NAME, name), (NameOID.SERIAL_NUMBER, f"IIN{iin}")], nca())


def verifier() -> Verifier:
    """Return a verifier that trusts the run's issuing CA, without revocation."""
    return Verifier(Anchors.of([nca().certificate]))


def judge(document: bytes, *, at: datetime = AT, by: Verifier | None = None) -> Verdict:
    """Judge an enveloped signature."""
    return asyncio.run((by or verifier()).enveloped(document, at=at))


def resign(signature: etree._Element, key: SigningKey, covered: Callable[[etree._Element], bytes]) -> None:
    """Make a changed ds:Signature cryptographically right again, as an attacker with a key of his own would.

    `covered` takes a ds:Reference and returns the bytes whose digest goes into it.
    """
    signed_info, value = signature[0], signature[1]
    for reference in signed_info.iter(f"{{{DS}}}Reference"):
        digest = reference.find(f"{{{DS}}}DigestValue")
        assert digest is not None
        digest.text = base64.b64encode(hashlib.sha256(covered(reference)).digest()).decode()
    method = METHODS.get(signed_info[0].get("Algorithm", ""), METHODS[canonical.C14N])
    value.text = base64.b64encode(key.sign(canonical.subtree(signed_info, method))).decode()


_PART_SIGNATURE = (
    f'<ds:Signature xmlns:ds="{DS}">\n<ds:SignedInfo>\n<ds:CanonicalizationMethod Algorithm="{canonical.EXC_C14N}"/>'
    '<ds:SignatureMethod Algorithm="{signature}"/><ds:Reference URI="#{identifier}"><ds:Transforms>'
    f'<ds:Transform Algorithm="{canonical.C14N_COMMENTS}"/></ds:Transforms>'
    '<ds:DigestMethod Algorithm="{digest}"/><ds:DigestValue>{value}</ds:DigestValue></ds:Reference></ds:SignedInfo>'
    "<ds:SignatureValue/><ds:KeyInfo><ds:X509Data><ds:X509Certificate>{certificate}</ds:X509Certificate>"
    "</ds:X509Data></ds:KeyInfo></ds:Signature>"
)


def sign_part(document: bytes, key: SigningKey, *, identifier: str = "part", place: str = ".") -> bytes:
    """Sign the element with an Id as NCALayer does when it is given XPaths; `place` is where the signature goes."""
    root = parse(document)
    (part, *_) = canonical.elements_with_id(root, identifier)
    digest = algorithms.digest(key.digest_uri).compute(canonical.subtree(part, METHODS[canonical.C14N]))
    signature = etree.fromstring(
        _PART_SIGNATURE.format(
            signature=key.signature_uri,
            digest=key.digest_uri,
            identifier=identifier,
            value=base64.b64encode(digest).decode(),
            certificate=base64.b64encode(key.certificate.der).decode(),
        )
    )
    parent = root.find(place)
    assert parent is not None
    parent.append(signature)
    signed_info = canonical.subtree(signature[0], METHODS[canonical.EXC_C14N])
    signature[1].text = base64.b64encode(key.sign(signed_info)).decode()
    return canonical.serialise(root, declaration=False)
