"""What NCANode says of signatures, read: its documented form, and what its fields do not say themselves.

`valid: false` has three meanings: the signature is not good, a certificate is not good, or revocation could not be
asked (then a certificate carries `revoked: false` with a reason). Only the first two are an opinion. And `valid: true`
with no signer is none: NCANode says so of a CMS message that nobody signed.
"""

from collections.abc import Iterator
from typing import Annotated, Final

from pydantic import BaseModel, ConfigDict, Field, StrictBool, ValidationError

from gateway.eds.second_opinion import Opinion, Stand
from gateway.eds.verdict import Reason

_MAX_SIGNERS: Final = 64


class _Part(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)


class _Revocation(_Part):
    revoked: StrictBool
    reason: str | None = None


class _Certificate(_Part):
    """CertificateInfo."""

    valid: StrictBool
    serial_number: Annotated[str, Field(alias="serialNumber", pattern=r"^[0-9A-Fa-f]{1,64}$")]
    revocations: tuple[_Revocation, ...] | None = None

    @property
    def revoked(self) -> bool:
        return any(one.revoked for one in self.revocations or ())

    @property
    def not_asked(self) -> bool:
        """Whether its revocation could not be asked."""
        return any(not one.revoked and one.reason for one in self.revocations or ())


class _CmsSigner(_Part):
    """A signer of a CMS message; older versions give a list of certificates, newer ones one certificate."""

    certificates: tuple[_Certificate | None, ...] | None = None
    certificate: _Certificate | None = None


class _Verified(_Part):
    """The answer of /xml/verify and /wsse/verify."""

    valid: StrictBool
    signers: Annotated[tuple[_Certificate | None, ...] | None, Field(max_length=_MAX_SIGNERS)] = None

    def certificates(self) -> Iterator[_Certificate | None]:
        yield from self.signers or ()


class _CmsVerified(_Part):
    """The answer of /cms/verify."""

    valid: StrictBool
    signers: Annotated[tuple[_CmsSigner, ...] | None, Field(max_length=_MAX_SIGNERS)] = None

    def certificates(self) -> Iterator[_Certificate | None]:
        for signer in self.signers or ():
            named = [one for one in (*(signer.certificates or ()), signer.certificate) if one is not None]
            yield from named or (None,)


def read_verified(answer: bytes) -> Opinion:
    """Read the answer of /xml/verify or /wsse/verify."""
    return _read(answer, _Verified)


def read_cms_verified(answer: bytes) -> Opinion:
    """Read the answer of /cms/verify."""
    return _read(answer, _CmsVerified)


def _read(answer: bytes, form: type[_Verified] | type[_CmsVerified]) -> Opinion:
    try:
        verified = form.model_validate_json(answer)
    except ValidationError:
        return Opinion(Stand.NONE, "NCANode's answer has not the documented form")
    return _opinion(verified.valid, list(verified.certificates()))


def _opinion(valid: bool, certificates: list[_Certificate | None]) -> Opinion:  # noqa: FBT001  as NCANode says it
    if not certificates:
        return Opinion(Stand.NONE, "NCANode finds no signature")
    named = [certificate for certificate in certificates if certificate is not None]
    refusal = _refusal(valid, named)
    if refusal is not None:
        return refusal
    if len(named) < len(certificates):
        return Opinion(Stand.NONE, "NCANode names no certificate for a signature")
    return Opinion(Stand.AGREES, serial_numbers=frozenset(int(one.serial_number, 16) for one in named))


def _refusal(valid: bool, certificates: list[_Certificate]) -> Opinion | None:  # noqa: FBT001  as above
    if any(certificate.revoked for certificate in certificates):
        return Opinion(Stand.DISAGREES, "NCANode: a signer's certificate is revoked", Reason.REVOKED)
    refused = [certificate for certificate in certificates if not certificate.valid]
    if refused and not valid and all(certificate.not_asked for certificate in refused):
        return Opinion(Stand.NONE, "NCANode could not ask about revocation")
    if refused:
        untrusted = Reason.NO_CERTIFICATE_CHAIN_FOUND
        return Opinion(Stand.DISAGREES, "NCANode does not trust a signer's certificate", untrusted)
    return None if valid else Opinion(Stand.DISAGREES, "NCANode: a signature is not valid")
