"""The three GOST suites of NCA certificates: which curve and hash go together, and under which names.

Source: certificates of the NCA, and its plug-in for Apache Santuario (pigovkz.xml). The URIs for 256 bits stand only in
NCANode's table; no NCA certificate uses this suite.
"""

from dataclasses import dataclass

from gateway.eds.gost.curve import CRYPTOPRO_A, TC26_256_A, TC26_512_A, Curve
from gateway.eds.gost.hashes import HashAlgorithm

_KZ = "1.2.398.3.10.1"
_XMLSEC = "urn:ietf:params:xml:ns:pkigovkz:xmlsec:algorithms:"
_XMLDSIG_MORE = "http://www.w3.org/2001/04/xmldsig-more#"


@dataclass(frozen=True, eq=False, repr=False)
class Suite:
    """A signature algorithm with its hash, under all their OIDs and URIs. Compared by identity."""

    name: str
    curve: Curve
    hash: HashAlgorithm
    key_oid: str
    """Algorithm of a SubjectPublicKeyInfo."""
    curve_oid: str
    """First parameter of the key's algorithm."""
    key_digest_oid: str
    """Second parameter of the key's algorithm."""
    signature_oid: str
    digest_oid: str
    signature_uri: str
    digest_uri: str
    private_key_is_integer: bool = False
    """Whether PKCS #8 holds an INTEGER, not an OCTET STRING."""

    def __repr__(self) -> str:
        """Show the name."""
        return f"Suite({self.name})"


GOST_2004 = Suite(
    name="GOST 34.310-2004",
    curve=CRYPTOPRO_A,
    hash=HashAlgorithm.GOST_94_TEST,
    key_oid=f"{_KZ}.1.1.1",
    curve_oid=f"{_KZ}.1.1.1.1",
    key_digest_oid=f"{_KZ}.3.1.1.0",
    signature_oid=f"{_KZ}.1.1.2",
    digest_oid=f"{_KZ}.3.1",
    signature_uri=f"{_XMLDSIG_MORE}gost34310-gost34311",
    digest_uri=f"{_XMLDSIG_MORE}gost34311",
    private_key_is_integer=True,
)
GOST_2015_256 = Suite(
    name="GOST 34.310-2015 (256)",
    curve=TC26_256_A,
    hash=HashAlgorithm.STREEBOG_256,
    key_oid=f"{_KZ}.1.2.1",
    curve_oid=f"{_KZ}.1.2.1.1",
    key_digest_oid=f"{_KZ}.3.2",
    signature_oid=f"{_KZ}.1.2.3.1",
    digest_oid=f"{_KZ}.3.2",
    signature_uri=f"{_XMLSEC}gostr34102015-gostr34112015-256",
    digest_uri=f"{_XMLSEC}gostr34112015-256",
)
GOST_2015_512 = Suite(
    name="GOST 34.310-2015 (512)",
    curve=TC26_512_A,
    hash=HashAlgorithm.STREEBOG_512,
    key_oid=f"{_KZ}.1.2.2",
    curve_oid=f"{_KZ}.1.2.2.1",
    key_digest_oid=f"{_KZ}.3.3",
    signature_oid=f"{_KZ}.1.2.3.2",
    digest_oid=f"{_KZ}.3.3",
    signature_uri=f"{_XMLSEC}gostr34102015-gostr34112015-512",
    digest_uri=f"{_XMLSEC}gostr34112015-512",
)
SUITES = (GOST_2004, GOST_2015_256, GOST_2015_512)
