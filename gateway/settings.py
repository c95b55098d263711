"""The settings tree: one TOML file plus environment variables (`QAQPA_…`, `__` between levels).

Every key has a unit where it needs one and a default where one is safe. Secrets are read from files or the
environment and never printed.
"""

from datetime import date
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, PastDate, SecretStr, model_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict, TomlConfigSettingsSource

LARGEST_MESSAGE = 10_000_000
"""Bytes: libxml2 reads no text longer than this."""


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Http(_Section):
    """The gateway's own HTTP server."""

    host: str = "127.0.0.1"
    port: Annotated[int, Field(ge=0, le=65535)] = 8080
    public_url: str | None = None
    """What the WSDL says as address, e.g. `https://gate.example.kz`; default: http://host:port."""
    max_message_bytes: Annotated[int, Field(gt=0, le=LARGEST_MESSAGE)] = 8_000_000
    max_in_flight: Annotated[int, Field(gt=0)] = 256
    """Messages handled at the same time by one process; more are answered SCE909 with Retry-After."""
    max_receiving_mb: Annotated[int, Field(gt=0)] = 256
    """What the bodies on their way to one process may take together, in 2^20 bytes; more are answered SCE909."""
    admin_host: str = "127.0.0.1"
    admin_port: Annotated[int, Field(ge=0, le=65535)] | None = None
    """Where metrics and health are; none: on the wire's own port, where whoever may send can read them."""


class Shutdown(_Section):
    """How a process ends when it is told to (SIGTERM, SIGINT)."""

    notice_seconds: Annotated[float, Field(ge=0)] = 0.0
    """How long it still takes messages after `/health/ready` has begun to fail: behind a load balancer, two of its
    checks."""
    finish_seconds: Annotated[float, Field(ge=0)] = 20.0
    """How long what is under way may take to end; then steps are handed back, for others to take up at once."""


class Database(_Section):
    """PostgreSQL: a server's URL, or an embedded server in `data_dir`."""

    url: SecretStr | None = None
    pool_size: Annotated[int, Field(gt=1)] = 8
    statement_seconds: Annotated[float, Field(gt=0)] = 15.0
    """The longest that a serving process lets one statement take; five seconds later its connection is given up."""
    bin_dir: Path | None = None
    """Folder with `postgres` and `initdb` for the embedded server; default: the installed wheel's."""


TokenUri = Annotated[str, Field(pattern=r"^pkcs11:")]


class Keys(_Section):
    """The gateway's own keys."""

    transport_key: Path | TokenUri
    """A file (PEM or PKCS #12), or a `pkcs11:` URI (RFC 7512) of a key in a token."""
    transport_certificate: Path | None = None
    """PEM: the certificate registered with ShEP; default: the one with the key."""
    transport_key_password: SecretStr | None = None
    """Password of the file, or PIN of the token."""
    transport_key_password_file: Path | None = None
    """A file with that password instead."""
    check_seconds: Annotated[float, Field(gt=0)] = 30.0
    """How often it is seen whether these files have changed; a changed key is taken up without a restart."""
    vault_key: Path
    """32 random bytes, base64: encrypts personal data at rest."""


class Pull(_Section):
    """Fetching messages from ShEP (`getMessages`), where ShEP cannot reach us."""

    interval_seconds: Annotated[float, Field(gt=0)] = 5.0
    """How often it is asked while nothing waits."""
    batch: Annotated[int, Field(gt=0, le=100)] = 20
    """How many messages are asked for at once, of each service."""
    concurrency: Annotated[int, Field(gt=0)] = 8
    """Messages that one process takes at the same time."""


class Shep(_Section):
    """ShEP, as we reach it."""

    async_url: str
    sender_id: str
    password: SecretStr
    timeout_seconds: Annotated[float, Field(gt=0)] = 30.0
    concurrency: Annotated[int, Field(gt=0)] = 8
    """Calls that one process makes at the same time."""
    certificates: tuple[Path, ...] = ()
    """PEM: whose signature ShEP's answers must carry."""
    answers_signed: bool = True
    """False believes unsigned answers: whoever can answer in ShEP's place can then end cases."""
    pull: Pull | None = None
    """None: ShEP brings messages to `http`."""

    @model_validator(mode="after")
    def _fetched_is_signed(self) -> Self:
        if self.pull is not None and not self.answers_signed:
            raise ValueError("pull: messages are fetched only with signed answers (answers_signed = true)")
        return self


