"""The personal cabinets as pages for people and as JSON for programs: read only."""

from aiohttp import web
from lxml import etree
from lxml.html import builder as E  # noqa: N812  the library's own convention

from gateway.clock import local
from gateway.sandbox.cabinet import Cabinet, Message, Request, Words

_STYLE = """
body { font: 16px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 62rem; padding: 0 1rem; color: #1b2733 }
table { border-collapse: collapse; width: 100% } th, td { text-align: left; padding: .4rem .8rem .4rem 0 }
th, td { border-bottom: 1px solid #d8dee4; vertical-align: top } .ru { color: #57606a } .bad { color: #b3261e }
h1 { font-size: 1.4rem } .note { background: #fff6d6; padding: .5rem .8rem }
"""
_NOTE = "Құмсалғыш: бұл нақты egov.kz емес / Песочница: это не настоящий egov.kz / Sandbox: not the real egov.kz"


def routes(cabinet: Cabinet) -> list[web.RouteDef]:
    """Return `/cabinet`, `/cabinet.json`, `/cabinet/<number>` and the files of each request."""

    def find(request: web.Request) -> Request:
        try:
            return cabinet.get(request.match_info["number"])
        except KeyError:
            raise web.HTTPNotFound from None

    async def listing(_: web.Request) -> web.Response:
        return _html("Жеке кабинеттер / Личные кабинеты", _table(cabinet.all()))

    async def as_json(_: web.Request) -> web.Response:
        requests = [_as_dict(request, cabinet) for request in cabinet.all()]
        return web.json_response({"folder": str(cabinet.folder.resolve()), "requests": requests})

    async def one(request: web.Request) -> web.Response:
        found = find(request)
        return _html(f"Өтініш / Заявление {found.number}", *_details(found, cabinet.files(found.number)))

    async def file(request: web.Request) -> web.Response:
        number, name = find(request).number, request.match_info["file"]
        if name not in cabinet.files(number):
            raise web.HTTPNotFound
        return web.Response(body=cabinet.read(number, name), content_type="application/xml", charset="utf-8")

    return [
        web.get("/cabinet", listing),
        web.get("/cabinet.json", as_json),
        web.get("/cabinet/{number:[0-9]+}", one),
        web.get("/cabinet/{number:[0-9]+}/{file}", file),
    ]


def _as_dict(request: Request, cabinet: Cabinet) -> dict[str, object]:
    return request.model_dump(mode="json") | {
        "responses": request.responses,
        "case_number": request.case_number,
        "deadline": request.deadline.isoformat() if request.deadline else None,
        "files": cabinet.files(request.number),
    }


def _table(requests: list[Request]) -> etree._Element:
    names = (
        "Өтініш / Заявление",
        "Қызмет / Услуга",
        "Күйі / Статус",
        "Іс / Дело",
        "Мерзімі / Срок",
        "Нәтиже / Результат",
    )
    rows = [
        E.TR(
            E.TD(E.A(request.number, href=f"/cabinet/{request.number}")),
            E.TD(request.service),
            E.TD(request.state),
            E.TD(request.case_number or "—"),
            E.TD(request.deadline.isoformat() if request.deadline else "—"),
            E.TD(_ending(request)),
        )
        for request in requests
    ]
    table: etree._Element = E.TABLE(E.THEAD(E.TR(*(E.TH(name) for name in names))), E.TBODY(*rows))
    return table


def _ending(request: Request) -> str:
    if request.fault:
        return request.fault.code
    if request.result:
        return f"{request.result.outcome} ({request.result.verdict})"
    return ", ".join(request.messages[-1].codes) if request.messages else "—"


def _details(request: Request, files: list[str]) -> list[etree._Element]:
    parts = [_message(message) for message in request.messages]
    if request.fault:
        parts.append(E.P(E.CLASS("bad"), f"{request.fault.code}: {request.fault.message}"))
    links = [E.LI(E.A(name, href=f"/cabinet/{request.number}/{name}")) for name in files]
    return [_table([request]), *parts, E.H2("Файлдар / Файлы"), E.UL(*links)]


def _message(message: Message) -> etree._Element:
    heading = E.H2(f"{local(message.at):%Y-%m-%d %H:%M:%S} · {message.kind} · {message.status}")
    block: etree._Element = E.DIV(
        heading, *_words(message.text), E.UL(*(E.LI(*_words(words)) for words in message.details))
    )
    return block


def _words(words: Words) -> tuple[etree._Element, etree._Element]:
    return E.DIV(words.kk, lang="kk"), E.DIV(E.CLASS("ru"), words.ru, lang="ru")


def _html(title: str, *content: etree._Element) -> web.Response:
    head = E.HEAD(E.META(charset="utf-8"), E.TITLE(title), E.STYLE(_STYLE))
    page = E.HTML(head, E.BODY(E.P(E.CLASS("note"), _NOTE), E.H1(title), *content), lang="kk")
    text = etree.tostring(page, method="html", doctype="<!DOCTYPE html>", encoding="utf-8")
    return web.Response(body=text, content_type="text/html", charset="utf-8")
