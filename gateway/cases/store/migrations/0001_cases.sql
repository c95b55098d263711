-- The life of a case. Every table carries the case's bucket (see gateway/cases/model.py).
--
-- What grows with every case and is looked up by it is partitioned by the month that the case's id tells
-- (gateway/cases/identity.py, docs/decisions/0060-partitions.md). Months are attached ahead by
-- gateway/cases/store/partitions.py; *_default catches what a clock that jumps would lose. What must be unique over
-- all months stays in small tables without content: inbox, registrations, shep_ids. tasks holds live cases only.

CREATE SEQUENCE registration_serial;

CREATE TABLE cases (
    id              uuid        PRIMARY KEY,
    bucket          smallint    NOT NULL,
    service_id      text        NOT NULL,
    shep_service_id text        NOT NULL,
    sender_id       text        NOT NULL,
    channel         text        NOT NULL,
    mode            text        NOT NULL,
    correlation_id  text        NOT NULL,
    route_id        text,
    request_number  text,
    language        text        NOT NULL,
    applicant_key   bytea,
    signer_key      bytea,
    state           text        NOT NULL,
    received_at     timestamptz NOT NULL,
    matter_key      bytea,
    number          text,
    registered_at   timestamptz,
    deadline        timestamptz,
    ending          text,
    stage           text,
    lateness        text,
    seq             integer     NOT NULL,
    head            bytea       NOT NULL,
    -- Where the provider's system says the case is in the act's procedure.
    course          text,
    step            text,
    step_unit       text,
    step_since      timestamptz,
    step_due        timestamptz,
    step_lateness   text,
    -- When the term was suspended and resumed, in turn.
    pauses          timestamptz[] NOT NULL DEFAULT '{}',
    extended        boolean     NOT NULL DEFAULT false,
    -- What the act asks of the citizen after a grant.
    duty            text,
    duty_since      timestamptz,
    duty_due        timestamptz,
    duty_reminded   boolean     NOT NULL DEFAULT false,
    closed_at       timestamptz
) PARTITION BY RANGE (id);
CREATE INDEX cases_by_chain ON cases (sender_id, correlation_id);
CREATE INDEX cases_open ON cases (state, id) WHERE state <> 'confirmed';
CREATE INDEX cases_late ON cases (state) WHERE lateness IS NOT NULL OR step_lateness IS NOT NULL;
CREATE INDEX cases_closed ON cases (closed_at) WHERE closed_at IS NOT NULL;
CREATE TABLE cases_default PARTITION OF cases DEFAULT;

-- Numbers that were given out. A request that was registered is not registered again, under whatever message id it
-- comes, nor after its case was archived.
CREATE TABLE registrations (
    number         text     PRIMARY KEY,
    bucket         smallint NOT NULL,
    case_id        uuid     NOT NULL,
    sender_id      text     NOT NULL,
    service_id     text     NOT NULL,
    request_number text,
    CONSTRAINT registered_once UNIQUE (sender_id, service_id, request_number)
);

-- One application at a time for one matter (decision 0040): a case holds its matter until it has an ending.
CREATE TABLE matters (
    matter_key bytea    PRIMARY KEY,
    bucket     smallint NOT NULL,
    case_id    uuid     NOT NULL
);

-- The inbox: which messages are known. It stays when their content is archived.
CREATE TABLE inbox (
    sender_id    text     NOT NULL,
    message_id   text     NOT NULL,
    message_type text     NOT NULL,
    bucket       smallint NOT NULL,
    case_id      uuid     NOT NULL,
    id           uuid     NOT NULL,
    digest       bytea    NOT NULL,
    PRIMARY KEY (sender_id, message_id, message_type)
);

-- The content of messages. raw is sealed; reply is what the sender was told, byte for byte.
CREATE TABLE messages (
    case_id      uuid        NOT NULL,
    id           uuid        NOT NULL,
    bucket       smallint    NOT NULL,
    message_type text        NOT NULL,
    digest       bytea       NOT NULL,
    reading      smallint    NOT NULL,
    -- The event by which the message took force; null: it was taken and answered, but changed nothing (a rejected UPDATE).
    seq          integer,
    received_at  timestamptz NOT NULL,
    raw          bytea       NOT NULL,
    reply        bytea       NOT NULL,
    PRIMARY KEY (case_id, id)
) PARTITION BY RANGE (case_id);
-- Sealed data does not compress: do not try.
ALTER TABLE messages ALTER COLUMN raw SET STORAGE EXTERNAL;
ALTER TABLE messages ALTER COLUMN reply SET STORAGE EXTERNAL;
CREATE TABLE messages_default PARTITION OF messages DEFAULT;

-- The evidence: append-only, hash-chained per case.
CREATE TABLE events (
    case_id uuid        NOT NULL,
    seq     integer     NOT NULL,
    bucket  smallint    NOT NULL,
    at      timestamptz NOT NULL,
    kind    text        NOT NULL,
    data    text        NOT NULL,
    hash    bytea       NOT NULL,
    PRIMARY KEY (case_id, seq)
) PARTITION BY RANGE (case_id);
CREATE TABLE events_default PARTITION OF events DEFAULT;

