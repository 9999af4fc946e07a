"""Is the difference between a VPC and what is wished for it the right one, and does it come to rest?"""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, TypeVar

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from tests.factories import (
    BOTH,
    CATALOG,
    CIDR,
    FILE,
    IPV6,
    NARROW,
    NOTHING,
    NOW,
    OPEN,
    ORGANIZATION,
    PLACE,
    REGION,
    REMOVAL,
    RETIREMENT,
    WISHES,
    A,
    C,
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
    actions,
    an_interface,
    an_offer,
    carried_out,
    service,
    steps,
    vpcs,
)
from vpce.core.dns import Taken
from vpce.core.model import Addresses, Catalog, Dns, Ingress, Kind
from vpce.core.network import HostedZone, Quotas
from vpce.core.plan import (
    GRACE,
    CreateEndpoint,
    CreateSecurityGroup,
    DeleteEndpoint,
    DeleteSecurityGroup,
    Elsewhere,
    EnableDnsHostnames,
    EnableDnsSupport,
    Held,
    Keep,
    Leave,
    Leaving,
    MarkEndpoint,
    Shortfall,
    UnmarkEndpoint,
    UpdateEndpoint,
    UpdateSecurityGroup,
    Wait,
    as_bytes,
    takes_names,
)
from vpce.core.policies import FULL_ACCESS

if TYPE_CHECKING:
    from collections.abc import Iterable

    from vpce.core.model import Endpoint, RouteTable, Subnet, Vpc
    from vpce.core.plan import Plan, Step
    from vpce.core.policies import EndpointPolicy
    from vpce.core.profile import Wish

S = TypeVar("S")

S3 = a_wish(gateway=["s3"])
SQS = a_wish(interface=["sqs"])
LATER = NOW + timedelta(minutes=1)


def both(policy: EndpointPolicy | None) -> Wish:
    """A gateway and an interface endpoint."""
    return a_wish(gateway=["s3"], interface=["sqs"], policy=policy)


def there(**changes: Any) -> Vpc:
    """A VPC that has both, both changed."""
    gateway = {k: v for k, v in changes.items() if k != "private_dns"}
    interface = {k: v for k, v in changes.items() if k != "route_tables"}
    return a_vpc(endpoints=(a_gateway(**gateway), an_interface(**interface)), security_groups=OURS)


OURS = (a_group(),)


def kinds(found: Iterable[Step]) -> list[type[Step]]:
    return [type(s) for s in found]


def only(kind: type[S], found: Iterable[Step]) -> S:
    (step,) = (s for s in found if isinstance(s, kind))
    return step


def has(kind: type[S], found: Iterable[Step]) -> bool:
    return any(isinstance(s, kind) for s in found)


# ---- the table, row by row ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("wish", "endpoint", "expected"),
    [
        (S3, None, CreateEndpoint),
        (S3, a_gateway(), Keep),
        (S3, a_gateway(route_tables=frozenset()), UpdateEndpoint),
        (S3, a_gateway(state="pending"), Keep),
        (S3, a_gateway(state="pending", route_tables=frozenset()), Wait),
        (S3, a_gateway(state="deleting"), Wait),
        (S3, a_gateway(state="deleted"), CreateEndpoint),
        (S3, a_gateway(state="failed"), Shortfall),
        (S3, a_gateway(is_ours=False), Leave),
        (S3, a_gateway(is_ours=False, route_tables=frozenset()), Shortfall),
        (S3, a_gateway(is_ours=False, state="failed"), CreateEndpoint),
        (SQS, None, CreateEndpoint),
        (SQS, an_interface(), Keep),
        (SQS, an_interface(subnets=frozenset({"subnet-a"})), UpdateEndpoint),
        (SQS, an_interface(security_groups=frozenset({"sg-other"})), UpdateEndpoint),
        (SQS, an_interface(private_dns=False), UpdateEndpoint),
        (SQS, an_interface(state="pending"), Keep),
        (SQS, an_interface(state="pending", private_dns=False), Wait),
        (SQS, an_interface(state="deleting"), Wait),
        (SQS, an_interface(state="deleted"), CreateEndpoint),
        (SQS, an_interface(state="failed"), Shortfall),
        (SQS, an_interface(state="rejected"), Shortfall),
        (SQS, an_interface(state="expired"), Shortfall),
        (SQS, an_interface(is_ours=False), Leave),
        (SQS, an_interface(is_ours=False, state="failed"), CreateEndpoint),
        (SQS, an_interface(is_ours=False, state="deleting"), Wait),
        (S3, an_interface("sqs"), MarkEndpoint),
        (S3, an_interface("sqs", delete_after=LATER), Leaving),
        (S3, an_interface("sqs", delete_after=NOW), DeleteEndpoint),
        (S3, an_interface("sqs", state="deleting", delete_after=NOW), Wait),
        (SQS, an_interface("sqs", delete_after=LATER), UnmarkEndpoint),
        (SQS, an_interface("sqs", delete_after=NOW), UnmarkEndpoint),
        (SQS, an_interface("sqs", delete_after=NOW, is_ours=False), Leave),
        (RETIREMENT, an_interface("sqs"), MarkEndpoint),
        (RETIREMENT, an_interface("sqs", delete_after=LATER), Leaving),
        (RETIREMENT, an_interface("sqs", delete_after=NOW), DeleteEndpoint),
        (RETIREMENT, an_interface("sqs", is_ours=False), Leave),
        (S3, an_interface("sqs", is_ours=False), Leave),
        (NOTHING, an_interface("sqs"), Keep),
        (NOTHING, an_interface("sqs", is_ours=False), Leave),
        (REMOVAL, an_interface("sqs"), DeleteEndpoint),
        (REMOVAL, a_gateway("s3"), DeleteEndpoint),
        (REMOVAL, an_interface("sqs", state="pending"), DeleteEndpoint),
        (REMOVAL, an_interface("sqs", state="failed"), DeleteEndpoint),
        (REMOVAL, an_interface("sqs", state="deleting"), Wait),
        (REMOVAL, an_interface("sqs", is_ours=False), Leave),
    ],
)
def test_the_table_of_the_planner_holds_row_by_row(wish: Wish, endpoint: Endpoint | None, expected: type[Step]) -> None:
    vpc = a_vpc(endpoints=(endpoint,) if endpoint else (), security_groups=OURS)

    assert has(expected, steps(vpc, wish))


def test_every_step_says_why() -> None:
    vpc = a_vpc(
        dns=Dns(support=False, hostnames=False),
        endpoints=(an_interface("sns", state="failed"), an_interface("ssm", is_ours=False), a_gateway("dynamodb")),
    )
    wish = a_wish(gateway=["s3", "dynamodb"], interface=["sqs", "sns", "ssm", "nothing"])

    assert all(step.why for step in steps(vpc, wish))


def test_a_vpc_as_it_is_wished_has_a_plan_without_actions() -> None:
    vpc = a_vpc(endpoints=(a_gateway("s3"), an_interface("sqs")), security_groups=OURS)

    assert kinds(steps(vpc, a_wish(gateway=["s3"], interface=["sqs"]))) == [Keep, Keep]


def test_an_empty_vpc_gets_everything_in_the_order_in_which_it_is_needed() -> None:
    """Names must not resolve to an endpoint that lets nobody in."""
    vpc = a_vpc(dns=Dns(support=False, hostnames=False))
    plan = a_plan(vpc, a_wish(gateway=["s3", "dynamodb"], interface=["sqs", "s3"]))

    assert kinds(plan.steps[:3]) == [EnableDnsSupport, EnableDnsHostnames, CreateSecurityGroup]
    assert [(s.service, s.offer.kind) for s in plan.steps if isinstance(s, CreateEndpoint)] == [
        ("dynamodb", Kind.GATEWAY),
        ("s3", Kind.GATEWAY),
        ("s3", Kind.INTERFACE),
        ("sqs", Kind.INTERFACE),
    ]


def test_what_a_profile_does_not_ask_for_is_marked_and_not_deleted() -> None:
    """A profile that shrinks must not cut connections."""
    found = actions(a_vpc(endpoints=(an_interface("sns"),), security_groups=OURS), SQS)

    assert only(MarkEndpoint, found).delete_after == NOW + timedelta(hours=24)
    assert only(MarkEndpoint, found).why == "profile test does not ask for it"
    assert not [a for a in found if isinstance(a, DeleteEndpoint)]


def test_endpoints_remember_the_profile_that_they_were_made_for() -> None:
    made = [only(CreateEndpoint, steps(a_vpc(), replace(S3, by_default=by_default))) for by_default in (False, True)]

    assert [m.made_for for m in made] == ["test", "default/test"]


def test_a_broken_endpoint_is_told_with_the_reason_that_aws_gave() -> None:
    failed = an_interface(state="failed", failure="no address is free")
    shortfall = only(Shortfall, steps(a_vpc(endpoints=(failed,), security_groups=OURS), SQS))

    assert shortfall.why == "vpce-sqs is failed (no address is free); delete it and it is made anew"


