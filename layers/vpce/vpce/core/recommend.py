"""Which endpoints are worth it? What to add, drop and narrow in a VPC, by money, each with its reason and its doubts.

What is called and has no endpoint, by logs (``vpce.core.evidence``)::

    the way it takes now        it carries                      advice
    --------------------        ----------                      -----------------------------------------------------
    NAT gateway                 anything, to S3 or DynamoDB     add the gateway endpoint: it is free
    NAT gateway                 more than the break-even        add the interface endpoint
    NAT gateway                 less                            not worth it, and what it would cost
    internet gateway            anything                        not worth it: data to AWS in the region is free there
    something else              anything                        nobody can tell here what that costs
    none                        only questions for its name     needed: the calls fail

What has an interface endpoint, by CloudWatch (``vpce.core.idle``)::

    idle                                                        drop it
    less than the break-even, and a NAT gateway is there        drop it: the NAT gateway would carry it for less
    less than the break-even of its zones, more than of fewer   fewer zones

And whether the NAT gateways could go, once nothing but AWS's services is called. That and what is below its break-even
exclude each other: the one that saves more is advised, the other said. Endpoints that AWS's services keep for
themselves, and those that people expect to be idle, are left out.

Savings are for a month of 730 hours, at the rate of the time that was looked at.
https://docs.aws.amazon.com/vpc/latest/userguide/nat-gateway-pricing.html
"""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cached_property
from typing import TYPE_CHECKING

from vpce.core.advice import Advice, Do, Fit, Recommendation, order_of, saving_of
from vpce.core.commands import aws, tag_it
from vpce.core.cost import break_even, data_month, dollars, endpoint_month, monthly_gb, without_nat
from vpce.core.idle import Use
from vpce.core.model import ZONES_TAG, Kind, short_name
from vpce.core.notice import count

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping

    from vpce.core.evidence import Evidence, Usage
    from vpce.core.idle import Activity
    from vpce.core.model import Catalog, Endpoint, Offer, Subnet, Vpc
    from vpce.core.network import NatGateway
    from vpce.core.prices import Prices
    from vpce.core.profile import Profiles

SURE_DAYS = 14
"""Two weeks have every weekday twice; less says little of a month."""


@dataclass(frozen=True, kw_only=True)
class Case:
    """What is known of a VPC when somebody asks what its endpoints are worth."""

    vpc: Vpc
    catalog: Catalog
    profiles: Profiles
    prices: Prices | None
    zones: int | None = None
    """Most zones that its tag allows; None for all."""
    evidence: Evidence | None = None
    activity: Mapping[str, Activity] = field(default_factory=dict)
    """By endpoint."""
    nats: tuple[NatGateway, ...] | None = None
    """None: they could not be read."""
    nat_bytes: Mapping[str, int] | None = None
    """By NAT gateway, what it carried within `nat_days`; None: nobody knows."""
    nat_days: float = 0
    central: Mapping[str, str] = field(default_factory=dict)
    """Interface services (AWS's full names) served from outside → by what."""

    @cached_property
    def exits(self) -> Mapping[str, str]:
        """Subnet → kind of what its packets to public addresses go to: ``nat``, ``igw``, ``tgw`` … Others have none."""
        found: dict[str, str] = {}
        for subnet in self.vpc.subnets:
            table = self.vpc.route_table_of(subnet)
            for route in table.routes if table else ():
                if route.destination == "0.0.0.0/0" and route.target and not route.is_blackhole:
                    found[subnet.id] = route.target.partition("-")[0]
        return found

    @property
    def has_nat(self) -> bool:
        return "nat" in self.exits.values()

    @cached_property
    def called(self) -> tuple[Usage, ...]:
        return self.evidence.services if self.evidence else ()

    def there(self, service: str, kind: Kind) -> list[Endpoint]:
        """Endpoints that are there to stay, whoever made them."""
        return [e for e in self.serving if e.kind is kind and short_name(e.service, self.vpc.place.region) == service]

    @cached_property
    def serving(self) -> tuple[Endpoint, ...]:
        return tuple(e for e in self.vpc.endpoints if not e.is_leaving and not e.is_broken)

    @cached_property
    def centrally(self) -> frozenset[str]:
        return frozenset(short_name(s, self.vpc.place.region) for s in self.central)

    def zones_for(self, offer: Offer) -> int:
        """In how many zones an endpoint of it would be made."""
        zones = {s.zone for s in self.vpc.subnets if not offer.zones or s.zone in offer.zones}
        return min(len(zones), self.zones or len(zones))

    def ways_of(self, usage: Usage) -> frozenset[str]:
        """Kinds of exits that the clients of a service have; empty where they have none."""
        subnets = [subnet_of(self.vpc, c) for c in usage.clients]
        return frozenset(self.exits[s.id] for s in subnets if s is not None and s.id in self.exits)



