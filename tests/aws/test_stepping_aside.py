"""Somebody deletes a VPC, a subnet or a security group against a strict EC2, and only ours, or more, is in the way."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from botocore.exceptions import ClientError

from embedded import strict_ec2
from tests.aws.conftest import NOW, PLACE, REGION, World
from vpce.core.aside import RELEASED_FOR
from vpce.core.events import Look
from vpce.core.model import RELEASED_TAG
from vpce.core.notice import notice
from vpce.core.plan import Release, Stay, Wait
from vpce.reconcile import NEW_FOR, Run, reconcile

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from datetime import datetime

    from vpce.core.plan import Step

CHANGES = {"CreateTags", "CreateVpcEndpoint", "ModifyVpcEndpoint", "DeleteVpcEndpoints", "DeleteSecurityGroup"}


def deletes(world: World, thing: str) -> bool:
    """Whether EC2 lets somebody delete it."""
    kind = {"vpc": "vpc", "subnet": "subnet", "sg": "security_group"}[thing.split("-", maxsplit=1)[0]]
    argument = {"vpc": "VpcId", "subnet": "SubnetId", "security_group": "GroupId"}[kind]
    try:
        getattr(world.ec2, f"delete_{kind}")(**{argument: thing})
    except ClientError as error:
        if error.response["Error"]["Code"] != "DependencyViolation":
            raise
        return False
    return True


def tried(*things: str, at: datetime = NOW) -> list[Look]:
    """The looks after deletions that failed."""
    return [
        Look(
            place=PLACE,
            vpcs=frozenset({thing} if thing.startswith("vpc-") else ()),
            blocked=frozenset({thing}),
            why="test",
            time=at.isoformat(),
        )
        for thing in things
    ]


def looks(world: World, these: Iterable[Look], now: datetime = NOW) -> list[Run]:
    """Rounds, half a minute apart, until the reconciler asks for no other look."""
    rounds: list[Run] = []
    left = list(these)
    while left or not rounds:
        assert len(rounds) < 30, f"it does not come to rest: {rounds[-1]}"
        world.generation += 1
        at = now + len(rounds) * timedelta(seconds=30)
        rounds.append(reconcile(world.around, left, generation=str(world.generation), now=at))
        left = list(rounds[-1].again)
    return rounds


def a_look(world: World, vpc: str, now: datetime = NOW) -> list[Run]:
    return looks(world, [Look(place=PLACE, vpcs=frozenset({vpc}), why="test", time=now.isoformat())], now)


def steps_of(run: Run) -> list[Step]:
    return [s for r in run.runs if r.plan for s in r.plan.steps]


def subnets(world: World, vpc: str) -> list[str]:
    found = world.ec2.describe_subnets(Filters=[{"Name": "vpc-id", "Values": [vpc]}])["Subnets"]
    return [s["SubnetId"] for s in sorted(found, key=lambda s: s["CidrBlock"])]


def tags(world: World, thing: str) -> dict[str, str]:
    found = world.ec2.describe_tags(Filters=[{"Name": "resource-id", "Values": [thing]}])["Tags"]
    return {t["Key"]: t["Value"] for t in found}


def somebody_lives_in(world: World, subnet: str) -> str:
    made: str = world.ec2.create_network_interface(SubnetId=subnet, Description="ELB app/shop")["NetworkInterface"][
        "NetworkInterfaceId"
    ]
    return made


def theirs(world: World, vpc: str, name: str = "theirs") -> str:
    made: str = world.ec2.create_security_group(VpcId=vpc, GroupName=name, Description=name)["GroupId"]
    return made


@pytest.fixture
def vpc(world: World) -> str:
    """At rest, with two gateways and interfaces in two zones."""
    made = world.vpc("ec2-ssm")
    world.settle(made)
    return made


# ---- a VPC --------------------------------------------------------------------------------------------------------


def test_a_vpc_in_which_nothing_else_lives_is_left_and_the_next_try_succeeds(world: World, vpc: str) -> None:
    assert not deletes(world, vpc)

    looks(world, tried(vpc))

    assert world.services(vpc) == set()
    assert world.our_groups(vpc) == []
    assert [deletes(world, s) for s in subnets(world, vpc)] == [True, True]
    assert deletes(world, vpc)


def test_people_are_told_once_that_we_stepped_aside_and_how_ours_comes_back(world: World, vpc: str) -> None:
    runs = looks(world, tried(vpc))

    told = [m.text for r in runs if (m := notice(PLACE, r.runs, ["test"]))]
    [text] = [t for t in told if "stepped aside in" in t]
    assert f"~ stepped aside in {vpc} until 2026-11-24 12:00 UTC: somebody is deleting {vpc}" in text
    assert f"sooner if you delete the tag {RELEASED_TAG}" in text
    assert "- deleted ssm (interface)" in text


def test_what_terraform_does_passes_subnets_first_then_the_vpc(world: World, vpc: str) -> None:
    for subnet in subnets(world, vpc):
        assert not deletes(world, subnet)
        looks(world, tried(subnet))
        assert deletes(world, subnet)
    assert not deletes(world, vpc)

    looks(world, tried(vpc))

    assert deletes(world, vpc)


def test_until_the_release_ends_no_look_brings_ours_back(world: World, vpc: str) -> None:
    looks(world, tried(vpc))

    a_look(world, vpc, NOW + RELEASED_FOR - timedelta(minutes=1))
    assert world.services(vpc) == set()
    looks(world, [Look(place=PLACE, vpcs=frozenset(), why="somewhere")], NOW + RELEASED_FOR - timedelta(minutes=1))
    assert world.services(vpc) == set()

    a_look(world, vpc, NOW + RELEASED_FOR)
    assert world.services(vpc) >= {"ssm", "s3"}


def test_without_the_tag_ours_comes_back_at_once(world: World, vpc: str) -> None:
    looks(world, tried(vpc))
    world.untag(vpc, RELEASED_TAG)

    a_look(world, vpc)

    assert world.services(vpc) >= {"ssm", "s3"}


def test_a_try_after_the_release_has_ended_releases_anew(world: World, vpc: str) -> None:
    looks(world, tried(vpc))
    later = NOW + timedelta(days=3)
    a_look(world, vpc, later)

    looks(world, tried(vpc, at=later), later)

    assert world.services(vpc) == set()
    assert tags(world, vpc)[RELEASED_TAG] == (later + RELEASED_FOR).strftime("%Y-%m-%dT%H:%M:%SZ")


def test_many_tries_while_we_are_leaving_change_nothing_more(world: World, vpc: str, calls: list[str]) -> None:
    with strict_ec2.behave(deleting=3600):
        run = reconcile(world.around, tried(vpc), generation="a", now=NOW)
        assert run.again
        calls.clear()

        run = reconcile(world.around, [*run.again, *tried(vpc, *subnets(world, vpc))], generation="b", now=NOW)

    assert not CHANGES & set(calls)
    assert [s for s in steps_of(run) if isinstance(s, Wait)]


def test_ours_that_is_on_its_way_out_already_needs_no_release(world: World) -> None:
    """The tag of the release would outlive a change of mind."""
    with strict_ec2.behave(deleting=60, clock=world.clock):
        vpc = world.vpc("ec2-ssm", tags={"endpoint-deletions": "allowed"})
        world.settle(vpc)
        world.tag(vpc, endpoint_profile="none")
        run = world.run(vpc)
        assert not deletes(world, subnets(world, vpc)[0])

        run = reconcile(world.around, [*run.again, *tried(vpc, *subnets(world, vpc))], generation="a", now=NOW)

        assert not [s for s in steps_of(run) if isinstance(s, Release)]
        world.clock.sleep(60)
        looks(world, run.again)
    assert world.services(vpc) == set()


def test_ours_that_a_tag_would_take_away_but_for_the_guard_steps_aside(world: World, vpc: str) -> None:
    """Nobody misses anything where nothing else lives."""
    world.tag(vpc, endpoint_profile="none")
    a_look(world, vpc)
    assert world.services(vpc) >= {"ssm", "s3"}

    looks(world, tried(vpc))

    assert world.services(vpc) == set()


def test_a_mode_that_takes_nothing_away_keeps_ours_and_people_are_told(
    world: World, vpc: str, calls: list[str]
) -> None:
    world.tag(vpc, endpoint_mode="create-only")
    calls.clear()

    [run] = looks(world, tried(vpc))

    assert not CHANGES & set(calls)
    message = notice(PLACE, run.runs, ["test"])
    assert message is not None
    assert f"~ release {vpc} until" in message.text


def test_a_closed_window_makes_nobody_wait_where_nothing_else_lives(world: World, vpc: str) -> None:
    """It is for traffic."""
    world.tag(vpc, endpoint_window="sat:02:00-sat:04:00")

    looks(world, tried(subnets(world, vpc)[0]))
    assert deletes(world, subnets(world, vpc)[0])
    looks(world, tried(vpc))

    assert world.services(vpc) == set()


@pytest.mark.parametrize("profile", ["ecs-fargte", None])
def test_whatever_the_profile_tag_says_ours_is_not_in_the_way(world: World, vpc: str, profile: str | None) -> None:
    """Misspelt, or gone."""
    world.tag(vpc, endpoint_profile=profile) if profile else world.untag(vpc, "endpoint-profile")

    looks(world, tried(vpc))

    assert world.services(vpc) == set()


def test_a_vpc_without_anything_of_ours_is_none_of_our_business(world: World, calls: list[str]) -> None:
    vpc = world.vpc(None)
    calls.clear()

    [run] = looks(world, tried(vpc, *subnets(world, vpc), theirs(world, vpc)))

    assert not CHANGES & set(calls)
    assert "DescribeNetworkInterfaces" not in calls
    assert not steps_of(run)


# ---- others live there --------------------------------------------------------------------------------------------


def an_interface(world: World, vpc: str) -> str:
    return somebody_lives_in(world, subnets(world, vpc)[0])


def a_stopped_instance(world: World, vpc: str) -> str:
    subnet = subnets(world, vpc)[0]
    made = world.ec2.run_instances(ImageId="ami-12345678", MinCount=1, MaxCount=1, SubnetId=subnet)["Instances"][0]
    world.ec2.stop_instances(InstanceIds=[made["InstanceId"]])
    interface: str = made["NetworkInterfaces"][0]["NetworkInterfaceId"]
    return interface


def a_nat_gateway(world: World, vpc: str) -> str:
    made = world.ec2.create_nat_gateway(SubnetId=subnets(world, vpc)[0], ConnectivityType="private")["NatGateway"]
    interface: str = made["NatGatewayAddresses"][0]["NetworkInterfaceId"]
    return interface


def an_endpoint_of_others(world: World, vpc: str) -> str:
    made: str = world.ec2.create_vpc_endpoint(
        VpcId=vpc,
        ServiceName=f"com.amazonaws.{REGION}.kms",
        VpcEndpointType="Interface",
        SubnetIds=subnets(world, vpc)[:1],
        PrivateDnsEnabled=False,
    )["VpcEndpoint"]["NetworkInterfaceIds"][0]
    return made


LIFE = [an_interface, a_stopped_instance, a_nat_gateway, an_endpoint_of_others]


@pytest.mark.parametrize("life", LIFE, ids=lambda f: f.__name__)
@pytest.mark.parametrize("kind", ["vpc", "subnet"])
def test_where_others_live_nothing_is_changed(
    world: World, vpc: str, calls: list[str], life: Callable[[World, str], str], kind: str
) -> None:
    who = life(world, vpc)
    thing = vpc if kind == "vpc" else subnets(world, vpc)[0]
    assert not deletes(world, thing)
    calls.clear()

    [run] = looks(world, tried(thing))

    assert not CHANGES & set(calls)
    [stay] = [s for s in steps_of(run) if isinstance(s, Stay)]
    assert who in stay.why
    assert notice(PLACE, run.runs, ["test"]) is None, "nobody can do anything about it here"


def test_interfaces_that_a_service_hides_are_life_too(world: World, vpc: str, calls: list[str]) -> None:
    hidden = somebody_lives_in(world, subnets(world, vpc)[0])
    calls.clear()

    with strict_ec2.behave(hidden=frozenset({hidden})):
        looks(world, tried(vpc, subnets(world, vpc)[0]))

    assert not CHANGES & set(calls)


def test_an_endpoint_of_others_without_an_interface_is_life_too(world: World, calls: list[str]) -> None:
    vpc = world.vpc("gateway")
    world.settle(vpc)
    world.ec2.create_vpc_endpoint(VpcId=vpc, ServiceName=f"com.amazonaws.{REGION}.s3", RouteTableIds=[])
    calls.clear()

    looks(world, tried(vpc))

    assert not CHANGES & set(calls)


def test_where_other_networks_lead_in_their_clients_may_use_ours(world: World, vpc: str, calls: list[str]) -> None:
    """A hub of endpoints has nothing else in it, and no network interface tells of a peering."""
    other = world.vpc(None, cidr="10.9.0.0/16")
    peering = world.ec2.create_vpc_peering_connection(VpcId=vpc, PeerVpcId=other)["VpcPeeringConnection"]
    peering_id = peering["VpcPeeringConnectionId"]
    world.ec2.create_route(
        RouteTableId=min(world.tables(vpc)), DestinationCidrBlock="10.9.0.0/16", VpcPeeringConnectionId=peering_id
    )
    calls.clear()

    [run] = looks(world, tried(vpc))

    assert not CHANGES & set(calls)
    [stay] = [s for s in steps_of(run) if isinstance(s, Stay)]
    assert peering_id in stay.why


def test_of_two_subnets_that_are_deleted_the_one_that_others_live_in_keeps_ours(world: World, vpc: str) -> None:
    busy, idle = subnets(world, vpc)
    somebody_lives_in(world, busy)

    looks(world, tried(vpc, busy, idle))

    assert {frozenset(e["SubnetIds"]) for (_, k), e in world.endpoints(vpc).items() if k == "Interface"} == {
        frozenset({busy})
    }
    assert deletes(world, idle)


# ---- what could not be read, or be marked -------------------------------------------------------------------------


def test_who_lives_there_is_not_known_where_aws_denies_it_and_people_are_told(
    world: World, vpc: str, calls: list[str], aws_fails: Callable[..., None]
) -> None:
    aws_fails("DescribeNetworkInterfaces", "UnauthorizedOperation", status=403, times=2)
    calls.clear()

    [run] = looks(world, tried(vpc))

    assert not CHANGES & set(calls)
    message = notice(PLACE, run.runs, ["test"])
    assert message is not None
    assert f"in the way of {vpc}: whether others would have to go first could not be read" in message.text
    assert run.runs[0].trouble == reconcile(world.around, tried(vpc), generation="b", now=NOW).runs[0].trouble


def test_what_could_not_be_read_for_a_moment_is_read_again_and_then_we_step_aside(
    world: World, vpc: str, calls: list[str], aws_fails: Callable[..., None]
) -> None:
    aws_fails("DescribeNetworkInterfaces", "RequestLimitExceeded", status=503)
    calls.clear()

    first, *more = looks(world, tried(subnets(world, vpc)[0]))

    assert first.again[0].blocked == {subnets(world, vpc)[0]}
    assert notice(PLACE, first.runs, ["test"]) is None
    assert more
    assert deletes(world, subnets(world, vpc)[0])


def test_what_is_never_read_is_given_up_and_told(world: World, vpc: str, aws_fails: Callable[..., None]) -> None:
    aws_fails("DescribeNetworkInterfaces", "RequestLimitExceeded", status=503, times=100)

    rounds = looks(world, tried(vpc))

    assert rounds[-1].runs[0].gave_up
    assert world.services(vpc) >= {"ssm", "s3"}


@pytest.mark.parametrize("code", ["UnauthorizedOperation", "RequestLimitExceeded"])
def test_nothing_leaves_before_its_tag_tells_every_other_look(
    world: World, vpc: str, calls: list[str], aws_fails: Callable[..., None], code: str
) -> None:
    """Else the next look would bring back what this one took away."""
    aws_fails("CreateTags", code, times=4)
    calls.clear()

    run = reconcile(world.around, tried(vpc), generation="a", now=NOW)

    assert {"CreateTags"} == CHANGES & set(calls)
    assert world.services(vpc) >= {"ssm", "s3"}
    if code == "RequestLimitExceeded":
        looks(world, run.again)
        assert world.services(vpc) == set()


def test_who_tried_an_hour_ago_has_given_up(world: World, vpc: str, calls: list[str]) -> None:
    """A message put back from the dead-letter queue."""
    calls.clear()

    looks(world, tried(vpc, subnets(world, vpc)[0], at=NOW - NEW_FOR))

    assert not CHANGES & set(calls)


# ---- a subnet -----------------------------------------------------------------------------------------------------


def in_subnets(world: World, vpc: str) -> set[str]:
    return {s for (_, kind), e in world.endpoints(vpc).items() if kind == "Interface" for s in e["SubnetIds"]}


def test_a_subnet_is_left_and_no_look_goes_back_into_it(world: World, vpc: str) -> None:
    gone, stays = subnets(world, vpc)
    assert not deletes(world, gone)

    looks(world, tried(gone))
    a_look(world, vpc)

    assert in_subnets(world, vpc) == {stays}
    assert tags(world, gone)[RELEASED_TAG] == (NOW + RELEASED_FOR).strftime("%Y-%m-%dT%H:%M:%SZ")
    assert deletes(world, gone)


def test_a_subnet_that_stays_after_all_is_used_again_when_the_release_has_ended(world: World, vpc: str) -> None:
    both = set(subnets(world, vpc))
    looks(world, tried(min(both)))

    a_look(world, vpc, NOW + RELEASED_FOR)

    assert in_subnets(world, vpc) == both


def test_another_subnet_of_the_zone_takes_over_with_the_next_look(world: World) -> None:
    """EC2 takes two subnets of one zone neither at once nor in one call."""
    vpc = world.vpc("ec2-ssm", zones="ab")
    world.settle(vpc)
    gone = subnets(world, vpc)[0]
    spare = world.ec2.create_subnet(VpcId=vpc, CidrBlock="10.0.9.0/24", AvailabilityZone=f"{REGION}a")["Subnet"]

    looks(world, tried(gone))
    a_look(world, vpc)

    assert in_subnets(world, vpc) == {subnets(world, vpc)[1], spare["SubnetId"]}


def test_an_endpoint_moves_where_its_only_subnet_goes(world: World) -> None:
    vpc = world.vpc("ec2-ssm", zones="ab", tags={"endpoint-zones": "1"})
    world.settle(vpc)
    [gone] = in_subnets(world, vpc)
    before = {e["VpcEndpointId"] for e in world.endpoints(vpc).values()}

    looks(world, tried(gone))

    assert in_subnets(world, vpc) == set(subnets(world, vpc)) - {gone}
    assert {e["VpcEndpointId"] for e in world.endpoints(vpc).values()} == before


def test_an_endpoint_goes_with_the_last_subnet_and_nobody_misses_it(world: World) -> None:
    vpc = world.vpc("ec2-ssm", zones="a")
    world.settle(vpc)
    [gone] = subnets(world, vpc)

    runs = looks(world, tried(gone))
    runs += a_look(world, vpc)

    assert world.services(vpc) == {"dynamodb", "s3"}
    assert not [t for r in runs for one in r.runs for t in one.trouble]
    assert deletes(world, gone)


def test_ours_that_nobody_asks_for_any_more_leaves_a_subnet_as_well(world: World, vpc: str) -> None:
    gone, stays = subnets(world, vpc)
    world.untag(vpc, "endpoint-profile")

    looks(world, tried(gone))

    assert in_subnets(world, vpc) == {stays}


def test_a_change_that_ec2_is_still_making_is_waited_for(world: World) -> None:
    with strict_ec2.behave(pending=45, clock=world.clock):
        vpc = world.vpc("ec2-ssm")
        world.settle(vpc)
        gone = subnets(world, vpc)[0]

        run = reconcile(world.around, tried(gone), generation="a", now=NOW)
        assert not deletes(world, gone)
        world.clock.sleep(50)
        reconcile(world.around, run.again, generation="b", now=NOW)

        assert deletes(world, gone)


# ---- a security group ---------------------------------------------------------------------------------------------


@pytest.fixture
def adopted(world: World, vpc: str) -> str:
    """Somebody's security group on all our interface endpoints, beside ours; gives the group."""
    group = theirs(world, vpc)
    for (_, kind), endpoint in world.endpoints(vpc).items():
        if kind == "Interface":
            world.ec2.modify_vpc_endpoint(VpcEndpointId=endpoint["VpcEndpointId"], AddSecurityGroupIds=[group])
    return group


