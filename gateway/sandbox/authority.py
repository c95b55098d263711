"""A certification authority: its key, its certificate, its register, and what it issues."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from cryptography import x509
from cryptography.x509.oid import AuthorityInformationAccessOID

from gateway.eds import algorithms
from gateway.eds.certificate import Certificate
from gateway.eds.keys import SigningKey, load_pem
from gateway.eds.ocsp_request import public_key_bits
from gateway.sandbox import asn1
from gateway.sandbox.certificate_register import CertificateRegister
from gateway.sandbox.keys import KeyPair
from gateway.sandbox.profile import Extensions, Profile

_VERSION_3 = asn1.explicit(0, asn1.integer(2))


@dataclass(frozen=True, slots=True)
class Places:
    """Where an authority's certificate, revocation lists and responder are published."""

    certificate: str
    crl: str
    delta: str
    ocsp: str | None = None

    def extensions(self) -> Extensions:
        """Return CDP, freshestCRL and AIA pointing there."""
        access = [(AuthorityInformationAccessOID.CA_ISSUERS, self.certificate)]
        if self.ocsp:
            access.insert(0, (AuthorityInformationAccessOID.OCSP, self.ocsp))
        return (
            (x509.CRLDistributionPoints([_point(self.crl)]), False),
            (x509.FreshestCRL([_point(self.delta)]), False),
            (
                x509.AuthorityInformationAccess(
                    [x509.AccessDescription(method, x509.UniformResourceIdentifier(url)) for method, url in access]
                ),
                False,
            ),
        )


@dataclass(frozen=True, slots=True)
class _Issuer:
    """Whoever signs a certificate: an authority, or itself."""

    name: bytes
    key_id: bytes
    signature_oid: str
    sign: Callable[[bytes], bytes] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Authority:
    """A CA that issues; its places stand in what it issues, its register remembers it."""

    name: str
    """Of its files."""
    key: SigningKey = field(repr=False)
    places: Places
    register: CertificateRegister = field(repr=False)

    @classmethod
    def load(cls, name: str, certificate: Path, key: Path, places: Places) -> Self:
        """Read an authority made earlier; its register lies beside its key.

        Raises:
            OSError: a file is missing.
            KeyUnusable, ValueError: a file is not what it should be.
        """
        register = CertificateRegister(key.with_name(f"{name}.register.json"))
        return cls(name, load_pem(certificate.read_bytes(), key.read_bytes()), places, register)

    @property
    def certificate(self) -> Certificate:
        """The authority's own certificate."""
        return self.key.certificate

    @property
    def signature_oid(self) -> str:
        """Of what it signs."""
        return algorithms.signature(self.key.signature_uri).oid

    def issue(self, profile: Profile, public_key: bytes) -> bytes:
        """Issue a certificate by the profile and record it.

        Args:
            profile: what stands in it.
            public_key: SubjectPublicKeyInfo, DER.

        Returns:
            The certificate, DER.
        """
        issuer = _Issuer(
            self.certificate.subject_der, key_identifier(self.certificate.spki), self.signature_oid, self.key.sign
        )
        self.register.add(serial_number(public_key))
        return _certificate(profile, public_key, issuer, self.places.extensions())


def self_signed(profile: Profile, pair: KeyPair) -> bytes:
    """Return the certificate of a root, DER."""
    issuer = _Issuer(profile.subject.public_bytes(), key_identifier(pair.spki), pair.signature_oid, pair.sign)
    return _certificate(profile, pair.spki, issuer, ())


def key_identifier(spki: bytes) -> bytes:
    """Return the subject key identifier: SHA-1 of the key's bits, a GOST key's inner header included."""
    return hashlib.sha1(public_key_bits(spki), usedforsecurity=False).digest()  # RFC 5280 section 4.2.1.2 (1)


def serial_number(spki: bytes) -> int:
    """Return NCA's serial number for a key: the subject key identifier with its top bit cleared."""
    identifier = key_identifier(spki)
    return int.from_bytes(identifier) & ~(1 << (8 * len(identifier) - 1))


def _certificate(profile: Profile, spki: bytes, issuer: _Issuer, places: Extensions) -> bytes:
    """Write and sign a certificate (RFC 5280 section 4.1); `cryptography` could not, for a GOST key."""
    identifiers: Extensions = (
        (x509.SubjectKeyIdentifier(key_identifier(spki)), False),
        (x509.AuthorityKeyIdentifier(issuer.key_id, None, None), False),
    )
    algorithm = asn1.algorithm(issuer.signature_oid)
    signed = asn1.sequence(
        _VERSION_3,
        asn1.integer(serial_number(spki)),
        algorithm,
        issuer.name,
        asn1.sequence(asn1.time(profile.not_before), asn1.time(profile.not_after)),
        profile.subject.public_bytes(),
        spki,
        asn1.explicit(3, extensions((*identifiers, *profile.extensions, *places))),
    )
    return asn1.sequence(signed, algorithm, asn1.bits(issuer.sign(signed)))


def extensions(of: Extensions) -> bytes:
    """Write Extensions (RFC 5280 section 4.1.2.9), DER."""
    return asn1.sequence(
        *(
            asn1.sequence(
                asn1.oid(extension.oid.dotted_string),
                asn1.TRUE if critical else b"",
                asn1.octets(extension.public_bytes()),
            )
            for extension, critical in of
        )
    )


def _point(url: str) -> x509.DistributionPoint:
    return x509.DistributionPoint([x509.UniformResourceIdentifier(url)], None, None, None)
