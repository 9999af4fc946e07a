"""Resolver query logs: what is a query, and why the rest is none."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

import pytest

from vpce.core.querylog import NO_QUERY, NO_TIME, NOT_JSON, Query, read_queries

DOCUMENT: dict[str, Any] = {
    "version": "1.100000", "account_id": "123456789012", "region": "eu-west-1", "vpc_id": "vpc-1",
    "query_timestamp": "2026-11-01T00:00:10Z", "query_name": "SQS.eu-west-1.amazonaws.com.", "query_type": "A",
    "query_class": "IN", "rcode": "NOERROR",
    "answers": [
        {"Rdata": "EU-west-1.queue.amazonaws.com.", "Type": "CNAME", "Class": "IN"},
        {"Rdata": "52.94.1.1", "Type": "A", "Class": "IN"},
    ],
    "srcaddr": "10.0.0.5", "srcport": "40123", "transport": "UDP", "srcids": {"instance": "i-0d15cd0d3example"},
}  # fmt: skip


def read(*lines: str) -> tuple[list[Query], Counter[str]]:
    skipped: Counter[str] = Counter()
    return list(read_queries(lines, skipped)), skipped


def test_a_query_has_its_answers_and_the_names_on_the_way() -> None:
    queries, skipped = read(json.dumps(DOCUMENT) + "\n")

    assert queries == [
        Query(
            time=1793491210,
            vpc="vpc-1",
            client="10.0.0.5",
            name="sqs.eu-west-1.amazonaws.com",
            type="A",
            rcode="NOERROR",
            addresses=("52.94.1.1",),
            aliases=("eu-west-1.queue.amazonaws.com",),
        )
    ]
    assert not skipped


def test_a_query_without_answers_is_one() -> None:
    bare = {k: v for k, v in DOCUMENT.items() if k != "answers"}
    (first, second), _ = read(json.dumps(bare), json.dumps(DOCUMENT | {"answers": None, "rcode": "NXDOMAIN"}))

    assert first.addresses == second.addresses == ()
    assert second.rcode == "NXDOMAIN"


@pytest.mark.parametrize("moment", ["2026-11-01T00:00:10", "2026-11-01T00:00:10.000Z", "2026-11-01T01:00:10+01:00"])
def test_a_time_without_a_zone_is_utc(moment: str) -> None:
    (query,), _ = read(json.dumps(DOCUMENT | {"query_timestamp": moment}))

    assert query.time == 1793491210


def test_the_vpc_is_the_resource_where_a_profile_logs() -> None:
    bare = {k: v for k, v in DOCUMENT.items() if k != "vpc_id"}
    (first, second), _ = read(json.dumps(bare | {"resource_id": "vpc-2"}), json.dumps(bare))

    assert (first.vpc, second.vpc) == ("vpc-2", "")


@pytest.mark.parametrize(
    ("line", "why"),
    [
        (json.dumps(DOCUMENT)[:90], NOT_JSON),
        ("[" * 100_000, NOT_JSON),
        ("2 123456789010 eni-1 ACCEPT OK", NOT_JSON),
        ('"a text"', NO_QUERY),
        ("[]", NO_QUERY),
        ("null", NO_QUERY),
        ('{"eventName": "CreateVpc"}', NO_QUERY),
        (json.dumps(DOCUMENT | {"srcaddr": None}), NO_QUERY),
        (json.dumps(DOCUMENT | {"answers": [{"Type": "A"}]}), NO_QUERY),
        (json.dumps(DOCUMENT | {"answers": 7}), NO_QUERY),
        (json.dumps(DOCUMENT | {"query_timestamp": "2026-13-01T00:00:00Z"}), NO_TIME),
        (json.dumps(DOCUMENT | {"query_timestamp": 1793491210}), NO_TIME),
        ("", None),
    ],
)
def test_what_is_no_query_is_counted_by_reason(line: str, why: str | None) -> None:
    queries, skipped = read(line, json.dumps(DOCUMENT))

    assert len(queries) == 1
    assert skipped == ({why: 1} if why else {})
