"""What the NCA writes into a certificate: subject, usage, roles, policies (templates of both generations).

Until 2024 a person got an RSA pair, one certificate for signing and one for logging in; since then one GOST
certificate for both.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum
from typing import Final

from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from gateway.eds.certificate import Role
from gateway.sandbox.identities import Citizen, Organization, System
from gateway.sandbox.keys import Family

Extensions = tuple[tuple[x509.ExtensionType, bool], ...]
"""Each with its criticality."""

_POLICY = "1.2.398.3.3.2"
_TSA_POLICY = f"{_POLICY}.6"
_YEAR = timedelta(days=365)
_RECENTLY = timedelta(hours=1)
_PERSON_YEARS = 1
_SYSTEM_YEARS = 3
_RESPONDER_YEARS = 1
_TSA_YEARS = 3
_UID = x509.ObjectIdentifier("0.9.2342.19200300.100.1.1")
_KEY_STORE = x509.UnrecognizedExtension(
    x509.ObjectIdentifier("1.2.398.3.3.5"),
    bytes.fromhex("300a06082a830e0303050101"),  # SEQUENCE { OID 1.2.398.3.3.5.1.1 }: a PKCS #12 file
)


class Usage(Enum):
    """Which certificate of the older pair: for signing or for logging in."""

    SIGN = "sign"
    AUTH = "auth"


@dataclass(frozen=True, slots=True)
class Profile:
    """Everything of a certificate but its key and its issuer."""

    subject: x509.Name
    family: Family
    not_before: datetime
    not_after: datetime
    extensions: Extensions


def of_citizen(citizen: Citizen, now: datetime, *, usage: Usage = Usage.SIGN, age: timedelta = _RECENTLY) -> Profile:
    """Return an individual's profile, issued `age` before `now` for one year.

    Raises:
        KeyError: a GOST certificate for logging in alone: there is none.
    """
    extensions = _end_entity(citizen.family, (Role.INDIVIDUAL,), usage)
    return _profile(_person(citizen), citizen.family, now - age, _PERSON_YEARS, extensions)


def of_head(organization: Organization, now: datetime) -> Profile:
    """Return the profile of a legal entity's first head, who signs the entity's results."""
    names = [
        *_person(organization.head),
        x509.NameAttribute(NameOID.ORGANIZATION_NAME, organization.name.kk, _validate=False),
        x509.NameAttribute(NameOID.ORGANIZATIONAL_UNIT_NAME, f"BIN{organization.bin}"),
    ]
    family = organization.head.family
    extensions = _end_entity(family, (Role.LEGAL_ENTITY, Role.FIRST_HEAD))
    return _profile(names, family, now - _RECENTLY, _PERSON_YEARS, extensions)


def of_system(system: System, now: datetime) -> Profile:
    """Return an information system's profile: no person in it, three years."""
    names = [
        x509.NameAttribute(NameOID.COMMON_NAME, system.name),
        x509.NameAttribute(NameOID.COUNTRY_NAME, "KZ"),
        x509.NameAttribute(NameOID.ORGANIZATION_NAME, system.owner),
        x509.NameAttribute(NameOID.ORGANIZATIONAL_UNIT_NAME, f"BIN{system.bin}"),
        x509.NameAttribute(_UID, f"1.2.398.99.{int(system.bin)}"),
    ]
    extensions = _end_entity(system.family, (Role.LEGAL_ENTITY, Role.LEGAL_ENTITY_SYSTEM))
    return _profile(names, system.family, now - _RECENTLY, _SYSTEM_YEARS, extensions)


def of_authority(name: str, family: Family, since: datetime, until: datetime, *, path_length: int) -> Profile:
    """Return a certification authority's profile."""
    extensions = (
        (x509.BasicConstraints(ca=True, path_length=path_length), True),
        (_key_usage("key_cert_sign", "crl_sign"), True),
    )
    return Profile(x509.Name(_service(name)), family, since, until, extensions)


