"""Is what we tell from logs held against the truth, so that it shows when it is wrong?

Small logs here; `make money` has the large ones.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from benchmarks.money import MEMORY, PER_PAIR, Judged, Run, awk, is_good, judge, run
from benchmarks.traffic import Traffic, Truth, catalog, write_traffic
from vpce.core.evidence import Evidence, Usage
from vpce.core.flowlog import BROKEN, WRONG_COUNT

NOW = datetime(2026, 11, 2, tzinfo=UTC)
MADE = Traffic(
    flow_log=Path("flows"),
    query_log=Path("queries"),
    until=NOW,
    flows=10,
    broken=3,
    pairs=1000,
    services={"sqs": Truth(outside=900, inside=100, direct=300), "kms": Truth(lookups=1)},
    aws_bytes=50,
    other_bytes=0,
    catalog=catalog(),
    ip_ranges="{}",
    endpoint_addresses={},
    skip_interfaces=frozenset(),
    gateways=frozenset(),
)
SQS, KMS = Usage(service="sqs", outside=900, inside=100, direct=300), Usage(service="kms", lookups=1)
RIGHT = Evidence(vpc="vpc-1", since=NOW, until=NOW, services=(SQS, KMS), aws_bytes=50)
SKIPPED = Counter({BROKEN: 1, WRONG_COUNT: 2})
GOOD = Run(
    judged=Judged(precision=1, recall=1, error=0, uncounted=0),
    alone=0.3,
    queries_a_second=1,
    flows_a_second=1,
    grown=MEMORY,
    skipped=SKIPPED,
)


def test_the_truth_is_good() -> None:
    assert judge(MADE, RIGHT, SKIPPED) == GOOD.judged
    assert is_good(GOOD, MADE)


@pytest.mark.parametrize(
    ("wrong", "expected"),
    [
        (replace(RIGHT, services=(SQS,)), Judged(precision=1, recall=0.5, error=0, uncounted=0)),
        (
            replace(RIGHT, services=(SQS, KMS, Usage(service="sns"), Usage(service="ssm"))),
            Judged(precision=0.5, recall=1, error=0, uncounted=0),
        ),
        (
            replace(RIGHT, services=(replace(SQS, outside=850, gateway=50), KMS)),
            Judged(precision=1, recall=1, error=0.05, uncounted=0),
        ),
        (replace(RIGHT, aws_bytes=45), Judged(precision=1, recall=1, error=0.1, uncounted=0)),
    ],
)
def test_what_is_missed_told_for_nothing_or_wrongly_summed_shows(wrong: Evidence, expected: Judged) -> None:
    judged = judge(MADE, wrong, SKIPPED)

    assert judged == expected
    assert not is_good(replace(GOOD, judged=judged), MADE)


def test_broken_lines_that_are_not_counted_show() -> None:
    judged = judge(MADE, RIGHT, Counter({BROKEN: 1}))

    assert judged.uncounted == 2
    assert not is_good(replace(GOOD, judged=judged), MADE)


def test_memory_that_grows_with_the_records_shows() -> None:
    assert is_good(replace(GOOD, grown=MEMORY + PER_PAIR * 1000), MADE)
    assert not is_good(replace(GOOD, grown=MEMORY + PER_PAIR * 1000 + 1), MADE)


@pytest.mark.parametrize(("format_", "compressed"), [("default", True), ("custom", False)])
def test_logs_that_are_made_are_read(tmp_path: Path, format_: str, compressed: bool) -> None:  # noqa: FBT001
    made = write_traffic(tmp_path, seed=1, records=30_000, format_=format_, compressed=compressed)
    of_it = run(made)

    assert is_good(of_it, made)
    assert 0 < of_it.alone < 1
    assert (awk(made, format_) or 0) > 0


def test_the_same_seed_makes_the_same_logs(tmp_path: Path) -> None:
    texts = []
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        made = write_traffic(tmp_path / name, seed=5, records=2_000, format_="custom", compressed=False)
        texts.append((made.flow_log.read_text(), made.query_log.read_text(), made.services))

    assert texts[0] == texts[1]
