"""What is wrong: one decorated function per check.

A check's id is its name, its title the first line of its docstring. It yields problems of one VPC; `run_checks` adds
the rest. "Missing" and "drifted" come from the plan that the reconciler would carry out, so the two cannot disagree;
the other checks add what a plan does not know.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from vpce.core.findings import Finding, Severity, order_of
from vpce.core.model import PROFILE_TAG, Kind, contains, short_name
from vpce.core.plan import (
    CreateEndpoint,
    CreateSecurityGroup,
    DeleteEndpoint,
    DeleteSecurityGroup,
    EnableDnsHostnames,
    EnableDnsSupport,
    Keep,
    UpdateEndpoint,
    UpdateSecurityGroup,
)
from vpce.core.profile import Profile, Wish, has_vanished_tag, ports_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from vpce.core.model import Catalog, Endpoint, SecurityGroup, Subnet, Vpc
    from vpce.core.plan import Action, Plan

FREE = Wish(
    profile=Profile(name="gateway", gateway=("dynamodb", "s3")),
    why="gateway endpoints are free, so every VPC is better off with them",
)
"""What a VPC that asks for nothing is measured against."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """A VPC under audit."""

    vpc: Vpc
    catalog: Catalog
    plan: Plan | None
    """Towards its profile, or towards `FREE` where it asks for none. None: its tags cannot be used, see `refusal`."""
    refusal: str = ""
    """Why there is no plan, in words for people."""

    @property
    def follows_a_profile(self) -> bool:
        """Tags, or the default profile, ask for something: endpoints, or their removal."""
        if self.plan is None or self.plan.wish is FREE:
            return False
        return self.plan.wish.remove or self.plan.wish.profile is not None

    def short(self, endpoint: Endpoint) -> str:
        return short_name(endpoint.service, self.vpc.place.region)


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """What a check found: the resource, what is the matter, and a fix to paste."""

    resource: str
    what: str
    fix: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    id: str
    title: str
    severity: Severity
    why: str
    rule: Callable[[Subject], Iterator[Problem]]


CHECKS: dict[str, Check] = {}


def check(
    *, severity: Severity, why: str
) -> Callable[[Callable[[Subject], Iterator[Problem]]], Callable[[Subject], Iterator[Problem]]]:
    """Register a check; `why` says what the problem costs whoever lives in the VPC."""

    def register(rule: Callable[[Subject], Iterator[Problem]]) -> Callable[[Subject], Iterator[Problem]]:
        check_id = rule.__name__.replace("_", "-")
        title = (rule.__doc__ or "").strip().splitlines()[0]
        CHECKS[check_id] = Check(id=check_id, title=title, severity=severity, why=why, rule=rule)
        return rule

    return register


def run_checks(subject: Subject) -> list[Finding]:
    """All findings of a VPC, worst first. A check that raises fails the audit: a broken alarm must not be silent."""
    findings = [
        Finding(
            check=c.id,
            severity=c.severity,
            title=c.title,
            why=c.why,
            place=subject.vpc.place,
            vpc=subject.vpc.id,
            vpc_name=subject.vpc.tags.get("Name", ""),
            resource=problem.resource,
            what=problem.what,
            fix=problem.fix,
        )
        for c in CHECKS.values()
        for problem in c.rule(subject)
    ]
    return sorted(findings, key=order_of)


# ---- what the tags ask for ----------------------------------------------------------------------------------------


@check(severity=Severity.HIGH, why="vpce changes nothing in this VPC until the tag can be understood.")
def unknown_profile(subject: Subject) -> Iterator[Problem]:
    """The VPC's tags ask for something that cannot be understood."""
    if subject.refusal:
        yield Problem(resource=subject.vpc.id, what=subject.refusal, fix=_tag(subject.vpc, "<a known profile>"))


@check(
    severity=Severity.MEDIUM,
    why="Nothing keeps these endpoints right any more, and nothing removes them; interface ones cost by the hour.",
)
def vanished_tag(subject: Subject) -> Iterator[Problem]:
    """Endpoints of vpce are in a VPC that no longer carries its tag."""
    if has_vanished_tag(subject.vpc):
        made_for = sorted({e.made_for for e in subject.vpc.ours} - {""}) or ["<its profile>"]
        yield Problem(
            resource=subject.vpc.id,
            what=f"{len(subject.vpc.ours)} endpoints made for {', '.join(made_for)}, and no tag {PROFILE_TAG}",
            fix=f"Put the tag back: {_tag(subject.vpc, made_for[-1])}\nOr let them go: {_tag(subject.vpc, 'none')}",
        )


