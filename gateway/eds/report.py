"""Verdicts and certificates written down for people and programs."""

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any, Final

from gateway.clock import local
from gateway.eds.algorithms import RSA_KEY_OID, RSA_SHA256
from gateway.eds.certificate import Certificate
from gateway.eds.gost.suites import SUITES
from gateway.eds.kinds import Kind
from gateway.eds.verdict import Finding, Signer, Verdict
from gateway.eds.wording import INDICATIONS, Language, Wording, wording_of

Json = dict[str, Any]
_COVERED: Final = {
    Kind.XML: "the whole document",
    Kind.SOAP: "soap:Body",
    Kind.CMS: "the content",
}

_NAMES: Final = {
    RSA_KEY_OID: "RSA",
    RSA_SHA256: "RSA with SHA-256",
    "1.2.840.113549.1.1.11": "RSA with SHA-256",
    "1.2.840.113549.1.1.5": "RSA with SHA-1",
    **{name: suite.name for suite in SUITES for name in (suite.key_oid, suite.signature_oid, suite.signature_uri)},
}


def algorithm_name(name: str) -> str:
    """Return what people call an algorithm, with its URI or OID."""
    return f"{_NAMES[name]} ({name})" if name in _NAMES else name


def verdict_json(verdict: Verdict, kind: Kind, at: datetime, *, revocation: str) -> Json:
    """Return a verdict as JSON: `at` is the instant of judgement, `revocation` the policy by which it was asked."""
    return {
        "kind": kind.value,
        "verdict": verdict.indication.value,
        "reasons": sorted(reason.value for reason in verdict.reasons),
        "codes": sorted(verdict.codes),
        "findings": _findings_json(verdict.findings),
        "judged_at": at.isoformat(),
        "revocation": revocation,
        "covered": _covered_json(verdict, kind),
        "signers": [_signer_json(signer) for signer in verdict.signers],
    }


def certificate_json(certificate: Certificate) -> Json:
    """Return the NCA RK profile of a certificate as JSON."""
    return {
        "subject": certificate.subject,
        "issuer": certificate.issuer,
        "common_name": certificate.common_name,
        "surname": certificate.surname,
        "patronymic": certificate.patronymic,
        "organization": certificate.organization,
        "iin": certificate.iin,
        "bin": certificate.bin,
        "roles": _roles(certificate),
        "key_usage": sorted(usage.value for usage in certificate.key_usage),
        "extended_key_usage": sorted(certificate.extended_key_usage),
        "policies": sorted(certificate.policies),
        "key_store": certificate.key_store,
        "serial_number": f"{certificate.serial_number:x}",
        "not_before": certificate.not_before.isoformat(),
        "not_after": certificate.not_after.isoformat(),
        "algorithm": certificate.key_oid,
        "signature_algorithm": certificate.signature_oid,
        "authority": certificate.is_ca,
        "may_sign_documents": not certificate.for_signing(),
        "sha1": hashlib.sha1(certificate.der, usedforsecurity=False).hexdigest(),
        "sha256": certificate.sha256,
    }


def verdict_lines(
    verdict: Verdict, kind: Kind, at: datetime, *, revocation: str, languages: Sequence[Language]
) -> Iterator[str]:
    """Yield a verdict as lines of text."""
    yield f"{verdict.indication.value}"
    yield from _sentences(INDICATIONS[verdict.indication], languages)
    yield from _finding_lines(verdict.findings, languages)
    for number, signer in enumerate(verdict.signers, start=1):
        yield f"signer {number} of {len(verdict.signers)}: {signer.indication.value}"
        yield from _signer_lines(signer, languages)
    yield _line("covered", _covered(verdict, kind) or "nothing: no signature stands for any content")
    yield _line("judged as of", f"{local(at):%Y-%m-%d %H:%M:%S %z}")
    yield _line("revocation", "not asked" if revocation == "off" else f"asked: {revocation}")