def subnet_of(vpc: Vpc, address: str) -> Subnet | None:
    """The subnet that a private address is of."""
    try:
        one = ipaddress.ip_address(address)
    except ValueError:
        return None
    return next((s for s in vpc.subnets if any(one in ipaddress.ip_network(c) for c in s.cidrs)), None)


def recommend(case: Case) -> Recommendation:
    """What to do in a VPC. Without evidence: what EC2 and CloudWatch alone tell."""
    gateways, calls = list(_gateways(case)), list(_calls(case))
    dropped, narrowed = list(_idle(case)), list(_narrowed(case))
    below = list(_below(case))
    nat, without = _without_nat(case, gateways)
    either = [*(a for a in calls if a.do is Do.ADD), *below]
    if without is not None and without.saving is not None and without.saving > saving_of(either):
        advice = [*gateways, without, *dropped, *narrowed, *(a for a in calls if a.do is Do.NEED)]
    else:
        advice = [*gateways, *calls, *below, *dropped, *narrowed]
    return Recommendation(
        vpc=case.vpc,
        prices=case.prices,
        evidence=case.evidence,
        advice=tuple(sorted(advice, key=order_of)),
        nat=nat,
        fit=_fit(case, advice),
        gaps=tuple(_gaps(case)),
        better=case.evidence.better if case.evidence else (),
    )


def _advice(
    case: Case, do: Do, what: str, saving: Decimal | None, why: str, *, service: str = "", unsure: str = "", fix: str = ""
) -> Advice:
    return Advice(
        do=do,
        place=case.vpc.place,
        vpc=case.vpc.id,
        vpc_name=case.vpc.tags.get("Name", ""),
        service=service,
        what=what,
        saving=saving,
        why=why,
        unsure=unsure,
        fix=fix,
        prices=str(case.prices or ""),
    )


# ---- what is called -----------------------------------------------------------------------------------------------


def _gateways(case: Case) -> Iterator[Advice]:
    """Gateway endpoints that the VPC lacks, with what a NAT gateway carries to their services."""
    vpc, evidence, prices = case.vpc, case.evidence, case.prices
    for name in case.catalog.names(Kind.GATEWAY):
        if not vpc.subnets or case.there(name, Kind.GATEWAY):
            continue
        usage = next((u for u in case.called if u.service == name), None)
        what, fix = f"gateway endpoint for {name}", tag_it(vpc, "gateway")
        if not case.has_nat:
            if usage is not None:
                why = "it is called, and a gateway endpoint is free; no NAT gateway of the VPC would save by it"
                yield _advice(case, Do.ADD, name, what, None, why, fix=fix)
        elif evidence is None or not evidence.has_bytes:
            why = f"it is free; how much of it a NAT gateway carries is in no log that was read{_at_most(case)}"
            yield _advice(case, Do.ADD, name, what, None, why, fix=fix)
        elif usage is not None and usage.outside:
            gb = monthly_gb(usage.outside, evidence.days)
            saving = gb * prices.nat_gb if prices else None
            why = f"{_gb(gb)} a month go to it past a NAT gateway{_at(prices)}; a gateway endpoint carries them free"
            yield _advice(case, Do.ADD, name, what, saving, why, unsure=_doubts(case, usage), fix=fix)


