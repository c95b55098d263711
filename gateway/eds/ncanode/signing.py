"""Signing through NCANode, by KalkanCrypt. What comes back is verified here before anybody uses it.

NCANode keeps no keys: every request carries the PKCS #12 file and its password. It must be reached over a network that
nobody else listens to, or over TLS.
"""

import base64
import binascii
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Final

from lxml import etree
from pydantic import BaseModel, ConfigDict, ValidationError

from gateway.eds import canonical, enveloped, wsse
from gateway.eds.canonical import EXC_C14N, METHODS, NotCanonicalizable
from gateway.eds.certificate import Certificate
from gateway.eds.cms import document as cms_document
from gateway.eds.cms import message
from gateway.eds.keystore.source import load_key
from gateway.eds.ncanode.client import NcaNodeClient
from gateway.eds.verdict import Failure, Reason
from gateway.eds.xml import BOM, XmlRejected, parse

_WSU_ID: Final = f"{{{wsse.WSU}}}Id"


class ResultRefused(Exception):  # noqa: N818  says what happened
    """NCANode returned something else than what was asked for, signed with the key that was given."""


@dataclass(frozen=True, slots=True)
class RemoteKey:
    """A key that NCANode signs with."""

    pkcs12: bytes = field(repr=False)
    password: str = field(repr=False)
    certificate: Certificate
    """Whose signature must come back."""

    @classmethod
    def load(cls, file: Path, password: str) -> "RemoteKey":
        """Read a PKCS #12 file, and see that the key in it is usable.

        Raises:
            KeyUnusable: it is not.
            OSError: the file cannot be read.
        """
        return cls(file.read_bytes(), password, load_key(file, password.encode()).certificate)


class NcaNodeSigner:
    """Signs by /xml/sign, /wsse/sign and /cms/sign.

    All three raise `NcaNodeFailed` when there is no answer and `ResultRefused` when the answer is not what was asked.
    """

    def __init__(self, client: NcaNodeClient, key: RemoteKey) -> None:
        """Sign with `key` through `client`."""
        self._client = client
        self._key = key
        self._signer = {"key": base64.b64encode(key.pkcs12).decode(), "password": key.password, "keyAlias": None}

    async def xml(self, document: bytes) -> bytes:
        """Return an XML document with one enveloped signature more."""
        question = {"xml": _text(document), "signers": [self._signer], "clearSignatures": False, "trimXml": False}
        signed = _xml(await self._client.ask("/xml/sign", question))
        before, after = _examined(document), _examined(signed)
        if after.covered is None or after.covered != before.covered:
            raise ResultRefused("the signed document is not the one that was given, or its signature is not good")
        if after.certificates != (*before.certificates, self._key.certificate):
            raise ResultRefused("the document is not signed once more, with the certificate of the key")
        return signed

    async def wsse(self, envelope: bytes, *, at: datetime) -> bytes:
        """Return a SOAP envelope with a WS-Security signature over its Body.

        Args:
            envelope: not signed.
            at: the present, aware.
        """
        question = {"xml": _text(envelope), **self._signer, "trimXml": False}
        signed = _xml(await self._client.ask("/wsse/sign", question))
        try:
            root = parse(signed)
            certificate, _algorithm, _covered = wsse.examine(root, _body(root), at=at, registered=())
            same = _unsigned(root) == _unsigned(parse(envelope))
        except (XmlRejected, Failure, NotCanonicalizable) as error:
            raise ResultRefused(f"the signature that came back is not good: {error}") from None
        if not same:
            raise ResultRefused("the signed envelope is not the one that was given")
        self._require(certificate)
        return signed

    async def cms(self, content: bytes, *, detached: bool = False) -> bytes:
        """Return a CMS message (DER) over `content`."""
        data = base64.b64encode(content).decode()
        question = {"data": data, "signers": [self._signer], "withTsp": False, "detached": detached}
        signed = _cms(await self._client.ask("/cms/sign", question))
        try:
            examination = cms_document.examine(signed, content if detached else None)
            carries = message.read(signed).content is not None
        except Failure as error:
            raise ResultRefused(f"the signature that came back is not good: {error}") from None
        if examination.signed != content or carries is detached or len(examination.signatures) != 1:
            raise ResultRefused("the message is not one good signature over the content that was given")
        self._require(examination.signatures[0].certificate)
        return signed

    def _require(self, certificate: Certificate | None) -> None:
        if certificate != self._key.certificate:
            raise ResultRefused("the signature is not by the certificate of the key")


@dataclass(frozen=True, slots=True)
class _Examined:
    covered: bytes | None
    """The document without its signatures, canonical; None unless all of them are good."""
    certificates: tuple[Certificate | None, ...]


def _examined(document: bytes) -> _Examined:
    try:
        root = parse(document)
        examination = enveloped.examine(root)
    except Failure as error:
        if error.finding.reason is not Reason.SIGNATURE_MISSING:
            raise ResultRefused(f"the signatures of the document: {error}") from None
        return _Examined(canonical.document(root), ())
    except XmlRejected as error:
        raise ResultRefused(f"the document: {error.reason}") from None
    return _Examined(examination.signed, tuple(one.certificate for one in examination.signatures))


def _unsigned(root: etree._Element) -> bytes:
    """Return an envelope, canonical, without what signing adds to it. Changes the tree."""
    body = _body(root)
    body.attrib.pop(_WSU_ID, "")
    header = root.find(f"{{{etree.QName(root).namespace}}}Header")
    if header is not None:
        for security in header.findall(wsse.SECURITY):
            canonical.remove(security)
        if len(header) == 0 and not (header.text or "").strip():
            canonical.remove(header)
    return canonical.subtree(root, METHODS[EXC_C14N])


def _body(root: etree._Element) -> etree._Element:
    body = root.find(f"{{{etree.QName(root).namespace}}}Body")
    if body is None:
        raise Failure(Reason.FORMAT_FAILURE, "not a SOAP envelope with a Body")
    return body


class _XmlSigned(BaseModel):
    """The answer of /xml/sign and /wsse/sign."""

    model_config = ConfigDict(extra="ignore")
    xml: str


class _CmsSigned(BaseModel):
    """The answer of /cms/sign."""

    model_config = ConfigDict(extra="ignore")
    cms: str


def _xml(answer: bytes) -> bytes:
    try:
        return _XmlSigned.model_validate_json(answer).xml.encode()
    except ValidationError:
        raise ResultRefused("NCANode's answer has not the documented form") from None


def _cms(answer: bytes) -> bytes:
    try:
        return base64.b64decode(_CmsSigned.model_validate_json(answer).cms, validate=True)
    except (ValidationError, binascii.Error):
        raise ResultRefused("NCANode's answer has not the documented form") from None


def _text(document: bytes) -> str:
    try:
        return document.removeprefix(BOM).decode()
    except UnicodeDecodeError:
        raise ResultRefused("the document is not in UTF-8") from None
