"""How long reading and judging an application takes: the largest form completely filled in, and each service's.

Reading includes the XML, the walk over the declared form, every rule, the completeness of the documents and the
compiled schema: all that happens between the verified signature and the registered case. The goal is 2 ms for the
largest form.

The last line is one JSON object.
"""

import json
import statistics
import time

from gateway import resources
from gateway.catalogue import sample
from gateway.catalogue.catalogue import Catalogue
from gateway.catalogue.channel import Channel
from gateway.catalogue.form import read_application
from gateway.catalogue.service import Service
from tests.support.applications import complete

_ROUNDS = 300
_ROWS = 8
"""Rows in each table of the form: a family of eight."""
_GOAL_MS = 2.0


def main() -> None:
    """Measure and print."""
    started = time.perf_counter()
    services = Catalogue.load(resources.schemas()).services
    load_ms = (time.perf_counter() - started) * 1000
    measured = {service.id: _measure(service, *_application(service)) for service in services}
    for name, (size, elements, median, slowest) in sorted(measured.items(), key=lambda item: -item[1][2]):
        print(f"{name:45} {size:6} bytes {elements:4} elements  median {median:6.3f} ms  p99 {slowest:6.3f} ms")
    largest = max(measured, key=lambda name: measured[name][1])
    _, elements, median, p99 = measured[largest]
    print(f"largest form: {largest}, {elements} elements; goal under {_GOAL_MS:g} ms")
    figures = {"largest": largest, "elements": elements, "median_ms": median, "p99_ms": p99, "load_ms": load_ms}
    print(json.dumps({name: round(value, 3) if isinstance(value, float) else value for name, value in figures.items()}))


def _application(service: Service) -> tuple[Channel, bytes]:
    answers = {"category": "disability"} if service.id == "kostanay.categories-social-assistance" else None
    content = sample.form(service, answers, full=True)
    for block in content.values():
        for name, rows in block.items() if isinstance(block, dict) else ():
            if isinstance(rows, list):
                block[name] = rows * _ROWS
    channel = service.channels[0]
    return channel, complete(service, channel, answers, form=content)


def _measure(service: Service, channel: Channel, body: bytes) -> tuple[int, int, float, float]:
    times = []
    for _ in range(_ROUNDS):
        began = time.perf_counter()
        reading = read_application(service, body, channel=channel)
        times.append((time.perf_counter() - began) * 1000)
        assert reading.application is not None, reading.findings
    times.sort()
    return len(body), body.count(b"</"), statistics.median(times), times[int(len(times) * 0.99)]


if __name__ == "__main__":
    main()
