"""What is advised, by money: which endpoints pay, which do not, and what nobody can tell."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.factories import a_catalog, a_dual, a_gateway, a_profile, a_subnet, a_table, a_vpc, an_interface, an_offer
from vpce.core.advice import Do, advice_document, as_document, as_text, in_all, order_of, read_advice, saving_of
from vpce.core.evidence import FLOW_LOG, QUERY_LOG, Evidence, Source, Usage
from vpce.core.idle import Activity, Use
from vpce.core.model import Kind, Route
from vpce.core.network import NatGateway
from vpce.core.policies import EndpointPolicy
from vpce.core.prices import GB, HOURS, Prices, Tier
from vpce.core.profile import Profiles, read_profiles
from vpce.core.recommend import Case, recommend

if TYPE_CHECKING:
    from collections.abc import Callable

    from vpce.core.advice import Advice, Recommendation
    from vpce.core.model import Endpoint, RouteTable

PRICES = Prices(
    region="eu-west-1",
    date="2026-09-21",
    endpoint_hour=Decimal("0.011"),
    endpoint_gb=(Tier(above=0, price=Decimal("0.01")),),
    nat_hour=Decimal("0.048"),
    nat_gb=Decimal("0.048"),
    public_ipv4_hour=Decimal("0.005"),
)
TWO_ZONES = Decimal("16.06")
"""0.011 an hour, 730 hours, 2 zones."""
BREAK_EVEN = TWO_ZONES / Decimal("0.038")
"""422.6 GB: https://aws.amazon.com/privatelink/pricing/ against https://aws.amazon.com/vpc/pricing/"""
UNTIL = datetime(2026, 3, 18, tzinfo=UTC)
LOGS = (Source(kind=QUERY_LOG, where="a log group", records=9), Source(kind=FLOW_LOG, where="a bucket", records=9))
FREE = (a_gateway("dynamodb"), a_gateway("s3"))
NAT = NatGateway(id="nat-1", subnet="subnet-p", zone="eu-west-1a", is_public=True, addresses=1, state="available")
FARGATE = a_profile(name="fargate", gateway=["dynamodb", "s3"], interface=["sqs", "ssm", "ssmmessages"])


def by(target: str, **changes: Any) -> RouteTable:
    return a_table(routes=(Route(destination="0.0.0.0/0", target=target),), **changes)


def a_usage(service: str = "sqs", gb: float = 0, *, days: float = 14, **changes: Any) -> Usage:
    """A service that one client in subnet-a calls, with so many GB a month past the NAT gateway."""
    outside = int(gb * GB * days * 24 / HOURS)
    return replace(Usage(service=service, clients=("10.0.0.7",), lookups=3, outside=outside), **changes)


def evidence(*services: Usage, days: float = 14, **changes: Any) -> Evidence:
    since = UNTIL - timedelta(days=days)
    return replace(Evidence(vpc="vpc-1", since=since, until=UNTIL, services=services, sources=LOGS), **changes)


def a_case(*services: Usage, **changes: Any) -> Case:
    """A VPC with its free gateways, that leaves by a NAT gateway."""
    values: dict[str, Any] = {
        "vpc": a_vpc(endpoints=FREE, route_tables=(by("nat-1"),)),
        "catalog": a_catalog(),
        "profiles": Profiles(tables={"fargate": FARGATE}),
        "prices": PRICES,
        "evidence": evidence(*services, other_bytes=GB),
        "nats": (NAT,),
    }
    return Case(**values | changes)


def with_endpoints(*endpoints: Any, target: str = "nat-1", **changes: Any) -> Case:
    vpc = a_vpc(endpoints=(*FREE, *endpoints), route_tables=(by(target),) if target else (a_table(),))
    return a_case(**{"vpc": vpc, **changes})


def used(endpoint: str, gb: float, *, days: float = 30) -> Activity:
    number = int(gb * GB * days * 24 / HOURS)
    return Activity(endpoint=endpoint, use=Use.ACTIVE, bytes=number, days=days, why="used")


def idle(endpoint: str) -> Activity:
    return Activity(endpoint=endpoint, use=Use.IDLE, bytes=0, days=30, why="no packet in 30 days")


