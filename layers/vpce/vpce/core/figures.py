"""What is counted, and under which names? The dashboard and the alarms of the template use these and no others.

Ten names beside Security Hub's, which is what CloudWatch keeps for nothing: https://aws.amazon.com/cloudwatch/pricing/
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from vpce.core.plan import Verdict

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from vpce.core.notice import Reconciled
    from vpce.core.report import Report

NAMESPACE = "vpce"
DIMENSION = "installation"


def of_report(report: Report) -> Mapping[str, int]:
    """Of one audit. What is only worth knowing is not counted."""
    counts = Counter(f.severity.word for f in report.findings)
    return {
        "FindingsHigh": counts["high"],
        "FindingsMedium": counts["medium"],
        "FindingsLow": counts["low"],
        "Resolved": len(report.resolved),
        "Unread": len(report.all_unread),
        "Vpcs": report.vpcs,
    }


def of_hub(refused: int) -> Mapping[str, int]:
    """Findings that Security Hub did not take; counted only where it is to have them."""
    return {"NotInSecurityHub": refused}


def of_runs(runs: Iterable[Reconciled]) -> Mapping[str, int]:
    """Of one round of looks at a place."""
    runs = list(runs)
    return {
        "Changes": sum(len(r.outcomes_that(Verdict.DONE)) for r in runs),
        "Failures": sum(len(r.outcomes_that(Verdict.FAILED)) + bool(r.refusal) + r.gave_up for r in runs),
        "Retries": sum(len(r.outcomes_that(Verdict.RETRY)) for r in runs),
        "Shortfalls": sum(s.is_required for r in runs if r.plan for s in r.plan.shortfalls),
    }


def of_unread(*, is_passing: bool) -> Mapping[str, int]:
    """Of a place that could not be looked at."""
    return {"Retries": 1} if is_passing else {"Failures": 1}
