"""Why an embedded PostgreSQL cannot run, in one sentence for the operator."""

import re

_CAUSES = (
    (re.compile(r"error while loading shared libraries: ([^:\s]+)"), r"the system library \1 is missing"),
    (re.compile(r"No space left on device"), "the disk is full"),
    (re.compile(r"Read-only file system"), "the file system is read-only"),
    (re.compile(r"could not look up effective user ID (\d+)"), r"user id \1 has no entry in the user database"),
)
_COMPLAINT = re.compile(r"(?:FATAL|PANIC|ERROR|error|launcher):\s+(?!the database system is )(.+)")


class EmbeddedUnusable(Exception):  # noqa: N818  says what the server is, like the other ports' errors
    """The embedded PostgreSQL cannot be used; the text is one sentence that says why and, where known, what to do."""


def cause(output: str) -> str:
    """Return the cause that PostgreSQL's own output names, as the end of a sentence.

    Args:
        output: what `postgres` or `initdb` printed or logged, oldest line first.
    """
    for pattern, sentence in _CAUSES:
        if found := pattern.search(output):
            return found.expand(sentence)
    complaints = _COMPLAINT.findall(output) or output.strip().splitlines()
    return complaints[-1].strip().rstrip(".") if complaints else "it gave no reason"
