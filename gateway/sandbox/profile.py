"""What NCA writes into a certificate: subject, usage, roles, policies (NCA's RSA templates, the SIGN and AUTH pair)."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum

from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from gateway.eds.certificate import Role
from gateway.sandbox.identities import Citizen, Organization, System

_POLICY = "1.2.398.3.3.2"
_PERSON_YEARS = 1
_SYSTEM_YEARS = 3
_YEAR = timedelta(days=365)
_UID = x509.ObjectIdentifier("0.9.2342.19200300.100.1.1")
_KEY_STORE = x509.ObjectIdentifier("1.2.398.3.3.5")
_KEY_STORE_PKCS12 = bytes.fromhex("300a06082a830e0303050101")  # SEQUENCE { OID 1.2.398.3.3.5.1.1 }


class Usage(Enum):
    """Which certificate of the pair: for signing or for logging in."""

    SIGN = "sign"
    AUTH = "auth"


@dataclass(frozen=True, slots=True)
class Profile:
    """Everything of a certificate but its key and its issuer."""

    subject: x509.Name
    roles: tuple[Role, ...]
    not_before: datetime
    not_after: datetime
    usage: Usage = Usage.SIGN

    @property
    def policy(self) -> str:
        """The certificate policy: `.1`/`.2` for legal entities, `.3`/`.4` for individuals, signing first."""
        first = 1 if Role.LEGAL_ENTITY in self.roles else 3
        return f"{_POLICY}.{first + (self.usage is Usage.AUTH)}"

    def extensions(self) -> tuple[tuple[x509.ExtensionType, bool], ...]:
        """Return usage, roles, policy and key store, each with its criticality."""
        purpose = ExtendedKeyUsageOID.EMAIL_PROTECTION if self.usage is Usage.SIGN else ExtendedKeyUsageOID.CLIENT_AUTH
        policy = x509.PolicyInformation(x509.ObjectIdentifier(self.policy), None)
        return (
            (_key_usage(self.usage), True),
            (x509.ExtendedKeyUsage([purpose, *map(x509.ObjectIdentifier, self.roles)]), False),
            (x509.CertificatePolicies([policy]), False),
            (x509.UnrecognizedExtension(_KEY_STORE, _KEY_STORE_PKCS12), False),
        )


def of_citizen(
    citizen: Citizen, now: datetime, *, usage: Usage = Usage.SIGN, age: timedelta = timedelta(hours=1)
) -> Profile:
    """Return an individual's profile, issued `age` before `now` for one year."""
    return _profile(_person(citizen), (Role.INDIVIDUAL,), now - age, _PERSON_YEARS, usage)


def of_head(organization: Organization, now: datetime) -> Profile:
    """Return the profile of a legal entity's first head, who signs the entity's results."""
    names = [
        *_person(organization.head),
        x509.NameAttribute(NameOID.ORGANIZATION_NAME, organization.name.kk, _validate=False),
        x509.NameAttribute(NameOID.ORGANIZATIONAL_UNIT_NAME, f"BIN{organization.bin}"),
    ]
    return _profile(names, (Role.LEGAL_ENTITY, Role.FIRST_HEAD), now - timedelta(hours=1), _PERSON_YEARS)


def of_system(system: System, now: datetime) -> Profile:
    """Return an information system's profile: no person in it, three years."""
    names = [
        x509.NameAttribute(NameOID.COMMON_NAME, system.name),
        x509.NameAttribute(NameOID.COUNTRY_NAME, "KZ"),
        x509.NameAttribute(NameOID.ORGANIZATION_NAME, system.owner),
        x509.NameAttribute(NameOID.ORGANIZATIONAL_UNIT_NAME, f"BIN{system.bin}"),
        x509.NameAttribute(_UID, f"1.2.398.99.{int(system.bin)}"),
    ]
    return _profile(names, (Role.LEGAL_ENTITY, Role.LEGAL_ENTITY_SYSTEM), now - timedelta(hours=1), _SYSTEM_YEARS)


def _profile(
    names: Iterable[x509.NameAttribute[str]],
    roles: tuple[Role, ...],
    start: datetime,
    years: int,
    usage: Usage = Usage.SIGN,
) -> Profile:
    start = start.replace(microsecond=0)
    return Profile(x509.Name(names), roles, start, start + years * _YEAR, usage)


def _person(citizen: Citizen) -> list[x509.NameAttribute[str]]:
    surname = citizen.surname.upper()
    return [
        x509.NameAttribute(NameOID.COMMON_NAME, f"{surname} {citizen.given_name.upper()}"),
        x509.NameAttribute(NameOID.SURNAME, surname),
        x509.NameAttribute(NameOID.SERIAL_NUMBER, f"IIN{citizen.iin}"),
        x509.NameAttribute(NameOID.COUNTRY_NAME, "KZ"),
        x509.NameAttribute(NameOID.GIVEN_NAME, citizen.patronymic.upper()),
    ]


def _key_usage(usage: Usage) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=True,
        content_commitment=usage is Usage.SIGN,
        key_encipherment=usage is Usage.AUTH,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=False,
        crl_sign=False,
        encipher_only=False,
        decipher_only=False,
    )
