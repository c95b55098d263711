"""`qaqpa eds` as an operator uses it: files in, a verdict and an exit code out."""

import asyncio
import base64
import json
import subprocess
import sys
from dataclasses import replace
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from cryptography import x509
from cryptography.x509.oid import AuthorityInformationAccessOID
from lxml import etree
from typer.testing import CliRunner, Result

from gateway.cli import cli
from gateway.clock import utc_now
from gateway.eds import enveloped, wsse
from gateway.eds.cms import sign as cms_sign
from gateway.eds.dsig import DS
from gateway.eds.gost.suites import GOST_2015_512
from gateway.eds.report import certificate_lines, printable
from gateway.eds.verdict import Defect, Indication, Reason
from gateway.eds.verifier import Verifier
from gateway.eds.wording import DEFECTS, INDICATIONS, REASONS
from tests.support import crl, eds, gost, ocsp, tsa

AT = eds.AT.isoformat()
DOCUMENT = "<өтініш><мәтін>қақпа</мәтін></өтініш>".encode()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "anchors").mkdir()
    (tmp_path / "anchors" / "nca.pem").write_bytes(eds.nca().pem)
    (tmp_path / "citizen.pem").write_bytes(eds.citizen().pem)
    (tmp_path / "citizen.key").write_bytes(eds.citizen().key_pem)
    (tmp_path / "document").write_bytes(DOCUMENT)
    return tmp_path


def _run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(cli, ["eds", *map(str, arguments)], input="")


def _verify(folder: Path, content: bytes, *options: str | Path) -> tuple[int, dict[str, Any]]:
    (folder / "signed").write_bytes(content)
    revocation = () if "--revocation" in options else ("--revocation", "off")
    done = _run(
        "verify", folder / "signed", "--anchors", folder / "anchors", "--at", AT, "--json", *revocation, *options
    )
    assert done.exit_code < 3, done.stderr
    return done.exit_code, json.loads(done.stdout)


def _envelope() -> bytes:
    root = etree.fromstring(f'<s:Envelope xmlns:s="{eds.SOAP}"><s:Body><a>1</a></s:Body></s:Envelope>')
    return wsse.sign(root, eds.citizen().key)


def test_the_kind_is_told_by_the_content(folder: Path) -> None:
    """Enveloped XML, a SOAP envelope and CMS in three encodings are told apart, verified, and what they cover said."""
    message = cms_sign.sign(DOCUMENT, eds.citizen().key, at=eds.AT)
    for content, kind, what in (
        (enveloped.sign(DOCUMENT, eds.citizen().key), "xml", "the whole document"),
        (_envelope(), "soap", "soap:Body"),
        (message, "cms", "the content"),
        (base64.b64encode(message), "cms", "the content"),
        (b"-----BEGIN CMS-----\n" + base64.encodebytes(message) + b"-----END CMS-----\n", "cms", "the content"),
    ):
        code, verdict = _verify(folder, content)
        assert (code, verdict["verdict"], verdict["kind"]) == (0, "VALID", kind)
        assert verdict["covered"]["what"] == what
        assert verdict["signers"][0]["iin"] == "123456789011"
        assert verdict["signers"][0]["bin"] is None
        assert verdict["signers"][0]["roles"] == ["individual"]


def test_what_is_wrong_is_said(folder: Path) -> None:
    """A changed document: exit code 1, the reason in JSON, nothing covered."""
    code, verdict = _verify(folder, enveloped.sign(DOCUMENT, eds.citizen().key).replace("қақпа".encode(), b"x"))
    assert (code, verdict["verdict"], verdict["reasons"]) == (1, "INVALID", ["HASH_FAILURE"])
    assert verdict["covered"] is None
    assert verdict["signers"][0]["findings"][0]["detail"]


def test_a_message_signed_by_nobody_known_is_not_valid(folder: Path) -> None:
    """A SOAP envelope whose signer no anchor vouches for is INVALID: this command knows no registrations."""
    stranger = eds.issue("БӨТЕН", eds.issue("БӨТЕН ҰКО", template=eds.CA))
    root = etree.fromstring(f'<s:Envelope xmlns:s="{eds.SOAP}"><s:Body><a>1</a></s:Body></s:Envelope>')
    code, verdict = _verify(folder, wsse.sign(root, stranger.key))
    assert (code, verdict["reasons"]) == (1, ["NO_CERTIFICATE_CHAIN_FOUND"])


