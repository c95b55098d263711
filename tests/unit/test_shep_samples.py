"""Captured and observed messages are read; the comparison runs where they lie beside the checkout."""

from pathlib import Path

import pytest

from gateway.shep.contract import Operation
from gateway.shep.messages import AsyncMessage, AsyncReceipt, Request, SyncRequest, SyncResponse
from gateway.shep.reader import ReplyFault, read_reply, read_request
from tests.support.shep_envelopes import outcome

SHARED = Path(__file__).parents[2].parent / "shared" / "shep"
needs_samples = pytest.mark.skipif(not SHARED.is_dir(), reason="the captured messages are not beside the checkout")

_CAPTURED = {
    Operation.SYNC_SEND_MESSAGE: "SendMessage",
    Operation.SEND_MESSAGE: "sendMessage",
    Operation.SEND_DELIVERY_NOTIFICATION: "sendDeliveryNotification",
    Operation.GET_MESSAGE_STATUS: "getMessageStatus",
    Operation.GET_MESSAGES: "getMessages",
}


@needs_samples
@pytest.mark.parametrize("operation", _CAPTURED)
def test_captured_messages(operation: Operation) -> None:
    """Every captured request, response and fault of an operation is read."""
    name = _CAPTURED[operation]
    for path in SHARED.glob(f"captures/*-{name}.request.xml"):
        assert read_request(path.read_bytes()).operation is operation
    for path in SHARED.glob(f"captures/*-{name}.response-200.xml"):
        assert read_reply(path.read_bytes())
    for path in SHARED.glob(f"captures/*-{name}.response-500.xml"):
        with pytest.raises(ReplyFault) as caught:
            read_reply(path.read_bytes())
        assert caught.value.error.code in {"SCE001", "SCE004"}
        assert caught.value.error.session_id == "{11111111-2222-3333-4444-555555555555}"


@needs_samples
@pytest.mark.parametrize(
    ("file", "kind", "payload"),
    [
        ("samples/observed-async-push-notification.xml", AsyncMessage, b"http://example.kz/payload"),
        ("samples/observed-pep-final-response.xml", AsyncMessage, b"<ns3:SystemInfo>"),
        ("samples/observed-pep-status-notification.xml", AsyncMessage, "Заявка успешно создана".encode()),
        ("samples/observed-sync-empty-optionals.xml", SyncRequest, b"<downloadRequest>"),
        ("samples/observed-sync-typed-data-request.xml", SyncRequest, b"<ScreeningId>"),
        ("request.xml", SyncRequest, b"<requestNumber>"),
    ],
)
def test_observed_requests(file: str, kind: type[Request], payload: bytes) -> None:
    """Every observed request is read, with its business data."""
    message = read_request((SHARED / file).read_bytes()).message

    assert isinstance(message, kind)
    assert isinstance(message, SyncRequest | AsyncMessage)
    assert message.data.readings
    assert all(payload in reading for reading in message.data.readings)


@needs_samples
@pytest.mark.parametrize(
    ("file", "kind"),
    [
        ("samples/observed-async-provider-ack.xml", AsyncReceipt),
        ("samples/observed-sync-typed-data-response.xml", SyncResponse),
        ("response.xml", SyncResponse),
    ],
)
def test_observed_responses(file: str, kind: type) -> None:
    """Every observed response is read."""
    assert isinstance(read_reply((SHARED / file).read_bytes()), kind)


@needs_samples
@pytest.mark.parametrize("path", sorted(SHARED.glob("samples/soapui-*")), ids=lambda path: path.stem)
def test_templates(path: Path) -> None:
    """A template with question marks is read, or refused for a field by name."""
    result = outcome(path.read_bytes())

    assert isinstance(result, Operation) or (result.detail.code, bool(result.operation)) == (
        "client.invalid_field",
        True,
    )
