"""`qaqpa eds anchors`: the certificates of trusted authorities."""

import os
import ssl
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Final

import typer

from gateway.cli_eds import usage
from gateway.cli_eds.usage import Command, Group
from gateway.clock import utc_now
from gateway.eds import anchors as anchor_files
from gateway.eds import report
from gateway.eds.anchors import Anchors, AnchorsUnusable
from gateway.eds.certificate import Certificate
from gateway.eds.chain import issued

anchors_cli = typer.Typer(cls=Group, no_args_is_help=True, help="The certificates of trusted authorities.")
_READABLE_BY_ALL: Final = 0o644


@anchors_cli.command("list", cls=Command)
def list_anchors(
    folder: Annotated[Path, typer.Argument(help="The folder with the anchors.")],
    *,
    as_json: Annotated[bool, typer.Option("--json", help="As JSON.")] = False,
) -> None:
    """List the authorities that a folder makes trusted."""
    try:
        anchors = Anchors.load(folder)
    except AnchorsUnusable as error:
        usage.fail(str(error))
    if as_json:
        certificates = [report.certificate_json(certificate) for certificate in anchors.certificates]
        usage.show_json({"version": anchors.version, "certificates": certificates})
        return
    for certificate in anchors.certificates:
        usage.show(_lines(certificate))


@anchors_cli.command("import", cls=Command)
def import_anchors(
    files: Annotated[list[Path], typer.Argument(help="CA certificates: PEM (one or more) or DER.")],
    into: Annotated[Path, typer.Option(help="The folder with the anchors; made when missing.")],
    *,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask: the fingerprints have been compared.")] = False,
) -> None:
    """Put CA certificates among the anchors, after their fingerprints have been compared with a second source."""
    certificates = _read(files)
    for certificate in certificates:
        usage.show(_lines(certificate))
    if not yes and not _confirmed(len(certificates)):
        usage.fail("nothing was imported")
    try:
        into.mkdir(parents=True, exist_ok=True)
        for certificate in certificates:
            _put(into, certificate)
        Anchors.load(into)
    except AnchorsUnusable as error:
        usage.fail(str(error))
    except OSError as error:
        usage.fail(f"{into}: {error.strerror}")
    usage.show([f"imported: {len(certificates)}"])


def _read(files: Iterable[Path]) -> tuple[Certificate, ...]:
    try:
        found = [certificate for file in files for certificate in anchor_files.read_file(file)]
        anchors = Anchors.of(found)
    except AnchorsUnusable as error:
        usage.fail(str(error))
    except OSError as error:
        usage.fail(f"{error.filename}: {error.strerror}")
    for certificate in anchors.certificates:
        if certificate.issuer_der == certificate.subject_der and not issued(certificate, certificate):
            usage.fail(f"the certificate {certificate.sha256} names itself as its issuer, and has not signed itself")
    return anchors.certificates


def _confirmed(count: int) -> bool:
    sys.stdout.write(
        "Compare each fingerprint with a second source before you trust: whoever holds these keys is any citizen.\n"
    )
    try:
        return typer.confirm(f"Trust {count} of them?" if count > 1 else "Trust it?")
    except typer.Abort:
        return False


def _put(folder: Path, certificate: Certificate) -> None:
    """Write one certificate so that a reader of the folder sees all of it or none."""
    path = folder / f"{certificate.sha256[:32]}.pem"
    unfinished = folder / f".{path.name}.{os.getpid()}"
    unfinished.write_bytes(ssl.DER_cert_to_PEM_cert(certificate.der).encode())
    unfinished.chmod(_READABLE_BY_ALL)
    unfinished.replace(path)


def _lines(certificate: Certificate) -> Iterable[str]:
    yield report.printable(certificate.subject)
    current = certificate.at(utc_now())
    dates = f"{certificate.not_before:%Y-%m-%d} until {certificate.not_after:%Y-%m-%d}"
    yield f"  valid: {dates}{', NOT CURRENT' if current else ''}"
    yield f"  key: {report.algorithm_name(certificate.key_oid)}"
    yield f"  SHA-256: {certificate.sha256}"
