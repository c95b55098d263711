"""Raw messages for the reader: envelopes with a chosen inside, and what reading them comes to."""

from gateway.shep.contract import Operation
from gateway.shep.faults import FormatFault
from gateway.shep.reader import read_request

SOAP = "http://schemas.xmlsoap.org/soap/envelope/"
WSSE = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd"
SYNC = "http://bip.bee.kz/SyncChannel/v10/Types"
ASYNC = "http://bip.bee.kz/AsyncChannel/v10/Types"
XSI = 'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xmlns:xs="http://www.w3.org/2001/XMLSchema"'
SENDER = "<sender><senderId>portal</senderId><password>secret</password></sender>"


def envelope(body: str, header: str = "") -> bytes:
    """Return an envelope around a body."""
    return f'<S:Envelope xmlns:S="{SOAP}">{header}<S:Body>{body}</S:Body></S:Envelope>'.encode()


def sync(data: str, info: str = "") -> bytes:
    """Return a SendMessage request."""
    return envelope(
        f'<n:SendMessage xmlns:n="{SYNC}"><request><requestInfo><messageId>m-1</messageId>{info}'
        f"<serviceId>KSL-1</serviceId><messageDate>2026-03-02T07:08:09+05:00</messageDate>{SENDER}</requestInfo>"
        f"<requestData>{data}</requestData></request></n:SendMessage>"
    )


def push(info: str, data: str = "<data>x</data>") -> bytes:
    """Return a sendMessage request."""
    return envelope(
        f'<n:sendMessage xmlns:n="{ASYNC}"><request><messageInfo>{info}</messageInfo>'
        f"<messageData>{data}</messageData></request></n:sendMessage>"
    )


def outcome(raw: bytes) -> Operation | FormatFault:
    """Return the operation that was read, or the fault that reading ended in."""
    try:
        return read_request(raw).operation
    except FormatFault as refused:
        return refused