class Storage(_Section):
    """ShEP's storage for temporary files (ХЭД), reached over SyncChannel: files that applications only name."""

    url: str
    """ShEP's SyncChannel, e.g. `https://.../bip-sync-wss-gost/`."""
    service_id: str = "EDS_TEMP_FILES"
    sender_id: str
    """Our login in the storage itself; to ShEP we are `shep.sender_id`."""
    password: SecretStr
    timeout_seconds: Annotated[float, Field(gt=0)] = 20.0
    """Of one question or one file."""
    max_total_mb: Annotated[int, Field(gt=0, le=100)] = 20
    """How large the files of one application may be together; the provider's system gets them in one message."""


class Sender(_Section):
    """A system that may send messages to us."""

    id: str
    password: SecretStr
    certificates: tuple[Path, ...]
    """PEM: the transport certificates registered for it."""
    channel: Literal["portal", "psc"] = "portal"
    bin: Annotated[str, Field(pattern=r"^\d{12}$")] | None = None
    """BIN of the body whose clerks sign what they take at its counter (PSC); none: the applicant must sign."""
    services: tuple[str, ...] = ("*",)
    """Passport ids it may use, and `dictionaries`, `services`, `status` of the questions it may ask; `*` for all."""
    signed: bool = True
    """Whether its messages must carry a transport signature."""


class Provider(_Section):
    """A provider's information system."""

    adapter: Literal["soap"]
    url: str
    """Address of the provider's SOAP service."""
    timeout_seconds: Annotated[float, Field(gt=0)] = 20.0
    concurrency: Annotated[int, Field(gt=0)] = 8
    """Calls that one process makes at the same time."""
    poll_seconds: Annotated[float, Field(gt=0)] = 30.0
    """How often an undecided case is asked about."""
    bin: Annotated[str, Field(pattern=r"^\d{12}$")]
    """BIN that must stand in the certificate which signs its results."""
    callback_token: SecretStr | None = None
    """Bearer token of its call-backs; none: call-backs are refused and polling alone is used."""


class Service(_Section):
    """What an installation sets for one regulated service."""

    provider: str
    shep_service_id: str | None = None
    """ShEP's service id; default: the passport's id."""
    term_working_days: Annotated[int, Field(gt=0)] | None = None
    """The term, where the act leaves it open; default: see `qaqpa catalogue show`."""


class PortalOpening(_Section):
    """A legal act by which a region opens the portal for services that their own act closes to it."""

    title_kk: Annotated[str, Field(min_length=1)]
    title_ru: Annotated[str, Field(min_length=1)]
    number: Annotated[str, Field(min_length=1)]
    date: PastDate
    services: Annotated[tuple[str, ...], Field(min_length=1)]
    """Passport ids, or a whole region: `kostanay.*`."""


class Inquiries(_Section):
    """The portal's questions on SyncChannel, by ShEP's service ids."""

    dictionaries: Annotated[str, Field(min_length=1)] = "qaqpa.dictionaries"
    services: Annotated[str, Field(min_length=1)] = "qaqpa.services"
    status: Annotated[str, Field(min_length=1)] = "qaqpa.status"

    @model_validator(mode="after")
    def _ids_differ(self) -> Self:
        if len({self.dictionaries, self.services, self.status}) < 3:  # noqa: PLR2004  the three above
            raise ValueError("each question needs a service id of its own")
        return self


class Body(_Section):
    """A body that provides services, as the portal's form offers it."""

    kk: Annotated[str, Field(min_length=1)]
    ru: Annotated[str, Field(min_length=1)]


class Worker(_Section):
    """The worker that takes cases further."""

    concurrency: Annotated[int, Field(gt=0)] = 16
    poll_seconds: Annotated[float, Field(gt=0)] = 0.5
    lease_seconds: Annotated[float, Field(gt=0)] = 8.0
    """How long after a worker's last sign of life others take up what it held."""
    step_seconds: Annotated[float, Field(gt=0)] = 60.0
    """The longest that one step may take: at least twice any time limit of a call."""
    max_attempts: Annotated[int, Field(gt=0)] = 20
    """After so many failures a task becomes a dead letter."""
    backoff_initial_seconds: Annotated[float, Field(gt=0)] = 1.0
    backoff_max_seconds: Annotated[float, Field(gt=0)] = 900.0
    breaker_failures: Annotated[int, Field(gt=0)] = 5
    """After so many failures in a row a system is left alone for a while; others' cases go on."""
    breaker_pause_seconds: Annotated[float, Field(gt=0)] = 30.0
    """The longest such while. The first lasts a second, and each call that is tried in vain after it doubles it."""
    sweep_seconds: Annotated[float, Field(gt=0)] = 300.0
    """How often every worker looks for cases that nobody will take up."""
    undelivered_hours: Annotated[float, Field(gt=0)] = 24.0
    """How old a message may become before it is raised that the cabinet does not have it."""
    verification_limit_hours: Annotated[float, Field(gt=0)] = 24.0
    """How long an application may wait for its revocation check or its files before it is rejected."""


