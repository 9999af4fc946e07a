"""What does AWS refuse? The checks EC2 makes before it creates or changes a VPC endpoint.

Each rule names its source. EC2: docs.aws.amazon.com/AWSEC2/latest/APIReference. PL: docs.aws.amazon.com/vpc/latest/
privatelink. S3: docs.aws.amazon.com/AmazonS3/latest/userguide/privatelink-interface-endpoints.html. Others are public
issues on GitHub. Where AWS publishes no text, the text says plainly what is wrong.
"""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from moto.ec2.exceptions import EC2ClientError, InvalidSecurityGroupNotFoundError

from embedded.strict_ec2_answers import offers, private_names, types_of
from embedded.strict_ec2_behaviour import is_seen, now, present

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

INTERFACE, GATEWAY = "Interface", "Gateway"
POLICY_CHARACTERS = 20_480  # PL vpc-limits-endpoints.html; not adjustable
INBOUND_ONLY = "PrivateDnsOnlyForInboundResolverEndpoint"
RECORD_TYPE, SERVICE_DEFINED = "DnsRecordIpType", "service-defined"
FAMILIES = {"ipv4": {"ipv4"}, "dualstack": {"ipv4", "ipv6"}, "ipv6": {"ipv6"}}
EVERYBODY = ("*", {"AWS": "*"}, {"AWS": ["*"]})
DNS_ATTRIBUTES = ("enable_dns_support", "enable_dns_hostnames")


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """The parameters of one CreateVpcEndpoint; a client token stands for exactly one of them."""

    vpc_id: str
    service_name: str
    kind: str = GATEWAY  # EC2 CreateVpcEndpoint: "Default: Gateway"
    policy: str | None = None
    route_tables: tuple[str, ...] = ()
    subnets: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    private_dns: bool | None = None
    ip_address_type: str = "ipv4"
    dns_options: Mapping[str, Any] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """The parameters of one ModifyVpcEndpoint."""

    policy: str | None = None
    reset_policy: bool = False
    add_route_tables: tuple[str, ...] = ()
    remove_route_tables: tuple[str, ...] = ()
    add_subnets: tuple[str, ...] = ()
    remove_subnets: tuple[str, ...] = ()
    add_groups: tuple[str, ...] = ()
    remove_groups: tuple[str, ...] = ()
    private_dns: bool | None = None
    ip_address_type: str | None = None
    dns_options: Mapping[str, Any] = field(default_factory=dict)


def refusal(code: str, message: str) -> Exception:
    error: Exception = EC2ClientError(code, message)
    return error


def check_owner(vpc_id: str) -> None:
    """VPC guide, vpc-sharing.html; the text: repost.aws/knowledge-center/vpc-interface-endpoint-creation-errors"""
    if vpc_id in present().shared:
        raise refusal("UnauthorizedOperation", "This operation does not support shared VPCs.")


def check_offer(backend: Any, service_name: str, kind: str) -> Mapping[str, Any]:
    """The offer that answers to name and type (s3 has one of each). EC2 errors-overview: InvalidServiceName."""
    if not service_name:
        raise refusal("MissingParameter", "The request must contain the parameter ServiceName")
    found = offers(backend, service_name)
    if not found:
        raise refusal("InvalidServiceName", f"The Vpc Endpoint Service '{service_name}' does not exist")
    for offer in found:
        if kind in types_of(offer):
            return offer
    # hashicorp/terraform#24478
    available = ", ".join(sorted({name for offer in found for name in types_of(offer)}))
    raise refusal("InvalidParameter", f"Endpoint type ({kind}) does not match available service types ([{available}]).")


def check_type_parameters(
    kind: str, *, subnets: Sequence[str], groups: Sequence[str], route_tables: Sequence[str], private_dns: bool | None
) -> None:
    """EC2 CreateVpcEndpoint and ModifyVpcEndpoint name the type that each parameter is for."""
    if kind == INTERFACE and route_tables:  # ansible-collections/amazon.aws#576
        raise refusal("InvalidParameter", "Route table IDs are only supported for Gateway type VPC Endpoint.")
    if kind == GATEWAY and subnets:  # nanlabs/terraform-aws-starter#18
        raise refusal(
            "InvalidParameter",
            "Subnet IDs are only supported for Interface and GatewayLoadBalancer type VPC Endpoints.",
        )
    if kind == GATEWAY and groups:
        raise refusal("InvalidParameter", "Security group IDs are only supported for Interface type VPC Endpoints.")
    if kind == GATEWAY and private_dns:
        raise refusal("InvalidParameter", "Private DNS is only supported for Interface type VPC Endpoints.")


