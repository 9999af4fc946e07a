"""Look, compare, act against a strict EC2: VPCs come to what their tags ask for, and stay there."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any, cast

import pytest

from embedded import strict_ec2
from tests.aws.conftest import NOW, PLACE, REGION, SESSION, World
from vpce.aws.parameters import shipped_profiles
from vpce.core.model import utc
from vpce.core.notice import notice
from vpce.core.plan import GRACE, Verdict, make_plan
from vpce.core.policies import PolicyFile
from vpce.core.policy import same_policy
from vpce.core.profile import read_profiles
from vpce.notify import Told

if TYPE_CHECKING:
    from collections.abc import Callable

LISTS = ("DescribeVpcs", "DescribeSubnets", "DescribeRouteTables", "DescribeVpcEndpoints", "DescribeSecurityGroups")
MARK = f"{NOW + GRACE:%Y-%m-%dT%H:%M:%SZ}"
READS = (*LISTS, "DescribeVpcEndpointServices")
WRITES = (
    "CreateVpcEndpoint", "ModifyVpcEndpoint", "DeleteVpcEndpoints", "CreateSecurityGroup", "DeleteSecurityGroup",
    "AuthorizeSecurityGroupIngress", "RevokeSecurityGroupIngress", "ModifyVpcAttribute", "CreateTags", "DeleteTags",
)  # fmt: skip


def text_of(world: World, *vpcs: str) -> str:
    run = world.run(*vpcs)
    message = notice(PLACE, run.runs, ["test"])
    return message.text if message else ""


# ---- a profile comes to be ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("profile", sorted(read_profiles(shipped_profiles()).tables))
def test_a_tagged_vpc_gets_every_endpoint_of_its_profile(world: World, profile: str) -> None:
    vpc = world.vpc(profile)
    wanted = world.profiles.of(profile)

    world.settle(vpc)

    offered = {n for n in wanted.interface if n not in wanted.optional} | set(wanted.gateway)
    assert offered <= world.services(vpc) <= {*wanted.gateway, *wanted.interface}
    assert {e["State"] for e in world.endpoints(vpc).values()} == {"available"}


def test_a_second_run_changes_nothing(world: World, calls: list[str]) -> None:
    vpc = world.vpc("private")
    world.settle(vpc)
    calls.clear()

    run = world.run(vpc)

    assert not [c for c in calls if c in WRITES]
    assert notice(PLACE, run.runs, ["test"]) is None


def test_profiles_are_joined_by_plus(world: World) -> None:
    vpc = world.vpc("gateway+ec2-ssm")

    world.settle(vpc)

    assert {"s3", "dynamodb", "ssm", "ssmmessages"} <= world.services(vpc)


def test_gateway_endpoints_are_on_every_route_table(world: World) -> None:
    vpc = world.vpc("gateway", tables=3)

    world.settle(vpc)

    assert {frozenset(e["RouteTableIds"]) for e in world.endpoints(vpc).values()} == {frozenset(world.tables(vpc))}


def test_more_route_tables_than_one_page_are_all_covered(world: World) -> None:
    """DescribeRouteTables pages at 100."""
    vpc = world.vpc("gateway", tables=120)

    world.settle(vpc)

    assert len(world.tables(vpc)) == 121
    assert {len(e["RouteTableIds"]) for e in world.endpoints(vpc).values()} == {121}


def test_interface_endpoints_have_one_subnet_per_zone_private_dns_and_our_group(world: World) -> None:
    vpc = world.vpc("ec2-ssm", zones="abab")

    world.settle(vpc)

    ssm = world.endpoints(vpc)["ssm", "Interface"]
    subnets = world.ec2.describe_subnets(SubnetIds=ssm["SubnetIds"])["Subnets"]
    assert sorted(s["AvailabilityZone"] for s in subnets) == [f"{REGION}a", f"{REGION}b"]
    assert ssm["PrivateDnsEnabled"] is True
    assert [g["GroupId"] for g in ssm["Groups"]] == [g["GroupId"] for g in world.our_groups(vpc)]
    assert world.attribute(vpc, "enableDnsSupport")
    assert world.attribute(vpc, "enableDnsHostnames")


def test_what_is_made_is_tagged_ours_at_creation(world: World, calls: list[str]) -> None:
    vpc = world.vpc("ec2-ssm")

    world.settle(vpc)

    for endpoint in world.endpoints(vpc).values():
        tags = {t["Key"]: t["Value"] for t in endpoint["Tags"]}
        assert tags["vpce:managed-by"] == "vpce"
        assert tags["vpce:profile"] == "ec2-ssm"
    assert "CreateTags" not in calls


def test_endpoint_zones_limits_the_zones(world: World) -> None:
    vpc = world.vpc("ec2-ssm", zones="abc", tags={"endpoint-zones": "2"})

    world.settle(vpc)

    zones = {frozenset(e["SubnetIds"]) for (_, kind), e in world.endpoints(vpc).items() if kind == "Interface"}
    assert [len(z) for z in zones] == [2]


def test_fewer_zones_are_taken_away_again(world: World) -> None:
    vpc = world.vpc("ec2-ssm", zones="abc")
    world.settle(vpc)
    world.tag(vpc, endpoint_zones="1")

    world.settle(vpc)

    assert {len(e["SubnetIds"]) for (_, k), e in world.endpoints(vpc).items() if k == "Interface"} == {1}
    assert not world.run(vpc).runs[0].outcomes


def test_a_zone_that_the_service_does_not_support_is_left_out(world: World) -> None:
    with strict_ec2.behave(zones={f"com.amazonaws.{REGION}.ssm": frozenset({f"{REGION}a"})}):
        vpc = world.vpc("ec2-ssm", zones="abc")

        world.settle(vpc)

        assert len(world.endpoints(vpc)["ssm", "Interface"]["SubnetIds"]) == 1
        assert len(world.endpoints(vpc)["ssmmessages", "Interface"]["SubnetIds"]) == 3


def test_every_cidr_of_the_vpc_is_let_in_and_rules_follow_the_cidrs(world: World) -> None:
    vpc = world.vpc("ec2-ssm")
    world.ec2.associate_vpc_cidr_block(VpcId=vpc, CidrBlock="10.1.0.0/16")
    world.ec2.associate_vpc_cidr_block(VpcId=vpc, AmazonProvidedIpv6CidrBlock=True)
    world.settle(vpc)
    (rule,) = world.our_groups(vpc)[0]["IpPermissions"]
    assert {r["CidrIp"] for r in rule["IpRanges"]} == {"10.0.0.0/16", "10.1.0.0/16"}
    assert len(rule["Ipv6Ranges"]) == 1

    association = next(
        a["AssociationId"]
        for a in world.ec2.describe_vpcs(VpcIds=[vpc])["Vpcs"][0]["CidrBlockAssociationSet"]
        if a["CidrBlock"] == "10.1.0.0/16"
    )
    world.ec2.disassociate_vpc_cidr_block(AssociationId=association)
    world.settle(vpc)

    (rule,) = world.our_groups(vpc)[0]["IpPermissions"]
    assert [r["CidrIp"] for r in rule["IpRanges"]] == ["10.0.0.0/16"]


def test_rules_that_people_added_to_our_group_stay(world: World) -> None:
    vpc = world.vpc("ec2-ssm")
    world.settle(vpc)
    group = world.our_groups(vpc)[0]["GroupId"]
    office: Any = [{"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443, "IpRanges": [{"CidrIp": "192.168.0.0/16"}]}]
    world.ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=office)

    world.settle(vpc)

    (rule,) = world.our_groups(vpc)[0]["IpPermissions"]
    assert {r["CidrIp"] for r in rule["IpRanges"]} == {"10.0.0.0/16", "192.168.0.0/16"}


def test_a_service_with_a_port_of_its_own_gets_it_opened(world: World) -> None:
    world.profiles = read_profiles(shipped_profiles(), '[keyspaces]\ninterface = ["cassandra"]')
    vpc = world.vpc("keyspaces")

    world.settle(vpc)

    assert [r["FromPort"] for r in world.our_groups(vpc)[0]["IpPermissions"]] == [9142]


def test_s3_gateway_and_interface_stand_side_by_side(world: World) -> None:
    """S3's interface endpoint needs the gateway first, and private DNS for inbound resolvers only."""
    world.profiles = read_profiles(shipped_profiles(), '[both]\ngateway = ["s3"]\ninterface = ["s3"]')
    vpc = world.vpc("both")

    world.settle(vpc)

    assert set(world.endpoints(vpc)) == {("s3", "Gateway"), ("s3", "Interface")}
    assert world.endpoints(vpc)["s3", "Interface"]["DnsOptions"]["PrivateDnsOnlyForInboundResolverEndpoint"] is True


