"""What we sign is accepted by an independent implementation, OpenSSL with the gost engine, and the other way round.

How labels and byte order are brought together is said in `tests.support.gost_openssl`.
"""

import base64
import os
import re
import subprocess
from pathlib import Path
from xml.etree.ElementTree import canonicalize

import pytest

from gateway.eds import enveloped
from gateway.eds.anchors import Anchors
from gateway.eds.cms import sign
from gateway.eds.gost.keys import PrivateKey, PublicKey, digest
from gateway.eds.gost.suites import GOST_2015_256, GOST_2015_512, SUITES, Suite
from gateway.eds.verdict import Indication, Reason
from gateway.eds.verifier import Verifier
from tests.support import cms, eds, gost
from tests.support.gost_openssl import (
    accepts,
    kazakh_message,
    require_engine,
    run,
    russian_certificate,
    russian_message,
)

_suites = pytest.mark.parametrize("suite", SUITES, ids=lambda suite: suite.name)


@pytest.fixture(scope="module", autouse=True)
def _engine() -> None:
    require_engine()


@_suites
def test_openssl_accepts_our_signatures(suite: Suite, tmp_path: Path) -> None:
    """Signatures of ours over random digests verify in OpenSSL, and a digest with one bit changed does not."""
    key = PrivateKey.generate(suite)
    for _ in range(5):
        value = os.urandom(suite.curve.size)
        signature = key.sign_digest(value)
        assert accepts(key, value, signature, tmp_path)
        assert not accepts(key, bytes([value[0] ^ 1]) + value[1:], signature, tmp_path)


@pytest.mark.parametrize(
    ("suite", "name"), [(GOST_2015_256, "md_gost12_256"), (GOST_2015_512, "md_gost12_512")], ids=["256", "512"]
)
def test_openssl_computes_our_digests(suite: Suite, name: str, tmp_path: Path) -> None:
    """Streebog digests of data of many lengths are OpenSSL's. (Its GOST 34.11-94 has another S-box.)"""
    for size in (0, 1, 63, 64, 65, 5000):
        data = os.urandom(size)
        (tmp_path / "data").write_bytes(data)
        command = f"openssl dgst -engine gost -{name} -binary data"
        done = subprocess.run(command.split(), cwd=tmp_path, capture_output=True, check=True)
        assert done.stdout == digest(suite, data)


_CONTENT = "Өтініш\r\n".encode() + bytes(range(256)) * 20
_of_2015 = pytest.mark.parametrize(
    ("suite", "algorithm"),
    [(GOST_2015_256, "gost2012_256 -pkeyopt paramset:TCA"), (GOST_2015_512, "gost2012_512 -pkeyopt paramset:A")],
    ids=["256", "512"],
)
"""GOST-2004 is left out of messages: the engine's GOST 34.11-94 has CryptoPro's S-box, ours the test one."""


_SIGN = (
    "cms -sign -engine gost -binary -nodetach -in content -signer signer.pem -inkey key.pem -outform DER -out message"
)
_VERIFY = "cms -verify -engine gost -binary -inform DER -in message -certfile signer.pem -nointern -noverify"


@_of_2015
@pytest.mark.parametrize("detached", [False, True], ids=["attached", "detached"])
def test_openssl_accepts_our_messages(suite: Suite, algorithm: str, tmp_path: Path, *, detached: bool) -> None:
    """`openssl cms -verify` takes our CMS with other labels on it: the signed attributes are as we signed them."""
    del algorithm
    key = gost.citizen(suite).key
    document = russian_message(sign.sign(_CONTENT, key, at=eds.AT, detached=detached), suite)
    verify = f"{_VERIFY} -content content" if detached else _VERIFY
    for name, octets in (
        ("message", document),
        ("content", _CONTENT),
        ("signer.pem", russian_certificate(key.certificate)),
    ):
        (tmp_path / name).write_bytes(octets)
    assert run(tmp_path, verify).stdout == _CONTENT
    another_key = gost.issue(key.certificate, PrivateKey.generate(suite).public, gost.nca(suite).private)
    (tmp_path / "signer.pem").write_bytes(russian_certificate(another_key))
    assert run(tmp_path, verify).returncode != 0


