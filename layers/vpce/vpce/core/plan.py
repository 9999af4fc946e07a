"""What to do: the difference between a VPC and what is wished for it.

    wanted   there            step
    ------   --------------   -----------------------------------------------------------------
    yes      no               CreateEndpoint; Shortfall where AWS would refuse it; Elsewhere where its names lead to an
                              endpoint outside the VPC
    yes      yes, ours        Keep, or UpdateEndpoint; Wait while AWS is still working on it
    yes      yes, not ours    Leave, it counts; and Shortfall for route tables that it misses
    no       yes, ours        MarkEndpoint with the time it goes, Leaving until then, DeleteEndpoint after it; at once
                              if the tag says ``none``
    no       yes, not ours    Leave

Where somebody is deleting a subnet or a security group and only ours is in the way (``vpce.core.aside``), our endpoints
leave it: by the UpdateEndpoint that takes it off them, or by DeleteEndpoint where no other subnet is left.

What is wanted again loses its mark (UnmarkEndpoint). What may not be done now is Held (``vpce.core.caution``). The
security group of interface endpoints and the VPC's DNS attributes are steps like any other: what is not in the plan
does not happen. Every step says why, also those that change nothing.

Addresses: an endpoint is made dual-stack where its service and all its subnets are. What is there changes little, since
names that come to resolve to IPv6, or cease to, are a change under way:

    to dualstack    an interface endpoint whose subnets all came to be dual-stack, if it was made to follow them; those
                    of versions that knew IPv4 only were not, so that no new version changes an endpoint by itself
    to either       if the VPC's tag ``endpoint-addresses`` asks for it; a gateway only then, for new routes cut
                    connections
    never           back to ipv4 because a zone without IPv6 turns up: that zone goes without, told, and its packets
                    cross zones, while a client that has IPv6 only would lose its way

https://docs.aws.amazon.com/vpc/latest/privatelink/privatelink-access-aws-services.html#aws-service-ip-address-type
https://docs.aws.amazon.com/vpc/latest/privatelink/gateway-endpoints.html#gateway-endpoint-ip-address-type
https://docs.aws.amazon.com/vpc/latest/privatelink/vpc-endpoints-s3.html#gateway-endpoint-considerations-s3
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING

from vpce.core.commands import more_of, take_off
from vpce.core.model import (
    ADDRESSES_TAG,
    MANAGED_BY_TAG,
    OUR_RULE,
    Addresses,
    Catalog,
    Endpoint,
    Ingress,
    Kind,
    Offer,
    SecurityGroup,
    are_dual,
    short_name,
)
from vpce.core.network import GATEWAY_QUOTA, INTERFACE_QUOTA
from vpce.core.policy import same_policy
from vpce.core.profile import did_you_mean, ports_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from vpce.core.dns import Taken
    from vpce.core.model import Subnet, Vpc
    from vpce.core.network import Quotas
    from vpce.core.prices import Prices
    from vpce.core.profile import Wish


@dataclass(frozen=True, slots=True, kw_only=True)
class Release:
    """We keep out of a VPC or subnet for a while, for somebody is deleting it; a tag on it tells every later look."""

    resource: str
    until: datetime
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class EnableDnsSupport:
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class EnableDnsHostnames:
    """EC2 takes one attribute per call, and hostnames only while support is on."""

    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateSecurityGroup:
    ingress: frozenset[Ingress]
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class UpdateSecurityGroup:
    group: SecurityGroup
    authorize: frozenset[Ingress]
    revoke: frozenset[Ingress]
    """Only rules that carry our description."""
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DeleteSecurityGroup:
    group: SecurityGroup
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateEndpoint:
    """An interface endpoint also gets our security group, which may be an earlier step of the same plan."""

    service: str
    offer: Offer
    made_for: str
    route_tables: frozenset[str] = frozenset()
    subnets: frozenset[str] = frozenset()
    address_type: Addresses = Addresses.IPV4
    private_dns: bool = False
    inbound_resolver_only: bool | None = None
    """S3's interface endpoint beside its gateway: the VPC itself keeps to the free gateway.
    https://docs.aws.amazon.com/AmazonS3/latest/userguide/privatelink-interface-endpoints.html"""
    policy: str = ""
    """As JSON; empty: AWS's own, full access."""
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class UpdateEndpoint:
    """All changes to one endpoint, in one call."""

    service: str
    endpoint: Endpoint
    add_route_tables: frozenset[str] = frozenset()
    add_subnets: frozenset[str] = frozenset()
    remove_subnets: frozenset[str] = frozenset()
    address_type: Addresses | None = None
    """None: as it is."""
    add_our_security_group: bool = False
    remove_security_groups: frozenset[str] = frozenset()
    enable_private_dns: bool = False
    inbound_resolver_only: bool | None = None
    """As in `CreateEndpoint`, wherever something is said about names."""
    policy: str = ""
    """As JSON; empty: it stays as it is."""
    why: str

    @property
    def changes_something(self) -> bool:
        return self != UpdateEndpoint(service=self.service, endpoint=self.endpoint, why=self.why)


@dataclass(frozen=True, slots=True, kw_only=True)
class MarkEndpoint:
    """Nobody wants it any more: from now on people can read on it when it goes."""

    service: str
    endpoint: Endpoint
    delete_after: datetime
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class UnmarkEndpoint:
    service: str
    endpoint: Endpoint
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DeleteEndpoint:
    service: str
    endpoint: Endpoint
    due: datetime | None = None
    """Since when it may go; None where the tag says ``none``."""
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Keep:
    service: str
    endpoint: Endpoint
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Leave:
    service: str
    endpoint: Endpoint
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Leaving:
    """Ours, not wanted, and its time is not over."""

    service: str
    endpoint: Endpoint
    at: datetime
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Stay:
    """Somebody tried to delete it; ours is in the way, and stays."""

    resource: str
    why: str
    is_trouble: bool = False
    """People must know: nobody could see whether others are in the way too."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Elsewhere:
    """Wanted, and served by an endpoint outside the VPC: a local one would take its names away, or be refused."""

    service: str
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Shortfall:
    """Wanted, and not to be had; told to people."""

    service: str
    kind: Kind
    why: str
    is_required: bool = True
    zone: str = ""
    """The zone that goes without, where it is one zone only."""
    because_of: str = ""
    """Id of the private hosted zone, or code of the quota, that stands in the way."""
    fix: str = ""
    """A command to paste, where there is one."""


Action = (
    Release
    | EnableDnsSupport
    | EnableDnsHostnames
    | CreateSecurityGroup
    | UpdateSecurityGroup
    | CreateEndpoint
    | UpdateEndpoint
    | UnmarkEndpoint
    | MarkEndpoint
    | DeleteEndpoint
    | DeleteSecurityGroup
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wait:
    """AWS is not done with something; a later look goes on from there."""

    subject: str
    why: str
    then: Action | None = None
    """What is done after it, where that is known."""
    on: frozenset[str] = frozenset()
    """Endpoints that this plan deletes, and that must be gone first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """It would be done, and may not be done now."""

    action: Action
    why: str
    until: datetime | None = None
    """When it will be done; None: when somebody says so."""
    is_unsafe: bool = False
    """Too much would go at once."""


