"""Assessing a received application: its signature, its form, the person (DESIGN.md section 3, steps 4 and 5)."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Self

from gateway.cases.services import Offer
from gateway.catalogue import phrases
from gateway.catalogue.application import Application
from gateway.catalogue.findings import Finding
from gateway.catalogue.form import NotOurPayload, Reading, check_root, read_application
from gateway.catalogue.identity import compare
from gateway.catalogue.service import Service
from gateway.eds.enveloped import claimed
from gateway.eds.verdict import Indication, Reason, Verdict
from gateway.eds.verifier import RevocationStatus, Verifier
from gateway.faults import Code, Detail, GatewayFault
from gateway.texts import Text

Step = Callable[[str, float], None]
"""Told the name of a step and how many seconds it took."""


@dataclass(frozen=True, slots=True)
class Assessment:
    """What a received application is worth. Without findings and not delayed, it can be registered."""

    reading: int
    """Which reading of the message is the signed document."""
    form: Reading = field(repr=False)
    """What the form says, as far as it could be read."""
    findings: tuple[Finding, ...]
    delayed: bool
    """Revocation could not be asked."""
    names_files: bool
    """Files that it does not hold, but names, are still to be fetched."""
    signer_iin: str | None = field(repr=False)
    """Of whoever signed first, if it is a person."""
    verdict: str
    """The indication on the signatures."""
    reasons: tuple[str, ...]
    facts: dict[str, object]
    """For the evidence."""

    @property
    def application(self) -> Application:
        """What was read. Raises ValueError where something was found wrong with the form."""
        if self.form.application is None:
            raise ValueError("an application with findings has no reading")
        return self.form.application

    def but(self, finding: Finding) -> Self:
        """Return the assessment with one finding more."""
        return replace(self, findings=(*self.findings, finding), delayed=False)


async def assess(verifier: Verifier, offer: Offer, readings: Sequence[bytes], at: datetime, step: Step) -> Assessment:
    """Verify and read an application as of `at`.

    What is read is what was signed: the form is read from the canonical bytes that the signature covers.

    Raises:
        GatewayFault: nobody can be trusted to be the citizen (SCE016, SCE017), or it is no application (SCE001).
    """
    started, service = time.perf_counter(), offer.service
    index, verdict = await _verify(verifier, readings, at)
    verified = time.perf_counter()
    step("applicant_verify", verified - started)
    if verdict.indication is Indication.INVALID:
        _raise_if_untrusted(service, readings, verdict)
    if verdict.signed is None:
        raise _not_covered()
    try:
        form = read_application(service, verdict.signed, now=at, channel=offer.channel)
    except NotOurPayload as error:
        raise _not_ours(service) from error
    findings = (
        *_certificate_findings(verdict),
        *form.findings,
        *_signatory_findings(verdict, offer, form),
        *file_findings(offer, form),
    )
    delayed = not findings and verdict.indication is Indication.INDETERMINATE
    step("checks", time.perf_counter() - verified)
    reasons = tuple(sorted(reason.value for reason in verdict.reasons))
    first = verdict.signers[0].certificate if verdict.signers else None
    return Assessment(
        reading=index,
        form=form,
        findings=findings,
        delayed=delayed,
        names_files=form.application is not None and form.application.names_files,
        signer_iin=first.iin if first is not None else None,
        verdict=verdict.indication.value,
        reasons=reasons,
        facts=facts(verdict),
    )


async def _verify(verifier: Verifier, readings: Sequence[bytes], at: datetime) -> tuple[int, Verdict]:
    """Return the reading whose signature is intact, or the last one with what is wrong with it."""
    if not readings:
        raise _empty()
    for index, document in enumerate(readings):  # noqa: B007  the last index is the answer
        verdict = await verifier.enveloped(document, at=at)
        if verdict.signed is not None:
            break
    return index, verdict


_CERTIFICATE: dict[Reason, Finding] = {
    Reason.EXPIRED: Finding(
        "applicant.certificate.expired",
        Text(
            kk="ЭЦҚ куәлігінің мерзімі өтіп кеткен. Жаңа куәлік алып, өтінішті қайта жіберіңіз.",
            ru="Срок действия сертификата ЭЦП истёк. Получите новый сертификат и подайте заявление ещё раз.",
        ),
    ),
    Reason.NOT_YET_VALID: Finding(
        "applicant.certificate.not_yet_valid",
        Text(
            kk="ЭЦҚ куәлігі әлі күшіне енген жоқ. Күшіне енген соң өтінішті қайта жіберіңіз.",
            ru="Сертификат ЭЦП ещё не вступил в силу. Подайте заявление ещё раз, когда он вступит в силу.",
        ),
    ),
    Reason.REVOKED: Finding(
        "applicant.certificate.revoked",
        Text(
            kk="ЭЦҚ куәлігі кері қайтарылған. Жаңа куәлік алып, өтінішті қайта жіберіңіз.",
            ru="Сертификат ЭЦП отозван. Получите новый сертификат и подайте заявление ещё раз.",
        ),
    ),
    Reason.CHAIN_CONSTRAINTS_FAILURE: Finding(
        "applicant.certificate.not_for_signing",
        Text(
            kk="Бұл ЭЦҚ куәлігі құжатқа қол қоюға арналмаған. Қол қоюға арналған кілтті таңдап, қайта жіберіңіз.",
            ru="Этот сертификат ЭЦП не предназначен для подписания. Выберите ключ для подписи и подайте ещё раз.",
        ),
    ),
}
_NOT_INDIVIDUAL = Finding(
    "applicant.certificate.not_individual",
    Text(
        kk="Өтінішке жеке тұлғаның ЭЦҚ-сымен қол қою керек.",
        ru="Заявление должно быть подписано ЭЦП физического лица.",
    ),
)


def _raise_if_untrusted(service: Service, readings: Sequence[bytes], verdict: Verdict) -> None:
    """Raise unless all that is wrong is the state of a certificate whose holder is known."""
    others = verdict.reasons - _CERTIFICATE.keys() - {Reason.TRY_LATER}
    not_for_signing = all(
        signer.certificate is not None and signer.certificate.for_signing()
        for signer in verdict.signers
        if any(finding.reason is Reason.CHAIN_CONSTRAINTS_FAILURE for finding in signer.findings)
    )
    if not others and not_for_signing:
        return
    try:
        check_root(service, claimed(readings[0]))
    except NotOurPayload as error:
        raise _not_ours(service) from error
    if Reason.SIGNATURE_MISSING in verdict.reasons:
        raise _unsigned()
    raise GatewayFault(
        Code.APPLICANT_SIGNATURE,
        Detail("applicant.signature", "; ".join(sorted(_details(verdict))) or "the signature is invalid"),
        Text(
            kk="Өтініш берушінің ЭЦҚ-сы жарамсыз. Өтінішке қайта қол қойып жіберіңіз.",
            ru="ЭЦП заявителя недействительна. Подпишите заявление заново и отправьте ещё раз.",
        ),
    )


def _details(verdict: Verdict) -> set[str]:
    findings = [*verdict.findings, *(finding for signer in verdict.signers for finding in signer.findings)]
    return {f"{finding.code}: {finding.detail}" for finding in findings}


def _certificate_findings(verdict: Verdict) -> tuple[Finding, ...]:
    return tuple(_CERTIFICATE[reason] for reason in _CERTIFICATE if reason in verdict.reasons)


def _signatory_findings(verdict: Verdict, offer: Offer, form: Reading) -> tuple[Finding, ...]:
    """Return what is wrong with who signed: the citizen signs first, others countersign.

    At the counter of a body whose BIN is registered (PSC), its clerk may sign instead of the applicant.
    """
    first = verdict.signers[0].certificate if verdict.signers else None
    if first is not None and offer.signer_bin is not None and first.bin == offer.signer_bin:
        return ()
    if first is None or first.iin is None:
        return (_NOT_INDIVIDUAL,)
    return compare(form.parties, first.iin)


def file_findings(offer: Offer, form: Reading) -> tuple[Finding, ...]:
    """Return a finding for each file that is only named, where files cannot be fetched."""
    attachments = form.application.attachments if form.application is not None else ()
    named = [index for index, one in enumerate(attachments, start=1) if one.file_id is not None]
    if offer.fetches_files:
        return ()
    return tuple(
        Finding(
            "applicant.documents", phrases.document(index, phrases.NO_STORAGE), f"documents/document[{index}]/fileId"
        )
        for index in named
    )


def facts(verdict: Verdict) -> dict[str, object]:
    """Return what a verdict says and rests on, for the evidence."""
    return {
        "verdict": verdict.indication.value,
        "reasons": sorted(reason.value for reason in verdict.reasons),
        "certificates": [signer.certificate.sha256 for signer in verdict.signers if signer.certificate],
        "algorithms": [signer.signature_algorithm for signer in verdict.signers],
        "revocation": [[_answered(status) for status in signer.revocation] for signer in verdict.signers],
    }


def _answered(status: RevocationStatus) -> dict[str, object]:
    """Name the answer and, by their digests, its proofs, which the store keeps."""
    return {
        "state": status.state.value,
        "source": status.source.value if status.source else None,
        "this_update": status.this_update.isoformat() if status.this_update else None,
        "proofs": [proof.sha256 for proof in status.proofs],
    }


def _unsigned() -> GatewayFault:
    return GatewayFault(
        Code.APPLICANT_UNSIGNED,
        Detail("applicant.unsigned", "The application carries no enveloped signature of the applicant."),
        Text(kk="Өтінішке ЭЦҚ-мен қол қойылмаған.", ru="Заявление не подписано ЭЦП."),
    )


def _not_covered() -> GatewayFault:
    return GatewayFault(
        Code.APPLICANT_SIGNATURE,
        Detail("applicant.signature", "The signature does not cover the application."),
        Text(kk="ЭЦҚ өтінішті қамтымайды.", ru="ЭЦП не охватывает заявление."),
    )


def _empty() -> GatewayFault:
    return GatewayFault(
        Code.FORMAT,
        Detail("client.empty_data", "The message has no business data: put the signed application into <data>."),
        Text(kk="Хабарламада өтініш жоқ.", ru="В сообщении нет заявления."),
    )


def _not_ours(service: Service) -> GatewayFault:
    return GatewayFault(
        Code.FORMAT,
        Detail(
            "client.payload", f"The business data must be an application for {service.id} (see its application.xsd)."
        ),
        Text(kk="Өтініштің пішімі бұл қызметке сәйкес келмейді.", ru="Формат заявления не соответствует этой услуге."),
    )
