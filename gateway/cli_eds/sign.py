"""`qaqpa eds sign`."""

import asyncio
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import aiohttp
import typer

from gateway.cli_eds import usage
from gateway.cli_eds.remote import Remote
from gateway.clock import utc_now
from gateway.eds import enveloped, wsse
from gateway.eds.algorithms import AlgorithmNotAllowed
from gateway.eds.canonical import NotCanonicalizable
from gateway.eds.cms import message
from gateway.eds.cms import sign as cms
from gateway.eds.fetch import HttpFetch
from gateway.eds.keys import KeyUnusable, SigningKey
from gateway.eds.keystore.source import KeySource
from gateway.eds.ncanode.client import NcaNodeFailed
from gateway.eds.ncanode.signing import ResultRefused
from gateway.eds.timestamp.client import Authority, HttpTimeStampAuthority, StampFailed
from gateway.eds.xml import XmlRejected, parse


class Form(StrEnum):
    """What is made."""

    XML = "xml"
    """An enveloped signature; on a signed document one more."""
    SOAP = "soap"
    """WS-Security over the Body."""
    CMS = "cms"


def sign(  # noqa: PLR0913  one parameter for each option
    form: Annotated[Form, typer.Argument(help="The form of the signature.")],
    file: Annotated[Path, typer.Argument(help="What is signed.")],
    *,
    key: Annotated[str, typer.Option(help="The private key: a file (PEM or PKCS #12), or a pkcs11: URI.")],
    certificate: Annotated[
        Path | None, typer.Option(help="Its certificate, PEM; default: the one with the key.")
    ] = None,
    password_file: Annotated[
        Path | None, typer.Option(help="A file with the key's password or the token's PIN.")
    ] = None,
    out: Annotated[Path | None, typer.Option(help="Where the result goes; default: standard output.")] = None,
    beside: Annotated[
        Path | None, typer.Option(help="CMS: a message with signatures over the same file, to which one is added.")
    ] = None,
    tsa: Annotated[str | None, typer.Option(help="CMS: address of a time-stamping authority to be asked.")] = None,
    tsa_policy: Annotated[str | None, typer.Option(help="CMS: OID of the authority's policy.")] = None,
    tsa_digest: Annotated[
        str | None, typer.Option(help="CMS: OID of the imprint's digest; default: the key's.")
    ] = None,
    detached: Annotated[bool, typer.Option("--detached", help="CMS: leave the file out of the message.")] = False,
    ncanode: Annotated[
        str | None, typer.Option(help="Address of an NCANode that signs, by KalkanCrypt; --key is PKCS #12 then.")
    ] = None,
) -> None:
    """Sign a file as a document (xml, cms) or as a message (soap)."""
    if form is not Form.CMS and (detached or beside or tsa):
        usage.fail("--detached, --beside and --tsa go with cms only")
    content = usage.read(file)
    if ncanode is not None:
        if beside or tsa or certificate:
            usage.fail("--beside, --tsa and --certificate do not go with --ncanode")
        remote = Remote(ncanode, Path(key), password_file)
        usage.write(out, _remotely(remote, form.value, content, file, detached=detached))
        return
    signing_key = _key(key, certificate, password_file)
    try:
        if form is Form.XML:
            signed = enveloped.sign(content, signing_key)
        elif form is Form.SOAP:
            signed = wsse.sign(parse(content), signing_key)
        else:
            signed = _cms(content, signing_key, beside, detached=detached)
            if tsa is not None:
                authority = Authority(tsa, tsa_digest or signing_key.digest_uri, tsa_policy)
                signed = asyncio.run(_stamped(signed, authority))
    except (XmlRejected, NotCanonicalizable, cms.NotSignable, StampFailed, AlgorithmNotAllowed, ValueError) as error:
        usage.fail(f"{file}: {error}")
    usage.write(out, signed)


def _remotely(remote: Remote, form: str, content: bytes, file: Path, *, detached: bool) -> bytes:
    try:
        return asyncio.run(remote.sign(form, content, detached=detached))
    except KeyUnusable as error:
        usage.fail(f"the key cannot be used: {error}")
    except (ResultRefused, NcaNodeFailed) as error:
        usage.fail(f"{file}: {error}")


def _key(key: str, certificate: Path | None, password_file: Path | None) -> SigningKey:
    try:
        return KeySource(key, certificate, password_file=password_file).load()
    except KeyUnusable as error:
        usage.fail(f"the key cannot be used: {error}")


def _cms(content: bytes, key: SigningKey, beside: Path | None, *, detached: bool) -> bytes:
    if beside is None:
        return cms.sign(content, key, at=utc_now(), detached=detached)
    if detached:
        raise cms.NotSignable("whether the content is in the message is decided by the one named with --beside")
    return cms.add_signer(usage.read(beside), key, at=utc_now(), detached=content)


async def _stamped(document: bytes, authority: Authority) -> bytes:
    """Let an authority stamp the last signature."""
    signers = message.read(document).signers
    async with aiohttp.ClientSession() as session:
        token = await HttpTimeStampAuthority(authority, HttpFetch(session)).stamp(signers[-1].signature)
    return cms.add_time_stamp(document, len(signers) - 1, token.der)
