"""Stepping aside as a pure decision: only where only ours is in the way, and no further than that."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.factories import (
    CATALOG,
    NOTHING,
    NOW,
    RETIREMENT,
    WISHES,
    a_gateway,
    a_group,
    a_plan,
    a_subnet,
    a_table,
    a_vpc,
    a_wish,
    actions,
    an_interface,
    carried_out,
    steps,
    vpcs,
)
from vpce.core.aside import Interface, in_question, released, step_aside
from vpce.core.caution import careful
from vpce.core.model import Kind, Route
from vpce.core.notice import explain
from vpce.core.plan import CreateEndpoint, DeleteEndpoint, Keep, Release, Shortfall, Stay, UpdateEndpoint
from vpce.core.profile import Mode, read_profiles, wish_of

if TYPE_CHECKING:
    from vpce.core.model import Vpc
    from vpce.core.plan import Plan
    from vpce.core.profile import Wish

UNTIL = datetime(2026, 11, 24, 12, tzinfo=UTC)
OURS, THEIRS = Interface(id="eni-ours", what="ours"), Interface(id="eni-theirs", what="RDSNetworkInterface")
SQS = an_interface("sqs", interfaces=frozenset({"eni-ours"}))


def a_home(**changes: Any) -> Vpc:
    """A VPC with one of our endpoints in two subnets."""
    return replace(a_vpc(endpoints=(a_gateway(), SQS), security_groups=(a_group(),)), **changes)


def after_trying(vpc: Vpc, thing: str, *found: Interface) -> tuple[Vpc, tuple[Release | Stay, ...]]:
    asked = in_question(vpc, {thing})
    return step_aside(vpc, asked, dict.fromkeys(asked, found), UNTIL)


# ---- whether ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("thing", ["vpc-0123456789abcdef0", "subnet-a", "sg-ours"])
def test_where_ours_is_alone_it_steps_aside(thing: str) -> None:
    vpc, [step] = after_trying(a_home(), thing, OURS)

    assert isinstance(step, Release)
    assert (vpc.released or vpc.subnets[0].released) == UNTIL


@pytest.mark.parametrize("thing", ["vpc-0123456789abcdef0", "subnet-a", "sg-ours"])
def test_where_anything_else_lives_it_stays_and_says_for_whom(thing: str) -> None:
    vpc, [step] = after_trying(a_home(), thing, OURS, THEIRS)

    assert step == Stay(resource=thing, why="eni-theirs (RDSNetworkInterface) would have to go first")
    assert vpc == a_home()


@given(st.sets(st.sampled_from(["eni-ours", "eni-1", "eni-2"])), st.sampled_from(["vpc-0123456789abcdef0", "subnet-a"]))
def test_whatever_is_found_only_ours_alone_is_left(found: set[str], thing: str) -> None:
    vpc, _ = after_trying(a_home(), thing, *(Interface(id=i, what="") for i in found))

    assert (vpc == a_home()) is not (found <= {"eni-ours"})


def test_of_many_who_live_there_a_few_are_named() -> None:
    _, [step] = after_trying(a_home(), "subnet-a", *(Interface(id=f"eni-{n}", what="x") for n in range(9)))

    assert step.why == "eni-0 (x), eni-1 (x), eni-2 (x), 6 more network interfaces would have to go first"


def test_what_is_nobodys_but_ours_by_its_interfaces_is_counted_while_it_is_being_deleted_too() -> None:
    """Else ours would keep itself from leaving."""
    going = replace(SQS, state="deleting")

    vpc, _ = after_trying(a_home(endpoints=(going,)), "subnet-a", OURS)

    assert vpc.subnets[0].released


@pytest.mark.parametrize("target", ["pcx-1", "vgw-1", "tgw-1", "arn:aws:networkmanager::1:core-network/x", ""])
def test_a_route_to_another_network_keeps_ours_in_the_vpc(target: str) -> None:
    route = Route(destination="10.9.0.0/16", target=target)
    home = a_home(route_tables=(a_table(routes=(route,)),))

    assert after_trying(home, home.id, OURS)[0] == home
    assert after_trying(home, "subnet-a", OURS)[0] != home, "a subnet has other subnets beside it"
    dead = a_home(route_tables=(a_table(routes=(replace(route, is_blackhole=True),)),))
    assert after_trying(dead, dead.id, OURS)[0].released


@pytest.mark.parametrize("target", ["local", "igw-1", "eigw-1", "nat-1", "vpce-1"])
def test_a_way_out_keeps_nothing(target: str) -> None:
    home = a_home(route_tables=(a_table(routes=(Route(destination="0.0.0.0/0", target=target),)),))

    assert after_trying(home, home.id, OURS)[0].released


def test_an_endpoint_of_others_keeps_ours_in_the_vpc() -> None:
    home = a_home(endpoints=(SQS, a_gateway("s3", id="vpce-theirs", is_ours=False)))

    _, [step] = after_trying(home, home.id, OURS)

    assert step == Stay(resource=home.id, why="vpce-theirs, which somebody else made would have to go first")


@pytest.mark.parametrize(
    "home",
    [
        a_home(owner="999999999999"),
        a_home(tags={"endpoint-profile": "none"}, endpoints=(replace(SQS, state="deleting"),)),
        a_home(released=UNTIL),
        a_vpc(tags={"endpoint-profile": "private"}),
        a_vpc(endpoints=(replace(SQS, is_ours=False),)),
    ],
    ids=["shared with us", "goes anyway", "released", "nothing of ours", "nothing but others'"],
)
def test_where_there_is_nothing_to_step_aside_with_nobody_is_asked(home: Vpc) -> None:
    assert in_question(home, {home.id, "subnet-a", "sg-ours"}) == {}


def test_a_group_whose_endpoints_are_on_their_way_out_is_nobodys_question() -> None:
    """So it is while we remove our own, and EC2 still refuses."""
    assert in_question(a_home(endpoints=(replace(SQS, state="deleting"),)), {"sg-ours"}) == {}


def test_what_lies_elsewhere_is_nobodys_question_here() -> None:
    assert in_question(a_home(), {"vpc-0fedcba9876543210", "subnet-z", "sg-z", "vpce-endpoints"}) == {}


def test_a_name_is_a_group_of_the_default_vpc_only() -> None:
    both = (a_group(), a_group(id="sg-web", name="web", is_ours=False))
    shared = replace(SQS, security_groups=frozenset({"sg-ours", "sg-web"}))

    assert in_question(a_home(endpoints=(shared,), security_groups=both), {"web"}) == {}
    assert in_question(a_home(endpoints=(shared,), security_groups=both, is_default=True), {"web"}) == {
        "sg-web": "sg-web"
    }


# ---- how far ------------------------------------------------------------------------------------------------------


def test_a_released_vpc_wishes_ours_away_whatever_its_tag_says() -> None:
    wish = wish_of(a_home(released=UNTIL, tags={"endpoint-profile": "no-such"}), read_profiles(""))

    assert wish.remove
    assert "2026-11-24 12:00 UTC" in wish.why


def test_the_plan_says_that_we_step_aside_before_it_says_what_goes() -> None:
    vpc, aside = after_trying(a_home(), a_home().id, OURS)

    plan = a_plan(vpc, wish_of(vpc, read_profiles("")), aside=aside)

    assert [type(a) for a in plan.actions][:2] == [Release, DeleteEndpoint]
    assert explain(plan).splitlines()[2].startswith(f"  ~ release {vpc.id} until 2026-11-24 12:00 UTC: somebody is")


def test_a_released_subnet_is_left_and_its_zone_goes_without() -> None:
    vpc = released(a_home(), "subnet-a", UNTIL)

    [action] = actions(vpc, a_wish(gateway=["s3"], interface=["sqs"]))

    assert isinstance(action, UpdateEndpoint)
    assert (sorted(action.remove_subnets), sorted(action.add_subnets)) == (["subnet-a"], [])
    assert action.why == "somebody is deleting subnet-a"


def test_a_new_endpoint_is_not_made_in_a_released_subnet() -> None:
    vpc = released(a_vpc(), "subnet-a", UNTIL)

    [made] = [a for a in actions(vpc, a_wish(interface=["sqs"])) if isinstance(a, CreateEndpoint)]

    assert made.subnets == {"subnet-b"}


def test_where_all_subnets_are_being_deleted_nothing_is_amiss() -> None:
    vpc = released(a_vpc(subnets=(a_subnet("a"),)), "subnet-a", UNTIL)

    [short] = [s for s in steps(vpc, a_wish(interface=["sqs"])) if isinstance(s, Shortfall)]

    assert not short.is_required


@pytest.mark.parametrize("wish", [a_wish(interface=["sqs"]), NOTHING, RETIREMENT], ids=["wanted", "left", "retired"])
def test_what_will_never_serve_and_cannot_be_changed_goes_from_a_released_subnet(wish: Wish) -> None:
    vpc = released(a_home(endpoints=(replace(SQS, state="failed"),)), "subnet-a", UNTIL)

    assert [a.endpoint.id for a in actions(vpc, wish) if isinstance(a, DeleteEndpoint)] == [SQS.id]


def test_where_another_subnet_of_the_zone_is_left_only_what_is_wanted_stays_for_it() -> None:
    subnets = (a_subnet("a"), a_subnet("a", id="subnet-a2"))
    vpc = released(
        a_home(subnets=subnets, endpoints=(replace(SQS, subnets=frozenset({"subnet-a"})),)), "subnet-a", UNTIL
    )

    assert [type(a) for a in actions(vpc, a_wish(interface=["sqs"]))] == [UpdateEndpoint]
    assert DeleteEndpoint in [type(a) for a in actions(vpc, RETIREMENT)]


def test_a_mode_that_takes_nothing_away_keeps_a_group_of_others_on_ours() -> None:
    theirs = a_group(id="sg-theirs", is_ours=False, is_released=True)
    both = replace(SQS, security_groups=frozenset({"sg-ours", "sg-theirs"}))
    vpc = a_home(endpoints=(both,), security_groups=(a_group(), theirs))
    plan = a_plan(vpc, replace(a_wish(interface=["sqs"]), mode=Mode.CREATE_ONLY))

    assert [a.remove_security_groups for a in plan.actions if isinstance(a, UpdateEndpoint)] == [{"sg-theirs"}]
    assert not [a for a in careful(plan, NOW).actions if isinstance(a, UpdateEndpoint)]


def test_the_only_group_of_an_endpoint_that_nobody_asks_for_is_not_taken_away() -> None:
    """EC2 wants one, and ours is not there."""
    theirs = a_group(id="sg-theirs", is_ours=False, is_released=True)
    sqs = replace(SQS, security_groups=frozenset({"sg-theirs"}))

    [step] = steps(a_vpc(endpoints=(sqs,), security_groups=(theirs,)), NOTHING)

    assert step.why == f"sg-theirs is the only security group of {sqs.id}; put another one on it"


# ---- from every start ---------------------------------------------------------------------------------------------


@st.composite
def left(draw: st.DrawFn) -> Vpc:
    """A VPC, some of whose subnets and of others' groups are being deleted, and nothing else is in the way there."""
    vpc = draw(vpcs())
    theirs = [g.id for g in vpc.security_groups if not g.is_ours]
    things = [*(s.id for s in vpc.subnets), *theirs]
    for thing in draw(st.sets(st.sampled_from(things))) if things else ():
        vpc = released(vpc, thing, UNTIL)
    return vpc


