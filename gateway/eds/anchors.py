"""Trust anchors: the CA certificates an installation trusts, from one folder."""

import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from gateway.eds.certificate import Certificate, CertificateUnreadable, KeyUsage

_PEM = re.compile(rb"-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----", re.DOTALL)
_MAX_BYTES = 1_000_000
_SUFFIXES = frozenset({".pem", ".crt", ".cer", ".der"})


class AnchorsUnusable(Exception):  # noqa: N818  a state of the installation, told to the operator
    """The folder cannot be trusted as it is. The text says what to do."""


@dataclass(frozen=True, slots=True)
class Anchors:
    """A set of CA certificates that are trusted as they are; self-signed or not.

    Only their validity at the time of judgement is still checked.
    """

    certificates: tuple[Certificate, ...]
    version: str
    """Changes when the set changes: SHA-256 over the sorted fingerprints."""

    @classmethod
    def of(cls, certificates: Iterable[Certificate]) -> Self:
        """Make anchors of CA certificates.

        Raises:
            AnchorsUnusable: none given, or one of them is not a CA's.
        """
        unique = sorted(set(certificates), key=lambda certificate: certificate.sha256)
        if not unique:
            raise AnchorsUnusable("no CA certificate: see certs/README.md for how to obtain those of NCA RK")
        for certificate in unique:
            if not certificate.is_ca or KeyUsage.KEY_CERT_SIGN not in certificate.key_usage:
                raise AnchorsUnusable(f"the certificate {certificate.sha256} is not a CA's: remove it")
        version = hashlib.sha256("".join(certificate.sha256 for certificate in unique).encode()).hexdigest()
        return cls(tuple(unique), version)

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read every `.pem`, `.crt`, `.cer` and `.der` file of a folder, PEM (one or more) or DER.

        Other files (a README) may lie beside them.

        Raises:
            AnchorsUnusable: no folder, an unreadable file, a private key, not a CA's certificate, or none at all.
        """
        try:
            files = sorted(path for path in folder.iterdir() if path.is_file())
            contents = [(path, _content(path)) for path in files]
        except OSError as error:
            raise AnchorsUnusable(f"cannot read the anchors folder {folder}: {error.strerror}") from None
        return cls.of(
            certificate
            for path, content in contents
            if path.suffix.lower() in _SUFFIXES
            for certificate in _certificates(path, content)
        )


def read_file(path: Path) -> list[Certificate]:
    """Read the certificates of one file, PEM (one or more) or DER; whether they are fit for anchors is not asked.

    Raises:
        AnchorsUnusable: no certificate, or a private key.
        OSError: it cannot be read.
    """
    return _certificates(path, _content(path))


def _content(path: Path) -> bytes:
    if path.stat().st_size > _MAX_BYTES:
        raise AnchorsUnusable(f"{path.name} is larger than {_MAX_BYTES} bytes: no certificates")
    content = path.read_bytes()
    if b"PRIVATE KEY-----" in content:
        raise AnchorsUnusable(f"{path.name} holds a private key: remove it, and treat the key as disclosed")
    return content


def _certificates(path: Path, content: bytes) -> list[Certificate]:
    blocks = _PEM.findall(content)
    try:
        return [Certificate.from_pem(block) for block in blocks] if blocks else [Certificate.from_der(content)]
    except CertificateUnreadable as error:
        raise AnchorsUnusable(f"{path.name}: {error}") from None
