"""Which services do a VPC's workloads call, how much, and by which way? What its logs prove, read and joined.

Of a VPC's flow logs the most telling one that can be read is, for the others have the same traffic; so of its query
logs. Files that people give are read instead of them, all of them.
"""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from itertools import islice
from operator import attrgetter
from typing import TYPE_CHECKING, Any

from vpce.aws.errors import AwsError, in_words
from vpce.aws.lines import NoLogError, Reading, logs_of, text_of
from vpce.aws.logs import flow_logs, query_logs, query_logs_of_profiles
from vpce.aws.network import NO_WORKLOAD
from vpce.aws.observe import pages
from vpce.core.attribution import Attribution, Names, Ranges, read_ranges
from vpce.core.evidence import FLOW_LOG, QUERY_LOG, Evidence, Source
from vpce.core.flowlog import SKIPPED_BY_AWS, read_flows
from vpce.core.logs import (
    better_flow_log,
    gaps_of,
    is_poor,
    published_ranges,
    query_log_commands,
    silences,
    to_try,
    told_apart,
)
from vpce.core.model import Kind, short_name
from vpce.core.notice import count
from vpce.core.querylog import read_queries

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from vpce.core.logs import Log
    from vpce.core.model import Endpoint, Vpc
    from vpce.reconcile import Surroundings


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What is to be read."""

    since: datetime
    until: datetime
    files: tuple[str, ...] = ()
    """Files and folders to read instead of the VPC's own logs."""
    ip_ranges: str = ""
    """AWS's ip-ranges.json, a file or ``s3://bucket/key``; empty where there is none."""
    most: int | None = None
    """Lines of a log; None for all."""
    most_pairs: int | None = None
    """Of a client and an address that are remembered, some 400 bytes each; None for all."""
    goes_on: Callable[[], bool] = lambda: True
    """Whether there is time to read on."""
    progress: Callable[[str], None] = lambda _: None
    """Is told what is read next."""


def evidence_of(around: Surroundings, vpc: Vpc, wanted: Wanted) -> Evidence:
    """What the logs say of a VPC.

    Logs that AWS does not let us read are gaps, and troubles of their sources. Memory grows with the pairs of clients
    and services, not with the logs.

    Raises:
        NoLogError: a file that was named cannot be read.
        ClientError, BotoCoreError: the VPC's interfaces or the region's services could not be read.

    """
    return _Look(around, vpc, wanted).evidence()


