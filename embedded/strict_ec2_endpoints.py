"""How does a VPC endpoint live? Created, changed and deleted as EC2 does it, with network interfaces, names and routes.

An endpoint's state is read from the clock, never set: pending until it is ready, deleting until it is gone.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import islice
from typing import TYPE_CHECKING, Any

from moto.ec2.exceptions import EC2ClientError, InvalidVpcEndPointIdError
from moto.ec2.models.vpcs import VPCEndPoint
from moto.ec2.utils import random_resource_id, random_vpc_ep_id

from embedded import strict_ec2_rules as rules
from embedded.strict_ec2_answers import private_names
from embedded.strict_ec2_behaviour import LOCK, Bucket, is_seen, now, present, seen_from
from embedded.strict_ec2_rules import GATEWAY, INTERFACE, Change, Wish, refusal

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

DEFAULT_POLICY = json.dumps(VPCEndPoint.DEFAULT_POLICY)
LARGEST_DELETION = 25  # not in the API reference, so the smaller batch is the safe one to hold callers to
ZONE_OF_ENDPOINT_NAMES = "Z7HUB22UULQXV"  # one hosted zone a Region serves the regional and zonal names


@dataclass(eq=False, kw_only=True)
class Endpoint(VPCEndPoint):  # type: ignore[misc]  # moto is untyped
    """One endpoint, in the words that moto's serializer looks for."""

    ec2_backend: Any
    id: str
    vpc_id: str
    service_name: str
    vpc_endpoint_type: str
    policy_document: str
    creation_timestamp: datetime
    ready_at: float
    seen_at: float
    ip_address_type: str
    private_dns_enabled: bool = False
    private_names: frozenset[str] = frozenset()
    base_name: str = ""
    asked_dns_options: Mapping[str, Any] = field(default_factory=dict)
    inbound_only: bool = False
    security_group_ids: list[str] = field(default_factory=list)
    interfaces: dict[str, str] = field(default_factory=dict)  # subnet -> network interface
    associated_tables: list[str] = field(default_factory=list)
    suffix: str = field(default_factory=lambda: random_resource_id(8))
    private_zone: str = field(default_factory=lambda: f"Z0{random_resource_id(18).upper()}")
    requester_managed: bool = False
    gone_at: float | None = None

    @property
    def is_leaving(self) -> bool:
        return self.gone_at is not None

    @property
    def state(self) -> str:
        """AWS spells states in lower case, whatever the enumeration in its model says."""
        if self.gone_at is not None:
            return "deleting" if now() < self.gone_at else "deleted"
        return "pending" if now() < self.ready_at else "available"

    @property
    def service_region(self) -> str:
        region: str = self.ec2_backend.region_name
        return region

    @property
    def subnet_ids(self) -> list[str]:
        return list(self.interfaces)

    @property
    def network_interface_ids(self) -> list[str]:
        return list(self.interfaces.values())

    @property
    def route_table_ids(self) -> list[str]:
        """A table that was deleted has left the endpoint."""
        return [table_id for table_id in self.associated_tables if table_id in self.ec2_backend.route_tables]

    @property
    def groups(self) -> list[dict[str, str]]:
        groups = self.ec2_backend.groups[self.vpc_id]
        return [{"GroupId": group_id, "GroupName": groups[group_id].name} for group_id in self.security_group_ids]

    @property
    def dns_options(self) -> dict[str, Any]:
        options = dict(self.asked_dns_options)
        if self.vpc_endpoint_type == INTERFACE:
            options[rules.INBOUND_ONLY] = self.inbound_only
        return options

    @property
    def prefix_lists(self) -> list[str]:
        """Of a gateway: one for each kind of address (PL gateway-endpoints.html#gateway-endpoint-ip-address-type)."""
        names = {prefix_list_name(self.service_name, family) for family in rules.FAMILIES[self.ip_address_type]}
        return [p.id for p in self.ec2_backend.managed_prefix_lists.values() if p.prefix_list_name in names]

    @property
    def dns_entries(self) -> list[dict[str, str]]:
        """Regional, zonal and private names, in AWS's order (PL privatelink-access-aws-services.html)."""
        if self.vpc_endpoint_type == GATEWAY:
            return []
        # The names of an S3 endpoint are wildcards, for buckets and access points (S3 user guide, PrivateLink)
        host = f"{'*.' if self.base_name.startswith('s3.') else ''}{self.id}-{self.suffix}"
        zones = [self.ec2_backend.get_subnet(subnet_id).availability_zone for subnet_id in self.subnet_ids]
        own = [f"{host}.{self.base_name}", *(f"{host}-{zone}.{self.base_name}" for zone in zones)]
        private = sorted(self.private_names) if self.private_dns_enabled else []
        private_zone = "ZONEIDPENDING" if self.state == "pending" else self.private_zone
        return [{"DnsName": name, "HostedZoneId": ZONE_OF_ENDPOINT_NAMES} for name in own] + [
            {"DnsName": name, "HostedZoneId": private_zone} for name in private
        ]


