"""NCANode as second opinion on signatures."""

import base64
import contextlib
from collections.abc import AsyncIterator, Callable
from typing import Any

import aiohttp

from gateway.eds.cms.message import unarmoured
from gateway.eds.ncanode.answers import read_cms_verified, read_verified
from gateway.eds.ncanode.client import NcaNodeClient, NcaNodeFailed
from gateway.eds.second_opinion import Opinion, OpinionObserver, SecondOpinion, Stand
from gateway.eds.xml import BOM
from gateway.settings import NcaNode as NcaNodeSettings


class NcaNodeOpinion:
    """Implements `RemoteOpinion` by /xml/verify, /wsse/verify and /cms/verify.

    NCANode judges as of now, whatever instant is asked about here: a certificate that has expired since makes it
    disagree, a time stamp notwithstanding.
    """

    def __init__(self, client: NcaNodeClient, revocation: tuple[str, ...]) -> None:
        """Ask through `client`; `revocation`: what NCANode asks itself, of "OCSP" and "CRL"."""
        self._client = client
        self._revocation = list(revocation)

    async def xml(self, document: bytes) -> Opinion:
        """Verify an XML document with enveloped signatures."""
        return await self._opinion("/xml/verify", lambda: {"xml": _text(document)}, read_verified)

    async def wsse(self, envelope: bytes) -> Opinion:
        """Verify a SOAP envelope; NCANode looks at the first signature only."""
        return await self._opinion("/wsse/verify", lambda: {"xml": _text(envelope)}, read_verified)

    async def cms(self, document: bytes, detached: bytes | None) -> Opinion:
        """Verify a CMS message."""

        def question() -> dict[str, Any]:
            asked = {"cms": _base64(unarmoured(document))}
            return asked if detached is None else asked | {"data": _base64(detached)}

        return await self._opinion("/cms/verify", question, read_cms_verified)

    async def _opinion(
        self, path: str, question: Callable[[], dict[str, Any]], read: Callable[[bytes], Opinion]
    ) -> Opinion:
        try:
            # without revocationCheck NCANode takes a revoked key for a good one
            return read(await self._client.ask(path, question() | {"revocationCheck": self._revocation}))
        except NcaNodeFailed as error:
            return Opinion(Stand.NONE, str(error))
        except ValueError:
            return Opinion(Stand.NONE, "the document cannot be put into a question to NCANode")


@contextlib.asynccontextmanager
async def second_opinion(
    settings: NcaNodeSettings | None, observer: OpinionObserver
) -> AsyncIterator[SecondOpinion | None]:
    """Give the second opinion that the settings want; None when they want none."""
    if settings is None:
        yield None
        return
    async with aiohttp.ClientSession() as session:
        client = NcaNodeClient(session, settings)
        asked = tuple(source.upper() for source in settings.revocation)
        yield SecondOpinion(NcaNodeOpinion(client, asked), observer, required=settings.required)


def _text(document: bytes) -> str:
    return document.removeprefix(BOM).decode()


def _base64(octets: bytes) -> str:
    return base64.b64encode(octets).decode()
