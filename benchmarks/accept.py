"""How many applications one gateway process accepts, against the floor of the bare operations, in one run.

A load generator in a process of its own sends distinct, really signed applications of 6 KB (a transport signature and
an applicant's signature each, nothing repeated between them) to `qaqpa serve --no-worker` on the embedded PostgreSQL
with fsync on. The floor is what an acceptance cannot do without, called in a tight loop on the same machine: parse, two
canonicalisations with RSA-2048 verification, one RSA-2048 signature, one commit of the message.

The last line is one JSON object.
"""

import argparse
import json
import multiprocessing
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil
import psycopg
from rich.console import Console

from benchmarks import usage
from benchmarks.floor import Floor, measure_floor
from benchmarks.load import Load, Outcome, prepare, send
from gateway.sandbox.gateway_config import Variant, write_gateway_config
from gateway.sandbox.keys import Family
from gateway.sandbox.nca import TestAuthority
from gateway.sandbox.plan import Plan

_STEPS = ("parse", "transport_verify", "applicant_verify", "checks", "commit", "receipt_sign")
_READY_SECONDS = 60
_VARIANT = Variant(revocation="off", family=Family.RSA)
"""There is no NCA to ask here, and the floor is measured with RSA."""
_console = Console(stderr=True)


@dataclass(frozen=True)
class Gateway:
    """A gateway under test."""

    url: str
    process: psutil.Process
    data_dir: Path
    processes: int

    def cpu_seconds(self) -> float:
        """CPU time of the gateway's own processes."""
        return usage.cpu_seconds([self.process, *self._replicas()])

    def database_cpu_seconds(self) -> float:
        """CPU time of all processes of the embedded PostgreSQL that live now."""
        own = self._replicas()
        return usage.cpu_seconds(child for child in self.process.children(recursive=True) if child not in own)

    def rss_mb(self) -> float:
        """Resident memory of the gateway's own processes, shared pages counted in each."""
        return usage.rss_mb([self.process, *self._replicas()])

    def _replicas(self) -> list[psutil.Process]:
        return [child for child in self.process.children() if "replica" in child.cmdline()]

    def step_seconds(self) -> dict[str, float]:
        """Sum of the time each step has taken, from the gateway's own metrics."""
        with urllib.request.urlopen(f"{self.url}/metrics") as response:  # noqa: S310  our own loopback URL
            text = response.read().decode()
        sums: defaultdict[str, float] = defaultdict(float)
        for line in text.splitlines():
            if line.startswith("qaqpa_step_seconds_sum{"):
                labels, value = line.split("} ")
                sums[labels.split('step="')[1].split('"')[0]] += float(value)
        return sums


@contextmanager
def running_gateway(folder: Path, processes: int) -> Iterator[tuple[Gateway, Plan, TestAuthority]]:
    """Start the gateway as an operator would, on a free port."""
    plan = Plan.open_or_create(folder / "world")
    authority = TestAuthority.open_or_create(folder / "pki")
    settings = write_gateway_config(folder / "gateway", plan, authority, _VARIANT)
    log = (folder / "gateway.log").open("wb")
    command = [sys.executable, "-m", "gateway.cli", "serve", "--no-worker", "--settings", str(settings)]
    command += ["--workers", str(processes)]
    process = subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT)  # noqa: S603  our own program
    url = f"http://{plan.host}:{plan.ports.gateway}"
    try:
        _until_ready(url, process, folder / "gateway.log")
        yield Gateway(url, psutil.Process(process.pid), folder / "gateway" / "data", processes), plan, authority
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(60)
        log.close()


