"""The payload of the temporary storage: as its schema has it, read from whoever writes it differently."""

import pytest
from lxml import etree

from gateway.eds.xml import Limits
from gateway.shep.temp_files import NAMESPACE, AnswerUnusable, Credentials, Request, read_response, write_request

LOGIN = Credentials("store", "secret")
ID = "00000000-0001-2dcf-c120-49f90d44122c"
STATUS = "<status><code>200</code><status>Success</status></status>"


def answer(results: str, part: str = "downloadResponse", kind: str = "DOWNLOAD", namespace: str = "") -> bytes:
    text = (
        f"<tempStorageResponse{namespace}><type>{kind}</type><{part}>{results}{STATUS}</{part}></tempStorageResponse>"
    )
    return text.encode()


def test_a_request_is_written_as_the_schema_says() -> None:
    """Qualified, in the order of the schema, with the storage's own login; the password is in no repr."""
    root = etree.fromstring(write_request(Request.DOWNLOAD, [ID, "b"], LOGIN))
    assert root.tag == f"{{{NAMESPACE}}}tempStorageRequest"
    names = [etree.QName(child).localname for child in root]
    assert names == ["type", "downloadRequest", "credentials"]
    assert [one.text for one in root.iter(f"{{{NAMESPACE}}}fileIdentifiers")] == [ID, "b"]
    assert "secret" not in repr(LOGIN)


@pytest.mark.parametrize("namespace", ["", f' xmlns="{NAMESPACE}"'])
def test_a_file_is_read_with_and_without_the_namespace(namespace: str) -> None:
    """Half of the peers leave it out; line breaks in base64 are nothing."""
    file = f"<fileIdentifier>{ID}</fileIdentifier><content>Zmls\nZQ==</content>"
    result = answer(f"<fileDownloadResults>{STATUS}{file}</fileDownloadResults>", namespace=namespace)
    found = read_response(Request.DOWNLOAD, result, Limits())
    assert found[ID].content == b"file"


def test_what_is_known_of_a_file_is_read() -> None:
    """Size, uploader, whether it was deleted and whether it waits to be confirmed."""
    meta = (
        "<meta><mime>application/pdf</mime><uploadDate>2026-03-02T10:00:00+05:00</uploadDate><uploaderSystem><id>pep</id>"
        "</uploaderSystem><needToBeConfirmed>true</needToBeConfirmed><size>12</size><deleted>false</deleted>"
        "<confirmed>false</confirmed></meta>"
    )
    result = f"<fileInfoResults>{STATUS}<fileIdentifier>{ID}</fileIdentifier>{meta}</fileInfoResults>"
    found = read_response(Request.GET_FILE_INFO, answer(result, "getFileInfoResponse", "GET_FILE_INFO"), Limits())
    info = found[ID].info
    assert info is not None
    assert (info.size, info.uploader, info.deleted, info.to_confirm) == (12, "pep", False, True)
    assert info.uploaded_at is not None


@pytest.mark.parametrize(
    "document",
    [
        b"no XML",
        b"<!DOCTYPE a><a/>",
        b"<other/>",
        b"<tempStorageResponse/>",
        answer("", "uploadResponse"),
        answer(f"<fileDownloadResults>{STATUS}<content>QQ==</content></fileDownloadResults>"),
        answer(f"<fileDownloadResults><fileIdentifier>{ID}</fileIdentifier><content>%</content></fileDownloadResults>"),
        answer(f"<fileDownloadResults><fileIdentifier>{ID}</fileIdentifier></fileDownloadResults>" * 2),
    ],
)
def test_an_answer_to_something_else_is_unusable(document: bytes) -> None:
    """What does not speak of the file says nothing about it: the storage is asked again, the citizen is not blamed."""
    with pytest.raises(AnswerUnusable):
        read_response(Request.DOWNLOAD, document, Limits())
