"""What signatures cost: ours against the bare RSA operation and against libxmlsec1 (python-xmlsec), in one run.

Run: `python -m benchmarks.eds`. Prints medians in milliseconds, parsing included; the last line is one JSON object.
"""

import asyncio
import json
import platform
import statistics
import time
from collections.abc import Callable

import xmlsec
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA256
from lxml import etree

from gateway.eds import certificate, enveloped, wsse
from gateway.eds.anchors import Anchors
from gateway.eds.certificate import Certificate
from gateway.eds.verdict import Indication
from gateway.eds.verifier import Verifier
from gateway.eds.xml import parse
from tests.support.eds import AT, SOAP, citizen, nca

_ROUNDS = 1_000
_WARM_UP = 50


def _document(size: int) -> bytes:
    field = "<field name='қала'>мәтін және <b>text</b></field>"
    return f"<form xmlns='urn:form'>{field * (size // len(field.encode()))}</form>".encode()


def _median(operation: Callable[[], object]) -> float:
    for _ in range(_WARM_UP):
        operation()
    times = []
    for _ in range(_ROUNDS):
        start = time.perf_counter()
        operation()
        times.append(time.perf_counter() - start)
    return statistics.median(times) * 1e3


def _operations() -> dict[str, Callable[[], object]]:
    identity, key = citizen(), citizen().key
    verifier = Verifier(Anchors.of([nca().certificate]))
    loop = asyncio.new_event_loop()
    plain = _document(2_600)
    signed = enveloped.sign(plain, key)
    envelope = f'<S:Envelope xmlns:S="{SOAP}"><S:Body>{plain.decode()}</S:Body></S:Envelope>'.encode()
    message = wsse.sign(parse(envelope), key)
    value = key.sign(b"data")
    public = identity.private.public_key()
    print(f"enveloped document {len(signed)} bytes, SOAP message {len(message)} bytes, RSA-2048")

    def verify_transport() -> None:
        root = parse(message)
        verdict = verifier.transport(root, root[1], at=AT, registered=())
        assert verdict.indication is Indication.VALID

    def verify_enveloped() -> None:
        verdict = loop.run_until_complete(verifier.enveloped(signed, at=AT))
        assert verdict.indication is Indication.VALID

    def read_certificate() -> Certificate:
        certificate.forget()
        return Certificate.from_der(identity.certificate.der)

    def verify_stranger() -> None:
        """As for a citizen never seen before: certificate and path anew."""
        certificate.forget()
        fresh = Verifier(Anchors.of([nca().certificate]))
        assert loop.run_until_complete(fresh.enveloped(signed, at=AT)).indication is Indication.VALID

    def xmlsec_verify() -> None:
        root = etree.fromstring(signed)
        context = xmlsec.SignatureContext()
        context.key = xmlsec.Key.from_memory(identity.pem, xmlsec.constants.KeyDataFormatCertPem)
        context.verify(root[-1])

    return {
        "bare RSA verify": lambda: public.verify(value, b"data", PKCS1v15(), SHA256()),
        "bare RSA sign": lambda: key.sign(b"data"),
        "bare parse of the signed document": lambda: etree.fromstring(signed),
        "bare c14n of the signed document": lambda: etree.tostring(etree.fromstring(signed), method="c14n"),
        "parse, with every check": lambda: parse(signed),
        "read a certificate": read_certificate,
        "enveloped verify, chain known": verify_enveloped,
        "enveloped verify, signer never seen": verify_stranger,
        "enveloped verify, python-xmlsec without chain": xmlsec_verify,
        "enveloped sign": lambda: enveloped.sign(plain, key),
        "transport verify": verify_transport,
        "transport sign": lambda: wsse.sign(parse(envelope), key),
    }


def main() -> None:
    """Measure and print."""
    print(f"{platform.machine()}, Python {platform.python_version()}, lxml {etree.__version__}, {_ROUNDS} rounds each")
    medians = {name: _median(operation) for name, operation in _operations().items()}
    for name, median in medians.items():
        print(f"{median:9.3f} ms  {name}")
    print(json.dumps({name.replace(" ", "_"): round(median, 4) for name, median in medians.items()}))


if __name__ == "__main__":
    main()