def said(case: Case) -> list[tuple[Do, str, str | None]]:
    """What is advised, with cents."""
    advice = recommend(case).advice
    return [(a.do, a.what, None if a.saving is None else f"{a.saving:.2f}") for a in advice]


# ---- what is called -------------------------------------------------------------------------------------------------


def test_above_its_break_even_an_endpoint_is_added() -> None:
    (only,) = recommend(a_case(a_usage(gb=1000))).advice
    assert (only.do, only.what) == (Do.ADD, "interface endpoint for sqs in 2 zones")
    assert only.saving == pytest.approx(Decimal(1000) * Decimal("0.038") - TWO_ZONES, abs=Decimal("0.01"))
    assert "1,000.0 GB a month" in only.why
    assert "from 422.6 GB on" in only.why
    assert only.prices == "list prices of eu-west-1, 2026-09-21"


def test_below_it_in_all_zones_fewer_may_pay_at_the_price_of_availability() -> None:
    advice = recommend(a_case(a_usage(gb=300))).advice
    (only,) = advice
    assert (only.do, only.what) == (Do.NARROW, "interface endpoint for sqs in 1 of 2 zones")
    assert only.saving == pytest.approx(Decimal(300) * Decimal("0.038") - TWO_ZONES / 2, abs=Decimal("0.01"))
    assert only.fix.endswith("Key=endpoint-zones,Value=1")
    assert "in all 2 it would cost more" in only.unsure
    assert "holds for all endpoints of ours" in only.unsure
    assert in_all(advice) == "$3.37 a month at the price of privacy or zones"


def test_below_it_in_one_zone_it_is_not_worth_it_and_how_much_it_would_cost_is_said() -> None:
    (only,) = recommend(a_case(a_usage(gb=100))).advice
    assert only.do is Do.SKIP
    assert only.saving == pytest.approx(Decimal(100) * Decimal("0.038") - TWO_ZONES, abs=Decimal("0.01"))


@given(st.floats(0, 2000), st.integers(1, 3))
def test_what_is_advised_for_money_never_costs_money(gb: float, zones: int) -> None:
    subnets = tuple(a_subnet(letter) for letter in "abc"[:zones])
    case = a_case(a_usage(gb=gb), vpc=a_vpc(endpoints=FREE, subnets=subnets, route_tables=(by("nat-1"),)))
    for advice in recommend(case).advice:
        assert advice.saving is not None
        assert (advice.saving > 0) == (advice.do in {Do.ADD, Do.NARROW})


def test_a_missing_gateway_endpoint_saves_all_that_the_nat_gateway_takes() -> None:
    case = a_case(a_usage("s3", gb=1000), vpc=a_vpc(endpoints=FREE[:1], route_tables=(by("nat-1"),)))
    assert said(case) == [(Do.ADD, "gateway endpoint for s3", "48.00")]
    assert "aws:SourceIp" in recommend(case).advice[0].unsure


def test_a_gateway_endpoint_that_a_route_table_misses() -> None:
    other = by("nat-1", id="rtb-b", is_main=False, subnets=frozenset({"subnet-b"}))
    case = a_case(a_usage("s3", gb=1000), vpc=a_vpc(endpoints=FREE, route_tables=(by("nat-1"), other)))
    (only,) = recommend(case).advice
    assert only.what == "rtb-b to vpce-s3-gateway (s3)"
    assert only.saving == pytest.approx(Decimal(48), abs=Decimal("0.01"))
    assert only.fix.endswith("--vpc-endpoint-id vpce-s3-gateway --add-route-table-ids rtb-b")
    assert not recommend(replace(case, evidence=None)).advice


def test_s3_of_another_region_passes_a_gateway_endpoint_by() -> None:
    assert not recommend(a_case(a_usage("s3", gb=1000))).advice


