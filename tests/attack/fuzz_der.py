"""Run as a program: libFuzzer (by way of atheris) throws bytes at everything in gateway/eds that reads DER.

What is malformed must be refused with the reader's own exception; any other one ends the run.
Arguments are libFuzzer's, e.g. `-max_total_time=20 CORPUS`.
"""

import contextlib
import sys

import atheris

with atheris.instrument_imports(include=["gateway.eds"]):
    from gateway.eds.certificate import Certificate, CertificateUnreadable
    from gateway.eds.cms import document
    from gateway.eds.gost.keys import KeyUnreadable, PublicKey
    from gateway.eds.timestamp.query import StampRefused, StampUnacceptable, read_response
    from gateway.eds.timestamp.token import StampUnreadable
    from gateway.eds.verdict import Failure


def one_input(data: bytes) -> None:
    """Give the same bytes to every reader."""
    with contextlib.suppress(CertificateUnreadable):
        Certificate.from_der(data)
    with contextlib.suppress(Failure):
        document.examine(data)
    with contextlib.suppress(StampRefused, StampUnacceptable, StampUnreadable):
        read_response(data)
    with contextlib.suppress(KeyUnreadable):
        PublicKey.from_spki(data)


if __name__ == "__main__":
    atheris.Setup(sys.argv, one_input)
    atheris.Fuzz()