def test_s3_interface_alone_serves_the_whole_vpc(world: World) -> None:
    world.profiles = read_profiles(shipped_profiles(), '[alone]\ninterface = ["s3"]')
    vpc = world.vpc("alone")

    world.settle(vpc)

    assert world.endpoints(vpc)["s3", "Interface"]["DnsOptions"]["PrivateDnsOnlyForInboundResolverEndpoint"] is False


@pytest.mark.parametrize("gateways", ['["s3"]', "[]"])
def test_names_of_s3_that_are_turned_on_later_say_whether_a_gateway_is_beside_them(world: World, gateways: str) -> None:
    """Without a word EC2 takes them for inbound resolvers only, and then wants a gateway."""
    vpc = world.vpc("late")
    subnets = world.ec2.describe_subnets(Filters=[{"Name": "vpc-id", "Values": [vpc]}])["Subnets"]
    world.ec2.create_vpc_endpoint(
        VpcId=vpc,
        ServiceName=f"com.amazonaws.{REGION}.s3",
        VpcEndpointType="Interface",
        SubnetIds=[subnets[0]["SubnetId"]],
        PrivateDnsEnabled=False,
        TagSpecifications=[
            {"ResourceType": "vpc-endpoint", "Tags": [{"Key": "vpce:managed-by", "Value": world.installation}]}
        ],
    )
    world.profiles = read_profiles(shipped_profiles(), f'[late]\ngateway = {gateways}\ninterface = ["s3"]')

    looks = world.settle(vpc)

    assert [r.trouble for look in looks for r in look.runs] == [()] * len(looks)
    made = world.endpoints(vpc)["s3", "Interface"]
    only = made["DnsOptions"]["PrivateDnsOnlyForInboundResolverEndpoint"]
    assert (made["PrivateDnsEnabled"], only) == (True, gateways != "[]")


def test_a_service_without_private_dns_is_made_without(world: World) -> None:
    world.profiles = read_profiles(shipped_profiles(), '[ddb]\ninterface = ["dynamodb"]')
    vpc = world.vpc("ddb")

    world.settle(vpc)

    assert world.endpoints(vpc)["dynamodb", "Interface"]["PrivateDnsEnabled"] is False


# ---- addresses ----------------------------------------------------------------------------------------------------

OLD = "vpce:addresses"
"""The tag that endpoints of earlier versions do not have."""


def types(world: World, vpc: str) -> dict[tuple[str, str], tuple[str, str]]:
    """(service, type) → address type and records of each endpoint."""
    found = world.endpoints(vpc).items()
    return {key: (e["IpAddressType"], e["DnsOptions"]["DnsRecordIpType"]) for key, e in found}


def test_a_dual_stack_vpc_gets_dual_stack_endpoints_where_the_service_is(world: World, calls: list[str]) -> None:
    """ECR has IPv4 only, and so has DynamoDB's gateway."""
    vpc = world.vpc("ecs-fargate", six="ab")

    world.settle(vpc)

    four, dual = ("ipv4", "ipv4"), ("dualstack", "dualstack")
    assert types(world, vpc) == {
        ("dynamodb", "Gateway"): ("ipv4", "service-defined"),
        ("s3", "Gateway"): ("dualstack", "service-defined"),
        ("ecr.api", "Interface"): four,
        ("ecr.dkr", "Interface"): four,
        ("logs", "Interface"): dual,
        ("secretsmanager", "Interface"): dual,
        ("ssm", "Interface"): dual,
        ("ssmmessages", "Interface"): dual,
    }
    assert len(world.our_groups(vpc)[0]["IpPermissions"][0]["Ipv6Ranges"]) == 1
    calls.clear()
    assert not world.run(vpc).runs[0].outcomes
    assert not [c for c in calls if c in WRITES]


def test_one_zone_with_ipv4_only_keeps_interfaces_and_gateway_to_ipv4(world: World) -> None:
    vpc = world.vpc("ec2-ssm", six="a")

    world.settle(vpc)

    assert {address_type for address_type, _ in types(world, vpc).values()} == {"ipv4"}
    assert not world.run(vpc).runs[0].outcomes