@pytest.mark.parametrize(
    ("tag", "asked"), [("", "gateway"), ("none", "gateway"), ("ecs-fargate", "ecs-fargate+gateway")]
)
def test_a_profile_that_is_asked_for_stays(tag: str, asked: str) -> None:
    """To ask for another would take its endpoints away."""
    tags = {"endpoint-profile": tag} if tag else {}
    case = a_case(a_usage("s3", gb=1000), vpc=a_vpc(tags=tags, endpoints=FREE[:1], route_tables=(by("nat-1"),)))
    assert recommend(case).advice[0].fix.endswith(f"Key=endpoint-profile,Value={asked}")


def test_where_the_profile_has_the_gateway_already_it_is_to_be_applied() -> None:
    vpc = a_vpc(tags={"endpoint-profile": "Fargate"}, endpoints=FREE[:1], route_tables=(by("nat-1"),))
    fix = recommend(a_case(a_usage("s3", gb=1000), vpc=vpc)).advice[0].fix
    assert fix == "vpce apply vpc-0123456789abcdef0 --region eu-west-1"


def test_without_logs_a_missing_gateway_endpoint_saves_at_most_what_cloudwatch_counted() -> None:
    case = a_case(
        vpc=a_vpc(endpoints=FREE[:1], route_tables=(by("nat-1"),)),
        evidence=None,
        nat_bytes={"nat-1": 100 * GB, "nat-of-another-vpc": GB},
        nat_days=HOURS / 24,
    )
    (only,) = recommend(case).advice
    assert only.saving is None
    assert "all that they carry is 100.0 GB a month, for $4.80" in only.why


def test_what_leaves_by_an_internet_gateway_saves_nothing() -> None:
    (only,) = recommend(with_endpoints(target="igw-1", evidence=evidence(a_usage(gb=1000)))).advice
    assert (only.do, only.saving) == (Do.SKIP, -TWO_ZONES)