def test_a_service_in_several_endpoints_of_others_is_left_to_each() -> None:
    foreign = tuple(an_interface(id=f"vpce-{n}", is_ours=False, private_dns=n == 1) for n in (1, 2))

    assert kinds(steps(a_vpc(endpoints=foreign), SQS)) == [Leave, Leave]


def test_a_service_is_known_by_its_whole_name() -> None:
    """An endpoint for ``ssmmessages`` is none for ``ssm``."""
    vpc = a_vpc(endpoints=(an_interface("ssmmessages"),), security_groups=OURS)

    assert only(CreateEndpoint, steps(vpc, a_wish(interface=["ssm"]))).offer.service == service("ssm")


def test_without_a_profile_nothing_is_looked_up() -> None:
    vpc = a_vpc(dns=None, endpoints=(an_interface(), a_gateway()))

    assert kinds(a_plan(vpc, NOTHING, Catalog(region="eu-west-1", offers=())).steps) == [Keep, Keep]


def test_a_plan_for_interfaces_needs_the_dns_attributes() -> None:
    """They are read only where they matter; where they matter and are not there, somebody forgot."""
    with pytest.raises(ValueError, match="were not read"):
        a_plan(a_vpc(dns=None), SQS)


# ---- what a region does not offer ---------------------------------------------------------------------------------


def test_a_required_service_that_is_not_offered_is_told() -> None:
    shortfall = only(Shortfall, steps(a_vpc(), a_wish(interface=["sqss"])))

    assert shortfall.is_required
    assert shortfall.why == "eu-west-1 offers no interface endpoint for it (did you mean 'sqs'?)"


def test_an_optional_service_that_is_not_offered_is_left_out_and_said_so() -> None:
    shortfall = only(Shortfall, steps(a_vpc(), a_wish(optional=["ec2messages"])))

    assert not shortfall.is_required
    assert shortfall.why == "eu-west-1 offers no interface endpoint for it; it is optional"


def test_an_optional_service_that_is_offered_is_made() -> None:
    assert only(CreateEndpoint, steps(a_vpc(), a_wish(optional=["ssm"]))).service == "ssm"


def test_a_gateway_is_required_also_where_its_interface_is_optional() -> None:
    catalog = Catalog(region="eu-west-1", offers=(an_offer("s3"),))
    shortfall = only(Shortfall, steps(a_vpc(), a_wish(gateway=["s3"], optional=["s3"]), catalog))

    assert shortfall.kind is Kind.GATEWAY
    assert shortfall.is_required


def test_one_service_that_is_not_offered_does_not_hold_up_the_others() -> None:
    assert kinds(steps(a_vpc(), a_wish(gateway=["s3"], interface=["nothing"]))) == [CreateEndpoint, Shortfall]


# ---- full names ---------------------------------------------------------------------------------------------------


def test_a_service_named_in_full_gets_its_own_ports() -> None:
    group = only(CreateSecurityGroup, steps(a_vpc(), a_wish(interface=[service("cassandra")])))

    assert group.ingress == {a_rule(port=9142)}


def test_a_service_named_in_full_and_in_short_is_made_once() -> None:
    """Joined profiles may call it by both."""
    made = [s for s in actions(a_vpc(), a_wish(interface=["sqs", service("sqs")])) if isinstance(s, CreateEndpoint)]

    assert len(made) == 1


def test_what_is_required_by_one_name_is_not_optional_by_another() -> None:
    catalog = Catalog(region="eu-west-1", offers=())
    wish = a_wish(interface=["sqs"], optional=[service("sqs")])

    assert any(s.is_required for s in a_plan(a_vpc(), wish, catalog).shortfalls)


def test_the_interface_beside_a_gateway_is_known_by_its_full_name_too() -> None:
    made = steps(a_vpc(), a_wish(gateway=["s3"], interface=[service("s3")]))
    (interface,) = (s for s in made if isinstance(s, CreateEndpoint) and s.offer.kind is Kind.INTERFACE)

    assert interface.inbound_resolver_only is True


# ---- security group -----------------------------------------------------------------------------------------------


def test_the_security_group_lets_in_every_cidr_of_the_vpc_and_nobody_else() -> None:
    vpc = a_vpc(cidrs=(CIDR, "10.1.0.0/16", IPV6))
    group = only(CreateSecurityGroup, steps(vpc, SQS))

    assert group.ingress == {a_rule(CIDR), a_rule("10.1.0.0/16"), a_rule(IPV6)}


def test_a_new_cidr_gets_in_and_a_lost_one_does_not_stay() -> None:
    group = a_group(a_rule(CIDR), a_rule("10.9.0.0/16"))
    vpc = a_vpc(cidrs=(CIDR, IPV6), endpoints=(an_interface(),), security_groups=(group,))
    update = only(UpdateSecurityGroup, steps(vpc, SQS))

    assert update.authorize == {a_rule(IPV6)}
    assert update.revoke == {a_rule("10.9.0.0/16")}


def test_rules_that_somebody_else_added_are_not_revoked() -> None:
    """A peered VPC may have been let in on purpose."""
    foreign = Ingress(first=443, last=443, source="192.168.0.0/16", description="the office")
    vpc = a_vpc(endpoints=(an_interface(),), security_groups=(a_group(a_rule(), foreign),))

    assert actions(vpc, SQS) == ()


def test_a_rule_that_somebody_else_made_for_our_cidr_counts() -> None:
    """EC2 refuses the same rule under another description."""
    vpc = a_vpc(endpoints=(an_interface(),), security_groups=(a_group(a_rule(description="by hand")),))

    assert actions(vpc, SQS) == ()


@pytest.mark.parametrize(
    ("name", "ports"), [("sqs", [443]), ("cassandra", [9142]), ("email-smtp", [25, 465, 587, 2465, 2587])]
)
def test_the_security_group_opens_the_ports_of_the_service(name: str, ports: list[int]) -> None:
    group = only(CreateSecurityGroup, steps(a_vpc(), a_wish(interface=[name])))

    assert sorted(r.first for r in group.ingress) == ports


def test_one_security_group_serves_all_interfaces() -> None:
    group = only(CreateSecurityGroup, steps(a_vpc(), a_wish(interface=["sqs", "cassandra"])))

    assert group.ingress == {a_rule(port=443), a_rule(port=9142)}


def test_the_ports_of_what_is_kept_though_unwanted_stay_open() -> None:
    group = a_group(a_rule(), a_rule(port=9142))
    vpc = a_vpc(endpoints=(an_interface("cassandra"), an_interface("sqs")), security_groups=(group,))

    assert kinds(actions(vpc, SQS)) == [MarkEndpoint]


@pytest.mark.parametrize("wish", [SQS, a_wish(interface=["sqs", "cassandra"])])
def test_the_ports_of_an_endpoint_that_aws_is_working_on_stay_open(wish: Wish) -> None:
    """An endpoint that gets another subnet is pending, and serves all the while."""
    pending = {"state": "pending", "subnets": frozenset({"subnet-a"}), "delete_after": LATER if wish is SQS else None}
    group = a_group(a_rule(), a_rule(port=9142))
    vpc = a_vpc(endpoints=(an_interface("cassandra", **pending), an_interface("sqs")), security_groups=(group,))

    assert actions(vpc, wish) == ()


def test_without_an_interface_of_ours_there_is_no_security_group() -> None:
    vpc = a_vpc(endpoints=(an_interface(is_ours=False),))

    assert actions(vpc, a_wish(gateway=["s3"], interface=["sqs"]))[1:] == ()
    assert not has(CreateSecurityGroup, steps(vpc, SQS))


def test_a_lost_security_group_is_made_anew_and_put_on_what_is_there() -> None:
    there = an_interface(security_groups=frozenset({"sg-default"}))
    made = actions(a_vpc(endpoints=(there,)), SQS)

    assert kinds(made) == [CreateSecurityGroup, UpdateEndpoint]
    assert only(UpdateEndpoint, made).add_our_security_group


def test_somebody_elses_group_on_our_endpoint_stays_beside_ours() -> None:
    there = an_interface(security_groups=frozenset({"sg-ours", "sg-theirs"}))

    assert actions(a_vpc(endpoints=(there,), security_groups=OURS), SQS) == ()


# ---- DNS ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("dns", "expected"),
    [
        (Dns(support=True, hostnames=True), []),
        (Dns(support=True, hostnames=False), [EnableDnsHostnames]),
        (Dns(support=False, hostnames=True), [EnableDnsSupport]),
        (Dns(support=False, hostnames=False), [EnableDnsSupport, EnableDnsHostnames]),
    ],
)
def test_dns_attributes_that_are_off_are_switched_on_support_first(dns: Dns, expected: list[type[Step]]) -> None:
    vpc = a_vpc(dns=dns, endpoints=(an_interface(),), security_groups=OURS)

    assert kinds(actions(vpc, SQS)) == expected


def test_gateways_alone_need_no_dns_attributes() -> None:
    assert kinds(steps(a_vpc(dns=None), S3)) == [CreateEndpoint]


