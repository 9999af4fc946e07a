"""The dull parts of VPCs, catalogs and wishes, so that a test shows only the telling ones.

And EC2 as a pure function, and any VPC that it would show.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any, assert_never

from hypothesis import strategies as st

from vpce.core.advice import Advice, Do
from vpce.core.aside import released
from vpce.core.compare import compare, memory_of
from vpce.core.cost import Spending
from vpce.core.findings import Finding, Severity, State, Unread
from vpce.core.model import (
    OUR_RULE,
    Addresses,
    Catalog,
    Dns,
    Endpoint,
    Ingress,
    Kind,
    Offer,
    Place,
    RouteTable,
    SecurityGroup,
    Subnet,
    Vpc,
)
from vpce.core.plan import (
    GRACE,
    CreateEndpoint,
    CreateSecurityGroup,
    DeleteEndpoint,
    DeleteSecurityGroup,
    EnableDnsHostnames,
    EnableDnsSupport,
    Known,
    MarkEndpoint,
    Release,
    UnmarkEndpoint,
    UpdateEndpoint,
    UpdateSecurityGroup,
    make_plan,
)
from vpce.core.policies import FULL_ACCESS, EndpointPolicy
from vpce.core.prices import Prices, Tier
from vpce.core.profile import Profile, Wish
from vpce.core.report import PlaceReport, Report

if TYPE_CHECKING:
    from collections.abc import Iterable

    from vpce.core.plan import Action, Plan, Step

REGION, ACCOUNT = "eu-west-1", "123456789012"
PLACE = Place(account=ACCOUNT, region=REGION)
PRICES = Prices(
    region=REGION,
    date="2026-01-02",
    endpoint_hour=Decimal("0.011"),
    endpoint_gb=(Tier(above=0, price=Decimal("0.01")),),
    nat_hour=Decimal("0.048"),
    nat_gb=Decimal("0.048"),
    public_ipv4_hour=Decimal("0.005"),
)
SPENDING = Spending(ours=4, others=1, ours_month=Decimal("64.24"), others_month=Decimal("16.06"), date=PRICES.date)
UNPRICED = Spending(ours=2, others=0, ours_month=None, others_month=None, date="")
CIDR, IPV6 = "10.0.0.0/16", "2001:db8:1::/56"
BOTH = frozenset({"ipv4", "ipv6"})
A, B, C = f"{REGION}a", f"{REGION}b", f"{REGION}c"
DNS_ON = Dns(support=True, hostnames=True)


def service(name: str) -> str:
    """AWS's full name."""
    return f"com.amazonaws.{REGION}.{name}"


def a_subnet(letter: str = "a", **changes: Any) -> Subnet:
    """A private subnet of the zone with this letter."""
    number = ord(letter) - ord("a")
    subnet = Subnet(id=f"subnet-{letter}", zone=f"{REGION}{letter}", cidrs=(f"10.0.{number}.0/24",), free_addresses=250)
    return replace(subnet, **changes)


def a_dual(letter: str = "a", **changes: Any) -> Subnet:
    """A private subnet with IPv6 beside its IPv4."""
    subnet = a_subnet(letter)
    return replace(subnet, cidrs=(*subnet.cidrs, f"2001:db8:1:{ord(letter) - ord('a')}::/64"), **changes)


def a_table(name: str = "main", **changes: Any) -> RouteTable:
    return replace(RouteTable(id=f"rtb-{name}", is_main=name == "main"), **changes)


def a_gateway(name: str = "s3", **changes: Any) -> Endpoint:
    """Ours, on the main route table."""
    gateway = Endpoint(
        id=f"vpce-{name}-gateway",
        service=service(name),
        kind=Kind.GATEWAY,
        state="available",
        is_ours=True,
        made_for="test",
        route_tables=frozenset({"rtb-main"}),
    )
    return replace(gateway, **changes)