def test_what_no_nat_gateway_is_paid_for_spares_nothing_and_goes_through_the_endpoint_all_the_same() -> None:
    half = a_usage(gb=2000)
    (only,) = recommend(a_case(replace(half, direct=half.outside // 2))).advice
    assert only.saving == pytest.approx(Decimal(1000) * PRICES.nat_gb - 20 - TWO_ZONES, abs=Decimal("0.01"))
    (none,) = recommend(a_case(replace(half, direct=half.outside))).advice
    assert (none.do, none.saving) == (Do.SKIP, -TWO_ZONES)
    s3 = a_usage("s3", gb=2000)
    without = a_vpc(endpoints=FREE[:1], route_tables=(by("nat-1"),))
    assert not recommend(a_case(replace(s3, direct=s3.outside), vpc=without)).advice


def test_what_leaves_by_a_transit_gateway_is_paid_elsewhere() -> None:
    (only,) = recommend(with_endpoints(target="tgw-1", evidence=evidence(a_usage(gb=1000)))).advice
    assert (only.do, only.saving) == (Do.ADD, None)
    assert "leave by tgw" in only.why


def test_where_no_route_leads_out_what_is_called_is_needed() -> None:
    (only,) = recommend(with_endpoints(target="", evidence=evidence(a_usage(gb=0)))).advice
    assert (only.do, only.saving) == (Do.NEED, -TWO_ZONES)
    assert "the calls fail" in only.why


def test_calls_that_may_leave_by_ipv6_or_were_made_from_a_subnet_that_is_gone_are_not_said_to_fail() -> None:
    usage = a_usage(gb=1000, clients=("2001:db8:1::7",))
    by_ipv6 = a_table(routes=(Route(destination="::/0", target="eigw-1"),))
    vpc = a_vpc(endpoints=FREE, subnets=(a_dual("a"), a_dual("b")), route_tables=(by_ipv6,))
    (only,) = recommend(a_case(replace(usage, direct=usage.outside), vpc=vpc)).advice
    assert (only.do, only.saving) == (Do.SKIP, -TWO_ZONES)
    (gone,) = recommend(a_case(a_usage(gb=1000, clients=("10.0.99.7",)))).advice
    assert (gone.do, gone.saving) == (Do.ADD, None)
    assert "leave by no way that EC2 shows" in gone.why


def test_clients_in_public_subnets_are_doubted() -> None:
    public = by("igw-1", id="rtb-public", is_main=False, subnets=frozenset({"subnet-b"}))
    case = a_case(
        a_usage(gb=1000, clients=("10.0.0.7", "10.0.1.7")),
        vpc=a_vpc(endpoints=FREE, route_tables=(by("nat-1"), public)),
    )
    (only,) = recommend(case).advice
    assert "1 of 2 clients leave by the internet gateway at no cost" in only.unsure


def test_names_without_bytes_are_told_without_money() -> None:
    (only,) = recommend(a_case(evidence=evidence(a_usage(), sources=LOGS[:1]))).advice
    assert (only.do, only.saving) == (Do.ADD, None)
    assert "from 422.6 GB a month on" in only.why


def test_what_is_served_already_is_not_advised() -> None:
    usage = a_usage(gb=1000)
    assert not recommend(with_endpoints(an_interface("sqs"), evidence=evidence(usage, other_bytes=1))).advice
    assert not recommend(a_case(usage, central={an_offer("sqs").service: "elsewhere"})).advice
    assert not recommend(a_case(a_usage("nowhere", gb=1000))).advice


def test_without_prices_everything_is_said_but_money() -> None:
    told = recommend(a_case(a_usage(gb=1000), prices=None))
    assert [(a.do, a.saving, a.prices) for a in told.advice] == [(Do.ADD, None, "")]
    assert any("prices of eu-west-1" in gap for gap in told.gaps)


@pytest.mark.parametrize(
    ("changes", "doubt"),
    [
        ({"days": 3}, "only 3.0 days of logs"),
        ({"aws_bytes": 14 * 24 * GB}, "730.0 GB a month more go to AWS, for $35.04 by NAT gateways"),
        ({"is_whole": False}, "not all logs could be read"),
    ],
)
def test_doubts(changes: dict[str, Any], doubt: str) -> None:
    days = changes.get("days", 14)
    case = a_case(evidence=evidence(a_usage(gb=1000, days=days), **{"other_bytes": GB} | changes))
    assert doubt in recommend(case).advice[0].unsure


# ---- what is there --------------------------------------------------------------------------------------------------


def test_an_idle_endpoint_is_dropped() -> None:
    theirs = an_interface("ssm", is_ours=False)
    case = with_endpoints(an_interface(), theirs, activity={e: idle(e) for e in ("vpce-sqs", "vpce-ssm")})
    advice = recommend(case).advice
    assert [(a.do, a.service, a.saving) for a in advice] == [
        (Do.DROP, "sqs", TWO_ZONES),
        (Do.DROP, "ssm", TWO_ZONES),
    ]
    assert "profile" in advice[0].fix
    assert advice[1].fix == "aws ec2 delete-vpc-endpoints --region eu-west-1 --vpc-endpoint-ids vpce-ssm"


def test_an_idle_endpoint_whose_service_is_called_all_the_same_may_lack_its_names() -> None:
    case = with_endpoints(an_interface(private_dns=False), activity={"vpce-sqs": idle("vpce-sqs")})
    (only,) = recommend(replace(case, evidence=evidence(a_usage(gb=100), other_bytes=GB))).advice
    assert only.do is Do.DROP
    assert only.unsure.startswith("the service is called past it: see first why")


def test_idle_endpoints_that_are_not_for_people_to_drop() -> None:
    activity = {"vpce-sqs": idle("vpce-sqs")}
    for endpoint in (
        an_interface(requester_managed=True),
        an_interface(idle_tag="expected"),
        an_interface(state="deleting"),
        an_interface(delete_after=UNTIL),
    ):
        assert not recommend(with_endpoints(endpoint, activity=activity)).advice
    guardduty = an_interface("guardduty-data", is_ours=False)
    assert not recommend(with_endpoints(guardduty, activity={guardduty.id: idle(guardduty.id)})).advice
    seen_in_flow_logs = evidence(a_usage(inside=5 * GB), other_bytes=GB)
    assert not recommend(with_endpoints(an_interface(), activity=activity, evidence=seen_in_flow_logs)).advice


def test_below_the_break_even_of_one_zone_the_nat_gateway_carries_it_for_less() -> None:
    case = with_endpoints(an_interface(), activity={"vpce-sqs": used("vpce-sqs", 100)})
    assert said(case) == [(Do.BY_NAT, "vpce-sqs (sqs, 2 zones)", f"{float(TWO_ZONES) + 1 - 4.8:.2f}")]
    advice = recommend(case).advice
    assert not saving_of(advice)
    assert in_all(advice) == "$12.26 a month at the price of privacy or zones"


def test_whom_the_nat_gateway_does_not_serve_is_told() -> None:
    closed = a_table("closed", subnets=frozenset({"subnet-b"}))
    vpc = a_vpc(endpoints=(*FREE, an_interface()), route_tables=(by("nat-1"), closed))
    (only,) = recommend(a_case(vpc=vpc, activity={"vpce-sqs": used("vpce-sqs", 100)})).advice
    assert only.do is Do.BY_NAT
    assert "1 subnet without a way out would lose the service" in only.unsure


@pytest.mark.parametrize(
    "endpoint",
    [
        an_interface(private_dns=False),
        an_interface("execute-api"),
        an_interface(service="com.amazonaws.vpce.eu-west-1.vpce-svc-0123456789abcdef0", is_ours=False),
    ],
)
def test_what_nobody_reaches_without_its_endpoint_is_not_cheaper_by_nat(endpoint: Endpoint) -> None:
    activity = {endpoint.id: used(endpoint.id, 100)}
    shared = replace(an_offer(), service="com.amazonaws.vpce.eu-west-1.vpce-svc-0123456789abcdef0")
    told = recommend(with_endpoints(endpoint, activity=activity, catalog=a_catalog(an_offer("execute-api"), shared)))
    assert {a.do for a in told.advice} == {Do.NARROW}


@pytest.mark.parametrize(("letters", "gb", "advised"), [("ab", 100, []), ("abc", 100, ["8.03"]), ("abc", 900, [])])
def test_without_a_nat_gateway_two_zones_stay(letters: str, gb: float, advised: list[str]) -> None:
    """Nothing else would carry it. A third is little worth where it costs more than all the data."""
    endpoint = an_interface(subnets=frozenset(f"subnet-{letter}" for letter in letters))
    case = with_endpoints(endpoint, target="", evidence=None, activity={"vpce-sqs": used("vpce-sqs", gb)})
    assert said(case) == [(Do.NARROW, "1 endpoint of ours in 2 zones", saving) for saving in advised]


def test_between_the_break_evens_fewer_zones_are_enough() -> None:
    activity = {e: used(e, 300) for e in ("vpce-sqs", "vpce-ssm")}
    theirs = an_interface("ssm", is_ours=False)
    case = with_endpoints(an_interface(), theirs, activity=activity)
    assert sorted(said(case)) == [
        (Do.NARROW, "1 endpoint of ours in 1 zone", "8.03"),
        (Do.NARROW, "vpce-ssm (ssm) in 1 of 2 zones", "8.03"),
    ]
    fixes = {a.fix for a in recommend(case).advice}
    assert any("--remove-subnet-ids subnet-b" in f for f in fixes)
    assert any("Key=endpoint-zones,Value=1" in f for f in fixes)


def test_one_busy_endpoint_of_ours_keeps_the_zones_of_all() -> None:
    """The tag endpoint-zones is of the VPC."""
    activity = {"vpce-sqs": used("vpce-sqs", 300), "vpce-ssm": used("vpce-ssm", 500)}
    assert not recommend(with_endpoints(an_interface(), an_interface("ssm"), activity=activity)).advice


def test_what_nobody_knows_is_said() -> None:
    unknown = Activity(endpoint="vpce-sqs", use=Use.UNKNOWN, bytes=None, days=30, why="it was made on 2026-03-01")
    told = recommend(with_endpoints(an_interface(), activity={"vpce-sqs": unknown}))
    assert "whether anybody uses sqs (vpce-sqs): it was made on 2026-03-01" in told.gaps
    assert not told.advice


# ---- without NAT gateways -------------------------------------------------------------------------------------------


def test_the_nat_gateways_could_go() -> None:
    """38.69 for hours and address, 4.80 for data, against two zones and 1.00 for data."""
    told = recommend(a_case(evidence=evidence(a_usage(gb=100))))
    (only,) = told.advice
    assert only.do is Do.WITHOUT_NAT
    assert only.saving == pytest.approx(Decimal("43.49") - TWO_ZONES - 1, abs=Decimal("0.01"))
    assert told.nat.startswith("The NAT gateways could go: $43.49")


def test_or_stay_where_endpoints_would_cost_more() -> None:
    services = [a_usage(name, gb=1) for name in ("sqs", "ssm", "sns")]
    told = recommend(a_case(evidence=evidence(*services)))
    assert {a.do for a in told.advice} == {Do.SKIP}
    assert told.nat.startswith("The NAT gateways could go, and nothing would be saved")


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"other_bytes": GB}, "not AWS's"),
        ({"aws_bytes": GB}, "no one service"),
        ({"sources": LOGS[:1]}, "no flow log"),
        ({"is_whole": False}, "could not be read whole"),
        ({"services": (a_usage("nowhere", gb=1),)}, "no endpoint for nowhere"),
    ],
)
def test_they_stay_while_anything_else_may_need_them(changes: dict[str, Any], why: str) -> None:
    told = recommend(a_case(evidence=replace(evidence(a_usage(gb=100)), **changes)))
    assert told.nat.startswith("The NAT gateways stay")
    assert why in told.nat
    assert Do.WITHOUT_NAT not in {a.do for a in told.advice}


