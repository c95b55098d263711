"""URIs of keys in tokens (RFC 7512)."""

from pathlib import Path

import pytest

from gateway.eds.keys import KeyUnusable
from gateway.eds.keystore.source import KeySource, load_key
from gateway.eds.keystore.uri import TokenUri, UriUnreadable


def test_attributes_are_read() -> None:
    """Escapes become what they stand for; the id is bytes, the rest text."""
    uri = TokenUri.parse(
        "pkcs11:token=Қақпа%20%31;serial=ab;model=m;manufacturer=x%3By;slot-id=7;object=a%2Fb;id=%00%ff;type=private"
        "?module-path=/usr/lib/lib%20x.so&pin-source=file:/etc/pin"
    )
    assert uri == TokenUri(
        module=Path("/usr/lib/lib x.so"),
        token="Қақпа 1",
        manufacturer="x;y",
        serial="ab",
        model="m",
        slot_id=7,
        label="a/b",
        id=b"\x00\xff",
        pin_file=Path("/etc/pin"),
    )


def test_little_is_needed() -> None:
    """A library alone names the only key of the only token."""
    assert TokenUri.parse("pkcs11:?module-path=/lib.so") == TokenUri(Path("/lib.so"))


@pytest.mark.parametrize("source", ["file:/etc/pin", "file:///etc/pin", "/etc/pin"])
def test_pin_sources_are_files(source: str) -> None:
    """The forms in which a file is written mean the same."""
    assert TokenUri.parse(f"pkcs11:?module-path=/l.so&pin-source={source}").pin_file == Path("/etc/pin")


@pytest.mark.parametrize(
    ("uri", "text"),
    [
        ("http:token=a?module-path=/l", "not a pkcs11: URI"),
        ("pkcs11:token=a", "lacks module-path"),
        ("pkcs11:token=a?module-path=/l&pin-value=31415", "PIN may not stand"),
        ("pkcs11:type=cert?module-path=/l", "something else than a private key"),
        ("pkcs11:token=a;token=b?module-path=/l", "stands twice"),
        ("pkcs11:token?module-path=/l", "malformed"),
        ("pkcs11:token=%4?module-path=/l", "malformed"),
        ("pkcs11:token=%zz?module-path=/l", "malformed"),
        ("pkcs11:token=%ff?module-path=/l", "not text in UTF-8"),
        ("pkcs11:slot-id=x?module-path=/l", "not a number"),
        ("pkcs11:x-vendor=1?module-path=/l", "not supported: x-vendor"),
        ("pkcs11:token=a?module-path=/l&pin-source=|cat%20pin", "not an absolute file"),
        ("pkcs11:token=a?module-path=/l&pin-source=https://x/pin", "not an absolute file"),
    ],
)
def test_what_is_not_understood_is_refused(uri: str, text: str) -> None:
    """RFC 7512 section 2.3: nothing is passed over; a PIN in the URI is refused and not repeated."""
    with pytest.raises(UriUnreadable, match=text) as caught:
        TokenUri.parse(uri)
    assert "31415" not in str(caught.value)


def test_a_pin_in_the_uri_is_refused_where_keys_are_loaded() -> None:
    """The one entry point says the same, and asks no library first."""
    pytest.importorskip("pkcs11")
    with pytest.raises(KeyUnusable, match="PIN may not stand"):
        load_key("pkcs11:token=a?module-path=/l&pin-value=31415", b"x")


def test_a_source_in_a_token_names_its_files() -> None:
    """What is watched for changes: the PIN's file and the certificate, never the library."""
    uri = "pkcs11:token=a?module-path=/l.so&pin-source=/etc/pin"
    assert KeySource(uri, certificate=Path("/etc/own.pem")).files == (Path("/etc/own.pem"), Path("/etc/pin"))
    assert KeySource("pkcs11:broken").files == ()