def an_interface(name: str = "sqs", **changes: Any) -> Endpoint:
    """Ours, in both zones, with our security group and private DNS."""
    interface = Endpoint(
        id=f"vpce-{name}",
        service=service(name),
        kind=Kind.INTERFACE,
        state="available",
        is_ours=True,
        made_for="test",
        subnets=frozenset({"subnet-a", "subnet-b"}),
        security_groups=frozenset({"sg-ours"}),
        private_dns=True,
    )
    return replace(interface, **changes)


def a_rule(source: str = CIDR, port: int = 443, **changes: Any) -> Ingress:
    """A rule that we made."""
    return replace(Ingress(first=port, last=port, source=source, description=OUR_RULE), **changes)


def a_group(*rules: Ingress, **changes: Any) -> SecurityGroup:
    """Ours, open to the VPC at 443 unless rules are given."""
    group = SecurityGroup(id="sg-ours", name="vpce-endpoints", is_ours=True, ingress=frozenset(rules or (a_rule(),)))
    return replace(group, **changes)


def a_vpc(**changes: Any) -> Vpc:
    """Two private subnets in two zones, one route table, DNS on, no endpoint."""
    vpc = Vpc(
        id="vpc-0123456789abcdef0",
        place=PLACE,
        owner=ACCOUNT,
        cidrs=(CIDR,),
        dns=DNS_ON,
        subnets=(a_subnet("a"), a_subnet("b")),
        route_tables=(a_table(),),
    )
    return replace(vpc, **changes)


def an_offer(name: str = "sqs", kind: Kind = Kind.INTERFACE, **changes: Any) -> Offer:
    """In every zone; interface endpoints have a private DNS name."""
    names = (f"{name}.{REGION}.amazonaws.com",) if kind is Kind.INTERFACE else ()
    offer = Offer(service=service(name), kind=kind, zones=frozenset({A, B, C}), private_dns_names=names)
    return replace(offer, **changes)


def a_catalog(*offers: Offer) -> Catalog:
    """These offers, and beside them those that tests use most."""
    special = {(o.service, o.kind) for o in offers}
    usual = [
        *(an_offer(name, Kind.GATEWAY) for name in ("s3", "dynamodb")),
        *(an_offer(name) for name in ("cassandra", "email-smtp", "s3", "sns", "sqs", "ssm", "ssmmessages")),
    ]
    return Catalog(region=REGION, offers=(*offers, *(o for o in usual if (o.service, o.kind) not in special)))


def a_profile(
    *,
    gateway: Iterable[str] = (),
    interface: Iterable[str] = (),
    optional: Iterable[str] = (),
    policy: EndpointPolicy | None = None,
    name: str = "test",
) -> Profile:
    """A profile with the sorted, deduplicated lists that reading TOML gives."""
    return Profile(
        name=name,
        gateway=tuple(sorted({*gateway})),
        interface=tuple(sorted({*interface, *optional})),
        optional=frozenset(optional),
        policy=policy,
    )


def a_wish(
    *,
    gateway: Iterable[str] = (),
    interface: Iterable[str] = (),
    optional: Iterable[str] = (),
    policy: EndpointPolicy | None = None,
    zones: int | None = None,
    addresses: Addresses | None = None,
    by_default: bool = False,
) -> Wish:
    """What the tag ``endpoint-profile = test`` asks for."""
    profile = a_profile(gateway=gateway, interface=interface, optional=optional, policy=policy)
    return Wish(profile=profile, zones=zones, addresses=addresses, by_default=by_default, why="endpoint-profile = test")


NOTHING = Wish(profile=None, why="the VPC has no tag endpoint-profile")
RETIREMENT = Wish(profile=None, retire=True, why="the tag endpoint-profile is gone")
REMOVAL = Wish(profile=None, remove=True, why="endpoint-profile = none")


def a_finding(**changes: Any) -> Finding:
    finding = Finding(
        check="broken-private-dns",
        severity=Severity.HIGH,
        title="An interface endpoint's private DNS names do not resolve to it.",
        why="Traffic leaves by a NAT gateway.",
        place=PLACE,
        vpc="vpc-1",
        vpc_name="payments",
        resource="vpce-1 private DNS",
        what="sqs vpce-1: private DNS is off",
        fix="aws ec2 modify-vpc-endpoint --vpc-endpoint-id vpce-1 --private-dns-enabled",
    )
    return replace(finding, **changes)


