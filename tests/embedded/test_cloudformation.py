"""Is a VPC in a template a VPC like every other?"""

import json
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from embedded.process import EmbeddedAws

TAG = {"Key": "endpoint-profile", "Value": "lambda"}

NETWORK: dict[str, Any] = {
    "Resources": {
        "Vpc": {
            "Type": "AWS::EC2::VPC",
            "Properties": {"CidrBlock": "10.7.0.0/16", "EnableDnsHostnames": True, "Tags": [TAG]},
        },
        "Subnet": {
            "Type": "AWS::EC2::Subnet",
            "Properties": {
                "VpcId": {"Ref": "Vpc"},
                "CidrBlock": "10.7.1.0/24",
                "AvailabilityZone": {"Fn::Select": [0, {"Fn::GetAZs": ""}]},
            },
        },
        "Table": {"Type": "AWS::EC2::RouteTable", "Properties": {"VpcId": {"Ref": "Vpc"}}},
        "Association": {
            "Type": "AWS::EC2::SubnetRouteTableAssociation",
            "Properties": {"SubnetId": {"Ref": "Subnet"}, "RouteTableId": {"Ref": "Table"}},
        },
        "Group": {
            "Type": "AWS::EC2::SecurityGroup",
            "Properties": {
                "GroupDescription": "in",
                "VpcId": {"Ref": "Vpc"},
                "SecurityGroupIngress": [
                    {"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443, "CidrIp": {"Fn::GetAtt": "Vpc.CidrBlock"}}
                ],
            },
        },
        "Gateway": {"Type": "AWS::EC2::InternetGateway", "Properties": {}},
        "Attachment": {
            "Type": "AWS::EC2::VPCGatewayAttachment",
            "Properties": {"VpcId": {"Ref": "Vpc"}, "InternetGatewayId": {"Ref": "Gateway"}},
        },
        "Route": {
            "Type": "AWS::EC2::Route",
            "DependsOn": "Attachment",
            "Properties": {
                "RouteTableId": {"Ref": "Table"},
                "DestinationCidrBlock": "0.0.0.0/0",
                "GatewayId": {"Ref": "Gateway"},
            },
        },
        "Endpoint": {
            "Type": "AWS::EC2::VPCEndpoint",
            "Properties": {
                "VpcId": {"Ref": "Vpc"},
                "ServiceName": {"Fn::Sub": "com.amazonaws.${AWS::Region}.s3"},
                "RouteTableIds": [{"Ref": "Table"}],
            },
        },
        # Where the events of it all end up.
        "Seen": {"Type": "AWS::SQS::Queue"},
        "Allowed": {
            "Type": "AWS::SQS::QueuePolicy",
            "Properties": {
                "Queues": [{"Ref": "Seen"}],
                "PolicyDocument": {
                    "Statement": [
                        {
                            "Effect": "Allow",
                            "Principal": {"Service": "events.amazonaws.com"},
                            "Action": "sqs:SendMessage",
                            "Resource": {"Fn::GetAtt": ["Seen", "Arn"]},
                        }
                    ]
                },
            },
        },
        "Rule": {
            "Type": "AWS::Events::Rule",
            "Properties": {
                "EventPattern": {"source": ["aws.ec2"], "detail": {"eventName": ["CreateVpc", "DeleteVpc"]}},
                "Targets": [{"Id": "seen", "Arn": {"Fn::GetAtt": ["Seen", "Arn"]}}],
            },
        },
    },
    "Outputs": {
        "Vpc": {"Value": {"Ref": "Vpc"}},
        "VpcId": {"Value": {"Fn::GetAtt": "Vpc.VpcId"}},
        "CidrBlock": {"Value": {"Fn::GetAtt": "Vpc.CidrBlock"}},
        "DefaultSecurityGroup": {"Value": {"Fn::GetAtt": "Vpc.DefaultSecurityGroup"}},
        "Subnet": {"Value": {"Ref": "Subnet"}},
        "Table": {"Value": {"Ref": "Table"}},
        "Group": {"Value": {"Fn::GetAtt": "Group.GroupId"}},
        "Endpoint": {"Value": {"Ref": "Endpoint"}},
        "Seen": {"Value": {"Ref": "Seen"}},
    },
}


@pytest.fixture(scope="module")
def aws() -> Iterator[EmbeddedAws]:
    with EmbeddedAws(event_delay=0, pending=0, deleting=0) as running:
        yield running


@pytest.fixture(scope="module")
def network(aws: EmbeddedAws) -> dict[str, str]:
    # The rule first, so that it sees the VPC come.
    first = {**NETWORK["Resources"], "Vpc": {**NETWORK["Resources"]["Vpc"], "DependsOn": ["Rule", "Allowed"]}}
    return change(aws, "create_stack", {**NETWORK, "Resources": first})


def change(aws: EmbeddedAws, how: str, template: dict[str, Any]) -> dict[str, str]:
    cloudformation = aws.client("cloudformation")
    getattr(cloudformation, how)(StackName="network", TemplateBody=json.dumps(template))
    stack = eventually(lambda: settled(cloudformation))
    assert stack["StackStatus"].endswith("E_COMPLETE"), cloudformation.describe_stack_events(StackName="network")
    assert "ROLLBACK" not in stack["StackStatus"], cloudformation.describe_stack_events(StackName="network")
    return {output["OutputKey"]: output["OutputValue"] for output in stack["Outputs"]}


def settled(cloudformation: Any) -> Any:
    stack = cloudformation.describe_stacks(StackName="network")["Stacks"][0]
    return None if stack["StackStatus"].endswith("_IN_PROGRESS") else stack


def eventually(look: Callable[[], Any], within: float = 30) -> Any:
    until = time.monotonic() + within
    while time.monotonic() < until:
        if found := look():
            return found
        time.sleep(0.1)
    raise AssertionError("waited in vain")


def tags(described: dict[str, Any]) -> dict[str, str]:
    return {tag["Key"]: tag["Value"] for tag in described["Tags"]}


def test_ref_and_getatt_give_what_ec2_has(aws: EmbeddedAws, network: dict[str, str]) -> None:
    ec2 = aws.client("ec2")
    in_vpc = [{"Name": "vpc-id", "Values": [network["Vpc"]]}, {"Name": "group-name", "Values": ["default"]}]

    assert network["VpcId"] == network["Vpc"]
    assert ec2.describe_vpcs(VpcIds=[network["Vpc"]])["Vpcs"][0]["CidrBlock"] == network["CidrBlock"] == "10.7.0.0/16"
    groups = ec2.describe_security_groups(Filters=in_vpc)["SecurityGroups"]
    assert [group["GroupId"] for group in groups] == [network["DefaultSecurityGroup"]]


def test_tags_are_the_templates_and_cloudformations(aws: EmbeddedAws, network: dict[str, str]) -> None:
    found = tags(aws.client("ec2").describe_vpcs(VpcIds=[network["Vpc"]])["Vpcs"][0])

    assert found["endpoint-profile"] == "lambda"
    assert found["aws:cloudformation:stack-name"] == "network"
    assert found["aws:cloudformation:logical-id"] == "Vpc"


def test_attributes_routes_and_rules_are_honoured(aws: EmbeddedAws, network: dict[str, str]) -> None:
    ec2 = aws.client("ec2")

    names = ec2.describe_vpc_attribute(VpcId=network["Vpc"], Attribute="enableDnsHostnames")
    assert names["EnableDnsHostnames"]["Value"] is True
    (table,) = ec2.describe_route_tables(RouteTableIds=[network["Table"]])["RouteTables"]
    assert [a["SubnetId"] for a in table["Associations"]] == [network["Subnet"]]
    assert {route.get("DestinationCidrBlock") for route in table["Routes"]} >= {"10.7.0.0/16", "0.0.0.0/0"}
    assert network["Endpoint"] in {route.get("GatewayId") for route in table["Routes"]}
    (group,) = ec2.describe_security_groups(GroupIds=[network["Group"]])["SecurityGroups"]
    assert group["IpPermissions"][0]["IpRanges"][0]["CidrIp"] == "10.7.0.0/16"


def test_the_event_says_that_cloudformation_called(aws: EmbeddedAws, network: dict[str, str]) -> None:
    sqs = aws.client("sqs")

    (message,) = eventually(lambda: sqs.receive_message(QueueUrl=network["Seen"]).get("Messages"))

    event = json.loads(message["Body"])
    assert (event["source"], event["account"], event["region"]) == ("aws.ec2", aws.account, aws.region)
    assert event["detail"]["responseElements"]["vpc"]["vpcId"] == network["Vpc"]
    assert event["detail"]["sourceIPAddress"] == "cloudformation.amazonaws.com"
    assert event["detail"]["userAgent"] == "cloudformation.amazonaws.com"


def test_changed_tags_reach_ec2_and_the_vpc_stays(aws: EmbeddedAws, network: dict[str, str]) -> None:
    changed = json.loads(json.dumps(NETWORK))
    changed["Resources"]["Vpc"]["Properties"]["Tags"] = [{"Key": "owner", "Value": "me"}]

    after = change(aws, "update_stack", changed)

    found = tags(aws.client("ec2").describe_vpcs(VpcIds=[network["Vpc"]])["Vpcs"][0])
    assert after["Vpc"] == network["Vpc"]
    assert found["owner"] == "me"
    assert "endpoint-profile" not in found


def test_a_vpc_that_ec2_refuses_fails_the_stack_with_ec2s_reason(aws: EmbeddedAws) -> None:
    cloudformation = aws.client("cloudformation")
    refused = {
        "Resources": {
            "Subnet": {
                "Type": "AWS::EC2::Subnet",
                "Properties": {"VpcId": "vpc-0123456789abcdef0", "CidrBlock": "10.0.0.0/24"},
            }
        }
    }
    cloudformation.create_stack(StackName="refused", TemplateBody=json.dumps(refused))

    def reasons() -> list[str]:
        events = cloudformation.describe_stack_events(StackName="refused")["StackEvents"]
        return [event["ResourceStatusReason"] for event in events if event["ResourceStatus"] == "CREATE_FAILED"]

    assert "InvalidVpcID.NotFound" in eventually(reasons)[0]


def test_deletion_waits_for_what_others_put_into_the_vpc_and_then_takes_all(
    aws: EmbeddedAws, network: dict[str, str]
) -> None:
    ec2, cloudformation = aws.client("ec2"), aws.client("cloudformation")
    foreign = ec2.create_vpc_endpoint(
        VpcId=network["Vpc"],
        VpcEndpointType="Interface",
        ServiceName=f"com.amazonaws.{aws.region}.sts",
        SubnetIds=[network["Subnet"]],
        PrivateDnsEnabled=False,
    )["VpcEndpoint"]["VpcEndpointId"]
    aws.forget()

    cloudformation.delete_stack(StackName="network")
    time.sleep(1)
    assert [vpc for vpc in ec2.describe_vpcs()["Vpcs"] if vpc["VpcId"] == network["Vpc"]]
    ec2.delete_vpc_endpoints(VpcEndpointIds=[foreign])

    gone = eventually(
        lambda: all(
            s["StackName"] != "network" or s["StackStatus"] == "DELETE_COMPLETE"
            for s in cloudformation.describe_stacks()["Stacks"]
        )
    )
    assert gone
    assert [vpc for vpc in ec2.describe_vpcs()["Vpcs"] if vpc["VpcId"] == network["Vpc"]] == []
