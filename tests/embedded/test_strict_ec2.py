"""Does moto's EC2, made strict, refuse and wait as AWS does?"""

from __future__ import annotations

import functools
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, cast

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError
from moto import mock_aws
from moto.core import DEFAULT_ACCOUNT_ID
from moto.ec2.models import ec2_backends
from moto.ec2.models.vpcs import VPCBackend

from embedded import strict_ec2

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from mypy_boto3_ec2 import EC2Client

REGION = "us-east-1"
SQS, S3, NAMELESS = (f"com.amazonaws.{REGION}.{name}" for name in ("sqs", "s3", "iot.data"))
ALLOW = {"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*"}
POLICY = {"Statement": [ALLOW]}
# One session for all tests: it keeps EC2's large model, which boto3.client would read again for each of them.
SESSION = boto3.Session(aws_access_key_id="testing", aws_secret_access_key="testing", region_name=REGION)
NOT_INBOUND = {"PrivateDnsOnlyForInboundResolverEndpoint": False}


@dataclass(slots=True)
class Clock:
    """Time that passes when a test says so."""

    seconds: float = 1_800_000_000.0

    def __call__(self) -> float:
        return self.seconds

    def passes(self, seconds: float) -> None:
        self.seconds += seconds


@dataclass(slots=True)
class Network:
    """One VPC that private DNS works in, with a subnet in each of two zones."""

    ec2: EC2Client
    vpc_id: str = ""
    subnets: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.vpc_id = self.ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
        self.ec2.modify_vpc_attribute(VpcId=self.vpc_id, EnableDnsHostnames={"Value": True})
        self.subnets = [self.subnet("10.0.1.0/24", "a"), self.subnet("10.0.2.0/24", "b")]

    def subnet(self, cidr: str, zone: str) -> str:
        made = self.ec2.create_subnet(VpcId=self.vpc_id, CidrBlock=cidr, AvailabilityZone=f"{REGION}{zone}")
        return made["Subnet"]["SubnetId"]

    def give_ipv6(self, *subnets: str) -> list[str]:
        """The associations of their blocks; the VPC gets its own by the way."""
        vpc: Any = self.ec2.describe_vpcs(VpcIds=[self.vpc_id])["Vpcs"][0]
        if not vpc.get("Ipv6CidrBlockAssociationSet"):
            self.ec2.associate_vpc_cidr_block(VpcId=self.vpc_id, AmazonProvidedIpv6CidrBlock=True)
            vpc = self.ec2.describe_vpcs(VpcIds=[self.vpc_id])["Vpcs"][0]
        block = vpc["Ipv6CidrBlockAssociationSet"][0]["Ipv6CidrBlock"].removesuffix("00::/56")
        made = [
            self.ec2.associate_subnet_cidr_block(SubnetId=s, Ipv6CidrBlock=f"{block}{self.subnets.index(s):02x}::/64")
            for s in subnets
        ]
        return [one["Ipv6CidrBlockAssociation"]["AssociationId"] for one in made]

    def group(self, name: str = "endpoints") -> str:
        return self.ec2.create_security_group(VpcId=self.vpc_id, GroupName=name, Description=name)["GroupId"]

    def main_table(self) -> str:
        found = self.ec2.describe_route_tables(Filters=[{"Name": "vpc-id", "Values": [self.vpc_id]}])
        return found["RouteTables"][0]["RouteTableId"]

    def prefix_lists(self, table_id: str) -> list[str]:
        table = self.ec2.describe_route_tables(RouteTableIds=[table_id])["RouteTables"][0]
        return [route["GatewayId"] for route in table["Routes"] if "DestinationPrefixListId" in route]

    def interface(self, service: str = SQS, **more: Any) -> Any:
        asked = {"VpcEndpointType": "Interface", "SubnetIds": self.subnets[:1], **more}
        return self.ec2.create_vpc_endpoint(VpcId=self.vpc_id, ServiceName=service, **asked)["VpcEndpoint"]

    def gateway(self, service: str = S3, **more: Any) -> Any:
        return self.ec2.create_vpc_endpoint(VpcId=self.vpc_id, ServiceName=service, **more)["VpcEndpoint"]

    def endpoint(self, endpoint_id: str) -> Any:
        return self.ec2.describe_vpc_endpoints(VpcEndpointIds=[endpoint_id])["VpcEndpoints"][0]

    def modify(self, endpoint_id: str, **changes: Any) -> None:
        self.ec2.modify_vpc_endpoint(VpcEndpointId=endpoint_id, **changes)

    def delete(self, *endpoint_ids: str) -> list[Any]:
        return list(self.ec2.delete_vpc_endpoints(VpcEndpointIds=list(endpoint_ids))["Unsuccessful"])

    def free_addresses(self, subnet_id: str) -> int:
        return self.ec2.describe_subnets(SubnetIds=[subnet_id])["Subnets"][0]["AvailableIpAddressCount"]

    def interfaces(self) -> list[Any]:
        found = self.ec2.describe_network_interfaces(Filters=[{"Name": "vpc-id", "Values": [self.vpc_id]}])
        return list(found["NetworkInterfaces"])


@pytest.fixture
def clock() -> Iterator[Clock]:
    strict_ec2.install()
    clock = Clock()
    with strict_ec2.behave(clock=clock):
        yield clock


@pytest.fixture
def ec2(clock: Clock) -> Iterator[EC2Client]:
    assert clock
    # Bad values must reach EC2, and a throttled call must come back, so botocore neither checks nor repeats.
    as_asked = Config(retries={"total_max_attempts": 1}, parameter_validation=False)
    with mock_aws():
        yield SESSION.client("ec2", config=as_asked)


@pytest.fixture
def net(ec2: EC2Client) -> Network:
    return Network(ec2)


def refused(call: Callable[[], Any]) -> tuple[str, str]:
    with pytest.raises(ClientError) as caught:
        call()
    error = caught.value.response["Error"]
    return error["Code"], error["Message"]


# creating


def test_an_unknown_service_is_refused(net: Network) -> None:
    code, text = refused(lambda: net.interface(f"com.amazonaws.{REGION}.nonesuch"))
    assert code == "InvalidServiceName"
    assert "nonesuch" in text


def test_a_service_the_region_lacks_is_refused_and_not_listed(net: Network) -> None:
    with strict_ec2.behave(missing_services=frozenset({SQS})):
        assert refused(net.interface)[0] == "InvalidServiceName"
        assert SQS not in net.ec2.describe_vpc_endpoint_services()["ServiceNames"]
    assert SQS in net.ec2.describe_vpc_endpoint_services()["ServiceNames"]


def test_an_endpoint_is_a_gateway_unless_the_call_says_otherwise(net: Network) -> None:
    code, text = refused(lambda: net.gateway(SQS))
    assert code == "InvalidParameter"
    assert text == "Endpoint type (Gateway) does not match available service types ([Interface])."


def test_a_zone_the_service_does_not_support_is_refused(net: Network) -> None:
    with strict_ec2.behave(zones={SQS: frozenset({f"{REGION}b"})}):
        code, text = refused(net.interface)
        [offer] = net.ec2.describe_vpc_endpoint_services(ServiceNames=[SQS])["ServiceDetails"]
    assert code == "InvalidParameter"
    assert "does not support the availability zone of the subnet: " + net.subnets[0] in text
    assert offer["AvailabilityZones"] == [f"{REGION}b"]


