"""How do we try this project against EC2 without AWS? Moto's EC2, made to refuse and to wait as AWS does.

`install()` patches moto in this process, once: for tests under `mock_aws` and for the embedded AWS alike. `behave()`
changes times, quotas and offers for a while. The rules are in strict_ec2_rules, an endpoint's life is in
strict_ec2_endpoints, and lists are in strict_ec2_answers.
"""

from __future__ import annotations

import functools
import os
from contextlib import contextmanager
from dataclasses import replace
from importlib import metadata
from ipaddress import ip_network
from typing import TYPE_CHECKING, Any

from moto.core.responses import ActionResult, BaseResponse
from moto.ec2.exceptions import (
    InvalidRouteTableIdError,
    InvalidSecurityGroupNotFoundError,
    InvalidSubnetIdError,
    InvalidVpcEndPointIdError,
    InvalidVPCIdError,
)
from moto.ec2.models.core import TaggedEC2Resource
from moto.ec2.models.elastic_network_interfaces import NetworkInterfaceBackend
from moto.ec2.models.managed_prefixes import ManagedPrefixListBackend
from moto.ec2.models.route_tables import RouteBackend, RouteTable
from moto.ec2.models.security_groups import SecurityGroupBackend
from moto.ec2.models.subnets import Subnet, SubnetBackend
from moto.ec2.models.vpcs import VPC, VPCBackend, VPCEndPoint
from moto.ec2.responses._base_response import EC2BaseResponse
from moto.ec2.responses.dhcp_options import DHCPOptions
from moto.ec2.responses.elastic_network_interfaces import ElasticNetworkInterfaces
from moto.ec2.responses.nat_gateways import NatGateways
from moto.ec2.responses.network_acls import NetworkACLs
from moto.ec2.responses.route_tables import RouteTables
from moto.ec2.responses.security_groups import SecurityGroups
from moto.ec2.responses.subnets import Subnets
from moto.ec2.responses.tags import TagResponse
from moto.ec2.responses.vpcs import VPCs
from moto.ec2.utils import EC2_PREFIX_TO_RESOURCE, add_tag_specification, get_prefix

from embedded import strict_ec2_answers as answers
from embedded import strict_ec2_endpoints as life
from embedded.strict_ec2_behaviour import (
    AS_DOCUMENTED,
    LOCK,
    Behaviour,
    Bucket,
    behave_as,
    is_seen,
    present,
    seen_from,
)
from embedded.strict_ec2_rules import GATEWAY, Change, Wish, is_true, refusal, remember_attribute

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

__all__ = ["Behaviour", "UnknownMotoError", "behave", "install", "require_pinned_moto"]

PINNED_MOTO = "5.2.5"
MARK = "_strict_ec2"  # a patched function bears it


class UnknownMotoError(RuntimeError):
    """This moto is not the one the patches were written for."""


def install(behaviour: Behaviour = AS_DOCUMENTED) -> None:
    """Makes moto strict. A second call only replaces the behaviour."""
    os.environ.setdefault("MOTO_EC2_LOAD_DEFAULT_AMIS", "false")  # a fifth of a second for each account and Region
    with LOCK:
        require_pinned_moto()
        behave_as(behaviour)
        apply(PATCHES)


def apply(patches: Mapping[tuple[Any, str], Callable[[Any], Any]]) -> None:
    """Each patch once; it is given what was there, or None."""
    for (owner, name), patch in patches.items():
        original = getattr(owner, name, None)
        if not hasattr(original, MARK):
            patched = patch(original)
            setattr(patched, MARK, True)
            setattr(owner, name, patched)


@contextmanager
def behave(**changes: Any) -> Iterator[Behaviour]:
    """The same EC2 with another behaviour, for as long as a test needs it."""
    before = behave_as(replace(present(), **changes))
    try:
        yield present()
    finally:
        behave_as(before)


