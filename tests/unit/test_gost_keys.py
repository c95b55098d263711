"""GOST keys in SubjectPublicKeyInfo and PKCS #8."""

from collections.abc import Callable
from contextlib import suppress

import pytest
from asn1crypto.core import Integer, ObjectIdentifier, OctetBitString, OctetString
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.eds.gost.keys import KeyUnreadable, PrivateKey, PublicKey
from gateway.eds.gost.suites import GOST_2004, GOST_2015_256, GOST_2015_512, SUITES, Suite
from tests.support.eds import citizen

_suites = pytest.mark.parametrize("suite", SUITES, ids=lambda suite: suite.name)
_KEYS = {suite: PrivateKey.of(suite, 0x1234567890ABCDEF << 180) for suite in SUITES}

_HEADERS = {
    # from nca-profile 2.2 and X.690: everything of a SubjectPublicKeyInfo that comes before X
    GOST_2004: "306c3025 0609 2a830e030a01010101 3018 060a 2a830e030a0101010101 060a 2a830e030a0103010100 0343 00 0440",
    GOST_2015_256: "306a3023 0609 2a830e030a01010201 3016 060a 2a830e030a0101020101 0608 2a830e030a010302 0343 00 0440",
    GOST_2015_512: (
        "3081ac 3023 0609 2a830e030a01010202 3016 060a 2a830e030a0101020201 0608 2a830e030a010303 038184 00 048180"
    ),
}


@_suites
def test_public_keys_have_the_ncas_form(suite: Suite) -> None:
    """A written SubjectPublicKeyInfo has the NCA's OIDs and nesting, byte for byte, then X and Y, lowest byte first."""
    public = _KEYS[suite].public
    spki = public.to_spki()
    assert spki == bytes.fromhex(_HEADERS[suite]) + public.value
    assert PublicKey.from_spki(spki) == public


@_suites
def test_private_keys_have_the_ncas_form(suite: Suite) -> None:
    """A written PrivateKeyInfo holds d as INTEGER (2004) or as little-endian OCTET STRING (2015), and is read again."""
    key = _KEYS[suite]
    pkcs8 = key.to_pkcs8()
    algorithm_end = ObjectIdentifier(suite.key_digest_oid).dump()
    octets = OctetString.load(pkcs8.partition(algorithm_end)[2]).native
    if suite is GOST_2004:
        assert Integer.load(octets).native == key.d
    else:
        assert OctetString.load(octets).native == key.d.to_bytes(suite.curve.size, "little")
    assert PrivateKey.from_pkcs8(pkcs8) == key


def test_a_private_key_may_carry_attributes() -> None:
    """Attributes after the key, as PKCS #8 allows them, do not disturb."""
    attributes = bytes.fromhex("a000")
    pkcs8 = _KEYS[GOST_2015_512].to_pkcs8()
    assert pkcs8[1] < 0x7E
    longer = pkcs8[:1] + bytes([pkcs8[1] + 2]) + pkcs8[2:] + attributes
    assert PrivateKey.from_pkcs8(longer) == _KEYS[GOST_2015_512]


@_suites
def test_generated_keys_sign(suite: Suite) -> None:
    """A new key signs data, and its public key, written and read, verifies them and no others."""
    key = PrivateKey.generate(suite)
    value = key.sign(b"data")
    public = PublicKey.from_spki(key.public.to_spki())
    assert public.verify(b"data", value)
    assert not public.verify(b"Data", value)
    assert PrivateKey.generate(suite) != key


def test_a_private_key_shows_nothing_of_itself() -> None:
    """Printing a private key does not show the number."""
    key = _KEYS[GOST_2015_512]
    assert str(key.d) not in repr(key)
    assert f"{key.d:x}" not in repr(key)


def _swapped(spki: bytes) -> bytes:
    """Exchange the curve's and the digest's OID."""
    suite = GOST_2015_512
    curve, digest = (ObjectIdentifier(oid).dump() for oid in (suite.curve_oid, suite.key_digest_oid))
    return spki.replace(curve + digest, digest + curve)


