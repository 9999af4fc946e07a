"""Does a packet get from the VPC's subnets to where a name leads?

To an interface endpoint: its state, its zones, its security groups, the network ACLs there and back, its policy. To a
gateway endpoint: the routes of the subnets' tables, and its policy. To other public addresses: the default routes.

https://docs.aws.amazon.com/vpc/latest/userguide/vpc-network-acls.html
https://docs.aws.amazon.com/vpc/latest/privatelink/gateway-endpoints.html
"""

from __future__ import annotations

import ipaddress
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from vpce.core.dns import Hop, Leads, Mark, services_of
from vpce.core.model import Kind, contains, short_name
from vpce.core.network import Facet
from vpce.core.policy import Passes, PolicyError, needs_of, read_policy
from vpce.core.profile import ports_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from vpce.core.dns import Resolution
    from vpce.core.model import Catalog, Endpoint, RouteTable, SecurityGroup, Subnet, Vpc
    from vpce.core.network import AclEntry, Network, NetworkAcl

    _Net = ipaddress.IPv4Network | ipaddress.IPv6Network

EPHEMERAL = (32768, 60999)
"""Ports that Linux answers from by default; a network ACL must let answers back to them.
https://docs.aws.amazon.com/vpc/latest/userguide/custom-network-acl.html"""
_TCP, _ALL = "6", "-1"


def way(found: Resolution, vpc: Vpc, network: Network, catalog: Catalog) -> list[Hop]:
    """The hops of a packet to where the name leads, after those of the name itself."""
    match found.leads:
        case Leads.ENDPOINT if found.endpoint is not None:
            return list(_to_interface(found.endpoint, vpc, network))
        case Leads.PUBLIC:
            return list(_to_public(found, vpc, catalog))
        case Leads.CENTRAL:
            why = "leads out of this VPC; whether peering or a transit gateway carries it is not seen from here"
            return [Hop(what="network", mark=Mark.UNKNOWN, why=f"{found.target} {why}")]
        case _:
            return []


# ---- to an interface endpoint -------------------------------------------------------------------------------------


def _to_interface(endpoint: Endpoint, vpc: Vpc, network: Network) -> Iterator[Hop]:
    is_up = endpoint.state == "available"
    yield Hop(
        what="state",
        mark=Mark.YES if is_up else Mark.NO,
        why=f"{endpoint.id} is {endpoint.state}{f' ({endpoint.failure})' if endpoint.failure else ''}",
    )
    yield _zones(endpoint, vpc)
    yield _groups(endpoint, vpc)
    yield _acls(endpoint, vpc, network)
    yield _policy(endpoint, vpc)


def _zones(endpoint: Endpoint, vpc: Vpc) -> Hop:
    there = {vpc.subnet_by_id[s].zone for s in endpoint.subnets if s in vpc.subnet_by_id}
    missing = sorted({s.zone for s in vpc.subnets} - there)
    has = f"it has interfaces in {', '.join(sorted(there)) or 'no zone'}"
    if not there:
        return Hop(what="zones", mark=Mark.NO, why=has)
    if missing:
        why = f"{has}; from {', '.join(missing)} packets cross zones, and go nowhere while those zones are down"
        return Hop(what="zones", mark=Mark.NOTE, why=why)
    return Hop(what="zones", mark=Mark.YES, why=f"{has}, where the subnets are")


def _groups(endpoint: Endpoint, vpc: Vpc) -> Hop:
    service = short_name(endpoint.service, vpc.place.region)
    groups = groups_of(endpoint, vpc)
    ids = ", ".join(sorted(endpoint.security_groups)) or "no security group"
    if groups is None:
        return Hop(what="security group", mark=Mark.UNKNOWN, why=f"{ids} cannot be seen")
    for port in ports_of(service):
        if closed := [c for c in vpc.cidrs if endpoint.speaks(c) and not lets_in(groups, port, c, vpc.subnets)]:
            why = f"{ids} does not let {', '.join(closed)} in on port {port}"
            return Hop(what="security group", mark=Mark.NO, why=why)
    ports = ", ".join(str(p) for p in ports_of(service))
    return Hop(what="security group", mark=Mark.YES, why=f"{ids} lets the VPC in on port {ports}")


def groups_of(endpoint: Endpoint, vpc: Vpc) -> list[SecurityGroup] | None:
    """The endpoint's security groups; None if there is none, or one that we cannot see: it may let in anybody."""
    groups = [g for i in sorted(endpoint.security_groups) if (g := vpc.group(i)) is not None]
    return groups if groups and len(groups) == len(endpoint.security_groups) else None


