"""A server that speaks NCANode's documented API, with its uneven errors, and that can be told what to say.

KalkanCrypt may not be shipped, so NCANode itself cannot run in a test; the forms are those of its controllers.
"""

import asyncio
import base64
import tempfile
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
from aiohttp import web
from lxml import etree

from gateway import settings
from gateway.eds import enveloped, wsse
from gateway.eds.certificate import Certificate
from gateway.eds.cms import document as cms_document
from gateway.eds.cms import sign as cms
from gateway.eds.examined import Examined
from gateway.eds.keys import KeyUnusable, SigningKey
from gateway.eds.keystore.source import load_key
from gateway.eds.ncanode.client import NcaNodeClient
from gateway.eds.ncanode.opinion import NcaNodeOpinion
from gateway.eds.verdict import Failure
from tests.support.eds import AT

Json = dict[str, Any]


@dataclass
class NcaNodeServer:
    """What it is told, and what it was asked."""

    url: str = ""
    asked: list[tuple[str, Json]] = field(default_factory=list)
    distrusts: bool = False
    revoked: bool = False
    ocsp_fails: bool = False
    bad_signature: bool = False
    newer: bool = False
    """Whether signers of CMS are described as newer versions do."""
    raw: Callable[[], web.StreamResponse] | None = None
    """An answer of another kind."""
    hangs: bool = False
    describes: list[Certificate] | None = None
    """Whose certificates it describes; None: the signers'."""
    signs_with: SigningKey | None = None
    """A key of its own instead of the one it is sent."""
    alters: Callable[[bytes], bytes] = bytes
    """What it does to a document before it signs it."""
    alters_signed: Callable[[bytes], bytes] = bytes

    async def answer(self, request: web.Request) -> web.StreamResponse:
        """Answer any path."""
        question: Json = await request.json()
        self.asked.append((request.path, question))
        if self.hangs:
            await asyncio.sleep(3600)
        if self.raw is not None:
            return self.raw()
        return web.json_response(*self._answered(request.path, question))

    def _answered(self, path: str, question: Json) -> tuple[Json]:
        handlers: dict[str, Callable[[Json], Json]] = {
            "/xml/verify": self._verify_xml,
            "/wsse/verify": self._verify_wsse,
            "/cms/verify": self._verify_cms,
            "/xml/sign": self._sign_xml,
            "/wsse/sign": self._sign_wsse,
            "/cms/sign": self._sign_cms,
        }
        return ({"status": 200, "message": "OK", **handlers[path](question)},)

    # Verification: what NCANode finds out, which is less than it should

    def _verify_xml(self, question: Json) -> Json:
        try:
            examined = enveloped.examine(etree.fromstring(question["xml"].encode())).signatures
        except etree.XMLSyntaxError:
            raise _error(500, "Content is not allowed in prolog.") from None
        except Failure:
            return {"valid": False, "signers": []}
        return self._verified(examined, question)

    def _verify_wsse(self, question: Json) -> Json:
        try:
            root = etree.fromstring(question["xml"].encode())
            certificate, uri, _ = wsse.examine(root, root[-1], at=AT, registered=())
        except (etree.XMLSyntaxError, Failure):
            raise _error(500, "Cannot invoke Element.getAttribute because signature is null") from None
        return self._verified((Examined(certificate, (), uri, None),), question)

    def _verify_cms(self, question: Json) -> Json:
        detached = base64.b64decode(question["data"]) if "data" in question else None
        try:
            examined = cms_document.examine(base64.b64decode(question["cms"]), detached).signatures
        except (Failure, ValueError):
            raise _error(400, "DERUnknownTag") from None
        verified = self._verified(examined, question)
        form = (lambda one: {"certificate": one}) if self.newer else (lambda one: {"certificates": [one], "tsp": None})
        return verified | {"signers": [form(one) for one in verified["signers"]]}

    def _verified(self, examined: tuple[Examined, ...], question: Json) -> Json:
        certificates = [one.certificate for one in examined] if self.describes is None else self.describes
        good = not self.bad_signature and all(one.failure is None for one in examined)
        signers = [self._information(one, question) for one in certificates if one is not None]
        return {"valid": good and all(one["valid"] for one in signers), "signers": signers}

    def _information(self, certificate: Certificate, question: Json) -> Json:
        revocations = [
            {
                "revoked": self.revoked,
                "by": source,
                "revocationTime": "2026-01-01T00:00:00.000+00:00" if self.revoked else None,
                "reason": "OCSP: Try again" if self.ocsp_fails else None,
            }
            for source in question.get("revocationCheck", [])
        ]
        asked_and_bad = bool(revocations) and (self.revoked or self.ocsp_fails)
        return {
            "valid": not self.distrusts and not asked_and_bad,
            "revocations": revocations,
            "notBefore": "2025-01-01T00:00:00.000+00:00",
            "notAfter": "2028-01-01T00:00:00.000+00:00",
            "keyUsage": "SIGN",
            "serialNumber": f"{certificate.serial_number:x}",
            "signAlg": "SHA256WithRSAEncryption",
            "keyUser": ["INDIVIDUAL"],
            "subject": {"commonName": certificate.common_name, "iin": certificate.iin, "gender": None},
        }

    # Signing

    def _sign_xml(self, question: Json) -> Json:
        signed = question["xml"].encode()
        for signer in question["signers"]:
            signed = enveloped.sign(self.alters(signed), self._key(signer, wrong_password=500))
        return {"xml": self.alters_signed(signed).decode()}

    def _sign_wsse(self, question: Json) -> Json:
        key = self._key(question, wrong_password=400)
        signed = wsse.sign(etree.fromstring(self.alters(question["xml"].encode())), key)
        return {"xml": self.alters_signed(signed).decode()}

    def _sign_cms(self, question: Json) -> Json:
        key = self._key(question["signers"][0], wrong_password=500)
        content = self.alters(base64.b64decode(question["data"]))
        signed = cms.sign(content, key, at=AT, detached=question["detached"])
        return {"cms": base64.b64encode(self.alters_signed(signed)).decode()}

    def _key(self, signer: Json, *, wrong_password: int) -> SigningKey:
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / "key.p12"
            file.write_bytes(base64.b64decode(signer["key"]))
            try:
                return self.signs_with or load_key(file, signer["password"].encode())
            except KeyUnusable:
                raise _error(wrong_password, "stream does not represent a PKCS12 key store") from None


