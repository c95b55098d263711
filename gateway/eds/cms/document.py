"""The signatures of a CMS document, all of them, and what they cover."""

from dataclasses import dataclass, replace
from typing import Final

from gateway.eds.certificate import Certificate
from gateway.eds.cms import message, oids, signature
from gateway.eds.cms.message import SignedData, SignerInfo
from gateway.eds.cms.signature import Content
from gateway.eds.examined import Examined
from gateway.eds.timestamp import token
from gateway.eds.verdict import Failure, Reason

MAX_STAMPS: Final = 8
"""Beside one signature."""


@dataclass(frozen=True, slots=True)
class Examination:
    """All signatures of a document in the order of the message, and what they cover."""

    signatures: tuple[Examined, ...]
    signed: bytes | None
    """The content; None unless every signature is cryptographically good."""


def examine(document: bytes, detached: bytes | None = None) -> Examination:
    """Check structure, digests and signature values of every signer, and their time stamps.

    Args:
        document: the message: DER, BER, base64 or PEM.
        detached: what a detached signature signs; where the message carries its content, it must be the same.

    Raises:
        Failure: FORMAT_FAILURE; SIGNATURE_MISSING when nobody signed; SIGNED_DATA_NOT_FOUND when there is no content;
            SIG_CONSTRAINTS_FAILURE when the content is not the document's.
    """
    signed_data = message.read(document)
    if not signed_data.signers:
        raise Failure(Reason.SIGNATURE_MISSING, "the message has no signer")
    octets = _content(signed_data, detached)
    pool = signature.certificates(signed_data)
    content = Content(signed_data.content_type, octets)
    signatures = tuple(_examine(signer, content, pool) for signer in signed_data.signers)
    intact = all(one.failure is None for one in signatures)
    return Examination(signatures, octets if intact else None)


def _content(signed_data: SignedData, detached: bytes | None) -> bytes:
    if signed_data.content_type != oids.DATA:
        # A signature over a structure of another protocol (a time stamp, say) was never meant for a document.
        raise Failure(Reason.SIG_CONSTRAINTS_FAILURE, "the signed content is not of the type data")
    if signed_data.content is None and detached is None:
        raise Failure(Reason.SIGNED_DATA_NOT_FOUND, "the signature is detached: what it signs was not given")
    if signed_data.content is not None and detached not in {None, signed_data.content}:
        raise Failure(Reason.SIG_CONSTRAINTS_FAILURE, "the message carries another content than the one given")
    return signed_data.content if signed_data.content is not None else detached or b""


def _examine(signer: SignerInfo, content: Content, pool: tuple[Certificate, ...]) -> Examined:
    examined = signature.examine(signer, content, pool)
    stamps = signer.unsigned_attributes.values.get(oids.TIME_STAMP, ())
    if examined.failure is not None:
        return examined
    if len(stamps) > MAX_STAMPS:
        return replace(examined, failure=Failure(Reason.SIG_CONSTRAINTS_FAILURE, f"more than {MAX_STAMPS} time stamps"))
    return replace(examined, stamps=tuple(token.examine(stamp, signer.signature, pool) for stamp in stamps))
