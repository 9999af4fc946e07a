"""The table of endpoints, and the row of a VPC in the coverage matrix."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from tests.factories import (
    NOW,
    PRICES,
    a_catalog,
    a_gateway,
    a_group,
    a_plan,
    a_subnet,
    a_table,
    a_vpc,
    a_wish,
    an_interface,
)
from vpce.core.checks import FREE, Subject, run_checks
from vpce.core.coverage import coverage_of
from vpce.core.idle import activities, window
from vpce.core.model import Dns, Vpc
from vpce.core.plan import Elsewhere
from vpce.core.report import Cell
from vpce.core.status import Used, as_text, document, status_of, used

if TYPE_CHECKING:
    from collections.abc import Callable

    from vpce.core.prices import Prices
    from vpce.core.profile import Wish

SNS = "com.amazonaws.eu-west-1.sns"
BY = {SNS: "sns leads to vpce-0c by Z1"}
EVERYTHING = a_vpc(
    route_tables=(a_table(), a_table("x", subnets=frozenset({"subnet-b"}))),
    endpoints=(
        a_gateway("s3"),
        an_interface("sqs"),
        an_interface("ssm", is_ours=False, private_dns=False, subnets=frozenset({"subnet-a"})),
        an_interface("s3", state="pending", inbound_resolver_only=True),
        an_interface("guardduty-data", is_ours=False, requester_managed=True),
        an_interface("gone", state="deleted"),
        an_interface("nowhere", subnets=frozenset()),
    ),
)


def test_the_table_of_endpoints(golden: Callable[[str, str], None]) -> None:
    golden("status.txt", f"{as_text(status_of(EVERYTHING, BY))}\n")


def test_a_table_without_endpoints_is_its_head() -> None:
    assert as_text([]).split() == ["vpc", "service", "type", "endpoint", "state", "zones", "private", "dns", "owner"]


# ---- traffic ------------------------------------------------------------------------------------------------------

OLD = (NOW - timedelta(days=400)).isoformat()
AGED = replace(EVERYTHING, endpoints=tuple(replace(e, created=OLD) for e in EVERYTHING.endpoints))
COUNTED = {"vpce-sqs": 52 * 10**9, "vpce-ssm": 0, "vpce-s3": 0, "vpce-guardduty-data": 7_000_000}
SINCE, UNTIL = window(NOW)


def with_traffic(counted: dict[str, int] | None = COUNTED, prices: Prices | None = PRICES) -> list[Used]:
    activity = activities([AGED], counted, since=SINCE, until=UNTIL)
    return used(status_of(AGED, BY), AGED, activity, prices)


def test_the_table_of_endpoints_with_their_traffic(golden: Callable[[str, str], None]) -> None:
    golden("status_traffic.txt", f"{as_text(with_traffic())}\n")


def test_what_an_endpoint_costs_is_its_hours_in_each_zone_and_its_data() -> None:
    """730 hours in two zones; 52 GB in 30.5 days, a GB being 2 to the 30th bytes. GuardDuty's own costs nothing."""
    costs = {r.service: r.cost for r in with_traffic() if r.type == "Interface"}

    data = Decimal(52 * 10**9) / 1024**3 * 730 / (Decimal("30.5") * 24) * Decimal("0.01")
    assert costs["sqs"] is not None
    assert round(costs["sqs"], 9) == round(Decimal("0.011") * 2 * 730 + data, 9)
    assert (costs["ssm"], costs["guardduty-data"]) == (Decimal("0.011") * 730, Decimal(0))


def test_without_prices_and_without_cloudwatch_nothing_is_made_up() -> None:
    rows = [document(row) for row in with_traffic(None, None)]

    assert {(r["use"], r["bytes"], r["usd_per_month"]) for r in rows} == {("unknown", None, None), (None, None, None)}


def test_a_row_for_machines_has_figures() -> None:
    row = next(document(r) for r in with_traffic() if r.service == "sqs")

    assert (row["use"], row["bytes"], row["days"], row["bytes_per_month"]) == ("active", 52 * 10**9, 30.5, 51857923497)
    assert (row["usd_per_month"], row["prices"]) == ("16.54", "list prices of eu-west-1, 2026-01-02")
    assert "use" not in document(status_of(AGED, BY)[0])


# ---- coverage -------------------------------------------------------------------------------------------------------

ASKED = a_wish(gateway=["s3"], interface=["sqs", "nothing"])


def cells(vpc: Vpc, wish: Wish = FREE) -> dict[str, Cell]:
    subject = Subject(vpc=vpc, catalog=a_catalog(), plan=a_plan(vpc, wish))
    return dict(coverage_of(subject, run_checks(subject), {}).cells)


@pytest.mark.parametrize(
    ("vpc", "wish", "expected"),
    [
        (a_vpc(), FREE, {"s3 (gateway)": Cell.MISSING, "dynamodb (gateway)": Cell.MISSING}),
        (a_vpc(), ASKED, {"s3 (gateway)": Cell.MISSING, "sqs": Cell.MISSING, "nothing": Cell.MISSING}),
        (
            a_vpc(endpoints=(a_gateway("s3"), an_interface(is_ours=False)), security_groups=(a_group(),)),
            ASKED,
            {"s3 (gateway)": Cell.OURS, "sqs": Cell.FOREIGN, "nothing": Cell.MISSING},
        ),
        (
            a_vpc(endpoints=(an_interface(),), dns=Dns(support=False, hostnames=False)),
            a_wish(interface=["sqs"]),
            {"sqs": Cell.BROKEN},
        ),
        (
            a_vpc(endpoints=(an_interface(state="failed"), an_interface(id="vpce-2", is_ours=False))),
            a_wish(interface=["sqs"]),
            {"sqs": Cell.FOREIGN},
        ),
        (a_vpc(endpoints=(an_interface(state="deleting"),)), a_wish(), {}),
    ],
)
def test_a_vpc_has_each_service_in_one_way(vpc: Vpc, wish: Wish, expected: dict[str, Cell]) -> None:
    assert cells(vpc, wish) == expected


def test_what_is_served_from_outside_is_neither_missing_nor_made() -> None:
    wish = a_wish(interface=["sns", "sqs"])
    plan = a_plan(a_vpc(), wish, central=BY)
    subject = Subject(vpc=a_vpc(), catalog=a_catalog(), plan=plan)

    row = coverage_of(subject, run_checks(subject), BY)

    assert dict(row.cells) == {"sns": Cell.CENTRAL, "sqs": Cell.MISSING}
    assert [s.service for s in plan.steps if isinstance(s, Elsewhere)] == ["sns"]
    assert not [f for f in run_checks(subject).findings if "sns" in f.resource]


def test_an_endpoint_of_ours_stays_though_its_names_now_lead_elsewhere() -> None:
    vpc = a_vpc(endpoints=(an_interface("sns"),), security_groups=(a_group(),))

    plan = a_plan(vpc, a_wish(interface=["sns"]), central=BY)

    assert plan.actions == ()


def test_a_subnet_of_another_vpc_counts_as_no_zone() -> None:
    """EC2 shows an endpoint's subnets a moment longer than the subnets themselves."""
    vpc = replace(EVERYTHING, subnets=(a_subnet("a"),))

    assert {r.zones for r in status_of(vpc, {}) if r.service == "sqs"} == {"a"}
