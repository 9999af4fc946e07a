"""Do our events look like those that AWS sends for the same call?

REAL holds what real CloudTrail records say in requestParameters and responseElements, ids shortened to fit.
"""

import datetime as dt
from collections.abc import Mapping
from typing import Any

import pytest

from embedded.cloudtrail import Caller, Ec2Call, Event, Tags, error_of, events_of
from embedded.ec2 import Ec2, Moto

ACCOUNT, REGION = "123456789012", "eu-west-1"
USER = Caller(arn=f"arn:aws:iam::{ACCOUNT}:user/ann", access_key="AKIAEXAMPLE", source="192.0.2.1", agent="aws-cli/2")
TAGS = {"items": [{"key": "StratusRedTeam", "value": "true"}]}

REAL: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "CreateVpc": (
        {
            "cidrBlock": "10.0.0.0/16",
            "instanceTenancy": "default",
            "amazonProvidedIpv6CidrBlock": False,
            "tagSpecificationSet": {"items": [{"resourceType": "vpc", "tags": TAGS["items"]}]},
        },
        {
            "requestId": "227252b0",
            "vpc": {
                "vpcId": "vpc-06fe1a64761a0f720",
                "state": "pending",
                "ownerId": ACCOUNT,
                "cidrBlock": "10.0.0.0/16",
                "cidrBlockAssociationSet": {
                    "items": [
                        {
                            "cidrBlock": "10.0.0.0/16",
                            "associationId": "vpc-cidr-assoc-01a3c97bf2a2efa11",
                            "cidrBlockState": {"state": "associated"},
                        }
                    ]
                },
                "ipv6CidrBlockAssociationSet": {},
                "dhcpOptionsId": "dopt-0ef51062810f8ca7b",
                "instanceTenancy": "default",
                "tagSet": TAGS,
                "isDefault": False,
            },
        },
    ),
    "CreateSubnet": (
        {"vpcId": "vpc-06fe1a64761a0f720", "cidrBlock": "10.0.128.0/24", "availabilityZone": "us-east-1a"},
        {
            "requestId": "8dd15b1c",
            "subnet": {
                "subnetId": "subnet-01ed430875cff578d",
                "subnetArn": "arn:aws:ec2:us-east-1:123456789012:subnet/subnet-01ed430875cff578d",
                "state": "available",
                "vpcId": "vpc-06fe1a64761a0f720",
                "cidrBlock": "10.0.128.0/24",
                "ipv6CidrBlockAssociationSet": {},
                "availableIpAddressCount": 251,
                "availabilityZone": "us-east-1a",
                "availabilityZoneId": "use1-az2",
                "ownerId": ACCOUNT,
                "defaultForAz": False,
                "mapPublicIpOnLaunch": False,
                "assignIpv6AddressOnCreation": False,
                "tagSet": {},
                "privateDnsNameOptionsOnLaunch": {
                    "hostnameType": "ip-name",
                    "enableResourceNameDnsARecord": False,
                    "enableResourceNameDnsAAAARecord": False,
                },
                "ipv6Native": False,
            },
        },
    ),
    "CreateRouteTable": (
        {"vpcId": "vpc-06fe1a64761a0f720"},
        {
            "requestId": "6448e604",
            "routeTable": {
                "routeTableId": "rtb-0c7c2f4aff3677054",
                "vpcId": "vpc-06fe1a64761a0f720",
                "ownerId": ACCOUNT,
                "routeSet": {
                    "items": [
                        {
                            "destinationCidrBlock": "10.0.0.0/16",
                            "gatewayId": "local",
                            "state": "active",
                            "origin": "CreateRouteTable",
                        }
                    ]
                },
                "associationSet": {},
                "propagatingVgwSet": {},
                "tagSet": {},
            },
        },
    ),
    "AssociateRouteTable": (
        {"routeTableId": "rtb-0c7c2f4aff3677054", "subnetId": "subnet-01ed430875cff578d"},
        {
            "requestId": "baeec94d",
            "associationId": "rtbassoc-0b911e98f29251a51",
            "associationState": {"state": "associated"},
        },
    ),
    "CreateTags": (
        {"resourcesSet": {"items": [{"resourceId": "ami-0aa1d83d0b0985c86"}]}, "tagSet": TAGS},
        {"requestId": "9fcb52c3", "_return": True},
    ),
    "CreateSecurityGroup": (
        {
            "groupName": "open",
            "groupDescription": "Allow TLS inbound traffic",
            "vpcId": "vpc-0e568b18707c87afa",
            "tagSpecificationSet": {"items": [{"resourceType": "security-group", "tags": TAGS["items"]}]},
        },
        {"requestId": "0298451a", "_return": True, "groupId": "sg-04cfb7a4712d75b00", "tagSet": TAGS},
    ),
    "AuthorizeSecurityGroupIngress": (
        {
            "groupId": "sg-04cfb7a4712d75b00",
            "ipPermissions": {
                "items": [
                    {
                        "ipProtocol": "tcp",
                        "fromPort": 443,
                        "toPort": 443,
                        "groups": {},
                        "ipRanges": {"items": [{"cidrIp": "0.0.0.0/0", "description": "TLS from Internet"}]},
                        "ipv6Ranges": {},
                        "prefixListIds": {},
                    }
                ]
            },
        },
        {
            "requestId": "0c897921",
            "_return": True,
            "securityGroupRuleSet": {
                "items": [
                    {
                        "groupId": "sg-04cfb7a4712d75b00",
                        "securityGroupRuleId": "sgr-0bb31cddb2c27f401",
                        "description": "TLS from Internet",
                        "isEgress": False,
                        "ipProtocol": "tcp",
                        "fromPort": 443,
                        "toPort": 443,
                        "cidrIpv4": "0.0.0.0/0",
                    }
                ]
            },
        },
    ),
    "DeleteRouteTable": ({"routeTableId": "rtb-01a1e48796093c514"}, {"requestId": "ba265499", "_return": True}),
    "DeleteSubnet": ({"subnetId": "subnet-096553f59d783f082"}, {"requestId": "bfa021b8", "_return": True}),
    "DeleteVpc": ({"vpcId": "vpc-0255d384b4b458b46"}, {"requestId": "115a20b3", "_return": True}),
    "CreateVpcEndpoint": (
        {
            "CreateVpcEndpointRequest": {
                "TagSpecification": {
                    "Tag": {"Key": "Name", "Value": "myVPCEndpoint1", "tag": 1},
                    "ResourceType": "vpc-endpoint",
                    "tag": 1,
                },
                "PrivateDnsEnabled": True,
                "VpcEndpointType": "Interface",
                "ServiceName": "aws.api.us-east-1.kendra-ranking",
                "VpcId": "vpc-db0c0ffee56bc40db",
            }
        },
        {
            "CreateVpcEndpointResponse": {
                "xmlns": "http://ec2.amazonaws.com/doc/2016-11-15/",
                "vpcEndpoint": {
                    "creationTimestamp": "2023-11-30T07:19:13.036Z",
                    "state": "pending",
                    "privateDnsEnabled": True,
                    "routeTableIdSet": "",
                    "vpcId": "vpc-db0c0ffee56bc40db",
                    "tagSet": {"item": {"key": "Name", "value": "myVPCEndpoint1"}},
                    "vpcEndpointId": "vpce-db0c0ffee984e07fa",
                    "ownerId": 200802171337,
                    "serviceName": "aws.api.us-east-1.kendra-ranking",
                    "vpcEndpointType": "Interface",
                },
                "requestId": "10525541",
            }
        },
    ),
}


