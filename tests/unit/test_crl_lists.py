"""Revocation lists: verified, indexed, merged with deltas, and refused for every reason there is."""

import os
import subprocess
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from asn1crypto.core import Integer
from cryptography import x509
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.eds.certificate import Certificate
from gateway.eds.crl.list_file import PIECE_BYTES, ListUnusable
from gateway.eds.crl.lists import Lists
from gateway.eds.crl.shelf import RevocationList, Shelf
from gateway.eds.gost.suites import SUITES, Suite
from gateway.eds.revocation import Answer, NoAnswer, Revocation, RevocationReason, Source
from tests.support import crl, eds, gost
from tests.support.crl import DEFAULT, ListTemplate, Revoked, extension, revocation_list, sequence
from tests.support.eds import AT, SHARED, Template, citizen, nca

SERIAL = citizen().certificate.serial_number
OTHERS = tuple(Revoked(number) for number in (1, 127, 128, 255, 256, SERIAL + 1, SERIAL - 1, 2**158, 2**159 + 7))


def shelf(folder: Path, *authorities: Certificate) -> Shelf:
    return Shelf(folder / "shelf", authorities or (nca().certificate,))


def added(on: Shelf, content: bytes, folder: Path, origin: str = "list", now: datetime = AT) -> RevocationList:
    path = folder / "new.crl"
    path.write_bytes(content)
    return on.add(path, origin, now)


async def asked(on: Shelf, now: datetime = AT) -> Answer:
    return await Lists(on, lambda: now).ask(citizen().certificate, nca().certificate)


async def answer(
    folder: Path, revoked: Sequence[Revoked], template: ListTemplate = DEFAULT, now: datetime = AT
) -> Answer:
    on = shelf(folder)
    added(on, revocation_list(nca(), (*OTHERS, *revoked), template), folder)
    return await asked(on, now)


async def test_a_certificate_that_is_not_listed_is_good(tmp_path: Path) -> None:
    """Neighbours in number do not revoke it; the answer lives as long as the list."""
    found = await answer(tmp_path, ())
    assert found.status(citizen().certificate, AT).state is Revocation.GOOD
    assert (found.source, found.fresh_until, found.this_update) == (
        Source.CRL,
        DEFAULT.next_update,
        DEFAULT.this_update,
    )
    (proof,) = found.proofs
    assert b"".join(proof.pieces()) == (tmp_path / "new.crl").read_bytes()


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        (None, RevocationReason.UNSPECIFIED),
        (1, RevocationReason.KEY_COMPROMISE),
        (4, RevocationReason.SUPERSEDED),
        (6, RevocationReason.CERTIFICATE_HOLD),
        (10, RevocationReason.AA_COMPROMISE),
        (99, RevocationReason.UNSPECIFIED),
    ],
)
async def test_a_listed_certificate_is_revoked(tmp_path: Path, code: int | None, reason: RevocationReason) -> None:
    """Since when and why stand in the entry; a reason nobody knows is one that is not stated."""
    found = await answer(tmp_path, [Revoked(SERIAL, AT - timedelta(days=2), code)])
    assert found.withdrawal is not None
    assert (found.withdrawal.at, found.withdrawal.reason) == (AT - timedelta(days=2), reason)


async def test_an_empty_list_revokes_nobody(tmp_path: Path) -> None:
    """A list without revokedCertificates is a list."""
    on = shelf(tmp_path)
    assert added(on, revocation_list(nca()), tmp_path).label.entries == 0
    assert (await asked(on)).withdrawal is None


@pytest.mark.parametrize("suite", SUITES)
@pytest.mark.parametrize("inner_null", [True, False])
def test_gost(suite: Suite, inner_null: bool, tmp_path: Path) -> None:  # noqa: FBT001  pytest's parameter
    """GOST lists verify, also with NCA's habit of NULL parameters outside and none inside."""
    issuer = gost.nca(suite)
    content = revocation_list(issuer, OTHERS, ListTemplate(inner_null=inner_null))
    one = added(shelf(tmp_path, nca().certificate, issuer.certificate), content, tmp_path)
    assert one.label.entries == len(OTHERS)
    assert one.find(2**159 + 7) is not None
    assert one.find(2**159 + 8) is None


