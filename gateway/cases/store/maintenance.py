"""Maintenance as it stands in the database, where every replica sees it."""

from datetime import datetime

from psycopg_pool import AsyncConnectionPool

from gateway.cases.maintenance import Maintenance
from gateway.texts import Text


class MaintenanceNotice:
    """The one row that says whether maintenance goes on."""

    def __init__(self, pool: AsyncConnectionPool) -> None:
        """Use connections of `pool`."""
        self._pool = pool

    async def read(self) -> Maintenance | None:
        """Return what is announced, or None."""
        async with self._pool.connection() as connection:
            cursor = await connection.execute(
                "SELECT since, reason_kk, reason_ru, retry_seconds, work_goes_on FROM maintenance"
            )
            row: tuple[datetime, str, str, int, bool] | None = await cursor.fetchone()
        return Maintenance(row[0], Text(kk=row[1], ru=row[2]), row[3], row[4]) if row else None

    async def begin(self, announced: Maintenance) -> None:
        """Announce maintenance, or change what is announced; its beginning stays."""
        async with self._pool.connection() as connection:
            await connection.execute(
                "INSERT INTO maintenance (since, reason_kk, reason_ru, retry_seconds, work_goes_on) "
                "VALUES (%s, %s, %s, %s, %s) ON CONFLICT (one) DO UPDATE SET reason_kk = excluded.reason_kk, "
                "reason_ru = excluded.reason_ru, retry_seconds = excluded.retry_seconds, "
                "work_goes_on = excluded.work_goes_on",
                (
                    *(announced.since, announced.reason.kk, announced.reason.ru),
                    *(announced.retry_seconds, announced.work_goes_on),
                ),
            )

    async def end(self) -> bool:
        """End it; False if there was none."""
        async with self._pool.connection() as connection:
            return (await connection.execute("DELETE FROM maintenance")).rowcount > 0
