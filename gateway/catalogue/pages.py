"""All pages of `docs/services/`: one on each service, and the table of services by channel."""

from collections.abc import Iterable, Iterator

from gateway.catalogue.channel import Channel
from gateway.catalogue.document_list import Need
from gateway.catalogue.page import page
from gateway.catalogue.page_words import CHANNELS
from gateway.catalogue.procedure import Course, procedure
from gateway.catalogue.service import Service
from gateway.catalogue.term import Origin, total_term


def pages(services: Iterable[Service]) -> Iterator[tuple[str, str]]:
    """Yield the name and the text of each page."""
    ordered = sorted(services, key=lambda service: (service.passport.region, service.passport.annex))
    for service in ordered:
        yield f"{service.id}.md", page(service, _decisions(service))
    yield "README.md", _table(ordered)


def _table(services: list[Service]) -> str:
    rows = [
        "# Services by channel",
        "",
        "<!-- Made by `python -m gateway.catalogue.generate`; edit schemas/services, not this file. -->",
        "Each entry is the term of an application through that channel; its origin stands on the service's page.",
        "",
        f"| service | {' | '.join(f'{CHANNELS[channel].ru}' for channel in Channel)} |",
        "|---|---|---|---|---|",
    ]
    count = 0
    for service in services:
        cells = [_cell(service, channel) for channel in Channel]
        count += len(service.channels)
        rows.append(f"| [{service.name.ru}]({service.id}.md) | {' | '.join(cells)} |")
    return "\n".join([*rows, "", f"{len(services)} services, {count} ways to apply.", ""])


def _cell(service: Service, channel: Channel) -> str:
    return total_term(service, channel).text.ru if channel in service.channels else "–"


def _decisions(service: Service) -> Iterator[str]:
    """Say what was decided for this service, and where the decision is explained."""
    origins = {total_term(service, channel).origin for channel in service.channels}
    if Origin.ACT not in origins or len(origins) > 1:
        yield f"- The act states no total term: {_decision('0021-portal-terms')}, {_decision('0027-terms')}."
    if any(entry.unit_ru or entry.value_ru for entry in service.passport.deadlines):
        yield f"- Kazakh and Russian give different times; the shorter is kept: {_decision('0027-terms')}."
    for requirement in service.form.documents.requirements:
        if requirement.note is not None:
            numbers = ", ".join(str(index + 1) for index in requirement.act)
            yield f"- Document {numbers} of the passport's list: {requirement.note} ({_decision('0026-documents')})."
    if any(requirement.need is Need.REFERENCE for requirement in service.form.documents.requirements):
        yield f"- No document is obligatory: the act refers to a standard ({_decision('0026-documents')})."
    if not any(procedure(service, channel, Course.ALTERNATIVE) for channel in service.channels):
        yield f"- The act describes no course to a refusal ({_decision('0029-procedures')})."
    if service.passport.name.ru is None:
        yield f"- The act is in Kazakh only; the Russian is ours ({_decision('0030-translations')})."


def _decision(name: str) -> str:
    return f"[{name[:4]}](../decisions/{name}.md)"