@check(severity=Severity.MEDIUM, why="What the profile promises is not there, and vpce cannot make it.")
def unfulfilled_profile(subject: Subject) -> Iterator[Problem]:
    """Something the profile asks for cannot be had."""
    if subject.plan is not None and subject.follows_a_profile:
        for shortfall in subject.plan.shortfalls:
            if shortfall.is_required:
                yield Problem(
                    resource=f"{shortfall.service} ({shortfall.kind}) {shortfall.zone}".rstrip(),
                    what=f"{shortfall.service}: {shortfall.why}",
                    fix="Mend what the message names, or choose a profile without this service.",
                )


@check(severity=Severity.MEDIUM, why="Somebody or something changed what vpce made; it is queued to be mended.")
def drifted_from_profile(subject: Subject) -> Iterator[Problem]:
    """The VPC is not as its profile asks."""
    if subject.plan is None or not subject.follows_a_profile:
        return
    vpc = subject.vpc
    for action in subject.plan.actions:
        if not _has_a_check_of_its_own(action, subject):
            yield Problem(
                resource=_resource(action, vpc),
                what=_what(action),
                fix=f"vpce apply {vpc.id} --region {vpc.place.region}",
            )


def _has_a_check_of_its_own(action: Action, subject: Subject) -> bool:
    """One problem is told once: these are what the checks below find, in VPCs with and without a profile."""
    vpc = subject.vpc
    match action:
        case CreateEndpoint(offer=offer):
            return offer.kind is Kind.GATEWAY  # missing_gateway_endpoint
        case UpdateEndpoint(endpoint=endpoint) if endpoint.kind is Kind.GATEWAY:
            used = {t.id for s in vpc.subnets if (t := vpc.route_table_of(s)) is not None}
            return bool(used & action.add_route_tables)  # uncovered_route_table
        case UpdateEndpoint(endpoint=endpoint, enable_private_dns=True):
            is_all = not (action.add_subnets or action.remove_subnets or action.add_our_security_group)
            return is_all and not _is_served_otherwise(vpc, endpoint)  # broken_private_dns
        case EnableDnsSupport() | EnableDnsHostnames():
            return any(e.private_dns and not e.is_leaving for e in vpc.endpoints)  # broken_private_dns
        case UpdateSecurityGroup(group=group, authorize=authorize):
            return bool(authorize) and any(group.id in groups for groups, _, _ in _closed(subject))
        case _:
            return False


def _resource(action: Action, vpc: Vpc) -> str:
    match action:
        case CreateEndpoint(service=service, offer=offer):
            return f"{service} ({offer.kind})"
        case UpdateEndpoint(endpoint=thing) | DeleteEndpoint(endpoint=thing):
            return thing.id
        case UpdateSecurityGroup(group=group) | DeleteSecurityGroup(group=group):
            return group.id
        case CreateSecurityGroup():
            return f"{vpc.id} security group"
        case EnableDnsSupport() | EnableDnsHostnames():
            return f"{vpc.id} {type(action).__name__}"


def _what(action: Action) -> str:
    match action:
        case CreateEndpoint(service=service, offer=offer):
            return f"{service}: no {offer.kind.lower()} endpoint"
        case UpdateEndpoint(service=service, endpoint=endpoint, why=why):
            return f"{service} {endpoint.id}: {why}"
        case DeleteEndpoint(service=service, endpoint=endpoint, why=why):
            return f"{service} {endpoint.id} is still there: {why}"
        case DeleteSecurityGroup(group=group, why=why):
            return f"{group.id} is still there: {why}"
        case UpdateSecurityGroup(group=group, why=why):
            return f"{group.id}: {why}"
        case CreateSecurityGroup(why=why) | EnableDnsSupport(why=why) | EnableDnsHostnames(why=why):
            return why


