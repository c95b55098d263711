"""Files that the applicant left in the storage: fetched, checked and kept before anybody decides about the case.

An application that names files is not registered before they are here (decision 0045): what is registered is complete.
Whatever is wrong with any of them is told at once, each file with its own finding; a storage that cannot be asked is
asked again, and nothing is ever taken unchecked.
"""

from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

import structlog

from gateway.cases import machine, second
from gateway.cases.calls import HANDLING, Failure
from gateway.cases.destinations import STORAGE
from gateway.cases.exhibit import Exhibit
from gateway.cases.model import OPEN, Case, Claim, State, TaskKind
from gateway.cases.registrar import record
from gateway.cases.steps import Parts, application_of, case_of
from gateway.cases.storage import FetchedFile, FileStorage, StorageUnavailable, StoredFile
from gateway.cases.store.ledger import Commit, Kept
from gateway.cases.worker import Step, StepFailed
from gateway.catalogue import attachments, phrases
from gateway.catalogue.application import Application
from gateway.catalogue.findings import Finding
from gateway.catalogue.structure import in_document
from gateway.texts import Text

_ASK_AGAIN = HANDLING[Failure.NOT_NOW]
"""However the storage fails: in the end the applicant is told, so nothing of it becomes a dead letter."""

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class _Named:
    """A file as the application names it, and where."""

    where: str
    mime: str
    file_id: str
    sha256: str

    def finding(self, text: Text) -> Finding:
        return Finding("applicant.documents", in_document(self.where, text), f"{self.where}/fileId")


