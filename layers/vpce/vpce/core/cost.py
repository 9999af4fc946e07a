"""What does it cost a month, and does it pay? Arithmetic on list prices: endpoints, NAT gateways, plans.

All amounts are US dollars a month of 730 hours, exact; `dollars` rounds them for people. Not counted: data transfer
between zones (free through an interface endpoint, but not on the way to a NAT gateway in another zone) and out to the
internet, discounts, taxes.

https://aws.amazon.com/privatelink/pricing/
https://aws.amazon.com/vpc/pricing/
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import TYPE_CHECKING, Any

from vpce.core.model import Kind
from vpce.core.plan import CreateEndpoint, DeleteEndpoint, Held, Leaving, MarkEndpoint, UpdateEndpoint
from vpce.core.prices import GB, HOURS

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from vpce.core.evidence import Evidence
    from vpce.core.model import Endpoint, Vpc
    from vpce.core.network import NatGateway
    from vpce.core.plan import Action, Plan, Step
    from vpce.core.prices import Prices

_CENT = Decimal("0.01")


def dollars(amount: Decimal) -> str:
    """``$29.20``, or ``-$29.20``; a half cent is rounded up, away from zero."""
    rounded = amount.quantize(_CENT, ROUND_HALF_UP)
    return f"{'-' if rounded < 0 else ''}${abs(rounded):,}"


def signed(amount: Decimal) -> str:
    """``+$29.20``: what is more or less."""
    said = dollars(amount)
    return said if said.startswith("-") else f"+{said}"


def number(amount: Decimal) -> str:
    """``29.20``, for machines."""
    return f"{amount.quantize(_CENT, ROUND_HALF_UP)}"


# ---- what there is ------------------------------------------------------------------------------------------------


def endpoint_month(prices: Prices, zones: int) -> Decimal:
    """The hours of an interface endpoint in so many zones."""
    return prices.endpoint_hour * HOURS * zones


def data_month(prices: Prices, gb: Decimal, already: Decimal = Decimal(0)) -> Decimal:
    """Data through interface endpoints.

    Args:
        prices: of the region.
        gb: a month.
        already: what goes through the region's other interface endpoints: the tiers are of all of them together.

    """
    ends = [Decimal(t.above) for t in prices.endpoint_gb[1:]]
    cost = Decimal(0)
    for tier, end in zip(prices.endpoint_gb, [*ends, None], strict=True):
        from_ = max(already, Decimal(tier.above))
        to = already + gb if end is None else min(already + gb, end)
        cost += max(Decimal(0), to - from_) * tier.price
    return cost


def nat_month(prices: Prices, gateway: NatGateway) -> Decimal:
    """The hours of a NAT gateway and of its public addresses, without data."""
    return (prices.nat_hour * gateway.zones + prices.public_ipv4_hour * gateway.addresses) * HOURS


def break_even(prices: Prices, zones: int) -> Decimal | None:
    """GB a month above which an interface endpoint costs less than the same data through a NAT gateway that stays.

    None where no amount of data pays for its hours.
    """
    hours = endpoint_month(prices, zones)
    ends = [Decimal(t.above) for t in prices.endpoint_gb[1:]]
    saved = Decimal(0)
    for tier, end in zip(prices.endpoint_gb, [*ends, None], strict=True):
        per_gb = prices.nat_gb - tier.price
        if per_gb > 0 and (end is None or saved + (end - tier.above) * per_gb >= hours):
            return tier.above + (hours - saved) / per_gb
        if end is not None:
            saved += (end - tier.above) * per_gb
    return None


def monthly_gb(number_of_bytes: int, days: float) -> Decimal:
    """What a month would have, if it went on like these days.

    Raises:
        ValueError: no days.

    """
    if days <= 0:
        raise ValueError("what no time is known of has no month")
    return Decimal(number_of_bytes) * HOURS / (GB * 24) / Decimal(str(days))


# ---- without NAT gateways -----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class WithoutNat:
    """All NAT gateways of a VPC against the endpoints that would carry what goes through them."""

    nat: Decimal
    """Their hours, addresses, and the data that was seen."""
    endpoints: Decimal
    """The hours of the interface endpoints that would have to be made, and the data through them."""
    forbidden: tuple[str, ...]
    """Why they cannot go, or nobody can say so; empty where they can."""

    @property
    def saving(self) -> Decimal:
        return self.nat - self.endpoints

    @property
    def pays(self) -> bool:
        return not self.forbidden and self.saving > 0


def without_nat(
    prices: Prices, gateways: Iterable[NatGateway], evidence: Evidence, zones_of: Mapping[str, int]
) -> WithoutNat:
    """Whether a VPC's NAT gateways could go altogether, and what that would save.

    Args:
        prices: of the region.
        gateways: all of the VPC.
        evidence: what goes to the outside, and where to.
        zones_of: service by its short name → zones of the interface endpoint that would be made; 0 for one that is
            there already, or is a gateway endpoint. A service that is not in it has no endpoint to be had.

    """
    outside = [s for s in evidence.services if s.outside]
    nat = sum((nat_month(prices, g) for g in gateways), Decimal(0))
    endpoints = sum((endpoint_month(prices, zones_of.get(s.service, 0)) for s in evidence.services), Decimal(0))
    if evidence.has_bytes:
        carried = sum(s.outside - s.direct for s in outside) + _rest(evidence)
        nat += monthly_gb(carried, evidence.span) * prices.nat_gb
        through = sum(s.outside for s in outside if zones_of.get(s.service))
        endpoints += data_month(prices, monthly_gb(through, evidence.span))
    return WithoutNat(nat=nat, endpoints=endpoints, forbidden=tuple(_forbids(evidence, zones_of)))


def _rest(evidence: Evidence) -> int:
    """Bytes of no service that NAT gateways are paid for."""
    return evidence.aws_bytes - evidence.aws_direct + evidence.other_bytes - evidence.other_direct


def _forbids(evidence: Evidence, zones_of: Mapping[str, int]) -> Iterable[str]:
    if not evidence.has_bytes:
        yield "no flow log tells what else goes through them"
    if not evidence.is_whole:
        yield "a log could not be read whole, so there may be more"
    if evidence.serves_others:
        yield "other networks reach public addresses through the VPC"
    if other := evidence.other_bytes - evidence.other_direct:
        yield f"{_gb(other)} went to addresses that are not AWS's"
    if unknown := evidence.aws_bytes - evidence.aws_direct:
        yield f"{_gb(unknown)} went to addresses of AWS that no one service is known by"
    for usage in evidence.services:
        if (usage.outside or usage.lookups) and usage.service not in zones_of:
            yield f"there is no endpoint for {usage.service}"


def _gb(number_of_bytes: int) -> str:
    return f"{Decimal(number_of_bytes) / GB:.2f} GB"


# ---- plans --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What actions do to the interface endpoints of a VPC. Gateway endpoints are free."""

    made: tuple[int, ...] = ()
    """Zones of each that is made."""
    deleted: tuple[int, ...] = ()
    zones_more: int = 0
    """Of those that stay."""
    zones_less: int = 0

    @property
    def interfaces(self) -> int:
        """Endpoints times zones: what is paid for by the hour."""
        return sum(self.made) - sum(self.deleted) + self.zones_more - self.zones_less

    @property
    def is_any(self) -> bool:
        return self != Change()

    def of(self, prices: Prices) -> Decimal:
        """More or less a month."""
        return endpoint_month(prices, self.interfaces)


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanCost:
    """What the interface endpoints that are ours cost by the hour, a month; data comes on top."""

    now: Decimal
    change: Change
    """Of what is done now, and of what is made when AWS has finished with something."""
    held: Change
    """Of what would be done, and is held."""
    marked: Change
    """Of what goes later: it is marked, and paid for until then."""
    difference: Decimal

    @property
    def after(self) -> Decimal:
        return self.now + self.difference


