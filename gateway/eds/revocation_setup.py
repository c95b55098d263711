"""Revocation of one process, put together by its settings: sources, memory, and the task that keeps lists current."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Final, Protocol

import aiohttp

from gateway.clock import Clock
from gateway.eds.anchors import Anchors
from gateway.eds.crl.lists import Lists
from gateway.eds.crl.refresh import ListObserver, Origins, Refresher
from gateway.eds.crl.shelf import Shelf
from gateway.eds.fetch import Fetch, HttpFetch
from gateway.eds.ocsp import Ocsp, OcspLimits
from gateway.eds.revocation import Asks, RevocationSource, Source
from gateway.eds.revocation_memory import Proved, Remembered, SharedAnswers
from gateway.eds.revocation_policy import Mode, Policy, RevocationObserver, Revocations, Watched
from gateway.settings import Revocation as RevocationSettings

_START_SECONDS: Final = 10.0


class Observer(RevocationObserver, ListObserver, Protocol):
    """Learns of questions and of lists."""


@contextlib.asynccontextmanager
async def revocation_source(  # noqa: PLR0913  the parts it joins
    settings: RevocationSettings,
    *,
    folder: Path,
    anchors: Anchors,
    shared: SharedAnswers,
    clock: Clock,
    observer: Observer,
    start_seconds: float = _START_SECONDS,
) -> AsyncIterator[RevocationSource | None]:
    """Give what a Verifier asks about revocation; None when the settings turn it off.

    Args:
        settings: the section `revocation`.
        folder: where lists are kept.
        anchors: the authorities whose lists are accepted.
        shared: where answers are shared and proofs kept.
        clock: the time.
        observer: what counts.
        start_seconds: how long the first download is waited for; what comes before the lists waits as unverified.

    Raises:
        OSError: the folder cannot be used.
    """
    policy = policy_of(settings)
    if policy.signers is Mode.OFF:
        yield None
        return
    skew = timedelta(seconds=settings.clock_skew_seconds)
    shelf = Shelf(folder, anchors.certificates, skew=skew, max_bytes=settings.list_max_mb * 1_000_000)
    async with aiohttp.ClientSession() as session:
        fetch = HttpFetch(session)
        ocsp = _ocsp(settings, fetch, shared, clock, observer)
        lists = Proved(Watched(Lists(shelf, clock), Source.CRL.value, observer), shared)
        refresher = Refresher(shelf, _origins(settings), fetch, clock, observer)
        async with _kept(refresher, start_seconds):
            yield Revocations(policy, {Source.OCSP: ocsp, Source.CRL: lists})


def policy_of(settings: RevocationSettings) -> Policy:
    """Return the policy that the settings state."""
    return Policy(Mode(settings.policy), Mode(settings.authorities))


def _ocsp(settings: RevocationSettings, fetch: Fetch, shared: SharedAnswers, clock: Clock, observer: Observer) -> Asks:
    limits = OcspLimits(
        url=settings.ocsp_url,
        timeout_seconds=settings.ocsp_timeout_seconds,
        max_age=timedelta(seconds=settings.ocsp_max_age_seconds),
        skew=timedelta(seconds=settings.clock_skew_seconds),
        concurrency=settings.ocsp_concurrency,
        nonce_bytes=settings.ocsp_nonce_bytes,
    )
    return Remembered(Watched(Ocsp(fetch, clock, limits), Source.OCSP.value, observer), shared, clock)


def _origins(settings: RevocationSettings) -> Origins:
    return Origins(
        urls=settings.list_urls,
        folder=settings.lists_dir,
        refresh_seconds=settings.list_refresh_seconds,
        timeout_seconds=settings.list_timeout_seconds,
    )


@contextlib.asynccontextmanager
async def _kept(refresher: Refresher, start_seconds: float) -> AsyncIterator[None]:
    task = asyncio.create_task(refresher.keep(), name="revocation lists")
    try:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(start_seconds):
                await refresher.tried.wait()
        yield
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
