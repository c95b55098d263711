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


async def finished(work: Coroutine[None, None, None], *, unless: asyncio.Event) -> bool:
    """Do `work` to its end; False if `unless` is set before, and the work is given up.

    Raises:
        What `work` raises.
    """
    task, stopped = asyncio.ensure_future(work), asyncio.create_task(unless.wait())
    try:
        await asyncio.wait({task, stopped}, return_when=asyncio.FIRST_COMPLETED)
        if task.done():
            task.result()
        return task.done()
    finally:
        for one in (task, stopped):
            one.cancel()
        await asyncio.gather(task, stopped, return_exceptions=True)
