"""The object identifiers of CMS signatures, their attributes and time stamps."""

from typing import Final

DATA: Final = "1.2.840.113549.1.7.1"
SIGNED_DATA: Final = "1.2.840.113549.1.7.2"
TST_INFO: Final = "1.2.840.113549.1.9.16.1.4"
"""What a time stamp says (RFC 3161 section 2.4.2)."""
CONTENT_TYPE: Final = "1.2.840.113549.1.9.3"
MESSAGE_DIGEST: Final = "1.2.840.113549.1.9.4"
SIGNING_TIME: Final = "1.2.840.113549.1.9.5"
SIGNING_CERTIFICATE: Final = "1.2.840.113549.1.9.16.2.12"
"""RFC 2634 section 5.4, by SHA-1."""
SIGNING_CERTIFICATE_V2: Final = "1.2.840.113549.1.9.16.2.47"
"""RFC 5035."""
TIME_STAMP: Final = "1.2.840.113549.1.9.16.2.14"
"""RFC 3161 appendix A: a time stamp over the signature value."""
SHA256: Final = "2.16.840.1.101.3.4.2.1"