PRIVATE_NAT = replace(NAT, id="nat-2", is_public=False, addresses=0)


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"catalog": a_catalog(an_offer(zones=frozenset({"eu-west-1c"})))}, "there is no endpoint for sqs"),
        (
            {"vpc": a_vpc(endpoints=(*FREE, an_interface(private_dns=False)), route_tables=(by("nat-1"),))},
            "sqs has an endpoint, and is called past it",
        ),
        ({"central": {an_offer().service: "elsewhere"}}, "sqs has an endpoint, and is called past it"),
        ({"nats": (NAT, PRIVATE_NAT)}, "nat-2 is a private one"),
        (
            {"nat_bytes": {"nat-1": 300 * GB}, "nat_days": HOURS / 24},
            "CloudWatch counts 300.0 GB a month through them, and the logs tell of 100.0 GB",
        ),
        ({"evidence": evidence(a_usage(gb=100, days=3), days=3)}, "logs of 3.0 days are too few"),
    ],
)
def test_they_stay_for_what_logs_of_the_vpc_do_not_show(changes: dict[str, Any], why: str) -> None:
    alone = a_case(evidence=evidence(a_usage(gb=100)), nat_bytes={"nat-1": 110 * GB}, nat_days=HOURS / 24)
    assert Do.WITHOUT_NAT in {a.do for a in recommend(alone).advice}
    told = recommend(replace(alone, **changes))
    assert told.nat.startswith("The NAT gateways stay: ")
    assert why in told.nat
    assert Do.WITHOUT_NAT not in {a.do for a in told.advice}