def test_an_interface_endpoint_follows_its_subnets_to_dual_stack_in_one_call(world: World, calls: list[str]) -> None:
    vpc = world.vpc("ec2-ssm", six="a")
    world.settle(vpc)
    world.give_ipv6(vpc, "b")
    calls.clear()

    world.settle(vpc)

    assert types(world, vpc) == {
        ("dynamodb", "Gateway"): ("ipv4", "service-defined"),
        ("s3", "Gateway"): ("ipv4", "service-defined"),  # new routes would cut connections: only a tag changes it
        ("ssm", "Interface"): ("dualstack", "dualstack"),
        ("ssmmessages", "Interface"): ("dualstack", "dualstack"),
        ("ec2messages", "Interface"): ("dualstack", "dualstack"),
    }
    assert [c for c in calls if c in WRITES] == ["ModifyVpcEndpoint"] * 3
    assert not world.run(vpc).runs[0].outcomes


def test_a_new_version_changes_no_endpoint_of_an_old_one_until_the_tag_asks(world: World, calls: list[str]) -> None:
    vpc = world.vpc("ec2-ssm")
    world.settle(vpc)
    world.ec2.delete_tags(Resources=[e["VpcEndpointId"] for e in world.endpoints(vpc).values()], Tags=[{"Key": OLD}])
    world.give_ipv6(vpc, "ab")
    world.settle(vpc)  # the security group gets the VPC's new CIDR
    calls.clear()

    assert not world.run(vpc).runs[0].outcomes
    assert not [c for c in calls if c in WRITES]

    world.tag(vpc, endpoint_addresses="dualstack")
    told = text_of(world, vpc)
    assert "~ updated s3 " in told
    assert "(+IPv6): its service and its subnets are dual-stack" in told
    assert {key: t for key, (t, _) in types(world, vpc).items() if t == "ipv4"} == {("dynamodb", "Gateway"): "ipv4"}
    assert not world.run(vpc).runs[0].outcomes


def test_a_zone_with_ipv4_only_is_told_and_the_tag_lets_it_in(world: World) -> None:
    vpc = world.vpc("ec2-ssm", six="ab")
    world.settle(vpc)
    world.ec2.create_subnet(VpcId=vpc, CidrBlock="10.0.9.0/24", AvailabilityZone=f"{REGION}c")

    told = text_of(world, vpc)

    assert f"no subnet in {REGION}c has a free IPv4 address and IPv6, as dual-stack vpce-" in told
    assert types(world, vpc)["ssm", "Interface"] == ("dualstack", "dualstack")
    world.tag(vpc, endpoint_addresses="ipv4")
    world.settle(vpc)
    assert set(types(world, vpc).values()) == {("ipv4", "ipv4"), ("ipv4", "service-defined")}
    assert len(world.endpoints(vpc)["ssm", "Interface"]["SubnetIds"]) == 3
    assert not world.run(vpc).runs[0].outcomes


@pytest.mark.parametrize("names", [True, False])
def test_s3s_names_stay_for_whom_they_are_when_its_interface_becomes_dual_stack(
    world: World,
    names: bool,  # noqa: FBT001
) -> None:
    world.profiles = read_profiles(shipped_profiles(), '[both]\ngateway = ["s3"]\ninterface = ["s3"]\n')
    vpc = world.vpc("both")
    world.settle(vpc)
    inbound = {"PrivateDnsOnlyForInboundResolverEndpoint": names}
    endpoint = world.endpoints(vpc)["s3", "Interface"]["VpcEndpointId"]
    world.ec2.modify_vpc_endpoint(VpcEndpointId=endpoint, DnsOptions=inbound)  # type: ignore[arg-type]
    world.give_ipv6(vpc, "ab")

    world.settle(vpc)

    assert types(world, vpc)["s3", "Interface"] == ("dualstack", "dualstack")
    assert world.endpoints(vpc)["s3", "Interface"]["DnsOptions"] == inbound | {"DnsRecordIpType": "dualstack"}
    assert not world.run(vpc).runs[0].outcomes


def test_a_new_vpc_with_ipv6_gets_its_dual_stack_gateway_before_it_has_subnets(world: World) -> None:
    vpc = world.vpc(None, zones="")
    world.give_ipv6(vpc, "")

    world.settle(vpc, new=True)

    assert types(world, vpc)["s3", "Gateway"] == ("dualstack", "service-defined")
    table = next(iter(world.tables(vpc)))
    routes = world.ec2.describe_route_tables(RouteTableIds=[table])["RouteTables"][0]["Routes"]
    assert sum("DestinationPrefixListId" in r for r in routes) == 3  # DynamoDB's, and both of S3's


# ---- drift --------------------------------------------------------------------------------------------------------


def _delete_endpoint(world: World, vpc: str) -> None:
    world.ec2.delete_vpc_endpoints(VpcEndpointIds=[world.endpoints(vpc)["ssm", "Interface"]["VpcEndpointId"]])


def _drop_route_table(world: World, vpc: str) -> None:
    gateway = world.endpoints(vpc)["s3", "Gateway"]
    world.ec2.modify_vpc_endpoint(
        VpcEndpointId=gateway["VpcEndpointId"], RemoveRouteTableIds=gateway["RouteTableIds"][:1]
    )


def _drop_subnet(world: World, vpc: str) -> None:
    ssm = world.endpoints(vpc)["ssm", "Interface"]
    world.ec2.modify_vpc_endpoint(VpcEndpointId=ssm["VpcEndpointId"], RemoveSubnetIds=ssm["SubnetIds"][:1])


def _private_dns_off(world: World, vpc: str) -> None:
    ssm = world.endpoints(vpc)["ssm", "Interface"]
    world.ec2.modify_vpc_endpoint(VpcEndpointId=ssm["VpcEndpointId"], PrivateDnsEnabled=False)


def _revoke_ingress(world: World, vpc: str) -> None:
    group = world.our_groups(vpc)[0]
    world.ec2.revoke_security_group_ingress(GroupId=group["GroupId"], IpPermissions=group["IpPermissions"])


def _dns_hostnames_off(world: World, vpc: str) -> None:
    world.ec2.modify_vpc_attribute(VpcId=vpc, EnableDnsHostnames={"Value": False})


