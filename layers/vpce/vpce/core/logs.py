"""Which of a VPC's logs tell most, what can they not tell, and which command makes a better one?

Every flow log of a VPC records the same traffic, and every query log the same lookups: of each kind one is read, for
two would be counted twice.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING

from vpce.core.commands import aws
from vpce.core.flowlog import BEST, fields_of
from vpce.core.lent import partition_of
from vpce.core.model import utc

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from datetime import datetime

    from vpce.core.evidence import Source
    from vpce.core.model import Place, Vpc

TELLING = {
    "vpc-id": "which VPC a record is of, so addresses tell; another VPC with the same addresses in the log is counted",
    "pkt-dstaddr": "whom a packet through NAT is for; what NAT instances, and gateways now gone, pass on counts twice",
    "pkt-dst-aws-service": "which bytes are S3's and DynamoDB's where no name explains them",
    "traffic-path": "which bytes go through a gateway endpoint; the VPC's endpoints and routes of today tell",
}
"""Field → what a flow log without it does not say, and what is taken instead."""
LINGER = 30
"""Minutes until a flow has been written down: ten of aggregation, and ten more to S3, all being well.
https://docs.aws.amazon.com/vpc/latest/userguide/flow-logs-basics.html"""
LEAD = 60
"""Minutes before the time of which queries are read, too: clients use the answers after it begins."""
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


def to_try(logs: Iterable[Log], vpc: str, since: datetime) -> list[tuple[Log, ...]]:
    """What can be read, best first: a log of the whole VPC; else one for each subnet; else one for each interface.

    Of those of one resource the best was there all the time, and has the most telling fields.
    """

    def key(log: Log) -> tuple[object, ...]:
        is_late = log.since is not None and log.since > since
        return is_late, -len({*log.fields} & {*TELLING}), log.id, log.where

    readable = sorted((log for log in logs if not log.trouble), key=key)
    tries: list[tuple[Log, ...]] = [(log,) for log in readable if log.resource == vpc]
    for kind in ("subnet-", "eni-"):
        best = {log.resource: log for log in reversed(readable) if log.resource.startswith(kind)}
        tries += [tuple(best[resource] for resource in sorted(best))] if best else []
    return tries


def told_apart(logs: Sequence[Log]) -> list[Log]:
    """The flow logs; in trouble are those of one log group whose lines are alike: read, they would count twice.

    Subnets, and interfaces, have no traffic in common: a group may have the flow logs of several in one format.
    """

    def kind(log: Log) -> str:
        return log.resource.partition("-")[0]

    def is_mixed(log: Log, other: Log) -> bool:
        is_like = other.group == log.group and len(other.fields) == len(log.fields) and not other.trouble
        has_same = other.resource == log.resource or kind(other) != kind(log)
        return is_like and other.id != log.id and (has_same or other.format != log.format)

    def judged(log: Log) -> Log:
        others = sorted(o.id for o in logs if is_mixed(log, o)) if log.group and not log.trouble else []
        if not others:
            return log
        return replace(log, trouble=f"{', '.join(others)} writes there too: nobody can tell whose a record is")

    return [judged(log) for log in logs]


def gaps_of(log: Log, since: datetime) -> Iterator[str]:
    """What a log that was read cannot tell."""
    name = f"{log.kind} {log.id}" if log.id else log.where
    if log.since is not None and log.since > since:
        yield f"{name} was made {utc(log.since)}; of the time before there is nothing"
    for field, why in TELLING.items():
        if log.format and field not in log.fields:
            yield f"{name} has no {field}: it does not say {why}"


def silences(source: Source, since: datetime, until: datetime) -> Iterator[str]:
    """Where a log is silent at the beginning or the end: nobody called, or it was not there, not kept or not read."""
    long = max((until - since) / 10, timedelta(hours=1))
    if source.first is not None and source.first - since > long:
        yield f"{source.where}: of the {_days(source.first - since)} before {utc(source.first)} no record counts"
    if source.last is not None and until - source.last > long:
        yield f"{source.where}: of the {_days(until - source.last)} after {utc(source.last)} no record counts"


def _days(span: timedelta) -> str:
    return f"{span.total_seconds() / 86400:.1f} days"


def is_poor(log: Log) -> bool:
    return bool(log.format) and not {*TELLING} <= {*log.fields}


def better_flow_log(vpc: Vpc, there: Iterable[Log] = ()) -> str:
    """A flow log of the best format beside those that are there, for EC2 changes none. S3 takes it without a role.

    https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateFlowLogs.html
    """
    bucket = next((log.bucket for log in there if log.bucket), "BUCKET")
    return aws(
        vpc.place,
        "ec2 create-flow-logs",
        f"--resource-type VPC --resource-ids {vpc.id} --traffic-type ACCEPT --log-destination-type s3",
        f"--log-destination arn:{partition_of(vpc.place.region)}:s3:::{bucket} --log-format '{BEST}'",
    )


def query_log_commands(vpc: Vpc, retention: int = 14) -> list[str]:
    """What turns query logging on, for good, with nothing but the AWS CLI; ``vpce discover --enable`` gives it an end.

    https://docs.aws.amazon.com/Route53/latest/APIReference/API_route53resolver_CreateResolverQueryLogConfig.html
    """
    name, group = f"queries-{vpc.id}", group_of("vpce", vpc.id)
    made = aws(
        vpc.place,
        "route53resolver create-resolver-query-log-config",
        f"--name {name} --creator-request-id {name} --destination-arn '{group_arn(vpc.place, group)}'",
        "--query ResolverQueryLogConfig.Id --output text",
    )
    return [
        aws(vpc.place, "logs create-log-group", f"--log-group-name {group}"),
        aws(vpc.place, "logs put-retention-policy", f"--log-group-name {group} --retention-in-days {retention}"),
        aws(
            vpc.place,
            "route53resolver associate-resolver-query-log-config",
            f'--resource-id {vpc.id} --resolver-query-log-config-id "$({made})"',
        ),
    ]


def group_of(installation: str, vpc: str) -> str:
    """The log group of a VPC's queries, called like those that AWS's services write to.

    Whoever sets the delivery up has AWS give the group a policy that lets it.
    https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/AWS-logs-infrastructure-CWL.html
    """
    return f"/aws/vendedlogs/{installation}/queries/{vpc}"


def group_arn(place: Place, group: str) -> str:
    return f"arn:{partition_of(place.region)}:logs:{place.region}:{place.account}:log-group:{group}:*"


def published_ranges(vpc: str) -> str:
    """https://docs.aws.amazon.com/vpc/latest/userguide/aws-ip-download.html"""
    return f"curl -O https://ip-ranges.amazonaws.com/ip-ranges.json && vpce discover {vpc} --ip-ranges ip-ranges.json"
