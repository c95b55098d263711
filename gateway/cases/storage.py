"""The port to the storage in which senders leave files beside their messages; `gateway.shep.storage` implements it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from gateway.cases.calls import CallFailed


@dataclass(frozen=True, slots=True)
class StoredFile:
    """What the storage says of a file. Its name is left out: it may hold the applicant's."""

    size: int | None
    """Bytes; None: it does not say."""
    uploaded_at: datetime | None = None
    uploader: str | None = None
    """Id of the system that left it."""
    to_confirm: bool = False
    """Whether it waits for us to say that we have it."""


@dataclass(frozen=True, slots=True)
class FetchedFile:
    """A file, and the bytes of the storage's answer that brought it: evidence."""

    content: bytes = field(repr=False)
    answer: bytes = field(repr=False)


class StorageUnavailable(CallFailed):
    """The storage could not be asked, or did not answer as it must: ask again later. The text holds no file's data."""


class FileStorage(Protocol):
    """Where files lie for some hours or days. Each method raises StorageUnavailable."""

    async def describe(self, file_ids: Sequence[str]) -> Mapping[str, StoredFile]:
        """Ask about files; those that are not there (never were, expired, deleted) are not in the answer."""

    async def fetch(self, file_id: str) -> FetchedFile | None:
        """Return a file; None if it is not there."""

    async def confirm(self, file_id: str) -> None:
        """Tell the storage that we have the file, and that it need not keep it."""