Step = Action | Keep | Leave | Leaving | Stay | Elsewhere | Wait | Shortfall | Held


class Verdict(StrEnum):
    """What came of an action."""

    DONE = "done"
    RETRY = "will be tried again"
    FAILED = "failed"
    DEFERRED = "goes on later"
    BLOCKED = "needs an earlier step first"


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    action: Action
    verdict: Verdict
    message: str = ""
    """What AWS said, and for a failure what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """Steps in the order in which they are carried out; quiet ones last."""

    vpc: Vpc
    wish: Wish
    steps: tuple[Step, ...]
    forwarded: Mapping[str, str] = field(default_factory=dict)
    """As in `Known`."""
    prices: Prices | None = None
    """Of the region, for who asks what it costs; None where nobody knows them."""

    @property
    def actions(self) -> tuple[Action, ...]:
        return tuple(s for s in self.steps if isinstance(s, Action))

    @property
    def shortfalls(self) -> tuple[Shortfall, ...]:
        return tuple(s for s in self.steps if isinstance(s, Shortfall))

    @property
    def held(self) -> tuple[Held, ...]:
        return tuple(s for s in self.steps if isinstance(s, Held))

    @property
    def due(self) -> tuple[Endpoint, ...]:
        """Endpoints whose time is over."""
        follow = (s.then for s in self.waits)
        return tuple(a.endpoint for a in (*self.actions, *follow) if isinstance(a, DeleteEndpoint) and a.due)

    @property
    def stays(self) -> tuple[Stay, ...]:
        return tuple(s for s in self.steps if isinstance(s, Stay))

    @property
    def waits(self) -> tuple[Wait, ...]:
        return tuple(s for s in self.steps if isinstance(s, Wait))


def takes_names(action: Action) -> bool:
    """Names of a service come to lead to an endpoint by private DNS."""
    match action:
        case CreateEndpoint(private_dns=takes) | UpdateEndpoint(enable_private_dns=takes):
            return takes
        case _:
            return False


GRACE = timedelta(hours=24)


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What a plan may know beside the VPC, the wish and the catalogue. Services by AWS's full names."""

    now: datetime
    grace: timedelta = GRACE
    """How long ours stays after nobody wants it any more."""
    central: Mapping[str, str] = field(default_factory=dict)
    """Interface service served from outside the VPC → by what."""
    taken: Mapping[str, Taken] = field(default_factory=dict)
    """Interface service with a name for which EC2 refuses private DNS → what has it."""
    forwarded: Mapping[str, str] = field(default_factory=dict)
    """Interface service with a name that clients would not get from an endpoint → what keeps it from them."""
    quotas: Quotas | None = None
    """None: nobody asked, or nobody could tell; then EC2 says no when it is full."""
    traffic: Mapping[str, int] = field(default_factory=dict)
    """Endpoint → bytes that went through it within the last grace period; only where any did."""
    uncounted: str = ""
    """Why nobody knows of any traffic."""
    aside: tuple[Step, ...] = ()
    """How what is released in the VPC came to be so, or why ours stays in the way."""


def make_plan(vpc: Vpc, wish: Wish, catalog: Catalog, known: Known) -> Plan:
    """The steps from the VPC as it is to what is wished; a VPC brought there has a plan without actions."""
    if wish.remove or wish.retire:
        steps = _away(vpc, wish, known)
    elif wish.profile is None:
        steps = _touch_nothing(vpc, wish.why)
    else:
        steps = _Towards(vpc, wish, catalog, known).steps()
    ordered = in_order([*known.aside, *_out_of_the_way(vpc, wish, list(steps))])
    return Plan(vpc=vpc, wish=wish, steps=ordered, forwarded=known.forwarded)


def in_order(steps: Iterable[Step]) -> tuple[Step, ...]:
    return tuple(sorted(steps, key=_order))


def _order(step: Step) -> tuple[int, str, str]:  # noqa: C901, PLR0911, PLR0912  one line per kind of step is the clearest table
    match step:
        case Release():
            return -1, step.resource, ""
        case EnableDnsSupport():
            return 0, "", ""
        case EnableDnsHostnames():
            return 1, "", ""
        case CreateSecurityGroup() | UpdateSecurityGroup():
            return 2, "", ""
        # S3's interface endpoint needs its gateway, so gateways come first and go last.
        case CreateEndpoint(offer=offer):
            return 3 if offer.kind is Kind.GATEWAY else 4, step.service, ""
        case UpdateEndpoint(endpoint=endpoint):
            return 3 if endpoint.kind is Kind.GATEWAY else 4, step.service, endpoint.id
        case UnmarkEndpoint(endpoint=endpoint):
            return 5, step.service, endpoint.id
        case MarkEndpoint(endpoint=endpoint):
            return 6, step.service, endpoint.id
        case DeleteEndpoint(endpoint=endpoint):
            return 8 if endpoint.kind is Kind.GATEWAY else 7, step.service, endpoint.id
        case DeleteSecurityGroup():
            return 9, "", ""
        case Held(action=action):
            number, service, thing = _order(action)
            return 10 + number, service, thing
        case Wait():
            return 20, step.subject, ""
        case Stay():
            return 20, step.resource, ""
        case Leaving(endpoint=endpoint):
            return 21, step.service, endpoint.id
        case Shortfall():
            return 22, step.service, step.kind
        case Keep(endpoint=endpoint) | Leave(endpoint=endpoint):
            return 23, step.service, endpoint.id
        case Elsewhere():
            return 23, step.service, ""


