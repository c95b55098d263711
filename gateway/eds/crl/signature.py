"""Who signed a list: found by key among the authorities, verified by pieces."""

from collections.abc import Iterable

from gateway.eds import algorithms, names
from gateway.eds.algorithms import AlgorithmNotAllowed, SignatureAlgorithm
from gateway.eds.certificate import Certificate, KeyUsage
from gateway.eds.crl.header import Header
from gateway.eds.crl.list_file import ListFile, ListUnusable


def issuer_of(file: ListFile, header: Header, authorities: Iterable[Certificate]) -> Certificate:
    """Return the authority whose key signed the list.

    Names alone prove nothing: old and new authorities of NCA RK share theirs.

    Raises:
        ListUnusable: none of them did.
    """
    reasons = []
    for authority in authorities:
        if not _may_sign(authority, header):
            continue
        try:
            algorithm = algorithms.signature_for_key(header.signature_oid, authority.key_oid, authority.spki)
        except AlgorithmNotAllowed as error:
            reasons.append(str(error))
            continue
        if _verified(file, header, algorithm, authority.spki):
            return authority
        reasons.append("its signature is wrong")
    raise ListUnusable("; ".join(reasons) or "no configured authority has issued it")


def _may_sign(authority: Certificate, header: Header) -> bool:
    identifiers = (authority.subject_key_id, header.authority_key_id)
    if all(identifiers) and identifiers[0] != identifiers[1]:
        return False
    # RFC 5280 section 6.3.3 (f): if a key usage is stated, it must allow signing lists
    allowed = not authority.key_usage or KeyUsage.CRL_SIGN in authority.key_usage
    return allowed and names.same(authority.subject_der, header.issuer)


def _verified(file: ListFile, header: Header, algorithm: SignatureAlgorithm, spki: bytes) -> bool:
    start, end = header.signed.start, header.signed.end
    if algorithm.streamed is None:
        return algorithm.verify(spki, file.read(start, end), header.signature)
    digest = algorithm.streamed.new_digest()
    for piece in file.pieces(start, end):
        digest.update(piece)
    return algorithm.streamed.verify(spki, digest.digest(), header.signature)