def _replaced(old: str, new: str) -> Callable[[bytes], bytes]:
    before, after = ObjectIdentifier(old).contents, ObjectIdentifier(new).contents
    return lambda spki: spki.replace(before, after)


@pytest.mark.parametrize(
    "spoil",
    [
        lambda _: b"",
        lambda spki: spki[:-1],
        lambda spki: spki + b"\x00",
        lambda spki: b"\x31" + spki[1:],
        lambda spki: spki[:-1] + bytes([spki[-1] ^ 1]),
        lambda spki: spki.replace(b"\x03\x81\x84\x00\x04", b"\x03\x81\x84\x01\x04"),
        lambda spki: spki.replace(b"\x03\x81\x84\x00\x04", b"\x03\x81\x84\x00\x03"),
        lambda spki: spki.replace(b"\x03\x81\x84\x00\x04", b"\x04\x81\x84\x00\x04"),
        _swapped,
        _replaced(GOST_2015_512.key_oid, GOST_2015_256.key_oid),
        _replaced(GOST_2015_512.key_digest_oid, GOST_2015_256.key_digest_oid),
    ],
    ids=[
        "empty",
        "cut",
        "trailing",
        "no sequence",
        "off the curve",
        "unused bits",
        "no octet string",
        "no bit string",
        "swapped parameters",
        "other key algorithm",
        "other digest",
    ],
)
def test_malformed_public_keys_are_refused(spoil: Callable[[bytes], bytes]) -> None:
    """Whatever is not exactly a key of the profile is KeyUnreadable."""
    spki = _KEYS[GOST_2015_512].public.to_spki()
    spoiled = spoil(spki)
    assert spoiled != spki
    with pytest.raises(KeyUnreadable):
        PublicKey.from_spki(spoiled)


@pytest.mark.parametrize(
    "inner",
    [
        b"",
        Integer(0).dump(),
        Integer(-5).dump(),
        Integer(GOST_2015_512.curve.q).dump(),
        Integer(5).dump() + b"\x00",
        OctetString(bytes(64)).dump(),
        OctetString(b"\xff" * 64).dump(),
        OctetBitString(b"\x05").dump(),
    ],
    ids=["empty", "zero", "negative", "q", "trailing", "zeros", "too large", "bit string"],
)
def test_malformed_private_keys_are_refused(inner: bytes) -> None:
    """A number out of range, of another type or with something after it is KeyUnreadable."""
    good = _KEYS[GOST_2015_512].to_pkcs8()
    algorithm = good[5 : 5 + 2 + good[6]]
    body = Integer(0).dump() + algorithm + OctetString(inner).dump()
    with pytest.raises(KeyUnreadable):
        PrivateKey.from_pkcs8(b"\x30" + bytes([len(body)]) + body)


def test_keys_of_other_kinds_are_refused() -> None:
    """A key of another algorithm is KeyUnreadable, in SubjectPublicKeyInfo and in PKCS #8."""
    rsa = citizen().private
    with pytest.raises(KeyUnreadable):
        PublicKey.from_spki(citizen().certificate.spki)
    with pytest.raises(KeyUnreadable):
        PrivateKey.from_pkcs8(rsa.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption()))


@settings(max_examples=200, deadline=None)
@given(data=st.data())
def test_no_input_breaks_the_reader(data: st.DataObject) -> None:
    """Random bytes and keys with random changes are read or refused, never anything else."""
    base = bytearray(data.draw(st.sampled_from([_KEYS[suite].public.to_spki() for suite in SUITES])))
    for _ in range(data.draw(st.integers(1, 3))):
        base[data.draw(st.integers(0, len(base) - 1))] = data.draw(st.integers(0, 255))
    for raw in (bytes(base), data.draw(st.binary(max_size=60))):
        for read in (PublicKey.from_spki, PrivateKey.from_pkcs8):
            with suppress(KeyUnreadable):
                read(raw)