LATER = AT + timedelta(hours=30)


@pytest.mark.parametrize(
    ("template", "why"),
    [
        (ListTemplate(next_update=AT - timedelta(seconds=1)), "expired"),
        (ListTemplate(next_update=None), "without nextUpdate|malformed"),
        (ListTemplate(this_update=AT + timedelta(minutes=2)), "future"),
        (ListTemplate(number=None), "without a number"),
        (ListTemplate(version=None), "not of version 2|malformed"),
        (ListTemplate(version=0), "not of version 2"),
        (ListTemplate(outer_oid="1.2.840.113549.1.1.5"), "two different"),
        (ListTemplate(authority_key=b"another key"), "no configured authority"),
        (ListTemplate(extra=extension(crl.SCOPE, sequence(), critical=True)), "only a part"),
        (ListTemplate(extra=extension(crl.SCOPE, sequence())), "only a part"),
        (ListTemplate(extra=extension("1.2.3.4", sequence(), critical=True)), "not understood: 1.2.3.4"),
        (ListTemplate(extra=extension(crl.NUMBER, Integer(3).dump())), "twice"),
    ],
)
def test_refused(template: ListTemplate, why: str, tmp_path: Path) -> None:
    """A list that is not current, not whole or not understood is not used, and the reason is named."""
    on = shelf(tmp_path)
    with pytest.raises(ListUnusable, match=why):
        added(on, revocation_list(nca(), OTHERS, template), tmp_path)
    assert on.lists == ()


def test_what_is_not_critical_may_be_unknown(tmp_path: Path) -> None:
    """An extension that demands nothing is passed over (freshestCRL, for one)."""
    template = ListTemplate(extra=extension("2.5.29.46", sequence()))
    assert added(shelf(tmp_path), revocation_list(nca(), OTHERS, template), tmp_path).label.number == template.number


@pytest.mark.parametrize("oid", ["2.5.29.29", "1.2.3.4"])
def test_a_critical_extension_of_any_entry_spoils_the_list(oid: str, tmp_path: Path) -> None:
    """An entry of another issuer (indirect list) is not understood: none of the list is used."""
    content = revocation_list(nca(), (*OTHERS, Revoked(5, extra=extension(oid, sequence(), critical=True))))
    with pytest.raises(ListUnusable, match=oid):
        added(shelf(tmp_path), content, tmp_path)


def test_serial_numbers_that_look_critical_do_no_harm(tmp_path: Path) -> None:
    """The bytes of BOOLEAN TRUE inside a serial number are no reason to refuse a list."""
    serial = int.from_bytes(b"\x01\x01\xff" * 5, "big")
    one = added(shelf(tmp_path), revocation_list(nca(), [Revoked(serial), *OTHERS]), tmp_path)
    assert one.find(serial) is not None


def _signed_by(key_name: str, **template: object) -> eds.Issued:
    """Return an authority of the NCA's name with another key, or another usage."""
    issued: Template = replace(eds.CA, key_name=key_name, **template)  # type: ignore[arg-type]
    names = [(attribute.oid, str(attribute.value)) for attribute in nca().x509.subject]
    return eds.issue(names, eds.root(), issued)


def test_the_name_alone_proves_nothing(tmp_path: Path) -> None:
    """A list of an authority with the right name and another key is nobody's, with or without key identifiers."""
    impostor = _signed_by("impostor")
    on = shelf(tmp_path)
    with pytest.raises(ListUnusable, match="no configured authority"):
        added(on, revocation_list(impostor, OTHERS), tmp_path)
    disguised = ListTemplate(authority_key=nca().certificate.subject_key_id)
    with pytest.raises(ListUnusable, match="signature is wrong"):
        added(on, revocation_list(impostor, OTHERS, disguised), tmp_path)