def check_policy(policy: str | None, kind: str, offer: Mapping[str, Any]) -> None:
    """PL vpc-endpoints-access.html: JSON, a Principal in every statement, at most 20,480 characters.

    A gateway's Principal is everybody. Some services take full access only: pulumi/pulumi-aws-native#1711 has the text.
    """
    if policy is None:
        return
    if len(policy) > POLICY_CHARACTERS:
        raise refusal("InvalidPolicyDocument", f"The policy document is longer than {POLICY_CHARACTERS} characters.")
    try:
        document = json.loads(policy)
    except ValueError:
        raise refusal("InvalidPolicyDocument", "The policy document is not valid JSON.") from None
    statements = document.get("Statement") if isinstance(document, dict) else None
    listed = [statements] if isinstance(statements, dict) else statements
    if not listed or not isinstance(listed, list):
        raise refusal("InvalidPolicyDocument", "The policy document has no Statement.")
    if not all(isinstance(statement, dict) and "Principal" in statement for statement in listed):
        raise refusal("InvalidPolicyDocument", "Each statement of an endpoint policy must have a Principal.")
    if kind == GATEWAY and not all(statement["Principal"] in EVERYBODY for statement in listed):
        raise refusal("InvalidPolicyDocument", "The Principal of a gateway endpoint's policy must be *.")
    if not offer["VpcEndpointPolicySupported"] and not any(_is_full_access(statement) for statement in listed):
        name = offer["ServiceName"]
        raise refusal("InvalidParameter", f"Service {name} only supports the full-access endpoint policy.")


def _is_full_access(statement: Mapping[str, Any]) -> bool:
    return (
        (statement.get("Effect"), statement.get("Action"), statement.get("Resource")) == ("Allow", "*", "*")
        and statement["Principal"] in EVERYBODY
        and not statement.get("Condition")
    )


def check_quota(backend: Any, wish: Wish) -> None:
    """PL vpc-limits-endpoints.html: interface endpoints per VPC, gateway endpoints per Region."""
    behaviour, everywhere = present(), wish.kind == GATEWAY
    quota = behaviour.gateway_quota if everywhere else behaviour.interface_quota
    near = [e for e in backend.vpc_end_points.values() if everywhere or e.vpc_id == wish.vpc_id]
    counted = [e for e in near if behaviour.leaving_counts or not e.is_leaving]
    if sum(e.vpc_endpoint_type == wish.kind for e in counted) >= quota:
        raise refusal("VpcEndpointLimitExceeded", "The maximum number of VPC endpoints has been reached.")


def check_route_tables(backend: Any, vpc_id: str, prefix_lists: Sequence[str], route_tables: Iterable[str]) -> None:
    """PL gateway-endpoints.html#gateway-endpoint-routing: one endpoint route per service and table.

    AWS names no code for it: RouteAlreadyExists in eksctl-io/eksctl#2510, InvalidParameter in outputs of Terraform.
    """
    seen: set[str] = set()
    for table_id in route_tables:
        table = backend.get_route_table(table_id)
        if table.vpc_id != vpc_id:
            raise refusal(
                "InvalidParameter", f"Route table {table_id} and network {vpc_id} belong to different networks"
            )
        taken = any(route.destination_prefix_list_id in prefix_lists for route in table.routes)
        if prefix_lists and (table_id in seen or taken):
            raise refusal(
                present().route_exists,
                f"route table {table_id} already has a route with destination-prefix-list-id {prefix_lists[0]}",
            )
        seen.add(table_id)


def check_groups(backend: Any, vpc_id: str, groups: Iterable[str]) -> None:
    """EC2 errors-overview: InvalidGroup.NotFound; a group belongs to one VPC (EC2 CreateSecurityGroup)."""
    for group_id in groups:
        group = backend.get_security_group_from_id(group_id)
        if group is None or not is_seen(group):
            raise InvalidSecurityGroupNotFoundError(group_id)
        if group.vpc_id != vpc_id:
            raise refusal(
                "InvalidParameter", f"Security group {group_id} and network {vpc_id} belong to different networks"
            )


