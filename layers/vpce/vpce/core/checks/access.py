"""Does the way to an endpoint let packets through: security groups, network ACLs, the endpoint's policy?"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from vpce.core.checks.check import Problem, Subject, check
from vpce.core.commands import aws
from vpce.core.findings import Severity
from vpce.core.model import short_name
from vpce.core.network import Facet
from vpce.core.policies import FULL_ACCESS
from vpce.core.policy import Passes, PolicyError, needs_of, read_policy
from vpce.core.profile import ports_of
from vpce.core.way import Closed, closed_acls, groups_of, lets_in

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from vpce.core.model import Endpoint


@check(severity=Severity.HIGH, why="Names resolve to the endpoint, but connections to it time out.")
def closed_security_group(subject: Subject) -> Iterator[Problem]:
    """The security groups of interface endpoints do not let a CIDR of the VPC in."""
    vpc = subject.vpc
    for (group_ids, port, cidr), services in closed_groups(subject).items():
        source = f"Ipv6Ranges=[{{CidrIpv6={cidr}}}]" if ":" in cidr else f"IpRanges=[{{CidrIp={cidr}}}]"
        behind = [e for e in subject.interfaces if set(group_ids) == e.security_groups]
        yield Problem(
            resource=f"{'+'.join(group_ids)} {port} {cidr}",
            what=f"{', '.join(group_ids)} closed to {cidr} on port {port}, in front of {', '.join(sorted(services))}",
            fix=aws(
                vpc.place,
                "ec2 authorize-security-group-ingress",
                f"--group-id {group_ids[0]} --ip-permissions IpProtocol=tcp,FromPort={port},ToPort={port},{source}",
            ),
            breaks=tuple(e.id for e in behind),
        )


def closed_groups(subject: Subject) -> Mapping[tuple[tuple[str, ...], int, str], list[str]]:
    """(groups, port, CIDR that is not let in) → services behind them."""
    vpc = subject.vpc
    closed: dict[tuple[tuple[str, ...], int, str], list[str]] = defaultdict(list)
    for endpoint in subject.interfaces:
        groups = groups_of(endpoint, vpc)
        if groups is None:
            continue
        for port in ports_of(subject.short(endpoint)):
            for cidr in vpc.cidrs:
                if endpoint.speaks(cidr) and not lets_in(groups, port, cidr, vpc.subnets):
                    closed[tuple(g.id for g in groups), port, cidr].append(subject.short(endpoint))
    return closed


@check(
    severity=Severity.MEDIUM,
    why="The VPC's default group is what a forgotten parameter gives: it lets in its own members only, or whatever "
    "somebody once opened for something else.",
)
def default_security_group(subject: Subject) -> Iterator[Problem]:
    """Interface endpoints stand behind the VPC's default security group."""
    vpc = subject.vpc
    for group in vpc.security_groups:
        behind = [e for e in subject.interfaces if group.id in e.security_groups]
        if group.is_default and behind:
            yield Problem(
                resource=f"{group.id} default",
                what=f"{group.id}, the default group, is on {', '.join(sorted(subject.short(e) for e in behind))}",
                fix=aws(
                    vpc.place,
                    "ec2 modify-vpc-endpoint",
                    f"--vpc-endpoint-id {behind[0].id} --remove-security-group-ids {group.id} "
                    "--add-security-group-ids <one that lets the VPC in on port 443>",
                ),
            )


@check(
    severity=Severity.HIGH,
    why="Names resolve to the endpoint, but connections to it time out.",
    needs=(Facet.ACLS,),
)
def closed_network_acl(subject: Subject) -> Iterator[Problem]:
    """A network ACL stops packets to an interface endpoint, or its answers."""
    closed: dict[str, list[tuple[Endpoint, Closed]]] = defaultdict(list)
    for endpoint in subject.interfaces:
        for stop in closed_acls(endpoint, subject.vpc, subject.network):
            closed[stop.acl].append((endpoint, stop))
    for acl, stops in sorted(closed.items()):
        services = ", ".join(sorted({subject.short(e) for e, _ in stops}))
        first = stops[0][1]
        yield Problem(
            resource=acl,
            what=f"{first}, in front of {services} ({first.client} to {first.server})",
            fix=aws(
                subject.vpc.place,
                "ec2 create-network-acl-entry",
                f"--network-acl-id {acl} --rule-number <before the one that denies> --protocol 6 --rule-action allow "
                f"{'--egress' if first.egress else '--ingress'} "
                f"{'--ipv6-cidr-block' if ':' in first.cidr else '--cidr-block'} {first.cidr} "
                f"--port-range From={first.port},To={65535 if first.is_answer else first.port}",
            ),
            breaks=tuple(sorted({e.id for e, _ in stops})),
        )


