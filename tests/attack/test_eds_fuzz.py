"""Malformed ASN.1: whatever the bytes, the readers refuse with an exception of their own and come to an end."""

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import pytest

from gateway.eds.cms import sign as cms
from gateway.sandbox.nca import TestAuthority
from tests.support.gateway import NOW

_RUNS = 20_000
"""From a fixed seed, so that the test says the same each time; the program runs for as long as one likes."""
_PROGRAM = Path(__file__).with_name("fuzz_der.py")


@pytest.mark.slow
@pytest.mark.timeout(180)
def test_readers_of_der_survive_a_fuzzer(authority: TestAuthority, tmp_path: Path) -> None:
    """A coverage-guided fuzzer that starts from real certificates, keys and messages finds nothing."""
    if importlib.util.find_spec("atheris") is None:
        if os.environ.get("QAQPA_REQUIRE_ALL"):
            pytest.fail("atheris is not installed")
        pytest.skip("atheris is not installed")
    seeds = tmp_path / "seeds"
    seeds.mkdir()
    for number, identity in enumerate((authority.citizen(1), authority.citizen(6), authority.provider("kostanay")), 1):
        certificate = identity.key.certificate
        (seeds / f"certificate-{number}").write_bytes(certificate.der)
        (seeds / f"key-{number}").write_bytes(certificate.spki)
        (seeds / f"cms-{number}").write_bytes(cms.sign(b"content", identity.key, at=NOW))
    run = subprocess.run(
        [sys.executable, str(_PROGRAM), f"-runs={_RUNS}", "-seed=1", "-timeout=10", "-rss_limit_mb=2048", str(seeds)],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(_PROGRAM.parents[2]), "PYTHONHASHSEED": "0"},
        capture_output=True,
        text=True,
        timeout=150,
        check=False,
    )
    assert run.returncode == 0, run.stdout[-2000:] + run.stderr[-4000:]
    assert "Done" in run.stderr