def test_malformed_signatures_are_invalid(folder: Path) -> None:
    """What looks like XML or CMS and is none has a verdict."""
    for content in (b"<a><b></a>", b"<a/>", b"\x30\x82\x01\x00", b"<!DOCTYPE a><a/>"):
        code, verdict = _verify(folder, content)
        assert (code, verdict["verdict"]) == (1, "INVALID")
        assert verdict["reasons"] in (["FORMAT_FAILURE"], ["SIGNATURE_MISSING"])


def test_detached_signatures(folder: Path) -> None:
    """A detached signature is verified over the file that is named, and undetermined without it."""
    message = cms_sign.sign(DOCUMENT, eds.citizen().key, at=eds.AT, detached=True)
    assert _verify(folder, message, "--detached", folder / "document")[0] == 0
    code, verdict = _verify(folder, message)
    assert (code, verdict["verdict"], verdict["reasons"]) == (2, "INDETERMINATE", ["SIGNED_DATA_NOT_FOUND"])
    (folder / "document").write_bytes(b"another")
    assert _verify(folder, message, "--detached", folder / "document")[0] == 1


def test_revocation_is_asked_unless_turned_off(folder: Path) -> None:
    """Without a word about revocation it is asked; nobody can be asked here, so the answer is undetermined."""
    (folder / "signed").write_bytes(enveloped.sign(DOCUMENT, eds.citizen().key))
    done = _run("verify", folder / "signed", "--anchors", folder / "anchors", "--at", AT, "--json")
    assert (done.exit_code, json.loads(done.stdout)["reasons"]) == (2, ["TRY_LATER"])
    done = _run("verify", folder / "signed", "--anchors", folder / "anchors", "--at", AT)
    assert REASONS[Reason.TRY_LATER].ru in done.stdout


def test_lists_are_looked_into(folder: Path) -> None:
    """A list of the issuer answers: VALID, or REVOKED with the date; one that has expired is left out, and told."""
    signed = enveloped.sign(DOCUMENT, eds.citizen().key)
    serial = eds.citizen().certificate.serial_number
    good, bad, old = folder / "good.crl", folder / "bad.crl", folder / "old.crl"
    good.write_bytes(crl.revocation_list(eds.nca()))
    bad.write_bytes(crl.revocation_list(eds.nca(), [crl.Revoked(serial, reason=crl.KEY_COMPROMISE)]))
    old.write_bytes(crl.revocation_list(eds.nca(), (), crl.ListTemplate(eds.BEFORE, eds.BEFORE + timedelta(days=1))))
    code, verdict = _verify(folder, signed, "--revocation", "crl", "--crl", good)
    assert (code, verdict["signers"][0]["revocation"][0]["state"]) == (0, "GOOD")
    code, verdict = _verify(folder, signed, "--revocation", "crl", "--crl", bad)
    assert (code, verdict["reasons"]) == (1, ["REVOKED"])
    code, verdict = _verify(folder, signed, "--revocation", "crl", "--crl", old)
    assert (code, verdict["reasons"]) == (2, ["TRY_LATER"])
    arguments = ("verify", folder / "signed", "--anchors", folder / "anchors", "--at", AT, "--revocation", "crl")
    assert "expired" in _run(*arguments, "--crl", old).stderr
    unreadable = _run(*arguments, "--crl", folder / "document")
    assert (unreadable.exit_code, unreadable.stderr.count("\n")) == (3, 1)


async def test_the_responder_is_asked(folder: Path) -> None:
    """`--revocation ocsp` asks the responder that the certificate names, over the network."""
    now = utc_now()  # answers must be fresh by the machine's clock
    lasting = eds.Template(not_after=now + timedelta(days=1))
    responder = eds.issue("OCSP ҚАЗІР", eds.nca(), replace(ocsp.RESPONDER, not_after=lasting.not_after))
    async with ocsp.serving() as server:
        location = x509.UniformResourceIdentifier(server.url)
        access = x509.AccessDescription(AuthorityInformationAccessOID.OCSP, location)
        extra = ((x509.AuthorityInformationAccess([access]), False),)
        signed = enveloped.sign(DOCUMENT, eds.issue("АЗАМАТ", eds.nca(), replace(lasting, extra=extra)).key)
        for status, code, state in ((ocsp.GOOD, 0, "GOOD"), (ocsp.REVOKED, 1, "REVOKED"), (ocsp.UNKNOWN, 2, "UNKNOWN")):
            reply = ocsp.Reply(status, this_update=utc_now().replace(microsecond=0), since=eds.AT - timedelta(days=3))
            server.behave = partial(ocsp.respond, signer=responder, reply=reply)
            found, verdict = await asyncio.to_thread(_verify, folder, signed, "--revocation", "ocsp")
            assert found == code, verdict
            assert verdict["signers"][0]["revocation"][0]["state"] == state


