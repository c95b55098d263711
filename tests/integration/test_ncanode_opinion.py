"""NCANode as second opinion, over real HTTP."""

import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from functools import partial

import pytest
import pytest_asyncio
import structlog
from aiohttp import web
from lxml import etree

from gateway import settings
from gateway.eds import enveloped, wsse
from gateway.eds.anchors import Anchors
from gateway.eds.cms import sign as cms
from gateway.eds.ncanode.client import NcaNodeFailed
from gateway.eds.ncanode.opinion import second_opinion
from gateway.eds.second_opinion import Stand
from gateway.eds.verdict import Indication, Reason, Verdict
from gateway.eds.verifier import Verifier
from gateway.telemetry.metrics import Metrics
from tests.support import eds, ncanode
from tests.support.eds import AT
from tests.support.ncanode import NcaNodeServer

_SECRET = "КУПИЯЛЫ АТЫ"


@pytest_asyncio.fixture
async def server() -> AsyncIterator[NcaNodeServer]:
    async with ncanode.ncanode() as running:
        yield running


def _xml() -> bytes:
    return enveloped.sign(b"<?xml version='1.0' encoding='UTF-8'?>\n<a>\r\n<b/></a>", eds.citizen().key)


def _envelope() -> bytes:
    root = etree.fromstring(f'<s:Envelope xmlns:s="{eds.SOAP}"><s:Body><a/></s:Body></s:Envelope>')
    return wsse.sign(root, eds.citizen().key)


async def _enveloped(document: bytes, by: Verifier) -> Verdict:
    return await by.enveloped(document, at=AT)


_Judged = Callable[[Verifier], Awaitable[Verdict]]
_FORMS: dict[str, _Judged] = {
    "/xml/verify": lambda by: by.enveloped(_xml(), at=AT),
    "/wsse/verify": lambda by: by.envelope(_envelope(), at=AT),
    "/cms/verify": lambda by: by.cms(cms.sign(b"content", eds.citizen().key, at=AT), at=AT),
}


async def _judge(
    url: str, judged: _Judged, *, required: bool = True, metrics: Metrics | None = None, **section: float
) -> Verdict:
    configured = settings.NcaNode.model_validate({"url": url, "required": required, **section})
    async with second_opinion(configured, metrics or Metrics()) as second:
        return await judged(Verifier(Anchors.of([eds.nca().certificate]), None, second))


def _unused() -> str:
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{bound.getsockname()[1]}"


@pytest.mark.parametrize("path", _FORMS)
async def test_who_agrees_leaves_the_verdict_as_it_is(server: NcaNodeServer, path: str) -> None:
    """Each form is asked at its own path, revocation included, and stays VALID."""
    metrics = Metrics()
    verdict = await _judge(server.url, _FORMS[path], metrics=metrics)
    assert (verdict.indication, verdict.findings) == (Indication.VALID, ())
    ((asked, question),) = server.asked
    assert asked == path
    assert question["revocationCheck"] == ["OCSP"]
    assert metrics.registry.get_sample_value("qaqpa_second_opinions_total", {"stand": "agrees"}) == 1


@pytest.mark.parametrize("path", _FORMS)
@pytest.mark.parametrize(
    ("said", "indication", "reason"),
    [
        ({"bad_signature": True}, Indication.INVALID, Reason.SIG_CRYPTO_FAILURE),
        ({"distrusts": True}, Indication.INVALID, Reason.NO_CERTIFICATE_CHAIN_FOUND),
        ({"revoked": True}, Indication.INVALID, Reason.REVOKED),
        ({"ocsp_fails": True}, Indication.INDETERMINATE, Reason.TRY_LATER),
        ({"describes": []}, Indication.INDETERMINATE, Reason.TRY_LATER),
        ({"describes": [eds.nca().certificate]}, Indication.INDETERMINATE, Reason.SIG_CONSTRAINTS_FAILURE),
    ],
)
async def test_who_does_not_agree_spoils_it(
    server: NcaNodeServer, path: str, said: dict[str, object], indication: Indication, reason: Reason
) -> None:
    """What NCANode refuses is refused, with its reason; what it cannot tell, or tells of others, is not VALID."""
    for name, value in said.items():
        setattr(server, name, value)
    verdict = await _judge(server.url, _FORMS[path])
    assert verdict.indication is indication
    assert verdict.reasons == {reason}
    assert all("NCANode" in finding.detail or "second opinion" in finding.detail for finding in verdict.findings)


async def test_the_newer_form_of_cms_answers_is_understood(server: NcaNodeServer) -> None:
    """Versions differ in how they name a signer's certificate."""
    server.newer = True
    assert (await _judge(server.url, _FORMS["/cms/verify"])).indication is Indication.VALID


async def test_detached_content_goes_along(server: NcaNodeServer) -> None:
    """A detached CMS signature is asked about with what it signs, in base64."""
    message = cms.sign(b"content", eds.citizen().key, at=AT, detached=True)
    verdict = await _judge(server.url, lambda by: by.cms(message, at=AT, detached=b"content"))
    assert verdict.indication is Indication.VALID
    assert server.asked[0][1]["data"] == "Y29udGVudA=="


async def test_what_is_invalid_already_is_not_asked_about(server: NcaNodeServer) -> None:
    """A forged document, a stranger's and rubbish are refused here; NCANode, which would accept some, is not asked."""
    forged = _xml().replace(b"<b/>", b"<c/>")
    stranger = enveloped.sign(b"<a/>", eds.issue("stranger").key)
    for document in (forged, stranger, b"<a/>", b"rubbish"):
        verdict = await _judge(server.url, partial(_enveloped, document))
        assert verdict.indication is Indication.INVALID
    assert server.asked == []