def _touch_nothing(vpc: Vpc, why: str) -> Iterator[Step]:
    for endpoint in vpc.endpoints:
        yield _keep(vpc, endpoint, why) if endpoint.is_ours else _leave(vpc, endpoint)


def _keep(vpc: Vpc, endpoint: Endpoint, why: str) -> Keep:
    return Keep(service=_short(vpc, endpoint), endpoint=endpoint, why=why)


def _leave(vpc: Vpc, endpoint: Endpoint, why: str = "somebody else made it") -> Leave:
    return Leave(service=_short(vpc, endpoint), endpoint=endpoint, why=why)


def _short(vpc: Vpc, endpoint: Endpoint) -> str:
    return short_name(endpoint.service, vpc.place.region)


# ---- away ---------------------------------------------------------------------------------------------------------


def _away(vpc: Vpc, wish: Wish, known: Known) -> Iterator[Step]:
    """Everything of ours goes, and then its security group."""
    yield from (_leave(vpc, e) for e in vpc.endpoints if not e.is_ours)
    steps = _without(vpc, {e.id: wish.why for e in vpc.ours}, None if wish.remove else known)
    yield from steps
    yield from _without_group(vpc, steps)


def _without(
    vpc: Vpc, unwanted: Mapping[str, str], known: Known | None, *, needed: frozenset[str] = frozenset()
) -> list[Step]:
    """Interface endpoints go first, then the gateways that they need.

    Args:
        vpc: as it is.
        unwanted: ids of ours → why nobody wants them.
        known: None where they go at once.
        needed: services whose gateways must stay for an interface endpoint of this plan.

    """
    ours = [e for e in vpc.ours if e.id in unwanted]
    first = {e.id: _one_less(vpc, e, unwanted[e.id], known) for e in ours if e.kind is Kind.INTERFACE}
    steps = list(first.values())
    for gateway in (e for e in ours if e.kind is Kind.GATEWAY):
        user = _needing(vpc, gateway)
        if gateway.service in needed:
            steps.append(_keep(vpc, gateway, "the service's interface endpoint needs it"))
            continue
        if user and user.id not in unwanted:
            steps.append(_needed(vpc, gateway, user))
            continue
        beside = {e.id: first[e.id] for e in ours if e.id in first and e.service == gateway.service}
        steps.append(_after(beside, gateway, _one_less(vpc, gateway, unwanted[gateway.id], known)))
    return steps


def _needing_gateways(steps: Iterable[Step]) -> frozenset[str]:
    """Services of interface endpoints that are made for inbound resolvers only, or become so."""
    made = (s.offer.service for s in steps if isinstance(s, CreateEndpoint) and s.inbound_resolver_only)
    changed = (s.endpoint.service for s in steps if isinstance(s, UpdateEndpoint) and s.inbound_resolver_only)
    return frozenset((*made, *changed))


def _after(interfaces: Mapping[str, Step], gateway: Endpoint, step: Step) -> Step:
    """A gateway's step, but not before those of its service's interface endpoints.

    https://docs.aws.amazon.com/AmazonS3/latest/userguide/privatelink-interface-endpoints.html
    """
    if not isinstance(step, DeleteEndpoint) or not interfaces:
        return step
    if staying := sorted(i for i, s in interfaces.items() if not isinstance(s, DeleteEndpoint | Wait)):
        return Keep(service=step.service, endpoint=gateway, why=f"it goes after {_and(staying)}")
    why = "the gateway goes when the service's interface endpoint is gone"
    return Wait(subject=gateway.id, why=why, then=step, on=frozenset(interfaces))


def _one_less(vpc: Vpc, endpoint: Endpoint, why: str, known: Known | None) -> Step:
    service = _short(vpc, endpoint)
    if endpoint.is_leaving:
        return Wait(subject=endpoint.id, why="AWS is deleting it")
    if known is None:
        return DeleteEndpoint(service=service, endpoint=endpoint, why=why)
    due, at = endpoint.delete_after, known.now + known.grace
    if due is not None and known.now < due:
        return Leaving(service=service, endpoint=endpoint, at=due, why=why)
    used = known.traffic.get(endpoint.id)
    if used:
        why = f"{why}, but {as_bytes(used)} went through it lately; it stays once more as long"
    if used or (due is None and known.grace):
        return MarkEndpoint(service=service, endpoint=endpoint, delete_after=at, why=why)
    delete = DeleteEndpoint(service=service, endpoint=endpoint, due=due or known.now, why=why)
    if known.uncounted and endpoint.kind is Kind.INTERFACE:
        return Held(action=delete, why=f"whether anybody uses it could not be read: {known.uncounted}")
    return delete


def _needed(vpc: Vpc, gateway: Endpoint, user: Endpoint) -> Step:
    service = _short(vpc, gateway)
    if user.is_ours:
        return Keep(service=service, endpoint=gateway, why=f"{user.id} needs it")
    why = f"{gateway.id} is ours but {user.id}, which somebody else made, needs it; remove that one first"
    return Shortfall(service=service, kind=Kind.GATEWAY, why=why)


def _needing(vpc: Vpc, gateway: Endpoint) -> Endpoint | None:
    """The endpoint for which AWS keeps the gateway; one that is leaving will not keep it for long."""
    users = (e for e in vpc.endpoints if e.needs_gateway and not e.is_leaving and e.service == gateway.service)
    return min(users, key=lambda e: (e.is_ours, e.id), default=None)