def require_pinned_moto(needed: Iterable[tuple[Any, str]] | None = None) -> None:
    """The patches reach into moto's private names, so another version must not get by unseen."""
    version = metadata.version("moto")
    names = NEEDED if needed is None else needed
    missing = [f"{owner.__module__}.{owner.__qualname__}.{name}" for owner, name in names if not hasattr(owner, name)]
    if missing:
        raise UnknownMotoError(f"moto {version} has no {', '.join(missing)}; these patches need moto {PINNED_MOTO}")
    if version != PINNED_MOTO:
        raise UnknownMotoError(f"moto {version} is installed; these patches need moto {PINNED_MOTO}")


def _changes_endpoints(action: Callable[[Any], Mapping[str, Any]]) -> Callable[[Any], Callable[[Any], Any]]:
    """An answer of ours in place of moto's: throttled, and honest about dry runs."""

    @functools.wraps(action)
    def answer(response: Any) -> Any:
        if present().buckets and not _admitted(response.ec2_backend, action.__name__):
            return _throttled(response)
        response.error_on_dryrun()
        return ActionResult(action(response))

    return _instead(answer)


def _admitted(backend: Any, action: str) -> bool:
    with LOCK:
        return life.ledger(backend).buckets.setdefault(action, Bucket()).take()


def _throttled(response: Any) -> Any:
    """EC2 errors-overview: RequestLimitExceeded comes with HTTP 503, which moto's errors cannot say."""
    error = refusal("RequestLimitExceeded", "Request limit exceeded.")
    _, headers, body = response.serialized(ActionResult(error))
    return body, {**headers, "status": 503}


def _instead(new: Callable[..., Any]) -> Callable[[Any], Callable[..., Any]]:
    return lambda _: new


def create_vpc_endpoint(response: Any) -> Mapping[str, Any]:
    asked = response._get_param
    wish = Wish(
        vpc_id=asked("VpcId"),
        service_name=asked("ServiceName", ""),
        kind=asked("VpcEndpointType") or GATEWAY,
        policy=asked("PolicyDocument") or None,
        route_tables=tuple(asked("RouteTableIds", [])),
        subnets=tuple(asked("SubnetIds", [])),
        groups=tuple(asked("SecurityGroupIds", [])),
        private_dns=response._get_bool_param("PrivateDnsEnabled"),
        ip_address_type=asked("IpAddressType") or "ipv4",
        dns_options=dict(asked("DnsOptions", {})),
        tags=add_tag_specification(asked("TagSpecifications", [])),
    )
    return {"VpcEndpoint": life.create(response.ec2_backend, wish, asked("ClientToken"))}


def modify_vpc_endpoint(response: Any) -> Mapping[str, Any]:
    asked = response._get_param
    change = Change(
        policy=asked("PolicyDocument") or None,
        reset_policy=is_true(asked("ResetPolicy")),
        add_route_tables=tuple(asked("AddRouteTableIds", [])),
        remove_route_tables=tuple(asked("RemoveRouteTableIds", [])),
        add_subnets=tuple(asked("AddSubnetIds", [])),
        remove_subnets=tuple(asked("RemoveSubnetIds", [])),
        add_groups=tuple(asked("AddSecurityGroupIds", [])),
        remove_groups=tuple(asked("RemoveSecurityGroupIds", [])),
        private_dns=response._get_bool_param("PrivateDnsEnabled"),
        ip_address_type=asked("IpAddressType"),
        dns_options=dict(asked("DnsOptions", {})),
    )
    life.modify(response.ec2_backend, asked("VpcEndpointId"), change)
    return {"Return": True}


def delete_vpc_endpoints(response: Any) -> Mapping[str, Any]:
    return {"Unsuccessful": life.delete(response.ec2_backend, response._get_param("VpcEndpointIds", []))}


