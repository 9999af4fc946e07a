"""Is what may not be done now held, said why, and nothing else?"""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given

from tests.factories import (
    CATALOG,
    FILE,
    NOW,
    OPEN,
    REMOVAL,
    WISHES,
    a_catalog,
    a_dual,
    a_gateway,
    a_group,
    a_plan,
    a_rule,
    a_subnet,
    a_table,
    a_vpc,
    a_wish,
    an_interface,
    an_offer,
    service,
    vpcs,
)
from vpce.core.caution import FEW_ADDRESSES, careful, disturbance, guarded, takes_away, warnings_of
from vpce.core.model import Addresses, Dns, Kind
from vpce.core.notice import explain
from vpce.core.plan import (
    CreateEndpoint,
    CreateSecurityGroup,
    DeleteEndpoint,
    DeleteSecurityGroup,
    Held,
    MarkEndpoint,
    UnmarkEndpoint,
    UpdateEndpoint,
    UpdateSecurityGroup,
    Wait,
)
from vpce.core.policies import FULL_ACCESS, EndpointPolicy
from vpce.core.profile import Mode
from vpce.core.window import read_window

if TYPE_CHECKING:
    from vpce.core.model import Vpc
    from vpce.core.plan import Plan
    from vpce.core.profile import Wish

BOTH = a_wish(gateway=["s3"], interface=["sqs"])
OTHER = '{"Statement": []}'
SHUT = read_window("sun:02:00-sun:05:00")
"""On the Wednesday of `NOW`."""
DRIFTED = a_vpc(
    route_tables=(a_table(), a_table("new")),
    endpoints=(
        a_gateway("s3"),
        an_interface("sqs", private_dns=False, delete_after=NOW),
        an_interface("sns", delete_after=NOW),
        an_interface("kms"),
    ),
    security_groups=(a_group(a_rule(source="10.9.0.0/16")),),
)
"""Something of everything to do."""


def done(plan: Plan) -> set[str]:
    return {type(a).__name__ for a in plan.actions}


def held(plan: Plan) -> set[str]:
    return {type(h.action).__name__ for h in plan.held}


# ---- modes --------------------------------------------------------------------------------------------------------


def test_in_sync_nothing_is_held() -> None:
    plan = a_plan(DRIFTED, BOTH)

    assert careful(plan, NOW) == plan
    assert done(plan) >= {"UpdateEndpoint", "UnmarkEndpoint", "MarkEndpoint", "DeleteEndpoint", "UpdateSecurityGroup"}


def test_in_watch_everything_is_held_and_can_be_reviewed() -> None:
    plan = a_plan(DRIFTED, replace(BOTH, mode=Mode.WATCH))
    watched = careful(plan, NOW)

    assert watched.actions == ()
    assert [h.action for h in watched.held] == list(plan.actions)
    assert {h.why for h in watched.held} == {"the mode is watch"}
    assert "[held: the mode is watch]" in explain(watched)


def test_create_only_adds_and_takes_nothing_away() -> None:
    plan = careful(a_plan(DRIFTED, replace(BOTH, mode=Mode.CREATE_ONLY)), NOW)

    assert done(plan) == {"UpdateEndpoint", "UnmarkEndpoint", "UpdateSecurityGroup"}
    assert held(plan) == {"MarkEndpoint", "DeleteEndpoint", "UpdateSecurityGroup"}
    (update,) = (a for a in plan.actions if isinstance(a, UpdateSecurityGroup))
    assert update.authorize
    assert not update.revoke


def test_of_one_change_the_part_that_adds_is_made() -> None:
    """A VPC that gets fewer zones, and whose endpoint lacks private DNS."""
    vpc = a_vpc(endpoints=(an_interface("sqs", private_dns=False),), security_groups=(a_group(),))
    plan = careful(a_plan(vpc, replace(a_wish(interface=["sqs"], zones=1), mode=Mode.CREATE_ONLY)), NOW)

    (made,) = plan.actions
    (kept,) = plan.held
    assert isinstance(made, UpdateEndpoint)
    assert isinstance(kept.action, UpdateEndpoint)
    assert (made.enable_private_dns, made.remove_subnets) == (True, frozenset())
    assert (kept.action.enable_private_dns, bool(kept.action.remove_subnets)) == (False, True)


