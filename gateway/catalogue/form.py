"""Reading an application: from the signed bytes to a typed value, or to everything that is wrong with it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime

from gateway.catalogue import answers, attachments, phrases, rules, structure
from gateway.catalogue.application import Application, Attachment, Person
from gateway.catalogue.channel import Channel, governing
from gateway.catalogue.completeness import missing
from gateway.catalogue.findings import Finding
from gateway.catalogue.identity import Parties
from gateway.catalogue.payload import NotOurPayload, parse
from gateway.catalogue.service import Service
from gateway.catalogue.structure import Block

__all__ = ["NotOurPayload", "Reading", "check_root", "read_application"]


@dataclass(frozen=True, slots=True)
class Reading:
    """What came of reading: an application, or findings. Never both, never neither.

    What an answer needs stands here even where the application has findings, as far as it could be read.
    """

    application: Application | None
    findings: tuple[Finding, ...] = ()
    request_number: str | None = None
    language: str | None = None
    parties: Parties = field(default=Parties(), repr=False)
    """For `gateway.catalogue.identity.compare`."""
    accepted_by: str | None = field(default=None, repr=False)
    """Who took the papers at a counter."""


def check_root(service: Service, document: bytes) -> None:
    """Check only that the document is XML whose root is an application for `service`.

    Raises:
        NotOurPayload: it is not.
    """
    parse(service, document)


def read_application(
    service: Service, document: bytes, *, now: datetime | None = None, channel: Channel | None = None
) -> Reading:
    """Read an application whose signature was verified; enveloped signatures at its end are passed over.

    Args:
        service: the service it is for.
        document: the application, UTF-8 XML.
        now: the present instant, aware: an application must not come from the future. None: that is not judged.
        channel: through which it came. Given, what the act wants in that channel is judged too, the documents
            included; None is right for an application that was judged before.

    Raises:
        NotOurPayload: the document is not XML, or not an application for the service.
        ValueError: the service's schema is not compiled.
    """
    if service.schema is None:
        raise ValueError(f"{service.id} has no compiled schema")
    root = parse(service, document)
    findings: list[Finding] = []
    block = structure.read(root, service.form.root, findings)
    holding = governing(service, channel) if channel is not None else None
    under = rules.Circumstances(service.id, service.passport.region, now, channel, holding)
    unread = {finding.where for finding in findings}
    findings.extend(one for one in rules.broken(service.form, block, under) if one.where not in unread)
    if channel is not None:
        findings.extend(missing(service, channel, answers.of_block(block)))
    if not findings and not service.schema.validate(root):
        # The schema is the contract: what it does not allow is not taken, even if the walk saw nothing wrong.
        findings.append(Finding("applicant.form", phrases.UNREADABLE))
    header = block.block("header").texts
    return Reading(
        application=None if findings else _application(block),
        findings=tuple(findings),
        request_number=header.get("requestNumber"),
        language=header.get("language"),
        parties=_parties(block),
        accepted_by=_officer(block.block("acceptance").texts),
    )


def _parties(block: Block) -> Parties:
    return Parties(
        applicant_iin=block.block("applicant").texts.get("iin"),
        representative_iin=block.block("representative").texts.get("iin"),
        represented="representative" in block.blocks,
    )


def _application(block: Block) -> Application:
    header = block.block("header").texts
    representative = block.blocks.get("representative")
    return Application(
        service_id=header["serviceId"],
        request_number=header["requestNumber"],
        submitted_at=datetime.fromisoformat(header["submittedAt"]),
        language=header["language"],
        applicant=_person(block.block("applicant").texts),
        consent=block.texts["consent"] in {"true", "1"},
        representative=_person(representative[0].texts) if representative else None,
        authority=representative[0].texts["authority"] if representative else None,
        attachments=tuple(_attachment(document.texts) for document in _documents(block)),
        accepted_by=_officer(block.block("acceptance").texts),
        fields=dict(block.block("form").flat()),
    )


def _officer(texts: Mapping[str, str]) -> str | None:
    return ", ".join(texts[name] for name in ("officer", "position") if name in texts) or None


def _documents(block: Block) -> list[Block]:
    return block.block("documents").blocks.get("document", [])


def _person(texts: Mapping[str, str]) -> Person:
    birth_date = texts.get("birthDate")
    return Person(
        iin=texts["iin"],
        surname=texts["surname"],
        given_name=texts["givenName"],
        patronymic=texts.get("patronymic"),
        birth_date=date.fromisoformat(birth_date) if birth_date is not None else None,
        phone=texts.get("phone"),
        email=texts.get("email"),
        address=texts.get("address"),
    )


def _attachment(texts: Mapping[str, str]) -> Attachment:
    content, digest = texts.get("content"), texts.get("sha256")
    return Attachment(
        kind=texts["kind"],
        name=texts["name"],
        mime=texts["mime"],
        content=attachments.decode(content) if content is not None else None,
        file_id=texts.get("fileId"),
        sha256=digest.lower() if digest is not None else None,
    )
