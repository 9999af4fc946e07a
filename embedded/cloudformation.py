"""What happens to a VPC in a CloudFormation template?

It is made by the same EC2 as every other VPC, with the same events, as calls of CloudFormation. ministack's table of
resource types gets our makers for the types below; they speak to EC2 as boto3 would.
"""

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from embedded.cloudtrail import Caller, error_of
from embedded.ec2 import Ec2

SERVICE = "cloudformation.amazonaws.com"
PATIENCE = 30.0  # seconds for which something in use is tried again to be deleted

Properties = Mapping[str, Any]
Made = tuple[str, dict[str, Any]]  # what Ref gives, and what Fn::GetAtt gives


class Ec2Error(RuntimeError):
    """EC2 refused a call of CloudFormation."""

    def __init__(self, action: str, code: str, message: str) -> None:
        super().__init__(f"{message} (Service: Ec2, Operation: {action}, Error Code: {code})")
        self.code = code


@dataclass(frozen=True, kw_only=True)
class Kind:
    """How one resource type is made, described and unmade."""

    make: Callable[[Properties], str]
    describe: Callable[[str], dict[str, Any]]
    unmake: Callable[[str], None]
    set_attributes: Callable[[str, Properties], None] = lambda _id, _properties: None
    changeable: frozenset[str] = frozenset()  # in place, beside Tags
    takes_tags: bool = True


def install(ec2: Ec2) -> None:
    """Put our makers into ministack's table."""
    from ministack.services.cloudformation import provisioners, stacks

    kinds = _kinds(_Api(ec2))
    for name, kind in kinds.items():
        provisioners._RESOURCE_HANDLERS[name] = _handlers(kind, name, _Api(ec2))
    # EC2 is waited for, so not on the server's own thread.
    waits = stacks._runs_on_worker_thread
    stacks._runs_on_worker_thread = lambda name: name in kinds or waits(name)


class _Api:
    """EC2 as boto3 would speak to it, in the account and region of the stack at hand."""

    def __init__(self, ec2: Ec2) -> None:
        import botocore.parsers
        import botocore.serialize
        import botocore.session

        self._ec2 = ec2
        self._model = botocore.session.get_session().get_service_model("ec2")
        self._serializer = botocore.serialize.create_serializer("ec2")
        self._parser = botocore.parsers.create_parser("ec2")

    def __call__(self, action: str, **arguments: Any) -> dict[str, Any]:
        from ministack.core.responses import get_account_id, get_region

        operation: Any = self._model.operation_model(action)
        request = self._serializer.serialize_to_request(arguments, operation)
        account = get_account_id()
        caller = Caller(arn=f"arn:aws:iam::{account}:root", access_key=account, source=SERVICE, agent=SERVICE)
        answer = self._ec2.submit(
            {name: str(value) for name, value in request["body"].items()},
            account=account,
            region=get_region(),
            caller=caller,
            headers={"user-agent": SERVICE},
        ).result()
        if error := error_of(answer.body):
            raise Ec2Error(action, *error)
        document = {"status_code": answer.status, "headers": dict(answer.headers), "body": answer.body}
        parsed: dict[str, Any] = self._parser.parse(document, operation.output_shape)
        return parsed


def _handlers(kind: Kind, name: str, api: _Api) -> dict[str, Any]:
    def create(_logical_id: str, properties: Properties, _stack: str) -> Made:
        made = kind.make(properties)
        kind.set_attributes(made, properties)
        return made, kind.describe(made)

    def update(made: str, old: Properties, new: Properties, _stack: str) -> Made:
        changed = {key for key in {*old, *new} if old.get(key) != new.get(key)} - {"Tags"}
        if changed - kind.changeable:
            raise ValueError(f"embedded AWS: {name} cannot change its {', '.join(sorted(changed))}; make another stack")
        kind.set_attributes(made, new)
        if kind.takes_tags:
            _change_tags(api, made, _tags(old), _tags(new))
        return made, kind.describe(made)

    def delete(made: str, _properties: Properties) -> None:
        _patiently(lambda: kind.unmake(made))

    return {"create": create, "update": update, "delete": delete}


def _patiently(unmake: Callable[[], None]) -> None:
    """Try again while something still depends on it, as CloudFormation does; what is gone is gone."""
    until = time.monotonic() + PATIENCE
    while True:
        try:
            unmake()
        except Ec2Error as error:
            if error.code.endswith(".NotFound"):
                return
            if error.code != "DependencyViolation" or time.monotonic() > until:
                raise
            time.sleep(0.5)
        else:
            return


# --- the types