def test_who_may_not_sign_lists_does_not(tmp_path: Path) -> None:
    """An authority whose key usage lacks cRLSign signs certificates only."""
    authority = _signed_by("certificates only", usage=("key_cert_sign",))
    with pytest.raises(ListUnusable, match="no configured authority"):
        added(shelf(tmp_path, authority.certificate), revocation_list(authority, OTHERS), tmp_path)


@given(st.data())
@settings(max_examples=120, deadline=None)
def test_no_changed_list_is_used(tmp_path_factory: pytest.TempPathFactory, data: st.DataObject) -> None:
    """Whatever byte is changed or cut off, the list is refused, with no other error."""
    folder = tmp_path_factory.mktemp("changed")
    content = bytearray(_LIST)
    position = data.draw(st.integers(0, len(content) - 1))
    if data.draw(st.booleans()):
        content[position] ^= data.draw(st.integers(1, 255))
    else:
        del content[position:]
    # NULL parameters of the outer algorithm are not signed: an equal list may come of changing them
    try:
        one = added(shelf(folder), bytes(content), folder)
    except ListUnusable:
        return
    assert one.find(2**158) is not None


_LIST = revocation_list(nca(), OTHERS)


def test_too_large(tmp_path: Path) -> None:
    """A list above the cap is not even read."""
    on = Shelf(tmp_path / "shelf", [nca().certificate], max_bytes=len(_LIST) - 1)
    with pytest.raises(ListUnusable, match="larger than"):
        added(on, _LIST, tmp_path)


@pytest.mark.parametrize("content", [b"", b"<html></html>", b"\x30\x80", b"\x30\x03\x02\x01\x00", sequence(sequence())])
def test_not_a_list(content: bytes, tmp_path: Path) -> None:
    """A page, a fragment, another structure: not a list."""
    with pytest.raises(ListUnusable):
        added(shelf(tmp_path), content, tmp_path)


def test_a_long_serial_number_spoils_the_list(tmp_path: Path) -> None:
    """RFC 5280 allows 20 octets; what is longer cannot be told from others here, so nothing is used."""
    with pytest.raises(ListUnusable, match="20 octets"):
        added(shelf(tmp_path), revocation_list(nca(), [*OTHERS, Revoked(2**160)]), tmp_path)


def test_the_newer_list_replaces_the_older_only(tmp_path: Path) -> None:
    """A replayed older list does not bring a revoked certificate back to life."""
    on = shelf(tmp_path)
    added(on, revocation_list(nca(), [Revoked(SERIAL)], ListTemplate(number=11)), tmp_path)
    with pytest.raises(ListUnusable, match="older"):
        added(on, revocation_list(nca(), (), ListTemplate(number=10)), tmp_path)
    assert on.lists[0].find(SERIAL) is not None
    added(on, revocation_list(nca(), (), ListTemplate(number=12)), tmp_path)
    assert [one.label.number for one in on.lists] == [12]


async def test_an_expired_list_answers_nothing(tmp_path: Path) -> None:
    """After nextUpdate the list is no longer an answer, good or revoked."""
    with pytest.raises(NoAnswer, match="expired"):
        await answer(tmp_path, [Revoked(SERIAL)], now=LATER)
    on = shelf(tmp_path / "empty")
    with pytest.raises(NoAnswer, match="no list"):
        await asked(on)


async def test_another_authoritys_list_answers_nothing(tmp_path: Path) -> None:
    """A list speaks of what its own key issued, not of the same numbers elsewhere."""
    other = eds.issue("ӨЗГЕ ҰКО", eds.root(), eds.CA)
    on = shelf(tmp_path, nca().certificate, other.certificate)
    added(on, revocation_list(other, [Revoked(SERIAL)]), tmp_path)
    with pytest.raises(NoAnswer, match="no list"):
        await asked(on)


DELTA = ListTemplate(
    this_update=AT - timedelta(minutes=5), next_update=AT + timedelta(hours=7), number=15, base_number=9
)