def test_a_service_without_private_names_needs_no_dns_attributes() -> None:
    catalog = a_catalog(an_offer("sqs", private_dns_names=()))
    made = actions(a_vpc(dns=Dns(support=False, hostnames=False)), SQS, catalog)

    assert kinds(made) == [CreateSecurityGroup, CreateEndpoint]
    assert not only(CreateEndpoint, made).private_dns


def test_private_dns_stays_off_while_another_endpoint_has_the_names() -> None:
    """AWS refuses the same names twice in a VPC."""
    ours, foreign = an_interface(private_dns=False), an_interface(id="vpce-foreign", is_ours=False)

    assert actions(a_vpc(endpoints=(ours, foreign), security_groups=OURS), SQS) == ()


def test_private_dns_stays_off_while_one_of_ours_that_is_leaving_has_the_names() -> None:
    ours, leaving = an_interface(private_dns=False), an_interface(id="vpce-leaving", state="deleting")

    assert actions(a_vpc(endpoints=(leaving, ours), security_groups=OURS), SQS) == ()


# ---- subnets ------------------------------------------------------------------------------------------------------

FIVE = (
    a_subnet("a"),
    a_subnet("a", id="subnet-a2"),
    a_subnet("b"),
    a_subnet("b", id="subnet-b2"),
    a_subnet("c"),
)


def chosen(vpc: Vpc, wish: Wish = SQS, catalog: Catalog | None = None) -> set[str]:
    return set(only(CreateEndpoint, steps(vpc, wish, catalog)).subnets)


def test_each_zone_gets_one_subnet() -> None:
    assert chosen(a_vpc(subnets=FIVE)) == {"subnet-a", "subnet-b", "subnet-c"}


def test_a_zone_that_the_service_does_not_have_gets_none() -> None:
    """One unsupported zone makes AWS refuse the whole endpoint."""
    catalog = a_catalog(an_offer("sqs", zones=frozenset({A, C})))

    assert chosen(a_vpc(subnets=FIVE), catalog=catalog) == {"subnet-a", "subnet-c"}


def test_a_service_that_names_no_zones_is_tried_in_all() -> None:
    catalog = a_catalog(an_offer("sqs", zones=frozenset()))

    assert chosen(a_vpc(subnets=FIVE), catalog=catalog) == {"subnet-a", "subnet-b", "subnet-c"}


def test_where_no_zone_is_common_the_zones_of_the_service_are_told() -> None:
    catalog = a_catalog(an_offer("sqs", zones=frozenset({C})))
    shortfall = only(Shortfall, steps(a_vpc(), SQS, catalog))

    assert shortfall.why == f"the VPC has no subnet in {C}, the zones of the service yet"


def test_a_vpc_without_subnets_gets_its_gateways_and_waits_for_the_rest() -> None:
    """That is how a new VPC looks; its subnets will send events."""
    found = steps(a_vpc(subnets=()), a_wish(gateway=["s3"], interface=["sqs"]))

    assert kinds(found) == [CreateEndpoint, Shortfall]
    assert only(Shortfall, found).why == "the VPC has no subnet yet"


def test_a_new_zone_gets_an_interface_too() -> None:
    vpc = a_vpc(subnets=FIVE, endpoints=(an_interface(),), security_groups=OURS)
    update = only(UpdateEndpoint, steps(vpc, SQS))

    assert update.add_subnets == {"subnet-c"}
    assert not update.remove_subnets
    assert update.why == "no interface in the zone of subnet-c"


def test_a_subnet_that_serves_is_not_changed_for_a_better_one() -> None:
    """Every move costs connections."""
    public = a_table("public", subnets=frozenset({"subnet-b2"}), reaches_internet_gateway=True)
    there = an_interface(subnets=frozenset({"subnet-a2", "subnet-b2", "subnet-c"}))
    vpc = a_vpc(subnets=FIVE, route_tables=(a_table(), public), endpoints=(there,), security_groups=OURS)

    assert actions(vpc, SQS) == ()


def test_a_new_endpoint_goes_where_ours_are_already() -> None:
    there = an_interface("sns", subnets=frozenset({"subnet-a2", "subnet-b2", "subnet-c"}))
    vpc = a_vpc(subnets=FIVE, endpoints=(there,), security_groups=OURS)

    assert chosen(vpc, a_wish(interface=["sns", "sqs"])) == {"subnet-a2", "subnet-b2", "subnet-c"}


def test_a_private_subnet_is_preferred_to_a_public_one() -> None:
    public = a_table("public", subnets=frozenset({"subnet-a", "subnet-b"}), reaches_internet_gateway=True)

    assert chosen(a_vpc(subnets=FIVE, route_tables=(a_table(), public))) == {"subnet-a2", "subnet-b2", "subnet-c"}


def test_a_public_subnet_serves_where_there_is_no_private_one() -> None:
    public = a_table(reaches_internet_gateway=True)

    assert chosen(a_vpc(route_tables=(public,))) == {"subnet-a", "subnet-b"}


def test_a_full_subnet_gives_way_to_its_neighbour() -> None:
    full = (a_subnet("a", free_addresses=0), *FIVE[1:])

    assert chosen(a_vpc(subnets=full)) == {"subnet-a2", "subnet-b", "subnet-c"}


def test_a_zone_without_a_free_address_is_told_and_the_others_served() -> None:
    found = steps(a_vpc(subnets=(a_subnet("a", free_addresses=0), a_subnet("b"))), SQS)

    assert only(CreateEndpoint, found).subnets == {"subnet-b"}
    assert only(Shortfall, found).why == f"no subnet in {A} has a free IPv4 address (subnet-a)"


def test_without_any_free_address_nothing_is_made() -> None:
    full = (a_subnet("a", free_addresses=0), a_subnet("b", free_addresses=0))

    assert kinds(steps(a_vpc(subnets=full), SQS)) == [Shortfall, Shortfall]


def test_addresses_that_the_plan_itself_takes_are_counted() -> None:
    """Two endpoints and one address left: the second goes to the neighbour, the third nowhere."""
    subnets = (a_subnet("a", free_addresses=1), a_subnet("a", id="subnet-a2", free_addresses=1))
    found = steps(a_vpc(subnets=subnets), a_wish(interface=["sns", "sqs", "ssm"]))

    assert [s.subnets for s in found if isinstance(s, CreateEndpoint)] == [{"subnet-a"}, {"subnet-a2"}]
    assert only(Shortfall, found).service == "ssm"


@pytest.mark.parametrize(
    ("zones", "expected"),
    [
        (1, {"subnet-a"}),
        (2, {"subnet-a", "subnet-b"}),
        (9, {"subnet-a", "subnet-b", "subnet-c"}),
        (None, {"subnet-a", "subnet-b", "subnet-c"}),
    ],
)
def test_a_new_endpoint_has_as_many_zones_as_endpoint_zones_allows(zones: int | None, expected: set[str]) -> None:
    assert chosen(a_vpc(subnets=FIVE), a_wish(interface=["sqs"], zones=zones)) == expected


def test_fewer_zones_take_interfaces_away() -> None:
    vpc = a_vpc(subnets=FIVE, endpoints=(an_interface(),), security_groups=OURS)
    update = only(UpdateEndpoint, steps(vpc, a_wish(interface=["sqs"], zones=1)))

    assert update.remove_subnets == {"subnet-b"}
    assert not update.add_subnets
    assert update.why == "endpoint-zones wants fewer zones than subnet-b makes"


def test_the_zones_that_stay_are_the_same_for_all_endpoints() -> None:
    """Traffic between zones costs money, and one zone is easier to think of than two."""
    endpoints = (
        an_interface("sns", subnets=frozenset({"subnet-b"})),
        an_interface("sqs", subnets=frozenset({"subnet-a", "subnet-b"})),
    )
    vpc = a_vpc(endpoints=endpoints, security_groups=OURS)
    update = only(UpdateEndpoint, steps(vpc, a_wish(interface=["sns", "sqs"], zones=1)))

    assert update.service == "sqs"
    assert update.remove_subnets == {"subnet-a"}


def test_a_limited_endpoint_goes_to_the_zone_that_ours_use_most() -> None:
    vpc = a_vpc(endpoints=(an_interface("sns", subnets=frozenset({"subnet-b"})),), security_groups=OURS)

    assert chosen(vpc, a_wish(interface=["sns", "sqs"], zones=1)) == {"subnet-b"}


def test_a_limited_endpoint_goes_to_a_zone_that_has_an_address() -> None:
    vpc = a_vpc(subnets=(a_subnet("a", free_addresses=0), a_subnet("b")))

    assert chosen(vpc, a_wish(interface=["sqs"], zones=1)) == {"subnet-b"}


def test_a_zone_that_serves_is_not_exchanged_under_a_limit() -> None:
    vpc = a_vpc(endpoints=(an_interface(subnets=frozenset({"subnet-b"})),), security_groups=OURS)

    assert actions(vpc, a_wish(interface=["sqs"], zones=1)) == ()


# ---- gateways -----------------------------------------------------------------------------------------------------


