"""Anchors, and paths to them."""

from datetime import timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.x509.oid import ObjectIdentifier

from gateway.eds import chain
from gateway.eds.anchors import Anchors, AnchorsUnusable
from gateway.eds.chain import Chains
from gateway.eds.verdict import Reason
from tests.support.eds import AFTER, AT, CA, ISSUE, SHARED, Issued, Template, citizen, issue, nca, root


def _chains(*anchors: Issued) -> Chains:
    return Chains(Anchors.of(anchor.certificate for anchor in anchors))


def test_an_issuing_ca_is_anchor_enough() -> None:
    """Any configured CA ends the path, self-signed or not; the path stops at the first."""
    leaf = citizen().certificate
    assert _chains(nca()).path(leaf) == (leaf, nca().certificate)
    assert _chains(nca(), root()).path(leaf) == (leaf, nca().certificate)


def test_an_intermediate_may_come_with_the_message() -> None:
    """With the root alone, the issuing CA of the message completes the path; without it there is none."""
    leaf = citizen().certificate
    assert _chains(root()).path(leaf) is None
    expected = (leaf, nca().certificate, root().certificate)
    assert _chains(root()).path(leaf, [citizen("ДРУГОЙ").certificate, nca().certificate]) == expected


def test_names_alone_make_no_path() -> None:
    """A CA of the same name with another key is no issuer, with key identifiers or without."""
    for key_identifiers in (True, False):
        same_name = "CN=ОДИН"
        real = issue(same_name, template=Template(ca=True, usage=ISSUE, extended=(), key_name="real"))
        other = Template(ca=True, usage=ISSUE, extended=(), key_name="other", key_identifiers=key_identifiers)
        impostor = issue(same_name, template=other)
        leaf = issue("leaf", impostor, Template(key_identifiers=key_identifiers)).certificate
        assert _chains(real).path(leaf) is None
        assert _chains(real, impostor).path(leaf) == (leaf, impostor.certificate)


def test_the_same_key_under_another_name_is_no_issuer() -> None:
    """The issuer's name must be the subject's issuer (RFC 5280 section 6.1.3)."""
    renamed = issue("another name", template=Template(ca=True, usage=ISSUE, extended=(), key_name="shared"))
    issuer = issue("a name", template=Template(ca=True, usage=ISSUE, extended=(), key_name="shared"))
    assert _chains(renamed).path(issue("leaf", issuer).certificate) is None


def _under(template: Template) -> tuple[Issued, Issued]:
    intermediate = issue("intermediate", root(), template)
    return intermediate, issue("leaf", intermediate)


@pytest.mark.parametrize(
    "template",
    [
        Template(usage=ISSUE),
        Template(ca=True, usage=("crl_sign",)),
        Template(
            ca=True, usage=ISSUE, extra=((x509.UnrecognizedExtension(ObjectIdentifier("1.2.3"), b"\x05\x00"), True),)
        ),
        Template(ca=True, usage=ISSUE, bits=1024),
    ],
    ids=["not a CA", "no keyCertSign", "unknown critical extension", "weak key"],
)
def test_an_unfit_intermediate_makes_no_path(template: Template) -> None:
    """An intermediate must be a CA, may sign certificates, is understood, and has a strong key."""
    intermediate, leaf = _under(template)
    assert _chains(root()).path(leaf.certificate, [intermediate.certificate]) is None


def test_path_length_is_kept() -> None:
    """A CA with path length 0 issues no CAs (RFC 5280 section 4.2.1.9)."""
    intermediate = issue("intermediate", nca(), CA)
    leaf = issue("leaf", intermediate).certificate
    assert _chains(nca()).path(leaf, [intermediate.certificate]) is None


def test_a_leaf_issues_nothing() -> None:
    """A certificate signed with a citizen's key leads nowhere."""
    forged = issue("forged", citizen()).certificate
    assert _chains(nca()).path(forged, [citizen().certificate]) is None