NOW = datetime(2026, 3, 4, 12, 0, tzinfo=UTC)
"""A Wednesday."""


def a_plan(vpc: Vpc, wish: Wish, catalog: Catalog | None = None, **known: Any) -> Plan:
    return replace(make_plan(vpc, wish, catalog or a_catalog(), Known(**{"now": NOW, **known})), prices=PRICES)


def steps(vpc: Vpc, wish: Wish, catalog: Catalog | None = None, **known: Any) -> tuple[Step, ...]:
    return a_plan(vpc, wish, catalog, **known).steps


def actions(vpc: Vpc, wish: Wish, catalog: Catalog | None = None, **known: Any) -> tuple[Action, ...]:
    return a_plan(vpc, wish, catalog, **known).actions


# ---- EC2 as a pure function ---------------------------------------------------------------------------------------


class RefusedError(AssertionError):
    """EC2 would not have taken this action."""


def carried_out(plan: Plan) -> Vpc:
    """What EC2 would show some time after the plan's actions: what was pending is there, what was leaving is gone.

    Raises:
        RefusedError: EC2 would have refused one of them.

    """
    vpc = plan.vpc
    for action in plan.actions:
        vpc = _after(vpc, action)
    settled = (replace(e, state="available") if e.state == "pending" else e for e in vpc.endpoints if not e.is_leaving)
    return _with_endpoints(vpc, settled)


def _after(vpc: Vpc, action: Action) -> Vpc:  # noqa: C901, PLR0911, PLR0912  one case per kind of action
    match action:
        case Release(resource=resource, until=until):
            return released(vpc, resource, until)
        case EnableDnsSupport() if vpc.dns is not None:
            return replace(vpc, dns=replace(vpc.dns, support=True))
        case EnableDnsHostnames() if vpc.dns is not None:
            _refuse_unless(vpc.dns.support, "DNS hostnames need DNS support")
            return replace(vpc, dns=replace(vpc.dns, hostnames=True))
        case EnableDnsSupport() | EnableDnsHostnames():
            raise RefusedError("nobody read the DNS attributes")
        case CreateSecurityGroup(ingress=ingress):
            return replace(vpc, security_groups=(*vpc.security_groups, a_group(id="sg-made", ingress=ingress)))
        case UpdateSecurityGroup(group=group, authorize=authorize, revoke=revoke):
            _refuse_unless(revoke <= group.ingress, "a rule to revoke is not there")
            _refuse_unless(not authorize & group.ingress, "a rule to authorize is there already")
            changed = replace(group, ingress=group.ingress - revoke | authorize)
            return replace(vpc, security_groups=tuple(changed if g == group else g for g in vpc.security_groups))
        case DeleteSecurityGroup(group=group):
            users = [e.id for e in vpc.endpoints if group.id in e.security_groups and e.state != "deleted"]
            _refuse_unless(not users, f"{users} use the security group")
            return replace(vpc, security_groups=tuple(g for g in vpc.security_groups if g != group))
        case CreateEndpoint():
            return _created(vpc, action)
        case UpdateEndpoint():
            return _updated(vpc, action)
        case MarkEndpoint(endpoint=endpoint, delete_after=moment):
            return _marked(vpc, endpoint, moment)
        case UnmarkEndpoint(endpoint=endpoint):
            return _marked(vpc, endpoint, None)
        case DeleteEndpoint(endpoint=endpoint):
            return _deleted(vpc, endpoint)
        case _:
            assert_never(action)


