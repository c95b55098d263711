"""The contract with a provider's information system, as stands in schemas/providers/."""

from functools import cache
from pathlib import Path

from lxml import etree

from gateway import resources

NAMESPACE = "urn:qaqpa:provider:1"
SOAP_ENVELOPE = "http://schemas.xmlsoap.org/soap/envelope/"
BINDING = f"{{{NAMESPACE}}}ProviderSoap11"


class ContractBroken(Exception):  # noqa: N818  says what happened to the contract
    """What the provider's system sent does not follow the contract. The text quotes nothing of it."""


def wsdl() -> Path:
    """Return the path of the WSDL."""
    return resources.schemas() / "providers" / "provider.wsdl"


def name(element: str) -> str:
    """Return the qualified name of an element of the contract."""
    return f"{{{NAMESPACE}}}{element}"


def is_valid(element: etree._Element) -> bool:
    """Tell whether an element is a valid document of the contract."""
    return _schema().validate(element)


def only_child(parent: etree._Element | None) -> etree._Element:
    """Return the one child element.

    Raises:
        ContractBroken: there is no parent, no child, or more than one.
    """
    children = [] if parent is None else list(parent.iterchildren("*"))
    if len(children) != 1:
        raise ContractBroken("the body does not hold exactly one element")
    return children[0]


@cache
def _schema() -> etree.XMLSchema:
    parser = etree.XMLParser(no_network=True, resolve_entities=False)
    return etree.XMLSchema(etree.parse(wsdl().with_name("provider.xsd"), parser))
