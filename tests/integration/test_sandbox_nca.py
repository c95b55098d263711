"""The sandbox's certification authority: what it issued, read back by the product's own code and by OpenSSL."""

import shutil
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from gateway.clock import utc_now
from gateway.eds import enveloped
from gateway.eds.anchors import Anchors
from gateway.eds.certificate import Certificate, KeyUsage, Role
from gateway.eds.verdict import Indication, Reason
from gateway.eds.verifier import Verifier
from gateway.sandbox.identities import CITIZENS, EXPIRED, FOREIGN, PROVIDERS, REVOKED, SYSTEMS
from gateway.sandbox.keys import Family, family_of
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
        assert certificate.for_signing() == ()


@pytest.mark.parametrize("family", Family)
def test_each_generation_has_its_own_usage(authority: TestAuthority, family: Family) -> None:
    """RSA: a certificate for signing with a policy of its own; GOST: one for everything, with key agreement."""
    person = next(one for one in CITIZENS if one.family is family)
    certificate = authority.of(person).certificate
    signing = {KeyUsage.DIGITAL_SIGNATURE, KeyUsage.NON_REPUDIATION}
    expected = {
        Family.RSA: (frozenset(signing), frozenset({"1.2.398.3.3.2.3"})),
        Family.GOST: (frozenset(signing | {KeyUsage.KEY_AGREEMENT}), frozenset({"1.2.398.3.3.2"})),
    }
    assert family_of(certificate.key_oid) is family
    assert (certificate.key_usage, certificate.policies) == expected[family]
    assert certificate.key_store == "1.2.398.3.3.5.1.1"
    assert certificate.authority_key_id == authority.nca(family).certificate.subject_key_id


def test_both_generations_are_in_use() -> None:
    """Most citizens sign with GOST and some with RSA; of the heads and the systems there are both."""
    citizens = [citizen.family for citizen in CITIZENS]
    assert citizens.count(Family.GOST) > citizens.count(Family.RSA) > 0
    assert {organization.head.family for organization in PROVIDERS} == set(Family)
    assert {system.family for system in SYSTEMS} == set(Family)


def test_heads_certificates_name_person_and_entity(authority: TestAuthority) -> None:
    """A provider's certificate carries the head's IIN, the entity's BIN and name, and the head's role."""
    for organization in PROVIDERS:
        certificate = authority.provider(organization.slug).key.certificate
        assert (certificate.iin, certificate.bin) == (organization.head.iin, organization.bin)
        assert certificate.organization == organization.name.kk
        assert certificate.roles == {Role.LEGAL_ENTITY, Role.FIRST_HEAD}
        assert certificate.for_signing() == ()


def test_systems_certificates_name_no_person(authority: TestAuthority) -> None:
    """An information system's certificate has a BIN, no IIN, the system's role, and lives three years."""
    for system in SYSTEMS:
        certificate = authority.system(system.slug).key.certificate
        assert (certificate.iin, certificate.bin) == (None, system.bin)
        assert certificate.common_name == system.name
        assert certificate.roles == {Role.LEGAL_ENTITY, Role.LEGAL_ENTITY_SYSTEM}
        assert certificate.not_after - certificate.not_before == timedelta(days=3 * 365)


@pytest.mark.parametrize("number", [1, 6])
def test_serial_number_follows_the_key_identifier(authority: TestAuthority, number: int) -> None:
    """As with the NCA, the serial number is the subject key identifier with its top bit cleared."""
    certificate = authority.citizen(number).key.certificate
    assert certificate.subject_key_id is not None
    assert certificate.serial_number == int.from_bytes(certificate.subject_key_id) & ~(1 << 159)


async def verdict_on(identity: Identity, authority: TestAuthority) -> tuple[Indication, frozenset[Reason]]:
    signed = enveloped.sign(DOCUMENT, identity.key)
    verdict = await Verifier(Anchors.load(authority.anchors)).enveloped(signed, at=utc_now())
    return verdict.indication, verdict.reasons


