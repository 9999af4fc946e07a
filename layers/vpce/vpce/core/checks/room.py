"""Is there room for what may still come: endpoints in the quotas, addresses in the subnets?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from vpce.core.checks.check import CHECKS, Problem, Subject, check, finding_of
from vpce.core.commands import aws
from vpce.core.findings import Finding, Severity
from vpce.core.model import Kind
from vpce.core.network import Facet

if TYPE_CHECKING:
    from collections.abc import Iterator

    from vpce.core.model import Place
    from vpce.core.network import Quotas

FULL = 0.8
"""Share of a quota above which it is told."""
FEW = 8
"""Free addresses below which a subnet is told; every interface takes one."""
INTERFACES, GATEWAYS = "L-29B6F2EB", "L-1B52E74A"
"""https://docs.aws.amazon.com/vpc/latest/privatelink/vpc-limits-endpoints.html"""


@check(
    severity=Severity.MEDIUM,
    why="The next endpoints will be refused, whoever makes them.",
    needs=(Facet.QUOTAS,),
)
def quota_headroom(subject: Subject) -> Iterator[Problem]:
    """A quota of endpoints is nearly used up."""
    # Every endpoint of the type counts, also one that an AWS service keeps or that failed.
    used = sum(e.kind is Kind.INTERFACE and e.state != "deleted" for e in subject.vpc.endpoints)
    quota = subject.quotas.interface_endpoints_per_vpc if subject.quotas else 0
    if quota and used >= FULL * quota:
        yield Problem(
            resource=f"{subject.vpc.id} quota",
            what=f"{used} of {quota} interface endpoints of the VPC",
            fix=_more(subject.vpc.place, INTERFACES, quota),
        )


def quota_of_place(place: Place, quotas: Quotas) -> list[Finding]:
    """What `quota_headroom` finds for a whole region."""
    used, quota = quotas.gateway_endpoints, quotas.gateway_endpoints_per_region
    if used < FULL * quota:
        return []
    problem = Problem(
        resource="gateway quota",
        what=f"{used} of {quota} gateway endpoints of the region",
        fix=_more(place, GATEWAYS, quota),
    )
    return [finding_of(CHECKS["quota-headroom"], problem, place)]


def _more(place: Place, code: str, quota: int) -> str:
    return aws(
        place,
        "service-quotas request-service-quota-increase",
        f"--service-code vpc --quota-code {code} --desired-value {2 * quota}",
    )


@check(severity=Severity.LOW, why="The next endpoint there, or the next instance, will find no address.")
def address_headroom(subject: Subject) -> Iterator[Problem]:
    """A subnet that holds endpoints has few addresses left."""
    used = {s for e in subject.serving if e.kind is Kind.INTERFACE for s in e.subnets}
    for subnet in subject.vpc.subnets:
        has_four = any(":" not in c for c in subnet.cidrs)
        if has_four and subnet.id in used and subnet.free_addresses < FEW:
            yield Problem(
                resource=f"{subnet.id} addresses",
                what=f"{subnet.id} in {subnet.zone} has {subnet.free_addresses} free IPv4 addresses",
                fix="Make a larger subnet in the zone for endpoints, and move them there one by one.",
            )