def to_rest(vpc: Vpc, wish: Wish) -> list[Plan]:
    """Plans, each carried out, until nothing changes any more; EC2 refuses none of them."""
    plans = [a_plan(vpc, wish, CATALOG)]
    while (after := carried_out(plans[-1])) != plans[-1].vpc:
        assert len(plans) < 6, f"it does not come to rest: {plans[-1].actions}"
        plans.append(a_plan(after, wish, CATALOG))
    return plans


@settings(max_examples=400)
@given(left(), WISHES | st.just(NOTHING) | st.just(RETIREMENT))
def test_from_every_start_ours_is_out_of_the_way_or_people_are_told(vpc: Vpc, wish: Wish) -> None:
    """And EC2 refuses nothing on the way."""
    rest = to_rest(vpc, wish)[-1]
    subnets = {s.id for s in rest.vpc.subnets if s.released}
    groups = {g.id for g in rest.vpc.security_groups if g.is_released}
    told = " ".join(s.why for s in rest.shortfalls)

    for endpoint in rest.vpc.ours:
        if endpoint.id not in told:
            assert not endpoint.subnets & subnets
            assert not endpoint.security_groups & groups


@settings(max_examples=400)
@given(left(), WISHES | st.just(NOTHING) | st.just(RETIREMENT))
def test_from_every_start_nothing_goes_but_what_is_broken_or_has_no_other_subnet_left(vpc: Vpc, wish: Wish) -> None:
    kept = {s.id for s in vpc.subnets if not s.released}

    for plan in to_rest(vpc, wish):
        for action in plan.actions:
            if isinstance(action, DeleteEndpoint) and not action.due and not action.endpoint.is_broken:
                assert action.endpoint.kind is Kind.INTERFACE
                assert not action.endpoint.subnets & kept
            if isinstance(action, UpdateEndpoint):
                assert action.endpoint.is_ours


@given(left(), WISHES)
def test_from_every_start_no_endpoint_is_left_without_an_interface_that_could_have_one(vpc: Vpc, wish: Wish) -> None:
    rest = to_rest(vpc, wish)[-1]
    room = {s.zone for s in rest.vpc.subnets if not s.released and s.free_addresses}

    for step in rest.steps:
        if isinstance(step, Keep) and step.endpoint.kind is Kind.INTERFACE and step.why.startswith("profile test asks"):
            offer = next(o for o in CATALOG.offers if o.service == step.endpoint.service and o.kind is Kind.INTERFACE)
            assert step.endpoint.subnets or not room & (offer.zones or room)