def _created(vpc: Vpc, action: CreateEndpoint) -> Vpc:
    is_interface = action.offer.kind is Kind.INTERFACE
    made = Endpoint(
        id=f"vpce-made-{len(vpc.endpoints)}",
        service=action.offer.service,
        kind=action.offer.kind,
        state="pending",
        is_ours=True,
        made_for=action.made_for,
        route_tables=action.route_tables,
        subnets=action.subnets,
        security_groups=frozenset({_our_group(vpc)}) if is_interface else frozenset(),
        private_dns=action.private_dns,
        needs_gateway=bool(action.inbound_resolver_only),
        policy=_taken(action.offer, action.policy) or FULL_ACCESS,
        address_type=action.address_type,
        record_type=action.address_type if is_interface else "service-defined",
        follows_subnets=is_interface,
    )
    _refuse_unless(action.offer.is_dual or action.address_type == "ipv4", "the service has no IPv6")
    _refuse_unless(_can_have(vpc, made, action.address_type), "a subnet has not the addresses")
    if action.inbound_resolver_only:
        gateways = {e.service for e in vpc.endpoints if e.kind is Kind.GATEWAY and not e.is_leaving}
        _refuse_unless(action.offer.service in gateways, "names for inbound resolvers only need the gateway")
    zones = {vpc.subnet_by_id[s].zone for s in action.subnets}
    _refuse_unless(not action.offer.zones or zones <= action.offer.zones, "the service is not in that zone")
    return _with_addresses(_checked(vpc, made), taken=action.subnets)


def _updated(vpc: Vpc, action: UpdateEndpoint) -> Vpc:
    there = action.endpoint
    _refuse_unless(there.is_ours, "not ours")
    _refuse_unless(there.state == "available", f"{there.id} is {there.state}")
    groups = {_our_group(vpc)} if action.add_our_security_group else set()
    changed = replace(
        there,
        route_tables=there.route_tables | action.add_route_tables,
        subnets=there.subnets - action.remove_subnets | action.add_subnets,
        security_groups=there.security_groups - action.remove_security_groups | groups,
        private_dns=there.private_dns or action.enable_private_dns,
        needs_gateway=there.needs_gateway or bool(action.inbound_resolver_only),
        policy=action.policy or there.policy,
        address_type=action.address_type or there.address_type,
    )
    before = replace(changed, subnets=there.subnets | action.add_subnets)
    _refuse_unless(_can_have(vpc, before, action.address_type), "a subnet has not the addresses")
    _refuse_unless(bool(changed.security_groups) or not there.security_groups, "no security group is left")
    others = _with_endpoints(vpc, (e for e in vpc.endpoints if e.id != there.id))
    freed = action.remove_subnets
    return _with_addresses(_checked(others, changed), taken=action.add_subnets, freed=freed)


def _marked(vpc: Vpc, endpoint: Endpoint, moment: datetime | None) -> Vpc:
    _refuse_unless(endpoint.is_ours, "not ours")
    return _with_endpoints(
        vpc,
        (
            replace(e, delete_after=moment, has_unreadable_mark=False) if e.id == endpoint.id else e
            for e in vpc.endpoints
        ),
    )


def _taken(offer: Offer, policy: str) -> str:
    _refuse_unless(offer.takes_policy or not policy, "the service takes full access only")
    return policy


def _deleted(vpc: Vpc, endpoint: Endpoint) -> Vpc:
    _refuse_unless(endpoint.is_ours, "not ours")
    if endpoint.kind is Kind.GATEWAY:
        twins = [e for e in vpc.endpoints if (e.service, e.kind) == (endpoint.service, Kind.INTERFACE)]
        _refuse_unless(not any(t.needs_gateway for t in twins), "the interface endpoint beside it needs the gateway")
        _refuse_unless(not any(t.is_ours and t.delete_after for t in twins), "gateways go last")
    leaving = (replace(e, state="deleting") if e.id == endpoint.id else e for e in vpc.endpoints)
    return _with_addresses(_with_endpoints(vpc, leaving), freed=endpoint.subnets)