def check_subnets(
    backend: Any, vpc_id: str, offer: Mapping[str, Any], subnets: Iterable[str], *, present_subnets: Iterable[str] = ()
) -> None:
    """One subnet a zone, and only in zones the service supports.

    terraform-aws-modules/terraform-aws-vpc#583 (same zone) and #785 (zone not supported). A subnet that the same
    ModifyVpcEndpoint removes still counts: EC2 names no order for additions and removals of one call.
    """
    taken = {backend.get_subnet(subnet_id).availability_zone for subnet_id in present_subnets}
    for subnet_id in subnets:
        subnet = backend.get_subnet(subnet_id)
        if subnet.vpc_id != vpc_id:
            raise refusal("InvalidParameter", f"The subnet {subnet_id} does not belong to VPC {vpc_id}.")
        if subnet.availability_zone not in offer["AvailabilityZones"]:
            raise refusal(
                "InvalidParameter",
                f"The VPC endpoint service {offer['ServiceName']} does not support the availability zone of the "
                f"subnet: {subnet_id}.",
            )
        if subnet.availability_zone in taken:
            raise refusal(
                "DuplicateSubnetsInSameZone",
                f"Found another VPC endpoint subnet in the availability zone of {subnet_id}. VPC endpoint subnets "
                "should be in different availability zones supported by the VPC endpoint service.",
            )
        taken.add(subnet.availability_zone)


def check_ip_address_type(
    backend: Any, offer: Mapping[str, Any], ip_address_type: str, subnets: Iterable[str], *, present_type: str = ""
) -> None:
    """The service takes such requests, and all subnets have such ranges; AWS publishes no code.

    PL privatelink-access-aws-services.html#aws-service-ip-address-type and gateway-endpoints.html
    #gateway-endpoint-ip-address-type; for the present type, gardener/gardener-extension-provider-aws#1622.
    """
    families = FAMILIES.get(ip_address_type)
    if families is None or not families <= set(offer["SupportedIpAddressTypes"]):
        name = offer["ServiceName"]
        raise refusal("InvalidParameter", f"The IP address type {ip_address_type} is not supported by {name}.")
    if present_type not in {"", ip_address_type} and "ipv6" in {present_type, ip_address_type}:
        raise refusal(
            "InvalidParameter", f"The IP address type cannot change from {present_type} to {ip_address_type}."
        )
    for subnet_id in subnets:
        subnet = backend.get_subnet(subnet_id)
        has = {*(["ipv4"] if subnet.cidr_block else []), *(["ipv6"] if subnet.ipv6_cidr_block_association_set else [])}
        if not families <= has or (ip_address_type == "ipv6" and has != families):
            raise refusal(
                "InvalidParameter", f"The IP address type {ip_address_type} does not match the subnet {subnet_id}."
            )


def check_record_type(kind: str, ip_address_type: str, record_type: str) -> None:
    """PL privatelink-access-aws-services.html and gateway-endpoints.html have a table each, "DNS record IP type"."""
    is_dual = ip_address_type == "dualstack"
    possible = {ip_address_type, *(["ipv4", "ipv6"] if is_dual else [])}
    possible |= {SERVICE_DEFINED} if is_dual or kind == GATEWAY else set()
    if record_type not in possible:
        raise refusal(
            "InvalidParameter",
            f"The DNS record IP type {record_type} is not compatible with the IP address type {ip_address_type}.",
        )


