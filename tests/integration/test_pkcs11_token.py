"""Keys in PKCS #11 tokens, with SoftHSM."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import aiohttp
import pytest
from cryptography.x509.oid import NameOID
from lxml import etree

from gateway.eds import algorithms, enveloped, wsse
from gateway.eds.dsig import SIGNATURE
from gateway.eds.keys import KeyUnusable
from gateway.eds.keystore.source import KeySource, load_key
from gateway.eds.keystore.uri import TokenUri
from gateway.eds.verdict import Indication
from tests.support import eds, softhsm
from tests.support.shep_gateway import wire
from tests.support.softhsm import PIN, Token

_ID = "0a1b"


@pytest.fixture
def token(tmp_path: Path) -> Iterator[Token]:
    with softhsm.token(tmp_path) as made:
        mine = softhsm.system()
        made.put_key(mine, "transport", _ID)
        made.put_certificate(mine, _ID)
        yield made


def test_a_key_in_a_token_signs_documents_and_messages(token: Token) -> None:
    """What a token signs is judged VALID; the certificate is found beside the key."""
    key = load_key(token.uri(";object=transport;type=private"), PIN.encode())
    assert key.certificate == softhsm.system().certificate
    assert eds.judge(enveloped.sign(b"<a/>", key)).indication is Indication.VALID
    envelope = etree.fromstring(f'<s:Envelope xmlns:s="{eds.SOAP}"><s:Body><a/></s:Body></s:Envelope>'.encode())
    parsed = etree.fromstring(wsse.sign(envelope, key))
    verdict = eds.verifier().transport(parsed, parsed[1], at=eds.AT, registered=())
    assert verdict.indication is Indication.VALID


def test_the_pin_may_come_from_a_file(token: Token, tmp_path: Path) -> None:
    """The PIN is taken from pin-source of the URI or from the settings' file; the line break is not part of it."""
    pin = tmp_path / "pin"
    pin.write_text(f"{PIN}\n")
    assert load_key(token.uri(";id=%0a%1b", f"&pin-source=file:{pin}")).sign(b"data")
    source = KeySource(token.uri(), password_file=pin)
    assert source.load().sign(b"data")
    assert source.files == (pin,)


def test_the_certificate_may_lie_elsewhere(token: Token, tmp_path: Path) -> None:
    """A renewed certificate of the same key is given as a file; one of another key is refused."""
    file = tmp_path / "certificate.pem"
    file.write_bytes(eds.issue("ИС Qaqpa", eds.nca(), eds.Template(key_name=_key_name())).pem)
    renewed = load_key(token.uri(), PIN.encode(), certificate=file)
    assert renewed.certificate != softhsm.system().certificate
    assert algorithms.signature(renewed.signature_uri).verify(renewed.certificate.spki, b"x", renewed.sign(b"x"))
    file.write_bytes(eds.citizen().pem)
    with pytest.raises(KeyUnusable, match="does not belong"):
        load_key(token.uri(), PIN.encode(), certificate=file)


def _key_name() -> str:
    """Return the name under which the system's key is made (see `eds.issue`)."""
    return str([(NameOID.COMMON_NAME, "ИС Qaqpa")])


@pytest.mark.parametrize(
    ("attributes", "query", "pin", "text"),
    [
        (";object=other", "", PIN, "no private RSA key"),
        (";id=%ff", "", PIN, "no private RSA key"),
        (";object=transport", "", None, "without a PIN"),
        (";object=transport", "", "000000", "refused the PIN"),
        (";serial=0", "", PIN, "no token"),
        (";slot-id=4711", "", PIN, "no token"),
    ],
)
def test_what_is_missing_is_said(token: Token, attributes: str, query: str, pin: str | None, text: str) -> None:
    """No such token, no such key, no PIN, a wrong PIN: each is said in a sentence that holds no PIN."""
    with pytest.raises(KeyUnusable, match=text) as caught:
        load_key(token.uri(attributes, query), None if pin is None else pin.encode())
    assert PIN not in str(caught.value)
    assert "000000" not in str(caught.value)


