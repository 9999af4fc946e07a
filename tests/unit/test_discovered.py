"""What people and machines read of evidence."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from tests.factories import a_vpc
from vpce.core.discovered import as_text, evidence_document, read_evidence
from vpce.core.evidence import FLOW_LOG, QUERY_LOG, Evidence, Source, Usage
from vpce.core.logs import better_flow_log, published_ranges, query_log_commands

if TYPE_CHECKING:
    from collections.abc import Callable

UNTIL = datetime(2026, 11, 23, 12, tzinfo=UTC)
GB = 1024**3
VPC = a_vpc()
EVIDENCE = Evidence(
    vpc=VPC.id,
    since=UNTIL - timedelta(days=14),
    until=UNTIL,
    services=(
        Usage(service="s3", names=("b.s3.eu-west-1.amazonaws.com",), clients=("10.0.0.1", "10.0.0.2"), lookups=1204,
              outside=812 * GB, direct=12 * GB, gateway=200 * GB),
        Usage(service="sqs", names=("sqs.eu-west-1.amazonaws.com",), clients=("10.0.0.2",), lookups=12, inside=20 * GB),
        Usage(service="kms", names=("kms.eu-west-1.amazonaws.com",), clients=("10.0.0.1",), lookups=2),
    ),
    aws_bytes=3 * GB,
    other_bytes=5 * GB,
    aws_direct=3 * GB,
    other_direct=1 * GB,
    sources=(
        Source(kind=QUERY_LOG, where="log group /aws/vendedlogs/vpce/queries/vpc-1", records=1218),
        Source(kind=FLOW_LOG, where="s3://logs/AWSLogs/123456789012/vpcflowlogs/eu-west-1/", records=1_204_222,
               first=UNTIL - timedelta(days=7), last=UNTIL - timedelta(minutes=10),
               skipped={"rejected (REJECT)": 3120, "of another time": 4},
               trouble="s3://logs/x.log.gz: the compressed data is broken (and 1 more)"),
    ),
    gaps=("flow log fl-1 was made 2026-11-21 13:00 UTC; of the time before there is nothing",),
    better=(better_flow_log(VPC), published_ranges(VPC.id), *query_log_commands(VPC)),
    is_whole=False,
    serves_others=True,
)  # fmt: skip


def test_what_a_vpc_calls_as_people_read_it(golden: Callable[[str, str], None]) -> None:
    only_names = replace(
        EVIDENCE,
        services=tuple(replace(u, outside=0, direct=0, inside=0, gateway=0) for u in EVIDENCE.services),
        aws_bytes=0,
        other_bytes=0,
        aws_direct=0,
        other_direct=0,
        sources=EVIDENCE.sources[:1],
        gaps=("the VPC has no flow log: how many bytes went where is not known",),
        better=(),
    )
    nothing = Evidence(vpc=VPC.id, since=EVIDENCE.since, until=UNTIL)

    golden("discovered.txt", "\n\n".join(as_text(e, VPC) for e in (EVIDENCE, only_names, nothing)) + "\n")


def test_machines_get_all_of_it_and_it_is_read_back() -> None:
    document = json.loads(json.dumps(evidence_document(EVIDENCE)))

    assert read_evidence(document) == EVIDENCE
    assert (document["has_names"], document["has_bytes"], document["is_whole"]) == (True, True, False)
    assert document["services"][0]["bytes"] == 1012 * GB


def test_days_of_bytes_end_where_reading_did() -> None:
    first, last = UNTIL - timedelta(days=7), UNTIL - timedelta(days=5)
    whole = Source(kind=FLOW_LOG, where="x", records=2, first=first, last=last)
    broken = replace(whole, trouble="only the first 2 lines were read")

    assert [replace(EVIDENCE, sources=s).days_of_bytes for s in ((), (whole,), (broken,))] == [0, 7, 2]
    unread = Source(kind=FLOW_LOG, where="y", trouble="it has rejected traffic only (TrafficType REJECT)")
    assert replace(EVIDENCE, sources=(whole, unread)).days_of_bytes == 7


def test_what_a_log_says_cannot_turn_the_text_into_another() -> None:
    lie = replace(EVIDENCE, gaps=("x\n  Nothing is called.",))

    assert "\n  Nothing is called." not in as_text(lie, VPC)