def describe_vpc_endpoints(response: Any) -> Any:
    response.error_on_dryrun()
    with LOCK:
        life.sweep(response.ec2_backend)
        found = answers.endpoints(
            response.ec2_backend, response._get_param("VpcEndpointIds", []), response._filters_from_querystring()
        )
    size = answers.page_size(response._get_int_param("MaxResults"))
    page, following = answers.page(found, size, response._get_param("NextToken"))
    return ActionResult({"VpcEndpoints": page, "NextToken": following})


def describe_vpc_endpoint_services(response: Any) -> Any:
    response.error_on_dryrun()
    found = answers.services(
        response.ec2_backend, response._get_param("ServiceNames", []), response._filters_from_querystring()
    )
    size = answers.page_size(response._get_int_param("MaxResults"))
    page, following = answers.page(found, size, response._get_param("NextToken"))
    names = [offer["ServiceName"] for offer in page]  # s3 twice, as in terraform-aws-modules/terraform-aws-vpc#579
    return ActionResult({"ServiceNames": names, "ServiceDetails": page, "NextToken": following})


def _paged(key: str, most: int = 1000, *, ids: str | None = None) -> Callable[[Any], Callable[[Any], Any]]:
    """A listing with the bounds botocore's model of EC2 names; moto ignores MaxResults in all of them."""

    def patch(original: Any) -> Callable[[Any], Any]:
        @functools.wraps(original)
        def answer(response: Any) -> Any:
            max_results = response._get_int_param("MaxResults")
            size = answers.page_size(max_results, least=5, most=most)
            if ids and max_results is not None and response._get_param(ids):
                raise refusal(
                    "InvalidParameterCombination", f"The parameter {ids} cannot be used with the parameter maxResults"
                )
            with LOCK:
                life.sweep(response.ec2_backend)
                _check_seen(response)
                result = original(response).result
            hidden = frozenset() if response._get_bool_param("IncludeManagedResources") else present().hidden
            shown = [thing for thing in result[key] if is_seen(thing) and thing.id not in hidden]
            page, following = answers.page(shown, size, response._get_param("NextToken"))
            return ActionResult({**result, key: page, "NextToken": following})

        return answer

    return patch


def _check_seen(response: Any) -> None:
    """EC2 devguide, eventual-consistency.html: NotFound for what was made a moment ago."""
    backend = response.ec2_backend
    asked = response._get_param
    for named in [asked("GroupId"), *asked("GroupIds", []), *asked("Resources", [])]:
        if not is_seen(backend.vpc_end_points.get(named)):
            raise InvalidVpcEndPointIdError(named)
        if not is_seen(backend.get_security_group_from_id(named)):
            raise InvalidSecurityGroupNotFoundError(named)


def _of_what_is_seen(original: Any) -> Callable[[Any], Any]:
    @functools.wraps(original)
    def answer(response: Any) -> Any:
        _check_seen(response)
        return original(response)

    return answer


def _create_security_group(original: Any) -> Callable[..., Any]:
    @functools.wraps(original)
    def create(*args: Any, **asked: Any) -> Any:
        """A VPC's default group is as old as the VPC."""
        group = original(*args, **asked)
        group.seen_at = 0.0 if group.is_default else seen_from()
        return group

    return create


def _spelt(other: str) -> Callable[[Any], Callable[..., None]]:
    """EC2 errors-overview has two spellings of some codes, and does not say which call answers which."""

    def patch(original: Any) -> Callable[..., None]:
        @functools.wraps(original)
        def init(error: Any, *args: Any) -> None:
            original(error, *args)
            if present().spelling == "Id":
                error.code = other

        return init

    return patch


class _Property(property):
    """One that can bear a mark."""


def _owner(vpc_of: Callable[[Any], str]) -> Callable[[Any], Any]:
    """VPC guide, vpc-sharing.html: a VPC, its subnets and route tables belong to the account that shares them."""
    return lambda original: _Property(lambda thing: present().shared.get(vpc_of(thing)) or original.fget(thing))