def test_two_subnets_of_one_zone_are_refused(net: Network) -> None:
    both = [net.subnets[0], net.subnet("10.0.3.0/24", "a")]
    assert refused(lambda: net.interface(SubnetIds=both))[0] == "DuplicateSubnetsInSameZone"


def test_a_subnet_of_another_vpc_is_refused(net: Network) -> None:
    other = Network(net.ec2)
    assert refused(lambda: net.interface(SubnetIds=other.subnets))[0] == "InvalidParameter"


def test_a_security_group_of_another_vpc_is_refused(net: Network) -> None:
    other = Network(net.ec2).group()
    assert refused(lambda: net.interface(SecurityGroupIds=[other]))[0] == "InvalidParameter"


def test_an_unknown_security_group_is_refused(net: Network) -> None:
    assert refused(lambda: net.interface(SecurityGroupIds=["sg-0123456789abcdef0"]))[0] == "InvalidGroup.NotFound"


def test_without_security_groups_the_default_one_is_taken(net: Network) -> None:
    assert [group["GroupName"] for group in net.interface()["Groups"]] == ["default"]


def test_a_full_subnet_is_refused(net: Network) -> None:
    small = net.subnet("10.0.9.0/28", "c")
    for _ in range(11):
        net.interface(SubnetIds=[small], PrivateDnsEnabled=False)
    assert net.free_addresses(small) == 0
    code, _ = refused(lambda: net.interface(SubnetIds=[small], PrivateDnsEnabled=False))
    assert code == "InsufficientFreeAddressesInSubnet"


def test_the_quota_of_interface_endpoints_counts_by_vpc(net: Network) -> None:
    other = Network(net.ec2)
    with strict_ec2.behave(interface_quota=1):
        net.interface()
        other.interface()
        assert refused(lambda: net.interface(NAMELESS))[0] == "VpcEndpointLimitExceeded"


def test_the_quota_of_gateway_endpoints_counts_by_region(net: Network) -> None:
    other = Network(net.ec2)
    with strict_ec2.behave(gateway_quota=1):
        net.gateway()
        assert refused(other.gateway)[0] == "VpcEndpointLimitExceeded"


def test_an_endpoint_that_is_being_deleted_counts_unless_ec2_is_told_otherwise(net: Network) -> None:
    with strict_ec2.behave(interface_quota=1, deleting=60):
        net.delete(net.interface()["VpcEndpointId"])
        assert refused(lambda: net.interface(NAMELESS))[0] == "VpcEndpointLimitExceeded"
        with strict_ec2.behave(interface_quota=1, deleting=60, leaving_counts=False):
            net.interface(NAMELESS)


@pytest.mark.parametrize("service", [SQS, S3])
def test_subnets_and_route_tables_belong_to_one_type_each(net: Network, service: str) -> None:
    if service == SQS:
        code, text = refused(lambda: net.interface(RouteTableIds=[net.main_table()]))
    else:
        code, text = refused(lambda: net.gateway(SubnetIds=net.subnets))
    assert code == "InvalidParameter"
    assert "only supported for" in text


def test_a_second_gateway_route_in_a_table_is_refused(net: Network) -> None:
    table = net.main_table()
    net.gateway(RouteTableIds=[table])
    code, text = refused(lambda: net.gateway(RouteTableIds=[table]))
    assert code == "RouteAlreadyExists"
    assert f"route table {table} already has a route with destination-prefix-list-id pl-" in text


def test_the_code_for_a_taken_route_may_be_the_general_one(net: Network) -> None:
    table = net.main_table()
    net.gateway(RouteTableIds=[table])
    with strict_ec2.behave(route_exists="InvalidParameter"):
        code, text = refused(lambda: net.gateway(RouteTableIds=[table]))
    assert code == "InvalidParameter"
    assert f"route table {table} already has a route with destination-prefix-list-id pl-" in text


def test_a_route_table_of_another_vpc_is_refused(net: Network) -> None:
    other = Network(net.ec2).main_table()
    assert refused(lambda: net.gateway(RouteTableIds=[other]))[0] == "InvalidParameter"


@pytest.mark.parametrize(
    "policy",
    ["no JSON", '"text"', "{}", '{"Statement": [{"Effect": "Allow"}]}', json.dumps(POLICY) + " " * 20_480],
    ids=["not JSON", "not an object", "no statement", "no principal", "too long"],
)
def test_a_bad_policy_is_refused(net: Network, policy: str) -> None:
    assert refused(lambda: net.interface(PolicyDocument=policy))[0] == "InvalidPolicyDocument"


def test_a_gateways_policy_is_for_everybody(net: Network) -> None:
    policy = json.dumps({"Statement": {**ALLOW, "Principal": {"AWS": "123456789012"}}})
    assert refused(lambda: net.gateway(PolicyDocument=policy))[0] == "InvalidPolicyDocument"
    made = net.gateway(PolicyDocument=json.dumps(POLICY))["VpcEndpointId"]
    assert refused(lambda: net.modify(made, PolicyDocument=policy))[0] == "InvalidPolicyDocument"
    assert net.interface(PolicyDocument=policy)["PolicyDocument"] == policy


def test_a_service_that_takes_no_policy_takes_full_access_only(net: Network) -> None:
    service = f"com.amazonaws.{REGION}.cloudformation"
    limited = json.dumps({"Statement": {**ALLOW, "Action": "cloudformation:Describe*"}})
    code, text = refused(lambda: net.interface(service, PolicyDocument=limited))
    assert (code, text) == ("InvalidParameter", f"Service {service} only supports the full-access endpoint policy.")
    made = net.interface(service, PolicyDocument=json.dumps(POLICY))["VpcEndpointId"]
    assert refused(lambda: net.modify(made, PolicyDocument=limited))[0] == "InvalidParameter"
    assert net.endpoint(made)["PolicyDocument"] == json.dumps(POLICY)


def test_a_policy_may_be_shown_in_another_order_and_spelling(net: Network) -> None:
    both = json.dumps({"Statement": [ALLOW, {**ALLOW, "Action": ["sqs:SendMessage", "sqs:GetQueueUrl"]}]})
    assert net.interface(PolicyDocument=both, PrivateDnsEnabled=False)["PolicyDocument"] == both
    with strict_ec2.behave(rewrites_policies=True):
        shown = net.interface(PolicyDocument=both, PrivateDnsEnabled=False)["PolicyDocument"]
    assert json.loads(shown)["Statement"] == [
        {**ALLOW, "Action": ["sqs:SendMessage", "sqs:GetQueueUrl"], "Principal": {"AWS": "*"}},
        {**ALLOW, "Principal": {"AWS": "*"}},
    ]


def test_a_dry_run_creates_nothing(net: Network) -> None:
    assert refused(lambda: net.interface(DryRun=True))[0] == "DryRunOperation"
    assert net.ec2.describe_vpc_endpoints()["VpcEndpoints"] == []


def test_a_repeated_client_token_gives_the_first_endpoint(net: Network) -> None:
    first, second = (net.interface(ClientToken="one") for _ in range(2))
    assert first["VpcEndpointId"] == second["VpcEndpointId"]
    assert len(net.ec2.describe_vpc_endpoints()["VpcEndpoints"]) == 1