@pytest.mark.parametrize("changes", [{"evidence": None}, {"prices": None}, {"nats": None}, {"nats": ()}])
def test_or_nobody_can_tell(changes: dict[str, Any]) -> None:
    told = recommend(a_case(a_usage(gb=100), **changes))
    assert "cannot be told without" in told.nat


def test_the_gateway_endpoint_is_not_counted_twice() -> None:
    """What S3 would save is saved with the NAT gateways or without them."""
    s3, sqs = a_usage("s3", gb=1000), a_usage(gb=100)
    case = a_case(evidence=evidence(s3, sqs), vpc=a_vpc(endpoints=FREE[:1], route_tables=(by("nat-1"),)))
    told = recommend(case)
    assert {a.do for a in told.advice} == {Do.ADD, Do.WITHOUT_NAT}
    nat = Decimal("38.69") + 1100 * PRICES.nat_gb
    assert saving_of(told.advice) == pytest.approx(nat - TWO_ZONES - 1, abs=Decimal("0.02"))


def test_what_excludes_each_other_is_not_advised_together() -> None:
    """Without NAT gateways no endpoint can be dropped because they would carry its data for less."""
    case = with_endpoints(
        an_interface("ssm"), activity={"vpce-ssm": used("vpce-ssm", 1)}, evidence=evidence(a_usage(gb=100))
    )
    assert [a.do for a in recommend(case).advice] == [Do.WITHOUT_NAT]


