"""Which services do a VPC's workloads call, how much, and by which way? What logs prove, and what they cannot."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """One AWS service as the clients of a VPC call it. Bytes are of both directions, within the evidence's time."""

    service: str
    """Short name, as profiles have it: ``sqs``."""
    names: tuple[str, ...] = ()
    """DNS names that were asked for, sorted; empty where only addresses tell."""
    clients: tuple[str, ...] = ()
    """Private addresses, sorted."""
    lookups: int = 0
    """Queries for its names; Resolver logs none that it answers from its cache for a client."""
    outside: int = 0
    """Bytes to and from public addresses: what a NAT gateway is paid for."""
    inside: int = 0
    """Bytes to and from the addresses of an interface endpoint."""
    gateway: int = 0
    """Bytes by a gateway endpoint."""
    direct: int = 0
    """Of `outside`, what no NAT gateway of the VPC is paid for: IPv6, and what left by the internet gateway itself, or
    by another network."""

    @property
    def bytes(self) -> int:
        return self.outside + self.inside + self.gateway


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """One log that was read."""

    kind: str
    """``flow log`` or ``query log``."""
    where: str
    """A file, a log group, or ``s3://…``."""
    records: int = 0
    """Those that count: of this VPC, and within the time."""
    skipped: Mapping[str, int] = field(default_factory=dict)
    """Why → how many lines or records are in no sum."""
    first: datetime | None = None
    """When the first record that counts began; None without any."""
    last: datetime | None = None
    trouble: str = ""
    """Why it, or the rest of it, could not be read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What the logs of one VPC say within a time."""

    vpc: str
    since: datetime
    until: datetime
    services: tuple[Usage, ...] = ()
    """Most bytes first, then most lookups, then by name."""
    aws_bytes: int = 0
    """Bytes to and from public addresses of AWS that no name and no published range pins to one service."""
    other_bytes: int = 0
    """Bytes to and from public addresses that are not known to be AWS's."""
    aws_direct: int = 0
    """Of `aws_bytes`, what no NAT gateway is paid for, as far as traffic paths tell."""
    other_direct: int = 0
    """So of `other_bytes`; what comes in to a load balancer is among it."""
    sources: tuple[Source, ...] = ()
    gaps: tuple[str, ...] = ()
    """What could not be told, and why, in words."""
    better: tuple[str, ...] = ()
    """What would tell more: commands to paste."""
    is_whole: bool = True
    """The logs that were read are of the whole VPC, and were read to their end."""
    serves_others: bool = False
    """Other networks reach public addresses through the VPC, as spokes do by a central NAT gateway; no sum has that."""

    @property
    def days(self) -> float:
        return (self.until - self.since).total_seconds() / 86400

    @property
    def days_of_bytes(self) -> float:
        """Days since the first flow that counts: what was logged later than `since`, or not kept, is no quiet time.

        Where a flow log was not read to its end, they end with the last flow that counts.
        """
        read = [s for s in self.sources if s.kind == FLOW_LOG and s.first is not None]
        if not read:
            return 0.0
        end = max(s.last or self.until for s in read) if any(s.trouble for s in read) else self.until
        return (end - min(s.first or end for s in read)).total_seconds() / 86400

    @property
    def span(self) -> float:
        """Days by which a month is reckoned: those with bytes, else all."""
        return self.days_of_bytes or self.days

    @property
    def has_names(self) -> bool:
        """Some query log had records, so that a service nobody asks for is not called."""
        return any(s.kind == QUERY_LOG and s.records for s in self.sources)

    @property
    def has_bytes(self) -> bool:
        return any(s.kind == FLOW_LOG and s.records for s in self.sources)


FLOW_LOG, QUERY_LOG = "flow log", "query log"