async def merged(
    folder: Path, full: Sequence[Revoked], delta: Sequence[Revoked], template: ListTemplate = DELTA, now: datetime = AT
) -> Answer:
    on = shelf(folder)
    added(on, revocation_list(nca(), (*OTHERS, *full)), folder, "full")
    added(on, revocation_list(nca(), delta, template), folder, "delta")
    return await asked(on, now)


async def test_a_delta_adds(tmp_path: Path) -> None:
    """What was revoked since the full list stands in the delta; both prove the answer."""
    found = await merged(tmp_path, (), [Revoked(SERIAL)])
    assert found.withdrawal is not None
    assert len(found.proofs) == 2
    assert (found.this_update, found.fresh_until) == (DELTA.this_update, DELTA.next_update)


async def test_a_delta_removes(tmp_path: Path) -> None:
    """removeFromCRL lifts a hold; what the delta does not name stays as it was."""
    held, freed = Revoked(SERIAL, reason=crl.HOLD), Revoked(SERIAL, reason=crl.REMOVED)
    assert (await merged(tmp_path / "freed", [held], [freed])).withdrawal is None
    assert (await merged(tmp_path / "held", [held], [Revoked(77)])).withdrawal is not None


@pytest.fixture(autouse=True)
def _folders(tmp_path: Path) -> None:
    for name in ("freed", "held", "empty"):
        (tmp_path / name).mkdir()


@pytest.mark.parametrize(
    "template",
    [
        replace(DELTA, base_number=11),  # for a later full list than ours
        replace(DELTA, number=10),  # not newer than the full list
        replace(DELTA, next_update=AT + timedelta(minutes=1)),  # expired when asked
    ],
)
async def test_a_delta_that_does_not_fit_is_passed_over(template: ListTemplate, tmp_path: Path) -> None:
    """The full list stands for itself until its own end."""
    now = AT + timedelta(minutes=2)
    found = await merged(tmp_path, [Revoked(SERIAL, reason=crl.HOLD)], [Revoked(SERIAL, reason=8)], template, now)
    assert found.withdrawal is not None
    assert len(found.proofs) == 1


async def test_a_delta_alone_answers_nothing(tmp_path: Path) -> None:
    """Without its full list a delta cannot say good."""
    on = shelf(tmp_path)
    added(on, revocation_list(nca(), (), DELTA), tmp_path)
    with pytest.raises(NoAnswer):
        await asked(on)


def test_a_restart_reads_the_index_only(tmp_path: Path) -> None:
    """Another shelf on the folder knows the list at once; one that is not whole any more is not used."""
    one = added(shelf(tmp_path), _LIST, tmp_path)
    again = shelf(tmp_path)
    assert [found.label for found in again.lists] == [one.label]
    assert again.lists[0].find(128) == one.find(128)
    (index,) = (tmp_path / "shelf").glob("*.index")
    content = bytearray(index.read_bytes())
    content[-10] ^= 1
    index.write_bytes(content)
    assert shelf(tmp_path).lists == ()


def test_another_process_finds_the_new_list(tmp_path: Path) -> None:
    """Two processes on one folder: what one of them downloads the other opens."""
    first, second = shelf(tmp_path), shelf(tmp_path)
    added(first, _LIST, tmp_path)
    before = [one.label for one in second.lists]
    second.reopen()
    assert (before, [one.label for one in second.lists]) == ([], [one.label for one in first.lists])


def test_old_lists_are_swept_away_late(tmp_path: Path) -> None:
    """A list out of use stays for a day, for whoever still keeps it as evidence, and goes then; those in use stay."""
    on = shelf(tmp_path)
    old = added(on, _LIST, tmp_path).file.path
    new = added(on, revocation_list(nca(), OTHERS, ListTemplate(number=11)), tmp_path).file.path
    on.sweep()
    assert old.exists()
    two_days_ago = (datetime.now(UTC) - timedelta(days=2)).timestamp()
    for path in (old, new):
        _age(path, two_days_ago)
    on.sweep()
    assert (old.exists(), new.exists()) == (False, True)