def _dns_support_off(world: World, vpc: str) -> None:
    world.ec2.modify_vpc_attribute(VpcId=vpc, EnableDnsHostnames={"Value": False})
    world.ec2.modify_vpc_attribute(VpcId=vpc, EnableDnsSupport={"Value": False})


def _new_route_table(world: World, vpc: str) -> None:
    world.ec2.create_route_table(VpcId=vpc)


def _new_zone(world: World, vpc: str) -> None:
    world.ec2.create_subnet(VpcId=vpc, CidrBlock="10.0.200.0/24", AvailabilityZone=f"{REGION}c")


def _swap_group(world: World, vpc: str) -> None:
    other = world.ec2.create_security_group(GroupName="other", Description="other", VpcId=vpc)["GroupId"]
    ssm = world.endpoints(vpc)["ssm", "Interface"]
    world.ec2.modify_vpc_endpoint(
        VpcEndpointId=ssm["VpcEndpointId"],
        AddSecurityGroupIds=[other],
        RemoveSecurityGroupIds=[g["GroupId"] for g in ssm["Groups"]],
    )


DRIFTS = (
    _delete_endpoint, _drop_route_table, _drop_subnet, _private_dns_off, _revoke_ingress, _dns_hostnames_off,
    _dns_support_off, _new_route_table, _new_zone, _swap_group,
)  # fmt: skip


@pytest.mark.parametrize("drift", DRIFTS, ids=lambda d: d.__name__.strip("_"))
def test_drift_is_mended(world: World, drift: Callable[[World, str], None]) -> None:
    vpc = world.vpc("ec2-ssm", tables=1)
    world.settle(vpc)
    drift(world, vpc)

    mended = world.settle(vpc)

    assert mended[0].runs[0].plan is not None
    assert mended[0].runs[0].plan.actions
    ssm, s3 = world.endpoints(vpc)["ssm", "Interface"], world.endpoints(vpc)["s3", "Gateway"]
    zones = {
        s["AvailabilityZone"]
        for s in world.ec2.describe_subnets(Filters=[{"Name": "vpc-id", "Values": [vpc]}])["Subnets"]
    }
    assert len(ssm["SubnetIds"]) == len(zones)
    assert ssm["PrivateDnsEnabled"] is True
    assert {g["GroupId"] for g in ssm["Groups"]} >= {g["GroupId"] for g in world.our_groups(vpc)}
    assert set(s3["RouteTableIds"]) == world.tables(vpc)
    assert world.our_groups(vpc)[0]["IpPermissions"]
    assert world.attribute(vpc, "enableDnsSupport")
    assert world.attribute(vpc, "enableDnsHostnames")
    assert world.run(vpc).runs[0].outcomes == ()


# ---- other people's things ----------------------------------------------------------------------------------------


def _foreign(world: World, vpc: str, service: str, **arguments: Any) -> str:
    answer = world.ec2.create_vpc_endpoint(VpcId=vpc, ServiceName=f"com.amazonaws.{REGION}.{service}", **arguments)
    return answer["VpcEndpoint"]["VpcEndpointId"]


def test_endpoints_that_others_made_count_and_are_left(world: World, calls: list[str]) -> None:
    vpc = world.vpc("ec2-ssm", tables=1)
    world.ec2.modify_vpc_attribute(VpcId=vpc, EnableDnsHostnames={"Value": True})
    subnet = world.ec2.describe_subnets(Filters=[{"Name": "vpc-id", "Values": [vpc]}])["Subnets"][0]["SubnetId"]
    theirs = {
        _foreign(world, vpc, "ssm", VpcEndpointType="Interface", SubnetIds=[subnet], PrivateDnsEnabled=True),
        _foreign(world, vpc, "s3", VpcEndpointType="Gateway", RouteTableIds=sorted(world.tables(vpc))),
    }
    before = {k: e for k, e in world.endpoints(vpc).items() if e["VpcEndpointId"] in theirs}
    calls.clear()

    world.settle(vpc)

    after = {k: e for k, e in world.endpoints(vpc).items() if e["VpcEndpointId"] in theirs}
    assert after == before
    assert calls.count("CreateVpcEndpoint") == 3  # dynamodb, ssmmessages, ec2messages


def test_a_foreign_gateway_that_misses_tables_is_told_and_not_touched(world: World) -> None:
    vpc = world.vpc("gateway", tables=1)
    one, other = sorted(world.tables(vpc))
    theirs = _foreign(world, vpc, "s3", VpcEndpointType="Gateway", RouteTableIds=[one])

    told = text_of(world, vpc)

    assert world.endpoints(vpc)["s3", "Gateway"]["RouteTableIds"] == [one]
    assert f"{theirs}, which somebody else made, does not cover {other}" in told


def test_another_installation_counts_as_somebody_else(world: World, ec2: Any) -> None:
    vpc = world.vpc("gateway")
    world.settle(vpc)

    second = World(ec2=ec2, installation="vpce-two")
    run = second.run(vpc)

    assert run.runs[0].outcomes == ()


# ---- none, vanished tags, new and default VPCs --------------------------------------------------------------------


def test_none_removes_ours_in_order_and_leaves_the_rest(world: World, calls: list[str]) -> None:
    vpc = world.vpc("ec2-ssm")
    world.settle(vpc)
    _foreign(world, vpc, "sqs", VpcEndpointType="Interface", PrivateDnsEnabled=False)
    world.tag(vpc, endpoint_profile="none", endpoint_deletions="allowed")
    calls.clear()

    world.settle(vpc)

    assert world.services(vpc) == {"sqs"}
    assert world.our_groups(vpc) == []
    assert [c for c in calls if c in WRITES] == ["DeleteVpcEndpoints", "DeleteVpcEndpoints", "DeleteSecurityGroup"]


def test_none_waits_for_interfaces_that_aws_is_still_deleting(world: World) -> None:
    now = [0.0]
    with strict_ec2.behave(deleting=60.0, clock=lambda: now[0]):
        vpc = world.vpc("ec2-ssm")
        world.settle(vpc)
        world.tag(vpc, endpoint_profile="none", endpoint_deletions="allowed")

        run = world.run(vpc)
        assert [look.vpcs for look in run.again] == [{vpc}]
        assert world.our_groups(vpc)

        now[0] += 61
        world.settle(vpc)
        assert world.our_groups(vpc) == []
        assert world.endpoints(vpc) == {}