def test_very_long_paths_are_not_followed() -> None:
    """More than five certificates above the signer's are not followed."""
    links = [root()]
    for number in range(6):
        links.append(issue(f"link {number}", links[-1], Template(ca=True, usage=ISSUE, extended=(), key_name="link")))
    leaf = issue("leaf", links[-1]).certificate
    assert _chains(links[0]).path(leaf, [link.certificate for link in links[1:]]) is None
    assert _chains(links[3]).path(leaf, [link.certificate for link in links[4:]]) is not None


def test_cas_that_certify_each_other_end() -> None:
    """A ring of CAs is searched once, and leads nowhere."""
    one = issue("ring one", template=CA)
    two = issue("ring two", one, CA)
    back = issue("ring one", two, CA)
    leaf = issue("leaf", two).certificate
    assert _chains(root()).path(leaf, [one.certificate, two.certificate, back.certificate]) is None


def test_dates_of_the_whole_path_are_judged_anew() -> None:
    """A remembered path is judged at the instant asked: the anchor's dates count too."""
    short = issue("short-lived", template=Template(ca=True, usage=ISSUE, extended=(), not_after=AT + timedelta(days=1)))
    leaf = issue("leaf", short).certificate
    chains = _chains(short)
    for _ in range(2):
        path = chains.path(leaf)
        assert path is not None
        assert chain.judge(path, AT) == ()
        assert [finding.reason for finding in chain.judge(path, AT + timedelta(days=2))] == [Reason.EXPIRED]
        later = chain.judge(path, AFTER + timedelta(days=1))
        assert [finding.reason for finding in later] == [Reason.EXPIRED, Reason.EXPIRED]
        assert later[1].detail.startswith("the issuer's certificate")


def test_anchors_are_read_from_a_folder(tmp_path: Path) -> None:
    """PEM, several in one file, and DER are read; other files may lie beside; the version follows the content."""
    (tmp_path / "both.pem").write_bytes(b"root and NCA\n" + root().pem + nca().pem)
    (tmp_path / "again.cer").write_bytes(nca().certificate.der)
    (tmp_path / "README.md").write_text("what these are")
    anchors = Anchors.load(tmp_path)
    assert set(anchors.certificates) == {root().certificate, nca().certificate}
    assert anchors.version == Anchors.of([nca().certificate, root().certificate]).version
    assert anchors.version != Anchors.of([nca().certificate]).version


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.pem", b""),
        ("a.pem", b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"),
        ("a.txt", b"nothing of use"),
        ("a.der", b"0" * 1_000_001),
    ],
)
def test_a_bad_folder_is_refused(tmp_path: Path, name: str, content: bytes) -> None:
    """An unreadable file, or none of use, is refused: nothing is trusted half."""
    (tmp_path / name).write_bytes(content)
    with pytest.raises(AnchorsUnusable):
        Anchors.load(tmp_path)


def test_a_private_key_or_a_citizen_is_no_anchor(tmp_path: Path) -> None:
    """A private key in the folder and a certificate that is not a CA's are refused, the file named; no folder too."""
    (tmp_path / "nca.pem").write_bytes(nca().pem)
    (tmp_path / "other.key").write_bytes(nca().key_pem)
    with pytest.raises(AnchorsUnusable, match=r"other\.key holds a private key"):
        Anchors.load(tmp_path)
    (tmp_path / "other.key").unlink()
    (tmp_path / "citizen.pem").write_bytes(citizen().pem)
    with pytest.raises(AnchorsUnusable, match="not a CA's"):
        Anchors.load(tmp_path)
    with pytest.raises(AnchorsUnusable, match="cannot read"):
        Anchors.load(tmp_path / "absent")


@pytest.mark.skipif(not SHARED.is_dir(), reason="compares with the reference data")
def test_ncas_rsa_chain_holds() -> None:
    """NCA's production RSA issuing CA leads to its root of 2020 and to no root of the same name from 2015."""
    folder = Anchors.load(SHARED / "pki" / "ca" / "prod")
    by_print = {certificate.sha256[:8]: certificate for certificate in folder.certificates}
    issuing, new_root, old_root = by_print["84fb799a"], by_print["9ba06354"], by_print["a7064abc"]
    assert chain.issued(new_root, issuing)
    assert not chain.issued(old_root, issuing)
    assert chain.issued(old_root, by_print["34d1b311"])
