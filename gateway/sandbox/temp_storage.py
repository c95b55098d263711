"""The sandbox's storage for temporary files (ХЭД): service EDS_TEMP_FILES over SyncChannel.

Systems leave files with UPLOAD and get ids; what is asked for is given until its time is over.
"""

import base64
import binascii
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from uuid import uuid4

from aiohttp import web
from lxml import etree

from gateway.clock import Clock
from gateway.eds.keys import SigningKey
from gateway.eds.xml import XmlRejected, parse
from gateway.faults import Code
from gateway.sandbox.courier import session_id
from gateway.sandbox.participants import Register, fault
from gateway.sandbox.temp_shelf import LIFE, Meta, TempShelf
from gateway.sandbox.wire import endpoint
from gateway.shep.fields import local_name
from gateway.shep.messages import Data, Response, StatusInfo, SyncRequest, SyncResponse
from gateway.shep.reader import Envelope
from gateway.shep.temp_files import NAMESPACE

SERVICE = "EDS_TEMP_FILES"
PATH = "/bip-sync"
_DONE, _ABSENT = ("200", "Success"), ("404", "Error")
_PASSED = StatusInfo("SCSS001", "Message has been processed successfully")

_Fill = Callable[[etree._Element, str], None]  # noqa: SLF001  lxml has no public name for its elements
"""Puts into a file's result what was asked about it."""


@dataclass(frozen=True, slots=True)
class TempStorage:
    """The endpoint over a shelf."""

    shelf: TempShelf
    register: Register
    key: SigningKey
    clock: Clock

    def routes(self) -> list[web.RouteDef]:
        """Return the SyncChannel endpoint."""
        return [web.post(PATH, endpoint(self.answer, self.key, self.clock))]

    async def answer(self, envelope: Envelope) -> Response:
        """Answer one request.

        Raises:
            GatewayFault: it was not taken.
        """
        message = envelope.message
        if not isinstance(message, SyncRequest) or message.service_id != SERVICE:
            raise fault(Code.SERVICE, "client.service", "Only EDS_TEMP_FILES is given here.")
        participant = self.register.authenticate(envelope, message.sender)
        request = _tree(message)
        if _value(request, "senderId") != participant.id:
            raise fault(Code.SERVICE, "client.credentials", "Sender unknown or wrong password.")
        data = Data((etree.tostring(self._done(request, participant.id)),), as_elements=True)
        return SyncResponse(str(uuid4()), self.clock(), _PASSED, session_id=session_id(), data=data)

    def _done(self, request: etree._Element, sender: str) -> etree._Element:
        response = etree.Element(f"{{{NAMESPACE}}}tempStorageResponse", nsmap={"t": NAMESPACE})
        kind = _value(request, "type")
        _add(response, "type", kind)
        match kind:
            case "UPLOAD":
                part = self._upload(_add(response, "uploadResponse"), request, sender)
            case "DOWNLOAD":
                part = self._each(_add(response, "downloadResponse"), "fileDownloadResults", request, self._content)
            case "CONFIRM":
                part = self._each(_add(response, "confirmResponse"), "fileConfirmResults", request, self._confirm)
            case "GET_FILE_INFO":
                part = self._each(_add(response, "getFileInfoResponse"), "fileInfoResults", request, self._info)
            case _:
                raise fault(Code.FORMAT, "client.type", "No such request.")
        _status(part, _DONE)
        return response

    def _upload(self, part: etree._Element, request: etree._Element, sender: str) -> etree._Element:
        for one in _all(request, "fileUploadRequests"):
            try:
                content = base64.b64decode(_value(one, "content"), validate=True)
            except binascii.Error:
                raise fault(Code.FORMAT, "client.content", "Content is not base64.") from None
            to_confirm = _value(one, "needToBeConfirmed") == "true"
            result = _add(part, "uploadFileResults")
            _add(result, "fileProcessIdentifier", _value(one, "fileProcessIdentifier"))
            _status(result, _DONE)
            file_id = self.shelf.put(content, mime=_value(one, "mime"), uploader=sender, to_confirm=to_confirm)
            _add(result, "fileIdentifier", file_id)
            _add(result, "lifeTime", str(int(LIFE.total_seconds() * 1000)))
        return part

    def _each(self, part: etree._Element, name: str, request: etree._Element, fill: _Fill) -> etree._Element:
        for identifier in _all(request, "fileIdentifiers"):
            file_id = identifier.text or ""
            there = self.shelf.meta(file_id) is not None
            result = _add(part, name)
            _status(result, _DONE if there else _ABSENT)
            _add(result, "fileIdentifier", file_id)
            if there:
                fill(result, file_id)
        return part

    def _content(self, result: etree._Element, file_id: str) -> None:
        _add(result, "content", base64.b64encode(self.shelf.read(file_id)).decode())

    def _confirm(self, _: etree._Element, file_id: str) -> None:
        self.shelf.confirm(file_id)

    def _info(self, result: etree._Element, file_id: str) -> None:
        known = self.shelf.meta(file_id)
        if known is not None:
            _describe(_add(result, "meta"), known, self.shelf.size(file_id))


def _describe(meta: etree._Element, known: Meta, size: int) -> None:
    _add(meta, "mime", known.mime)
    _add(meta, "uploadDate", known.uploaded_at.isoformat(timespec="seconds"))
    _add(_add(meta, "uploaderSystem"), "id", known.uploader)
    _add(meta, "expirationTime", known.expires_at.isoformat(timespec="seconds"))
    _add(meta, "needToBeConfirmed", str(known.to_confirm).lower())
    _add(meta, "size", str(size))
    _add(meta, "deleted", "false")
    _add(meta, "confirmed", str(known.confirmed_at is not None).lower())


def _tree(message: SyncRequest) -> etree._Element:
    try:
        request = parse(message.data.readings[0])
    except (IndexError, XmlRejected):
        raise fault(Code.FORMAT, "client.data", "The data are no tempStorageRequest.") from None
    if local_name(request) != "tempStorageRequest":
        raise fault(Code.FORMAT, "client.data", "The data are no tempStorageRequest.")
    return request


def _all(element: etree._Element, name: str) -> Iterator[etree._Element]:
    """Yield what has that local name, at any depth: half of the peers leave the namespace out."""
    return (one for one in element.iter() if isinstance(one.tag, str) and local_name(one) == name)


def _value(element: etree._Element, name: str) -> str:
    return next((one.text or "" for one in _all(element, name)), "")


def _status(parent: etree._Element, status: tuple[str, str]) -> None:
    element = _add(parent, "status")
    _add(element, "code", status[0])
    _add(element, "status", status[1])


def _add(parent: etree._Element, name: str, text: str | None = None) -> etree._Element:
    element = etree.SubElement(parent, f"{{{NAMESPACE}}}{name}")
    element.text = text
    return element
