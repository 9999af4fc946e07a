"""Where AWS documents two ways, or none, vpce comes to the same rest both ways, and tells nobody of what passes."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from embedded import strict_ec2
from tests.aws.conftest import NOW, PLACE, REGION, World
from vpce.aws.parameters import shipped_profiles
from vpce.core.events import Look
from vpce.core.plan import Verdict
from vpce.core.profile import read_profiles
from vpce.reconcile import reconcile

if TYPE_CHECKING:
    from collections.abc import Callable

    from vpce.reconcile import Run

OWNER = "210987654321"
ROUND = 30.0  # seconds from one look to the next, as in World.settle
OWN = '[twins]\ngateway = ["s3", "dynamodb"]\ninterface = ["s3", "ssm"]\n[nameless]\ninterface = ["dynamodb", "ssm"]\n'


@pytest.fixture
def slow(world: World) -> Callable[..., Any]:
    """EC2 behaves otherwise, on a clock that goes on from look to look."""
    world.profiles = read_profiles(shipped_profiles(), OWN)
    return lambda **changes: strict_ec2.behave(clock=lambda: ROUND * world.generation, **changes)


def listed(world: World, vpc: str) -> Counter[tuple[str, str]]:
    """How many endpoints there are of each service and type."""
    found = world.ec2.describe_vpc_endpoints(Filters=[{"Name": "vpc-id", "Values": [vpc]}])["VpcEndpoints"]
    return Counter((e["ServiceName"].split(f"{REGION}.")[1], e["VpcEndpointType"]) for e in found)


def wanted(world: World, profile: str) -> Counter[tuple[str, str]]:
    asked, offered = world.profiles.of(profile), world.around.catalog
    every = [*((n, "Gateway") for n in asked.gateway), *((n, "Interface") for n in asked.interface)]
    return Counter((n, k) for n, k in every if any(o.service.endswith(f".{n}") and o.kind == k for o in offered.offers))


def at_rest(world: World, vpc: str, looks: list[Run]) -> None:
    """No failure was told, what is wanted is there once, and another look changes nothing."""
    world.generation += 20  # whatever lags is seen by now
    last = world.run(vpc)
    assert [one.trouble for look in (*looks, last) for one in look.runs] == [()] * (len(looks) + 1)
    assert not any(one.has_changed for one in last.runs)
    assert not last.again
    assert len(world.our_groups(vpc)) <= 1


PROFILES = ("gateway", "ec2-ssm", "twins")


@pytest.mark.parametrize("lag", [0.0, 5.0, 45.0, 100.0])
@pytest.mark.parametrize("profile", PROFILES)
def test_what_is_not_seen_at_once_is_made_once(
    world: World, slow: Callable[..., Any], profile: str, lag: float
) -> None:
    vpc = world.vpc(profile)
    with slow(lag=lag):
        looks = world.settle(vpc)
        at_rest(world, vpc, looks)
        assert listed(world, vpc) == wanted(world, profile)


@pytest.mark.parametrize("profile", [*PROFILES, "nameless"])
def test_a_look_that_does_not_see_yet_what_the_last_one_made_makes_nothing_twice(
    world: World, slow: Callable[..., Any], profile: str
) -> None:
    """Two events, half a minute apart, while EC2 takes a minute to show what is new."""
    vpc = world.vpc(profile)
    with slow(lag=60.0):
        looks = [*world.settle(vpc), *world.settle(vpc)]
        at_rest(world, vpc, looks)
        assert listed(world, vpc) == wanted(world, profile)


def test_another_wish_before_what_was_made_is_seen_makes_nothing_twice(world: World, slow: Callable[..., Any]) -> None:
    """DynamoDB's interface endpoint has no private name that a second one would be refused for."""
    vpc = world.vpc("nameless")
    with slow():
        at_rest(world, vpc, world.settle(vpc))  # its security group is seen by now
    world.ec2.delete_vpc_endpoints(VpcEndpointIds=[world.endpoints(vpc)["dynamodb", "Interface"]["VpcEndpointId"]])
    with slow(lag=60.0):
        world.run(vpc)
        world.tag(vpc, endpoint_zones="1")
        world.run(vpc)
        world.generation += 20
        at_rest(world, vpc, world.settle(vpc))
        assert listed(world, vpc) == wanted(world, "nameless")
        assert len(world.endpoints(vpc)["dynamodb", "Interface"]["SubnetIds"]) == 1


def test_a_wish_for_more_before_a_gateway_is_seen_is_gone_on_with(world: World, slow: Callable[..., Any]) -> None:
    vpc = world.vpc("gateway")
    with slow(lag=60.0):
        world.run(vpc)
        world.ec2.create_route_table(VpcId=vpc)
        looks = world.settle(vpc)
        assert {frozenset(e["RouteTableIds"]) for e in world.endpoints(vpc).values()} == {frozenset(world.tables(vpc))}
        at_rest(world, vpc, looks)