def _without_group(vpc: Vpc, steps: Iterable[Step]) -> Iterator[Step]:
    """The security group goes last; while something of ours that stays uses it, it stays."""
    going = {s.endpoint.id for s in steps if isinstance(s, DeleteEndpoint)}
    for group in (g for g in vpc.security_groups if g.is_ours):
        users = [e for e in vpc.endpoints if group.id in e.security_groups and e.state != "deleted"]
        staying = [e for e in users if not e.is_leaving and e.id not in going]
        if foreign := [e for e in staying if not e.is_ours]:
            theirs = f"{foreign[0].id}, which somebody else made, uses it"
            why = f"{group.id} is ours but {theirs}; take it off there first"
            yield Shortfall(service="security group", kind=Kind.INTERFACE, why=why)
        elif not staying:
            delete = DeleteSecurityGroup(group=group, why="no endpoint uses it any more")
            why = "the security group goes when its endpoints are gone"
            first = frozenset(e.id for e in users)
            yield Wait(subject=group.id, why=why, then=delete, on=first) if users else delete


def as_bytes(number: int) -> str:
    """``11.8 MB``, in steps of 1024, as AWS bills them: a PB of PrivateLink's tiers is 1,048,576 GB."""
    for unit, power in (("PB", 5), ("TB", 4), ("GB", 3), ("MB", 2), ("KB", 1)):
        if number >= 1024**power:
            return f"{number / 1024**power:.1f} {unit}"
    return f"{number} bytes"


# ---- towards a profile --------------------------------------------------------------------------------------------


