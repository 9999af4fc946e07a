"""What do people read of an audit? What is new in full, the rest in few lines, never more than they or SNS can take.

new                  in full, by check, worst first
resolved             one line each
could not be read    where, which part, why, and what was not checked for it
no longer looked at  places that left the audit, with how much was open there
still open           counts, by check
"""

from __future__ import annotations

import json
from collections import Counter
from itertools import groupby
from typing import TYPE_CHECKING, Any

from vpce.core.advice import advice_lines, in_all
from vpce.core.cost import spent
from vpce.core.findings import Finding, Severity, order_of
from vpce.core.ignores import FILE
from vpce.core.notice import Message, clipped, count, joined, plain, subject_of
from vpce.core.report import by_severity, finding_document, unread_document

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from vpce.core.findings import Unread
    from vpce.core.model import Place
    from vpce.core.report import Report

    Entries = Iterable[tuple[Any, list[str]]]
    """Findings and the like, each with the lines that tell of it; none where others of its kind tell enough."""

_NEW_BYTES, _RESOLVED_BYTES, _UNREAD_BYTES = 36 * 1024, 4 * 1024, 6 * 1024
"""Of each part, as JSON; with the counts they stay below what `vpce.notify` cuts at."""
_BRIEF_BYTES = 5_000
"""Of what is new, in a chat."""
_PER_CHECK = 10
"""Findings of one check told in full: who has read ten knows the eleventh."""
_NAMED = 5
"""VPCs named of many; fixes for a chat."""
_WORDS, _COMMAND = 500, 1_500
"""Characters of a sentence, and of a fix: policies and names may be of any length."""


def digest(report: Report, *, location: str = "", link: str = "", not_in_hub: Sequence[str] = ()) -> Message:
    """A compared report as one message; `location` and `link` tell where the whole of it lies.

    `not_in_hub` is why Security Hub did not take some findings, where it was to have them.
    """
    about = _about(report)
    return Message(
        subject=subject_of(f"[vpce] audit: {_news(report)}"),
        text=joined([*_head(report), "", *_parts(report), *_hub(not_in_hub), *_whereabouts(location, link)]) + "\n",
        document={
            "type": "audit",
            "run": report.run,
            "headline": report.headline,
            "trouble": report.trouble,
            "places": [{"account": p.place.account, "region": p.place.region} for p in report.places],
            "findings": [finding_document(f) for f in report.new],
            "resolved": [finding_document(f) for f in report.resolved],
            "forgotten": [finding_document(f) for f in report.forgotten],
            "unread": [unread_document(u) for u in report.all_unread],
            "open": len(report.open),
            "ignored": len(report.ignored),
            "report": location,
        }
        | ({"not_in_security_hub": [*not_in_hub]} if not_in_hub else {}),
        brief=joined([*_head(report), *_whereabouts("", link), "", *_brief_parts(report)]).rstrip(),
        next_steps=tuple(dict.fromkeys(plain(f.fix.splitlines()[0]) for f in report.new if f.fix))[:_NAMED],
        resources=tuple(dict.fromkeys(f.vpc for f in report.new if f.vpc)),
        severity=_worst(report),
        accounts=tuple(sorted({p.account for p in about})),
        regions=tuple(sorted({p.region for p in about})),
    )


def in_full(report: Report) -> str:
    """All that an audit found, for a terminal, where nothing need be cut."""
    findings = report.findings
    unread = _section("COULD NOT BE READ (nothing is known of it)", *_all(_of_unread(report.all_unread)))
    found, _ = _all(_of_findings(findings, per_check=len(findings)))
    cost = [f"Interface endpoints: {cost}."] if (cost := spent(s for _, s in report.spending)) else []
    head = [f"vpce audit of {_minute(report)}: {report.headline}.", *cost, ""]
    return joined([*head, *unread, *found[1:], "", *_money(report)]).rstrip()


def _money(report: Report) -> Iterator[str]:
    lines = [one for advice in report.advice for one in advice_lines(advice, where=True)]
    yield from _section(f"WHAT ENDPOINTS ARE WORTH ({_saving(report)})", lines, [])


def _saving(report: Report) -> str:
    basis = sorted({a.prices for a in report.advice if a.prices}) or ["no list prices are known"]
    said = basis[0] if len(basis) == 1 else f"list prices of {len(basis)} regions, each with its date in the report"
    return f"{in_all(report.advice) or 'nothing that can be told in money'}; {said}"


