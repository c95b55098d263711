"""A service in short."""

import pytest

from gateway.catalogue.channel import Channel
from gateway.catalogue.summary import describe
from gateway.catalogue.term import Origin
from tests.support.catalogue import CATEGORIES, HOUSING, service


def test_summary_says_channels_term_and_counts() -> None:
    """A portal service is summed up with its channels, its term's origin, and how much its act says."""
    summary = describe(service(CATEGORIES))
    assert summary.channels == (Channel.PROVIDER, Channel.AKIM, Channel.PORTAL)
    assert set(summary.closed) == {Channel.PSC}
    assert summary.portal_eligible is not None
    assert summary.term is not None
    assert (summary.term.value, summary.term.origin) == (7, Origin.ACT_STEPS)
    assert summary.namespace == "urn:qaqpa:service:kostanay.categories-social-assistance:1"
    assert (summary.counts.documents, summary.counts.deadlines, summary.counts.forms) == (2, 12, 6)


def test_summary_without_the_portal_has_the_reason() -> None:
    """A service that the portal does not give has no portal term, and says why."""
    summary = describe(service("astana.wheelchair"))
    assert summary.term is None
    assert summary.namespace == "urn:qaqpa:service:astana.wheelchair:1"
    assert "158-1925" in summary.closed[Channel.PORTAL].ru


def test_setting_shows_as_setting() -> None:
    """The installation's term shows as such, and one that the act forbids is an error."""
    term = describe(service(HOUSING), 12).term
    assert term is not None
    assert (term.value, term.origin) == (12, Origin.SETTING)
    with pytest.raises(ValueError, match="longer than the act"):
        describe(service(CATEGORIES), 8)