def _ipv6_of_subnet(_: Any) -> Any:
    """Moto writes the state of the state."""
    return _Property(
        lambda subnet: [
            one | {"ipv6CidrBlockState": {"state": "associated"}}
            for one in subnet.ipv6_cidr_block_associations.values()
            if one["ipv6CidrBlockState"]["State"] == "associated"
        ]
    )


def _disassociate_subnet_cidr_block(original: Any) -> Callable[..., Any]:
    @functools.wraps(original)
    def disassociate(backend: Any, association_id: str) -> Any:
        """EC2 DisassociateSubnetCidrBlock: everything that has an address of the block must be gone first."""
        with LOCK:
            life.sweep(backend)
            subnet = backend.get_subnet_from_ipv6_association(association_id)
            if subnet and any(eni.subnet.id == subnet.id and eni.ipv6_addresses for eni in backend.enis.values()):
                raise refusal("InvalidParameterValue", f"The IPv6 CIDR block of the subnet {subnet.id} is in use.")
            return original(backend, association_id)

    return disassociate


def _disassociate_vpc_cidr_block(original: Any) -> Callable[..., Any]:
    @functools.wraps(original)
    def disassociate(backend: Any, association_id: str) -> Any:
        """EC2 DisassociateVpcCidrBlock: subnets that have of the block must be gone first."""
        for vpc in backend.vpcs.values():
            block = vpc._cidr_block_association_set.get(association_id, {}).get("cidr_block", "")
            theirs = [s for s in backend.describe_subnets() if s.vpc_id == vpc.id] if block else []
            used = [one["ipv6CidrBlock"] for s in theirs for one in s.ipv6_cidr_block_association_set]
            used += [s.cidr_block for s in theirs if s.cidr_block]
            if any(_is_within(one, block) for one in used):
                raise refusal("InvalidParameterValue", f"The CIDR block {block} of the VPC {vpc.id} is in use.")
        return original(backend, association_id)

    return disassociate


def _is_within(one: str, block: str) -> bool:
    inner, outer = ip_network(one), ip_network(block)
    return inner.version == outer.version and inner.subnet_of(outer)  # type: ignore[arg-type]


def _create_default_pls(original: Any) -> Callable[[Any], None]:
    @functools.wraps(original)
    def create(backend: Any) -> None:
        """PL gateway-endpoints.html#gateway-endpoint-ip-address-type: S3 has a list of IPv6 ranges too."""
        original(backend)
        name = life.prefix_list_name(f"com.amazonaws.{backend.region_name}.s3", "ipv6")
        backend._create_aws_managed_prefix_list(
            name=name, address_family="IPv6", entries=[{"Cidr": "2a05:d07a:a000::/40", "Description": "default"}]
        )

    return create


def _set_vpc_attribute(original: Any) -> Callable[..., None]:
    @functools.wraps(original)
    def modify(backend: Any, vpc_id: str, attr_name: str, attr_value: str) -> None:
        with LOCK:
            remember_attribute(backend.get_vpc(vpc_id), attr_name)
            original(backend, vpc_id, attr_name, attr_value)

    return modify


def _modify_vpc_attribute(original: Any) -> Callable[[Any], Any]:
    @functools.wraps(original)
    def answer(response: Any) -> Any:
        """EC2 ModifyVpcAttribute: one DNS attribute a request, and hostnames only with DNS support."""
        hostnames, support = (response._get_param(f"EnableDns{name}.Value") for name in ("Hostnames", "Support"))
        if hostnames is not None and support is not None:
            raise refusal("InvalidParameterCombination", "Specify one VPC attribute in a request.")
        vpc = response.ec2_backend.get_vpc(response._get_param("VpcId"))
        if is_true(hostnames) and not is_true(vpc.enable_dns_support):
            raise refusal("InvalidParameterValue", "DNS hostnames can be enabled only if DNS support is enabled.")
        return original(response)

    return answer


