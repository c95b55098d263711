"""The passports: everything loads, nothing is lost, and what is wrong is named all at once."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from gateway import resources
from gateway.catalogue.catalogue import Catalogue, CatalogueError
from tests.support.catalogue import catalogue

SHARED = Path(__file__).parents[3] / "shared" / "passports"
SERVICES = resources.schemas() / "services"


def test_all_22_services_load_in_the_order_of_their_acts() -> None:
    """Fifteen services of Astana and seven of Kostanay load, ordered by region and annex."""
    loaded = [(service.passport.region, service.passport.annex) for service in catalogue().services]
    assert loaded == [("astana", n) for n in range(1, 16)] + [("kostanay", n) for n in range(1, 8)]


@pytest.mark.parametrize("folder", sorted(path.name for path in SERVICES.iterdir()))
def test_typed_passport_holds_everything_of_the_file(folder: str) -> None:
    """Written out again, the typed passport is the file: no value is dropped or converted."""
    passport = catalogue().service(folder).passport
    expected = json.loads((SERVICES / folder / "passport.json").read_bytes())
    assert json.loads(passport.model_dump_json(exclude_unset=True)) == expected


@pytest.mark.skipif(not SHARED.is_dir(), reason="the source passports are not beside the checkout")
@pytest.mark.parametrize("folder", sorted(path.name for path in SERVICES.iterdir()))
def test_passport_equals_its_source(folder: str) -> None:
    """The passport says what its source says, value for value."""
    source = json.loads((SHARED / f"{folder}.json").read_bytes())
    assert json.loads((SERVICES / folder / "passport.json").read_bytes()) == source


def test_counts_are_those_of_the_acts() -> None:
    """The acts' documents, refusal grounds, time limits, forms, fields and information systems are all there."""
    passports = [service.passport for service in catalogue().services]
    assert (
        sum(len(p.documents) for p in passports),
        sum(len(p.refusal_grounds) for p in passports),
        sum(len(p.deadlines) for p in passports),
        sum(len(p.forms) for p in passports),
        sum(len(form.fields) for p in passports for form in p.forms),
        sum(len(p.information_systems) for p in passports),
    ) == (160, 51, 191, 108, 582, 38)


@pytest.mark.skipif(not SHARED.is_dir(), reason="the source passports are not beside the checkout")
@pytest.mark.parametrize("folder", sorted(path.name for path in SERVICES.iterdir()))
def test_counts_of_each_passport_are_its_sources(folder: str) -> None:
    """Documents, grounds, terms, steps, forms and fields of the loaded passport are as many as in its source."""
    source = json.loads((SHARED / f"{folder}.json").read_bytes())
    passport = catalogue().service(folder).passport
    channels = ("portal", "psc", "provider", "akim")
    assert {
        "documents": len(passport.documents),
        "grounds": len(passport.refusal_grounds),
        "terms": len(passport.deadlines),
        "steps": len(passport.process.main) + len(passport.process.alternative),
        "channel steps": [len(getattr(passport.channel_procedures, channel)) for channel in channels],
        "forms": len(passport.forms),
        "fields": [len(form.fields) for form in passport.forms],
    } == {
        "documents": len(source["documents"]),
        "grounds": len(source["refusal_grounds"]),
        "terms": len(source["deadlines"]),
        "steps": len(source["process"]["main"]) + len(source["process"]["alternative"]),
        "channel steps": [len(source["channel_procedures"][channel]) for channel in channels],
        "forms": len(source["forms"]),
        "fields": [len(form["fields"]) for form in source["forms"]],
    }


def test_unknown_service_is_not_found() -> None:
    """Asking for a service that is not there answers None, or a KeyError where it must be there."""
    assert catalogue().find("kostanay.nothing") is None
    with pytest.raises(KeyError):
        catalogue().service("kostanay.nothing")


Change = Callable[[dict[str, Any]], None]


@pytest.fixture
def schemas(tmp_path: Path) -> Path:
    """A copy of the schemas in a folder whose path has a space and a letter beyond ASCII in it."""
    copy = tmp_path / "схемы copy"
    shutil.copytree(resources.schemas(), copy)
    return copy


def _change(schemas: Path, service_id: str, change: Change) -> None:
    file = schemas / "services" / service_id / "passport.json"
    passport = json.loads(file.read_bytes())
    change(passport)
    file.write_text(json.dumps(passport, ensure_ascii=False), encoding="utf-8")


