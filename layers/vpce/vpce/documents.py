"""Which files is a report kept as, and what is in them? For machines, for spreadsheets, and for people."""

from __future__ import annotations

import json
from dataclasses import dataclass
from importlib.resources import files

from vpce.core.page import page
from vpce.core.report import Report, report_document
from vpce.core.table import as_csv

JSON, CSV, PAGE = "findings.json", "findings.csv", "report.html"


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    name: str
    content_type: str
    body: str


def documents(report: Report) -> tuple[Document, ...]:
    """All of them; people's is the last."""
    as_json = json.dumps(report_document(report), indent=1)
    return (
        Document(name=JSON, content_type="application/json", body=as_json),
        Document(name=CSV, content_type="text/csv; charset=utf-8", body=as_csv(report)),
        Document(name=PAGE, content_type="text/html; charset=utf-8", body=as_page(report)),
    )


def as_page(report: Report) -> str:
    package = files("vpce")
    style, script = ((package / name).read_text(encoding="utf-8") for name in ("page.css", "page.js"))
    return page(report, style=style, script=script)
