"""OCSP responses as a responder makes them, and as none should; and a responder over real HTTP that behaves as told."""

import asyncio
import hashlib
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Final

from aiohttp import web
from asn1crypto.core import (
    Boolean,
    Enumerated,
    GeneralizedTime,
    Integer,
    Null,
    ObjectIdentifier,
    OctetBitString,
    OctetString,
)
from asn1crypto.ocsp import OCSPRequest
from asn1crypto.parser import emit
from cryptography import x509
from cryptography.x509.ocsp import load_der_ocsp_request, load_der_ocsp_response
from cryptography.x509.oid import ExtendedKeyUsageOID

from gateway.eds.certificate import Certificate
from gateway.eds.gost.keys import PrivateKey
from gateway.eds.gost.suites import Suite
from gateway.eds.ocsp_request import public_key_bits
from tests.support import eds, gost
from tests.support.crl import sequence, sign, signature_oid
from tests.support.eds import AT, Template

Issued = eds.Issued | gost.Issued
NONCE, NO_CHECK, EXTENDED_REVOKE = "1.3.6.1.5.5.7.48.1.2", "1.3.6.1.5.5.7.48.1.5", "1.3.6.1.5.5.7.48.1.9"
GOOD, REVOKED, UNKNOWN = "good", "revoked", "unknown"
HOLD: Final = 6
RESPONDER: Final = Template(
    usage=("digital_signature",),
    extended=(ExtendedKeyUsageOID.OCSP_SIGNING.dotted_string,),
    # the value is empty, as in old responder certificates of NCA RK; it should be NULL
    extra=((x509.UnrecognizedExtension(x509.ObjectIdentifier(NO_CHECK), b""), False),),
)


@dataclass(frozen=True)
class Reply:
    """What a responder says. The defaults are what NCA RK's says of a good certificate."""

    status: str = GOOD
    since: datetime = AT - timedelta(days=3)
    reason: int | None = None
    this_update: datetime = AT
    next_update: datetime | None = None
    nonce: bytes | None = b""
    """Empty: the one of the request; None: none."""
    serial: int | None = None
    """None: the one of the request."""
    change_issuer: Callable[[bytes], bytes] = field(default=lambda digest: digest)
    """Changes the hash of the issuer's key."""
    by_key: bool = False
    certificates: tuple[Certificate, ...] | None = None
    """None: the signer's."""
    extensions: tuple[tuple[str, bytes, bool], ...] = ((EXTENDED_REVOKE, b"\x05\x00", False),)
    single_extensions: tuple[tuple[str, bytes, bool], ...] = ()
    copies: int = 1
    broken_signature: bool = False
    oid: str | None = None
    """Of the signature algorithm; None: the right one."""


def extension(oid: str, value: bytes, *, critical: bool) -> bytes:
    """Return an Extension."""
    return sequence(ObjectIdentifier(oid).dump(), Boolean(True).dump() if critical else b"", OctetString(value).dump())


def _explicit(number: int, content: bytes) -> bytes:
    octets: bytes = emit(2, 1, number, content)
    return octets


def _time(instant: datetime) -> bytes:
    octets: bytes = GeneralizedTime(instant).dump()
    return octets


def _extensions(number: int, extensions: tuple[tuple[str, bytes, bool], ...]) -> bytes:
    inner = [extension(oid, value, critical=critical) for oid, value, critical in extensions]
    return _explicit(number, sequence(*inner)) if inner else b""


def _status(reply: Reply) -> bytes:
    if reply.status == REVOKED:
        reason = b"" if reply.reason is None else _explicit(0, emit(0, 0, Enumerated.tag, bytes([reply.reason])))
        return _explicit(1, _time(reply.since) + reason)
    octets: bytes = emit(2, 0, 0 if reply.status == GOOD else 2, b"")
    return octets


def _single(request: bytes, reply: Reply) -> bytes:
    asked = load_der_ocsp_request(request)
    algorithm = OCSPRequest.load(request)["tbs_request"]["request_list"][0]["req_cert"]["hash_algorithm"].dump()
    serial = asked.serial_number if reply.serial is None else reply.serial
    identity = sequence(
        algorithm,
        OctetString(asked.issuer_name_hash).dump(),
        OctetString(reply.change_issuer(asked.issuer_key_hash)).dump(),
        Integer(serial).dump(),
    )
    until = b"" if reply.next_update is None else _explicit(0, _time(reply.next_update))
    return sequence(identity, _status(reply), _time(reply.this_update), until, _extensions(1, reply.single_extensions))


