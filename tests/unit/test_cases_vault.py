"""Personal data at rest."""

import base64
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.cases.vault import Vault, VaultUnusable

VAULT = Vault(bytes(range(32)))
IIN = "880102300456"


@given(st.binary(max_size=2000), st.binary(max_size=40))
def test_what_was_sealed_opens(data: bytes, context: bytes) -> None:
    """Sealing loses nothing."""
    assert VAULT.open(VAULT.seal(data, context), context) == data


def test_sealed_data_shows_nothing() -> None:
    """Neither the data nor a second sealing of it can be recognised."""
    first, second = VAULT.seal(IIN.encode() * 3, b"row"), VAULT.seal(IIN.encode() * 3, b"row")
    assert IIN.encode() not in first
    assert first != second


@pytest.mark.parametrize("place", [0, 1, 12, 20, -1])
def test_changed_data_does_not_open(place: int) -> None:
    """One changed bit anywhere is noticed."""
    sealed = bytearray(VAULT.seal(b"data", b"row"))
    sealed[place] ^= 1
    with pytest.raises(VaultUnusable):
        VAULT.open(bytes(sealed), b"row")


def test_data_moved_to_another_row_does_not_open() -> None:
    """A sealed value belongs to its place."""
    with pytest.raises(VaultUnusable):
        VAULT.open(VAULT.seal(b"data", b"row 1"), b"row 2")


def test_another_key_does_not_open() -> None:
    """Only the installation's own key opens."""
    with pytest.raises(VaultUnusable):
        Vault(bytes(32)).open(VAULT.seal(b"data", b"row"), b"row")


def test_search_keys_are_keyed() -> None:
    """The same IIN gives the same key here and another one elsewhere: a stolen table cannot be enumerated."""
    assert VAULT.search_key(IIN) == VAULT.search_key(IIN)
    assert VAULT.search_key(IIN) != Vault(bytes(32)).search_key(IIN)


def test_a_bad_key_file_is_named(tmp_path: Path) -> None:
    """What is wrong with the key file is said without its content."""
    short = tmp_path / "short"
    short.write_text(base64.b64encode(b"too short").decode())
    with pytest.raises(VaultUnusable, match="32 bytes, this one is 9"):
        Vault.load(short)
    with pytest.raises(VaultUnusable, match="cannot be read"):
        Vault.load(tmp_path / "missing")
