"""Files that an application only names, between real processes: left in the storage, fetched, checked, handed over."""

import asyncio
from collections.abc import AsyncIterator
from hashlib import sha256

import pytest
import pytest_asyncio

from gateway.sandbox.cabinet import Request
from gateway.sandbox.failures import Failure, Kind
from gateway.sandbox.order import Document
from gateway.sandbox.temp_storage import PATH
from tests.support.world import Together, order, together

pytestmark = pytest.mark.asyncio(loop_scope="module")

TEXT = "%PDF-1.4 тіркеме\n%%EOF\n"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def both(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Together]:
    async with together(tmp_path_factory.mktemp("files")) as started:
        yield started


def named(file_id: str | None = None, *, text: str = TEXT) -> Document:
    """A document in the storage, under an id or left there by the portal."""
    return Document(kind="package", name="package.pdf", text=text, stored=file_id is None, file_id=file_id)


def statuses(request: Request) -> list[str]:
    return [message.status for message in request.messages]


async def test_a_file_in_the_storage_reaches_the_provider(both: Together) -> None:
    """The receipt does not wait for it; the case is registered when it is here, and the provider gets its bytes."""
    placed = await both.world.portal.apply(order(documents=(named(),)))
    request = await both.completed(placed.number)
    assert statuses(request)[:2] == ["being_checked", "registered"]
    assert request.result is not None
    assert request.result.outcome == "positive"
    assert request.case_number is not None
    record = both.world.providers[0].register.get(request.case_number)
    assert record.files == (sha256(TEXT.encode()).hexdigest(),)


async def test_every_wrong_file_is_told_at_once(both: Together) -> None:
    """One is missing, one was changed, one is of another type, one too large: four findings in one answer."""
    shelf = both.world.shelf
    signed = [f"%PDF-1.4 {number}\n%%EOF" for number in range(4)]
    documents = (
        named("00000000-0001-2dcf-c120-49f90d44122c", text=signed[0]),
        named(shelf.put(b"%PDF-1.4 changed\n%%EOF"), text=signed[1]),
        named(shelf.put(b"no PDF"), text="no PDF"),
        named(shelf.put(b"%PDF-".ljust(5_000_001, b"x")), text=signed[3]),
        named(),
    )
    placed = await both.world.portal.apply(order(documents=documents))
    request = await both.completed(placed.number)
    assert statuses(request) == ["being_checked", "rejected"]
    assert request.case_number is None
    said = [words.ru for words in request.messages[-1].details]
    assert [one.split(".")[0] for one in said] == ["Документ 1", "Документ 2", "Документ 3", "Документ 4"]
    for number, word in enumerate(("нет во временном хранилище", "изменился", "не соответствует", "не больше 5 МБ")):
        assert word in said[number]


@pytest.mark.parametrize("kind", [Kind.ERROR_BEFORE, Kind.DROP_BEFORE, Kind.DROP_AFTER, Kind.ENDLESS])
async def test_a_storage_that_fails_is_asked_again(both: Together, kind: Kind) -> None:
    """Errors, cut connections and answers without end leave nothing half-done: the file is fetched after all."""
    both.world.failures.order(Failure(kind=kind, path=PATH, count=2))
    placed = await both.world.portal.apply(order(documents=(named(),)))
    request = await both.completed(placed.number)
    assert statuses(request)[:2] == ["being_checked", "registered"]


async def test_a_file_that_waits_for_it_is_confirmed(both: Together) -> None:
    """The storage learns that we have the file, once it is kept."""
    shelf = both.world.shelf
    file_id = shelf.put(TEXT.encode(), mime="application/pdf", to_confirm=True)
    placed = await both.world.portal.apply(order(documents=(named(file_id),)))
    await both.completed(placed.number)
    async with asyncio.timeout(10):
        while (meta := shelf.meta(file_id)) is None or meta.confirmed_at is None:
            await asyncio.sleep(0.05)


async def test_the_evidence_says_where_a_file_came_from(both: Together) -> None:
    """Hash, size, id and the system that left it stand in the log; its name does not."""
    placed = await both.world.portal.apply(order(documents=(named(),)))
    request = await both.completed(placed.number)
    assert request.case_number is not None
    shown = await both.qaqpa("case", "show", request.case_number, "--json")
    assert "FileKept" in shown
    assert sha256(TEXT.encode()).hexdigest() in shown
    assert "package.pdf" not in shown


async def test_a_completed_application_may_name_files_too(both: Together) -> None:
    """An UPDATE takes effect when its files are here; one with a wrong file changes nothing but is answered."""
    placed = await both.world.portal.apply(order(documents=()))
    await both.until(placed.number, lambda one: "documents_needed" in statuses(one))
    wrong = named(both.world.shelf.put(b"%PDF-1.4 changed\n%%EOF"))
    await both.world.portal.supplement(placed.number, order(documents=(wrong,)))
    told = await both.until(placed.number, lambda one: statuses(one).count("documents_needed") == 2)
    assert "изменился" in told.messages[-1].details[0].ru
    await both.world.portal.supplement(placed.number, order(documents=(named(),)))
    request = await both.completed(placed.number)
    assert request.result is not None
    assert request.result.outcome == "positive"
