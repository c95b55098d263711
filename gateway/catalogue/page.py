"""A readable page on one service: what the act says, in both languages, and what we decided where it leaves doubt."""

from collections.abc import Callable, Iterable, Iterator

from gateway.catalogue.channel import Channel, channel_refusal
from gateway.catalogue.completeness import ChecklistItem, checklist
from gateway.catalogue.condition import Answers
from gateway.catalogue.declarations import COMPONENT
from gateway.catalogue.dictionaries import components
from gateway.catalogue.eligibility import eligibility
from gateway.catalogue.form_field import FormField, Kind
from gateway.catalogue.grounds import GroundKind, grounds
from gateway.catalogue.page_words import CHANNELS, GROUNDS, KINDS, LIMITS, NOT_ATTACHED, ORIGINS, WANTED, WORDS
from gateway.catalogue.particulars import particulars
from gateway.catalogue.procedure import Course, Step, procedure
from gateway.catalogue.service import Service
from gateway.catalogue.summary import describe
from gateway.catalogue.terms import Limit, terms
from gateway.texts import Text

Pick = Callable[[Text], str]
"""Takes the page's language out of a text."""


def page(service: Service, decisions: Iterable[str]) -> str:
    """Return the page as Markdown: Kazakh first, then Russian, then the act's contradictions.

    Args:
        service: what it is about.
        decisions: lines on what was decided where the act leaves doubt.
    """
    lines = [f"# {service.name.kk} / {service.name.ru}", "", _NOTE, ""]
    for heading, language in (("Қазақша", _kk), ("По-русски", _ru)):
        lines += [f"## {heading}", "", *_language(service, language)]
    lines += ["## Where the act leaves doubt", "", *decisions, "", *_anomalies(service)]
    return "\n".join(lines).rstrip() + "\n"


_NOTE = (
    "<!-- Made by `python -m gateway.catalogue.generate` from schemas/services; edit those, not this file. -->\n"
    "The act's words are the act's; names of fields and documents in lists are ours. "
    "An asterisk (*) marks our translation of words that the act has in Kazakh only."
)


def _kk(text: Text) -> str:
    return _inline(text.kk)


def _ru(text: Text) -> str:
    return _inline(text.ru)


def _inline(words: str) -> str:
    return " ".join(words.split()).replace("|", "\\|").replace("<", "&lt;")


def _language(service: Service, pick: Pick) -> Iterator[str]:
    if pick is _ru and service.passport.name.ru is None:
        yield from ("Акт принят на казахском языке; весь русский текст на этой странице — наш перевод, не закон.", "")
    yield from _section(WORDS["about"], pick, _about(service, pick))
    yield from _section(WORDS["who"], pick, (f"- {pick(rule.text)}" for rule in eligibility(service)))
    yield from _section(WORDS["channels"], pick, _channels(service, pick))
    for channel in service.channels:
        yield from _section(_joined(WORDS["terms"], CHANNELS[channel]), pick, _terms(service, channel, pick))
    yield from _section(WORDS["documents"], pick, _documents(service, pick))
    yield from _section(WORDS["form"], pick, _fields(service.form.own, pick))
    yield from _section(WORDS["result"], pick, _result(service, pick))
    yield from _section(WORDS["papers"], pick, _papers(service, pick))
    for kind in GroundKind:
        found = grounds(service, kind)
        entries = (f"- `{ground.code}` {pick(ground.text)}{_star(ours=ground.ours, pick=pick)}" for ground in found)
        yield from _section(GROUNDS[kind], pick, entries)
    for channel in service.channels:
        stages = _stages(service, channel, pick)
        yield from _section(_joined(WORDS["stages"], CHANNELS[channel]), pick, stages)
        for course in Course:
            rows = list(_steps(procedure(service, channel, course), pick))
            yield from _section(_joined(WORDS[f"steps_{course}"], CHANNELS[channel]), pick, rows)
    yield from _section(WORDS["particulars"], pick, _particulars(service, pick))
    yield from _section(WORDS["systems"], pick, _systems(service, pick))
    yield from _section(
        WORDS["law"], pick, (f"- {pick(service.text(basis))}" for basis in service.passport.legal_basis)
    )


def _section(title: Text, pick: Pick, lines: Iterable[str]) -> Iterator[str]:
    found = list(lines)
    if found:
        yield from (f"### {pick(title)}", "", *found, "")


