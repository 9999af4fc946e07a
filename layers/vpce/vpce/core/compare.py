"""What became of each finding since the audit before? The table in `vpce.core.findings`, and what is remembered."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from vpce.core.findings import Finding, State, order_of
from vpce.core.ignores import OWN, Ignores
from vpce.core.report import (
    Past,
    finding_document,
    past_document,
    read_finding,
    read_unread,
    unread_document,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from vpce.core.findings import Unread
    from vpce.core.model import Place
    from vpce.core.report import Report

HISTORY = 30
"""Audits that the history goes back."""
_RUN = re.compile(r"\d{4}-\d\d-\d\dT")
"""Runs are ordered by their names. One that sorts after all to come, made by hand, would silence them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Memory:
    """What an audit leaves for the next one."""

    run: str
    findings: tuple[Finding, ...]
    """New, open and ignored ones."""
    unread: tuple[Unread, ...] = ()
    history: tuple[Past, ...] = ()


def compare(report: Report, last: Memory | None, ignores: Ignores | None = None, *, trouble: str = "") -> Report:
    """The report with the life of each finding, and with what people are to be told.

    Without a memory everything is new; `trouble` says why there is none though there should be.
    """
    ignores = ignores or Ignores()
    before = {f.id: f for f in last.findings} if last else {}

    def judged(finding: Finding) -> Finding:
        finding, was = ignores.judge(finding), before.get(finding.id)
        since = was.since if was else report.time
        if finding.state is State.IGNORED:
            return replace(finding, since=since)
        was_open = was is not None and was.state is not State.IGNORED
        return replace(finding, state=State.OPEN if was_open else State.NEW, since=since)

    places = tuple(replace(p, findings=tuple(judged(f) for f in p.findings)) for p in report.places)
    own = [judged(f) for f in ignores.findings]
    seen = {f.id for f in (*(f for p in places for f in p.findings), *own)}
    hidden, resolved, forgotten = _gone([f for i, f in before.items() if i not in seen], report, ignores)
    compared = replace(
        report,
        places=places,
        others=(*own, *(ignores.judge(f) for f in hidden)),
        resolved=resolved,
        forgotten=forgotten,
        newly_unread=_newly_unread(report, last),
        trouble=trouble,
    )
    return replace(compared, history=(*(last.history if last else ()), _past(compared))[-HISTORY:])


def _gone(
    gone: list[Finding], report: Report, ignores: Ignores
) -> tuple[tuple[Finding, ...], tuple[Finding, ...], tuple[Finding, ...]]:
    """Of those that nobody saw now: where nobody looked; the resolved ones; and the forgotten ones."""
    hiding: dict[Place, list[Unread]] = defaultdict(list)
    for unread in (*report.all_unread, *ignores.unread):
        hiding[unread.place].append(unread)
    looked_at = {p.place for p in report.places} | {u.place for u in report.unread}
    hidden, resolved, forgotten = [], [], []
    for finding in sorted(gone, key=order_of):
        is_ignored = finding.state is State.IGNORED
        # The file of ignores is read in every audit, also where its place is none of the audit's.
        is_of_the_file = finding.check in OWN and not finding.vpc
        if any(u.hides(finding) for u in hiding[finding.place]):
            hidden.append(finding if is_ignored else replace(finding, state=State.OPEN))
        elif is_ignored:
            continue
        elif finding.place in looked_at or is_of_the_file:
            resolved.append(replace(finding, state=State.RESOLVED))
        else:
            forgotten.append(finding)
    return tuple(hidden), tuple(resolved), tuple(forgotten)


def _newly_unread(report: Report, last: Memory | None) -> tuple[Unread, ...]:
    known = {_part(u) for u in last.unread} if last else set()
    return tuple(u for u in report.all_unread if not u.facet or _part(u) not in known)


def _part(unread: Unread) -> Unread:
    """What is unread, whatever the reason: words of AWS's errors differ from time to time."""
    return replace(unread, why="")


def _past(report: Report) -> Past:
    counts = Counter(f.severity.word for f in report.findings)
    return Past(run=report.run, counts=dict(sorted(counts.items())), vpcs=report.vpcs, unread=len(report.all_unread))


# ---- what is remembered -------------------------------------------------------------------------------------------


def memory_of(report: Report) -> Memory:
    return Memory(
        run=report.run,
        findings=tuple(report.all_findings),
        unread=tuple(report.all_unread),
        history=report.history,
    )


def memory_document(memory: Memory) -> dict[str, Any]:
    """What lies in S3 from one audit to the next; `read_memory` reads it back."""
    return {
        "run": memory.run,
        "findings": [finding_document(f) for f in memory.findings],
        "unread": [unread_document(u) for u in memory.unread],
        "history": [past_document(p) for p in memory.history],
    }


def read_memory(document: Mapping[str, Any]) -> Memory:
    """The opposite of `memory_document`.

    Raises:
        KeyError, TypeError, ValueError: it is nothing that an audit left.

    """
    if not _RUN.match(document["run"]):
        raise ValueError(f"its run {document['run']!r} begins with no time")
    return Memory(
        run=document["run"],
        findings=tuple(read_finding(f) for f in document["findings"]),
        unread=tuple(read_unread(u) for u in document["unread"]),
        history=tuple(
            Past(run=p["run"], counts=dict(p["counts"]), vpcs=p["vpcs"], unread=p["unread"])
            for p in document["history"]
        ),
    )
