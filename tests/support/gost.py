"""GOST arithmetic as a textbook writes it, the backends to compare with it, and a small CA with GOST keys."""

import base64
from dataclasses import dataclass
from functools import lru_cache

from asn1crypto.core import Null, ObjectIdentifier, OctetBitString
from asn1crypto.parser import emit

from gateway.eds import der
from gateway.eds.certificate import Certificate
from gateway.eds.gost.comb import CombPoints
from gateway.eds.gost.curve import Curve, Point
from gateway.eds.gost.hashes import Hashes
from gateway.eds.gost.keys import PrivateKey, PublicKey
from gateway.eds.gost.libcrypto import LibcryptoPoints
from gateway.eds.gost.libgcrypt import LibgcryptHashes
from gateway.eds.gost.points import Points
from gateway.eds.gost.pure import PureHashes
from gateway.eds.gost.suites import Suite
from gateway.eds.keys import SigningKey, load_pem
from tests.support import eds
from tests.support.eds import unavailable

POINTS = ("pure", "gmpy2", "libcrypto")
HASHES = ("pure", "libgcrypt")

EXAMPLE_256 = Curve(
    # RFC 7091, section 7.1.1 (GOST R 34.10-2012, appendix A.1)
    name="example 1",
    oid="1.2.643.2.2.35.0",
    p=0x8000000000000000000000000000000000000000000000000000000000000431,
    a=7,
    b=0x5FBFF498AA938CE739B8E022FBAFEF40563F6E6A3472FC2A514C0CE9DAE23B7E,
    q=0x8000000000000000000000000000000150FE8A1892976154C59CFC193ACCF5B3,
    cofactor=1,
    generator=Point(2, 0x08E2A8A0E65147D4BD6316030E16D19C85C97F0A9CA267122B96ABBCEA7E8FC8),
)
EXAMPLE_512 = Curve(
    # RFC 7091, section 7.2.1 (GOST R 34.10-2012, appendix A.2)
    name="example 2",
    oid="1.2.643.7.1.2.1.2.0",
    p=0x4531ACD1FE0023C7550D267B6B2FEE80922B14B2FFB90F04D4EB7C09B5D2D15DF1D852741AF4704A0458047E80E4546D35B8336FAC224DD81664BBF528BE6373,
    a=7,
    b=0x1CFF0806A31116DA29D8CFA54E57EB748BC5F377E49400FDD788B649ECA1AC4361834013B2AD7322480A89CA58E0CF74BC9E540C2ADD6897FAD0A3084F302ADC,
    q=0x4531ACD1FE0023C7550D267B6B2FEE80922B14B2FFB90F04D4EB7C09B5D2D15DA82F2D7ECB1DBAC719905C5EECC423F1D86E25EDBE23C595D644AAF187E6E6DF,
    cofactor=1,
    generator=Point(
        0x24D19CC64572EE30F396BF6EBBFD7A6C5213B3B3D7057CC825F91093A68CD762FD60611262CD838DC6B60AA7EEE804E28BC849977FAC33B4B530F1B120248A9A,
        0x2BB312A43BD2CE6E0D020613C857ACDDCFBF061E91E5F2C3F32447C259F39B2C83AB156D77F1496BF7EB3351E1EE4E43DC1A18B91B24640B6DBB92CB1ADD371E,
    ),
)


def points(name: str) -> Points:
    """Make the arithmetic of that name; a test that asks for a missing library is skipped and says so."""
    if name == "pure":
        return CombPoints()
    if name == "gmpy2":
        try:
            from gmpy2 import mpz  # noqa: PLC0415 - an optional dependency
        except ImportError as error:
            unavailable(str(error))
        return CombPoints("gmpy2", mpz)
    try:
        return LibcryptoPoints()
    except OSError as error:
        unavailable(f"no libcrypto on this machine: {error}")
    raise AssertionError


def hashes(name: str) -> Hashes:
    """Make the hashes of that name; a test that asks for a missing library is skipped and says so."""
    if name == "pure":
        return PureHashes()
    try:
        return LibgcryptHashes()
    except OSError as error:
        unavailable(f"no libgcrypt on this machine: {error}")
    raise AssertionError


def add(curve: Curve, left: Point | None, right: Point | None) -> Point | None:
    """Add two points by chord and tangent."""
    if left is None or right is None:
        return left or right
    if left.x == right.x and (left.y + right.y) % curve.p == 0:
        return None
    if left == right:
        slope = (3 * left.x**2 + curve.a) * pow(2 * left.y, -1, curve.p)
    else:
        slope = (right.y - left.y) * pow(right.x - left.x, -1, curve.p)
    x = (slope * slope - left.x - right.x) % curve.p
    return Point(x, (slope * (left.x - x) - left.y) % curve.p)


def multiply(curve: Curve, k: int, point: Point | None) -> Point | None:
    """Multiply a point by doubling and adding."""
    total = None
    for bit in format(k, "b"):
        total = add(curve, total, total)
        total = add(curve, total, point) if bit == "1" else total
    return total


@dataclass(frozen=True)
class Issued:
    """A certificate of a GOST key, with the key."""

    certificate: Certificate
    private: PrivateKey

    @property
    def pem(self) -> bytes:
        """The certificate as PEM."""
        return _armoured("CERTIFICATE", self.certificate.der)

    @property
    def key_pem(self) -> bytes:
        """The private key as PKCS #8 PEM."""
        return _armoured("PRIVATE KEY", self.private.to_pkcs8())

    @property
    def key(self) -> SigningKey:
        """The key, loaded as the gateway loads it."""
        return load_pem(self.pem, self.key_pem)


def _armoured(kind: str, octets: bytes) -> bytes:
    return f"-----BEGIN {kind}-----\n{base64.encodebytes(octets).decode()}-----END {kind}-----\n".encode()


def issue(like: Certificate, public: PublicKey, issuer: PrivateKey, signature_oid: str | None = None) -> Certificate:
    """Issue a certificate that says the same as another one, for another key, signed by a GOST issuer."""
    oid = ObjectIdentifier(signature_oid or issuer.public.suite.signature_oid)
    algorithm = _sequence(oid.dump(), Null().dump())
    tbs = like.tbs
    parts = [tbs[part.start : part.end] for part in der.children(tbs, der.element_at(tbs, 0))]
    parts[2], parts[6] = algorithm, public.to_spki()  # version, serial number, signature, …, key
    signed = _sequence(*parts)
    return Certificate.from_der(_sequence(signed, algorithm, OctetBitString(issuer.sign(signed)).dump()))


def _sequence(*elements: bytes) -> bytes:
    octets: bytes = emit(0, 1, 16, b"".join(elements))
    return octets


@lru_cache
def nca(suite: Suite) -> Issued:
    """Return the run's issuing CA with a key of this suite."""
    private = PrivateKey.generate(suite)
    return Issued(issue(eds.nca().certificate, private.public, private), private)


@lru_cache
def citizen(suite: Suite) -> Issued:
    """Return a citizen's signing certificate of this suite."""
    private = PrivateKey.generate(suite)
    return Issued(issue(eds.citizen().certificate, private.public, nca(suite).private), private)