def _calls(case: Case) -> Iterator[Advice]:
    """Services that are called, and have no endpoint: are they worth one?"""
    for usage in case.called:
        offer = case.catalog.find(usage.service, Kind.INTERFACE)
        is_free = case.catalog.find(usage.service, Kind.GATEWAY) is not None
        if offer is None or is_free or usage.service in case.centrally or case.there(usage.service, Kind.INTERFACE):
            continue
        if zones := case.zones_for(offer):
            yield _call(case, usage, zones)


def _call(case: Case, usage: Usage, zones: int) -> Advice:
    service, evidence, prices = usage.service, case.evidence, case.prices
    assert evidence is not None  # noqa: S101  nothing is called without
    ways, gb = case.ways_of(usage), monthly_gb(usage.outside, evidence.days)
    what = f"interface endpoint for {service} in {count(zones, 'zone')}"
    asked = f"{count(len(usage.clients), 'client')} asked for it {count(usage.lookups, 'time')}"
    cost = endpoint_month(prices, zones) if prices else None
    loss = -cost if cost is not None else None
    if not ways and usage.clients:
        why = f"{asked}, and no route leads there: the calls fail{_costs(cost)}"
        return _advice(case, Do.NEED, service, what, loss, why, unsure=_doubts(case, usage))
    if not evidence.has_bytes:
        return _advice(case, Do.ADD, service, what, None, f"{asked}; how much goes there is in no log that was read")
    if ways == {"igw"}:
        why = f"{_gb(gb)} a month leave by the internet gateway, where data to AWS in the region costs nothing"
        return _advice(case, Do.SKIP, service, what, loss, f"{why}{_costs(cost)}", unsure="it may matter for privacy")
    if "nat" not in ways:
        why = f"{_gb(gb)} a month leave by {_and(ways) or 'a way that EC2 does not show'}; what that costs is paid elsewhere"
        return _advice(case, Do.ADD, service, what, None, f"{why}{_costs(cost)}", unsure=_doubts(case, usage))
    if prices is None or cost is None:
        why = f"{_gb(gb)} a month go past a NAT gateway; the prices of {case.vpc.place.region} are not known"
        return _advice(case, Do.ADD, service, what, None, why, unsure=_doubts(case, usage))
    for fewer in range(zones, 0, -1):
        threshold = break_even(prices, fewer)
        if threshold is not None and gb > threshold:
            saving = gb * prices.nat_gb - data_month(prices, gb) - endpoint_month(prices, fewer)
            what = f"interface endpoint for {service} in {count(fewer, 'zone')}"
            why = f"{_gb(gb)} a month go past a NAT gateway{_at(prices)}; from {_gb(threshold)} on an endpoint is cheaper"
            only = "" if fewer == zones else f"only in {fewer} of {zones} zones ({ZONES_TAG} = {fewer})"
            return _advice(case, Do.ADD, service, what, saving, why, unsure=_together(only, _doubts(case, usage)))
    saving = gb * prices.nat_gb - data_month(prices, gb) - cost
    threshold = break_even(prices, zones)
    from_ = f"it would take {_gb(threshold)}" if threshold is not None else "an endpoint's price per GB is no lower"
    why = f"{_gb(gb)} a month go past a NAT gateway{_at(prices)}; {from_}{_costs(cost)}"
    return _advice(case, Do.SKIP, service, what, saving, why, unsure=_doubts(case, usage))


# ---- what is there ------------------------------------------------------------------------------------------------


def _judged(case: Case) -> Iterator[tuple[Endpoint, Activity]]:
    """Interface endpoints that people decide on, with what is known of their use."""
    for endpoint in case.serving:
        if endpoint.kind is Kind.INTERFACE and not endpoint.requester_managed and endpoint.id in case.activity:
            yield endpoint, case.activity[endpoint.id]


