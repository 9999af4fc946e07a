"""The findings as a table for spreadsheets: those that are there, and those that were resolved.

RFC 4180, every cell in quotes; UTF-8. https://www.rfc-editor.org/rfc/rfc4180
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from vpce.core.notice import plain
from vpce.core.report import finding_document

if TYPE_CHECKING:
    from collections.abc import Iterable

    from vpce.core.report import Report

COLUMNS = (
    "id", "check", "severity", "state", "since", "ignored", "title", "why", "account", "region", "vpc", "vpc_name",
    "resource", "what", "fix", "monthly", "price_date",
)  # fmt: skip
_FORMULA = tuple("=+-@＝＋－＠")  # noqa: RUF001  East Asian spreadsheets take the wide ones too
"""How formulas begin. https://owasp.org/www-community/attacks/CSV_Injection"""


def as_csv(report: Report) -> str:
    """A line of names, and one for each finding."""
    documents = map(finding_document, (*report.all_findings, *report.resolved))
    return "".join([_line(COLUMNS), *(_line(document[name] for name in COLUMNS) for document in documents)])


def _line(cells: Iterable[str]) -> str:
    return ",".join(f'"{_cell(cell)}"' for cell in cells) + "\r\n"


def _cell(text: str) -> str:
    """Only a fix has lines; a cell that a spreadsheet would calculate gets an apostrophe, which makes it a text."""
    said = "\n".join(plain(one) for one in text.split("\n")).replace('"', '""')
    is_formula = text.startswith(("\t", "\r", "\n")) or said.lstrip().startswith(_FORMULA)
    return f"'{said}" if is_formula else said
