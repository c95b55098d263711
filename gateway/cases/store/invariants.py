"""The promises as queries: each finds the cases that break one. `doctor` asks all, the sweep those of unfinished cases.

Every query looks at one moment (one statement, one snapshot), so that work under way is no finding. `{these}` stands
for the cases that are looked at now: never all at once.
"""

import re
from collections.abc import Callable
from typing import Final

_THESE = re.compile(r"(\([^()]+\)|[\w.]+) \{these\}")


def of_these(query: str, condition: Callable[[str], str]) -> str:
    """Return a query of this module about some rows only; `condition` makes it of the key's columns."""
    return _THESE.sub(lambda match: condition(match[1]), query)


OF_UNFINISHED: Final = {
    "a case that is not finished has a next step": (
        "SELECT c.id FROM cases c WHERE c.id {these} AND c.state <> 'confirmed' "
        "AND NOT (c.mode = 'counter' AND c.state = 'decided') "  # waits for the applicant to come
        "AND NOT EXISTS (SELECT 1 FROM tasks t WHERE t.case_id = c.id)"
    ),
    "a message that waits for the cabinet has its task": (
        "SELECT d.case_id FROM deliveries d JOIN cases c ON c.id = d.case_id "
        "WHERE d.case_id {these} AND d.state = 'pending' AND c.state <> 'confirmed' "
        "AND NOT EXISTS (SELECT 1 FROM tasks t WHERE t.case_id = d.case_id AND t.kind = 'deliver')"
    ),
}
"""What the sweep mends: the work is known, only its task is gone."""

OF_CASES: Final = OF_UNFINISHED | {
    "a message belongs to a case": (
        "SELECT m.case_id FROM messages m LEFT JOIN cases c ON c.id = m.case_id "
        "WHERE m.case_id {these} AND c.id IS NULL"
    ),
    "a case has the message it began with": (
        "SELECT c.id FROM cases c WHERE c.id {these} AND NOT EXISTS (SELECT 1 FROM messages m WHERE m.case_id = c.id)"
    ),
    "a case's number was given out to it": (
        "SELECT c.id FROM cases c LEFT JOIN registrations r ON r.number = c.number "
        "WHERE c.id {these} AND c.number IS NOT NULL AND r.case_id IS DISTINCT FROM c.id"
    ),
    "a case without an ending holds its matter, and no other case does": (
        "SELECT c.id FROM cases c LEFT JOIN matters w ON w.matter_key = c.matter_key WHERE c.id {these} "
        "AND c.matter_key IS NOT NULL AND c.ending IS NULL AND w.case_id IS DISTINCT FROM c.id"
    ),
    "a case has at most one answer": (
        "SELECT case_id FROM deliveries WHERE case_id {these} AND kind = 'RESPONSE' "
        "GROUP BY case_id HAVING count(*) > 1"
    ),
    "a finished case says how it ended": (
        "SELECT id FROM cases WHERE id {these} AND state = 'confirmed' AND ending IS NULL"
    ),
    "a registered case has number and deadline": (
        "SELECT id FROM cases WHERE id {these} AND ((number IS NULL) <> (deadline IS NULL) "
        "OR (number IS NULL AND state NOT IN ('awaiting_verification', 'rejected', 'issued', 'confirmed')))"
    ),
    "the case's state is the one of its last event": (
        "SELECT c.id FROM cases c LEFT JOIN events e ON e.case_id = c.id AND e.seq = c.seq "
        "WHERE c.id {these} AND e.hash IS DISTINCT FROM c.head"
    ),
    "a grant that is followed has its duty": (
        "SELECT id FROM cases WHERE id {these} AND state = 'followed' AND duty IS NULL"
    ),
    "a term that stands still was suspended": (
        "SELECT id FROM cases WHERE id {these} AND state = 'suspended' AND cardinality(pauses) %% 2 = 0"
    ),
    "a task belongs to a case": (
        "SELECT t.case_id FROM tasks t LEFT JOIN cases c ON c.id = t.case_id WHERE t.case_id {these} AND c.id IS NULL"
    ),
    "a finished case knows when it was closed": (
        "SELECT id FROM cases WHERE id {these} AND (state = 'confirmed') <> (closed_at IS NOT NULL)"
    ),
    "a finished case has no tasks": (
        "SELECT t.case_id FROM tasks t JOIN cases c ON c.id = t.case_id WHERE t.case_id {these} "
        "AND c.state = 'confirmed' AND t.kind <> 'deliver'"  # messages that ShEP has not taken yet are still sent
    ),
}
"""By the id of the case."""

OF_INBOX: Final = {
    "a known message has its content, or its case is archived": (
        "SELECT i.case_id FROM inbox i LEFT JOIN messages m ON m.case_id = i.case_id AND m.id = i.id "
        "WHERE (i.sender_id, i.message_id, i.message_type) {these} AND m.id IS NULL "
        "AND NOT EXISTS (SELECT 1 FROM archived_cases a WHERE a.case_id = i.case_id)"
    )
}
"""By sender, id and type of the message."""

OF_MATTERS: Final = {
    "a case without an ending holds its matter, and no other case does": (
        "SELECT w.case_id FROM matters w LEFT JOIN cases c ON c.id = w.case_id AND c.ending IS NULL "
        "WHERE w.matter_key {these} AND w.matter_key IS DISTINCT FROM c.matter_key"
    )
}
"""By the matter's key."""
