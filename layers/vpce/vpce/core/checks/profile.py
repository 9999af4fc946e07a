"""Is each VPC as its tags ask, and do they ask for something that can be had?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from vpce.core.checks.access import closed_groups
from vpce.core.checks.check import CHECKS, Problem, Subject, check
from vpce.core.checks.names import is_served_otherwise, shadowed_name
from vpce.core.checks.room import quota_headroom
from vpce.core.commands import aws, tag_it
from vpce.core.findings import Severity
from vpce.core.ignores import AUDIT_TAG, wrong_in_tag
from vpce.core.model import PROFILE_TAG, Kind
from vpce.core.network import INTERFACE_QUOTA
from vpce.core.plan import (
    CreateEndpoint,
    CreateSecurityGroup,
    DeleteEndpoint,
    DeleteSecurityGroup,
    EnableDnsHostnames,
    EnableDnsSupport,
    Leaving,
    MarkEndpoint,
    Release,
    UnmarkEndpoint,
    UpdateEndpoint,
    UpdateSecurityGroup,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from vpce.core.model import Vpc
    from vpce.core.plan import Action


@check(severity=Severity.HIGH, why="vpce changes nothing in this VPC until the tag can be understood.")
def unknown_profile(subject: Subject) -> Iterator[Problem]:
    """The VPC's tags ask for something that cannot be understood."""
    if subject.refusal:
        yield Problem(resource=subject.vpc.id, what=subject.refusal, fix=tag_it(subject.vpc, "<a known profile>"))


@check(
    severity=Severity.LOW, why="What somebody meant to silence is told, or what they meant to hear is not understood."
)
def unknown_ignore(subject: Subject) -> Iterator[Problem]:
    """The VPC's tag endpoint-audit, or a table of the file of ignores, ignores nothing."""
    for sentence in wrong_in_tag(subject.vpc.tags, CHECKS):
        fix = aws(
            subject.vpc.place,
            "ec2 create-tags",
            f"--resources {subject.vpc.id} --tags 'Key={AUDIT_TAG},Value=<off, or ids of checks>'",
        )
        yield Problem(resource=sentence, what=sentence, fix=fix)


@check(
    severity=Severity.LOW, why="The problem that it silenced is told again; whoever decided it may want to decide anew."
)
def expired_ignore(_: Subject) -> Iterator[Problem]:
    """A table of the file of ignores is over."""
    yield from ()  # tags have no date; `vpce.core.ignores` reads the file


@check(severity=Severity.MEDIUM, why="Nobody asks for these endpoints any more: they go when their time is over.")
def vanished_tag(subject: Subject) -> Iterator[Problem]:
    """Endpoints of vpce are in a VPC that no longer carries its tag."""
    ours = subject.vpc.ours
    if subject.plan is not None and subject.plan.wish.retire and ours:
        made_for = sorted({e.made_for for e in ours} - {""}) or ["<its profile>"]
        marks = [e.delete_after for e in ours if e.delete_after]
        when = f"; they go from {min(marks):%Y-%m-%d %H:%M} UTC on" if marks else ""
        yield Problem(
            resource=subject.vpc.id,
            what=f"{len(ours)} endpoints made for {', '.join(made_for)}, and no tag {PROFILE_TAG}{when}",
            fix=f"Put the tag back: {tag_it(subject.vpc, made_for[-1])}\nOr let them go: {tag_it(subject.vpc, 'none')}",
            monthly=subject.month(*ours),
        )


@check(severity=Severity.MEDIUM, why="What the profile promises is not there, and vpce cannot make it.")
def unfulfilled_profile(subject: Subject) -> Iterator[Problem]:
    """Something the profile asks for cannot be had."""
    if subject.plan is not None and subject.follows_a_profile:
        elsewhere = _told_elsewhere(subject)
        for shortfall in subject.plan.shortfalls:
            if shortfall.is_required and shortfall.because_of not in elsewhere:
                yield Problem(
                    resource=f"{shortfall.service} ({shortfall.kind}) {shortfall.zone}".rstrip(),
                    what=f"{shortfall.service}: {shortfall.why}",
                    fix=shortfall.fix or "Mend what the message names, or choose a profile without this service.",
                )