def lets_in(groups: Iterable[SecurityGroup], port: int, cidr: str, subnets: Iterable[Subnet]) -> bool:
    """The whole CIDR, or every subnet in it. Groups and prefix lists as sources may let in anybody: no alarm."""
    rules = [r for g in groups for r in g.ingress]
    if any(r.admits(port, cidr) for r in rules) or any(not r.is_cidr and r.first <= port <= r.last for r in rules):
        return True
    inside = [c for s in subnets for c in s.cidrs if contains(cidr, c)]
    return bool(inside) and all(any(r.admits(port, c) for r in rules) for c in inside)


def _policy(endpoint: Endpoint, vpc: Vpc) -> Hop:
    service = short_name(endpoint.service, vpc.place.region)
    try:
        policy = read_policy(endpoint.policy)
    except PolicyError as error:
        return Hop(what="endpoint policy", mark=Mark.UNKNOWN, why=f"cannot be understood: {error}")
    if policy.is_open:
        return Hop(what="endpoint policy", mark=Mark.YES, why="lets everybody do everything")
    interfaces = frozenset(short_name(e.service, vpc.place.region) for e in vpc.endpoints if e.kind is Kind.INTERFACE)
    needs = needs_of(service, interfaces, vpc.place.region)
    blocked = [n for n in needs if policy.passes(n) is Passes.NO]
    if blocked:
        said = "; ".join(map(str, blocked))
        return Hop(what="endpoint policy", mark=Mark.NO, why=f"blocks {said}")
    return Hop(
        what="endpoint policy", mark=Mark.NOTE, why="lets through some requests; it depends on who asks for what"
    )


# ---- network ACLs ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Closed:
    """A network ACL that stops connections between a subnet and an endpoint's subnet."""

    acl: str
    egress: bool
    port: int
    """The first port that is stopped."""
    cidr: str
    """The other side."""
    is_answer: bool
    """It stops what comes back, not what goes there."""
    client: str
    server: str
    """Subnets."""

    def __str__(self) -> str:
        direction = "out to" if self.egress else "in from"
        kind = "answers" if self.is_answer else "connections"
        return f"{self.acl} lets no {kind} {direction} {self.cidr} on port {self.port}"


def _acls(endpoint: Endpoint, vpc: Vpc, network: Network) -> Hop:
    if why := network.unread.get(Facet.ACLS):
        return Hop(what="network ACLs", mark=Mark.UNKNOWN, why=f"could not be read: {why}")
    closed = closed_acls(endpoint, vpc, network)
    if not closed:
        return Hop(what="network ACLs", mark=Mark.YES, why="let packets to its interfaces, and answers back")
    return Hop(what="network ACLs", mark=Mark.NO, why="; ".join(sorted({str(c) for c in closed})))


def closed_acls(endpoint: Endpoint, vpc: Vpc, network: Network) -> list[Closed]:
    """Network ACLs between the VPC's subnets and the interface that serves each of them.

    A subnet is served by the interface in its zone, else by any: one that is open is enough. Within one subnet no
    network ACL is asked.
    """
    servers = [vpc.subnet_by_id[s] for s in sorted(endpoint.subnets) if s in vpc.subnet_by_id]
    ports = ports_of(short_name(endpoint.service, vpc.place.region))
    closed: list[Closed] = []
    for client in vpc.subnets:
        near = [s for s in servers if s.zone == client.zone] or servers
        ways = [list(_between(client, server, ports, network, endpoint)) for server in near]
        if ways and all(ways):
            closed += ways[0]
    return closed


def _between(
    client: Subnet, server: Subnet, ports: Sequence[int], network: Network, endpoint: Endpoint
) -> Iterator[Closed]:
    if client.id == server.id:
        return
    for here in client.cidrs:
        for there in server.cidrs:
            if (":" in here) is not (":" in there) or not endpoint.speaks(here):
                continue
            for port in ports:
                for acl_of, other, egress, wanted, is_answer in (
                    (client.id, there, True, (port, port), False),
                    (server.id, here, False, (port, port), False),
                    (server.id, here, True, EPHEMERAL, True),
                    (client.id, there, False, EPHEMERAL, True),
                ):
                    acl = network.acl_of(acl_of)
                    stopped = acl and first_stopped(acl, egress=egress, cidr=other, ports=wanted)
                    if acl and stopped:
                        yield Closed(
                            acl=acl.id,
                            egress=egress,
                            port=stopped,
                            cidr=other,
                            is_answer=is_answer,
                            client=client.id,
                            server=server.id,
                        )


