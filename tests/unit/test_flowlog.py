"""Flow logs as AWS writes them, and as accidents leave them: what is a flow, and why the rest is none."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vpce.core.flowlog import (
    BEST,
    BROKEN,
    DEFAULT,
    NO_DATA,
    NO_FORMAT,
    OF_NO_INTERFACE,
    REJECTED,
    SKIPPED_BY_AWS,
    UNUSABLE,
    WRONG_COUNT,
    WRONG_VERSION,
    Flow,
    fields_of,
    lacking,
    read_flows,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

LINE = (
    "2 123456789010 eni-1235b8ca123456789 172.31.16.139 172.31.16.21 20641 443 6 20 4249 1418530010 1418530070 "
    "ACCEPT OK"
)
HEADER = " ".join(DEFAULT)
RECORD = {
    "version": "5", "vpc-id": "vpc-1", "interface-id": "eni-1", "srcaddr": "10.0.0.5", "dstaddr": "52.94.1.1",
    "pkt-srcaddr": "10.0.0.77", "pkt-dstaddr": "52.94.1.1", "srcport": "40000", "dstport": "443", "bytes": "471",
    "packets": "7", "start": "1418530010", "end": "1418530070", "action": "ACCEPT", "log-status": "OK",
    "pkt-src-aws-service": "-", "pkt-dst-aws-service": "S3", "flow-direction": "egress", "traffic-path": "8",
}  # fmt: skip


def read(lines: Iterable[str], fields: Sequence[str] | None = None) -> tuple[list[Flow], Counter[str]]:
    skipped: Counter[str] = Counter()
    return list(read_flows(lines, fields, skipped)), skipped


def a_line(fields: Iterable[str], **changes: str) -> str:
    record = RECORD | {name.replace("_", "-"): value for name, value in changes.items()}
    return " ".join(record[f] for f in fields)


def test_the_default_format_needs_no_header() -> None:
    flows, skipped = read([LINE + "\n"])

    assert flows == [
        Flow(
            interface="eni-1235b8ca123456789",
            source="172.31.16.139",
            destination="172.31.16.21",
            source_port="20641",
            destination_port="443",
            bytes=4249,
            start=1418530010,
            end=1418530070,
            vpc="",
            source_service="",
            destination_service="",
            direction="",
            path="",
            hop_source="172.31.16.139",
            hop_destination="172.31.16.21",
        )
    ]
    assert not skipped


def test_the_addresses_of_the_packet_win_over_those_of_the_record() -> None:
    (flow,), _ = read([a_line(RECORD)], tuple(RECORD))

    assert (flow.source, flow.hop_source) == ("10.0.0.77", "10.0.0.5")
    assert (flow.vpc, flow.destination_service, flow.direction, flow.path) == ("vpc-1", "S3", "egress", "8")


def test_an_unknown_address_of_the_packet_leaves_that_of_the_record() -> None:
    (flow,), _ = read([a_line(RECORD, pkt_srcaddr="-", pkt_dstaddr="-", dstaddr="52.94.7.7")], tuple(RECORD))

    assert (flow.source, flow.destination) == ("10.0.0.5", "52.94.7.7")


def test_a_format_may_have_the_packets_addresses_only() -> None:
    fields = [f for f in RECORD if f not in {"srcaddr", "dstaddr", "log-status", "version"}]
    (flow,), _ = read([a_line(fields)], fields)

    assert (flow.source, flow.destination) == ("10.0.0.77", "52.94.1.1")


def test_the_format_of_a_flow_log_is_that_of_its_description() -> None:
    assert fields_of("${version} ${vpc-id} ${pkt-dst-aws-service}") == ("version", "vpc-id", "pkt-dst-aws-service")
    assert fields_of(BEST)
    assert lacking(fields_of(BEST)) == ()
    assert lacking(DEFAULT) == ()


def test_a_header_in_the_middle_changes_the_order_from_there_on() -> None:
    other = [*reversed(DEFAULT)]
    flows, skipped = read([HEADER, LINE, " ".join(other), " ".join(reversed(LINE.split())), HEADER, LINE])

    assert [f.bytes for f in flows] == [4249] * 3
    assert len(set(flows)) == 1
    assert not skipped


def test_headers_may_be_written_as_hive_has_them() -> None:
    flows, skipped = read([HEADER.replace("-", "_"), LINE])

    assert len(flows) == 1
    assert not skipped


def test_a_header_that_ran_into_a_record_leaves_no_line_read_by_the_order_before() -> None:
    swapped = [*DEFAULT]
    swapped[8], swapped[9] = swapped[9], swapped[8]  # packets and bytes: nobody could tell from the values
    flows, skipped = read([HEADER, LINE + " ".join(swapped), LINE, LINE])

    assert flows == []
    assert skipped == {WRONG_COUNT: 2}


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("2 123456789010 eni-1 - - - - - - - 1431280876 1431280934 - NODATA", NO_DATA),
        ("2 123456789010 eni-1 - - - - - - - 1431280876 1431280934 - SKIPDATA", SKIPPED_BY_AWS),
        (LINE.replace("ACCEPT", "REJECT"), REJECTED),
        (LINE[:60], NO_FORMAT),
        (LINE + " 7", NO_FORMAT),
        ("", None),
        ("   \n", None),
        (LINE[:-1], BROKEN),
        (LINE.replace("ACCEPT", "ACCEP"), BROKEN),
        (LINE.replace("ACCEPT", "REJECT")[:-1], BROKEN),
        (LINE.replace(" 4249 ", " -4249 "), BROKEN),
        (LINE.replace(" 4249 ", " 4_249 "), BROKEN),
        (LINE.replace(" 4249 ", " 42.49 "), BROKEN),
        (LINE.replace(" 4249 ", f" {'9' * 5000} "), BROKEN),
        (LINE.replace("1418530070", "1418530009"), BROKEN),
        (LINE.replace("1418530010", "-"), BROKEN),
        (LINE.replace("eni-1235b8ca123456789", "ACCEPT"), BROKEN),
        (LINE.replace("eni-1235b8ca123456789", "-"), OF_NO_INTERFACE),
        ("3" + LINE[1:], NO_FORMAT),
        ('{"query_name": "x."}', NO_FORMAT),
    ],
)
def test_what_is_no_flow_is_counted_by_reason(line: str, why: str | None) -> None:
    flows, skipped = read([line, LINE])

    assert len(flows) == 1
    assert skipped == ({why: 1} if why else {})


def test_lines_of_another_format_in_the_same_log_group_are_counted() -> None:
    flows, skipped = read([LINE, a_line(RECORD), "x" + a_line(RECORD), a_line(RECORD)[:40]], tuple(RECORD))

    assert len(flows) == 1
    assert skipped == {WRONG_COUNT: 2, WRONG_VERSION: 1}


def test_a_format_without_what_is_needed_counts_nothing_and_says_what_is_missing() -> None:
    fields = tuple(f for f in RECORD if f not in {"bytes", "action"})
    flows, skipped = read([a_line(fields)] * 3, fields)

    assert flows == []
    assert skipped == {f"{UNUSABLE}bytes, action": 3}


@given(st.permutations(sorted(RECORD)), st.lists(st.integers(0, 10**12), max_size=20))
def test_the_order_of_the_fields_changes_no_sum(fields: list[str], sizes: list[int]) -> None:
    lines = [" ".join(fields), *(a_line(fields, bytes=str(n)) for n in sizes)]
    flows, skipped = read(lines)

    assert [f.bytes for f in flows] == sizes
    assert {(f.source, f.destination, f.path) for f in flows} <= {("10.0.0.77", "52.94.1.1", "8")}
    assert not skipped


@st.composite
def spoiled(draw: st.DrawFn) -> tuple[list[str], int, int]:
    """Lines, how many of them were broken, and the sum of what is whole."""
    sizes = draw(st.lists(st.integers(0, 10**9), min_size=1, max_size=30))
    lines = [LINE.replace(" 4249 ", f" {n} ") for n in sizes]
    broken = draw(st.sets(st.integers(0, len(lines) - 1)))
    for n in broken:
        line = lines[n]
        how = draw(st.sampled_from(["cut", "more", "no number", "run together"]))
        cut = draw(st.integers(1, len(line) - 1))
        lines[n] = {
            "cut": line[:cut],
            "more": line + " OK",
            "no number": line.replace(f" {sizes[n]} ", f" {sizes[n]}O "),
            "run together": line[:cut] + line,
        }[how]
    return lines, len(broken), sum(n for i, n in enumerate(sizes) if i not in broken)


@given(spoiled())
def test_broken_lines_are_in_no_sum_and_all_counted(case: tuple[list[str], int, int]) -> None:
    lines, broken, whole = case
    flows, skipped = read([HEADER, *lines])

    assert sum(f.bytes for f in flows) == whole
    assert skipped.total() == broken


@given(st.permutations(sorted(RECORD)), st.lists(st.tuples(st.integers(0, 10**12), st.floats(0, 1)), min_size=1))
def test_lines_cut_short_add_nothing_whatever_the_order(fields: list[str], lines: list[tuple[int, float]]) -> None:
    """A number that stands last may lose digits: that is less, never more."""
    whole = [a_line(fields, bytes=str(size)) for size, _ in lines]
    cut = [line[: int(len(line) * share)] for line, (_, share) in zip(whole, lines, strict=True)]
    flows, skipped = read([" ".join(fields), *cut])

    assert sum(f.bytes for f in flows) <= sum(size for size, _ in lines)
    assert len(flows) + skipped.total() == sum(bool(line.strip()) for line in cut)