# ---- the profile ----------------------------------------------------------------------------------------------------


def test_a_profile_that_fits_is_named() -> None:
    services = [a_usage("s3", gb=1), *(a_usage(name, gb=1000) for name in ("sqs", "ssm", "ssmmessages"))]
    fit = recommend(a_case(*services)).fit
    assert fit is not None
    assert (fit.profile, fit.table) == ("fargate", "")
    assert "Key=endpoint-profile,Value=fargate" in fit.tag


def test_one_that_has_more_is_named_beside_a_table_that_has_not() -> None:
    fit = recommend(a_case(a_usage("s3", gb=1), a_usage(gb=1000), a_usage("ssm", gb=1000))).fit
    assert fit is not None
    assert fit.why.startswith("fargate has all that is worth an endpoint, but also ssmmessages, for $16.06 a month")
    assert fit.table.splitlines() == [
        "[only-vpc-0123456789abcdef0]",
        'description = "What vpc-0123456789abcdef0 calls, by its logs from 2026-03-04 to 2026-03-18."',
        'gateway = ["dynamodb", "s3"]',
        'interface = ["sqs", "ssm"]',
    ]
    assert "Key=endpoint-profile,Value=only-vpc-0123456789abcdef0" in fit.tag
    assert set(read_profiles("", fit.table).tables) == {"only-vpc-0123456789abcdef0"}


def test_what_is_not_worth_it_is_not_in_the_table_while_a_nat_gateway_carries_it() -> None:
    few = recommend(a_case(a_usage(gb=1000), a_usage("ssm", gb=1))).fit
    assert few is not None
    assert 'interface = ["sqs"]' in few.table
    none = recommend(with_endpoints(target="igw-1", evidence=evidence(a_usage(gb=1000), a_usage("ssm", gb=1)))).fit
    assert none is not None
    assert "interface" not in none.table


def test_another_profile_has_the_policy_of_the_one_before() -> None:
    hemmed = a_profile(name="hemmed", interface=["sns"], policy=EndpointPolicy(name="organization"))
    vpc = a_vpc(tags={"endpoint-profile": "hemmed"}, endpoints=FREE, route_tables=(by("nat-1"),))
    services = [a_usage(name, gb=1000) for name in ("sqs", "ssm", "ssmmessages")]
    fit = recommend(a_case(*services, vpc=vpc, profiles=Profiles(tables={"fargate": FARGATE, "hemmed": hemmed}))).fit
    assert fit is not None
    assert fit.profile == ""
    assert fit.table.splitlines()[-1] == 'policy = "organization"'


def test_another_profile_takes_nothing_away_that_is_used_or_free() -> None:
    """An endpoint for S3 beside its gateway is for clients from elsewhere; other people's services no profile has."""
    theirs = an_interface("x", service="com.amazonaws.vpce.eu-west-1.vpce-svc-0123456789abcdef0", is_ours=False)
    leaving = an_interface("ssm", delete_after=UNTIL)
    activity = {"vpce-s3": used("vpce-s3", 900)}
    case = with_endpoints(an_interface("s3"), theirs, leaving, activity=activity, evidence=evidence(other_bytes=GB))
    fit = recommend(case).fit
    assert fit is not None
    assert fit.table.splitlines()[2:] == ['gateway = ["dynamodb", "s3"]', 'interface = ["s3"]']


def test_no_profile_fits() -> None:
    fit = recommend(a_case(a_usage("sns", gb=1000))).fit
    assert fit is not None
    assert fit.profile == ""
    assert 'interface = ["sns"]' in fit.table


