"""What is there: a VPC and its endpoints as values, in our words.

``vpce.aws.observe`` translates EC2's answers into these, whole or not at all.
"""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from functools import cached_property
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

PROFILE_TAG = "endpoint-profile"
ZONES_TAG = "endpoint-zones"
ADDRESSES_TAG = "endpoint-addresses"
MODE_TAG = "endpoint-mode"
WINDOW_TAG = "endpoint-window"
DELETIONS_TAG = "endpoint-deletions"
"""``allowed``: more of ours may go from this VPC than the guard lets pass."""
IDLE_TAG = "endpoint-idle"
"""``expected``, on a VPC or an endpoint: that nobody uses it is no finding."""
MANAGED_BY_TAG = "vpce:managed-by"
"""On everything we make; its value is the installation (the stack's name)."""
MADE_FOR_TAG = "vpce:profile"
"""On our endpoints: the profile they were made for; ``default/…`` when no tag asked for it."""
MADE_BY_DEFAULT = "default/"
DELETE_AFTER_TAG = "vpce:delete-after"
"""On our endpoints that nobody wants any more: when they go, ISO 8601."""
FOLLOWS_TAG = "vpce:addresses"
"""On interface endpoints that we made since we know dual stack; its value is `FOLLOWS`."""
FOLLOWS = "as its subnets"
RELEASED_TAG = "vpce:released"
"""On a VPC or a subnet that somebody is deleting: until when vpce keeps out of it, ISO 8601. It goes with it."""

OUR_RULE = "vpce: a CIDR of this VPC"
"""Description of the ingress rules that we add, and therefore may revoke."""


class Kind(StrEnum):
    """The two endpoint types that profiles are made of."""

    GATEWAY = "Gateway"
    INTERFACE = "Interface"


