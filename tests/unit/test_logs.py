"""Which of a VPC's logs is read, what it cannot tell, and how to get a better one."""

from __future__ import annotations

import shlex
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.factories import PLACE, a_vpc
from vpce.core.evidence import FLOW_LOG, Source
from vpce.core.flowlog import BEST, DEFAULT
from vpce.core.logs import (
    Log,
    better_flow_log,
    gaps_of,
    group_arn,
    is_poor,
    query_log_commands,
    silences,
    to_try,
    told_apart,
)

UNTIL = datetime(2026, 11, 23, 12, tzinfo=UTC)
SINCE = UNTIL - timedelta(days=10)
VPC = a_vpc()


def a_log(name: str, resource: str = VPC.id, **more: Any) -> Log:
    return Log(**{"kind": FLOW_LOG, "where": name, "id": name, "resource": resource, "format": BEST} | more)


def test_one_log_of_the_whole_vpc_is_enough() -> None:
    old, late = SINCE - timedelta(days=1), SINCE + timedelta(days=1)
    poor = a_log("poor", format="${srcaddr}", since=old)
    logs = [a_log("late", since=late), a_log("broken", trouble="x", since=old), poor, a_log("good", since=SINCE)]

    assert [[log.id for log in one] for one in to_try(logs, VPC.id, SINCE)] == [["good"], ["poor"], ["late"]]


def test_without_one_those_of_the_subnets_are_read_together_and_then_those_of_interfaces() -> None:
    logs = [a_log("a", "subnet-a"), a_log("a2", "subnet-a", format=""), a_log("b", "subnet-b"), a_log("e", "eni-1")]

    assert [[log.id for log in one] for one in to_try(logs, VPC.id, SINCE)] == [["a", "b"], ["e"]]
    assert to_try([a_log("c", "subnet-c", trouble="x")], VPC.id, SINCE) == []


@pytest.mark.parametrize(
    ("other", "is_mixed"),
    [
        (a_log("fl-2", group="flows"), True),
        (a_log("fl-2", "subnet-b", group="flows"), False),
        (a_log("fl-2", "eni-1", group="flows"), True),
        (a_log("fl-2", "subnet-b", group="flows", format=" ".join(reversed(BEST.split()))), True),
        (a_log("fl-2", "subnet-a", group="flows", format="${version}"), False),
        (a_log("fl-2", "subnet-a", group="flows", trouble="it has rejected traffic only"), False),
        (a_log("fl-2", "subnet-a", group="others"), False),
        (a_log("fl-2", "subnet-a", bucket="flows"), False),
    ],
)
def test_what_two_flow_logs_write_to_one_group_is_not_counted_twice(other: Log, is_mixed: bool) -> None:  # noqa: FBT001
    one, _ = told_apart([a_log("fl-1", "subnet-a", group="flows"), other])

    assert one.trouble == ("fl-2 writes there too: nobody can tell whose a record is" if is_mixed else "")


def test_what_a_format_does_not_tell_is_a_gap() -> None:
    poor = a_log("fl-1", format="${version} ${vpc-id}", since=SINCE + timedelta(hours=1))
    told = list(gaps_of(poor, SINCE))

    assert told[0] == "flow log fl-1 was made 2026-11-13 13:00 UTC; of the time before there is nothing"
    assert [t.split()[5].rstrip(":") for t in told[1:]] == ["pkt-dstaddr", "pkt-dst-aws-service", "traffic-path"]


@pytest.mark.parametrize("more", [{}, {"since": SINCE}, {"id": "", "format": ""}])
def test_a_good_log_that_was_there_has_no_gap(more: dict[str, Any]) -> None:
    assert list(gaps_of(a_log("fl-1", **more), SINCE)) == []


@pytest.mark.parametrize(("form", "poor"), [(BEST, False), (" ".join(f"${{{f}}}" for f in DEFAULT), True), ("", False)])
def test_a_format_is_poor_that_lacks_something_telling(form: str, poor: bool) -> None:  # noqa: FBT001
    assert is_poor(a_log("fl-1", format=form)) is poor


def said(first: timedelta, last: timedelta, days: float = 10) -> list[str]:
    since = UNTIL - timedelta(days=days)
    source = Source(kind=FLOW_LOG, where="log group x", records=1, first=since + first, last=UNTIL - last)
    return list(silences(source, since, UNTIL))


def test_a_tenth_of_silence_at_either_end_is_a_gap() -> None:
    day, second = timedelta(days=1), timedelta(seconds=1)

    assert said(day, day) == []
    assert said(day + second, day) == ["log group x: of the 1.0 days before 2026-11-14 12:00 UTC no record counts"]
    assert said(day, day * 2) == ["log group x: of the 2.0 days after 2026-11-21 12:00 UTC no record counts"]
    assert list(silences(Source(kind=FLOW_LOG, where="x"), SINCE, UNTIL)) == []


def test_an_hour_of_silence_is_none() -> None:
    hour = timedelta(hours=1)

    assert said(hour, hour, days=0.1) == []
    assert len(said(hour * 1.1, hour * 1.1, days=0.1)) == 2


def test_commands_are_of_the_region_and_its_partition_and_can_be_pasted() -> None:
    china = replace(VPC, place=replace(PLACE, region="cn-north-1"))

    flow_log = shlex.split(better_flow_log(china, [a_log("x", group="g"), a_log("y", bucket="flow-logs")]))
    *_, associate = query_log_commands(china)

    assert flow_log[flow_log.index("--log-destination") + 1] == "arn:aws-cn:s3:::flow-logs"
    assert flow_log[flow_log.index("--log-format") + 1] == BEST
    assert f"'{group_arn(china.place, f'/aws/vendedlogs/vpce/queries/{VPC.id}')}'" in associate
    assert group_arn(china.place, "g") == f"arn:aws-cn:logs:cn-north-1:{PLACE.account}:log-group:g:*"
