"""The metrics: what is counted, and that labels stay few and free of personal data."""

import gc
import shutil
import subprocess
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client.parser import text_string_to_metric_families

from gateway.cases.observer import Observer as CaseObserver
from gateway.shep.contract import Operation
from gateway.shep.observer import Observer as WireObserver
from gateway.telemetry.labels import Bounded, Known
from gateway.telemetry.metrics import Metrics
from tests.support.eds import unavailable

NOW = datetime(2026, 3, 2, tzinfo=UTC)
IIN = "040101500123"


def filled() -> Metrics:
    """Metrics in which every method was used."""
    metrics = Metrics(lambda: NOW)
    metrics.received("SendMessage")
    metrics.answered("SendMessage", "SCE006", 0.02)
    metrics.step("parse", 0.0004)
    metrics.verdict("INVALID", ["HASH_FAILURE"])
    metrics.opened("rejected", ["applicant.form"])
    metrics.store_failed("OperationalError")
    metrics.task("submit", "retry", 0.3)
    metrics.delivery("RESPONSE", "sent")
    metrics.adapter("social", "submit", "ok", 0.1)
    metrics.set_cases({"registered": 3})
    metrics.set_backlog([("submit", 2, 1, 7.5)])
    metrics.watch_certificate("transport", NOW + timedelta(days=30))
    return metrics


def values(metrics: Metrics) -> dict[str, float]:
    """All samples by name and labels."""
    families = text_string_to_metric_families(metrics.exposition().decode())
    return {
        sample.name + "".join(f",{key}={value}" for key, value in sorted(sample.labels.items())): sample.value
        for family in families
        for sample in family.samples
    }


def test_it_is_what_the_parts_tell_their_counts_to() -> None:
    """Metrics fit the observers of the wire and of the case, as the type checker sees them."""
    wire: WireObserver = Metrics()
    case: CaseObserver = Metrics()
    assert isinstance(wire, Metrics)
    assert isinstance(case, Metrics)


def test_everything_is_counted() -> None:
    """Each thing that happened shows under its name and labels, once."""
    expected = {
        "qaqpa_messages_received_total,operation=SendMessage": 1,
        "qaqpa_messages_answered_total,code=SCE006,operation=SendMessage": 1,
        "qaqpa_exchange_seconds_sum,operation=SendMessage": 0.02,
        "qaqpa_step_seconds_count,step=parse": 1,
        "qaqpa_verdicts_total,indication=INVALID": 1,
        "qaqpa_verdict_reasons_total,indication=INVALID,reason=HASH_FAILURE": 1,
        "qaqpa_cases_opened_total,state=rejected": 1,
        "qaqpa_findings_total,finding=applicant.form": 1,
        "qaqpa_store_failures_total,error=OperationalError": 1,
        "qaqpa_task_runs_total,kind=submit,outcome=retry": 1,
        "qaqpa_task_seconds_sum,kind=submit": 0.3,
        "qaqpa_deliveries_total,kind=RESPONSE,state=sent": 1,
        "qaqpa_adapter_calls_total,operation=submit,outcome=ok,provider=social": 1,
        "qaqpa_adapter_call_seconds_sum,operation=submit,provider=social": 0.1,
        "qaqpa_cases,state=registered": 3,
        "qaqpa_tasks,kind=submit,state=waiting": 2,
        "qaqpa_tasks,kind=submit,state=dead": 1,
        "qaqpa_task_oldest_seconds,kind=submit": 7.5,
        "qaqpa_certificate_left_seconds,use=transport": 30 * 86400,
    }
    found = values(filled())
    assert {name: found.get(name) for name in expected} == expected
    assert any(name.startswith("qaqpa_build_info,python=3.") for name in found)
    assert found["process_resident_memory_bytes"] > 0


def test_every_operation_of_the_contract_has_its_name() -> None:
    """No operation of the wire is counted as an unknown one."""
    metrics = Metrics()
    for operation in Operation:
        metrics.received(operation.value)
    assert not [name for name in values(metrics) if "operation=other" in name]


def test_two_of_them_share_nothing() -> None:
    """Two gateways in one process, as in a test, count for themselves."""
    filled()
    assert "qaqpa_messages_received_total,operation=SendMessage" not in values(Metrics())


def test_what_is_gone_from_the_database_is_gone_here() -> None:
    """A state without cases, and a kind without tasks, do not keep their last number."""
    metrics = filled()
    metrics.set_cases({"decided": 1})
    metrics.set_backlog([])
    found = values(metrics)
    assert [name for name in found if name.startswith(("qaqpa_cases,", "qaqpa_tasks"))] == ["qaqpa_cases,state=decided"]
    assert not [name for name in found if name.startswith("qaqpa_task_oldest_seconds")]


def test_first_certificate_to_end_is_shown() -> None:
    """Of several certificates for one use the one that ends first counts, and it may have ended already."""
    metrics = Metrics(lambda: NOW)
    metrics.watch_certificate("anchor", NOW + timedelta(days=100))
    metrics.watch_certificate("anchor", NOW - timedelta(days=1))
    metrics.watch_certificate("anchor", NOW + timedelta(days=200))
    assert values(metrics)["qaqpa_certificate_left_seconds,use=anchor"] == -86400


@given(st.text())
def test_unknown_words_from_the_wire_are_one_label(word: str) -> None:
    """Whatever a sender puts where an operation or a code stands becomes `other`, unless it is one we know."""
    known = Known("SendMessage")
    assert known(word) == ("SendMessage" if word == "SendMessage" else "other")


@given(st.lists(st.text(max_size=20) | st.from_regex(r"[a-z]{1,3}", fullmatch=True), max_size=100))
def test_number_of_labels_is_bounded(words: list[str]) -> None:
    """However many words come, no more than the limit and `other` become labels, and a word keeps its label."""
    label = Bounded(8)
    first = {word: label(word) for word in words}
    assert len(set(first.values())) <= 9
    assert {word: label(word) for word in words} == first


@pytest.mark.parametrize("word", [IIN, f"x{IIN}", "Қайрат", "two words", "a@b.kz", "", "x" * 65])
def test_personal_data_is_no_label(word: str) -> None:
    """A number as long as an identity number, a name, free text: none of it becomes a label."""
    assert Bounded(8)(word) == "other"


def test_referee_finds_no_fault() -> None:
    """Prometheus' own checker reads the page and has nothing to say about names, units and help texts."""
    if shutil.which("promtool") is None:
        unavailable("promtool (Debian package prometheus) is not installed")
    gc.collect()  # so that the collector's own metrics have something to show
    ours = "\n".join(line for line in filled().exposition().decode().splitlines() if "qaqpa_" in line) + "\n"
    checked = subprocess.run(
        ["promtool", "check", "metrics"], input=ours, capture_output=True, text=True, check=False, timeout=60
    )
    assert (checked.returncode, checked.stderr + checked.stdout) == (0, "")