def of_responder(name: str, family: Family, now: datetime) -> Profile:
    """Return the profile of an OCSP responder, whose own certificate nobody need ask about."""
    extensions = (
        (_key_usage("digital_signature", "content_commitment"), True),
        (x509.ExtendedKeyUsage([ExtendedKeyUsageOID.OCSP_SIGNING]), False),
        (x509.OCSPNoCheck(), False),
        (_KEY_STORE, False),
    )
    return _profile(_service(name), family, now - _RECENTLY, _RESPONDER_YEARS, extensions)


def of_time_stamping_authority(name: str, family: Family, now: datetime) -> Profile:
    """Return the profile of a time-stamping authority: for that alone, critically (RFC 3161 section 2.3)."""
    extensions = (
        (_key_usage("digital_signature", "content_commitment"), True),
        (x509.ExtendedKeyUsage([ExtendedKeyUsageOID.TIME_STAMPING]), True),
        (_policies(_TSA_POLICY), False),
        (_KEY_STORE, False),
    )
    return _profile(_service(name), family, now - _RECENTLY, _TSA_YEARS, extensions)


@dataclass(frozen=True, slots=True)
class _Purpose:
    """What a certificate is for."""

    bits: tuple[str, ...]
    extended: x509.ObjectIdentifier
    policy_of_entity: str
    policy_of_individual: str


_PURPOSES: Final[Mapping[tuple[Family, Usage], _Purpose]] = {
    (Family.RSA, Usage.SIGN): _Purpose(
        ("digital_signature", "content_commitment"),
        ExtendedKeyUsageOID.EMAIL_PROTECTION,
        f"{_POLICY}.1",
        f"{_POLICY}.3",
    ),
    (Family.RSA, Usage.AUTH): _Purpose(
        ("digital_signature", "key_encipherment"), ExtendedKeyUsageOID.CLIENT_AUTH, f"{_POLICY}.2", f"{_POLICY}.4"
    ),
    (Family.GOST, Usage.SIGN): _Purpose(
        ("digital_signature", "content_commitment", "key_agreement"),
        ExtendedKeyUsageOID.EMAIL_PROTECTION,
        _POLICY,
        _POLICY,
    ),
}


def _end_entity(family: Family, roles: tuple[Role, ...], usage: Usage = Usage.SIGN) -> Extensions:
    purpose = _PURPOSES[family, usage]
    entity = Role.LEGAL_ENTITY in roles
    return (
        (_key_usage(*purpose.bits), True),
        (x509.ExtendedKeyUsage([purpose.extended, *map(x509.ObjectIdentifier, roles)]), False),
        (_policies(purpose.policy_of_entity if entity else purpose.policy_of_individual), False),
        (_KEY_STORE, False),
    )


def _profile(
    names: Iterable[x509.NameAttribute[str]], family: Family, start: datetime, years: int, extensions: Extensions
) -> Profile:
    start = start.replace(microsecond=0)
    return Profile(x509.Name(names), family, start, start + years * _YEAR, extensions)


def _person(citizen: Citizen) -> list[x509.NameAttribute[str]]:
    surname = citizen.surname.upper()
    return [
        x509.NameAttribute(NameOID.COMMON_NAME, f"{surname} {citizen.given_name.upper()}"),
        x509.NameAttribute(NameOID.SURNAME, surname),
        x509.NameAttribute(NameOID.SERIAL_NUMBER, f"IIN{citizen.iin}"),
        x509.NameAttribute(NameOID.COUNTRY_NAME, "KZ"),
        x509.NameAttribute(NameOID.GIVEN_NAME, citizen.patronymic.upper()),
    ]


def _service(name: str) -> list[x509.NameAttribute[str]]:
    return [x509.NameAttribute(NameOID.COUNTRY_NAME, "KZ"), x509.NameAttribute(NameOID.COMMON_NAME, name)]


def _policies(*dotted: str) -> x509.CertificatePolicies:
    return x509.CertificatePolicies([x509.PolicyInformation(x509.ObjectIdentifier(one), None) for one in dotted])


_ALL_USAGES: Final = (
    "digital_signature",
    "content_commitment",
    "key_encipherment",
    "data_encipherment",
    "key_agreement",
    "key_cert_sign",
    "crl_sign",
    "encipher_only",
    "decipher_only",
)


def _key_usage(*names: str) -> x509.KeyUsage:
    return x509.KeyUsage(**{name: name in names for name in _ALL_USAGES})
