"""The adapter for a provider's system that speaks the contract of schemas/providers/ over SOAP."""

import asyncio
from dataclasses import replace
from typing import Any

import httpx
from lxml import etree
from zeep import AsyncClient, Plugin, Settings
from zeep.exceptions import Error, Fault, ValidationError
from zeep.proxy import AsyncServiceProxy

from adapters import contract, mapping, transport
from adapters.contract import ContractBroken
from gateway.cases.calls import Failure
from gateway.cases.provider import (
    Decision,
    ProviderCase,
    ProviderRejected,
    ProviderStatus,
    ProviderUnavailable,
    Refusal,
)
from gateway.settings import Provider


class SoapProvider:
    """A provider's information system behind SOAP; implements `gateway.cases.provider.ProviderSystem`."""

    def __init__(self, settings: Provider, *, client: httpx.AsyncClient | None = None) -> None:
        """Prepare calls; nothing is connected yet.

        Args:
            settings: where the system is, and how many calls it gets at the same time; its time limit holds for a
                whole call, waiting for a free slot included.
            client: HTTP client shared with others, closed by its owner; default: one of our own.
        """
        self._seconds = settings.timeout_seconds
        self._slots = asyncio.Semaphore(settings.concurrency)
        self._own = client is None
        self._http = client or transport.client(settings.timeout_seconds, settings.concurrency)
        zeep = AsyncClient(  # type: ignore[no-untyped-call]  # zeep's
            str(contract.wsdl()),
            transport=transport.Transport(self._http),
            settings=Settings(forbid_dtd=True, forbid_entities=True, forbid_external=True),
            plugins=[_Strict()],
        )
        # not create_service: even of an AsyncClient it makes a proxy that does not wait
        self._service = AsyncServiceProxy(zeep, zeep.wsdl.bindings[contract.BINDING], address=settings.url)  # type: ignore[no-untyped-call]  # zeep's

    async def submit(self, case: ProviderCase) -> ProviderStatus:
        """See the port."""
        return await self._status("SubmitCase", case=mapping.case_values(case))

    async def supplement(self, case: ProviderCase) -> ProviderStatus:
        """See the port."""
        return await self._status("SupplementCase", case=mapping.case_values(case))

    async def status(self, number: str) -> ProviderStatus:
        """See the port."""
        return await self._status("GetCaseStatus", number=number)

    async def decision(self, number: str) -> Decision:
        """See the port."""
        answer = await self._call("FetchDecision", number=number)
        try:
            return replace(mapping.decision_of(answer), answer=transport.last_answer.get())
        except ContractBroken as error:
            raise _unusable(error) from None

    async def refused(self, number: str, refusal: Refusal) -> None:
        """See the port."""
        text = {"kk": refusal.text.kk, "ru": refusal.text.ru}
        await self._call("ReportRefused", number=number, code=refusal.code, text=text)

    async def close(self) -> None:
        """Release connections."""
        if self._own:
            await self._http.aclose()

    async def _status(self, operation: str, **arguments: object) -> ProviderStatus:
        answer = await self._call(operation, **arguments)
        try:
            return replace(mapping.status_of(answer), answer=transport.last_answer.get())
        except ContractBroken as error:
            raise _unusable(error) from None

    async def _call(self, operation: str, **arguments: object) -> Any:  # noqa: ANN401  zeep makes its classes at run time
        # zeep's exceptions quote the message: they are never chained to ours.
        try:
            async with asyncio.timeout(self._seconds), self._slots:
                answer = await self._service[operation](**arguments)
        except TimeoutError:
            raise ProviderUnavailable(f"no answer within {self._seconds:g} s", Failure.NO_ANSWER) from None
        except (httpx.ConnectError, httpx.ConnectTimeout) as error:
            raise ProviderUnavailable(f"network: {type(error).__name__}", Failure.UNREACHABLE) from None
        except httpx.HTTPError as error:
            raise ProviderUnavailable(f"network: {type(error).__name__}", Failure.NO_ANSWER) from None
        except transport.Away as away:
            raise ProviderUnavailable(str(away), Failure.BUSY, away.retry_after) from None
        except ContractBroken as error:
            raise _unusable(error) from None
        except Fault as fault:
            raise _failure(fault) from None
        except ValidationError:
            raise ProviderRejected("the case does not fit into the contract") from None
        except Error:
            raise ProviderUnavailable("the answer is not XML of the contract", Failure.UNREADABLE) from None
        if answer is None and operation not in _WITHOUT_ANSWER:  # zeep's word for HTTP 202 without content
            raise ProviderUnavailable("there was no answer", Failure.UNREADABLE)
        return answer


_WITHOUT_ANSWER = frozenset({"ReportRefused"})


class _Strict(Plugin):
    """Lets only answers pass that are valid by the schema; zeep itself fills what is missing with None."""

    def ingress(self, envelope: etree._Element, http_headers: object, operation: Any) -> tuple[etree._Element, object]:  # noqa: ANN401
        body = envelope.find(f"{{{contract.SOAP_ENVELOPE}}}Body")
        answer = contract.only_child(body)
        if answer.tag == f"{{{contract.SOAP_ENVELOPE}}}Fault":
            return envelope, http_headers
        if answer.tag != contract.name(f"{operation.name}Response"):
            raise ContractBroken("the answer is not the one of this operation")
        if not contract.is_valid(answer):
            raise ContractBroken("the answer is not valid by the schema")
        return envelope, http_headers


def _failure(fault: Fault) -> ProviderUnavailable | ProviderRejected:
    found = fault.detail  # bytes, when the answer was some other page
    detail = found.find(contract.name("ProviderFault")) if etree.iselement(found) else None
    if detail is None or not contract.is_valid(detail):
        return ProviderUnavailable("a fault that is not of the contract", Failure.UNREADABLE)
    code = detail.findtext(contract.name("code"), "").strip()
    retryable = detail.findtext(contract.name("retryable"), "").strip() in {"true", "1"}
    return ProviderUnavailable(code, Failure.NOT_NOW) if retryable else ProviderRejected(code)


def _unusable(error: ContractBroken) -> ProviderUnavailable:
    return ProviderUnavailable(str(error), Failure.UNREADABLE)