def _by_hand(original: Any) -> Callable[[Any], Any]:
    @functools.wraps(original)
    def answer(response: Any) -> Any:
        """PL gateway-endpoints.html#gateway-endpoint-routing: endpoint routes are not edited or deleted by hand."""
        prefix_list_id = response._get_param("DestinationPrefixListId")
        table_id = response._get_param("RouteTableId")
        routes = response.ec2_backend.get_route_table(table_id).routes if prefix_list_id else []
        if any(r.destination_prefix_list_id == prefix_list_id and isinstance(r.gateway, VPCEndPoint) for r in routes):
            raise refusal(
                "InvalidParameterValue", f"cannot change VPC endpoint route {prefix_list_id} in route table {table_id}"
            )
        return original(response)

    return answer


def _delete_network_interface(original: Any) -> Callable[[Any], Any]:
    @functools.wraps(original)
    def answer(response: Any) -> Any:
        """EC2 user guide, requester-managed-eni.html: only the endpoint's deletion deletes its network interfaces."""
        interface_id = response._get_param("NetworkInterfaceId")
        if response.ec2_backend.get_network_interface(interface_id).requester_managed:
            raise refusal("InvalidParameterValue", f"Network interface '{interface_id}' is currently in use.")
        return original(response)

    return answer


def _delete_security_group(original: Any) -> Callable[..., Any]:
    @functools.wraps(original)
    def delete(backend: Any, name: str | None = None, group_id: str | None = None) -> Any:
        """EC2 DeleteSecurityGroup: DependencyViolation while a network interface has it, or another group names it.

        For an endpoint that has it, and no subnet, AWS does not say; held to the way that refuses.
        """
        with LOCK:
            life.sweep(backend)
            used = {g.id for eni in backend.enis.values() for g in eni.group_set}
            used |= {name for e in backend.vpc_end_points.values() for name in e.security_group_ids}
            if group_id in used or _is_named(backend, group_id):
                raise refusal("DependencyViolation", f"resource {group_id} has a dependent object")
            return original(backend, name, group_id)

    return delete


def _is_named(backend: Any, group_id: str | None) -> bool:
    """Whether a rule of another group of its VPC has the group as its source or target."""
    group = backend.get_security_group_from_id(group_id) if group_id else None
    others = [g for g in backend.groups[group.vpc_id].values() if g.id != group_id] if group else []
    rules = [r for g in others for r in (*g.ingress_rules, *g.egress_rules)]
    return any((rule.source_group or {}).get("GroupId") == group_id for rule in rules)


def _delete_subnet(original: Any) -> Callable[..., Any]:
    @functools.wraps(original)
    def delete(backend: Any, subnet_id: str) -> Any:
        """EC2 errors-overview: DependencyViolation while a network interface is in the subnet."""
        with LOCK:
            life.sweep(backend)
            if any(eni.subnet.id == subnet_id for eni in backend.enis.values()):
                raise refusal(
                    "DependencyViolation", f"The subnet '{subnet_id}' has dependencies and cannot be deleted."
                )
            return original(backend, subnet_id)

    return delete


def _delete_vpc(original: Any) -> Callable[..., Any]:
    @functools.wraps(original)
    def delete(backend: Any, vpc_id: str) -> Any:
        """EC2 DeleteVpc: everything in the VPC must be gone first, but for what it was made with."""
        with LOCK:
            life.sweep(backend)
            in_use = {e.vpc_id for e in backend.vpc_end_points.values()}
            in_use |= {g.vpc_id for g in backend.groups.get(vpc_id, {}).values() if not g.is_default}
            in_use |= {gateway.vpc.id for gateway in backend.internet_gateways.values() if gateway.vpc}
            if vpc_id in in_use:
                raise refusal("DependencyViolation", f"The vpc '{vpc_id}' has dependencies and cannot be deleted.")
            vpc = backend.get_vpc(vpc_id)
            options, vpc.dhcp_options = vpc.dhcp_options, None  # they stay; moto would delete them with the VPC
            try:
                return original(backend, vpc_id)
            except Exception:  # whatever moto refuses it for, the VPC is as it was
                vpc.dhcp_options = options
                raise

    return delete


