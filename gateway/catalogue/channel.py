"""Through which channel a service is asked for."""

from enum import StrEnum


class Channel(StrEnum):
    """A way in which applications come, as the acts name them."""

    PORTAL = "portal"
    PSC = "psc"  # ХҚКО / ЦОН
    PROVIDER = "provider"
    AKIM = "akim"