def test_a_client_token_stands_for_one_set_of_parameters(net: Network) -> None:
    net.interface(ClientToken="one")
    assert refused(lambda: net.interface(NAMELESS, ClientToken="one"))[0] == "IdempotentParameterMismatch"


def test_a_client_token_brings_no_deleted_endpoint_back(net: Network) -> None:
    gone = net.interface(ClientToken="one")["VpcEndpointId"]
    net.delete(gone)
    again = net.interface(ClientToken="one")
    assert (again["VpcEndpointId"], again["State"]) == (gone, "deleted")
    assert net.ec2.describe_vpc_endpoints()["VpcEndpoints"] == []


# address types


def types_of(endpoint: Any) -> tuple[str, str]:
    return endpoint["IpAddressType"], endpoint["DnsOptions"]["DnsRecordIpType"]


def test_dualstack_needs_subnets_with_ipv6(net: Network) -> None:
    asked: Any = {"IpAddressType": "dualstack", "SubnetIds": net.subnets}
    assert refused(lambda: net.interface(**asked))[0] == "InvalidParameter"
    net.give_ipv6(net.subnets[0])
    assert refused(lambda: net.interface(**asked))[0] == "InvalidParameter"
    net.give_ipv6(net.subnets[1])
    assert net.interface(**asked)["IpAddressType"] == "dualstack"


@pytest.mark.parametrize("address_type", ["ipv4", "dualstack", "ipv6"])
def test_subnets_must_have_what_an_endpoint_is_to_have_and_for_ipv6_nothing_else(
    net: Network, address_type: str
) -> None:
    net.give_ipv6(*net.subnets)
    block = net.ec2.describe_subnets(SubnetIds=net.subnets[:1])["Subnets"][0]["Ipv6CidrBlockAssociationSet"][0]
    six = block["Ipv6CidrBlock"].replace("00::/64", "0f::/64")
    only_six = net.ec2.create_subnet(VpcId=net.vpc_id, Ipv6CidrBlock=six, Ipv6Native=True)["Subnet"]["SubnetId"]
    wrong = net.subnets[0] if address_type == "ipv6" else only_six
    assert "does not match" in refused(lambda: net.interface(IpAddressType=address_type, SubnetIds=[wrong]))[1]


def test_an_address_type_that_the_service_does_not_support_is_refused(net: Network) -> None:
    net.give_ipv6(*net.subnets)
    ecr, dynamodb = (f"com.amazonaws.{REGION}.{name}" for name in ("ecr.api", "dynamodb"))
    details = net.ec2.describe_vpc_endpoint_services(ServiceNames=[ecr, SQS])["ServiceDetails"]
    assert {d["ServiceName"]: d["SupportedIpAddressTypes"] for d in details} == {ecr: ["ipv4"], SQS: ["ipv6", "ipv4"]}
    assert "not supported" in refused(lambda: net.interface(ecr, IpAddressType="dualstack"))[1]
    assert "not supported" in refused(lambda: net.gateway(dynamodb, IpAddressType="dualstack"))[1]


def test_records_are_of_the_address_type_unless_told_and_must_go_with_it(net: Network) -> None:
    net.give_ipv6(*net.subnets)
    assert types_of(net.gateway()) == ("ipv4", "service-defined")
    assert types_of(net.gateway(IpAddressType="dualstack")) == ("dualstack", "service-defined")
    asked: dict[str, Any] = {"PrivateDnsEnabled": False}
    assert types_of(net.interface(**asked)) == ("ipv4", "ipv4")
    assert types_of(net.interface(**asked, IpAddressType="dualstack")) == ("dualstack", "dualstack")
    for records in ("ipv4", "service-defined"):
        dual = net.interface(**asked, IpAddressType="dualstack", DnsOptions={"DnsRecordIpType": records})
        assert types_of(dual) == ("dualstack", records)
    for records in ("dualstack", "ipv6", "service-defined"):
        call = functools.partial(net.interface, **asked, DnsOptions={"DnsRecordIpType": records})
        assert "not compatible" in refused(call)[1]


def test_modify_changes_the_address_type_and_not_the_records(net: Network) -> None:
    net.give_ipv6(*net.subnets)
    endpoint_id = net.interface()["VpcEndpointId"]
    net.modify(endpoint_id, IpAddressType="dualstack")
    assert types_of(net.endpoint(endpoint_id)) == ("dualstack", "ipv4")
    assert [len(i["Ipv6Addresses"]) for i in net.interfaces()] == [1]
    net.modify(endpoint_id, DnsOptions={"DnsRecordIpType": "dualstack"})
    assert "not compatible" in refused(lambda: net.modify(endpoint_id, IpAddressType="ipv4"))[1]
    net.modify(endpoint_id, IpAddressType="ipv4", DnsOptions={"DnsRecordIpType": "ipv4"})
    assert types_of(net.endpoint(endpoint_id)) == ("ipv4", "ipv4")
    assert [len(i["Ipv6Addresses"]) for i in net.interfaces()] == [0]


def test_a_dual_stack_endpoint_takes_no_subnet_without_ipv6(net: Network) -> None:
    net.give_ipv6(net.subnets[0])
    endpoint_id = net.interface(IpAddressType="dualstack")["VpcEndpointId"]
    assert refused(lambda: net.modify(endpoint_id, AddSubnetIds=net.subnets[1:]))[0] == "InvalidParameter"
    ipv4: Any = {"IpAddressType": "ipv4", "DnsOptions": {"DnsRecordIpType": "ipv4"}}
    net.modify(endpoint_id, AddSubnetIds=net.subnets[1:], **ipv4)
    assert net.endpoint(endpoint_id)["SubnetIds"] == net.subnets


@pytest.mark.parametrize("before", ["ipv4", "dualstack"])
def test_no_endpoint_changes_to_ipv6_only(net: Network, before: str) -> None:
    net.give_ipv6(*net.subnets)
    endpoint_id = net.gateway(IpAddressType=before)["VpcEndpointId"]
    assert "cannot change" in refused(lambda: net.modify(endpoint_id, IpAddressType="ipv6"))[1]


def test_what_a_change_of_dns_options_leaves_out_is_the_default_again(net: Network) -> None:
    net.give_ipv6(*net.subnets)
    net.gateway(IpAddressType="dualstack")
    endpoint_id = net.interface(S3, DnsOptions=NOT_INBOUND)["VpcEndpointId"]
    change: Any = {"IpAddressType": "dualstack", "DnsOptions": {"DnsRecordIpType": "dualstack"}}
    net.modify(endpoint_id, **change)
    assert net.endpoint(endpoint_id)["DnsOptions"]["PrivateDnsOnlyForInboundResolverEndpoint"] is True


def test_names_for_inbound_resolvers_go_with_the_records_of_the_gateway(net: Network) -> None:
    net.give_ipv6(*net.subnets)
    net.gateway(DnsOptions={"DnsRecordIpType": "ipv4"})
    assert "does not match" in refused(lambda: net.interface(S3, IpAddressType="dualstack"))[1]
    assert types_of(net.interface(S3)) == ("ipv4", "ipv4")


def test_a_dual_stack_gateway_has_a_route_for_each_kind_of_address(net: Network) -> None:
    net.give_ipv6(*net.subnets)
    table = net.main_table()
    endpoint_id = net.gateway(IpAddressType="dualstack", RouteTableIds=[table])["VpcEndpointId"]
    assert net.prefix_lists(table) == [endpoint_id] * 2
    net.modify(endpoint_id, IpAddressType="ipv4")
    assert net.prefix_lists(table) == [endpoint_id]
    net.modify(endpoint_id, IpAddressType="dualstack", RemoveRouteTableIds=[table])
    assert net.prefix_lists(table) == []