def test_a_time_stamp_is_shown(folder: Path) -> None:
    """A stamped signature says since when it stands; judged years later it is still VALID."""
    message = cms_sign.sign(DOCUMENT, eds.citizen().key, at=eds.AT)
    token = tsa.Tsa.rsa().token(tsa.signature_value(message), at=eds.AT)
    late = (eds.AFTER + timedelta(days=400)).isoformat()
    code, verdict = _verify(folder, cms_sign.add_time_stamp(message, 0, token), "--at", late)
    assert (code, verdict["signers"][0]["time_stamp"]) == (0, eds.AT.isoformat())


def test_reasons_in_three_languages(folder: Path) -> None:
    """For people every reason stands in Kazakh, Russian and English, or in the one language asked for."""
    (folder / "signed").write_bytes(enveloped.sign(DOCUMENT, eds.citizen().key).replace("қақпа".encode(), b"x"))
    arguments = ("verify", folder / "signed", "--anchors", folder / "anchors", "--at", AT, "--revocation", "off")
    done = _run(*arguments)
    wording, verdict = REASONS[Reason.HASH_FAILURE], INDICATIONS[Indication.INVALID]
    assert done.exit_code == 1
    for sentence in (wording.kk, wording.ru, wording.en, verdict.kk, verdict.ru, verdict.en, "IIN: 123456789011"):
        assert sentence in done.stdout
    kazakh = _run(*arguments, "--lang", "kk").stdout
    assert wording.kk in kazakh
    assert wording.ru not in kazakh


def test_every_reason_has_words() -> None:
    """No reason and no verdict is without its sentence in each of the languages."""
    assert REASONS.keys() == set(Reason)
    assert DEFECTS.keys() == set(Defect)
    assert INDICATIONS.keys() == set(Indication)
    for wording in (*REASONS.values(), *DEFECTS.values(), *INDICATIONS.values()):
        assert all(text.endswith(".") for text in (wording.kk, wording.ru, wording.en))


@pytest.mark.parametrize(
    "arguments",
    [
        ("verify",),
        ("verify", "missing"),
        ("verify", "document", "--revocation", "sometimes"),
        ("verify", "document", "--anchors", "missing"),
        ("verify", "document", "--anchors", "anchors", "--at", "yesterday"),
        ("verify", "document", "--anchors", "anchors", "--detached", "document"),
        ("verify", "citizen.key", "--anchors", "anchors"),
        ("cert", "document"),
        ("cert", "missing"),
        ("sign", "cms", "document"),
        ("sign", "pdf", "document", "--key", "citizen.key"),
        ("sign", "xml", "document", "--key", "citizen.key"),
        ("sign", "xml", "citizen.key", "--key", "citizen.key", "--certificate", "citizen.pem"),
        ("sign", "xml", "document", "--key", "citizen.key", "--certificate", "citizen.pem", "--detached"),
        ("anchors", "list", "missing"),
        ("nonsense",),
    ],
    ids=" ".join,
)
def test_unusable_input(folder: Path, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...]) -> None:
    """Wrong usage and unreadable input end with exit code 3 and one line that says what is wrong."""
    monkeypatch.chdir(folder)
    done = _run(*arguments)
    assert done.exit_code == 3
    assert done.stderr.startswith("qaqpa: ")
    assert done.stderr.count("\n") == 1
    assert done.stdout == ""


def test_sign_and_verify(folder: Path) -> None:
    """What `eds sign` makes, in every form and with a second signer, `eds verify` finds VALID."""
    (folder / "envelope").write_bytes(f'<s:Envelope xmlns:s="{eds.SOAP}"><s:Body/></s:Envelope>'.encode())
    key = ("--key", folder / "citizen.key", "--certificate", folder / "citizen.pem", "--out", folder / "out")
    for form, source, options in (
        ("xml", "document", ()),
        ("soap", "envelope", ()),
        ("cms", "document", ()),
        ("cms", "document", ("--detached",)),
    ):
        done = _run("sign", form, folder / source, *key, *options)
        assert done.exit_code == 0, done.stderr
        detached = ("--detached", folder / "document") if options else ()
        code, verdict = _verify(folder, (folder / "out").read_bytes(), *detached)
        assert (code, verdict["kind"]) == (0, form)
    (folder / "first").write_bytes((folder / "out").read_bytes())
    assert _run("sign", "cms", folder / "document", *key, "--beside", folder / "first").exit_code == 0
    code, verdict = _verify(folder, (folder / "out").read_bytes(), "--detached", folder / "document")
    assert (code, len(verdict["signers"])) == (0, 2)