def certificate_lines(certificate: Certificate) -> Iterator[str]:
    """Yield the NCA RK profile of a certificate as lines of text."""
    yield _line("subject", certificate.subject)
    yield from _holder_lines(certificate)
    for label, value in (
        ("issuer", certificate.issuer),
        ("serial number", f"{certificate.serial_number:x}"),
        ("valid", f"{local(certificate.not_before):%Y-%m-%d} until {local(certificate.not_after):%Y-%m-%d}"),
        ("key usage", ", ".join(sorted(usage.value for usage in certificate.key_usage))),
        ("policies", ", ".join(sorted(certificate.policies))),
        ("key store", certificate.key_store),
        ("key", algorithm_name(certificate.key_oid)),
        ("signed with", algorithm_name(certificate.signature_oid)),
        ("purpose", _purpose(certificate)),
        ("SHA-256", certificate.sha256),
        ("SHA-1", hashlib.sha1(certificate.der, usedforsecurity=False).hexdigest()),
    ):
        if value:
            yield _line(label, value)


def printable(text: str) -> str:
    """Return a text without control characters: a certificate's names may hold any, and terminals obey them."""
    return "".join(character if character.isprintable() else f"\\u{ord(character):04x}" for character in text)


def _covered(verdict: Verdict, kind: Kind) -> str | None:
    if verdict.signed is None:
        return None
    return "one element of the document, by its Id" if verdict.of_part else _COVERED[kind]


def _covered_json(verdict: Verdict, kind: Kind) -> Json | None:
    if verdict.signed is None:
        return None
    return {
        "what": _covered(verdict, kind),
        "bytes": len(verdict.signed),
        "sha256": hashlib.sha256(verdict.signed).hexdigest(),
    }


def _signer_json(signer: Signer) -> Json:
    certificate = signer.certificate
    return {
        "verdict": signer.indication.value,
        "reasons": sorted({finding.reason.value for finding in signer.findings}),
        "findings": _findings_json(signer.findings),
        "iin": certificate.iin if certificate else None,
        "bin": certificate.bin if certificate else None,
        "roles": _roles(certificate) if certificate else [],
        "algorithm": signer.signature_algorithm,
        "time_stamp": signer.stamped_at.isoformat() if signer.stamped_at else None,
        "revocation": [
            {
                "state": status.state.value,
                "detail": status.detail,
                "source": status.source.value if status.source else None,
                "as_of": status.this_update.isoformat() if status.this_update else None,
            }
            for status in signer.revocation
        ],
        "certificate": certificate_json(certificate) if certificate else None,
    }


def _findings_json(findings: Iterable[Finding]) -> list[Json]:
    return [{"reason": finding.reason.value, "code": finding.code, "detail": finding.detail} for finding in findings]


def _roles(certificate: Certificate) -> list[str]:
    return sorted(role.name.lower() for role in certificate.roles)


def _signer_lines(signer: Signer, languages: Sequence[Language]) -> Iterator[str]:
    certificate = signer.certificate
    if certificate is not None:
        yield from _holder_lines(certificate)
        until = f"{local(certificate.not_before):%Y-%m-%d} until {local(certificate.not_after):%Y-%m-%d}"
        yield _line("certificate", f"{until}, SHA-256 {certificate.sha256}")
    if signer.signature_algorithm:
        yield _line("algorithm", algorithm_name(signer.signature_algorithm))
    if signer.stamped_at:
        yield _line("time stamp", f"{local(signer.stamped_at):%Y-%m-%d %H:%M:%S %z}; judged as of then")
    yield from _finding_lines(signer.findings, languages)


def _holder_lines(certificate: Certificate) -> Iterator[str]:
    names = (certificate.common_name, certificate.patronymic, certificate.organization)
    for label, value in (
        ("name", ", ".join(name for name in names if name)),
        ("IIN", certificate.iin),
        ("BIN", certificate.bin),
        ("roles", ", ".join(role.replace("_", " ") for role in _roles(certificate))),
    ):
        if value:
            yield _line(label, value)


def _finding_lines(findings: Iterable[Finding], languages: Sequence[Language]) -> Iterator[str]:
    for finding in findings:
        yield _line(finding.code, finding.detail)
        yield from _sentences(wording_of(finding), languages)


def _sentences(wording: Wording, languages: Sequence[Language]) -> Iterator[str]:
    for language in languages:
        yield _line("", wording.in_language(language))


def _line(label: str, value: str) -> str:
    return printable(f"  {label}: {value}" if label else f"    {value}")


def _purpose(certificate: Certificate) -> str:
    if certificate.is_ca:
        return "certification authority"
    if not certificate.for_time_stamping():
        return "time stamps"
    why = "; ".join(finding.detail for finding in certificate.for_signing())
    return f"not for signing documents: {why}" if why else "signs documents"
