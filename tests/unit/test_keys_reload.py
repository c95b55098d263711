"""A key that follows its files: what is usable is taken up, what is not leaves the old one in place."""

import asyncio
import os
from datetime import datetime
from pathlib import Path

import pytest
import structlog
from structlog.testing import capture_logs

from gateway.eds import algorithms
from gateway.eds.gost.suites import GOST_2015_512
from gateway.eds.keys import KeyUnusable, SigningKey
from gateway.eds.keystore.reloading import ReloadingKey
from gateway.eds.keystore.source import KeySource
from gateway.eds.keystore.summary import gost_lines, key_lines
from gateway.telemetry.metrics import Metrics
from tests.support import eds, gost
from tests.support.eds import AT, Issued, Template
from tests.support.pkcs12 import PASSWORD, File

_LEFT = "qaqpa_certificate_left_seconds"


@pytest.fixture
def pair(tmp_path: Path) -> Path:
    """Return a PEM file with key and certificate of an information system."""
    path = tmp_path / "own.pem"
    _put(path, _system())
    return path


def _system(**changes: object) -> Issued:
    return eds.issue("ИС Qaqpa", eds.nca(), Template(**changes))  # type: ignore[arg-type]


def _put(path: Path, issued: Issued | gost.Issued) -> None:
    """Replace the file at once, as one does with files that others read."""
    new = path.with_suffix(".new")
    new.write_bytes(issued.pem + issued.key_pem)
    new.replace(path)


def _metrics(key: ReloadingKey) -> Metrics:
    metrics = Metrics(lambda: AT)
    metrics.watch_certificate("transport", key.certificate.not_after)
    return metrics


def _value(metrics: Metrics, name: str, **labels: str) -> float | None:
    return metrics.registry.get_sample_value(name, labels)


def _refresh(key: ReloadingKey, metrics: Metrics, at: datetime) -> None:
    asyncio.run(key.refresh(metrics, at))


def _signs(key: SigningKey) -> bool:
    return algorithms.signature(key.signature_uri).verify(key.certificate.spki, b"data", key.sign(b"data"))


def test_a_changed_file_is_taken_up(pair: Path) -> None:
    """A renewed key of another kind signs from then on, and the metric shows the new end, be it later than the old."""
    key = ReloadingKey(KeySource(pair))
    metrics = _metrics(key)
    before = key.certificate
    renewed = gost.citizen(GOST_2015_512)
    _put(pair, renewed)
    assert key.certificate == before
    _refresh(key, metrics, AT)
    assert key.certificate == renewed.certificate
    assert (key.signature_uri, key.digest_uri) == (GOST_2015_512.signature_uri, GOST_2015_512.digest_uri)
    assert _signs(key)
    assert _value(metrics, "qaqpa_key_reloads_total", outcome="new") == 1
    assert _value(metrics, _LEFT, use="transport") == (renewed.certificate.not_after - AT).total_seconds()


def test_the_metric_follows_to_a_later_end(pair: Path) -> None:
    """The first end to come counts only among certificates in use: the old one's is forgotten."""
    later = _system(not_after=datetime(2030, 1, 1, tzinfo=AT.tzinfo))
    key = ReloadingKey(KeySource(pair))
    metrics = _metrics(key)
    _put(pair, later)
    _refresh(key, metrics, AT)
    assert _value(metrics, _LEFT, use="transport") == (later.certificate.not_after - AT).total_seconds()


def test_nothing_happens_while_nothing_changes(pair: Path) -> None:
    """Files are looked at, not read: a key whose files stay is not loaded again."""
    key = ReloadingKey(KeySource(pair))
    metrics = _metrics(key)
    _refresh(key, metrics, AT)
    assert _value(metrics, "qaqpa_key_reloads_total", outcome="new") is None


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"rubbish",
        eds.citizen().pem,
        eds.citizen().pem + eds.nca().key_pem,
        b"\x30\x80",
        None,
    ],
    ids=["empty", "rubbish", "no key", "another's key", "not PKCS #12", "gone"],
)
def test_a_broken_file_leaves_the_old_key(pair: Path, content: bytes | None) -> None:
    """The old key signs on; the fault is logged once, counted each time, and shown until it is mended."""
    key = ReloadingKey(KeySource(pair))
    metrics = _metrics(key)
    before = key.certificate
    if content is None:
        pair.unlink()
    else:
        pair.write_bytes(content)
    with capture_logs() as logs:
        _refresh(key, metrics, AT)
        _refresh(key, metrics, AT)
    assert key.certificate == before
    assert _signs(key)
    assert [(line["event"], line["log_level"]) for line in logs] == [("key.not_reloaded", "error")]
    assert _value(metrics, "qaqpa_key_reloads_total", outcome="failed") == 2
    assert _value(metrics, "qaqpa_key_outdated") == 1
    _put(pair, _system())
    _refresh(key, metrics, AT)
    assert _value(metrics, "qaqpa_key_outdated") == 0
    assert key.certificate != before


def test_a_pair_that_is_half_written_is_tried_again(tmp_path: Path) -> None:
    """Certificate and key are two files, and never change at once: between the two the old pair signs."""
    certificate, private = tmp_path / "own.pem", tmp_path / "own.key"
    old, new = _system(), eds.citizen()
    certificate.write_bytes(old.pem)
    private.write_bytes(old.key_pem)
    key = ReloadingKey(KeySource(private, certificate))
    metrics = _metrics(key)
    certificate.write_bytes(new.pem)
    _refresh(key, metrics, AT)
    assert key.certificate == old.certificate
    private.write_bytes(new.key_pem)
    _refresh(key, metrics, AT)
    assert key.certificate == new.certificate