def test_a_dual_stack_gateway_is_for_subnets_with_ipv6(net: Network) -> None:
    table = net.main_table()
    asked: Any = {"IpAddressType": "dualstack", "RouteTableIds": [table]}
    assert refused(lambda: net.gateway(**asked))[0] == "InvalidParameter"
    own = net.ec2.create_route_table(VpcId=net.vpc_id)["RouteTable"]["RouteTableId"]
    net.ec2.associate_route_table(RouteTableId=own, SubnetId=net.subnets[1])
    net.give_ipv6(net.subnets[0])
    endpoint_id = net.gateway(**asked)["VpcEndpointId"]
    assert refused(lambda: net.modify(endpoint_id, AddRouteTableIds=[own]))[0] == "InvalidParameter"
    with strict_ec2.behave(mixed_tables=True):
        net.modify(endpoint_id, AddRouteTableIds=[own])
    assert net.prefix_lists(own) == [endpoint_id] * 2


def test_a_block_that_is_in_use_stays(net: Network) -> None:
    """An endpoint has of the subnet's, and the subnet of the VPC's."""
    [association] = net.give_ipv6(net.subnets[0])
    endpoint_id = net.interface(IpAddressType="dualstack")["VpcEndpointId"]
    take_away = functools.partial(net.ec2.disassociate_subnet_cidr_block, AssociationId=association)
    block = net.ec2.describe_vpcs(VpcIds=[net.vpc_id])["Vpcs"][0]["Ipv6CidrBlockAssociationSet"][0]
    take_all = functools.partial(net.ec2.disassociate_vpc_cidr_block, AssociationId=block["AssociationId"])
    assert "in use" in refused(take_away)[1]
    assert "in use" in refused(take_all)[1]
    net.delete(endpoint_id)
    take_away()
    assert net.ec2.describe_subnets(SubnetIds=net.subnets[:1])["Subnets"][0]["Ipv6CidrBlockAssociationSet"] == []
    take_all()


def test_a_client_token_of_a_deleted_endpoint_may_also_make_a_new_one(net: Network, clock: Clock) -> None:
    with strict_ec2.behave(deleted_token="new", deleting=60):
        gone = net.interface(ClientToken="one")["VpcEndpointId"]
        net.delete(gone)
        assert net.interface(ClientToken="one")["State"] == "deleting"  # until it is gone, the token stands for it
        clock.passes(60)
        again = net.interface(ClientToken="one")
        assert again["VpcEndpointId"] != gone
        assert net.interface(ClientToken="one")["VpcEndpointId"] == again["VpcEndpointId"]
    assert len(net.ec2.describe_vpc_endpoints()["VpcEndpoints"]) == 1


# private DNS


def test_private_dns_is_on_when_nothing_is_said_and_the_service_has_names(net: Network) -> None:
    assert net.interface()["PrivateDnsEnabled"] is True
    assert net.interface(NAMELESS)["PrivateDnsEnabled"] is False


def test_a_gateway_has_no_private_dns(net: Network) -> None:
    assert net.gateway()["PrivateDnsEnabled"] is False


def test_private_dns_is_refused_when_the_service_has_no_name(net: Network) -> None:
    code, text = refused(lambda: net.interface(NAMELESS, PrivateDnsEnabled=True))
    assert code == "InvalidParameter"
    assert "does not provide a private DNS name" in text


def test_dynamodb_has_an_interface_endpoint_without_private_dns(net: Network) -> None:
    assert net.interface(f"com.amazonaws.{REGION}.dynamodb")["PrivateDnsEnabled"] is False


@pytest.mark.parametrize("attribute", ["EnableDnsHostnames", "EnableDnsSupport"])
def test_private_dns_is_refused_when_a_dns_attribute_is_off(net: Network, attribute: str) -> None:
    off: Any = {attribute: {"Value": False}}
    net.ec2.modify_vpc_attribute(VpcId=net.vpc_id, **off)
    code, text = refused(net.interface)
    assert code == "InvalidParameter"
    assert text == (
        "Enabling private DNS requires both enableDnsSupport and enableDnsHostnames VPC attributes set to true for "
        + net.vpc_id
    )


def test_a_name_another_endpoint_answers_for_is_refused(net: Network) -> None:
    net.interface()
    code, text = refused(net.interface)
    assert code == "InvalidParameter"
    assert text == (
        "private-dns-enabled cannot be set because there is already a conflicting DNS domain for "
        f"sqs.{REGION}.amazonaws.com in the VPC {net.vpc_id}"
    )


def test_another_vpc_may_have_the_same_name(net: Network) -> None:
    net.interface()
    assert Network(net.ec2).interface()["PrivateDnsEnabled"] is True


def test_a_name_is_taken_until_a_deleting_endpoint_is_gone(net: Network, clock: Clock) -> None:
    with strict_ec2.behave(deleting=60):
        net.delete(net.interface()["VpcEndpointId"])
        assert "conflicting DNS domain" in refused(net.interface)[1]
        clock.passes(60)
        assert net.interface()["PrivateDnsEnabled"] is True


def test_a_name_a_private_hosted_zone_answers_for_is_refused(net: Network) -> None:
    route53: Any = SESSION.client("route53")
    route53.create_hosted_zone(
        Name=f"sqs.{REGION}.amazonaws.com",
        CallerReference="one",
        VPC={"VPCRegion": cast("Any", REGION), "VPCId": net.vpc_id},
        HostedZoneConfig={"PrivateZone": True},
    )
    assert "conflicting DNS domain" in refused(net.interface)[1]
    assert net.interface(PrivateDnsEnabled=False)["PrivateDnsEnabled"] is False


def test_zones_of_domains_above_and_below_a_name_do_not_take_it(net: Network) -> None:
    route53: Any = SESSION.client("route53")
    for name in (f"{REGION}.amazonaws.com", f"queue.sqs.{REGION}.amazonaws.com"):
        route53.create_hosted_zone(
            Name=name,
            CallerReference=name,
            VPC={"VPCRegion": cast("Any", REGION), "VPCId": net.vpc_id},
            HostedZoneConfig={"PrivateZone": True},
        )
    assert net.interface()["PrivateDnsEnabled"] is True


def test_s3_private_dns_wants_a_gateway_unless_told_otherwise(net: Network) -> None:
    code, text = refused(lambda: net.interface(S3))
    assert code == "InvalidParameter"
    assert "must have a Gateway endpoint for the service" in text
    made = net.interface(S3, DnsOptions=NOT_INBOUND)
    assert made["DnsOptions"]["PrivateDnsOnlyForInboundResolverEndpoint"] is False


def test_a_gateway_stays_while_an_inbound_only_endpoint_needs_it(net: Network) -> None:
    gateway = net.gateway()["VpcEndpointId"]
    inbound = net.interface(S3)
    assert inbound["DnsOptions"]["PrivateDnsOnlyForInboundResolverEndpoint"] is True
    assert [item["ResourceId"] for item in net.delete(gateway)] == [gateway]
    assert net.delete(inbound["VpcEndpointId"]) == []
    assert net.delete(gateway) == []


