"""Which endpoints are worth it? What to add, drop and narrow in a VPC, by money, each with its reason and its doubts.

What is called and has no endpoint, by logs (``vpce.core.evidence``)::

    the way it takes now        it carries                      advice
    --------------------        ----------                      -----------------------------------------------------
    NAT gateway                 anything, to S3 or DynamoDB     add the gateway endpoint: it is free
    NAT gateway                 more than the break-even        add the interface endpoint
    NAT gateway                 more than that of fewer zones   in fewer zones, if one does without the others
    NAT gateway                 less                            not worth it, and what it would cost
    internet gateway            anything                        not worth it: data to AWS in the region is free there
    something else              anything                        nobody can tell here what that costs
    none                        only questions for its name     needed: the calls fail

What has an interface endpoint, by CloudWatch (``vpce.core.idle``)::

    idle                                                        drop it
    less than the break-even, and a NAT gateway is there        cheaper by NAT: for those whom privacy costs too much
    less than the break-even of its zones, more than of fewer   fewer zones

And whether the NAT gateways could go, once nothing but AWS's services is called, by whoever leaves by them: CloudWatch
must have counted no more than logs explain. That and what is below its break-even exclude each other: the one that
saves more is advised, the other said. Endpoints that AWS's services keep for themselves, those that people expect to be
idle, and those that go anyhow are left out.

Savings are for a month of 730 hours, at the rate of the time that was looked at.
https://docs.aws.amazon.com/vpc/latest/userguide/nat-gateway-pricing.html
"""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from functools import cached_property
from ipaddress import ip_address, ip_network
from typing import TYPE_CHECKING

from vpce.core.advice import Advice, Do, Fit, Recommendation, order_of, sum_of
from vpce.core.caution import REROUTED, SHADOWING
from vpce.core.commands import aws, tag_it
from vpce.core.cost import break_even, data_month, dollars, endpoint_month, monthly_gb, without_nat
from vpce.core.idle import Use, is_expected
from vpce.core.model import PROFILE_TAG, ZONES_TAG, Kind, short_name
from vpce.core.notice import count
from vpce.core.profile import REMOVE, ProfileError
from vpce.core.way import tables_in_use

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
    from ipaddress import IPv4Network, IPv6Network

    from vpce.core.evidence import Evidence, Usage
    from vpce.core.idle import Activity
    from vpce.core.model import Catalog, Endpoint, Offer, Subnet, Vpc
    from vpce.core.network import NatGateway
    from vpce.core.prices import Prices
    from vpce.core.profile import Profile, Profiles

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
        return self._led_by("0.0.0.0/0")

    def _led_by(self, destination: str) -> Mapping[str, str]:
        found: dict[str, str] = {}
        for subnet in self.vpc.subnets:
            table = self.vpc.route_table_of(subnet)
            for route in table.routes if table else ():
                if route.destination == destination and route.target and not route.is_blackhole:
                    found[subnet.id] = route.target.partition("-")[0]
        return found

    @cached_property
    def closed(self) -> frozenset[str]:
        """Subnets without a default route, over IPv4 or IPv6."""
        return frozenset(s.id for s in self.vpc.subnets) - self.exits.keys() - self._led_by("::/0").keys()

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

    @cached_property
    def _networks(self) -> list[tuple[IPv4Network | IPv6Network, Subnet]]:
        return [(ip_network(c), s) for s in self.vpc.subnets for c in s.cidrs]

    @cached_property
    def _subnets(self) -> dict[str, Subnet | None]:
        """As they are looked up: logs of a month may name tens of thousands of clients, again for each service."""
        return {}

    def subnet_of(self, address: str) -> Subnet | None:
        """The subnet that a private address is of."""
        if address not in self._subnets:
            one = ip_address(address)
            self._subnets[address] = next((s for network, s in self._networks if one in network), None)
        return self._subnets[address]

    def ways_of(self, usage: Usage) -> frozenset[str]:
        """Kinds of exits that the clients of a service have; empty where they have none."""
        subnets = [self.subnet_of(c) for c in usage.clients]
        return frozenset(self.exits[s.id] for s in subnets if s is not None and s.id in self.exits)

    def is_cut_off(self, usage: Usage) -> bool:
        """Whether all clients of a service are in subnets without a way out; those that are gone prove nothing."""
        subnets = [self.subnet_of(c) for c in usage.clients]
        return bool(subnets) and all(s is not None and s.id in self.closed for s in subnets)


