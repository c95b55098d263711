"""The sandbox's revocation lists, downloaded and searched by the gateway's own code; and the orders it takes."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509

from gateway.clock import utc_now
from gateway.eds.anchors import Anchors
from gateway.eds.certificate import Certificate
from gateway.eds.crl.lists import Lists
from gateway.eds.crl.refresh import Origins, Refresher
from gateway.eds.crl.shelf import Shelf
from gateway.eds.revocation import Answer, NoAnswer, RevocationReason
from gateway.sandbox.keys import Family
from gateway.sandbox.nca_conditions import Condition, Service
from gateway.sandbox.revocation_lists import Cadence, RevocationLists
from tests.support.nca import Nca, NcaFolder


class Nobody:
    """Observes and keeps nothing."""

    def revocation_list(self, origin: str, outcome: str, next_update: datetime | None) -> None:
        assert origin
        assert outcome
        assert next_update is None or next_update.tzinfo


@dataclass
class Reader:
    """A gateway's lists of one authority, as an operator would set them up."""

    nca: Nca
    family: Family
    folder: Path
    seconds: float = 5.0

    def __post_init__(self) -> None:
        anchors = Anchors.load(self.nca.authority.anchors)
        self.shelf = Shelf(self.folder, anchors.certificates)
        urls = [f"{self.nca.url}/crl/nca_{self.family}{kind}.crl" for kind in ("", "_delta")]
        origins = Origins(urls=urls, timeout_seconds=self.seconds)
        self.refresher = Refresher(self.shelf, origins, self.nca.fetch, utc_now, Nobody())

    async def refreshed(self) -> bool:
        return await self.refresher.refresh()

    async def ask(self, certificate: Certificate) -> Answer:
        return await Lists(self.shelf, utc_now).ask(certificate, self.nca.issuer(self.family))

    async def reason(self, certificate: Certificate) -> RevocationReason | None:
        """Fetch the lists and look a certificate up."""
        assert await self.refreshed()
        withdrawal = (await self.ask(certificate)).withdrawal
        return None if withdrawal is None else withdrawal.reason


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> NcaFolder:
    return NcaFolder.make(tmp_path_factory.mktemp("nca"))


@pytest.fixture
async def nca(folder: NcaFolder) -> AsyncIterator[Nca]:
    async with folder.running() as running:
        yield running


@pytest.mark.parametrize("family", Family)
async def test_a_revocation_stands_in_the_delta_at_once(nca: Nca, family: Family, tmp_path: Path) -> None:
    """The full list stays as it was; the delta over it says that the certificate is revoked; then the next full one."""
    reader, (_, person) = Reader(nca, family, tmp_path), nca.person(family)
    assert await reader.reason(person.certificate) is None
    full = (await reader.ask(person.certificate)).proofs[0].sha256
    nca.authority.revoke(person.certificate, RevocationReason.KEY_COMPROMISE)
    assert await reader.reason(person.certificate) is RevocationReason.KEY_COMPROMISE
    assert (await reader.ask(person.certificate)).proofs[0].sha256 == full
    nca.services.lists[f"nca_{family}"].renew()
    assert await reader.reason(person.certificate) is RevocationReason.KEY_COMPROMISE
    assert (await reader.ask(person.certificate)).proofs[0].sha256 != full


@pytest.mark.parametrize("family", Family)
async def test_a_hold_that_ended_leaves_the_list_by_the_delta(nca: Nca, family: Family, tmp_path: Path) -> None:
    """A hold stands in the full list; released, the delta removes it (removeFromCRL) before the next full list does."""
    reader, (_, person) = Reader(nca, family, tmp_path), nca.person(family)
    nca.authority.revoke(person.certificate, RevocationReason.CERTIFICATE_HOLD)
    nca.services.lists[f"nca_{family}"].renew()
    assert await reader.reason(person.certificate) is RevocationReason.CERTIFICATE_HOLD
    nca.authority.release(person.certificate)
    assert await reader.reason(person.certificate) is None
    nca.services.lists[f"nca_{family}"].renew()
    assert await reader.reason(person.certificate) is None


async def test_a_hold_may_become_a_revocation(nca: Nca, tmp_path: Path) -> None:
    """The delta replaces the reason that the full list states."""
    reader, (_, person) = Reader(nca, Family.GOST, tmp_path), nca.person(Family.GOST)
    nca.authority.revoke(person.certificate, RevocationReason.CERTIFICATE_HOLD)
    nca.services.lists["nca_gost"].renew()
    nca.authority.revoke(person.certificate, RevocationReason.CESSATION_OF_OPERATION)
    assert await reader.reason(person.certificate) is RevocationReason.CESSATION_OF_OPERATION


@pytest.mark.parametrize("condition", [Condition.TRY_LATER, Condition.GARBAGE, Condition.SLOW, Condition.DOWN])
async def test_failing_it_gives_no_lists(nca: Nca, condition: Condition, tmp_path: Path) -> None:
    """Each way of failing leaves the gateway without lists; lists from before stay good."""
    before, without = Reader(nca, Family.GOST, tmp_path / "a"), Reader(nca, Family.GOST, tmp_path / "b", seconds=0.3)
    _, person = nca.person(Family.GOST)
    assert await before.refreshed()
    nca.services.conditions.set(Service.CRL, condition, seconds=600)
    assert not await without.refreshed()
    with pytest.raises(NoAnswer):
        await without.ask(person.certificate)
    assert (await before.ask(person.certificate)).withdrawal is None


