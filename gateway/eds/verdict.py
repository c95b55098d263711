"""The answer of a signature verification: a verdict with reasons, never a bool.

Names follow ETSI EN 319 102-1 V1.3.1, section 5.1.3 (indications and sub-indications).
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

    from gateway.eds.certificate import Certificate
    from gateway.eds.revocation import RevocationStatus


class Indication(StrEnum):
    """Main status of a validation."""

    VALID = "VALID"  # ETSI: TOTAL-PASSED
    INVALID = "INVALID"  # ETSI: TOTAL-FAILED
    INDETERMINATE = "INDETERMINATE"


class Reason(StrEnum):
    """Sub-indication: why the status is what it is."""

    SIGNATURE_MISSING = "SIGNATURE_MISSING"  # ours: there is nothing to validate
    FORMAT_FAILURE = "FORMAT_FAILURE"
    HASH_FAILURE = "HASH_FAILURE"
    SIG_CRYPTO_FAILURE = "SIG_CRYPTO_FAILURE"
    SIG_CONSTRAINTS_FAILURE = "SIG_CONSTRAINTS_FAILURE"  # e.g. does not cover the whole document
    CRYPTO_CONSTRAINTS_FAILURE = "CRYPTO_CONSTRAINTS_FAILURE"  # algorithm unknown or not allowed
    CHAIN_CONSTRAINTS_FAILURE = "CHAIN_CONSTRAINTS_FAILURE"  # e.g. certificate not for signing
    NO_SIGNING_CERTIFICATE_FOUND = "NO_SIGNING_CERTIFICATE_FOUND"
    NO_CERTIFICATE_CHAIN_FOUND = "NO_CERTIFICATE_CHAIN_FOUND"  # no path to a configured anchor
    EXPIRED = "EXPIRED"
    NOT_YET_VALID = "NOT_YET_VALID"
    REVOKED = "REVOKED"
    TRY_LATER = "TRY_LATER"  # revocation could not be asked, or no answer be believed
    SIGNED_DATA_NOT_FOUND = "SIGNED_DATA_NOT_FOUND"  # a detached signature without what it signs
    TIMESTAMP_FAILURE = "TIMESTAMP_FAILURE"  # ours: a time stamp that came with the signature does not hold


class Defect(StrEnum):
    """What exactly is wrong, where a reason stands for much and the case is known by name: attacks above all."""

    TWO_SIGNED_INFO = "TWO_SIGNED_INFO"
    EXTERNAL_REFERENCE = "EXTERNAL_REFERENCE"  # to something outside the document
    REFERENCE_ELSEWHERE = "REFERENCE_ELSEWHERE"  # to a place in the document that nobody reads
    DUPLICATE_ID = "DUPLICATE_ID"
    WRAPPED_PAYLOAD = "WRAPPED_PAYLOAD"  # what was signed stands deeper in the document than where it is read
    UNSIGNED_CONTENT = "UNSIGNED_CONTENT"  # beside what was signed
    TRANSFORM_NOT_ALLOWED = "TRANSFORM_NOT_ALLOWED"
    HMAC = "HMAC"  # whoever can check it can make it
    TRUNCATED_HMAC = "TRUNCATED_HMAC"
    COMMENT_IN_SIGNATURE = "COMMENT_IN_SIGNATURE"
    KEY_SUBSTITUTED = "KEY_SUBSTITUTED"  # another key that came along made the signature
    MALFORMED_ASN1 = "MALFORMED_ASN1"
    LIMIT_EXCEEDED = "LIMIT_EXCEEDED"  # larger than anything honest
    SELF_SIGNED = "SELF_SIGNED"
    ISSUER_KEY_DIFFERS = "ISSUER_KEY_DIFFERS"  # named as issued by an anchor whose key did not sign it
    REVOKED_AFTER_SIGNING = "REVOKED_AFTER_SIGNING"  # for a reason that makes earlier signatures doubtful too


@dataclass(frozen=True, slots=True)
class Finding:
    """One reason, with an English detail for operators. The detail holds no personal data."""

    reason: Reason
    detail: str
    defect: Defect | None = None

    @property
    def code(self) -> str:
        """The most exact name of what is wrong."""
        return (self.defect or self.reason).value


class Failure(Exception):  # noqa: N818  a verdict under way, not an error of the program
    """One reason why a signature is not good; becomes a finding of the verdict."""

    def __init__(self, reason: Reason, detail: str, defect: Defect | None = None) -> None:
        """Take the reason, an English detail without personal data, and the defect where it has a name."""
        super().__init__(detail)
        self.finding = Finding(reason, detail, defect)


@dataclass(frozen=True, slots=True)
class Signer:
    """One signature of a document, as verified."""

    certificate: "Certificate | None"
    indication: Indication
    findings: tuple[Finding, ...] = ()
    signature_algorithm: str | None = None
    """URI or dotted OID of the signature algorithm."""
    revocation: "tuple[RevocationStatus, ...]" = ()
    """What was answered about the certificates of its chain, its own first; empty when nobody was asked."""
    stamped_at: "datetime | None" = None
    """The earliest instant, UTC, at which a trusted time stamp saw the signature; it was judged as of then."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """The verdict on all signatures of one document.

    VALID only if every signature is VALID; INVALID if any is INVALID; otherwise INDETERMINATE.
    `signers` are in document order (first signer first). `signed` holds the bytes that were covered and may be
    consumed: the document without its signatures, or the one element they name, canonicalised; None unless the
    signatures are cryptographically intact.
    """

    indication: Indication
    findings: tuple[Finding, ...] = ()
    signers: tuple[Signer, ...] = ()
    signed: bytes | None = None
    of_part: bool = False
    """XML: the signatures name one element of the document, and `signed` is that element."""

    @property
    def reasons(self) -> frozenset[Reason]:
        """All reasons, of the document and of its signers."""
        own = {finding.reason for finding in self.findings}
        return frozenset(own.union(finding.reason for signer in self.signers for finding in signer.findings))

    @property
    def codes(self) -> frozenset[str]:
        """The most exact names of all that is wrong, of the document and of its signers."""
        own = {finding.code for finding in self.findings}
        return frozenset(own.union(finding.code for signer in self.signers for finding in signer.findings))
