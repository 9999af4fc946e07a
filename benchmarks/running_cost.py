"""What does the installation itself cost? The template's resources and an assumed month, at us-east-1's list prices.

    python -m benchmarks.running_cost

Prints the part of README that says so; a test keeps README equal to it. What stands in the template is counted there.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from samtranslator.yaml_helper import yaml_parse

from embedded.process import REPOSITORY
from vpce.core.cost import dollars
from vpce.core.figures import of_report, of_runs
from vpce.core.prices import HOURS
from vpce.core.report import Report

if TYPE_CHECKING:
    from collections.abc import Iterator

DATE = "2026-09"
"""Then AWS charged these; the pages stand at each."""
LOOKS = HOURS + 500
"""A month: the hourly ones, and those of events."""
LOOK_SECONDS, AUDIT_SECONDS = 5, 120
AUDITS = Decimal(365) / 12
ENDPOINTS, NATS = 100, 20
"""Whose traffic each audit asks for: a metric of each endpoint, and two of each NAT gateway."""
POLLS = 5 * HOURS * 3600 // 20
"""Receives of an idle queue: five at a time, each of 20 seconds. AWS says so of standard queues, and nothing of FIFO.
https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-scaling.html"""


@dataclass(frozen=True, kw_only=True)
class Item:
    what: str
    month: Decimal
    """US dollars at list prices."""
    note: str
    is_free_for_most: bool = False
    """Within what AWS gives every account each month."""


def items() -> Iterator[Item]:
    resources = yaml_parse((REPOSITORY / "template.yaml").read_text())["Resources"]
    memory = yaml_parse((REPOSITORY / "template.yaml").read_text())["Globals"]["Function"]["MemorySize"]
    keys, dashboards = _count(resources, "AWS::KMS::Key"), _count(resources, "AWS::CloudWatch::Dashboard")
    alarms = _count(resources, "AWS::CloudWatch::Alarm")
    # https://aws.amazon.com/kms/pricing/
    yield Item(
        what=f"{keys} KMS key",
        month=keys * Decimal("1.00"),
        note="and $1.00 more after each of its first two yearly rotations",
    )
    # https://aws.amazon.com/cloudwatch/pricing/
    yield Item(
        what=f"{dashboards} dashboard",
        month=dashboards * Decimal("3.00"),
        note="an account's first 3 are free",
        is_free_for_most=True,
    )
    by_look, by_audit = len(of_runs([])), len(of_report(Report(run="", places=())))
    yield Item(
        what=f"{by_look + by_audit} metrics",
        month=Decimal("0.30") * (by_look + by_audit * AUDITS / HOURS),
        note="paid for in the hours in which they are sent; an account's first 10 are free",
        is_free_for_most=True,
    )
    yield Item(
        what=f"{alarms} alarms",
        month=alarms * Decimal("0.10"),
        note="one more with `SecurityHub=on`; an account's first 10 are free",
        is_free_for_most=True,
    )
    asked = (ENDPOINTS + 2 * NATS) * AUDITS
    yield Item(
        what="metrics that are asked for",
        month=Decimal("0.01") / 1000 * asked,
        note=f"an audit a day, of {ENDPOINTS} interface endpoints and {NATS} NAT gateways",
    )
    # https://aws.amazon.com/sqs/pricing/
    yield Item(
        what="polling of the queue",
        month=Decimal("0.50") / 10**6 * POLLS,
        note=f"{POLLS:,} receives; an account's first million are free",
        is_free_for_most=True,
    )
    # https://aws.amazon.com/lambda/pricing/, on Arm
    gb_seconds = (LOOKS * LOOK_SECONDS + AUDITS * AUDIT_SECONDS) * memory / 1024
    yield Item(
        what="Lambda",
        month=gb_seconds * Decimal("0.0000133334") + Decimal("0.20") / 10**6 * (LOOKS + 3 * AUDITS),
        note=f"{LOOKS:,} looks of {LOOK_SECONDS} seconds, an audit a day of {AUDIT_SECONDS}; "
        "an account's first 400,000 GB-seconds are free",
        is_free_for_most=True,
    )
    # https://aws.amazon.com/step-functions/pricing/ https://aws.amazon.com/s3/pricing/ https://aws.amazon.com/xray/pricing/
    steps, puts, traces, log_gb = 20 * AUDITS, 10 * AUDITS, LOOKS + AUDITS, LOOKS * Decimal("0.00002")
    other = steps * Decimal("0.000025") + puts * Decimal("0.000005") + traces * Decimal("0.000005")
    yield Item(what="Step Functions, S3, X-Ray, logs", month=other + log_gb * Decimal("0.50"), note="")


def _count(resources: dict[str, Any], kind: str) -> int:
    """Those of every installation."""
    return sum(r["Type"] == kind and "Condition" not in r for r in resources.values())


def text() -> str:
    found = list(items())
    total, least = sum(i.month for i in found), sum(i.month for i in found if not i.is_free_for_most)
    lines = [
        f"The installation costs about **{dollars(Decimal(total))} a month** at us-east-1's list prices of {DATE}, and",
        f"{dollars(Decimal(least))} in an account that uses nothing else of what AWS gives for free:",
        "",
        "| | a month | |",
        "|---|---|---|",
        *(f"| {i.what} | {dollars(i.month)} | {i.note} |" for i in found),
    ]
    return "\n".join(lines)


def main() -> int:
    print(text())
    return 0


if __name__ == "__main__":
    sys.exit(main())