def _until_ready(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + _READY_SECONDS
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise SystemExit(f"the gateway did not start:\n{log.read_text()}")
        try:
            urllib.request.urlopen(f"{url}/health/ready", timeout=2).close()  # noqa: S310  our own loopback URL
        except OSError:
            time.sleep(0.1)
        else:
            return
    raise SystemExit(f"the gateway was not ready after {_READY_SECONDS} s:\n{log.read_text()}")


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--applications", type=int, default=4000)
    parser.add_argument("--warmup", type=int, default=400)
    parser.add_argument("--in-flight", type=int, default=32)
    parser.add_argument("--bytes", type=int, default=6000)
    parser.add_argument("--processes", type=int, default=1, help="gateway processes on the one port")
    arguments = parser.parse_args()
    with (
        tempfile.TemporaryDirectory(prefix="qaqpa-bench-") as name,
        running_gateway(Path(name), arguments.processes) as started,
    ):
        gateway, plan, authority = started
        load = Load(
            url=f"{gateway.url}/shep/async",
            password=plan.passwords["portal"],
            applications=arguments.applications + arguments.warmup,
            in_flight=arguments.in_flight,
            size=arguments.bytes,
        )
        report(gateway, authority, Path(name), load, arguments.warmup)


def report(gateway: Gateway, authority: TestAuthority, folder: Path, load: Load, warmup: int) -> None:
    """Prepare, measure, print."""
    _console.print(f"signing {load.applications} applications of about {load.size} bytes ...")
    prepared = prepare(load, authority, folder / "load")
    size = prepared.stat().st_size // load.applications
    _console.print(f"messages are {size} bytes on the wire; sending {warmup} to warm up ...")
    _in_child(load, prepared, 0, warmup)
    before = gateway.cpu_seconds(), gateway.database_cpu_seconds(), gateway.step_seconds()
    memory = {"warm": gateway.rss_mb()}
    _console.print(f"sending {load.applications - warmup}, {load.in_flight} in flight, from a process of its own ...")
    outcome = _in_child(load, prepared, warmup, load.applications)
    after = gateway.cpu_seconds(), gateway.database_cpu_seconds(), gateway.step_seconds()
    memory["end"] = gateway.rss_mb()
    count = len(outcome.latencies)
    per_ms = 1000 / count
    cpu = {step: round((after[2].get(step, 0) - before[2].get(step, 0)) * per_ms, 3) for step in _STEPS}
    cpu["gateway_process"] = round((after[0] - before[0]) * per_ms, 3)
    cpu["postgres"] = round((after[1] - before[1]) * per_ms, 3)
    cpu["load_generator"] = round(outcome.cpu_seconds * per_ms, 3)
    url = usage.database_url(gateway.data_dir)
    _check(url, load)
    _console.print("measuring the floor ...")
    floor = measure_floor(url, prepared, authority)
    _print(outcome, floor, {"cpu_ms": cpu, "rss_mb": memory}, gateway, load)


def _in_child(load: Load, prepared: Path, first: int, last: int) -> Outcome:
    context = multiprocessing.get_context("spawn")
    with context.Pool(1) as pool:
        return pool.apply(send, (load, prepared, first, last))


def _check(url: str, load: Load) -> None:
    """Every acknowledged application is a registered case with a task: or the figure would mean nothing."""
    with psycopg.connect(url) as connection:
        row = connection.execute(
            "SELECT count(DISTINCT c.id) FROM cases c JOIN tasks t ON t.case_id = c.id AND t.kind = 'submit' "
            "WHERE c.state = 'registered'"
        ).fetchone()
    if row is None or row[0] != load.applications:
        raise SystemExit(f"{load.applications} were acknowledged, but {row and row[0]} are registered")


def _print(outcome: Outcome, floor: Floor, used: dict[str, dict[str, float]], gateway: Gateway, load: Load) -> None:
    latencies = sorted(outcome.latencies)
    rate = len(latencies) / outcome.seconds
    p50, p99 = (statistics.quantiles(latencies, n=100, method="inclusive")[n] * 1000 for n in (49, 98))
    _console.print(f"accepted {rate:.0f}/s, p50 {p50:.1f} ms, p99 {p99:.1f} ms, {load.in_flight} in flight")
    _console.print(f"revocation {_VARIANT.revocation}: no NCA is asked in this measurement")
    _console.print(f"floor    {floor.per_second:.0f}/s on one core: {floor.parts}")
    _console.print(f"ratio    {rate / floor.per_second:.2f} of the floor ({gateway.processes} gateway process(es))")
    _console.print("per application, ms (steps as seen in the event loop; processes as CPU):")
    for name, value in used["cpu_ms"].items():
        _console.print(f"  {name:18} {value:.3f}")
    result = {
        "accepted_per_s": round(rate, 1),
        "p50_ms": round(p50, 1),
        "p99_ms": round(p99, 1),
        "floor_per_s": round(floor.per_second, 1),
        **used,
        "processes": gateway.processes,
        "cores": os.cpu_count(),
        "revocation": _VARIANT.revocation,
    }
    print(json.dumps(result))


if __name__ == "__main__":
    main()