@check(severity=Severity.LOW, why="An interface endpoint costs money by the hour in every zone, wanted or not.")
def unwanted_endpoint(subject: Subject) -> Iterator[Problem]:
    """An endpoint of vpce that its profile does not ask for."""
    if subject.plan is not None and subject.follows_a_profile and not subject.plan.wish.remove:
        for step in subject.plan.steps:
            if isinstance(step, Keep) and not step.is_wanted and not step.endpoint.is_leaving:
                yield Problem(
                    resource=step.endpoint.id,
                    what=f"{step.service} {step.endpoint.id}: {step.why}",
                    fix=f"aws ec2 delete-vpc-endpoints --region {subject.vpc.place.region} "
                    f"--vpc-endpoint-ids {step.endpoint.id}",
                )


# ---- gateway endpoints --------------------------------------------------------------------------------------------


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
                fix=f"aws ec2 create-vpc-endpoint --region {vpc.place.region} --vpc-id {vpc.id} "
                f"--service-name {action.offer.service} --route-table-ids {' '.join(sorted(action.route_tables))}"
                + ("" if subject.follows_a_profile else f"\nOr let vpce do it: {_tag(vpc, 'gateway')}"),
            )


@check(
    severity=Severity.MEDIUM,
    why="Subnets of this table do not use the free gateway endpoint that the VPC has; where there is no NAT gateway, "
    "they cannot reach the service.",
)
def uncovered_route_table(subject: Subject) -> Iterator[Problem]:
    """A route table has no route to a gateway endpoint of its VPC."""
    vpc = subject.vpc
    used = {t.id for s in vpc.subnets if (t := vpc.route_table_of(s)) is not None}
    gateways = [e for e in vpc.endpoints if e.kind is Kind.GATEWAY and not e.is_leaving]
    for service in sorted({e.service for e in gateways}):
        serving = [e for e in gateways if e.service == service]
        covered = frozenset[str]().union(*(e.route_tables for e in serving))
        for table in sorted(used - covered):
            yield Problem(
                resource=f"{serving[0].id} {table}",
                what=f"{table} has no route to {subject.short(serving[0])} ({serving[0].id})",
                fix=f"aws ec2 modify-vpc-endpoint --region {vpc.place.region} --vpc-endpoint-id {serving[0].id} "
                f"--add-route-table-ids {table}",
            )


# ---- private DNS --------------------------------------------------------------------------------------------------

_DNS_WHY = (
    "The service's name resolves to public addresses: traffic leaves by a NAT gateway, or fails where there is none."
)


@check(severity=Severity.HIGH, why=_DNS_WHY)
def broken_private_dns(subject: Subject) -> Iterator[Problem]:
    """An interface endpoint's private DNS names do not resolve to it."""
    yield from _dns_attributes(subject)
    yield from _dns_of_endpoints(subject)


def _dns_attributes(subject: Subject) -> Iterator[Problem]:
    vpc = subject.vpc
    named = [e for e in vpc.endpoints if e.private_dns and not e.is_leaving]
    if not named or vpc.dns is None:
        return
    for attribute, is_on in (("support", vpc.dns.support), ("hostnames", vpc.dns.hostnames)):
        if not is_on:
            services = ", ".join(sorted({subject.short(e) for e in named}))
            yield Problem(
                resource=f"{vpc.id} DNS {attribute}",
                what=f"DNS {attribute} is off in the VPC, so the private names of {services} do not resolve",
                fix=f"aws ec2 modify-vpc-attribute --region {vpc.place.region} --vpc-id {vpc.id} "
                f"--enable-dns-{attribute}",
            )


def _dns_of_endpoints(subject: Subject) -> Iterator[Problem]:
    vpc = subject.vpc
    for endpoint in vpc.endpoints:
        if endpoint.kind is not Kind.INTERFACE or endpoint.is_leaving or endpoint.private_dns:
            continue
        offer = subject.catalog.find(endpoint.service, Kind.INTERFACE)
        if offer is None or not offer.private_dns_names or _is_served_otherwise(vpc, endpoint):
            continue
        yield Problem(
            resource=f"{endpoint.id} private DNS",
            what=f"{subject.short(endpoint)} {endpoint.id}: private DNS is off, though the service has "
            f"{', '.join(offer.private_dns_names)}",
            fix=f"aws ec2 modify-vpc-endpoint --region {vpc.place.region} --vpc-endpoint-id {endpoint.id} "
            "--private-dns-enabled",
        )


def _is_served_otherwise(vpc: Vpc, endpoint: Endpoint) -> bool:
    """A twin has the names; or the gateway serves the VPC, and the interface is there for networks beyond it."""
    return any(
        e.service == endpoint.service and not e.is_leaving and (e.private_dns or e.kind is Kind.GATEWAY)
        for e in vpc.endpoints
        if e.id != endpoint.id
    )


