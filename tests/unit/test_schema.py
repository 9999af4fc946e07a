"""Is a report what the published schema says, and does the schema say all of it?"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema  # type: ignore[import-untyped]  # its types are a package of their own
import pytest

from tests.browser.reports import a_fleet_report, a_hostile_report, an_everyday_report
from tests.factories import PLACE, a_compared_report, a_report
from tests.unit.test_discovered import EVIDENCE
from vpce.core.advice import Do
from vpce.core.evidence import FLOW_LOG, QUERY_LOG
from vpce.core.findings import Severity, State
from vpce.core.report import Cell, PlaceReport, Report, place_document, read_place_document, report_document

SCHEMA: dict[str, Any] = json.loads((Path(__file__).parents[2] / "docs" / "report.schema.json").read_text())
VALIDATOR = jsonschema.Draft202012Validator(SCHEMA)


def test_the_schema_is_one() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    assert SCHEMA["$schema"] == "https://json-schema.org/draft/2020-12/schema"


@pytest.mark.parametrize(
    "report",
    [
        a_report(),
        a_compared_report(),
        an_everyday_report(),
        a_hostile_report(),
        a_fleet_report(vpcs=100, findings=1000),
        Report(run="today", places=()),
        a_report(places=(PlaceReport(place=PLACE, vpcs=1, evidence=(EVIDENCE,)),)),
    ],
)
def test_every_report_is_as_the_schema_says(report: Report) -> None:
    document = json.loads(json.dumps(report_document(report)))

    assert [f"{e.json_path}: {e.message}" for e in VALIDATOR.iter_errors(document)] == []


def test_what_logs_say_is_handed_on_and_read_back() -> None:
    report = PlaceReport(place=PLACE, vpcs=1, evidence=(EVIDENCE,))

    assert read_place_document(json.loads(json.dumps(place_document(report)))) == report


def test_whatever_the_schema_names_is_in_a_report_and_nothing_else() -> None:
    """Every object is closed and wants all its keys: one that is added, renamed or lost fails the validation above."""
    objects = [SCHEMA, *(d for d in SCHEMA["$defs"].values() if d["type"] == "object")]
    document = report_document(an_everyday_report())

    for one in objects:
        assert one["additionalProperties"] is False
        assert one["required"] == [*one["properties"]]
    assert [*SCHEMA["properties"]] == [*document]
    parts = ("places", "unread", "findings", "resolved", "coverage", "spending", "advice", "history")
    assert all(document[key] for key in parts)
    assert report_document(a_compared_report())["forgotten"]


def test_the_schema_knows_every_word() -> None:
    finding, coverage = SCHEMA["$defs"]["finding"]["properties"], SCHEMA["$defs"]["coverage"]["properties"]

    assert {*finding["severity"]["enum"]} == {s.word for s in Severity}
    assert {*finding["state"]["enum"]} == {*State}
    assert {*SCHEMA["$defs"]["advice"]["properties"]["do"]["enum"]} == {*Do}
    assert SCHEMA["$defs"]["source"]["properties"]["kind"]["enum"] == [FLOW_LOG, QUERY_LOG]
    assert {*coverage["cells"]["additionalProperties"]["enum"]} == {*Cell}
