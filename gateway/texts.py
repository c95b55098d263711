"""A text in the languages it is written in."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Text:
    """A text for people, in Kazakh and Russian."""

    kk: str
    ru: str

    def __str__(self) -> str:
        """Return both languages, Kazakh first."""
        return f"{self.kk} / {self.ru}"
