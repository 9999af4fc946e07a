"""A new version over an old one changes no endpoint: what the first version left is at rest for this one.

The state is written out here call by call, not made by the code of today: tags Name, vpce:managed-by and vpce:profile;
IPv4; no policy; no mark; a security group whose rules bear our description.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.aws.conftest import REGION, World
from vpce.aws.parameters import shipped_profiles
from vpce.core.model import Kind
from vpce.core.profile import read_profiles

if TYPE_CHECKING:
    from collections.abc import Iterable

SHIPPED = read_profiles(shipped_profiles()).tables


def left_by_the_first_version(world: World, profile: str, services: Iterable[str], gateways: Iterable[str]) -> str:
    """A VPC as it was brought to a profile then."""
    vpc, ec2 = world.vpc(profile, tables=1), world.ec2
    ec2.modify_vpc_attribute(VpcId=vpc, EnableDnsHostnames={"Value": True})
    if services:
        group = _group(world, vpc)
    subnets = ec2.describe_subnets(Filters=[{"Name": "vpc-id", "Values": [vpc]}])["Subnets"]
    for service in gateways:
        _endpoint(world, vpc, service, profile, VpcEndpointType="Gateway", RouteTableIds=sorted(world.tables(vpc)))
    for service in services:
        _endpoint(
            *(world, vpc, service, profile),
            VpcEndpointType="Interface",
            SubnetIds=sorted(s["SubnetId"] for s in subnets),
            SecurityGroupIds=[group],
            PrivateDnsEnabled=True,
        )
    return vpc


def _endpoint(world: World, vpc: str, service: str, profile: str, **more: Any) -> None:
    tags = {"Name": f"vpce/{service}", "vpce:managed-by": "vpce", "vpce:profile": profile}
    world.ec2.create_vpc_endpoint(
        VpcId=vpc,
        ServiceName=f"com.amazonaws.{REGION}.{service}",
        TagSpecifications=[{"ResourceType": "vpc-endpoint", "Tags": [{"Key": k, "Value": v} for k, v in tags.items()]}],
        **more,
    )


def _group(world: World, vpc: str) -> str:
    tags: Any = [{"Key": "Name", "Value": "vpce/endpoints"}, {"Key": "vpce:managed-by", "Value": "vpce"}]
    group = world.ec2.create_security_group(
        GroupName="vpce-endpoints",
        Description="Lets the VPC reach its interface endpoints; kept by vpce (vpce)",
        VpcId=vpc,
        TagSpecifications=[{"ResourceType": "security-group", "Tags": tags}],
    )["GroupId"]
    source = {"CidrIp": "10.0.0.0/16", "Description": "vpce: a CIDR of this VPC"}
    rule: Any = {"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443, "IpRanges": [source]}
    world.ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=[rule])
    return group


@pytest.mark.parametrize("profile", sorted(SHIPPED))
def test_what_the_first_version_left_has_an_empty_plan(world: World, profile: str) -> None:
    wanted = SHIPPED[profile]
    offered = [s for s in wanted.interface if _is_offered(world, s)]
    vpc = left_by_the_first_version(world, profile, offered, wanted.gateway)
    before = world.endpoints(vpc)

    (run,) = world.run(vpc).runs

    assert run.plan
    assert [type(a).__name__ for a in run.plan.actions] == []
    assert (run.outcomes, run.trouble) == ((), ())
    assert world.endpoints(vpc) == before


def _is_offered(world: World, service: str) -> bool:
    return world.around.catalog.find(service, Kind.INTERFACE) is not None


def test_what_the_first_version_left_unasked_is_marked_and_nothing_else(world: World) -> None:
    """It would have kept it for ever. People are told a day before it goes, and can keep it."""
    vpc = left_by_the_first_version(world, "gateway", ["sqs"], ["s3", "dynamodb"])
    before = {name: {**e, "Tags": []} for name, e in world.endpoints(vpc).items()}

    world.settle(vpc)

    assert set(world.marks(vpc)) == {"sqs"}
    assert {name: {**e, "Tags": []} for name, e in world.endpoints(vpc).items()} == before