@check(
    severity=Severity.HIGH, why="The endpoint does not serve; where it has private DNS, its service is out of reach."
)
def unavailable_endpoint(subject: Subject) -> Iterator[Problem]:
    """An endpoint is there but cannot be used."""
    for endpoint in subject.vpc.endpoints:
        if endpoint.is_broken or endpoint.state in {"pendingacceptance", "partial"}:
            reason = f": {endpoint.failure}" if endpoint.failure else ""
            yield Problem(
                resource=f"{endpoint.id} state",
                what=f"{subject.short(endpoint)} {endpoint.id} is {endpoint.state}{reason}",
                fix=f"aws ec2 describe-vpc-endpoints --region {subject.vpc.place.region} "
                f"--vpc-endpoint-ids {endpoint.id}   # then accept it, or delete it so that it is made anew",
            )


@check(severity=Severity.LOW, why="Until AWS is done with it, the service may be out of reach; the next audit tells.")
def unsettled_endpoint(subject: Subject) -> Iterator[Problem]:
    """AWS was still at work on something the profile asks for."""
    if subject.plan is not None and subject.follows_a_profile:
        for wait in subject.plan.waits:
            region = subject.vpc.place.region
            fix = f"Nothing, if it passes. See: vpce explain {subject.vpc.id} --region {region}"
            yield Problem(resource=f"{wait.subject} at work", what=f"{wait.subject}: {wait.why}", fix=fix)


@check(severity=Severity.HIGH, why="Names resolve to the endpoint, but connections to it time out.")
def closed_security_group(subject: Subject) -> Iterator[Problem]:
    """The security groups of interface endpoints do not let a CIDR of the VPC in."""
    vpc = subject.vpc
    for (group_ids, port, cidr), services in _closed(subject).items():
        source = f"Ipv6Ranges=[{{CidrIpv6={cidr}}}]" if ":" in cidr else f"IpRanges=[{{CidrIp={cidr}}}]"
        yield Problem(
            resource=f"{'+'.join(group_ids)} {port} {cidr}",
            what=f"{', '.join(group_ids)} closed to {cidr} on port {port}, in front of {', '.join(sorted(services))}",
            fix=f"aws ec2 authorize-security-group-ingress --region {vpc.place.region} --group-id {group_ids[0]} "
            f"--ip-permissions IpProtocol=tcp,FromPort={port},ToPort={port},{source}",
        )


def _closed(subject: Subject) -> Mapping[tuple[tuple[str, ...], int, str], list[str]]:
    """(groups, port, CIDR that is not let in) → services behind them."""
    vpc = subject.vpc
    closed: dict[tuple[tuple[str, ...], int, str], list[str]] = defaultdict(list)
    for endpoint in vpc.endpoints:
        if endpoint.kind is not Kind.INTERFACE or endpoint.is_leaving or endpoint.is_broken:
            continue
        groups = [g for i in sorted(endpoint.security_groups) if (g := vpc.group(i)) is not None]
        if len(groups) < len(endpoint.security_groups) or not groups:
            continue  # a group that we cannot see may let everybody in
        for port in ports_of(subject.short(endpoint)):
            for cidr in vpc.cidrs:
                if not _lets_in(groups, port, cidr, vpc.subnets):
                    closed[tuple(g.id for g in groups), port, cidr].append(subject.short(endpoint))
    return closed


def _lets_in(groups: list[SecurityGroup], port: int, cidr: str, subnets: tuple[Subnet, ...]) -> bool:
    """The whole CIDR, or every subnet in it. Groups and prefix lists as sources may let in anybody: no alarm."""
    rules = [r for g in groups for r in g.ingress]
    if any(r.admits(port, cidr) for r in rules) or any(not r.is_cidr and r.first <= port <= r.last for r in rules):
        return True
    inside = [c for s in subnets for c in s.cidrs if contains(cidr, c)]
    return bool(inside) and all(any(r.admits(port, c) for r in rules) for c in inside)


def _tag(vpc: Vpc, value: str) -> str:
    return (
        f"aws ec2 create-tags --region {vpc.place.region} --resources {vpc.id} --tags Key={PROFILE_TAG},Value={value}"
    )