def _error(status: int, message: str) -> web.HTTPException:
    kind = web.HTTPBadRequest if status == 400 else web.HTTPInternalServerError
    return kind(text=f'{{"status": {status}, "message": "{message}"}}', content_type="application/json")


@asynccontextmanager
async def ncanode(port: int = 0) -> AsyncIterator[NcaNodeServer]:
    """Run a server on a port of loopback, by default a free one."""
    server = NcaNodeServer()
    app = web.Application(client_max_size=64_000_000)
    app.router.add_post("/{path:.*}", server.answer)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", port).start()
        server.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
        yield server
    finally:
        await runner.cleanup()


@asynccontextmanager
async def client(
    url: str, monotonic: Callable[[], float] = lambda: 0.0, **changes: Any
) -> AsyncIterator[NcaNodeClient]:
    """Give a client of the server at `url`."""
    section = settings.NcaNode(url=url, **({"timeout_seconds": 5.0} | changes))
    async with aiohttp.ClientSession() as session:
        yield NcaNodeClient(session, section, monotonic)


@asynccontextmanager
async def opinion(url: str, **changes: Any) -> AsyncIterator[NcaNodeOpinion]:
    """Give the opinion of the server at `url`."""
    async with client(url, **changes) as made:
        yield NcaNodeOpinion(made, ("OCSP",))
