"""Reports for the page: one as people get it, one of a fleet, and one with names that nobody chooses in good faith."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING

from tests.factories import PLACE, a_finding
from vpce.core.checks import CHECKS
from vpce.core.compare import compare, memory_of
from vpce.core.cost import Spending
from vpce.core.findings import Finding, Severity, State, Unread
from vpce.core.report import Cell, Coverage, Past, PlaceReport, Report

if TYPE_CHECKING:
    from collections.abc import Sequence

US = replace(PLACE, region="us-east-1")
THEIRS = replace(PLACE, account="210987654321")
VPCS = (
    ("vpc-0a41c9e27d5b8f301", "payments-prod", PLACE, "private"),
    ("vpc-0b7d2f9146ce03a58", "payments-test", PLACE, "private"),
    ("vpc-0c95e1b83f7a2d604", "shop-prod", PLACE, "ecs-fargate"),
    ("vpc-0d38a6f05c1e9b727", "shop-test", PLACE, "ecs-fargate"),
    ("vpc-0e62b7d94a8f1c035", "data-platform", PLACE, "eks"),
    ("vpc-0f1a8c3e7b5d29460", "build", PLACE, ""),
    ("vpc-01d4e9f62b8a7c350", "shared-services", PLACE, "lambda+ec2-ssm"),
    ("vpc-02c8b5a17e3f6d940", "payments-us", US, "private"),
    ("vpc-03f7d0e48c2b9a516", "shop-us", US, "ecs-fargate"),
    ("vpc-04b6a2c95f8e1d037", "sandbox", US, ""),
    ("vpc-05e3f1d70a9c8b264", "analytics", THEIRS, "gateway"),
    ("vpc-06a9c4b83e7d5f012", "analytics-test", THEIRS, "gateway"),
)
SERVICES = {
    "private": ("ecr.api", "ecr.dkr", "kms", "logs", "monitoring", "secretsmanager", "sns", "sqs", "ssm",
                "ssmmessages", "sts"),
    "ecs-fargate": ("ecr.api", "ecr.dkr", "logs", "secretsmanager", "ssm", "ssmmessages"),
    "eks": ("ec2", "ecr.api", "ecr.dkr", "eks", "eks-auth", "elasticloadbalancing", "logs", "sts"),
    "lambda+ec2-ssm": ("kms", "lambda", "secretsmanager", "sns", "sqs", "ssm", "ssmmessages", "sts"),
}  # fmt: skip
GATEWAYS = {"dynamodb (gateway)": Cell.OURS, "s3 (gateway)": Cell.OURS}


def _found(number: int, check: str, resource: str, what: str, fix: str) -> Finding:
    vpc, name, place, _ = VPCS[number]
    known = CHECKS[check]
    return a_finding(
        check=check, severity=known.severity, title=known.title, why=known.why, place=place, vpc=vpc, vpc_name=name,
        resource=resource, what=what, fix=fix,
    )  # fmt: skip


def _ec2(number: int, rest: str) -> str:
    command, _, options = rest.partition(" ")
    return f"aws ec2 {command} --region {VPCS[number][2].region} {options}"


OPEN = (
    _found(
        4, "broken-private-dns", "vpce-0c1d7e5a93b2f4860 private DNS", "eks vpce-0c1d7e5a93b2f4860: private DNS is off",
        _ec2(4, "modify-vpc-endpoint --vpc-endpoint-id vpce-0c1d7e5a93b2f4860 --private-dns-enabled"),
    ),
    *(
        _found(
            9, "missing-gateway-endpoint", f"{name} (Gateway)", f"no gateway endpoint for {name}",
            _ec2(9, f"create-vpc-endpoint --vpc-id {VPCS[9][0]} --service-name com.amazonaws.us-east-1.{name}"),
        )
        for name in ("dynamodb", "s3")
    ),
    _found(
        6, "open-policy", "endpoint policies", "8 endpoints let everybody do everything: kms, lambda, …",
        "Where data must not leave, give them a policy: "
        + _ec2(6, "modify-vpc-endpoint --vpc-endpoint-id vpce-07a3b9d15e8c2f460 --policy-document file://policy.json"),
    ),
)  # fmt: skip
NEW = (
    _found(
        0, "closed-security-group", "sg-0d5f8a1c7e93b2460", "sqs vpce-0f8e2d6b1a7c95340: 10.8.0.0/16 cannot reach 443",
        _ec2(0, "authorize-security-group-ingress --group-id sg-0d5f8a1c7e93b2460 --protocol tcp --port 443"
                " --cidr 10.8.0.0/16"),
    ),
    _found(
        2, "drifted-from-profile", "secretsmanager (Interface)", "the plan would create secretsmanager",
        "vpce apply vpc-0c95e1b83f7a2d604 --region eu-west-1",
    ),
    _found(
        7, "shadowed-name", "Z0482716M3QX9 kms", "kms: zone kms.us-east-1.amazonaws.com answers before the endpoint",
        "Add the records to the zone, or take it off the VPC:\naws route53 disassociate-vpc-from-hosted-zone "
        "--hosted-zone-id Z0482716M3QX9 --vpc VPCRegion=us-east-1,VPCId=vpc-02c8b5a17e3f6d940",
    ),
    _found(
        4, "zone-without-interface", "eu-west-1c", "no interface endpoint in eu-west-1c, with 14 network interfaces",
        "vpce apply vpc-0e62b7d94a8f1c035 --region eu-west-1",
    ),
)  # fmt: skip
GONE = (
    _found(3, "closed-security-group", "sg-04e7c2b95d1a8f360", "logs vpce-03b8f5e2d7a1c9460: no CIDR gets in", ""),
    _found(8, "unavailable-endpoint", "vpce-0b5d9a2e7f1c83460", "ssm vpce-0b5d9a2e7f1c83460: failed", ""),
)
IGNORED = replace(
    _found(5, "missing-gateway-endpoint", "dynamodb (Gateway)", "no gateway endpoint for dynamodb", ""),
    state=State.IGNORED,
    ignored="tag endpoint-audit = missing-gateway-endpoint",
)


def _covered(number: int) -> Coverage:
    vpc, name, place, profile = VPCS[number]
    cells = {s: Cell.OURS for p in (profile,) for s in SERVICES.get(p, ())} | (GATEWAYS if profile else {})
    cells |= {
        0: {"sqs": Cell.BROKEN},
        2: {"secretsmanager": Cell.MISSING, "logs": Cell.FOREIGN},
        4: {"eks": Cell.BROKEN, "sts": Cell.CENTRAL, "ecr.api": Cell.CENTRAL, "ecr.dkr": Cell.CENTRAL},
        5: {"s3 (gateway)": Cell.FOREIGN, "dynamodb (gateway)": Cell.MISSING},
        7: {"kms": Cell.BROKEN},
        9: dict.fromkeys(GATEWAYS, Cell.MISSING),
        10: {"s3 (gateway)": Cell.FOREIGN},
    }.get(number, {})
    return Coverage(place=place, vpc=vpc, vpc_name=name, profile=profile, cells=cells)


def _places(*findings: Finding) -> tuple[PlaceReport, ...]:
    unread = Unread(
        place=THEIRS,
        why="ListHostedZonesByVPC: AccessDenied: not authorized; allow it to vpce's role",
        facet="private hosted zones",
        vpcs=("vpc-05e3f1d70a9c8b264", "vpc-06a9c4b83e7d5f012"),
        checks=("shadowed-name",),
    )
    rows = [_covered(number) for number in range(len(VPCS))]
    return tuple(
        PlaceReport(
            place=place,
            vpcs=sum(row.place == place for row in rows),
            findings=tuple(f for f in findings if f.place == place),
            unread=(unread,) if place == THEIRS else (),
            coverage=tuple(row for row in rows if row.place == place),
            spending=Spending(
                ours=9, others=2, ours_month=Decimal("144.54"), others_month=Decimal("32.12"), date="2026-09-21"
            ),
        )
        for place in (PLACE, US, THEIRS)
    )


def an_everyday_report() -> Report:
    """Twelve VPCs in three places, and twelve days of history."""
    weeks = [
        (9, 6, 2),
        (9, 6, 2),
        (7, 6, 2),
        (7, 5, 2),
        (7, 5, 1),
        (5, 5, 1),
        (5, 3, 1),
        (3, 3, 1),
        (3, 2, 1),
        (2, 2, 1),
    ]
    history = tuple(
        Past(
            run=f"2026-10-{day:02}T06:00:04.311Z-a",
            counts=dict(zip(("high", "medium", "low"), counts, strict=True)),
            vpcs=12 if day > 20 else 10,
            unread=int(day in {19, 20}),
        )
        for day, counts in enumerate(weeks, start=15)
    )
    before = compare(Report(run="2026-10-25T06:00:04.102Z-a", places=_places(*OPEN, *GONE, IGNORED)), None)
    today = Report(run="2026-10-26T06:00:03.870Z-b", places=_places(*OPEN, *NEW, IGNORED))
    compared = compare(today, memory_of(replace(before, history=(*history, before.history[-1]))))
    lost = Unread(place=replace(THEIRS, region="eu-central-1"), why="DescribeVpcs: AuthFailure: the region may be off")
    return replace(compared, unread=(lost,))


LIES = "x\n  ! all is well\r\x1b[2J\u2028\u202egnp.exe\u2066\x85\x00"
HOSTILE = (
    "<script>alert(1)</script>",
    "</script><script>alert(1)</script>",
    "</template></table></style><img src=x onerror=alert(1)>",
    "\"><svg onload=alert(1)>' onclick='alert(1)",
    "javascript:alert(1)",
    "&lt;b&gt; &amp; <!-- ]]> {{7*7}} ${7*7}",
    '=HYPERLINK("http://example.com","open")',
    "@SUM(1+9)*cmd|' /C calc'!A0",
    "\t=1+1",
    "\r\n=1+1",
    "-2+3",
    "+1",
    "＝1+1",  # noqa: RUF001  a formula for East Asian spreadsheets
    LIES,
    "x" * 256,
    "مرحبا שלום 日本語 👩‍👩‍👧",
)


def a_hostile_report(names: Sequence[str] = HOSTILE) -> Report:
    """Every text that people choose is of the worst kind."""
    findings = tuple(
        a_finding(vpc=f"vpc-{number}", vpc_name=name, resource=name, what=name, fix=name, title=name, why=name)
        for number, name in enumerate(names)
    )
    rows = tuple(
        Coverage(place=PLACE, vpc=f"vpc-{number}", vpc_name=name, profile=name, cells={name: Cell.FOREIGN})
        for number, name in enumerate(names)
    )
    unread = tuple(Unread(place=PLACE, why=name, facet=name, vpcs=(name,), checks=(name,)) for name in names)
    place = PlaceReport(place=PLACE, vpcs=len(rows), findings=findings, unread=unread, coverage=rows)
    gone = tuple(replace(f, vpc=f"{f.vpc}-gone") for f in findings)
    before = compare(Report(run="2026-10-25T06:00:00.000Z", places=(replace(place, findings=gone),)), None)
    return compare(Report(run="2026-10-26T06:00:00.000Z", places=(place,)), memory_of(before), trouble=LIES)


def a_fleet_report(vpcs: int = 2_000, findings: int = 10_000, services: int = 20) -> Report:
    """As large as it gets."""
    checks = sorted(CHECKS.values(), key=lambda c: c.id)
    found = tuple(
        a_finding(
            check=check.id,
            severity=Severity(number % 4),
            title=check.title,
            why=check.why,
            vpc=f"vpc-{number % vpcs:017x}",
            vpc_name=f"team-{number % vpcs}",
            resource=f"vpce-{number:017x}",
            what=f"vpce-{number:017x}: not as it should be",
            fix=_ec2(0, f"modify-vpc-endpoint --vpc-endpoint-id vpce-{number:017x} --private-dns-enabled"),
        )
        for number in range(findings)
        for check in [checks[number % len(checks)]]
    )
    rows = tuple(
        Coverage(
            place=PLACE,
            vpc=f"vpc-{number:017x}",
            vpc_name=f"team-{number}",
            profile="private",
            cells={f"service-{n:02}": tuple(Cell)[(number * n) % len(Cell)] for n in range(services)},
        )
        for number in range(vpcs)
    )
    place = PlaceReport(place=PLACE, vpcs=vpcs, findings=found, coverage=rows)
    return compare(Report(run="2026-10-26T06:00:00.000Z", places=(place,)), None)