class Revocation(_Section):
    """How it is asked whether certificates are revoked. Nobody asked and nothing answered never means "good"."""

    policy: Literal["off", "ocsp", "crl", "both"] = "both"
    """About those who sign: OCSP, the lists, or the lists when OCSP does not answer. `off`: revoked keys pass."""
    authorities: Literal["off", "crl"] = "crl"
    """About issuing authorities that are not anchors themselves: by the lists of those who certified them."""
    ocsp_url: str | None = None
    """The responder; default: the one that each certificate names."""
    ocsp_timeout_seconds: Annotated[float, Field(gt=0)] = 3.0
    """Of one attempt; there are two, and a wait of as long for a turn when many ask."""
    ocsp_max_age_seconds: Annotated[float, Field(ge=2)] = 900.0
    """How old an answer may become before the responder is asked again. One that ages faster than it can be asked for
    and used would leave every application waiting."""
    ocsp_concurrency: Annotated[int, Field(gt=0)] = 16
    ocsp_nonce_bytes: Annotated[int, Field(ge=1, le=32)] = 8
    """Length of the nonce; NCA RK's responder is known to echo 8 bytes."""
    list_urls: tuple[str, ...] = ()
    """Where lists are downloaded, full ones and deltas alike."""
    lists_dir: Path | None = None
    """Folder with lists that come another way: files `*.crl`, DER."""
    list_refresh_seconds: Annotated[float, Field(gt=0)] = 900.0
    list_timeout_seconds: Annotated[float, Field(gt=0)] = 120.0
    """Of one download."""
    list_max_mb: Annotated[int, Field(gt=0, le=1000)] = 64
    clock_skew_seconds: Annotated[float, Field(ge=0)] = 60.0
    """How far the authorities' clocks may be ahead of ours."""

    @model_validator(mode="after")
    def _lists_stand(self) -> Self:
        if self.policy == "crl" and not self.list_urls and self.lists_dir is None:
            raise ValueError("policy crl needs lists: set list_urls or lists_dir")
        return self


class Retention(_Section):
    """How long closed cases stay (docs/decisions/0061). Off by default: the term is the body's own to set."""

    archive_months: Annotated[int, Field(gt=0)] | None = None
    """So many months after its end a case goes to an archive file as evidence, and out of the database; None: never."""
    erase_months: Annotated[int, Field(gt=0)] | None = None
    """So many months after its end what is personal in the archive becomes unreadable for ever; None: never."""
    archive_dir: Path | None = None
    """Where archives are written; default: `archive` in `data_dir`. All workers write to the same."""

    @model_validator(mode="after")
    def _archived_before_erased(self) -> Self:
        if self.erase_months is not None and (self.archive_months is None or self.erase_months < self.archive_months):
            raise ValueError("erase_months needs archive_months, and cannot be shorter")
        return self


class NcaNode(_Section):
    """An NCANode whose opinion on applicants' and providers' signatures is asked, beside our own verdict."""

    url: Annotated[str, Field(pattern=r"^https?://[^@]+$")]
    """E.g. `http://127.0.0.1:14579`. It is sent whole documents: use TLS on any network that others share."""
    timeout_seconds: Annotated[float, Field(gt=0)] = 5.0
    """Of one attempt; there are two."""
    required: bool = True
    """Whether its agreement is needed. If not, it is passed over while it is away; what it refuses is refused."""
    revocation: tuple[Literal["ocsp", "crl"], ...] = ("ocsp",)
    """What NCANode asks about revocation itself; it is asked here in any case."""