def test_a_gateway_is_on_every_route_table_but_those_of_gateways() -> None:
    """An edge table takes no endpoint route."""
    tables = (a_table("edge", is_edge=True), a_table(), a_table("private"))

    assert only(CreateEndpoint, steps(a_vpc(route_tables=tables), S3)).route_tables == {"rtb-main", "rtb-private"}


def test_a_new_route_table_gets_the_gateway_too() -> None:
    vpc = a_vpc(route_tables=(a_table("edge", is_edge=True), a_table(), a_table("new")), endpoints=(a_gateway(),))
    update = only(UpdateEndpoint, steps(vpc, S3))

    assert update.add_route_tables == {"rtb-new"}
    assert update.why == "no s3 route in rtb-new"


def test_a_route_that_another_gateway_has_is_not_asked_for_again() -> None:
    """A table holds one route to a service."""
    foreign = a_gateway(id="vpce-foreign", is_ours=False, route_tables=frozenset({"rtb-new"}))
    vpc = a_vpc(route_tables=(a_table(), a_table("new")), endpoints=(a_gateway(), foreign))

    assert actions(vpc, S3) == ()


def test_tables_that_somebody_elses_gateway_leaves_out_are_told_not_mended() -> None:
    foreign = a_gateway(id="vpce-foreign", is_ours=False)
    found = steps(a_vpc(route_tables=(a_table(), a_table("one"), a_table("two")), endpoints=(foreign,)), S3)

    assert kinds(found) == [Shortfall, Leave]
    assert only(Shortfall, found).why == (
        "vpce-foreign, which somebody else made, does not cover rtb-one, rtb-two; add them to it"
    )


def test_of_two_gateways_of_ours_one_is_extended_and_none_deleted() -> None:
    tables = (a_table(), a_table("new"), a_table("old"))
    one, two = a_gateway(id="vpce-1"), a_gateway(id="vpce-2", route_tables=frozenset({"rtb-old"}))
    found = steps(a_vpc(route_tables=tables, endpoints=(one, two)), S3)

    assert kinds(found) == [UpdateEndpoint, Keep]
    assert only(UpdateEndpoint, found).endpoint == one
    assert only(UpdateEndpoint, found).add_route_tables == {"rtb-new"}
    assert only(Keep, found).endpoint == two


def test_a_second_gateway_of_ours_without_routes_is_marked() -> None:
    endpoints = (a_gateway(id="vpce-1"), a_gateway(id="vpce-2", route_tables=frozenset()))
    found = steps(a_vpc(endpoints=endpoints), S3)

    assert only(Keep, found).endpoint.id == "vpce-1"
    assert only(MarkEndpoint, found).endpoint.id == "vpce-2"


def test_of_two_interfaces_of_ours_the_one_with_the_names_serves_and_the_other_is_marked() -> None:
    endpoints = (an_interface(id="vpce-1", private_dns=False), an_interface(id="vpce-2"))
    found = steps(a_vpc(endpoints=endpoints, security_groups=OURS), SQS)

    assert only(Keep, found).endpoint.id == "vpce-2"
    assert only(MarkEndpoint, found).endpoint.id == "vpce-1"
    assert kinds(found) == [MarkEndpoint, Keep]


# ---- addresses ------------------------------------------------------------------------------------------------------


DUAL = (a_dual("a"), a_dual("b"))
SIX = a_catalog(
    an_offer("sqs", address_types=BOTH),
    an_offer("s3", address_types=BOTH),
    an_offer("s3", Kind.GATEWAY, address_types=BOTH),
)


def dual_vpc(*endpoints: Endpoint, **changes: object) -> Vpc:
    return a_vpc(**{"subnets": DUAL, "endpoints": endpoints, "security_groups": OURS} | changes)


@pytest.mark.parametrize(
    ("why", "subnets", "wish", "expected"),
    [
        ("all of it is", DUAL, SQS, "dualstack"),
        ("asked for twice", DUAL, a_wish(interface=["sqs"], addresses=Addresses.DUALSTACK), "dualstack"),
        ("the service has IPv4 only", DUAL, a_wish(interface=["sns"]), "ipv4"),
        ("one zone has IPv4 only", (a_dual("a"), a_subnet("b")), SQS, "ipv4"),
        ("no zone has IPv6", (a_subnet("a"), a_subnet("b")), SQS, "ipv4"),
        ("the tag wants none", DUAL, a_wish(interface=["sqs"], addresses=Addresses.IPV4), "ipv4"),
    ],
)
def test_an_endpoint_is_made_dual_stack_where_its_service_and_all_its_subnets_are(
    why: str, subnets: tuple[Subnet, ...], wish: Wish, expected: str
) -> None:
    made = only(CreateEndpoint, steps(dual_vpc(subnets=subnets), wish, SIX))

    assert made.address_type == expected, why


@pytest.mark.parametrize(
    ("why", "subnets", "tables", "there", "expected"),
    [
        ("equals", (a_subnet(id="subnet-1"), a_dual(id="subnet-2")), (a_table(),), (), "subnet-2"),
        ("one is used", (a_subnet(id="subnet-1"), a_dual(id="subnet-2")), (a_table(),), ("subnet-1",), "subnet-1"),
        (
            "one is public",
            (a_subnet(id="subnet-1"), a_dual(id="subnet-2")),
            (a_table(), a_table("x", subnets=frozenset({"subnet-2"}), reaches_internet_gateway=True)),
            (),
            "subnet-1",
        ),
    ],
)
def test_of_equal_subnets_of_a_zone_the_dual_stack_one_is_taken(
    why: str, subnets: tuple[Subnet, ...], tables: tuple[RouteTable, ...], there: tuple[str, ...], expected: str
) -> None:
    others = (an_interface("ssm", subnets=frozenset(there)),) if there else ()
    vpc = dual_vpc(*others, subnets=subnets, route_tables=tables)

    assert only(CreateEndpoint, steps(vpc, SQS, SIX)).subnets == {expected}, why


def test_an_endpoint_of_a_version_that_knew_ipv4_only_stays_as_it_is_and_says_how_to_change_that() -> None:
    """A new version of vpce changes no endpoint by itself."""
    found = steps(dual_vpc(an_interface(), a_gateway()), a_wish(gateway=["s3"], interface=["sqs"]), SIX)

    assert kinds(found) == [Keep, Keep]
    assert {k.why for k in found} == {
        "profile test asks for it; IPv4 only as it was made, unless endpoint-addresses = dualstack"
    }


def test_an_endpoint_made_to_follow_its_subnets_becomes_dual_stack_with_them() -> None:
    update = only(UpdateEndpoint, steps(dual_vpc(an_interface(follows_subnets=True)), SQS, SIX))

    assert update.address_type is Addresses.DUALSTACK
    assert update.why == "its service and its subnets are dual-stack"


@pytest.mark.parametrize(
    ("subnets", "addresses", "catalog"),
    [
        ((a_dual("a"), a_subnet("b")), None, SIX),
        ((a_dual("a"), a_subnet("b")), Addresses.DUALSTACK, SIX),
        (DUAL, Addresses.DUALSTACK, a_catalog()),
        (DUAL, Addresses.IPV4, SIX),
    ],
)
def test_an_endpoint_stays_as_it_is_while_something_stands_against_dual_stack(
    subnets: tuple[Subnet, ...], addresses: Addresses | None, catalog: Catalog
) -> None:
    vpc = dual_vpc(an_interface(follows_subnets=True), subnets=subnets)

    assert actions(vpc, a_wish(interface=["sqs"], addresses=addresses), catalog) == ()


@pytest.mark.parametrize("there", [an_interface("s3"), a_gateway("s3")])
@pytest.mark.parametrize(
    ("before", "asked", "expected"),
    [
        ("ipv4", Addresses.DUALSTACK, Addresses.DUALSTACK),
        ("ipv4", Addresses.IPV4, None),
        ("dualstack", Addresses.IPV4, Addresses.IPV4),
        ("dualstack", Addresses.DUALSTACK, None),
        ("dualstack", None, None),
        ("ipv6", Addresses.DUALSTACK, None),
        ("ipv6", Addresses.IPV4, None),
    ],
)
def test_the_tag_changes_what_is_there_to_and_fro_but_for_ipv6_only(
    there: Endpoint, before: str, asked: Addresses | None, expected: Addresses | None
) -> None:
    """EC2 switches no endpoint to IPv6 only, nor from it."""
    names = {there.kind: ["s3"]}
    wish = a_wish(gateway=names.get(Kind.GATEWAY, []), interface=names.get(Kind.INTERFACE, []), addresses=asked)
    found = actions(dual_vpc(replace(there, address_type=before)), wish, SIX)

    assert [a.address_type for a in found if isinstance(a, UpdateEndpoint)] == ([expected] if expected else [])


