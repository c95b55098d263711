"""The answer of OCSP (RFC 6960 section 4.2) judged: pure, the bytes in, an Answer out or the reason why not.

What a responder says without signing it (tryLater and the like) is no answer; what it signs must hold in every part,
or it is not believed at all.
"""

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.ocsp import OCSPCertStatus, OCSPResponse, OCSPResponseStatus, load_der_ocsp_response
from cryptography.x509.oid import ExtendedKeyUsageOID

from gateway.eds import algorithms, chain, names
from gateway.eds.algorithms import AlgorithmNotAllowed
from gateway.eds.certificate import Certificate, CertificateUnreadable, KeyUsage
from gateway.eds.ocsp_request import Question, public_key_bits
from gateway.eds.revocation import Answer, NoAnswer, NotBelieved, Proof, RevocationReason, Source, Withdrawal

MAX_BYTES: Final = 65_536
_MAX_CERTIFICATES: Final = 5
_NONCE: Final = "1.3.6.1.5.5.7.48.1.2"
_EXTENDED_REVOKE: Final = "1.3.6.1.5.5.7.48.1.9"
_NEVER: Final = datetime(1970, 1, 1, tzinfo=UTC)
"""RFC 6960 section 2.2: the revocation time of a certificate that was never issued."""


@dataclass(frozen=True, slots=True)
class Times:
    """How old an answer may be."""

    now: datetime
    max_age: timedelta
    """Without nextUpdate an answer is good for so long; with it, it is asked again after so long."""
    skew: timedelta
    """How far the responder's clock may be ahead of ours."""


def read(raw: bytes, question: Question, issuer: Certificate, times: Times) -> Answer:
    """Judge a response to `question`, asked of the responder of `issuer`.

    Raises:
        NoAnswer: it is no OCSP response, or the responder says that it cannot answer now.
        NotBelieved: it is signed by nobody entitled, answers another question, is too old, or says `unknown`.
    """
    response = _successful(raw)
    try:
        _require_signature(response, issuer, times.now)
        _require_known_extensions(response)
        _require_nonce(response, question)
        _require_subject(response, question)
        fresh_until = _fresh_until(response, times)
        withdrawal = _withdrawal(response)
        this_update = response.this_update_utc
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        # cryptography reads lazily: any part may turn out unreadable
        raise NotBelieved(f"the response cannot be read ({type(error).__name__})") from None
    proof = Proof(Source.OCSP, hashlib.sha256(raw).hexdigest(), raw)
    return Answer(Source.OCSP, this_update, fresh_until, (proof,), withdrawal)


def _successful(raw: bytes) -> OCSPResponse:
    if len(raw) > MAX_BYTES:
        raise NoAnswer(f"a response of more than {MAX_BYTES} bytes")
    try:
        response = load_der_ocsp_response(raw)
        status = response.response_status
    except (ValueError, TypeError):
        raise NoAnswer("what came is not an OCSP response") from None
    if status is not OCSPResponseStatus.SUCCESSFUL:
        raise NoAnswer(f"the responder says {status.name.lower()}")
    return response


def _require_signature(response: OCSPResponse, issuer: Certificate, now: datetime) -> None:
    responder = _responder(response, issuer, now)
    try:
        oid = response.signature_algorithm_oid.dotted_string
        algorithm = algorithms.signature_for_key(oid, responder.key_oid, responder.spki)
    except AlgorithmNotAllowed as error:
        raise NotBelieved(str(error)) from None
    if not algorithm.verify(responder.spki, response.tbs_response_bytes, response.signature):
        raise NotBelieved("the responder's signature is wrong")


def _responder(response: OCSPResponse, issuer: Certificate, now: datetime) -> Certificate:
    """Find who signed: the issuer itself, or whom it entitled by a certificate of its own (section 4.2.2.2)."""
    for certificate in _included(response):
        if _is_named(certificate, response) and certificate.spki != issuer.spki:
            _require_entitled(certificate, issuer, now)
            return certificate
    if _is_named(issuer, response):
        return issuer
    raise NotBelieved("the response is signed by nobody known")


def _included(response: OCSPResponse) -> list[Certificate]:
    included = response.certificates
    if len(included) > _MAX_CERTIFICATES:
        raise NotBelieved("too many certificates in the response")
    try:
        return [Certificate.from_der(one.public_bytes(Encoding.DER)) for one in included]
    except CertificateUnreadable:
        raise NotBelieved("a certificate in the response cannot be read") from None


