"""Is there room for what may still come: endpoints in the quotas, addresses in the subnets?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from vpce.core.caution import FEW_ADDRESSES
from vpce.core.checks.check import CHECKS, Problem, Subject, check, finding_of
from vpce.core.commands import more_of
from vpce.core.findings import Finding, Severity
from vpce.core.model import Kind
from vpce.core.network import GATEWAY_QUOTA, INTERFACE_QUOTA, Facet

if TYPE_CHECKING:
    from collections.abc import Iterator

    from vpce.core.model import Place
    from vpce.core.network import Quotas

FULL = 0.8
"""Share of a quota above which it is told."""


@check(
    severity=Severity.MEDIUM,
    why="The next endpoints will be refused, whoever makes them.",
    needs=(Facet.QUOTAS,),
)
def quota_headroom(subject: Subject) -> Iterator[Problem]:
    """A quota of endpoints is nearly used up."""
    used = subject.vpc.interface_count
    quota = subject.quotas.interface_endpoints_per_vpc if subject.quotas else 0
    if quota and used >= FULL * quota:
        short = [s.service for s in subject.plan.shortfalls if s.because_of == INTERFACE_QUOTA] if subject.plan else []
        yield Problem(
            resource=f"{subject.vpc.id} quota",
            what=f"{used} of {quota} interface endpoints of the VPC"
            + (f"; no room for {', '.join(short)}, which the profile asks for" if short else ""),
            fix=more_of(subject.vpc.place, INTERFACE_QUOTA, quota),
        )


def quota_of_place(place: Place, quotas: Quotas) -> list[Finding]:
    """What `quota_headroom` finds for a whole region."""
    used, quota = quotas.gateway_endpoints, quotas.gateway_endpoints_per_region
    if used < FULL * quota:
        return []
    problem = Problem(
        resource="gateway quota",
        what=f"{used} of {quota} gateway endpoints of the region",
        fix=more_of(place, GATEWAY_QUOTA, quota),
    )
    return [finding_of(CHECKS["quota-headroom"], problem, place)]


@check(severity=Severity.LOW, why="The next endpoint there, or the next instance, will find no address.")
def address_headroom(subject: Subject) -> Iterator[Problem]:
    """A subnet that holds endpoints has few addresses left."""
    used = {s for e in subject.serving if e.kind is Kind.INTERFACE for s in e.subnets}
    for subnet in subject.vpc.subnets:
        has_four = any(":" not in c for c in subnet.cidrs)
        if has_four and subnet.id in used and subnet.free_addresses < FEW_ADDRESSES:
            yield Problem(
                resource=f"{subnet.id} addresses",
                what=f"{subnet.id} in {subnet.zone} has {subnet.free_addresses} free IPv4 addresses",
                fix="Make a larger subnet in the zone for endpoints, and move them there one by one.",
            )
