"""Which of a VPC's logs tell most, what can they not tell, and which command makes a better one?

Every flow log of a VPC records the same traffic, and every query log the same lookups: of each kind one is read, for
two would be counted twice.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from vpce.core.commands import aws
from vpce.core.flowlog import BEST, fields_of, lacking
from vpce.core.model import utc

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import datetime

    from vpce.core.model import Vpc

TELLING = {
    "vpc-id": "which VPC a record is of, so addresses tell; another VPC with the same addresses in the log is counted",
    "pkt-dstaddr": "whom a packet through a NAT gateway is for, where the gateway's own interface is all that is seen",
    "pkt-dst-aws-service": "which bytes are S3's and DynamoDB's where no name explains them",
    "traffic-path": "which bytes go through a gateway endpoint; the VPC's endpoints of today tell",
}
"""Field → what a flow log without it does not say, and what is taken instead."""
LINGER = 15
"""Minutes after which a flow has been written down for sure: the aggregation takes ten at most, S3's files five.
https://docs.aws.amazon.com/vpc/latest/userguide/flow-logs-basics.html"""
PARQUET = (
    "{} is Parquet, which is not read. Make plain text of it, for instance by DuckDB, and give that with --from: "
    "duckdb -c \"COPY (FROM '{}') TO 'flows.log' (FORMAT csv, DELIMITER ' ', HEADER, NULLSTR '-')\""
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Log:
    """A log, and where it lies: in a log group, in a bucket, or in files."""

    kind: str
    """`FLOW_LOG` or `QUERY_LOG` of `vpce.core.evidence`."""
    where: str
    """As people are told."""
    id: str = ""
    """``fl-…`` or ``rslvr-qlc-…``; empty for files."""
    resource: str = ""
    """The VPC, subnet or interface whose traffic it has."""
    group: str = ""
    bucket: str = ""
    prefix: str = ""
    """Of its keys, as far as the date."""
    day: str = "%Y/%m/%d/"
    """How the date is written in its keys, for strftime."""
    files: tuple[str, ...] = ()
    format: str = ""
    """Of a flow log, as EC2 has it; empty where each file's first line tells."""
    since: datetime | None = None
    """When it was made."""
    trouble: str = ""
    """Why it cannot be read."""

    @property
    def fields(self) -> tuple[str, ...]:
        return fields_of(self.format)


def in_order(logs: Iterable[Log], vpc: str, since: datetime) -> list[Log]:
    """The most telling first: of the whole VPC, of the whole time, and with the most fields."""

    def key(log: Log) -> tuple[object, ...]:
        is_late = log.since is not None and log.since > since
        return (bool(log.trouble), log.resource != vpc, is_late, -len({*log.fields} & {*TELLING}), log.id, log.where)

    return sorted(logs, key=key)


def gaps_of(log: Log, since: datetime) -> Iterator[str]:
    """What a log that was read cannot tell."""
    name = f"{log.kind} {log.id}" if log.id else log.where
    if log.since is not None and log.since > since:
        yield f"{name} was made {utc(log.since)}; of the time before there is nothing"
    for field, why in TELLING.items():
        if log.format and field not in log.fields:
            yield f"{name} has no {field}: it does not say {why}"


def is_poor(log: Log) -> bool:
    return bool(log.format) and not {*TELLING} <= {*log.fields}


def better_flow_log(vpc: Vpc, destination: str) -> str:
    """A flow log of the best format beside those that are there; EC2 changes none. S3 takes it without a role.

    https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateFlowLogs.html
    """
    return aws(
        vpc.place,
        "ec2 create-flow-logs",
        f"--resource-type VPC --resource-ids {vpc.id} --traffic-type ACCEPT --log-destination-type s3",
        f"--log-destination {destination or 'arn:aws:s3:::BUCKET'} --log-format '{BEST}'",
    )


def published_ranges(vpc: str) -> str:
    """https://docs.aws.amazon.com/vpc/latest/userguide/aws-ip-download.html"""
    return f"curl -O https://ip-ranges.amazonaws.com/ip-ranges.json && vpce discover {vpc} --ip-ranges ip-ranges.json"
