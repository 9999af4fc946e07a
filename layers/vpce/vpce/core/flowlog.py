"""What do VPC flow logs say? Lines of text to flows; whatever is no flow is counted by reason, and in no sum.

Text files of S3 begin with a header line; CloudWatch Logs has none, there the format is the flow log's own.
https://docs.aws.amazon.com/vpc/latest/userguide/flow-log-records.html
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Iterable, Iterator, Sequence

DEFAULT = tuple(
    "version account-id interface-id srcaddr dstaddr srcport dstport protocol packets bytes start end action "
    "log-status".split()
)
"""Version 2, what a flow log has when nobody chose.
https://docs.aws.amazon.com/vpc/latest/userguide/flow-log-records.html#flow-logs-default"""
BEST = (
    "${version} ${account-id} ${vpc-id} ${subnet-id} ${interface-id} ${srcaddr} ${dstaddr} ${pkt-srcaddr} "
    "${pkt-dstaddr} ${srcport} ${dstport} ${protocol} ${packets} ${bytes} ${start} ${end} ${action} ${log-status} "
    "${pkt-src-aws-service} ${pkt-dst-aws-service} ${flow-direction} ${traffic-path}"
)
"""The LogFormat that tells most of what we ask."""


class Flow(NamedTuple):
    """One accepted record: packets of one direction, at one network interface, within one aggregation interval."""

    interface: str
    source: str
    """Of the packet, where the format has it; else of the record."""
    destination: str
    source_port: int
    """0 where the format has none; so for the destination's."""
    destination_port: int
    bytes: int
    start: int
    """Seconds since 1970, as `end`."""
    end: int
    vpc: str
    """Empty where the format has none; so are the fields below."""
    source_service: str
    """Code of AWS's ip-ranges.json: ``S3``, ``AMAZON`` …; ``-`` for none."""
    destination_service: str
    direction: str
    """``ingress`` or ``egress``, seen from the interface."""
    path: str
    """The traffic path of what leaves: ``7`` for a gateway endpoint; ``-`` for none."""
    hop_source: str
    """The record's own source; another than the packet's where something stands between."""
    hop_destination: str


def fields_of(log_format: str) -> tuple[str, ...]:
    """``("version", "vpc-id")`` for ``${version} ${vpc-id}``, the LogFormat of DescribeFlowLogs."""
    return tuple(re.findall(r"\$\{([a-z0-9-]+)\}", log_format))


def lacking(fields: Sequence[str]) -> tuple[str, ...]:
    """Fields without which no record of the format can be counted; none for a format that will do."""
    raise NotImplementedError


def read_flows(lines: Iterable[str], fields: Sequence[str] | None, skipped: Counter[str]) -> Iterator[Flow]:
    """Accepted flows, in the order of the lines.

    Args:
        lines: of one log, or of several files one after the other; a header line holds until the next.
        fields: of lines before the first header, in order; None: the default format, for lines that fit it.
        skipped: why → how many lines were none; counted as the lines are read.

    """
    raise NotImplementedError


NO_DATA, SKIPPED_BY_AWS, REJECTED = "no traffic (NODATA)", "AWS skipped records (SKIPDATA)", "rejected (REJECT)"
"""Reasons for `skipped` that are no errors; the second is a gap: what was there is not known."""
