"""ShEP's storage for temporary files (ХЭД), reached over SyncChannel as service EDS_TEMP_FILES."""

import re
from collections.abc import Mapping, Sequence
from uuid import uuid4

from gateway.cases.calls import Failure
from gateway.cases.storage import FetchedFile, StorageUnavailable, StoredFile
from gateway.clock import Clock
from gateway.eds.xml import Limits
from gateway.shep.client import ShepClient, ShepFailed
from gateway.shep.messages import Data, Response, Sender, SyncRequest, SyncResponse
from gateway.shep.temp_files import AnswerUnusable, Credentials, FileResult, Request, read_response, write_request

_LIMITS = Limits()
_ID = re.compile(r"[\x20-\x7e]{1,64}")


class ShepStorage:
    """Implements `gateway.cases.storage.FileStorage`."""

    def __init__(  # noqa: PLR0913  the address, who we are there twice, and the wire
        self,
        client: ShepClient,
        *,
        url: str,
        service_id: str,
        sender: Sender,
        credentials: Credentials,
        clock: Clock,
    ) -> None:
        """Take the client, the address of ShEP's SyncChannel, and our credentials at ShEP and in the storage."""
        self._client = client
        self._url = url
        self._service_id = service_id
        self._sender = sender
        self._credentials = credentials
        self._clock = clock

    async def describe(self, file_ids: Sequence[str]) -> Mapping[str, StoredFile]:
        """Ask about files; those that are not there are not in the answer.

        Raises:
            StorageUnavailable: it did not say of each of them whether it is there.
        """
        results, _ = await self._ask(Request.GET_FILE_INFO, file_ids)
        return {
            file_id: StoredFile(info.size, info.uploaded_at, _plain(info.uploader), info.to_confirm)
            for file_id in file_ids
            if (info := results[file_id].info) is not None and not info.deleted
        }

    async def fetch(self, file_id: str) -> FetchedFile | None:
        """Return a file; None if it is not there.

        Raises:
            StorageUnavailable: it did not say.
        """
        results, raw = await self._ask(Request.DOWNLOAD, [file_id])
        content = results[file_id].content
        return FetchedFile(content, raw) if content is not None else None

    async def confirm(self, file_id: str) -> None:
        """Tell the storage that we have the file.

        Raises:
            StorageUnavailable: it did not take note.
        """
        await self._ask(Request.CONFIRM, [file_id])

    async def _ask(self, kind: Request, file_ids: Sequence[str]) -> tuple[dict[str, FileResult], bytes]:
        payload = write_request(kind, file_ids, self._credentials)
        try:
            answer = await self._client.send(self._url, self._request(payload))
            results = read_response(kind, _data(answer.response), _LIMITS)
        except ShepFailed as error:
            raise StorageUnavailable(str(error), error.failure, error.retry_after) from None
        except AnswerUnusable as error:
            raise StorageUnavailable(f"answer: {error}", Failure.UNREADABLE) from None
        if not results.keys() >= set(file_ids):
            raise StorageUnavailable("answer: says nothing of a file that was asked for", Failure.UNREADABLE)
        return results, answer.raw

    def _request(self, payload: bytes) -> SyncRequest:
        # Both clients of the storage whose source is public send elements, not text.
        data = Data((payload,), as_elements=True)
        return SyncRequest(str(uuid4()), self._service_id, self._clock(), self._sender, data=data)


def _data(answer: Response) -> bytes:
    if not isinstance(answer, SyncResponse):
        raise AnswerUnusable("it belongs to another operation")
    if not answer.data.readings:
        raise AnswerUnusable("without data")
    return answer.data.readings[0]


def _plain(identifier: str | None) -> str | None:
    """Return an id of a system, if it looks like one: it is written into the evidence."""
    return identifier if identifier and _ID.fullmatch(identifier) else None
