"""Certificates by the profile of the National Certification Authority (NCA RK): who it is, and for what.

Attributes are read by OID: the order of a name's parts varies between generations. Control digits of IIN and BIN are
not judged here, the NCA's own test certificates carry wrong ones.
"""

import hashlib
import re
import warnings
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from gateway.eds import extensions
from gateway.eds.der import tbs_pieces
from gateway.eds.extensions import KeyUsage, Role
from gateway.eds.no_check import extensions_of
from gateway.eds.verdict import Finding, Reason

__all__ = ["Certificate", "CertificateUnreadable", "KeyUsage", "Role"]

MAX_BYTES = 16_384
"""No certificate of the profile comes near; a larger one is refused unread."""
_IIN = re.compile(r"IIN([0-9]{12})")
_BIN = re.compile(r"BIN([0-9]{12})")
_NAMES = {NameOID.SURNAME: "SURNAME", NameOID.SERIAL_NUMBER: "SERIALNUMBER", NameOID.GIVEN_NAME: "GIVENNAME"}


class CertificateUnreadable(Exception):  # noqa: N818  the name says what is wrong with it
    """The bytes are not one X.509 certificate, or its content contradicts itself. The text holds no personal data."""


class CertificateTooLarge(CertificateUnreadable):
    """No certificate of the profile comes near such a size."""


_SIGNING = frozenset({KeyUsage.DIGITAL_SIGNATURE, KeyUsage.NON_REPUDIATION})
_TIME_STAMPING = ExtendedKeyUsageOID.TIME_STAMPING.dotted_string
_SERVICE_USAGES = frozenset({ExtendedKeyUsageOID.OCSP_SIGNING.dotted_string, _TIME_STAMPING})


@dataclass(frozen=True, slots=True, repr=False, eq=False)
class Certificate:
    """One certificate, read. Equal when the DER is equal; `repr` shows no personal data."""

    der: bytes
    sha256: str
    """Of the DER, lower-case hexadecimal."""
    serial_number: int
    issuer_der: bytes
    """Name, DER."""
    subject_der: bytes
    """Name, DER."""
    not_before: datetime
    """UTC, aware."""
    not_after: datetime
    """UTC, aware; the last second it is valid."""
    common_name: str | None
    surname: str | None
    patronymic: str | None
    """NCA RK writes it into givenName."""
    organization: str | None
    iin: str | None
    bin: str | None
    roles: frozenset[Role]
    key_usage: frozenset[KeyUsage]
    extended_key_usage: frozenset[str]
    """Dotted OIDs, the roles among them."""
    extended_key_usage_critical: bool
    policies: frozenset[str]
    """Dotted OIDs."""
    key_store: str | None
    """Dotted OID of where the key is kept (extension 1.2.398.3.3.5)."""
    is_ca: bool
    path_length: int | None
    subject_key_id: bytes | None
    authority_key_id: bytes | None
    unknown_critical: frozenset[str]
    """Critical extensions that are not understood: such a certificate must not be relied on (RFC 5280 4.2)."""
    key_oid: str
    """Algorithm of the public key."""
    spki: bytes
    """SubjectPublicKeyInfo, DER."""
    signature_oid: str
    """Algorithm the issuer signed it with."""
    tbs: bytes
    signature: bytes

    @property
    def issuer(self) -> str:
        """The issuer's name, RFC 4514."""
        with _long_names():
            return x509.load_der_x509_certificate(self.der).issuer.rfc4514_string(_NAMES)

    @property
    def subject(self) -> str:
        """The subject's name, RFC 4514. Personal data."""
        with _long_names():
            return x509.load_der_x509_certificate(self.der).subject.rfc4514_string(_NAMES)

    @classmethod
    def from_der(cls, data: bytes) -> "Certificate":
        """Read a certificate.

        Raises:
            CertificateUnreadable: not one X.509 certificate.
        """
        if len(data) > MAX_BYTES:
            raise CertificateTooLarge(f"larger than {MAX_BYTES} bytes")
        return _read(bytes(data))

    @classmethod
    def from_pem(cls, data: bytes) -> "Certificate":
        """Read the first certificate of a PEM text.

        Raises:
            CertificateUnreadable: no X.509 certificate in it.
        """
        try:
            return cls.from_der(x509.load_pem_x509_certificate(data).public_bytes(Encoding.DER))
        except ValueError:
            raise CertificateUnreadable("no readable PEM certificate") from None

    def for_signing(self) -> tuple[Finding, ...]:
        """Say why it may not sign documents; empty when it may.

        Both generations of NCA RK certificates sign with digitalSignature and nonRepudiation; the authentication
        certificate of the older pair lacks nonRepudiation. Certificates of CAs, OCSP responders and time-stamping
        authorities sign other things.
        """
        lacks = () if self.key_usage >= _SIGNING else ("key usage lacks digitalSignature or nonRepudiation",)
        return _unfit((*lacks, *self._of_service(), *self._not_understood()))

    def for_messages(self) -> tuple[Finding, ...]:
        """Say why it may not sign messages between systems; empty when it may. An authentication key may."""
        lacks = () if KeyUsage.DIGITAL_SIGNATURE in self.key_usage else ("key usage lacks digitalSignature",)
        return _unfit((*lacks, *self._of_service(), *self._not_understood()))

    def for_time_stamping(self) -> tuple[Finding, ...]:
        """Say why it may not sign time stamps; empty when it may (RFC 3161 section 2.3)."""
        details = []
        if self.extended_key_usage != {_TIME_STAMPING} or not self.extended_key_usage_critical:
            details.append("the certificate is not for time stamps and nothing else, critically")
        if self.is_ca or (self.key_usage and not self.key_usage & _SIGNING):
            details.append("the key is not for signing")
        return _unfit((*details, *self._not_understood()))

    def _of_service(self) -> tuple[str, ...]:
        serves = self.is_ca or self.extended_key_usage & _SERVICE_USAGES
        return ("the certificate belongs to a certification service",) if serves else ()

    def _not_understood(self) -> tuple[str, ...]:
        unknown = ", ".join(sorted(self.unknown_critical))
        return (f"critical extensions not understood: {unknown}",) if unknown else ()

    def at(self, instant: datetime) -> tuple[Finding, ...]:
        """Say whether it is current at `instant` (aware); empty when it is."""
        if instant < self.not_before:
            return (Finding(Reason.NOT_YET_VALID, f"valid from {self.not_before:%Y-%m-%dT%H:%M:%SZ}"),)
        if instant > self.not_after:
            return (Finding(Reason.EXPIRED, f"expired {self.not_after:%Y-%m-%dT%H:%M:%SZ}"),)
        return ()

    def __eq__(self, other: object) -> bool:
        """Compare by DER."""
        return isinstance(other, Certificate) and self.der == other.der

    def __hash__(self) -> int:
        """Hash by DER."""
        return hash(self.sha256)

    def __repr__(self) -> str:
        """Show the fingerprint only."""
        return f"Certificate(sha256={self.sha256})"