def change_of(actions: Iterable[Action]) -> Change:
    """What actions do, whatever became of the others."""
    made: list[int] = []
    deleted: list[int] = []
    more = less = 0
    for action in actions:
        match action:
            case CreateEndpoint(offer=offer, subnets=subnets) if offer.kind is Kind.INTERFACE:
                made.append(len(subnets))
            case DeleteEndpoint(endpoint=endpoint) if endpoint.kind is Kind.INTERFACE:
                deleted.append(len(endpoint.subnets))
            case UpdateEndpoint(endpoint=endpoint) if endpoint.kind is Kind.INTERFACE:
                more += len(action.add_subnets)
                less += len(action.remove_subnets)
            case _:
                pass
    return Change(made=tuple(sorted(made)), deleted=tuple(sorted(deleted)), zones_more=more, zones_less=less)


def plan_cost(plan: Plan, prices: Prices) -> PlanCost:
    then = [wait.then for wait in plan.waits if wait.then]
    change = change_of([*plan.actions, *then])
    return PlanCost(
        now=endpoint_month(prices, paid_zones(plan.vpc.ours)),
        change=change,
        difference=change.of(prices),
        held=change_of(h.action for h in plan.held),
        marked=Change(deleted=tuple(sorted(_marked(plan.steps)))),
    )