class Letters:
    """A postbox that keeps what it gets."""

    def __init__(self) -> None:
        self.events: list[Event] = []

    def post(self, event: Event, *, account: str, region: str) -> None:
        assert (account, region) == (ACCOUNT, REGION)
        self.events.append(event)


class Account:
    """EC2 of one account, and the events that it sends."""

    def __init__(self) -> None:
        self.letters = Letters()
        self.ec2 = Ec2(self.letters, Moto())  # type: ignore[arg-type]

    def call(self, action: str, **parameters: str) -> list[Event]:
        self.letters.events.clear()
        wire = {"Action": action, "Version": "2016-11-15", **{k.replace("_", "."): v for k, v in parameters.items()}}
        self.ec2.submit(wire, account=ACCOUNT, region=REGION, caller=USER, headers={}).result()
        return list(self.letters.events)

    def detail(self, action: str, **parameters: str) -> Mapping[str, Any]:
        event, *_ = self.call(action, **parameters)
        return event.detail


@pytest.fixture(scope="module")
def account() -> Account:
    return Account()


def shape(value: object) -> object:
    """Names and types, without the values."""
    if isinstance(value, dict):
        return {key: shape(part) for key, part in sorted(value.items())}
    if isinstance(value, list):
        return [shape(part) for part in value]
    return type(value).__name__


def lacking(real: object, ours: object, path: str = "") -> list[str]:
    """Where ours is not shaped as the real one; more names in ours are no harm."""
    if isinstance(real, dict) and isinstance(ours, dict):
        return [
            found
            for key, part in real.items()
            for found in (
                [f"{path}/{key} is missing"] if key not in ours else lacking(part, ours[key], f"{path}/{key}")
            )
        ]
    return [] if shape(real) == shape(ours) else [f"{path} is {shape(ours)}, not {shape(real)}"]


