"""What an audit saw everywhere: places joined into one report, and its documents.

`vpce.core.compare` adds what became of the findings since the audit before; `vpce.core.digest` says it to people.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from vpce.core.advice import advice_document, read_advice, saving_of
from vpce.core.advice import order_of as advice_order
from vpce.core.cost import number, read_spending, spending_document
from vpce.core.discovered import evidence_document, read_evidence
from vpce.core.findings import Finding, Severity, State, Unread, order_of
from vpce.core.model import Place
from vpce.core.notice import count

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from vpce.core.advice import Advice
    from vpce.core.cost import Spending
    from vpce.core.evidence import Evidence


class Cell(StrEnum):
    """How a VPC has a service, in the coverage matrix."""

    OURS = "ours"
    FOREIGN = "foreign"
    """Somebody else's endpoint in the VPC."""
    CENTRAL = "central"
    """An endpoint elsewhere, by a hosted zone or a Route 53 Profile."""
    MISSING = "missing"
    """Asked for, and not there."""
    BROKEN = "broken"
    """There, and a finding says that it does not serve."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Coverage:
    """One row of the coverage matrix: a VPC, and how it has each service that it has or asks for."""

    place: Place
    vpc: str
    vpc_name: str
    """The Name tag; may be anything that people write."""
    profile: str
    """The profile that it follows; empty for none."""
    cells: Mapping[str, Cell]
    """Short service name, with `` (gateway)`` for gateway endpoints → how."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaceReport:
    """What an audit saw in one place."""

    place: Place
    vpcs: int
    findings: tuple[Finding, ...] = ()
    unread: tuple[Unread, ...] = ()
    """Parts that could not be looked at; the rest was."""
    coverage: tuple[Coverage, ...] = ()
    spending: Spending | None = None
    """None in what an earlier version left."""
    advice: tuple[Advice, ...] = ()
    """What would save money in its VPCs."""
    evidence: tuple[Evidence, ...] = ()
    """What logs say of its VPCs, if the audit reads any."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Past:
    """One audit in the history: how much was found."""

    run: str
    counts: Mapping[str, int]
    """Severity's word → findings that were new or open."""
    vpcs: int
    unread: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What an audit saw everywhere."""

    run: str
    """Names the audit: its start and the state machine's execution."""
    places: tuple[PlaceReport, ...]
    unread: tuple[Unread, ...] = ()
    """Whole places that could not be looked at."""

    # What the comparison with the audit before adds:
    others: tuple[Finding, ...] = ()
    """Findings that no place shows now: the installation's own, and those of before where nobody could look."""
    resolved: tuple[Finding, ...] = ()
    forgotten: tuple[Finding, ...] = ()
    """Open ones in places that the audit is no longer to look at. Nobody says that they are resolved."""
    newly_unread: tuple[Unread, ...] = ()
    """Of `all_unread`, what people are to be told again or for the first time."""
    trouble: str = ""
    """Why there is nothing to compare with, though there should be."""
    history: tuple[Past, ...] = ()
    """Oldest first, this audit last. Empty until reports are compared."""

    @property
    def time(self) -> str:
        """ISO 8601: when the audit was started."""
        head, mark, _ = self.run.partition("Z")
        return head + mark

    @property
    def findings(self) -> list[Finding]:
        """Those that count: new and open ones."""
        return [f for f in self.all_findings if f.state is not State.IGNORED]

    @property
    def all_findings(self) -> list[Finding]:
        return sorted((*(f for p in self.places for f in p.findings), *self.others), key=order_of)

    @property
    def new(self) -> list[Finding]:
        return [f for f in self.all_findings if f.state is State.NEW]

    @property
    def open(self) -> list[Finding]:
        return [f for f in self.all_findings if f.state is State.OPEN]

    @property
    def ignored(self) -> list[Finding]:
        return [f for f in self.all_findings if f.state is State.IGNORED]

    @property
    def all_unread(self) -> list[Unread]:
        """Whole places, then parts of places."""
        return sorted((*self.unread, *(u for p in self.places for u in p.unread)), key=lambda u: (bool(u.facet), u))

    @property
    def coverage(self) -> list[Coverage]:
        return sorted((c for p in self.places for c in p.coverage), key=lambda c: (c.place, c.vpc))

    @property
    def spending(self) -> list[tuple[Place, Spending]]:
        return [(p.place, p.spending) for p in sorted(self.places, key=lambda p: p.place) if p.spending]

    @property
    def advice(self) -> list[Advice]:
        return sorted((a for p in self.places for a in p.advice), key=advice_order)

    @property
    def evidence(self) -> list[tuple[Place, Evidence]]:
        return sorted(((p.place, e) for p in self.places for e in p.evidence), key=lambda one: (one[0], one[1].vpc))

    @property
    def vpcs(self) -> int:
        return sum(p.vpcs for p in self.places)

    @property
    def is_clean(self) -> bool:
        return not [f for f in self.findings if f.severity > Severity.INFO] and not self.all_unread

    @property
    def is_news(self) -> bool:
        """Whether people are to be told, though they asked for no sign of life.

        A place that could not be looked at is told every time, for nobody knows what is there; a part of a place once,
        until it changes, for that may be how its owners want it.
        """
        worth_telling = any(f.severity > Severity.INFO for f in (*self.new, *self.resolved, *self.forgotten))
        return worth_telling or bool(self.newly_unread) or bool(self.trouble)

    @property
    def headline(self) -> str:
        """How things are, whatever they were before."""
        findings = self.findings
        sick = len({f.vpc for f in findings} - {""})
        looked = f"{count(self.vpcs, 'VPC')} in {count(len(self.places), 'place')}"
        where = f" in {count(sick, 'VPC')}" if sick else ""
        found = f"{count(len(findings), 'problem')}{where} ({by_severity(findings)})" if findings else "no problem"
        lost = f"; {count(len(self.unread), 'place')} could not be read" if self.unread else ""
        return f"{found}{lost}; looked at {looked}"