class _Towards:
    """The table of this module's docstring, for one VPC and one profile."""

    def __init__(self, vpc: Vpc, wish: Wish, catalog: Catalog, known: Known) -> None:
        if wish.profile is None:
            raise ValueError("a wish without a profile has no way towards it")
        self.vpc, self.profile, self.catalog, self.known = vpc, wish.profile, catalog, known
        self.asked = f"profile {self.profile.name} asks for it"
        self.addresses = wish.addresses
        self.made_for = wish.made_for
        self.group = next((g for g in vpc.security_groups if g.is_ours), None)
        self.subnets = _SubnetChoice(vpc, wish.zones)
        self.room = _Room(vpc, known.quotas)
        self.offers: dict[tuple[str, Kind], tuple[str, Offer]] = {}
        """What is wanted and offered, by service and kind; with the name that the profile uses."""
        self.unwanted: dict[str, str] = {}
        """Ids of ours that may go → why."""
        self.without_gateway: set[str] = set()
        """Services whose gateway endpoint finds no room."""

    def steps(self) -> Iterator[Step]:
        steps: list[Step] = []
        for kind, names in ((Kind.GATEWAY, self.profile.gateway), (Kind.INTERFACE, self.profile.interface)):
            for name in names:
                offer = self.catalog.find(name, kind)
                if offer is None:
                    steps.append(self._not_offered(name, kind))
                else:
                    self.offers.setdefault((offer.service, kind), (name, offer))  # it may be named short and in full
        # Addresses and quotas are for what is required first.
        for name, offer in sorted(self.offers.values(), key=lambda o: self._is_optional(*o)):
            steps += self._gateway(name, offer) if offer.kind is Kind.GATEWAY else self._interface(name, offer)
        if self.group is None and (namesake := next((g for g in self.vpc.security_groups if g.bears_our_name), None)):
            steps = [s for s in steps if not _needs_our_group(s)]
            why = f"{namesake.id} bears our group's name without our tag; tag it {MANAGED_BY_TAG}, or delete it"
            yield Shortfall(service="security group", kind=Kind.INTERFACE, why=why)
        yield from steps
        yield from self._dns()
        yield from self._others()
        going = _without(self.vpc, self.unwanted, self.known, needed=_needing_gateways(steps))
        yield from going
        yield from self._security_group(steps, going)
        yield from self._wanted_again()

    def _others(self) -> Iterator[Step]:
        """What is there beside what is wanted and offered; what is wanted stays, though the region lists no offer."""
        for endpoint in self.vpc.endpoints:
            if (endpoint.service, endpoint.kind) in self.offers:
                continue
            names = self.profile.gateway if endpoint.kind is Kind.GATEWAY else self.profile.interface
            if not endpoint.is_ours:
                yield _leave(self.vpc, endpoint)
            elif endpoint.service in names or _short(self.vpc, endpoint) in names:
                yield _keep(self.vpc, endpoint, self.asked)
            else:
                self.unwanted[endpoint.id] = f"profile {self.profile.name} does not ask for it"

    def _wanted_again(self) -> Iterator[Step]:
        for endpoint in self.vpc.ours:
            is_marked = endpoint.delete_after or endpoint.has_unreadable_mark
            if is_marked and endpoint.id not in self.unwanted and not endpoint.is_leaving:
                yield UnmarkEndpoint(
                    service=_short(self.vpc, endpoint), endpoint=endpoint, why=f"{self.asked} again; it does not go"
                )

    def _not_offered(self, name: str, kind: Kind) -> Shortfall:
        region = self.vpc.place.region
        optional = kind is Kind.INTERFACE and name in self.profile.optional
        hint = "; it is optional" if optional else did_you_mean(name, self.catalog.names(kind))
        return Shortfall(
            service=name,
            kind=kind,
            is_required=not optional,
            why=f"{region} offers no {kind.lower()} endpoint for it{hint}",
        )

    def _is_optional(self, name: str, offer: Offer) -> bool:
        return offer.kind is Kind.INTERFACE and name in self.profile.optional

    def _there(self, offer: Offer) -> tuple[list[Endpoint], list[Endpoint]]:
        """Endpoints of a service, ours and other people's; what has gone is not there."""
        there = [
            e for e in self.vpc.endpoints if (e.service, e.kind) == (offer.service, offer.kind) and e.state != "deleted"
        ]
        return [e for e in there if e.is_ours], [e for e in there if not e.is_ours]

    def _stuck(self, name: str, endpoint: Endpoint) -> Step:
        if endpoint.is_leaving:
            return Wait(subject=endpoint.id, why=f"AWS is deleting it; then {name} is made anew")
        reason = f" ({endpoint.failure})" if endpoint.failure else ""
        why = f"{endpoint.id} is {endpoint.state}{reason}; delete it and it is made anew"
        return Shortfall(service=name, kind=endpoint.kind, why=why)

    def _gateway(self, name: str, offer: Offer) -> Iterator[Step]:
        ours, foreign = self._there(offer)
        yield from (_leave(self.vpc, e, "somebody else made it; it counts") for e in foreign)
        tables = frozenset(t.id for t in self.vpc.route_tables if not t.is_edge)
        serving = [e for e in (*ours, *foreign) if _serves(e)]
        missing = tables.difference(*(e.route_tables for e in serving))
        # Without subnets it is the VPC that tells what they will be.
        cidrs = [s.cidrs for s in self.vpc.subnets] or [self.vpc.cidrs]
        can_be_dual = offer.is_dual and all(are_dual(c) for c in cidrs)
        if live := [e for e in ours if _serves(e)]:
            first, *others = live
            self.unwanted |= {e.id: f"{first.id}, also ours, serves {name}" for e in others if not e.route_tables}
            for endpoint in (first, *(e for e in others if e.route_tables)):
                update = UpdateEndpoint(
                    service=name,
                    endpoint=endpoint,
                    add_route_tables=missing if endpoint is first else frozenset(),
                    address_type=self._other_addresses(endpoint, can_be_dual=can_be_dual),
                    why="",
                )
                yield self._updated(offer, update, can_be_dual=can_be_dual)
        elif ours:
            yield self._stuck(name, ours[0])
        elif not serving and (refused := self.room.refusal(name, offer)):
            self.without_gateway.add(offer.service)
            yield refused
        elif not serving:
            self.room.take(offer)
            yield CreateEndpoint(
                service=name,
                offer=offer,
                made_for=self.made_for,
                route_tables=tables,
                address_type=self._new_addresses(can_be_dual=can_be_dual),
                policy=self._policy(offer),
                why=self._why(offer),
            )
        elif missing:
            # Its owner may have split the tables by policy on purpose; we do not add to it, nor beside it.
            yield Shortfall(
                service=name,
                kind=Kind.GATEWAY,
                why=f"{serving[0].id}, which somebody else made, does not cover {_and(missing)}; add them to it",
            )

    def _interface(self, name: str, offer: Offer) -> Iterator[Step]:
        ours, foreign = self._there(offer)
        yield from (_leave(self.vpc, e, "somebody else made it; it counts") for e in foreign)
        leaving = [e for e in foreign if e.is_leaving]
        if live := [e for e in ours if _serves(e)]:
            # The one that names resolve to is the one that serves.
            first, *others = sorted(live, key=lambda e: (not e.private_dns, e.id))
            self.unwanted |= {e.id: f"{first.id}, also ours, serves {name}" for e in others}
            yield from self._bring_up(name, offer, first)
        elif ours:
            yield self._stuck(name, ours[0])
        elif any(_serves(e) for e in foreign):
            return
        elif leaving:
            yield Wait(subject=leaving[0].id, why=f"its names are taken until AWS has deleted it; then {name} is made")
        else:
            yield from self._create(name, offer)

    def _bring_up(self, name: str, offer: Offer, there: Endpoint) -> Iterator[Step]:
        # AWS takes no subnet without IPv6 into a dual-stack endpoint.
        only_dual = there.address_type == Addresses.DUALSTACK and self.addresses is not Addresses.IPV4
        choice = self.subnets.choose(offer, there, only_dual=only_dual)
        yield from self._zones_without(name, choice, dual=there.id if only_dual else "")
        # AWS refuses a private DNS name that another endpoint of the VPC already has.
        holders = [
            e for e in self.vpc.endpoints if e.private_dns and e.service == offer.service and e.state != "deleted"
        ]
        if holders and all(e.is_leaving for e in holders):
            yield Wait(subject=holders[0].id, why=f"AWS is deleting it; then {name}'s names go to {there.id}")
        lacks_names = bool(offer.private_dns_names) and not holders
        elsewhere = self._names_elsewhere(offer) if lacks_names else ""
        refused = self._names_refused(name, offer) if lacks_names and not elsewhere else None
        if refused:
            yield refused
        enable_private_dns = lacks_names and not elsewhere and not refused
        # One that goes may count until it is gone: EC2 names no order for the changes of one call.
        can_be_dual = self._can_be_dual(offer, there.subnets | choice.add)
        address_type = self._other_addresses(there, can_be_dual=can_be_dual)
        inbound_resolver_only = self._inbound_resolver_only(offer)
        if inbound_resolver_only is not None and not enable_private_dns:
            # New addresses are new records, and what is said of records must also say this.
            inbound_resolver_only = there.inbound_resolver_only if address_type and there.private_dns else None
        update = UpdateEndpoint(
            service=name,
            endpoint=there,
            add_subnets=choice.add,
            remove_subnets=choice.remove,
            address_type=address_type,
            add_our_security_group=self.group is None or self.group.id not in there.security_groups,
            enable_private_dns=enable_private_dns,
            inbound_resolver_only=inbound_resolver_only,
            why="",
        )
        yield self._updated(offer, update, elsewhere, can_be_dual=can_be_dual)

    def _names_elsewhere(self, offer: Offer) -> str:
        """What serves a service's names in the place of private DNS; empty where nothing does."""
        if why := self.known.central.get(offer.service):
            return why
        taken = self.known.taken.get(offer.service)
        return f"{taken.zone} leads its names to an endpoint" if taken and taken.is_served else ""

    def _names_refused(self, name: str, offer: Offer) -> Shortfall | None:
        """Why EC2 would not give an endpoint its names."""
        is_required = not self._is_optional(name, offer)
        if taken := self.known.taken.get(offer.service):
            return Shortfall(
                service=name,
                kind=Kind.INTERFACE,
                is_required=is_required,
                because_of=taken.zone.id,
                why=f"{taken.zone} has the name in this VPC, and EC2 refuses private DNS for it; "
                "let the zone lead to an endpoint, take it off the VPC, or delete it if the VPC is its last",
                fix=take_off(taken.zone.id, self.vpc),
            )
        if offer.service in self.without_gateway and self._inbound_resolver_only(offer):
            why = "it needs the gateway endpoint, for which there is no room"
            return Shortfall(service=name, kind=Kind.INTERFACE, is_required=is_required, why=why)
        return None

    def _updated(self, offer: Offer, update: UpdateEndpoint, remark: str = "", *, can_be_dual: bool) -> Step:
        """The update, with the policy in the same call; Keep where there is nothing to change."""
        wanted = self._policy(offer)
        if wanted and not same_policy(update.endpoint.policy, wanted):
            update = replace(update, policy=wanted)
        if why := list(reasons(update)):
            return _when_ready(replace(update, why="; ".join(why)))
        remarks = [self._why(offer), remark]
        if can_be_dual and update.endpoint.address_type == Addresses.IPV4 and self.addresses is None:
            remarks.append(f"IPv4 only as it was made, unless {ADDRESSES_TAG} = dualstack")
        return Keep(service=update.service, endpoint=update.endpoint, why="; ".join(filter(None, remarks)))

    def _policy(self, offer: Offer) -> str:
        """What the policy is to be; empty where nobody asks for any, or the service takes none."""
        if self.profile.policy is None or not offer.takes_policy:
            return ""
        return self.profile.policy.of(short_name(offer.service, self.vpc.place.region), self.vpc.place)

    def _why(self, offer: Offer) -> str:
        policy, service = self.profile.policy, short_name(offer.service, self.vpc.place.region)
        remark = policy.remark(service, is_taken=offer.takes_policy) if policy else ""
        return f"{self.asked}; {remark}" if remark else self.asked

    def _create(self, name: str, offer: Offer) -> Iterator[Step]:
        if why := self.known.central.get(offer.service):
            yield Elsewhere(service=name, why=why)
            return
        gateways = self._gateways(offer)
        if (offer.service, Kind.GATEWAY) in self.offers and gateways and not any(_serves(e) for e in gateways):
            if stuck := next((e for e in gateways if e.is_ours and e.is_broken), None):
                why = f"it needs the gateway, and {stuck.id} is {stuck.state}"
                yield Shortfall(service=name, kind=Kind.INTERFACE, why=why)
            else:
                yield Wait(subject=gateways[0].id, why=f"{name}'s interface endpoint needs the gateway, made anew")
            return
        is_required = not self._is_optional(name, offer)
        if refused := self._names_refused(name, offer) or self.room.refusal(name, offer, is_required=is_required):
            yield refused
            return
        choice = self.subnets.choose(offer, None)
        yield from self._zones_without(name, choice)
        if choice.add:
            self.room.take(offer)
            yield CreateEndpoint(
                service=name,
                offer=offer,
                made_for=self.made_for,
                subnets=choice.add,
                address_type=self._new_addresses(can_be_dual=self._can_be_dual(offer, choice.add)),
                private_dns=bool(offer.private_dns_names),
                inbound_resolver_only=self._inbound_resolver_only(offer),
                policy=self._policy(offer),
                why=self._why(offer),
            )
        elif not choice.without_address:
            zones = f" in {_and(offer.zones)}, the zones of the service" if self.vpc.subnets and offer.zones else ""
            staying = [s for s in self.vpc.subnets if not s.released]
            # A VPC without any subnet has nobody to serve: nothing is amiss yet, or any more.
            is_required = is_required and bool(staying)
            why = _BEING_DELETED if self.vpc.subnets and not staying else f"the VPC has no subnet{zones} yet"
            yield Shortfall(service=name, kind=Kind.INTERFACE, is_required=is_required, why=why)

    def _gateways(self, offer: Offer) -> list[Endpoint]:
        return [e for e in self.vpc.endpoints if (e.service, e.kind) == (offer.service, Kind.GATEWAY)]

    def _inbound_resolver_only(self, offer: Offer) -> bool | None:
        """What names need said about the gateway beside them; None where the service has none of either."""
        if not offer.private_dns_names or self.catalog.find(offer.service, Kind.GATEWAY) is None:
            return None
        # One of ours that the profile does not ask for is about to go.
        foreign = (e for e in self._gateways(offer) if not e.is_ours)
        return (offer.service, Kind.GATEWAY) in self.offers or any(_serves(e) for e in foreign)

    # -- addresses: see the module's docstring --

    def _can_be_dual(self, offer: Offer, subnets: Iterable[str]) -> bool:
        """Whether AWS takes a dual-stack interface endpoint in these subnets.

        Names for inbound Resolver endpoints only also need a gateway that has records of their type, or of no certain.
        https://docs.aws.amazon.com/vpc/latest/privatelink/privatelink-access-aws-services.html#aws-service-ip-address-type
        https://docs.aws.amazon.com/vpc/latest/privatelink/vpc-endpoints-s3.html#private-dns-s3
        """
        known = [s for i in subnets if (s := self.vpc.subnet_by_id.get(i)) is not None]
        records = {e.record_type for e in self._gateways(offer) if _serves(e)}
        agree = records <= {"", "service-defined", Addresses.DUALSTACK}
        return offer.is_dual and bool(known) and all(s.is_dual for s in known) and agree

    def _new_addresses(self, *, can_be_dual: bool) -> Addresses:
        return Addresses.DUALSTACK if can_be_dual and self.addresses is not Addresses.IPV4 else Addresses.IPV4

    def _other_addresses(self, there: Endpoint, *, can_be_dual: bool) -> Addresses | None:
        match there.address_type, self.addresses or (Addresses.DUALSTACK if there.follows_subnets else None):
            case (Addresses.IPV4, Addresses.DUALSTACK) if can_be_dual:
                return Addresses.DUALSTACK
            case (Addresses.DUALSTACK, Addresses.IPV4):
                return Addresses.IPV4
            case _:
                return None

    def _zones_without(self, name: str, choice: _Choice, *, dual: str = "") -> Iterator[Shortfall]:
        for zone in choice.without_address:
            why = f"no subnet in {zone} has a free IPv4 address"
            if dual:
                why += f" and IPv6, as dual-stack {dual} needs; give one both, or tag the VPC {ADDRESSES_TAG} = ipv4"
            else:
                why += f" ({_and(s.id for s in self.vpc.subnets if s.zone == zone)})"
            yield Shortfall(service=name, kind=Kind.INTERFACE, zone=zone, why=why)
        for zone in choice.without_service:
            why = f"AWS does not offer it in {zone}; packets from there cross zones"
            yield Shortfall(service=name, kind=Kind.INTERFACE, zone=zone, is_required=False, why=why)

    def _dns(self) -> Iterator[Step]:
        if not any(o.kind is Kind.INTERFACE and o.private_dns_names for _, o in self.offers.values()):
            return
        if self.vpc.dns is None:
            raise ValueError(f"the DNS attributes of {self.vpc.id} were not read")
        if not self.vpc.dns.support:
            yield EnableDnsSupport(why="private DNS names resolve only with the VPC's DNS support on")
        if not self.vpc.dns.hostnames:
            yield EnableDnsHostnames(why="private DNS names resolve only with the VPC's DNS hostnames on")

    def _security_group(self, steps: list[Step], going: list[Step]) -> Iterator[Step]:
        """One group for all our interface endpoints of the VPC, open to the VPC's own CIDRs and nothing else."""
        if not any(kind is Kind.INTERFACE for _, kind in self.offers):
            yield from (away := list(_without_group(self.vpc, going)))
            if any(isinstance(s, DeleteSecurityGroup) for s in away):
                return
        made = {s.offer.service for s in steps if isinstance(s, CreateEndpoint) and s.offer.kind is Kind.INTERFACE}
        # Also those that nobody asks for any more: they serve as long as they are there.
        there = {e.service for e in self.vpc.ours if e.kind is Kind.INTERFACE and not e.is_leaving}
        is_asked_for = made or any(isinstance(s, UpdateEndpoint) and s.add_our_security_group for s in steps)
        if not is_asked_for and (self.group is None or not there):
            return
        wanted = frozenset(
            Ingress(first=port, last=port, source=cidr, description=OUR_RULE)
            for service in made | there
            for port in ports_of(short_name(service, self.vpc.place.region))
            for cidr in self.vpc.cidrs
        )
        if self.group is None:
            yield CreateSecurityGroup(ingress=wanted, why="interface endpoints need one that lets the VPC in")
            return
        authorize = wanted - self.group.ingress
        revoke = frozenset(r for r in self.group.ingress if r.description == OUR_RULE and r.first == r.last) - wanted
        if authorize or revoke:
            yield UpdateSecurityGroup(
                group=self.group,
                authorize=authorize,
                revoke=revoke,
                why="its rules follow the VPC's CIDRs and the services' ports",
            )