@pytest.fixture(scope="module")
def recorded(account: Account) -> dict[str, Mapping[str, Any]]:
    """One VPC's life, told by its events."""
    told: dict[str, Mapping[str, Any]] = {}

    def call(action: str, **parameters: str) -> Mapping[str, Any]:
        told[action] = account.detail(action, **parameters)
        assert "errorCode" not in told[action], told[action]["errorMessage"]
        elements: Mapping[str, Any] = told[action]["responseElements"]
        return elements

    def tags(kind: str) -> dict[str, str]:
        spec = "TagSpecification_1"
        return {f"{spec}_ResourceType": kind, f"{spec}_Tag_1_Key": "StratusRedTeam", f"{spec}_Tag_1_Value": "true"}

    vpc = call("CreateVpc", CidrBlock="10.0.0.0/16", **tags("vpc"))["vpc"]["vpcId"]
    zone = f"{REGION}a"
    subnet = call("CreateSubnet", VpcId=vpc, CidrBlock="10.0.128.0/24", AvailabilityZone=zone)["subnet"]["subnetId"]
    table = call("CreateRouteTable", VpcId=vpc)["routeTable"]["routeTableId"]
    association = call("AssociateRouteTable", RouteTableId=table, SubnetId=subnet)["associationId"]
    call("CreateTags", ResourceId_1=vpc, Tag_1_Key="StratusRedTeam", Tag_1_Value="true")
    group = call("CreateSecurityGroup", GroupName="open", GroupDescription="d", VpcId=vpc, **tags("security-group"))
    permission = "IpPermissions_1"
    call(
        "AuthorizeSecurityGroupIngress",
        GroupId=group["groupId"],
        **{
            f"{permission}_IpProtocol": "tcp",
            f"{permission}_FromPort": "443",
            f"{permission}_ToPort": "443",
            f"{permission}_IpRanges_1_CidrIp": "0.0.0.0/0",
            f"{permission}_IpRanges_1_Description": "TLS from Internet",
        },
    )
    endpoint = call(
        "CreateVpcEndpoint",
        VpcId=vpc,
        ServiceName=f"com.amazonaws.{REGION}.s3",
        VpcEndpointType="Gateway",
        PrivateDnsEnabled="false",
        **tags("vpc-endpoint"),
    )["CreateVpcEndpointResponse"]["vpcEndpoint"]["vpcEndpointId"]
    call("DeleteVpcEndpoints", VpcEndpointId_1=endpoint)
    call("DeleteSecurityGroup", GroupId=group["groupId"])
    call("DisassociateRouteTable", AssociationId=association)
    call("DeleteRouteTable", RouteTableId=table)
    call("DeleteSubnet", SubnetId=subnet)
    call("DeleteVpc", VpcId=vpc)
    return told


@pytest.mark.parametrize("action", sorted(REAL))
def test_an_event_has_the_shape_of_the_real_one(action: str, recorded: dict[str, Mapping[str, Any]]) -> None:
    request, response = REAL[action]
    if action == "CreateVpcEndpoint":  # a tag's value changes its type by what it looks like
        request["CreateVpcEndpointRequest"]["TagSpecification"]["Tag"]["Value"] = True
        response["CreateVpcEndpointResponse"]["vpcEndpoint"]["tagSet"]["item"]["value"] = True

    assert lacking(request, recorded[action]["requestParameters"]) == []
    assert set(request) == set(recorded[action]["requestParameters"])
    assert lacking(response, recorded[action]["responseElements"]) == []


def test_an_event_says_what_was_asked_and_answered(recorded: dict[str, Mapping[str, Any]]) -> None:
    told = recorded["CreateVpc"]

    assert told["requestParameters"] == REAL["CreateVpc"][0]
    assert told["responseElements"]["vpc"]["state"] == "pending"
    assert told["responseElements"]["requestId"] == told["requestID"]
    assert told["userIdentity"] == {
        "type": "IAMUser",
        "principalId": "AIDAEXAMPLE",
        "arn": USER.arn,
        "accountId": ACCOUNT,
        "accessKeyId": "AKIAEXAMPLE",
        "userName": "ann",
    }
    assert (told["eventSource"], told["awsRegion"]) == ("ec2.amazonaws.com", REGION)
    assert (told["readOnly"], told["eventCategory"]) == (False, "Management")