def groups_on(world: World, vpc: str) -> set[str]:
    return {g["GroupId"] for e in world.endpoints(vpc).values() for g in e["Groups"]}


def test_a_group_that_only_our_endpoints_have_is_taken_off_them(world: World, vpc: str, adopted: str) -> None:
    assert not deletes(world, adopted)

    [run, *_] = looks(world, tried(adopted))

    assert groups_on(world, vpc) == {g["GroupId"] for g in world.our_groups(vpc)}
    assert deletes(world, adopted)
    message = notice(PLACE, run.runs, ["test"])
    assert message is not None
    assert f"somebody is deleting {adopted}" in message.text


def test_where_theirs_was_the_only_one_ours_takes_its_place(world: World, vpc: str, adopted: str) -> None:
    [ours] = (g["GroupId"] for g in world.our_groups(vpc))
    for (_, kind), endpoint in world.endpoints(vpc).items():
        if kind == "Interface":
            world.ec2.modify_vpc_endpoint(VpcEndpointId=endpoint["VpcEndpointId"], RemoveSecurityGroupIds=[ours])
    world.ec2.delete_security_group(GroupId=ours)

    looks(world, tried(adopted))

    assert groups_on(world, vpc) == {g["GroupId"] for g in world.our_groups(vpc)} != {adopted}
    assert deletes(world, adopted)


