"""The integrator's page: every code that the source raises stands in its table, and every namespace in the contract."""

import ast
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

import gateway
from gateway import resources
from gateway.faults import Code
from gateway.sandbox.walkthrough import codes
from gateway.sandbox.walkthrough.__main__ import page
from gateway.sandbox.walkthrough.page import filled

_OURS = re.compile(r"(?:client|applicant|inquiry)\.[a-z_]+(?:\.[a-z_]+)*")
_RAISED_BY = {"Detail", "FormatFault", "_refused"}
SOURCES = [
    path
    for path in Path(gateway.__file__).parent.rglob("*.py")
    if "sandbox" not in path.relative_to(Path(gateway.__file__).parent).parts
]


def _raised(tree: ast.Module) -> Iterator[str]:
    """Yield the codes in a module: those named as such, and the gateway's own where a fault is made."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and _OURS.fullmatch(node.value):
            yield node.value
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") in _RAISED_BY and node.args:
            first = node.args[0]
            if isinstance(first, ast.Constant) and str(first.value).startswith("gateway."):
                yield str(first.value)


def test_every_code_that_is_raised_is_explained() -> None:
    """A new code without a line in the table, and a line whose code is gone, are noticed here."""
    raised = {code for path in SOURCES for code in _raised(ast.parse(path.read_text()))}
    assert {one.code for one in codes.CODES} == raised


def test_each_code_is_explained_once() -> None:
    """No code has two meanings."""
    assert [code for code, times in Counter(one.code for one in codes.CODES).items() if times > 1] == []


def test_every_outward_fault_has_its_codes() -> None:
    """Each of ShEP's fault codes that a message can meet stands in the table; SCE015 comes only inside a rejection."""
    faults = {one.comes for one in codes.CODES if one.comes.startswith("SCE")}
    assert faults == {code.value for code in Code} - {Code.APPLICANT_CERTIFICATE.value}


def test_the_page_has_the_table_as_it_is() -> None:
    """The table on the page is the one of the code."""
    assert codes.table() in page().read_text()


def test_a_page_that_lacks_a_part_is_refused() -> None:
    """A marker that somebody took away does not make a message vanish silently."""
    with pytest.raises(ValueError, match="receipt"):
        filled("<!-- begin: application -->\n<!-- end -->", {"application": "a", "receipt": "b"})


def test_every_namespace_of_ours_stands_in_the_contract() -> None:
    """schemas/README.md names each namespace that the schemas define."""
    named = (resources.schemas() / "README.md").read_text()
    defined = {
        re.sub(r"service:[^:]+", "service:<id>", found)
        for path in resources.schemas().rglob("*.xsd")
        for found in re.findall(r'targetNamespace="(urn:qaqpa:[^"]+)"', path.read_text())
    }
    assert len(defined) == 6
    assert [namespace for namespace in sorted(defined) if f"`{namespace}`" not in named] == []
