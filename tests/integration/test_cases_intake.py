"""Intake over a real database, with really signed applications."""

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from gateway.cases.inbound import Inbound, Mode
from gateway.cases.model import State, TaskKind
from gateway.cases.number import is_registration_number
from gateway.cases.store.ledger import Commit
from gateway.catalogue.cabinet_message import StatusCode
from gateway.catalogue.cabinet_message import read as read_message
from gateway.catalogue.channel import Channel
from gateway.eds import enveloped
from gateway.faults import Code, GatewayFault
from gateway.resources import schemas
from gateway.sandbox.identities import AUTHENTICATION_ONLY, CITIZENS, EXPIRED, FOREIGN, PROVIDERS
from gateway.sandbox.nca import TestAuthority
from gateway.sandbox.order import Order, application, tampered
from tests.support.gateway import NOW, Desk, Unreachable, desk, housing, reply


@pytest.fixture
async def at(database_url: str, authority: TestAuthority, tmp_path: Path) -> AsyncIterator[Desk]:
    async with desk(database_url, authority, tmp_path) as opened:
        yield opened


async def refused(at: Desk, *documents: bytes, **changes: object) -> GatewayFault:
    with pytest.raises(GatewayFault) as caught:
        await at.intake.accept(at.message(*documents, **changes), reply)  # type: ignore[arg-type]
    assert await at.store.ledger.cases() == []
    return caught.value


async def rejected(at: Desk, document: bytes, **changes: object) -> list[str]:
    await at.intake.accept(at.message(document, **changes), reply)  # type: ignore[arg-type]
    (case,) = await at.store.ledger.cases()
    assert (case.state, case.number) == (State.REJECTED, None)
    answer = await at.store.outbox.answer(case.id)
    assert answer is not None
    told = read_message(answer.payload)
    assert told.status.code is StatusCode.REJECTED
    assert all(finding.text.kk and finding.text.ru for finding in told.findings)
    return [finding.code for finding in told.findings]


async def test_a_good_application_is_registered(at: Desk) -> None:
    """A signed, complete application becomes a case with a number and a term, and the worker is woken."""
    answer = await at.intake.accept(at.message(at.document()), reply)
    (case,) = await at.store.ledger.cases()
    assert case.state is State.REGISTERED
    assert case.number is not None
    assert is_registration_number(case.number)
    assert case.deadline is not None
    assert case.deadline > NOW
    assert case.number.encode() in answer
    assert at.woken == [True]
    (event,) = await at.store.ledger.events(case.id)
    assert '"verdict":"VALID"' in event.data


@pytest.mark.parametrize("channel_mode", [Mode.ASYNC, Mode.SYNC])
async def test_a_repeat_gets_the_stored_reply(at: Desk, channel_mode: Mode) -> None:
    """The same message again, in another session, is answered byte for byte and makes no second case."""
    message = at.message(at.document(), mode=channel_mode)
    first = await at.intake.accept(message, reply)
    again = await at.intake.accept(replace(message, session_id="{other}", raw=b"another envelope"), reply)
    assert again == first
    assert len(await at.store.ledger.cases()) == 1


async def test_copies_at_the_same_moment_get_one_reply(at: Desk) -> None:
    """Two copies that arrive together are one case."""
    message = at.message(at.document())
    replies = await asyncio.gather(*(at.intake.accept(message, reply) for _ in range(5)))
    assert len(set(replies)) == 1
    assert len(await at.store.ledger.cases()) == 1


async def test_a_repeat_after_the_certificate_expired_gets_its_receipt(at: Desk) -> None:
    """What was accepted stays accepted, however late the repeat comes."""
    message = at.message(at.document())
    first = await at.intake.accept(message, reply)
    assert await at.intake.accept(replace(message, received_at=NOW + timedelta(days=900)), reply) == first


async def test_a_message_without_an_id_is_known_by_its_content(at: Desk) -> None:
    """Without messageId the same application twice is still one case."""
    message = at.message(at.document(), message_id=None)
    assert await at.intake.accept(message, reply) == await at.intake.accept(message, reply)
    assert len(await at.store.ledger.cases()) == 1


