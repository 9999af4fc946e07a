"""Is the table of findings safe to open in a spreadsheet, and does it read back as it was?"""

from __future__ import annotations

import csv

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.browser.reports import HOSTILE, a_fleet_report, a_hostile_report, an_everyday_report
from tests.factories import a_finding, a_report
from vpce.core.notice import plain
from vpce.core.report import finding_document
from vpce.core.table import COLUMNS, as_csv


def rows(text: str) -> list[dict[str, str]]:
    lines = text.split("\r\n")
    assert lines[-1] == ""
    return [dict(row) for row in csv.DictReader(lines[:-1], strict=True)]


def what(text: str) -> str:
    """How a text is read back."""
    (row,) = rows(as_csv(a_report(a_finding(what=text))))
    return row["what"]


def test_every_finding_is_there_also_the_resolved_ones() -> None:
    report = an_everyday_report()
    read = rows(as_csv(report))

    assert [row["id"] for row in read] == [f.id for f in (*report.all_findings, *report.resolved)]
    assert [row["state"] for row in read[-2:]] == ["resolved", "resolved"]
    assert read == [finding_document(f) for f in (*report.all_findings, *report.resolved)]


def test_its_columns_are_those_of_the_document() -> None:
    assert list(COLUMNS) == list(finding_document(a_finding()))


def test_a_report_without_findings_has_its_columns() -> None:
    assert as_csv(a_report()) == ",".join(f'"{name}"' for name in COLUMNS) + "\r\n"


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "\n=", " =", "＝", "＋", "－", "＠"])  # noqa: RUF001  as in the code
def test_nothing_is_taken_for_a_formula(start: str) -> None:
    """https://owasp.org/www-community/attacks/CSV_Injection"""
    assert what(f"{start}1+1").startswith("'")


@pytest.mark.parametrize("text", ["sqs", 'say "so"', "a, b", "x=1", "'quoted'", "", "10.0.0.0/16"])
def test_what_is_no_formula_stays_as_it_is(text: str) -> None:
    assert what(text) == text


def test_a_fix_keeps_its_lines() -> None:
    (row,) = rows(as_csv(a_report(a_finding(fix="Either:\naws ec2 one"))))

    assert row["fix"] == "Either:\naws ec2 one"


def test_hostile_names_are_read_back_harmless() -> None:
    read = {row["vpc"]: row["vpc_name"] for row in rows(as_csv(a_hostile_report()))}

    for number, name in enumerate(HOSTILE):
        assert read[f"vpc-{number}"].removeprefix("'") in {"\n".join(map(plain, name.split("\n"))), plain(name)}
        assert not read[f"vpc-{number}"].lstrip().startswith(("=", "+", "-", "@"))


@given(st.text())
def test_any_text_is_one_cell(text: str) -> None:
    assert "\r" not in what(text)
    assert what(text).removeprefix("'") == "\n".join(map(plain, text.split("\n"))).removeprefix("'")


def test_ten_thousand_findings_are_ten_thousand_lines() -> None:
    assert len(rows(as_csv(a_fleet_report()))) == 10_000