def test_a_group_that_others_use_too_stays_on_ours(world: World, vpc: str, adopted: str, calls: list[str]) -> None:
    world.ec2.create_network_interface(SubnetId=subnets(world, vpc)[0], Groups=[adopted])
    calls.clear()

    looks(world, tried(adopted))

    assert not CHANGES & set(calls)


def test_a_group_that_anothers_rules_name_stays_on_ours(world: World, vpc: str, adopted: str, calls: list[str]) -> None:
    other = theirs(world, vpc, "app")
    world.ec2.authorize_security_group_ingress(
        GroupId=other, IpPermissions=[{"IpProtocol": "-1", "UserIdGroupPairs": [{"GroupId": adopted}]}]
    )
    calls.clear()

    [run] = looks(world, tried(adopted))

    assert not CHANGES & set(calls)
    assert [other in s.why for s in steps_of(run) if isinstance(s, Stay)] == [True]


def test_a_group_of_the_default_vpc_may_be_deleted_by_its_name(world: World) -> None:
    vpc = world.ec2.describe_vpcs(Filters=[{"Name": "is-default", "Values": ["true"]}])["Vpcs"][0]["VpcId"]
    elsewhere = world.vpc("ec2-ssm")
    world.tag(vpc, endpoint_profile="ec2-ssm")
    world.settle(vpc, elsewhere)
    for place in (vpc, elsewhere):
        group = theirs(world, place, "web")
        endpoint = world.endpoints(place)["ssm", "Interface"]["VpcEndpointId"]
        world.ec2.modify_vpc_endpoint(VpcEndpointId=endpoint, AddSecurityGroupIds=[group])

    looks(world, tried("web"))

    assert [len(world.endpoints(v)["ssm", "Interface"]["Groups"]) for v in (vpc, elsewhere)] == [1, 2]