async def test_another_content_under_a_known_id_is_refused(at: Desk) -> None:
    """The id of one message cannot be used for another."""
    await at.intake.accept(at.message(at.document()), reply)
    with pytest.raises(GatewayFault) as caught:
        await at.intake.accept(at.message(at.document()), reply)
    assert (caught.value.code, caught.value.detail.code) == (Code.FORMAT, "client.duplicate_message_id")
    assert len(await at.store.ledger.cases()) == 1


async def test_the_reading_that_was_signed_is_taken(at: Desk) -> None:
    """Of two readings of nested data the one whose signature is intact is the document."""
    document = at.document()
    await at.intake.accept(at.message(document.replace(b"<consent>", b"<consent >x"), document), reply)
    (case,) = await at.store.ledger.cases()
    assert case.state is State.REGISTERED
    assert (await at.store.ledger.message_in_force(case.id)).reading == 1


OTHER_DWELLING = {"dwellingAddress": "Қостанай, Басқа көше, 2"}
CLOSED = sorted(
    path.parent.name
    for path in (schemas() / "services").glob("*/passport.json")
    if not json.loads(path.read_bytes())["portal"]["available"]
)


@pytest.mark.parametrize("service", CLOSED)
async def test_services_without_the_portal_are_refused_with_the_reason(at: Desk, service: str) -> None:
    """For each of the 19 other services the portal is told in kk and ru that the act does not give it this way."""
    fault = await refused(at, b"<application/>", service_id=service)
    assert (fault.code, fault.detail.code) == (Code.SERVICE, "client.channel")
    assert "көрсетілмейді" in fault.message.kk
    assert "не оказывается" in fault.message.ru


def test_there_are_nineteen_such_services() -> None:
    """22 services, three of them given through the portal."""
    assert len(CLOSED) == 19


async def test_an_unknown_service_is_refused(at: Desk) -> None:
    """A service id that nobody registered is SCE004; so is one that this sender may not use."""
    assert (await refused(at, at.document(), service_id="NO_SUCH")).detail.code == "client.unknown_service"
    assert (await refused(at, at.document(), sender_id="narrow")).detail.code == "client.unknown_service"


async def test_data_that_is_no_application_is_refused(at: Desk) -> None:
    """Nothing, text, another namespace, another service's application: SCE001."""
    other = at.document(service="kostanay.categories-social-assistance", form={"category": "disability"})
    for documents in ((), (b"hello",), (b"<a xmlns='urn:x'/>",), (other,)):
        assert (await refused(at, *documents)).code is Code.FORMAT


async def test_endless_identifiers_are_refused(at: Desk) -> None:
    """An identifier that cannot be a key is the sender's fault, not a failure of the store to be tried for ever."""
    for name in ("message_id", "correlation_id", "route_id"):
        fault = await refused(at, at.document(), **{name: "9" * 5000})
        assert (fault.code, fault.detail.code) == (Code.FORMAT, "client.field_too_long")


async def test_an_unsigned_application_is_refused(at: Desk) -> None:
    """SCE017: nobody can be trusted to be the citizen."""
    unsigned = application(housing(), "101090000000", NOW)
    assert (await refused(at, unsigned)).code is Code.APPLICANT_UNSIGNED


async def test_a_broken_signature_is_refused(at: Desk) -> None:
    """SCE016 for a changed document, and for a signer whom no configured authority knows."""
    assert (await refused(at, tampered(at.document()))).code is Code.APPLICANT_SIGNATURE
    foreign = application(housing(citizen=FOREIGN.slug), "101090000001", NOW)
    stranger = enveloped.sign(foreign, at.authority.foreign().key)
    assert (await refused(at, stranger)).code is Code.APPLICANT_SIGNATURE


async def test_an_expired_certificate_is_a_rejection(at: Desk) -> None:
    """The citizen is known but the certificate has run out: told in the cabinet."""
    unsigned = application(housing(citizen=EXPIRED.slug), "101090000002", NOW)
    assert await rejected(at, enveloped.sign(unsigned, at.authority.expired().key)) == ["applicant.certificate.expired"]


async def test_a_certificate_for_logging_in_is_a_rejection(at: Desk) -> None:
    """An AUTH certificate does not sign applications."""
    unsigned = application(housing(citizen=AUTHENTICATION_ONLY.slug), "101090000003", NOW)
    signed = enveloped.sign(unsigned, at.authority.authentication_only().key)
    assert await rejected(at, signed) == ["applicant.certificate.not_for_signing"]


