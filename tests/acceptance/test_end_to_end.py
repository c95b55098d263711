"""The main job: a signed application in over SOAP, a signed result in the personal cabinet, between real processes."""

import asyncio
import hashlib
import json
import re
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest
import pytest_asyncio
from typer.testing import CliRunner

from gateway.cases.number import is_registration_number
from gateway.cli import cli
from gateway.clock import utc_now
from gateway.eds.anchors import Anchors
from gateway.eds.verdict import Indication
from gateway.eds.verifier import Verifier
from gateway.sandbox.cabinet import Request, State
from gateway.sandbox.identities import CITIZENS, EXPIRED, PROVIDERS
from gateway.sandbox.order import application
from tests.support.world import CATEGORIES, HOUSING, PACKAGE, SCHOOLING, Together, order, together

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def both(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Together]:
    async with together(tmp_path_factory.mktemp("to gether")) as started:
        yield started


def statuses(request: Request) -> list[str]:
    return [message.status for message in request.messages]


@pytest.mark.parametrize("service", [HOUSING, SCHOOLING, CATEGORIES])
async def test_an_application_is_answered_with_a_signed_result(both: Together, service: str) -> None:
    """Each portal service: number and term at once, statuses in order, one result with the provider's EDS."""
    request = await both.completed((await both.world.portal.apply(order(service))).number)
    assert statuses(request)[0] == "registered"
    assert statuses(request)[-1] == "decided"
    assert request.case_number is not None
    assert is_registration_number(request.case_number)
    assert request.deadline is not None
    assert (request.responses, request.surplus_responses) == (1, 0)
    assert request.result is not None
    assert (request.result.outcome, request.result.verdict) == ("positive", "VALID")
    assert request.result.signer_bin == PROVIDERS[0].bin
    document = both.world.portal.cabinet.read(request.number, "result.xml")
    verdict = await Verifier(Anchors.load(both.world.authority.anchors)).enveloped(document, at=utc_now())
    assert verdict.indication is Indication.VALID


async def test_a_refusal_comes_with_its_ground(both: Together) -> None:
    """A refused citizen gets a signed document, and reads why in both languages."""
    placed = await both.world.portal.apply(order(citizen=CITIZENS[3].slug))
    request = await both.completed(placed.number)
    assert request.result is not None
    assert (request.result.outcome, request.result.verdict) == ("refused", "VALID")
    last = request.messages[-1]
    assert "растамайды" in last.text.kk
    assert "не подтверждают" in last.text.ru


async def test_documents_are_asked_for_and_supplied(both: Together) -> None:
    """Without documents the citizen is told which and until when; after the UPDATE the provider decides."""
    placed = await both.world.portal.apply(order(documents=()))
    asked = await both.until(placed.number, lambda request: "documents_needed" in statuses(request))
    assert any("стандарт" in words.ru for words in asked.messages[-1].details)
    await both.world.portal.supplement(placed.number, order(documents=PACKAGE))
    request = await both.completed(placed.number)
    assert request.result is not None
    assert request.result.outcome == "positive"


async def test_a_form_with_mistakes_is_answered_with_all_of_them(both: Together) -> None:
    """A rejection reaches the cabinet with every finding; the provider never sees the application."""
    placed = await both.world.portal.apply(order(applicant={"phone": "1", "email": "x"}, consent=False))
    request = await both.completed(placed.number)
    assert statuses(request) == ["rejected"]
    assert len(request.messages[0].details) >= 3
    assert request.case_number is None
    assert request.responses == 1


async def test_an_expired_certificate_is_told_to_the_citizen(both: Together) -> None:
    """The citizen learns that a new certificate is needed."""
    request = await both.completed((await both.world.portal.apply(order(citizen=EXPIRED.slug))).number)
    assert request.messages[0].codes == ("applicant.certificate.expired",)


async def test_a_broken_signature_is_a_fault_and_leaves_nothing(both: Together) -> None:
    """Nobody's application: SCE016 to the sender, no case, nothing in the cabinet."""
    placed = await both.world.portal.apply(order(tamper=True))
    request = await both.until(placed.number, lambda one: one.state is State.TECH_ERROR)
    assert request.fault is not None
    assert (request.fault.code, request.fault.detail) == ("SCE016", "applicant.signature")
    assert request.messages == ()


async def test_a_service_without_the_portal_is_refused_with_the_reason(both: Together) -> None:
    """SCE004 names the act's reason."""
    placed = await both.world.portal.apply(order(HOUSING).model_copy(update={"service": "kostanay.child-benefit"}))
    request = await both.until(placed.number, lambda one: one.state is State.TECH_ERROR)
    assert request.fault is not None
    assert (request.fault.code, request.fault.detail) == ("SCE004", "client.channel")
    assert "көрсетілмейді" in request.fault.message