def _problems(schemas: Path) -> list[str]:
    with pytest.raises(CatalogueError) as raised:
        Catalogue.load(schemas)
    return str(raised.value).splitlines()


def test_copy_with_a_space_in_its_path_loads(schemas: Path) -> None:
    """The catalogue loads from any folder, so that the failures below are those the tests made."""
    assert len(Catalogue.load(schemas).services) == 22


def test_every_problem_of_every_file_is_named(schemas: Path) -> None:
    """Problems of several files come together, each with file, JSON path and what is expected."""
    _change(schemas, "astana.wheelchair", lambda p: p.update(annex="ten", surprise=1))
    _change(schemas, "kostanay.child-benefit", lambda p: p["deadlines"][0].update(unit="weeks"))
    (schemas / "services" / "astana.child-benefit" / "passport.json").write_text("{", encoding="utf-8")
    problems = _problems(schemas)
    assert any(line.startswith("services/astana.child-benefit/passport.json: Invalid JSON") for line in problems)
    assert any(line.startswith("services/astana.wheelchair/passport.json: annex: ") for line in problems)
    assert any(line.startswith("services/astana.wheelchair/passport.json: surprise: ") for line in problems)
    assert any(
        line.startswith("services/kostanay.child-benefit/passport.json: deadlines[0].unit: ") for line in problems
    )


@pytest.mark.parametrize(
    ("change", "path"),
    [
        (lambda p: p.update(id="kostanay.other"), "id: must be the name of its folder"),
        (lambda p: p["portal"].update(available=False), "portal.available: must be true exactly if"),
        (lambda p: p["intake_channels"].append("psc"), "intake_channels: must name at least one channel"),
        (lambda p: p["intake_channels"].append("akim"), "channel_procedures.akim: must have steps exactly if"),
        (lambda p: p["units"].pop(), "process.main[2].unit: must be one of units (SFU-1, SFU-2)"),
        (lambda p: p["process"]["main"][0].update(next="9"), "process.main[0].next: must be the number of a step"),
        (lambda p: p["deadlines"][1].update(unit=None), "deadlines[1]: Value error, value and unit stand together"),
        (lambda p: p["deadlines"][1].update(value=0), "deadlines[1]: Value error, value must be positive"),
        (lambda p: p["forms"][2]["fields"][0].update(type="dat"), "forms[2].fields[0].type: "),
        (lambda p: p["units"].append(p["units"][0]), "units: must have different codes"),
        (lambda p: p["name"].pop("ru"), "name.ru: Field required"),
    ],
)
def test_contradiction_inside_a_passport_is_named(schemas: Path, change: Change, path: str) -> None:
    """A passport that contradicts itself or its folder is refused with the place of the contradiction."""
    _change(schemas, "kostanay.home-schooling-costs", change)
    problems = _problems(schemas)
    assert any(f"services/kostanay.home-schooling-costs/passport.json: {path}" in line for line in problems), problems


@pytest.mark.parametrize("name", ["form.json", "documents.json", "result.json", "application.xsd", "result.xsd"])
def test_service_without_one_of_its_files_is_a_problem(schemas: Path, name: str) -> None:
    """A service needs its form, its documents, its result and the schemas made of them."""
    (schemas / "services" / "kostanay.housing-assistance" / name).unlink()
    problems = _problems(schemas)
    assert len(problems) == 1
    assert problems[0].startswith(f"services/kostanay.housing-assistance/{name}: must be ")


def test_broken_form_and_schema_are_problems(schemas: Path) -> None:
    """A form that declares nonsense and a schema that is none are named like a passport's problems."""
    form = schemas / "services" / "kostanay.housing-assistance" / "form.json"
    declaration = json.loads(form.read_bytes())
    declaration["fields"][0]["type"] = "choice"
    form.write_text(json.dumps(declaration), encoding="utf-8")
    (schemas / "services" / "kostanay.home-schooling-costs" / "application.xsd").write_text("<a/>", encoding="utf-8")
    problems = _problems(schemas)
    assert any(
        "housing-assistance/form.json: fields[0]: Value error, choices must be given" in line for line in problems
    )
    assert any("home-schooling-costs/application.xsd: must be a valid XML Schema" in line for line in problems)


def test_folder_without_services_is_a_problem(tmp_path: Path) -> None:
    """A wrong folder is refused rather than taken for an empty catalogue."""
    assert any("application/common.json" in line or "no service found" in line for line in _problems(tmp_path))
