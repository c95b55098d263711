"""From bytes to the root of an application, safely: no DTD, no entities, no network."""

from lxml import etree

from gateway.catalogue.service import Service

# Comments and processing instructions carry no data; taken out, they cannot split a text into pieces either.
_PARSER = etree.XMLParser(
    resolve_entities=False,
    no_network=True,
    load_dtd=False,
    remove_comments=True,
    remove_pis=True,
)


class NotOurPayload(Exception):  # noqa: N818  says what the document is
    """The document is not an application for the service. The text is English and holds nothing of its content."""


def parse(service: Service, document: bytes) -> etree._Element:
    """Return the root of an application for `service`.

    Raises:
        NotOurPayload: it is not XML, has a DTD, or its root is not the service's `application`.
    """
    if b"<!DOCTYPE" in document:
        raise NotOurPayload("a document type declaration is not allowed")
    try:
        root = etree.fromstring(document, _PARSER)
    except (etree.XMLSyntaxError, ValueError):
        # The parser's own words may quote the document.
        raise NotOurPayload("the document is not well-formed XML") from None
    if root.getroottree().docinfo.internalDTD is not None:  # in an encoding in which the bytes above look different
        raise NotOurPayload("a document type declaration is not allowed")
    if root.tag != f"{{{service.namespace}}}application":
        raise NotOurPayload(f"the root must be {{{service.namespace}}}application")
    return root
