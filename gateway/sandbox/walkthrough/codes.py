"""Every precise code that a sender or the cabinet may see, for the table of the integrator's page.

A test holds it against the code: what is raised anywhere stands here, and what stands here is raised.
"""

from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Described:
    """One code."""

    code: str
    comes: str
    """As what: the outward code of a fault, or where the finding stands."""
    meaning: str
    todo: str


_AGAIN = "send the same message again, with the same messageId"
_MEND = "mend the message"
_CITIZEN = "show the finding to the citizen"
_NOTHING = "nothing"


def _faults() -> Iterator[Described]:
    for code, meaning, todo in (
        ("client.not_xml", "not well-formed XML, or not UTF-8 or UTF-16", _MEND),
        ("client.dtd", "a document type declaration", _MEND),
        ("client.too_large", "larger than the limit", "name large files by their id in ShEP's storage"),
        ("client.too_complex", "deeper, or of more elements or attributes, than the limits", _MEND),
        ("client.broken_body", "the HTTP body did not arrive whole, or too slowly", _AGAIN),
        ("client.content_encoding", "a compressed HTTP body", "send it uncompressed"),
        ("client.not_soap", "no SOAP envelope with one Body", _MEND),
        ("client.soap_version", "another SOAP than 1.1", "use SOAP 1.1"),
        ("client.must_understand", "a header other than wsse:Security must be understood", "leave it out"),
        ("client.empty_body", "the Body is empty", _MEND),
        ("client.several_operations", "the Body holds more than one element", _MEND),
        ("client.unknown_operation", "no operation of the contract, or not of this address", "see the WSDL"),
        ("client.missing_field", "a required element is missing", _MEND),
        ("client.invalid_field", "an element's value is out of its range", _MEND),
        ("client.repeated_field", "an element stands more than once", _MEND),
        ("client.field_too_long", "an identifier of more than 200 characters", _MEND),
        ("client.message_type", "messageType is not REQUEST or UPDATE", _MEND),
        ("client.empty_data", "there is no business data", "put the signed application into data"),
        ("client.payload", "the business data is of another namespace or root", "see schemas/README.md"),
        ("client.duplicate_message_id", "another message was taken under this messageId", "use a new messageId"),
        ("client.duplicate_request", "another application was registered under this requestNumber", "use a new one"),
        ("client.archived", "a repeat of a message whose case is finished and archived", _NOTHING),
        ("client.unknown_correlation", "UPDATE: no open application with this correlationId", "send a new REQUEST"),
        ("client.unknown_message", "no message of this id between your system and the gateway", "check the id"),
    ):
        yield Described(code, "SCE001", meaning, todo)
    for code, meaning, todo in (
        ("client.sender", "sender id, password and certificate do not belong together", "check all three"),
        ("client.unknown_service", "no such service, or not registered for you", "ask the gateway's operator"),
        ("client.channel", "the act does not give the service through this channel", "show the reason to the citizen"),
        ("gateway.not_configured", "nobody provides the service here", "ask the gateway's operator"),
    ):
        yield Described(code, "SCE004", meaning, todo)
    yield Described("client.certificate.not_current", "SCE005", "the transport certificate is not current", "renew it")
    yield Described("client.signature.invalid", "SCE006", "the transport signature is not valid", "sign as below")
    yield Described("client.signature.missing", "SCE007", "the message is not signed", "sign as below")
    yield Described(
        "applicant.signature", "SCE016", "the applicant's signature is not valid, or covers something else", "sign anew"
    )
    yield Described("applicant.unsigned", "SCE017", "the application carries no signature", "have the citizen sign")
    for code, meaning in (
        ("gateway.busy", "too many messages at the same time"),
        ("gateway.store_unavailable", "the gateway's database does not answer"),
        ("gateway.starting", "the gateway has just been started and is not ready yet"),
        ("gateway.maintenance", "announced maintenance; the text says why"),
        ("gateway.internal", "a defect of the gateway"),
    ):
        yield Described(code, "SCE909", meaning, f"{_AGAIN}, after Retry-After")


def _rejections() -> Iterator[Described]:
    for code, meaning in (
        ("applicant.form", "a field is missing or wrong"),
        ("applicant.documents", "a document is missing or cannot be taken"),
        ("applicant.documents.unreachable", "a file could not be fetched from ShEP's storage"),
        ("applicant.identity", "who signed is not who applies, or represents the applicant"),
        ("applicant.eligibility", "the act does not give the service, or not this way, to this person"),
        ("applicant.second", "an application for the same matter runs; its number is in the text for the applicant"),
        ("applicant.duplicate", "the same request was registered under another message id"),
        ("applicant.certificate.expired", "the applicant's certificate has ended"),
        ("applicant.certificate.not_yet_valid", "the applicant's certificate has not begun"),
        ("applicant.certificate.revoked", "the applicant's certificate is revoked"),
        ("applicant.certificate.not_for_signing", "the applicant's certificate is not for signing"),
        ("applicant.certificate.not_individual", "the certificate is not of a natural person"),
        ("applicant.certificate.unchecked", "UPDATE: the certificate could not be checked now"),
        ("applicant.certificate.unverifiable", "the certificate could not be checked within the limit"),
    ):
        yield Described(code, "rejection", meaning, _CITIZEN)


def _inquiries() -> Iterator[Described]:
    for code, meaning in (
        ("inquiry.form", "the request is not as portal.xsd says"),
        ("inquiry.dictionary", "there is no such dictionary"),
        ("inquiry.region", "there is no such region"),
        ("inquiry.service", "no such service, or not registered for you"),
        ("inquiry.component", "the service has no such component"),
        ("inquiry.field", "the service's form has no such choice field"),
        ("inquiry.number", "no registration number: its check digit is wrong"),
        ("inquiry.iin", "no IIN: its control digit is wrong"),
    ):
        yield Described(code, "SCSE002", meaning, "mend the request")
    yield Described(
        "inquiry.not_found", "SCSE001", "nothing under this number and this IIN, or the case is archived", _CITIZEN
    )


CODES = (*_faults(), *_rejections(), *_inquiries())
"""In the order of the page."""


def table() -> str:
    """Return the table as it stands on the page."""
    rows = [f"| `{one.code}` | {one.comes} | {one.meaning} | {one.todo} |" for one in CODES]
    return "\n".join(["| code | comes as | what it means | what to do |", "|---|---|---|---|", *rows]) + "\n"