def recommend(case: Case) -> Recommendation:
    """What to do in a VPC. Without evidence: what EC2 and CloudWatch alone tell."""
    return _Adviser(case).recommendation()


_FREE_ACROSS = "packets to an endpoint in another zone cost nothing extra"
"""https://aws.amazon.com/about-aws/whats-new/2022/04/aws-data-transfer-price-reduction-privatelink-transit-gateway-client-vpn-services/"""


_FOR_ALL = f"{ZONES_TAG} holds for all endpoints of ours in the VPC"


class _Adviser:
    def __init__(self, case: Case) -> None:
        self.case, self.vpc, self.prices, self.evidence = case, case.vpc, case.prices, case.evidence

    def recommendation(self) -> Recommendation:
        gateways, calls, below = [*self._gateways()], [*self._calls()], [*self._below()]
        nat, without = self._without_nat(gateways)
        if without and without.saving and without.saving > sum_of([*calls, *below]):
            calls, below = [*(a for a in calls if a.do is Do.NEED), without], []
        advice = sorted([*gateways, *calls, *below, *self._idle(), *self._narrowed()], key=order_of)
        return Recommendation(
            vpc=self.vpc,
            prices=self.prices,
            evidence=self.evidence,
            advice=tuple(advice),
            nat=nat,
            fit=self._fit(advice),
            gaps=tuple(self._gaps()),
            better=self.evidence.better if self.evidence else (),
        )

    def _advice(
        self,
        do: Do,
        what: str,
        *,
        saving: Decimal | None,
        why: str,
        service: str = "",
        unsure: str = "",
        fix: str = "",
    ) -> Advice:
        return Advice(
            do=do,
            place=self.vpc.place,
            vpc=self.vpc.id,
            vpc_name=self.vpc.tags.get("Name", ""),
            service=service,
            what=what,
            saving=saving,
            why=why,
            unsure=unsure,
            fix=fix,
            prices=self.prices.with_doubts if self.prices else "",
        )

    # ---- what is called ----

    def _gateways(self) -> Iterator[Advice]:
        """Gateway endpoints, and routes to them, that the VPC lacks, with what NAT gateways carry to their services."""
        used = tables_in_use(self.vpc).keys()
        for name in self.case.catalog.names(Kind.GATEWAY):
            here = self.case.there(name, Kind.GATEWAY)
            lacking = sorted(used - frozenset[str]().union(*(e.route_tables for e in here)))
            usage = next((u for u in self.case.called if u.service == name), None)
            if not lacking or not (told := self._free(usage, is_there=bool(here))):
                continue
            why, saving, doubts = told
            unsure = _together(doubts, REROUTED)
            what, fix = f"gateway endpoint for {name}", self._asking_for_gateways(name)
            if here:
                words = ("--vpc-endpoint-id", here[0].id, "--add-route-table-ids", *lacking)
                what, fix = (
                    f"{_and(lacking)} to {here[0].id} ({name})",
                    aws(self.vpc.place, "ec2 modify-vpc-endpoint", *words),
                )
            yield self._advice(Do.ADD, what, saving=saving, why=why, service=name, unsure=unsure, fix=fix)

    def _free(self, usage: Usage | None, *, is_there: bool) -> tuple[str, Decimal | None, str] | None:
        """Why a gateway endpoint, what it saves, and the doubts; None where nothing speaks for it."""
        logs, prices = self.evidence, self.prices
        if self.case.has_nat and logs and logs.has_bytes:
            if not usage or not _by_nat(usage):
                return None
            gb = monthly_gb(_by_nat(usage), logs.span)
            why = f"{_gb(gb)} a month go to it by a NAT gateway{self._per_gb()}; a gateway endpoint is free"
            return why, gb * prices.nat_gb if prices else None, self._doubts(usage)
        if is_there:
            return None  # the audit tells of routes that are missing
        if self.case.has_nat:
            why = f"it is free; how much of it a NAT gateway carries is in no log that was read{self._at_most()}"
            return why, None, ""
        return ("it is called, and free; no NAT gateway of the VPC is paid for its data", None, "") if usage else None

    def _calls(self) -> Iterator[Advice]:
        """Services that are called, and have no endpoint: are they worth one?"""
        for usage in self.case.called:
            if zones := self._zones_to_add(usage.service):
                yield self._call(usage, zones)

    def _zones_to_add(self, service: str) -> int | None:
        """Of the interface endpoint to be made; 0 where there is none to make, None if the VPC can have none."""
        catalog, here = self.case.catalog, self.case.there(service, Kind.INTERFACE)
        if catalog.find(service, Kind.GATEWAY) or service in self.case.centrally or here:
            return 0
        offer = catalog.find(service, Kind.INTERFACE)
        return (offer and self.case.zones_for(offer)) or None

    def _call(self, usage: Usage, zones: int) -> Advice:
        assert self.evidence is not None  # noqa: S101  without it nothing is known to be called
        gb, ways = monthly_gb(usage.outside, self.evidence.span), self.case.ways_of(usage)
        asked = f"{count(len(usage.clients), 'client')} asked for it {count(usage.lookups, 'time')}"
        do, saving, unsure = Do.ADD, None, self._doubts(usage)
        if self.case.is_cut_off(usage):
            do, saving, why = Do.NEED, self._hours(-zones), f"{asked}, and no route leads there: the calls fail"
        elif not self.evidence.has_bytes:
            why = f"{asked}; how many bytes go there is in no log that was read{self._from(zones)}"
        elif ways == {"igw"} or (usage.outside and not _by_nat(usage)):
            do, saving = Do.SKIP, self._hours(-zones)
            why = f"{_gb(gb)} a month leave past no NAT gateway, and data to AWS in the region costs nothing there"
            unsure = "it may matter for privacy"
        elif "nat" not in ways:
            why = (
                f"{_gb(gb)} a month leave by {_and(ways) or 'no way that EC2 shows'}; what that costs is paid elsewhere"
            )
        elif not self.prices:
            why = f"{_gb(gb)} a month go by a NAT gateway"
        else:
            return self._against_nat(usage, zones, gb, self.prices)
        what = f"interface endpoint for {usage.service} in {count(zones, 'zone')}"
        return self._advice(
            do, what, saving=saving, why=f"{why}{self._costs(zones)}", service=usage.service, unsure=unsure
        )

    def _against_nat(self, usage: Usage, zones: int, gb: Decimal, prices: Prices) -> Advice:
        """An endpoint in all zones, or in fewer if only that pays; with all that goes to it, also past NAT gateways."""
        assert self.evidence is not None  # noqa: S101
        nat = monthly_gb(_by_nat(usage), self.evidence.span)
        spared = nat * prices.nat_gb - data_month(prices, gb)
        enough = next((n for n in range(zones, 0, -1) if endpoint_month(prices, n) < spared), 0)
        do = Do.ADD if enough == zones else Do.NARROW if enough else Do.SKIP
        number = enough or zones
        threshold = break_even(prices, number)
        where = count(number, "zone") if do is not Do.NARROW else f"{number} of {zones} zones"
        why = f"{_gb(nat)} a month go to it by a NAT gateway{self._per_gb()}" + (
            f"; from {_gb(threshold)} on an endpoint in {count(number, 'zone')} is cheaper"
            if threshold is not None
            else "; no amount of data makes an endpoint cheaper"
        )
        fewer = _together(f"in all {zones} it would cost more than the NAT gateway", _FOR_ALL, _down(number))
        return self._advice(
            do,
            f"interface endpoint for {usage.service} in {where}",
            saving=spared - endpoint_month(prices, number),
            why=why,
            service=usage.service,
            unsure=_together(fewer if do is Do.NARROW else "", self._doubts(usage)),
            fix=tag_it(self.vpc, str(number), ZONES_TAG) if do is Do.NARROW else "",
        )

    @cached_property
    def _asked(self) -> Profile | None:
        """What the VPC's tag asks for; None for nothing, or for what nobody understands."""
        asked = self.vpc.tags.get(PROFILE_TAG, "").strip()
        try:
            return None if asked in {"", REMOVE} else self.case.profiles.of(asked)
        except ProfileError:
            return None

    def _asking_for_gateways(self, service: str) -> str:
        """What the tag says already stays: to ask for another profile would take its endpoints away."""
        if self._asked and service in self._asked.gateway:
            return f"vpce apply {self.vpc.id} --region {self.vpc.place.region}"
        asked = self.vpc.tags.get(PROFILE_TAG, "").strip()
        return tag_it(self.vpc, "gateway" if asked in {"", REMOVE} else f"{asked}+gateway")

    # ---- what is there ----

    def _judged(self, use: Use) -> Iterator[tuple[Endpoint, str, Activity]]:
        """Interface endpoints that people decide on, with their service's short name."""
        for endpoint in self.case.serving:
            activity = self.case.activity.get(endpoint.id)
            if endpoint.kind is not Kind.INTERFACE or endpoint.requester_managed or not endpoint.subnets:
                continue
            if endpoint.delete_after:
                continue  # it goes anyhow
            if activity and activity.use is use and not is_expected(endpoint, self.vpc):
                yield endpoint, short_name(endpoint.service, self.vpc.place.region), activity

    def _idle(self) -> Iterator[Advice]:
        for endpoint, service, activity in self._judged(Use.IDLE):
            usages = [u for u in self.case.called if u.service == service]
            if any(u.inside for u in usages):
                continue  # a flow log has seen what CloudWatch did not count
            unsure = _together(
                "the service is called past it: see first why its names do not lead to it"
                if any(u.outside for u in usages)
                else "",
                "what runs once a quarter, or in an emergency, would not show",
                "" if self.case.exits else "without it the VPC has no way to the service",
            )
            yield self._drop(
                Do.DROP,
                endpoint,
                service=service,
                saving=self._hours(len(endpoint.subnets)),
                why=activity.why,
                unsure=unsure,
            )

    def _drop(
        self, do: Do, endpoint: Endpoint, *, service: str, saving: Decimal | None, why: str, unsure: str
    ) -> Advice:
        fix = (
            f"take {service} out of the profile, which is {endpoint.made_for}"
            if endpoint.is_ours
            else aws(self.vpc.place, "ec2 delete-vpc-endpoints", "--vpc-endpoint-ids", endpoint.id)
        )
        what = f"{endpoint.id} ({service}, {count(len(endpoint.subnets), 'zone')})"
        return self._advice(do, what, saving=saving, why=why, service=service, unsure=unsure, fix=fix)

    def _carried(self, *, is_below: bool) -> Iterator[tuple[Endpoint, str, Decimal, Prices]]:
        """Endpoints in use, with GB a month: those that a NAT gateway there would carry for less, or the others."""
        for endpoint, service, activity in self._judged(Use.ACTIVE):
            if self.prices is None or activity.bytes is None:
                continue
            gb = monthly_gb(activity.bytes, activity.days)
            is_replaceable = self.case.has_nat and self._is_public(endpoint, service)
            if (is_replaceable and not _enough(self.prices, 1, gb)) is is_below:
                yield endpoint, service, gb, self.prices

    def _is_public(self, endpoint: Endpoint, service: str) -> bool:
        """Whether its clients would reach the service without it, by the same names.

        Not other people's services, nor private APIs; and without private DNS it is called by names of its own.
        """
        is_aws = self.case.catalog.find(service, Kind.INTERFACE) is not None and not service.startswith("vpce-svc-")
        return is_aws and service not in SHADOWING and endpoint.private_dns

    def _below(self) -> Iterator[Advice]:
        for endpoint, service, gb, prices in self._carried(is_below=True):
            cost = endpoint_month(prices, len(endpoint.subnets)) + data_month(prices, gb)
            nat, closed = gb * prices.nat_gb, len(self.case.closed)
            why = f"{_gb(gb)} a month go through it for {dollars(cost)}; the NAT gateway would take {dollars(nat)}"
            unsure = _together(
                "they would leave by a public address: keep it where rules or policies ask for the private way",
                f"{count(closed, 'subnet')} without a way out would lose the service" if closed else "",
            )
            yield self._drop(Do.BY_NAT, endpoint, service=service, saving=cost - nat, why=why, unsure=unsure)

    def _narrowed(self) -> Iterator[Advice]:
        """Fewer zones, where fewer are enough; of ours all together, since one tag says it for the VPC."""
        ours: list[int] = []
        most = 1
        for endpoint, service, gb, prices in self._carried(is_below=False):
            zones = len(endpoint.subnets)
            enough = self._enough_zones(prices, zones, gb)
            if endpoint.is_ours:
                most = max(most, enough)
                ours.append(zones)
            elif enough < zones:
                dropped = sorted(endpoint.subnets)[enough:]
                words = ("--vpc-endpoint-id", endpoint.id, "--remove-subnet-ids", *dropped)
                yield self._advice(
                    Do.NARROW,
                    f"{endpoint.id} ({service}) in {enough} of {zones} zones",
                    saving=self._hours(zones - enough),
                    why=f"{_gb(gb)} a month go through it; {_FREE_ACROSS}",
                    service=service,
                    unsure=_down(enough),
                    fix=aws(self.vpc.place, "ec2 modify-vpc-endpoint", *words),
                )
        if wider := [zones for zones in ours if zones > most]:
            yield self._advice(
                Do.NARROW,
                f"{count(len(wider), 'endpoint')} of ours in {count(most, 'zone')}",
                saving=self._hours(sum(wider) - most * len(wider)),
                why=f"little goes through each of them; {_FREE_ACROSS}",
                unsure=_together(_FOR_ALL, _down(most)),
                fix=tag_it(self.vpc, str(most), ZONES_TAG),
            )

    def _enough_zones(self, prices: Prices, zones: int, gb: Decimal) -> int:
        """Where a NAT gateway is, as many as pay beside it; else two, if a zone costs more than all the data."""
        if self.case.has_nat:
            return max(1, _enough(prices, zones, gb))
        return min(zones, 2) if data_month(prices, gb) < endpoint_month(prices, 1) else zones

    # ---- without NAT gateways ----

    def _without_nat(self, gateways: Iterable[Advice]) -> tuple[str, Advice | None]:
        """Whether its NAT gateways could go: a sentence, and the advice where that saves money."""
        logs, prices, nats = self.evidence, self.prices, self.case.nats
        if not self.case.has_nat:
            return "", None
        if logs is None or prices is None or not nats:
            lacks = "logs" if logs is None else "prices" if prices is None else "the list of them"
            return f"Whether the NAT gateways could go cannot be told without {lacks}.", None
        zones = {u.service: z for u in self.case.called if (z := self._zones_to_add(u.service)) is not None}
        answer = without_nat(prices, nats, logs, zones)
        if forbidden := [*answer.forbidden, *self._unseen(logs, nats), *self._passing(zones, gateways)]:
            return f"The NAT gateways stay: {'; '.join(forbidden)}.", None
        sums = (
            f"{dollars(answer.nat)} a month for them and their data, {dollars(answer.endpoints)} for endpoints instead"
        )
        if not answer.pays:
            return f"The NAT gateways could go, and nothing would be saved by that: {sums}.", None
        names = _and(s for s, number in zones.items() if number)
        advice = self._advice(
            Do.WITHOUT_NAT,
            f"no NAT gateway, but interface endpoints for {names}" if names else "no NAT gateway",
            saving=answer.saving - sum_of(gateways),  # those are advised in any case
            why=f"nothing but AWS's services is called; {sums}",
            unsure=f"whatever was not called in these {logs.span:.0f} days fails without them",
        )
        return f"The NAT gateways could go: {sums}.", advice

    def _unseen(self, logs: Evidence, nats: Iterable[NatGateway]) -> Iterator[str]:
        """What the NAT gateways may be needed for, and logs of the VPC's own clients do not show."""
        if logs.span < SURE_DAYS - 1:
            yield f"logs of {logs.span:.1f} days are too few to do without them"
        for gateway in nats:
            if not gateway.is_public:
                yield f"{gateway.id} is a private one, which leads to other networks"
        counted = self._counted()
        seen = monthly_gb(sum(map(_by_nat, self.case.called)), logs.span)
        if counted is not None and counted > 2 * seen + 1:
            yield f"CloudWatch counts {_gb(counted)} a month through them, and the logs tell of {_gb(seen)}"

    def _overcounted(self, logs: Evidence) -> Iterator[str]:
        """A flow log of the default format has what passes a NAT instance, or a NAT gateway that is gone, twice."""
        counted = self._counted()
        past = logs.aws_bytes - logs.aws_direct + logs.other_bytes - logs.other_direct
        seen = monthly_gb(sum(map(_by_nat, self.case.called)) + past, logs.span)
        if counted is not None and seen > 2 * counted + 1:
            yield (
                f"whether the bytes are right: the logs tell of {_gb(seen)} a month by NAT gateways, and CloudWatch of "
                f"{_gb(counted)} by those that are there, in {self.case.nat_days:.0f} days"
            )

    def _passing(self, zones: Mapping[str, int], gateways: Iterable[Advice]) -> Iterator[str]:
        """Services with an endpoint that NAT gateways carry all the same: its private DNS is off, or the like."""
        added = {a.service for a in gateways}
        for usage in self.case.called:
            if zones.get(usage.service) == 0 and usage.service not in added and _by_nat(usage):
                yield f"{usage.service} has an endpoint, and is called past it"

    # ---- the profile ----

    def _fit(self, advice: Iterable[Advice]) -> Fit | None:
        """The profile with what is worth an endpoint. Only a query log shows all that is called."""
        if self.evidence is None or not self.evidence.has_names:
            return None
        gateway, interface = self._worth_it([*advice])
        if not gateway and not interface:
            return Fit(profile="", why="nothing that is called or there is worth an endpoint")
        fits = [
            p
            for p in self.case.profiles.tables.values()
            if gateway <= {*p.gateway} and interface <= {*p.interface} and _policy(p) == _policy(self._asked)
        ]
        best = min(fits, key=lambda p: (len(p.interface), len(p.gateway), p.name), default=None)
        spare = {*best.interface} - interface if best else set()
        if best and not spare:
            why = "it has all that is worth an endpoint, and no more that costs"
            return Fit(profile=best.name, why=why, tag=tag_it(self.vpc, best.name))
        own, why = f"only-{self.vpc.id}", "no profile has all that is worth an endpoint; this table has just that"
        if best:
            offers = [o for s in spare if (o := self.case.catalog.find(s, Kind.INTERFACE))]
            more = self._hours(sum(self.case.zones_for(o) for o in offers))
            money = f", for {dollars(more)} a month" if more else ""
            why = (
                f"{best.name} has all that is worth an endpoint, but also {_and(spare)}{money}; this table has no more"
            )
        return Fit(profile="", why=why, table=self._table(own, gateway, interface), tag=tag_it(self.vpc, own))

    def _worth_it(self, advice: Sequence[Advice]) -> tuple[set[str], set[str]]:
        """Gateway and interface services, if all advice is followed; without NAT gateways all that is called."""
        find, called = self.case.catalog.find, {u.service for u in self.case.called}
        stay = [e for e in self.case.serving if not (e.delete_after or e.requester_managed)]
        named = [(short_name(e.service, self.vpc.place.region), e) for e in stay]
        # What is ours and free stays, called or not: another profile would take it away.
        free = {s for s, e in named if e.is_ours and e.kind is Kind.GATEWAY}
        gateway = {s for s in called | free if find(s, Kind.GATEWAY)}
        dropped = {a.service for a in advice if a.do is Do.DROP}  # not those that are only cheaper by NAT
        kept = {s for s, e in named if e.kind is Kind.INTERFACE and find(s, Kind.INTERFACE)}
        new = {a.service for a in advice if a.do in {Do.ADD, Do.NEED}}
        if any(a.do is Do.WITHOUT_NAT for a in advice):
            new |= {s for s in called if find(s, Kind.INTERFACE)}
        return gateway, (kept - dropped) | (new - gateway - dropped - self.case.centrally)

    def _table(self, name: str, gateway: Collection[str], interface: Collection[str]) -> str:
        assert self.evidence is not None  # noqa: S101
        when = f"{self.evidence.since:%Y-%m-%d} to {self.evidence.until:%Y-%m-%d}"
        lines = [f"[{name}]", f'description = "What {self.vpc.id} calls, by its logs from {when}."']
        for key, names in (("gateway", gateway), ("interface", interface)):
            listed = ", ".join(f'"{n}"' for n in sorted(names))
            lines += [f"{key} = [{listed}]"] if names else []
        if policy := _policy(self._asked):
            lines.append(f'policy = "{policy}"')
        return "\n".join(lines)

    # ---- words ----

    def _gaps(self) -> Iterator[str]:
        """What could not be told."""
        if self.prices is None:
            yield f"the prices of {self.vpc.place.region}, so nothing is told in money"
        if self.evidence is None:
            yield "what is called and has no endpoint, for no log was read"
        else:
            yield from self.evidence.gaps
            yield from self._overcounted(self.evidence)
        unknown: dict[str, list[str]] = {}
        for endpoint, service, activity in self._judged(Use.UNKNOWN):
            unknown.setdefault(activity.why, []).append(f"{service} ({endpoint.id})")
        for why, names in sorted(unknown.items()):
            yield f"whether anybody uses {_and(names)}: {why}"

    def _doubts(self, usage: Usage) -> str:
        """What makes the bytes of a service uncertain."""
        logs, prices = self.evidence, self.prices
        assert logs is not None  # noqa: S101
        subnets = [s for c in usage.clients if (s := self.case.subnet_of(c)) is not None]
        # Where the flow log's format tells the way, `direct` has counted them already.
        public = 0 if usage.direct else sum(self.case.exits.get(s.id) == "igw" for s in subnets)
        more = monthly_gb(logs.aws_bytes - logs.aws_direct, logs.span)
        at = f", for {dollars(more * prices.nat_gb)} by NAT gateways" if prices else ""
        return _together(
            f"only {logs.span:.1f} days of logs" if logs.span < SURE_DAYS - 1 else "",
            "not all logs could be read" if not logs.is_whole else "",
            f"{public} of {count(len(subnets), 'client')} leave by the internet gateway at no cost" if public else "",
            f"{_gb(more)} a month more go to AWS{at}, and no log tells to which service" if more else "",
        )

    def _hours(self, zones: int) -> Decimal | None:
        return endpoint_month(self.prices, zones) if self.prices else None

    def _costs(self, zones: int) -> str:
        return f"; the endpoint costs {dollars(cost)} a month" if (cost := self._hours(zones)) else ""

    def _from(self, zones: int) -> str:
        threshold = break_even(self.prices, zones) if self.prices and self.case.has_nat else None
        return f"; from {_gb(threshold)} a month on an endpoint is cheaper than a NAT gateway" if threshold else ""

    def _per_gb(self) -> str:
        return f" at ${self.prices.nat_gb.normalize():f} per GB" if self.prices else ""

    def _at_most(self) -> str:
        gb = self._counted()
        if gb is None or not self.prices:
            return ""
        return f"; all that they carry is {_gb(gb)} a month, for {dollars(gb * self.prices.nat_gb)}"

    def _counted(self) -> Decimal | None:
        """GB a month, all that the NAT gateways carried, wherever it went; None where nobody counted."""
        carried, nats = self.case.nat_bytes, self.case.nats
        if carried is None or not nats or not self.case.nat_days:
            return None
        return monthly_gb(sum(carried.get(n.id, 0) for n in nats), self.case.nat_days)


def _by_nat(usage: Usage) -> int:
    """Bytes that a NAT gateway is paid for."""
    return usage.outside - usage.direct


def _policy(profile: Profile | None) -> str:
    """Its name; empty for none."""
    return profile.policy.name if profile and profile.policy else ""


def _enough(prices: Prices, zones: int, gb: Decimal) -> int:
    """The most zones, up to some, for which the traffic is above the break-even; 0 for none."""
    thresholds = ((number, break_even(prices, number)) for number in range(zones, 0, -1))
    return next((number for number, threshold in thresholds if threshold is not None and gb > threshold), 0)


def _down(zones: int) -> str:
    return f"while {'that zone is' if zones == 1 else 'those zones are'} down, so is the service for the whole VPC"


def _together(*parts: str) -> str:
    return "; ".join(p for p in parts if p)


def _gb(gb: Decimal) -> str:
    return f"{gb:,.1f} GB" if gb >= Decimal("0.05") or not gb else "less than 0.1 GB"


def _and(names: Iterable[str]) -> str:
    *most, last = sorted(names) or [""]
    return f"{', '.join(most)} and {last}" if most else last
