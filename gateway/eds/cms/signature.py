"""One signature of a CMS message checked: digest, attributes, signature value (RFC 5652 section 5.6)."""

import hashlib
import hmac
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

from gateway.eds import algorithms, names
from gateway.eds.algorithms import RSA_KEY_OID, RSA_SHA256, AlgorithmNotAllowed, DigestAlgorithm, SignatureAlgorithm
from gateway.eds.certificate import Certificate, CertificateUnreadable
from gateway.eds.cms import oids
from gateway.eds.cms.message import OCTET_STRING, OID, SEQUENCE, SET, Attributes, SignedData, SignerInfo, attributes
from gateway.eds.cms.message import algorithm as algorithm_oid
from gateway.eds.der import Fields, object_identifier, value
from gateway.eds.examined import Examined
from gateway.eds.gost.suites import SUITES
from gateway.eds.verdict import Defect, Failure, Reason

_BY_DIGEST: Final = {
    (RSA_KEY_OID, oids.SHA256): RSA_SHA256,
    **{(suite.key_oid, suite.digest_oid): suite.signature_uri for suite in SUITES},
}
"""Where the OID of the key stands for the signature, the digest names the rest: RFC 3370 section 3.2 has it so for RSA,
and old native Kalkan writes it for GOST."""


@dataclass(frozen=True, slots=True)
class Content:
    """What is signed, under its content type."""

    content_type: str
    octets: bytes = field(repr=False)
    _digests: dict[str, bytes] = field(default_factory=dict, repr=False, compare=False)

    def digest(self, algorithm: DigestAlgorithm) -> bytes:
        """Return the digest; it is computed once for all signers, for a large content it is what takes the time."""
        if algorithm.oid not in self._digests:
            self._digests[algorithm.oid] = algorithm.compute(self.octets)
        return self._digests[algorithm.oid]


def certificates(message: SignedData) -> tuple[Certificate, ...]:
    """Return the certificates that came with a message; one that cannot be read is as if it were not there."""
    found = []
    for der in message.certificates:
        try:
            found.append(Certificate.from_der(der))
        except CertificateUnreadable:
            continue
    return tuple(dict.fromkeys(found))


def examine(signer: SignerInfo, content: Content, pool: Iterable[Certificate]) -> Examined:
    """Check one signature over `content`; who signed is looked for in `pool`."""
    pool = tuple(pool)
    certificate, failure = None, None
    try:
        certificate = _signing_certificate(signer, pool)
        _check(signer, content, certificate)
    except Failure as error:
        failure = error
    except ValueError as error:
        failure = Failure(Reason.FORMAT_FAILURE, f"an attribute cannot be read: {error}", Defect.MALFORMED_ASN1)
    others = tuple(other for other in pool if other != certificate)
    return Examined(certificate, others, signer.signature_oid, failure)


def _signing_certificate(signer: SignerInfo, pool: tuple[Certificate, ...]) -> Certificate:
    found = [certificate for certificate in pool if _is_named(certificate, signer)]
    if not found:
        raise Failure(Reason.NO_SIGNING_CERTIFICATE_FOUND, "the signer's certificate is not in the message")
    if len(found) > 1:
        raise Failure(
            Reason.NO_SIGNING_CERTIFICATE_FOUND, "two certificates bear the signer's issuer and serial number"
        )
    return found[0]


def _is_named(certificate: Certificate, signer: SignerInfo) -> bool:
    if signer.issuer is None:
        return certificate.subject_key_id is not None and certificate.subject_key_id == signer.subject_key_id
    return certificate.serial_number == signer.serial_number and names.same(certificate.issuer_der, signer.issuer)


def _check(signer: SignerInfo, content: Content, certificate: Certificate) -> None:
    try:
        digest = algorithms.digest(signer.digest_oid)
        algorithm = _algorithm(signer, certificate)
    except AlgorithmNotAllowed as error:
        raise Failure(Reason.CRYPTO_CONSTRAINTS_FAILURE, str(error)) from None
    signed: tuple[bytes, ...]
    if signer.signed_attributes is None:
        signed = (_bare(content),)
    else:
        _check_attributes(signer.signed_attributes, content, digest)
        _check_binding(signer.signed_attributes, certificate)
        signed = signer.signed_attributes.signed_forms()
    if not any(algorithm.verify(certificate.spki, octets, signer.signature) for octets in signed):
        raise Failure(Reason.SIG_CRYPTO_FAILURE, "the signature value does not verify under the certificate's key")


def _algorithm(signer: SignerInfo, certificate: Certificate) -> SignatureAlgorithm:
    name = _BY_DIGEST.get((signer.signature_oid, signer.digest_oid), signer.signature_oid)
    return algorithms.signature_for_key(name, certificate.key_oid, certificate.spki)


def _bare(content: Content) -> bytes:
    """Return what is signed without attributes: the content itself (RFC 5652 section 5.4).

    Whoever takes the attributes from a signature can present their encoding as a content that was signed without any;
    a content that could be such attributes is therefore refused.
    """
    if content.content_type != oids.DATA:
        raise Failure(Reason.FORMAT_FAILURE, "signed attributes are missing, which this content demands")
    try:
        confusable = bool(attributes(content.octets, SET).values.keys() & {oids.CONTENT_TYPE, oids.MESSAGE_DIGEST})
    except ValueError:
        confusable = False
    if confusable:
        raise Failure(Reason.SIG_CONSTRAINTS_FAILURE, "the content is an encoding of signed attributes")
    return content.octets


def _check_attributes(signed: Attributes, content: Content, digest: DigestAlgorithm) -> None:
    content_type, message_digest = signed.only(oids.CONTENT_TYPE), signed.only(oids.MESSAGE_DIGEST)
    if content_type is None or message_digest is None:
        raise Failure(Reason.FORMAT_FAILURE, "the signed attributes lack content type or message digest")
    if object_identifier(value(content_type, OID)) != content.content_type:
        raise Failure(Reason.SIG_CONSTRAINTS_FAILURE, "the signed content type is another than the message's")
    if not hmac.compare_digest(content.digest(digest), value(message_digest, OCTET_STRING)):
        raise Failure(Reason.HASH_FAILURE, "the content differs from what was signed")


def _check_binding(signed: Attributes, certificate: Certificate) -> None:
    """Compare the certificate with the one that the signer named in the signature (RFC 5035), where one is named."""
    first, second = signed.only(oids.SIGNING_CERTIFICATE), signed.only(oids.SIGNING_CERTIFICATE_V2)
    bound = True
    if first is not None:
        # The standard fixes SHA-1 here. It can only speak against a certificate, never for one.
        fingerprint = hashlib.sha1(certificate.der, usedforsecurity=False).digest()
        bound = _certificate_id(first).content(OCTET_STRING) == fingerprint
    if second is not None:
        identifier = _certificate_id(second)
        named = identifier.optional(SEQUENCE)
        try:
            algorithm = algorithms.digest(algorithm_oid(named) if named else oids.SHA256)
        except AlgorithmNotAllowed as error:
            raise Failure(Reason.CRYPTO_CONSTRAINTS_FAILURE, str(error)) from None
        bound = bound and identifier.content(OCTET_STRING) == algorithm.compute(certificate.der)
    if not bound:
        raise Failure(Reason.SIG_CONSTRAINTS_FAILURE, "the signature names another certificate than the message")


def _certificate_id(attribute: bytes) -> Fields:
    """Open the first ESSCertID of a SigningCertificate: the signer's."""
    identifiers = Fields(Fields(attribute).whole(SEQUENCE))
    return Fields(identifiers.whole(SEQUENCE))
