"""May it be done now? What a plan does, less what the mode, the change window or the guard holds back.

    mode          watch: nothing is done; create-only: what is missing is added, nothing is taken away
    window        what can disturb traffic waits until it opens
    guard         no large part of an installation goes at once, unless the VPC's tags say the word

Window and guard do not hold what leaves a VPC or subnet that somebody is deleting, and in which nothing else lives.
Pure filters: they turn actions into `Held` steps that say why, and never add any.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from vpce.core.model import DELETIONS_TAG, Addresses, Endpoint, Kind, Offer, short_name, utc
from vpce.core.plan import (
    Action,
    CreateEndpoint,
    DeleteEndpoint,
    DeleteSecurityGroup,
    EnableDnsHostnames,
    EnableDnsSupport,
    Held,
    MarkEndpoint,
    Release,
    UpdateEndpoint,
    UpdateSecurityGroup,
    Wait,
    in_order,
    takes_names,
)
from vpce.core.policies import FULL_ACCESS
from vpce.core.policy import Passes, needs_of, read_policy, same_policy
from vpce.core.profile import Mode

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from datetime import datetime

    from vpce.core.plan import Plan, Step

REROUTED = (
    "open connections drop, and the service sees other source addresses from then on: "
    "policies with aws:SourceIp stop matching"
)
_WIDENED = (
    "the names come to resolve to IPv6 too: where security groups or network ACLs let clients out by IPv4 only, those "
    "with IPv6 may hang"
)
_WITHOUT_IPV6 = "open IPv6 connections drop, and clients that have IPv6 only lose their way"
_RENAMED = "the names lead to the endpoint for the whole VPC, and the service sees private source addresses"

_NARROWED = "calls that the new policy does not allow are refused from then on"
_HEMMED_IN = "calls that its policy does not allow are refused, though they may pass by another way now"
_SHADOWED = (
    "default names of public APIs lead there too, and are refused: call those APIs by custom domain names from then on"
)
SHADOWING = frozenset({"appsync-api", "execute-api"})
"""Services whose names stand for private and public things alike, and whose endpoint lets through the private only.
https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-private-apis.html
https://docs.aws.amazon.com/appsync/latest/devguide/using-private-apis.html"""

FEW = 5
"""Deletions below which the guard never stops a run."""
FEW_ADDRESSES = 8
"""Free addresses of a subnet below which it is told; every interface takes one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hold:
    why: str
    until: datetime | None = None
    is_unsafe: bool = False

    def on(self, action: Action) -> Held:
        return Held(action=action, why=self.why, until=self.until, is_unsafe=self.is_unsafe)


def careful(plan: Plan, now: datetime) -> Plan:
    """What of a plan may be done by the VPC's mode and in its change window."""
    wish = plan.wish

    def hold(action: Action) -> Hold | None:
        if wish.mode is Mode.WATCH:
            return Hold(why="the mode is watch")
        if wish.mode is Mode.CREATE_ONLY and takes_away(action):
            return Hold(why="the mode is create-only")
        disturbs = disturbance(action) or _follows_what_disturbs(action, plan)
        is_closed = wish.window and not wish.window.is_open(now)
        if wish.window and is_closed and not wish.is_new and not _makes_way(plan, action) and disturbs:
            opens = wish.window.opens(now)
            return Hold(why=f"the change window {wish.window.text} opens at {utc(opens)}", until=opens)
        return None

    return _holding(plan, hold)


def _follows_what_disturbs(action: Action, plan: Plan) -> bool:
    """Whether EC2 refuses it without earlier steps of the plan: names need the VPC's DNS attributes, S3's the gateway.

    https://docs.aws.amazon.com/vpc/latest/privatelink/create-interface-endpoint.html
    https://docs.aws.amazon.com/AmazonS3/latest/userguide/privatelink-interface-endpoints.html
    """
    match action:
        case (
            CreateEndpoint(private_dns=True, offer=Offer(service=service))
            | UpdateEndpoint(enable_private_dns=True, endpoint=Endpoint(service=service))
        ):
            return any(
                isinstance(a, EnableDnsSupport | EnableDnsHostnames)
                or (isinstance(a, CreateEndpoint) and (a.offer.service, a.offer.kind) == (service, Kind.GATEWAY))
                for a in plan.actions
            )
        case _:
            return False