@pytest.mark.parametrize("number", range(1, len(CITIZENS) + 1))
async def test_citizens_signature_is_valid(authority: TestAuthority, number: int) -> None:
    """A document signed by a citizen verifies under the sandbox's anchors."""
    assert await verdict_on(authority.citizen(number), authority) == (Indication.VALID, frozenset())


@pytest.mark.parametrize("slug", [organization.slug for organization in PROVIDERS])
async def test_providers_signature_is_valid(authority: TestAuthority, slug: str) -> None:
    """A document signed by a provider's head verifies under the sandbox's anchors."""
    assert await verdict_on(authority.provider(slug), authority) == (Indication.VALID, frozenset())


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


def test_anchors_folder_holds_the_authorities(authority: TestAuthority) -> None:
    """The anchors folder has root and NCA of each family and nothing else, as a verifier expects it."""
    assert sorted(path.stem for path in authority.anchors.iterdir()) == ["nca_gost", "nca_rsa", "root_gost", "root_rsa"]
    assert all(certificate.is_ca for certificate in Anchors.load(authority.anchors).certificates)


def test_certificate_of_an_older_world_is_replaced(authority: TestAuthority, tmp_path: Path) -> None:
    """A citizen's certificate that this authority does not remember, or of another family, gives way to a new one."""
    folder = tmp_path / "nca"
    old = TestAuthority.open_or_create(folder).citizen(1)
    for path, content in ((old.certificate_file, "certificate_pem"), (old.key_file, "key_pem")):
        path.write_bytes(getattr(authority.citizen(6), content))
    renewed = TestAuthority.open_or_create(folder).citizen(1)
    assert family_of(renewed.certificate.key_oid) is Family.GOST
    assert renewed.certificate.iin == CITIZENS[0].iin


def test_a_system_may_have_a_key_of_the_other_family(authority: TestAuthority) -> None:
    """The gateway has an RSA key too, for measurements, beside its own; both name the same system."""
    usual, other = authority.system("gateway"), authority.system("gateway", Family.RSA)
    assert [family_of(one.certificate.key_oid) for one in (usual, other)] == [Family.GOST, Family.RSA]
    assert usual.certificate.subject == other.certificate.subject


def test_the_revoked_citizen_is_revoked_from_the_start(authority: TestAuthority) -> None:
    """One citizen's certificate is revoked when the world is made, and stays so when it is opened again."""
    certificate = authority.of(REVOKED).certificate
    revoked = authority.issuer_of(certificate).register.revoked[certificate.serial_number]
    again = TestAuthority.open_or_create(authority.anchors.parent)
    assert certificate.not_before < revoked.at < utc_now()
    assert again.issuer_of(certificate).register.revoked[certificate.serial_number] == revoked


@pytest.mark.skipif(shutil.which("openssl") is None, reason="the referee, OpenSSL, is not installed")
@pytest.mark.parametrize(
    ("name", "accepted"),
    [
        ("citizens/citizen-6", True),
        ("providers/astana", True),
        ("systems/shep", True),
        ("services/ocsp_rsa", True),
        ("services/tsa_rsa", True),
        (f"citizens/{EXPIRED.slug}-expired", False),
        (f"citizens/{FOREIGN.slug}-foreign", False),
    ],
)
def test_openssl_agrees_on_the_chain(authority: TestAuthority, name: str, accepted: bool) -> None:  # noqa: FBT001  a table's column
    """OpenSSL builds the chain for the good certificates and refuses the expired and the foreign one."""
    folder = authority.anchors.parent
    verified = subprocess.run(
        [
            *("openssl", "verify", "-x509_strict", "-CAfile", folder / "anchors/root_rsa.pem"),
            *("-untrusted", folder / "anchors/nca_rsa.pem", folder / f"{name}.pem"),
        ],
        capture_output=True,
        check=False,
    )
    assert (verified.returncode == 0) == accepted, verified.stderr.decode()


def test_certificate_file_is_what_was_loaded(authority: TestAuthority) -> None:
    """The identity's PEM is the certificate its key signs under."""
    identity = authority.citizen(2)
    assert Certificate.from_pem(identity.certificate_pem) == identity.key.certificate