def test_lists_are_renewed_in_time(folder: NcaFolder) -> None:
    """Full lists and deltas are made anew when they are due, numbered upwards; a delta names the list it goes with."""
    now = utc_now()
    times = iter([now + timedelta(minutes=minutes) for minutes in range(100)])
    lists = RevocationLists(
        folder.authority.nca(Family.RSA),
        lambda: next(times),
        Cadence(full_every=timedelta(minutes=30), delta_every=timedelta(minutes=5)),
    )
    seen = [(lists.full(), lists.delta()) for _ in range(25)]
    fulls = [x509.load_der_x509_crl(full) for full, _ in seen]
    deltas = [x509.load_der_x509_crl(delta) for _, delta in seen]
    numbers = [one.extensions.get_extension_for_class(x509.CRLNumber).value.crl_number for one in [*fulls, *deltas]]
    bases = {one.extensions.get_extension_for_class(x509.DeltaCRLIndicator).value.crl_number for one in deltas}
    assert numbers[:25] == sorted(numbers[:25])
    assert numbers[25:] == sorted(numbers[25:])
    assert 1 < len(set(numbers[:25])) < len(set(numbers[25:])) < 25
    assert bases <= set(numbers[:25])
    assert all(
        one.next_update_utc == one.last_update_utc + timedelta(hours=27)
        for one in fulls
        if one.next_update_utc is not None
    )


def test_numbers_go_on_after_a_restart(folder: NcaFolder) -> None:
    """Lists of another process on the same folder have higher numbers: a gateway takes the highest."""

    def number() -> int:
        authority = type(folder.authority).open_or_create(folder.authority.anchors.parent)
        crl = x509.load_der_x509_crl(RevocationLists(authority.nca(Family.RSA), utc_now).full())
        return crl.extensions.get_extension_for_class(x509.CRLNumber).value.crl_number

    assert number() < number()


def test_gost_lists_have_the_nca_s_mismatch(folder: NcaFolder) -> None:
    """As the NCA's own, a GOST list leaves the parameters out inside and writes NULL outside; an RSA list does not."""
    gost = RevocationLists(folder.authority.nca(Family.GOST), utc_now).full()
    with pytest.raises(ValueError, match="signature algorithms do not match"):
        x509.load_der_x509_crl(gost)
    assert x509.load_der_x509_crl(RevocationLists(folder.authority.nca(Family.RSA), utc_now).full())


async def test_a_root_lists_its_authorities(nca: Nca, tmp_path: Path) -> None:
    """The roots publish lists too, on which an issuing authority would stand."""
    shelf = Shelf(tmp_path, Anchors.load(nca.authority.anchors).certificates)
    urls = [f"{nca.url}/crl/root_{family}.crl" for family in Family]
    assert await Refresher(shelf, Origins(urls=urls), nca.fetch, utc_now, Nobody()).refresh()
    for hierarchy in nca.authority.hierarchies.values():
        answer = await Lists(shelf, utc_now).ask(hierarchy.nca.certificate, hierarchy.root.certificate)
        assert answer.withdrawal is None


async def test_what_is_not_published_is_not_found(nca: Nca) -> None:
    """Other names than those of the authorities are answered 404."""
    for path in ("cert/foreign.cer", "crl/foreign.crl", "crl/nca.crl", "crl/nca_gost_delta_delta.crl"):
        async with nca.session.get(f"{nca.url}/{path}") as answer:
            assert answer.status == 404


async def test_orders_over_http(nca: Nca, tmp_path: Path) -> None:
    """A tester holds, releases and revokes a certificate by its name, and has the lists made anew."""
    reader, (name, person) = Reader(nca, Family.GOST, tmp_path), nca.person(Family.GOST)
    assert await nca.order("certificate", certificate=name, action="hold") == 204
    assert await reader.reason(person.certificate) is RevocationReason.CERTIFICATE_HOLD
    assert await nca.order("certificate", certificate=name, action="release") == 204
    assert await reader.reason(person.certificate) is None
    assert await nca.order("certificate", certificate=name, action="revoke", reason="superseded") == 204
    assert await nca.order("lists") == 204
    assert await reader.reason(person.certificate) is RevocationReason.SUPERSEDED
    assert len((await reader.ask(person.certificate)).proofs) == 2


async def test_services_fail_by_order_over_http(nca: Nca, tmp_path: Path) -> None:
    """A tester switches a service off and on again."""
    reader = Reader(nca, Family.GOST, tmp_path)
    assert await nca.order("service", service="crl", condition="down") == 204
    assert not await reader.refreshed()
    assert await nca.order("service", service="crl", condition="normal") == 204
    assert await reader.refreshed()


@pytest.mark.parametrize(
    ("path", "order", "status"),
    [
        ("certificate", {"certificate": "citizens/nobody", "action": "revoke"}, 404),
        ("certificate", {"certificate": "../world.json", "action": "revoke"}, 404),
        ("certificate", {"certificate": "authority/nca_gost.key", "action": "revoke"}, 404),
        ("certificate", {"certificate": "citizens/citizen-22-foreign", "action": "revoke"}, 404),
        ("certificate", {"certificate": "citizens/citizen-1", "action": "release"}, 409),
        ("certificate", {"certificate": "citizens/citizen-24-revoked", "action": "revoke"}, 409),
        ("certificate", {"certificate": "citizens/citizen-24-revoked", "action": "release"}, 409),
        ("certificate", {"certificate": "citizens/citizen-1", "action": "forget"}, 400),
        ("service", {"service": "crl", "condition": "unknown"}, 400),
        ("service", {"service": "ldap", "condition": "down"}, 400),
    ],
)
async def test_impossible_orders_are_refused(nca: Nca, path: str, order: dict[str, object], status: int) -> None:
    """Each impossible order is answered with what is wrong, and changes nothing."""
    before = [dict(one.register.revoked) for one in nca.authority.authorities]
    assert await nca.order(path, **order) == status
    assert [dict(one.register.revoked) for one in nca.authority.authorities] == before