@dataclass(slots=True)
class _Look:
    around: Surroundings
    vpc: Vpc
    wanted: Wanted
    sources: list[Source] = field(default_factory=list)
    gaps: list[str] = field(default_factory=list)
    better: list[str] = field(default_factory=list)
    is_whole: bool = True
    unknown: set[str] = field(default_factory=set)
    """Kinds of logs of which nobody knows whether there are any, as the gaps say."""

    def evidence(self) -> Evidence:
        vpc, wanted = self.vpc, self.wanted
        found = pages(
            self.around.ec2, "describe_network_interfaces", "NetworkInterfaces", [vpc.id], IncludeManagedResources=True
        )
        interfaces = [i for i in found if i.get("VpcId") == vpc.id]
        gateways = [e for e in vpc.endpoints if e.kind is Kind.GATEWAY and not e.is_leaving and not e.is_broken]
        attribution = Attribution(
            vpc.id,
            wanted.since,
            wanted.until,
            Names(self.around.catalog),
            self._ranges(),
            vpc_cidrs=vpc.cidrs,
            endpoint_addresses=dict(_endpoint_addresses(vpc, interfaces)),
            skip_interfaces={
                i["NetworkInterfaceId"] for i in interfaces if i.get("InterfaceType", "").lower() in NO_WORKLOAD
            },
            gateways={short_name(e.service, vpc.place.region) for e in gateways},
            lacking={short_name(e.service, vpc.place.region): [*_lacking(vpc, e.service, gateways)] for e in gateways},
            most_pairs=wanted.most_pairs,
        )
        queries, flows = self._logs(interfaces)
        self._read(queries, lambda lines, _, skipped: read_queries(lines, skipped), attribution.query)
        self._read(flows, read_flows, attribution.flow)
        self.gaps += (gap for source in self.sources for gap in silences(source, wanted.since, wanted.until))
        self._tell(queries, flows)
        return replace(attribution.evidence(self.sources, self.gaps, self.better), is_whole=self.is_whole)

    def _ranges(self) -> Ranges:
        where = self.wanted.ip_ranges
        if not where:
            return Ranges()
        try:
            return read_ranges(text_of(where, lambda: self._client_of("s3")))
        except ValueError as error:
            raise NoLogError(f"{where}: {error}") from error

    def _client_of(self, service: str, region: str = "") -> Any:
        if self.around.client_of is None:
            raise ValueError("without clients no log can be read")
        return self.around.client_of(service, region or self.vpc.place.region)

    # ---- which

    def _logs(self, interfaces: Sequence[Mapping[str, Any]]) -> tuple[list[Log], list[Log]]:
        """Query logs, and flow logs."""
        if self.wanted.files:
            given = logs_of(self.wanted.files)
            return [g for g in given if g.kind == QUERY_LOG], [g for g in given if g.kind == FLOW_LOG]
        vpc, around = self.vpc, self.around
        if vpc.is_shared_with_us:
            self.gaps.append(f"the VPC is shared by account {vpc.owner}, whose logs are not to be seen from here")
        resources = [vpc.id, *(s.id for s in vpc.subnets), *(i["NetworkInterfaceId"] for i in interfaces)]
        flows = self._listed(FLOW_LOG, "flow logs", lambda: told_apart(flow_logs(around.ec2, vpc.place, resources)))
        asked = (self._client_of, vpc.place, vpc.id)
        queries = self._listed(QUERY_LOG, "query logs", lambda: query_logs(*asked))
        if all(log.trouble for log in queries):
            brought = "query logs by Route 53 Profiles"
            queries += self._listed(QUERY_LOG, brought, lambda: query_logs_of_profiles(*asked))
        return queries, flows

    def _listed(self, kind: str, what: str, read: Callable[[], list[Log]]) -> list[Log]:
        try:
            return read()
        except AwsError as error:
            self.gaps.append(f"whether there are {what} could not be read: {in_words(error)}")
            self.unknown.add(kind)
            return []

    # ---- what is in them

    def _read(
        self,
        logs: Sequence[Log],
        parse: Callable[[Iterable[str], Sequence[str] | None, Counter[str]], Iterator[Any]],
        take: Callable[[Any], str],
    ) -> None:
        """All files that were given; else the first of the VPC's own logs that has something to tell."""
        if self.wanted.files:
            read = [self._source(log, parse, take) for log in logs]
            self.sources += read
            self.is_whole &= not any(s.trouble for s in read)
            return
        unread = [Source(kind=g.kind, where=g.where, trouble=g.trouble) for g in logs if g.trouble]
        self.sources += unread
        for together in to_try(logs, self.vpc.id, self.wanted.since):
            once = {(log.group or log.id, log.format): log for log in together}  # a log group has all of theirs
            read = [self._source(log, parse, take) for log in once.values()]
            self.sources += read
            if any(s.records for s in read):
                for log in together:
                    self.gaps += gaps_of(log, self.wanted.since)
                is_of_all = self._has_all({log.resource for log in together})
                if not is_of_all:
                    only = ", ".join(log.resource for log in together)
                    self.gaps.append(
                        f"the {together[0].kind}s are those of {only}; of the rest of the VPC there is none"
                    )
                # What others were to tell, this one has told.
                self.is_whole &= is_of_all and not any(s.trouble for s in read)
                return
            unread += [s for s in read if s.trouble]
        self.is_whole &= not unread

    def _has_all(self, resources: set[str]) -> bool:
        """Whether logs of these have all of the VPC's traffic."""
        return self.vpc.id in resources or resources >= {s.id for s in self.vpc.subnets}

    def _source(self, log: Log, parse: Callable[..., Iterator[Any]], take: Callable[[Any], str]) -> Source:
        """One log, read from its first line to its last."""
        wanted = self.wanted
        self.wanted.progress(f"reading {log.where} …")
        reading = Reading(
            log=log,
            client_of=self._client_of,
            vpc=self.vpc.id,
            since=wanted.since,
            until=wanted.until,
            goes_on=wanted.goes_on,
        )
        began = attrgetter("time" if log.kind == QUERY_LOG else "start")
        skipped: Counter[str] = Counter()
        records, left, first, last = 0, wanted.most, math.inf, -math.inf
        for part in reading.parts():
            lines = part if left is None else _Lines(islice(part, left))
            for record in parse(lines, log.fields or None, skipped):
                if why := take(record):
                    skipped[why] += 1
                else:
                    records += 1
                    when = began(record)
                    first, last = min(first, when), max(last, when)
            if isinstance(lines, _Lines) and left is not None:
                left -= lines.number
                if not left:
                    reading.stop(f"only the first {wanted.most:,} lines were read")
                    break
        if skipped[SKIPPED_BY_AWS]:
            times = count(skipped[SKIPPED_BY_AWS], "time")
            self.gaps.append(f"{log.where}: AWS wrote {times} that it skipped records; their bytes are in no sum")
        return Source(
            kind=log.kind,
            where=log.where,
            records=records,
            skipped=+skipped,
            first=datetime.fromtimestamp(first, UTC) if records else None,
            last=datetime.fromtimestamp(last, UTC) if records else None,
            trouble=reading.trouble,
        )

    # ---- what is missing

    def _tell(self, queries: Sequence[Log], flows: Sequence[Log]) -> None:
        vpc, whose = self.vpc, "the files have" if self.wanted.files else "the VPC has"
        read = {s.kind for s in self.sources if s.records}
        # What could not be listed may be there: nobody is told to make it.
        is_missing = {kind: kind not in read | self.unknown for kind in (QUERY_LOG, FLOW_LOG)}
        if is_missing[QUERY_LOG]:
            self.gaps.append(f"{_none(QUERY_LOG, queries, whose)}: which names were asked for is not known")
            if not queries:
                self.better += [f"vpce discover {vpc.id} --enable", *query_log_commands(vpc)]
        if is_missing[FLOW_LOG]:
            self.gaps.append(f"{_none(FLOW_LOG, flows, whose)}: how many bytes went where is not known")
        if FLOW_LOG in read and not self.wanted.ip_ranges:
            self.gaps.append(
                "AWS's public addresses are not known here: bytes that no name explains are not told apart, and S3's "
                "and DynamoDB's of other regions may be among those of this one"
            )
            self.better.append(published_ranges(vpc.id))
        readable = [log for log in flows if not log.trouble]
        if is_missing[FLOW_LOG] or (readable and all(map(is_poor, readable))):
            self.better.append(better_flow_log(vpc, flows))