@dataclass(slots=True, kw_only=True)
class Ledger:
    """What an account and Region remembers beside moto's own tables; it goes when moto forgets them."""

    tokens: dict[str, tuple[Wish, Endpoint]] = field(default_factory=dict)
    buckets: dict[str, Bucket] = field(default_factory=dict)
    leaving: dict[str, Endpoint] = field(default_factory=dict)


def ledger(backend: Any) -> Ledger:
    book: Ledger = backend.__dict__.setdefault("_strict_ec2", Ledger())
    return book


def sweep(backend: Any) -> None:
    """Endpoints whose time has come go, and only then do their network interfaces."""
    leaving = ledger(backend).leaving
    for endpoint in [e for e in leaving.values() if e.state == "deleted"]:
        del leaving[endpoint.id]
        backend.vpc_end_points.pop(endpoint.id, None)
        backend.tags.pop(endpoint.id, None)
        for interface_id in endpoint.network_interface_ids:
            backend.enis.pop(interface_id, None)
        endpoint.interfaces, endpoint.security_group_ids = {}, []


def create(backend: Any, wish: Wish, client_token: str | None = None) -> Endpoint:
    with LOCK:
        sweep(backend)
        tokens = ledger(backend).tokens
        if client_token in tokens and not _is_forgotten(tokens[client_token][1]):
            return _repeated(*tokens[client_token], wish)
        backend.get_vpc(wish.vpc_id)
        rules.check_owner(wish.vpc_id)
        offer = rules.check_offer(backend, wish.service_name, wish.kind)
        rules.check_type_parameters(
            wish.kind,
            subnets=wish.subnets,
            groups=wish.groups,
            route_tables=wish.route_tables,
            private_dns=wish.private_dns,
        )
        rules.check_policy(wish.policy, wish.kind, offer)
        rules.check_quota(backend, wish)
        make = _create_gateway if wish.kind == GATEWAY else _create_interface
        endpoint = make(backend, wish, offer)
        endpoint.add_tags(dict(wish.tags))
        if client_token:
            tokens[client_token] = (wish, endpoint)
        return endpoint


def modify(backend: Any, endpoint_id: str, change: Change) -> None:
    """All checks come first: a refused call changes nothing."""
    with LOCK:
        sweep(backend)
        endpoint = _named(backend, endpoint_id)
        if endpoint.state != "available":  # EC2 errors-overview: IncorrectState
            raise refusal("IncorrectState", f"The VPC endpoint {endpoint_id} is in the state {endpoint.state}.")
        rules.check_type_parameters(
            endpoint.vpc_endpoint_type,
            subnets=change.add_subnets + change.remove_subnets,
            groups=change.add_groups + change.remove_groups,
            route_tables=change.add_route_tables + change.remove_route_tables,
            private_dns=change.private_dns,
        )
        offer = rules.check_offer(backend, endpoint.service_name, endpoint.vpc_endpoint_type)
        rules.check_policy(change.policy, endpoint.vpc_endpoint_type, offer)
        modify_kind = _modify_gateway if endpoint.vpc_endpoint_type == GATEWAY else _modify_interface
        modify_kind(backend, endpoint, change)
        if change.reset_policy or change.policy is not None:
            endpoint.policy_document = _kept(change.policy)


