"""May it be done now? What a plan does, less what the mode, the change window or the guard holds back.

    mode          watch: nothing is done; create-only: what is missing is added, nothing is taken away
    window        what can disturb traffic waits until it opens
    guard         no large part of an installation goes at once, unless the VPC's tags say the word

Pure filters: they turn actions into `Held` steps that say why, and never add any.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from vpce.core.model import DELETIONS_TAG, Endpoint, Kind, Offer
from vpce.core.plan import (
    Action,
    CreateEndpoint,
    DeleteEndpoint,
    DeleteSecurityGroup,
    EnableDnsHostnames,
    EnableDnsSupport,
    Held,
    MarkEndpoint,
    UpdateEndpoint,
    UpdateSecurityGroup,
    Wait,
    in_order,
    utc,
)
from vpce.core.profile import Mode

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from datetime import datetime

    from vpce.core.plan import Plan, Step

_REROUTED = "open connections drop, and the service sees other source addresses: no aws:SourceIp matches any more"
_RENAMED = "its names lead to the endpoint, for the whole VPC; the service sees private source addresses"

FEW = 5
"""Deletions below which the guard never stops a run."""


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
        if wish.window and not wish.window.is_open(now) and not wish.is_new and disturbs:
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
    unsafe = lambda action: hold if isinstance(action, DeleteEndpoint) else None  # noqa: E731
    return [p if p.wish.deletions_allowed else _holding(p, unsafe) for p in plans]


def _deletions(plan: Plan) -> int:
    """Also those that follow within minutes."""
    follow = (s.then for s in plan.steps if isinstance(s, Wait))
    return sum(isinstance(a, DeleteEndpoint) for a in (*plan.actions, *follow))


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
        case UpdateEndpoint(remove_subnets=removed) if removed:
            rest = replace(action, remove_subnets=frozenset())
            if rest.changes_something:
                yield rest
            yield UpdateEndpoint(
                service=action.service, endpoint=action.endpoint, remove_subnets=removed, why=action.why
            )
        case UpdateSecurityGroup(authorize=added, revoke=removed) if added and removed:
            yield replace(action, revoke=frozenset())
            yield replace(action, authorize=frozenset())
        case _:
            yield action


def warnings_of(plan: Plan) -> dict[str, list[str]]:
    """What may go wrong with traffic → the services with which it may; nothing for a VPC made a moment ago."""
    warnings: dict[str, list[str]] = {}
    for action in (*plan.actions, *(h.action for h in plan.held)):
        if not plan.wish.is_new and (text := disturbance(action)):
            warnings.setdefault(text, []).append(getattr(action, "service", "the VPC"))
    return warnings


def takes_away(action: Action) -> bool:
    match action:
        case UpdateEndpoint(remove_subnets=removed) | UpdateSecurityGroup(revoke=removed):
            return bool(removed)
        case _:
            return isinstance(action, MarkEndpoint | DeleteEndpoint | DeleteSecurityGroup)


def disturbance(action: Action) -> str:  # noqa: PLR0911  one case per way to disturb
    """What an action may do to traffic of the VPC as it is; empty where nobody can notice.

    https://docs.aws.amazon.com/vpc/latest/privatelink/vpc-endpoints-s3.html
    https://docs.aws.amazon.com/vpc/latest/privatelink/manage-dns-names.html
    """
    match action:
        case CreateEndpoint(offer=offer) if offer.kind is Kind.GATEWAY:
            return _REROUTED
        case UpdateEndpoint(add_route_tables=tables) if tables:
            return _REROUTED
        case CreateEndpoint(private_dns=True, inbound_resolver_only=only) if not only:
            return _RENAMED
        case UpdateEndpoint(enable_private_dns=True, inbound_resolver_only=only) if not only:
            return _RENAMED
        case UpdateEndpoint(remove_subnets=removed) if removed:
            return f"open connections to its interfaces in {', '.join(sorted(removed))} drop"
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
