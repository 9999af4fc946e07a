"""The table of endpoints, and the row of a VPC in the coverage matrix."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from tests.factories import a_catalog, a_gateway, a_group, a_plan, a_subnet, a_table, a_vpc, a_wish, an_interface
from vpce.core.checks import FREE, Subject, run_checks
from vpce.core.coverage import coverage_of
from vpce.core.model import Dns, Vpc
from vpce.core.plan import Elsewhere
from vpce.core.report import Cell
from vpce.core.status import as_text, status_of

if TYPE_CHECKING:
    from collections.abc import Callable

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
