"""Whose bytes are these? Flows joined to the names that their clients had asked for.

A flow is joined by what is known of its far address, the first that tells:

    an interface endpoint of the VPC has the address              that service, inside
    the client asked for a service and got the address            that service
    somebody in the VPC did, and nobody got it for another        that service
    the flow log, or ip-ranges.json, says S3 or DYNAMODB          s3, dynamodb
    a name of AWS that no service has, or an address of AWS       AWS, unattributed
    anything else                                                 other

What a client asked for counts from the first answer on until the end, since clients keep addresses and connections
longer than a record's time to live. An address that a client got for several services counts for the last of them,
unless it asked for them at about the same time: then nobody knows, and it is AWS, unattributed.
"""

from __future__ import annotations

import ipaddress
import json
import math
from bisect import bisect_right
from collections import Counter, defaultdict
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from vpce.core.dns import patterns_of
from vpce.core.evidence import Evidence, Usage
from vpce.core.model import short_name

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping
    from datetime import datetime

    from vpce.core.evidence import Source
    from vpce.core.flowlog import Flow
    from vpce.core.model import Catalog
    from vpce.core.querylog import Query

AWS, OTHER = "*", ""
"""Instead of a service: a name of AWS's that no endpoint service has, and anybody else's name."""

ANOTHER_VPC, ANOTHER_TIME, NOT_IN_VPC = "of another VPC", "of another time", "of no address in the VPC"
SEEN_TWICE, NO_ADDRESS = "seen at its client, too", "an address that is none"
"""Why a record does not count."""

TOGETHER = 600
"""Seconds: an aggregation interval. Answers no further apart than this are of the same time.
https://docs.aws.amazon.com/vpc/latest/userguide/flow-log-records.html#flow-logs-aggregration-interval"""
NAMES_KEPT = 100
"""Names of one service that are told; buckets and registries have one each."""
_KEPT = 1 << 16
"""Addresses and names that are looked up once only."""


class Names:
    """DNS names of the services of a region, as its catalog has them."""

    def __init__(self, catalog: Catalog) -> None:
        self.region = catalog.region
        self._exact: dict[str, str] = {}
        self._below: dict[str, str] = {}
        for offer in sorted(catalog.offers, key=lambda o: (o.kind, o.service)):
            short = short_name(offer.service, self.region)
            name = short if catalog.find(short, offer.kind) is offer else offer.service
            more = [p.format(region=self.region) for p in _MORE_NAMES.get(name, ())]
            for pattern in (*patterns_of(offer), *more):
                known = self._below if pattern.startswith("*.") else self._exact
                known.setdefault(pattern.removeprefix("*.").rstrip(".").lower(), name)
        # They look like names of DynamoDB's gateway, which does not lead there, also where no service does.
        for pattern in _MORE_NAMES["dynamodb-streams"]:
            self._exact.setdefault(pattern.format(region=self.region), AWS)
        self.service = lru_cache(_KEPT)(self._service)
        """Short name of the service that is called by a name; `AWS`, or `OTHER`.

        The name is in lower case and without the final dot. A full name decides before a wildcard, and the longest
        wildcard before others."""

    def _service(self, name: str) -> str:
        if name in self._exact:
            return self._exact[name]
        parent = name
        while "." in parent:
            parent = parent.partition(".")[2]
            zonal = f"{parent.partition('-')[0]}-*.{parent.partition('.')[2]}"
            if found := self._below.get(parent) or self._below.get(zonal):
                return found
        mine = any(part in f".{name}" for part in _CUSTOMERS)
        return AWS if not mine and f".{name}".endswith(_AWS_DOMAINS) else OTHER


