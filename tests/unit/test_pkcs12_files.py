"""PKCS #12 files: what NCA RK writes is opened, what is wrong is said in one sentence without secrets."""

import base64
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from gateway.eds import algorithms
from gateway.eds.gost.suites import GOST_2015_512, SUITES, Suite
from gateway.eds.keys import KeyUnusable, SigningKey, load_pem
from gateway.eds.keystore import pbe, pkcs12
from gateway.eds.keystore.source import KeySource, load_key
from tests.support import eds, gost
from tests.support.cms import tlv
from tests.support.pkcs12 import PASSWORD, File, pbes2

_MINE = b"\x01"


def _of(suite: Suite = GOST_2015_512) -> File:
    """Return a file with a citizen's key and certificate."""
    citizen = gost.citizen(suite)
    return File([(citizen.private.to_pkcs8(), _MINE)], [(citizen.certificate.der, _MINE)])


def _rsa() -> bytes:
    pem = eds.citizen().key_pem.splitlines()
    return base64.b64decode(b"".join(pem[1:-1]))


def _load(folder: Path, file: File | bytes, password: str | None = PASSWORD, certificate: bytes = b"") -> SigningKey:
    path = folder / "key.p12"
    path.write_bytes(file if isinstance(file, bytes) else file.der())
    beside = folder / "certificate.pem" if certificate else None
    if beside:
        beside.write_bytes(certificate)
    return load_key(path, None if password is None else password.encode(), certificate=beside)


@pytest.mark.parametrize("suite", SUITES, ids=lambda suite: suite.name)
@pytest.mark.parametrize("modern", [False, True], ids=["as NCA writes", "PBES2"])
def test_gost_keys_are_loaded_and_sign(suite: Suite, modern: bool, tmp_path: Path) -> None:  # noqa: FBT001  a parameter
    """A GOST key under BER, 3DES and RC2-40, or under AES, is loaded with its certificate and signs by its suite."""
    file = _of(suite)
    file.modern = modern
    key = _load(tmp_path, file)
    assert key.certificate == gost.citizen(suite).certificate
    assert (key.signature_uri, key.digest_uri) == (suite.signature_uri, suite.digest_uri)
    assert algorithms.signature(key.signature_uri).verify(key.certificate.spki, b"data", key.sign(b"data"))


def test_rsa_keys_are_loaded(tmp_path: Path) -> None:
    """An RSA key in a file of the same form is loaded, encrypted or in the clear under the MAC."""
    for in_clear in (False, True):
        file = File([(_rsa(), None)], [(eds.citizen().certificate.der, None)], key_in_clear=in_clear)
        assert _load(tmp_path, file).certificate == eds.citizen().certificate


def test_the_certificate_is_found_by_the_numbers(tmp_path: Path) -> None:
    """Without local key ids the certificate is the one with the key's public number, whatever else lies there."""
    file = _of()
    authority = gost.nca(GOST_2015_512).certificate
    chain = (eds.root().certificate, authority, gost.citizen(GOST_2015_512).certificate, eds.citizen().certificate)
    file.keys = [(file.keys[0][0], None)]
    file.certificates = [(one.der, None) for one in chain]
    assert _load(tmp_path, file).certificate == gost.citizen(GOST_2015_512).certificate


def test_a_file_that_assigns_another_certificate_is_refused(tmp_path: Path) -> None:
    """A local key id that leads to somebody else's certificate is not believed."""
    file = _of()
    file.certificates = [(gost.nca(GOST_2015_512).certificate.der, _MINE)]
    with pytest.raises(KeyUnusable, match="no certificate of the private key"):
        _load(tmp_path, file)


def test_of_several_keys_one_must_be_named(tmp_path: Path) -> None:
    """Two keys with certificates are not guessed between; a certificate file names one."""
    file = _of()
    file.keys.append((_rsa(), b"\x02"))
    file.certificates.append((eds.citizen().certificate.der, b"\x02"))
    with pytest.raises(KeyUnusable, match="2 keys in the PKCS #12 file"):
        _load(tmp_path, file)
    assert _load(tmp_path, file, certificate=eds.citizen().pem).certificate == eds.citizen().certificate
    with pytest.raises(KeyUnusable, match="no certificate of the private key"):
        _load(tmp_path, file, certificate=eds.nca().pem)


def test_of_several_keys_the_one_with_a_certificate_is_taken(tmp_path: Path) -> None:
    """A key without certificate beside one with is no choice to make."""
    file = _of()
    file.keys.append((_rsa(), b"\x02"))
    assert _load(tmp_path, file).certificate == gost.citizen(GOST_2015_512).certificate


