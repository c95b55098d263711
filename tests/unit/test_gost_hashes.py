"""Streebog and GOST R 34.11-94 against the standards and against each other's implementations."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.eds.gost.hashes import HashAlgorithm
from gateway.eds.gost.pure import PureHashes
from tests.support.gost import HASHES, hashes

# RFC 6986, section 10: the messages and digests are printed there highest byte first.
_M1 = bytes.fromhex(
    "323130393837363534333231303938373635343332313039383736353433323130"
    "393837363534333231303938373635343332313039383736353433323130"
)[::-1]
_M2 = bytes.fromhex(
    "fbe2e5f0eee3c820fbeafaebef20fffbf0e1e0f0f520e0ed20e8ece0ebe5f0f2f120fff0"
    "eeec20f120faf2fee5e2202ce8f6f3ede220e8e6eee1e8f0f2d1202ce8f0f2e5e220e5d1"
)[::-1]
_STREEBOG = [
    (
        HashAlgorithm.STREEBOG_512,
        _M1,
        (
            "486f64c1917879417fef082b3381a4e211c324f074654c38823a7b76f830ad00"
            "fa1fbae42b1285c0352f227524bc9ab16254288dd6863dccd5b9f54a1ad0541b"
        ),
    ),
    (HashAlgorithm.STREEBOG_256, _M1, "00557be5e584fd52a449b16b0251d05d27f94ab76cbaa6da890b59d8ef1e159d"),
    (
        HashAlgorithm.STREEBOG_512,
        _M2,
        (
            "28fbc9bada033b1460642bdcddb90c3fb3e56c497ccd0f62b8a2ad4935e85f03"
            "7613966de4ee00531ae60f3b5a47f8dae06915d5f2f194996fcabf2622e6881e"
        ),
    ),
    (HashAlgorithm.STREEBOG_256, _M2, "508f7e553c06501d749a66fc28c6cac0b005746d97537fa85d9e40904efed29d"),
]
# RFC 5831, sections 7.3.1 and 7.3.2 (printed highest byte first); the rest are the vectors for the test S-box that the
# Crypto++ and Nettle projects publish (lowest byte first).
_GOST_94 = [
    (b"This is message, length=32 bytes", "faff37a615a816691cff3ef8b68ca247e09525f39f8119832eb81975d366c4b1"),
    (
        b"Suppose the original message has length = 50 bytes",
        "0852f5623b89dd57aeb4781fe54df14eeafbc1350613763a0d770aa657ba1a47",
    ),
]
_GOST_94_LOWEST_FIRST = [
    (b"", "ce85b99cc46752fffee35cab9a7b0278abb4c2d2055cff685af4912c49490f8d"),
    (b"a", "d42c539e367c66e9c88a801f6649349c21871b4344c6a573f849fdce62f314dd"),
    (b"message digest", "ad4434ecb18f2c99b60cbe59ec3d2469582b65273f48de72db2fde16a4889a4d"),
    (
        b"The quick brown fox jumps over the lazy dog",
        "77b7fa410c9ac58a25f49bca7d0468c9296529315eaca76bd1a10f376d1f4294",
    ),
]


@pytest.mark.parametrize("backend", HASHES)
@pytest.mark.parametrize(("algorithm", "message", "expected"), _STREEBOG)
def test_streebog_gives_the_standards_digests(
    backend: str, algorithm: HashAlgorithm, message: bytes, expected: str
) -> None:
    """The examples of RFC 6986 hash to the digests printed there."""
    assert hashes(backend).new(algorithm, message).digest()[::-1].hex() == expected


@pytest.mark.parametrize("backend", HASHES)
@pytest.mark.parametrize(
    ("message", "expected"),
    [(message, bytes.fromhex(digest)[::-1].hex()) for message, digest in _GOST_94] + _GOST_94_LOWEST_FIRST,
)
def test_gost_94_gives_the_standards_digests(backend: str, message: bytes, expected: str) -> None:
    """The examples of RFC 5831, with the test S-box, hash to the digests printed there."""
    assert hashes(backend).new(HashAlgorithm.GOST_94_TEST, message).hexdigest() == expected


@pytest.mark.parametrize("algorithm", HashAlgorithm)
@settings(max_examples=40, deadline=None)
@given(parts=st.lists(st.binary(max_size=150) | st.integers(1, 150).map(lambda n: b"\xff" * n), max_size=4))
def test_implementations_agree(algorithm: HashAlgorithm, parts: list[bytes]) -> None:
    """Pure Python and libgcrypt give one digest for the same data, however they are cut into updates."""
    pure, library = PureHashes().new(algorithm), hashes("libgcrypt").new(algorithm)
    for part in parts:
        pure.update(part)
        library.update(part)
    whole = PureHashes().new(algorithm, b"".join(parts))
    assert library.digest() == pure.digest() == whole.digest()


@pytest.mark.parametrize("backend", HASHES)
@pytest.mark.parametrize("algorithm", HashAlgorithm)
def test_hashes_behave_like_hashlib(backend: str, algorithm: HashAlgorithm) -> None:
    """A copy is independent, a digest may be asked twice and does not end the hash, and sizes are told."""
    state = hashes(backend).new(algorithm, b"one")
    other = state.copy()
    other.update(b" two")
    assert state.digest() == state.digest() == hashes(backend).new(algorithm, b"one").digest()
    state.update(b" two")
    assert state.digest() == other.digest()
    assert state.hexdigest() == state.digest().hex()
    assert (state.name, state.digest_size) == (algorithm.value, len(state.digest()))
    assert state.block_size == (32 if algorithm is HashAlgorithm.GOST_94_TEST else 64)


@pytest.mark.parametrize("backend", HASHES)
def test_hashes_are_made_in_many_threads(backend: str) -> None:
    """Threads that hash at the same time do not disturb one another."""
    maker = hashes(backend)
    messages = [bytes([i]) * 300 for i in range(64)]
    expected = [PureHashes().new(HashAlgorithm.STREEBOG_256, message).digest() for message in messages]
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda message: maker.new(HashAlgorithm.STREEBOG_256, message).digest(), messages))
    assert found == expected