def test_a_deleted_endpoint_is_made_anew_once_its_names_are_free(world: World) -> None:
    """While AWS deletes it, its private DNS names are taken and a create call would be refused."""
    now = [0.0]
    with strict_ec2.behave(deleting=60.0, clock=lambda: now[0]):
        vpc = world.vpc("ec2-ssm")
        world.settle(vpc)
        _delete_endpoint(world, vpc)

        run = world.run(vpc)
        assert run.runs[0].outcomes == ()
        assert run.again

        now[0] += 61
        world.settle(vpc)
        assert world.endpoints(vpc)["ssm", "Interface"]["State"] == "available"


def test_a_vanished_tag_marks_ours_and_removes_nothing(world: World, calls: list[str]) -> None:
    vpc = world.vpc("ec2-ssm")
    world.settle(vpc)
    world.untag(vpc, "endpoint-profile")
    calls.clear()

    world.settle(vpc)

    assert [c for c in calls if c in WRITES] == ["CreateTags"]  # one call for all
    assert set(world.marks(vpc).values()) == {MARK}


def test_a_tag_put_back_in_time_changes_no_endpoint(world: World, calls: list[str]) -> None:
    vpc = world.vpc("ec2-ssm")
    world.settle(vpc)
    before = world.endpoints(vpc)
    world.untag(vpc, "endpoint-profile")
    world.settle(vpc)
    world.tag(vpc, endpoint_profile="ec2-ssm")
    calls.clear()

    world.settle(vpc, now=NOW + timedelta(hours=23))

    assert [c for c in calls if c in WRITES] == ["DeleteTags"]
    assert world.endpoints(vpc) == before


def test_after_the_grace_period_ours_goes_in_order(world: World, calls: list[str]) -> None:
    vpc = world.vpc("ec2-ssm", tags={"endpoint-deletions": "allowed"})
    world.settle(vpc)
    world.untag(vpc, "endpoint-profile")
    world.settle(vpc)
    calls.clear()

    world.settle(vpc, now=NOW + timedelta(hours=24))

    assert [c for c in calls if c in WRITES] == ["DeleteVpcEndpoints", "DeleteVpcEndpoints", "DeleteSecurityGroup"]
    assert world.endpoints(vpc) == {}
    assert world.our_groups(vpc) == []


def test_a_smaller_profile_lets_what_it_drops_go_after_the_grace_period(world: World) -> None:
    vpc = world.vpc("ec2-ssm")
    world.settle(vpc)
    kept = {key: e["VpcEndpointId"] for key, e in world.endpoints(vpc).items() if key[1] == "Gateway"}
    world.tag(vpc, endpoint_profile="gateway")

    world.settle(vpc)
    assert set(world.marks(vpc)) == {"ssm", "ssmmessages", "ec2messages"}
    world.settle(vpc, now=NOW + timedelta(hours=24))

    assert {key: e["VpcEndpointId"] for key, e in world.endpoints(vpc).items()} == kept
    assert world.our_groups(vpc) == []


def test_a_mark_that_somebody_made_unreadable_is_made_anew(world: World) -> None:
    vpc = world.vpc("gateway")
    world.settle(vpc)
    world.untag(vpc, "endpoint-profile")
    ids = [e["VpcEndpointId"] for e in world.endpoints(vpc).values()]
    world.ec2.create_tags(Resources=ids, Tags=[{"Key": "vpce:delete-after", "Value": "whenever"}])

    world.settle(vpc)

    assert set(world.marks(vpc).values()) == {MARK}


def test_an_unreadable_mark_is_taken_off_what_is_wanted(world: World) -> None:
    """Else people read on it for ever that it goes."""
    vpc = world.vpc("gateway")
    world.settle(vpc)
    ids = [e["VpcEndpointId"] for e in world.endpoints(vpc).values()]
    world.ec2.create_tags(Resources=ids, Tags=[{"Key": "vpce:delete-after", "Value": "whenever"}])

    world.settle(vpc)

    assert world.marks(vpc) == {}


def test_people_are_told_at_once_how_to_keep_what_is_marked(world: World) -> None:
    vpc = world.vpc("gateway")
    world.settle(vpc)
    world.untag(vpc, "endpoint-profile")

    message = notice(PLACE, world.run(vpc).runs, ["a tag of the VPC changed"])

    assert message is not None
    assert "~ marked s3 (gateway)" in message.text
    assert f"to go at {utc(NOW + GRACE)}: the tag endpoint-profile is gone (it was 'gateway')" in message.text
    assert "To keep what is marked, put the tag endpoint-profile back." in message.text
    assert message.next_steps == (
        f"aws ec2 create-tags --region {REGION} --resources {vpc} --tags Key=endpoint-profile,Value=gateway",
    )


def test_a_run_that_would_delete_too_much_deletes_nothing_and_tells_the_numbers(world: World, calls: list[str]) -> None:
    vpc, other = world.vpc("ec2-ssm"), world.vpc("gateway")
    world.settle(vpc, other)
    world.tag(vpc, endpoint_profile="none")
    calls.clear()

    run = world.run(vpc)

    assert not [c for c in calls if c in WRITES]
    assert not run.again
    message = notice(PLACE, run.runs, ["x"])
    assert message is not None
    assert "5 of the installation's 7 endpoints here would go at once, more than 30 %" in message.text
    assert message.severity == "high"
    assert message.next_steps[0].endswith("--tags Key=endpoint-deletions,Value=allowed")

    world.tag(vpc, endpoint_deletions="allowed")
    world.settle(vpc)
    assert world.endpoints(vpc) == {}


def test_a_new_vpc_without_a_tag_gets_the_default_profile(world: World) -> None:
    vpc = world.vpc(None, zones="")

    world.settle(vpc, new=True)

    assert world.services(vpc) == {"s3", "dynamodb"}


def test_an_old_vpc_without_a_tag_gets_nothing(world: World) -> None:
    vpc = world.vpc(None)

    world.settle(vpc)

    assert world.endpoints(vpc) == {}


def test_a_late_event_does_not_make_a_vpc_new(world: World) -> None:
    """By then it may carry traffic, and gateway routes drop open connections."""
    vpc = world.vpc(None)

    world.run(vpc, new=True, at=NOW - timedelta(hours=2))

    assert world.endpoints(vpc) == {}