def delete(backend: Any, endpoint_ids: Sequence[str]) -> list[dict[str, Any]]:
    """Deletes what it can; the rest comes back as DeleteVpcEndpoints' Unsuccessful."""
    if len(endpoint_ids) > LARGEST_DELETION:
        raise refusal("InvalidParameterValue", f"At most {LARGEST_DELETION} VPC endpoints can be deleted in one call.")
    with LOCK:
        sweep(backend)
        answers = [_delete_one(backend, endpoint_id) for endpoint_id in dict.fromkeys(endpoint_ids)]
        sweep(backend)
    return [refused for refused in answers if refused is not None]


def _repeated(first: Wish, endpoint: Endpoint, wish: Wish) -> Endpoint:
    """EC2 devguide, ec2-api-idempotency.html: a repeated call succeeds and does nothing more."""
    if first != wish:
        raise refusal(
            "IdempotentParameterMismatch",
            "The client token you have provided is associated with a resource with different parameters.",
        )
    return endpoint


def _is_forgotten(endpoint: Endpoint) -> bool:
    """AWS does not say what the token of a deleted endpoint brings: the old endpoint as it is, or a new one."""
    return endpoint.state == "deleted" and present().deleted_token == "new"


def _named(backend: Any, endpoint_id: str) -> Endpoint:
    """The endpoint that a call names, if this account may know it by now."""
    endpoint: Endpoint | None = backend.vpc_end_points.get(endpoint_id)
    if endpoint is None or not is_seen(endpoint):
        raise InvalidVpcEndPointIdError(endpoint_id)
    rules.check_owner(endpoint.vpc_id)
    return endpoint


def _create_gateway(backend: Any, wish: Wish, offer: Mapping[str, Any]) -> Endpoint:
    rules.check_gateway_dns_options(wish.dns_options)
    rules.check_ip_address_type(backend, offer, wish.ip_address_type, _served(backend, wish.vpc_id, wish.route_tables))
    endpoint = _new_endpoint(backend, wish, offer)
    rules.check_route_tables(backend, wish.vpc_id, endpoint.prefix_lists, wish.route_tables)
    backend.vpc_end_points[endpoint.id] = endpoint
    _add_routes(backend, endpoint, wish.route_tables)
    return endpoint


def _create_interface(backend: Any, wish: Wish, offer: Mapping[str, Any]) -> Endpoint:
    rules.check_ip_address_type(backend, offer, wish.ip_address_type, wish.subnets)
    rules.check_subnets(backend, wish.vpc_id, offer, wish.subnets)
    rules.check_groups(backend, wish.vpc_id, wish.groups)
    dns_options = _dns_options(wish)
    # Private DNS is on when nothing is said and the service has names: hashicorp/terraform-provider-aws#37783
    private_dns = wish.private_dns if wish.private_dns is not None else bool(private_names(offer))
    if private_dns:
        rules.check_private_dns(backend, wish.vpc_id, offer)
    inbound_only = private_dns and rules.check_inbound_only(backend, wish.vpc_id, wish.service_name, dns_options)
    addresses = _free_addresses(backend, wish.subnets)
    endpoint = _new_endpoint(backend, wish, offer)
    endpoint.private_dns_enabled = private_dns
    endpoint.inbound_only = inbound_only
    endpoint.ready_at = now() + present().pending
    endpoint.security_group_ids = list(dict.fromkeys(wish.groups)) or [
        backend.get_default_security_group(wish.vpc_id).id  # EC2 CreateVpcEndpoint, SecurityGroupId.N
    ]
    backend.vpc_end_points[endpoint.id] = endpoint
    _add_interfaces(backend, endpoint, addresses)
    _assign_ipv6(backend, endpoint)
    return endpoint