def _idle(case: Case) -> Iterator[Advice]:
    for endpoint, activity in _judged(case):
        if activity.use is not Use.IDLE:
            continue
        service, zones = short_name(endpoint.service, case.vpc.place.region), len(endpoint.subnets)
        saving = endpoint_month(case.prices, zones) if case.prices else None
        inside = next((u.inside for u in case.called if u.service == service), 0)
        if inside:
            continue  # a flow log knows better
        unsure = "something that runs once a quarter, or only in an emergency, would not show"
        if not case.exits:
            unsure += "; without it the VPC has no way to the service"
        what = f"{endpoint.id} ({service}, {count(zones, 'zone')})"
        yield _advice(case, Do.DROP, service, what, saving, activity.why, unsure=unsure, fix=_drop(case, endpoint))


def _drop(case: Case, endpoint: Endpoint) -> str:
    service = short_name(endpoint.service, case.vpc.place.region)
    if endpoint.is_ours:
        return f"take {service} out of the profile {endpoint.made_for or '(see its tags)'}, or ask for another"
    return aws(case.vpc.place, "ec2 delete-vpc-endpoints", "--vpc-endpoint-ids", endpoint.id)


def _carried(case: Case) -> Iterator[tuple[Endpoint, int, Decimal]]:
    """Endpoints in use, with their zones and GB a month."""
    for endpoint, activity in _judged(case):
        if activity.use is Use.ACTIVE and activity.bytes is not None and endpoint.subnets:
            yield endpoint, len(endpoint.subnets), monthly_gb(activity.bytes, activity.days)


def _is_below(case: Case, gb: Decimal) -> bool:
    """A NAT gateway that is there would carry it for less than even one zone costs."""
    threshold = break_even(case.prices, 1) if case.prices else None
    return case.has_nat and threshold is not None and gb <= threshold


def _below(case: Case) -> Iterator[Advice]:
    prices = case.prices
    for endpoint, zones, gb in _carried(case):
        if prices is None or not _is_below(case, gb):
            continue
        service = short_name(endpoint.service, case.vpc.place.region)
        cost = endpoint_month(prices, zones) + data_month(prices, gb)
        saving = cost - gb * prices.nat_gb
        why = (
            f"{_gb(gb)} a month go through it for {dollars(cost)}; the NAT gateway would carry them for "
            f"{dollars(gb * prices.nat_gb)}"
        )
        unsure = "its traffic would leave by public addresses: keep it if rules or policies ask for the private way"
        what = f"{endpoint.id} ({service}, {count(zones, 'zone')})"
        yield _advice(case, Do.DROP, service, what, saving, why, unsure=unsure, fix=_drop(case, endpoint))


def _narrowed(case: Case) -> Iterator[Advice]:
    """Fewer zones, where fewer are enough; of ours all together, since one tag says it for a VPC."""
    prices = case.prices
    if prices is None:
        return
    ours: dict[str, tuple[int, int]] = {}
    for endpoint, zones, gb in _carried(case):
        if _is_below(case, gb):
            continue
        enough = _enough(prices, zones, gb)
        if endpoint.is_ours:
            ours[endpoint.id] = zones, enough
        elif enough < zones:
            service = short_name(endpoint.service, case.vpc.place.region)
            kept = sorted(endpoint.subnets)[:enough]
            fix = aws(
                case.vpc.place,
                "ec2 modify-vpc-endpoint",
                f"--vpc-endpoint-id {endpoint.id} --remove-subnet-ids",
                *sorted(endpoint.subnets - {*kept}),
            )
            what = f"{endpoint.id} ({service}) in {enough} of {zones} zones"
            saving = endpoint_month(prices, zones - enough)
            why = f"{_gb(gb)} a month go through it; {_FREE_ACROSS}"
            yield _advice(case, Do.NARROW, service, what, saving, why, unsure=_down(enough), fix=fix)
    most = max((enough for _, enough in ours.values()), default=0)
    if fewer := {i: zones for i, (zones, _) in ours.items() if zones > most}:
        saving = endpoint_month(prices, sum(zones - most for zones in fewer.values()))
        what = f"{count(len(fewer), 'endpoint')} of ours in {count(most, 'zone')}"
        why = f"none of them carries enough for more; {_FREE_ACROSS}"
        yield _advice(
            case, Do.NARROW, "", what, saving, why, unsure=_down(most), fix=tag_it(case.vpc, str(most), ZONES_TAG)
        )


