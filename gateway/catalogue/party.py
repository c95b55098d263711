"""Who acts in a step, in kinds that software can tell apart."""

from enum import StrEnum


class Party(StrEnum):
    """A kind of actor."""

    APPLICANT = "applicant"
    EMPLOYER = "employer"  # organisations that hand in dossiers for those who work there
    PSC = "psc"
    AKIM_OFFICE = "akim_office"
    AKIM = "akim"
    CHANCELLERY = "chancellery"  # the provider's registry
    HEAD = "head"  # the provider's management
    SPECIALIST = "specialist"  # the provider's executor
    COMMISSION = "commission"
    PROVIDER = "provider"  # the provider as a whole
    OTHER_BODY = "other_body"


# The acts' own words for their actors; the first entry that stands in them decides.
_WORDS = (
    ("ЦОН", Party.PSC),
    ("ХҚКО", Party.PSC),
    ("комисси", Party.COMMISSION),
    ("канцелярия УЗиСП", Party.CHANCELLERY),
    ("руководство", Party.HEAD),
    ("специалист", Party.SPECIALIST),
    ("организации и учреждения", Party.EMPLOYER),
    ("Управления координации", Party.OTHER_BODY),
    ("ГЦВП", Party.OTHER_BODY),
    ("көрсетілетін қызметті алушы", Party.APPLICANT),
    ("берушінің басшысы", Party.HEAD),
    ("берушінің жауапты орындаушысы", Party.SPECIALIST),
    ("берушінің қызметкері", Party.CHANCELLERY),
    ("көрсетілетін қызметті беруші", Party.PROVIDER),
    ("Әкімнің", Party.AKIM_OFFICE),
    ("Әкім", Party.AKIM),
)


def party_of(words: str) -> Party:
    """Return the kind of actor that the act's words name.

    Raises:
        ValueError: the words are not known.
    """
    for word, party in _WORDS:
        if word in words:
            return party
    raise ValueError("the act's words for an actor are not known")