def prefix_list_name(service_name: str, family: str) -> str:
    """As other services call theirs: AWS does not tell the name of S3's list of IPv6 ranges."""
    head, _, tail = service_name.rpartition(".")
    return service_name if family == "ipv4" else f"{head}.ipv6.{tail}"


def _new_endpoint(backend: Any, wish: Wish, offer: Mapping[str, Any]) -> Endpoint:
    return Endpoint(
        ec2_backend=backend,
        id=random_vpc_ep_id(),
        vpc_id=wish.vpc_id,
        service_name=wish.service_name,
        vpc_endpoint_type=wish.kind,
        policy_document=_kept(wish.policy),
        creation_timestamp=datetime.fromtimestamp(now(), UTC),
        ready_at=now(),
        seen_at=seen_from(),
        ip_address_type=wish.ip_address_type,
        private_names=private_names(offer) if wish.kind == INTERFACE else frozenset(),
        base_name=next(iter(offer["BaseEndpointDnsNames"]), ""),
        asked_dns_options=_dns_options(wish),
    )


def _dns_options(wish: Wish) -> dict[str, Any]:
    """Records are of the address type, and a gateway's are service-defined, unless the call says otherwise."""
    by_default = rules.SERVICE_DEFINED if wish.kind == GATEWAY else wish.ip_address_type
    options = {rules.RECORD_TYPE: by_default, **wish.dns_options}
    rules.check_record_type(wish.kind, wish.ip_address_type, options[rules.RECORD_TYPE])
    return options


def _kept(policy: str | None) -> str:
    """What lists will show. EC2 does not say that it keeps a policy's text, so it may also be said otherwise."""
    if policy is None or not present().rewrites_policies:
        return policy or DEFAULT_POLICY
    document = json.loads(policy)
    statements = document["Statement"] if isinstance(document["Statement"], list) else [document["Statement"]]
    document["Statement"] = [{k: _rewritten(k, v) for k, v in sorted(s.items())} for s in reversed(statements)]
    return json.dumps(document, indent=2)


def _rewritten(element: str, value: Any) -> Any:
    match element, value:
        case "Principal", "*":
            return {"AWS": "*"}
        case "Condition", _:
            return {o: {k: v if isinstance(v, list) else [v] for k, v in keys.items()} for o, keys in value.items()}
        case (("Action" | "Resource"), [alone]):
            return alone
        case (("Action" | "Resource"), [*several]):
            return sorted(several, reverse=True)
        case _:
            return value


def _modify_gateway(backend: Any, endpoint: Endpoint, change: Change) -> None:
    rules.check_gateway_dns_options(change.dns_options)
    new = [table_id for table_id in change.add_route_tables if table_id not in endpoint.associated_tables]
    before, ip_address_type = endpoint.ip_address_type, change.ip_address_type or endpoint.ip_address_type
    dns_options = {**endpoint.asked_dns_options, **change.dns_options}
    asked = new if before == ip_address_type else [*endpoint.associated_tables, *new]
    offer = rules.check_offer(backend, endpoint.service_name, GATEWAY)
    served = _served(backend, endpoint.vpc_id, asked)
    rules.check_ip_address_type(backend, offer, ip_address_type, served, present_type=before)
    rules.check_record_type(GATEWAY, ip_address_type, dns_options[rules.RECORD_TYPE])
    rules.check_route_tables(backend, endpoint.vpc_id, endpoint.prefix_lists, new)
    for table_id in change.remove_route_tables:
        backend.get_route_table(table_id)
    anew = [] if before == ip_address_type else endpoint.associated_tables
    anew = [table_id for table_id in anew if table_id not in change.remove_route_tables]
    _remove_routes(backend, endpoint, [*change.remove_route_tables, *anew])
    endpoint.ip_address_type, endpoint.asked_dns_options = ip_address_type, dns_options
    _add_routes(backend, endpoint, [*anew, *new])