async def test_an_information_system_cannot_apply(at: Desk) -> None:
    """A certificate without an IIN names no citizen."""
    unsigned = application(housing(), "101090000004", NOW)
    signed = enveloped.sign(unsigned, at.authority.system("portal").key)
    assert await rejected(at, signed) == ["applicant.certificate.not_individual"]


async def test_another_persons_signature_is_a_rejection(at: Desk) -> None:
    """The IIN of the form and of the certificate are one person's."""
    unsigned = application(housing(), "101090000005", NOW)
    signed = enveloped.sign(unsigned, at.authority.citizen(2).key)
    assert await rejected(at, signed) == ["applicant.identity"]


async def test_a_head_of_a_provider_does_not_apply_for_a_citizen(at: Desk) -> None:
    """A legal entity's certificate carries its head's own IIN, which is not the applicant's."""
    unsigned = application(housing(), "101090000006", NOW)
    signed = enveloped.sign(unsigned, at.authority.provider(PROVIDERS[0].slug).key)
    assert await rejected(at, signed) == ["applicant.identity"]


async def test_every_finding_of_the_form_is_told(at: Desk) -> None:
    """Not the first mistake only, but all of them."""
    document = at.document(applicant={"phone": "12", "email": "none", "surname": None}, consent=False)
    codes = await rejected(at, document)
    assert len(codes) >= 4
    assert set(codes) <= {"applicant.form", "applicant.documents"}


async def test_the_wrong_category_is_not_eligible_for_the_portal(at: Desk) -> None:
    """The portal gives social assistance by categories only to those whom the act names."""
    service = "kostanay.categories-social-assistance"
    codes = await rejected(at, at.document(service=service, form={"category": "other"}), service_id=service)
    assert codes == ["applicant.eligibility"]


async def test_a_rejection_on_the_sync_channel_is_told_in_the_reply(at: Desk) -> None:
    """SyncChannel: the findings stand in the reply, nothing is sent afterwards."""
    document = at.document(consent=False)
    payloads: list[bytes] = []

    def keep(receipt: object) -> bytes:
        payloads.append(receipt.payload)  # type: ignore[attr-defined]
        return b"reply"

    await at.intake.accept(at.message(document, mode=Mode.SYNC), keep)
    (case,) = await at.store.ledger.cases()
    assert case.state is State.CONFIRMED
    assert await at.store.outbox.next_pending(case.id) is None
    assert b"<finding>" in payloads[0]


async def test_a_store_that_is_away_is_a_fault(at: Desk) -> None:
    """Without a database nothing is acknowledged: SCE909 with a time to come back."""
    message = at.message(at.document())
    await at.store.pool.close()
    with pytest.raises(GatewayFault) as caught:
        await at.intake.accept(message, reply)
    assert (caught.value.code, caught.value.detail.code) == (Code.INTERNAL, "gateway.store_unavailable")
    assert caught.value.retry_after is not None
    assert at.recorder.failures


async def test_what_cannot_be_checked_waits(database_url: str, authority: TestAuthority, tmp_path: Path) -> None:
    """If revocation cannot be asked, the message is taken, the citizen told, and no number given."""
    async with desk(database_url, authority, tmp_path, Unreachable()) as at:
        await at.intake.accept(at.message(at.document()), reply)
        (case,) = await at.store.ledger.cases()
        assert (case.state, case.number) == (State.AWAITING_VERIFICATION, None)
        first = await at.store.outbox.next_pending(case.id)
        assert first is not None
        assert read_message(first.payload).status.code is StatusCode.BEING_CHECKED


