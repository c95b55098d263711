"""The application schemas: made from the declared forms, and agreeing with how applications are read."""

import shutil
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from gateway import resources
from gateway.catalogue import generate
from gateway.catalogue.form import read_application
from gateway.catalogue.phrases import UNREADABLE
from tests.support.catalogue import HOME_SCHOOLING, PORTAL_SERVICES, REPRESENTATIVE, application, document, service

COMPLETE = application(
    HOME_SCHOOLING, ("<form>", f"{REPRESENTATIVE}<form>"), ("<documents>", f"<documents>{document('authority')}")
)
ELEMENTS = [element.tag for element in etree.fromstring(COMPLETE).iter()]
VALUES = ["", " ", "x", "12", "880101300123", "2026-02-30", "2026-02-03", "true", "a\u200eb", "+7 701 000 00 00", "kk"]


def test_committed_schemas_are_what_would_be_made() -> None:
    """No file that is made from the declared forms was edited by hand or forgotten."""
    assert generate.drift(resources.schemas()) == []


def test_check_reports_drift(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that differs from its declaration makes `--check` fail, and writing mends it."""
    schemas = tmp_path / "schemas"
    shutil.copytree(resources.schemas(), schemas)
    monkeypatch.setattr(resources, "schemas", lambda: schemas)
    assert generate.main([]) == 0
    (schemas / "application" / "common.xsd").write_bytes(b"edited by hand")
    assert generate.main(["--check"]) == 1
    assert generate.main([]) == 0
    assert generate.main(["--check"]) == 0


@pytest.mark.parametrize("service_id", PORTAL_SERVICES)
def test_every_field_is_labelled_in_both_languages(service_id: str) -> None:
    """An integrator reads at each element what it is, in Kazakh and Russian, and where it comes from."""
    xs = {"xs": "http://www.w3.org/2001/XMLSchema"}
    schema = etree.parse(resources.schemas() / "services" / service_id / "application.xsd")
    elements = [element for element in schema.iter(f"{{{xs['xs']}}}element") if element.get("name") != "application"]
    assert len(elements) > 8
    for element in elements:
        texts = element.findall("xs:annotation/xs:documentation", xs)
        assert [text.get("{http://www.w3.org/XML/1998/namespace}lang") for text in texts] == ["kk", "ru", "en"]
        assert all(text.text for text in texts)


@pytest.mark.parametrize("service_id", PORTAL_SERVICES)
def test_complete_application_is_valid(service_id: str) -> None:
    """The sample application is valid by the schema of its service."""
    schema = service(service_id).schema
    assert schema is not None
    schema.assertValid(etree.fromstring(application(service_id)))


Mutation = tuple[int, str, str]


def _mutate(root: etree._Element, mutation: Mutation) -> None:
    position, kind, value = mutation
    elements = list(root.iter())
    element = elements[1 + position % (len(elements) - 1)] if len(elements) > 1 else root
    parent = element.getparent()
    if parent is None:
        return
    if kind == "remove":
        parent.remove(element)
    elif kind == "repeat":
        parent.append(etree.fromstring(etree.tostring(element)))
    elif kind == "move":
        parent.insert(0, element)
    elif kind == "text":
        element.text = value
    elif kind == "attribute":
        element.set("extra", value)
    else:
        etree.SubElement(element, "extra").text = value


KINDS = ["remove", "repeat", "move", "text", "attribute", "child"]


def _judge(mutations: list[Mutation]) -> None:
    root = etree.fromstring(COMPLETE)
    for mutation in mutations:
        _mutate(root, mutation)
    changed = etree.tostring(root)
    target = service(HOME_SCHOOLING)
    assert target.schema is not None
    reading = read_application(target, changed)
    if not target.schema.validate(etree.fromstring(changed)):
        assert reading.application is None
    assert UNREADABLE not in [finding.text for finding in reading.findings]
    assert (reading.application is None) == bool(reading.findings)


@pytest.mark.parametrize("kind", KINDS)
def test_every_single_change_that_the_schema_refuses_has_its_finding(kind: str) -> None:
    """Each element in turn is removed, repeated, moved or changed: reading names whatever the schema refuses."""
    assert read_application(service(HOME_SCHOOLING), COMPLETE).findings == ()
    for position in range(len(ELEMENTS)):
        for value in VALUES:
            _judge([(position, kind, value)])


@settings(max_examples=100, deadline=None)
@given(
    st.lists(
        st.tuples(st.integers(0, len(ELEMENTS)), st.sampled_from(KINDS), st.sampled_from(VALUES)),
        min_size=2,
        max_size=5,
    )
)
def test_several_changes_at_once_have_findings_too(mutations: list[Mutation]) -> None:
    """Whatever is done to an application: if the schema refuses it, reading names what is wrong, never only that."""
    _judge(mutations)
