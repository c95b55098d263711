"""A time-stamping authority for tests; its tokens are written with asn1crypto, not with the product's own code."""

from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from typing import Any, Self

from asn1crypto import algos, core, tsp
from asn1crypto import cms as asn1
from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID

from gateway.eds import algorithms
from gateway.eds.anchors import Anchors
from gateway.eds.certificate import Certificate
from gateway.eds.cms import message
from gateway.eds.gost.keys import PrivateKey
from gateway.eds.gost.suites import Suite
from gateway.eds.keys import SigningKey
from gateway.eds.verifier import RevocationSource, Verifier
from tests.support import eds, gost
from tests.support.cms import tlv

SHA256 = "2.16.840.1.101.3.4.2.1"
TST_INFO = "1.2.840.113549.1.9.16.1.4"
POLICY = "1.2.398.3.3.2.6.4"
STAMPING = eds.Template(
    usage=("digital_signature",),
    extended=(),
    extra=((x509.ExtendedKeyUsage([ExtendedKeyUsageOID.TIME_STAMPING]), True),),
)


@dataclass(frozen=True)
class Tsa:
    """An authority with its key; what a token says can be changed piece by piece."""

    key: SigningKey
    certificates: tuple[bytes, ...] = field(default=())

    @classmethod
    def rsa(cls, template: eds.Template = STAMPING) -> Self:
        """Make one with an RSA key, of the run's issuing CA."""
        issued = _issued(template)
        return cls(issued.key, (issued.certificate.der,))

    @classmethod
    def gost(cls, suite: Suite) -> Self:
        """Make one with a GOST key, of the run's GOST CA."""
        private = PrivateKey.generate(suite)
        like = _issued(STAMPING).certificate
        issued = gost.Issued(gost.issue(like, private.public, gost.nca(suite).private), private)
        return cls(issued.key, (issued.certificate.der,))

    @property
    def certificate(self) -> Certificate:
        """Its certificate."""
        return self.key.certificate

    def token(self, data: bytes, *, at: datetime, digest_oid: str = SHA256, **changes: Any) -> bytes:
        """Return a token over `data`; `changes` replace fields of TSTInfo, or `imprint`."""
        imprint = changes.pop("imprint", None) or algorithms.digest(digest_oid).compute(data)
        info = {
            "version": "v1",
            "policy": POLICY,
            "message_imprint": {"hash_algorithm": {"algorithm": digest_oid}, "hashed_message": imprint},
            "serial_number": 4711,
            "gen_time": at,
            **changes,
        }
        return self.signed(tsp.TSTInfo(info).dump())

    def signed(
        self, statement: bytes, content_type: str = TST_INFO, extra: tuple[asn1.CMSAttribute, ...] = ()
    ) -> bytes:
        """Sign a statement."""
        digest = algorithms.digest(self.key.digest_uri)
        attributes = asn1.CMSAttributes(
            [
                asn1.CMSAttribute({"type": "content_type", "values": [content_type]}),
                asn1.CMSAttribute({"type": "message_digest", "values": [digest.compute(statement)]}),
                *extra,
            ]
        )
        signer = {
            "version": "v1",
            "sid": asn1.SignerIdentifier({"issuer_and_serial_number": self._identifier()}),
            "digest_algorithm": algos.DigestAlgorithm({"algorithm": digest.oid}),
            "signed_attrs": attributes,
            "signature_algorithm": {"algorithm": algorithms.signature(self.key.signature_uri).oid},
            "signature": self.key.sign(attributes.untag().dump()),
        }
        signed_data = {
            "version": "v3",
            "digest_algorithms": [{"algorithm": digest.oid}],
            "encap_content_info": {"content_type": content_type, "content": core.ParsableOctetString(statement)},
            "certificates": [asn1.CertificateChoices.load(der) for der in self.certificates],
            "signer_infos": [signer],
        }
        der: bytes = asn1.ContentInfo({"content_type": "signed_data", "content": asn1.SignedData(signed_data)}).dump()
        return der

    def _identifier(self) -> asn1.IssuerAndSerialNumber:
        from asn1crypto.x509 import Name  # noqa: PLC0415  the name `x509` is taken

        return asn1.IssuerAndSerialNumber(
            {"issuer": Name.load(self.certificate.issuer_der), "serial_number": self.certificate.serial_number}
        )

    def response(self, request: bytes, *, at: datetime) -> bytes:
        """Answer a TimeStampReq."""
        asked = tsp.TimeStampReq.load(request)
        imprint = asked["message_imprint"]
        token = self.token(
            b"",
            at=at,
            digest_oid=imprint["hash_algorithm"]["algorithm"].dotted,
            imprint=imprint["hashed_message"].native,
            nonce=asked["nonce"].native,
            policy=asked["req_policy"].native or POLICY,
        )
        der: bytes = tsp.TimeStampResp(
            {"status": {"status": "granted"}, "time_stamp_token": asn1.ContentInfo.load(token)}
        ).dump()
        return der


@lru_cache
def _issued(template: eds.Template) -> eds.Issued:
    return eds.issue("УАҚЫТ БЕЛГІСІ ҚЫЗМЕТІ", eds.nca(), template)


def verifier(revocation: RevocationSource | None = None) -> Verifier:
    """Return a verifier that trusts the run's issuing CA."""
    return Verifier(Anchors.of([eds.nca().certificate]), revocation)


def signature_value(document: bytes, signer: int = 0) -> bytes:
    """Return the signature value of a CMS message: what is stamped."""
    return message.read(document).signers[signer].signature


def refusal(status: int, failure: int | None = None) -> bytes:
    """Return a TimeStampResp that gives no token."""
    bits = b""
    if failure is not None:
        octets = bytearray(failure // 8 + 1)
        octets[-1] = 0x80 >> failure % 8
        bits = tlv(0x03, bytes((7 - failure % 8,)), bytes(octets))
    text = tlv(0x30, tlv(0x0C, b"no"))
    return tlv(0x30, tlv(0x30, tlv(0x02, bytes((status,))), text, bits))
