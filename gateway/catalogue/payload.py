"""The application document as the wire brings it."""

from lxml import etree

from gateway.catalogue import xml_input
from gateway.catalogue.service import Service


class NotOurPayload(Exception):  # noqa: N818  says what the document is
    """The document is not an application for the service. The text is English and holds nothing of its content."""


def parse(service: Service, document: bytes) -> etree._Element:
    """Return the root of an application for `service`.

    Raises:
        NotOurPayload: it is not XML, has a DTD, or its root is not the service's `application`.
    """
    try:
        root = xml_input.parse(document)
    except xml_input.XmlUnusable as error:
        raise NotOurPayload(str(error)) from None
    if root.tag != f"{{{service.namespace}}}application":
        raise NotOurPayload(f"the root must be {{{service.namespace}}}application")
    return root
