"""`qaqpa eds verify`."""

import asyncio
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Annotated, Final

import aiohttp
import typer

from gateway.cli_eds import usage
from gateway.cli_eds.certificate import read_certificates
from gateway.clock import utc_now
from gateway.eds import report
from gateway.eds.anchors import Anchors, AnchorsUnusable
from gateway.eds.certificate import Certificate
from gateway.eds.crl.list_file import ListUnusable
from gateway.eds.fetch import HttpFetch
from gateway.eds.kinds import Kind, kind_of
from gateway.eds.revocation_once import revocation_once
from gateway.eds.revocation_policy import Mode
from gateway.eds.verdict import Indication, Verdict
from gateway.eds.verifier import Verifier
from gateway.eds.wording import Language

_CODES: Final = {Indication.VALID: 0, Indication.INVALID: 1, Indication.INDETERMINATE: 2}
_ANCHORS: Final = Path("/etc/qaqpa/anchors")


@dataclass(frozen=True, slots=True)
class _Question:
    """What is to be judged, and how."""

    document: bytes
    kind: Kind
    detached: bytes | None
    at: datetime
    anchors: Anchors
    mode: Mode
    lists: Sequence[Path]
    registered: Sequence[Certificate]


def verify(  # noqa: PLR0913  one parameter for each option
    file: Annotated[Path, typer.Argument(help="XML, a SOAP envelope, or CMS (DER, PEM or base64).")],
    *,
    anchors: Annotated[
        Path, typer.Option(envvar="QAQPA_ANCHORS_DIR", help="Folder with the certificates of trusted authorities.")
    ] = _ANCHORS,
    at: Annotated[
        str | None, typer.Option(help="Judge as of this time (ISO 8601; without zone: Kazakhstan); default: now.")
    ] = None,
    revocation: Annotated[
        Mode, typer.Option(help="Whom to ask about revoked certificates; `off`: revoked keys pass.")
    ] = Mode.BOTH,
    crl: Annotated[list[Path] | None, typer.Option(help="A revocation list, DER; may be repeated.")] = None,
    detached: Annotated[Path | None, typer.Option(help="What a detached CMS signature signs.")] = None,
    certificate: Annotated[
        list[Path] | None,
        typer.Option(help="SOAP: a certificate that the message may name by issuer and number; may be repeated."),
    ] = None,
    language: Annotated[Language | None, typer.Option("--lang", help="Say reasons in one language only.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="The verdict as JSON.")] = False,
) -> None:
    """Verify all signatures of a file. Exit code: 0 valid, 1 not valid, 2 cannot be told, 3 unusable input."""
    question = _question(
        file,
        anchors=anchors,
        at=at,
        mode=revocation,
        lists=crl or [],
        detached=detached,
        certificates=certificate or [],
    )
    verdict = asyncio.run(_verdict(question))
    if as_json:
        usage.show_json(report.verdict_json(verdict, question.kind, question.at, revocation=revocation.value))
    else:
        languages = [language] if language else list(Language)
        usage.show(
            report.verdict_lines(verdict, question.kind, question.at, revocation=revocation.value, languages=languages)
        )
    raise typer.Exit(_CODES[verdict.indication])


def _question(  # noqa: PLR0913  the options of the command
    file: Path,
    *,
    anchors: Path,
    at: str | None,
    mode: Mode,
    lists: Sequence[Path],
    detached: Path | None,
    certificates: Sequence[Path],
) -> _Question:
    document = usage.read(file)
    kind = kind_of(document)
    if kind is None:
        usage.fail(f"{file}: neither XML nor a CMS signature")
    if detached is not None and kind is not Kind.CMS:
        usage.fail("--detached goes with a CMS signature only")
    try:
        trusted = Anchors.load(anchors)
    except AnchorsUnusable as error:
        usage.fail(f"{error} (--anchors names the folder)")
    return _Question(
        document,
        kind,
        None if detached is None else usage.read(detached),
        utc_now() if at is None else usage.instant(at),
        trusted,
        mode,
        lists,
        [one for path in certificates for one in read_certificates(path)],
    )


async def _verdict(question: _Question) -> Verdict:
    with tempfile.TemporaryDirectory(prefix="qaqpa-eds-") as folder:
        async with aiohttp.ClientSession() as session:
            try:
                sources = await revocation_once(
                    question.mode,
                    anchors=question.anchors,
                    lists=question.lists,
                    folder=Path(folder),
                    fetch=HttpFetch(session),
                    at=question.at,
                )
            except ListUnusable as error:
                usage.fail(str(error))
            except OSError as error:
                usage.fail(f"{error.filename or 'revocation lists'}: {error.strerror}")
            for line in sources.unused:
                sys.stderr.write(f"qaqpa: left out: {line}\n")
            return await _judged(Verifier(question.anchors, sources.source), question)


async def _judged(verifier: Verifier, question: _Question) -> Verdict:
    if question.kind is Kind.CMS:
        return await verifier.cms(question.document, at=question.at, detached=question.detached)
    if question.kind is Kind.SOAP:
        return await verifier.envelope(question.document, at=question.at, registered=question.registered)
    return await verifier.enveloped(question.document, at=question.at)
