"""What a sender is told when its message was not taken, as the contract's `ErrorInfo` (DESIGN.md section 7)."""

import re
from datetime import datetime

from gateway.faults import Code, Detail, GatewayFault
from gateway.shep.contract import Operation, guid
from gateway.shep.messages import ErrorInfo
from gateway.texts import Text

_FORMAT = Text("Хабарлама белгіленген форматқа сәйкес келмейді", "Сообщение не соответствует установленному формату")
_SENDER = Text("Жіберуші жүйе танылмады", "Система-отправитель не опознана")
_CERTIFICATE = Text(
    "Хабарламаға қол қойылған сертификаттың мерзімі жарамсыз", "Сертификат подписи сообщения не действует по сроку"
)
_SIGNATURE = Text("Хабарламаның қолтаңбасы жарамсыз", "Подпись сообщения недействительна")
_UNSIGNED = Text("Хабарламаға қол қойылмаған", "Сообщение не подписано")
_BUSY = Text("Жүйе бос емес, кейінірек қайталаңыз", "Система занята, повторите позднее")
_INTERNAL = Text("Жүйенің ішкі қатесі, кейінірек қайталаңыз", "Внутренняя ошибка системы, повторите позднее")

BUSY_RETRY_SECONDS = 2
INTERNAL_RETRY_SECONDS = 30


class FormatFault(GatewayFault):
    """SCE001: the message is not one of the contract. Knows what was read of it until then."""

    def __init__(self, code: str, text: str) -> None:
        """Take our precise code and the English text, which quotes nothing of the message."""
        super().__init__(Code.FORMAT, Detail(code, text), _FORMAT)
        self.operation: Operation | None = None
        self.session_id: str | None = None


def unknown_sender() -> GatewayFault:
    """SCE004: one text for an unknown sender, a wrong password and another certificate."""
    text = "sender id, password and transport certificate do not belong together; check all three"
    return GatewayFault(Code.SERVICE, Detail("client.sender", text), _SENDER)


def certificate_not_current(reason: str) -> GatewayFault:
    """SCE005: the transport certificate is expired or not yet valid."""
    text = f"the transport certificate is not current ({reason}); sign with a current one"
    return GatewayFault(Code.TRANSPORT_CERTIFICATE, Detail("client.certificate.not_current", text), _CERTIFICATE)


def signature_invalid(reason: str) -> GatewayFault:
    """SCE006: there is a transport signature and it is not valid."""
    text = f"the signature of the Body was not accepted: {reason}"
    return GatewayFault(Code.TRANSPORT_SIGNATURE, Detail("client.signature.invalid", text), _SIGNATURE)


def unsigned() -> GatewayFault:
    """SCE007: there is no transport signature, and the sender is not one that is registered to send unsigned."""
    text = (
        "the Body is not signed; sign it (WS-Security, X509v3), or, if your system is registered to send unsigned, "
        "check its sender id and password"
    )
    return GatewayFault(Code.TRANSPORT_UNSIGNED, Detail("client.signature.missing", text), _UNSIGNED)


def busy() -> GatewayFault:
    """SCE909: more messages in flight than the gateway takes."""
    detail = Detail("gateway.busy", "too many messages at the same time; send it again later")
    return GatewayFault(Code.INTERNAL, detail, _BUSY, retry_after=BUSY_RETRY_SECONDS)


def internal() -> GatewayFault:
    """SCE909: a defect of the gateway; its log says more."""
    detail = Detail("gateway.internal", "the gateway failed; send the message again later")
    return GatewayFault(Code.INTERNAL, detail, _INTERNAL, retry_after=INTERNAL_RETRY_SECONDS)


def error_info(fault: GatewayFault, at: datetime, session_id: str | None = None) -> ErrorInfo:
    """Return the `ErrorInfo` of a fault: outward code and text, our precise code in `subError`."""
    precise = ErrorInfo(code=fault.detail.code, message=fault.detail.text, date=at)
    return ErrorInfo(
        code=fault.code.value, message=str(fault.message), date=at, sub_error=precise, session_id=guid(session_id)
    )


def codes(error: ErrorInfo) -> str:
    """Name the codes of a fault that somebody answered us; its texts are theirs and may quote our message."""
    given = [error.code] + ([error.sub_error.code] if error.sub_error else [])
    return "/".join(code if _CODE.fullmatch(code) else "?" for code in given)


_CODE = re.compile(r"[A-Za-z0-9._-]{1,40}")