def _create_vpc(original: Any) -> Callable[..., Any]:
    @functools.wraps(original)
    def create(backend: Any, *args: Any, **asked: Any) -> Any:
        """VPC guide, DHCPOptionSetConcepts.html: each Region has a default set, which a new VPC uses."""
        vpc = original(backend, *args, **asked)
        with LOCK:
            if not hasattr(backend, "default_dhcp_options"):
                backend.default_dhcp_options = backend.create_dhcp_options(
                    domain_name_servers=["AmazonProvidedDNS"], domain_name=[f"{backend.region_name}.compute.internal"]
                )
            backend.associate_dhcp_options(backend.default_dhcp_options, vpc)
        return vpc

    return create


def _create_in_backend(backend: Any, **asked: Any) -> Any:
    """The way of moto's CloudFormation; an endpoint that moto made itself would know none of the rules."""
    wish = Wish(
        vpc_id=asked["vpc_id"],
        service_name=asked["service_name"],
        kind=asked.get("endpoint_type") or GATEWAY,
        policy=asked.get("policy_document"),
        route_tables=tuple(asked.get("route_table_ids") or ()),
        subnets=tuple(asked.get("subnet_ids") or ()),
        groups=tuple(asked.get("security_group_ids") or ()),
        private_dns=asked.get("private_dns_enabled"),
    )
    return life.create(backend, wish)


def _delete_in_backend(backend: Any, vpce_ids: list[str] | None = None) -> None:
    life.delete(backend, vpce_ids or [])


def _get_tags(resource: Any) -> list[dict[str, str]]:
    """What moto answers, without a look at every tag of the Region for every resource."""
    kind = EC2_PREFIX_TO_RESOURCE.get(get_prefix(resource.id), "") if resource.id else ""
    return [
        {"resource_id": resource.id, "key": key, "value": value, "resource_type": kind}
        for key, value in resource.ec2_backend.tags.get(resource.id, {}).items()
    ]