class FileSteps:
    """The step that fetches files."""

    def __init__(self, parts: Parts, storage: FileStorage | None, max_total_bytes: int) -> None:
        """Take the parts, the storage if there is one, and how large the files of one application may be together."""
        self._parts = parts
        self._storage = storage
        self._max_total = max_total_bytes

    def table(self) -> dict[TaskKind, Step]:
        """Return the steps by kind."""
        return {TaskKind.FETCH: self.fetch}

    async def fetch(self, claim: Claim) -> None:
        """Fetch every file that the application in force names; then it is registered, or goes to the provider."""
        parts = self._parts
        case = await case_of(parts.ledger, claim)
        if case.state is not State.AWAITING_VERIFICATION and case.state not in OPEN:
            await parts.ledger.commit(case.id, lambda _: Commit(), claim)
            return
        kept = await parts.ledger.message_in_force(case.id)
        application, _ = application_of(parts, case, kept)
        findings = await self._findings(case, kept, tuple(_named(application)))
        if case.state is State.AWAITING_VERIFICATION:
            await self._conclude(claim, case, application, findings)
        else:
            await self._supplement(claim, kept, application, findings)

    async def _conclude(
        self, claim: Claim, case: Case, application: Application, findings: tuple[Finding, ...]
    ) -> None:
        parts, now = self._parts, self._parts.clock()
        offer, by = parts.services.of(case), application.accepted_by
        event: machine.Registered | machine.Rejected
        if findings:
            event = parts.registrar.rejected(offer, now, findings, {}, by)
        else:
            event = await parts.registrar.registered(offer, now, {}, application)
        await record(parts.ledger, claim, event)

    async def _supplement(
        self, claim: Claim, kept: Kept, application: Application, findings: tuple[Finding, ...]
    ) -> None:
        """Let the completed application take effect, or take its force away and say what is wrong with it."""
        parts, now = self._parts, self._parts.clock()
        case = await case_of(parts.ledger, claim)  # as it stands after the fetching
        if (await parts.ledger.message_in_force(case.id)).id != kept.id:
            await parts.ledger.commit(case.id, lambda _: Commit(again_seconds=0), claim)
            return
        about = second.matter_key(parts.search_key, parts.services.of(case).service, application)
        findings = (*findings, *await self._second(case, about, application))
        event = machine.SupplementRejected(now, findings) if findings else machine.Supplemented(now)
        withdrawn = kept.id if findings else None

        def decide(locked: Case) -> Commit:
            if locked.state not in OPEN:
                return Commit()
            if locked.seq != case.seq:  # perhaps completed once more
                return Commit(again_seconds=0)
            taken = locked if findings else replace(locked, matter_key=about)
            return Commit(machine.advance(taken, event), withdrawn=withdrawn)

        await parts.ledger.commit(case.id, decide, claim)

    async def _second(self, case: Case, about: bytes, application: Application) -> tuple[Finding, ...]:
        """Return the finding that another application runs for what this one has come to be about."""
        running = await self._parts.ledger.running(about)
        if running is None or running.id == case.id:
            return ()
        named = application.representative is None or case.signer_key == running.signer_key
        return (second.found(running, named=named),)

    async def _findings(self, case: Case, kept: Kept, named: Sequence[_Named]) -> tuple[Finding, ...]:
        try:
            with self._parts.destinations.call(STORAGE):
                return tuple([finding async for finding in self._wrong(case, named)])
        except StorageUnavailable as error:
            waited = self._parts.clock() - kept.received_at
            if waited < timedelta(hours=self._parts.settings.verification_limit_hours):
                raise StepFailed(f"storage.unavailable: {error}", _ASK_AGAIN, error.retry_after) from error
            return (_UNREACHABLE,)

    async def _wrong(self, case: Case, named: Sequence[_Named]) -> AsyncIterator[Finding]:
        """Bring every file here that is not yet; what is kept stays kept, if the storage fails at a later one."""
        held = await self._parts.ledger.held(case.id)
        missing = [one for one in named if one.sha256 not in held]
        if not missing:
            return
        if self._storage is None:
            raise StorageUnavailable("none is configured", Failure.NOT_NOW)
        described = await self._storage.describe(list(dict.fromkeys(one.file_id for one in missing)))
        total = sum(one.size or 0 for one in described.values())
        if total > self._max_total:
            yield Finding("applicant.documents", phrases.too_large_together(self._max_total), "documents")
            return
        for one in missing:
            problem = await self._take(case, one, described.get(one.file_id), self._storage)
            if problem is not None:
                yield one.finding(problem)

    async def _take(self, case: Case, one: _Named, described: StoredFile | None, storage: FileStorage) -> Text | None:
        """Fetch, check and keep one file; return what is wrong with it."""
        if described is None:
            return phrases.NOT_IN_STORAGE
        if (described.size or 0) > attachments.MAX_BYTES:
            return phrases.TOO_LARGE
        fetched = await storage.fetch(one.file_id)
        if fetched is None:
            return phrases.NOT_IN_STORAGE
        problem = attachments.problem(fetched.content, one.mime, one.sha256)
        if problem is not None:
            return problem
        await self._keep(case, one, described, fetched)
        if described.to_confirm:
            await _confirm(storage, one.file_id)
        return None

    async def _keep(self, case: Case, one: _Named, described: StoredFile, fetched: FetchedFile) -> None:
        file = Exhibit(f"attachment-{one.sha256[:16]}", fetched.content, one.mime)
        answer = Exhibit("storage-answer.xml", fetched.answer, quotes=fetched.content)
        event = machine.FileKept(self._parts.clock(), _facts(one, described, file, answer))
        await self._parts.ledger.commit(
            case.id, lambda locked: Commit(machine.advance(locked, event), exhibits=(file, answer))
        )


def _named(application: Application) -> Iterator[_Named]:
    for index, one in enumerate(application.attachments, start=1):
        if one.file_id is not None and one.sha256 is not None:
            yield _Named(f"documents/document[{index}]", one.mime, one.file_id, one.sha256)


def _facts(one: _Named, described: StoredFile, file: Exhibit, answer: Exhibit) -> dict[str, object]:
    return {
        "document": file.sha256,
        "bytes": len(file.content),
        "mime": one.mime,
        "file_id": one.file_id,
        "uploader": described.uploader,
        "uploaded_at": described.uploaded_at.isoformat() if described.uploaded_at else None,
        "answer": answer.sha256,
    }


async def _confirm(storage: FileStorage, file_id: str) -> None:
    """Say that we have the file; a confirmation that gets lost only lets it lie there until its time is over."""
    try:
        await storage.confirm(file_id)
    except StorageUnavailable as error:
        _log.warning("storage.not_confirmed", error=str(error))


_UNREACHABLE = Finding("applicant.documents.unreachable", phrases.STORAGE_UNREACHABLE, "documents")