def test_a_dual_stack_endpoint_does_without_a_zone_that_has_ipv4_only_and_people_are_told() -> None:
    """Back to IPv4, clients that have IPv6 only would lose their way; from the zone, packets cross zones."""
    vpc = dual_vpc(an_interface(address_type="dualstack"), subnets=(*DUAL, a_subnet("c")))
    found = steps(vpc, SQS, SIX)

    assert kinds(found) == [Shortfall, Keep]
    assert only(Shortfall, found).why == (
        "no subnet in eu-west-1c has a free IPv4 address and IPv6, as dual-stack vpce-sqs needs; give one both, or tag "
        "the VPC endpoint-addresses = ipv4"
    )


def test_a_zone_that_has_ipv4_only_is_added_by_the_call_that_takes_ipv6_away() -> None:
    vpc = dual_vpc(an_interface(address_type="dualstack"), subnets=(*DUAL, a_subnet("c")))
    update = only(UpdateEndpoint, steps(vpc, a_wish(interface=["sqs"], addresses=Addresses.IPV4), SIX))

    assert update.add_subnets == {"subnet-c"}
    assert update.address_type is Addresses.IPV4
    assert update.why == "no interface in the zone of subnet-c; endpoint-addresses wants IPv4 only"


def test_a_dual_stack_endpoint_is_added_to_zones_that_are_and_takes_their_dual_stack_subnet() -> None:
    more = (a_subnet("c", id="subnet-c1"), a_dual("c", id="subnet-c2"))
    used = an_interface("ssm", subnets=frozenset({"subnet-c1"}))
    update = only(
        UpdateEndpoint, steps(dual_vpc(an_interface(address_type="dualstack"), used, subnets=(*DUAL, *more)), SQS, SIX)
    )

    assert update.add_subnets == {"subnet-c2"}
    assert update.address_type is None


def test_a_subnet_that_goes_stands_against_dual_stack_until_it_is_gone() -> None:
    """EC2 names no order for the changes of one call."""
    vpc = dual_vpc(an_interface(follows_subnets=True), subnets=(a_dual("a"), a_subnet("b")))
    wish = a_wish(interface=["sqs"], zones=1)
    first = a_plan(vpc, wish, SIX)
    second = a_plan(carried_out(first), wish, SIX)

    assert [a.address_type for p in (first, second) for a in p.actions if isinstance(a, UpdateEndpoint)] == [
        None,
        Addresses.DUALSTACK,
    ]


@pytest.mark.parametrize(
    ("there", "expected"),
    [
        (an_interface("s3", inbound_resolver_only=True), True),
        (an_interface("s3", inbound_resolver_only=False), False),
        (an_interface("s3", private_dns=False), True),
        (an_interface("sqs"), None),
    ],
)
def test_with_new_addresses_what_s3s_names_are_for_is_said_again(there: Endpoint, *, expected: bool | None) -> None:
    """What a call that speaks of DNS leaves out is taken for true."""
    wish = a_wish(gateway=["s3"], interface=[there.service.rpartition(".")[2]], addresses=Addresses.DUALSTACK)
    found = actions(dual_vpc(a_gateway(address_type="dualstack"), there), wish, SIX)

    assert only(UpdateEndpoint, found).inbound_resolver_only is expected


@pytest.mark.parametrize(
    ("records", "expected"),
    [("service-defined", "dualstack"), ("dualstack", "dualstack"), ("ipv4", "ipv4"), ("", "dualstack")],
)
def test_s3s_interface_goes_by_the_records_of_a_gateway_that_somebody_else_made(records: str, expected: str) -> None:
    """AWS has the two agree, or the gateway's be service-defined."""
    vpc = dual_vpc(a_gateway(is_ours=False, record_type=records))

    assert only(CreateEndpoint, steps(vpc, a_wish(interface=["s3"]), SIX)).address_type == expected


@pytest.mark.parametrize(
    ("why", "changes", "expected"),
    [
        ("all subnets are", {}, "dualstack"),
        ("one is not", {"subnets": (a_dual("a"), a_subnet("b"))}, "ipv4"),
        ("there is none, and the VPC has IPv6", {"subnets": (), "cidrs": (CIDR, IPV6)}, "dualstack"),
        ("there is none, and the VPC has none", {"subnets": ()}, "ipv4"),
    ],
)
def test_s3s_gateway_is_made_dual_stack_where_all_subnets_are_and_dynamodbs_never(
    why: str, changes: dict[str, object], expected: str
) -> None:
    made = actions(dual_vpc(**changes), a_wish(gateway=["dynamodb", "s3"]), SIX)

    assert {a.service: a.address_type for a in made if isinstance(a, CreateEndpoint)} == {
        "dynamodb": "ipv4",
        "s3": expected,
    }, why


def test_a_dual_stack_gateway_is_on_every_new_table_whatever_its_subnets_have() -> None:
    """Whether AWS takes it is not documented; without the route, the subnet would be without the service."""
    vpc = dual_vpc(
        a_gateway(address_type="dualstack"),
        subnets=(*DUAL, a_subnet("c")),
        route_tables=(a_table(), a_table("new", subnets=frozenset({"subnet-c"}))),
    )
    update = only(UpdateEndpoint, steps(vpc, S3, SIX))

    assert update.add_route_tables == {"rtb-new"}
    assert update.address_type is None


# ---- S3 as interface and as gateway -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("wish", "endpoints", "expected"),
    [
        (a_wish(gateway=["s3"], interface=["s3"]), (), True),
        (a_wish(interface=["s3"]), (a_gateway("s3"),), False),  # it is about to go
        (a_wish(interface=["s3"]), (a_gateway("s3", is_ours=False),), True),
        (a_wish(interface=["s3"]), (a_gateway("s3", state="deleting"),), False),
        (a_wish(interface=["s3"]), (a_gateway("dynamodb"),), False),
        (a_wish(interface=["s3"]), (), False),
        (a_wish(gateway=["s3"], interface=["sqs"]), (), None),
    ],
)
def test_an_interface_beside_its_gateway_is_for_networks_beyond_the_vpc(
    wish: Wish, endpoints: tuple[Endpoint, ...], *, expected: bool | None
) -> None:
    """The VPC itself keeps to the gateway, which is free; AWS wants it said in any case."""
    made = actions(a_vpc(endpoints=endpoints), wish)
    (interface,) = (s for s in made if isinstance(s, CreateEndpoint) and s.offer.kind is Kind.INTERFACE)

    assert interface.inbound_resolver_only is expected


def test_a_gateway_is_made_before_its_interface_twin() -> None:
    made = actions(a_vpc(), a_wish(gateway=["s3"], interface=["s3"]))

    assert [s.offer.kind for s in made if isinstance(s, CreateEndpoint)] == [Kind.GATEWAY, Kind.INTERFACE]


def test_an_interface_waits_for_its_gateway_twin_that_is_leaving() -> None:
    """AWS refuses names for inbound resolvers only where there is no gateway."""
    found = steps(a_vpc(endpoints=(a_gateway("s3", state="deleting"),)), a_wish(gateway=["s3"], interface=["s3"]))

    assert not has(CreateEndpoint, found)
    assert has(Wait, found)


def test_the_interface_does_not_wait_for_a_gateway_that_will_never_be() -> None:
    """Somebody must delete it first, and is told so."""
    vpc = a_vpc(endpoints=(a_gateway(state="failed", route_tables=frozenset()),), security_groups=OURS)
    found = steps(vpc, a_wish(gateway=["s3"], interface=["s3"]))

    assert kinds(found) == [Shortfall, Shortfall]
    assert not has(Wait, found)


# ---- endpoint policies ------------------------------------------------------------------------------------------

SPELT = json.dumps({"Version": "2008-10-17", "Statement": [{**json.loads(FULL_ACCESS)["Statement"][0]}]}, indent=2)


@pytest.mark.parametrize("policy", [OPEN, ORGANIZATION, FILE])
def test_what_is_made_gets_the_profiles_policy(policy: EndpointPolicy) -> None:
    made = [s for s in steps(a_vpc(), both(policy)) if isinstance(s, CreateEndpoint)]

    assert {m.service: m.policy for m in made} == {name: policy.of(name, PLACE) for name in ("s3", "sqs")}


def test_without_a_policy_what_is_made_gets_awss_and_what_is_there_keeps_its_own() -> None:
    """To reset it could let somebody in whom people keep out."""
    made = [s for s in steps(a_vpc(), both(None)) if isinstance(s, CreateEndpoint)]

    assert {m.policy for m in made} == {""}
    assert kinds(steps(there(policy=NARROW), both(None))) == [Keep, Keep]


@pytest.mark.parametrize("now", ["", FULL_ACCESS, SPELT, NARROW])
@pytest.mark.parametrize("policy", [OPEN, ORGANIZATION, FILE])
def test_a_policy_that_says_something_else_is_changed_and_one_that_says_the_same_is_kept(
    policy: EndpointPolicy, now: str
) -> None:
    is_same = policy is FILE if now == NARROW else policy is OPEN

    found = steps(there(policy=now), both(policy))

    assert kinds(found) == ([Keep, Keep] if is_same else [UpdateEndpoint, UpdateEndpoint])
    for step in found:
        if isinstance(step, UpdateEndpoint):
            assert step.policy == policy.of(step.service, PLACE)
            assert step.why == "its endpoint policy is not the profile's"