def test_a_certificate_before_its_time_waits(pair: Path) -> None:
    """A new certificate that does not hold yet is taken up once it does, without anybody touching the file."""
    tomorrow = _system(not_before=datetime(2026, 3, 2, tzinfo=AT.tzinfo))
    key = ReloadingKey(KeySource(pair))
    metrics = _metrics(key)
    _put(pair, tomorrow)
    _refresh(key, metrics, AT)
    assert key.certificate != tomorrow.certificate
    _refresh(key, metrics, tomorrow.certificate.not_before)
    assert key.certificate == tomorrow.certificate


def test_a_change_that_hides_is_seen(pair: Path) -> None:
    """Same size, same inode, modification time set back: the change is seen all the same."""
    key = ReloadingKey(KeySource(pair))
    status = pair.stat()
    content = pair.read_bytes()
    pair.write_bytes(content.replace(b"CERTIFICATE-----\nMII", b"CERTIFICATE-----\nXII", 1))
    os.utime(pair, ns=(status.st_atime_ns, status.st_mtime_ns))
    assert (pair.stat().st_ino, pair.stat().st_size) == (status.st_ino, status.st_size)
    metrics = _metrics(key)
    _refresh(key, metrics, AT)
    assert _value(metrics, "qaqpa_key_outdated") == 1


def test_a_link_that_is_turned_is_seen(tmp_path: Path) -> None:
    """Secrets of Kubernetes are links that are turned to a new folder."""
    for name, issued in (("1", _system()), ("2", eds.citizen())):
        (tmp_path / name).mkdir()
        (tmp_path / name / "own.pem").write_bytes(issued.pem + issued.key_pem)
    link = tmp_path / "data"
    link.symlink_to("1")
    key = ReloadingKey(KeySource(link / "own.pem"))
    link.unlink()
    link.symlink_to("2")
    _refresh(key, _metrics(key), AT)
    assert key.certificate == eds.citizen().certificate


def test_secrets_stay_out_of_logs(tmp_path: Path) -> None:
    """A PKCS #12 file whose password no longer fits is reported without password and key."""
    citizen = gost.citizen(GOST_2015_512)
    path = tmp_path / "own.p12"
    file = File([(citizen.private.to_pkcs8(), None)], [(citizen.certificate.der, None)])
    path.write_bytes(file.der())
    key = ReloadingKey(KeySource(path, password=PASSWORD.encode()))
    file.password = "another"
    path.write_bytes(file.der())
    structlog.reset_defaults()
    with capture_logs() as logs:
        _refresh(key, _metrics(key), AT)
    assert "password of the PKCS #12 file is wrong" in logs[0]["error"]
    for secret in (PASSWORD, str(citizen.private.d), f"{citizen.private.d:x}"):
        assert secret not in f"{logs} {key!r} {key.source!r}"


def test_a_process_does_not_start_without_its_key(tmp_path: Path) -> None:
    """At the start there is no older key to stand in."""
    with pytest.raises(KeyUnusable, match="No such file"):
        ReloadingKey(KeySource(tmp_path / "own.pem"))


def test_the_key_is_described(pair: Path) -> None:
    """Where it is, its algorithm, the days left; what makes it unfit or urgent stands in words."""
    lines = list(key_lines(ReloadingKey(KeySource(pair)), AT))
    assert lines[0] == f"PEM, {pair}"
    assert "RSA with SHA-256" in lines[1]
    assert "671 days left" in lines[2]
    assert not any(line.startswith(("UNFIT", "ENDS")) for line in lines)
    _put(pair, _system(not_after=datetime(2026, 3, 10, tzinfo=AT.tzinfo)))
    assert list(key_lines(ReloadingKey(KeySource(pair)), AT))[-1].startswith("ENDS SOON")
    _put(pair, _system(usage=("key_agreement",)))
    later = datetime(2029, 1, 1, tzinfo=AT.tzinfo)
    unfit = [line for line in key_lines(ReloadingKey(KeySource(pair)), later) if line.startswith("UNFIT")]
    assert len(unfit) == 2
    assert any("expired" in line for line in unfit)


def test_a_key_that_everybody_can_read_is_told(tmp_path: Path) -> None:
    """The key's and the password's file are for the gateway's user; the certificate is for everybody."""
    certificate, private, password = tmp_path / "own.pem", tmp_path / "own.key", tmp_path / "password"
    certificate.write_bytes(eds.citizen().pem)
    private.write_bytes(eds.citizen().key_pem)
    password.write_text("unused")
    key = ReloadingKey(KeySource(private, certificate, password_file=password))
    for path in (certificate, private, password):
        path.chmod(0o644)
    told = [line for line in key_lines(key, AT) if line.startswith("READABLE")]
    assert told == [f"READABLE BY EVERYBODY: {private}", f"READABLE BY EVERYBODY: {password}"]
    for path in (private, password):
        path.chmod(0o640)
    assert not [line for line in key_lines(key, AT) if line.startswith("READABLE")]


def test_what_computes_gost_is_described() -> None:
    """The line names the parts in use."""
    assert next(gost_lines()).startswith("points: ")