def guarded(plans: Iterable[Plan], installed: Callable[[], int], share: int) -> list[Plan]:
    """The plans of one run; without their deletions, where these are too many together.

    Args:
        plans: all that is about to be done in one place.
        installed: counts the endpoints that the installation has there; asked only where it matters.
        share: per cent of them that may go in one run; fewer than `FEW` always may.

    """
    plans = list(plans)
    number = sum(_deletions(p) for p in plans if not p.wish.deletions_allowed)
    if number < FEW or number * 100 <= (total := installed()) * share:
        return plans
    hold = Hold(
        why=f"{number} of the installation's {total} endpoints here would go at once, more than {share} %; "
        f"if that is meant, tag the VPC {DELETIONS_TAG} = allowed",
        is_unsafe=True,
    )

    def without_deletions(plan: Plan) -> Plan:
        return _holding(plan, lambda action: hold if _may_be_too_much(plan, action) else None)

    return [p if p.wish.deletions_allowed else without_deletions(p) for p in plans]


def _deletions(plan: Plan) -> int:
    """Also those that follow within minutes."""
    follow = (s.then for s in plan.waits if s.then)
    return sum(_may_be_too_much(plan, a) for a in (*plan.actions, *follow))


def _may_be_too_much(plan: Plan, action: Action) -> bool:
    return isinstance(action, DeleteEndpoint) and not _makes_way(plan, action)


def _makes_way(plan: Plan, action: Action) -> bool:
    released = {s.id for s in plan.vpc.subnets if s.released}
    match action:
        case DeleteEndpoint(endpoint=endpoint) if not plan.vpc.released:
            return bool(endpoint.subnets) and endpoint.subnets <= released
        case UpdateEndpoint(remove_subnets=removed):
            return bool(removed) and removed <= released
        case _:
            return plan.vpc.released is not None


def _holding(plan: Plan, hold: Callable[[Action], Hold | None]) -> Plan:
    steps = [step for old in plan.steps for step in (_parts(old, hold) if isinstance(old, Action) else [old])]
    kept = {s.action.endpoint.id: s for s in steps if isinstance(s, Held) and isinstance(s.action, DeleteEndpoint)}

    def after(step: Step) -> Step:
        """What waits for something that may not be done does not wait: nothing is coming."""
        if not isinstance(step, Wait) or step.then is None:
            return step
        if first := next((kept[e] for e in sorted(step.on) if e in kept), None):
            return replace(first, action=step.then)
        held = hold(step.then)
        return held.on(step.then) if held else step

    return replace(plan, steps=in_order(after(s) for s in steps))


def _parts(action: Action, hold: Callable[[Action], Hold | None]) -> Iterator[Step]:
    """The action whole, or the part that may be done and the part that is held."""
    parts = list(_split(action))
    holds = [hold(part) for part in parts]
    if not any(holds):
        yield action
    elif all(holds):
        parts, holds = [action], holds[:1]
    for part, held in zip(parts, holds, strict=True):
        if held:
            yield held.on(part)
        elif any(holds):
            yield part


def _split(action: Action) -> Iterator[Action]:
    """What an action adds, and what it takes away."""
    match action:
        case UpdateEndpoint(address_type=addresses) if takes_away(action) or addresses:
            # IPv4 only is one with the subnets that are added: they may have nothing else.
            wider = addresses if addresses is Addresses.DUALSTACK else None
            subnets, groups = action.remove_subnets, action.remove_security_groups
            rest = replace(action, remove_subnets=frozenset(), remove_security_groups=frozenset(), policy="")
            nothing = UpdateEndpoint(service=action.service, endpoint=action.endpoint, why=action.why)
            only = action.inbound_resolver_only if wider else None
            if wider and not action.enable_private_dns:
                rest = replace(rest, inbound_resolver_only=None)  # it was said of the new addresses' records alone
            is_narrow = _narrows(action)
            parts = (
                replace(rest, address_type=None if wider else addresses, policy="" if is_narrow else action.policy),
                replace(nothing, address_type=wider, inbound_resolver_only=only),
                replace(nothing, remove_subnets=subnets, remove_security_groups=groups),
                replace(nothing, policy=action.policy if is_narrow else ""),
            )
            yield from (p for p in parts if p.changes_something)
        case UpdateSecurityGroup(authorize=added, revoke=removed) if added and removed:
            yield replace(action, revoke=frozenset())
            yield replace(action, authorize=frozenset())
        case _:
            yield action


def warnings_of(plan: Plan) -> dict[str, list[str]]:
    """What may go wrong → the services with which it may; nothing for a VPC made a moment ago."""
    warnings: dict[str, list[str]] = {}
    if plan.wish.is_new:
        return warnings
    for action in (planned := (*plan.actions, *(h.action for h in plan.held))):
        texts = (disturbance(action), *_about_names(action, plan), *_about_policy(action, plan))
        for text in dict.fromkeys(filter(None, texts)):
            warnings.setdefault(text, []).append(getattr(action, "service", "the VPC"))
    return warnings | _about_addresses(planned, plan)


