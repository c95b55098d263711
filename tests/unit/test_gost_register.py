"""GOST in the registry of algorithms, in loading keys and in signed documents."""

import asyncio

import pytest

from gateway.eds import algorithms, enveloped
from gateway.eds.algorithms import AlgorithmNotAllowed
from gateway.eds.anchors import Anchors
from gateway.eds.gost.keys import PrivateKey, digest
from gateway.eds.gost.suites import GOST_2004, GOST_2015_256, GOST_2015_512, SUITES, Suite
from gateway.eds.keys import KeyUnusable, load_pem
from gateway.eds.verdict import Indication, Reason
from gateway.eds.verifier import Verifier
from tests.support import eds, gost

_suites = pytest.mark.parametrize("suite", SUITES, ids=lambda suite: suite.name)


@_suites
def test_algorithms_are_found_by_uri_and_by_oid(suite: Suite) -> None:
    """A suite's signature and digest are found under the URI of XML Signature and under the OID of certificates."""
    key = PrivateKey.generate(suite)
    spki, value = key.public.to_spki(), key.sign(b"data")
    for name in (suite.signature_uri, suite.signature_oid):
        algorithm = algorithms.signature_for_key(name, suite.key_oid, spki)
        assert algorithm.verify(spki, b"data", value)
        assert not algorithm.verify(spki, b"other", value)
    for name in (suite.digest_uri, suite.digest_oid):
        assert algorithms.digest(name).compute(b"data") == digest(suite, b"data")


def test_the_names_are_those_of_the_nca() -> None:
    """The URIs and OIDs are the ones NCA's plug-in and certificates use."""
    assert algorithms.signature("1.2.398.3.10.1.1.1.2").uri == (
        "http://www.w3.org/2001/04/xmldsig-more#gost34310-gost34311"
    )
    assert algorithms.digest("1.2.398.3.10.1.3.1").uri == "http://www.w3.org/2001/04/xmldsig-more#gost34311"
    assert algorithms.signature("1.2.398.3.10.1.1.2.3.2").uri == (
        "urn:ietf:params:xml:ns:pkigovkz:xmlsec:algorithms:gostr34102015-gostr34112015-512"
    )
    assert algorithms.digest("1.2.398.3.10.1.3.3").uri == (
        "urn:ietf:params:xml:ns:pkigovkz:xmlsec:algorithms:gostr34112015-512"
    )


def test_old_kalkan_may_name_the_key() -> None:
    """The OID of the GOST 34.310-2004 key, which old Kalkan writes as signature algorithm, means its signature."""
    assert algorithms.signature(GOST_2004.key_oid) is algorithms.signature(GOST_2004.signature_oid)
    with pytest.raises(AlgorithmNotAllowed):
        algorithms.signature(GOST_2015_512.key_oid)


def test_a_key_of_another_kind_does_not_pass() -> None:
    """A GOST signature is not verified with an RSA key, a key of another suite, or bytes that are no key."""
    value = PrivateKey.generate(GOST_2015_512).sign(b"data")
    rsa = eds.citizen().certificate
    other = PrivateKey.generate(GOST_2015_256).public.to_spki()
    algorithm = algorithms.signature(GOST_2015_512.signature_uri)
    for spki in (rsa.spki, other, b"", b"no key"):
        assert not algorithm.verify(spki, b"data", value)
        with pytest.raises(AlgorithmNotAllowed):
            algorithms.signature_for_key(GOST_2015_512.signature_uri, GOST_2015_512.key_oid, spki)
    with pytest.raises(AlgorithmNotAllowed):
        algorithms.signature_for_key(GOST_2015_512.signature_uri, rsa.key_oid, rsa.spki)


@_suites
def test_documents_are_signed_and_judged(suite: Suite) -> None:
    """A document signed with a loaded GOST key is VALID under a GOST CA, a changed one is not."""
    judge = Verifier(Anchors.of([gost.nca(suite).certificate]))
    document = enveloped.sign("<a><b>құжат</b></a>".encode(), gost.citizen(suite).key)
    verdict = asyncio.run(judge.enveloped(document, at=eds.AT))
    assert verdict.indication is Indication.VALID
    assert verdict.signers[0].signature_algorithm == suite.signature_uri
    spoiled = document.replace("құжат".encode(), "қужат".encode())
    assert asyncio.run(judge.enveloped(spoiled, at=eds.AT)).reasons == {Reason.HASH_FAILURE}


def test_an_issuer_of_the_same_name_with_another_key_is_not_trusted() -> None:
    """A certificate issued by a stranger's GOST key leads to no anchor, whatever names it bears."""
    stranger = PrivateKey.generate(GOST_2015_512)
    genuine = gost.citizen(GOST_2015_512)
    forged = gost.Issued(gost.issue(genuine.certificate, genuine.private.public, stranger), genuine.private)
    judge = Verifier(Anchors.of([gost.nca(GOST_2015_512).certificate]))
    verdict = asyncio.run(judge.enveloped(enveloped.sign(b"<a/>", forged.key), at=eds.AT))
    assert verdict.reasons == {Reason.NO_CERTIFICATE_CHAIN_FOUND}


def test_keys_that_do_not_fit_are_refused() -> None:
    """Another's key, an RSA key, an encrypted key, a key that is no point and rubbish are refused when loading."""
    mine, other = gost.citizen(GOST_2015_512), gost.citizen(GOST_2015_256)
    encrypted = mine.key_pem.replace(b"PRIVATE KEY", b"ENCRYPTED PRIVATE KEY")
    for key in (gost.nca(GOST_2015_512).key_pem, other.key_pem, eds.citizen().key_pem, encrypted, b"rubbish"):
        with pytest.raises(KeyUnusable):
            load_pem(mine.pem, key)
    with pytest.raises(KeyUnusable):
        load_pem(eds.citizen().pem, mine.key_pem)
