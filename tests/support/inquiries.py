"""The portal's questions for tests."""

from pathlib import Path
from typing import Any

from lxml import etree

from gateway import resources
from gateway.cases.inbound import Inquiry, InquiryAnswer
from gateway.cases.inquiries import Inquiries
from gateway.catalogue.portal_message import NAMESPACE
from tests.support.gateway import Desk, gateway_settings

SCHEMA = etree.XMLSchema(etree.parse(resources.schemas() / "qaqpa" / "portal.xsd"))
DICTIONARIES, SERVICES, STATUS = "qaqpa.dictionaries", "qaqpa.services", "qaqpa.status"


def inquiries(at: Desk, folder: Path, **changes: object) -> Inquiries:
    """Return what answers questions over a desk's store; `changes` replace settings."""
    return Inquiries(
        services=at.services,
        ledger=at.store.ledger,
        vault=at.vault,
        settings=gateway_settings(folder).model_copy(update=changes),
        observer=at.recorder,
    )


def question(root: str, namespace: str = NAMESPACE, **fields: object) -> bytes:
    """Return a question as XML, its fields in the given order."""
    content = "".join(f"<{name}>{value}</{name}>" for name, value in fields.items())
    return f'<{root} xmlns="{namespace}">{content}</{root}>'.encode()


async def ask(to: Inquiries, service_id: str, document: bytes, sender: str = "pep") -> tuple[InquiryAnswer, Any]:
    """Ask; return the answer and its root, which must be valid by the contract."""
    answer = await to.answer(Inquiry(sender, service_id, document))
    root = etree.fromstring(answer.payload)
    SCHEMA.assertValid(root)
    return answer, root


def texts(root: Any, path: str) -> list[str]:
    """Return the texts of all elements at a path of local names."""
    steps = "/".join(f"p:{name}" for name in path.split("/"))
    return [str(element.text) for element in root.iterfind(steps, {"p": NAMESPACE})]
