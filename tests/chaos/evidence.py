"""What everyone remembers, read without the gateway: SQL of its own, ShEP's journal, the cabinets, the providers."""

import sqlite3
from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path

import psycopg

from gateway.sandbox.cabinet import Cabinet, Request
from gateway.shep.messages import MessageState
from tests.chaos.verdict import Arrival, CaseFacts, Fate, Story

_FATES = {MessageState.DELIVERED: Fate.ACKNOWLEDGED, MessageState.NOT_DELIVERED: Fate.REFUSED}

_CASES = """
SELECT c.correlation_id, c.number, c.state, c.ending, EXISTS (SELECT 1 FROM tasks t WHERE t.case_id = c.id)
FROM cases c ORDER BY c.received_at
"""
_FOREIGN = {
    "a case that no application belongs to": "SELECT correlation_id FROM cases",
    "a message of the inbox that is not ShEP's": "SELECT message_id FROM inbox",
}
_WITHOUT_OWNER = {
    f"{table} of no case": (
        f"SELECT count(*) FROM {table} t WHERE NOT EXISTS (SELECT 1 FROM cases c WHERE c.id = t.case_id)"
    )
    for table in ("events", "documents", "deliveries", "tasks", "messages")
} | {
    "tasks given up": "SELECT count(*) FROM tasks WHERE dead_at IS NOT NULL",
    "cases with a gap in their events": (
        "SELECT count(*) FROM cases c WHERE c.seq <> (SELECT count(*) FROM events e WHERE e.case_id = c.id)"
    ),
}


def stories(
    folder: Path, database_url: str, expected: Mapping[str, str], receipts: Mapping[str, set[bytes]]
) -> list[Story]:
    """Put together what is known of every application in the cabinets of `folder`.

    Args:
        folder: of the sandbox's world.
        database_url: the gateway's database, reached past everything that is made to fail.
        expected: request number -> how it must end.
        receipts: request number -> the receipts that its copies got.
    """
    cases, handed_over = _cases(database_url), _handed_over(folder)
    with _journal(folder) as journal:
        fates, arrivals = _fates(journal), _arrivals(journal)
    return [
        Story(
            number=request.number,
            expected=expected[request.number],
            fate=fates.get(request.correlation or "", Fate.UNDER_WAY),
            cases=tuple(cases.get(request.correlation or "", ())),
            arrivals=tuple(arrivals.get(request.correlation or "", ())),
            shown=_shown(request),
            handed_over=handed_over[request.number],
            receipts=len(receipts.get(request.number, {b""})) or 1,
        )
        for request in Cabinet(folder / "cabinet").all()
    ]


def orphans(folder: Path, database_url: str) -> Iterator[str]:
    """Give what belongs to nobody: in the database, at the providers, in ShEP."""
    with _journal(folder) as journal:
        known = {
            "a case that no application belongs to": _texts(journal, "SELECT id FROM correlation"),
            "a message of the inbox that is not ShEP's": _texts(journal, "SELECT id FROM message"),
        }
    with psycopg.connect(database_url, autocommit=True) as connection:
        for name, query in _FOREIGN.items():
            strangers = {row[0] for row in connection.execute(query)} - known[name]
            if strangers:
                yield f"{name}: {len(strangers)}"
        for name, query in _WITHOUT_OWNER.items():
            row = connection.execute(query).fetchone()
            if row and row[0]:
                yield f"{name}: {row[0]}"
        numbers = {row[0] for row in connection.execute("SELECT number FROM cases")}
    strange = [number for number, _ in _provider_cases(folder) if number not in numbers]
    if strange:
        yield f"a provider's case that the gateway does not know: {len(strange)}"


def _cases(database_url: str) -> dict[str, list[CaseFacts]]:
    found: dict[str, list[CaseFacts]] = defaultdict(list)
    with psycopg.connect(database_url, autocommit=True) as connection:
        for correlation, *facts in connection.execute(_CASES):
            found[correlation].append(CaseFacts(*facts))
    return found


def _fates(journal: sqlite3.Connection) -> dict[str, Fate]:
    rows = journal.execute("SELECT correlation, state FROM message WHERE type = 'REQUEST'")
    return {str(correlation): _FATES.get(MessageState(state), Fate.UNDER_WAY) for correlation, state in rows}


def _arrivals(journal: sqlite3.Connection) -> dict[str, list[Arrival]]:
    found: dict[str, list[Arrival]] = defaultdict(list)
    rows = journal.execute(
        "SELECT correlation, id, type, repeats FROM message WHERE sender = 'gateway' ORDER BY correlation, id"
    )
    for correlation, shep_id, kind, repeats in rows:
        found[str(correlation)].append(Arrival(shep_id, kind, repeats))
    return found


def _shown(request: Request) -> tuple[str, ...]:
    answers = [message.status for message in request.messages if message.kind == "RESPONSE"]
    if request.result is not None and answers:
        genuine = request.result.verdict == "VALID" and not request.result.reasons
        answers[0] = request.result.outcome if genuine else "not the provider's document"
    return (*answers, *["surplus"] * request.surplus_responses)


def _handed_over(folder: Path) -> dict[str, int]:
    """Count, by the portal's request number, the cases that the providers made."""
    found: dict[str, int] = defaultdict(int)
    for _, document in _provider_cases(folder):
        number = document.partition(b"requestNumber>")[2].partition(b"<")[0]
        found[number.decode()] += 1
    return found


def _provider_cases(folder: Path) -> Iterator[tuple[str, bytes]]:
    """Give number and document of every case that a provider has."""
    for path in sorted((folder / "provider").glob("*.db")):
        with closing(sqlite3.connect(path)) as register:
            yield from register.execute("SELECT number, document FROM cases")


def _texts(journal: sqlite3.Connection, query: str) -> set[str]:
    return {str(row[0]) for row in journal.execute(query)}


@contextmanager
def _journal(folder: Path) -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(folder / "shep" / "shep.db")) as connection:
        yield connection