def _minute(report: Report) -> str:
    return report.run[:16].replace("T", " ")


def _news(report: Report) -> str:
    """Most important first, since subjects are cut."""
    places, parts = len(report.unread), len(report.all_unread) - len(report.unread)
    counts = [
        (len(report.new), f"{len(report.new)} new ({by_severity(report.new)})"),
        (places, f"{count(places, 'place')} unread"),
        (parts, f"{count(parts, 'part')} unread"),
        (len(report.resolved), f"{len(report.resolved)} resolved"),
        (len(report.forgotten), f"{len(report.forgotten)} no longer looked at"),
        (len(report.open), f"{len(report.open)} still open"),
    ]
    nothing = [] if report.new or report.resolved or report.forgotten else ["nothing new"]
    return ", ".join([*nothing, *(said for number, said in counts if number)])


def _head(report: Report) -> Iterator[str]:
    yield f"vpce audit of {_minute(report)}: {_news(report)}."
    yield f"In all: {report.headline}."
    if cost := spent(s for _, s in report.spending):
        yield f"Interface endpoints: {cost}."
    if in_all(report.advice):
        yield f"Could be saved: {_saving(report)}; the report has how."
    if report.trouble:
        yield f"! What the last audit left could not be read, so everything counts as new: {report.trouble}"


def _parts(report: Report) -> Iterator[str]:
    new, resolved, still_open = report.new, report.resolved, report.open
    yield from _section(f"NEW ({by_severity(new)})", *_within(_NEW_BYTES, _of_findings(new)))
    yield from _section(f"RESOLVED ({by_severity(resolved)})", *_within(_RESOLVED_BYTES, _one_line_each(resolved)))
    unread = _within(_UNREAD_BYTES, _of_unread(report.all_unread))
    yield from _section("COULD NOT BE READ (nothing is known of it; what was open there stays open)", *unread)
    yield from _section("NO LONGER LOOKED AT", *_within(_UNREAD_BYTES, _of_places(report.forgotten)))
    yield from _section(f"STILL OPEN ({by_severity(still_open)})", list(_counts(still_open)), [])
    if report.ignored:
        yield from (f"Ignored, by tags or {FILE}: {len(report.ignored)}", "")


def _hub(troubles: Sequence[str]) -> Iterator[str]:
    yield from _section("NOT IN SECURITY HUB", [f"  ! {_short(t)}" for t in troubles], [])


