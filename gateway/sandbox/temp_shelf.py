"""The files of the sandbox's temporary storage, on disk, with what is known of them."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from uuid import UUID, uuid4

from pydantic import AwareDatetime, BaseModel, ConfigDict

from gateway.clock import Clock
from gateway.sandbox.files import write_atomically

LIFE = timedelta(hours=8)
"""As the storage was seen to give (28 800 000 ms)."""


class Meta(BaseModel):
    """What is known of a file."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    mime: str
    uploader: str
    uploaded_at: AwareDatetime
    to_confirm: bool
    confirmed_at: AwareDatetime | None = None

    @property
    def expires_at(self) -> datetime:
        """When it goes."""
        return self.uploaded_at + LIFE


@dataclass(frozen=True, slots=True)
class TempShelf:
    """Files that are kept for some hours."""

    folder: Path
    clock: Clock

    def put(self, content: bytes, *, mime: str = "", uploader: str = "portal", to_confirm: bool = False) -> str:
        """Keep a file; return its id."""
        file_id = str(uuid4())
        write_atomically(self.folder / file_id, content)
        self._describe(file_id, Meta(mime=mime, uploader=uploader, uploaded_at=self.clock(), to_confirm=to_confirm))
        return file_id

    def read(self, file_id: str) -> bytes:
        """Return a file that is there."""
        return (self.folder / file_id).read_bytes()

    def size(self, file_id: str) -> int:
        """Return how many bytes a file that is there has."""
        return (self.folder / file_id).stat().st_size

    def meta(self, file_id: str) -> Meta | None:
        """Return what is known of a file; None if it is not there, or not any more."""
        path = self.folder / f"{file_id}.json"
        if not _is_id(file_id) or not path.is_file():
            return None
        meta = Meta.model_validate_json(path.read_bytes())
        return meta if meta.expires_at > self.clock() else None

    def confirm(self, file_id: str) -> None:
        """Take note that somebody has a file that is there."""
        if (meta := self.meta(file_id)) is not None:
            self._describe(file_id, meta.model_copy(update={"confirmed_at": self.clock()}))

    def remove(self, file_id: str) -> None:
        """Lose a file before its time."""
        (self.folder / f"{file_id}.json").unlink()

    def _describe(self, file_id: str, meta: Meta) -> None:
        write_atomically(self.folder / f"{file_id}.json", meta.model_dump_json().encode())


def _is_id(text: str) -> bool:
    try:
        return str(UUID(text)) == text
    except ValueError:
        return False
