"""Signing through NCANode: what comes back is verified before it is used."""

from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest
import pytest_asyncio
from lxml import etree

from gateway.eds import enveloped
from gateway.eds.gost.suites import GOST_2015_512
from gateway.eds.keys import KeyUnusable
from gateway.eds.ncanode.client import NcaNodeFailed
from gateway.eds.ncanode.signing import NcaNodeSigner, RemoteKey, ResultRefused
from tests.support import eds, gost, ncanode
from tests.support.eds import AT
from tests.support.ncanode import NcaNodeServer
from tests.support.pkcs12 import PASSWORD, File

_DOCUMENT = "<?xml version='1.0' encoding='UTF-8'?>\n<a>\n  <b>құжат</b>\n</a>".encode()
_ENVELOPE = (
    f'<s:Envelope xmlns:s="{eds.SOAP}"><s:Header><x xmlns="urn:x">1</x></s:Header>'
    "<s:Body><a>құжат</a></s:Body></s:Envelope>"
).encode()
_BARE = f'<s:Envelope xmlns:s="{eds.SOAP}"><s:Body><a/></s:Body></s:Envelope>'.encode()


@pytest_asyncio.fixture
async def server() -> AsyncIterator[NcaNodeServer]:
    async with ncanode.ncanode() as running:
        yield running


@pytest.fixture
def key(tmp_path: Path) -> RemoteKey:
    citizen = gost.citizen(GOST_2015_512)
    path = tmp_path / "key.p12"
    path.write_bytes(File([(citizen.private.to_pkcs8(), None)], [(citizen.certificate.der, None)]).der())
    return RemoteKey.load(path, PASSWORD)


@pytest_asyncio.fixture
async def signer(server: NcaNodeServer, key: RemoteKey) -> AsyncIterator[NcaNodeSigner]:
    async with ncanode.client(server.url) as client:
        yield NcaNodeSigner(client, key)


_Signs = Callable[[NcaNodeSigner], Awaitable[bytes]]
_FORMS: dict[str, _Signs] = {
    "xml": lambda signer: signer.xml(_DOCUMENT),
    "wsse": lambda signer: signer.wsse(_ENVELOPE, at=AT),
    "wsse without header": lambda signer: signer.wsse(_BARE, at=AT),
    "cms": lambda signer: signer.cms(b"content"),
    "cms detached": lambda signer: signer.cms(b"content", detached=True),
}


@pytest.mark.parametrize("form", _FORMS)
async def test_what_is_signed_comes_back(signer: NcaNodeSigner, form: str, key: RemoteKey) -> None:
    """Each form comes back signed with the key's certificate."""
    assert key.certificate == gost.citizen(GOST_2015_512).certificate
    assert await _FORMS[form](signer)


async def test_a_further_signer_is_added(signer: NcaNodeSigner, key: RemoteKey) -> None:
    """A signed document keeps its signers and gets one more."""
    both = await signer.xml(enveloped.sign(_DOCUMENT, eds.citizen().key))
    examined = enveloped.examine(etree.fromstring(both)).signatures
    assert [one.certificate for one in examined] == [eds.citizen().certificate, key.certificate]


@pytest.mark.parametrize("form", _FORMS)
@pytest.mark.parametrize(
    "does",
    [
        {"signs_with": eds.citizen().key},
        {
            "alters": lambda data: (
                data.replace(b"\xd2\x9b", b"q").replace(b"<a/>", b"<b/>").replace(b"content", b"other")
            )
        },
        {"alters_signed": lambda data: data[:-40] + bytes([data[-40] ^ 1]) + data[-39:]},
        {"alters_signed": lambda _data: b"<rubbish/>"},
    ],
    ids=["another key", "another document", "spoiled", "rubbish"],
)
async def test_what_was_not_asked_for_is_refused(
    server: NcaNodeServer, signer: NcaNodeSigner, form: str, does: dict[str, object]
) -> None:
    """A signature by another key, over another document, or none that holds, is not used."""
    for name, value in does.items():
        setattr(server, name, value)
    with pytest.raises(ResultRefused):
        await _FORMS[form](signer)


async def test_more_signatures_than_asked_for_are_refused(server: NcaNodeServer, signer: NcaNodeSigner) -> None:
    """Somebody else's signature beside ours was not asked for."""
    server.alters = lambda data: enveloped.sign(data, eds.citizen().key)
    with pytest.raises(ResultRefused, match="not signed once more"):
        await signer.xml(_DOCUMENT)


async def test_headers_are_not_exchanged(server: NcaNodeServer, signer: NcaNodeSigner) -> None:
    """What the signature of an envelope does not cover comes back unchanged too, or is refused."""
    server.alters_signed = lambda data: data.replace(b">1</x>", b">2</x>")
    with pytest.raises(ResultRefused, match="not the one that was given"):
        await signer.wsse(_ENVELOPE, at=AT)


async def test_attached_is_not_detached(server: NcaNodeServer, signer: NcaNodeSigner) -> None:
    """A message that carries its content is not taken for a detached one."""
    server.alters_signed = lambda _data: gost_cms()
    with pytest.raises(ResultRefused, match="not one good signature"):
        await signer.cms(b"content", detached=True)


def gost_cms() -> bytes:
    from gateway.eds.cms import sign  # noqa: PLC0415  its name is taken by the tests

    return sign.sign(b"content", gost.citizen(GOST_2015_512).key, at=AT)


async def test_a_wrong_password_is_an_answer_of_ncanode(server: NcaNodeServer, key: RemoteKey) -> None:
    """It is 500 at one path and 400 at another; both are failures that name neither key nor password."""
    async with ncanode.client(server.url) as client:
        signer = NcaNodeSigner(client, RemoteKey(key.pkcs12, "wrong password", key.certificate))
        for form in _FORMS.values():
            with pytest.raises(NcaNodeFailed, match=r"HTTP (400|500)") as caught:
                await form(signer)
            assert "wrong password" not in f"{caught.value!r} {caught.value.__context__!r}"


async def test_an_unusable_key_is_found_before_it_is_sent(tmp_path: Path) -> None:
    """The file is opened here first."""
    path = tmp_path / "key.p12"
    path.write_bytes(File().der())
    with pytest.raises(KeyUnusable, match="no private key"):
        RemoteKey.load(path, PASSWORD)


def test_a_remote_key_shows_nothing_of_itself(key: RemoteKey) -> None:
    """Neither file nor password stand in what is printed."""
    assert PASSWORD not in repr(key)
    assert repr(key.pkcs12)[2:40] not in repr(key)


@pytest.mark.parametrize("document", [b"\xff", b"no XML", _DOCUMENT.replace(b"<b>", b"<b")])
async def test_what_is_no_document_is_refused(signer: NcaNodeSigner, document: bytes) -> None:
    """Bytes that are no XML in UTF-8 end in a refusal, whoever finds it."""
    with pytest.raises((ResultRefused, NcaNodeFailed)):
        await signer.xml(document)
