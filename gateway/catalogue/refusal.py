"""The reasoned refusal: no act gives a form for it, so there is one of ours for all services."""

from datetime import datetime

from gateway.catalogue.cabinet_message import Outcome
from gateway.catalogue.grounds import Ground
from gateway.catalogue.result_document import ResultDocument
from gateway.catalogue.service import Service
from gateway.texts import Text

TITLE = Text(
    "Мемлекеттік қызмет көрсетуден дәлелді бас тарту", "Мотивированный отказ в оказании государственной услуги"
)
ENDING_TITLE = Text("Тағайындалған көмекті тоқтату туралы шешім", "Решение о прекращении назначенной помощи")


def refuse(  # noqa: PLR0913  a decision has so many particulars
    service: Service,
    *,
    case_number: str,
    iin: str,
    full_name: str,
    decided_at: datetime,
    provider: str,
    ground: Ground | None = None,
    reason: Text | None = None,
) -> ResultDocument:
    """Return a refusal, not signed yet.

    Args:
        service: what is refused.
        case_number: of the case.
        iin: of the applicant.
        full_name: of the applicant.
        decided_at: aware.
        provider: the body that refuses.
        ground: the act's ground.
        reason: what makes it so in this case, or the ground itself where the act names none.

    Raises:
        ValueError: neither a ground nor a reason is given.
    """
    why = _why(ground, reason)
    return ResultDocument(
        case_number=case_number,
        service_id=service.id,
        iin=iin,
        full_name=full_name,
        outcome=Outcome.REFUSED,
        title=TITLE,
        text=_text(service, ground, reason),
        decided_at=decided_at,
        provider=provider,
        ground=why,
        clause=ground.clause if ground is not None else None,
    )


def _why(ground: Ground | None, reason: Text | None) -> Text:
    if ground is not None:
        return ground.text
    if reason is None:
        raise ValueError("a refusal must name a ground of the act or a reason")
    return reason


def _text(service: Service, ground: Ground | None, reason: Text | None) -> Text:
    """Return the words of the refusal: what, why, by which clause, and what the applicant can do."""
    why = _why(ground, reason)
    kk = [f"Сізге «{service.name.kk}» қызметін көрсетуден бас тартылды.", f"Негізі: {_sentence(why.kk)}"]
    ru = [f"Вам отказано в оказании услуги «{service.name.ru}».", f"Основание: {_sentence(why.ru)}"]
    if ground is not None and ground.clause is not None:
        kk.append(f"Ол регламенттің {ground.clause}-тармағында көзделген.")
        ru.append(f"Оно предусмотрено пунктом {ground.clause} регламента.")
    if ground is not None and ground.ours:
        ru.append("Регламент принят на казахском языке; русский текст основания — перевод.")
    if ground is not None and reason is not None:
        kk.append(f"Түсіндірме: {_sentence(reason.kk)}")
        ru.append(f"Пояснение: {_sentence(reason.ru)}")
    kk.append("Себебі жойылса, қайта өтініш бере аласыз. Шешіммен келіспесеңіз, оған шағым бере аласыз.")
    ru.append(
        "Если причина будет устранена, Вы можете обратиться снова. Если Вы не согласны с решением, Вы можете его "
        "обжаловать."
    )
    return Text(" ".join(kk), " ".join(ru))


def _sentence(words: str) -> str:
    return words.strip().rstrip(".;:") + "."