@pytest.mark.parametrize(("policy", "is_held"), [(FILE, True), (OPEN, False)])
def test_a_policy_takes_away_unless_it_is_full_access(policy: EndpointPolicy, *, is_held: bool) -> None:
    vpc = a_vpc(endpoints=(an_interface("sqs", policy=OTHER, private_dns=False),), security_groups=(a_group(),))
    wish = replace(a_wish(interface=["sqs"], policy=policy), mode=Mode.CREATE_ONLY)
    plan = careful(a_plan(vpc, wish), NOW)

    assert [a.enable_private_dns for a in plan.actions if isinstance(a, UpdateEndpoint)] == [True]
    assert bool(plan.held) is is_held
    assert is_held is any("policy" in w for w in warnings_of(plan))


def dual(*, zones: int | None = None, addresses: Addresses | None = None, **changes: Any) -> Plan:
    """Of a VPC whose third zone is new, and whose endpoints are to change their addresses."""
    endpoints = (a_gateway("s3", **changes), an_interface("sqs", **changes))
    vpc = a_vpc(subnets=tuple(map(a_dual, "abc")), endpoints=endpoints, security_groups=(a_group(),))
    wish = replace(a_wish(gateway=["s3"], interface=["sqs"], zones=zones, addresses=addresses), window=SHUT)
    offers = (an_offer("s3", Kind.GATEWAY), an_offer("sqs"))
    return a_plan(vpc, wish, a_catalog(*(replace(o, address_types=frozenset({"ipv4", "ipv6"})) for o in offers)))


def test_outside_the_window_an_endpoint_gets_its_zone_and_no_ipv6_yet() -> None:
    plan = careful(dual(addresses=Addresses.DUALSTACK), NOW)

    assert [(a.add_subnets, a.address_type) for a in plan.actions if isinstance(a, UpdateEndpoint)] == [
        (frozenset({"subnet-c"}), None)
    ]
    assert [
        (h.action.endpoint.kind, h.action.address_type) for h in plan.held if isinstance(h.action, UpdateEndpoint)
    ] == [
        (Kind.GATEWAY, Addresses.DUALSTACK),
        (Kind.INTERFACE, Addresses.DUALSTACK),
    ]


def test_what_is_said_of_new_addresses_waits_with_them() -> None:
    """By itself it would change nothing, at every look."""
    names = {"inbound_resolver_only": True, "needs_gateway": True}
    endpoints = (a_gateway("s3", address_type="dualstack"), an_interface("s3", **names))
    vpc = a_vpc(subnets=tuple(map(a_dual, "ab")), endpoints=endpoints, security_groups=(a_group(),))
    wish = replace(a_wish(gateway=["s3"], interface=["s3"], addresses=Addresses.DUALSTACK), window=SHUT)
    offers = (an_offer("s3", kind, address_types=frozenset({"ipv4", "ipv6"})) for kind in Kind)
    plan = careful(a_plan(vpc, wish, a_catalog(*offers)), NOW)

    (only,) = plan.held
    assert isinstance(only.action, UpdateEndpoint)
    assert (only.action.address_type, only.action.inbound_resolver_only) == (Addresses.DUALSTACK, True)
    assert plan.actions == ()


def test_what_takes_ipv6_away_is_one_with_the_zone_that_it_lets_in_and_not_for_create_only() -> None:
    plan = dual(addresses=Addresses.IPV4, address_type="dualstack")
    narrower = careful(replace(plan, wish=replace(plan.wish, mode=Mode.CREATE_ONLY, window=None)), NOW)

    assert [h.action for h in careful(plan, NOW).held] == [h.action for h in narrower.held] == list(plan.actions)
    assert "clients that have IPv6 only lose their way" in " ".join(warnings_of(plan))


@given(vpcs(), WISHES)
def test_no_mode_makes_anything_that_was_not_planned(vpc: Vpc, wish: Wish) -> None:
    for mode in Mode:
        plan = a_plan(vpc, replace(wish, mode=mode), CATALOG)
        limited = careful(plan, NOW)
        assert {type(a) for a in limited.actions} <= {type(a) for a in plan.actions}
        assert mode is not Mode.WATCH or not limited.actions
        assert mode is Mode.SYNC or not any(takes_away(a) for a in limited.actions)