def by_severity(findings: Iterable[Finding]) -> str:
    """``2 high, 1 low``."""
    counts = Counter(f.severity for f in findings)
    return ", ".join(f"{counts[s]} {s.word}" for s in sorted(Severity, reverse=True) if counts[s])


def report_document(report: Report) -> dict[str, Any]:
    """The whole report for machines, as `docs/report.schema.json` describes it."""
    return {
        "type": "audit",
        "run": report.run,
        "headline": report.headline,
        "vpcs": report.vpcs,
        "places": [{"account": p.place.account, "region": p.place.region, "vpcs": p.vpcs} for p in report.places],
        "trouble": report.trouble,
        "unread": [unread_document(u) for u in report.all_unread],
        "findings": [finding_document(f) for f in report.all_findings],
        "resolved": [finding_document(f) for f in report.resolved],
        "forgotten": [finding_document(f) for f in report.forgotten],
        "coverage": [_coverage_document(c) for c in report.coverage],
        "spending": [{"account": p.account, "region": p.region} | spending_document(s) for p, s in report.spending],
        "advice": [advice_document(a) for a in report.advice],
        "saving": number(saving_of(report.advice)),
        "evidence": [
            {"account": place.account, "region": place.region} | evidence_document(e) for place, e in report.evidence
        ],
        "history": [past_document(p) for p in report.history],
    }


def finding_document(finding: Finding) -> dict[str, Any]:
    return {
        "id": finding.id,
        "check": finding.check,
        "severity": finding.severity.word,
        "state": finding.state.value,
        "since": finding.since,
        "ignored": finding.ignored,
        "title": finding.title,
        "why": finding.why,
        "account": finding.place.account,
        "region": finding.place.region,
        "vpc": finding.vpc,
        "vpc_name": finding.vpc_name,
        "resource": finding.resource,
        "what": finding.what,
        "fix": finding.fix,
        "monthly": finding.monthly,
        "price_date": finding.price_date,
    }


def read_finding(document: Mapping[str, Any]) -> Finding:
    """The opposite of `finding_document`."""
    return Finding(
        check=document["check"],
        severity=Severity[document["severity"].upper()],
        state=State(document["state"]),
        since=document["since"],
        ignored=document["ignored"],
        title=document["title"],
        why=document["why"],
        place=Place(account=document["account"], region=document["region"]),
        vpc=document["vpc"],
        vpc_name=document["vpc_name"],
        resource=document["resource"],
        what=document["what"],
        fix=document["fix"],
        # An earlier version knew no prices.
        monthly=document.get("monthly", ""),
        price_date=document.get("price_date", ""),
    )


def past_document(past: Past) -> dict[str, Any]:
    return {"run": past.run, "counts": dict(past.counts), "vpcs": past.vpcs, "unread": past.unread}


def unread_document(unread: Unread) -> dict[str, Any]:
    return {
        "account": unread.place.account,
        "region": unread.place.region,
        "facet": unread.facet,
        "vpcs": list(unread.vpcs),
        "checks": list(unread.checks),
        "why": unread.why,
    }


def read_unread(document: Mapping[str, Any]) -> Unread:
    """The opposite of `unread_document`."""
    return Unread(
        place=Place(account=document["account"], region=document["region"]),
        why=document["why"],
        facet=document["facet"],
        vpcs=tuple(document["vpcs"]),
        checks=tuple(document["checks"]),
    )


def _coverage_document(row: Coverage) -> dict[str, Any]:
    return {
        "account": row.place.account,
        "region": row.place.region,
        "vpc": row.vpc,
        "vpc_name": row.vpc_name,
        "profile": row.profile,
        "cells": {service: cell.value for service, cell in sorted(row.cells.items())},
    }


def place_document(report: PlaceReport | Unread) -> dict[str, Any]:
    """What the audit of one place hands on; `read_place_document` reads it back."""
    head = {"account": report.place.account, "region": report.place.region}
    match report:
        case Unread(why=why):
            return head | {"unread": why}
        case PlaceReport():
            return head | {
                "vpcs": report.vpcs,
                "findings": [finding_document(f) for f in report.findings],
                "parts_unread": [unread_document(u) for u in report.unread],
                "coverage": [_coverage_document(c) for c in report.coverage],
                "spending": spending_document(report.spending) if report.spending else None,
                "advice": [advice_document(a) for a in report.advice],
                "evidence": [evidence_document(e) for e in report.evidence],
            }


def read_place_document(document: Mapping[str, Any]) -> PlaceReport | Unread:
    place = Place(account=document["account"], region=document["region"])
    if "unread" in document:
        return Unread(place=place, why=document["unread"])
    return PlaceReport(
        place=place,
        vpcs=document["vpcs"],
        findings=tuple(read_finding(f) for f in document["findings"]),
        unread=tuple(read_unread(u) for u in document["parts_unread"]),
        coverage=tuple(
            Coverage(
                place=place,
                vpc=c["vpc"],
                vpc_name=c["vpc_name"],
                profile=c["profile"],
                cells={service: Cell(cell) for service, cell in c["cells"].items()},
            )
            for c in document["coverage"]
        ),
        spending=read_spending(spent) if (spent := document.get("spending")) else None,
        advice=tuple(read_advice(a) for a in document.get("advice", ())),  # an earlier version gave none
        evidence=tuple(read_evidence(e) for e in document.get("evidence", ())),
    )