def test_who_is_denied_a_call_again_that_was_made_and_is_not_seen_makes_nothing_twice(
    world: World, slow: Callable[..., Any], aws_fails: Callable[..., None]
) -> None:
    vpc = world.vpc("nameless")
    with slow():
        at_rest(world, vpc, world.settle(vpc))
    world.ec2.delete_vpc_endpoints(VpcEndpointIds=[world.endpoints(vpc)["dynamodb", "Interface"]["VpcEndpointId"]])
    with slow(lag=100.0):
        world.run(vpc)
        aws_fails("CreateVpcEndpoint", "UnauthorizedOperation")
        denied = world.run(vpc)
        assert denied.runs[0].outcomes_that(Verdict.FAILED)
        at_rest(world, vpc, world.settle(vpc))
        assert listed(world, vpc) == wanted(world, "nameless")


@pytest.mark.parametrize("status", [500, 503])
def test_what_was_made_under_an_answer_of_failure_is_not_made_twice(
    world: World, slow: Callable[..., Any], status: int
) -> None:
    vpc = world.vpc("nameless")
    failing = ["dynamodb"]

    def fail(http_response: Any, parsed: dict[str, Any], **_: Any) -> None:
        """EC2 made it, and says that it could not."""
        if failing and failing[0] in parsed.get("VpcEndpoint", {}).get("ServiceName", ""):
            failing.clear()
            http_response.status_code = status
            parsed.clear()
            parsed |= {"Error": {"Code": "Unavailable"}, "ResponseMetadata": {"HTTPStatusCode": status}}

    world.ec2.meta.events.register("after-call.ec2.CreateVpcEndpoint", fail)
    with slow(lag=60.0):
        looks = world.settle(vpc)
        assert not failing
        at_rest(world, vpc, looks)
        assert listed(world, vpc) == wanted(world, "nameless")


@pytest.mark.parametrize("lag", [5.0, 45.0])
def test_a_new_endpoint_that_is_pending_and_not_seen_yet_is_waited_for(
    world: World, slow: Callable[..., Any], lag: float
) -> None:
    vpc = world.vpc("twins")
    with slow(lag=lag, pending=60.0):
        looks = world.settle(vpc)
        at_rest(world, vpc, looks)
        assert listed(world, vpc) == wanted(world, "twins")


@pytest.mark.parametrize("lag", [0.0, 5.0, 45.0])
def test_what_was_just_made_goes_away_with_the_tag_none(world: World, slow: Callable[..., Any], lag: float) -> None:
    vpc = world.vpc("twins")
    with slow(lag=lag, deleting=30.0):
        world.settle(vpc)
        world.generation += 2  # by the time that somebody thinks otherwise, it is seen
        world.tag(vpc, endpoint_profile="none")
        looks = world.settle(vpc)
        at_rest(world, vpc, looks)
        assert listed(world, vpc) == Counter()
        assert world.our_groups(vpc) == []


@pytest.mark.parametrize("attribute_lag", [0.0, 5.0, 45.0])
def test_dns_attributes_that_are_not_believed_at_once_are_waited_for(
    world: World, slow: Callable[..., Any], attribute_lag: float
) -> None:
    vpc = world.vpc("ec2-ssm")
    with slow(attribute_lag=attribute_lag):
        looks = world.settle(vpc)
        at_rest(world, vpc, looks)
        assert listed(world, vpc) == wanted(world, "ec2-ssm")
        assert len(looks) > 1 or not attribute_lag


@pytest.mark.parametrize("route_exists", ["RouteAlreadyExists", "InvalidParameter"])
def test_a_route_that_is_there_already_is_another_look_under_either_code(
    world: World, slow: Callable[..., Any], route_exists: str
) -> None:
    vpc = world.vpc("gateway")
    with slow(lag=60.0, route_exists=route_exists):
        world.run(vpc)
        world.unseen.clear()  # another process, whose tokens are others
        unseen = world.run(vpc)
        assert {o.verdict for one in unseen.runs for o in one.outcomes} == {Verdict.RETRY}
        looks = world.settle(vpc)
        at_rest(world, vpc, [unseen, *looks])
        assert listed(world, vpc) == wanted(world, "gateway")


@pytest.mark.parametrize("spelling", ["ID", "Id"])
def test_a_missing_thing_is_another_look_under_either_spelling(
    world: World, slow: Callable[..., Any], spelling: str
) -> None:
    """The new security group is not found by the call that opens it, nor by the calls that want it."""
    vpc = world.vpc("ec2-ssm")
    with slow(lag=45.0, spelling=spelling):
        first = world.run(vpc)
        assert {o.verdict for one in first.runs for o in one.outcomes} > {Verdict.RETRY}
        looks = world.settle(vpc)
        at_rest(world, vpc, [first, *looks])
        assert listed(world, vpc) == wanted(world, "ec2-ssm")


@pytest.mark.parametrize("spelling", ["ID", "Id"])
def test_a_vpc_that_goes_while_we_look_is_no_failure_under_either_spelling(
    world: World, slow: Callable[..., Any], spelling: str
) -> None:
    vpc = world.vpc("ec2-ssm", zones="")
    gone: list[str] = []

    def take_it_away(**_: Any) -> None:
        if not gone:
            gone.append(vpc)
            world.ec2.delete_vpc(VpcId=vpc)

    world.ec2.meta.events.register_first("before-call.ec2.DescribeVpcAttribute", take_it_away)
    with slow(spelling=spelling):
        run = world.run(vpc)
    assert gone == [vpc]
    assert run.runs == ()


