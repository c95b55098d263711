"""The sandbox's certification authority, read back by the product's own code and by OpenSSL."""

import shutil
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

from gateway.clock import utc_now
from gateway.eds import enveloped
from gateway.eds.anchors import Anchors
from gateway.eds.certificate import Certificate, Role
from gateway.eds.verdict import Indication, Reason
from gateway.eds.verifier import Verifier
from gateway.sandbox.identities import CITIZENS, EXPIRED, FOREIGN, PROVIDERS, SYSTEMS
from gateway.sandbox.nca import Identity, TestAuthority

DOCUMENT = b'<application xmlns="urn:example"><text>\xd2\x9b\xd0\xb0\xd2\x9b\xd0\xbf\xd0\xb0</text></application>'


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> TestAuthority:
    return TestAuthority.open_or_create(tmp_path_factory.mktemp("nca"))


def test_citizens_certificates_name_them(authority: TestAuthority) -> None:
    """Every citizen's certificate carries IIN, surname and patronymic, the individual's role, and may sign."""
    for number, citizen in enumerate(CITIZENS, start=1):
        certificate = authority.citizen(number).key.certificate
        assert certificate.iin == citizen.iin
        assert certificate.bin is None
        assert certificate.surname == citizen.surname.upper()
        assert certificate.patronymic == citizen.patronymic.upper()
        assert certificate.roles == {Role.INDIVIDUAL}
        assert certificate.policies == {"1.2.398.3.3.2.3"}
        assert certificate.for_signing() == ()


def test_heads_certificates_name_person_and_entity(authority: TestAuthority) -> None:
    """A provider's certificate carries the head's IIN, the entity's BIN and name, and the head's role."""
    for organization in PROVIDERS:
        certificate = authority.provider(organization.slug).key.certificate
        assert (certificate.iin, certificate.bin) == (organization.head.iin, organization.bin)
        assert certificate.organization == organization.name.kk
        assert certificate.roles == {Role.LEGAL_ENTITY, Role.FIRST_HEAD}
        assert certificate.policies == {"1.2.398.3.3.2.1"}
        assert certificate.for_signing() == ()


def test_systems_certificates_name_no_person(authority: TestAuthority) -> None:
    """An information system's certificate has a BIN, no IIN, the system's role, and lives three years."""
    for system in SYSTEMS:
        certificate = authority.system(system.slug).key.certificate
        assert (certificate.iin, certificate.bin) == (None, system.bin)
        assert certificate.common_name == system.name
        assert certificate.roles == {Role.LEGAL_ENTITY, Role.LEGAL_ENTITY_SYSTEM}
        assert certificate.not_after - certificate.not_before == timedelta(days=3 * 365)


def test_serial_number_follows_the_key_identifier(authority: TestAuthority) -> None:
    """As with the NCA, the serial number is the subject key identifier with its top bit cleared."""
    certificate = authority.citizen(1).key.certificate
    assert certificate.subject_key_id is not None
    assert certificate.serial_number == int.from_bytes(certificate.subject_key_id) & ~(1 << 159)


async def verdict_on(identity: Identity, authority: TestAuthority) -> tuple[Indication, frozenset[Reason]]:
    signed = enveloped.sign(DOCUMENT, identity.key)
    verdict = await Verifier(Anchors.load(authority.anchors)).enveloped(signed, at=utc_now())
    return verdict.indication, verdict.reasons


async def test_citizens_signature_is_valid(authority: TestAuthority) -> None:
    """A document signed by a citizen verifies under the sandbox's anchors."""
    assert await verdict_on(authority.citizen(1), authority) == (Indication.VALID, frozenset())


async def test_providers_signature_is_valid(authority: TestAuthority) -> None:
    """A document signed by a provider's head verifies under the sandbox's anchors."""
    assert await verdict_on(authority.provider("kostanay"), authority) == (Indication.VALID, frozenset())


async def test_expired_signature_is_not_valid(authority: TestAuthority) -> None:
    """A document signed with the expired certificate is found expired."""
    indication, reasons = await verdict_on(authority.expired(), authority)
    assert indication is not Indication.VALID
    assert Reason.EXPIRED in reasons