def _told_elsewhere(subject: Subject) -> frozenset[str]:
    """What stands in a shortfall's way and has a check of its own: one problem is told once."""
    found: set[str] = set()
    if not CHECKS["shadowed-name"].needs & subject.network.unread.keys():
        found |= {p.resource for p in shadowed_name(subject)}
    if any(True for _ in quota_headroom(subject)):
        found.add(INTERFACE_QUOTA)
    return frozenset(found)


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


def _has_a_check_of_its_own(action: Action, subject: Subject) -> bool:  # noqa: PLR0911  one case per check
    """One problem is told once: these are what the checks below find, in VPCs with and without a profile."""
    vpc = subject.vpc
    match action:
        case CreateEndpoint(offer=offer):
            return offer.kind is Kind.GATEWAY  # missing_gateway_endpoint
        case UpdateEndpoint(endpoint=endpoint) if endpoint.kind is Kind.GATEWAY:
            used = {t.id for s in vpc.subnets if (t := vpc.route_table_of(s)) is not None}
            return bool(used & action.add_route_tables) and not action.policy  # uncovered_route_table
        case UpdateEndpoint(endpoint=endpoint, enable_private_dns=True):
            more = (
                action.add_subnets,
                action.remove_subnets,
                action.address_type,
                action.add_our_security_group,
                action.policy,
            )
            return not any(more) and not is_served_otherwise(subject, endpoint)  # broken_private_dns
        case EnableDnsSupport() | EnableDnsHostnames():
            return any(e.private_dns and not e.is_leaving for e in vpc.endpoints)  # broken_private_dns
        case MarkEndpoint() | DeleteEndpoint():
            return action in subject.unwanted  # vanished_tag, unwanted_endpoint
        case UpdateSecurityGroup(group=group, authorize=authorize):
            return bool(authorize) and any(group.id in groups for groups, _, _ in closed_groups(subject))
        case _:
            return False


def _resource(action: Action, vpc: Vpc) -> str:  # noqa: PLR0911  one case per kind of action
    match action:
        case CreateEndpoint(service=service, offer=offer):
            return f"{service} ({offer.kind})"
        case UnmarkEndpoint(endpoint=endpoint):
            return f"{endpoint.id} mark"
        case UpdateEndpoint() | MarkEndpoint() | DeleteEndpoint():
            return action.endpoint.id
        case UpdateSecurityGroup(group=group) | DeleteSecurityGroup(group=group):
            return group.id
        case CreateSecurityGroup():
            return f"{vpc.id} security group"
        case EnableDnsSupport() | EnableDnsHostnames():
            return f"{vpc.id} {type(action).__name__}"
        case Release(resource=resource):
            return resource


def _what(action: Action) -> str:
    match action:
        case CreateEndpoint(service=service, offer=offer):
            return f"{service}: no {offer.kind.lower()} endpoint"
        case UpdateEndpoint() | UnmarkEndpoint() | MarkEndpoint():
            return f"{action.service} {action.endpoint.id}: {action.why}"
        case DeleteEndpoint(service=service, endpoint=endpoint, why=why):
            return f"{service} {endpoint.id} is still there: {why}"
        case DeleteSecurityGroup(group=group, why=why):
            return f"{group.id} is still there: {why}"
        case UpdateSecurityGroup(group=group, why=why):
            return f"{group.id}: {why}"
        case CreateSecurityGroup(why=why) | EnableDnsSupport(why=why) | EnableDnsHostnames(why=why) | Release(why=why):
            return why


@check(severity=Severity.LOW, why="An interface endpoint costs money by the hour in every zone, wanted or not.")
def unwanted_endpoint(subject: Subject) -> Iterator[Problem]:
    """An endpoint of vpce that its profile does not ask for."""
    if subject.plan is not None and not subject.plan.wish.retire:  # vanished_tag
        for step in subject.unwanted:
            when = f"; it goes after {step.at:%Y-%m-%d %H:%M} UTC" if isinstance(step, Leaving) else ""
            yield Problem(
                resource=step.endpoint.id,
                what=f"{step.service} {step.endpoint.id}: {step.why}{when}",
                fix="Nothing, if it may go. Else ask for it again in the profile, or keep it as your own: "
                f"vpce disown {step.endpoint.id} --region {subject.vpc.place.region}",
                monthly=subject.month(step.endpoint),
            )