-- due_at is due time, back-off and lease at once; a dead task waits for a person.
CREATE TABLE tasks (
    case_id  uuid        NOT NULL,
    kind     text        NOT NULL,
    bucket   smallint    NOT NULL,
    due_at   timestamptz NOT NULL,
    attempts integer     NOT NULL DEFAULT 0,
    claim    uuid,
    -- Something new came up while a worker held the task: it is due again when that worker ends.
    again    boolean     NOT NULL DEFAULT false,
    error    text,
    dead_at  timestamptz,
    -- Which system the task calls (gateway/cases/destinations.py).
    lane     text        NOT NULL DEFAULT 'own',
    PRIMARY KEY (case_id, kind)
);
CREATE INDEX tasks_due ON tasks (lane, due_at) WHERE dead_at IS NULL;
CREATE INDEX tasks_dead ON tasks (dead_at) WHERE dead_at IS NOT NULL;

-- The outbox. id is the message's one id for all attempts; payload is sealed, and what is sent at every attempt:
-- `document` names the result that fills its gap (gateway/cases/exhibit.py). Sender and service are the case's: who
-- polls for its messages finds them without reading anybody else's.
CREATE TABLE deliveries (
    case_id         uuid        NOT NULL,
    seq             integer     NOT NULL,
    bucket          smallint    NOT NULL,
    id              uuid        NOT NULL,
    sender_id       text        NOT NULL,
    shep_service_id text        NOT NULL,
    kind            text        NOT NULL,
    state           text        NOT NULL,
    created_at      timestamptz NOT NULL,
    sent_at         timestamptz,
    confirmed_at    timestamptz,
    shep_message_id text,
    -- How often ShEP took it: more than once if it came back.
    sends           integer     NOT NULL DEFAULT 0,
    payload         bytea       NOT NULL,
    document        text,
    PRIMARY KEY (case_id, seq)
) PARTITION BY RANGE (case_id);
CREATE INDEX deliveries_unconfirmed ON deliveries (sender_id, shep_service_id, created_at, seq)
    WHERE confirmed_at IS NULL;
CREATE INDEX deliveries_waited_for ON deliveries (created_at)
    WHERE confirmed_at IS NULL AND (state = 'pending' OR kind = 'RESPONSE');
CREATE TABLE deliveries_default PARTITION OF deliveries DEFAULT;

-- Every id that ShEP gave to a message of ours: it may give a new one to every attempt.
CREATE TABLE shep_ids (
    shep_message_id text     NOT NULL,
    case_id         uuid     NOT NULL,
    seq             integer  NOT NULL,
    bucket          smallint NOT NULL,
    PRIMARY KEY (shep_message_id, case_id, seq)
);
CREATE INDEX shep_ids_by_case ON shep_ids (case_id);

-- A row while maintenance goes on: every replica looks, and takes no messages.
CREATE TABLE maintenance (
    one           boolean PRIMARY KEY DEFAULT true CHECK (one),
    since         timestamptz NOT NULL,
    reason_kk     text        NOT NULL,
    reason_ru     text        NOT NULL,
    retry_seconds integer     NOT NULL,
    work_goes_on  boolean     NOT NULL
);

-- A sealed word by which a wrong vault key is noticed at start, not at the first old message.
CREATE TABLE vault_canary (
    one    boolean PRIMARY KEY DEFAULT true CHECK (one),
    sealed bytea NOT NULL
);

-- Results, receipts and answers of others, and files that the application only names: sealed, named by their SHA-256.
-- `quotes` names the document that fills the gap in this one.
CREATE TABLE documents (
    case_id    uuid        NOT NULL,
    sha256     text        NOT NULL,
    bucket     smallint    NOT NULL,
    name       text        NOT NULL,
    mime       text        NOT NULL,
    created_at timestamptz NOT NULL,
    quotes     text,
    content    bytea       NOT NULL,
    PRIMARY KEY (case_id, sha256)
) PARTITION BY RANGE (case_id);
ALTER TABLE documents ALTER COLUMN content SET STORAGE EXTERNAL;
CREATE TABLE documents_default PARTITION OF documents DEFAULT;

-- Archive files: evidence of closed cases that left the database (docs/decisions/0061-retention.md).
CREATE TABLE archives (
    id          uuid        PRIMARY KEY,
    month       date        NOT NULL,
    cases       integer     NOT NULL,
    bytes       bigint      NOT NULL,
    sha256      text        NOT NULL,
    archived_at timestamptz NOT NULL,
    -- Opens what is personal in the file; sealed. Null: destroyed.
    key         bytea,
    erased_at   timestamptz
);
CREATE INDEX archives_readable ON archives (month) WHERE key IS NOT NULL;

-- Which file holds a case.
CREATE TABLE archived_cases (
    case_id uuid     PRIMARY KEY,
    bucket  smallint NOT NULL,
    archive uuid     NOT NULL
);
