"""One exposition of several processes."""

from prometheus_client.parser import text_string_to_metric_families

from gateway.supervisor.admin import merged
from gateway.telemetry.metrics import Metrics


def test_samples_are_told_apart_and_nothing_is_added_up() -> None:
    """Counters, gauges and histograms of each replica stand beside each other, under one heading."""
    texts = {}
    for name, count in (("0", 1), ("1", 3)):
        metrics = Metrics()
        for _ in range(count):
            metrics.answered("sendMessage", "OK", 0.01)
        metrics.set_cases({"registered": 5})
        texts[name] = metrics.exposition().decode()

    text = merged(texts).decode()
    found = {
        (sample.name, sample.labels["replica"]): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
        if sample.labels.get("le") in {None, "+Inf"}
    }
    for name, each in (
        ("qaqpa_messages_answered_total", (1, 3)),
        ("qaqpa_exchange_seconds_bucket", (1, 3)),
        ("qaqpa_cases", (5, 5)),
    ):
        assert (found[name, "0"], found[name, "1"]) == each
    assert text.count("# TYPE qaqpa_cases gauge") == 1


def test_what_a_dead_replica_had_is_gone() -> None:
    """A replica that does not answer leaves no stale gauges behind."""
    text = merged({"1": Metrics().exposition().decode()}).decode()
    assert 'replica="1"' in text
    assert 'replica="0"' not in text