def test_two_keys_are_not_guessed_between(token: Token) -> None:
    """Where the URI fits two keys, none is taken; with the name of one it is."""
    token.put_key(eds.citizen(), "another", "0c")
    with pytest.raises(KeyUnusable, match="2 private keys"):
        load_key(token.uri(), PIN.encode())
    assert load_key(token.uri(";object=transport"), PIN.encode()).sign(b"data")


def test_a_key_without_certificate_is_refused(token: Token) -> None:
    """A key whose certificate is neither in the token nor in a file cannot say who signs."""
    token.put_key(eds.citizen(), "bare", "0d")
    with pytest.raises(KeyUnusable, match="0 certificates"):
        load_key(token.uri(";object=bare"), PIN.encode())


def test_a_key_may_be_opened_twice(token: Token) -> None:
    """A reload opens the token while the old key is in use: both sign, although one login holds for all."""
    first = load_key(token.uri(), PIN.encode())
    second = load_key(token.uri(), PIN.encode())
    assert first.sign(b"data") == second.sign(b"data")


def test_a_pulled_token_is_found_again(token: Token) -> None:
    """Sessions that ended do not end the process: the next signature opens a new one."""
    key = load_key(token.uri(), PIN.encode())
    token.interrupt()
    signature = key.sign(b"data")
    assert algorithms.signature(key.signature_uri).verify(key.certificate.spki, b"data", signature)


def test_a_token_that_is_gone_is_said_and_comes_back(token: Token, tmp_path: Path) -> None:
    """Without its token a key does not sign and says why; when the token is there again, it signs."""
    from gateway.eds.keystore import token as tokens  # noqa: PLC0415  rests on an optional dependency

    now = [0.0]
    key = tokens.open_key(TokenUri.parse(token.uri()), PIN.encode(), None, lambda: now[0])
    away = tmp_path / "away"
    shutil.move(tmp_path / "tokens", away)
    (tmp_path / "tokens").mkdir()
    token.interrupt()
    with pytest.raises(KeyUnusable, match="no token"):
        key.sign(b"data")
    (tmp_path / "tokens").rmdir()
    shutil.move(away, tmp_path / "tokens")
    with pytest.raises(KeyUnusable, match="is away"):
        key.sign(b"data")
    now[0] = tokens.PAUSE_SECONDS
    assert key.sign(b"data")


async def test_a_fault_is_told_without_the_token(token: Token, tmp_path: Path) -> None:
    """A sender gets its fault although the token went away that would have signed it: unsigned, and saying the same."""
    async with wire(key=load_key(token.uri(), PIN.encode())) as gateway, aiohttp.ClientSession() as http:
        for signed in (True, False):
            async with http.post(f"{gateway.url}/shep/async", data=b"<rubbish/>") as response:
                envelope, status = etree.fromstring(await response.read()), response.status
            assert (status, envelope.findtext(".//errorCode")) == (500, "SCE001")
            assert (envelope.find(f".//{SIGNATURE}") is not None) is signed
            if signed:
                shutil.move(tmp_path / "tokens", tmp_path / "away")
                (tmp_path / "tokens").mkdir()
                token.interrupt()


def test_a_refused_pin_is_not_tried_again(token: Token) -> None:
    """A token locks itself after a few wrong PINs, so one refusal ends all attempts of this key."""
    from gateway.eds.keystore import token as tokens  # noqa: PLC0415  rests on an optional dependency

    opener = tokens.Opener(TokenUri.parse(token.uri()), "000000")
    with pytest.raises(KeyUnusable, match=r"refused the PIN$"):
        opener.open()
    with pytest.raises(KeyUnusable, match="not tried again"):
        opener.open()


def test_a_key_shows_nothing_of_itself(token: Token) -> None:
    """Neither key nor source shows the PIN."""
    source = KeySource(token.uri(), password=PIN.encode())
    assert PIN not in f"{source!r} {source} {source.load()!r}"


def test_a_file_that_is_no_library_is_said(tmp_path: Path) -> None:
    """A module-path that leads to no library is an error of the installation, not of the program."""
    pytest.importorskip("pkcs11")
    file = tmp_path / "library.so"
    file.write_bytes(b"no library")
    with pytest.raises(KeyUnusable, match="not a usable PKCS #11 library"):
        load_key(f"pkcs11:token=x?module-path={file}", b"1234")