class TestSupplement:
    """UPDATE: the citizen completes an application."""

    async def test_it_goes_to_the_case_of_its_chain(self, at: Desk) -> None:
        """A completed application is added to the open case; a repeat changes nothing."""
        await at.intake.accept(at.message(at.document()), reply)
        update = at.message(at.document(), message_id="2", message_type="UPDATE", correlation_id="chain-1")
        first = await at.intake.accept(update, reply)
        assert await at.intake.accept(update, reply) == first
        (case,) = await at.store.ledger.cases()
        assert case.state is State.IN_PROCESS
        assert [event.kind for event in await at.store.ledger.events(case.id)] == ["Registered", "Supplemented"]

    async def test_it_needs_an_open_case(self, at: Desk) -> None:
        """An UPDATE of an unknown chain is a fault and leaves nothing."""
        update = at.message(at.document(), message_type="UPDATE", correlation_id="nowhere")
        assert (
            await refused(at, update.readings[0], message_type="UPDATE")
        ).detail.code == "client.unknown_correlation"

    async def test_another_person_cannot_complete_it(self, at: Desk) -> None:
        """Only the applicant completes the application; the case waits on."""
        await at.intake.accept(at.message(at.document()), reply)
        update = at.message(at.document(citizen=2), message_id="2", message_type="UPDATE", correlation_id="chain-1")
        await at.intake.accept(update, reply)
        (case,) = await at.store.ledger.cases()
        assert case.state is State.REGISTERED
        assert [event.kind for event in await at.store.ledger.events(case.id)][-1] == "SupplementRejected"

    async def test_a_rejected_one_never_takes_the_place_of_the_application(self, at: Desk) -> None:
        """What another person, or a broken form, sent as a completion is kept but is not what the provider gets."""
        first = at.document()
        await at.intake.accept(at.message(first), reply)
        (case,) = await at.store.ledger.cases()
        for number, document in enumerate((at.document(citizen=2), at.document(consent=False)), 2):
            update = at.message(document, message_id=str(number), message_type="UPDATE", correlation_id="chain-1")
            await at.intake.accept(update, reply)
        assert first in (await at.store.ledger.message_in_force(case.id)).raw

    async def test_the_newest_that_was_taken_is_in_force_whatever_the_clocks_say(self, at: Desk) -> None:
        """Which application stands is decided by the order of events, not by times of replicas."""
        await at.intake.accept(at.message(at.document()), reply)
        (case,) = await at.store.ledger.cases()
        completed = at.document()
        update = at.message(completed, message_id="2", message_type="UPDATE", correlation_id="chain-1")
        await at.intake.accept(replace(update, received_at=NOW - timedelta(seconds=30)), reply)
        assert completed in (await at.store.ledger.message_in_force(case.id)).raw

    async def test_one_during_the_hand_over_of_another_is_handed_over_too(self, at: Desk) -> None:
        """A completion that arrives while the provider is given the one before makes the step run again."""
        await at.intake.accept(at.message(at.document()), reply)
        (case,) = await at.store.ledger.cases()

        async def complete(number: str) -> None:
            update = at.message(at.document(), message_id=number, message_type="UPDATE", correlation_id="chain-1")
            await at.intake.accept(update, reply)

        await complete("2")
        held = next(one for one in await at.store.tasks.claim(10, 60) if one.kind is TaskKind.SUPPLEMENT)
        await complete("3")
        await at.store.ledger.commit(case.id, lambda _: Commit(), held)
        again = [one.kind for one in await at.store.tasks.claim(10, 60)]
        assert TaskKind.SUPPLEMENT in again

    async def test_a_self_made_representative_cannot_replace_the_application(self, at: Desk) -> None:
        """Whoever did not sign the application cannot complete it, not even by naming the applicant as represented."""
        await at.intake.accept(at.message(at.document()), reply)
        (case,) = await at.store.ledger.cases()
        stranger = at.document(citizen=2, applicant={"iin": CITIZENS[0].iin})
        update = at.message(stranger, message_id="2", message_type="UPDATE", correlation_id="chain-1")
        await at.intake.accept(update, reply)
        assert [event.kind for event in await at.store.ledger.events(case.id)][-1] == "SupplementRejected"

    async def test_it_may_correct_what_the_application_is_about(self, at: Desk) -> None:
        """The case holds the matter of its completed application, and no more the one that it began with."""
        await at.intake.accept(at.message(at.document()), reply)
        corrected = at.document(form=OTHER_DWELLING)
        update = at.message(corrected, message_id="2", message_type="UPDATE", correlation_id="chain-1")
        await at.intake.accept(update, reply)
        for number, document in enumerate((at.document(), at.document(form=OTHER_DWELLING)), 3):
            await at.intake.accept(at.message(document, message_id=str(number)), reply)
        assert at.recorder.findings == ["applicant.second"]
        states = {case.state for case in await at.store.ledger.cases()}
        assert states == {State.IN_PROCESS, State.REGISTERED, State.REJECTED}

    async def test_it_cannot_become_what_another_application_is_about(self, at: Desk) -> None:
        """A completion about the matter of another running case is not taken; the answer names that case."""
        first, other = at.document(), at.document(form=OTHER_DWELLING)
        for number, document in enumerate((first, other), 1):
            await at.intake.accept(at.message(document, message_id=str(number)), reply)
        update = at.message(at.document(), message_id="3", message_type="UPDATE", correlation_id="chain-2")
        said = (await at.intake.accept(update, reply)).decode()
        newer, older = sorted(await at.store.ledger.cases(), key=lambda case: case.correlation_id, reverse=True)
        assert "applicant.second" in said
        assert older.number is not None
        assert older.number in said
        assert (newer.state, older.state) == (State.REGISTERED, State.REGISTERED)
        assert other in (await at.store.ledger.message_in_force(newer.id)).raw