def test_gost_keys_sign(folder: Path) -> None:
    """A GOST-2015 key in PEM, together with its certificate in one file, signs as well."""
    citizen = gost.citizen(GOST_2015_512)
    (folder / "anchors" / "gost.pem").write_bytes(gost.nca(GOST_2015_512).pem)
    (folder / "gost.pem").write_bytes(citizen.key_pem + citizen.pem)
    (folder / "gost.key").write_bytes(citizen.key_pem)
    done = _run(
        *("sign", "cms", folder / "document", "--key", folder / "gost.key"),
        *("--certificate", folder / "gost.pem", "--out", folder / "out"),
    )
    assert done.exit_code == 0, done.stderr
    code, verdict = _verify(folder, (folder / "out").read_bytes())
    assert (code, verdict["signers"][0]["algorithm"]) == (0, GOST_2015_512.signature_oid)


async def test_sign_with_a_time_stamp(folder: Path) -> None:
    """`--tsa` asks an authority and puts its stamp beside the signature."""

    async def answer(request: web.Request) -> web.Response:
        return web.Response(body=tsa.Tsa.rsa().response(await request.read(), at=eds.AT))

    app = web.Application()
    app.router.add_post("/", answer)
    async with TestServer(app) as server:
        done = await asyncio.to_thread(
            _run,
            *("sign", "cms", folder / "document", "--key", folder / "citizen.key"),
            *("--certificate", folder / "citizen.pem", "--out", folder / "out", "--tsa", str(server.make_url("/"))),
        )
    assert done.exit_code == 0, done.stderr
    code, verdict = await asyncio.to_thread(_verify, folder, (folder / "out").read_bytes())
    assert (code, verdict["signers"][0]["time_stamp"]) == (0, eds.AT.isoformat())


def test_a_certificate_is_shown(folder: Path) -> None:
    """PEM, DER and bare base64 are read; holder, roles, usage, purpose, validity and fingerprints are shown."""
    certificate = eds.citizen().certificate
    (folder / "der").write_bytes(certificate.der)
    (folder / "base64").write_bytes(base64.encodebytes(certificate.der))
    for name in ("citizen.pem", "der", "base64"):
        found = json.loads(_run("cert", folder / name, "--json").stdout)
        assert (found["iin"], found["sha256"]) == ("123456789011", certificate.sha256)
        assert found["may_sign_documents"] is True
    shown = _run("cert", folder / "citizen.pem").stdout
    for text in ("ТЕСТОВ ТЕСТ", "individual", "nonRepudiation", "signs documents", certificate.sha256, "RSA"):
        assert text in shown
    assert "certification authority" in _run("cert", folder / "anchors" / "nca.pem").stdout


def test_names_cannot_drive_the_terminal() -> None:
    """Control characters of a name are shown as numbers, not obeyed."""
    assert printable("\x1b[2Jа\u202eб") == "\\u001b[2Jа\\u202eб"
    issued = eds.issue("\x1b[31mҚЫЗЫЛ", eds.nca())
    assert "\x1b" not in "".join(certificate_lines(issued.certificate))


def test_anchors_are_imported_and_listed(folder: Path) -> None:
    """`--yes` imports CA certificates, whose fingerprints are shown; `list` names them; again changes nothing."""
    (folder / "ca.der").write_bytes(eds.nca().certificate.der)
    (folder / "root.pem").write_bytes(eds.root().pem)
    into = folder / "trusted"
    for _ in range(2):
        done = _run("anchors", "import", folder / "ca.der", folder / "root.pem", "--into", into, "--yes")
        assert done.exit_code == 0, done.stderr
        assert eds.nca().certificate.sha256 in done.stdout
    listed = json.loads(_run("anchors", "list", into, "--json").stdout)
    assert {one["sha256"] for one in listed["certificates"]} == {
        eds.nca().certificate.sha256,
        eds.root().certificate.sha256,
    }
    assert len(list(into.iterdir())) == 2
    assert eds.root().certificate.sha256 in _run("anchors", "list", into).stdout