def test_what_waits_for_a_deletion_that_is_held_is_held_too() -> None:
    """Otherwise a look would come back, and back, for something that nobody does."""
    endpoints = (an_interface("s3", needs_gateway=True), a_gateway("s3"))
    plan = a_plan(a_vpc(endpoints=endpoints, security_groups=(a_group(),)), replace(REMOVAL, mode=Mode.CREATE_ONLY))

    assert {type(w.then) for w in plan.waits} == {DeleteEndpoint, DeleteSecurityGroup}
    assert careful(plan, NOW).waits == ()
    assert [type(h.action) for h in careful(plan, NOW).held] == [DeleteEndpoint, DeleteEndpoint, DeleteSecurityGroup]


def test_a_change_that_waits_for_aws_is_held_by_watch() -> None:
    pending = an_interface("sqs", state="pending", private_dns=False)
    plan = a_plan(
        a_vpc(endpoints=(pending,), security_groups=(a_group(),)), replace(a_wish(interface=["sqs"]), mode=Mode.WATCH)
    )

    assert careful(plan, NOW).waits == ()
    assert held(careful(plan, NOW)) == {"UpdateEndpoint"}


# ---- change windows -----------------------------------------------------------------------------------------------


def test_outside_the_window_what_can_disturb_waits_and_says_until_when() -> None:
    plan = careful(a_plan(DRIFTED, replace(BOTH, window=SHUT)), NOW)

    assert held(plan) == {"UpdateEndpoint", "DeleteEndpoint", "UpdateSecurityGroup"}
    assert done(plan) == {"UnmarkEndpoint", "MarkEndpoint", "UpdateSecurityGroup"}
    assert {h.why for h in plan.held} == {"the change window sun:02:00-sun:05:00 opens at 2026-03-08 02:00 UTC"}
    assert {h.until for h in plan.held if h.until} == {NOW.replace(day=8, hour=2)}


@pytest.mark.parametrize(
    "vpc",
    [a_vpc(), a_vpc(dns=Dns(support=True, hostnames=False), endpoints=(a_gateway("s3"),))],
    ids=["the gateway", "the VPC's DNS attributes"],
)
def test_names_wait_with_what_they_need(vpc: Vpc) -> None:
    """S3's, beside its gateway, disturb nobody; but EC2 would refuse them, hour after hour."""
    plan = careful(a_plan(vpc, replace(a_wish(gateway=["s3"], interface=["s3"]), window=SHUT)), NOW)

    assert done(plan) == {"CreateSecurityGroup"}


def test_in_the_window_nothing_waits() -> None:
    plan = a_plan(DRIFTED, replace(BOTH, window=SHUT))

    assert careful(plan, NOW.replace(day=8, hour=3)) == plan


def test_in_a_vpc_made_a_moment_ago_there_is_nothing_to_disturb() -> None:
    plan = a_plan(a_vpc(), replace(BOTH, window=SHUT, is_new=True))

    assert careful(plan, NOW) == plan
    assert warnings_of(plan) == {}


def test_none_waits_for_the_window_too() -> None:
    plan = careful(a_plan(a_vpc(endpoints=(a_gateway(),)), replace(REMOVAL, window=SHUT)), NOW)

    assert held(plan) == {"DeleteEndpoint"}


@pytest.mark.parametrize(
    "action",
    [
        MarkEndpoint(service="sqs", endpoint=an_interface(), delete_after=NOW, why=""),
        UnmarkEndpoint(service="sqs", endpoint=an_interface(), why=""),
        CreateSecurityGroup(ingress=frozenset(), why=""),
        DeleteSecurityGroup(group=a_group(), why=""),
        UpdateSecurityGroup(group=a_group(), authorize=frozenset({a_rule()}), revoke=frozenset(), why=""),
        UpdateEndpoint(service="sqs", endpoint=an_interface(), add_subnets=frozenset({"subnet-b"}), why=""),
    ],
    ids=lambda a: type(a).__name__,
)
def test_what_nobody_can_notice_disturbs_nothing(action: UpdateEndpoint) -> None:
    assert disturbance(action) == ""


def test_the_names_of_an_interface_beside_its_gateway_are_not_for_the_vpc() -> None:
    plan = a_plan(a_vpc(), a_wish(gateway=["s3"], interface=["s3"]))

    assert [bool(disturbance(a)) for a in plan.actions if isinstance(a, CreateEndpoint)] == [True, False]


def test_warnings_are_told_once_with_the_services_that_they_are_about() -> None:
    plan = a_plan(a_vpc(), a_wish(gateway=["s3", "dynamodb"], interface=["sqs"]))

    assert sorted(warnings_of(plan).values()) == [["dynamodb", "s3"], ["sqs"]]
    assert "! beware  dynamodb, s3: open connections drop" in explain(plan)
    assert "aws:SourceIp" in explain(plan)