def _kinds(api: _Api) -> dict[str, Kind]:
    return {
        "AWS::EC2::VPC": Kind(
            make=lambda p: _id(
                api("CreateVpc", **_said(p, "CidrBlock", "InstanceTenancy"), **_tagged("vpc", p)), "Vpc"
            ),
            set_attributes=lambda made, p: _set_vpc_attributes(api, made, p),
            changeable=frozenset({"EnableDnsHostnames", "EnableDnsSupport"}),
            describe=lambda made: _describe_vpc(api, made),
            unmake=lambda made: _ignore(api("DeleteVpc", VpcId=made)),
        ),
        "AWS::EC2::Subnet": Kind(
            make=lambda p: _id(
                api("CreateSubnet", **_said(p, "VpcId", "CidrBlock", "AvailabilityZone"), **_tagged("subnet", p)),
                "Subnet",
            ),
            set_attributes=lambda made, p: _set_subnet_attributes(api, made, p),
            changeable=frozenset({"MapPublicIpOnLaunch"}),
            describe=lambda made: _described(
                api("DescribeSubnets", SubnetIds=[made])["Subnets"][0],
                "SubnetId",
                "VpcId",
                "CidrBlock",
                "AvailabilityZone",
                "AvailabilityZoneId",
            ),
            unmake=lambda made: _ignore(api("DeleteSubnet", SubnetId=made)),
        ),
        "AWS::EC2::RouteTable": Kind(
            make=lambda p: _id(api("CreateRouteTable", **_said(p, "VpcId"), **_tagged("route-table", p)), "RouteTable"),
            describe=lambda made: {"RouteTableId": made},
            unmake=lambda made: _ignore(api("DeleteRouteTable", RouteTableId=made)),
        ),
        "AWS::EC2::SubnetRouteTableAssociation": Kind(
            make=lambda p: str(api("AssociateRouteTable", **_said(p, "RouteTableId", "SubnetId"))["AssociationId"]),
            describe=lambda made: {"Id": made},
            unmake=lambda made: _ignore(api("DisassociateRouteTable", AssociationId=made)),
            takes_tags=False,
        ),
        "AWS::EC2::InternetGateway": Kind(
            make=lambda p: _id(api("CreateInternetGateway", **_tagged("internet-gateway", p)), "InternetGateway"),
            describe=lambda made: {"InternetGatewayId": made},
            unmake=lambda made: _ignore(api("DeleteInternetGateway", InternetGatewayId=made)),
        ),
        "AWS::EC2::VPCGatewayAttachment": Kind(
            make=lambda p: _attach_gateway(api, p),
            describe=lambda made: {"AttachmentType": "IGW"} if made else {},
            unmake=lambda made: _ignore(
                api("DetachInternetGateway", InternetGatewayId=made.split("|")[0], VpcId=made.split("|")[1])
            ),
            takes_tags=False,
        ),
        "AWS::EC2::Route": Kind(
            make=lambda p: _make_route(api, p),
            describe=lambda made: {"CidrBlock": made.split("|")[1]},
            unmake=lambda made: _ignore(
                api("DeleteRoute", RouteTableId=made.split("|")[0], DestinationCidrBlock=made.split("|")[1])
            ),
            takes_tags=False,
        ),
        "AWS::EC2::SecurityGroup": Kind(
            make=lambda p: _make_security_group(api, p),
            describe=lambda made: _described(
                api("DescribeSecurityGroups", GroupIds=[made])["SecurityGroups"][0], "GroupId", "VpcId"
            ),
            unmake=lambda made: _ignore(api("DeleteSecurityGroup", GroupId=made)),
        ),
        "AWS::EC2::VPCEndpoint": Kind(
            make=lambda p: _make_endpoint(api, p),
            describe=lambda made: _describe_endpoint(api, made),
            unmake=lambda made: _delete_endpoint(api, made),
        ),
    }


def _set_vpc_attributes(api: _Api, made: str, properties: Properties) -> None:
    for name in ("EnableDnsSupport", "EnableDnsHostnames"):  # in this order; hostnames need support
        if name in properties:
            api("ModifyVpcAttribute", VpcId=made, **{name: {"Value": _true(properties[name])}})


def _describe_vpc(api: _Api, made: str) -> dict[str, Any]:
    vpc = api("DescribeVpcs", VpcIds=[made])["Vpcs"][0]
    in_it: list[dict[str, Any]] = [{"Name": "vpc-id", "Values": [made]}]
    groups = api("DescribeSecurityGroups", Filters=[*in_it, {"Name": "group-name", "Values": ["default"]}])
    acls = api("DescribeNetworkAcls", Filters=[*in_it, {"Name": "default", "Values": ["true"]}])
    return {
        "VpcId": made,
        "CidrBlock": vpc["CidrBlock"],
        "CidrBlockAssociations": [a["AssociationId"] for a in vpc.get("CidrBlockAssociationSet", [])],
        "DefaultSecurityGroup": groups["SecurityGroups"][0]["GroupId"],
        "DefaultNetworkAcl": acls["NetworkAcls"][0]["NetworkAclId"],
    }


def _set_subnet_attributes(api: _Api, made: str, properties: Properties) -> None:
    if "MapPublicIpOnLaunch" in properties:
        public = {"Value": _true(properties["MapPublicIpOnLaunch"])}
        api("ModifySubnetAttribute", SubnetId=made, MapPublicIpOnLaunch=public)


def _attach_gateway(api: _Api, properties: Properties) -> str:
    wanted = _said(properties, "InternetGatewayId", "VpcId")
    api("AttachInternetGateway", **wanted)
    return f"{wanted['InternetGatewayId']}|{wanted['VpcId']}"