def first_stopped(acl: NetworkAcl, *, egress: bool, cidr: str, ports: tuple[int, int]) -> int | None:
    """The first TCP port of a range that the ACL does not let through to all of a CIDR; None if it lets all through.

    Entries are asked by number, and each decides for the addresses and ports that no entry before it decided.
    """
    left: list[tuple[_Net, int, int]] = [(ipaddress.ip_network(cidr, strict=False), *ports)]
    stopped: list[int] = []
    for entry in sorted(acl.entries):
        if entry.egress is not egress or entry.protocol not in {_TCP, _ALL}:
            continue
        undecided: list[tuple[_Net, int, int]] = []
        for piece in left:
            decided, rest = _split(piece, entry)
            undecided += rest
            if decided and not entry.allow:
                stopped.append(decided[1])
        left = undecided
    return min([*stopped, *(first for _, first, _ in left)], default=None)


def _split(
    piece: tuple[_Net, int, int], entry: AclEntry
) -> tuple[tuple[_Net, int, int] | None, list[tuple[_Net, int, int]]]:
    """What of a piece an entry decides, and what it leaves."""
    net, first, last = piece
    rule = ipaddress.ip_network(entry.cidr, strict=False)
    entry_first, entry_last = (0, 65535) if entry.protocol == _ALL else (entry.first, entry.last)
    low, high = max(first, entry_first), min(last, entry_last)
    common = _common(net, rule)
    if low > high or common is None:
        return None, [piece]
    rest: list[tuple[_Net, int, int]] = [(n, first, last) for n in _without(net, common)]
    rest += [(common, *span) for span in ((first, low - 1), (high + 1, last)) if span[0] <= span[1]]
    return (common, low, high), rest


def _common(one: _Net, other: _Net) -> _Net | None:
    """Networks are nested or apart."""
    match one, other:
        case ipaddress.IPv4Network(), ipaddress.IPv4Network():
            return one if one.subnet_of(other) else other if other.subnet_of(one) else None
        case ipaddress.IPv6Network(), ipaddress.IPv6Network():
            return one if one.subnet_of(other) else other if other.subnet_of(one) else None
        case _:
            return None


def _without(net: _Net, part: _Net) -> Iterator[_Net]:
    match net, part:
        case ipaddress.IPv4Network(), ipaddress.IPv4Network():
            yield from net.address_exclude(part)
        case ipaddress.IPv6Network(), ipaddress.IPv6Network():
            yield from net.address_exclude(part)
        case _:
            pass


# ---- to public addresses --------------------------------------------------------------------------------------------


def _to_public(found: Resolution, vpc: Vpc, catalog: Catalog) -> Iterator[Hop]:
    services = {o.service for o in services_of(found.name, catalog) if o.kind is Kind.GATEWAY}
    gateways = [e for e in vpc.endpoints if e.kind is Kind.GATEWAY and e.service in services and e.state == "available"]
    by_exit: dict[str, list[str]] = defaultdict(list)
    for subnet in vpc.subnets:
        table = vpc.route_table_of(subnet)
        by_exit[_exit_of(table, gateways)].append(subnet.id)
    for exit_, subnets in sorted(by_exit.items()):
        yield _hop_of_exit(exit_, subnets, has_gateway_service=bool(services))
    for gateway in gateways:
        yield _policy(gateway, vpc)


def _exit_of(table: RouteTable | None, gateways: Iterable[Endpoint]) -> str:
    """Target of the route that packets to a service's public addresses take; empty for none."""
    if table is None:
        return ""
    for gateway in gateways:
        if table.id in gateway.route_tables:
            return gateway.id
    defaults = [r for r in table.routes if r.destination == "0.0.0.0/0"]
    return next((r.target for r in defaults if not r.is_blackhole), "")


def _hop_of_exit(exit_: str, subnets: list[str], *, has_gateway_service: bool) -> Hop:
    where = f"from {', '.join(subnets)}"
    if exit_.startswith("vpce-"):
        return Hop(what="route", mark=Mark.YES, why=f"{where}: by gateway endpoint {exit_}, free of charge")
    if not exit_:
        return Hop(what="route", mark=Mark.NO, why=f"{where}: no route to public addresses")
    hint = "; a gateway endpoint would be free" if has_gateway_service else ""
    return Hop(what="route", mark=Mark.NOTE, why=f"{where}: by {exit_}, out of the VPC{hint}")


def tables_in_use(vpc: Vpc) -> Mapping[str, RouteTable]:
    """Route tables that a subnet uses, by id."""
    tables = (vpc.route_table_of(s) for s in vpc.subnets)
    return {t.id: t for t in tables if t is not None}