def warned(plan: Plan) -> set[tuple[str, tuple[str, ...]]]:
    return {(text, tuple(sorted(about))) for text, about in warnings_of(plan).items()}


@pytest.mark.parametrize("name", ["execute-api", "appsync-api", service("execute-api")])
@pytest.mark.parametrize("is_there", [False, True])
def test_names_that_stand_for_public_apis_too_are_warned_of(name: str, *, is_there: bool) -> None:
    plain = name.removeprefix(service(""))
    endpoints = (an_interface(plain, private_dns=False),) if is_there else ()
    vpc = a_vpc(endpoints=endpoints, security_groups=(a_group(),))
    plan = a_plan(vpc, a_wish(interface=[name, "sqs"]), a_catalog(an_offer(plain)))

    (about,) = (about for text, about in warned(plan) if "default names of public APIs lead there too" in text)
    assert about == (name,)


def test_public_apis_are_no_matter_where_no_names_are_taken() -> None:
    catalog = a_catalog(an_offer("execute-api", private_dns_names=()))

    assert warnings_of(a_plan(a_vpc(), a_wish(interface=["execute-api"]), catalog)) == {}


def test_a_rule_that_forwards_the_name_is_warned_of() -> None:
    forwarded = {service("sqs"): "Resolver rule rslvr-1 forwards sqs.eu-west-1.amazonaws.com"}
    plan = a_plan(a_vpc(), a_wish(interface=["sns", "sqs"]), forwarded=forwarded)
    text = f"{forwarded[service('sqs')]}, so clients are led there and not to the endpoint"

    assert (text, ("sqs",)) in warned(plan)
    assert text in explain(careful(replace(plan, wish=replace(plan.wish, mode=Mode.WATCH)), NOW))