def test_our_own_group_goes_with_a_vpc_in_which_nothing_else_lives(world: World, vpc: str) -> None:
    [ours] = world.our_groups(vpc)
    assert not deletes(world, ours["GroupId"])

    looks(world, tried(ours["GroupId"]))

    assert world.services(vpc) == set()
    assert RELEASED_TAG in tags(world, vpc)


def test_our_own_group_stays_where_others_live(world: World, vpc: str, calls: list[str]) -> None:
    somebody_lives_in(world, subnets(world, vpc)[0])
    [ours] = world.our_groups(vpc)
    calls.clear()

    looks(world, tried(ours["GroupId"]))

    assert not CHANGES & set(calls)


def test_our_own_group_that_no_endpoint_has_any_more_releases_nothing(world: World, vpc: str) -> None:
    """So it is while we remove it ourselves, and EC2 still refuses."""
    [ours] = world.our_groups(vpc)
    world.tag(vpc, endpoint_profile="gateway")
    for (_, kind), endpoint in world.endpoints(vpc).items():
        if kind == "Interface":
            world.ec2.delete_vpc_endpoints(VpcEndpointIds=[endpoint["VpcEndpointId"]])

    looks(world, tried(ours["GroupId"]))

    assert RELEASED_TAG not in tags(world, vpc)


