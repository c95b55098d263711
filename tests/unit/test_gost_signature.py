"""GOST R 34.10 signatures: the standard's examples, honest signatures, forged ones, bad keys."""

import hashlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.eds.gost import nonce, signature
from gateway.eds.gost.curve import CRYPTOPRO_A, TC26_256_A, TC26_512_A, Curve, Point
from gateway.eds.gost.signature import PublicKeyInvalid, SigningFailed
from tests.support import gost
from tests.support.gost import EXAMPLE_256, EXAMPLE_512, POINTS, points

_CURVES = (CRYPTOPRO_A, TC26_256_A, TC26_512_A)
_names = pytest.mark.parametrize("curve", _CURVES, ids=lambda curve: curve.name)
_backends = pytest.mark.parametrize("backend", POINTS)

_EXAMPLE_256 = {
    # RFC 7091, section 7.1
    "d": 0x7A929ADE789BB9BE10ED359DD39A72C11B60961F49397EEE1D19CE9891EC3B28,
    "x": 0x7F2B49E270DB6D90D8595BEC458B50C58585BA1D4E9B788F6689DBD8E56FD80B,
    "y": 0x26F1B489D6701DD185C8413A977B3CBBAF64D1C593D26627DFFB101A87FF77DA,
    "e": 0x2DFBC1B372D89A1188C09C52E0EEC61FCE52032AB1022E8E67ECE6672B043EE5,
    "k": 0x77105C9B20BCD3122823C8CF6FCC7B956DE33814E95B7FE64FED924594DCEAB3,
    "r": 0x41AA28D2F1AB148280CD9ED56FEDA41974053554A42767B83AD043FD39DC0493,
    "s": 0x01456C64BA4642A1653C235A98A60249BCD6D3F746B631DF928014F6C5BF9C40,
}
_EXAMPLE_512 = {
    # RFC 7091, section 7.2
    "d": int(
        "0BA6048AADAE241BA40936D47756D7C93091A0E8514669700EE7508E508B1020"
        "72E8123B2200A0563322DAD2827E2714A2636B7BFD18AADFC62967821FA18DD4",
        16,
    ),
    "x": int(
        "115DC5BC96760C7B48598D8AB9E740D4C4A85A65BE33C1815B5C320C854621DD"
        "5A515856D13314AF69BC5B924C8B4DDFF75C45415C1D9DD9DD33612CD530EFE1",
        16,
    ),
    "y": int(
        "37C7C90CD40B0F5621DC3AC1B751CFA0E2634FA0503B3D52639F5D7FB72AFD61"
        "EA199441D943FFE7F0C70A2759A3CDB84C114E1F9339FDF27F35ECA93677BEEC",
        16,
    ),
    "e": int(
        "3754F3CFACC9E0615C4F4A7C4D8DAB531B09B6F9C170C533A71D147035B0C591"
        "7184EE536593F4414339976C647C5D5A407ADEDB1D560C4FC6777D2972075B8C",
        16,
    ),
    "k": int(
        "0359E7F4B1410FEACC570456C6801496946312120B39D019D455986E364F3658"
        "86748ED7A44B3E794434006011842286212273A6D14CF70EA3AF71BB1AE679F1",
        16,
    ),
    "r": int(
        "2F86FA60A081091A23DD795E1E3C689EE512A3C82EE0DCC2643C78EEA8FCACD3"
        "5492558486B20F1C9EC197C90699850260C93BCBCD9C5C3317E19344E173AE36",
        16,
    ),
    "s": int(
        "1081B394696FFE8E6585E7A9362D26B6325F56778AADBC081C0BFBE933D52FF5"
        "823CE288E8C4F362526080DF7F70CE406A6EEB1F56919CB92A9853BDE73E5B4A",
        16,
    ),
}
_examples = pytest.mark.parametrize(
    ("curve", "example", "backend"),
    [
        *((EXAMPLE_256, _EXAMPLE_256, backend) for backend in POINTS),
        (EXAMPLE_512, _EXAMPLE_512, "libcrypto"),  # its modulus is not close to a power of two
    ],
    ids=lambda value: getattr(value, "name", value) if isinstance(value, Curve | str) else "",
)


