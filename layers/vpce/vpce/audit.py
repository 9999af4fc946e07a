"""Look everywhere, say what is wrong: the reconciler's plans, not applied, and the checks."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from vpce.aws.errors import AwsError, in_words
from vpce.aws.pace import OutOfTimeError
from vpce.core.caution import careful
from vpce.core.checks import FREE, Subject, run_checks
from vpce.core.checks.room import quota_of_place
from vpce.core.cost import spending_of
from vpce.core.coverage import coverage_of
from vpce.core.dns import served_centrally
from vpce.core.evidence import Evidence
from vpce.core.findings import Unread
from vpce.core.ignores import ignored_by_tag
from vpce.core.model import Kind, utc
from vpce.core.profile import ProfileError
from vpce.core.recommend import recommend
from vpce.core.report import PlaceReport
from vpce.discover import Wanted, evidence_of
from vpce.query_logging import query_logging_of
from vpce.recommend import case_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from vpce.core.advice import Advice
    from vpce.core.checks import Checked
    from vpce.core.model import Place, Vpc
    from vpce.core.network import Facet, Network, Quotas
    from vpce.core.report import Coverage
    from vpce.reconcile import Surroundings

MOST_LINES = 5_000_000
"""Of each log, in an audit."""
MOST_PAIRS = 300_000
"""Of a client and an address it was given, in an audit: some 120 MB, of the function's 512."""
_FOR_THE_REST = 120.0
"""Seconds that logs leave to the rest of an audit, and to what is being read when they are over."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Audited:
    """One place under audit: what is wrong, and what the reconciler would mend."""

    report: PlaceReport | Unread
    drifted: frozenset[str] = frozenset()


def audit_place(around: Surroundings, *, now: str, discovery_days: int = 0) -> Audited:
    """Check every VPC of a place. What AWS does not let us read is reported as unread, never as clean.

    Args:
        around: the place.
        now: ISO 8601, with a zone.
        discovery_days: of logs that are read, as far as there is time; 0 for none.

    """
    try:
        vpcs = around.observe(
            now=datetime.fromisoformat(now),
            needs_dns=lambda vpc: any(e.kind is Kind.INTERFACE for e in vpc.endpoints),
        )
        own = [vpc for vpc in vpcs if not vpc.is_shared_with_us]
        survey = around.survey(own, now=datetime.fromisoformat(now))
    except AwsError as error:
        return Audited(report=Unread(place=around.place, why=in_words(error)))
    except OutOfTimeError as error:
        return Audited(report=Unread(place=around.place, why=str(error)))
    moment = datetime.fromisoformat(now)
    examined = (examine(around, vpc, survey.networks[vpc.id], moment, survey.quotas) for vpc in own)
    subjects = [replace(subject, quotas=survey.quotas, now=now, prices=around.prices) for subject in examined]
    checked = {s.vpc.id: run_checks(s) for s in subjects}
    evidence = {
        vpc.id: _evidence(around, vpc, moment, discovery_days) for vpc in _turned(own, moment) if discovery_days
    }
    place_findings = quota_of_place(around.place, survey.quotas) if survey.quotas else []
    report = PlaceReport(
        place=around.place,
        vpcs=len(vpcs),
        findings=(
            *place_findings,
            *(ignored_by_tag(f, s.vpc.tags) for s in subjects for f in checked[s.vpc.id].findings),
        ),
        unread=_unread(around.place, subjects, checked),
        coverage=tuple(_row(s, checked[s.vpc.id]) for s in subjects),
        spending=spending_of(own, around.prices),
        advice=tuple(a for s in subjects for a in _advice(around, s, evidence.get(s.vpc.id))),
        evidence=tuple(evidence.values()),
    )
    plans = [s.plan for s in subjects if s.plan is not None and s.follows_a_profile]
    drifted = frozenset(p.vpc.id for p in plans if careful(p, moment).actions)
    return Audited(report=report, drifted=drifted)


def _turned(vpcs: list[Vpc], now: datetime) -> list[Vpc]:
    """Another one first each day, so that where time is short each has its turn."""
    first = now.toordinal() % len(vpcs) if vpcs else 0
    return [*vpcs[first:], *vpcs[:first]]


def _evidence(around: Surroundings, vpc: Vpc, now: datetime, days: int) -> Evidence:
    """What logs say of a VPC: the least important part of an audit, so it may cost nothing else its time."""
    wanted = Wanted(
        since=now - timedelta(days=days),
        until=now,
        most=MOST_LINES,
        most_pairs=MOST_PAIRS,
        goes_on=lambda: around.pace.has(_FOR_THE_REST),
    )
    if not wanted.goes_on():
        return replace(_nothing(vpc, wanted), gaps=("there was no time left to read its logs",))
    try:
        evidence = evidence_of(around, vpc, wanted)
        over = [q for q in query_logging_of(around, vpc.id) if q.is_over(now)] if around.client_of else []
    except AwsError as error:
        return replace(_nothing(vpc, wanted), gaps=(f"its logs were not read: {in_words(error)}",))
    late = [f"query logging by {q.id} was to end {utc(q.until)}, and goes on" for q in over if q.until]
    end = [f"vpce discover {vpc.id} --disable"] if late else []
    return replace(evidence, gaps=(*late, *evidence.gaps), better=(*end, *evidence.better))


def _advice(around: Surroundings, subject: Subject, evidence: Evidence | None) -> Iterator[Advice]:
    """What is worth doing; for what is not, somebody must ask for the VPC."""
    yield from (a for a in recommend(case_of(around, subject.vpc, subject.network, evidence)).advice if a.is_worth_it)


def _nothing(vpc: Vpc, wanted: Wanted) -> Evidence:
    return Evidence(vpc=vpc.id, since=wanted.since, until=wanted.until)


def examine(around: Surroundings, vpc: Vpc, network: Network, now: datetime, quotas: Quotas | None = None) -> Subject:
    """A VPC measured against its profile, or against the free endpoints where it asks for nothing."""
    try:
        wish = around.wish(vpc)
    except ProfileError as error:
        return Subject(vpc=vpc, catalog=around.catalog, plan=None, refusal=str(error), network=network)
    if not wish.asks_for_something and not vpc.is_default:
        wish, quotas = FREE, None  # what is missing is missing, whether there is room for it or not
    plan = around.plan(vpc, wish, now, network=network, quotas=quotas)
    return Subject(vpc=vpc, catalog=around.catalog, plan=plan, network=network)


def _row(subject: Subject, checked: Checked) -> Coverage:
    return coverage_of(subject, checked, served_centrally(subject.vpc, subject.network, subject.catalog))


def _unread(place: Place, subjects: Iterable[Subject], checked: Mapping[str, Checked]) -> tuple[Unread, ...]:
    """What could not be read, once for each part and reason, with the VPCs and checks that it costs."""
    where: dict[tuple[Facet, str], list[str]] = defaultdict(list)
    for subject in subjects:
        for facet, why in subject.network.unread.items():
            where[facet, why].append(subject.vpc.id)
    return tuple(
        sorted(
            Unread(place=place, why=why, facet=facet, vpcs=tuple(sorted(vpcs)), checks=checked[vpcs[0]].skipped[facet])
            for (facet, why), vpcs in where.items()
        )
    )


def everything_expected(places: Iterable[Place], seen: Iterable[PlaceReport | Unread]) -> list[PlaceReport | Unread]:
    """The reports, with a place that sent none added as unread; sorted by place."""
    reports = {r.place: r for r in seen}
    return [
        reports.get(place) or Unread(place=place, why="its audit ended without a result; see the state machine's run")
        for place in sorted(set(places) | set(reports))
    ]