# ---- out of the way -----------------------------------------------------------------------------------------------

_BEING_DELETED = "no subnet is left but what somebody is deleting"
_CHANGING = (Keep, UpdateEndpoint, Wait)
"""Steps with an endpoint that stays; only one of them is taken."""


def _out_of_the_way(vpc: Vpc, wish: Wish, steps: list[Step]) -> list[Step]:
    """The steps, but with our endpoints leaving the subnets and groups that somebody is deleting; wanted or not."""
    for there in vpc.ours:
        own = [s for s in steps if _endpoint_of(s) == there.id]
        if there.is_leaving or not any(_kept_by(vpc, there)) or any(isinstance(s, DeleteEndpoint) for s in own):
            continue
        step = _leaving(vpc, wish, there, own)
        over = own if isinstance(step, DeleteEndpoint) else [s for s in own if isinstance(s, _CHANGING)]
        steps = [*(s for s in steps if s not in over), step]
    return steps


def _endpoint_of(step: Step) -> str:
    match step:
        case Wait(subject=subject):
            return subject
        case Keep(endpoint=there) | UpdateEndpoint(endpoint=there) | DeleteEndpoint(endpoint=there):
            return there.id
        case MarkEndpoint(endpoint=there) | UnmarkEndpoint(endpoint=there) | Leaving(endpoint=there):
            return there.id
        case _:
            return ""


