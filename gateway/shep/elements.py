"""Building the parts that messages share: dates, session ids, senders, properties, data, errors."""

from datetime import datetime

from lxml import etree

from gateway.shep.contract import NIL_SESSION, XS, XSI, guid
from gateway.shep.messages import Data, ErrorInfo, MessageStatus, Property, Sender
from gateway.shep.values import write_date

_TYPE = {f"{{{XSI}}}type": "xs:string"}
_TYPE_PREFIXES = {"xsi": XSI, "xs": XS}
_MAX_KEY = 30
_MAX_VALUE = 500


def add(parent: etree._Element, name: str, text: str | None = None) -> etree._Element:
    """Append an unqualified element with a text."""
    element = etree.SubElement(parent, name)
    element.text = text
    return element


def add_optional(parent: etree._Element, name: str, text: str | None) -> None:
    """Append an element if there is something to say in it."""
    if text is not None:
        add(parent, name, text)


def add_date(parent: etree._Element, name: str, instant: datetime | None) -> None:
    """Append a required date.

    Raises:
        ValueError: there is none.
    """
    if instant is None:
        raise ValueError(f"{name} is required by the contract")
    add(parent, name, write_date(instant))


def add_session(parent: etree._Element, session_id: str | None, *, required: bool = False) -> None:
    """Append `sessionId` if it is a GUID; zeros stand for one that the contract requires and nobody gave."""
    add_optional(parent, "sessionId", guid(session_id) or (NIL_SESSION if required else None))


def add_sender(parent: etree._Element, sender: Sender | None) -> None:
    """Append `sender` with its credentials."""
    if sender is None:
        return
    element = add(parent, "sender")
    add(element, "senderId", sender.sender_id)
    add_optional(element, "password", sender.password)


def add_properties(parent: etree._Element, properties: tuple[Property, ...]) -> None:
    """Append `properties`, one element for each.

    Raises:
        ValueError: a key or a value is longer than the contract allows.
    """
    for item in properties:
        if len(item.key) > _MAX_KEY or len(item.value) > _MAX_VALUE:
            raise ValueError(f"a property has at most {_MAX_KEY} characters in its key and {_MAX_VALUE} in its value")
        element = add(parent, "properties")
        add(element, "key", item.key)
        add(element, "value", item.value)


def add_data(parent: etree._Element, data: Data) -> None:
    """Append `data` as text, typed so that JAXB peers read a string (protocol.md section 4.4); nothing if empty."""
    if data.readings and data.as_elements:
        add(parent, "data").append(etree.fromstring(data.readings[0]))
    elif data.readings:
        element = etree.SubElement(parent, "data", _TYPE, nsmap=_TYPE_PREFIXES)
        element.text = data.readings[0].decode()


def add_status(parent: etree._Element, status: MessageStatus) -> None:
    """Append `status` of type `MessageStatusInfo`."""
    element = add(parent, "status")
    add(element, "statusCode", status.code)
    add(element, "statusMessage", status.message)
    add_date(element, "statusDate", status.date)


def fill_error(element: etree._Element, error: ErrorInfo) -> None:
    """Write the fields of an `ErrorInfo` into its element."""
    add(element, "errorCode", error.code)
    add(element, "errorMessage", error.message)
    add_optional(element, "errorData", error.data)
    add_date(element, "errorDate", error.date)
    if error.sub_error is not None:
        fill_error(add(element, "subError"), error.sub_error)
    add_session(element, error.session_id)


def add_error(parent: etree._Element, error: ErrorInfo | None) -> None:
    """Append `error` if there is one."""
    if error is not None:
        fill_error(add(parent, "error"), error)
