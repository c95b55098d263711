"""A second application for a matter while the first one runs (docs/decisions/0033 and 0040).

What one matter is, the catalogue says; that only one case runs for it, the database does: a unique key over the keyed
hash of the matter, so that of two applications at the same moment one wins whichever process takes them.
"""

from gateway.cases.model import Case
from gateway.cases.vault import SearchKey
from gateway.catalogue import phrases
from gateway.catalogue.application import Application
from gateway.catalogue.findings import Finding
from gateway.catalogue.matter import matter
from gateway.catalogue.service import Service


def matter_key(search_key: SearchKey, service: Service, application: Application) -> bytes:
    """Return the keyed hash of what an application is about."""
    return search_key(matter(service, application))


def same_request(running: Case, sender_id: str, service_id: str, request_number: str) -> bool:
    """Tell whether a case is of that request, which then is a repeat and not a second application."""
    request = running.sender_id, running.service_id, running.request_number
    return request == (sender_id, service_id, request_number)


def found(running: Case, *, named: bool) -> Finding:
    """Return what the second application is told.

    Args:
        running: the case of the first.
        named: whether its number may be told: only to the applicant, or to whoever signed the first.
    """
    return Finding("applicant.second", phrases.second_application(running.number if named else None))
