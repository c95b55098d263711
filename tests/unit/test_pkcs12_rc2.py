"""RC2: the vectors of its RFC, and agreement with a library where that knows it."""

import pytest
from cryptography.hazmat.decrepit.ciphers.algorithms import RC2
from cryptography.hazmat.primitives.ciphers import Cipher, modes
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.eds.keystore import rc2
from tests.support.pkcs12 import encrypt_rc2, encrypt_rc2_cbc

_LONG = "88bca90e90875a7f0f79c384627bafb2"


@pytest.mark.parametrize(
    ("key", "bits", "plain", "encrypted"),
    [
        ("0000000000000000", 63, "0000000000000000", "ebb773f993278eff"),
        ("ffffffffffffffff", 64, "ffffffffffffffff", "278b27e42e2f0d49"),
        ("3000000000000000", 64, "1000000000000001", "30649edf9be7d2c2"),
        ("88", 64, "0000000000000000", "61a8a244adacccf0"),
        ("88bca90e90875a", 64, "0000000000000000", "6ccf4308974c267f"),
        (_LONG, 64, "0000000000000000", "1a807d272bbe5db1"),
        (_LONG, 128, "0000000000000000", "2269552ab0f85ca6"),
        (f"{_LONG}16f80a6f85920584c42fceb0be255daf1e", 129, "0000000000000000", "5b78d3a43dfff1f1"),
    ],
)
def test_the_vectors_of_the_rfc(key: str, bits: int, plain: str, encrypted: str) -> None:
    """RFC 2268 section 5."""
    words = rc2.expand(bytes.fromhex(key), bits)
    assert rc2.decrypt_block(words, bytes.fromhex(encrypted)).hex() == plain
    assert encrypt_rc2(words, bytes.fromhex(plain)).hex() == encrypted


@settings(max_examples=30, deadline=None)
@given(key=st.binary(min_size=16, max_size=16), iv=st.binary(min_size=8, max_size=8), data=st.binary(max_size=64))
def test_it_agrees_with_a_library(key: bytes, iv: bytes, data: bytes) -> None:
    """With 128 bits, which `cryptography` knows, both decrypt the same."""
    blocks = data[: len(data) // 8 * 8]
    decryptor = Cipher(RC2(key), modes.CBC(iv)).decryptor()
    assert rc2.decrypt_cbc(key, 128, iv, blocks) == decryptor.update(blocks) + decryptor.finalize()


def test_forty_bits_come_back() -> None:
    """What is encrypted with 40 bits, as NCA RK does, is decrypted."""
    key, iv, data = b"12345", bytes(8), bytes(range(64))
    assert rc2.decrypt_cbc(key, 40, iv, encrypt_rc2_cbc(key, 40, iv, data)) == data


@pytest.mark.parametrize(
    ("key", "bits", "iv", "data"),
    [(b"", 40, 8, 8), (bytes(129), 40, 8, 8), (b"12345", 0, 8, 8), (b"12345", 40, 7, 8), (b"12345", 40, 8, 7)],
)
def test_wrong_lengths_are_refused(key: bytes, bits: int, iv: int, data: int) -> None:
    """Keys, vectors and data of impossible lengths are no blocks."""
    with pytest.raises(ValueError, match=r"out of range|whole blocks"):
        rc2.decrypt_cbc(key, bits, bytes(iv), bytes(data))
