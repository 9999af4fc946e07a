"""What else decides where a name leads and whether a packet arrives: all that surrounds a VPC's endpoints.

Read for audits and for ``vpce explain VPC NAME``. Each part is read by itself; what could not be read is named in
`Network.unread`, and whoever asks for it gets "unknown", never "nothing there".
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from vpce.core.idle import Activity


class Facet(StrEnum):
    """A part of a network that has API calls, and permissions, of its own."""

    DHCP = "DHCP options"
    ZONES = "private hosted zones"
    RULES = "Resolver rules"
    FIREWALL = "DNS Firewall"
    PROFILES = "Route 53 Profiles"
    ACLS = "network ACLs"
    INTERFACES = "network interfaces"
    NATS = "NAT gateways"
    QUOTAS = "quotas"
    METRICS = "CloudWatch metrics"


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """One record set of a private hosted zone."""

    name: str
    """Lower case, without the final dot; ``*.example.com`` for a wildcard."""
    type: str
    """A, AAAA, CNAME, …"""
    targets: tuple[str, ...] = ()
    """Addresses, or the one name that an alias or CNAME leads to."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HostedZone:
    """A private hosted zone that the VPC's resolver asks."""

    id: str
    name: str
    """Lower case, without the final dot."""
    owner: str = ""
    """Account id, or the AWS service that keeps it."""
    records: tuple[Record, ...] | None = None
    """None: the zone is not ours to read, or holds nothing that matters."""
    profile: str = ""
    """Id of the Route 53 Profile that brings it; empty where it is associated with the VPC itself."""

    def __str__(self) -> str:
        return f"private hosted zone {self.name} ({self.id})"


class RuleKind(StrEnum):
    FORWARD = "FORWARD"
    SYSTEM = "SYSTEM"
    """Back to Amazon's resolver, below a domain that is forwarded."""
    RECURSIVE = "RECURSIVE"
    DELEGATE = "DELEGATE"


@dataclass(frozen=True, slots=True, kw_only=True)
class ForwardingRule:
    id: str
    domain: str
    """Lower case, without the final dot; empty for the root."""
    kind: RuleKind
    targets: tuple[str, ...] = ()
    profile: str = ""


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class FirewallRule:
    """One rule of a DNS Firewall group; groups and rules are asked by priority, and the first that matches decides."""

    group_priority: int
    priority: int
    group: str
    name: str
    action: str
    """ALLOW, BLOCK, ALERT."""
    response: str = ""
    """Of a block: NODATA, NXDOMAIN, OVERRIDE."""
    domains: frozenset[str] | None = None
    """``example.com`` or ``*.example.com``, lower case. None: AWS's own list, which nobody can read."""
    profile: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProfileEndpoint:
    """An interface endpoint whose names a Route 53 Profile brings into the VPC."""

    id: str
    profile: str
    names: tuple[str, ...] | None = None
    """Its private DNS names; None where it belongs to an account or region that we do not see."""


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class AclEntry:
    number: int
    egress: bool
    allow: bool
    protocol: str
    """``-1`` for all, ``6`` for TCP."""
    cidr: str
    first: int = 0
    last: int = 65535


@dataclass(frozen=True, slots=True, kw_only=True)
class NetworkAcl:
    id: str
    subnets: frozenset[str]
    entries: tuple[AclEntry, ...]
    """By number, as they are asked; what none of them matches is denied."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NatGateway:
    """One that is there, or is being made or deleted, and therefore paid for or about to be."""

    id: str
    subnet: str
    """Empty for a regional one, which has none."""
    zone: str
    """Of the subnet; empty for a regional one."""
    is_public: bool
    addresses: int
    """Public IPv4 addresses, each paid for by the hour."""
    state: str
    """pending, available, deleting."""
    zones: int = 1
    """In how many it is billed by the hour; a regional one has several.
    https://docs.aws.amazon.com/vpc/latest/userguide/nat-gateways-regional.html"""


INTERFACE_QUOTA, GATEWAY_QUOTA = "L-29B6F2EB", "L-1B52E74A"
"""Codes of the two. https://docs.aws.amazon.com/vpc/latest/privatelink/vpc-limits-endpoints.html"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Quotas:
    """Of one account and region, as Service Quotas has them."""

    interface_endpoints_per_vpc: int
    """Gateway Load Balancer endpoints count too."""
    gateway_endpoints_per_region: int
    gateway_endpoints: int = 0
    """In use in the region, whoever made them."""


NAMES = frozenset({Facet.ZONES, Facet.RULES, Facet.PROFILES})
"""What decides whether a name leads out of the VPC."""
EVERYTHING = frozenset(Facet)


@dataclass(frozen=True, kw_only=True)
class Network:
    """What surrounds the endpoints of one VPC."""

    name_servers: tuple[str, ...] = ("AmazonProvidedDNS",)
    """As the DHCP options give them to instances."""
    zones: tuple[HostedZone, ...] = ()
    rules: tuple[ForwardingRule, ...] = ()
    firewall: tuple[FirewallRule, ...] = ()
    profiles: tuple[str, ...] = ()
    """Ids of its Route 53 Profiles, in the order in which they are asked."""
    profile_endpoints: tuple[ProfileEndpoint, ...] = ()
    acls: tuple[NetworkAcl, ...] = ()
    workloads: Mapping[str, int] = field(default_factory=dict)
    """Subnet → network interfaces of other things than endpoints and NAT gateways."""
    activity: Mapping[str, Activity] = field(default_factory=dict)
    """By endpoint."""
    nat_bytes: Mapping[str, int] | None = None
    """NAT gateway → bytes that it has processed, of all in the place; those that CloudWatch has nothing of are left
    out. None where nobody looked."""
    counted_days: float = 0
    """That bytes were counted in; 0 where nobody looked."""
    nat_gateways: tuple[NatGateway, ...] = ()
    """By id; without those that failed or are deleted."""
    unread: Mapping[Facet, str] = field(default_factory=dict)
    """What could not be read, and what AWS said."""

    def knows(self, facet: Facet) -> bool:
        return facet not in self.unread

    def acl_of(self, subnet: str) -> NetworkAcl | None:
        return next((a for a in self.acls if subnet in a.subnets), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Survey:
    """What surrounds the endpoints of several VPCs of a place."""

    networks: Mapping[str, Network]
    """By VPC."""
    quotas: Quotas | None = None
    """None where they were not asked for or could not be read; then each network's `unread` says so."""