def _none(kind: str, logs: Sequence[Log], whose: str) -> str:
    if not logs:
        return f"{whose} no {kind}"
    return f"no {kind} can be read" if all(log.trouble for log in logs) else f"no {kind} has a record that counts"


class _Lines:
    """Counts the lines that were taken from it."""

    def __init__(self, lines: Iterable[str]) -> None:
        self._lines, self.number = lines, 0

    def __iter__(self) -> Iterator[str]:
        for line in self._lines:
            self.number += 1
            yield line


def _lacking(vpc: Vpc, service: str, gateways: Iterable[Endpoint]) -> Iterator[str]:
    """CIDRs of the subnets whose route table leads to no gateway endpoint of the service."""
    leading = frozenset[str]().union(*(e.route_tables for e in gateways if e.service == service))
    for subnet in vpc.subnets:
        table = vpc.route_table_of(subnet)
        if table is not None and table.id not in leading:
            yield from subnet.cidrs


def _endpoint_addresses(vpc: Vpc, interfaces: Iterable[Mapping[str, Any]]) -> Iterator[tuple[str, str]]:
    """Address of an endpoint's interface → its service."""
    service_of = {i: short_name(e.service, vpc.place.region) for e in vpc.endpoints for i in e.interfaces}
    for interface in interfaces:
        if service := service_of.get(interface["NetworkInterfaceId"]):
            for address in interface.get("PrivateIpAddresses", []):
                yield address["PrivateIpAddress"], service
            for address in interface.get("Ipv6Addresses", []):
                yield address["Ipv6Address"], service