def _make_route(api: _Api, properties: Properties) -> str:
    wanted = _said(properties, "RouteTableId", "DestinationCidrBlock", "GatewayId", "NatGatewayId")
    api("CreateRoute", **wanted)
    return f"{wanted['RouteTableId']}|{wanted['DestinationCidrBlock']}"


def _make_security_group(api: _Api, properties: Properties) -> str:
    name = properties.get("GroupName") or f"{_stack_of(properties)}-{time.time_ns():x}"
    group = api(
        "CreateSecurityGroup",
        GroupName=name,
        Description=properties["GroupDescription"],
        **_said(properties, "VpcId"),
        **_tagged("security-group", properties),
    )
    made = str(group["GroupId"])
    for rule in properties.get("SecurityGroupIngress", []):
        api("AuthorizeSecurityGroupIngress", GroupId=made, IpPermissions=[_permission(rule, "Source")])
    if egress := properties.get("SecurityGroupEgress"):
        everything = {"IpProtocol": "-1", "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}
        api("RevokeSecurityGroupEgress", GroupId=made, IpPermissions=[everything])
        for rule in egress:
            api("AuthorizeSecurityGroupEgress", GroupId=made, IpPermissions=[_permission(rule, "Destination")])
    return made


def _permission(rule: Properties, other_side: str) -> dict[str, Any]:
    told = {"Description": rule["Description"]} if "Description" in rule else {}
    permission: dict[str, Any] = {"IpProtocol": str(rule["IpProtocol"])}
    permission |= {port: int(rule[port]) for port in ("FromPort", "ToPort") if port in rule}
    for name, listed, element in (
        ("CidrIp", "IpRanges", "CidrIp"),
        ("CidrIpv6", "Ipv6Ranges", "CidrIpv6"),
        (f"{other_side}PrefixListId", "PrefixListIds", "PrefixListId"),
        (f"{other_side}SecurityGroupId", "UserIdGroupPairs", "GroupId"),
    ):
        if name in rule:
            permission[listed] = [{element: rule[name], **told}]
    return permission


def _make_endpoint(api: _Api, properties: Properties) -> str:
    wanted = _said(
        properties, "VpcId", "ServiceName", "VpcEndpointType", "RouteTableIds", "SubnetIds", "SecurityGroupIds"
    )
    if "PrivateDnsEnabled" in properties:
        wanted["PrivateDnsEnabled"] = _true(properties["PrivateDnsEnabled"])
    if "PolicyDocument" in properties:
        policy = properties["PolicyDocument"]
        wanted["PolicyDocument"] = policy if isinstance(policy, str) else json.dumps(policy)
    return _id(api("CreateVpcEndpoint", **wanted, **_tagged("vpc-endpoint", properties)), "VpcEndpoint")


def _describe_endpoint(api: _Api, made: str) -> dict[str, Any]:
    endpoint = api("DescribeVpcEndpoints", VpcEndpointIds=[made])["VpcEndpoints"][0]
    return {
        "Id": made,
        "CreationTimestamp": str(endpoint["CreationTimestamp"]),
        "DnsEntries": [f"{e['HostedZoneId']}:{e['DnsName']}" for e in endpoint.get("DnsEntries", [])],
        "NetworkInterfaceIds": list(endpoint.get("NetworkInterfaceIds", [])),
    }


def _delete_endpoint(api: _Api, made: str) -> None:
    answer = api("DeleteVpcEndpoints", VpcEndpointIds=[made])
    for failed in answer.get("Unsuccessful", []):
        raise Ec2Error("DeleteVpcEndpoints", failed["Error"]["Code"], failed["Error"]["Message"])


# --- words of templates


def _said(properties: Properties, *names: str) -> dict[str, Any]:
    return {name: properties[name] for name in names if name in properties}


def _described(found: Mapping[str, Any], *names: str) -> dict[str, Any]:
    return {name: found[name] for name in names if name in found}


def _id(answer: Mapping[str, Any], what: str) -> str:
    return str(answer[what][f"{what}Id"])


def _true(value: object) -> bool:
    return str(value).lower() == "true"


def _tags(properties: Properties) -> dict[str, str]:
    return {str(tag["Key"]): str(tag["Value"]) for tag in properties.get("Tags", [])}


def _tagged(kind: str, properties: Properties) -> dict[str, Any]:
    tags = [{"Key": key, "Value": value} for key, value in _tags(properties).items()]
    return {"TagSpecifications": [{"ResourceType": kind, "Tags": tags}]} if tags else {}


def _change_tags(api: _Api, made: str, old: Mapping[str, str], new: Mapping[str, str]) -> None:
    gone = [{"Key": key} for key in old if key not in new]
    if gone:
        api("DeleteTags", Resources=[made], Tags=gone)
    changed = [{"Key": key, "Value": value} for key, value in new.items() if old.get(key) != value]
    if changed:
        api("CreateTags", Resources=[made], Tags=changed)


def _stack_of(properties: Properties) -> str:
    return _tags(properties).get("aws:cloudformation:stack-name", "stack")


def _ignore(_answer: object) -> None:
    return None