def test_default_endpoints_are_extended_to_later_route_tables_and_their_removal_is_respected(world: World) -> None:
    vpc = world.vpc(None, zones="")
    world.settle(vpc, new=True)
    world.ec2.create_route_table(VpcId=vpc)
    world.settle(vpc)
    assert {frozenset(e["RouteTableIds"]) for e in world.endpoints(vpc).values()} == {frozenset(world.tables(vpc))}

    world.ec2.delete_vpc_endpoints(VpcEndpointIds=[e["VpcEndpointId"] for e in world.endpoints(vpc).values()])
    world.settle(vpc)

    assert world.endpoints(vpc) == {}


def test_an_empty_default_profile_gives_new_vpcs_nothing(world: World) -> None:
    world.default_profile = ""
    vpc = world.vpc(None)

    world.settle(vpc, new=True)

    assert world.endpoints(vpc) == {}


def test_the_default_vpc_is_left_alone_without_a_tag(world: World) -> None:
    default = world.ec2.describe_vpcs(Filters=[{"Name": "is-default", "Values": ["true"]}])["Vpcs"][0]["VpcId"]

    world.settle(default, new=True)

    assert world.endpoints(default) == {}


# ---- bad input ----------------------------------------------------------------------------------------------------


def test_a_misspelt_profile_changes_nothing_is_told_and_blocks_nobody(world: World) -> None:
    sick, healthy = world.vpc("ecs-fargte"), world.vpc("gateway", cidr="10.9.0.0/16")

    told = text_of(world, sick, healthy)

    assert world.endpoints(sick) == {}
    assert "no profile 'ecs-fargte' (did you mean 'ecs-fargate'?)" in told
    assert world.services(healthy) == {"s3", "dynamodb"}


def test_a_misspelt_profile_is_told_once_and_not_by_events_of_others(world: World) -> None:
    vpc, told = world.vpc("ecs-fargte"), Told()

    assert [told.is_news(r, NOW) for r in world.run().runs] == [False]
    assert [told.is_news(r, NOW) for r in world.run(vpc).runs] == [True]
    assert [told.is_news(r, NOW) for r in world.run(vpc).runs] == [False]
    assert [told.is_news(r, NOW + timedelta(hours=2)) for r in world.run(vpc).runs] == [True]


def test_profiles_that_cannot_be_read_change_nothing(world: World) -> None:
    world.profiles = read_profiles(shipped_profiles(), "[private\n", own_source="SSM parameter /vpce/profiles")
    vpc = world.vpc("gateway")

    told = text_of(world, vpc)

    assert world.endpoints(vpc) == {}
    assert "SSM parameter /vpce/profiles is no valid TOML" in told


# ---- endpoint policies ------------------------------------------------------------------------------------------

POLICIES = """
[plain]
gateway = ["s3"]
interface = ["sqs"]
[open]
gateway = ["s3"]
interface = ["sqs"]
policy = "open"
[closed]
gateway = ["s3"]
interface = ["sqs"]
policy = "organization"
[own]
gateway = ["s3"]
interface = ["sqs"]
policy = "ours.json"
[odd]
interface = ["cloudformation"]
policy = "organization"
"""
NARROW = {"Statement": [{"Effect": "Allow", "Principal": "*", "Action": ["sqs:*", "s3:*"], "Resource": "*"}]}


@pytest.fixture
def policed(world: World) -> World:
    """An installation whose profiles say something of policies."""
    file = PolicyFile(source="s3://reports/policies/ours.json", text=json.dumps(NARROW, indent=4))
    profiles = read_profiles(shipped_profiles(), POLICIES)
    world.profiles = replace(profiles, organization="o-abcdefghij", files={"ours.json": file})
    return world


def policies(world: World, vpc: str) -> dict[str, Any]:
    return {name: json.loads(e["PolicyDocument"]) for (name, _), e in world.endpoints(vpc).items()}


@pytest.mark.parametrize("rewrites", [False, True])
@pytest.mark.parametrize("profile", ["plain", "open", "closed", "own"])
def test_endpoints_get_the_policy_of_their_profile_and_a_second_run_changes_nothing(
    policed: World,
    calls: list[str],
    profile: str,
    rewrites: bool,  # noqa: FBT001
) -> None:
    """Whether or not EC2 shows it in the words in which it came."""
    with strict_ec2.behave(rewrites_policies=rewrites):
        vpc = policed.vpc(profile)
        policed.settle(vpc)

        asked = policed.profiles.of(profile).policy
        for name, shown in policies(policed, vpc).items():
            assert same_policy(json.dumps(shown), asked.of(name, PLACE) if asked else "")
        calls.clear()
        policed.run(vpc)
        assert not [c for c in calls if c in WRITES]


def test_a_policy_that_somebody_changed_is_put_back_in_one_call_and_told(policed: World, calls: list[str]) -> None:
    vpc = policed.vpc("closed")
    policed.settle(vpc)
    before = policies(policed, vpc)
    for endpoint in policed.endpoints(vpc).values():
        policed.ec2.modify_vpc_endpoint(VpcEndpointId=endpoint["VpcEndpointId"], PolicyDocument=json.dumps(NARROW))
    calls.clear()

    told = text_of(policed, vpc)

    assert policies(policed, vpc) == before
    assert [c for c in calls if c in WRITES] == ["ModifyVpcEndpoint"] * 2
    assert "(policy): its endpoint policy is not the profile's" in told


@pytest.mark.parametrize(
    ("before", "after"), [("closed", "own"), ("own", "closed"), ("closed", "open"), ("plain", "own")]
)
def test_another_policy_is_brought_to_the_endpoints_that_are_there(policed: World, before: str, after: str) -> None:
    vpc, asked = policed.vpc(before), policed.profiles.of(after).policy
    policed.settle(vpc)
    ids = {e["VpcEndpointId"] for e in policed.endpoints(vpc).values()}
    assert asked is not None

    policed.tag(vpc, endpoint_profile=after)
    policed.settle(vpc)

    assert {e["VpcEndpointId"] for e in policed.endpoints(vpc).values()} == ids
    assert all(same_policy(json.dumps(p), asked.of(n, PLACE)) for n, p in policies(policed, vpc).items())


def test_a_profile_without_a_policy_opens_nothing_that_was_closed(policed: World, calls: list[str]) -> None:
    vpc = policed.vpc("closed")
    policed.settle(vpc)
    before = policies(policed, vpc)
    policed.tag(vpc, endpoint_profile="plain")
    calls.clear()

    policed.settle(vpc)

    assert policies(policed, vpc) == before
    assert not [c for c in calls if c in WRITES]


