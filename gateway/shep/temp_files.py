"""The payload of ShEP's storage for temporary files: `tempStorageRequest` and its answer (protocol.md section 6.4).

Written as the schema says, qualified and in its order; read by local names, because half of the peers leave the
namespace out. What a status code means is nowhere published: whether a file is there is told by whether the answer
holds it, never by a code alone.
"""

import base64
import binascii
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from lxml import etree

from gateway.eds.xml import Limits, XmlRejected, parse
from gateway.shep.faults import FormatFault
from gateway.shep.fields import Fields, local_name

NAMESPACE = "http://egov.bee.kz/eds/tempstorage/v2/"
_TRUE = frozenset({"true", "1"})


class Request(StrEnum):
    """`TempStorageRequestType`, but for UPLOAD: we leave nothing there."""

    DOWNLOAD = "DOWNLOAD"
    CONFIRM = "CONFIRM"
    GET_FILE_INFO = "GET_FILE_INFO"


_PARTS = {
    Request.DOWNLOAD: ("downloadRequest", "downloadResponse", "fileDownloadResults"),
    Request.CONFIRM: ("confirmRequest", "confirmResponse", "fileConfirmResults"),
    Request.GET_FILE_INFO: ("getFileInfoRequest", "getFileInfoResponse", "fileInfoResults"),
}


class AnswerUnusable(Exception):  # noqa: N818  says what the answer is
    """The answer is none to what was asked. The text quotes nothing of it."""


@dataclass(frozen=True, slots=True)
class Credentials:
    """`SenderInfo` of the storage: a login of its own, beside the one at ShEP."""

    sender_id: str
    password: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class FileInfo:
    """`FileInfo`, as far as it is of use."""

    size: int | None
    uploaded_at: datetime | None
    uploader: str | None
    deleted: bool
    to_confirm: bool


@dataclass(frozen=True, slots=True)
class FileResult:
    """One of the results: `info` and `content` are None where the storage has no such file."""

    file_id: str
    info: FileInfo | None = None
    content: bytes | None = field(default=None, repr=False)


def write_request(kind: Request, file_ids: Sequence[str], credentials: Credentials) -> bytes:
    """Write a `tempStorageRequest`."""
    root = etree.Element(f"{{{NAMESPACE}}}tempStorageRequest", nsmap={"t": NAMESPACE})
    _add(root, "type").text = kind.value
    part = _add(root, _PARTS[kind][0])
    for file_id in file_ids:
        _add(part, "fileIdentifiers").text = file_id
    sender = _add(root, "credentials")
    _add(sender, "senderId").text = credentials.sender_id
    _add(sender, "password").text = credentials.password
    return etree.tostring(root)


def read_response(kind: Request, document: bytes, limits: Limits) -> dict[str, FileResult]:
    """Read the `tempStorageResponse` to a request of that kind; results by file id.

    Raises:
        AnswerUnusable: it is none.
    """
    _, response, results = _PARTS[kind]
    try:
        root = parse(document, limits)
        if local_name(root) != "tempStorageResponse":
            raise AnswerUnusable("not a tempStorageResponse")
        part = Fields(root, "tempStorageResponse").optional_group(response)
        if part is None:
            raise AnswerUnusable(f"no {response}")
        found = list(_results(part, results))
    except XmlRejected as rejected:
        raise AnswerUnusable(rejected.reason) from None
    except FormatFault as fault:
        raise AnswerUnusable(fault.detail.code) from None
    if len({one.file_id for one in found}) != len(found):
        raise AnswerUnusable("two results for one file")
    return {one.file_id: one for one in found}


def _results(part: Fields, name: str) -> Iterator[FileResult]:
    for result in part.all(name):
        meta = result.optional_group("meta")
        yield FileResult(result.required("fileIdentifier"), _info(meta) if meta else None, _content(result))


def _content(result: Fields) -> bytes | None:
    text = result.text("content")
    if text is None:
        return None
    try:
        return base64.b64decode("".join(text.split()), validate=True)
    except (binascii.Error, ValueError):
        raise AnswerUnusable("content is not base64") from None


def _info(meta: Fields) -> FileInfo:
    uploader, size = meta.optional_group("uploaderSystem"), meta.text("size")
    return FileInfo(
        # xs:long; one that is none says nothing, the content is measured in any case
        size=int(size) if size and size.isascii() and size.isdigit() and len(size) < 19 else None,  # noqa: PLR2004  xs:long
        uploaded_at=meta.date("uploadDate"),
        uploader=uploader.text("id") if uploader else None,
        deleted=meta.text("deleted") in _TRUE,
        to_confirm=meta.text("needToBeConfirmed") in _TRUE and meta.text("confirmed") not in _TRUE,
    )


def _add(parent: etree._Element, name: str) -> etree._Element:
    return etree.SubElement(parent, f"{{{NAMESPACE}}}{name}")