def _checked(others: Vpc, endpoint: Endpoint) -> Vpc:
    """The VPC with one more endpoint, if EC2 allows it beside the others."""
    beside = [e for e in others.endpoints if e.service == endpoint.service and not e.is_broken and e.state != "deleted"]
    if endpoint.kind is Kind.GATEWAY:
        taken = {t for e in beside if e.kind is Kind.GATEWAY and not e.is_leaving for t in e.route_tables}
        edge = {t.id for t in others.route_tables if t.is_edge}
        _refuse_unless(not taken & endpoint.route_tables, "the table has a route to the service already")
        _refuse_unless(not edge & endpoint.route_tables, "a gateway's own table takes no endpoint route")
    zones = [others.subnet_by_id[s].zone for s in endpoint.subnets if s in others.subnet_by_id]
    _refuse_unless(len(zones) == len(set(zones)), "two subnets of one zone")
    if endpoint.private_dns:
        _refuse_unless(not any(e.private_dns for e in beside), "the private DNS names are taken")
        _refuse_unless(others.dns == DNS_ON, "private DNS needs both of the VPC's attributes")
    return _with_endpoints(others, (*others.endpoints, endpoint))


def _can_have(vpc: Vpc, endpoint: Endpoint, asked: Addresses | None) -> bool:
    """A gateway that is dual-stack already takes tables of any subnets."""
    if endpoint.kind is Kind.GATEWAY:
        return asked is not Addresses.DUALSTACK or all(s.is_dual for s in vpc.subnets)
    known = [vpc.subnet_by_id[s] for s in endpoint.subnets if s in vpc.subnet_by_id]
    return endpoint.address_type != Addresses.DUALSTACK or all(s.is_dual for s in known)


def _our_group(vpc: Vpc) -> str:
    group = next((g.id for g in vpc.security_groups if g.is_ours), "")
    _refuse_unless(bool(group), "there is no security group of ours yet")
    return group


def _with_endpoints(vpc: Vpc, endpoints: Iterable[Endpoint]) -> Vpc:
    return replace(vpc, endpoints=tuple(sorted(endpoints, key=lambda e: e.id)))


def _with_addresses(vpc: Vpc, *, taken: Iterable[str] = (), freed: Iterable[str] = ()) -> Vpc:
    change = dict.fromkeys(freed, 1) | dict.fromkeys(taken, -1)
    subnets = tuple(replace(s, free_addresses=s.free_addresses + change.get(s.id, 0)) for s in vpc.subnets)
    _refuse_unless(all(s.free_addresses >= 0 for s in subnets), "no free address in the subnet")
    return replace(vpc, subnets=subnets)


def _refuse_unless(condition: bool, why: str) -> None:  # noqa: FBT001
    if not condition:
        raise RefusedError(why)


# ---- any VPC and any wish -----------------------------------------------------------------------------------------

SERVICES = ("cassandra", "s3", "sns", "sqs")
NARROW = '{"Statement":{"Effect":"Allow","Principal":"*","Action":"sqs:*","Resource":"*"}}'
STATES = ("available", "available", "available", "pending", "deleting", "deleted", "failed")
CIDRS = (CIDR, "10.1.0.0/16", IPV6)
RULES = (
    *(a_rule(cidr, port) for cidr in (*CIDRS, "172.16.0.0/12") for port in (443, 9142)),
    Ingress(first=443, last=443, source="192.168.0.0/16", description="the office"),
    Ingress(first=0, last=65535, source="sg-friend"),
)


@st.composite
def vpcs(draw: st.DrawFn) -> Vpc:
    """Any VPC that EC2 would show."""
    subnets = tuple(
        draw(st.sampled_from([a_subnet, a_dual]))(
            zone, id=f"subnet-{zone}{number}", free_addresses=draw(st.sampled_from([0, 1, 2, 250]))
        )
        for zone in draw(st.sets(st.sampled_from("abcd")).map(sorted))
        for number in range(draw(st.integers(1, 2)))
    )
    tables = tuple(
        a_table(name, is_edge=name == "edge", reaches_internet_gateway=draw(st.booleans()))
        for name in draw(st.sets(st.sampled_from(["edge", "main", "one", "two"])).map(sorted))
    )
    groups = tuple(
        a_group(*draw(st.sets(st.sampled_from(RULES), min_size=1)), id=group_id, is_ours=group_id == "sg-ours")
        for group_id in draw(st.sets(st.sampled_from(["sg-ours", "sg-theirs"])).map(sorted))
    )
    vpc = a_vpc(
        cidrs=tuple(draw(st.lists(st.sampled_from(CIDRS), unique=True, min_size=1))),
        dns=Dns(support=draw(st.booleans()), hostnames=draw(st.booleans())),
        subnets=subnets,
        route_tables=tables,
        security_groups=groups,
    )
    endpoints = [draw(_an_endpoint(vpc, number)) for number in range(draw(st.integers(0, 5)))]
    return replace(vpc, endpoints=tuple(_as_ec2_allows(endpoints)))