_FREE_ACROSS = "packets to an endpoint in another zone cost nothing extra"
"""https://aws.amazon.com/about-aws/whats-new/2022/04/aws-data-transfer-price-reduction-privatelink-transit-gateway-client-vpn-services/"""


def _enough(prices: Prices, zones: int, gb: Decimal) -> int:
    """The most zones, up to those there are, whose break-even the traffic reaches; two where it reaches none of many."""
    for number in range(zones, 1, -1):
        threshold = break_even(prices, number)
        if threshold is None or gb > threshold:
            return number
    return 1


def _down(zones: int) -> str:
    return (
        "while the one zone is down, so is the service for the whole VPC"
        if zones == 1
        else "fewer zones can be down before the service is"
    )


# ---- without NAT gateways -----------------------------------------------------------------------------------------


def _without_nat(case: Case, gateways: Iterable[Advice]) -> tuple[str, Advice | None]:
    """Whether its NAT gateways could go: a sentence, and the advice where that saves money."""
    evidence, prices = case.evidence, case.prices
    if not case.has_nat:
        return "", None
    if evidence is None or prices is None or not case.nats:
        lacks = "the logs" if evidence is None else "the prices" if prices is None else "the list of NAT gateways"
        return f"Whether the NAT gateways could go cannot be told without {lacks}.", None
    zones = {u.service: z for u in case.called if (z := _zones_to_add(case, u.service)) is not None}
    answer = without_nat(prices, case.nats, evidence, zones)
    if answer.forbidden:
        return f"The NAT gateways stay: {'; '.join(answer.forbidden)}.", None
    sums = f"{dollars(answer.nat)} a month for them and their data, {dollars(answer.endpoints)} for endpoints instead"
    if not answer.pays:
        return f"The NAT gateways could go, and that would save nothing: {sums}.", None
    names = sorted(s for s, number in zones.items() if number)
    what = f"no NAT gateway, but interface endpoints for {_and(names)}" if names else "no NAT gateway"
    unsure = _together(
        f"whatever was not called in these {evidence.days:.0f} days fails without them",
        "" if evidence.has_names else "without a query log, names that nobody got an answer for do not show",
    )
    saving = answer.saving - saving_of(gateways)  # which are advised in any case
    advice = _advice(case, Do.WITHOUT_NAT, "", what, saving, f"nothing but AWS's services is called; {sums}", unsure=unsure)
    return f"The NAT gateways could go: {sums}.", advice


def _zones_to_add(case: Case, service: str) -> int | None:
    """In how many zones an interface endpoint would have to be made; 0 where there is none to make, None for none to be had."""
    if case.catalog.find(service, Kind.GATEWAY) or service in case.centrally or case.there(service, Kind.INTERFACE):
        return 0
    offer = case.catalog.find(service, Kind.INTERFACE)
    return case.zones_for(offer) if offer else None


# ---- the profile --------------------------------------------------------------------------------------------------


def _fit(case: Case, advice: Collection[Advice]) -> Fit | None:
    """The profile with what is worth an endpoint. Only a query log shows all that is called."""
    evidence = case.evidence
    if evidence is None or not evidence.has_names:
        return None
    region = case.vpc.place.region
    gateway = frozenset(u.service for u in case.called if case.catalog.find(u.service, Kind.GATEWAY))
    dropped = {a.service for a in advice if a.do is Do.DROP}
    kept = {short_name(e.service, region) for e in case.serving if e.kind is Kind.INTERFACE and not e.requester_managed}
    added = {a.service for a in advice if a.do in {Do.ADD, Do.NEED}} - gateway
    interface = (kept - dropped) | added
    if any(a.do is Do.WITHOUT_NAT for a in advice) or not case.has_nat:
        interface |= {u.service for u in case.called if case.catalog.find(u.service, Kind.INTERFACE)} - gateway - dropped
    interface -= case.centrally
    if not gateway and not interface:
        return Fit(profile="", why="no AWS service with an endpoint is called or has one worth keeping")
    table = _table(case, gateway, interface)
    fits = [p for p in case.profiles.tables.values() if gateway <= {*p.gateway} and interface <= {*p.interface}]
    if not fits:
        return Fit(profile="", why="no profile has all of it; this table has just that", table=table)
    best = min(fits, key=lambda p: (len(p.interface), len(p.gateway), p.name))
    spare = sorted({*best.interface} - interface)
    tag = tag_it(case.vpc, best.name)
    if not spare:
        return Fit(profile=best.name, why="it has all that is worth an endpoint, and no more", tag=tag)
    offers = [o for s in spare if (o := case.catalog.find(s, Kind.INTERFACE))]
    each = f", for {dollars(sum((endpoint_month(case.prices, case.zones_for(o)) for o in offers), Decimal()))} a month" if case.prices else ""
    return Fit(
        profile=best.name,
        why=f"it has all that is worth an endpoint, and {_and(spare)} besides{each}; the table has no more than that",
        table=table,
        tag=tag,
    )


