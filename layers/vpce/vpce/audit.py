"""Look everywhere, say what is wrong: the reconciler's plans, not applied, and the checks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from vpce.aws.errors import AwsError, in_words
from vpce.core.checks import FREE, Subject, run_checks
from vpce.core.findings import Unread
from vpce.core.model import Kind
from vpce.core.profile import ProfileError
from vpce.core.report import PlaceReport

if TYPE_CHECKING:
    from collections.abc import Iterable

    from vpce.core.model import Place, Vpc
    from vpce.reconcile import Surroundings


@dataclass(frozen=True, slots=True, kw_only=True)
class Audited:
    """One place under audit: what is wrong, and what the reconciler would mend."""

    report: PlaceReport | Unread
    drifted: frozenset[str] = frozenset()


def audit_place(around: Surroundings) -> Audited:
    """Check every VPC of a place. What AWS does not let us read is reported as unread, never as clean."""
    try:
        vpcs = around.observe(needs_dns=lambda vpc: any(e.kind is Kind.INTERFACE for e in vpc.endpoints))
        subjects = [examine(around, vpc) for vpc in vpcs if not vpc.is_shared_with_us]
    except AwsError as error:
        return Audited(report=Unread(place=around.place, why=in_words(error)))
    findings = tuple(f for subject in subjects for f in run_checks(subject))
    drifted = frozenset(s.vpc.id for s in subjects if s.plan is not None and s.follows_a_profile and s.plan.actions)
    return Audited(report=PlaceReport(place=around.place, vpcs=len(vpcs), findings=findings), drifted=drifted)


def examine(around: Surroundings, vpc: Vpc) -> Subject:
    """A VPC measured against its profile, or against the free endpoints where it asks for nothing."""
    try:
        wish = around.wish(vpc)
    except ProfileError as error:
        return Subject(vpc=vpc, catalog=around.catalog, plan=None, refusal=str(error))
    if wish.profile is None and not wish.remove and not vpc.is_default:
        wish = FREE
    return Subject(vpc=vpc, catalog=around.catalog, plan=around.plan(vpc, wish))


def everything_expected(places: Iterable[Place], seen: Iterable[PlaceReport | Unread]) -> list[PlaceReport | Unread]:
    """The reports, with a place that sent none added as unread; sorted by place."""
    reports = {r.place: r for r in seen}
    return [
        reports.get(place) or Unread(place=place, why="its audit ended without a result; see the state machine's run")
        for place in sorted(set(places) | set(reports))
    ]