NO_LAYERS = EndpointPolicy(
    name="mine.json",
    text=json.dumps(
        {"Statement": [{"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "arn:aws:s3:::mine/*"}]}
    ),
)
LAYERS = "s3:GetObject on arn:aws:s3:::prod-eu-west-1-starport-layer-bucket/* (layers of ECR images)"


@pytest.mark.parametrize(
    "vpc", [a_vpc(), a_vpc(endpoints=(a_gateway(policy=FULL_ACCESS),))], ids=["a new endpoint", "one that is there"]
)
def test_a_policy_that_blocks_what_the_profile_needs_is_warned_of_by_what(vpc: Vpc) -> None:
    catalog = a_catalog(an_offer("ecr.dkr", takes_policy=False))
    plan = a_plan(vpc, a_wish(gateway=["s3"], interface=["ecr.dkr"], policy=NO_LAYERS), catalog)

    assert (f"its policy blocks {LAYERS}", ("s3",)) in warned(plan)


def test_a_policy_blocks_also_what_people_have_beside_the_profile() -> None:
    theirs = an_interface("ecr.dkr", is_ours=False)
    plan = a_plan(a_vpc(endpoints=(theirs,)), a_wish(gateway=["s3"], policy=NO_LAYERS))

    assert (f"its policy blocks {LAYERS}", ("s3",)) in warned(plan)


@pytest.mark.parametrize(("policy", "is_told"), [(FILE, True), (OPEN, False), (None, False)])
def test_the_policy_of_a_new_endpoint_may_stop_what_passes_today(
    policy: EndpointPolicy | None, *, is_told: bool
) -> None:
    plan = a_plan(a_vpc(), a_wish(gateway=["dynamodb"], policy=policy))

    assert is_told is any("may pass by another way now" in text for text in warnings_of(plan))


def test_a_policy_beside_other_changes_is_warned_of_too() -> None:
    there = a_gateway(policy=FULL_ACCESS, route_tables=frozenset())
    plan = a_plan(a_vpc(endpoints=(there,)), a_wish(gateway=["s3"], policy=FILE))

    assert {about for text, about in warned(plan) if "drop" in text or "new policy does not allow" in text} == {("s3",)}
    assert len([text for text in warnings_of(plan) if "new policy does not allow" in text]) == 1


def test_a_policy_that_stays_as_it_is_is_no_warning() -> None:
    there = a_gateway(policy=NO_LAYERS.text, route_tables=frozenset())
    plan = a_plan(a_vpc(endpoints=(there,)), a_wish(gateway=["s3"], interface=["ecr.dkr"], policy=NO_LAYERS))

    assert not any("policy" in text for text in warnings_of(plan))


def test_subnets_that_are_left_with_few_addresses_are_warned_of() -> None:
    subnets = (a_subnet("a", free_addresses=FEW_ADDRESSES + 2), a_subnet("b", free_addresses=FEW_ADDRESSES + 1))
    new = a_plan(a_vpc(subnets=subnets), a_wish(interface=["sns", "sqs"]))
    there = (an_interface("sns"), an_interface("sqs", subnets=frozenset({"subnet-a"})))
    grown = a_plan(
        a_vpc(subnets=(subnets[0], a_subnet("b", free_addresses=1)), endpoints=there), a_wish(interface=["sns", "sqs"])
    )

    assert ("subnet-b in eu-west-1b is left with 7 free IPv4 addresses", ("sns", "sqs")) in warned(new)
    assert not any("subnet-a" in text for text in warnings_of(new))
    assert ("subnet-b in eu-west-1b is left with 0 free IPv4 addresses", ("sqs",)) in warned(grown)


# ---- the guard ----------------------------------------------------------------------------------------------------


def losing(number: int, **changes: Any) -> Plan:
    """A plan that deletes so many endpoints."""
    endpoints = tuple(an_interface("sqs", id=f"vpce-{n}") for n in range(number))
    return a_plan(a_vpc(endpoints=endpoints, security_groups=(a_group(),)), replace(REMOVAL, **changes))


@pytest.mark.parametrize(
    ("numbers", "installed", "stops"),
    [
        ([4], 4, False),  # fewer than five never are much
        ([5], 5, True),
        ([3, 2], 5, True),
        ([6], 20, False),  # exactly 30 %
        ([7], 20, True),
        ([], 0, False),
    ],
)
def test_a_run_that_would_delete_too_much_deletes_nothing(numbers: list[int], installed: int, *, stops: bool) -> None:
    plans = [losing(n) for n in numbers]
    safe = guarded(plans, lambda: installed, 30)

    assert (safe != plans) is stops
    assert not stops or not any(p.actions or p.waits for p in safe)
    assert all(h.is_unsafe for p in safe for h in p.held)


def test_the_guard_tells_the_numbers_and_the_word() -> None:
    (plan,) = guarded([losing(7)], lambda: 20, 30)

    assert plan.held[0].why == (
        "7 of the installation's 20 endpoints here would go at once, more than 30 %; "
        "if that is meant, tag the VPC endpoint-deletions = allowed"
    )


def test_the_word_lets_one_vpc_pass_and_no_other() -> None:
    meant, mass = losing(9, deletions_allowed=True), losing(9)
    safe = guarded([meant, mass], lambda: 18, 30)

    assert safe[0] == meant
    assert safe[1].actions == ()


def test_nobody_counts_where_little_goes() -> None:
    def count() -> int:
        raise AssertionError

    assert guarded([losing(4)], count, 30) == [losing(4)]


def test_what_goes_within_minutes_counts() -> None:
    """A gateway that waits for its interface."""
    endpoints = (*(an_interface("sqs", id=f"vpce-{n}") for n in range(3)), an_interface("s3"), a_gateway("s3"))
    (plan,) = guarded([a_plan(a_vpc(endpoints=endpoints), REMOVAL)], lambda: 5, 30)

    assert plan.actions == ()


def test_what_the_guard_holds_leaves_the_rest_of_the_plan() -> None:
    gone = tuple(an_interface("sns", id=f"vpce-{n}", delete_after=NOW) for n in range(6))
    plan = a_plan(a_vpc(endpoints=gone, security_groups=(a_group(),)), BOTH)
    (safe,) = guarded([plan], lambda: 6, 30)

    assert done(safe) == done(plan) - {"DeleteEndpoint"} == {"CreateEndpoint"}


def test_what_a_window_holds_is_no_deletion_of_this_run() -> None:
    plans = [careful(losing(9, window=SHUT), NOW)]

    assert guarded(plans, lambda: 9, 30) == plans
    assert not any(isinstance(s, Wait) for s in plans[0].steps)
    assert all(isinstance(s, Held) for s in plans[0].steps)
    assert NOW + timedelta(days=3) < (plans[0].held[0].until or NOW)
