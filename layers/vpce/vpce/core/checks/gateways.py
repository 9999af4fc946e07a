"""Do the free gateway endpoints carry what they could, and do routes lead somewhere?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from vpce.core.checks.check import Problem, Subject, check
from vpce.core.commands import aws, tag_it
from vpce.core.cost import nat_month
from vpce.core.findings import Severity
from vpce.core.model import Kind
from vpce.core.network import Facet
from vpce.core.plan import CreateEndpoint
from vpce.core.way import tables_in_use

if TYPE_CHECKING:
    from collections.abc import Iterator


@check(
    severity=Severity.MEDIUM,
    why="Traffic to the service goes through a NAT gateway, which costs money per GB, or has no way at all. "
    "The gateway endpoint is free.",
)
def missing_gateway_endpoint(subject: Subject) -> Iterator[Problem]:
    """The VPC has no gateway endpoint for S3 or DynamoDB."""
    vpc = subject.vpc
    if subject.plan is None or (not vpc.subnets and not subject.follows_a_profile):
        return
    for action in subject.plan.actions:
        if isinstance(action, CreateEndpoint) and action.offer.kind is Kind.GATEWAY:
            yield Problem(
                resource=f"{action.service} ({Kind.GATEWAY})",
                what=f"no gateway endpoint for {action.service}",
                fix=aws(
                    vpc.place,
                    "ec2 create-vpc-endpoint",
                    f"--vpc-id {vpc.id} --service-name {action.offer.service} --route-table-ids",
                    *sorted(action.route_tables),
                )
                + ("" if subject.follows_a_profile else f"\nOr let vpce do it: {tag_it(vpc, 'gateway')}"),
            )


@check(
    severity=Severity.MEDIUM,
    why="Subnets of this table do not use the free gateway endpoint that the VPC has; where there is no NAT gateway, "
    "they cannot reach the service.",
)
def uncovered_route_table(subject: Subject) -> Iterator[Problem]:
    """A route table has no route to a gateway endpoint of its VPC."""
    vpc = subject.vpc
    used = tables_in_use(vpc).keys()
    gateways = [e for e in vpc.endpoints if e.kind is Kind.GATEWAY and not e.is_leaving]
    for service in sorted({e.service for e in gateways}):
        serving = [e for e in gateways if e.service == service]
        covered = frozenset[str]().union(*(e.route_tables for e in serving))
        for table in sorted(used - covered):
            yield Problem(
                resource=f"{serving[0].id} {table}",
                what=f"{table} has no route to {subject.short(serving[0])} ({serving[0].id})",
                fix=aws(
                    vpc.place,
                    "ec2 modify-vpc-endpoint",
                    f"--vpc-endpoint-id {serving[0].id} --add-route-table-ids {table}",
                ),
            )


@check(
    severity=Severity.MEDIUM,
    why="Packets that match the route are dropped: what it led to is gone, and no other route is tried.",
)
def blackhole_route(subject: Subject) -> Iterator[Problem]:
    """A route that subnets use leads to something that no longer exists."""
    vpc = subject.vpc
    for table in tables_in_use(vpc).values():
        for route in table.routes:
            if route.is_blackhole:
                six = "ipv6-" if ":" in route.destination else ""
                yield Problem(
                    resource=f"{table.id} {route.destination}",
                    what=f"{table.id} sends {route.destination} to {route.target or 'a target'}, which is gone",
                    fix=aws(
                        vpc.place,
                        "ec2 delete-route",
                        f"--route-table-id {table.id} --destination-{six}cidr-block {route.destination}",
                    )
                    if not route.destination.startswith("pl-")
                    else aws(vpc.place, "ec2 describe-route-tables", f"--route-table-ids {table.id}"),
                )


@check(
    severity=Severity.LOW,
    why="A NAT gateway and its public address cost money by the hour, whether anything goes through it or not.",
    needs=(Facet.NATS,),
)
def unused_nat_gateway(subject: Subject) -> Iterator[Problem]:
    """No route leads to a NAT gateway.

    Only routes send packets to one. https://docs.aws.amazon.com/vpc/latest/userguide/vpc-nat-gateway.html
    """
    vpc = subject.vpc
    targets = {route.target for table in vpc.route_tables for route in table.routes}
    for gateway in subject.network.nat_gateways:
        if gateway.state == "available" and gateway.id not in targets:
            yield Problem(
                resource=f"{gateway.id} unused",
                what=f"no route table of the VPC has a route to {gateway.id}",
                fix=aws(vpc.place, "ec2 delete-nat-gateway", f"--nat-gateway-id {gateway.id}"),
                monthly=nat_month(subject.prices, gateway) if subject.prices else None,
            )