def test_all_changes_to_an_endpoint_are_one_with_its_policy() -> None:
    """Each makes it pending, and a pending endpoint takes no other."""
    vpc = there(private_dns=False, route_tables=frozenset(), policy=NARROW)

    gateway, interface = (s for s in steps(vpc, both(OPEN)) if isinstance(s, UpdateEndpoint))

    assert (gateway.add_route_tables, gateway.policy) == (frozenset({"rtb-main"}), FULL_ACCESS)
    assert (interface.enable_private_dns, interface.policy) == (True, FULL_ACCESS)
    assert interface.why == "private DNS is off; its endpoint policy is not the profile's"


def test_every_gateway_of_ours_that_has_routes_gets_the_policy() -> None:
    tables = (a_table(), a_table("other"))
    two = tuple(a_gateway(id=f"vpce-{t.id}", route_tables=frozenset({t.id}), policy=NARROW) for t in tables)

    found = steps(a_vpc(route_tables=tables, endpoints=two), a_wish(gateway=["s3"], policy=OPEN))

    assert {s.endpoint.id for s in found if isinstance(s, UpdateEndpoint)} == {"vpce-rtb-main", "vpce-rtb-other"}


def test_a_policy_waits_for_an_endpoint_that_is_pending() -> None:
    (wait,) = steps(
        a_vpc(endpoints=(an_interface(state="pending"),), security_groups=OURS),
        a_wish(interface=["sqs"], policy=ORGANIZATION),
    )

    assert isinstance(wait, Wait)
    assert "its endpoint policy" in wait.why


def test_what_others_made_keeps_its_policy() -> None:
    found = steps(there(is_ours=False, policy=NARROW), both(OPEN))

    assert set(kinds(found)) == {Leave}


@pytest.mark.parametrize("policy", [OPEN, ORGANIZATION, FILE])
def test_a_service_that_takes_no_policy_is_served_without_and_the_plan_says_so(policy: EndpointPolicy) -> None:
    catalog = a_catalog(an_offer("sqs", takes_policy=False))
    wish = a_wish(interface=["sqs"], policy=policy)

    made = only(CreateEndpoint, steps(a_vpc(security_groups=OURS), wish, catalog))
    kept = only(Keep, steps(a_vpc(endpoints=(an_interface(policy=FULL_ACCESS),), security_groups=OURS), wish, catalog))

    assert made.policy == ""
    assert made.why == kept.why
    assert ("takes no endpoint policy" in made.why) is (policy is not OPEN)


def test_a_plan_says_under_which_policy_an_endpoint_is_made_or_kept() -> None:
    whys = {s.why for s in steps(a_vpc(), both(ORGANIZATION)) if isinstance(s, CreateEndpoint)}

    assert whys == {"profile test asks for it; endpoint policy 'organization'"}


def test_keys_that_everybody_may_read_stay_open_and_the_plan_says_so() -> None:
    """Clients of EKS's OIDC endpoint do not sign."""
    catalog = a_catalog(an_offer("oidc-eks"))

    made = only(CreateEndpoint, steps(a_vpc(), a_wish(interface=["oidc-eks"], policy=ORGANIZATION), catalog))

    assert made.policy == FULL_ACCESS
    assert "its clients do not sign" in made.why


# ---- none ---------------------------------------------------------------------------------------------------------


def test_none_removes_interfaces_then_gateways_then_the_security_group() -> None:
    endpoints = (a_gateway("dynamodb"), an_interface("sns"), an_interface("sqs"))
    found = steps(a_vpc(endpoints=endpoints, security_groups=OURS), REMOVAL)

    assert kinds(found) == [DeleteEndpoint, DeleteEndpoint, DeleteEndpoint, Wait]
    assert [s.service for s in found if isinstance(s, DeleteEndpoint)] == ["sns", "sqs", "dynamodb"]
    assert only(Wait, found).subject == "sg-ours"


@pytest.mark.parametrize("state", ["available", "deleting"])
def test_a_gateway_waits_until_its_interface_twin_is_gone(state: str) -> None:
    endpoints = (an_interface("s3", state=state), a_gateway("s3"))
    found = steps(a_vpc(endpoints=endpoints, security_groups=OURS), REMOVAL)

    assert "vpce-s3-gateway" in [s.subject for s in found if isinstance(s, Wait)]
    assert "vpce-s3-gateway" not in [s.endpoint.id for s in found if isinstance(s, DeleteEndpoint)]


def test_a_gateway_that_somebody_elses_endpoint_needs_stays_and_is_told() -> None:
    """EC2 refuses its deletion however often it is asked."""
    theirs = an_interface("s3", is_ours=False, needs_gateway=True)
    found = steps(a_vpc(endpoints=(theirs, a_gateway("s3"))), REMOVAL)

    assert kinds(found) == [Shortfall, Leave]
    assert "remove that one first" in only(Shortfall, found).why


@pytest.mark.parametrize(("needs", "state"), [(False, "available"), (True, "deleting")])
def test_a_gateway_that_no_endpoint_of_others_needs_for_long_goes(*, needs: bool, state: str) -> None:
    theirs = an_interface("s3", is_ours=False, needs_gateway=needs, state=state)

    assert has(DeleteEndpoint, steps(a_vpc(endpoints=(theirs, a_gateway("s3"))), REMOVAL))


def test_the_security_group_goes_when_nothing_uses_it() -> None:
    assert kinds(steps(a_vpc(security_groups=OURS), REMOVAL)) == [DeleteSecurityGroup]


def test_an_endpoint_that_was_deleted_does_not_hold_the_security_group() -> None:
    """EC2 goes on listing it for a while."""
    vpc = a_vpc(endpoints=(an_interface(state="deleted"),), security_groups=OURS)

    assert has(DeleteSecurityGroup, steps(vpc, REMOVAL))


def test_a_security_group_that_somebody_elses_endpoint_uses_stays() -> None:
    foreign = an_interface(is_ours=False)
    found = steps(a_vpc(endpoints=(foreign,), security_groups=OURS), REMOVAL)

    assert kinds(found) == [Shortfall, Leave]
    assert "take it off there first" in only(Shortfall, found).why


def test_somebody_elses_security_group_stays() -> None:
    assert steps(a_vpc(security_groups=(a_group(is_ours=False),)), REMOVAL) == ()


def test_none_in_a_vpc_without_ours_does_nothing() -> None:
    assert steps(a_vpc(), REMOVAL) == ()


# ---- a grace period -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["sqs", "com.amazonaws.eu-west-1.sqs"])
def test_what_is_wanted_stays_though_the_region_lists_no_offer_for_it(name: str) -> None:
    """A list that AWS cut short is no reason to take anything away."""
    vpc = a_vpc(endpoints=(an_interface("sqs"),), security_groups=OURS)
    found = steps(vpc, a_wish(interface=[name]), Catalog(region=REGION, offers=()))

    assert kinds(found) == [Shortfall, Keep]


def test_without_a_grace_period_it_goes_at_once() -> None:
    found = actions(a_vpc(endpoints=(an_interface(),)), RETIREMENT, grace=timedelta(0))

    assert only(DeleteEndpoint, found).due == NOW


def test_what_somebody_uses_stays_as_long_again_and_people_read_how_much() -> None:
    used = an_interface(delete_after=NOW)
    found = actions(a_vpc(endpoints=(used,)), RETIREMENT, traffic={used.id: 12_345_678})

    assert only(MarkEndpoint, found).delete_after == NOW + GRACE
    assert "11.8 MB went through it lately" in only(MarkEndpoint, found).why


def test_none_asks_for_no_traffic() -> None:
    used = an_interface()

    assert has(DeleteEndpoint, actions(a_vpc(endpoints=(used,)), REMOVAL, traffic={used.id: 1}))


def test_what_nobody_could_count_stays_and_says_why() -> None:
    vpc = a_vpc(endpoints=(an_interface(delete_after=NOW), a_gateway(delete_after=NOW)))
    found = steps(vpc, RETIREMENT, uncounted="ListMetrics: AccessDenied: no")

    assert "could not be read: ListMetrics: AccessDenied: no" in only(Held, found).why
    assert only(DeleteEndpoint, found).endpoint.kind is Kind.GATEWAY  # nobody counts these


def test_the_gateway_goes_after_the_interface_beside_it_also_if_its_time_is_over_first() -> None:
    endpoints = (an_interface("s3", delete_after=LATER), a_gateway("s3", delete_after=NOW))
    found = steps(a_vpc(endpoints=endpoints), RETIREMENT)

    assert kinds(found) == [Leaving, Keep]
    assert only(Keep, found).why == "it goes after vpce-s3"


def test_a_gateway_that_a_wanted_interface_needs_stays_without_a_mark() -> None:
    endpoints = (an_interface("s3", needs_gateway=True), a_gateway("s3"))
    found = steps(a_vpc(endpoints=endpoints, security_groups=OURS), a_wish(interface=["s3"]))

    assert kinds(found) == [Keep, Keep]