def _about_names(action: Action, plan: Plan) -> Iterator[str]:
    match action:
        case CreateEndpoint(offer=thing) | UpdateEndpoint(endpoint=thing) if (
            takes_names(action) and not action.inbound_resolver_only
        ):
            if short_name(thing.service, plan.vpc.place.region) in SHADOWING:
                yield _SHADOWED
            if why := plan.forwarded.get(thing.service):
                yield f"{why}, so clients are led there and not to the endpoint"
        case _:
            pass


def _about_policy(action: Action, plan: Plan) -> Iterator[str]:
    """A policy that is known to stop what the VPC's services need; or that may stop what passes by another way now."""
    match action:
        case CreateEndpoint(policy=text, offer=thing) | UpdateEndpoint(policy=text, endpoint=thing) if text:
            if _narrows(action):
                yield _NARROWED if isinstance(action, UpdateEndpoint) else _HEMMED_IN
            region, asked = plan.vpc.place.region, plan.wish.profile.interface if plan.wish.profile else ()
            there = (short_name(e.service, region) for e in plan.vpc.endpoints if e.kind is Kind.INTERFACE)
            needs = needs_of(short_name(thing.service, region), frozenset({*asked, *there}), region)
            policy = read_policy(text)
            if blocked := [n for n in needs if policy.passes(n) is Passes.NO]:
                yield f"its policy blocks {'; '.join(map(str, blocked))}"
        case _:
            pass


def _about_addresses(actions: Iterable[Action], plan: Plan) -> dict[str, list[str]]:
    users: dict[str, list[str]] = {}
    for action in actions:
        match action:
            case CreateEndpoint(subnets=subnets) | UpdateEndpoint(add_subnets=subnets):
                for subnet in subnets:
                    users.setdefault(subnet, []).append(action.service)
            case _:
                pass
    left = {plan.vpc.subnet_by_id[s]: plan.vpc.subnet_by_id[s].free_addresses - len(users[s]) for s in sorted(users)}
    return {
        f"{subnet.id} in {subnet.zone} is left with {number} free IPv4 addresses": users[subnet.id]
        for subnet, number in left.items()
        if number < FEW_ADDRESSES
    }


def takes_away(action: Action) -> bool:
    match action:
        case UpdateEndpoint(address_type=addresses):
            removed = action.remove_subnets or action.remove_security_groups
            return bool(removed) or addresses is Addresses.IPV4 or _narrows(action)
        case UpdateSecurityGroup(revoke=revoked):
            return bool(revoked)
        case _:
            return isinstance(action, Release | MarkEndpoint | DeleteEndpoint | DeleteSecurityGroup)


def _narrows(action: CreateEndpoint | UpdateEndpoint) -> bool:
    """Every other policy than full access may let somebody no longer through."""
    return bool(action.policy) and not same_policy(action.policy, FULL_ACCESS)


def disturbance(action: Action) -> str:  # noqa: C901, PLR0911, PLR0912  one case per way to disturb
    """What an action may do to traffic of the VPC as it is; empty where nobody can notice.

    https://docs.aws.amazon.com/vpc/latest/privatelink/vpc-endpoints-s3.html
    https://docs.aws.amazon.com/vpc/latest/privatelink/manage-dns-names.html
    """
    match action:
        case CreateEndpoint(offer=offer) if offer.kind is Kind.GATEWAY:
            return REROUTED
        case UpdateEndpoint(add_route_tables=tables) if tables:
            return REROUTED
        case CreateEndpoint(private_dns=True, inbound_resolver_only=only) if not only:
            return _RENAMED
        case UpdateEndpoint(enable_private_dns=True, inbound_resolver_only=only) if not only:
            return _RENAMED
        case UpdateEndpoint(address_type=Addresses.IPV4):
            return _WITHOUT_IPV6
        case UpdateEndpoint(address_type=Addresses.DUALSTACK, endpoint=endpoint):
            return REROUTED if endpoint.kind is Kind.GATEWAY else _WIDENED
        case UpdateEndpoint(remove_subnets=removed) if removed:
            return f"open connections to its interfaces in {', '.join(sorted(removed))} drop"
        case UpdateEndpoint() if _narrows(action):
            return _NARROWED
        case UpdateSecurityGroup(revoke=revoked) if revoked:
            return "who came in by the rules that go no longer does"
        case EnableDnsSupport() | EnableDnsHostnames():
            return "private hosted zones that are associated with the VPC begin to answer"
        case DeleteEndpoint(endpoint=endpoint) if endpoint.kind is Kind.GATEWAY:
            return "open connections drop; new ones go by NAT or internet gateway, if there is one"
        case DeleteEndpoint():
            return "open connections drop, and the names lead out of the VPC again"
        case _:
            return ""
