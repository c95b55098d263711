"""A disk that can be filled to its last block: a file system of its own in a file. Needs root and loop devices."""

import asyncio
import os
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

_SIZE = 6 * 1024**3  # sparse: only what is written takes space


@dataclass
class SmallDisk:
    """An ext4 file system; without the rights to mount it, an ordinary folder that cannot be filled."""

    image: Path
    folder: Path
    can_be_filled: bool = False

    async def mount(self) -> None:
        """Make and mount it."""
        self.folder.mkdir(parents=True)
        with self.image.open("wb") as file:
            file.truncate(_SIZE)
        self.can_be_filled = (
            os.geteuid() == 0
            and await _run("mkfs.ext4", "-q", "-m", "0", str(self.image))
            and await _run("mount", "-o", "loop", str(self.image), str(self.folder))
        )

    def fill(self) -> None:
        """Leave no block free."""
        with self._ballast.open("wb") as file:
            free = os.statvfs(self.folder)
            size = free.f_bavail * free.f_frsize
            while size >= free.f_frsize:
                try:
                    os.posix_fallocate(file.fileno(), os.fstat(file.fileno()).st_size, size)
                except OSError:  # somebody else was faster: take what is left in smaller pieces
                    size //= 2

    def empty(self) -> None:
        """Give the space back."""
        self._ballast.unlink(missing_ok=True)

    async def unmount(self) -> None:
        """Take it away."""
        if self.can_be_filled:
            await _run("umount", "--lazy", str(self.folder))
        with suppress(OSError):
            self.image.unlink()

    @property
    def _ballast(self) -> Path:
        return self.folder / "ballast"


async def _run(*command: str) -> bool:
    try:
        process = await asyncio.create_subprocess_exec(*command, stderr=asyncio.subprocess.DEVNULL)
    except OSError:
        return False
    return await process.wait() == 0
