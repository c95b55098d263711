"""Certificates read by the NCA profile."""

import warnings
from datetime import timedelta

import pytest
from cryptography import x509
from cryptography.x509.oid import NameOID, ObjectIdentifier

from gateway.eds.certificate import Certificate, CertificateUnreadable, KeyUsage, Role
from gateway.eds.verdict import Reason
from tests.support.eds import AFTER, AUTHENTICATE, BEFORE, CA, SHARED, Template, citizen, issue, nca, root

_EMAIL = "1.3.6.1.5.5.7.3.4"
_HEAD = [
    (NameOID.GIVEN_NAME, "ТЕСТОВИЧ"),
    (NameOID.ORGANIZATIONAL_UNIT_NAME, "Бухгалтерия"),
    (NameOID.ORGANIZATIONAL_UNIT_NAME, "BIN123456789021"),
    (NameOID.ORGANIZATION_NAME, 'АО "ТЕСТ"'),
    (NameOID.SERIAL_NUMBER, "IIN123456789011"),
    (NameOID.SURNAME, "ТЕСТОВ"),
    (NameOID.COMMON_NAME, "ТЕСТОВ ТЕСТ"),
]


def test_who_it_is_is_read_by_oid() -> None:
    """IIN, BIN, names and organisation are found whatever their order; wrong control digits are no matter of ours."""
    head = issue(_HEAD, nca()).certificate
    assert (head.iin, head.bin) == ("123456789011", "123456789021")
    assert (head.common_name, head.surname, head.patronymic) == ("ТЕСТОВ ТЕСТ", "ТЕСТОВ", "ТЕСТОВИЧ")
    assert head.organization == 'АО "ТЕСТ"'
    assert "SERIALNUMBER=IIN123456789011" in head.subject
    assert head.issuer == "CN=СЫНАҚ ҰКО (ТЕСТ),C=KZ"
    assert head.serial_number > 0


def test_bin_in_place_of_iin_is_a_bin() -> None:
    """Some systems' certificates carry BIN in serialNumber."""
    system = issue([(NameOID.COMMON_NAME, 'ИС "Тест"'), (NameOID.SERIAL_NUMBER, "BIN123456789021")], nca()).certificate
    assert (system.iin, system.bin) == (None, "123456789021")


@pytest.mark.parametrize("value", ["123456789011", "IIN12345678901", "IIN1234567890111", "xIIN123456789011"])
def test_what_only_resembles_an_iin_is_none(value: str) -> None:
    """An IIN is `IIN` and twelve digits, nothing around them."""
    assert issue([(NameOID.COMMON_NAME, "x"), (NameOID.SERIAL_NUMBER, value)], nca()).certificate.iin is None


def test_two_different_iins_are_refused() -> None:
    """A certificate with two different IINs is nobody's."""
    names = [(NameOID.SERIAL_NUMBER, "IIN123456789011"), (NameOID.SERIAL_NUMBER, "IIN123456789012")]
    with pytest.raises(CertificateUnreadable, match="two different"):
        _ = issue(names, nca()).certificate


def test_roles_come_from_extended_key_usage() -> None:
    """Known role OIDs are named; a named information system (….2.6.N) is an information system."""
    usages = (_EMAIL, Role.LEGAL_ENTITY.value, Role.FIRST_HEAD.value, "1.2.398.3.3.4.1.2.6.7", "1.2.3.4")
    certificate = issue("x", nca(), Template(extended=usages)).certificate
    assert certificate.roles == {Role.LEGAL_ENTITY, Role.FIRST_HEAD, Role.LEGAL_ENTITY_SYSTEM}
    assert certificate.extended_key_usage == set(usages)


def test_policies_and_key_store_are_read() -> None:
    """Policy OIDs and the key store's OID (extension 1.2.398.3.3.5) are read."""
    store = x509.UnrecognizedExtension(ObjectIdentifier("1.2.398.3.3.5"), bytes.fromhex("300a06082a830e0303050101"))
    policy = x509.CertificatePolicies([x509.PolicyInformation(ObjectIdentifier("1.2.398.3.3.2.3"), None)])
    certificate = issue("x", nca(), Template(extra=((store, False), (policy, False)))).certificate
    assert certificate.policies == {"1.2.398.3.3.2.3"}
    assert certificate.key_store == "1.2.398.3.3.5.1.1"


def test_an_unknown_form_of_key_store_is_none() -> None:
    """The key store only informs: a form nobody has met does not spoil the certificate."""
    strange = x509.UnrecognizedExtension(ObjectIdentifier("1.2.398.3.3.5"), b"\x30\x7f")
    assert issue("x", nca(), Template(extra=((strange, False),))).certificate.key_store is None


def test_both_generations_may_sign() -> None:
    """Signing needs digitalSignature and nonRepudiation; key agreement beside them does no harm."""
    assert citizen().certificate.for_signing() == ()
    united = Template(usage=("digital_signature", "content_commitment", "key_agreement"))
    assert issue("x", nca(), united).certificate.for_signing() == ()


