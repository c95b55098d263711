"""CMS signatures and time stamps between us and foreign programs: OpenSSL for RSA, asn1crypto's reading for GOST."""

import shutil
import subprocess
from datetime import timedelta
from pathlib import Path

import pytest
from asn1crypto import cms as asn1
from asn1crypto import tsp

from gateway.clock import utc_now
from gateway.eds.algorithms import RSA_KEY_OID
from gateway.eds.anchors import Anchors
from gateway.eds.cms import message, sign
from gateway.eds.gost.keys import PublicKey
from gateway.eds.gost.suites import SUITES, Suite
from gateway.eds.timestamp.query import Query, StampRefused, StampUnacceptable
from gateway.eds.verdict import Indication, Reason
from gateway.eds.verifier import Verifier
from tests.support import eds, gost, tsa
from tests.support.cms import judge
from tests.support.eds import unavailable

CONTENT = "Өтініш\r\n".encode() + bytes(range(256)) * 20


@pytest.fixture(autouse=True)
def _openssl() -> None:
    if shutil.which("openssl") is None:
        unavailable("no openssl program on this machine")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "content").write_bytes(CONTENT)
    (tmp_path / "nca.pem").write_bytes(eds.nca().pem)
    for name, who in (("citizen", eds.citizen()), ("second", eds.citizen("ЕКІНШІ", "123456789012"))):
        (tmp_path / f"{name}.pem").write_bytes(who.pem)
        (tmp_path / f"{name}.key").write_bytes(who.key_pem)
    return tmp_path


def _run(folder: Path, *arguments: str, code: int = 0) -> bytes:
    done = subprocess.run(["openssl", *arguments], cwd=folder, capture_output=True, check=False)
    assert done.returncode == code, done.stderr.decode()
    return done.stdout


_VERIFY = (
    *("cms", "-verify", "-binary", "-inform", "DER", "-in", "message", "-CAfile", "nca.pem", "-partial_chain"),
    *("-purpose", "any", "-attime", str(int(eds.AT.timestamp())), "-cades"),
)


def test_openssl_accepts_what_we_sign(folder: Path) -> None:
    """Attached, detached and by two signers: OpenSSL verifies chain, attributes and the certificate named in them."""
    attached = sign.sign(CONTENT, eds.citizen().key, at=eds.AT)
    (folder / "message").write_bytes(attached)
    assert _run(folder, *_VERIFY) == CONTENT
    second = eds.citizen("ЕКІНШІ", "123456789012").key
    (folder / "message").write_bytes(sign.add_signer(attached, second, at=eds.AT))
    assert _run(folder, *_VERIFY) == CONTENT
    (folder / "message").write_bytes(sign.sign(CONTENT, eds.citizen().key, at=eds.AT, detached=True))
    assert _run(folder, *_VERIFY, "-content", "content") == CONTENT
    (folder / "content").write_bytes(CONTENT + b".")
    _run(folder, *_VERIFY, "-content", "content", code=4)  # the referee does refuse


_SIGN = ("cms", "-sign", "-binary", "-in", "content", "-signer", "citizen.pem", "-inkey", "citizen.key")


@pytest.mark.parametrize(
    "options",
    [
        ("-nodetach",),
        ("-nodetach", "-cades"),
        ("-nodetach", "-keyid"),
        ("-nodetach", "-noattr"),
        ("-nodetach", "-nosmimecap"),
        ("-nodetach", "-stream"),
        ("-nodetach", "-certfile", "nca.pem"),
        ("-nodetach", "-signer", "second.pem", "-inkey", "second.key"),
        ("-outform", "DER"),
    ],
    ids=" ".join,
)
@pytest.mark.parametrize("form", ["DER", "PEM"])
def test_we_accept_what_openssl_signs(folder: Path, options: tuple[str, ...], form: str) -> None:
    """OpenSSL's messages in all its layouts, streamed with indefinite lengths among them, are VALID."""
    document = _run(folder, *_SIGN, "-md", "sha256", *options, "-outform", form)
    detached = None if "-nodetach" in options else CONTENT
    verdict = judge(document, detached)
    assert verdict.indication is Indication.VALID
    assert verdict.signed == CONTENT
    assert len(verdict.signers) == options.count("-signer") + 1


def test_openssls_streamed_messages_are_ber(folder: Path) -> None:
    """The streamed layout that the test above relies on has indefinite lengths and a content in pieces."""
    document = _run(folder, *_SIGN, "-md", "sha256", "-nodetach", "-stream", "-outform", "DER")
    assert document[:2] == b"\x30\x80"
    assert b"\x24\x80\x04\x82" in document


def test_what_openssl_signs_with_sha1_is_refused(folder: Path) -> None:
    """SHA-1, in whatever layout, is refused by name."""
    document = _run(folder, *_SIGN, "-md", "sha1", "-nodetach", "-outform", "DER")
    assert judge(document).reasons == {Reason.CRYPTO_CONSTRAINTS_FAILURE}
    assert message.read(document).signers[0].signature_oid in {RSA_KEY_OID, "1.2.840.113549.1.1.5"}


