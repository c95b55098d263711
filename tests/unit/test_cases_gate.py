"""The gate: closed until it is opened, and for maintenance."""

from datetime import UTC, datetime

import pytest

from gateway.cases.gate import Gate
from gateway.cases.maintenance import Maintenance
from gateway.faults import Code, GatewayFault
from gateway.texts import Text

AT = datetime(2026, 3, 2, tzinfo=UTC)


def refused(gate: Gate) -> GatewayFault:
    with pytest.raises(GatewayFault) as caught:
        gate.check()
    assert caught.value.code is Code.INTERNAL
    return caught.value


def test_a_gate_begins_closed() -> None:
    """Before it is opened every message is refused with a time to come again, and health says so."""
    gate = Gate()
    fault = refused(gate)
    assert (fault.detail.code, fault.retry_after) == ("gateway.starting", 10)
    assert gate.standing()[0] is False

    gate.open()
    gate.check()
    assert gate.standing() == (True, "")


def test_maintenance_is_told_with_its_reason() -> None:
    """During maintenance senders get the reason and the time that were announced; health is green, and says it."""
    gate = Gate()
    gate.open()
    gate.announce(Maintenance(AT, Text(kk="Жаңарту", ru="Обновление"), 77, work_goes_on=False))
    fault = refused(gate)
    assert (fault.detail.code, fault.retry_after) == ("gateway.maintenance", 77)
    assert (fault.message.kk, fault.message.ru) == ("Жаңарту", "Обновление")
    assert gate.standing() == (True, "maintenance since 2026-03-02T00:00:00+00:00")
    assert gate.work_rests

    gate.announce(None)
    gate.check()
    assert not gate.work_rests
