"""Does a packet get there: network ACLs against a brute-force reading, and the routes to public addresses."""

from __future__ import annotations

import ipaddress
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.factories import (
    CIDR,
    IPV6,
    a_catalog,
    a_gateway,
    a_group,
    a_rule,
    a_subnet,
    a_table,
    a_vpc,
    an_interface,
)
from vpce.core.dns import Mark, resolve
from vpce.core.model import Route, RouteTable
from vpce.core.network import AclEntry, Network, NetworkAcl
from vpce.core.way import EPHEMERAL, closed_acls, first_stopped, way

NETS = st.sampled_from(["10.0.0.0/29", "10.0.0.0/30", "10.0.0.4/30", "10.0.0.6/31", "10.0.0.1/32", "0.0.0.0/0", "::/0"])
PORTS = st.tuples(st.integers(0, 9), st.integers(0, 9)).map(lambda p: (min(p), max(p)))
ENTRIES = st.builds(
    lambda number, allow, protocol, cidr, ports, egress: AclEntry(
        number=number, egress=egress, allow=allow, protocol=protocol, cidr=cidr, first=ports[0], last=ports[1]
    ),
    st.integers(1, 5),
    st.booleans(),
    st.sampled_from(["6", "-1", "17"]),
    NETS,
    PORTS,
    st.sampled_from([True, True, False]),
)


def brute_force(acl: NetworkAcl, cidr: str, ports: tuple[int, int]) -> int | None:
    """Each address and port by itself, as AWS documents it."""

    def lets(address: ipaddress.IPv4Address | ipaddress.IPv6Address, port: int) -> bool:
        for entry in sorted(acl.entries):
            net = ipaddress.ip_network(entry.cidr)
            is_of_port = entry.protocol == "-1" or (entry.protocol == "6" and entry.first <= port <= entry.last)
            if entry.egress and is_of_port and address.version == net.version and address in net:
                return entry.allow
        return False

    addresses = list(ipaddress.IPv4Network(cidr))
    return next((p for p in range(ports[0], ports[1] + 1) if not all(lets(a, p) for a in addresses)), None)


@given(st.lists(ENTRIES, max_size=6), PORTS)
def test_an_acl_is_read_entry_by_entry_for_every_address_and_port(
    entries: list[AclEntry], ports: tuple[int, int]
) -> None:
    acl = NetworkAcl(id="acl-1", subnets=frozenset(), entries=tuple(entries))

    found = first_stopped(acl, egress=True, cidr="10.0.0.0/29", ports=ports)

    assert found == brute_force(acl, "10.0.0.0/29", ports)


def test_the_range_that_answers_come_back_to_is_linuxs() -> None:
    assert EPHEMERAL == (32768, 60999)


def test_within_one_subnet_no_acl_is_asked() -> None:
    vpc = a_vpc(subnets=(a_subnet("a"),), endpoints=(an_interface(subnets=frozenset({"subnet-a"})),))
    shut = NetworkAcl(id="acl-1", subnets=frozenset({"subnet-a"}), entries=())

    assert closed_acls(vpc.endpoints[0], vpc, Network(acls=(shut,))) == []


def test_ipv6_is_asked_only_of_endpoints_that_speak_it() -> None:
    subnets = tuple(a_subnet(s, cidrs=(f"10.0.{n}.0/24", f"2001:db8:1:{n}::/64")) for n, s in enumerate("ab"))
    four = AclEntry(number=1, egress=True, allow=True, protocol="-1", cidr="0.0.0.0/0")
    acls = tuple(
        NetworkAcl(
            id=f"acl-{s}",
            subnets=frozenset({f"subnet-{s}"}),
            entries=(four, AclEntry(number=1, egress=False, allow=True, protocol="-1", cidr="0.0.0.0/0")),
        )
        for s in "ab"
    )
    one = frozenset({"subnet-a"})
    plain = a_vpc(subnets=subnets, endpoints=(an_interface(subnets=one),))
    dual = a_vpc(subnets=subnets, endpoints=(an_interface(subnets=one, address_type="dualstack"),))

    assert closed_acls(plain.endpoints[0], plain, Network(acls=acls)) == []
    assert [c.cidr for c in closed_acls(dual.endpoints[0], dual, Network(acls=acls))][:1] == ["2001:db8:1:0::/64"]


@pytest.mark.parametrize(
    ("address_type", "open_to", "mark"),
    [
        ("ipv4", CIDR, Mark.YES),
        ("ipv4", IPV6, Mark.NO),
        ("dualstack", CIDR, Mark.NO),
        ("ipv6", IPV6, Mark.YES),
    ],
)
def test_a_security_group_must_let_in_what_the_endpoint_has_addresses_for(
    address_type: str, open_to: str, mark: Mark
) -> None:
    name = "sqs.eu-west-1.amazonaws.com"
    endpoint = an_interface(address_type=address_type, dns_names=(name,))
    vpc = a_vpc(cidrs=(CIDR, IPV6), endpoints=(endpoint,), security_groups=(a_group(a_rule(open_to)),))
    found = resolve(name, vpc, Network(), a_catalog())

    assert {h.what: h.mark for h in way(found, vpc, Network(), a_catalog())}["security group"] is mark


@pytest.mark.parametrize(
    ("why", "table", "mark", "says"),
    [
        ("a gateway", a_table(), Mark.YES, "by gateway endpoint vpce-s3-gateway"),
        (
            "a NAT gateway",
            a_table("x", routes=(Route(destination="0.0.0.0/0", target="nat-1"),)),
            Mark.NOTE,
            "by nat-1",
        ),
        (
            "a NAT gateway that is gone",
            a_table("x", routes=(Route(destination="0.0.0.0/0", target="nat-1", is_blackhole=True),)),
            Mark.NO,
            "no route",
        ),
        ("nothing", a_table("x"), Mark.NO, "no route to public addresses"),
    ],
)
def test_public_addresses_are_reached_by_what_the_subnets_table_has(
    why: str, table: RouteTable, mark: Mark, says: str
) -> None:
    vpc = a_vpc(
        subnets=(a_subnet("a"),),
        route_tables=(replace(table, subnets=frozenset({"subnet-a"})),),
        endpoints=(a_gateway("s3"),),
    )
    found = resolve("s3.eu-west-1.amazonaws.com", vpc, Network(), a_catalog())

    (route, *_) = way(found, vpc, Network(), a_catalog())

    assert route.mark is mark, why
    assert says in route.why