@pytest.mark.parametrize("suite", SUITES, ids=lambda suite: suite.name)
def test_gost_messages_are_read_by_another_library(suite: Suite) -> None:
    """asn1crypto reads our GOST message as we meant it; the signature is over the DER SET as it encodes it."""
    document = sign.sign(CONTENT, gost.citizen(suite).key, at=eds.AT)
    signed = asn1.ContentInfo.load(document, strict=True)["content"]
    (signer,) = signed["signer_infos"]
    assert signed["encap_content_info"]["content"].native == CONTENT
    assert signer["sid"].chosen["serial_number"].native == gost.citizen(suite).certificate.serial_number
    kinds = {attribute["type"].native for attribute in signer["signed_attrs"]}
    assert kinds == {"content_type", "signing_time", "message_digest", "signing_certificate_v2"}
    assert signer["signature_algorithm"]["algorithm"].dotted == suite.signature_oid
    key = PublicKey.from_spki(gost.citizen(suite).certificate.spki)
    der_set = signer["signed_attrs"].untag().dump(force=True)
    assert key.verify(der_set, signer["signature"].native)
    assert judge(document, by=Verifier(Anchors.of([gost.nca(suite).certificate]))).indication is Indication.VALID


_TSA = f"""
[tsa]
default_tsa = authority
[authority]
serial = serial
crypto_device = builtin
signer_cert = tsa.pem
signer_key = tsa.key
signer_digest = sha256
default_policy = {tsa.POLICY}
digests = sha256, sha384
accuracy = secs:1
ordering = yes
tsa_name = yes
ess_cert_id_chain = no
ess_cert_id_alg = sha256
"""


@pytest.fixture
def openssl_tsa(folder: Path) -> Path:
    now = utc_now()  # OpenSSL stamps with the machine's clock: its certificate must be current then
    template = eds.Template(
        usage=("digital_signature",),
        extended=(),
        extra=tsa.STAMPING.extra,
        not_before=now - timedelta(days=1),
        not_after=now + timedelta(days=1),
    )
    authority = eds.issue("УАҚЫТ БЕЛГІСІ", eds.nca(), template)
    (folder / "tsa.pem").write_bytes(authority.pem)
    (folder / "tsa.key").write_bytes(authority.key_pem)
    (folder / "serial").write_text("01\n")
    (folder / "tsa.cnf").write_text(_TSA)
    return folder


def _reply(folder: Path, query: Query) -> bytes:
    (folder / "query").write_bytes(query.der())
    _run(folder, "ts", "-reply", "-config", "tsa.cnf", "-queryfile", "query", "-out", "response")
    return (folder / "response").read_bytes()


def test_openssl_answers_our_question(openssl_tsa: Path) -> None:
    """OpenSSL reads our question, stamps it, and accepts with us that the stamp answers it."""
    document = sign.sign(CONTENT, eds.citizen().key, at=eds.AT)
    query = Query.about(tsa.signature_value(document), tsa.SHA256, tsa.POLICY)
    response = _reply(openssl_tsa, query)
    shown = _run(openssl_tsa, "ts", "-query", "-in", "query", "-text").decode()
    assert f"Policy OID: {tsa.POLICY}" in shown
    assert "Certificate required: yes" in shown
    token = query.accept(response)
    assert abs(token.statement.instant - utc_now()) < timedelta(minutes=5)
    stamped = sign.add_time_stamp(document, 0, token.der)
    now = utc_now()
    verdict = judge(stamped, at=now, by=tsa.verifier())
    assert verdict.signers[0].stamped_at == token.statement.instant
    assert not verdict.reasons & {Reason.TIMESTAMP_FAILURE}


def test_openssl_refuses_another_question(openssl_tsa: Path) -> None:
    """A digest the authority does not take is refused with badAlg; the answer to another question is not taken."""
    refused = Query(b"", "1.2.398.3.10.1.3.3", bytes(64), 1, None)
    with pytest.raises(StampRefused, match="badAlg"):
        refused.accept(_reply(openssl_tsa, refused))
    query = Query.about(b"one", tsa.SHA256)
    with pytest.raises(StampUnacceptable):
        Query.about(b"two", tsa.SHA256).accept(_reply(openssl_tsa, query))


def test_a_stamped_message_stays_readable(openssl_tsa: Path) -> None:
    """With the stamp beside it, OpenSSL still verifies our message, and another library finds the token in it."""
    document = sign.sign(CONTENT, eds.citizen().key, at=eds.AT)
    query = Query.about(tsa.signature_value(document), tsa.SHA256)
    stamped = sign.add_time_stamp(document, 0, query.accept(_reply(openssl_tsa, query)).der)
    (openssl_tsa / "message").write_bytes(stamped)
    assert _run(openssl_tsa, *_VERIFY) == CONTENT
    (signer,) = asn1.ContentInfo.load(stamped)["content"]["signer_infos"]
    (attribute,) = signer["unsigned_attrs"]
    assert attribute["type"].native == "signature_time_stamp_token"
    (token,) = attribute["values"]
    statement = tsp.TSTInfo.load(token["content"]["encap_content_info"]["content"].parsed.dump())
    assert statement["nonce"].native == query.nonce