def _unfit(details: tuple[str, ...]) -> tuple[Finding, ...]:
    return tuple(Finding(Reason.CHAIN_CONSTRAINTS_FAILURE, detail) for detail in details)


@contextmanager
def _long_names() -> Iterator[None]:
    with warnings.catch_warnings():
        # X.520 limits names to 64 characters; cryptography counts bytes, and NCA's Kazakh names run to 85.
        warnings.simplefilter("ignore", UserWarning)
        yield


_UNREADABLE = (
    ValueError,
    TypeError,
    x509.DuplicateExtension,
    x509.InvalidVersion,
    x509.UnsupportedGeneralNameType,
)


@lru_cache(maxsize=1024)  # a sender's certificate comes with every one of its messages
def _read(der: bytes) -> Certificate:
    try:
        with _long_names():
            return _build(x509.load_der_x509_certificate(der), der)
    except _UNREADABLE as error:
        # the libraries' texts may quote the content
        raise CertificateUnreadable(f"not a readable X.509 certificate ({type(error).__name__})") from None


def forget() -> None:
    """Drop the certificates that were kept since they were read; for measurements."""
    _read.cache_clear()


def _build(certificate: x509.Certificate, der: bytes) -> Certificate:
    tbs = certificate.tbs_certificate_bytes
    pieces = tbs_pieces(tbs)
    subject = _values(certificate.subject)
    return Certificate(
        der=der,
        sha256=hashlib.sha256(der).hexdigest(),
        serial_number=certificate.serial_number,
        issuer_der=pieces.issuer,
        subject_der=pieces.subject,
        not_before=certificate.not_valid_before_utc,
        not_after=certificate.not_valid_after_utc,
        common_name=_first(subject, NameOID.COMMON_NAME),
        surname=_first(subject, NameOID.SURNAME),
        patronymic=_first(subject, NameOID.GIVEN_NAME),
        organization=_first(subject, NameOID.ORGANIZATION_NAME),
        iin=_number(_IIN, subject.get(NameOID.SERIAL_NUMBER, ())),
        bin=_number(
            _BIN, (*subject.get(NameOID.ORGANIZATIONAL_UNIT_NAME, ()), *subject.get(NameOID.SERIAL_NUMBER, ()))
        ),
        key_oid=certificate.public_key_algorithm_oid.dotted_string,
        spki=pieces.subject_public_key_info,
        signature_oid=certificate.signature_algorithm_oid.dotted_string,
        tbs=tbs,
        signature=certificate.signature,
        **extensions.read(extensions_of(certificate, der)),
    )


_Values = dict[x509.ObjectIdentifier, list[str]]


def _values(name: x509.Name) -> _Values:
    values: _Values = {}
    for attribute in name:
        values.setdefault(attribute.oid, []).append(str(attribute.value))
    return values


def _first(values: _Values, oid: x509.ObjectIdentifier) -> str | None:
    return next(iter(values.get(oid, ())), None)


def _number(pattern: re.Pattern[str], values: Iterable[str]) -> str | None:
    found = {match[1] for match in map(pattern.fullmatch, values) if match}
    if len(found) > 1:
        raise CertificateUnreadable("two different numbers of one kind in the subject")
    return next(iter(found), None)