def _brief_parts(report: Report) -> Iterator[str]:
    size = _BRIEF_BYTES
    yield from _section("NEW", *_within(size, _one_line_each(report.new)))
    yield from _section("RESOLVED", *_within(size // 4, _one_line_each(report.resolved)))
    yield from _section("COULD NOT BE READ", *_within(size // 4, _of_unread(report.all_unread)))


def _whereabouts(location: str, link: str) -> Iterator[str]:
    if location:
        yield f"Whole report: {location}"
    if link:
        yield f"Open it:      {link}"


# ---- sections -----------------------------------------------------------------------------------------------------


def _section(heading: str, lines: Sequence[str], left_out: Sequence[Any]) -> Iterator[str]:
    if not lines and not left_out:
        return
    yield heading
    yield from lines
    if left_out:
        findings = [thing for thing in left_out if isinstance(thing, Finding)]
        more = (
            f"{count(len(findings), 'more finding')} ({by_severity(findings)})" if findings else f"{len(left_out)} more"
        )
        yield from ("", f"  … and {more} in the report")
    yield ""


def _within(size: int, entries: Entries) -> tuple[list[str], list[Any]]:
    """The lines of whole entries as far as they go, and the things left out."""
    lines: list[str] = []
    left_out: list[Any] = []
    is_full = False
    for thing, said in entries:
        needed = len(json.dumps(joined(said)))
        is_full = is_full or needed > size
        if is_full or not said:
            left_out.append(thing)
        else:
            lines += said
            size -= needed
    return lines, left_out


def _all(entries: Entries) -> tuple[list[str], list[Any]]:
    return [one for _, said in entries for one in said], []


def _of_findings(findings: Iterable[Finding], *, per_check: int = _PER_CHECK) -> Iterator[tuple[Finding, list[str]]]:
    """In full, under one heading for each check."""

    def kind(finding: Finding) -> tuple[int, str, str]:
        return -finding.severity, finding.check, finding.title

    for _, group in groupby(sorted(findings, key=lambda f: (*kind(f), order_of(f))), kind):
        same = list(group)
        many = f" ({_how_many(same)})" if len(same) > 1 else ""
        head = ["", f"  {same[0].severity.name:<6}  {same[0].title}{many}", f"    why    {_short(same[0].why)}"]
        rest = same[per_check:]
        also = list(dict.fromkeys(f.vpc for f in rest if f.vpc))
        for finding in same[:per_check]:
            is_last = bool(rest) and finding is same[per_check - 1]
            yield finding, [*head, *_finding(finding), *([f"    also   in {_named(also)}"] if is_last else [])]
            head = []
        yield from ((finding, []) for finding in rest)


def _finding(finding: Finding) -> Iterator[str]:
    yield f"    where  {_where(finding)}"
    yield f"    what   {_short(finding.what)}"
    if finding.cost:
        yield f"    cost   {finding.cost}"
    if len(finding.fix) > _COMMAND:
        yield "    fix    too long for a message; the report has it"
    else:
        for number, one in enumerate(finding.fix.splitlines()):
            yield f"    {'' if number else 'fix':<7}{one}"


def _one_line_each(findings: Iterable[Finding]) -> Iterator[tuple[Finding, list[str]]]:
    for finding in sorted(findings, key=order_of):
        yield finding, [f"  {finding.severity.name:<6}  {_where(finding)}: {_short(finding.what)}"]


def _of_unread(unread: Iterable[Unread]) -> Iterator[tuple[Unread, list[str]]]:
    for one in unread:
        part = f", {one.facet}" if one.facet else ""
        vpcs = f" of {_named(one.vpcs)}" if one.vpcs else ""
        checks = [f"    not checked: {', '.join(sorted(one.checks))}"] if one.checks else []
        yield one, [f"  ! {one.place}{part}{vpcs}: {_short(one.why)}", *checks]


def _of_places(findings: Iterable[Finding]) -> Iterator[tuple[Place, list[str]]]:
    for place, number in sorted(Counter(f.place for f in findings).items()):
        yield (
            place,
            [f"  {place}: {count(number, 'open finding')} forgotten, for the audit is not to look there any more"],
        )


def _counts(findings: Sequence[Finding]) -> Iterator[str]:
    def kind(finding: Finding) -> tuple[int, str]:
        return -finding.severity, finding.check

    for (_, check), group in groupby(sorted(findings, key=kind), kind):
        same = list(group)
        yield f"  {same[0].severity.name:<6}  {check}: {_how_many(same)}"


# ---- words --------------------------------------------------------------------------------------------------------


def _how_many(findings: Sequence[Finding]) -> str:
    vpcs = len({f.vpc for f in findings} - {""})
    return f"{len(findings)} in {count(vpcs, 'VPC')}" if vpcs else str(len(findings))


def _where(finding: Finding) -> str:
    if not finding.vpc:
        return str(finding.place)
    name = f" ({finding.vpc_name})" if finding.vpc_name else ""
    return f"{finding.vpc}{name} in {finding.place}"


def _named(vpcs: Sequence[str]) -> str:
    more = f" and {len(vpcs) - _NAMED} more" if len(vpcs) > _NAMED else ""
    return ", ".join(vpcs[:_NAMED]) + more


def _short(text: str) -> str:
    return clipped(text, _WORDS)


# ---- whom it concerns ---------------------------------------------------------------------------------------------


def _worst(report: Report) -> str:
    """Of what is new; what cannot be read may hide the worst."""
    new = max((f.severity for f in report.new), default=Severity.INFO)
    if report.newly_unread:
        new = max(new, Severity.HIGH if report.unread else Severity.MEDIUM)
    return new.word if new > Severity.INFO else "none"


def _about(report: Report) -> set[Place]:
    """The places that the news come from; without any, those that were looked at."""
    news = {f.place for f in (*report.new, *report.resolved, *report.forgotten)} | {
        u.place for u in report.newly_unread
    }
    return news or {p.place for p in report.places}