@_of_2015
def test_openssl_refuses_another_content(suite: Suite, algorithm: str, tmp_path: Path) -> None:
    """The control: our detached signature, relabelled in the same way, does not go with a changed content."""
    del algorithm
    key = gost.citizen(suite).key
    (tmp_path / "message").write_bytes(russian_message(sign.sign(_CONTENT, key, at=eds.AT, detached=True), suite))
    (tmp_path / "signer.pem").write_bytes(russian_certificate(key.certificate))
    (tmp_path / "content").write_bytes(_CONTENT[:-1] + b"x")
    assert run(tmp_path, f"{_VERIFY} -content content").returncode != 0


@_of_2015
@pytest.mark.parametrize("attributes", ["", " -noattr"], ids=["attributes", "bare"])
def test_we_accept_openssls_messages(suite: Suite, algorithm: str, attributes: str, tmp_path: Path) -> None:
    """What `openssl cms -sign` makes with the engine is VALID with our labels on it, and not once it is changed."""
    (tmp_path / "content").write_bytes(_CONTENT)
    for command in (
        f"genpkey -engine gost -algorithm {algorithm} -out key.pem",
        "req -engine gost -x509 -new -key key.pem -subj /CN=signer -out signer.pem",
        "pkey -engine gost -in key.pem -pubout -outform DER -out public.der",
        f"{_SIGN}{attributes}",
    ):
        assert run(tmp_path, command).returncode == 0, command
    # the point is the end of either SubjectPublicKeyInfo, in the same byte order
    point = (tmp_path / "public.der").read_bytes()[-2 * suite.curve.size :]
    public = PublicKey(suite, point)
    certificate = gost.issue(eds.citizen().certificate, public, gost.nca(suite).private)
    message = kazakh_message((tmp_path / "message").read_bytes(), certificate, suite)
    by = Verifier(Anchors.of([gost.nca(suite).certificate]))
    verdict = cms.judge(message, by=by)
    assert verdict.indication is Indication.VALID
    assert verdict.signed == _CONTENT
    changed = message.replace(_CONTENT[:20], b"x" * 20)
    assert cms.judge(changed, by=by).reasons <= {Reason.HASH_FAILURE, Reason.SIG_CRYPTO_FAILURE}
    assert cms.judge(changed, by=by).indication is Indication.INVALID


@_of_2015
@pytest.mark.parametrize("by_id", [False, True], ids=["whole", "part"])
def test_openssl_accepts_our_xml(suite: Suite, algorithm: str, tmp_path: Path, *, by_id: bool) -> None:
    """Digest and signature of an XML document are OpenSSL's, over what Python's own canonicalisation makes of it.

    The labels of XML are inside what is signed and must stay, so the engine is given the canonical bytes.
    """
    key = gost.citizen(suite)
    plain = '<r><f Id="part" b="1" a="2"><iin>123456789011</iin>\n<empty/>қ &amp; &lt;</f></r>'
    document = (eds.sign_part if by_id else enveloped.sign)(plain.encode(), key.key).decode()
    name = {"gost2012_256": "md_gost12_256", "gost2012_512": "md_gost12_512"}[algorithm.split(maxsplit=1)[0]]
    signed = canonicalize(_between(plain, "<f ", "</f>") if by_id else plain)
    assert base64.b64encode(_digest(name, signed, tmp_path)).decode() == _text(document, "DigestValue")
    info = _between(document, "<ds:SignedInfo>", "</ds:SignedInfo>")
    scope = 'xmlns:ds="http://www.w3.org/2000/09/xmldsig#"'
    digest_value = _digest(name, canonicalize(info.replace("<ds:SignedInfo>", f"<ds:SignedInfo {scope}>")), tmp_path)
    value = base64.b64decode(_text(document, "SignatureValue"))
    assert accepts(key.private, digest_value, value, tmp_path)
    assert not accepts(key.private, digest_value[::-1], value, tmp_path)


def _digest(name: str, text: str, folder: Path) -> bytes:
    (folder / "data").write_bytes(text.encode())
    return run(folder, f"dgst -engine gost -{name} -binary data").stdout


def _between(text: str, start: str, end: str) -> str:
    return start + text.partition(start)[2].partition(end)[0] + end


def _text(document: str, name: str) -> str:
    found = re.search(f"<ds:{name}>([^<]*)</ds:{name}>", document)
    assert found is not None
    return found[1]
