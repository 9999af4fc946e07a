"""What would a VPC's logs hold, if one knew? Flow logs and query logs as AWS writes them, with the truth about them.

Everything follows from the seed. In the traffic: services by NAT gateways, by the internet gateway, by interface and
gateway endpoints, over IPv4 and IPv6; addresses that pass from one service to another, and some that serve two at once;
clients whose names somebody else looked up, and some that keep connections for days; services of another region; web
servers, partners on AWS, and neighbours in the VPC. In the logs: records of NAT gateways and endpoints beside those of
their clients, rejected and missing traffic, other VPCs, other times, and broken lines.
"""

from __future__ import annotations

import gzip
import io
import json
import random
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import IO, TYPE_CHECKING

from vpce.core.flowlog import DEFAULT
from vpce.core.model import Catalog, Kind, Offer

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

REGION, ACCOUNT, VPC = "eu-west-1", "123456789012", "vpc-0a1b2c3d4e5f60718"
CIDRS = ("10.0.0.0/16", "2600:1f18:7:1a00::/56")
SINCE = datetime(2026, 11, 1, tzinfo=UTC)
INTERVAL = 600
"""Seconds of an aggregation interval."""
EPOCH = 36
"""Intervals for which a service keeps its addresses."""
CUSTOM = (
    "version", "vpc-id", "subnet-id", "interface-id", "pkt-dstaddr", "pkt-srcaddr", "dstaddr", "srcaddr", "dstport",
    "srcport", "protocol", "bytes", "packets", "end", "start", "action", "pkt-dst-aws-service", "pkt-src-aws-service",
    "log-status", "flow-direction", "traffic-path",
)  # fmt: skip
"""A format of version 5, in an order that nobody expects."""
FORMATS = {"default": DEFAULT, "custom": CUSTOM}