@pytest.mark.parametrize("spelling", ["ID", "Id"])
def test_an_endpoint_that_is_gone_already_counts_as_deleted_under_either_spelling(
    world: World, slow: Callable[..., Any], spelling: str
) -> None:
    vpc = world.vpc("gateway")
    world.settle(vpc)
    world.tag(vpc, endpoint_profile="none")
    going = [e["VpcEndpointId"] for e in world.endpoints(vpc).values()]
    gone: list[str] = []

    def be_quicker(**_: Any) -> None:
        if not gone:
            gone.extend(going)
            world.ec2.delete_vpc_endpoints(VpcEndpointIds=going)

    world.ec2.meta.events.register_first("before-call.ec2.DeleteVpcEndpoints", be_quicker)
    with slow(spelling=spelling):
        looks = world.settle(vpc)
        assert gone == going
        at_rest(world, vpc, looks)


@pytest.mark.parametrize("mixed_tables", [True, False])
def test_a_dual_stack_gateway_that_may_not_serve_a_subnet_without_ipv6_is_told_and_a_tag_is_the_way_out(
    world: World,
    slow: Callable[..., Any],
    mixed_tables: bool,  # noqa: FBT001
) -> None:
    vpc = world.vpc("gateway", six="ab")
    with slow(mixed_tables=mixed_tables):
        at_rest(world, vpc, world.settle(vpc))
        asked: Any = {"VpcId": vpc, "CidrBlock": "10.0.9.0/24", "AvailabilityZone": f"{REGION}c"}
        subnet = world.ec2.create_subnet(**asked)["Subnet"]["SubnetId"]
        table = world.ec2.create_route_table(VpcId=vpc)["RouteTable"]["RouteTableId"]
        world.ec2.associate_route_table(RouteTableId=table, SubnetId=subnet)
        looks = world.settle(vpc)
        covered = [table in e["RouteTableIds"] for _, e in sorted(world.endpoints(vpc).items())]
        assert covered == [True, mixed_tables]  # DynamoDB's, S3's
        if not mixed_tables:
            [failure] = [t for look in looks for one in look.runs for t in one.trouble]
            assert failure.startswith("s3 vpce-")
            world.tag(vpc, endpoint_addresses="ipv4")
            looks = world.settle(vpc)
        at_rest(world, vpc, looks)
        assert all(table in e["RouteTableIds"] for e in world.endpoints(vpc).values())


@pytest.mark.parametrize("deleted_token", ["old", "new"])
def test_an_endpoint_that_somebody_deleted_is_made_anew_whatever_its_token_answers(
    world: World, slow: Callable[..., Any], deleted_token: str
) -> None:
    vpc = world.vpc("ec2-ssm")
    with slow(deleted_token=deleted_token):
        world.settle(vpc)
        world.ec2.delete_vpc_endpoints(VpcEndpointIds=[world.endpoints(vpc)["ssm", "Interface"]["VpcEndpointId"]])
        looks = world.settle(vpc)
        at_rest(world, vpc, looks)
        assert listed(world, vpc) == wanted(world, "ec2-ssm")


@pytest.mark.parametrize("deleted_token", ["old", "new"])
def test_a_message_that_comes_again_after_a_deletion_does_no_harm_whatever_its_token_answers(
    world: World, slow: Callable[..., Any], deleted_token: str
) -> None:
    """The same message, so the same tokens: what its first delivery made has been deleted since."""
    vpc = world.vpc("gateway")
    look = Look(place=PLACE, vpcs=frozenset({vpc}), why="test", time=NOW.isoformat())
    with slow(deleted_token=deleted_token):
        reconcile(world.around, [look], generation="message", now=NOW)
        world.ec2.delete_vpc_endpoints(VpcEndpointIds=[e["VpcEndpointId"] for e in world.endpoints(vpc).values()])
        again = reconcile(world.around, [look], generation="message", now=NOW + timedelta(minutes=1))
        looks = world.settle(vpc)  # the deletion's own event is a message of its own
        at_rest(world, vpc, [again, *looks])
        assert listed(world, vpc) == wanted(world, "gateway")


@pytest.mark.parametrize("profile", ["gateway", "twins", "none"])
def test_a_shared_vpc_is_left_to_its_owner(
    world: World, slow: Callable[..., Any], calls: list[str], profile: str
) -> None:
    vpc = world.vpc("twins")
    world.settle(vpc)
    before = listed(world, vpc)
    world.tag(vpc, endpoint_profile=profile)
    with slow(shared={vpc: OWNER}):
        calls.clear()
        for new in (True, False):
            run = world.run(vpc, new=new)
            assert not [one for one in run.runs if one.has_changed or one.trouble]
            assert not run.again
        assert {c for c in calls if not c.startswith("Describe")} == set()
    assert listed(world, vpc) == before
