"""From a certificate to a configured anchor: the path, and what is wrong with it at an instant.

A path is a matter of keys and signatures (RFC 5280 section 6.1); it is found once and kept. Dates are a matter of
the instant and are judged anew every time.
"""

from collections import OrderedDict
from collections.abc import Iterable
from datetime import datetime
from threading import Lock
from typing import Final

from gateway.eds import algorithms, names
from gateway.eds.algorithms import AlgorithmNotAllowed
from gateway.eds.anchors import Anchors
from gateway.eds.certificate import Certificate, KeyUsage
from gateway.eds.verdict import Defect, Finding, Reason

MAX_LENGTH: Final = 5
"""Certificates between the signer's and the anchor, at most."""
_CACHE_SIZE: Final = 4096

Path = tuple[Certificate, ...]
"""The signer's certificate first, the anchor last."""


class Chains:
    """Finds paths to one set of anchors, and remembers them."""

    def __init__(self, anchors: Anchors) -> None:
        """Take the anchors; another set needs another object."""
        self._anchors = anchors.certificates
        self._found: OrderedDict[str, Path] = OrderedDict()
        self._lock = Lock()  # a slow verification may run in a thread

    def path(self, leaf: Certificate, others: Iterable[Certificate] = ()) -> Path | None:
        """Return a path from `leaf` to an anchor, or None.

        Args:
            leaf: the certificate to be trusted.
            others: certificates that came with the message; each of their signatures is verified.
        """
        with self._lock:
            known = self._found.get(leaf.sha256)
            if known is not None:
                self._found.move_to_end(leaf.sha256)
                return known
        path = self._search((leaf,), {certificate for certificate in others if certificate.is_ca})
        if path is not None:
            with self._lock:
                self._found[leaf.sha256] = path
                if len(self._found) > _CACHE_SIZE:
                    self._found.popitem(last=False)
        return path

    def unknown(self, leaf: Certificate) -> Finding:
        """Say why no path leads from `leaf` to an anchor."""
        if any(names.same(leaf.issuer_der, anchor.subject_der) for anchor in self._anchors):
            detail = "an anchor bears the issuer's name, but its key did not sign the certificate"
            return Finding(Reason.NO_CERTIFICATE_CHAIN_FOUND, detail, Defect.ISSUER_KEY_DIFFERS)
        if names.same(leaf.issuer_der, leaf.subject_der):
            detail = "the certificate names itself as its issuer"
            return Finding(Reason.NO_CERTIFICATE_CHAIN_FOUND, detail, Defect.SELF_SIGNED)
        return UNKNOWN

    def _search(self, path: Path, pool: set[Certificate]) -> Path | None:
        """Extend a path by an anchor, else by a certificate of the pool.

        A certificate leaves the pool when it is tried, so that a message full of CAs that all certified each other
        costs at most one look at each.
        """
        if len(path) > MAX_LENGTH:
            return None
        for anchor in self._anchors:
            if _may_follow(anchor, path):
                return (*path, anchor)
        for issuer in [candidate for candidate in pool if _may_follow(candidate, path)]:
            pool.discard(issuer)
            found = self._search((*path, issuer), pool)
            if found is not None:
                return found
        return None


def judge(path: Path, at: datetime) -> tuple[Finding, ...]:
    """Say what is wrong with a path at `at` (aware); empty when nothing is."""
    return tuple(
        Finding(finding.reason, finding.detail if position == 0 else f"the issuer's certificate: {finding.detail}")
        for position, certificate in enumerate(path)
        for finding in certificate.at(at)
    )


def _may_follow(issuer: Certificate, path: Path) -> bool:
    below = len(path) - 1  # CA certificates between the issuer and the leaf
    return (
        issuer.is_ca
        and KeyUsage.KEY_CERT_SIGN in issuer.key_usage
        and not issuer.unknown_critical
        and (issuer.path_length is None or below <= issuer.path_length)
        and issuer not in path
        and issued(issuer, path[-1])
    )


def issued(issuer: Certificate, subject: Certificate) -> bool:
    """Whether the issuer's key signed the subject. Names alone prove nothing: old and new NCA roots share theirs."""
    if subject.authority_key_id and issuer.subject_key_id and subject.authority_key_id != issuer.subject_key_id:
        return False
    if not names.same(subject.issuer_der, issuer.subject_der):
        return False
    try:
        algorithm = algorithms.signature_for_key(subject.signature_oid, issuer.key_oid, issuer.spki)
    except AlgorithmNotAllowed:
        return False
    return algorithm.verify(issuer.spki, subject.tbs, subject.signature)


UNKNOWN: Final = Finding(Reason.NO_CERTIFICATE_CHAIN_FOUND, "no path to a configured anchor")
