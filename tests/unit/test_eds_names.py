"""Distinguished names in the spellings of different writers."""

import pytest
from cryptography import x509
from cryptography.x509.oid import NameOID

from gateway.eds import names

_NAME = x509.Name(
    [
        x509.NameAttribute(NameOID.COUNTRY_NAME, "KZ"),
        x509.NameAttribute(NameOID.ORGANIZATION_NAME, 'АО "ТЕСТ", филиал'),
        x509.NameAttribute(NameOID.SERIAL_NUMBER, "IIN123456789011"),
        x509.NameAttribute(NameOID.COMMON_NAME, "ҰКО 3.0 (RSA TEST)"),
    ]
).public_bytes()


@pytest.mark.parametrize(
    "text",
    [
        'C=KZ,O="АО \\"ТЕСТ\\", филиал",SERIALNUMBER=IIN123456789011,CN=ҰКО 3.0 (RSA TEST)',
        'CN=ҰКО 3.0 (RSA TEST), SERIALNUMBER=IIN123456789011, O="АО \\"ТЕСТ\\", филиал", C=KZ',
        'cn=ҰКО 3.0 (RSA TEST),2.5.4.5=#130f49494e313233343536373839303131,O=АО \\"ТЕСТ\\"\\, филиал,C=KZ',
        "CN = ҰКО  3.0 (RSA TEST) ; OID.2.5.4.5=IIN123456789011 ; O=АО \\22ТЕСТ\\22\\2C филиал + C=kz",
        'CN=\\D2\\B0КО 3.0 (RSA TEST),SERIALNUMBER=IIN123456789011,O=АО \\"ТЕСТ\\"\\, филиал,C=KZ',
    ],
)
def test_one_name_in_many_spellings(text: str) -> None:
    """Order, case, spacing, quoting, escapes, keywords or OIDs, text or hexadecimal make no difference."""
    assert names.parse(text) == names.comparable(_NAME)


@pytest.mark.parametrize(
    "text",
    [
        'C=KZ,O="АО \\"ТЕСТ\\", филиал",SERIALNUMBER=IIN123456789012,CN=ҰКО 3.0 (RSA TEST)',
        'C=KZ,O="АО \\"ТЕСТ\\", филиал",CN=ҰКО 3.0 (RSA TEST)',
        'C=KZ,C=KZ,O="АО \\"ТЕСТ\\", филиал",SERIALNUMBER=IIN123456789011,CN=ҰКО 3.0 (RSA TEST)',
        'C=KZ,O="АО \\"ТЕСТ\\", филиал",SERIALNUMBER=IIN123456789011,CN=ҰҚО 3.0 (RSA TEST)',
    ],
)
def test_another_name_is_another(text: str) -> None:
    """A value, an attribute more or less, or another letter (К is not Қ) make another name."""
    assert names.parse(text) != names.comparable(_NAME)


@pytest.mark.parametrize(
    "text", ["", "CN", "CN=a,", "XX=a", 'CN="a', "CN=#zz", "CN=#0500", "CN=\\FF", "CN=" + "a" * 5000]
)
def test_what_is_not_a_name_is_refused(text: str) -> None:
    """A text that is not a name is refused, not guessed at."""
    with pytest.raises(ValueError, match=r"."):
        names.parse(text)
