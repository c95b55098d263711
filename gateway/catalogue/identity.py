"""Whether the person who signed is the person who applies."""

from dataclasses import dataclass

from gateway.catalogue import phrases
from gateway.catalogue.findings import Finding
from gateway.texts import Text


@dataclass(frozen=True, slots=True, repr=False)
class Parties:
    """Who applies, as far as the application says it; an IIN that could not be read is None."""

    applicant_iin: str | None = None
    representative_iin: str | None = None
    represented: bool = False
    """Whether the application names a representative."""


def compare(parties: Parties, certificate_iin: str | None) -> tuple[Finding, ...]:
    """Return what is wrong between those who apply and the one who signed.

    The applicant signs, or the representative where one is named. By what document the representative acts stands in
    the form and is attached; whether it is valid the provider decides. An IIN that could not be read has its own
    finding already and is not compared.

    Args:
        parties: who applies.
        certificate_iin: IIN of the certificate that signed first; None if it names no person.
    """
    applicant, representative = parties.applicant_iin, parties.representative_iin
    findings = []
    if representative is not None and representative == applicant:
        findings.append(_finding(phrases.OWN_REPRESENTATIVE, "representative/iin"))
    if certificate_iin is None:
        findings.append(_finding(phrases.NO_IIN, None))
    elif parties.represented:
        if representative not in {None, certificate_iin}:
            findings.append(_finding(phrases.OTHER_REPRESENTATIVE, "representative/iin"))
    elif applicant not in {None, certificate_iin}:
        findings.append(_finding(phrases.OTHER_SIGNER, "applicant/iin"))
    return tuple(findings)


def _finding(text: Text, where: str | None) -> Finding:
    return Finding("applicant.identity", text, where)