def test_a_deleted_endpoint_is_named_the_wrapped_way(recorded: dict[str, Mapping[str, Any]]) -> None:
    request = recorded["DeleteVpcEndpoints"]["requestParameters"]["DeleteVpcEndpointsRequest"]["VpcEndpointId"]

    assert request["tag"] == 1
    assert request["content"].startswith("vpce-")
    assert recorded["DeleteVpcEndpoints"]["responseElements"]["DeleteVpcEndpointsResponse"]["unsuccessful"] == ""


def test_a_failed_call_carries_its_error_and_no_answer(account: Account) -> None:
    detail = account.detail("DeleteVpc", VpcId="vpc-0123456789abcdef0")

    assert detail["errorCode"] == "Client.InvalidVpcID.NotFound"
    assert "vpc-0123456789abcdef0" in detail["errorMessage"]
    assert detail["requestParameters"] == {"vpcId": "vpc-0123456789abcdef0"}
    assert detail["responseElements"] is None


def test_a_call_that_worked_has_no_error_key(recorded: dict[str, Mapping[str, Any]]) -> None:
    assert all("errorCode" not in detail for detail in recorded.values())


def test_reading_is_no_event(account: Account) -> None:
    assert account.call("DescribeVpcs") == []


def test_tags_at_creation_are_no_tag_change(account: Account) -> None:
    tag = {"TagSpecification_1_ResourceType": "vpc", "TagSpecification_1_Tag_1_Key": "a"}
    events = account.call("CreateVpc", CidrBlock="10.1.0.0/16", **tag, TagSpecification_1_Tag_1_Value="b")

    assert [event.source for event in events] == ["aws.ec2"]


def test_a_tag_change_tells_the_keys_and_all_tags_that_are_left(account: Account) -> None:
    vpc = account.detail("CreateVpc", CidrBlock="10.2.0.0/16")["responseElements"]["vpc"]["vpcId"]

    account.call("CreateTags", ResourceId_1=vpc, Tag_1_Key="a", Tag_1_Value="1", Tag_2_Key="b", Tag_2_Value="2")
    api, change = account.call("DeleteTags", ResourceId_1=vpc, Tag_1_Key="a")

    assert api.detail["eventName"] == "DeleteTags"
    assert (change.source, change.detail_type) == ("aws.tag", "Tag Change on Resource")
    assert change.resources == (f"arn:aws:ec2:{REGION}:{ACCOUNT}:vpc/{vpc}",)
    assert change.detail == {
        "changed-tag-keys": ["a"],
        "service": "ec2",
        "resource-type": "vpc",
        "version": 2,
        "tags": {"b": "2"},
    }


def test_a_role_is_told_with_its_session() -> None:
    arn = f"arn:aws:sts::{ACCOUNT}:assumed-role/reconcile/vpce-reconcile"
    caller = Caller(arn=arn, access_key="ASIAEXAMPLE", source="192.0.2.1", agent="Boto3")
    (event,) = events_of(a_call(caller=caller), no_tags)

    identity = event.detail["userIdentity"]
    assert identity["type"] == "AssumedRole"
    assert identity["sessionContext"]["sessionIssuer"]["arn"] == f"arn:aws:iam::{ACCOUNT}:role/reconcile"


def test_a_call_of_cloudformation_names_the_service_instead_of_an_address() -> None:
    service = "cloudformation.amazonaws.com"
    (event,) = events_of(a_call(caller=Caller(arn=USER.arn, access_key="", source=service, agent=service)), no_tags)

    assert (event.detail["sourceIPAddress"], event.detail["userAgent"]) == (service, service)
    assert event.detail["userIdentity"]["invokedBy"] == service
    assert "tlsDetails" not in event.detail


def test_a_server_error_is_not_the_clients() -> None:
    answer = b"<Response><Errors><Error><Code>Unavailable</Code><Message>Later</Message></Error></Errors></Response>"
    (event,) = events_of(a_call(status=503, answer=answer), no_tags)

    assert error_of(answer) == ("Unavailable", "Later")
    assert (event.detail["errorCode"], event.detail["errorMessage"]) == ("Server.Unavailable", "Later")


def a_call(
    *,
    caller: Caller = USER,
    status: int = 200,
    answer: bytes = b"<DeleteVpcResponse><return>true</return></DeleteVpcResponse>",
) -> Ec2Call:
    return Ec2Call(
        action="DeleteVpc",
        parameters={"Action": "DeleteVpc", "VpcId": "vpc-0123456789abcdef0"},
        status=status,
        answer=answer,
        account=ACCOUNT,
        region=REGION,
        caller=caller,
        request_id="0f0f0f0f",
        time=dt.datetime(2026, 1, 1, tzinfo=dt.UTC),
    )


def no_tags(_resource_id: str) -> Tags:
    return Tags(version=0, values={})