# ---- policies -----------------------------------------------------------------------------------------------------


@check(
    severity=Severity.HIGH, why="Requests reach the endpoint and are denied there, whatever the caller's own rights."
)
def blocking_policy(subject: Subject) -> Iterator[Problem]:
    """An endpoint policy blocks what the VPC's services need."""
    vpc = subject.vpc
    for endpoint in subject.serving:
        if endpoint.requester_managed:
            continue
        try:
            policy = read_policy(endpoint.policy)
        except PolicyError:
            continue  # unreadable_policy tells of it
        needs = needs_of(subject.short(endpoint), subject.services, vpc.place.region)
        blocked = [n for n in needs if policy.passes(n) is Passes.NO]
        if blocked:
            said = "; ".join(map(str, blocked))
            yield Problem(
                resource=f"{endpoint.id} policy",
                what=f"{subject.short(endpoint)} {endpoint.id} blocks {said}",
                fix=f"Allow it in the policy, or {_open_it(subject, endpoint)}",
                breaks=(endpoint.id,),
            )


@check(severity=Severity.MEDIUM, why="Nobody can tell what the endpoint lets through.")
def unreadable_policy(subject: Subject) -> Iterator[Problem]:
    """An endpoint policy cannot be understood."""
    for endpoint in subject.serving:
        try:
            read_policy(endpoint.policy)
        except PolicyError as error:
            yield Problem(
                resource=f"{endpoint.id} policy text",
                what=f"{subject.short(endpoint)} {endpoint.id}: {error}",
                fix=f"Write it anew, or {_open_it(subject, endpoint)}",
            )


def _open_it(subject: Subject, endpoint: Endpoint) -> str:
    """By hand, unless vpce would put back what the profile says."""
    profile = subject.plan.wish.profile if subject.plan else None
    if endpoint.is_ours and profile is not None and profile.policy is not None:
        return f"give the profile another policy than '{profile.policy.name}'."
    change = f"--vpc-endpoint-id {endpoint.id} --policy-document '{FULL_ACCESS}'"
    return f"open it: {aws(subject.vpc.place, 'ec2 modify-vpc-endpoint', change)}"


@check(
    severity=Severity.INFO,
    why="Whoever gets into the VPC can reach anybody's resources through the endpoint, with credentials of their own.",
)
def open_policy(subject: Subject) -> Iterator[Problem]:
    """Endpoint policies let everybody do everything."""
    vpc = subject.vpc
    is_open = [e for e in subject.serving if not e.requester_managed and _takes_policy(subject, e) and _is_open(e)]
    if is_open:
        services = ", ".join(sorted({short_name(e.service, vpc.place.region) for e in is_open}))
        yield Problem(
            resource=f"{vpc.id} policies",
            what=f"{len(is_open)} of {len(subject.serving)} endpoints are open to everybody: {services}",
            fix="Where data must not leave, give the profile a policy ('organization', or a file of yours), or each "
            "endpoint one: https://docs.aws.amazon.com/vpc/latest/privatelink/vpc-endpoints-access.html",
        )


def _takes_policy(subject: Subject, endpoint: Endpoint) -> bool:
    offer = subject.catalog.find(endpoint.service, endpoint.kind)
    return offer is None or offer.takes_policy


def _is_open(endpoint: Endpoint) -> bool:
    try:
        return read_policy(endpoint.policy).is_open
    except PolicyError:
        return False
