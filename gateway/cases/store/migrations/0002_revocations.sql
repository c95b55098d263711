-- Answers about certificates, shared by replicas; `certificate` is the SHA-256 of its DER. One that is no longer fresh
-- is replaced by the next; one that says "revoked for ever" stays.
CREATE TABLE revocation_answers (
    certificate  text        PRIMARY KEY,
    bucket       smallint    NOT NULL,
    source       text        NOT NULL,
    this_update  timestamptz NOT NULL,
    fresh_until  timestamptz NOT NULL,
    proofs       text[]      NOT NULL,
    revoked      boolean     NOT NULL,
    revoked_at   timestamptz,
    reason       text        NOT NULL,
    never_issued boolean     NOT NULL
);

-- OCSP responses and revocation lists that verdicts rest on, named by their SHA-256, in parts of at most 1 MiB.
CREATE TABLE revocation_proofs (
    sha256  text        NOT NULL,
    part    integer     NOT NULL,
    bucket  smallint    NOT NULL,
    kind    text        NOT NULL,
    kept_at timestamptz NOT NULL,
    content bytea       NOT NULL,
    PRIMARY KEY (sha256, part)
);
-- Serial numbers and signatures do not compress: do not try.
ALTER TABLE revocation_proofs ALTER COLUMN content SET STORAGE EXTERNAL;