@st.composite
def _an_endpoint(draw: st.DrawFn, vpc: Vpc, number: int) -> Endpoint:
    common: dict[str, Any] = {
        "id": f"vpce-{number}",
        "state": draw(st.sampled_from(STATES)),
        "is_ours": draw(st.booleans()),
        "policy": draw(st.sampled_from(["", FULL_ACCESS, NARROW])),
    }
    if common["is_ours"]:
        common["delete_after"] = draw(st.sampled_from([None, None, NOW - GRACE / 24, NOW + GRACE / 24]))
        common["has_unreadable_mark"] = not common["delete_after"] and draw(st.booleans())
    if draw(st.booleans()):
        tables = [t.id for t in vpc.route_tables if not t.is_edge]
        covered = frozenset(draw(st.sets(st.sampled_from(tables)))) if tables else frozenset[str]()
        types = {"dynamodb": ["ipv4"], "s3": [*Addresses]}
        name = draw(st.sampled_from([*types]))
        return a_gateway(name, route_tables=covered, address_type=draw(st.sampled_from(types[name])), **common)
    by_zone = {s.zone: s.id for s in (draw(st.permutations(vpc.subnets)) if vpc.subnets else ())}
    zones = draw(st.sets(st.sampled_from(sorted(by_zone)))) if by_zone else set[str]()
    groups = [g.id for g in vpc.security_groups]
    can_be_dual = all(vpc.subnet_by_id[by_zone[z]].is_dual for z in zones)
    return an_interface(
        draw(st.sampled_from([*SERVICES, "ssm"])),
        subnets=frozenset(by_zone[z] for z in zones),
        security_groups=frozenset(draw(st.sets(st.sampled_from([*groups, "sg-default"])))),
        private_dns=vpc.dns is not None and vpc.dns.support and vpc.dns.hostnames and draw(st.booleans()),
        needs_gateway=draw(st.booleans()),
        address_type=draw(st.sampled_from(["ipv4", *(["dualstack"] if can_be_dual else [])])),
        follows_subnets=draw(st.booleans()),
        **common,
    )


def _as_ec2_allows(endpoints: list[Endpoint]) -> Iterable[Endpoint]:
    """One endpoint per private DNS name, and one route per table and service."""
    named, routed = set[str](), set[tuple[str, str]]()
    gateways = {e.service for e in endpoints if e.kind is Kind.GATEWAY and e.state == "available"}
    for endpoint in endpoints:
        private_dns = endpoint.private_dns and endpoint.service not in named
        tables = frozenset(t for t in endpoint.route_tables if (t, endpoint.service) not in routed)
        if private_dns:
            named.add(endpoint.service)
        routed.update((t, endpoint.service) for t in tables)
        needs_gateway = endpoint.needs_gateway and private_dns and endpoint.service in gateways
        yield replace(endpoint, private_dns=private_dns, needs_gateway=needs_gateway, route_tables=tables)


OPEN, ORGANIZATION = EndpointPolicy(name="open"), EndpointPolicy(name="organization")
FILE = EndpointPolicy(name="ours.json", text=NARROW)
WISHES = st.builds(
    a_wish,
    policy=st.sampled_from([None, OPEN, ORGANIZATION, FILE]),
    gateway=st.sets(st.sampled_from(["dynamodb", "s3", "nothing"])),
    interface=st.sets(st.sampled_from([*SERVICES, "nothing"])),
    zones=st.sampled_from([None, 1, 2]),
    addresses=st.sampled_from([None, Addresses.DUALSTACK, Addresses.IPV4]),
)
CATALOG = a_catalog(
    an_offer("sns", zones=frozenset({A, B}), address_types=BOTH, takes_policy=False),
    an_offer("sqs", zones=frozenset(), address_types=BOTH),
    an_offer("s3", address_types=BOTH),
    an_offer("s3", Kind.GATEWAY, address_types=BOTH),
)