def test_the_security_group_goes_with_the_last_interface() -> None:
    there = (an_interface("sqs", delete_after=NOW), an_interface("sns", delete_after=LATER))
    gone = tuple(replace(e, state="deleting") for e in there)
    first, then, last = (steps(a_vpc(endpoints=e, security_groups=OURS), S3) for e in (there, gone, ()))

    assert kinds(first) == [CreateEndpoint, DeleteEndpoint, Leaving]
    assert kinds(then) == [CreateEndpoint, Wait, Wait, Wait]
    assert kinds(last) == [CreateEndpoint, DeleteSecurityGroup]


@pytest.mark.parametrize(
    ("number", "words"), [(0, "0 bytes"), (1023, "1023 bytes"), (1536, "1.5 KB"), (1024**6, "1024.0 PB")]
)
def test_bytes_are_told_in_steps_of_1024_as_aws_bills_them(number: int, words: str) -> None:
    assert as_bytes(number) == words


# ---- what EC2 would refuse ----------------------------------------------------------------------------------------


def taken(*names: str, is_served: bool = False) -> dict[str, Taken]:
    """Private hosted zones of these services' names."""
    zones = {n: HostedZone(id=f"Z-{n}", name=f"{n}.eu-west-1.amazonaws.com") for n in names}
    return {service(n): Taken(zone=zone, is_served=is_served) for n, zone in zones.items()}


def quotas(interface: int = 50, gateway: int = 20, in_use: int = 0) -> Quotas:
    return Quotas(interface_endpoints_per_vpc=interface, gateway_endpoints_per_region=gateway, gateway_endpoints=in_use)


def made(found: Iterable[Step]) -> list[str]:
    return [s.service for s in found if isinstance(s, CreateEndpoint)]


def short(found: Iterable[Step]) -> list[tuple[str, bool]]:
    return [(s.service, s.is_required) for s in found if isinstance(s, Shortfall)]


def test_an_endpoint_whose_name_a_zone_has_is_not_made_and_the_zone_is_told_with_the_fix() -> None:
    found = steps(a_vpc(), a_wish(interface=["sns", "sqs"]), taken=taken("sqs"))

    assert made(found) == ["sns"]
    told = only(Shortfall, found)
    assert told.why == (
        "private hosted zone sqs.eu-west-1.amazonaws.com (Z-sqs) has the name in this VPC, and EC2 refuses private DNS "
        "for it; let the zone lead to an endpoint, take it off the VPC, or delete it if the VPC is its last"
    )
    assert told.fix == (
        "aws route53 disassociate-vpc-from-hosted-zone --hosted-zone-id Z-sqs "
        "--vpc VPCRegion=eu-west-1,VPCId=vpc-0123456789abcdef0"
    )
    assert told.because_of == "Z-sqs"


def test_what_an_endpoint_lacks_beside_names_that_a_zone_has_is_mended() -> None:
    there = an_interface("sqs", private_dns=False, subnets=frozenset({"subnet-a"}))
    found = steps(a_vpc(endpoints=(there,), security_groups=OURS), SQS, taken=taken("sqs"))

    update = only(UpdateEndpoint, found)
    assert (set(update.add_subnets), update.enable_private_dns) == ({"subnet-b"}, False)
    assert short(found) == [("sqs", True)]


def test_names_that_a_zone_leads_to_an_endpoint_are_left_to_the_zone() -> None:
    vpc = a_vpc(endpoints=(an_interface("sqs", private_dns=False),), security_groups=OURS)
    found = steps(vpc, SQS, taken=taken("sqs", is_served=True))

    assert kinds(found) == [Keep]
    assert only(Keep, found).why.endswith("(Z-sqs) leads its names to an endpoint")


def test_names_that_lead_to_an_endpoint_elsewhere_are_not_taken_by_one_that_is_there() -> None:
    vpc = a_vpc(endpoints=(an_interface("sqs", private_dns=False),), security_groups=OURS)
    found = steps(vpc, SQS, central={service("sqs"): "sqs leads to vpce-hub by Z1"})

    assert kinds(found) == [Keep]
    assert only(Keep, found).why.endswith("; sqs leads to vpce-hub by Z1")


def test_a_zone_that_leads_to_an_endpoint_elsewhere_is_no_shortfall() -> None:
    central = {service("sqs"): "sqs leads to vpce-hub by Z-sqs"}

    assert kinds(steps(a_vpc(), SQS, central=central, taken=taken("sqs", is_served=True))) == [Elsewhere]


def test_a_zone_in_the_way_of_what_is_optional_is_said_quietly() -> None:
    assert short(steps(a_vpc(), a_wish(optional=["sqs"]), taken=taken("sqs"))) == [("sqs", False)]


def test_names_that_an_endpoint_has_already_are_nobody_elses_business() -> None:
    vpc = a_vpc(endpoints=(an_interface("sqs"),), security_groups=OURS)

    assert kinds(steps(vpc, SQS, taken=taken("sqs"))) == [Keep]


@pytest.mark.parametrize(("room", "expected"), [(0, []), (1, ["sns"]), (2, ["sns", "sqs"]), (3, ["kms", "sns", "sqs"])])
def test_what_is_required_gets_the_last_room_and_then_the_first_by_name(room: int, expected: list[str]) -> None:
    wish = a_wish(interface=["sns", "sqs"], optional=["kms"])
    found = steps(a_vpc(), wish, a_catalog(an_offer("kms")), quotas=quotas(room))

    assert made(found) == expected
    assert short(found) == [(n, n != "kms") for n in ("kms", "sns", "sqs") if n not in expected]


def test_a_quota_that_is_used_up_is_told_with_the_fix_in_the_same_words_at_each_look() -> None:
    wish = a_wish(interface=["sns", "sqs"])
    first = a_plan(a_vpc(), wish, quotas=quotas(1))
    second = a_plan(carried_out(first), wish, quotas=quotas(1))

    assert only(Shortfall, first.steps).why == "the quota of 1 interface endpoints in a VPC is used up; ask for more"
    assert only(Shortfall, first.steps).fix == (
        "aws service-quotas request-service-quota-increase --region eu-west-1 --service-code vpc "
        "--quota-code L-29B6F2EB --desired-value 2"
    )
    assert second.actions == ()
    assert second.shortfalls == first.shortfalls


@pytest.mark.parametrize(
    ("why", "vpc"),
    [
        ("somebody else's", a_vpc(endpoints=(an_interface("ssm", is_ours=False),))),
        ("one that failed", a_vpc(endpoints=(an_interface("ssm", is_ours=False, state="failed"),))),
        ("a Gateway Load Balancer endpoint", a_vpc(balancer_endpoints=1)),
    ],
)
def test_every_endpoint_counts_towards_the_quota(why: str, vpc: Vpc) -> None:
    assert made(steps(vpc, SQS, quotas=quotas(1))) == [], why
    assert made(steps(vpc, SQS, quotas=quotas(2))) == ["sqs"], why


def test_endpoints_that_are_gone_and_gateways_take_no_room_of_interfaces() -> None:
    vpc = a_vpc(endpoints=(an_interface("ssm", state="deleted"), a_gateway("s3", is_ours=False)))

    assert made(steps(vpc, SQS, quotas=quotas(1))) == ["sqs"]


def test_what_aws_is_deleting_makes_room_and_is_waited_for() -> None:
    vpc = a_vpc(endpoints=(an_interface("ssm", is_ours=False, state="deleting"),))
    found = steps(vpc, a_wish(interface=["sns", "sqs"]), quotas=quotas(1))

    assert only(Wait, found).why == "AWS is deleting it; then there is room for sns"
    assert short(found) == [("sqs", True)]


def test_without_room_for_any_interface_there_is_no_security_group() -> None:
    assert kinds(steps(a_vpc(), SQS, quotas=quotas(0))) == [Shortfall]


def test_gateways_are_counted_by_region() -> None:
    found = steps(a_vpc(), a_wish(gateway=["dynamodb", "s3"]), quotas=quotas(gateway=20, in_use=19))

    assert made(found) == ["dynamodb"]
    assert only(Shortfall, found).why == "the quota of 20 gateway endpoints in the region is used up; ask for more"
    assert "--quota-code L-1B52E74A --desired-value 40" in only(Shortfall, found).fix


@pytest.mark.parametrize(
    "vpc",
    [
        a_vpc(),
        a_vpc(endpoints=(an_interface("s3", private_dns=False),), security_groups=OURS),
    ],
    ids=["not there", "there without its names"],
)
def test_names_that_need_a_gateway_for_which_there_is_no_room_are_not_asked_for(vpc: Vpc) -> None:
    found = steps(vpc, a_wish(gateway=["s3"], interface=["s3"]), quotas=quotas(gateway=0))

    assert not any(takes_names(a) for a in found if isinstance(a, CreateEndpoint | UpdateEndpoint))
    assert short(found) == [("s3", True), ("s3", True)]


