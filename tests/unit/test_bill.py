"""Do plans, findings and reports say what they cost, and never a figure that nobody knows?"""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from tests.factories import (
    PRICES,
    SPENDING,
    UNPRICED,
    a_gateway,
    a_group,
    a_plan,
    a_vpc,
    a_wish,
    an_interface,
    an_offer,
)
from tests.unit.sick_and_well import a_nat, in_
from tests.unit.test_checks import SICK
from vpce.core.bill import bill_of_actions, cost_of_actions, cost_of_plan, plan_bill
from vpce.core.checks import run_checks
from vpce.core.cost import spent
from vpce.core.plan import CreateEndpoint, Held, UpdateEndpoint

BASIS = "list prices of eu-west-1, 2026-01-02, without data"
NEW = a_plan(a_vpc(), a_wish(interface=["sqs", "sns"]))


def test_a_new_plan_says_what_comes_and_what_it_will_be() -> None:
    assert cost_of_plan(NEW) == (
        f"+$32.12 a month: 2 interface endpoints more, in 2 zones; then, $32.12 a month for ours in this VPC; {BASIS}"
    )
    bill = plan_bill(NEW)
    assert bill is not None
    assert (bill["now"], bill["difference"], bill["after"]) == ("0.00", "32.12", "32.12")
    assert (bill["currency"], bill["region"], bill["date"]) == ("USD", "eu-west-1", "2026-01-02")


def test_a_plan_that_changes_nothing_says_what_there_is() -> None:
    vpc = a_vpc(tags={"endpoint-profile": "t"}, endpoints=(an_interface("sqs"),), security_groups=(a_group(),))

    assert cost_of_plan(a_plan(vpc, a_wish(interface=["sqs"]))) == (
        f"as now, $16.06 a month for ours in this VPC; {BASIS}"
    )


def test_gateways_are_free_and_without_endpoints_there_is_nothing_to_say() -> None:
    assert cost_of_plan(a_plan(a_vpc(), a_wish(gateway=["s3"]))) == "+$0.00 a month: gateway endpoints are free"
    assert cost_of_plan(a_plan(a_vpc(endpoints=(a_gateway("s3"),)), a_wish(gateway=["s3"]))) == ""


def test_what_is_held_is_told_apart() -> None:
    held = replace(NEW, steps=tuple(Held(action=a, why="watched") for a in NEW.actions))

    assert cost_of_plan(held) == f"held: +$32.12 a month: 2 interface endpoints more, in 2 zones; {BASIS}"
    bill = plan_bill(held)
    assert bill is not None
    assert (bill["difference"], bill["held"]) == ("0.00", "32.12")


def test_without_a_list_price_words_stand_in_for_it() -> None:
    unknown = replace(NEW, prices=None)

    assert cost_of_plan(unknown) == "what it costs is not known: there is no list price of eu-west-1"
    assert cost_of_actions(unknown, unknown.actions) == cost_of_plan(unknown)
    assert (plan_bill(unknown), bill_of_actions(unknown, unknown.actions)) == (None, None)
    free = replace(a_plan(a_vpc(), a_wish(gateway=["s3"])), prices=None)
    assert cost_of_plan(free) == ""


def test_zones_that_differ_are_told_as_the_most() -> None:
    one, two = (
        CreateEndpoint(service=s, offer=an_offer(s), made_for="t", subnets=frozenset(subnets), why="")
        for s, subnets in (("sqs", {"subnet-a"}), ("sns", {"subnet-a", "subnet-b"}))
    )
    less = UpdateEndpoint(
        service="kms", endpoint=an_interface("kms"), remove_subnets=frozenset({"subnet-a", "subnet-b"}), why=""
    )

    assert cost_of_actions(NEW, [one, two]).startswith(
        "+$24.09 a month: 2 interface endpoints more, in 2 zones at most;"
    )
    assert cost_of_actions(NEW, [less]).startswith("-$16.06 a month: 2 zones less for what is there;")
    assert cost_of_actions(NEW, []) == ""


# ---- findings -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("check", "monthly"),
    [
        ("duplicate-endpoint", "16.06"),
        ("paid-s3-endpoint", "16.06"),
        ("unavailable-endpoint", "16.06"),
        ("unwanted-endpoint", "16.06"),
        ("vanished-tag", "16.06"),
        ("unused-nat-gateway", "38.69"),
        ("zone-without-interface", ""),
    ],
)
def test_a_finding_about_money_says_how_much(check: str, monthly: str) -> None:
    _, subject, _ = SICK[check][0]

    [found] = [f for f in run_checks(replace(subject, prices=PRICES)).findings if f.check == check]
    [unpriced] = [f for f in run_checks(subject).findings if f.check == check]

    assert found.monthly == monthly
    assert (unpriced.monthly, unpriced.price_date, unpriced.cost) == ("", "", "")
    assert found.id == unpriced.id
    assert found.cost == (f"${monthly} a month by the hour; list prices of eu-west-1, 2026-01-02" if monthly else "")


def test_a_private_nat_gateway_has_no_address_to_pay_for() -> None:
    private = in_(a_vpc(), nat_gateways=(a_nat(is_public=False, addresses=0),))

    [found] = [f for f in run_checks(replace(private, prices=PRICES)).findings if f.check == "unused-nat-gateway"]

    assert found.monthly == "35.04"


# ---- reports ------------------------------------------------------------------------------------------------------


def test_places_are_added_up_and_what_is_not_known_is_counted_apart() -> None:
    later = replace(SPENDING, date="2026-02-03", ours_month=Decimal("0.36"))

    assert spent([]) == spent([replace(SPENDING, ours=0, others=0)]) == ""
    assert spent([SPENDING]) == (
        "$80.30 a month by the hour, $64.24 of it for vpce's; list prices of 2026-01-02, without data"
    )
    assert "list prices of 2026-01-02 to 2026-02-03" in spent([later, SPENDING])
    assert spent([later, SPENDING]).startswith("$96.72 a month by the hour, $64.60 of it")
    assert spent([UNPRICED]) == "2 more in regions without a known list price"