def _is_named(certificate: Certificate, response: OCSPResponse) -> bool:
    name, key_hash = response.responder_name, response.responder_key_hash
    if name is not None:
        return names.same(certificate.subject_der, name.public_bytes())
    # RFC 6960 section 4.2.1 fixes SHA-1 here; it only picks a certificate, which is then verified.
    return key_hash == hashlib.sha1(public_key_bits(certificate.spki), usedforsecurity=False).digest()


def _require_entitled(responder: Certificate, issuer: Certificate, now: datetime) -> None:
    if ExtendedKeyUsageOID.OCSP_SIGNING.dotted_string not in responder.extended_key_usage:
        raise NotBelieved("the responder's certificate is not for OCSP signing")
    if responder.key_usage and KeyUsage.DIGITAL_SIGNATURE not in responder.key_usage:
        raise NotBelieved("the responder's key is not for signing")
    if responder.unknown_critical or responder.at(now):
        raise NotBelieved("the responder's certificate is not current, or not understood")
    if not chain.issued(issuer, responder):
        raise NotBelieved("the responder's certificate is not of the authority that issued the signer's")


def _require_known_extensions(response: OCSPResponse) -> None:
    for extension in (*response.extensions, *response.single_extensions):
        if extension.critical and extension.oid.dotted_string not in {_NONCE, _EXTENDED_REVOKE}:
            raise NotBelieved(f"a critical extension that is not understood: {extension.oid.dotted_string}")


def _require_nonce(response: OCSPResponse, question: Question) -> None:
    try:
        nonce = response.extensions.get_extension_for_class(x509.OCSPNonce).value.nonce
    except x509.ExtensionNotFound:
        raise NotBelieved("the response lacks the nonce: it may be an old one") from None
    if nonce != question.nonce:
        raise NotBelieved("the response has another nonce: it may be an old one")


def _require_subject(response: OCSPResponse, question: Question) -> None:
    # one certificate is asked about; the properties below raise ValueError when there are several answers
    if not isinstance(response.hash_algorithm, SHA256):
        raise NotBelieved("the response names the issuer by another hash")
    if (response.issuer_name_hash, response.issuer_key_hash) != (question.issuer_name_hash, question.issuer_key_hash):
        raise NotBelieved("the response is about a certificate of another issuer")
    if response.serial_number != question.serial_number:
        raise NotBelieved("the response is about another certificate")


def _fresh_until(response: OCSPResponse, times: Times) -> datetime:
    since, until = response.this_update_utc, response.next_update_utc
    if since > times.now + times.skew:
        raise NotBelieved("the response is from the future: a clock is wrong")
    end = since + times.max_age if until is None else until
    if times.now > end:
        raise NotBelieved("the response is too old")
    return min(end, times.now + times.max_age)


_REASONS: Final = {
    x509.ReasonFlags.key_compromise: RevocationReason.KEY_COMPROMISE,
    x509.ReasonFlags.ca_compromise: RevocationReason.CA_COMPROMISE,
    x509.ReasonFlags.affiliation_changed: RevocationReason.AFFILIATION_CHANGED,
    x509.ReasonFlags.superseded: RevocationReason.SUPERSEDED,
    x509.ReasonFlags.cessation_of_operation: RevocationReason.CESSATION_OF_OPERATION,
    x509.ReasonFlags.certificate_hold: RevocationReason.CERTIFICATE_HOLD,
    x509.ReasonFlags.privilege_withdrawn: RevocationReason.PRIVILEGE_WITHDRAWN,
    x509.ReasonFlags.aa_compromise: RevocationReason.AA_COMPROMISE,
}


def _withdrawal(response: OCSPResponse) -> Withdrawal | None:
    status = response.certificate_status
    if status is OCSPCertStatus.GOOD:
        return None
    if status is OCSPCertStatus.UNKNOWN:
        raise NotBelieved("the responder does not know the certificate")
    flag, since = response.revocation_reason, response.revocation_time_utc
    reason = RevocationReason.UNSPECIFIED if flag is None else _REASONS.get(flag, RevocationReason.UNSPECIFIED)
    never = since == _NEVER and reason is RevocationReason.CERTIFICATE_HOLD and _extended_revoke(response)
    return Withdrawal(since, reason, never)


def _extended_revoke(response: OCSPResponse) -> bool:
    return any(extension.oid.dotted_string == _EXTENDED_REVOKE for extension in response.extensions)