async def test_foreign_signature_has_no_chain(authority: TestAuthority) -> None:
    """A document signed under an unknown authority finds no path to an anchor."""
    indication, reasons = await verdict_on(authority.foreign(), authority)
    assert indication is not Indication.VALID
    assert Reason.NO_CERTIFICATE_CHAIN_FOUND in reasons


async def test_login_certificate_does_not_sign(authority: TestAuthority) -> None:
    """A document signed with the certificate for logging in is refused for its usage."""
    indication, reasons = await verdict_on(authority.authentication_only(), authority)
    assert indication is not Indication.VALID
    assert Reason.CHAIN_CONSTRAINTS_FAILURE in reasons


def test_second_opening_changes_nothing(authority: TestAuthority, tmp_path: Path) -> None:
    """Opening the same folder again gives the same certificates and keys."""
    folder = tmp_path / "nca"
    first = TestAuthority.open_or_create(folder)
    files = {path: path.read_bytes() for path in folder.rglob("*.pem")}
    second = TestAuthority.open_or_create(folder)
    assert {path: path.read_bytes() for path in folder.rglob("*.pem")} == files
    assert second.citizen(1).key.certificate == first.citizen(1).key.certificate
    assert second.citizen(1).key.certificate != authority.citizen(1).key.certificate


def test_certificates_about_to_expire_are_renewed(tmp_path: Path) -> None:
    """A folder found again after a year gives current certificates; the expired citizen stays expired."""
    TestAuthority.open_or_create(tmp_path)
    later = datetime.now(UTC) + timedelta(days=364)
    renewed = TestAuthority.open_or_create(tmp_path, clock=lambda: later)
    assert renewed.citizen(1).key.certificate.not_after > later + timedelta(days=300)
    assert renewed.expired().key.certificate.not_after < datetime.now(UTC)


def test_private_keys_are_the_owners_only(authority: TestAuthority) -> None:
    """Nobody but the owner may read a private key."""
    keys = [authority.citizen(1).key_file, authority.system("gateway").key_file]
    assert [key.stat().st_mode & 0o077 for key in keys] == [0, 0]


def test_anchors_folder_holds_the_two_authorities(authority: TestAuthority) -> None:
    """The anchors folder has root and NCA and nothing else, as a verifier expects it."""
    assert sorted(path.name for path in authority.anchors.iterdir()) == ["nca.pem", "root.pem"]
    assert [certificate.is_ca for certificate in Anchors.load(authority.anchors).certificates] == [True, True]


def test_revocation_list_is_the_authoritys(authority: TestAuthority) -> None:
    """The NCA's revocation list is signed by the NCA, current, and empty."""
    crl = x509.load_der_x509_crl(authority.nca.crl(utc_now()))
    key = authority.nca.certificate.public_key()
    assert isinstance(key, RSAPublicKey)
    assert crl.is_signature_valid(key)
    assert crl.next_update_utc is not None
    assert crl.next_update_utc > utc_now()
    assert list(crl) == []


@pytest.mark.skipif(shutil.which("openssl") is None, reason="the referee, OpenSSL, is not installed")
@pytest.mark.parametrize(
    ("name", "accepted"),
    [
        ("citizens/citizen-1", True),
        ("providers/kostanay", True),
        ("systems/gateway", True),
        (f"citizens/{EXPIRED.slug}-expired", False),
        (f"citizens/{FOREIGN.slug}-foreign", False),
    ],
)
def test_openssl_agrees_on_the_chain(authority: TestAuthority, name: str, accepted: bool) -> None:  # noqa: FBT001  a table's column
    """OpenSSL builds the chain for the good certificates and refuses the expired and the foreign one."""
    folder = authority.anchors.parent
    verified = subprocess.run(
        [
            *("openssl", "verify", "-x509_strict", "-CAfile", folder / "anchors/root.pem"),
            *("-untrusted", folder / "anchors/nca.pem", folder / f"{name}.pem"),
        ],
        capture_output=True,
        check=False,
    )
    assert (verified.returncode == 0) == accepted, verified.stderr.decode()


def test_certificate_file_is_what_was_loaded(authority: TestAuthority) -> None:
    """The identity's PEM is the certificate its key signs under."""
    identity = authority.citizen(2)
    assert Certificate.from_pem(identity.certificate_pem) == identity.key.certificate
