"""What is there: reads VPCs into values, whole or not at all.

A place costs a constant number of paged calls, and DNS attributes (two calls per VPC, EC2 has no other way) only for
VPCs that need them. Any call that fails fails the whole look: a half-read VPC looks like one with endpoints missing.
This is the one module that knows EC2's words.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Literal

from botocore.exceptions import ClientError

from vpce.aws.errors import code_of, is_gone
from vpce.aws.pace import OutOfTimeError
from vpce.core.aside import Interface
from vpce.core.model import (
    DELETE_AFTER_TAG,
    FOLLOWS,
    FOLLOWS_TAG,
    IDLE_TAG,
    MADE_FOR_TAG,
    MANAGED_BY_TAG,
    RELEASED_TAG,
    Addresses,
    Dns,
    Endpoint,
    Ingress,
    Kind,
    Place,
    Route,
    RouteTable,
    SecurityGroup,
    Subnet,
    Vpc,
    group_name,
    moment,
)
from vpce.core.ownership import Candidate

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
    from datetime import datetime

    from mypy_boto3_ec2 import EC2Client

    from vpce.aws.pace import Pace

_PAGE = {"describe_route_tables": 100}
"""DescribeRouteTables pages at 100, the others at 1000; EC2 refuses unpaged calls in large accounts.
https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeRouteTables.html"""
_FILTERS = {"describe_nat_gateways": "Filter"}
"""What the argument is called where it is not ``Filters``.
https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeNatGateways.html"""
_FILTER_VALUES = 200
"""Most values that EC2 takes in one filter.
https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_Filter.html"""


_TARGETS = frozenset(
    {
        "CarrierGatewayId",
        "CoreNetworkArn",
        "EgressOnlyInternetGatewayId",
        "GatewayId",
        "InstanceId",
        "LocalGatewayId",
        "NatGatewayId",
        "NetworkInterfaceId",
        "OdbNetworkArn",
        "TransitGatewayId",
        "VpcPeeringConnectionId",
    }
)
"""https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_Route.html"""


def observe(
    ec2: EC2Client,
    place: Place,
    *,
    installation: str,
    needs_dns: Callable[[Vpc], bool],
    pace: Pace,
    now: datetime,
    vpcs: Collection[str] | None = None,
) -> list[Vpc]:
    """The VPCs of a place, or those named that still exist; sorted by id.

    Args:
        ec2: client of the place.
        place: where the client looks.
        installation: what the ownership tag says on what is ours.
        needs_dns: whether a VPC's DNS attributes matter.
        pace: the place's token buckets.
        now: what was to be left alone until then no longer is.
        vpcs: ids; None for all.

    Raises:
        ClientError, BotoCoreError: a call failed, so nothing is known.
        OutOfTimeError: the DNS attributes would outlast the budget.

    """
    if vpcs is not None and not vpcs:
        return []
    seen = list(pages(ec2, "describe_vpcs", "Vpcs", vpcs))
    subnets = _by_vpc(pages(ec2, "describe_subnets", "Subnets", vpcs))
    tables = _by_vpc(pages(ec2, "describe_route_tables", "RouteTables", vpcs))
    endpoints = _by_vpc(pages(ec2, "describe_vpc_endpoints", "VpcEndpoints", vpcs))
    groups = _by_vpc(pages(ec2, "describe_security_groups", "SecurityGroups", vpcs))
    found = [
        _vpc(
            place,
            vpc,
            subnets=tuple(_sorted(_subnet(s, now) for s in subnets[vpc["VpcId"]])),
            route_tables=tuple(_sorted(_route_table(t) for t in tables[vpc["VpcId"]])),
            endpoints=tuple(_sorted(endpoints_of(endpoints[vpc["VpcId"]], installation))),
            balancers=sum(_is_balancer(e) for e in endpoints[vpc["VpcId"]]),
            groups=tuple(_sorted(_security_groups(groups[vpc["VpcId"]], installation))),
            released=_released(vpc, now),
        )
        for vpc in sorted(seen, key=lambda v: str(v["VpcId"]))
        if vpcs is None or vpc["VpcId"] in vpcs
    ]
    return [known for vpc in found if (known := _with_dns(ec2, vpc, needs_dns, pace)) is not None]


def vpcs_with(ec2: EC2Client, things: Collection[str]) -> frozenset[str]:
    """The VPCs that hold these subnets, security groups, and groups by their names; a VPC holds itself."""
    vpcs = frozenset(t for t in things if t.startswith("vpc-"))
    subnets = frozenset(t for t in things if t.startswith("subnet-"))
    groups = frozenset(t for t in things if t.startswith("sg-"))
    names = frozenset(things) - vpcs - subnets - groups
    holders = set(vpcs)
    for call, key, wanted, by, name in (
        ("describe_subnets", "Subnets", subnets, "subnet-id", "SubnetId"),
        ("describe_security_groups", "SecurityGroups", groups, "group-id", "GroupId"),
        ("describe_security_groups", "SecurityGroups", names, "group-name", "GroupName"),
    ):
        if wanted:
            holders |= {found["VpcId"] for found in pages(ec2, call, key, wanted, by=by) if found[name] in wanted}
    return frozenset(holders)


def interfaces_at(ec2: EC2Client, thing: str) -> tuple[Interface, ...]:
    """Every network interface in a VPC or subnet, or with a security group; also those that services hide.

    https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeNetworkInterfaces.html

    Raises:
        ClientError, BotoCoreError: nothing is known, which is not the same as nobody being there.

    """
    by = {"vpc": "vpc-id", "subnet": "subnet-id", "sg": "group-id"}[thing.split("-", 1)[0]]
    found = pages(ec2, "describe_network_interfaces", "NetworkInterfaces", [thing], by=by, IncludeManagedResources=True)
    return tuple(
        Interface(id=i["NetworkInterfaceId"], what=i.get("Description") or i.get("InterfaceType", "interface"))
        for i in found
    )


def pages(
    ec2: EC2Client, call: str, key: str, of: Collection[str] | None = None, *, by: str = "vpc-id", **asked: Any
) -> Iterator[Mapping[str, Any]]:
    """A whole list; only of the ids given, unless there are too many for a filter."""
    filters = [{"Name": by, "Values": sorted(of)}] if of is not None and len(of) <= _FILTER_VALUES else []
    paginator: Any = ec2.get_paginator(call)  # type: ignore[call-overload]  # any that takes these filters
    asked[_FILTERS.get(call, "Filters")] = filters
    for page in paginator.paginate(PaginationConfig={"PageSize": _PAGE.get(call, 1000)}, **asked):
        yield from page[key]


def candidates(ec2: EC2Client, ids: Collection[str]) -> list[Candidate]:
    """The endpoints of these ids that there are, of every type; sorted by id."""
    found = (
        Candidate(
            id=e["VpcEndpointId"],
            vpc=e["VpcId"],
            type=e["VpcEndpointType"],
            tags=_tags(e),
            requester_managed=e.get("RequesterManaged", False),
        )
        for e in pages(ec2, "describe_vpc_endpoints", "VpcEndpoints", ids, by="vpc-endpoint-id")
        if e["VpcEndpointId"] in ids and e.get("State", "").lower() != "deleted"
    )
    return _sorted(found)


def _by_vpc(things: Iterable[Mapping[str, Any]]) -> Mapping[str, list[Mapping[str, Any]]]:
    by_vpc: dict[str, list[Mapping[str, Any]]] = defaultdict(list)
    for thing in things:
        by_vpc[thing.get("VpcId", "")].append(thing)
    return by_vpc


def _sorted(things: Iterable[Any]) -> list[Any]:
    return sorted(things, key=lambda t: str(t.id))


def _with_dns(ec2: EC2Client, vpc: Vpc, needs_dns: Callable[[Vpc], bool], pace: Pace) -> Vpc | None:
    if not needs_dns(vpc):
        return vpc
    try:
        support = _attribute(ec2, vpc.id, "enableDnsSupport", pace)
        hostnames = _attribute(ec2, vpc.id, "enableDnsHostnames", pace)
    except ClientError as error:
        if is_gone(code_of(error)):
            return None  # deleted while we looked
        raise
    return replace(vpc, dns=Dns(support=support, hostnames=hostnames))


def _attribute(ec2: EC2Client, vpc: str, name: Literal["enableDnsSupport", "enableDnsHostnames"], pace: Pace) -> bool:
    if not pace.ready("DescribeVpcAttribute"):
        raise OutOfTimeError("there are more VPCs with interface endpoints than can be read in one go")
    answer: Mapping[str, Any] = ec2.describe_vpc_attribute(VpcId=vpc, Attribute=name)
    pace.spent("DescribeVpcAttribute")
    return bool(answer[name[0].upper() + name[1:]].get("Value", False))


def _tags(thing: Mapping[str, Any]) -> dict[str, str]:
    return {t["Key"]: t.get("Value", "") for t in thing.get("Tags", [])}


def _released(thing: Mapping[str, Any], now: datetime) -> datetime | None:
    until = moment(_tags(thing).get(RELEASED_TAG, ""))
    return until if until and now < until else None


def _vpc(
    place: Place,
    vpc: Mapping[str, Any],
    *,
    subnets: tuple[Subnet, ...],
    route_tables: tuple[RouteTable, ...],
    endpoints: tuple[Endpoint, ...],
    balancers: int,
    groups: tuple[SecurityGroup, ...],
    released: datetime | None,
) -> Vpc:
    used = frozenset[str]().union(*(e.security_groups for e in endpoints))
    return Vpc(
        id=vpc["VpcId"],
        place=place,
        owner=vpc.get("OwnerId", place.account),
        is_default=vpc.get("IsDefault", False),
        tags=_tags(vpc),
        cidrs=tuple(sorted(_cidrs(vpc))),
        dhcp_options=vpc.get("DhcpOptionsId", ""),
        subnets=subnets,
        route_tables=route_tables,
        endpoints=endpoints,
        balancer_endpoints=balancers,
        security_groups=tuple(g for g in groups if g.is_ours or g.bears_our_name or g.id in used),
        released=released,
    )


def _cidrs(vpc: Mapping[str, Any]) -> Iterator[str]:
    for association in vpc.get("CidrBlockAssociationSet", []):
        if association.get("CidrBlockState", {}).get("State") == "associated":
            yield association["CidrBlock"]
    yield from _ipv6_cidrs(vpc)


def _ipv6_cidrs(thing: Mapping[str, Any]) -> Iterator[str]:
    """Of a VPC or a subnet."""
    for association in thing.get("Ipv6CidrBlockAssociationSet", []):
        if association.get("Ipv6CidrBlockState", {}).get("State") == "associated":
            yield association["Ipv6CidrBlock"]


def _subnet(subnet: Mapping[str, Any], now: datetime) -> Subnet:
    return Subnet(
        id=subnet["SubnetId"],
        zone=subnet["AvailabilityZone"],
        cidrs=tuple(sorted({*filter(None, [subnet.get("CidrBlock")]), *_ipv6_cidrs(subnet)})),
        free_addresses=subnet.get("AvailableIpAddressCount", 0) if subnet.get("CidrBlock") else 0,
        released=_released(subnet, now),
    )


def _route_table(table: Mapping[str, Any]) -> RouteTable:
    associations = [
        a
        for a in table.get("Associations", [])
        if a.get("AssociationState", {}).get("State", "associated") == "associated"
    ]
    return RouteTable(
        id=table["RouteTableId"],
        is_main=any(a.get("Main") for a in associations),
        subnets=frozenset(a["SubnetId"] for a in associations if a.get("SubnetId")),
        is_edge=any(a.get("GatewayId") for a in associations),
        reaches_internet_gateway=any(str(r.get("GatewayId", "")).startswith("igw-") for r in table.get("Routes", [])),
        routes=tuple(sorted(_route(r) for r in table.get("Routes", []))),
    )


def _route(route: Mapping[str, Any]) -> Route:
    """Every kind of target has a key of its own."""
    target = next((v for k, v in sorted(route.items()) if k in _TARGETS and v), "")
    return Route(
        destination=route.get("DestinationCidrBlock")
        or route.get("DestinationIpv6CidrBlock")
        or route.get("DestinationPrefixListId", ""),
        target=target,
        is_blackhole=route.get("State") == "blackhole",
    )


def _is_balancer(endpoint: Mapping[str, Any]) -> bool:
    kind, state = str(endpoint["VpcEndpointType"]), str(endpoint.get("State", ""))
    return kind == "GatewayLoadBalancer" and state.lower() != "deleted"


def endpoints_of(endpoints: Iterable[Mapping[str, Any]], installation: str) -> Iterator[Endpoint]:
    kinds = {k.value.lower(): k for k in Kind}
    for endpoint in endpoints:
        kind = kinds.get(endpoint["VpcEndpointType"].lower())
        if kind is None:
            continue  # Gateway Load Balancer, Resource, ServiceNetwork: not made of services
        tags = _tags(endpoint)
        names = endpoint.get("DnsOptions", {})
        error = endpoint.get("LastError", {})
        yield Endpoint(
            id=endpoint["VpcEndpointId"],
            service=endpoint["ServiceName"],
            kind=kind,
            state=endpoint.get("State", "").lower(),
            is_ours=tags.get(MANAGED_BY_TAG) == installation,
            made_for=tags.get(MADE_FOR_TAG, ""),
            route_tables=frozenset(endpoint.get("RouteTableIds", [])),
            subnets=frozenset(endpoint.get("SubnetIds", [])),
            security_groups=frozenset(g["GroupId"] for g in endpoint.get("Groups", [])),
            private_dns=kind is Kind.INTERFACE and endpoint.get("PrivateDnsEnabled", False),
            needs_gateway=names.get("PrivateDnsOnlyForInboundResolverEndpoint", False),
            failure=error.get("Message") or endpoint.get("FailureReason", ""),
            dns_names=tuple(sorted(_dns_names(endpoint))),
            inbound_resolver_only=names.get("PrivateDnsOnlyForInboundResolverEndpoint", False),
            policy=endpoint.get("PolicyDocument") or "",
            requester_managed=endpoint.get("RequesterManaged", False),
            created=endpoint["CreationTimestamp"].isoformat() if "CreationTimestamp" in endpoint else "",
            address_type=endpoint.get("IpAddressType", Addresses.IPV4).lower(),
            record_type=names.get("DnsRecordIpType", "").lower(),
            follows_subnets=tags.get(FOLLOWS_TAG) == FOLLOWS,
            delete_after=moment(tags.get(DELETE_AFTER_TAG, "")),
            has_unreadable_mark=DELETE_AFTER_TAG in tags and moment(tags[DELETE_AFTER_TAG]) is None,
            interfaces=frozenset(endpoint.get("NetworkInterfaceIds", [])),
            idle_tag=tags.get(IDLE_TAG, ""),
            service_region=endpoint.get("ServiceRegion", ""),
        )


def _dns_names(endpoint: Mapping[str, Any]) -> Iterator[str]:
    for entry in endpoint.get("DnsEntries", []):
        if name := entry.get("DnsName", ""):
            yield name.replace("\\052", "*").rstrip(".").lower()


def _security_groups(groups: Iterable[Mapping[str, Any]], installation: str) -> Iterator[SecurityGroup]:
    groups = list(groups)
    named_by: dict[str, set[str]] = defaultdict(set)
    for group in groups:
        for permission in (*group.get("IpPermissions", []), *group.get("IpPermissionsEgress", [])):
            for pair in permission.get("UserIdGroupPairs", []):
                named_by[pair.get("GroupId", "")].add(group["GroupId"])
    for group in groups:
        yield _security_group(group, installation, frozenset(named_by[group["GroupId"]] - {group["GroupId"]}))


def _security_group(group: Mapping[str, Any], installation: str, named_by: frozenset[str]) -> SecurityGroup:
    return SecurityGroup(
        id=group["GroupId"],
        name=group["GroupName"],
        is_ours=_tags(group).get(MANAGED_BY_TAG) == installation,
        bears_our_name=group["GroupName"] == group_name(installation),
        is_default=group["GroupName"] == "default",
        ingress=frozenset(i for p in group.get("IpPermissions", []) for i in _ingress(p)),
        named_by=named_by,
    )


def _ingress(permission: Mapping[str, Any]) -> Iterator[Ingress]:
    match permission.get("IpProtocol"):
        case "-1":
            first, last = 0, 65535
        case "tcp" | "6":
            first, last = permission.get("FromPort", 0), permission.get("ToPort", 65535)
        case _:
            return
    sources = [
        *((r["CidrIp"], r.get("Description", "")) for r in permission.get("IpRanges", [])),
        *((r["CidrIpv6"], r.get("Description", "")) for r in permission.get("Ipv6Ranges", [])),
        *((r["GroupId"], "") for r in permission.get("UserIdGroupPairs", []) if r.get("GroupId")),
        *((r["PrefixListId"], "") for r in permission.get("PrefixListIds", [])),
    ]
    for source, description in sources:
        yield Ingress(first=first, last=last, source=source, description=description)