def _kept_by(vpc: Vpc, there: Endpoint) -> tuple[frozenset[str], frozenset[str]]:
    """The subnets and the security groups that somebody is deleting, and that an endpoint keeps from it."""
    subnets = frozenset(s.id for s in vpc.subnets if s.released and s.id in there.subnets)
    return subnets, frozenset(g.id for g in vpc.security_groups if g.is_released and g.id in there.security_groups)


def _leaving(vpc: Vpc, wish: Wish, there: Endpoint, own: list[Step]) -> Step:
    subnets, groups = _kept_by(vpc, there)
    service, why = _short(vpc, there), f"somebody is deleting {_and(subnets | groups)}"
    if there.is_broken:
        return DeleteEndpoint(service=service, endpoint=there, why=f"it is {there.state}, and {why}")
    changes = [s.then if isinstance(s, Wait) else s for s in own]
    update = next((s for s in changes if isinstance(s, UpdateEndpoint)), None)
    removed = subnets | (update.remove_subnets if update else frozenset())
    # EC2 takes no second subnet of a zone while the first is still on the endpoint: the next look adds it.
    zones = {vpc.subnet_by_id[s].zone for s in subnets}
    is_next = any(s.zone in zones and not s.released for s in vpc.subnets)
    is_wanted = wish.profile is not None and any(isinstance(s, _CHANGING) for s in own)
    left = there.subnets - removed | (update.add_subnets if update else frozenset())
    if subnets and not left and not (is_wanted and is_next):
        return DeleteEndpoint(service=service, endpoint=there, why=_BEING_DELETED)
    is_bare = bool(groups) and not there.security_groups - groups
    adds_ours = bool(update and update.add_our_security_group)
    if is_bare and not adds_ours and not any(g.is_ours for g in vpc.security_groups):
        only = f"{_and(groups)} is the only security group of {there.id}; put another one on it"
        return Shortfall(service=service, kind=there.kind, why=only)
    update = update or UpdateEndpoint(service=service, endpoint=there, why="")
    return _when_ready(
        replace(
            update,
            remove_subnets=removed,
            remove_security_groups=groups,
            add_our_security_group=adds_ours or is_bare,
            why="; ".join(filter(None, [update.why, why])),
        )
    )


def _serves(endpoint: Endpoint) -> bool:
    """It is there, or on its way."""
    return not endpoint.is_leaving and not endpoint.is_broken


def _needs_our_group(step: Step) -> bool:
    match step:
        case CreateEndpoint(offer=offer):
            return offer.kind is Kind.INTERFACE
        case UpdateEndpoint(add_our_security_group=needs):
            return needs
        case _:
            return False


