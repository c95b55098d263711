"""Applications to any of the 22 services, made from its declared form."""

from base64 import b64encode
from collections.abc import Mapping, Sequence
from typing import Any
from xml.sax.saxutils import escape

from gateway.catalogue import sample
from gateway.catalogue.channel import Channel
from gateway.catalogue.service import Service
from tests.support.catalogue import IIN, catalogue

ALL = catalogue().services
WAYS = [(service.id, channel) for service in ALL for channel in service.channels]
"""The 42 ways to apply."""
CONTENT = b64encode(b"%PDF-1.4 \n%%EOF").decode()


def tree(
    service: Service, channel: Channel, answers: Mapping[str, str] | None = None, **changes: Any
) -> dict[str, Any]:
    """Return a complete application as a tree; `changes` replace its top-level parts, None leaves one out.

    `full=True` fills in every field of the service's own block. The documents are those that the content needs.
    """
    full = changes.pop("full", False)
    content = changes["form"] if "form" in changes else sample.form(service, answers, full=full)
    kinds = sample.documents(service, channel, content)
    parts: dict[str, Any] = {
        "header": {
            "serviceId": service.id,
            "requestNumber": "R-1",
            "submittedAt": "2026-01-05T10:00:00+05:00",
            "language": "kk",
        },
        "applicant": {"iin": IIN, "surname": "Ахметова", "givenName": "Әсел", "birthDate": "1988-01-01"},
        "representative": None,
        "form": content,
        "documents": attached(kinds),
        "consent": "true",
        "acceptance": None,
    }
    return {name: value for name, value in (parts | changes).items() if value is not None}


def attached(kinds: Sequence[str]) -> dict[str, Any]:
    """Return the block of documents of those kinds."""
    return {
        "document": [{"kind": kind, "name": "a.pdf", "mime": "application/pdf", "content": CONTENT} for kind in kinds]
    }


def xml(service: Service, application: Mapping[str, Any]) -> bytes:
    """Return the application as XML."""
    return f'<application xmlns="{service.namespace}">{_inner(application)}</application>'.encode()


def complete(service: Service, channel: Channel, answers: Mapping[str, str] | None = None, **changes: Any) -> bytes:
    """Return a complete application as XML; see `tree`."""
    return xml(service, tree(service, channel, answers, **changes))


def _inner(value: Any) -> str:
    if isinstance(value, Mapping):
        return "".join(
            f"<{name}>{_inner(item)}</{name}>"
            for name, items in value.items()
            for item in (items if isinstance(items, list) else [items])
        )
    return escape(value)