async def repeat(both: Together, shep_id: str) -> str:
    url = f"{both.world.plan.shep_url}/shep/repeat/{shep_id}"
    async with aiohttp.ClientSession() as session, session.post(url) as answer:
        assert answer.status == 200
        return str((await answer.json())["again"])


async def test_a_repeat_through_shep_is_one_case(both: Together) -> None:
    """ShEP brings the same message again: the same receipt, no second case, no second result."""
    placed = await both.world.portal.apply(order())
    request = await both.completed(placed.number)
    before = len(request.messages)
    shep_id = request.letters[0].shep_id
    assert shep_id is not None
    receipts = {await repeat(both, shep_id) for _ in range(3)}
    assert len(receipts) == 1
    await asyncio.sleep(0.5)
    again = both.world.portal.cabinet.get(placed.number)
    assert (len(again.messages), again.responses) == (before, 1)


async def test_operators_see_what_happens(both: Together) -> None:
    """The metrics count what was received and answered, and hold no personal data."""
    await both.completed((await both.world.portal.apply(order())).number)
    assert await both.metric("qaqpa_messages_received_total") >= 1
    assert await both.metric("qaqpa_cases_opened_total") >= 1
    assert await both.metric("qaqpa_deliveries_total") >= 2


async def test_operators_list_what_waits(both: Together) -> None:
    """The commands show what is to be done for a case, what was given up and what did not arrive; nothing here."""
    request = await both.completed((await both.world.portal.apply(order(citizen=CITIZENS[5].slug))).number)
    assert request.case_number is not None
    shown = await both.qaqpa("case", "show", request.case_number)
    assert "next steps" in shown
    assert "RESPONSE" in shown
    assert "cause" in await both.qaqpa("case", "list", "--dead")
    assert "ShEP's id" in await both.qaqpa("case", "list", "--undelivered")
    replay = ("case", "replay", "--cause", "provider", "--kind", "submit", "--since", "2026-01-01")
    assert "0 dead letters would be replayed" in await both.qaqpa(*replay, "--dry-run")
    assert "0 tasks are due again" in await both.qaqpa(*replay, "--why", "nothing to do")


async def test_no_personal_data_in_logs(both: Together) -> None:
    """Neither IIN nor names nor passwords reach the log, whatever was sent."""
    await both.completed((await both.world.portal.apply(order())).number)
    lines = both.log_lines()
    assert lines
    text = both.gateway.log.read_text()
    for citizen in CITIZENS:
        for secret in (citizen.iin, citizen.surname, citizen.phone, citizen.email):
            assert secret not in text
    for password in both.world.plan.passwords.values():
        assert password not in text


async def test_the_evidence_is_whole_and_shown(both: Together) -> None:
    """`qaqpa case show` shows each step, names the result by its digest, and says that the chain of hashes stands."""
    request = await both.completed((await both.world.portal.apply(order())).number)
    assert request.case_number is not None
    assert "evidence: whole" in await both.qaqpa("case", "show", request.case_number)
    shown = json.loads(await both.qaqpa("case", "show", request.case_number, "--json"))
    kinds = [event["kind"] for event in shown["events"]]
    assert (kinds[0], kinds[-1]) == ("Registered", "Confirmed")
    decided = next(event for event in shown["events"] if event["kind"] == "Decided")
    result = both.world.portal.cabinet.read(request.number, "result.xml")
    assert decided["data"]["document"] == hashlib.sha256(result).hexdigest()


async def test_operators_list_cases(both: Together) -> None:
    """`qaqpa case list` names the case; there are no dead letters after a good day."""
    request = await both.completed((await both.world.portal.apply(order())).number)
    assert request.case_number is not None
    assert request.case_number in await both.qaqpa("case", "list")
    assert "provider." not in await both.qaqpa("case", "list", "--dead")
    assert "0 tasks" in await both.qaqpa("case", "replay", "--why", "nothing to do")