def test_without_names_nobody_knows_which_profile_fits() -> None:
    assert recommend(a_case(evidence=None)).fit is None
    assert recommend(a_case(evidence=evidence(a_usage("s3", gb=1), sources=LOGS[1:]))).fit is None


# ---- texts and documents --------------------------------------------------------------------------------------------


def everything() -> Recommendation:
    subnets = tuple(a_subnet(letter) for letter in "abc")
    vpc = a_vpc(
        tags={"Name": "payments"},
        subnets=subnets,
        route_tables=(by("nat-1"),),
        endpoints=(
            a_gateway("dynamodb"),
            an_interface("sns"),
            an_interface("ssmmessages", is_ours=False),
            an_interface("email-smtp"),
        ),
    )
    unknown = Activity(
        endpoint="vpce-email-smtp", use=Use.UNKNOWN, bytes=None, days=30, why="it was made on 2026-03-01"
    )
    return recommend(
        Case(
            vpc=vpc,
            catalog=a_catalog(an_offer("logs"), an_offer("kms")),
            profiles=Profiles(tables={"fargate": FARGATE}),
            prices=PRICES,
            nats=(NAT,),
            activity={
                "vpce-sns": idle("vpce-sns"),
                "vpce-ssmmessages": used("vpce-ssmmessages", 40),
                "vpce-email-smtp": unknown,
            },
            evidence=evidence(
                a_usage("s3", gb=2150.5),
                a_usage("logs", gb=800, clients=("10.0.0.7", "10.0.1.7")),
                a_usage("sqs", gb=250),
                a_usage("kms", gb=3.2),
                other_bytes=GB * 7,
                aws_bytes=GB * 2,
                gaps=("3 lines of 120,000 could not be read",),
                better=("vpce discover vpc-0123456789abcdef0 --enable",),
            ),
        )
    )


def test_the_text(golden: Callable[[str, str], None]) -> None:
    golden("recommend.txt", f"{as_text(everything())}\n")


def test_nothing_to_say() -> None:
    assert as_text(recommend(a_case())).splitlines()[-1] == "  Nothing to save that could be told."


def test_a_document_is_read_back() -> None:
    for advice in everything().advice:
        read = read_advice(advice_document(advice))
        assert replace(read, saving=None) == replace(advice, saving=None)
        assert (read.saving is None) == (advice.saving is None)
        assert read.saving is None or abs(read.saving - (advice.saving or 0)) <= Decimal("0.005")


def test_the_document() -> None:
    document = as_document(everything())
    assert document["saving"] == f"{saving_of(everything().advice):.2f}"
    assert document["price_date"] == "2026-09-21"
    assert [a["do"] for a in document["advice"]][-1] == "not worth it"


def test_most_money_comes_first() -> None:
    def key(advice: Advice) -> tuple[bool, bool, Decimal]:
        return not advice.is_worth_it, advice.saving is None, -(advice.saving or Decimal())

    advice = everything().advice
    assert list(advice) == sorted(advice, key=order_of)
    assert [key(a) for a in advice] == sorted(key(a) for a in advice)
    assert len({a.do for a in advice}) == 5


def test_kinds_of_offers_are_told_apart() -> None:
    """S3 has both; only its gateway endpoint is ever advised."""
    case = a_case(a_usage("s3", gb=5000), vpc=a_vpc(endpoints=(), route_tables=(by("nat-1"),)))
    assert case.catalog.find("s3", Kind.INTERFACE)
    assert {a.what for a in recommend(case).advice} == {"gateway endpoint for s3"}


def test_logs_that_tell_of_more_than_the_nat_gateways_carried_are_doubted() -> None:
    """The default format has twice what passes a NAT instance."""
    case = a_case(a_usage(gb=1000), nat_bytes={"nat-1": 480 * GB}, nat_days=HOURS / 24)
    [doubt] = [g for g in recommend(case).gaps if g.startswith("whether the bytes are right")]
    assert "GB a month by NAT gateways, and CloudWatch of 480.0 GB by those that are there" in doubt
    enough = replace(case, nat_bytes={"nat-1": 600 * GB})
    assert not [g for g in recommend(enough).gaps if g.startswith("whether the bytes")]
