"""`qaqpa eds sign --ncanode`: KalkanCrypt signs, elsewhere; what comes back is verified here."""

from dataclasses import dataclass
from pathlib import Path

import aiohttp
from pydantic import ValidationError

from gateway.clock import utc_now
from gateway.eds.keys import KeyUnusable
from gateway.eds.ncanode.client import NcaNodeClient
from gateway.eds.ncanode.signing import NcaNodeSigner, RemoteKey, ResultRefused
from gateway.settings import NcaNode

_TIMEOUT_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class Remote:
    """An NCANode, and the key that is sent along with every question."""

    url: str
    key: Path
    """PKCS #12."""
    password_file: Path | None

    async def sign(self, form: str, content: bytes, *, detached: bool) -> bytes:
        """Return `content` signed in the form `xml`, `soap` or `cms`.

        Raises:
            KeyUnusable: the key cannot be sent.
            NcaNodeFailed: there is no answer.
            ResultRefused: the address is none, or the answer is not what was asked for.
        """
        key = self._key()
        try:
            section = NcaNode(url=self.url, timeout_seconds=_TIMEOUT_SECONDS)
        except ValidationError:
            raise ResultRefused("--ncanode must be an address such as http://127.0.0.1:14579") from None
        async with aiohttp.ClientSession() as session:
            signer = NcaNodeSigner(NcaNodeClient(session, section), key)
            if form == "xml":
                return await signer.xml(content)
            if form == "soap":
                return await signer.wsse(content, at=utc_now())
            return await signer.cms(content, detached=detached)

    def _key(self) -> RemoteKey:
        try:
            password = b"" if self.password_file is None else self.password_file.read_bytes().rstrip(b"\r\n")
            return RemoteKey.load(self.key, password.decode())
        except UnicodeDecodeError:
            raise KeyUnusable("the password is not text in UTF-8") from None
        except OSError as error:
            raise KeyUnusable(f"{error.filename}: {error.strerror}") from None
