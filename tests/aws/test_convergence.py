"""From every start: one way to rest, and a second run that changes nothing."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any

import pytest

from embedded import strict_ec2
from tests.aws.conftest import REGION, World
from vpce.aws.parameters import shipped_profiles
from vpce.core.profile import read_profiles

if TYPE_CHECKING:
    from collections.abc import Callable

PROFILES = ("gateway", "ec2-ssm", "lambda", "ecs-fargate", "gateway+ec2-ssm", "ports", "none", None)
OWN = '[ports]\ninterface = ["cassandra", "sqs", "s3"]\ngateway = ["s3"]\n'
SERVICES = ("ssm", "sqs", "kms", "s3", "dynamodb")


def a_start(world: World, chance: random.Random, minute: Callable[[], None]) -> tuple[str, set[str]]:
    """A VPC in some state that people, stacks and earlier runs could have left; and the endpoints of others."""
    vpc = world.vpc(
        chance.choice(PROFILES[:-2]),
        zones=chance.choice(("", "a", "ab", "abc", "aab", "aabbcc")),
        tables=chance.randrange(3),
        tags={"endpoint-zones": chance.choice(("all", "1", "2"))} if chance.random() < 0.4 else {},
        six=chance.choice(("", "", "a", "abc")),
    )
    if chance.random() < 0.3:
        world.ec2.associate_vpc_cidr_block(VpcId=vpc, CidrBlock="10.1.0.0/16")
    if chance.random() < 0.3:
        world.give_ipv6(vpc, chance.choice(("", "a", "abc", "abc")))
    if chance.random() < 0.3:
        world.ec2.modify_vpc_attribute(VpcId=vpc, EnableDnsSupport={"Value": False})
    foreign = {_foreign(world, vpc, chance) for _ in range(chance.randrange(3))}
    if chance.random() < 0.6:
        world.settle(vpc)
        for _ in range(chance.randrange(4)):
            minute()  # EC2 lets nobody change what it is still working on
            _meddle(world, vpc, chance)
    wanted = chance.choice(PROFILES)
    if wanted is None:
        world.untag(vpc, "endpoint-profile")
    else:
        world.tag(vpc, endpoint_profile=wanted)
    return vpc, foreign - {""}


def _foreign(world: World, vpc: str, chance: random.Random) -> str:
    service = chance.choice(SERVICES)
    if any(name == service for name, _ in world.endpoints(vpc)):
        return ""
    gateway = service in {"s3", "dynamodb"}
    tables = sorted(world.tables(vpc))
    arguments: Any = (
        {"VpcEndpointType": "Gateway", "RouteTableIds": tables[: chance.randint(1, len(tables))]}
        if gateway
        else {"VpcEndpointType": "Interface", "PrivateDnsEnabled": chance.random() < 0.5}
    )
    if not gateway:
        world.ec2.modify_vpc_attribute(VpcId=vpc, EnableDnsSupport={"Value": True})
        world.ec2.modify_vpc_attribute(VpcId=vpc, EnableDnsHostnames={"Value": True})
    made = world.ec2.create_vpc_endpoint(VpcId=vpc, ServiceName=f"com.amazonaws.{REGION}.{service}", **arguments)
    return made["VpcEndpoint"]["VpcEndpointId"]


def _meddle(world: World, vpc: str, chance: random.Random) -> None:
    ours = [e for e in world.endpoints(vpc).values() if any(t["Key"] == "vpce:managed-by" for t in e["Tags"])]
    groups = world.our_groups(vpc)
    one = chance.choice(ours) if ours else None
    match chance.randrange(8):
        case 0 if one:
            world.ec2.delete_vpc_endpoints(VpcEndpointIds=[one["VpcEndpointId"]])
        case 1 if one and one["RouteTableIds"]:
            world.ec2.modify_vpc_endpoint(
                VpcEndpointId=one["VpcEndpointId"], RemoveRouteTableIds=one["RouteTableIds"][:1]
            )
        case 2 if one and len(one["SubnetIds"]) > 1:
            world.ec2.modify_vpc_endpoint(VpcEndpointId=one["VpcEndpointId"], RemoveSubnetIds=one["SubnetIds"][:1])
        case 3 if one and one["VpcEndpointType"] == "Interface":
            world.ec2.modify_vpc_endpoint(VpcEndpointId=one["VpcEndpointId"], PrivateDnsEnabled=False)
        case 4 if groups and groups[0]["IpPermissions"]:
            world.ec2.revoke_security_group_ingress(
                GroupId=groups[0]["GroupId"], IpPermissions=groups[0]["IpPermissions"]
            )
        case 6:
            world.give_ipv6(vpc, "abc")
        case 7:
            world.tag(vpc, endpoint_addresses=chance.choice(("auto", "dualstack", "ipv4")))
        case 5:
            world.ec2.create_route_table(VpcId=vpc)
        case _:
            pass


@pytest.mark.parametrize("seed", range(60))
def test_a_second_run_changes_nothing_whatever_the_start(world: World, seed: int) -> None:
    chance = random.Random(seed)
    clock = [0.0]

    def minute() -> None:
        clock[0] += 60

    with strict_ec2.behave(pending=chance.choice((0, 30)), deleting=chance.choice((0, 30)), clock=lambda: clock[0]):
        world.profiles = read_profiles(shipped_profiles(), OWN)
        vpc, foreign = a_start(world, chance, minute)
        before = {e["VpcEndpointId"]: e for e in world.endpoints(vpc).values() if e["VpcEndpointId"] in foreign}
        minute()
        for _ in range(4):  # each may have to wait for AWS
            world.run(vpc)
            minute()

        second = world.run(vpc)

        assert not any(r.has_changed for r in second.runs)
        assert [r.outcomes for r in second.runs] in ([], [()])
        assert not second.again
        after = {e["VpcEndpointId"]: e for e in world.endpoints(vpc).values() if e["VpcEndpointId"] in foreign}
        assert {i: (e["RouteTableIds"], e["SubnetIds"], e["State"]) for i, e in after.items()} == {
            i: (e["RouteTableIds"], e["SubnetIds"], "available") for i, e in before.items()
        }
