"""What processes have used: CPU time and memory, of those that still live."""

from collections.abc import Iterable
from pathlib import Path

import psutil

from gateway.embedded import EmbeddedPostgres


def cpu_seconds(processes: Iterable[psutil.Process]) -> float:
    """Return the CPU time of processes, in user and system mode; one that has ended counts nothing."""
    return sum(map(_cpu_seconds, processes))


def rss_mb(processes: Iterable[psutil.Process]) -> float:
    """Return the resident memory of processes, shared pages counted in each."""
    return round(sum(one.memory_info().rss for one in processes) / 2**20, 1)


def database_url(data_dir: Path) -> str:
    """Return where the embedded database of a running gateway is; end the run if it does not answer."""
    url = EmbeddedPostgres.running(data_dir / "postgres")
    if url is None:
        raise SystemExit("the embedded PostgreSQL does not answer")
    return url


def _cpu_seconds(process: psutil.Process) -> float:
    try:
        times = process.cpu_times()
    except psutil.NoSuchProcess:
        return 0.0
    return float(times.user + times.system)
