"""Whether the person who signed is the person who applies."""

from gateway.catalogue import phrases
from gateway.catalogue.application import Application
from gateway.catalogue.findings import Finding
from gateway.texts import Text


def identity_findings(application: Application, certificate_iin: str | None) -> tuple[Finding, ...]:
    """Compare the IIN of the signer's certificate with the application.

    The applicant signs, or the representative where one is named. What document the representative acts by stands in
    the form and is attached; whether it is valid the provider decides.

    Args:
        application: the application as read.
        certificate_iin: IIN of the certificate that signed first; None if it names no person.
    """
    applicant, representative = application.applicant, application.representative
    findings = []
    if representative is not None and representative.iin == applicant.iin:
        findings.append(_finding(phrases.OWN_REPRESENTATIVE, "representative/iin"))
    if certificate_iin is None:
        findings.append(_finding(phrases.NO_IIN, None))
    elif representative is None and certificate_iin != applicant.iin:
        findings.append(_finding(phrases.OTHER_SIGNER, "applicant/iin"))
    elif representative is not None and certificate_iin != representative.iin:
        findings.append(_finding(phrases.OTHER_REPRESENTATIVE, "representative/iin"))
    return tuple(findings)


def _finding(text: Text, where: str | None) -> Finding:
    return Finding("applicant.identity", text, where)
