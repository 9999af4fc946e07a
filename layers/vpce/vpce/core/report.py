"""What an audit saw everywhere: joined, compared with the audit before, and said as text and as JSON."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from vpce.core.findings import Finding, Severity, State, Unread, order_of
from vpce.core.model import Place
from vpce.core.notice import Message, count, subject_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


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
    resolved: tuple[Finding, ...] = ()
    history: tuple[Past, ...] = ()
    """Oldest first, this audit last."""

    @property
    def findings(self) -> list[Finding]:
        """Those that count: new and open ones."""
        return [f for f in self.all_findings if f.state is not State.IGNORED]

    @property
    def all_findings(self) -> list[Finding]:
        return sorted((f for p in self.places for f in p.findings), key=order_of)

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
    def vpcs(self) -> int:
        return sum(p.vpcs for p in self.places)

    @property
    def is_clean(self) -> bool:
        return not [f for f in self.findings if f.severity > Severity.INFO] and not self.all_unread

    @property
    def headline(self) -> str:
        findings = self.findings
        counts = Counter(f.severity for f in findings)
        by_severity = ", ".join(f"{counts[s]} {s.word}" for s in sorted(Severity, reverse=True) if counts[s])
        sick = len({f.vpc for f in findings})
        looked = f"{count(self.vpcs, 'VPC')} in {count(len(self.places), 'place')}"
        found = (
            f"{count(len(findings), 'problem')} in {count(sick, 'VPC')} ({by_severity})" if findings else "no problem"
        )
        lost = f"; {count(len(self.unread), 'place')} could not be read" if self.unread else ""
        return f"{found}{lost}; looked at {looked}"


def digest(report: Report, *, location: str = "") -> Message:
    """An audit's report as one message; `location` tells where the whole report lies."""
    text = [f"vpce audit of {report.run[:16].replace('T', ' ')}: {report.headline}.", ""]
    if report.unread:
        text.append("COULD NOT BE READ (nothing is known about these places)")
        text += [f"  ! {u.place}: {u.why}" for u in report.unread]
        text.append("")
    for severity in sorted(Severity, reverse=True):
        found = [f for f in report.findings if f.severity is severity]
        if found:
            text.append(severity.name)
            for finding in found:
                text += _finding_text(finding)
            text.append("")
    if location:
        text.append(f"Whole report: {location}")
    return Message(
        subject=subject_of(f"[vpce] audit: {report.headline}"),
        text="\n".join(text).rstrip() + "\n",
        document=report_document(report) | ({"report": location} if location else {}),
    )


def _finding_text(finding: Finding) -> Iterator[str]:
    name = f"{finding.vpc} ({finding.vpc_name})" if finding.vpc_name else finding.vpc
    yield f"  {finding.title}"
    yield f"    where  {name} in {finding.place}"
    yield f"    what   {finding.what}"
    yield f"    why    {finding.why}"
    first, *rest = finding.fix.splitlines()
    yield f"    fix    {first}"
    yield from (f"           {more}" for more in rest)


def report_document(report: Report) -> dict[str, Any]:
    """The whole report for machines, as `docs/report.schema.json` describes it."""
    return {
        "type": "audit",
        "run": report.run,
        "headline": report.headline,
        "vpcs": report.vpcs,
        "places": [{"account": p.place.account, "region": p.place.region, "vpcs": p.vpcs} for p in report.places],
        "unread": [_unread_document(u) for u in report.all_unread],
        "findings": [finding_document(f) for f in report.all_findings],
        "resolved": [finding_document(f) for f in report.resolved],
        "coverage": [_coverage_document(c) for c in report.coverage],
        "history": [
            {"run": p.run, "counts": dict(p.counts), "vpcs": p.vpcs, "unread": p.unread} for p in report.history
        ],
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
    )


def _unread_document(unread: Unread) -> dict[str, Any]:
    return {
        "account": unread.place.account,
        "region": unread.place.region,
        "facet": unread.facet,
        "vpcs": list(unread.vpcs),
        "checks": list(unread.checks),
        "why": unread.why,
    }


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
                "parts_unread": [_unread_document(u) for u in report.unread],
                "coverage": [_coverage_document(c) for c in report.coverage],
            }


def read_place_document(document: Mapping[str, Any]) -> PlaceReport | Unread:
    place = Place(account=document["account"], region=document["region"])
    if "unread" in document:
        return Unread(place=place, why=document["unread"])
    return PlaceReport(
        place=place,
        vpcs=document["vpcs"],
        findings=tuple(read_finding(f) for f in document["findings"]),
        unread=tuple(
            Unread(place=place, why=u["why"], facet=u["facet"], vpcs=tuple(u["vpcs"]), checks=tuple(u["checks"]))
            for u in document["parts_unread"]
        ),
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
    )