async def test_one_application_under_two_message_ids_is_one_case(at: Desk) -> None:
    """The same signed request in another message gets the first receipt; another content under its number none."""
    document = at.document()
    first = await at.intake.accept(at.message(document, message_id="1"), reply)
    assert await at.intake.accept(at.message(document, message_id="2"), reply) == first
    assert len(await at.store.ledger.cases()) == 1
    at.counter[0] -= 1  # the same request number once more
    other = at.document(form=OTHER_DWELLING)
    with pytest.raises(GatewayFault) as caught:
        await at.intake.accept(at.message(other, message_id="3"), reply)
    assert caught.value.detail.code == "client.duplicate_request"


async def test_each_channel_has_message_ids_of_its_own(at: Desk) -> None:
    """An id used on AsyncChannel does not answer on SyncChannel."""
    first = await at.intake.accept(at.message(at.document()), reply)
    second = await at.intake.accept(at.message(at.document(), mode=Mode.SYNC), reply)
    assert first != second
    assert len(await at.store.ledger.cases()) == 2


class TestPsc:
    """The Public Service Centre (ХҚКО): a second sender over the same contract, whose clerks sign at its counter."""

    SERVICE = "kostanay.child-benefit"

    def taken(self, at: Desk, signer: str = "psc", **changes: object) -> Inbound:
        values: dict[str, object] = {"service": self.SERVICE, "form": {}}
        unsigned = application(Order(**(values | changes)), "20109000000001", NOW)
        signed = enveloped.sign(unsigned, at.authority.system(signer).key)
        return at.message(signed, sender_id="psc", service_id=self.SERVICE)

    async def test_a_clerks_signature_stands_at_the_counter(self, at: Desk) -> None:
        """What a clerk of the registered body took and signed is registered, with the term of this channel."""
        await at.intake.accept(self.taken(at), reply)
        (case,) = await at.store.ledger.cases()
        assert (case.state, case.channel) == (State.REGISTERED, Channel.PSC)
        assert case.deadline is not None

    async def test_a_clerk_of_another_body_does_not(self, at: Desk) -> None:
        """Only the body that is registered for the sender signs instead of the applicant."""
        await at.intake.accept(self.taken(at, signer="portal"), reply)
        (case,) = await at.store.ledger.cases()
        assert case.state is State.REJECTED

    async def test_the_portal_has_no_such_counter(self, at: Desk) -> None:
        """The same document from the portal is not the citizen's."""
        unsigned = application(housing(), "20109000000002", NOW)
        signed = enveloped.sign(unsigned, at.authority.system("psc").key)
        assert await rejected(at, signed) == ["applicant.certificate.not_individual"]

    async def test_what_the_psc_does_not_give_is_refused(self, at: Desk) -> None:
        """A service that the act keeps from the PSC is SCE004, with the reason."""
        service = "kostanay.categories-social-assistance"
        fault = await refused(at, b"<application/>", sender_id="psc", service_id=service)
        assert (fault.code, fault.detail.code) == (Code.SERVICE, "client.channel")
