"""Revocation from end to end: the sandbox's NCA asked by a gateway process, in good days and in bad ones."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from gateway.eds.revocation import RevocationReason
from gateway.sandbox.cabinet import Request, State
from gateway.sandbox.identities import CITIZENS, REVOKED
from gateway.sandbox.nca_conditions import Condition, Service
from gateway.sandbox.world import World
from tests.support.world import GatewayProcess, Together, order

_HASTE = {"QAQPA_REVOCATION__OCSP_MAX_AGE_SECONDS": "2", "QAQPA_REVOCATION__LIST_REFRESH_SECONDS": "0.2"}
"""Answers are soon asked for anew, and lists follow at once. OCSP tells time in whole seconds: 2 is the least."""

_REVOKED = "applicant.certificate.revoked"


@asynccontextmanager
async def started(folder: Path, before: Callable[[World], None] = lambda _: None) -> AsyncIterator[Together]:
    """Start the sandbox, do something to it, and start a gateway beside it."""
    world = await World.start(folder)
    gateway = GatewayProcess(world.settings_file(), folder / "gateway.log", environment=dict(_HASTE))
    try:
        before(world)
        await gateway.start(world.plan.gateway_url)
        yield Together(world, gateway)
    finally:
        await gateway.stop()
        await world.stop()


@pytest.fixture
async def both(tmp_path: Path) -> AsyncIterator[Together]:
    async with started(tmp_path) as running:
        yield running


async def first_answer(both: Together, citizen: str) -> Request:
    """Apply, and wait for the first message in the cabinet."""
    placed = await both.world.portal.apply(order(citizen=citizen))
    return await both.until(placed.number, lambda request: bool(request.messages))


async def until_revoked(both: Together, citizen: str, *, revoked: bool) -> None:
    """Apply until the certificate is answered to be revoked, or not: what was asked before is kept for a moment.

    Whether the first application still runs, so that this is a second one for its matter, plays no part.
    """
    async with asyncio.timeout(30):
        while (_REVOKED in (await first_answer(both, citizen)).messages[0].codes) is not revoked:
            await asyncio.sleep(0.2)


async def source_of(both: Together, request: Request) -> object:
    """Return who told the gateway about the applicant's certificate, by its evidence."""
    assert request.case_number is not None
    shown = json.loads(await both.qaqpa("case", "show", request.case_number, "--json"))
    ((fact,),) = next(event for event in shown["events"] if event["kind"] == "Registered")["data"]["revocation"]
    assert fact["state"] == "GOOD"
    return fact["source"]


async def test_whoever_s_key_is_revoked_is_rejected(both: Together) -> None:
    """A revoked certificate is told to the citizen; another one is good until it is held or revoked meanwhile."""
    rejected = await first_answer(both, REVOKED.slug)
    assert rejected.messages[0].status == "rejected"
    assert rejected.messages[0].codes == (_REVOKED,)
    assert rejected.case_number is None

    citizen = CITIZENS[1]
    certificate = both.world.authority.of(citizen).certificate
    good = await first_answer(both, citizen.slug)
    assert good.messages[0].status == "registered"
    assert await source_of(both, good) == "ocsp"
    both.world.authority.revoke(certificate, RevocationReason.CERTIFICATE_HOLD)
    await until_revoked(both, citizen.slug, revoked=True)
    both.world.authority.release(certificate)
    await until_revoked(both, citizen.slug, revoked=False)


@pytest.mark.parametrize("condition", [Condition.DOWN, Condition.TRY_LATER, Condition.GARBAGE])
async def test_without_ocsp_the_lists_answer(tmp_path: Path, condition: Condition) -> None:
    """OCSP fails, the lists are fresh: good certificates are registered, RSA and GOST, and revoked ones rejected."""

    def fail(world: World) -> None:
        world.nca.conditions.set(Service.OCSP, condition)

    async with started(tmp_path, fail) as both:
        for citizen in (CITIZENS[0], CITIZENS[5]):
            good = await first_answer(both, citizen.slug)
            assert good.messages[0].status == "registered"
            assert await source_of(both, good) == "crl"
        rejected = await first_answer(both, REVOKED.slug)
        assert rejected.messages[0].codes == (_REVOKED,)


async def test_with_nobody_to_ask_the_application_waits(tmp_path: Path) -> None:
    """OCSP and lists fail: the citizen reads that the certificate is being checked; when they are back, it goes on."""

    def fail(world: World) -> None:
        world.nca.conditions.set(Service.OCSP, Condition.TRY_LATER)
        world.nca.conditions.set(Service.CRL, Condition.DOWN)

    async with started(tmp_path, fail) as both:
        waiting = await first_answer(both, CITIZENS[0].slug)
        lost = await first_answer(both, REVOKED.slug)
        assert [one.messages[0].status for one in (waiting, lost)] == ["being_checked"] * 2
        assert [one.case_number for one in (waiting, lost)] == [None, None]
        both.world.nca.conditions.set(Service.OCSP, Condition.NORMAL)
        both.world.nca.conditions.set(Service.CRL, Condition.NORMAL)
        done = await both.completed(waiting.number, seconds=60)
        rejected = await both.completed(lost.number, seconds=60)
    assert [message.status for message in done.messages][:2] == ["being_checked", "registered"]
    assert done.state is State.COMPLETED
    assert done.result is not None
    assert done.result.verdict == "VALID"
    assert rejected.messages[-1].codes == (_REVOKED,)