def _served(backend: Any, vpc_id: str, table_ids: Iterable[str]) -> list[str]:
    """The subnets of route tables; the main one has those that no other table has."""
    if present().mixed_tables:
        return []
    subnets = [s.id for s in backend.describe_subnets() if s.vpc_id == vpc_id]
    tables = [t for t in backend.route_tables.values() if t.vpc_id == vpc_id]
    own = {subnet_id: t.id for t in tables for subnet_id in t._associations.values()}
    main = next((t.id for t in tables if t.main_association_id), "")
    return [subnet_id for subnet_id in subnets if own.get(subnet_id, main) in set(table_ids)]


def _modify_interface(backend: Any, endpoint: Endpoint, change: Change) -> None:
    new_subnets = [subnet_id for subnet_id in change.add_subnets if subnet_id not in endpoint.interfaces]
    left_groups = [group_id for group_id in endpoint.security_group_ids if group_id not in change.remove_groups]
    ip_address_type = change.ip_address_type or endpoint.ip_address_type
    dns_options = {**endpoint.asked_dns_options, **change.dns_options}
    if change.dns_options and rules.INBOUND_ONLY not in change.dns_options:
        dns_options.pop(rules.INBOUND_ONLY, None)  # what is not said is the default again: not documented, and safe
    private_dns = endpoint.private_dns_enabled if change.private_dns is None else change.private_dns
    offer = rules.check_offer(backend, endpoint.service_name, INTERFACE)
    rules.check_subnets(backend, endpoint.vpc_id, offer, new_subnets, present_subnets=endpoint.interfaces)
    rules.check_groups(backend, endpoint.vpc_id, change.add_groups)
    subnets = (*endpoint.interfaces, *new_subnets)
    rules.check_ip_address_type(backend, offer, ip_address_type, subnets, present_type=endpoint.ip_address_type)
    rules.check_record_type(INTERFACE, ip_address_type, dns_options[rules.RECORD_TYPE])
    if private_dns and not endpoint.private_dns_enabled:
        rules.check_private_dns(backend, endpoint.vpc_id, offer)
    inbound_only = private_dns and rules.check_inbound_only(
        backend, endpoint.vpc_id, endpoint.service_name, dns_options
    )
    addresses = _free_addresses(backend, new_subnets)
    _remove_interfaces(backend, endpoint, change.remove_subnets)
    endpoint.security_group_ids = list(dict.fromkeys([*left_groups, *change.add_groups]))
    _add_interfaces(backend, endpoint, addresses)
    for interface_id in endpoint.network_interface_ids:
        backend.enis[interface_id]._group_set = _groups(backend, endpoint)
    endpoint.ip_address_type, endpoint.asked_dns_options = ip_address_type, dns_options
    _assign_ipv6(backend, endpoint)
    endpoint.private_dns_enabled, endpoint.inbound_only = private_dns, inbound_only
    # PL interface-endpoints.html: the state is Pending while a change is made
    endpoint.ready_at = now() + present().pending


def _delete_one(backend: Any, endpoint_id: str) -> dict[str, Any] | None:
    """Returns what DeleteVpcEndpoints says of an endpoint it could not delete."""
    try:
        endpoint = _named(backend, endpoint_id)
    except EC2ClientError as error:
        return {"ResourceId": endpoint_id, "Error": {"Code": error.code, "Message": error.message}}
    if endpoint.is_leaving:
        return None
    if endpoint.vpc_endpoint_type == GATEWAY and _is_needed_inbound(backend, endpoint):
        # S3 privatelink-interface-endpoints.html says so without a code
        text = f"The gateway endpoint {endpoint_id} is needed by an interface endpoint with {rules.INBOUND_ONLY}."
        return {"ResourceId": endpoint_id, "Error": {"Code": "DependencyViolation", "Message": text}}
    _remove_routes(backend, endpoint, list(endpoint.associated_tables))
    endpoint.gone_at = now() + (0 if endpoint.vpc_endpoint_type == GATEWAY else present().deleting)
    ledger(backend).leaving[endpoint_id] = endpoint
    return None