async def test_a_paper_application_goes_its_way_at_the_counter(both: Together, tmp_path: Path) -> None:
    """A clerk enters it, the provider's system decides it, the signed result is written out and handed over."""
    paper = tmp_path / "application.xml"
    paper.write_bytes(application(order("kostanay.child-benefit"), "30109000000777", utc_now()))
    entered = await both.qaqpa(
        *("counter", "enter", str(paper)),
        *("--service", "kostanay.child-benefit", "--channel", "provider", "--clerk", "Айгүл С."),
    )
    number = re.search(r"\d{4}-\d{8}-\d", entered)
    assert number is not None, entered
    assert "Айгүл С." in entered
    async with asyncio.timeout(30):
        while "decided" not in await both.qaqpa("case", "show", number[0]):
            await asyncio.sleep(0.2)
    result = tmp_path / "result.xml"
    assert "positive" in await both.qaqpa("counter", "result", number[0], "--out", str(result))
    verdict = await Verifier(Anchors.load(both.world.authority.anchors)).enveloped(result.read_bytes(), at=utc_now())
    assert verdict.indication is Indication.VALID
    await both.qaqpa("counter", "hand-over", number[0], "--clerk", "Айгүл С.")
    assert "confirmed" in await both.qaqpa("case", "show", number[0])


async def test_a_clerk_fills_a_blank_in_and_attaches_a_scan(both: Together, tmp_path: Path) -> None:
    """From the empty form to the coupon with what was handed in, without a line of XML that the clerk has to know."""
    service, paper, scan = "kostanay.child-benefit", tmp_path / "application.xml", tmp_path / "scan.pdf"
    scan.write_bytes(b"%PDF-1.4 scan\n%%EOF\n")
    assert CliRunner().invoke(cli, ["counter", "blank", service, "--out", str(paper)]).exit_code == 0
    citizen, blank = CITIZENS[3], paper.read_text()
    answers = {"iin": citizen.iin, "surname": citizen.surname, "givenName": citizen.given_name, "consent": "true"}
    for field, answer in answers.items():
        blank = blank.replace(f"<{field}></{field}>", f"<{field}>{answer}</{field}>", 1)
    paper.write_text(blank)
    entered = await both.qaqpa(
        *("counter", "enter", str(paper), "--service", service, "--channel", "provider", "--clerk", "Айгүл С."),
        *("--attach", f"package={scan}"),
    )
    assert "Пакет документов — 1 шт." in entered


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("--service", "kostanay.nothing", "--clerk", "Айгүл С."), "counter.unknown_service"),
        (("--service", "kostanay.housing-assistance", "--clerk", "Айгүл С."), "client.channel"),
        (("--service", "kostanay.child-benefit", "--clerk", "  "), "counter.clerk"),
        (("--service", "astana.child-benefit", "--clerk", "Айгүл С."), "counter.not_taken"),
    ],
)
async def test_wrong_input_at_the_counter_has_an_answer(
    both: Together, tmp_path: Path, words: tuple[str, ...], code: str
) -> None:
    """One line with a code, in Kazakh and Russian; a refusal is a receipt on paper besides."""
    paper, pdf = tmp_path / "application.xml", tmp_path / "paper.pdf"
    paper.write_bytes(application(order("kostanay.child-benefit"), "30109000000778", utc_now()))
    entered = ("counter", "enter", str(paper), "--channel", "provider", "--pdf", str(pdf), *words)
    said = await both.qaqpa(*entered, status=1)
    assert f"qaqpa: {code}: " in said
    assert " / " in said
    assert pdf.is_file() == (code == "counter.not_taken")


async def test_nothing_is_taken_at_a_counter_during_maintenance(both: Together, tmp_path: Path) -> None:
    """The clerk reads the announced reason in both languages; afterwards the same application is taken."""
    paper = tmp_path / "application.xml"
    paper.write_bytes(application(order("kostanay.child-benefit"), "30109000000779", utc_now()))
    entered = ("counter", "enter", str(paper), "--service", "kostanay.child-benefit", "--channel", "provider")
    await both.qaqpa("maintenance", "on", "--reason-kk", "Көшіру жүріп жатыр", "--reason-ru", "Идёт перенос")
    said = await both.qaqpa(*entered, "--clerk", "Ким А.", status=1)
    assert "gateway.maintenance: Көшіру жүріп жатыр / Идёт перенос" in said
    await both.qaqpa("maintenance", "off")
    assert "Ким А." in await both.qaqpa(*entered, "--clerk", "Ким А.")


async def test_a_file_that_is_not_there_has_an_answer(both: Together, tmp_path: Path) -> None:
    """No traceback for a slip in a file's name."""
    where = ("--service", "kostanay.child-benefit", "--channel", "provider", "--clerk", "Айгүл С.")
    said = await both.qaqpa("counter", "enter", str(tmp_path / "nothing.xml"), *where, status=1)
    assert "counter.file_unreadable" in said
    said = await both.qaqpa("counter", "hand-over", "2026-1", "--clerk", "Айгүл С.", status=1)
    assert "counter.unknown_number" in said
