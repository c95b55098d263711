"""The act's words as people are shown them: Kazakh letters put right, and our Russian where the act has none.

The Kostanay act exists in Kazakh only. What a citizen has to understand of it in Russian is translated in
`schemas/application/translations.json`: ours, not the law's, and marked so wherever it is shown.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated

from pydantic import Field

from gateway.catalogue import kazakh
from gateway.catalogue.wording import Fact, Wording
from gateway.texts import Text


class Translation(Fact):
    """One text of the act and our translation of it."""

    kk: Annotated[str, Field(min_length=1)]
    ru: Annotated[str, Field(min_length=1)]


class TranslationFile(Fact):
    """`schemas/application/translations.json`."""

    about: str
    texts: tuple[Translation, ...]


@dataclass(frozen=True, slots=True)
class Translations:
    """Our Russian for Kazakh words of an act."""

    _russian: Mapping[str, str] = field(default_factory=dict, repr=False)

    @classmethod
    def of(cls, file: TranslationFile) -> "Translations":
        """Index the translations by their Kazakh words."""
        return cls({_key(text.kk): text.ru for text in file.texts})

    def text(self, wording: Wording | None) -> Text:
        """Return the words in both languages; where one has none, and no translation stands for it, the other's."""
        if wording is None:
            return Text("", "")
        kk = kazakh.normalised(wording.kk) if wording.kk else None
        ru = wording.ru or (self._russian.get(_key(kk)) if kk else None)
        return Text(kk=kk or ru or "", ru=ru or kk or "")

    def is_ours(self, wording: Wording | None) -> bool:
        """Tell whether the Russian of `text` is our translation."""
        return wording is not None and not wording.ru and bool(wording.kk) and _key(wording.kk or "") in self._russian


def _key(words: str) -> str:
    return " ".join(kazakh.normalised(words).casefold().split())
