"""What do VPC flow logs say? Lines of text to flows; whatever is no flow is counted by reason, and in no sum.

Text files of S3 begin with a header line; CloudWatch Logs has none, there the format is the flow log's own.
https://docs.aws.amazon.com/vpc/latest/userguide/flow-log-records.html
"""

from __future__ import annotations

import re
from operator import itemgetter
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Iterable, Iterator, Sequence

DEFAULT = ("version", "account-id", "interface-id", "srcaddr", "dstaddr", "srcport", "dstport", "protocol", "packets",
           "bytes", "start", "end", "action", "log-status")  # fmt: skip
"""Version 2, what a flow log has when nobody chose.
https://docs.aws.amazon.com/vpc/latest/userguide/flow-log-records.html#flow-logs-default"""
BEST = (
    "${version} ${account-id} ${vpc-id} ${subnet-id} ${interface-id} ${srcaddr} ${dstaddr} ${pkt-srcaddr} "
    "${pkt-dstaddr} ${srcport} ${dstport} ${protocol} ${packets} ${bytes} ${start} ${end} ${action} ${log-status} "
    "${pkt-src-aws-service} ${pkt-dst-aws-service} ${flow-direction} ${traffic-path}"
)
"""The LogFormat that tells most of what we ask."""

NO_DATA, SKIPPED_BY_AWS, REJECTED = "no traffic (NODATA)", "AWS skipped records (SKIPDATA)", "rejected (REJECT)"
"""Reasons for being skipped that are no errors; the second is a gap: what was there is not known."""
WRONG_COUNT, WRONG_VERSION, BROKEN = "another number of fields", "unknown version", "broken record"
NO_FORMAT, UNUSABLE = "no header, and not the default format", "its format lacks "
OF_NO_INTERFACE = "of no network interface"


class Flow(NamedTuple):
    """One accepted record: packets of one direction, at one network interface, within one aggregation interval."""

    interface: str
    source: str
    """Of the packet, where the format has it; else of the record."""
    destination: str
    source_port: str
    """Empty where the format has none; so for the destination's."""
    destination_port: str
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
    needed = [f for f in ("interface-id", "bytes", "start", "end", "action") if f not in fields]
    ends = [f for f in ("srcaddr", "dstaddr") if f not in fields and f"pkt-{f}" not in fields]
    return (*needed, *ends)


def read_flows(lines: Iterable[str], fields: Sequence[str] | None, skipped: Counter[str]) -> Iterator[Flow]:
    """Accepted flows, in the order of the lines.

    Args:
        lines: of one log, or of several files one after the other; a header line holds until the next.
        fields: of lines before the first header, in order; None: the default format, for lines that fit it.
        skipped: why → how many lines were none; counted as the lines are read.

    """
    format_ = _Format(DEFAULT, _ONLY_2) if fields is None else _Format(fields)
    width, pick, versions, why_none = format_.width, format_.pick, format_.versions, format_.why_none
    new = tuple.__new__  # Flow() itself takes three times as long
    for line in lines:
        parts = line.split()
        if len(parts) == width:
            parts.append("")  # what `pick` takes for a field that the format has not
            version, interface, source, destination, sport, dport, size, start, end, vpc, scode, dcode, direction, \
                path, hop_source, hop_destination, action, status = pick(parts)  # fmt: skip
            if (
                action == "ACCEPT"
                and (status == "OK" or not status)
                and version in versions
                and interface[:4] == "eni-"
                and len(numbers := f"{size}{start}{end}") <= _DIGITS
                and numbers.isdecimal()
                and start <= end
            ):
                yield new(Flow, (
                    interface, source if source != "-" else hop_source,
                    destination if destination != "-" else hop_destination, sport, dport, int(size), int(start),
                    int(end), vpc, scode, dcode, direction, path, hop_source, hop_destination,
                ))  # fmt: skip
                continue
            parts.pop()
        if not parts:
            continue
        if not _FIELDS.isdisjoint(parts) and (names := _header(parts)):
            fields = names
            format_ = _Format(names)
            width, pick, versions, why_none = format_.width, format_.pick, format_.versions, format_.why_none
        elif fields is None and (len(parts) != width or parts[0] != "2"):
            skipped[NO_FORMAT] += 1
        else:
            skipped[why_none(parts)] += 1


_DIGITS = 60
"""Of three numbers of 64 bits; of more, Python reads no more than some thousand."""
_ONLY_2 = frozenset({"2"})
_VERSIONS = frozenset({"", *map(str, range(2, 100))})
"""A version only says which fields there may be, and those have names; none at all where the format has none."""

_FIELDS = frozenset({
    *DEFAULT, "vpc-id", "subnet-id", "instance-id", "tcp-flags", "type", "pkt-srcaddr", "pkt-dstaddr", "region",
    "az-id", "sublocation-type", "sublocation-id", "pkt-src-aws-service", "pkt-dst-aws-service", "flow-direction",
    "traffic-path", "ecs-cluster-arn", "ecs-cluster-name", "ecs-container-instance-arn", "ecs-container-instance-id",
    "ecs-container-id", "ecs-second-container-id", "ecs-service-name", "ecs-task-definition-arn", "ecs-task-arn",
    "ecs-task-id", "reject-reason", "resource-id", "encryption-status",
})  # fmt: skip
_HEADER = 3
"""As many names of fields make a header: a record has at most a container or two that are called like one."""


def _header(parts: Sequence[str]) -> tuple[str, ...]:
    """Its fields, if the line is a header. Hive-like files have ``_`` for ``-``.

    A header that a broken line runs into is one, too: no record fits it, so that none is read by a format of before.
    """
    names = tuple(p.replace("_", "-") for p in parts)
    return names if len(_FIELDS.intersection(names)) >= _HEADER else ()


class _Format:
    """Where things are in a line."""

    def __init__(self, fields: Sequence[str], versions: frozenset[str] = _VERSIONS) -> None:
        self.versions = versions
        self.lacks = lacking(fields)
        # Lines of a format that cannot be counted never have its width, so they are all skipped.
        self.width = -1 if self.lacks else len(fields)
        self._count = len(fields)
        at = {name: place for place, name in enumerate(fields)}

        def first(*names: str) -> int:
            return next((at[n] for n in names if n in at), -1)

        wanted = (
            ("version",), ("interface-id",), ("pkt-srcaddr", "srcaddr"), ("pkt-dstaddr", "dstaddr"), ("srcport",),
            ("dstport",), ("bytes",), ("start",), ("end",), ("vpc-id",), ("pkt-src-aws-service",),
            ("pkt-dst-aws-service",), ("flow-direction",), ("traffic-path",), ("srcaddr", "pkt-srcaddr"),
            ("dstaddr", "pkt-dstaddr"), ("action",), ("log-status",),
        )  # fmt: skip
        self.pick = itemgetter(*(first(*names) for names in wanted))

    def why_none(self, parts: list[str]) -> str:
        """Why a line is no flow."""
        if self.lacks:
            return UNUSABLE + ", ".join(self.lacks)
        if len(parts) != self._count:
            return WRONG_COUNT
        version, interface, *_, action, status = self.pick([*parts, ""])
        reasons = (
            (status == "NODATA", NO_DATA),
            (status == "SKIPDATA", SKIPPED_BY_AWS),
            (version not in self.versions, WRONG_VERSION),
            (status not in {"OK", ""}, BROKEN),
            (action == "REJECT", REJECTED),
            (action == "ACCEPT" and interface == "-", OF_NO_INTERFACE),
        )
        return next((why for is_so, why in reasons if is_so), BROKEN)