def test_a_service_that_takes_no_policy_is_served_and_the_plan_says_what_does_not_hold(policed: World) -> None:
    vpc = policed.vpc("odd")

    told = text_of(policed, vpc)

    assert policed.services(vpc) == {"cloudformation"}
    assert "its service takes no endpoint policy, so 'organization' does not hold there" in told


def test_a_file_that_is_not_there_changes_nothing_is_told_and_blocks_nobody(policed: World) -> None:
    lost = PolicyFile(source="s3://reports/policies/ours.json", trouble="is not there")
    policed.profiles = replace(policed.profiles, files={"ours.json": lost})
    sick, healthy = policed.vpc("own"), policed.vpc("closed", cidr="10.9.0.0/16")

    told = text_of(policed, sick, healthy)

    assert policed.endpoints(sick) == {}
    assert "profile 'own', its endpoint policy: s3://reports/policies/ours.json is not there" in told
    assert "Nothing was changed in this VPC." in told
    assert policed.services(healthy) == {"s3", "sqs"}


@pytest.mark.parametrize(
    ("key", "says"), [("endpoint-zones", "is no count of zones"), ("endpoint-addresses", "is no choice")]
)
def test_a_bad_tag_changes_nothing(world: World, key: str, says: str) -> None:
    vpc = world.vpc("gateway", tags={key: "two"})

    assert f"{key} = 'two' {says}" in text_of(world, vpc)
    assert world.endpoints(vpc) == {}


def test_a_service_that_the_region_lacks_is_told_and_the_rest_is_made(world: World) -> None:
    with strict_ec2.behave(missing_services=frozenset({f"com.amazonaws.{REGION}.ssm"})):
        vpc = world.vpc("ec2-ssm")

        told = text_of(world, vpc)

        assert "eu-west-1 offers no interface endpoint for it" in told
        assert {"ssmmessages", "s3", "dynamodb"} <= world.services(vpc)


def test_an_optional_service_that_the_region_lacks_is_no_failure(world: World) -> None:
    with strict_ec2.behave(missing_services=frozenset({f"com.amazonaws.{REGION}.ec2messages"})):
        vpc = world.vpc("ec2-ssm")

        told = text_of(world, vpc)

        assert "ec2messages" not in told
        assert "ssm" in world.services(vpc)


def test_a_vpc_that_vanished_is_no_error(world: World) -> None:
    run = world.run("vpc-0123456789abcdef0")

    assert (run.runs, run.again, run.errors) == ((), (), {})


def test_a_vpc_that_vanishes_while_we_act_is_no_failure_for_people(
    world: World, aws_fails: Callable[..., None]
) -> None:
    vpc = world.vpc("gateway")
    aws_fails("CreateVpcEndpoint", "InvalidVpcID.NotFound", times=2)

    run = world.run(vpc)

    assert {o.verdict for o in run.runs[0].outcomes} == {Verdict.RETRY}


@pytest.mark.parametrize("operation", READS)
def test_a_place_that_cannot_be_read_whole_is_not_changed(
    world: World, aws_fails: Callable[..., None], operation: str
) -> None:
    """A half-read VPC looks like one with endpoints missing."""
    vpc = world.vpc("gateway")
    aws_fails(operation, "UnauthorizedOperation")

    with pytest.raises(Exception, match="UnauthorizedOperation"):
        world.run(vpc)

    assert world.endpoints(vpc) == {}


def test_a_denied_call_is_told_with_its_fix_and_not_tried_again(world: World, aws_fails: Callable[..., None]) -> None:
    vpc = world.vpc("gateway")
    aws_fails("CreateVpcEndpoint", "UnauthorizedOperation", times=2)

    run = world.run(vpc)
    message = notice(PLACE, run.runs, ["test"])

    assert run.again == ()
    assert message is not None
    assert "CreateVpcEndpoint: UnauthorizedOperation" in message.text
    assert "allow it to vpce's role" in message.text


def test_without_its_security_group_no_interface_endpoint_is_made(world: World, aws_fails: Callable[..., None]) -> None:
    """Its names would resolve to an endpoint that lets nobody in."""
    vpc = world.vpc("ec2-ssm")
    aws_fails("AuthorizeSecurityGroupIngress", "InternalError", status=500)

    world.run(vpc)

    assert {kind for _, kind in world.endpoints(vpc)} == {"Gateway"}
    world.settle(vpc)
    assert "ssm" in world.services(vpc)
    assert len(world.our_groups(vpc)) == 1


def test_a_throttled_create_is_paced_and_succeeds_in_the_same_run(world: World, aws_fails: Callable[..., None]) -> None:
    vpc = world.vpc("gateway")
    aws_fails("CreateVpcEndpoint", "RequestLimitExceeded", times=3, status=503)

    run = world.run(vpc)

    assert [o.verdict for o in run.runs[0].outcomes] == [Verdict.DONE, Verdict.DONE]


def test_a_subnet_without_a_free_address_is_passed_over(world: World) -> None:
    vpc = world.vpc("ec2-ssm", zones="")
    full = world.ec2.create_subnet(VpcId=vpc, CidrBlock="10.0.0.0/28", AvailabilityZone=f"{REGION}a")["Subnet"]
    for _ in range(full["AvailableIpAddressCount"]):
        world.ec2.create_network_interface(SubnetId=full["SubnetId"])
    world.ec2.create_subnet(VpcId=vpc, CidrBlock="10.0.1.0/24", AvailabilityZone=f"{REGION}b")

    told = text_of(world, vpc)

    assert "no subnet in eu-west-1a has a free IPv4 address" in told
    assert len(world.endpoints(vpc)["ssm", "Interface"]["SubnetIds"]) == 1


def test_a_full_subnet_that_ec2_reports_as_free_fails_for_people(world: World, aws_fails: Callable[..., None]) -> None:
    vpc = world.vpc("ec2-ssm")
    aws_fails("CreateVpcEndpoint", "InsufficientFreeAddressesInSubnet", times=1, skip=2)

    run = world.run(vpc)
    message = notice(PLACE, run.runs, ["test"])

    assert message is not None
    assert "free some addresses there" in message.text