def reasons(update: UpdateEndpoint) -> Iterator[str]:
    if update.add_route_tables:
        yield f"no {update.service} route in {_and(update.add_route_tables)}"
    if update.add_subnets:
        yield f"no interface in the zone of {_and(update.add_subnets)}"
    if update.remove_subnets:
        yield f"endpoint-zones wants fewer zones than {_and(update.remove_subnets)} makes"
    if update.address_type is Addresses.DUALSTACK:
        yield "its service and its subnets are dual-stack"
    if update.address_type is Addresses.IPV4:
        yield f"{ADDRESSES_TAG} wants IPv4 only"
    if update.add_our_security_group:
        yield "our security group is not on it"
    if update.enable_private_dns:
        yield "private DNS is off"
    if update.policy:
        yield "its endpoint policy is not the profile's"


def _when_ready(update: UpdateEndpoint) -> Step:
    """AWS refuses changes to an endpoint that it is still working on."""
    if update.endpoint.state == "available":
        return update
    return Wait(subject=update.endpoint.id, why=f"it is {update.endpoint.state}; then: {update.why}", then=update)


def _and(ids: Iterable[str]) -> str:
    return ", ".join(sorted(ids))


# ---- subnets ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class _Choice:
    add: frozenset[str]
    remove: frozenset[str]
    without_address: tuple[str, ...]
    """Zones that should have an interface and have no subnet with a free address."""
    without_service: tuple[str, ...]
    """Zones of the VPC that the service does not have, where it has others of the VPC."""


class _SubnetChoice:
    """One subnet per zone: what is there stays, else the subnet our endpoints use already, else private before public,
    else dual-stack before IPv4 only.

    AWS refuses two subnets of one zone, and zones that the service does not support. Every interface takes an
    address, so those that this plan uses are counted. A subnet that somebody is deleting is none.
    """

    def __init__(self, vpc: Vpc, zones: int | None) -> None:
        self._vpc, self._limit = vpc, zones
        self._free = {s.id: s.free_addresses for s in vpc.subnets}
        ours = [e for e in vpc.ours if e.kind is Kind.INTERFACE and not e.is_leaving]
        self._used = Counter(s for e in ours for s in e.subnets)
        by_id = vpc.subnet_by_id
        self._used_zones = Counter(by_id[s].zone for s in self._used.elements() if s in by_id)

    def choose(self, offer: Offer, endpoint: Endpoint | None, *, only_dual: bool = False) -> _Choice:
        by_id = self._vpc.subnet_by_id
        has = [by_id[s] for s in sorted(endpoint.subnets if endpoint else ()) if s in by_id]
        there = {s.zone: s.id for s in has if not s.released}
        left_next = {s.zone for s in has if s.released}
        candidates: dict[str, list[Subnet]] = {}
        for subnet in self._vpc.subnets:
            is_offered = not offer.zones or subnet.zone in offer.zones
            if is_offered and not subnet.released and subnet.zone not in left_next:
                candidates.setdefault(subnet.zone, []).append(subnet)
        best = {
            zone: self._best([s for s in subnets if s.is_dual or not only_dual]) for zone, subnets in candidates.items()
        }
        zones = sorted(
            {*candidates, *there},
            key=lambda z: (z not in there, best.get(z) is None, -self._used_zones[z], z),
        )[: self._limit]
        add = {z: s for z in zones if z not in there and (s := best[z]) is not None}
        for subnet in add.values():
            self._free[subnet.id] -= 1
            self._used[subnet.id] += 1
            self._used_zones[subnet.zone] += 1
        return _Choice(
            add=frozenset(s.id for s in add.values()),
            remove=frozenset(s for z, s in there.items() if z not in zones),
            without_address=tuple(sorted(z for z in zones if z not in there and z not in add)),
            without_service=tuple(sorted({s.zone for s in self._vpc.subnets} - candidates.keys() - there.keys()))
            if candidates and self._limit is None
            else (),
        )

    def _best(self, subnets: list[Subnet]) -> Subnet | None:
        free = [s for s in subnets if self._free[s.id] > 0]
        return min(free, key=self._rank, default=None)

    def _rank(self, subnet: Subnet) -> tuple[bool, bool, bool, str]:
        return not self._used[subnet.id], self._vpc.is_public(subnet), not subnet.is_dual, subnet.id


# ---- quotas -------------------------------------------------------------------------------------------------------


class _Room:
    """How many more endpoints the quotas take, as a plan uses them up. What AWS is deleting counts until it is gone.

    https://docs.aws.amazon.com/vpc/latest/privatelink/vpc-limits-endpoints.html
    """

    def __init__(self, vpc: Vpc, quotas: Quotas | None) -> None:
        self._vpc, self._quotas = vpc, quotas
        self._left: dict[Kind, int] = {}
        if quotas is not None:
            self._left[Kind.INTERFACE] = quotas.interface_endpoints_per_vpc - vpc.interface_count
            self._left[Kind.GATEWAY] = quotas.gateway_endpoints_per_region - quotas.gateway_endpoints
        self._leaving = [e for e in vpc.endpoints if e.is_leaving and e.state != "deleted"]

    def take(self, offer: Offer) -> None:
        if offer.kind in self._left:
            self._left[offer.kind] -= 1

    def refusal(self, name: str, offer: Offer, *, is_required: bool = True) -> Wait | Shortfall | None:
        """Why EC2 would not take one more; a wait where something is about to make room."""
        if self._quotas is None or self._left[offer.kind] > 0:
            return None
        if leaving := next((e for e in self._leaving if e.kind is offer.kind), None):
            self._leaving.remove(leaving)
            return Wait(subject=leaving.id, why=f"AWS is deleting it; then there is room for {name}")
        match offer.kind:
            case Kind.INTERFACE:
                code, quota, where = INTERFACE_QUOTA, self._quotas.interface_endpoints_per_vpc, "a VPC"
            case Kind.GATEWAY:
                code, quota, where = GATEWAY_QUOTA, self._quotas.gateway_endpoints_per_region, "the region"
        # Without the number in use: the next look, which sees what this plan makes, says the same.
        return Shortfall(
            service=name,
            kind=offer.kind,
            is_required=is_required,
            because_of=code,
            why=f"the quota of {quota} {offer.kind.lower()} endpoints in {where} is used up; ask for more",
            fix=more_of(self._vpc.place, code, quota),
        )