def test_quotas_that_nobody_could_read_hold_up_nothing() -> None:
    assert made(steps(a_vpc(), SQS, quotas=None)) == ["sqs"]


def test_the_last_addresses_are_for_what_is_required() -> None:
    vpc = a_vpc(subnets=(a_subnet("a", free_addresses=1),))

    assert made(steps(vpc, a_wish(interface=["sqs"], optional=["sns"]))) == ["sqs"]


def test_a_zone_that_the_service_does_not_have_is_said_quietly() -> None:
    vpc, catalog = a_vpc(subnets=(a_subnet("a"), a_subnet("c"))), a_catalog(an_offer("sqs", zones=frozenset({A})))
    found = steps(vpc, SQS, catalog)

    assert only(Shortfall, found).why == f"AWS does not offer it in {C}; packets from there cross zones"
    assert short(found) == [("sqs", False)]
    assert steps(carried_out(a_plan(vpc, SQS, catalog)), SQS, catalog)[0] == only(Shortfall, found)
    assert short(steps(vpc, a_wish(interface=["sqs"], zones=1), catalog)) == []  # fewer zones are meant to be


@settings(max_examples=200)
@given(
    vpcs(),
    WISHES,
    st.sets(st.sampled_from(["sns", "sqs", "s3"])),
    st.builds(quotas, st.integers(0, 4), st.integers(0, 2), st.integers(0, 2)),
)
def test_from_every_start_nothing_is_asked_of_ec2_that_it_would_refuse(
    vpc: Vpc, wish: Wish, names: set[str], limits: Quotas
) -> None:
    in_use = limits.gateway_endpoints
    for _ in range(4):
        known = {"taken": taken(*names), "quotas": replace(limits, gateway_endpoints=in_use)}
        plan = a_plan(vpc, wish, CATALOG, **known)
        created = [a.offer.kind for a in plan.actions if isinstance(a, CreateEndpoint)]
        interfaces, gateways = created.count(Kind.INTERFACE), created.count(Kind.GATEWAY)
        in_use += gateways
        assert not names & {a.service for a in plan.actions if takes_names(a)}  # type: ignore[union-attr]
        assert not interfaces or vpc.interface_count + interfaces <= limits.interface_endpoints_per_vpc
        assert not gateways or in_use <= limits.gateway_endpoints_per_region
        vpc = carried_out(plan)

    assert a_plan(vpc, wish, CATALOG, **known).actions == ()


# ---- order --------------------------------------------------------------------------------------------------------


def test_quiet_steps_come_last() -> None:
    vpc = a_vpc(
        endpoints=(a_gateway("dynamodb"), an_interface("sns", state="deleting"), an_interface("ssm", is_ours=False)),
        security_groups=OURS,
    )
    wish = a_wish(gateway=["dynamodb", "s3"], interface=["sns", "sqs", "nothing"])

    assert kinds(steps(vpc, wish)) == [CreateEndpoint, CreateEndpoint, Wait, Shortfall, Keep, Leave]


@given(st.permutations([a_gateway("s3"), an_interface("sqs"), an_interface("ssm", is_ours=False)]))
def test_the_order_in_which_ec2_lists_things_changes_nothing(endpoints: list[Endpoint]) -> None:
    wish = a_wish(gateway=["s3", "dynamodb"], interface=["sns", "sqs"])
    one, other = (a_vpc(endpoints=tuple(e), security_groups=OURS) for e in (endpoints, sorted(endpoints, key=str)))

    assert steps(one, wish) == steps(other, wish)


# ---- from every start ---------------------------------------------------------------------------------------------


def to_rest(vpc: Vpc, wish: Wish, now: datetime = NOW) -> list[Plan]:
    """Plans, each carried out, until one has no actions; EC2 refuses none of them."""
    plans = [a_plan(vpc, wish, CATALOG, now=now)]
    while plans[-1].actions or plans[-1].waits:
        assert len(plans) < 4, f"it does not come to rest: {plans[-1].actions or plans[-1].waits}"
        plans.append(a_plan(carried_out(plans[-1]), wish, CATALOG, now=now))
    return plans


@settings(max_examples=400)
@given(vpcs(), WISHES | st.just(REMOVAL) | st.just(NOTHING) | st.just(RETIREMENT))
def test_from_every_start_it_comes_to_rest_within_three_rounds(vpc: Vpc, wish: Wish) -> None:
    """And EC2 refuses nothing on the way."""
    rest = to_rest(vpc, wish)[-1]

    assert rest.actions == ()
    assert a_plan(carried_out(rest), wish, CATALOG).actions == ()


@settings(max_examples=200)
@given(vpcs(), WISHES | st.just(REMOVAL) | st.just(NOTHING) | st.just(RETIREMENT))
def test_from_every_start_what_others_made_stays_as_it_was(vpc: Vpc, wish: Wish) -> None:
    foreign = [e for e in vpc.endpoints if not e.is_ours and not e.is_leaving]
    plans = to_rest(vpc, wish)

    for action in (a for p in plans for a in p.actions):
        assert not isinstance(action, UpdateEndpoint | DeleteEndpoint) or action.endpoint.is_ours
        assert not isinstance(action, UpdateSecurityGroup | DeleteSecurityGroup) or action.group.is_ours
    after = {e.id: replace(e, state="available") for e in plans[-1].vpc.endpoints}
    assert all(after[e.id] == replace(e, state="available") for e in foreign)


@settings(max_examples=200)
@given(vpcs(), WISHES | st.just(NOTHING) | st.just(RETIREMENT))
def test_from_every_start_only_none_and_time_delete(vpc: Vpc, wish: Wish) -> None:
    plans = to_rest(vpc, wish)

    gone = [a for p in plans for a in p.actions if isinstance(a, DeleteEndpoint)]
    assert all(a.endpoint.delete_after and a.endpoint.delete_after <= NOW for a in gone)


@settings(max_examples=200)
@given(vpcs(), WISHES | st.just(RETIREMENT))
def test_from_every_start_what_is_not_wanted_is_gone_when_its_time_is_over(vpc: Vpc, wish: Wish) -> None:
    """And what is wanted bears no mark."""
    rest = to_rest(to_rest(vpc, wish)[-1].vpc, wish, now=NOW + GRACE)[-1]

    told = {s.service for s in rest.shortfalls}
    wanted = [s.endpoint.id for s in rest.steps if isinstance(s, Keep)]
    broken = [e.id for e in rest.vpc.ours if e.is_broken]
    assert all(e.id in {*wanted, *broken} or e.service.rpartition(".")[2] in told for e in rest.vpc.ours)
    assert not [e for e in rest.vpc.ours if e.delete_after and e.id not in {*wanted, *broken} and not told]


@settings(max_examples=200)
@given(vpcs(), WISHES)
def test_from_every_start_what_is_wanted_again_stays(vpc: Vpc, wish: Wish) -> None:
    """A tag taken away and put back before the time is over changes no endpoint that was there."""
    there = to_rest(vpc, wish)[-1].vpc
    away = to_rest(there, RETIREMENT)[-1].vpc
    back = to_rest(away, wish, now=NOW + GRACE / 2)[-1].vpc

    assume(not any(e.delete_after for e in there.endpoints))
    assert back.endpoints == there.endpoints


@given(vpcs())
def test_from_every_start_none_leaves_nothing_of_ours_that_can_go(vpc: Vpc) -> None:
    rest = to_rest(vpc, REMOVAL)[-1]

    needed = {e.service for e in rest.vpc.endpoints if e.needs_gateway and not e.is_ours}
    assert all(e.kind is Kind.GATEWAY and e.service in needed for e in rest.vpc.ours)
    held = {g for e in rest.vpc.endpoints for g in e.security_groups}
    assert all(g.id in held for g in rest.vpc.security_groups if g.is_ours)


@settings(max_examples=200)
@given(vpcs(), WISHES)
def test_from_every_start_what_is_wanted_is_there_or_told(vpc: Vpc, wish: Wish) -> None:
    rest = to_rest(vpc, wish)[-1]
    told = {(s.service, s.kind) for s in rest.shortfalls}
    there = {(e.service, e.kind) for e in rest.vpc.endpoints}
    assert wish.profile is not None

    for kind, names in ((Kind.GATEWAY, wish.profile.gateway), (Kind.INTERFACE, wish.profile.interface)):
        assert all((service(n), kind) in there or (n, kind) in told for n in names)


@given(vpcs(), WISHES)
def test_the_same_vpc_has_the_same_plan(vpc: Vpc, wish: Wish) -> None:
    assert a_plan(vpc, wish, CATALOG) == a_plan(replace(vpc), wish, CATALOG)


@given(vpcs(), WISHES)
def test_no_endpoint_has_more_zones_than_endpoint_zones_allows(vpc: Vpc, wish: Wish) -> None:
    assume(wish.zones is not None)
    rest = to_rest(vpc, wish)[-1]
    wanted = [s.endpoint for s in rest.steps if isinstance(s, Keep)]

    assert all(len(e.subnets) <= (wish.zones or 0) for e in wanted if e.kind is Kind.INTERFACE)