_MORE_NAMES = {
    "s3": (
        "s3.dualstack.{region}.amazonaws.com", "*.s3.dualstack.{region}.amazonaws.com", "s3-{region}.amazonaws.com",
        "*.s3-{region}.amazonaws.com", "s3.amazonaws.com", "*.s3.amazonaws.com",
        "*.s3-accesspoint.{region}.amazonaws.com", "*.s3-accesspoint.dualstack.{region}.amazonaws.com",
        "*.s3-control.{region}.amazonaws.com", "*.s3-control.dualstack.{region}.amazonaws.com",
    ),
    "s3express": (
        "s3express-control.{region}.amazonaws.com", "s3express-control-dualstack.{region}.amazonaws.com",
        "*.s3express-*.{region}.amazonaws.com", "*.s3express-*.dualstack.{region}.amazonaws.com",
    ),
    "dynamodb": ("*.ddb.{region}.amazonaws.com", "dynamodb.{region}.api.aws", "*.ddb.{region}.api.aws"),
    "dynamodb-streams": ("streams.dynamodb.{region}.amazonaws.com", "streams-dynamodb.{region}.api.aws"),
}  # fmt: skip
"""Names of services that EC2 lists no private DNS names for, since their endpoints have none: gateways, and DynamoDB
Streams. Buckets of any region answer to S3's global name; ``-*`` stands for the id of a zone.
https://docs.aws.amazon.com/AmazonS3/latest/userguide/directory-bucket-az-networking.html
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/privatelink-streams.html
https://docs.aws.amazon.com/general/latest/gr/s3.html
https://docs.aws.amazon.com/AmazonS3/latest/userguide/VirtualHosting.html
https://docs.aws.amazon.com/general/latest/gr/ddb.html"""
_AWS_DOMAINS = (".amazonaws.com", ".amazonaws.com.cn", ".api.aws", ".aws.dev", ".aws.amazon.com", ".amazonaws.eu")
_CUSTOMERS = (".elb.", ".compute.amazonaws.com", ".compute-1.amazonaws.com", ".rds.amazonaws.com")
"""In names of AWS's that are of somebody's own load balancers, instances and databases."""


class Range(NamedTuple):
    region: str
    codes: frozenset[str]
    """``AMAZON``, ``S3`` …"""


class Ranges:
    """AWS's public addresses; without any, nothing is known of any address."""

    def __init__(self, prefixes: Iterable[tuple[str, str, str]] = (), date: str = "") -> None:
        """From (CIDR, region, code); `date` as the file has it. Raises ValueError for what is no CIDR."""
        self.date = date
        by_network: dict[tuple[int, int, int], list[tuple[str, str]]] = defaultdict(list)
        for cidr, region, code in prefixes:
            network = ipaddress.ip_network(cidr)
            first = int(network.network_address)
            by_network[network.version, first, -int(network.broadcast_address)].append((region, code))
        self._starts: dict[int, list[int]] = {4: [], 6: []}
        self._ranges: dict[int, list[Range | None]] = {4: [], 6: []}
        outer: list[tuple[int, int, Range]] = []
        # Prefixes hold one another or have nothing in common: after the outer one come those that are in it.
        for (version, first, last), found in sorted(by_network.items()):
            self._close(outer, version, first)
            codes = frozenset(code for _, code in found) | (outer[-1][2].codes if outer else frozenset())
            region = min((r for r, _ in found), key=lambda r: (r == "GLOBAL", r))
            outer.append((version, -last, Range(region, codes)))
            self._begin(version, first, outer[-1][2])
        self._close(outer, 0, 0)

    def __bool__(self) -> bool:
        return bool(self._starts[4] or self._starts[6])

    def _begin(self, version: int, start: int, range_: Range | None) -> None:
        starts, ranges = self._starts[version], self._ranges[version]
        if starts and starts[-1] == start:
            ranges[-1] = range_
        else:
            starts.append(start)
            ranges.append(range_)

    def _close(self, outer: list[tuple[int, int, Range]], version: int, first: int) -> None:
        """What ends before the next begins: after it, its outer one goes on."""
        while outer and (outer[-1][0] != version or outer[-1][1] < first):
            ended, last, _ = outer.pop()
            self._begin(ended, last + 1, outer[-1][2] if outer else None)

    def of(self, address: str) -> Range | None:
        """None where AWS has not published it. Raises ValueError where it is no address."""
        parsed = ipaddress.ip_address(address)
        place = bisect_right(self._starts[parsed.version], int(parsed)) - 1
        return self._ranges[parsed.version][place] if place >= 0 else None


