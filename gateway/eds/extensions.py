"""The extensions of an NCA RK certificate: roles, usages, policies, constraints."""

from enum import StrEnum
from typing import TypedDict

from cryptography import x509
from cryptography.x509.oid import ExtensionOID

from gateway.eds.der import element_at, object_identifier

_KEY_STORE = x509.ObjectIdentifier("1.2.398.3.3.5")
_UNDERSTOOD = frozenset(
    {
        ExtensionOID.BASIC_CONSTRAINTS,
        ExtensionOID.KEY_USAGE,
        ExtensionOID.EXTENDED_KEY_USAGE,
        ExtensionOID.CERTIFICATE_POLICIES,
    }
)


class Role(StrEnum):
    """Whom a certificate was given to: extended key usages of NCA RK."""

    INDIVIDUAL = "1.2.398.3.3.4.1.1"
    INDIVIDUAL_SYSTEM = "1.2.398.3.3.4.1.1.1"
    LEGAL_ENTITY = "1.2.398.3.3.4.1.2"
    FIRST_HEAD = "1.2.398.3.3.4.1.2.1"
    RIGHT_TO_SIGN = "1.2.398.3.3.4.1.2.2"
    RIGHT_TO_SIGN_FINANCE = "1.2.398.3.3.4.1.2.3"
    HUMAN_RESOURCES = "1.2.398.3.3.4.1.2.4"
    EMPLOYEE = "1.2.398.3.3.4.1.2.5"
    LEGAL_ENTITY_SYSTEM = "1.2.398.3.3.4.1.2.6"
    TREASURY_CLIENT = "1.2.398.5.19.1.2.2.1"
    NCA_PRIVILEGES = "1.2.398.3.3.4.2"
    NCA_ADMINISTRATOR = "1.2.398.3.3.4.2.1"
    NCA_MANAGER = "1.2.398.3.3.4.2.2"
    NCA_OPERATOR = "1.2.398.3.3.4.2.3"
    IDENTIFIED = "1.2.398.3.3.4.3"
    IDENTIFIED_AT_CENTRE = "1.2.398.3.3.4.3.1"
    IDENTIFIED_REMOTELY = "1.2.398.3.3.4.3.2"
    IDENTIFIED_BY_DIGITAL_ID = "1.2.398.3.3.4.3.2.1"


class KeyUsage(StrEnum):
    """RFC 5280 section 4.2.1.3."""

    DIGITAL_SIGNATURE = "digitalSignature"
    NON_REPUDIATION = "nonRepudiation"
    KEY_ENCIPHERMENT = "keyEncipherment"
    DATA_ENCIPHERMENT = "dataEncipherment"
    KEY_AGREEMENT = "keyAgreement"
    KEY_CERT_SIGN = "keyCertSign"
    CRL_SIGN = "cRLSign"


_ROLES = {role.value: role for role in Role}
_SYSTEM_BRANCH = Role.LEGAL_ENTITY_SYSTEM.value + "."  # …2.6.N stands for a named information system


class Extensions(TypedDict):
    """The fields of a certificate that come from its extensions."""

    roles: frozenset[Role]
    key_usage: frozenset[KeyUsage]
    extended_key_usage: frozenset[str]
    extended_key_usage_critical: bool
    policies: frozenset[str]
    key_store: str | None
    is_ca: bool
    path_length: int | None
    subject_key_id: bytes | None
    authority_key_id: bytes | None
    unknown_critical: frozenset[str]


def read(extensions: x509.Extensions) -> Extensions:
    """Read the extensions of the profile."""
    by_oid = {extension.oid: extension.value for extension in extensions}
    basic = by_oid.get(ExtensionOID.BASIC_CONSTRAINTS)
    usages = by_oid.get(ExtensionOID.EXTENDED_KEY_USAGE)
    policies = by_oid.get(ExtensionOID.CERTIFICATE_POLICIES)
    subject_key = by_oid.get(ExtensionOID.SUBJECT_KEY_IDENTIFIER)
    authority_key = by_oid.get(ExtensionOID.AUTHORITY_KEY_IDENTIFIER)
    extended = (
        frozenset(oid.dotted_string for oid in usages) if isinstance(usages, x509.ExtendedKeyUsage) else frozenset()
    )
    critical = frozenset(extension.oid for extension in extensions if extension.critical)
    return Extensions(
        roles=_roles(extended),
        key_usage=_key_usage(by_oid.get(ExtensionOID.KEY_USAGE)),
        extended_key_usage=extended,
        extended_key_usage_critical=ExtensionOID.EXTENDED_KEY_USAGE in critical,
        policies=frozenset(policy.policy_identifier.dotted_string for policy in policies)
        if isinstance(policies, x509.CertificatePolicies)
        else frozenset(),
        key_store=_key_store(by_oid.get(_KEY_STORE)),
        is_ca=isinstance(basic, x509.BasicConstraints) and basic.ca,
        path_length=basic.path_length if isinstance(basic, x509.BasicConstraints) else None,
        subject_key_id=subject_key.digest if isinstance(subject_key, x509.SubjectKeyIdentifier) else None,
        authority_key_id=authority_key.key_identifier
        if isinstance(authority_key, x509.AuthorityKeyIdentifier)
        else None,
        unknown_critical=frozenset(oid.dotted_string for oid in critical - _UNDERSTOOD),
    )


def _roles(extended: frozenset[str]) -> frozenset[Role]:
    known = {_ROLES[oid] for oid in extended if oid in _ROLES}
    if any(oid.startswith(_SYSTEM_BRANCH) for oid in extended):
        known.add(Role.LEGAL_ENTITY_SYSTEM)
    return frozenset(known)


def _key_usage(value: x509.ExtensionType | None) -> frozenset[KeyUsage]:
    if not isinstance(value, x509.KeyUsage):
        return frozenset()
    bits = {
        KeyUsage.DIGITAL_SIGNATURE: value.digital_signature,
        KeyUsage.NON_REPUDIATION: value.content_commitment,
        KeyUsage.KEY_ENCIPHERMENT: value.key_encipherment,
        KeyUsage.DATA_ENCIPHERMENT: value.data_encipherment,
        KeyUsage.KEY_AGREEMENT: value.key_agreement,
        KeyUsage.KEY_CERT_SIGN: value.key_cert_sign,
        KeyUsage.CRL_SIGN: value.crl_sign,
    }
    return frozenset(usage for usage, stands in bits.items() if stands)


def _key_store(value: x509.ExtensionType | None) -> str | None:
    if not isinstance(value, x509.UnrecognizedExtension):
        return None
    try:
        # SEQUENCE { OBJECT IDENTIFIER }
        oid = element_at(value.value, element_at(value.value, 0).content)
        return object_identifier(value.value[oid.content : oid.end])
    except ValueError:
        return None  # it only informs: a form nobody has met does not spoil the certificate