def _key(curve: Curve, seed: int = 1) -> tuple[int, bytes]:
    d = int.from_bytes(hashlib.sha512(b"%d" % seed).digest(), "big") % curve.q
    return d, signature.derive_public_key(curve, d)


def _digest(curve: Curve, data: bytes = b"data") -> bytes:
    return hashlib.sha512(data).digest()[: curve.size]


@_examples
def test_the_standards_example_is_signed_and_verified(
    curve: Curve, example: dict[str, int], backend: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the standard's k, its key and digest give its r and s; and they verify."""
    arithmetic = points(backend)
    monkeypatch.setattr(nonce, "candidates", lambda *_: iter([example["k"]]))
    public = signature.encode_point(curve, Point(example["x"], example["y"]))
    digest = example["e"].to_bytes(curve.size, "little")
    assert arithmetic.base(curve, example["d"]) == (example["x"], example["y"])
    value = signature.sign(curve, example["d"], public, digest, arithmetic)
    size = curve.size
    assert (int.from_bytes(value[:size], "little"), int.from_bytes(value[size:], "little")) == (
        example["r"],
        example["s"],
    )


@_names
@_backends
@settings(max_examples=8, deadline=None)
@given(data=st.binary(max_size=80), seed=st.integers(0, 5))
def test_what_is_signed_verifies(curve: Curve, backend: str, data: bytes, seed: int) -> None:
    """A signature made by one backend verifies on every other, and only over its own digest and under its own key."""
    d, public = _key(curve, seed)
    digest = _digest(curve, data)
    value = signature.sign(curve, d, public, digest, points(backend))
    assert all(signature.verify(curve, public, digest, value, points(other)) for other in POINTS)
    assert not signature.verify(curve, public, _digest(curve, data + b"!"), value)
    assert not signature.verify(curve, _key(curve, seed + 1)[1], digest, value)


@_names
def test_any_flipped_bit_spoils_it(curve: Curve) -> None:
    """No signature survives a change of any of its bytes, of its length, or of its byte order."""
    d, public = _key(curve)
    digest = _digest(curve)
    value = signature.sign(curve, d, public, digest)
    for position in range(0, len(value), 7):
        forged = bytearray(value)
        forged[position] ^= 0x10
        assert not signature.verify(curve, public, digest, bytes(forged))
    for forged_value in (b"", value[:-1], value + b"\x00", value[::-1], value[curve.size :] + value[: curve.size]):
        assert not signature.verify(curve, public, digest, forged_value)


@_names
def test_numbers_out_of_range_are_refused(curve: Curve) -> None:
    """r and s must lie in 1 … q - 1; r + q, s + q and zeros do not pass for them."""
    d, public = _key(curve)
    digest, size = _digest(curve), curve.size
    value = signature.sign(curve, d, public, digest)
    r, s = int.from_bytes(value[:size], "little"), int.from_bytes(value[size:], "little")
    for other_r, other_s in ((0, s), (r, 0), (0, 0), (curve.q, s), (r, curve.q), (r + curve.q, s), (r, s + curve.q)):
        if max(other_r, other_s) < 1 << 8 * size:
            forged = other_r.to_bytes(size, "little") + other_s.to_bytes(size, "little")
            assert not signature.verify(curve, public, digest, forged)


@_names
def test_a_digest_of_zero_counts_as_one(curve: Curve) -> None:
    """A digest that is 0 modulo q is read as 1, as the standard says: 0, q and 1 share their signatures."""
    d, public = _key(curve)
    zero, order, one, two = (number.to_bytes(curve.size, "little") for number in (0, curve.q, 1, 2))
    value = signature.sign(curve, d, public, zero)
    assert signature.verify(curve, public, one, value)
    assert signature.verify(curve, public, order, value)
    assert not signature.verify(curve, public, two, value)


@_names
def test_bad_public_keys_are_refused(curve: Curve) -> None:
    """A key of a wrong length, off the curve, with unreduced coordinates or of zeros is refused."""
    _, public = _key(curve)
    x, y = public[: curve.size], public[curve.size :]
    off = bytes([x[0] ^ 1]) + x[1:] + y
    limit = curve.p.to_bytes(curve.size, "little")
    for bad in (b"", public[:-1], public + b"\x00", off, y + x, limit + y, bytes(2 * curve.size)):
        with pytest.raises(PublicKeyInvalid):
            signature.verify(curve, bad, _digest(curve), bytes(2 * curve.size))


def test_a_key_outside_the_subgroup_is_refused() -> None:
    """On the curve with cofactor 4, a point of the curve that is not of order q is refused."""
    curve = TC26_256_A
    x = next(x for x in range(100) if not _in_subgroup(curve, x))
    y = pow(x**3 + curve.a * x + curve.b, (curve.p + 1) // 4, curve.p)
    assert curve.holds(Point(x, y))
    with pytest.raises(PublicKeyInvalid, match="subgroup"):
        signature.public_point(curve, signature.encode_point(curve, Point(x, y)))


def _in_subgroup(curve: Curve, x: int) -> bool:
    square = (x**3 + curve.a * x + curve.b) % curve.p
    y = pow(square, (curve.p + 1) // 4, curve.p)
    return y * y % curve.p != square or gost.multiply(curve, curve.q, Point(x, y)) is None


def test_a_digest_of_another_length_is_an_error() -> None:
    """A 256-bit digest with a 512-bit curve is a mistake of the caller, not a bad signature."""
    d, public = _key(TC26_512_A)
    with pytest.raises(ValueError, match="32 bytes"):
        signature.verify(TC26_512_A, public, bytes(32), bytes(128))
    with pytest.raises(ValueError, match="32 bytes"):
        signature.sign(TC26_512_A, d, public, bytes(32))


@pytest.mark.parametrize("d", [0, -1, CRYPTOPRO_A.q, CRYPTOPRO_A.q + 1])
def test_private_keys_out_of_range_are_refused(d: int) -> None:
    """A private key must lie in 1 … q - 1."""
    with pytest.raises(ValueError, match="range"):
        signature.derive_public_key(CRYPTOPRO_A, d)


def test_a_signature_that_does_not_verify_is_not_handed_out() -> None:
    """When key and public key do not match, signing fails instead of giving a useless signature."""
    d, _ = _key(TC26_512_A, 1)
    _, other = _key(TC26_512_A, 2)
    with pytest.raises(SigningFailed):
        signature.sign(TC26_512_A, d, other, _digest(TC26_512_A))


def test_signatures_of_one_digest_differ() -> None:
    """Fresh randomness makes every signature another one, so none tells whether a document was signed before."""
    d, public = _key(CRYPTOPRO_A)
    assert len({signature.sign(CRYPTOPRO_A, d, public, _digest(CRYPTOPRO_A)) for _ in range(8)}) == 8


@_names
def test_the_secret_number_depends_on_everything(curve: Curve) -> None:
    """Without fresh randomness k repeats only for the same key and digest; it always lies in 1 … q - 1."""
    digest = _digest(curve)

    def first(d: int, digest: bytes, fresh: bytes) -> int:
        return next(nonce.candidates(curve.q, d, digest, fresh))

    numbers = [
        first(5, digest, b""),
        first(6, digest, b""),
        first(5, digest[::-1], b""),
        first(5, digest, b"fresh"),
    ]
    assert len(set(numbers)) == 4
    assert first(5, digest, b"") == numbers[0]
    assert all(0 < k < curve.q for k in numbers)


def test_the_secret_number_is_spread_over_the_whole_range() -> None:
    """k is not biased: its highest bits take every value, its lowest too."""
    q = TC26_512_A.q
    drawn = [next(nonce.candidates(q, 7, bytes([i]) * 64, b"")) for i in range(200)]
    assert {k >> 509 for k in drawn} == set(range(8))
    assert {k & 7 for k in drawn} == set(range(8))


def test_candidates_never_end() -> None:
    """If a candidate does not serve, a new one follows."""
    source = nonce.candidates(TC26_256_A.q, 7, bytes(32), b"")
    assert len({next(source) for _ in range(5)}) == 5