def read_ranges(text: str) -> Ranges:
    """From the text of ip-ranges.json. Raises ValueError that says what is wrong with it.

    https://docs.aws.amazon.com/vpc/latest/userguide/aws-ip-syntax.html
    """
    try:
        document = json.loads(text)
        prefixes = [(p["ip_prefix"], p["region"], p["service"]) for p in document["prefixes"]]
        prefixes += [(p["ipv6_prefix"], p["region"], p["service"]) for p in document["ipv6_prefixes"]]
        return Ranges(prefixes, date=str(document.get("createDate", "")))
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        what = f"{type(error).__name__}: {error}"
        raise ValueError(f"this is no ip-ranges.json as AWS publishes it ({what})") from error


class _Told(NamedTuple):
    """What a client got an address for."""

    service: str
    first: float
    last: float


_VPC, _PRIVATE, _PUBLIC, _NOWHERE = range(4)
"""Where an address is."""
_EXACT = {"S3": "s3", "DYNAMODB": "dynamodb"}
"""Codes that stand for one endpoint service. The others hold several, or what customers run.
https://docs.aws.amazon.com/vpc/latest/userguide/aws-ip-syntax.html"""
_SHARED = "?"
_GATEWAY, _INSIDE, _DIRECT, _OUTSIDE, _NAT64, _UNTOLD = range(6)
"""Ways of bytes. Untold: the answers, whose traffic path flow logs do not tell, or all where they have no path."""
_NO_SERVICE = frozenset({AWS, OTHER, _SHARED, None})
_DIRECTIONS = frozenset({"ingress", "egress"})
_TRANSLATED = "64:ff9b:"
"""IPv6 for IPv4, which NAT gateways translate to.
https://docs.aws.amazon.com/vpc/latest/userguide/nat-gateway-nat64-dns64.html"""
_PATHS = {"1": _OUTSIDE, "3": _DIRECT, "4": _DIRECT, "5": _DIRECT, "6": _DIRECT, "7": _GATEWAY, "8": _DIRECT}
"""``1`` is something in the VPC, as a NAT gateway is; ``3`` to ``6`` lead to other networks, past NAT gateways; ``2``
is an internet gateway or a gateway endpoint, and does not tell.
https://docs.aws.amazon.com/vpc/latest/userguide/flow-log-records.html#flow-logs-fields"""


