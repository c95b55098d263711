"""The names of the ShEP contract v10 on the wire (protocol.md sections 1 and 2).

Only the wrapper element of a message is qualified; both schema dialects use the same wrappers, so nothing here depends
on the dialect.
"""

import re
from enum import StrEnum

SOAP = "http://schemas.xmlsoap.org/soap/envelope/"
"""SOAP 1.1, the only version of the contract."""
XSI = "http://www.w3.org/2001/XMLSchema-instance"
XS = "http://www.w3.org/2001/XMLSchema"

_SYNC = "http://bip.bee.kz/SyncChannel/v10/Types"
_ASYNC = "http://bip.bee.kz/AsyncChannel/v10/Types"
_CLIENT = "http://bip.bee.kz/AsyncChannel/v10/Types/Client"

_GUID = re.compile(r"\{?([0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12})\}?")

NIL_SESSION = "{00000000-0000-0000-0000-000000000000}"
"""Stands where the contract requires a session id and the request brought none."""


class Channel(StrEnum):
    """An endpoint: AsyncChannel and AsyncChannelClient share one."""

    SYNC = "sync"
    ASYNC = "async"


class Operation(StrEnum):
    """An operation, by the name of its wrapper element.

    The contract counts seven: `sendMessage` belongs to AsyncChannel and to AsyncChannelClient, with one wrapper.
    """

    SYNC_SEND_MESSAGE = "SendMessage"
    SEND_MESSAGE = "sendMessage"
    SEND_DELIVERY_NOTIFICATION = "sendDeliveryNotification"
    GET_MESSAGE_STATUS = "getMessageStatus"
    GET_MESSAGES = "getMessages"
    CHANGE_STATUS_NOTIFICATION = "changeMassageStatusNotification"

    @property
    def channel(self) -> Channel:
        """Where the operation is offered."""
        return Channel.SYNC if self is Operation.SYNC_SEND_MESSAGE else Channel.ASYNC

    @property
    def namespace(self) -> str:
        """The namespace of its wrapper elements."""
        return _NAMESPACES.get(self, _ASYNC)

    @property
    def request_tag(self) -> str:
        """Qualified name of the request's wrapper."""
        return f"{{{self.namespace}}}{self.value}"

    @property
    def response_tag(self) -> str:
        """Qualified name of the response's wrapper."""
        return f"{{{self.namespace}}}{self.value}Response"

    @property
    def fault_tag(self) -> str:
        """Qualified name of the element in a fault's detail."""
        return f"{{{self.namespace}}}{self.value}Fault1_{self.value}Fault"


_NAMESPACES = {Operation.SYNC_SEND_MESSAGE: _SYNC, Operation.CHANGE_STATUS_NOTIFICATION: _CLIENT}

SEND = {Channel.SYNC: Operation.SYNC_SEND_MESSAGE, Channel.ASYNC: Operation.SEND_MESSAGE}
"""The operation whose fault answers a message that names none."""


def guid(text: str | None) -> str | None:
    """Return `text` as the contract's `guid` (with braces), or None if it is not a GUID."""
    match = _GUID.fullmatch(text) if text else None
    return f"{{{match[1]}}}" if match else None
