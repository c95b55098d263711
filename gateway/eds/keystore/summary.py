"""The gateway's own key, described for the person who installs it."""

import stat
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Final

from gateway.clock import local
from gateway.eds import report
from gateway.eds.gost import backend
from gateway.eds.keystore.reloading import ReloadingKey

_SOON: Final = timedelta(days=30)


def key_lines(key: ReloadingKey, now: datetime) -> Iterator[str]:
    """Yield where the key is kept, what it signs with, whose it is, and for how many days yet; what is wrong last."""
    certificate = key.certificate
    yield str(key.source)
    yield report.algorithm_name(key.signature_uri)
    left = certificate.not_after - now
    yield f"{certificate.subject}  until {local(certificate.not_after):%Y-%m-%d}, {max(left.days, 0)} days left"
    yield f"SHA-256 {certificate.sha256}"
    for finding in (*certificate.at(now), *certificate.for_messages()):
        yield f"UNFIT: {finding.detail}"
    for file in key.source.files:
        if file != key.source.certificate and file.stat().st_mode & stat.S_IROTH:
            yield f"READABLE BY EVERYBODY: {file}"
    if timedelta() <= left < _SOON:
        yield "ENDS SOON: order the next one now"


def gost_lines() -> Iterator[str]:
    """Yield what computes GOST in this process, and why nothing faster does."""
    active = backend.active()
    yield str(active)
    yield from active.notes