@pytest.mark.parametrize(
    "answer",
    [
        lambda: web.json_response({"status": 400, "message": f"DERUnknownTag {_SECRET}"}, status=400),
        lambda: web.json_response({"status": 500, "message": f"issuer is null {_SECRET}"}, status=500),
        lambda: web.Response(text="<html>502</html>", status=502),
        lambda: web.Response(status=302, headers={"Location": "http://127.0.0.1:9/"}),
        lambda: web.Response(text="<html>captive portal</html>"),
        lambda: web.json_response({"status": 200, "message": "OK"}),
        lambda: web.Response(body=b" " * 33_000_000),
    ],
    ids=["400", "500", "502", "redirect", "no JSON", "no verdict", "too much"],
)
@pytest.mark.parametrize("required", [True, False])
async def test_an_error_is_no_opinion(
    server: NcaNodeServer,
    answer: Callable[[], web.StreamResponse],
    required: bool,  # noqa: FBT001  a parameter
) -> None:
    """400 and 500 say nothing of the signature: INDETERMINATE where agreement is required, else our own verdict."""
    server.raw = answer
    with structlog.testing.capture_logs() as logs:
        verdict = await _judge(server.url, _FORMS["/xml/verify"], required=required)
    assert verdict.indication is (Indication.INDETERMINATE if required else Indication.VALID)
    assert verdict.reasons == ({Reason.TRY_LATER} if required else set())
    assert [line["stand"] for line in logs] == ["none"]
    assert _SECRET not in f"{verdict} {logs}"


async def test_who_is_away_is_asked_twice_and_then_waited_for() -> None:
    """No connection: INDETERMINATE, TRY_LATER."""
    metrics = Metrics()
    verdict = await _judge(_unused(), _FORMS["/xml/verify"], metrics=metrics)
    assert verdict.indication is Indication.INDETERMINATE
    assert verdict.reasons == {Reason.TRY_LATER}
    assert "cannot be reached" in verdict.findings[0].detail
    assert metrics.registry.get_sample_value("qaqpa_second_opinions_total", {"stand": "none"}) == 1


async def test_who_is_slow_is_not_waited_for(server: NcaNodeServer) -> None:
    """The time limit holds for each of two attempts."""
    server.hangs = True
    verdict = await _judge(server.url, _FORMS["/xml/verify"], timeout_seconds=0.1)
    assert verdict.reasons == {Reason.TRY_LATER}
    assert len(server.asked) == 2


async def test_who_was_away_often_is_left_alone() -> None:
    """After five failures in a row nobody asks for a while; then one does, and if it is answered, all do."""
    now, url = [0.0], _unused()
    async with ncanode.client(url, lambda: now[0]) as client:
        for _ in range(3):
            with pytest.raises(NcaNodeFailed, match=r"cannot be reached|left alone"):
                await client.ask("/xml/verify", {})
        async with ncanode.ncanode(int(url.rsplit(":", 1)[1])) as server:
            with pytest.raises(NcaNodeFailed, match="left alone"):
                await client.ask("/xml/verify", {"xml": "<a/>"})
            assert server.asked == []
            now[0] = 31.0
            assert await client.ask("/xml/verify", {"xml": "<a/>"})
            assert await client.ask("/xml/verify", {"xml": "<a/>"})


async def test_questions_that_fail_do_not_shut_it_off(server: NcaNodeServer) -> None:
    """A document on which NCANode stumbles costs the others nothing: HTTP 500 is not being away."""
    async with ncanode.client(server.url) as client:
        for _ in range(8):
            with pytest.raises(NcaNodeFailed, match="HTTP 500"):
                await client.ask("/xml/verify", {"xml": "no XML"})
        assert await client.ask("/xml/verify", {"xml": "<a/>"})


async def test_an_opinion_raises_nothing(server: NcaNodeServer) -> None:
    """What cannot even be asked (no UTF-8, no CMS) is no opinion."""
    async with ncanode.opinion(server.url) as opinion:
        assert (await opinion.xml(b"\xff")).stand is Stand.NONE
        assert (await opinion.cms(b"\xff", None)).stand is Stand.NONE
    assert server.asked == []


async def test_without_settings_nobody_is_asked() -> None:
    """The default is no second opinion."""
    async with second_opinion(None, Metrics()) as second:
        assert second is None
    assert settings.Settings.model_fields["ncanode"].default is None


@pytest.mark.parametrize("section", [{"url": "ftp://x"}, {"url": "http://x", "revocation": ["crll"]}, {}])
def test_settings_that_make_no_sense(section: dict[str, object]) -> None:
    """A slip is named at start."""
    with pytest.raises(ValueError, match="validation error"):
        settings.NcaNode.model_validate(section)


async def test_several_signers_are_all_needed(server: NcaNodeServer) -> None:
    """NCANode must have judged every signer that is found here."""
    judged = partial(_enveloped, enveloped.sign(_xml(), eds.issue("second", eds.nca()).key))
    assert (await _judge(server.url, judged)).indication is Indication.VALID
    server.describes = [eds.citizen().certificate]
    assert (await _judge(server.url, judged)).reasons == {Reason.SIG_CONSTRAINTS_FAILURE}