def check_private_dns(backend: Any, vpc_id: str, offer: Mapping[str, Any]) -> None:
    """What must be true before private DNS is switched on in a VPC."""
    service_name, names = offer["ServiceName"], private_names(offer)
    if not names:
        raise refusal(
            "InvalidParameter",
            f"Private DNS can't be enabled because the service {service_name} does not provide a private DNS name.",
        )
    vpc = backend.get_vpc(vpc_id)
    # PL create-interface-endpoint.html; the text is in docs.aws.amazon.com/guardduty (troubleshooting runtime coverage)
    if not all(_believed(vpc, name) for name in DNS_ATTRIBUTES):
        raise refusal(
            "InvalidParameter",
            "Enabling private DNS requires both enableDnsSupport and enableDnsHostnames VPC attributes set to true for "
            f"{vpc_id}",
        )
    taken = names & (_names_of_endpoints(backend, vpc_id) | _names_of_hosted_zones(vpc_id, names))
    if taken:  # hashicorp/terraform-provider-aws#17535; buildkite/terraform-buildkite-elastic-ci-stack-for-aws#91
        raise refusal(
            "InvalidParameter",
            "private-dns-enabled cannot be set because there is already a conflicting DNS domain for "
            f"{min(taken)} in the VPC {vpc_id}",
        )


def check_gateway_dns_options(options: Mapping[str, Any]) -> None:
    """hashicorp/terraform-provider-aws#45846"""
    if INBOUND_ONLY in options:
        raise refusal("InvalidParameter", f"DnsOptions {INBOUND_ONLY} is applicable only to Interface VPC Endpoints.")


def check_inbound_only(backend: Any, vpc_id: str, service_name: str, options: Mapping[str, Any]) -> bool:
    """S3: true unless said otherwise, and then a gateway endpoint must be there. Returns what is in force."""
    if not any(GATEWAY in types_of(offer) for offer in offers(backend, service_name)):
        if is_true(options.get(INBOUND_ONLY)):  # EC2 DnsOptionsSpecification: for services with both types only
            raise refusal("InvalidParameter", f"DnsOptions {INBOUND_ONLY} is not available for {service_name}.")
        return False
    if not is_true(options.get(INBOUND_ONLY, True)):
        return False
    gateways = [e for e in backend.vpc_end_points.values() if e.vpc_endpoint_type == GATEWAY and not e.is_leaving]
    if not any(e.vpc_id == vpc_id and e.service_name == service_name for e in gateways):
        # hashicorp/terraform-provider-aws#33689
        raise refusal(
            "InvalidParameter",
            f"To set {INBOUND_ONLY} to true, the VPC {vpc_id} must have a Gateway endpoint for the service.",
        )
    others = {g.dns_options[RECORD_TYPE] for g in gateways if g.vpc_id == vpc_id and g.service_name == service_name}
    if not others <= {SERVICE_DEFINED, options[RECORD_TYPE]}:  # PL vpc-endpoints-s3.html#private-dns-s3
        raise refusal("InvalidParameter", f"The {RECORD_TYPE} of the Gateway endpoint does not match.")
    return True


def is_true(value: object) -> bool:
    """Moto keeps some booleans as the strings they came in."""
    return str(value).lower() == "true"


def remember_attribute(vpc: Any, name: str) -> None:
    """Called before a DNS attribute changes: for a while the old value is the one that private DNS goes by."""
    if present().attribute_lag and name in DNS_ATTRIBUTES:
        vpc.believed = getattr(vpc, "believed", {}) | {name: (_believed(vpc, name), now() + present().attribute_lag)}


def _believed(vpc: Any, name: str) -> bool:
    old, until = getattr(vpc, "believed", {}).get(name, (False, 0.0))
    return old if now() < until else is_true(getattr(vpc, name))


def _names_of_endpoints(backend: Any, vpc_id: str) -> frozenset[str]:
    """A deleting endpoint is in the list: its hidden hosted zone goes last."""
    rivals = [e for e in backend.vpc_end_points.values() if e.vpc_id == vpc_id and e.private_dns_enabled]
    return frozenset(name for endpoint in rivals for name in endpoint.private_names)


def _names_of_hosted_zones(vpc_id: str, names: frozenset[str]) -> frozenset[str]:
    """The names a private hosted zone of any account already answers for in this VPC. Route 53 may not be in use."""
    route53 = sys.modules.get("moto.route53.models")
    if route53 is None:
        return frozenset()
    zones = {
        zone.name.removesuffix(".")
        for regions in list(route53.route53_backends.values())
        for route53_backend in list(regions.values())
        for zone in list(route53_backend.zones.values())
        if zone.private_zone and any(vpc.get("vpc_id") == vpc_id for vpc in zone.vpcs)
    }
    return frozenset(name for name in names if name.removeprefix("*.") in zones)
