"""`qaqpa eds cert`."""

import re
from pathlib import Path
from typing import Annotated

import typer

from gateway.cli_eds import usage
from gateway.eds import anchors, report
from gateway.eds.anchors import AnchorsUnusable
from gateway.eds.certificate import Certificate, CertificateUnreadable
from gateway.eds.cms.message import unarmoured
from gateway.eds.keys import KeyUnusable
from gateway.eds.keystore.source import KeySource


def show(
    file: Annotated[Path, typer.Argument(help="A certificate: PEM, DER or base64; or a key store, PKCS #12.")],
    *,
    password_file: Annotated[Path | None, typer.Option(help="A file with the key store's password.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="As JSON.")] = False,
) -> None:
    """Show what a certificate says by the profile of NCA RK: who, in which roles, for what, until when."""
    certificates = read_certificates(file) if password_file is None else _of_key_store(file, password_file)
    if as_json:
        found = [report.certificate_json(certificate) for certificate in certificates]
        usage.show_json(found[0] if len(found) == 1 else found)
        return
    for certificate in certificates:
        usage.show(report.certificate_lines(certificate))


def read_certificates(file: Path) -> list[Certificate]:
    """Read the certificates of a file: PEM, DER or base64; or end."""
    content = usage.read(file)
    try:
        if content.lstrip().startswith(b"MI"):  # base64 without its PEM lines, as NCALayer hands it out
            return [Certificate.from_der(unarmoured(content))]
        return anchors.read_file(file)
    except (AnchorsUnusable, CertificateUnreadable, ValueError) as error:
        if _KEY_STORE.match(content):
            usage.fail(f"{file}: a key store (PKCS #12): --password-file says with what it is opened")
        usage.fail(str(error) if str(file.name) in str(error) else f"{file}: {error}")


def _of_key_store(file: Path, password_file: Path) -> list[Certificate]:
    try:
        return [KeySource(file, password_file=password_file).load().certificate]
    except KeyUnusable as error:
        usage.fail(f"{file}: {error}")


_KEY_STORE = re.compile(rb"\x30(?:[\x00-\x80]|\x81.|\x82..|\x83...)\x02\x01\x03", re.DOTALL)
"""PFX, version 3 (RFC 7292 section 4), DER or BER."""
