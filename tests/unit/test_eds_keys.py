"""Keys that sign, and the registry of algorithms."""

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from gateway.eds import algorithms, keys
from gateway.eds.algorithms import AlgorithmNotAllowed, DigestAlgorithm, SignatureAlgorithm
from gateway.eds.keys import KeyUnusable, RsaSigningKey, load_pem
from tests.support.eds import Template, citizen, issue, nca


def test_a_loaded_key_signs_what_its_certificate_verifies() -> None:
    """What a key signs verifies under its certificate's key by the registered algorithm, and nothing else does."""
    key = citizen().key
    value = key.sign(b"data")
    verify = algorithms.signature(key.signature_uri).verify
    assert verify(key.certificate.spki, b"data", value)
    assert not verify(key.certificate.spki, b"other", value)
    assert not verify(key.certificate.spki, b"data", value[:-1])
    assert not verify(nca().certificate.spki, b"data", value)
    assert not verify(b"no key", b"data", value)


def test_a_key_under_a_password_is_read() -> None:
    """An encrypted key needs its password; a wrong one or none is said, and the text tells nothing of the key."""
    protected = citizen().private.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.BestAvailableEncryption(b"correct"),
    )
    assert load_pem(citizen().pem, protected, b"correct").certificate == citizen().certificate
    for password in (b"wrong", None):
        with pytest.raises(KeyUnusable, match="password"):
            load_pem(citizen().pem, protected, password)


def test_unfit_keys_are_refused() -> None:
    """Another's key, a weak key, a key of another kind and rubbish are refused when loading, not when signing."""
    weak = issue("weak", nca(), Template(bits=1024))
    curve = ec.generate_private_key(ec.SECP256R1()).private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    for certificate, key in (
        (citizen().pem, nca().key_pem),
        (weak.pem, weak.key_pem),
        (citizen().pem, curve),
        (citizen().pem, b"rubbish"),
        (b"rubbish", citizen().key_pem),
    ):
        with pytest.raises(KeyUnusable):
            load_pem(certificate, key)


def test_a_key_shows_nothing_of_itself() -> None:
    """Printing a key shows its certificate's fingerprint and no key material."""
    assert "private" not in repr(citizen().key)


@pytest.mark.parametrize("name", ["http://www.w3.org/2001/04/xmldsig-more#rsa-sha256", "1.2.840.113549.1.1.11"])
def test_algorithms_are_found_by_uri_and_by_oid(name: str) -> None:
    """One algorithm, two names."""
    assert algorithms.signature(name).uri == algorithms.RSA_SHA256


@pytest.mark.parametrize(
    "name",
    [
        "http://www.w3.org/2000/09/xmldsig#rsa-sha1",
        "http://www.w3.org/2001/04/xmldsig-more#rsa-sha1",
        "1.2.840.113549.1.1.5",
    ],
)
def test_sha_1_is_known_and_refused(name: str) -> None:
    """RSA with SHA-1 is refused by name, not as unknown."""
    with pytest.raises(AlgorithmNotAllowed, match=r"rsa-sha1 is refused: SHA-1 is broken"):
        algorithms.signature(name)
    with pytest.raises(AlgorithmNotAllowed, match=r"sha1 is refused"):
        algorithms.digest("http://www.w3.org/2001/04/xmldsig-more#sha1")


@pytest.mark.parametrize(
    "name",
    [
        "http://www.w3.org/2000/09/xmldsig#hmac-sha1",
        "http://www.w3.org/2001/04/xmldsig-more#hmac-sha256",
        "",
        "x" * 9999,
    ],
)
def test_unknown_algorithms_are_refused(name: str) -> None:
    """What is not registered is refused; the text stays short."""
    with pytest.raises(AlgorithmNotAllowed, match="unknown signature algorithm") as caught:
        algorithms.signature(name)
    assert len(str(caught.value)) < 200


def test_an_algorithm_takes_its_own_kind_of_key_only() -> None:
    """A key of another kind and a weak key are refused before any verification."""
    certificate = citizen().certificate
    with pytest.raises(AlgorithmNotAllowed, match="does not go with"):
        algorithms.signature_for_key(algorithms.RSA_SHA256, "1.2.398.3.10.1.1.2.2", certificate.spki)
    weak = issue("weak", nca(), Template(bits=1024)).certificate
    with pytest.raises(AlgorithmNotAllowed, match="1024 bits"):
        algorithms.signature_for_key(algorithms.RSA_SHA256, weak.key_oid, weak.spki)
    with pytest.raises(AlgorithmNotAllowed, match="not readable"):
        algorithms.signature_for_key(algorithms.RSA_SHA256, weak.key_oid, b"no key")


def test_other_families_register_themselves(monkeypatch: pytest.MonkeyPatch) -> None:
    """A family registered from outside is found under all its names, and its keys are loaded by its own loader."""
    for registry in ("_DIGESTS", "_SIGNATURES"):
        monkeypatch.setattr(algorithms, registry, dict(getattr(algorithms, registry)))
    monkeypatch.setattr(keys, "_LOADERS", {})
    algorithms.register_digest(DigestAlgorithm("urn:d", "1.2.3", lambda data: data[:1]))
    algorithms.register_signature(
        SignatureAlgorithm(
            "urn:s", "1.2.4", frozenset({"1.2.5"}), lambda _key, data, value: data == value, aliases=("1.2.6",)
        )
    )
    assert algorithms.digest("1.2.3").compute(b"abc") == b"a"
    assert algorithms.signature_for_key("1.2.6", "1.2.5", b"").verify(b"", b"x", b"x")
    with pytest.raises(KeyUnusable, match="not supported"):
        load_pem(citizen().pem, citizen().key_pem)
    keys.register_loader(
        citizen().certificate.key_oid,
        lambda certificate, _pkcs8: RsaSigningKey(certificate, citizen().private),
    )
    assert load_pem(citizen().pem, citizen().key_pem).certificate == citizen().certificate