def _joined(one: Text, other: Text) -> Text:
    return Text(f"{one.kk}: {other.kk}", f"{one.ru}: {other.ru}")


def _star(*, ours: bool, pick: Pick) -> str:
    return "*" if ours and pick is _ru else ""


def _about(service: Service, pick: Pick) -> Iterator[str]:
    passport, summary = service.passport, describe(service)
    yield f"- {pick(WORDS['id'])}: `{service.id}`"
    yield f"- {pick(WORDS['act'])}: № {passport.act.number}, {passport.act.date}"
    yield f"- {pick(WORDS['provider'])}: {pick(service.text(passport.provider))}"
    yield f"- {pick(WORDS['result_of'])}: {pick(service.text(passport.result))}"
    yield f"- {pick(WORDS['result_form'])}: {pick(service.text(passport.result_form))}"
    yield f"- {pick(WORDS['automated'])}: {pick(service.text(passport.form_text))}"
    yield f"- {pick(WORDS['namespace'])}: `{summary.namespace}`"


def _channels(service: Service, pick: Pick) -> Iterator[str]:
    condition = particulars(service).akim_condition
    for channel in Channel:
        refusal = channel_refusal(service, channel)
        if refusal is None:
            only = f" ({pick(condition)})" if condition is not None and channel is Channel.AKIM else ""
            yield f"- **{pick(CHANNELS[channel])}**{only}"
    portal = channel_refusal(service, Channel.PORTAL)
    if portal is not None:
        yield f"- {pick(portal)}"


def _terms(service: Service, channel: Channel, pick: Pick) -> Iterator[str]:
    given = terms(service, channel)
    origin = pick(ORIGINS[given.total.origin])
    yield f"- **{pick(WORDS['total'])}: {pick(given.total.text)}** ({origin}). {pick(given.total.explanation)}"
    if given.excludes_issue_day:
        yield f"- {pick(WORDS['excluded'])}"
    for limit in (given.waiting, given.intake, given.issue, given.extended, *given.others):
        if limit is not None:
            yield f"- {_limit(limit, pick)}"


def _limit(limit: Limit, pick: Pick) -> str:
    name = pick(LIMITS.get(limit.what, Text(limit.what, limit.what)))
    per = f" {pick(WORDS['per_person'])}" if limit.per_person else ""
    condition = f" ({pick(limit.condition)})" if limit.condition is not None else ""
    return f"{name}: {pick(limit.term.text)}{per}{condition}"


def _documents(service: Service, pick: Pick) -> Iterator[str]:
    for channel in service.channels:
        for heading, answers in _cases(service):
            items = checklist(service, channel, answers)
            if items:
                title = pick(CHANNELS[channel]) if heading is None else f"{pick(CHANNELS[channel])}: {pick(heading)}"
                yield from (f"**{title}**", "", *(line for item in items for line in _document(item, pick)), "")
    needless = list(_not_attached(service, pick))
    if needless:
        yield from (f"**{pick(WORDS['not_attached'])}**", "", *needless, "")
    rule = service.passport.documents_rule
    if rule is not None:
        yield f"{pick(service.text(rule))}."


def _not_attached(service: Service, pick: Pick) -> Iterator[str]:
    for requirement in service.form.documents.requirements:
        if requirement.need in NOT_ATTACHED:
            for entry in (service.passport.documents[place] for place in requirement.act):
                words = pick(service.text(entry))
                when = _if([service.text(entry.condition)] if entry.condition is not None else [], words, pick)
                yield f"- {words}{when} — {pick(NOT_ATTACHED[requirement.need])}"


def _cases(service: Service) -> Iterator[tuple[Text | None, Answers]]:
    """Yield what the list of documents depends on first: each component, or nothing."""
    found = components(service)
    if not found or not any(requirement.components for requirement in service.form.documents.requirements):
        yield None, Answers()
        return
    for component in found:
        yield Text(component.kk, component.ru), Answers(fields={COMPONENT: (component.code,)})


def _document(item: ChecklistItem, pick: Pick) -> Iterator[str]:
    names = f" {pick(WORDS['or'])} ".join(pick(label) for label in item.labels)
    yield f"- {names} — {pick(WANTED[item.wanted])}"
    words = "; ".join(map(pick, item.act))
    yield f"  <br><sub>{words}{_if(item.conditions, words, pick)}</sub>"