# ---- one look for all ---------------------------------------------------------------------------------------------


def test_a_burst_of_tries_and_drift_is_one_look_and_nothing_is_put_back(world: World, vpc: str) -> None:
    """Somebody removes our endpoints by hand, and then the VPC."""
    endpoints = [e["VpcEndpointId"] for e in world.endpoints(vpc).values()]
    world.ec2.delete_vpc_endpoints(VpcEndpointIds=endpoints)
    everywhere = Look(place=PLACE, vpcs=frozenset(), why="DeleteVpcEndpoints", time=NOW.isoformat())

    first, *_ = looks(world, [everywhere, *tried(*subnets(world, vpc), vpc)])

    assert world.services(vpc) == set()
    assert [s.resource for s in steps_of(first) if isinstance(s, Release)] == [vpc]


def test_a_try_costs_the_lists_of_its_own_vpc_and_no_more(world: World, vpc: str, calls: list[str]) -> None:
    """EC2 refuses deletions all day long where Terraform waits for something."""
    world.vpc("ec2-ssm", cidr="10.1.0.0/16")
    group = theirs(world, vpc)
    calls.clear()

    looks(world, tried(group))

    assert calls.count("DescribeVpcAttribute") == 2
    assert sorted(set(calls)) == [
        "DescribeRouteTables", "DescribeSecurityGroups", "DescribeSubnets", "DescribeVpcAttribute",
        "DescribeVpcEndpointServices", "DescribeVpcEndpoints", "DescribeVpcs",
    ]  # fmt: skip