def test_a_gateway_takes_no_inbound_option(net: Network) -> None:
    code, text = refused(lambda: net.gateway(DnsOptions=NOT_INBOUND))
    assert code == "InvalidParameter"
    assert "applicable only to Interface VPC Endpoints" in text


# life


def test_an_interface_endpoint_is_pending_before_it_is_available(net: Network, clock: Clock) -> None:
    with strict_ec2.behave(pending=30):
        made = net.interface()
        assert made["State"] == "pending"
        assert made["DnsEntries"][-1]["HostedZoneId"] == "ZONEIDPENDING"
        clock.passes(30)
        ready = net.endpoint(made["VpcEndpointId"])
    assert ready["State"] == "available"
    assert ready["DnsEntries"][-1]["HostedZoneId"].startswith("Z0")


def test_a_gateway_endpoint_is_available_at_once(net: Network) -> None:
    with strict_ec2.behave(pending=30):
        assert net.gateway()["State"] == "available"


def test_an_endpoint_has_regional_zonal_and_private_names(net: Network) -> None:
    made = net.interface(SubnetIds=net.subnets)
    names = [entry["DnsName"] for entry in made["DnsEntries"]]
    host, base = names[0].split(".", 1)
    assert base == f"sqs.{REGION}.vpce.amazonaws.com"
    assert host.startswith(made["VpcEndpointId"])
    assert names[1:] == [
        f"{host}-{REGION}a.{base}",
        f"{host}-{REGION}b.{base}",
        f"sqs.{REGION}.amazonaws.com",
    ]
    without = net.interface(NAMELESS, SubnetIds=[])
    assert [entry["DnsName"].split(".", 1)[1] for entry in without["DnsEntries"]] == [
        f"data.iot.{REGION}.vpce.amazonaws.com"
    ]


def test_an_endpoint_takes_an_address_in_each_subnet(net: Network) -> None:
    before = net.free_addresses(net.subnets[0])
    group = net.group()
    made = net.interface(SecurityGroupIds=[group])
    [interface] = net.interfaces()
    assert interface["NetworkInterfaceId"] == made["NetworkInterfaceIds"][0]
    assert interface["InterfaceType"] == "vpc_endpoint"
    assert interface["PrivateIpAddress"] == "10.0.1.4"
    assert [g["GroupId"] for g in interface["Groups"]] == [group]
    assert net.free_addresses(net.subnets[0]) == before - 1
    net.delete(made["VpcEndpointId"])
    assert net.interfaces() == []
    assert net.free_addresses(net.subnets[0]) == before


def test_the_network_interface_of_an_endpoint_cannot_be_deleted_by_hand(net: Network) -> None:
    [interface_id] = net.interface()["NetworkInterfaceIds"]
    code, _ = refused(lambda: net.ec2.delete_network_interface(NetworkInterfaceId=interface_id))
    assert code == "InvalidParameterValue"


def test_a_deleted_interface_endpoint_is_seen_deleting_and_then_not(net: Network, clock: Clock) -> None:
    with strict_ec2.behave(deleting=60):
        endpoint_id = net.interface()["VpcEndpointId"]
        assert net.delete(endpoint_id) == []
        assert net.endpoint(endpoint_id)["State"] == "deleting"
        clock.passes(60)
        assert net.ec2.describe_vpc_endpoints()["VpcEndpoints"] == []
        assert refused(lambda: net.endpoint(endpoint_id))[0] == "InvalidVpcEndpointId.NotFound"


def test_a_deleted_gateway_goes_at_once_with_its_routes(net: Network) -> None:
    table = net.main_table()
    endpoint_id = net.gateway(RouteTableIds=[table])["VpcEndpointId"]
    assert net.prefix_lists(table) == [endpoint_id]
    with strict_ec2.behave(deleting=60):
        net.delete(endpoint_id)
        assert net.ec2.describe_vpc_endpoints()["VpcEndpoints"] == []
    assert net.prefix_lists(table) == []


def test_unknown_endpoints_come_back_unsuccessful_and_the_others_go(net: Network) -> None:
    made = net.interface()["VpcEndpointId"]
    [item] = net.delete("vpce-0123456789abcdef0", made)
    assert item["ResourceId"] == "vpce-0123456789abcdef0"
    assert item["Error"]["Code"] == "InvalidVpcEndpointId.NotFound"
    assert net.ec2.describe_vpc_endpoints()["VpcEndpoints"] == []


def test_one_call_deletes_at_most_25_endpoints(net: Network) -> None:
    assert refused(lambda: net.delete(*(f"vpce-{n:017x}" for n in range(26))))[0] == "InvalidParameterValue"


# changing


def test_modify_moves_subnets_with_their_network_interfaces(net: Network) -> None:
    endpoint_id = net.interface()["VpcEndpointId"]
    net.modify(endpoint_id, AddSubnetIds=[net.subnets[1]], RemoveSubnetIds=[net.subnets[0]])
    assert net.endpoint(endpoint_id)["SubnetIds"] == [net.subnets[1]]
    assert [interface["SubnetId"] for interface in net.interfaces()] == [net.subnets[1]]


def test_modify_cannot_swap_two_subnets_of_one_zone_in_one_call(net: Network) -> None:
    endpoint_id, other = net.interface()["VpcEndpointId"], net.subnet("10.0.3.0/24", "a")
    code, _ = refused(lambda: net.modify(endpoint_id, AddSubnetIds=[other], RemoveSubnetIds=[net.subnets[0]]))
    assert code == "DuplicateSubnetsInSameZone"
    assert net.endpoint(endpoint_id)["SubnetIds"] == [net.subnets[0]]


def test_modify_changes_security_groups_down_to_the_network_interfaces(net: Network) -> None:
    old, new = net.group("old"), net.group("new")
    endpoint_id = net.interface(SecurityGroupIds=[old])["VpcEndpointId"]
    net.modify(endpoint_id, AddSecurityGroupIds=[new], RemoveSecurityGroupIds=[old])
    assert [group["GroupId"] for group in net.endpoint(endpoint_id)["Groups"]] == [new]
    assert [group["GroupId"] for group in net.interfaces()[0]["Groups"]] == [new]


def test_modify_switches_private_dns_with_the_same_checks(net: Network) -> None:
    net.interface()
    second = net.interface(PrivateDnsEnabled=False)["VpcEndpointId"]
    assert "conflicting DNS domain" in refused(lambda: net.modify(second, PrivateDnsEnabled=True))[1]
    first = net.ec2.describe_vpc_endpoints()["VpcEndpoints"][0]["VpcEndpointId"]
    net.modify(first, PrivateDnsEnabled=False)
    net.modify(second, PrivateDnsEnabled=True)
    assert [e["PrivateDnsEnabled"] for e in net.ec2.describe_vpc_endpoints()["VpcEndpoints"]] == [False, True]


def test_modify_sets_and_resets_the_policy(net: Network) -> None:
    made = net.interface()
    net.modify(made["VpcEndpointId"], PolicyDocument=json.dumps(POLICY))
    assert json.loads(net.endpoint(made["VpcEndpointId"])["PolicyDocument"]) == POLICY
    net.modify(made["VpcEndpointId"], ResetPolicy=True)
    assert net.endpoint(made["VpcEndpointId"])["PolicyDocument"] == made["PolicyDocument"]


