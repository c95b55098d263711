"""The referee of the sandbox's NCA: OpenSSL asks its OCSP, reads its lists and verifies its time stamps, for RSA."""

import asyncio
import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from gateway.eds.revocation import RevocationReason
from gateway.sandbox.keys import Family
from tests.support.eds import unavailable
from tests.support.nca import Nca, NcaFolder


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> NcaFolder:
    if shutil.which("openssl") is None:
        unavailable("the referee, OpenSSL, is not installed")
    return NcaFolder.make(tmp_path_factory.mktemp("nca"))


@pytest.fixture
async def nca(folder: NcaFolder) -> AsyncIterator[Nca]:
    async with folder.running() as running:
        yield running


async def openssl(*words: str | Path) -> tuple[int, str]:
    """Run OpenSSL beside the server; return its exit code and all it says."""
    process = await asyncio.create_subprocess_exec(
        "openssl", *map(str, words), stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    output, _ = await process.communicate()
    return process.returncode or 0, output.decode(errors="replace")


@pytest.mark.parametrize("digest", ["-sha256", "-sha1"])
@pytest.mark.parametrize("revoked", [False, True])
async def test_openssl_believes_the_responder(nca: Nca, digest: str, revoked: bool) -> None:  # noqa: FBT001  a table's column
    """OpenSSL verifies the response with its delegated certificate and nonce, and reads the status."""
    _, person = nca.person(Family.RSA)
    if revoked:
        nca.authority.revoke(person.certificate, RevocationReason.SUPERSEDED)
    anchors = nca.authority.anchors
    code, output = await openssl(
        *("ocsp", digest, "-issuer", anchors / "nca_rsa.pem", "-cert", person.certificate_file),
        *("-url", f"{nca.url}/ocsp", "-CAfile", anchors / "root_rsa.pem", "-verify_other", anchors / "nca_rsa.pem"),
    )
    assert code == 0, output
    assert "Response verify OK" in output
    assert "WARNING: no nonce" not in output
    assert (": revoked" in output, ": good" in output) == (revoked, not revoked)
    assert ("Reason: superseded" in output) == revoked


async def test_openssl_reads_the_lists(nca: Nca, tmp_path: Path) -> None:
    """OpenSSL verifies chains against the full list and the delta, and refuses what only the delta revokes."""
    _, good = nca.person(Family.RSA)
    _, bad = nca.person(Family.RSA)
    lists = nca.services.lists["nca_rsa"]
    lists.renew()
    nca.authority.revoke(bad.certificate, RevocationReason.KEY_COMPROMISE)
    for name, der in (("full", lists.full()), ("delta", lists.delta())):
        (tmp_path / name).write_bytes(der)
        code, output = await openssl("crl", "-inform", "DER", "-in", tmp_path / name, "-out", tmp_path / f"{name}.pem")
        assert code == 0, output
    anchors = nca.authority.anchors
    words = (
        *("verify", "-crl_check", "-extended_crl", "-use_deltas", "-CAfile", anchors / "root_rsa.pem"),
        *("-untrusted", anchors / "nca_rsa.pem", "-CRLfile", tmp_path / "full.pem", "-CRLfile", tmp_path / "delta.pem"),
    )
    code, output = await openssl(*words, good.certificate_file)
    assert code == 0, output
    code, output = await openssl(*words, bad.certificate_file)
    assert code != 0
    assert "certificate revoked" in output


@pytest.mark.parametrize("spoiled", [False, True])
async def test_openssl_verifies_a_time_stamp(nca: Nca, tmp_path: Path, spoiled: bool) -> None:  # noqa: FBT001  a table's column
    """OpenSSL asks, and verifies the stamp by its own request; of other data it does not."""
    data, query, reply = tmp_path / "data", tmp_path / "query.tsq", tmp_path / "reply.tsr"
    data.write_bytes("өтініш".encode())
    code, output = await openssl("ts", "-query", "-data", data, "-sha256", "-cert", "-out", query)
    assert code == 0, output
    async with nca.session.post(f"{nca.url}/tsp", data=query.read_bytes()) as answer:
        reply.write_bytes(await answer.read())
    if spoiled:
        data.write_bytes(b"something else")
    anchors = nca.authority.anchors
    code, output = await openssl(
        *("ts", "-verify", "-data", data, "-in", reply),
        *("-CAfile", anchors / "root_rsa.pem", "-untrusted", anchors / "nca_rsa.pem"),
    )
    assert (code == 0) is not spoiled, output
    assert ("Verification: OK" in output) is not spoiled