@pytest.mark.parametrize(
    "template",
    [
        Template(usage=AUTHENTICATE),
        Template(usage=("digital_signature",)),
        Template(usage=("content_commitment",)),
        Template(extended=("1.3.6.1.5.5.7.3.8",)),
        Template(extended=("1.3.6.1.5.5.7.3.9",)),
        CA,
        Template(extra=((x509.UnrecognizedExtension(ObjectIdentifier("1.2.3"), b"\x05\x00"), True),)),
    ],
    ids=[
        "authentication",
        "no nonRepudiation",
        "no digitalSignature",
        "TSA",
        "OCSP",
        "CA",
        "unknown critical extension",
    ],
)
def test_other_certificates_may_not_sign(template: Template) -> None:
    """Authentication, service and CA certificates, and those with unknown critical extensions, sign no documents."""
    findings = issue("not for signing", nca(), template).certificate.for_signing()
    assert {finding.reason for finding in findings} == {Reason.CHAIN_CONSTRAINTS_FAILURE}


def test_validity_ends_are_inside() -> None:
    """A certificate is current from the first second to the last, and not a second beyond."""
    certificate = citizen().certificate
    second = timedelta(seconds=1)
    assert certificate.at(BEFORE) == certificate.at(AFTER) == ()
    assert certificate.at(BEFORE - second)[0].reason is Reason.NOT_YET_VALID
    assert certificate.at(AFTER + second)[0].reason is Reason.EXPIRED


def test_repr_and_equality() -> None:
    """A certificate shows no personal data when printed; it equals another of the same DER."""
    one = citizen().certificate
    assert "123456789011" not in repr(one)
    assert "ТЕСТОВ" not in repr(one)
    assert one == Certificate.from_pem(citizen().pem)
    assert len({one, Certificate.from_der(one.der), root().certificate}) == 2


def test_ca_certificates_say_so() -> None:
    """CA, path length and key usage of an issuer are read."""
    issuer = nca().certificate
    assert issuer.is_ca
    assert issuer.path_length == 0
    assert issuer.key_usage == {KeyUsage.KEY_CERT_SIGN, KeyUsage.CRL_SIGN}
    assert issuer.authority_key_id == root().certificate.subject_key_id


def test_long_names_raise_no_warning() -> None:
    """NCA's names are longer than X.520 allows; reading them is quiet."""
    with pytest.warns(UserWarning, match="length"):  # cryptography's own, on building
        certificate = issue([(NameOID.COMMON_NAME, "Ұ" * 60)], template=CA)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        read = Certificate.from_der(certificate.certificate.der)
        assert read.subject == "CN=" + "Ұ" * 60


@pytest.mark.parametrize("data", [b"", b"0", b"\x30\x80", b"not a certificate", b"\x30\x82\xff\xff" + b"\x00" * 20])
def test_what_is_not_a_certificate_is_refused(data: bytes) -> None:
    """Other bytes are refused, in DER and in PEM."""
    with pytest.raises(CertificateUnreadable):
        Certificate.from_der(data)
    with pytest.raises(CertificateUnreadable):
        Certificate.from_pem(data)


def test_an_oversized_certificate_is_refused_unread() -> None:
    """More than 16 KiB is no certificate of the profile."""
    huge = x509.UnrecognizedExtension(ObjectIdentifier("1.2.3"), b"\x04\x82\x42\x68" + b"x" * 17_000)
    with pytest.raises(CertificateUnreadable, match="larger"):
        _ = issue("x", nca(), Template(extra=((huge, False),))).certificate


@pytest.mark.skipif(not SHARED.is_dir(), reason="compares with the reference data")
def test_ncas_own_certificates_are_read() -> None:
    """Every certificate of NCA RK is read, GOST keys included, and the reference table's fingerprints are theirs."""
    files = [path for folder in ("ca/prod", "ca/test", "certs") for path in (SHARED / "pki" / folder).iterdir()]
    content = {path.name: path.read_bytes() for path in files}
    read = {
        name: Certificate.from_pem(data) if data.startswith(b"-----") else Certificate.from_der(data)
        for name, data in content.items()
    }
    assert read["nca_gost_2022.pem"].sha256 == "32c7d233a42703a327f3025543a05b930e3f39a786c68dfa196baa86d5618524"
    assert read["nca_rsa_2022.cer"].path_length == 0
    head = read["ceo_valid_sign_2004_gost.cer"]
    assert (head.iin, head.bin) == ("123456789011", "123456789021")
    assert head.roles == {Role.LEGAL_ENTITY, Role.FIRST_HEAD}
    assert head.key_oid == "1.2.398.3.10.1.1.1.1"
    assert head.for_signing() == ()
    assert read["individual_valid_sign_2004_rsa.cer"].roles == {Role.INDIVIDUAL}
    assert read["individual_valid_sign_2004_rsa_auth.cer"].for_signing() != ()
