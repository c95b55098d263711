"""The person who signed must be the person who applies."""

import pytest

from gateway.catalogue.identity import Parties, compare
from tests.support.catalogue import IIN, OTHER_IIN

ALONE = Parties(IIN)
REPRESENTED = Parties(IIN, OTHER_IIN, represented=True)


def test_applicant_signs() -> None:
    """The applicant's own signature is right; anybody else's is not."""
    assert compare(ALONE, IIN) == ()
    (finding,) = compare(ALONE, OTHER_IIN)
    assert (finding.code, finding.where) == ("applicant.identity", "applicant/iin")


def test_representative_signs_where_one_is_named() -> None:
    """With a representative, the representative signs, not the applicant and not a third person."""
    assert compare(REPRESENTED, OTHER_IIN) == ()
    for signer in (IIN, "700101300999"):
        (finding,) = compare(REPRESENTED, signer)
        assert (finding.code, finding.where) == ("applicant.identity", "representative/iin")


def test_certificate_without_a_person_is_found() -> None:
    """A certificate that names no person signs for nobody."""
    (finding,) = compare(ALONE, None)
    assert (finding.code, finding.where) == ("applicant.identity", None)


def test_nobody_represents_themselves() -> None:
    """Representative and applicant are two persons."""
    findings = compare(Parties(IIN, IIN, represented=True), IIN)
    assert [finding.where for finding in findings] == ["representative/iin"]


@pytest.mark.parametrize(
    "parties", [Parties(), Parties(IIN, None, represented=True), Parties(None, None, represented=True)]
)
def test_unreadable_iin_is_not_compared(parties: Parties) -> None:
    """An IIN that could not be read has its own finding; it is not told twice."""
    assert compare(parties, OTHER_IIN) == ()


def test_texts_hold_no_iin() -> None:
    """The citizen is told without any number being repeated."""
    findings = [*compare(ALONE, OTHER_IIN), *compare(Parties(IIN, IIN, represented=True), OTHER_IIN)]
    assert findings
    assert not any(IIN in str(finding.text) or OTHER_IIN in str(finding.text) for finding in findings)