def _is_needed_inbound(backend: Any, gateway: Endpoint) -> bool:
    sisters = [e for e in backend.vpc_end_points.values() if e.vpc_id == gateway.vpc_id and e is not gateway]
    alike = [e for e in sisters if e.service_name == gateway.service_name]
    spare = any(e.vpc_endpoint_type == GATEWAY and not e.is_leaving for e in alike)
    return not spare and any(e.inbound_only for e in alike)


def _add_routes(backend: Any, endpoint: Endpoint, table_ids: Iterable[str]) -> None:
    for table_id in table_ids:
        endpoint.associated_tables.append(table_id)
        for prefix_list_id in endpoint.prefix_lists:
            backend.create_route(table_id, None, gateway_id=endpoint.id, destination_prefix_list_id=prefix_list_id)


def _remove_routes(backend: Any, endpoint: Endpoint, table_ids: Iterable[str]) -> None:
    for table_id in table_ids:
        if table_id not in endpoint.associated_tables:
            continue
        endpoint.associated_tables.remove(table_id)
        for prefix_list_id in endpoint.prefix_lists if table_id in backend.route_tables else []:
            backend.delete_route(table_id, None, destination_prefix_list_id=prefix_list_id)


def _free_addresses(backend: Any, subnet_ids: Iterable[str]) -> dict[str, str]:
    """The first free address of each subnet; AWS keeps the first four and the last (VPC guide, subnet-sizing.html)."""
    return {subnet_id: _free_address(backend, backend.get_subnet(subnet_id)) for subnet_id in subnet_ids}


def _free_address(backend: Any, subnet: Any) -> str:
    taken = {
        address["PrivateIpAddress"]
        for interface in backend.enis.values()
        if interface.subnet.id == subnet.id
        for address in interface.private_ip_addresses
    }
    for host in islice(subnet.cidr.hosts(), 3, None):
        if str(host) not in taken:
            return str(host)
    raise refusal(
        "InsufficientFreeAddressesInSubnet",
        f"There are not enough free addresses in subnet '{subnet.id}' to satisfy the requested number of addresses.",
    )


def _add_interfaces(backend: Any, endpoint: Endpoint, addresses: Mapping[str, str]) -> None:
    for subnet_id, address in addresses.items():
        interface = backend.create_network_interface(
            subnet_id,
            address,
            group_ids=list(endpoint.security_group_ids),
            description=f"VPC Endpoint Interface {endpoint.id}",
        )
        interface.interface_type, interface.requester_managed, interface.status = "vpc_endpoint", True, "in-use"
        endpoint.interfaces[subnet_id] = interface.id


def _assign_ipv6(backend: Any, endpoint: Endpoint) -> None:
    """One address to each network interface, or none (PL privatelink-access-aws-services.html)."""
    for interface_id in endpoint.network_interface_ids:
        interface = backend.enis[interface_id]
        if endpoint.ip_address_type == "ipv4":
            interface.ipv6_addresses = []
        elif not interface.ipv6_addresses:
            backend.assign_ipv6_addresses(interface_id, ipv6_count=1)


def _remove_interfaces(backend: Any, endpoint: Endpoint, subnet_ids: Iterable[str]) -> None:
    for subnet_id in subnet_ids:
        backend.enis.pop(endpoint.interfaces.pop(subnet_id, None), None)


def _groups(backend: Any, endpoint: Endpoint) -> list[Any]:
    groups = backend.groups[endpoint.vpc_id]
    return [groups[group_id] for group_id in endpoint.security_group_ids]
