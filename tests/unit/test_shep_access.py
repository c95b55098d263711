"""Who is let in: every pairing of sender, password and certificate, and every verdict on the signature."""

from pathlib import Path

import pytest

from gateway.eds.certificate import Certificate, CertificateUnreadable
from gateway.eds.verdict import Finding, Indication, Reason, Signer, Verdict
from gateway.faults import Code, GatewayFault
from gateway.shep.access import admit
from gateway.shep.messages import MessagesQuery, Request, Sender, StatusQuery
from gateway.shep.senders import Senders
from tests.support.shep_gateway import PASSWORD, registry, sender
from tests.support.shep_parties import NOW, party

PORTAL = party("portal").certificate
UNSIGNED = Verdict(Indication.INVALID, (Finding(Reason.SIGNATURE_MISSING, "none"),))


def verdict(*reasons: Reason, certificate: Certificate | None = PORTAL) -> Verdict:
    """Return a verdict on one signature: valid, or invalid for the reasons."""
    indication = Indication.INVALID if reasons else Indication.VALID
    findings = tuple(Finding(reason, "") for reason in reasons)
    return Verdict(indication, signers=(Signer(certificate, indication, findings),))


def query(sender_id: str = "portal", password: str | None = PASSWORD) -> Request:
    """Return a request of a sender."""
    return StatusQuery("1", NOW, Sender(sender_id, password))


def test_registered_sender() -> None:
    """The right sender, password and certificate are admitted, and the certificate is known."""
    admitted = admit(query(), verdict(), registry())

    assert (admitted.sender.id, admitted.certificate) == ("portal", PORTAL)


@pytest.mark.parametrize("sender_id", ["psc-1", "psc-2"])
def test_shared_certificate(sender_id: str) -> None:
    """Systems that share a certificate are told apart by id and password."""
    admitted = admit(query(sender_id), verdict(certificate=party("psc").certificate), registry())

    assert admitted.sender.id == sender_id


def test_registered_unsigned_sender() -> None:
    """A sender that is registered to send unsigned is admitted by its password."""
    admitted = admit(query("akim"), UNSIGNED, registry())

    assert (admitted.sender.id, admitted.certificate) == ("akim", None)


@pytest.mark.parametrize(
    ("message", "judged", "code"),
    [
        (query("nobody"), verdict(), Code.SERVICE),
        (query("", ""), verdict(), Code.SERVICE),
        (query("portal", "wrong"), verdict(), Code.SERVICE),
        (query("portal", None), verdict(), Code.SERVICE),
        (query(), verdict(certificate=party("psc").certificate), Code.SERVICE),
        (MessagesQuery("S"), verdict(certificate=party("psc").certificate), Code.SERVICE),
        (MessagesQuery("S"), verdict(certificate=party("shep").certificate), Code.SERVICE),
        (query(), UNSIGNED, Code.TRANSPORT_UNSIGNED),
        (query("nobody"), UNSIGNED, Code.TRANSPORT_UNSIGNED),
        (query("akim", "wrong"), UNSIGNED, Code.TRANSPORT_UNSIGNED),
        (MessagesQuery("S"), UNSIGNED, Code.TRANSPORT_UNSIGNED),
        (query(), verdict(Reason.EXPIRED), Code.TRANSPORT_CERTIFICATE),
        (query(), verdict(Reason.NOT_YET_VALID), Code.TRANSPORT_CERTIFICATE),
        (query("nobody"), verdict(Reason.EXPIRED), Code.TRANSPORT_CERTIFICATE),
        (query(), verdict(Reason.HASH_FAILURE), Code.TRANSPORT_SIGNATURE),
        (query(), verdict(Reason.HASH_FAILURE, Reason.EXPIRED), Code.TRANSPORT_SIGNATURE),
        (query("nobody", "wrong"), verdict(Reason.SIG_CRYPTO_FAILURE), Code.TRANSPORT_SIGNATURE),
        (query("akim"), verdict(Reason.HASH_FAILURE), Code.TRANSPORT_SIGNATURE),
        (query(), verdict(certificate=None), Code.TRANSPORT_SIGNATURE),
        (query(), Verdict(Indication.VALID), Code.TRANSPORT_SIGNATURE),
        (query(), Verdict(Indication.INDETERMINATE), Code.TRANSPORT_SIGNATURE),
    ],
)
def test_refused(message: Request, judged: Verdict, code: Code) -> None:
    """Everybody else is refused, for the signature first, and nothing but VALID counts as signed."""
    with pytest.raises(GatewayFault) as caught:
        admit(message, judged, registry())
    assert caught.value.code is code


def test_certificates_are_read_from_files(tmp_path: Path) -> None:
    """The registry reads the certificates that the settings name."""
    path = party("portal").files(tmp_path)[0]
    configured = sender("portal").model_copy(update={"certificates": (path,)})

    senders = Senders.load([configured], [party("shep").files(tmp_path / "shep")[0]])

    assert set(senders.certificates) == {PORTAL, party("shep").certificate}
    assert senders.authenticate(Sender("portal", PASSWORD), PORTAL).id == "portal"


def test_unreadable_certificate(tmp_path: Path) -> None:
    """A file that holds no certificate stops the start, instead of leaving a sender that can never come in."""
    path = tmp_path / "x.pem"
    path.write_text("nothing")

    with pytest.raises(CertificateUnreadable):
        Senders.load([sender("portal").model_copy(update={"certificates": (path,)})])


def test_passwords_are_not_kept() -> None:
    """The registry keeps no password."""
    assert PASSWORD not in repr(vars(registry()))
