"""What the wire costs without cryptography: reading a 6 KB application and writing its receipt.

Run: python -m benchmarks.shep
"""

from time import process_time

from gateway.clock import utc_now
from gateway.shep.messages import AsyncMessage, AsyncReceipt, Data, MessageType, Request, Response, Sender
from gateway.shep.reader import read_request
from gateway.shep.writer import write

_ROUNDS = 5_000
_PAYLOAD = ("<application xmlns='urn:x'>" + "<field>мәтін</field>" * 220 + "</application>").encode()
_NESTED = b'<data xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xmlns:xs="http://www.w3.org/2001/XMLSchema">'


def main() -> None:
    """Print milliseconds of CPU per message."""
    application = AsyncMessage(
        "KSL-1", MessageType.REQUEST, utc_now(), Sender("portal", "secret"), "1", "2", data=Data((_PAYLOAD,))
    )
    receipt = AsyncReceipt("254750124", "3382552", utc_now(), "{11111111-2222-3333-4444-555555555555}")
    text = write(application, None)
    start, end = text.index(b"<data"), text.index(b"</data>")
    nested = text[:start] + _NESTED + _PAYLOAD + text[end:]
    print(f"payload {len(_PAYLOAD)} bytes, {_ROUNDS} rounds, CPU per message:")
    for name, raw in (("read, escaped text", text), ("read, nested XML", nested)):
        print(f"  {name:20} {_read(raw):.4f} ms")
    written: tuple[tuple[str, Request | Response], ...] = (
        ("write receipt", receipt),
        ("write application", application),
    )
    for name, message in written:
        print(f"  {name:20} {_write(message):.4f} ms")


def _read(raw: bytes) -> float:
    started = process_time()
    for _ in range(_ROUNDS):
        read_request(raw)
    return (process_time() - started) / _ROUNDS * 1000


def _write(message: Request | Response) -> float:
    started = process_time()
    for _ in range(_ROUNDS):
        write(message, None)
    return (process_time() - started) / _ROUNDS * 1000


if __name__ == "__main__":
    main()