def test_a_private_dns_conflict_is_looked_at_again_and_then_told(world: World) -> None:
    """It may be our own endpoint that EC2 does not show yet; if it stays, people must know."""
    vpc = world.vpc("ec2-ssm")
    world.ec2.modify_vpc_attribute(VpcId=vpc, EnableDnsHostnames={"Value": True})
    route53: Any = SESSION.client("route53")
    route53.create_hosted_zone(
        Name=f"ssm.{REGION}.amazonaws.com",
        CallerReference="1",
        HostedZoneConfig={"PrivateZone": True},
        VPC={"VPCRegion": cast("Any", REGION), "VPCId": vpc},
    )

    runs = world.settle(vpc)

    assert "ssm" not in world.services(vpc)
    assert "ssmmessages" in world.services(vpc)
    assert runs[-1].runs[0].gave_up
    message = notice(PLACE, runs[-1].runs, ["test"])
    assert message is not None
    assert "conflicting DNS domain" in message.text


def test_our_own_bug_in_one_vpc_costs_the_others_nothing(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    sick, healthy = sorted((world.vpc("gateway"), world.vpc("gateway", cidr="10.9.0.0/16")))

    def broken(vpc: Any, *arguments: Any) -> Any:
        if vpc.id == sick:
            raise ZeroDivisionError
        return make_plan(vpc, *arguments)

    monkeypatch.setattr("vpce.reconcile.make_plan", broken)

    run = world.run(sick, healthy)

    assert world.services(healthy) == {"s3", "dynamodb"}
    assert {v: type(e) for v, e in run.errors.items()} == {sick: ZeroDivisionError}


def test_our_group_without_our_tag_stops_interface_endpoints_and_says_what_to_do(world: World) -> None:
    """EC2 would refuse a second group of the name, and an endpoint without it would let nobody in."""
    vpc = world.vpc("ec2-ssm")
    world.settle(vpc)
    group = world.our_groups(vpc)[0]["GroupId"]
    world.ec2.delete_tags(Resources=[group], Tags=[{"Key": "vpce:managed-by"}])
    _delete_endpoint(world, vpc)

    told = text_of(world, vpc)

    assert f"{group} bears our group's name without our tag; tag it vpce:managed-by, or delete it" in told
    assert "ssm" not in world.services(vpc)
    assert not world.run(vpc).again


def test_names_that_a_leaving_endpoint_holds_are_waited_for(world: World) -> None:
    now = [0.0]
    with strict_ec2.behave(deleting=60.0, clock=lambda: now[0]):
        vpc = world.vpc("ec2-ssm")
        world.settle(vpc)
        _private_dns_off(world, vpc)
        theirs = _foreign(world, vpc, "ssm", VpcEndpointType="Interface", PrivateDnsEnabled=True)
        assert not world.run(vpc).again
        world.ec2.delete_vpc_endpoints(VpcEndpointIds=[theirs])

        assert world.run(vpc).again
        now[0] += 61
        world.settle(vpc)

        assert world.endpoints(vpc)["ssm", "Interface"]["PrivateDnsEnabled"] is True


@pytest.mark.parametrize(
    "message",
    [
        "Enabling private DNS requires both enableDnsSupport and enableDnsHostnames VPC attributes",
        "the VPC vpc-1 must have a Gateway endpoint for the service.",
    ],
)
def test_what_follows_at_once_on_our_own_call_is_tried_again(
    world: World, aws_fails: Callable[..., None], message: str
) -> None:
    """EC2 is eventually consistent: it may not have seen our call of a moment ago."""
    vpc = world.vpc("ec2-ssm")
    aws_fails("CreateVpcEndpoint", "InvalidParameter", message=message, skip=2)

    runs = world.settle(vpc)

    assert len(runs) == 2
    assert {o.verdict for o in runs[0].runs[0].outcomes} == {Verdict.DONE, Verdict.RETRY}
    assert {"ssm", "ssmmessages"} <= world.services(vpc)


def test_dns_attributes_are_read_only_where_they_matter(world: World, calls: list[str]) -> None:
    vpc = world.vpc("gateway")
    _foreign(world, vpc, "sqs", VpcEndpointType="Interface", PrivateDnsEnabled=False)
    calls.clear()

    world.run()

    assert "DescribeVpcAttribute" not in calls


# ---- pace ---------------------------------------------------------------------------------------------------------


def test_changes_never_run_into_ec2s_token_buckets(world: World) -> None:
    with strict_ec2.behave(buckets=True, clock=world.clock):
        vpc = world.vpc("private")
        started = world.clock.now

        runs = world.settle(vpc)

        assert {o.verdict for r in runs for one in r.runs for o in one.outcomes} == {Verdict.DONE}
        creations = len(world.endpoints(vpc))
        assert world.clock.now - started >= (creations - 4) / 0.3 - 1


def test_what_does_not_fit_into_the_invocation_goes_on_by_another_look(world: World) -> None:
    vpc = world.vpc("private")
    world.pace.budget(25)

    run = world.run(vpc)

    assert {o.verdict for o in run.runs[0].outcomes} == {Verdict.DONE, Verdict.DEFERRED}
    assert [(look.vpcs, look.since) for look in run.again] == [(frozenset({vpc}), "")]
    world.pace.budget(10_000)
    world.settle(vpc)
    assert {"s3", "sts"} <= world.services(vpc)


def test_every_create_carries_a_client_token_that_repeats_with_the_message(world: World, ec2: Any) -> None:
    tokens: list[str] = []
    ec2.meta.events.register_first(
        "before-call.ec2.CreateVpcEndpoint", lambda params, **_: tokens.append(params["body"]["ClientToken"])
    )
    vpc = world.vpc("gateway")
    world.run(vpc)
    first = list(tokens)
    world.ec2.delete_vpc_endpoints(VpcEndpointIds=[e["VpcEndpointId"] for e in world.endpoints(vpc).values()])
    world.generation -= 1
    world.run(vpc)

    assert len(set(first)) == 2
    assert tokens[2:] == first
    world.ec2.delete_vpc_endpoints(VpcEndpointIds=[e["VpcEndpointId"] for e in world.endpoints(vpc).values()])
    world.run(vpc)
    assert set(tokens[4:]).isdisjoint(first)


def test_a_place_is_looked_at_with_a_constant_number_of_calls(world: World, calls: list[str]) -> None:
    for number in range(9):  # two gateways each; the quota is 20
        world.vpc("gateway", cidr=f"10.{number}.0.0/16")
    world.settle()
    calls.clear()

    world.run()

    assert sorted(calls) == sorted(READS)