def _table(case: Case, gateway: Collection[str], interface: Collection[str]) -> str:
    evidence = case.evidence
    assert evidence is not None  # noqa: S101
    when = f"{evidence.since:%Y-%m-%d} to {evidence.until:%Y-%m-%d}"
    lines = [f"[only-{case.vpc.id}]", f'description = "What {case.vpc.id} called, {when}."']
    for key, names in (("gateway", gateway), ("interface", interface)):
        if names:
            lines.append(f"{key} = [{', '.join(f'"{n}"' for n in sorted(names))}]")
    return "\n".join(lines)


# ---- words --------------------------------------------------------------------------------------------------------


def _gaps(case: Case) -> Iterator[str]:
    """What of the advice could not be told."""
    if case.prices is None:
        yield f"the prices of {case.vpc.place.region} are not known, so nothing is told in money"
    if case.evidence is None:
        yield "no log was read, so what is called and has no endpoint is not known"
    else:
        yield from case.evidence.gaps
    unknown = [a for _, a in _judged(case) if a.use is Use.UNKNOWN]
    for why in sorted({a.why for a in unknown}):
        ids = sorted(a.endpoint for a in unknown if a.why == why)
        yield f"whether {_and(ids)} {'is' if len(ids) == 1 else 'are'} used: {why}"


def _doubts(case: Case, usage: Usage) -> str:
    """What makes the bytes of a service uncertain."""
    evidence, prices = case.evidence, case.prices
    assert evidence is not None  # noqa: S101
    subnets = [s for c in usage.clients if (s := subnet_of(case.vpc, c)) is not None]
    public = sum(case.exits.get(s.id) == "igw" for s in subnets)
    more = monthly_gb(evidence.aws_bytes, evidence.days)
    return _together(
        f"only {evidence.days:.0f} days were looked at" if evidence.days < SURE_DAYS else "",
        "not all logs could be read" if not evidence.is_whole else "",
        f"{public} of {count(len(subnets), 'client')} leave by the internet gateway, at no cost per GB" if public else "",
        f"{_gb(more)} a month more go to AWS, of services that no log names, at {dollars(more * prices.nat_gb)}"
        if more and prices
        else "",
    )


def _at_most(case: Case) -> str:
    if case.nat_bytes is None or case.nats is None or case.prices is None or not case.nat_days:
        return ""
    gb = monthly_gb(sum(case.nat_bytes.get(n.id, 0) for n in case.nats), case.nat_days)
    return f"; all that they carried is {_gb(gb)} a month, at {dollars(gb * case.prices.nat_gb)}"


def _together(*parts: str) -> str:
    return "; ".join(p for p in parts if p)


def _at(prices: Prices | None) -> str:
    return f" at ${prices.nat_gb.normalize():f} per GB" if prices else ""


def _costs(cost: Decimal | None) -> str:
    return f"; the endpoint costs {dollars(cost)} a month" if cost is not None else ""


def _gb(gb: Decimal) -> str:
    return f"{gb:,.1f} GB" if gb >= Decimal("0.05") or not gb else "less than 0.1 GB"


def _and(names: Iterable[str]) -> str:
    *most, last = sorted(names) or [""]
    return f"{', '.join(most)} and {last}" if most else last