def _age(path: Path, when: float) -> None:
    os.utime(path, (when, when))


@given(st.sets(st.integers(1, 2**160 - 1) | st.integers(1, 1000), max_size=60), st.integers(1, 2**160 - 1))
@settings(max_examples=60, deadline=None)
def test_the_index_finds_what_is_there_and_nothing_else(
    tmp_path_factory: pytest.TempPathFactory, serials: set[int], other: int
) -> None:
    """For any set of serial numbers, exactly its members are found."""
    folder = tmp_path_factory.mktemp("index")
    one = added(shelf(folder), revocation_list(nca(), [Revoked(serial) for serial in serials]), folder)
    assert all(one.find(serial) for serial in serials)
    neighbours = {near for serial in serials for near in (serial - 1, serial + 1, serial << 8)}
    assert not any(one.find(absent) for absent in {other, *neighbours} - serials)
    assert one.find(2**200) is None


@pytest.mark.parametrize("extra", range(5))
def test_entries_across_the_pieces_of_a_file(extra: int, tmp_path: Path) -> None:
    """A list of several pieces is walked without losing the entries at their borders."""
    count = PIECE_BYTES * 2 // 40 + extra * 7
    content = revocation_list(nca(), [Revoked(10**30 + number, reason=1 + number % 2) for number in range(count)])
    assert len(content) > 2 * PIECE_BYTES
    one = added(shelf(tmp_path), content, tmp_path)
    assert one.label.entries == count
    theirs = x509.load_der_x509_crl(content)
    assert sum(one.find(revoked.serial_number) is not None for revoked in theirs) == count


def test_openssl_agrees(tmp_path: Path) -> None:
    """OpenSSL verifies the lists that the tests make, and reads the same entries."""
    path, authority = tmp_path / "new.crl", tmp_path / "ca.pem"
    authority.write_bytes(nca().pem)
    one = added(shelf(tmp_path), _LIST, tmp_path)
    try:
        result = subprocess.run(
            ["openssl", "crl", "-inform", "DER", "-in", path, "-noout", "-text", "-CAfile", authority],
            capture_output=True,
            check=True,
            text=True,
        )
    except FileNotFoundError:
        eds.unavailable("openssl is not installed")
    assert "verify OK" in result.stderr
    serials = [int(line.split(":")[1], 16) for line in result.stdout.splitlines() if "Serial Number" in line]
    assert len(serials) == one.label.entries
    assert all(one.find(serial) for serial in serials)


VECTORS = SHARED / "pki"


@pytest.mark.skipif(not VECTORS.is_dir(), reason="the reference data is not here")
@pytest.mark.parametrize(
    ("name", "now", "entries", "serial"),
    [
        (
            "nca_gost2022_test_20260811.crl",
            datetime(2026, 9, 1, tzinfo=UTC),
            195,
            0x11878BBB2D0C22C0BB736D57935C80D54BE605FF,
        ),
        (
            "2022_nca_rsa_test.crl",
            datetime(2022, 5, 1, tzinfo=UTC),
            126,
            0x474C38696D8677A2C8B6E40345A8B04168C0905C,
        ),
    ],
)
def test_lists_of_the_national_authority(name: str, now: datetime, entries: int, serial: int, tmp_path: Path) -> None:
    """NCA RK's own lists verify at their time and hold the entries that OpenSSL shows."""
    files = sorted((VECTORS / "ca" / "test").iterdir())
    contents = [path.read_bytes() for path in files]
    authorities = [Certificate.from_pem(one) if b"BEGIN" in one else Certificate.from_der(one) for one in contents]
    path = VECTORS / "crl" / name
    on = Shelf(tmp_path / "shelf", authorities)
    one = on.add(path, name, now)
    assert one.label.entries == entries
    assert one.find(serial) is not None
    assert one.find(serial + 1) is None
    with pytest.raises(ListUnusable, match="expired"):
        Shelf(tmp_path / "late", authorities).add(path, name, now + timedelta(days=400))