# ---- findings -----------------------------------------------------------------------------------------------------


def a_report(*findings: Finding, run: str = "2026-11-02T06:00:00.000Z-a", **changes: Any) -> Report:
    """Of one place, whose audit found these."""
    place = PlaceReport(place=PLACE, vpcs=3, findings=findings)
    return replace(Report(run=run, places=(place,)), **changes)


def an_advice(**changes: Any) -> Advice:
    advice = Advice(
        do=Do.ADD,
        place=PLACE,
        vpc="vpc-1",
        vpc_name="payments",
        service="s3",
        what="gateway endpoint for s3",
        saving=Decimal("59.62"),
        why="1,242.0 GB a month go to it by a NAT gateway; a gateway endpoint is free",
        unsure="only 3 days were looked at",
        fix="aws ec2 create-tags --resources vpc-1 --tags Key=endpoint-profile,Value=gateway",
        prices="list prices of eu-west-1, 2026-09-21",
    )
    return replace(advice, **changes)


def a_compared_report() -> Report:
    """The second of two audits, in which everything happened that can happen."""
    elsewhere, lost = replace(PLACE, region="us-east-1"), replace(PLACE, region="eu-west-2")
    gone = replace(PLACE, region="eu-north-1")
    open_ones = [a_finding(vpc=f"vpc-{n}", resource=f"vpce-{n} private DNS") for n in range(3)]
    resolved = a_finding(
        check="missing-gateway-endpoint", severity=Severity.MEDIUM, vpc="vpc-7", what="no gateway endpoint for s3"
    )
    ignored = a_finding(vpc="vpc-8", state=State.IGNORED, ignored="tag endpoint-audit = off")
    before = (*open_ones, resolved, ignored, a_finding(place=lost), a_finding(place=gone, vpc="vpc-9"))
    new = (
        a_finding(
            vpc="vpc-5",
            vpc_name="",
            fix="aws ec2 one\nOr: aws ec2 another",
            monthly="16.06",
            price_date=PRICES.date,
        ),
        *(
            a_finding(
                check="missing-gateway-endpoint",
                severity=Severity.MEDIUM,
                title="The VPC has no gateway endpoint for S3 or DynamoDB.",
                why="Traffic goes through a NAT gateway.",
                vpc=f"vpc-1{number:02}",
                vpc_name=f"team {number}",
                resource="s3 (Gateway)",
                what="no gateway endpoint for s3",
                fix=f"aws ec2 create-vpc-endpoint --vpc-id vpc-1{number:02}",
            )
            for number in range(18)
        ),
    )
    part = Unread(
        place=elsewhere,
        why="ListHostedZonesByVPC: AccessDenied: not allowed; allow it to vpce's role",
        facet="hosted zones",
        vpcs=tuple(f"vpc-{n}" for n in range(7)),
        checks=("forwarded-name", "shadowed-name"),
    )
    last = memory_of(compare(a_report(*before, run="2026-11-01T06:00:00.000Z-a"), None))
    report = Report(
        run="2026-11-02T06:00:00.000Z-b",
        places=(
            PlaceReport(
                place=PLACE,
                vpcs=31,
                findings=(*open_ones, ignored, *new),
                spending=SPENDING,
                advice=(
                    an_advice(),
                    an_advice(do=Do.DROP, service="sns", what="vpce-sns (sns, 2 zones)", saving=None, prices=""),
                ),
            ),
            PlaceReport(place=elsewhere, vpcs=7, unread=(part,), spending=UNPRICED),
        ),
        unread=(Unread(place=lost, why="DescribeVpcs: AuthFailure: no; the region may not be enabled"),),
    )
    return compare(report, last)
