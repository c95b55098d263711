"""The alerting rules: tested by Prometheus' own tool, and in step with the metrics and the runbook."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from gateway.supervisor.admin import own_metrics
from gateway.telemetry.metrics import Metrics
from tests.support.eds import unavailable

MONITORING = Path(__file__).resolve().parents[2] / "monitoring"
RULES = (MONITORING / "alerts.yml").read_text(encoding="utf-8")


@pytest.mark.parametrize("arguments", [("check", "rules", "alerts.yml"), ("test", "rules", "alerts_test.yml")])
def test_rules(arguments: tuple[str, ...]) -> None:
    """Prometheus reads the rules, and each fires when it should and is silent when all is well."""
    if shutil.which("promtool") is None:
        unavailable("promtool (Debian package prometheus) is not installed")
    ran = subprocess.run(
        ["promtool", *arguments], cwd=MONITORING, capture_output=True, text=True, check=False, timeout=60
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr


@pytest.mark.parametrize("text", [RULES, (MONITORING / "README.md").read_text(encoding="utf-8")])
def test_metrics_that_are_named_exist(text: str) -> None:
    """No rule and no line of the runbook names a metric that the gateway does not have."""
    families = {family.name for family in (*Metrics().registry.collect(), *own_metrics(()))}
    named = {re.sub(r"_(total|bucket|sum|count)$", "", name) for name in re.findall(r"\bqaqpa_[a-z_]+", text)}
    assert named
    assert named - families == set()


def test_every_alert_is_in_the_runbook() -> None:
    """Each alert points to a heading of the runbook that exists, and has a test."""
    headings = {
        line[4:].lower() for line in (MONITORING / "README.md").read_text().splitlines() if line.startswith("### ")
    }
    targets = re.findall(r"runbook: monitoring/README\.md#(\w+)", RULES)
    alerts = re.findall(r"- alert: (\w+)", RULES)
    assert len(targets) == len(alerts) > 0
    assert set(targets) <= headings
    tested = (MONITORING / "alerts_test.yml").read_text()
    assert [alert for alert in alerts if not re.search(rf"alertname: {alert}\n\s+exp_alerts", tested)] == []