def test_anchors_are_not_imported_unasked(folder: Path) -> None:
    """Without `--yes` and without a yes nothing is written."""
    into = folder / "trusted"
    assert _run("anchors", "import", folder / "anchors" / "nca.pem", "--into", into).exit_code == 3
    refused = CliRunner().invoke(
        cli, ["eds", "anchors", "import", str(folder / "anchors" / "nca.pem"), "--into", str(into)], input="n\n"
    )
    assert refused.exit_code == 3
    assert not into.exists()
    accepted = CliRunner().invoke(
        cli, ["eds", "anchors", "import", str(folder / "anchors" / "nca.pem"), "--into", str(into)], input="y\n"
    )
    assert accepted.exit_code == 0


def test_only_authorities_become_anchors(folder: Path) -> None:
    """A citizen's certificate, a private key and a forged root are refused, and nothing is written."""
    own_issuer = eds.issue("ӨЗІ", template=eds.CA)
    broken = bytearray(own_issuer.certificate.der)
    broken[-1] ^= 1
    (folder / "forged.cer").write_bytes(bytes(broken))
    (folder / "with.key.pem").write_bytes(eds.nca().pem + eds.nca().key_pem)
    into = folder / "trusted"
    for name, why in (("citizen.pem", "not a CA"), ("with.key.pem", "private key"), ("forged.cer", "signed itself")):
        done = _run("anchors", "import", folder / name, "--into", into, "--yes")
        assert done.exit_code == 3
        assert why in done.stderr
    assert not into.exists()


def test_a_fault_of_the_program_is_no_verdict(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An error nobody foresaw ends with a code of its own: Python's own would say "not valid"."""

    def broken(*_arguments: object, **_named: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(Verifier, "enveloped", broken)
    (folder / "signed").write_bytes(enveloped.sign(DOCUMENT, eds.citizen().key))
    done = _run("verify", folder / "signed", "--anchors", folder / "anchors", "--at", AT, "--revocation", "off")
    assert done.exit_code == 4
    assert "ZeroDivisionError" in done.stderr


def test_the_installed_command(folder: Path) -> None:
    """The program itself, as a process: JSON on standard output, the verdict as exit code."""
    (folder / "signed").write_bytes(enveloped.sign(DOCUMENT, eds.citizen().key))
    done = subprocess.run(
        [
            *(sys.executable, "-m", "gateway.cli", "eds", "verify", str(folder / "signed"), "--at", AT, "--json"),
            *("--anchors", str(folder / "anchors"), "--revocation", "crl"),
        ],
        capture_output=True,
        check=False,
    )
    assert done.returncode == 2
    assert json.loads(done.stdout)["reasons"] == ["TRY_LATER"]


@pytest.mark.parametrize("form", ["der", "base64", "pem", "pem after a byte order mark"])
def test_every_armour_of_a_message(folder: Path, form: str) -> None:
    """A CMS message is read in DER, base64 and PEM, whatever line ends and byte order mark an editor left."""
    message = cms_sign.sign(DOCUMENT, eds.citizen().key, at=eds.AT)
    packed = base64.encodebytes(message).replace(b"\n", b"\r\n")
    pem = b"-----BEGIN PKCS7-----\r\n" + packed + b"-----END PKCS7-----\r\n"
    forms = {"der": message, "base64": packed, "pem": pem, "pem after a byte order mark": b"\xef\xbb\xbf" + pem}
    assert _verify(folder, forms[form])[0] == 0


def test_a_message_that_is_none_is_malformed(folder: Path) -> None:
    """A message cut short, and a certificate in place of one, are INVALID under the code for broken ASN.1."""
    for content in (cms_sign.sign(DOCUMENT, eds.citizen().key, at=eds.AT)[:200], eds.citizen().certificate.der):
        code, verdict = _verify(folder, content)
        assert (code, verdict["codes"]) == (1, ["MALFORMED_ASN1"])


def test_a_certificate_named_by_issuer_and_number(folder: Path) -> None:
    """A message of ShEP names its certificate only; with `--certificate` it is found, without it is not."""
    root = etree.fromstring(_envelope())
    reference = next(root.iter("{*}SecurityTokenReference"))
    reference.remove(reference[0])
    certificate = eds.citizen().certificate
    data = etree.SubElement(reference, f"{{{DS}}}X509Data")
    named = etree.SubElement(data, f"{{{DS}}}X509IssuerSerial")
    etree.SubElement(named, f"{{{DS}}}X509IssuerName").text = certificate.issuer
    etree.SubElement(named, f"{{{DS}}}X509SerialNumber").text = str(certificate.serial_number)
    raw = etree.tostring(root)
    assert _verify(folder, raw, "--certificate", folder / "citizen.pem")[0] == 0
    code, verdict = _verify(folder, raw)
    assert (code, verdict["codes"]) == (1, ["NO_SIGNING_CERTIFICATE_FOUND"])