class Addresses(StrEnum):
    """EC2's IP address types of endpoints."""

    IPV4 = "ipv4"
    DUALSTACK = "dualstack"
    IPV6 = "ipv6"
    """People may choose it; we never do, and EC2 switches no endpoint to it or from it."""


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Place:
    """Where EC2 throttles, counts quotas and answers: one account in one region."""

    account: str
    region: str

    def __str__(self) -> str:
        return f"{self.account}/{self.region}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Subnet:
    id: str
    zone: str
    cidrs: tuple[str, ...] = ()
    """IPv4 and IPv6, associated ones only."""
    free_addresses: int = 0
    """IPv4 addresses left; 0 in an IPv6-only subnet."""
    released: datetime | None = None
    """Until when we keep out of it, for somebody is deleting it; None where that is over, too."""

    @property
    def is_dual(self) -> bool:
        return are_dual(self.cidrs)


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Route:
    destination: str
    """A CIDR, or the prefix list (``pl-…``) of a gateway endpoint."""
    target: str
    """Id of what the packets go to; empty where EC2 names none."""
    is_blackhole: bool = False
    """What it led to is gone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RouteTable:
    id: str
    is_main: bool = False
    subnets: frozenset[str] = frozenset()
    """Explicitly associated; the main table also serves every subnet without an association."""
    is_edge: bool = False
    """Associated with an internet or virtual private gateway: such a table takes no endpoint route.
    https://docs.aws.amazon.com/vpc/latest/userguide/gateway-route-tables.html"""
    reaches_internet_gateway: bool = False
    routes: tuple[Route, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    id: str
    service: str
    """AWS's full name, for instance ``com.amazonaws.eu-west-1.sqs``."""
    kind: Kind
    state: str
    """Lower case: pending, available, deleting, failed …"""
    is_ours: bool = False
    made_for: str = ""
    route_tables: frozenset[str] = frozenset()
    subnets: frozenset[str] = frozenset()
    security_groups: frozenset[str] = frozenset()
    private_dns: bool = False
    """Always false for gateways, where EC2's flag means nothing."""
    needs_gateway: bool = False
    """Its names are for inbound resolvers only, so AWS keeps the service's gateway beside it.
    https://docs.aws.amazon.com/AmazonS3/latest/userguide/privatelink-interface-endpoints.html"""
    failure: str = ""
    dns_names: tuple[str, ...] = ()
    """All names that EC2 lists for it, the public ones of private DNS among them."""
    inbound_resolver_only: bool = False
    """S3: its private names are for inbound Resolver endpoints, not for the VPC."""
    policy: str = ""
    """The policy document, as EC2 has it; empty where it has none."""
    requester_managed: bool = False
    """An AWS service made it for itself (GuardDuty), and keeps it."""
    created: str = ""
    """ISO 8601; empty where EC2 does not tell."""
    address_type: str = Addresses.IPV4
    """One of `Addresses`, or what EC2 may call it one day."""
    record_type: str = ""
    """What its names resolve to: an address type, or ``service-defined``; empty where EC2 does not tell."""
    follows_subnets: bool = False
    """It becomes dual-stack with its subnets, see `vpce.core.plan`."""
    delete_after: datetime | None = None
    """Of ours that is no longer wanted: when it goes. None also where the mark cannot be read."""
    has_unreadable_mark: bool = False
    """Somebody has changed the mark, so that it is no moment."""
    interfaces: frozenset[str] = frozenset()
    """Ids of its network interfaces, one in each of its subnets."""
    idle_tag: str = ""
    """The value of `IDLE_TAG`."""
    service_region: str = ""
    """Where the service is; empty where EC2 does not tell, which is here."""

    @property
    def is_leaving(self) -> bool:
        return self.state in {"deleting", "deleted"}

    @property
    def is_broken(self) -> bool:
        """It will never serve; AWS leaves such endpoints standing until somebody deletes them."""
        return self.state in {"failed", "rejected", "expired"}

    def speaks(self, cidr: str) -> bool:
        """Whether packets from the CIDR are of a kind that it has addresses of."""
        return self.address_type != (Addresses.IPV4 if ":" in cidr else Addresses.IPV6)


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Ingress:
    """One rule: TCP ports from one source (a CIDR; or a group or prefix list, which we cannot look into)."""

    first: int
    last: int
    source: str
    description: str = field(default="", compare=False)

    def admits(self, port: int, cidr: str) -> bool:
        """Whether the whole CIDR gets in at the port."""
        return self.first <= port <= self.last and contains(self.source, cidr)

    @property
    def is_cidr(self) -> bool:
        return not self.source.startswith(("sg-", "pl-"))

    def __str__(self) -> str:
        ports = str(self.first) if self.first == self.last else f"{self.first}-{self.last}"
        return f"{ports} from {self.source}"


@dataclass(frozen=True, slots=True, kw_only=True)
class SecurityGroup:
    id: str
    name: str
    is_ours: bool = False
    bears_our_name: bool = False
    """Ours or not: no second group of the name can be made in the VPC."""
    is_default: bool = False
    """The one that every VPC has from the start."""
    ingress: frozenset[Ingress] = frozenset()
    named_by: frozenset[str] = frozenset()
    """Other groups of the VPC whose rules name it; EC2 deletes none that is named."""
    is_released: bool = False
    """Somebody is deleting it: our endpoints do without it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Dns:
    """The VPC's two attributes; private DNS names resolve only when both are on.

    https://docs.aws.amazon.com/vpc/latest/userguide/AmazonDNS-concepts.html
    """

    support: bool
    hostnames: bool


@dataclass(frozen=True, kw_only=True)
class Vpc:
    """A VPC as it was read. Every sequence is sorted by id."""

    id: str
    place: Place
    owner: str
    """Account id; another than the place's for a VPC shared by RAM."""
    is_default: bool = False
    tags: Mapping[str, str] = field(default_factory=dict)
    cidrs: tuple[str, ...] = ()
    """IPv4 and IPv6, associated ones only."""
    dhcp_options: str = ""
    """Id; ``default`` for none at all."""
    dns: Dns | None = None
    """None where nobody needed to know: no interface endpoint is there or wanted."""
    subnets: tuple[Subnet, ...] = ()
    route_tables: tuple[RouteTable, ...] = ()
    endpoints: tuple[Endpoint, ...] = ()
    balancer_endpoints: int = 0
    """How many Gateway Load Balancer endpoints there are: they share the quota of interface endpoints.
    https://docs.aws.amazon.com/vpc/latest/privatelink/vpc-limits-endpoints.html"""
    security_groups: tuple[SecurityGroup, ...] = ()
    """Ours, those that endpoints use, and any that bears our name."""
    released: datetime | None = None
    """Until when we keep out of it, for somebody is deleting it; None where that is over, too."""

    @property
    def name(self) -> str:
        """``vpc-… (payments)`` where it has a Name tag."""
        return f"{self.id} ({self.tags['Name']})" if self.tags.get("Name") else self.id

    @property
    def is_shared_with_us(self) -> bool:
        return self.owner != self.place.account

    @property
    def ours(self) -> tuple[Endpoint, ...]:
        return tuple(e for e in self.endpoints if e.is_ours and e.state != "deleted")

    @cached_property
    def subnet_by_id(self) -> Mapping[str, Subnet]:
        return {s.id: s for s in self.subnets}

    @property
    def interface_count(self) -> int:
        """How many endpoints the quota is about: everybody's, also those that failed, or that AWS is still deleting."""
        return sum(e.kind is Kind.INTERFACE and e.state != "deleted" for e in self.endpoints) + self.balancer_endpoints

    def group(self, group_id: str) -> SecurityGroup | None:
        return next((g for g in self.security_groups if g.id == group_id), None)

    def route_table_of(self, subnet: Subnet) -> RouteTable | None:
        """The explicitly associated table, else the main one."""
        explicit = next((t for t in self.route_tables if subnet.id in t.subnets), None)
        return explicit or next((t for t in self.route_tables if t.is_main), None)

    def is_public(self, subnet: Subnet) -> bool:
        table = self.route_table_of(subnet)
        return table is not None and table.reaches_internet_gateway


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """One endpoint service as a region offers it, from DescribeVpcEndpointServices."""

    service: str
    kind: Kind
    zones: frozenset[str] = frozenset()
    """Empty: AWS named none, so every zone is tried."""
    private_dns_names: tuple[str, ...] = ()
    takes_policy: bool = True
    """Whether its endpoints can have a policy other than full access.
    https://docs.aws.amazon.com/vpc/latest/privatelink/aws-services-privatelink-support.html"""
    address_types: frozenset[str] = frozenset()
    """ipv4, ipv6, or both; empty where AWS does not tell."""

    @property
    def is_dual(self) -> bool:
        """It takes requests over IPv4 and over IPv6.

        https://docs.aws.amazon.com/vpc/latest/privatelink/aws-services-privatelink-support.html#vpce-ipv6-support
        """
        return self.address_types >= {"ipv4", "ipv6"}


@dataclass(frozen=True, kw_only=True)
class Catalog:
    """What a region offers. S3 and DynamoDB occur twice, once per kind."""

    region: str
    offers: tuple[Offer, ...]

    @cached_property
    def _by_name(self) -> Mapping[tuple[str, Kind], Offer]:
        names: dict[tuple[str, Kind], Offer] = {}
        # AWS's usual prefix wins a short name that two services share; both keep their full names.
        for offer in sorted(self.offers, key=lambda o: (not o.service.startswith("com.amazonaws."), o.service)):
            names.setdefault((short_name(offer.service, self.region), offer.kind), offer)
            names[offer.service, offer.kind] = offer
        return names

    def find(self, name: str, kind: Kind) -> Offer | None:
        """By short name (``ecr.api``) or by AWS's full name."""
        return self._by_name.get((name, kind))

    def names(self, kind: Kind) -> list[str]:
        """Short names of a kind, sorted; for suggestions."""
        return sorted({short_name(o.service, self.region) for o in self.offers if o.kind is kind})


def group_name(installation: str) -> str:
    """What our security group is called; unique in its VPC."""
    return f"{installation}-endpoints"


def short_name(service: str, region: str) -> str:
    """``ecr.api`` for ``com.amazonaws.eu-west-1.ecr.api``: what follows the region, or the usual prefix.

    AWS has several prefixes (``aws.sagemaker``, ``cn.com.amazonaws``, ``gov.ic.c2s`` …) and services without a
    region (``com.amazonaws.iam``), so names are only ever shortened, never put together.
    """
    _, found, rest = f".{service}".partition(f".{region}.")
    return rest if found else service.removeprefix("com.amazonaws.")


def are_dual(cidrs: tuple[str, ...]) -> bool:
    """Whether there are IPv4 and IPv6 among them."""
    return {":" in c for c in cidrs} == {True, False}


def utc(when: datetime) -> str:
    return f"{when:%Y-%m-%d %H:%M} UTC"


def moment(text: str) -> datetime | None:
    """Of a time in ISO 8601, in UTC; None for what is none, as people may make a mark, or EC2 leave it out."""
    try:
        return datetime.fromisoformat(text).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def contains(source: str, cidr: str) -> bool:
    try:
        outer, inner = ipaddress.ip_network(source, strict=False), ipaddress.ip_network(cidr, strict=False)
    except ValueError:
        return False  # a group or a prefix list
    match outer, inner:
        case ipaddress.IPv4Network(), ipaddress.IPv4Network():
            return inner.subnet_of(outer)
        case ipaddress.IPv6Network(), ipaddress.IPv6Network():
            return inner.subnet_of(outer)
        case _:
            return False
