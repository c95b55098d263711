"""What a person does at the sandbox's portal: fills in a form and signs it; and the document that comes of it."""

from base64 import b64encode
from collections.abc import Mapping, Sequence
from datetime import datetime
from hashlib import sha256
from typing import Annotated, Any

from lxml import etree
from pydantic import BaseModel, ConfigDict, Field

from gateway.sandbox.identities import AUTHENTICATION_ONLY, CITIZENS, EXPIRED, FOREIGN, REVOKED, Citizen

_VERSION = 1
_PEOPLE = {citizen.slug: citizen for citizen in (*CITIZENS, EXPIRED, FOREIGN, AUTHENTICATION_ONLY, REVOKED)}

Tree = Mapping[str, Any]
"""Element name -> text, another tree, or a list of trees; None is left out."""


class _Input(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Document(_Input):
    """A document that the citizen attaches."""

    kind: str
    name: str
    mime: str = "application/pdf"
    text: str = "%PDF-1.4 қақпа sandbox\n%%EOF\n"
    """The content, as text."""
    stored: bool = False
    """Leave it in the temporary storage and send its id."""
    file_id: str | None = None
    """Send this id, whatever lies there."""


class Order(_Input):
    """One application at the portal. What is not said is taken from the citizen's registration."""

    service: str
    citizen: str = CITIZENS[0].slug
    """Slug of the citizen, who signs."""
    language: str = "kk"
    form: dict[str, Any] = {}
    """The service's own fields; a block is a nested object."""
    documents: tuple[Document, ...] = ()
    consent: bool = True
    applicant: dict[str, str | None] = {}
    """Replaces fields of the applicant's block; null leaves one out."""
    signers: Annotated[int, Field(ge=0, le=1)] = 1
    """0 sends the application unsigned."""
    tamper: bool = False
    """Change the form after it was signed, as an attacker would."""

    @property
    def person(self) -> Citizen:
        """The citizen who applies.

        Raises:
            KeyError: nobody of that slug lives in the sandbox.
        """
        return _PEOPLE[self.citizen]


def application(order: Order, request_number: str, submitted_at: datetime) -> bytes:
    """Return the application document of the service's schema, not signed.

    Args:
        order: what the citizen entered.
        request_number: the portal's number of the request.
        submitted_at: aware.
    """
    tree = {
        "header": {
            "serviceId": order.service,
            "requestNumber": request_number,
            "submittedAt": submitted_at.isoformat(timespec="seconds"),
            "language": order.language,
        },
        "applicant": _applicant(order.person) | order.applicant,
        "form": order.form,
        "documents": {"document": [_document(document) for document in order.documents]},
        "consent": str(order.consent).lower(),
    }
    namespace = f"urn:qaqpa:service:{order.service}:{_VERSION}"
    root = etree.Element(etree.QName(namespace, "application"), nsmap={None: namespace})  # type: ignore[dict-item]  # lxml takes None for the default namespace
    _fill(root, tree)
    return etree.tostring(root, encoding="UTF-8", xml_declaration=True)


def tampered(signed: bytes) -> bytes:
    """Return a signed application whose consent was turned over by somebody else."""
    changed = signed.replace(b"<consent>true<", b"<consent>false<")
    return changed if changed != signed else signed.replace(b"<consent>false<", b"<consent>true<")


def _applicant(citizen: Citizen) -> dict[str, str | None]:
    return {
        "iin": citizen.iin,
        "surname": citizen.surname,
        "givenName": citizen.given_name,
        "patronymic": citizen.patronymic,
        "birthDate": citizen.birth_date.isoformat(),
        "phone": citizen.phone,
        "email": citizen.email,
        "address": citizen.address,
    }


def _document(document: Document) -> Tree:
    content, named = document.text.encode(), document.file_id is not None
    return {
        "kind": document.kind,
        "name": document.name,
        "mime": document.mime,
        "sha256": sha256(content).hexdigest() if named else None,
        "content": None if named else b64encode(content).decode(),
        "fileId": document.file_id,
    }


def _fill(parent: etree._Element, tree: Tree) -> None:
    namespace = etree.QName(parent).namespace
    for name, value in tree.items():
        several: Sequence[Any] = value if isinstance(value, list) else [value]
        for item in several:
            if item is None:
                continue
            element = etree.SubElement(parent, etree.QName(namespace, name))
            if isinstance(item, Mapping):
                _fill(element, item)
            else:
                element.text = str(item)