class Settings(BaseSettings):
    """Everything an installation decides."""

    model_config = SettingsConfigDict(env_prefix="QAQPA_", env_nested_delimiter="__", extra="forbid", frozen=True)

    data_dir: Path
    """Embedded database, generated keys. Readable by the gateway's user only."""
    anchors_dir: Path
    """PEM certificates of the CAs that are trusted, with nothing else in it."""
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    min_free_disk_mb: Annotated[int, Field(ge=0)] = 200
    """Below this the gateway is not ready."""
    http: Http = Http()
    shutdown: Shutdown = Shutdown()
    database: Database = Database()
    keys: Keys
    shep: Shep
    storage: Storage | None = None
    """None: applications that only name their files are rejected."""
    senders: tuple[Sender, ...] = ()
    providers: dict[str, Provider] = {}
    services: dict[str, Service] = {}
    portal_openings: tuple[PortalOpening, ...] = ()
    inquiries: Inquiries = Inquiries()
    bodies: dict[Annotated[str, Field(pattern=r"^(astana|kostanay)\.\S+$")], Body] = {}
    """The bodies of a region by codes that begin with it, e.g. `kostanay.rudny`; none: the act's general words."""
    worker: Worker = Worker()
    revocation: Revocation = Revocation()
    retention: Retention = Retention()
    ncanode: NcaNode | None = None
    """None: signatures are judged here alone."""
    holidays: dict[date, bool] = {}
    """The government's transferred days: date = true for a day off, false for a working day."""

    @model_validator(mode="after")
    def _references_stand(self) -> Self:
        unknown = sorted({service.provider for service in self.services.values()} - self.providers.keys())
        if unknown:
            raise ValueError(f"services name providers that are not configured: {', '.join(unknown)}")
        ids = [sender.id for sender in self.senders]
        if len(ids) != len(set(ids)):
            raise ValueError("two senders have the same id")
        return self

    @model_validator(mode="after")
    def _nothing_is_left_open(self) -> Self:
        for sender in self.senders:
            if sender.signed and not sender.certificates:
                raise ValueError(f"sender {sender.id}: signed messages need the sender's certificates")
            if not sender.password.get_secret_value().strip():
                raise ValueError(f"sender {sender.id}: the password is empty")
            if sender.id.strip() in {"", "shep"}:
                raise ValueError("a sender's id must not be empty, and `shep` stands for ShEP itself")
            if sender.bin is not None and sender.channel != "psc":
                raise ValueError(
                    f"sender {sender.id}: only at a PSC a clerk signs instead of the applicant: remove bin"
                )
        if self.shep.answers_signed and not self.shep.certificates:
            raise ValueError(
                "shep.certificates: whose signature must ShEP's answers carry? (or answers_signed = false)"
            )
        if not self.shep.password.get_secret_value().strip():
            raise ValueError("shep.password is empty")
        if self.storage is not None and not self.storage.password.get_secret_value().strip():
            raise ValueError("storage.password is empty")
        # Two attempts of a call and what surrounds it must fit into a step, or a slow system would never be heard out.
        limits = [self.shep.timeout_seconds, *(one.timeout_seconds for one in self.providers.values())]
        limits += [one.timeout_seconds for one in (self.ncanode, self.storage) if one is not None]
        slowest = max(limits)
        if self.worker.step_seconds < 2 * slowest:
            raise ValueError(
                f"worker.step_seconds must be at least twice the longest time limit ({slowest:g} s): {2 * slowest:g}"
            )
        return self

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],  # noqa: ARG003  the signature is pydantic's
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003  same
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003  same
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Environment over file: a secret in the environment wins over one in the file."""
        return (env_settings, init_settings)


def load(path: Path) -> Settings:
    """Read settings from a TOML file; relative paths in it are relative to the file.

    Raises:
        OSError: the file cannot be read.
        ValueError: it is not TOML, or its content is not valid (pydantic's error names every key).
    """
    values: dict[str, Any] = TomlConfigSettingsSource(Settings, path)()
    return Settings(**_absolute(values, path.resolve().parent))


_PATH_KEYS = {
    "data_dir",
    "anchors_dir",
    "bin_dir",
    "transport_certificate",
    "transport_key",
    "transport_key_password_file",
    "vault_key",
    "certificates",
    "lists_dir",
    "archive_dir",
}


def _absolute(value: Any, base: Path, key: str = "") -> Any:  # noqa: ANN401  a TOML tree
    if isinstance(value, dict):
        return {name: _absolute(item, base, name) for name, item in value.items()}
    if isinstance(value, list):
        return [_absolute(item, base, key) for item in value]
    if key in _PATH_KEYS and isinstance(value, str) and not value.startswith("pkcs11:"):
        return str(base / value)
    return value