def respond(request: bytes, signer: Issued, reply: Reply | None = None) -> bytes:
    """Answer a request."""
    reply = reply or Reply()
    certificate = signer.certificate
    nonce = nonce_of(request) if reply.nonce == b"" else reply.nonce
    with_nonce = () if nonce is None else ((NONCE, OctetString(nonce).dump(), False),)
    name = (
        _explicit(2, OctetString(hashlib.sha1(public_key_bits(certificate.spki)).digest()).dump())  # noqa: S324  RFC 6960
        if reply.by_key
        else _explicit(1, certificate.subject_der)
    )
    signed = sequence(
        name,
        _time(reply.this_update),
        sequence(*[_single(request, reply)] * reply.copies),
        _extensions(1, (*with_nonce, *reply.extensions)),
    )
    signature = sign(signer, signed + b"x" if reply.broken_signature else signed)
    included = (certificate,) if reply.certificates is None else reply.certificates
    basic = sequence(
        signed,
        sequence(ObjectIdentifier(reply.oid or signature_oid(signer)).dump(), Null().dump()),
        OctetBitString(signature).dump(),
        _explicit(0, sequence(*(one.der for one in included))) if included else b"",
    )
    body = sequence(ObjectIdentifier("1.3.6.1.5.5.7.48.1.1").dump(), OctetString(basic).dump())
    return sequence(emit(0, 0, Enumerated.tag, b"\x00"), _explicit(0, body))


def failure(status: int) -> bytes:
    """Return an unsigned OCSPResponse: malformedRequest 1, internalError 2, tryLater 3, unauthorized 6."""
    return sequence(emit(0, 0, Enumerated.tag, bytes([status])))


def nonce_of(request: bytes) -> bytes:
    """Return the nonce of a request."""
    return load_der_ocsp_request(request).extensions.get_extension_for_class(x509.OCSPNonce).value.nonce


@lru_cache
def responder(name: str = "OCSP RESPONDER") -> eds.Issued:
    """Return the run's RSA responder, entitled by the run's issuing CA."""
    return eds.issue(name, eds.nca(), RESPONDER)


@lru_cache
def gost_responder(suite: Suite) -> gost.Issued:
    """Return the run's responder of this suite, entitled by the CA of the same suite."""
    private = PrivateKey.generate(suite)
    return gost.Issued(gost.issue(responder().certificate, private.public, gost.nca(suite).private), private)


Behaviour = Callable[[bytes], bytes | None]
"""From the request to the reply; None: never answers."""


@dataclass
class Server:
    """A responder over HTTP."""

    url: str
    behave: Behaviour = field(default=lambda request: respond(request, responder()))
    status: int = 200
    seen: list[Mapping[str, str]] = field(default_factory=list)
    """Headers of the requests that came."""

    def says(self, **reply: object) -> None:
        """Answer like this from now on."""
        self.behave = lambda request: respond(request, responder(), replace(Reply(), **reply))  # type: ignore[arg-type]

    async def handle(self, request: web.Request) -> web.Response:
        """Answer one request."""
        self.seen.append(dict(request.headers))
        body = self.behave(await request.read())
        if body is None:
            await asyncio.sleep(3600)
            raise web.HTTPServiceUnavailable
        location = {"Location": "http://127.0.0.1:9/portal"} if 300 <= self.status < 400 else {}
        return web.Response(body=body, status=self.status, content_type="application/ocsp-response", headers=location)


@asynccontextmanager
async def serving(port: int = 0) -> AsyncIterator[Server]:
    """Run a responder on loopback."""
    server = Server("")
    app = web.Application()
    app.router.add_post("/ocsp", server.handle)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", port).start()
        server.url = f"http://127.0.0.1:{runner.addresses[0][1]}/ocsp"
        yield server
    finally:
        await runner.cleanup()


def nonce_of_response(raw: bytes) -> bytes:
    """Return the nonce of a response."""
    return load_der_ocsp_response(raw).extensions.get_extension_for_class(x509.OCSPNonce).value.nonce
