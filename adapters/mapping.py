"""Between the typed case and the contract's elements, as zeep takes and gives them."""

from datetime import date, datetime
from typing import Any

from adapters.contract import ContractBroken
from gateway.cases.provider import Decision, Outcome, ProviderCase, ProviderStatus, Stage
from gateway.catalogue.application import Application, Attachment, Person
from gateway.catalogue.procedure import Course, Position
from gateway.catalogue.value import YEARS
from gateway.texts import Text

Values = dict[str, Any]


def case_values(case: ProviderCase) -> Values:
    """Return the contract's `Case`."""
    return {
        "number": case.number,
        "serviceId": case.service_id,
        "registeredAt": case.registered_at,
        "deadline": case.deadline,
        "application": _application(case.application),
        "document": case.document,
    }


def status_of(answer: Any) -> ProviderStatus:  # noqa: ANN401  zeep makes its classes at run time
    """Return what a valid `Status` says.

    Raises:
        ContractBroken: it contradicts itself.
    """
    stage = Stage[answer.stage]
    documents = tuple(_text(document) for document in answer.document)
    if stage is Stage.SUSPENDED and not answer.ground:
        raise ContractBroken("the term is suspended, but no ground is named")
    if stage is Stage.DOCUMENTS_NEEDED and not documents:
        raise ContractBroken("documents are needed, but none is named")
    return ProviderStatus(
        stage=stage,
        at=_instant(answer.at),
        note=_text(answer.note) if answer.note is not None else None,
        documents=documents,
        until=_day(answer.until) if answer.until is not None else None,
        step=Position(Course[answer.step.course or "MAIN"], answer.step.no) if answer.step is not None else None,
        grounds=tuple(answer.ground),
        extension=_text(answer.extension) if answer.extension is not None else None,
        duty_met=_day(answer.dutyMet) if answer.dutyMet is not None else None,
    )


def decision_of(answer: Any) -> Decision:  # noqa: ANN401  same
    """Return what a valid `Decision` says.

    Raises:
        ContractBroken: it contradicts itself.
    """
    outcome = Outcome[answer.outcome]
    if (outcome is not Outcome.POSITIVE) != (answer.ground is not None):
        raise ContractBroken("a refusal and an ending have a ground, and nothing else has")
    return Decision(
        outcome=outcome,
        at=_instant(answer.at),
        document=bytes(answer.document),
        name=str(answer.name),
        ground=_text(answer.ground) if answer.ground is not None else None,
    )


def _application(application: Application) -> Values:
    representative = application.representative
    return {
        "requestNumber": application.request_number,
        "submittedAt": application.submitted_at,
        "language": application.language,
        "applicant": _person(application.applicant),
        "representative": _person(representative) if representative else None,
        "authority": application.authority,
        "consent": application.consent,
        "field": [{"name": name, "value": value} for name, value in application.fields.items()],
        "attachment": [_attachment(attachment) for attachment in application.attachments],
    }


def _person(person: Person) -> Values:
    return {
        "iin": person.iin,
        "surname": person.surname,
        "givenName": person.given_name,
        "patronymic": person.patronymic,
        "birthDate": person.birth_date,
        "phone": person.phone,
        "email": person.email,
        "address": person.address,
    }


def _attachment(attachment: Attachment) -> Values:
    values = {"kind": attachment.kind, "name": attachment.name, "mime": attachment.mime}
    return values | {"content": attachment.content}


def _text(answer: Any) -> Text:  # noqa: ANN401  same
    return Text(kk=answer.kk, ru=answer.ru)


def _instant(value: object) -> datetime:
    # zeep gives None for what Python cannot hold, such as the year 30000; at the ends of what it can hold, conversion
    # between time zones overflows
    if not isinstance(value, datetime) or value.tzinfo is None or value.year not in YEARS:
        raise ContractBroken("a time cannot be read")
    return value


def _day(value: object) -> date:
    if not isinstance(value, date) or value.year not in YEARS:
        raise ContractBroken("a date cannot be read")
    return value