@pytest.mark.parametrize(
    ("changes", "password", "text"),
    [
        ({}, "wrong", "password of the PKCS #12 file is wrong"),
        ({}, "", "password of the PKCS #12 file is wrong"),
        ({}, None, "under a password, and none is given"),
        ({"keys": []}, PASSWORD, "no private key"),
        ({"certificates": []}, PASSWORD, "no certificate of the private key"),
        ({"with_mac": False}, PASSWORD, "no MAC"),
        ({"mac_oid": "1.2.3"}, PASSWORD, r"MAC of kind 1\.2\.3"),
        ({"rounds": pbe.MAX_ROUNDS + 1}, PASSWORD, "rounds, at most"),
        ({"rounds": 0}, PASSWORD, "rounds, at most"),
        ({"content_oid": "1.2.840.113549.1.7.2"}, PASSWORD, "protected by a public key"),
        ({"keys": [(b"\x30\x00", None)]}, PASSWORD, "not PKCS #8"),
        ({"certificates": [(b"\x30\x00", None)]}, PASSWORD, "a certificate in the PKCS #12 file"),
    ],
)
def test_what_is_wrong_is_said(tmp_path: Path, changes: dict[str, object], password: str | None, text: str) -> None:
    """Each fault has its sentence, and none holds the password or the key."""
    file = _of()
    for name, value in changes.items():
        setattr(file, name, value)
    with pytest.raises(KeyUnusable, match=text) as caught:
        _load(tmp_path, file, password)
    told = f"{caught.value!r} {caught.value.__context__!r}"
    assert "\n" not in str(caught.value)
    assert PASSWORD not in told
    assert str(gost.citizen(GOST_2015_512).private.d) not in told


def test_every_changed_byte_is_noticed(tmp_path: Path) -> None:
    """The MAC covers the content: a byte changed in it is refused before anything is decrypted."""
    written = _of().der()
    safe = written.index(b"\x24\x80") + 8
    for position in range(safe, len(written) - 100, 61):
        changed = written[:position] + bytes([written[position] ^ 1]) + written[position + 1 :]
        with pytest.raises(KeyUnusable, match=r"its MAC differs|damaged"):
            _load(tmp_path, changed)


_WRITTEN = _of().der()


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.one_of(st.binary(max_size=200), st.integers(0, len(_WRITTEN)).map(lambda size: _WRITTEN[:size])))
@example(b"")
@example(b"\x30\x80" * 40)
@example(b"\x30\x84\xff\xff\xff\xff")
def test_rubbish_is_refused(data: bytes) -> None:
    """Whatever the bytes are, they are opened or refused; nothing else happens."""
    if data != _WRITTEN:
        with pytest.raises(pkcs12.FileUnusable):
            pkcs12.read(data, PASSWORD)


@settings(max_examples=200, deadline=None)
@given(position=st.integers(0, 2**16), flip=st.integers(1, 255))
def test_flipped_bytes_are_opened_or_refused(position: int, flip: int) -> None:
    """A file with one byte changed gives the same content or none."""
    changed = bytearray(_WRITTEN)
    changed[position % len(changed)] ^= flip
    # a round count may become large without being refused; the test is about the reader, not about patience
    try:
        content = pkcs12.read(bytes(changed), PASSWORD)
    except pkcs12.FileUnusable:
        return
    assert content == pkcs12.read(_WRITTEN, PASSWORD)


def test_an_enormous_file_is_not_read(tmp_path: Path) -> None:
    """No key needs a megabyte."""
    with pytest.raises(KeyUnusable, match="larger than"):
        _load(tmp_path, bytes(1_000_001))


def test_a_file_that_is_away_is_said(tmp_path: Path) -> None:
    """The path and the system's reason are named."""
    with pytest.raises(KeyUnusable, match=r"away\.p12: No such file"):
        load_key(tmp_path / "away.p12", b"x")


def test_a_gost_key_in_pem_may_be_under_a_password() -> None:
    """PKCS #8 under PBES2 in PEM is opened for GOST as for RSA; a wrong password is said."""
    citizen = gost.citizen(GOST_2015_512)
    algorithm, data = pbes2(citizen.private.to_pkcs8(), PASSWORD)
    pem = (
        b"-----BEGIN ENCRYPTED PRIVATE KEY-----\n"
        + base64.encodebytes(tlv(0x30, algorithm, tlv(0x04, data)))
        + b"-----END ENCRYPTED PRIVATE KEY-----\n"
    )
    assert load_pem(citizen.pem, pem, PASSWORD.encode()).certificate == citizen.certificate
    for password in (b"wrong", b"\xff", None):
        with pytest.raises(KeyUnusable, match="password"):
            load_pem(citizen.pem, pem, password)


def test_pem_and_pkcs12_are_told_apart(tmp_path: Path) -> None:
    """One entry point reads either, by content; a PEM file may hold key and certificate together."""
    both = tmp_path / "both.pem"
    both.write_bytes(eds.citizen().pem + eds.citizen().key_pem)
    assert load_key(both).certificate == eds.citizen().certificate
    assert str(KeySource(both)) == f"PEM, {both}"
    file = tmp_path / "named.pem"
    file.write_bytes(_of().der())
    assert load_key(file, PASSWORD.encode()).certificate == gost.citizen(GOST_2015_512).certificate
    assert str(KeySource(file)) == f"PKCS #12, {file}"


def test_keys_and_sources_show_nothing_of_themselves(tmp_path: Path) -> None:
    """Neither the loaded key, nor its source, nor the file's content shows the number or the password."""
    key = _load(tmp_path, _of())
    source = KeySource(tmp_path / "key.p12", password=PASSWORD.encode())
    shown = f"{key!r} {source!r} {source} {pkcs12.read(_WRITTEN, PASSWORD)!r}"
    private = gost.citizen(GOST_2015_512).private
    for secret in (PASSWORD, str(PASSWORD.encode()), str(private.d), f"{private.d:x}", repr(private.to_pkcs8())[2:-1]):
        assert secret not in shown