def test_modify_moves_the_routes_of_a_gateway(net: Network) -> None:
    main = net.main_table()
    other = net.ec2.create_route_table(VpcId=net.vpc_id)["RouteTable"]["RouteTableId"]
    endpoint_id = net.gateway(RouteTableIds=[main])["VpcEndpointId"]
    net.modify(endpoint_id, AddRouteTableIds=[other], RemoveRouteTableIds=[main])
    assert net.endpoint(endpoint_id)["RouteTableIds"] == [other]
    assert (net.prefix_lists(main), net.prefix_lists(other)) == ([], [endpoint_id])


def test_modify_waits_for_an_endpoint_that_is_pending_or_deleting(net: Network, clock: Clock) -> None:
    with strict_ec2.behave(pending=30, deleting=30):
        endpoint_id = net.interface()["VpcEndpointId"]
        assert refused(lambda: net.modify(endpoint_id, PrivateDnsEnabled=False))[0] == "IncorrectState"
        clock.passes(30)
        net.modify(endpoint_id, PrivateDnsEnabled=False)
        assert net.endpoint(endpoint_id)["State"] == "pending"
        net.delete(endpoint_id)
        assert refused(lambda: net.modify(endpoint_id, PrivateDnsEnabled=True))[0] == "IncorrectState"


def test_an_unknown_endpoint_cannot_be_modified(net: Network) -> None:
    code, _ = refused(lambda: net.modify("vpce-0123456789abcdef0", ResetPolicy=True))
    assert code == "InvalidVpcEndpointId.NotFound"


def test_modify_keeps_to_the_type_of_the_endpoint(net: Network) -> None:
    interface, gateway = net.interface()["VpcEndpointId"], net.gateway()["VpcEndpointId"]
    assert refused(lambda: net.modify(interface, AddRouteTableIds=[net.main_table()]))[0] == "InvalidParameter"
    assert refused(lambda: net.modify(gateway, AddSubnetIds=net.subnets))[0] == "InvalidParameter"
    assert refused(lambda: net.modify(gateway, PrivateDnsEnabled=True))[0] == "InvalidParameter"


def test_modify_makes_an_s3_endpoint_inbound_only_once_there_is_a_gateway(net: Network) -> None:
    inbound = {"PrivateDnsOnlyForInboundResolverEndpoint": True}
    endpoint_id = net.interface(S3, DnsOptions=NOT_INBOUND)["VpcEndpointId"]
    code, text = refused(lambda: net.modify(endpoint_id, DnsOptions=inbound))
    assert code == "InvalidParameter"
    assert "must have a Gateway endpoint" in text
    net.gateway()
    net.modify(endpoint_id, DnsOptions=inbound)
    assert net.endpoint(endpoint_id)["DnsOptions"]["PrivateDnsOnlyForInboundResolverEndpoint"] is True


# what an endpoint holds


def test_a_security_group_stays_while_an_endpoint_has_it(net: Network, clock: Clock) -> None:
    group = net.group()
    with strict_ec2.behave(deleting=60):
        net.delete(net.interface(SecurityGroupIds=[group])["VpcEndpointId"])
        assert refused(lambda: net.ec2.delete_security_group(GroupId=group))[0] == "DependencyViolation"
        clock.passes(60)
        net.ec2.delete_security_group(GroupId=group)


@pytest.mark.parametrize("direction", ["ingress", "egress"])
def test_a_security_group_stays_while_a_rule_of_another_names_it(net: Network, direction: str) -> None:
    group, other = net.group(), net.group("other")
    rule: Any = [{"IpProtocol": "-1", "UserIdGroupPairs": [{"GroupId": group}]}]
    getattr(net.ec2, f"authorize_security_group_{direction}")(GroupId=other, IpPermissions=rule)
    getattr(net.ec2, f"authorize_security_group_{direction}")(GroupId=group, IpPermissions=rule)
    assert refused(lambda: net.ec2.delete_security_group(GroupId=group))[0] == "DependencyViolation"
    getattr(net.ec2, f"revoke_security_group_{direction}")(GroupId=other, IpPermissions=rule)
    net.ec2.delete_security_group(GroupId=group)


def test_a_security_group_stays_while_an_endpoint_without_subnets_has_it(net: Network) -> None:
    group = net.group()
    endpoint = net.interface(SecurityGroupIds=[group])
    net.modify(endpoint["VpcEndpointId"], RemoveSubnetIds=endpoint["SubnetIds"])
    assert refused(lambda: net.ec2.delete_security_group(GroupId=group))[0] == "DependencyViolation"
    assert net.endpoint(endpoint["VpcEndpointId"])["Groups"][0]["GroupId"] == group


def test_a_subnet_stays_while_an_endpoint_is_in_it(net: Network) -> None:
    endpoint_id = net.interface()["VpcEndpointId"]
    assert refused(lambda: net.ec2.delete_subnet(SubnetId=net.subnets[0]))[0] == "DependencyViolation"
    net.delete(endpoint_id)
    net.ec2.delete_subnet(SubnetId=net.subnets[0])


def test_a_vpc_stays_while_it_has_an_endpoint(net: Network) -> None:
    endpoint_id = net.gateway()["VpcEndpointId"]
    for subnet in net.subnets:
        net.ec2.delete_subnet(SubnetId=subnet)
    assert refused(lambda: net.ec2.delete_vpc(VpcId=net.vpc_id))[0] == "DependencyViolation"
    net.delete(endpoint_id)
    net.ec2.delete_vpc(VpcId=net.vpc_id)


def test_a_vpc_stays_while_it_has_a_security_group_or_an_internet_gateway(net: Network) -> None:
    group = net.group()
    gateway = net.ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
    net.ec2.attach_internet_gateway(InternetGatewayId=gateway, VpcId=net.vpc_id)
    for subnet in net.subnets:
        net.ec2.delete_subnet(SubnetId=subnet)
    assert refused(lambda: net.ec2.delete_vpc(VpcId=net.vpc_id))[0] == "DependencyViolation"
    net.ec2.delete_security_group(GroupId=group)
    assert refused(lambda: net.ec2.delete_vpc(VpcId=net.vpc_id))[0] == "DependencyViolation"
    net.ec2.detach_internet_gateway(InternetGatewayId=gateway, VpcId=net.vpc_id)
    net.ec2.delete_vpc(VpcId=net.vpc_id)


def test_the_route_of_a_gateway_cannot_be_deleted_by_hand(net: Network) -> None:
    table = net.main_table()
    net.gateway(RouteTableIds=[table])
    routes = net.ec2.describe_route_tables(RouteTableIds=[table])["RouteTables"][0]["Routes"]
    prefix_list = next(r["DestinationPrefixListId"] for r in routes if "DestinationPrefixListId" in r)
    code, _ = refused(lambda: net.ec2.delete_route(RouteTableId=table, DestinationPrefixListId=prefix_list))
    assert code == "InvalidParameterValue"


def test_dns_hostnames_need_dns_support(net: Network) -> None:
    net.ec2.modify_vpc_attribute(VpcId=net.vpc_id, EnableDnsHostnames={"Value": False})
    net.ec2.modify_vpc_attribute(VpcId=net.vpc_id, EnableDnsSupport={"Value": False})
    code, _ = refused(lambda: net.ec2.modify_vpc_attribute(VpcId=net.vpc_id, EnableDnsHostnames={"Value": True}))
    assert code == "InvalidParameterValue"