NAMES = {
    **{s: (f"{s}.{REGION}.amazonaws.com",) for s in ("sqs", "kms", "sts", "secretsmanager", "logs", "monitoring", "ssm",
                                                     "ssmmessages", "lambda", "sns", "states", "events", "athena")},
    "ecr.api": (f"api.ecr.{REGION}.amazonaws.com",),
    "ecr.dkr": (f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com", f"602401143452.dkr.ecr.{REGION}.amazonaws.com"),
    "s3": (f"assets.s3.{REGION}.amazonaws.com", f"s3.{REGION}.amazonaws.com", "backup.s3.amazonaws.com"),
    "dynamodb": (f"dynamodb.{REGION}.amazonaws.com", f"{ACCOUNT}.ddb.{REGION}.amazonaws.com"),
}  # fmt: skip
"""Service → the names that its clients ask for."""
GATEWAYS = ("dynamodb", "s3")
POOLS = {"s3": "52.218.{}.{}", "dynamodb": "52.94.24.{1}"}
RANGES = (
    ("52.94.0.0/16", REGION, "AMAZON"), ("52.218.0.0/17", REGION, "AMAZON"), ("52.218.0.0/17", REGION, "S3"),
    ("52.94.24.0/23", REGION, "AMAZON"), ("52.94.24.0/23", REGION, "DYNAMODB"), ("3.248.0.0/13", REGION, "AMAZON"),
    ("3.248.0.0/13", REGION, "EC2"), ("52.46.128.0/19", "us-east-1", "AMAZON"), ("2a05:d018::/36", REGION, "AMAZON"),
)  # fmt: skip


@dataclass(slots=True)
class Truth:
    """Of one service, as `vpce.core.evidence.Usage` would have it."""

    clients: set[str] = field(default_factory=set)
    lookups: int = 0
    outside: int = 0
    inside: int = 0
    gateway: int = 0
    direct: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Traffic:
    """The logs of one VPC, and what is known of it."""

    flow_log: Path
    query_log: Path
    until: datetime
    flows: int
    """Lines of the flow log but for its header."""
    broken: int
    """How many of them cannot be read."""
    pairs: int
    """Distinct pairs of a client that asked and an address that it got."""
    services: dict[str, Truth]
    aws_bytes: int
    other_bytes: int
    catalog: Catalog
    ip_ranges: str
    endpoint_addresses: dict[str, str]
    skip_interfaces: frozenset[str]
    gateways: frozenset[str]


@dataclass(frozen=True, slots=True)
class _Client:
    address: str
    interface: str
    nat: int
    """Which NAT gateway is its way out."""
    is_public: bool = False
    """It has a public address, and leaves by the internet gateway."""
    asks: bool = True
    """Its lookups are logged; else somebody else's answers were in a cache."""


def catalog() -> Catalog:
    """The services of the region as endpoint services."""
    wildcards = {"ecr.dkr": (f"*.dkr.ecr.{REGION}.amazonaws.com",)}
    offers = [
        Offer(
            service=f"com.amazonaws.{REGION}.{name}",
            kind=Kind.INTERFACE,
            private_dns_names=wildcards.get(name, names[:1]) if name not in GATEWAYS else (),
        )
        for name, names in NAMES.items()
    ]
    offers += [Offer(service=f"com.amazonaws.{REGION}.{name}", kind=Kind.GATEWAY) for name in GATEWAYS]
    return Catalog(region=REGION, offers=tuple(offers))


def write_traffic(
    folder: Path, *, seed: int, records: int, format_: str, compressed: bool, days: int = 3, keeps: bool = True
) -> Traffic:
    """At least so many flow records, and the queries before them; the same for the same seed.

    Args:
        folder: where the two files go.
        seed: what everything follows from.
        records: of the flow log.
        format_: ``default`` or ``custom``.
        compressed: by gzip, as AWS delivers to S3; else plain.
        days: that they are of.
        keeps: some connections outlast their address, which belongs to another service by then: no log can tell.

    """
    suffix = ".log.gz" if compressed else ".log"
    flow_log, query_log = (folder / f"{kind}-{seed}-{format_}{suffix}" for kind in ("flows", "queries"))
    with _opened(flow_log) as flows, _opened(query_log) as queries:
        flows.write(" ".join(FORMATS[format_]) + "\n")
        made = _Made(seed, flows, queries, is_custom=format_ == "custom", keeps=keeps)
        made.make(records, days * 86400 // INTERVAL)
    return Traffic(
        flow_log=flow_log,
        query_log=query_log,
        until=SINCE + timedelta(days=days),
        flows=made.lines,
        broken=made.broken,
        pairs=len(made.pairs),
        services=dict(made.truths),
        aws_bytes=made.aws,
        other_bytes=made.other,
        catalog=catalog(),
        ip_ranges=ip_ranges(),
        endpoint_addresses=made.endpoints,
        skip_interfaces=frozenset({*made.nat_interfaces, *made.endpoint_interfaces.values()}),
        gateways=frozenset(made.gateways),
    )


def ip_ranges() -> str:
    """What AWS publishes, in its form.

    https://docs.aws.amazon.com/vpc/latest/userguide/aws-ip-syntax.html
    """

    def entry(key: str, cidr: str, region: str, code: str) -> dict[str, str]:
        return {key: cidr, "region": region, "service": code, "network_border_group": region}

    return json.dumps(
        {
            "syncToken": "1793491200",
            "createDate": "2026-11-01-00-00-00",
            "prefixes": [entry("ip_prefix", *r) for r in RANGES if ":" not in r[0]],
            "ipv6_prefixes": [entry("ipv6_prefix", *r) for r in RANGES if ":" in r[0]],
        }
    )


def _opened(path: Path) -> IO[str]:
    if path.suffix == ".gz":
        return io.TextIOWrapper(gzip.open(path, "wb", compresslevel=1), encoding="ascii", newline="\n")
    return path.open("w", encoding="ascii", newline="\n")


class _Made:
    """Logs in the making."""

    def __init__(self, seed: int, flows: IO[str], queries: IO[str], *, is_custom: bool, keeps: bool) -> None:
        self.rng = random.Random(seed)
        self.flows, self.queries, self.is_custom, self.keeps = flows, queries, is_custom, keeps
        self.lines = self.broken = self.aws = self.other = 0
        self.truths: defaultdict[str, Truth] = defaultdict(Truth)
        rng = self.rng
        self.used = sorted({*GATEWAYS, "lambda", *rng.sample(sorted({*NAMES} - {*GATEWAYS, "lambda"}), 9)})
        self.gateways = rng.sample(GATEWAYS, rng.randint(1, 2))
        inside = rng.sample([s for s in self.used if s not in {*GATEWAYS, "lambda"}], 2)
        self.endpoints = {f"10.0.{200 + zone}.{n}": s for n, s in enumerate(inside, 10) for zone in (0, 1)}
        self.endpoint_interfaces = {a: f"eni-0e{n:015x}" for n, a in enumerate(self.endpoints)}
        self.nat_interfaces = ("eni-0a00000000000000a", "eni-0a00000000000000b")
        self.nat_addresses = ("10.0.0.220", "10.0.1.220")
        self.clients = [
            _Client(f"10.0.{n // 50 + 2}.{n % 50 + 10}", f"eni-0c{n:015x}", n % 2, n % 40 == 0, n % 3 != 1)
            for n in range(150)
        ]
        self.six = [
            _Client(f"2600:1f18:7:1a01::{n + 16:x}", c.interface, c.nat) for n, c in enumerate(self.clients[:20])
        ]
        self.fresh = iter(self._addresses())
        self.retired: list[list[str]] = []
        """Addresses of the epochs before, which other services get two epochs later."""
        self.pools: dict[str, list[str]] = {}
        self.passed_on: dict[str, list[str]] = {}
        self.answers: dict[tuple[str, str], list[str]] = {}
        self.pairs: set[tuple[str, str]] = set()
        self.kept: defaultdict[tuple[str, str], list[str]] = defaultdict(list)
        """What clients got in epochs before: some connections are never closed, whoever has the address by now."""
        self.shared = ["52.94.250.1", "52.94.250.2"]
        """They serve two services at once."""
        self.twins = rng.sample([s for s in self.used if s not in {*GATEWAYS, *inside, "lambda"}], 2)

    def _addresses(self) -> Iterator[str]:
        for third in range(40, 250):
            for fourth in range(1, 255):
                yield f"52.94.{third}.{fourth}"

    def make(self, records: int, intervals: int) -> None:
        for number in range(intervals):
            start = int(SINCE.timestamp()) + number * INTERVAL
            if number % EPOCH == 0:
                self._new_epoch(number // EPOCH)
            while self.lines * intervals < records * (number + 1):
                self._something(start)
            self._noise(start)

    def _new_epoch(self, epoch: int) -> None:
        """Services move to other addresses, and some get those that others had."""
        for (client, service), addresses in self.answers.items():
            self.kept[client, service] += addresses
        self.answers.clear()
        old = self.retired[-2] if len(self.retired) > 1 else []
        self.retired.append([])
        for n, service in enumerate(self.used):
            pattern = POOLS.get(service)
            self.pools[service] = (
                [pattern.format(epoch % 100, 10 * n + k) for k in range(8)] if pattern else
                [f"2a05:d018:{n}:{epoch:x}::{k:x}" for k in range(1, 9)] if service == "lambda" else
                [next(self.fresh) for _ in range(8)]
            )  # fmt: skip
            self.passed_on[service] = []
            if service not in {*GATEWAYS, "lambda", *self.endpoints.values()}:
                self.passed_on[service] = [old.pop() for _ in range(min(1, len(old)))]
                self.retired[-1].append(next(self.fresh))
                self.passed_on[service].append(self.retired[-1][-1])

    def _something(self, start: int) -> None:
        """One conversation, or another thing that leaves records."""
        rng = self.rng
        match rng.choices(["call", "shared", "elsewhere", "neighbours", "web"], [80, 2, 3, 10, 5])[0]:
            case "call":
                service = rng.choice(self.used)
                self._call(service, rng.choice(self.six if service == "lambda" else self.clients), start)
            case "shared":
                self._call_shared(rng.choice([c for c in self.clients if c.asks and not c.is_public]), start)
            case "elsewhere":
                self._elsewhere(rng.choice(self.clients), start)
            case "neighbours":
                self._neighbours(start)
            case _:
                self._web(start)

    def _sizes(self) -> tuple[int, int]:
        return int(self.rng.lognormvariate(7, 1.2)) + 40, int(self.rng.lognormvariate(9, 1.5)) + 40

    def _call(self, service: str, client: _Client, start: int) -> None:
        truth = self.truths[service]
        kept = self.kept[client.address, service] if self.keeps else []
        addresses = kept if kept and self.rng.randrange(500) == 0 else self._answers_of(service, client, start)
        peer = self.rng.choice(addresses)
        truth.clients.add(client.address)
        out, back = self._sizes()
        if peer in self.endpoints:
            truth.inside += out + back
            self._pair(client, peer, (out, back), start, path="1")
            interface = self.endpoint_interfaces[peer]
            self._record(interface, (client.address, peer), (40000, 443), out, start, direction="ingress")
            self._record(interface, (peer, client.address), (443, 40000), back, start, direction="egress")
        elif service in self.gateways:
            truth.gateway += out + back
            self._pair(client, peer, (out, back), start, path="7")
        else:
            truth.outside += out + back
            is_direct = client.is_public or ":" in peer
            # Only the traffic path tells of the internet gateway, and there is none in the default format.
            truth.direct += (out + back) * (":" in peer or (is_direct and self.is_custom))
            self._leave(client, peer, out, back, start)

    def _leave(self, client: _Client, peer: str, out: int, back: int, start: int) -> None:
        """By the internet gateway, or by a NAT gateway, which has four records of its own."""
        if client.is_public or ":" in peer:
            self._pair(client, peer, (out, back), start, path="8")
            return
        self._pair(client, peer, (out, back), start, path="1")
        nat, own = self.nat_interfaces[client.nat], self.nat_addresses[client.nat]
        port = self.rng.randrange(1024, 65535)
        self._record(nat, (client.address, own), (40000, 443), out, start, to=peer, direction="ingress")
        self._record(nat, (own, peer), (port, 443), out, start, direction="egress", path="8")
        self._record(nat, (peer, own), (443, port), back, start, direction="ingress")
        self._record(nat, (own, client.address), (443, 40000), back, start, from_=peer, direction="egress", path="1")

    def _pair(
        self, client: _Client, peer: str, sizes: tuple[int, int], start: int, *, path: str, port: int = 443
    ) -> None:
        self._record(
            client.interface, (client.address, peer), (40000, port), sizes[0], start, direction="egress", path=path
        )
        self._record(client.interface, (peer, client.address), (port, 40000), sizes[1], start, direction="ingress")

    def _answers_of(self, service: str, client: _Client, start: int) -> list[str]:
        """The addresses that it gets for the service in this epoch; the first time, somebody asks."""
        own = self.answers.get((client.address, service))
        if own is None:
            rng = self.rng
            inside = [a for a, s in self.endpoints.items() if s == service]
            asker = client if client.asks else next(c for c in self.clients if c.asks)
            own = inside or rng.sample(self.pools[service], 3)
            if client.asks and not inside:
                own = [*own, *self.passed_on[service]]
            self.answers[client.address, service] = own
            self._query(asker.address, rng.choice(NAMES[service]), own, start)
            self.truths[service].clients.add(asker.address)
            self.truths[service].lookups += 1
        return own

    def _call_shared(self, client: _Client, start: int) -> None:
        """Two services by one address at once: no log tells which."""
        address = self.rng.choice(self.shared)
        if (client.address, address) not in self.answers:
            self.answers[client.address, address] = [address]
            for service in self.twins:
                self._query(client.address, NAMES[service][0], [address], start)
                self.truths[service].clients.add(client.address)
                self.truths[service].lookups += 1
        out, back = self._sizes()
        self.aws += out + back
        self._leave(client, address, out, back, start)

    def _elsewhere(self, client: _Client, start: int) -> None:
        """A service of another region, an address of AWS that nobody asked for, a partner on AWS, and the internet."""
        out, back = self._sizes()
        names = {
            "52.46.128.9": "sqs.us-east-1.amazonaws.com", "52.94.8.8": "", "3.248.7.7": "api.partner.example",
            "93.184.215.14": "sqs.eu-west-1.amazonaws.com.example.com", "151.101.1.6": "",
        }  # fmt: skip
        peer = self.rng.choice(sorted(names))
        if names[peer] and (client.address, peer) not in self.answers:
            self.answers[client.address, peer] = [peer]
            self._query(client.address, names[peer], [peer], start)
        if peer in {"52.46.128.9", "52.94.8.8"}:
            self.aws += out + back
        else:
            self.other += out + back
        self._leave(client, peer, out, back, start)

    def _neighbours(self, start: int) -> None:
        """Two clients talk: each has the records, and none of it is AWS's."""
        one, two = self.rng.sample(self.clients, 2)
        out, back = self._sizes()
        self._pair(one, two.address, (out, back), start, path="1", port=5432)
        self._record(two.interface, (one.address, two.address), (40000, 5432), out, start, direction="ingress")
        self._record(
            two.interface, (two.address, one.address), (5432, 40000), back, start, direction="egress", path="1"
        )

    def _web(self, start: int) -> None:
        """Somebody on AWS calls a web server of ours."""
        server = self.clients[0]
        visitor = f"3.250.{self.rng.randrange(250)}.{self.rng.randrange(1, 250)}"
        out, back = self._sizes()
        self.other += out + back
        self._record(server.interface, (visitor, server.address), (50000, 443), out, start, direction="ingress")
        self._record(
            server.interface, (server.address, visitor), (443, 50000), back, start, direction="egress", path="8"
        )

    def _noise(self, start: int) -> None:
        """Lines that are in no sum."""
        rng = self.rng
        client, peer = rng.choice(self.clients), next(iter(self.pools.values()))[0]
        self._record(client.interface, ("203.0.113.9", client.address), (50000, 22), 444, start, action="REJECT")
        self._record(client.interface, ("-", "-"), ("-", "-"), "-", start, action="-", status="NODATA")
        self._record(client.interface, (client.address, peer), (40000, 443), 10**9, start - 40 * 86400, path="1")
        if start % (INTERVAL * 50) == 0:
            self._record(client.interface, ("-", "-"), ("-", "-"), "-", start, action="-", status="SKIPDATA")
        if self.is_custom:
            self._record("eni-0d0000000000000dd", (client.address, peer), (40000, 443), 10**9, start, vpc="vpc-0other")
        line = self._line(client.interface, (client.address, peer), (40000, 443), 10**9, start, path="1")
        for broken in (line[: rng.randrange(5, len(line) - 1)], line.replace(" 1000000000 ", " 10x9 "), f"{line} 9"):
            self._write(broken)
            self.broken += 1
        self.queries.write('{"version":"1.100000","account_id":"1234\n')
        self._query(client.address, f"sqs.{REGION}.amazonaws.com.{REGION}.compute.internal", [], start, "NXDOMAIN")

    def _record(self, *args: object, **changes: str) -> None:
        self._write(self._line(*args, **changes))  # type: ignore[arg-type]

    def _write(self, line: str) -> None:
        self.lines += 1
        self.flows.write(line + "\n")

    def _line(
        self, interface: str, ends: tuple[str, str], ports: tuple[object, object], size: object, start: int, *,
        from_: str = "", to: str = "", direction: str = "egress", path: str = "-", action: str = "ACCEPT",
        status: str = "OK", vpc: str = VPC,
    ) -> str:  # fmt: skip
        (source, destination), (port, to_port), end = ends, ports, start + 590
        if not self.is_custom:
            head = f"2 {ACCOUNT} {interface} {source} {destination} {port} {to_port} 6 9 {size}"
            return f"{head} {start} {end} {action} {status}"
        from_, to = from_ or source, to or destination
        head = f"5 {vpc} subnet-0a {interface} {to} {from_} {destination} {source} {to_port} {port} 6 {size} 9"
        return f"{head} {end} {start} {action} {_code(to)} {_code(from_)} {status} {direction} {path}"

    def _query(self, client: str, name: str, addresses: list[str], start: int, rcode: str = "NOERROR") -> None:
        """Some seconds off, as clocks are; some by way of a CNAME."""
        self.pairs.update((client, a) for a in addresses)
        kind = "AAAA" if addresses and ":" in addresses[0] else "A"
        answers = [{"Rdata": a, "Type": kind, "Class": "IN"} for a in addresses]
        if self.rng.randrange(10) == 0:
            answers.insert(0, {"Rdata": f"edge.{name}.", "Type": "CNAME", "Class": "IN"})
        moment = datetime.fromtimestamp(start + self.rng.randint(-30, 30), UTC)
        document = {
            "version": "1.100000", "account_id": ACCOUNT, "region": REGION, "vpc_id": VPC,
            "query_timestamp": f"{max(moment, SINCE):%Y-%m-%dT%H:%M:%SZ}", "query_name": f"{name}.", "query_type": kind,
            "query_class": "IN", "rcode": rcode, "answers": answers, "srcaddr": client, "srcport": "40123",
            "transport": "UDP", "srcids": {"instance": "i-0123456789abcdef0"},
        }  # fmt: skip
        self.queries.write(json.dumps(document, separators=(",", ":")) + "\n")


def _code(address: str) -> str:
    """What AWS puts into pkt-dst-aws-service."""
    if address.startswith("52.94.24."):
        return "DYNAMODB"
    starts = {
        "52.218.": "S3",
        "52.94.": "AMAZON",
        "52.46.": "AMAZON",
        "2a05:d018:": "AMAZON",
        "3.24": "EC2",
        "3.25": "EC2",
    }
    return next((code for start, code in starts.items() if address.startswith(start)), "-")
