"""`qaqpa eds cert`."""

from pathlib import Path
from typing import Annotated

import typer

from gateway.cli_eds import usage
from gateway.eds import anchors, report
from gateway.eds.anchors import AnchorsUnusable
from gateway.eds.certificate import Certificate, CertificateUnreadable
from gateway.eds.cms.message import unarmoured


def show(
    file: Annotated[Path, typer.Argument(help="A certificate: PEM, DER or base64.")],
    *,
    as_json: Annotated[bool, typer.Option("--json", help="As JSON.")] = False,
) -> None:
    """Show what a certificate says by the profile of NCA RK: who, in which roles, for what, until when."""
    certificates = _certificates(file)
    if as_json:
        found = [report.certificate_json(certificate) for certificate in certificates]
        usage.show_json(found[0] if len(found) == 1 else found)
        return
    for certificate in certificates:
        usage.show(report.certificate_lines(certificate))


def _certificates(file: Path) -> list[Certificate]:
    content = usage.read(file)
    try:
        if content.lstrip().startswith(b"MI"):  # base64 without its PEM lines, as NCALayer hands it out
            return [Certificate.from_der(unarmoured(content))]
        return anchors.read_file(file)
    except (AnchorsUnusable, CertificateUnreadable, ValueError) as error:
        usage.fail(str(error) if str(file.name) in str(error) else f"{file}: {error}")
