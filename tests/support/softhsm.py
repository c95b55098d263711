"""A SoftHSM token of a test's own: SoftHSM2 is a PKCS #11 token in files (Debian: softhsm2)."""

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import pytest

from tests.support import eds
from tests.support.eds import Issued, unavailable

PIN = "271828"
_LIBRARIES = (
    Path("/usr/lib/softhsm/libsofthsm2.so"),
    Path("/usr/lib64/pkcs11/libsofthsm2.so"),
    Path("/usr/local/lib/softhsm/libsofthsm2.so"),
    Path("/opt/homebrew/lib/softhsm/libsofthsm2.so"),
)


@dataclass(frozen=True)
class Token:
    """A token with its library."""

    label: str
    folder: Path
    """Where its objects lie."""
    library: Path

    def uri(self, attributes: str = "", query: str = "") -> str:
        """Return a URI of a key in it."""
        return f"pkcs11:token={self.label}{attributes}?module-path={self.library}{query}"

    def put_key(self, issued: Issued, label: str, key_id: str) -> None:
        """Import a private key (and its public key), as an operator does."""
        file = self.folder / "key.pem"
        file.write_bytes(issued.key_pem)
        self._util("--import", str(file), "--label", label, "--id", key_id, "--pin", PIN)
        file.unlink()

    def put_certificate(self, issued: Issued, key_id: str) -> None:
        """Lay a certificate beside the key of this id."""
        pkcs11 = pytest.importorskip("pkcs11")
        token = pkcs11.lib(str(self.library)).get_token(token_label=self.label)
        with token.open(rw=True, user_pin=PIN) as session:
            attribute = pkcs11.Attribute
            session.create_object(
                {
                    attribute.CLASS: pkcs11.ObjectClass.CERTIFICATE,
                    attribute.CERTIFICATE_TYPE: pkcs11.CertificateType.X_509,
                    attribute.TOKEN: True,
                    attribute.ID: bytes.fromhex(key_id),
                    attribute.SUBJECT: issued.certificate.subject_der,
                    attribute.VALUE: issued.certificate.der,
                }
            )

    def interrupt(self) -> None:
        """End every session with it, as a token that is pulled out and put back does."""
        pytest.importorskip("pkcs11").lib(str(self.library)).reinitialize()

    def _util(self, *arguments: str) -> None:
        command = ["softhsm2-util", "--token", self.label, *arguments]
        subprocess.run(command, check=True, capture_output=True, timeout=60)


@contextmanager
def token(folder: Path, label: str = "qaqpa") -> Iterator[Token]:
    """Make a token; a test that cannot have one is skipped and says so."""
    library = next((path for path in _LIBRARIES if path.exists()), None)
    if library is None or shutil.which("softhsm2-util") is None:
        unavailable("no SoftHSM2 on this machine")
        raise AssertionError
    try:
        import pkcs11  # noqa: PLC0415  an optional dependency
    except ImportError as error:
        unavailable(str(error))
        raise
    objects = folder / "tokens"
    objects.mkdir()
    configuration = folder / "softhsm2.conf"
    configuration.write_text(f"directories.tokendir = {objects}\nobjectstore.backend = file\nlog.level = ERROR\n")
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("SOFTHSM2_CONF", str(configuration))
        made = Token(label, folder, library)
        command = ["softhsm2-util", "--init-token", "--free", "--label", label, "--so-pin", PIN, "--pin", PIN]
        subprocess.run(command, check=True, capture_output=True, timeout=60)
        pkcs11.lib(str(library)).reinitialize()  # which reads the configuration anew
        try:
            yield made
        finally:
            pkcs11.unload(str(library))


@lru_cache
def system(name: str = "ИС Qaqpa") -> Issued:
    """Return the certificate of an information system, which may sign messages."""
    return eds.issue(name, eds.nca())
