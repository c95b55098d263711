"""Work beside what a block of code does, for as long as it lasts."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Coroutine


@contextlib.asynccontextmanager
async def background(
    work: Coroutine[None, None, None], ended: Callable[[asyncio.Task[None]], None] = lambda _: None
) -> AsyncIterator[None]:
    """Run `work` until the block ends; `ended` is called when it has ended, whatever ended it."""
    task = asyncio.create_task(work)
    task.add_done_callback(ended)
    try:
        yield
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


async def done(task: asyncio.Task[None], *, unless: asyncio.Event, within: float | None = None) -> bool:
    """Wait for the end of `task`; False if `unless` is set before, or after `within` seconds. The task goes on then.

    Raises:
        What the task raises.
    """
    stopped = asyncio.create_task(unless.wait())
    try:
        await asyncio.wait({task, stopped}, timeout=within, return_when=asyncio.FIRST_COMPLETED)
    finally:
        stopped.cancel()
    if task.done():
        task.result()
    return task.done()


async def give_up(task: asyncio.Task[None]) -> None:
    """End a task, whatever it does; what it raised was told to whoever waited for it."""
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