PATCHES: Mapping[tuple[Any, str], Callable[[Any], Any]] = {
    (VPCs, "create_vpc_endpoint"): _changes_endpoints(create_vpc_endpoint),
    (VPCs, "modify_vpc_endpoint"): _changes_endpoints(modify_vpc_endpoint),
    (VPCs, "delete_vpc_endpoints"): _changes_endpoints(delete_vpc_endpoints),
    (VPCs, "describe_vpc_endpoints"): _instead(describe_vpc_endpoints),
    (VPCs, "describe_vpc_endpoint_services"): _instead(describe_vpc_endpoint_services),
    (VPCs, "describe_vpcs"): _paged("Vpcs"),
    (VPCs, "modify_vpc_attribute"): _modify_vpc_attribute,
    (Subnets, "describe_subnets"): _paged("Subnets"),
    (SecurityGroups, "describe_security_groups"): _paged("SecurityGroups"),
    (SecurityGroups, "describe_security_group_rules"): _paged("SecurityGroupRules"),
    (RouteTables, "describe_route_tables"): _paged("RouteTables", 100),
    (NetworkACLs, "describe_network_acls"): _paged("NetworkAcls"),
    (NatGateways, "describe_nat_gateways"): _paged("NatGateways"),
    (DHCPOptions, "describe_dhcp_options"): _paged("DhcpOptions"),
    (ElasticNetworkInterfaces, "describe_network_interfaces"): _paged("NetworkInterfaces", ids="NetworkInterfaceIds"),
    (ElasticNetworkInterfaces, "delete_network_interface"): _delete_network_interface,
    (RouteTables, "delete_route"): _by_hand,
    (RouteTables, "replace_route"): _by_hand,
    (SecurityGroups, "authorize_security_group_egress"): _of_what_is_seen,
    (SecurityGroups, "authorize_security_group_ingress"): _of_what_is_seen,
    (SecurityGroups, "delete_security_group"): _of_what_is_seen,
    (SecurityGroups, "modify_security_group_rules"): _of_what_is_seen,
    (SecurityGroups, "revoke_security_group_egress"): _of_what_is_seen,
    (SecurityGroups, "revoke_security_group_ingress"): _of_what_is_seen,
    (TagResponse, "create_tags"): _of_what_is_seen,
    (TagResponse, "delete_tags"): _of_what_is_seen,
    (SecurityGroupBackend, "create_security_group"): _create_security_group,
    (SecurityGroupBackend, "delete_security_group"): _delete_security_group,
    (ManagedPrefixListBackend, "create_default_pls"): _create_default_pls,
    (Subnet, "ipv6_cidr_block_association_set"): _ipv6_of_subnet,
    (SubnetBackend, "delete_subnet"): _delete_subnet,
    (SubnetBackend, "disassociate_subnet_cidr_block"): _disassociate_subnet_cidr_block,
    (VPCBackend, "create_vpc"): _create_vpc,
    (VPCBackend, "delete_vpc"): _delete_vpc,
    (VPCBackend, "disassociate_vpc_cidr_block"): _disassociate_vpc_cidr_block,
    (VPCBackend, "create_vpc_endpoint"): _instead(_create_in_backend),
    (VPCBackend, "delete_vpc_endpoints"): _instead(_delete_in_backend),
    (VPCBackend, "modify_vpc_attribute"): _set_vpc_attribute,
    (VPC, "owner_id"): _owner(lambda vpc: vpc.id),
    (Subnet, "owner_id"): _owner(lambda subnet: subnet.vpc_id),
    (RouteTable, "owner_id"): _owner(lambda table: table.vpc_id),
    (InvalidVPCIdError, "__init__"): _spelt("InvalidVpcId.NotFound"),
    (InvalidSubnetIdError, "__init__"): _spelt("InvalidSubnetId.NotFound"),
    (InvalidRouteTableIdError, "__init__"): _spelt("InvalidRouteTableId.NotFound"),
    (InvalidVpcEndPointIdError, "__init__"): _spelt("InvalidVpcEndpoint.NotFound"),
    (InvalidSecurityGroupNotFoundError, "__init__"): _spelt("InvalidSecurityGroupID.NotFound"),
    (TaggedEC2Resource, "get_tags"): _instead(_get_tags),
}
# Everything of moto that the patches and the modules beside this one call by name.
NEEDED: tuple[tuple[Any, str], ...] = (
    *PATCHES,
    (BaseResponse, "serialized"),
    (EC2BaseResponse, "_filters_from_querystring"),
    (EC2BaseResponse, "_get_bool_param"),
    (EC2BaseResponse, "_get_int_param"),
    (EC2BaseResponse, "_get_param"),
    (EC2BaseResponse, "error_on_dryrun"),
    (ManagedPrefixListBackend, "_create_aws_managed_prefix_list"),
    (NetworkInterfaceBackend, "assign_ipv6_addresses"),
    (RouteBackend, "create_route"),
    (RouteBackend, "delete_route"),
    (RouteBackend, "get_route_table"),
    (SecurityGroupBackend, "get_default_security_group"),
    (SecurityGroupBackend, "get_security_group_from_id"),
    (SubnetBackend, "describe_subnets"),
    (SubnetBackend, "get_subnet"),
    (SubnetBackend, "get_subnet_from_ipv6_association"),
    (VPCBackend, "_collect_default_endpoint_services"),
    (VPCBackend, "get_vpc"),
    (VPCEndPoint, "DEFAULT_POLICY"),
)