def _if(conditions: Iterable[Text], words: str, pick: Pick) -> str:
    """Return the conditions in brackets, but for those that the act's words hold already."""
    said = "; ".join(condition for condition in map(pick, conditions) if condition not in words)
    return f" ({said})" if said else ""


def _fields(fields: Iterable[FormField], pick: Pick, indent: str = "") -> Iterator[str]:
    for field in fields:
        must = pick(WORDS["asked_if"] if field.when is not None else WORDS["required"]) if field.required else ""
        many = f", ≤ {field.many}" if field.many > 1 else ""
        yield f"{indent}- `{field.name}` {pick(field.label.text)} ({pick(KINDS[field.type])}{many}{must})"
        if field.type is Kind.CHOICE:
            choices = "; ".join(f"`{choice.value}` {pick(choice.label.text)}" for choice in field.choices)
            yield f"{indent}  <br><sub>{choices}</sub>"
        yield from _fields(field.fields, pick, f"{indent}  ")


def _result(service: Service, pick: Pick) -> Iterator[str]:
    for paper in service.result.papers:
        title = service.text(service.passport.forms[paper.act].title)
        yield f"- `{paper.element}` {pick(title)}"
        yield from _fields(paper.fields, pick, "  ")


def _papers(service: Service, pick: Pick) -> Iterator[str]:
    results = {paper.act for paper in service.result.papers}
    papers = (paper for place, paper in enumerate(service.passport.forms) if place not in results)
    titles = (pick(service.text(paper.title)) for paper in papers if paper.title is not None)
    yield from (f"- {title}" for title in dict.fromkeys(titles))


def _stages(service: Service, channel: Channel, pick: Pick) -> Iterator[str]:
    """Yield what the act tells of a channel in sentences, where its tables tell the same channel otherwise."""
    tabled = {step.action for course in Course for step in procedure(service, channel, course)}
    for row in getattr(service.passport.channel_procedures, channel):
        action = service.text(row.action)
        if action not in tabled:
            yield f"- {row.no or '–'}: {pick(action)}"


def _steps(steps: tuple[Step, ...], pick: Pick) -> Iterator[str]:
    if not steps:
        return
    numbered = any(step.names_units for step in steps)
    head = (WORDS["no"], WORDS["who_acts"], WORDS["action"], WORDS["outcome"], WORDS["time"], WORDS["next"])
    yield f"| {' | '.join(pick(word) for word in head)} |"
    yield "|---|---|---|---|---|---|"
    for step in steps:
        outcome = pick(step.outcome) if step.outcome is not None else "–"
        time = pick(step.span.text) if step.span is not None else "–"
        cells = (step.no, _actor(step, pick, numbered=numbered), pick(step.action), outcome, time, step.next or "–")
        yield f"| {' | '.join(cells)} |"


def _actor(step: Step, pick: Pick, *, numbered: bool) -> str:
    """Name who acts, with the number under which the other steps speak of the unit, where they do."""
    if not numbered or step.unit is None:
        return pick(step.actor)
    number = step.unit.removeprefix("SFU-")
    return f"{pick(step.actor)} ({pick(Text(f'{number}-ҚФБ', f'СФЕ-{number}'))})"


def _particulars(service: Service, pick: Pick) -> Iterator[str]:
    given = particulars(service)
    for limit in (given.income_confirmation, given.check_in, given.change_notice):
        if limit is not None:
            yield f"- {_limit(limit, pick)}"
    if not given.application_on_paper:
        yield f"- {pick(WORDS['no_application'])}"
    for codes, word in ((given.without_application, "by_lists"), (given.oral_result, "oral")):
        if codes:
            yield f"- {pick(WORDS[word])}: {', '.join(f'`{code}`' for code in codes)}"
    if given.valid_for_quarter:
        yield f"- {pick(WORDS['quarter'])}"
    for step in given.commission_steps:
        yield f"- {pick(WORDS['commission'])}: {pick(step.actor)} — {pick(step.action)}"
    for text in given.restoration:
        yield f"- {pick(WORDS['restoration'])}: {pick(text)}"


def _systems(service: Service, pick: Pick) -> Iterator[str]:
    for system in service.passport.information_systems:
        role = pick(service.text(system.role))
        yield f"- {pick(service.text(system.name))}" + (f": {role}" if role else "")


def _anomalies(service: Service) -> Iterator[str]:
    yield "What the passport notes, with line numbers of the source:"
    yield ""
    yield from (f"- {_inline(anomaly)}" for anomaly in service.passport.anomalies)