def _marked(steps: Iterable[Step]) -> Iterable[int]:
    for step in steps:
        action = step.action if isinstance(step, Held) else step
        if isinstance(action, MarkEndpoint | Leaving) and action.endpoint.kind is Kind.INTERFACE:
            yield len(action.endpoint.subnets)


def paid_zones(endpoints: Iterable[Endpoint]) -> int:
    """Endpoints times zones that are paid for by the hour: also what is broken, until somebody deletes it."""
    return sum(len(e.subnets) for e in endpoints if e.kind is Kind.INTERFACE and not e.is_leaving)


# ---- a place ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Spending:
    """What the interface endpoints of a place cost by the hour, a month; data comes on top."""

    ours: int
    """Interface endpoints of the installation."""
    others: int
    ours_month: Decimal | None
    """None where no list price of the region is known."""
    others_month: Decimal | None
    date: str
    """Of the prices, ISO 8601; empty where there are none."""


def spending_of(vpcs: Iterable[Vpc], prices: Prices | None) -> Spending:
    """Ours and others' in these VPCs; those that AWS keeps for GuardDuty cost nothing, and are not counted.

    https://docs.aws.amazon.com/guardduty/latest/ug/eksrunmon-prereq-deploy-security-agent.html
    """
    there = [
        e
        for vpc in vpcs
        for e in vpc.endpoints
        if e.kind is Kind.INTERFACE and not e.is_leaving and not e.requester_managed
    ]
    ours, others = [e for e in there if e.is_ours], [e for e in there if not e.is_ours]
    return Spending(
        ours=len(ours),
        others=len(others),
        ours_month=endpoint_month(prices, paid_zones(ours)) if prices else None,
        others_month=endpoint_month(prices, paid_zones(others)) if prices else None,
        date=prices.date if prices else "",
    )


def spending_document(spending: Spending) -> dict[str, Any]:
    """Amounts are texts; None where no list price is known."""
    return {
        "date": spending.date,
        "ours": spending.ours,
        "others": spending.others,
        "ours_month": None if spending.ours_month is None else number(spending.ours_month),
        "others_month": None if spending.others_month is None else number(spending.others_month),
    }


def read_spending(document: Mapping[str, Any]) -> Spending:
    """The opposite of `spending_document`."""
    ours, others = document["ours_month"], document["others_month"]
    return Spending(
        ours=document["ours"],
        others=document["others"],
        ours_month=None if ours is None else Decimal(ours),
        others_month=None if others is None else Decimal(others),
        date=document["date"],
    )


def spent(places: Iterable[Spending]) -> str:
    """What all of them cost, in words; empty where there is no interface endpoint."""
    all_ = list(places)
    priced = [s for s in all_ if s.ours_month is not None and s.others_month is not None]
    ours = sum((s.ours_month or Decimal(0) for s in priced), Decimal(0))
    others = sum((s.others_month or Decimal(0) for s in priced), Decimal(0))
    unpriced = sum(s.ours + s.others for s in all_ if s not in priced)
    said = []
    if any(s.ours or s.others for s in priced):
        dates = sorted({s.date for s in priced})
        when = dates[0] if len(dates) == 1 else f"{dates[0]} to {dates[-1]}"
        said.append(
            f"{dollars(ours + others)} a month by the hour, {dollars(ours)} of it for vpce's; "
            f"list prices of {when}, without data"
        )
    if unpriced:
        said.append(f"{unpriced} more in regions without a known list price")
    return "; ".join(said)