class Attribution:
    """Evidence as it grows: first all queries, in any order, then all flows, in any order.

    Its memory grows with the distinct pairs of clients and what they called, not with the records.
    """

    def __init__(
        self,
        vpc: str,
        since: datetime,
        until: datetime,
        names: Names,
        ranges: Ranges,
        *,
        vpc_cidrs: Collection[str],
        endpoint_addresses: Mapping[str, str] | None = None,
        skip_interfaces: Collection[str] = (),
        gateways: Collection[str] = (),
        lacking: Mapping[str, Collection[str]] | None = None,
        skew: int = 60,
        most_pairs: int | None = None,
    ) -> None:
        """For one VPC.

        Args:
            vpc: its id; records that name another are not counted, those that name none are.
            since: what starts before is not counted; answers to earlier queries are remembered, though.
            until: what starts then or later is not counted.
            names: of the region's services.
            ranges: empty where ip-ranges.json is not at hand.
            vpc_cidrs: IPv4 and IPv6; what is not in them is no client.
            endpoint_addresses: address of an interface endpoint's interface → short name of its service.
            skip_interfaces: ids of interfaces of NAT gateways, endpoints and the like, whose records are others' again.
            gateways: short names of the services that the VPC has a gateway endpoint for.
            lacking: such a name → CIDRs of the subnets whose route table does not lead there.
            skew: seconds by which the clocks of the two logs may differ.
            most_pairs: of a client and an address that are remembered; None for all.

        Raises ValueError for what is no CIDR.

        """
        self._vpc, self._since, self._until = vpc, since, until
        self._from, self._to = since.timestamp(), until.timestamp()
        self._names, self._ranges, self._skew = names, ranges, skew
        self._cidrs = [ipaddress.ip_network(c) for c in vpc_cidrs]
        self._endpoints = {_canonical(a): s for a, s in (endpoint_addresses or {}).items()}
        self._ours = frozenset({"", "-", vpc})
        self._between = set(skip_interfaces)
        self._gateways = frozenset(gateways)
        self._lacking = {s: [ipaddress.ip_network(c) for c in cidrs] for s, cidrs in (lacking or {}).items()}
        self._most = math.inf if most_pairs is None else most_pairs
        self._where = lru_cache(_KEPT)(self._where_is)
        self._code = lru_cache(_KEPT)(self._by_address)
        self._plain = lru_cache(_KEPT)(_canonical)

        self._told: dict[tuple[str, str], tuple[_Told, ...]] = {}
        self._forgotten = 0
        self._serves_others = False
        self._anybody: dict[str, str] = {}
        self._lookups: Counter[str] = Counter()
        self._asked: defaultdict[str, set[str]] = defaultdict(set)
        self._askers: defaultdict[str, set[str]] = defaultdict(set)
        self._bytes: defaultdict[tuple[str, str, str, int], int] = defaultdict(int)
        self._shared: defaultdict[str, int] = defaultdict(int)

    def query(self, query: Query) -> str:
        """Why the query does not count; empty if it does."""
        if query.vpc and query.vpc != self._vpc:
            return ANOTHER_VPC
        client = self._plain(query.client)
        if self._where(client) != _VPC:
            return NOT_IN_VPC  # asked through an inbound Resolver endpoint
        if query.time >= self._to + self._skew:
            return ANOTHER_TIME
        addresses = [self._plain(a) for a in query.addresses]
        service = self._service_of(query, addresses)
        for address in addresses:
            self._remember(client, address, service, query.time)
        if not self._from <= query.time < self._to:
            return ANOTHER_TIME
        if service != OTHER:
            self._lookups[service] += 1
            if len(self._asked[service]) <= NAMES_KEPT:
                self._asked[service].add(query.name)
            if service != AWS:
                self._askers[service].add(client)
        return ""

    def _service_of(self, query: Query, addresses: list[str]) -> str:
        service = self._names.service(query.name)
        if service in _EXACT.values() and addresses and all(map(self._is_elsewhere, addresses)):
            return AWS  # a bucket of another region by its global name: no endpoint of ours leads there
        if service not in _NO_SERVICE:
            return service
        # People's own names lead to services by CNAMEs, and endpoints have names of their own.
        by_alias = (self._names.service(a) for a in query.aliases)
        by_endpoint = (self._endpoints[a] for a in addresses if a in self._endpoints)
        return next((s for s in (*by_alias, *by_endpoint) if s not in _NO_SERVICE), service)

    def _is_elsewhere(self, address: str) -> bool:
        if self._where(address) != _PUBLIC:
            return False
        _, region = self._code(address, "")
        return region not in {None, "", "GLOBAL", self._names.region}

    def _remember(self, client: str, address: str, service: str, time: float) -> None:
        told = self._told.get((client, address), ())
        if not told and len(self._told) >= self._most:
            # Nothing new is kept, but what is known may be no longer so.
            self._forgotten += 1
            if self._anybody.get(address, service) != service:
                self._anybody[address] = _SHARED
            return
        if self._anybody.setdefault(address, service) != service:
            self._anybody[address] = _SHARED
        mine = next((t for t in told if t.service == service), None)
        if mine is None:
            self._told[client, address] = (*told, _Told(service, time, time))
        elif not mine.first <= time <= mine.last:
            wider = _Told(service, min(time, mine.first), max(time, mine.last))
            self._told[client, address] = (*(t for t in told if t is not mine), wider)

    def flow(self, flow: Flow) -> str:
        """Why the flow does not count; empty if it does. It counts whole at the time of its start."""
        if flow.interface in self._between:
            self._serves_others = self._serves_others or {
                self._where(flow.source),
                self._where(flow.destination),
            } == {_PRIVATE, _PUBLIC}
            return SEEN_TWICE
        if flow.vpc not in self._ours:
            return ANOTHER_VPC
        if not self._from <= flow.start < self._to:
            return ANOTHER_TIME
        from_, to = self._where(flow.source), self._where(flow.destination)
        if self._hides(flow.hop_source, flow.source, from_) or self._hides(flow.hop_destination, flow.destination, to):
            self._between.add(flow.interface)
            return SEEN_TWICE
        if _VPC not in (from_, to):
            return NOT_IN_VPC
        return NO_ADDRESS if _NOWHERE in (from_, to) else self._count(flow, from_, to)

    def _hides(self, hop: str, address: str, where: int) -> bool:
        """Whether the record's own address is a private one that stands for a public one: it is a NAT gateway's.

        Others stand for private ones, as a node does for its pods: their interface is the client's.
        https://docs.aws.amazon.com/vpc/latest/userguide/flow-logs-records-examples.html#flow-log-example-nat
        """
        return hop != address and where == _PUBLIC and self._where(hop) in (_VPC, _PRIVATE)

    def _count(self, flow: Flow, from_: int, to: int) -> str:
        """Add it to the sum where it belongs."""
        interface, source, destination, port, peer_port, size, _, end, _, code_, code, direction, path, _, _ = flow
        client, peer, where, leaves = source, destination, to, True
        if from_ != _VPC or (to == _VPC and not self._serves(destination, source)):
            client, peer, where, leaves = destination, source, from_, False
            port, peer_port, code = peer_port, port, code_
        way = _PATHS.get(path, _UNTOLD) if where == _PUBLIC else _INSIDE
        if ":" in peer:
            client, peer = self._plain(client), self._plain(peer)
            way = _NAT64 if peer.startswith(_TRANSLATED) else _DIRECT if way == _OUTSIDE else way
        named = service = self._endpoints.get(peer) or self._named(client, peer, end)
        if service in _NO_SERVICE:
            if where != _PUBLIC:
                return ""  # between private addresses, and no service of AWS's
            service = self._settled(named, peer, code, port, peer_port)
        if direction in _DIRECTIONS and (direction == "egress") != leaves:
            return SEEN_TWICE  # the interface is not the client's
        if service in _NO_SERVICE:
            client = ""
            if named == _SHARED:
                self._shared[interface] += size
        self._bytes[interface, client, service or OTHER, way] += size
        return ""

    def _serves(self, address: str, client: str) -> bool:
        """Whether, of two addresses of the VPC, it is the one that is called: an endpoint's, or a name's."""
        address, client = self._plain(address), self._plain(client)
        return address in self._endpoints or (client not in self._endpoints and address in self._anybody)

    def _named(self, client: str, peer: str, end: float) -> str | None:
        """What the client got the address for, or anybody did; None where nobody asked."""
        anybody = self._anybody.get(peer)
        if anybody is None:
            return None
        seen = end + self._skew
        before = [t for t in self._told.get((client, peer), ()) if t.first <= seen]
        if len(before) < 2:  # noqa: PLR2004  the usual cases: nothing to choose from
            return before[0].service if before else anybody
        latest = max(before, key=lambda t: t.last)
        together = any(t.last + TOGETHER >= latest.first for t in before if t is not latest)
        return _SHARED if together else latest.service

    def _settled(self, service: str | None, peer: str, code: str, port: str, peer_port: str) -> str:
        """What a public address is counted for that no service's name led to, by what is published."""
        if service == AWS:
            return AWS
        exact, region = self._code(peer, code)
        if exact or service == OTHER:
            return exact or OTHER
        # Who has a lower port than the other has been called, and calls no service.
        called = port.isdigit() and peer_port.isdigit() and int(port) < int(peer_port)
        return AWS if service == _SHARED or (region is not None and not called) else OTHER

    def _by_address(self, peer: str, code: str) -> tuple[str | None, str | None]:
        """(Service that the address belongs to, its region): None and None for what is not AWS's.

        The region is empty where only the flow log knows the address.
        """
        published = self._ranges.of(peer)
        codes = published.codes if published else frozenset({code} - {"", "-"})
        region = published.region if published else "" if codes else None
        near = not published or published.region == self._names.region
        return next((s for c, s in _EXACT.items() if near and c in codes), None), region

    def _where_is(self, address: str) -> int:
        try:
            parsed = ipaddress.ip_address(address)
        except ValueError:
            return _NOWHERE
        if any(parsed in c for c in self._cidrs):
            return _VPC
        return _PUBLIC if parsed.is_global else _PRIVATE

    def evidence(self, sources: Iterable[Source], gaps: Iterable[str] = (), better: Iterable[str] = ()) -> Evidence:
        """What is known by now, with what the readers of the logs have to tell; our own gaps come after theirs."""
        kept = {k: size for k, size in self._bytes.items() if k[0] not in self._between}
        ways: defaultdict[tuple[str, str, str], list[int]] = defaultdict(lambda: [0] * 6)
        for (interface, client, service, way), size in kept.items():
            ways[interface, client, service][way] += size
        sums: defaultdict[str, list[int]] = defaultdict(lambda: [0] * 6)
        clients = {s: set(askers) for s, askers in self._askers.items()}
        for (_, client, service), sizes in ways.items():
            if service not in {AWS, OTHER}:
                clients.setdefault(service, set()).add(client)
            for way, size in enumerate(self._told_ways(client, service, sizes)):
                sums[service][way] += size
        usages = [
            Usage(
                service=service,
                names=tuple(sorted(self._asked[service])[:NAMES_KEPT]),
                clients=tuple(sorted(of_it)),
                lookups=self._lookups[service],
                outside=sum(sums[service][way] for way in (_OUTSIDE, _DIRECT, _NAT64)),
                inside=sums[service][_INSIDE],
                gateway=sums[service][_GATEWAY],
                direct=sums[service][_DIRECT],
            )
            for service, of_it in clients.items()
        ]
        return Evidence(
            vpc=self._vpc,
            since=self._since,
            until=self._until,
            services=tuple(sorted(usages, key=lambda u: (-u.bytes, -u.lookups, u.service))),
            aws_bytes=sum(sums[AWS]),
            other_bytes=sum(sums[OTHER]),
            aws_direct=sums[AWS][_DIRECT] + sums[AWS][_GATEWAY],
            other_direct=sums[OTHER][_DIRECT] + sums[OTHER][_GATEWAY],
            sources=tuple(sources),
            gaps=(*gaps, *self._gaps()),
            better=tuple(better),
            serves_others=self._serves_others,
        )

    def _told_ways(self, client: str, service: str, sizes: list[int]) -> list[int]:
        """The untold bytes go the ways that the client's requests to the service are known to have gone, in proportion.

        Where none is known, to the gateway endpoint if the client has a route to one, else outside; IPv6 is direct.
        """
        ways = [*sizes[:_UNTOLD], 0]
        untold, known = sizes[_UNTOLD], sizes[_GATEWAY] + sizes[_DIRECT] + sizes[_OUTSIDE]
        if known:
            for way in (_GATEWAY, _DIRECT):
                ways[way] += untold * sizes[way] // known
            ways[_OUTSIDE] += untold - sum(untold * sizes[way] // known for way in (_GATEWAY, _DIRECT))
        elif ":" in client:
            ways[_DIRECT] += untold
        else:
            ways[_GATEWAY if self._has_gateway(client, service) else _OUTSIDE] += untold
        return ways

    def _has_gateway(self, client: str, service: str) -> bool:
        if service not in self._gateways:
            return False
        lacking = self._lacking.get(service, ())
        return not any(ipaddress.ip_address(client) in network for network in lacking)

    def _gaps(self) -> list[str]:
        """What we could not tell, in words."""
        gaps = []
        if self._serves_others:
            gaps.append("other networks reach public addresses through this VPC; that is in no sum")
        if self._forgotten:
            gaps.append(
                f"{self._forgotten:,} answers were more than are remembered ({self._most:,} pairs of a client and an "
                "address): bytes to their addresses are told as if nobody had asked"
            )
        if shared := sum(size for interface, size in self._shared.items() if interface not in self._between):
            gaps.append(
                f"{shared:,} bytes went to addresses that several services' names led to at about the same time: "
                "nobody can tell whose they are"
            )
        if names := sorted(self._asked[AWS]):
            gaps.append(
                f"{self._lookups[AWS]:,} lookups were of names of AWS that no endpoint service of "
                f"{self._names.region} has, for instance {', '.join(names[:3])}"
            )
        return gaps


def _canonical(address: str) -> str:
    """IPv6 as short as it can be; anything else as it is."""
    if ":" not in address:
        return address
    try:
        return str(ipaddress.ip_address(address))
    except ValueError:
        return address