def test_one_call_changes_one_dns_attribute(net: Network) -> None:
    both: Any = {"EnableDnsHostnames": {"Value": True}, "EnableDnsSupport": {"Value": True}}
    code, _ = refused(lambda: net.ec2.modify_vpc_attribute(VpcId=net.vpc_id, **both))
    assert code == "InvalidParameterCombination"


# lists


def test_endpoints_come_in_pages(net: Network) -> None:
    made = [net.interface(PrivateDnsEnabled=False)["VpcEndpointId"] for _ in range(5)]
    with strict_ec2.behave(page_size=2):
        pages = list(net.ec2.get_paginator("describe_vpc_endpoints").paginate())
    assert [len(page["VpcEndpoints"]) for page in pages] == [2, 2, 1]
    assert [e["VpcEndpointId"] for page in pages for e in page["VpcEndpoints"]] == made


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("service-name", SQS),
        ("service-name", "*.sqs"),
        ("vpc-endpoint-type", "Interface"),
        ("vpc-endpoint-state", "pending"),
        ("tag:team", "blue"),
        ("tag-key", "team"),
    ],
)
def test_endpoints_are_filtered(net: Network, name: str, value: str) -> None:
    with strict_ec2.behave(pending=30):
        tags = [{"ResourceType": "vpc-endpoint", "Tags": [{"Key": "team", "Value": "blue"}]}]
        wanted = net.interface(TagSpecifications=tags)["VpcEndpointId"]
        net.gateway()
        found = net.ec2.describe_vpc_endpoints(Filters=[{"Name": name, "Values": [value]}])["VpcEndpoints"]
    assert [e["VpcEndpointId"] for e in found] == [wanted]


def test_filters_of_vpc_and_id_are_known(net: Network) -> None:
    mine, other = net.gateway()["VpcEndpointId"], Network(net.ec2).gateway()["VpcEndpointId"]
    by_vpc = net.ec2.describe_vpc_endpoints(Filters=[{"Name": "vpc-id", "Values": [net.vpc_id]}])
    by_id = net.ec2.describe_vpc_endpoints(Filters=[{"Name": "vpc-endpoint-id", "Values": [other]}])
    assert [e["VpcEndpointId"] for e in by_vpc["VpcEndpoints"]] == [mine]
    assert [e["VpcEndpointId"] for e in by_id["VpcEndpoints"]] == [other]


@pytest.mark.parametrize("listing", ["describe_vpc_endpoints", "describe_vpc_endpoint_services"])
def test_an_unknown_filter_is_refused(net: Network, listing: str) -> None:
    call = getattr(net.ec2, listing)
    assert refused(lambda: call(Filters=[{"Name": "colour", "Values": ["blue"]}]))[0] == "InvalidParameterValue"


def test_services_are_filtered_by_owner_type_and_name(net: Network) -> None:
    filters: Any = [
        {"Name": "owner", "Values": ["amazon"]},
        {"Name": "service-type", "Values": ["Gateway"]},
        {"Name": "service-name", "Values": [S3, SQS]},
    ]
    [offer] = net.ec2.describe_vpc_endpoint_services(Filters=filters)["ServiceDetails"]
    assert (offer["ServiceName"], offer["ServiceType"]) == (S3, [{"ServiceType": "Gateway"}])


def test_services_come_in_pages(net: Network) -> None:
    whole = net.ec2.describe_vpc_endpoint_services()["ServiceNames"]
    pages = list(net.ec2.get_paginator("describe_vpc_endpoint_services").paginate(PaginationConfig={"PageSize": 100}))
    assert len(pages) == 3
    assert [name for page in pages for name in page["ServiceNames"]] == whole
    assert whole.count(S3) == 2


@pytest.mark.parametrize("size", [4, 101])
def test_route_tables_come_in_pages_of_5_to_100(net: Network, size: int) -> None:
    assert refused(lambda: net.ec2.describe_route_tables(MaxResults=size))[0] == "InvalidParameterValue"


def test_other_lists_come_in_pages_too(net: Network) -> None:
    for number in range(7):
        net.group(f"group-{number}")
    pages = list(net.ec2.get_paginator("describe_security_groups").paginate(PaginationConfig={"PageSize": 5}))
    assert [len(page["SecurityGroups"]) for page in pages] == [5, 4]  # two VPCs have a default group
    assert refused(lambda: net.ec2.describe_vpcs(MaxResults=1001))[0] == "InvalidParameterValue"


def test_network_interfaces_are_paged_or_named_but_not_both(net: Network) -> None:
    ids = net.interface()["NetworkInterfaceIds"]
    code, _ = refused(lambda: net.ec2.describe_network_interfaces(NetworkInterfaceIds=ids, MaxResults=5))
    assert code == "InvalidParameterCombination"


def test_network_interfaces_that_services_hide_are_shown_to_who_asks_for_them(net: Network) -> None:
    [interface] = net.interface()["NetworkInterfaceIds"]
    with strict_ec2.behave(hidden=frozenset({interface})):
        assert net.interfaces() == []
        asked = net.ec2.describe_network_interfaces(IncludeManagedResources=True)
    assert [i["NetworkInterfaceId"] for i in asked["NetworkInterfaces"]] == [interface]


def test_a_made_up_page_token_is_refused(net: Network) -> None:
    assert refused(lambda: net.ec2.describe_vpc_endpoints(NextToken="page two"))[0] == "InvalidNextToken"


# what is made is not seen at once


def test_a_new_endpoint_is_not_seen_before_its_time(net: Network, clock: Clock) -> None:
    with strict_ec2.behave(lag=5):
        made = net.interface()["VpcEndpointId"]
        assert net.ec2.describe_vpc_endpoints()["VpcEndpoints"] == []
        assert refused(lambda: net.endpoint(made))[0] == "InvalidVpcEndpointId.NotFound"
        assert refused(lambda: net.modify(made, PrivateDnsEnabled=False))[0] == "InvalidVpcEndpointId.NotFound"
        tags: Any = {"Resources": [made], "Tags": [{"Key": "team", "Value": "blue"}]}
        assert refused(lambda: net.ec2.create_tags(**tags))[0] == "InvalidVpcEndpointId.NotFound"
        [item] = net.delete(made)
        assert item["Error"]["Code"] == "InvalidVpcEndpointId.NotFound"
        clock.passes(5)
        net.ec2.create_tags(**tags)
        assert [e["VpcEndpointId"] for e in net.ec2.describe_vpc_endpoints()["VpcEndpoints"]] == [made]


def test_a_new_security_group_is_not_seen_before_its_time(net: Network, clock: Clock) -> None:
    rule: Any = [{"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443, "IpRanges": [{"CidrIp": "10.0.0.0/16"}]}]
    with strict_ec2.behave(lag=5):
        group = net.group()
        assert group not in {g["GroupId"] for g in net.ec2.describe_security_groups()["SecurityGroups"]}
        for call in (
            lambda: net.ec2.describe_security_groups(GroupIds=[group]),
            lambda: net.ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=rule),
            lambda: net.interface(SecurityGroupIds=[group]),
            lambda: net.ec2.delete_security_group(GroupId=group),
        ):
            assert refused(call)[0] == "InvalidGroup.NotFound"
        clock.passes(5)
        net.ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=rule)
        assert net.interface(SecurityGroupIds=[group])["Groups"][0]["GroupId"] == group


