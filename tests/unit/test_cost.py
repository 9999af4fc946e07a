"""The arithmetic of money: known break-evens, tiers, and what stands against doing without NAT gateways."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.factories import a_gateway, a_group, a_plan, a_vpc, a_wish, an_interface
from vpce.aws.pricelist import shipped_prices
from vpce.core.cost import (
    Change,
    Spending,
    break_even,
    data_month,
    dollars,
    endpoint_month,
    monthly_gb,
    nat_month,
    plan_cost,
    signed,
    spending_of,
    without_nat,
)
from vpce.core.evidence import FLOW_LOG, QUERY_LOG, Evidence, Source, Usage
from vpce.core.network import NatGateway
from vpce.core.plan import Held, Wait
from vpce.core.prices import GB, Prices

IRELAND = shipped_prices()["eu-west-1"]
VIRGINIA = shipped_prices()["us-east-1"]
ALL = st.sampled_from(sorted(shipped_prices().values(), key=lambda p: p.region))
ZERO = Decimal(0)
AMOUNTS = st.decimals(min_value=0, max_value=10**8, places=3)
NAT = NatGateway(id="nat-1", subnet="subnet-a", zone="us-east-1a", is_public=True, addresses=1, state="available")


# ---- endpoints and NAT gateways -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("region", "zones", "gb"),
    [
        ("us-east-1", 1, 209),
        ("us-east-1", 2, 417),
        ("us-east-1", 3, 626),
        ("ap-southeast-1", 2, 387),
        ("ap-northeast-1", 2, 393),
        ("eu-west-1", 2, 423),
    ],
)
def test_break_evens_are_the_known_ones(region: str, zones: int, gb: int) -> None:
    found = break_even(shipped_prices()[region], zones)

    assert found is not None
    assert round(found) == gb


@given(ALL, st.integers(min_value=1, max_value=6))
def test_at_the_break_even_both_ways_cost_the_same(prices: Prices, zones: int) -> None:
    gb = break_even(prices, zones)

    assert gb is not None
    through_endpoint = endpoint_month(prices, zones) + data_month(prices, gb)
    assert abs(through_endpoint - gb * prices.nat_gb) < Decimal("1e-15")
    assert endpoint_month(prices, zones) + data_month(prices, gb + 1) < (gb + 1) * prices.nat_gb


def test_an_endpoint_whose_data_costs_as_much_never_pays() -> None:
    dear = replace(IRELAND, nat_gb=Decimal("0.004"))

    assert break_even(dear, 2) is None


def test_a_break_even_may_lie_in_a_cheaper_tier() -> None:
    """Nothing is saved within the first PB; then 0.004 a GB."""
    dear = replace(IRELAND, nat_gb=Decimal("0.01"))

    assert break_even(dear, 1) == 1024**2 + Decimal("0.011") * 730 / Decimal("0.004")


def test_a_break_even_makes_good_what_the_tiers_below_cost_more() -> None:
    dear = replace(IRELAND, nat_gb=Decimal("0.008"))

    gb = break_even(dear, 1)

    assert gb is not None
    assert endpoint_month(dear, 1) + data_month(dear, gb) == gb * dear.nat_gb


@pytest.mark.parametrize(
    ("gb", "already", "cost"),
    [
        (0, 0, "0"),
        (100, 0, "1"),
        (1024**2, 0, "10485.76"),
        (1024**2 + 100, 0, "10486.36"),
        (5 * 1024**2 + 100, 0, "35651.984"),
        (100, 1024**2 - 50, "0.8"),
        (100, 5 * 1024**2, "0.4"),
    ],
)
def test_data_is_billed_by_tiers_of_the_whole_region(gb: int, already: int, cost: str) -> None:
    assert data_month(VIRGINIA, Decimal(gb), Decimal(already)) == Decimal(cost)


@given(ALL, AMOUNTS, AMOUNTS, AMOUNTS)
def test_data_costs_the_same_in_one_piece_and_in_two(
    prices: Prices, already: Decimal, one: Decimal, other: Decimal
) -> None:
    assert data_month(prices, one + other, already) == data_month(prices, one, already) + data_month(
        prices, other, already + one
    )


def test_a_nat_gateway_is_its_hours_and_its_addresses() -> None:
    assert nat_month(VIRGINIA, NAT) == Decimal("32.85") + Decimal("3.65")
    assert nat_month(VIRGINIA, replace(NAT, is_public=False, addresses=0)) == Decimal("32.85")
    assert nat_month(VIRGINIA, replace(NAT, zones=3, addresses=3)) == 3 * Decimal("36.50")


def test_an_endpoint_is_its_zones() -> None:
    assert endpoint_month(VIRGINIA, 2) == Decimal("14.60")
    assert endpoint_month(VIRGINIA, 0) == 0


def test_a_month_is_what_the_days_would_make_of_it() -> None:
    assert monthly_gb(7 * GB, 7) == Decimal(730) / 24
    with pytest.raises(ValueError, match="no time"):
        monthly_gb(1, 0)


@pytest.mark.parametrize(
    ("amount", "said", "more"),
    [
        ("0", "$0.00", "+$0.00"),
        ("29.2", "$29.20", "+$29.20"),
        ("-8.03", "-$8.03", "-$8.03"),
        ("0.005", "$0.01", "+$0.01"),
        ("-0.001", "$0.00", "+$0.00"),
        ("1234567.891", "$1,234,567.89", "+$1,234,567.89"),
    ],
)
def test_amounts_are_rounded_for_people(amount: str, said: str, more: str) -> None:
    assert (dollars(Decimal(amount)), signed(Decimal(amount))) == (said, more)


# ---- without NAT gateways -----------------------------------------------------------------------------------------

NOW = datetime(2026, 3, 4, tzinfo=UTC)
LOGS = (Source(kind=FLOW_LOG, where="f", records=9), Source(kind=QUERY_LOG, where="q", records=9))


def evidence(*services: Usage, **changes: Any) -> Evidence:
    values: dict[str, Any] = {"vpc": "vpc-1", "since": NOW - timedelta(hours=730), "until": NOW, "sources": LOGS}
    return Evidence(**(values | {"services": services} | changes))


def test_two_nat_gateways_pay_for_five_endpoints_in_two_zones() -> None:
    """By their hours alone, without any traffic: 73.00 for 73.00."""
    services = [Usage(service=s, lookups=1) for s in ("kms", "logs", "sns", "sqs", "sts")]

    found = without_nat(
        VIRGINIA, [NAT, replace(NAT, id="nat-2")], evidence(*services), {s.service: 2 for s in services}
    )

    assert (found.nat, found.endpoints, found.saving) == (Decimal("73.00"), Decimal("73.00"), ZERO)
    assert found.forbidden == ()
    assert not found.pays


def test_traffic_counts_on_both_sides_and_gateways_are_free() -> None:
    usage = (Usage(service="sqs", outside=100 * GB), Usage(service="s3", outside=1000 * GB))

    found = without_nat(VIRGINIA, [NAT], evidence(*usage), {"sqs": 2, "s3": 0})

    assert dollars(found.nat) == dollars(Decimal("36.50") + 1100 * Decimal("0.045"))
    assert dollars(found.endpoints) == dollars(Decimal("14.60") + 100 * Decimal("0.01"))
    assert found.pays


def test_what_an_endpoint_carries_already_costs_nothing_new() -> None:
    found = without_nat(VIRGINIA, [NAT], evidence(Usage(service="sqs", inside=100 * GB)), {"sqs": 0})

    assert (found.nat, found.endpoints) == (Decimal("36.50"), ZERO)


@pytest.mark.parametrize(
    ("seen", "says"),
    [
        (evidence(other_bytes=3 * GB), "3.00 GB went to addresses that are not AWS's"),
        (evidence(other_bytes=3 * GB, other_direct=GB), "2.00 GB went to addresses that are not AWS's"),
        (evidence(aws_bytes=2 * GB, aws_direct=GB), "1.00 GB went to addresses of AWS that no one service is known by"),
        (evidence(sources=LOGS[1:]), "no flow log tells"),
        (evidence(is_whole=False), "could not be read whole"),
        (evidence(serves_others=True), "other networks reach public addresses through the VPC"),
        (evidence(Usage(service="iam", outside=5)), "there is no endpoint for iam"),
        (evidence(Usage(service="iam", lookups=1)), "there is no endpoint for iam"),
    ],
)
def test_what_forbids_it_is_told(seen: Evidence, says: str) -> None:
    found = without_nat(VIRGINIA, [NAT], seen, {})

    assert [f for f in found.forbidden if says in f]
    assert found.saving > 0
    assert not found.pays


# ---- plans --------------------------------------------------------------------------------------------------------

PRIVATE = {"tags": {"endpoint-profile": "t"}, "security_groups": (a_group(),)}


def test_a_new_profile_costs_its_endpoints_in_all_zones_and_gateways_nothing() -> None:
    plan = a_plan(a_vpc(), a_wish(gateway=["s3"], interface=["sqs", "sns"]))

    cost = plan_cost(plan, IRELAND)

    assert cost.change == Change(made=(2, 2))
    assert (cost.now, cost.difference, cost.after) == (ZERO, Decimal("32.12"), Decimal("32.12"))


def test_what_is_taken_away_now_is_less_and_what_is_marked_is_told_apart() -> None:
    vpc = a_vpc(**PRIVATE, endpoints=(an_interface("sqs"), an_interface("ssm", id="vpce-ssm")))
    keeps = a_wish(interface=["sqs"])

    marked = plan_cost(a_plan(vpc, keeps), IRELAND)
    removed = plan_cost(a_plan(vpc, replace(keeps, profile=None, remove=True)), IRELAND)

    assert (marked.change, marked.marked) == (Change(), Change(deleted=(2,)))
    assert (marked.now, marked.after) == (Decimal("32.12"), Decimal("32.12"))
    assert removed.change == Change(deleted=(2, 2))
    assert (removed.difference, removed.after) == (Decimal("-32.12"), ZERO)


def test_a_zone_more_costs_one_interface_more() -> None:
    vpc = a_vpc(**PRIVATE, endpoints=(an_interface("sqs", subnets=frozenset({"subnet-a"})),))

    cost = plan_cost(a_plan(vpc, a_wish(interface=["sqs"])), IRELAND)

    assert cost.change == Change(zones_more=1)
    assert (cost.now, cost.after) == (Decimal("8.03"), Decimal("16.06"))


def test_what_is_held_is_not_yet_a_change() -> None:
    plan = a_plan(a_vpc(), a_wish(interface=["sqs"]))
    held = replace(plan, steps=tuple(Held(action=a, why="watched") for a in plan.actions))

    cost = plan_cost(held, IRELAND)

    assert (cost.change, cost.held) == (Change(), Change(made=(2,)))
    assert cost.after == 0


def test_what_is_made_when_aws_has_finished_counts() -> None:
    plan = a_plan(a_vpc(), a_wish(interface=["sqs"]))
    waits = tuple(Wait(subject="vpce-1", why="AWS is at work", then=a) for a in plan.actions)

    cost = plan_cost(replace(plan, steps=waits), IRELAND)

    assert (cost.now, cost.change) == (ZERO, Change(made=(2,)))


# ---- a place ------------------------------------------------------------------------------------------------------


def test_a_place_spends_on_ours_and_on_others_and_nothing_on_gateways_or_guardduty() -> None:
    vpc = a_vpc(
        endpoints=(
            a_gateway("s3"),
            an_interface("sqs"),
            an_interface("sns", id="vpce-2", is_ours=False, state="failed", subnets=frozenset({"subnet-a"})),
            an_interface("kms", id="vpce-3", state="deleting"),
            an_interface("guardduty-data", id="vpce-4", is_ours=False, requester_managed=True),
        )
    )

    assert spending_of([vpc], IRELAND) == Spending(
        ours=1, others=1, ours_month=Decimal("16.06"), others_month=Decimal("8.03"), date="2026-09-21"
    )
    unknown = spending_of([vpc], None)
    assert (unknown.ours, unknown.ours_month, unknown.others_month, unknown.date) == (1, None, None, "")
