"""The floor: what no acceptance can do without, called in a tight loop on one core."""

import time
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

import psycopg
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from lxml import etree

from benchmarks.load import read
from gateway.sandbox.nca import TestAuthority

_ROUNDS = 1500
"""At most; fewer when fewer messages were prepared."""


@dataclass(frozen=True)
class Floor:
    """Rate of the whole, and milliseconds by part."""

    per_second: float
    parts: str


def measure_floor(url: str, prepared: Path, authority: TestAuthority) -> Floor:
    """Run parse, two canonicalisations with verification, one signature and one commit, again and again."""
    identity = authority.system("shep")
    key = load_pem_private_key(identity.key_file.read_bytes(), None)
    public = x509.load_pem_x509_certificate(identity.certificate_file.read_bytes()).public_key()
    if not isinstance(key, RSAPrivateKey) or not isinstance(public, RSAPublicKey):
        raise SystemExit("the floor is measured with RSA")
    signature = key.sign(b"floor", PKCS1v15(), SHA256())
    messages = list(read(prepared, 0, _ROUNDS))
    times = dict.fromkeys(("parse", "verify", "sign", "commit"), 0.0)
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("CREATE TABLE IF NOT EXISTS floor (id bigint PRIMARY KEY, raw bytea)")
        started = time.perf_counter()
        for index, raw in enumerate(messages):
            _one(index, raw, key, public, signature, connection, times)
        total = time.perf_counter() - started
        connection.execute("DROP TABLE floor")
    parts = ", ".join(f"{name} {seconds / len(messages) * 1000:.3f} ms" for name, seconds in times.items())
    return Floor(len(messages) / total, parts)


def _one(  # noqa: PLR0913, PLR0917  the bare operations, with nothing around them
    index: int,
    raw: bytes,
    key: RSAPrivateKey,
    public: RSAPublicKey,
    signature: bytes,
    connection: psycopg.Connection,
    times: dict[str, float],
) -> None:
    t0 = time.perf_counter()
    root = etree.fromstring(raw)
    t1 = time.perf_counter()
    for exclusive in (True, False):
        sha256(etree.tostring(root[-1], method="c14n", exclusive=exclusive)).digest()
        public.verify(signature, b"floor", PKCS1v15(), SHA256())
    t2 = time.perf_counter()
    key.sign(raw[:1000], PKCS1v15(), SHA256())
    t3 = time.perf_counter()
    connection.execute("INSERT INTO floor VALUES (%s, %s)", (index, raw))
    t4 = time.perf_counter()
    for name, seconds in zip(times, (t1 - t0, t2 - t1, t3 - t2, t4 - t3), strict=True):
        times[name] += seconds