def test_what_is_not_seen_yet_is_in_the_way_all_the_same(net: Network) -> None:
    table = net.main_table()
    with strict_ec2.behave(lag=5, interface_quota=1):
        net.gateway(RouteTableIds=[table])
        net.interface()
        net.group()
        assert refused(lambda: net.gateway(RouteTableIds=[table]))[0] == "RouteAlreadyExists"
        assert refused(lambda: net.interface(NAMELESS))[0] == "VpcEndpointLimitExceeded"
        assert refused(net.group)[0] == "InvalidGroup.Duplicate"
        with strict_ec2.behave(interface_quota=50):
            assert "conflicting DNS domain" in refused(net.interface)[1]


def test_a_client_token_knows_an_endpoint_that_is_not_seen_yet(net: Network) -> None:
    with strict_ec2.behave(lag=5):
        first, second = (net.interface(ClientToken="one") for _ in range(2))
        assert first["VpcEndpointId"] == second["VpcEndpointId"]


def test_what_was_there_before_stays_seen(net: Network) -> None:
    made = net.interface()["VpcEndpointId"]
    with strict_ec2.behave(lag=5):
        assert net.endpoint(made)["State"] == "available"


@pytest.mark.parametrize("attribute", ["EnableDnsHostnames", "EnableDnsSupport"])
def test_private_dns_goes_by_an_old_dns_attribute_for_a_while(net: Network, clock: Clock, attribute: str) -> None:
    on, off = ({attribute: {"Value": value}} for value in (True, False))
    net.ec2.modify_vpc_attribute(VpcId=net.vpc_id, **off)  # type: ignore[arg-type]
    with strict_ec2.behave(attribute_lag=5):
        net.ec2.modify_vpc_attribute(VpcId=net.vpc_id, **on)  # type: ignore[arg-type]
        assert "requires both enableDnsSupport and enableDnsHostnames" in refused(net.interface)[1]
        clock.passes(5)
        assert net.interface()["PrivateDnsEnabled"] is True


# spelling


@pytest.mark.parametrize(
    ("spelling", "codes"),
    [
        (
            "ID",
            (
                "InvalidVpcID.NotFound",
                "InvalidSubnetID.NotFound",
                "InvalidRouteTableID.NotFound",
                "InvalidVpcEndpointId.NotFound",
                "InvalidGroup.NotFound",
                "InvalidGroup.NotFound",
            ),
        ),
        (
            "Id",
            (
                "InvalidVpcId.NotFound",
                "InvalidSubnetId.NotFound",
                "InvalidRouteTableId.NotFound",
                "InvalidVpcEndpoint.NotFound",
                "InvalidSecurityGroupID.NotFound",
                "InvalidSecurityGroupID.NotFound",
            ),
        ),
    ],
)
def test_codes_that_aws_spells_in_two_ways(net: Network, spelling: str, codes: tuple[str, ...]) -> None:
    number = "0123456789abcdef0"
    with strict_ec2.behave(spelling=spelling):
        found = (
            refused(lambda: net.ec2.describe_vpcs(VpcIds=[f"vpc-{number}"]))[0],
            refused(lambda: net.interface(SubnetIds=[f"subnet-{number}"]))[0],
            refused(lambda: net.gateway(RouteTableIds=[f"rtb-{number}"]))[0],
            net.delete(f"vpce-{number}")[0]["Error"]["Code"],
            refused(lambda: net.interface(SecurityGroupIds=[f"sg-{number}"]))[0],
            refused(lambda: net.ec2.delete_security_group(GroupId=f"sg-{number}"))[0],
        )
    assert found == codes


# a VPC that another account shares


def test_a_shared_vpc_belongs_to_its_owner(net: Network) -> None:
    other, owner = Network(net.ec2), "210987654321"
    with strict_ec2.behave(shared={net.vpc_id: owner}):
        for listing, key in (("vpcs", "Vpcs"), ("subnets", "Subnets"), ("route_tables", "RouteTables")):
            for vpc_id, account in ((net.vpc_id, owner), (other.vpc_id, DEFAULT_ACCOUNT_ID)):
                asked = [{"Name": "vpc-id", "Values": [vpc_id]}]
                found = getattr(net.ec2, f"describe_{listing}")(Filters=asked)[key]
                assert {thing["OwnerId"] for thing in found} == {account}


def test_endpoints_in_a_shared_vpc_are_neither_seen_nor_changed(net: Network) -> None:
    interface, gateway = net.interface()["VpcEndpointId"], net.gateway()["VpcEndpointId"]
    refusal = ("UnauthorizedOperation", "This operation does not support shared VPCs.")
    with strict_ec2.behave(shared={net.vpc_id: "210987654321"}):
        assert net.ec2.describe_vpc_endpoints()["VpcEndpoints"] == []
        assert refused(lambda: net.endpoint(interface))[0] == "InvalidVpcEndpointId.NotFound"
        assert refused(lambda: net.interface(NAMELESS)) == refusal
        assert refused(lambda: net.modify(gateway, AddRouteTableIds=[net.main_table()])) == refusal
        [item] = net.delete(interface)
        assert (item["Error"]["Code"], item["Error"]["Message"]) == refusal
    assert {e["VpcEndpointId"] for e in net.ec2.describe_vpc_endpoints()["VpcEndpoints"]} == {interface, gateway}


# throttling and installing


def test_an_endpoint_from_motos_cloudformation_follows_the_rules_too(net: Network) -> None:
    backend = ec2_backends[DEFAULT_ACCOUNT_ID][REGION]
    made = backend.create_vpc_endpoint(
        vpc_id=net.vpc_id, service_name=SQS, endpoint_type="Interface", policy_document=None, route_table_ids=None
    )
    assert "conflicting DNS domain" in refused(net.interface)[1]
    backend.delete_vpc_endpoints([made.id])
    assert net.interface()["State"] == "available"


def test_a_fifth_create_in_a_row_is_throttled_until_tokens_come_back(net: Network, clock: Clock) -> None:
    with strict_ec2.behave(buckets=True):
        for _ in range(4):
            net.interface(PrivateDnsEnabled=False)
        with pytest.raises(ClientError) as caught:
            net.interface(PrivateDnsEnabled=False)
        assert caught.value.response["Error"]["Code"] == "RequestLimitExceeded"
        assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 503
        assert net.delete() == []  # each call has a bucket of its own
        clock.passes(4)
        net.interface(PrivateDnsEnabled=False)


def test_installing_twice_patches_once_and_takes_the_new_behaviour(net: Network) -> None:
    before = VPCBackend.delete_vpc
    strict_ec2.install(strict_ec2.Behaviour(gateway_quota=0))
    assert VPCBackend.delete_vpc is before
    assert refused(net.gateway)[0] == "VpcEndpointLimitExceeded"


def test_another_moto_is_refused_by_name_and_version(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(strict_ec2, "PINNED_MOTO", "0.0.1")
    with pytest.raises(strict_ec2.UnknownMotoError, match=r"these patches need moto 0\.0\.1"):
        strict_ec2.install()


def test_a_private_name_that_is_gone_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(VPCBackend, "_collect_default_endpoint_services")
    with pytest.raises(strict_ec2.UnknownMotoError, match=r"VPCBackend\._collect_default_endpoint_services"):
        strict_ec2.install()
