"""Does a finding live as the table says, and is nothing called resolved that nobody looked at?"""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.factories import PLACE, a_finding, a_report
from vpce.core.compare import HISTORY, Memory, compare, memory_document, memory_of, read_memory
from vpce.core.findings import Finding, Severity, State, Unread
from vpce.core.ignores import Ignore, Ignores
from vpce.core.report import Past, PlaceReport, Report

if TYPE_CHECKING:
    from collections.abc import Iterable

    from vpce.core.model import Place

FIRST, SECOND, THIRD = (f"2026-11-0{day}T06:00:00.000Z-run" for day in (2, 3, 4))
FIRST_TIME = "2026-11-02T06:00:00.000Z"
ELSEWHERE = replace(PLACE, region="us-east-1")
HOME = replace(PLACE, region="eu-central-1")
MINE = a_finding()
OTHER = a_finding(resource="vpce-2 private DNS")


def states(findings: Iterable[Finding]) -> dict[str, str]:
    return {f.resource: f.state.value for f in findings}


def remembered(*findings: Finding, run: str = FIRST, **changes: object) -> Memory:
    """What an audit that found these left."""
    return replace(memory_of(compare(a_report(*findings, run=run), None)), **changes)  # type: ignore[arg-type]


def ignoring(**where: str) -> Ignores:
    return Ignores(by_check={MINE.check: (Ignore(check=MINE.check, where=where, why="because"),)})


# ---- the table ----------------------------------------------------------------------------------------------------


def test_what_nobody_saw_before_is_new() -> None:
    report = compare(a_report(MINE, run=FIRST), None)

    assert [(f.state, f.since) for f in report.all_findings] == [(State.NEW, FIRST_TIME)]
    assert report.is_news


def test_what_was_there_before_is_open_since_then() -> None:
    report = compare(a_report(MINE, OTHER, run=SECOND), remembered(MINE))

    assert states(report.findings) == {MINE.resource: "open", OTHER.resource: "new"}
    assert [f.since for f in report.open] == [FIRST_TIME]


def test_what_is_gone_is_resolved_and_told_once() -> None:
    second = compare(a_report(run=SECOND), remembered(MINE))
    third = compare(a_report(run=THIRD), memory_of(second))

    assert states(second.resolved) == {MINE.resource: "resolved"}
    assert second.is_news
    assert (third.resolved, third.is_news) == ((), False)


def test_what_comes_back_is_new() -> None:
    gone = compare(a_report(run=SECOND), remembered(MINE))

    assert states(compare(a_report(MINE, run=THIRD), memory_of(gone)).findings) == {MINE.resource: "new"}


@pytest.mark.parametrize(
    "unread",
    [
        Unread(place=PLACE, why="denied", facet="routes"),
        Unread(place=PLACE, why="denied", facet="routes", vpcs=(MINE.vpc, "vpc-9")),
        Unread(place=PLACE, why="denied", facet="routes", checks=(MINE.check,)),
    ],
)
def test_what_could_not_be_seen_in_a_part_stays_open(unread: Unread) -> None:
    blind = PlaceReport(place=PLACE, vpcs=3, unread=(unread,))
    report = compare(a_report(places=(blind,), run=SECOND), remembered(MINE))

    assert report.resolved == ()
    assert [(f.state, f.since) for f in report.all_findings] == [(State.OPEN, FIRST_TIME)]


@pytest.mark.parametrize(
    "unread",
    [
        Unread(place=ELSEWHERE, why="denied", facet="routes"),
        Unread(place=PLACE, why="denied", facet="routes", vpcs=("vpc-9",)),
        Unread(place=PLACE, why="denied", facet="routes", checks=("another-check",)),
    ],
)
def test_what_could_have_been_seen_is_resolved_whatever_else_is_unread(unread: Unread) -> None:
    blind = PlaceReport(place=unread.place, vpcs=3, unread=(unread,))
    places = {PLACE: PlaceReport(place=PLACE, vpcs=3)} | {unread.place: blind}

    assert compare(a_report(places=tuple(places.values()), run=SECOND), remembered(MINE)).resolved


def test_findings_of_a_place_that_cannot_be_read_wait_for_it() -> None:
    lost = a_report(places=(), unread=(Unread(place=PLACE, why="denied"),), run=SECOND)
    second = compare(lost, remembered(MINE))
    third = compare(a_report(run=THIRD), memory_of(second))

    assert (states(second.findings), second.resolved) == ({MINE.resource: "open"}, ())
    assert states(third.resolved) == {MINE.resource: "resolved"}


def test_findings_of_a_place_that_is_no_longer_looked_at_are_forgotten_and_told_once() -> None:
    there = replace(MINE, place=ELSEWHERE)
    second = compare(a_report(run=SECOND), remembered(there, MINE))
    third = compare(a_report(run=THIRD), memory_of(second))

    assert [f.place for f in second.forgotten] == [ELSEWHERE]
    assert states(second.resolved) == {MINE.resource: "resolved"}
    assert (third.forgotten, third.is_news) == ((), False)


def test_a_place_may_have_findings_of_no_vpc() -> None:
    quota = replace(MINE, vpc="", place=ELSEWHERE)

    assert compare(a_report(run=SECOND), remembered(quota)).forgotten


def test_what_concerns_a_whole_place_is_not_resolved_while_a_part_of_it_is_unread() -> None:
    quota = replace(MINE, vpc="", check="quota-headroom")
    blind = Unread(place=PLACE, why="denied", facet="quotas", vpcs=("vpc-1",), checks=("quota-headroom",))
    places = (PlaceReport(place=PLACE, vpcs=1, unread=(blind,)),)

    assert compare(a_report(run=SECOND, places=places), remembered(quota)).resolved == ()
    assert compare(a_report(run=SECOND), remembered(quota)).resolved


# ---- ignored ------------------------------------------------------------------------------------------------------


def test_what_is_ignored_is_neither_new_nor_told() -> None:
    report = compare(a_report(MINE), None, ignoring(vpc=MINE.vpc))

    assert [(f.state, f.ignored) for f in report.all_findings] == [(State.IGNORED, "because")]
    assert (report.findings, report.is_news) == ([], False)


def test_what_is_ignored_and_goes_is_forgotten_without_a_word() -> None:
    ignored = compare(a_report(MINE), None, ignoring())
    report = compare(a_report(run=SECOND), memory_of(ignored))

    assert (report.resolved, report.forgotten, report.is_news) == ((), (), False)


def test_what_is_no_longer_ignored_is_new_again_and_keeps_its_age() -> None:
    ignored = compare(a_report(MINE, run=FIRST), None, ignoring())
    report = compare(a_report(MINE, run=SECOND), memory_of(ignored))

    assert [(f.state, f.since) for f in report.new] == [(State.NEW, FIRST_TIME)]


def test_what_is_ignored_from_now_on_is_not_resolved() -> None:
    report = compare(a_report(MINE, run=SECOND), remembered(MINE), ignoring())

    assert (report.resolved, states(report.ignored)) == ((), {MINE.resource: "ignored"})


def test_what_cannot_be_seen_stays_ignored_or_becomes_so() -> None:
    lost = a_report(places=(), unread=(Unread(place=PLACE, why="denied"),), run=SECOND)
    by_tag = replace(MINE, state=State.IGNORED, ignored="tag")

    assert [f.ignored for f in compare(lost, remembered(by_tag)).ignored] == ["tag"]
    assert [f.ignored for f in compare(lost, remembered(MINE), ignoring()).ignored] == ["because"]


WRONG = replace(MINE, check="unknown-ignore", place=HOME, vpc="", resource="ignores.toml")


def test_what_is_wrong_with_the_file_of_ignores_is_resolved_though_nobody_audits_its_place() -> None:
    first = compare(a_report(run=FIRST), None, Ignores(findings=(WRONG,)))
    second = compare(a_report(run=SECOND), memory_of(first))

    assert states(first.new) == {"ignores.toml": "new"}
    assert (states(second.resolved), second.forgotten) == ({"ignores.toml": "resolved"}, ())


def test_what_was_wrong_with_the_file_stays_so_while_it_cannot_be_read() -> None:
    hidden = Unread(place=HOME, why="denied", facet="ignores.toml", vpcs=("",), checks=("unknown-ignore",))
    first = compare(a_report(run=FIRST), None, Ignores(findings=(WRONG,)))
    second = compare(a_report(run=SECOND), memory_of(first), Ignores(unread=(hidden,)))

    assert (second.resolved, states(second.open)) == ((), {"ignores.toml": "open"})


# ---- what is told -------------------------------------------------------------------------------------------------


def test_nothing_that_is_only_worth_knowing_is_a_reason_to_tell() -> None:
    info = replace(MINE, severity=Severity.INFO)
    first = compare(a_report(info), None)
    second = compare(a_report(run=SECOND), memory_of(first))

    assert (states(first.new), first.is_news) == ({MINE.resource: "new"}, False)
    assert (states(second.resolved), second.is_news) == ({MINE.resource: "resolved"}, False)


def test_a_place_that_cannot_be_read_is_told_every_time() -> None:
    """Nobody knows what is there."""
    lost = a_report(places=(), unread=(Unread(place=PLACE, why="denied"),))
    first = compare(lost, None)

    assert first.is_news
    assert compare(replace(lost, run=SECOND), memory_of(first)).is_news


def test_a_part_that_cannot_be_read_is_told_once_whatever_words_aws_finds_for_it() -> None:
    def blind(why: str, run: str, *vpcs: str) -> Report:
        unread = Unread(place=PLACE, why=why, facet="hosted zones", vpcs=vpcs)
        return a_report(run=run, places=(PlaceReport(place=PLACE, vpcs=3, unread=(unread,)),))

    first = compare(blind("denied (request 1)", FIRST, "vpc-1"), None)
    again = compare(blind("denied (request 2)", SECOND, "vpc-1"), memory_of(first))
    more = compare(blind("denied (request 3)", THIRD, "vpc-1", "vpc-2"), memory_of(again))

    assert [first.is_news, again.is_news, more.is_news] == [True, False, True]


def test_a_memory_that_could_not_be_read_is_told() -> None:
    report = compare(a_report(), None, trouble="it is no JSON")

    assert (report.trouble, report.is_news) == ("it is no JSON", True)


# ---- for every report ---------------------------------------------------------------------------------------------

PLACES = [PLACE, ELSEWHERE, HOME]
VPCS = ["", "vpc-1", "vpc-2"]
CHECKS = ["a", "b", "unknown-ignore"]
FINDINGS = st.builds(
    replace,
    st.just(MINE),
    check=st.sampled_from(CHECKS),
    severity=st.sampled_from(Severity),
    place=st.sampled_from(PLACES),
    vpc=st.sampled_from(VPCS),
    resource=st.sampled_from(["r", "s"]),
    state=st.sampled_from([State.NEW, State.IGNORED]),
)
PARTS = st.builds(
    Unread,
    place=st.sampled_from(PLACES),
    why=st.text(max_size=3),
    facet=st.sampled_from(["dns", "routes"]),
    vpcs=st.lists(st.sampled_from(VPCS[1:]), max_size=2, unique=True).map(tuple),
    checks=st.lists(st.sampled_from(CHECKS), max_size=2, unique=True).map(tuple),
)


@st.composite
def reports(draw: st.DrawFn) -> Report:
    """Any places, each read whole, in part, or not at all."""
    looked_at = draw(st.lists(st.sampled_from(PLACES), unique=True))
    unread = draw(st.lists(st.sampled_from(looked_at), unique=True)) if looked_at else []
    findings, parts = draw(st.lists(FINDINGS, max_size=8)), draw(st.lists(PARTS, max_size=3))

    def read(place: Place) -> PlaceReport:
        return PlaceReport(
            place=place,
            vpcs=2,
            findings=tuple({f.id: f for f in findings if f.place == place}.values()),
            unread=tuple(u for u in parts if u.place == place),
        )

    return Report(
        run=FIRST,
        places=tuple(read(p) for p in looked_at if p not in unread),
        unread=tuple(Unread(place=p, why="denied") for p in unread),
    )


@given(reports(), reports())
def test_nothing_is_resolved_that_nobody_looked_at(before: Report, now: Report) -> None:
    report = compare(replace(now, run=SECOND), memory_of(compare(before, None)))

    looked_at = {p.place for p in now.places}
    for finding in report.resolved:
        assert finding.place in looked_at or (finding.check == "unknown-ignore" and not finding.vpc)
        assert not [u for u in now.all_unread if u.hides(finding)]


@given(reports(), reports())
def test_nothing_is_lost_between_two_audits(before: Report, now: Report) -> None:
    """What was open is open, ignored, resolved or forgotten, and in one of these only."""
    first = compare(before, None)
    second = compare(replace(now, run=SECOND), memory_of(first))

    ends = [second.all_findings, list(second.resolved), list(second.forgotten)]
    ids = [f.id for end in ends for f in end]
    assert len(ids) == len(set(ids))
    assert {f.id for f in first.findings} <= set(ids)


@given(reports())
def test_a_second_audit_that_sees_the_same_has_nothing_new(report: Report) -> None:
    first = compare(report, None)
    second = compare(replace(report, run=SECOND), memory_of(first))

    assert (second.new, second.resolved, second.forgotten) == ([], (), ())
    assert second.is_news == bool(report.unread)


@given(FINDINGS, st.text(max_size=5), st.sampled_from(Severity), st.sampled_from(State))
def test_an_id_depends_on_nothing_but_the_problem(finding: Finding, text: str, worse: Severity, state: State) -> None:
    """Words of checks are bettered, names change; the problem is the same."""
    told_otherwise = replace(
        finding, title=text, why=text, what=text, fix=text, vpc_name=text, severity=worse, state=state, since=text
    )

    assert told_otherwise.id == finding.id
    assert replace(finding, resource=finding.resource + "x").id != finding.id


# ---- memory -------------------------------------------------------------------------------------------------------


@given(reports())
def test_what_is_remembered_is_read_back_as_it_was(report: Report) -> None:
    memory = memory_of(compare(report, None))

    assert read_memory(json.loads(json.dumps(memory_document(memory)))) == memory


@pytest.mark.parametrize("document", [{}, {"run": FIRST}, {"run": 7}, {"run": "by-hand", "findings": []}])
def test_what_no_audit_left_is_no_memory(document: dict[str, object]) -> None:
    with pytest.raises((KeyError, TypeError, ValueError)):
        read_memory(document)


def test_the_history_counts_this_audit_last_and_goes_back_thirty() -> None:
    old = tuple(Past(run=f"2026-10-{day:02}", counts={}, vpcs=1, unread=0) for day in range(1, 31))
    ignored = replace(OTHER, state=State.IGNORED)
    report = compare(a_report(MINE, ignored, run=SECOND), remembered(MINE, history=old))

    assert len(report.history) == HISTORY
    assert report.history[-1] == Past(run=SECOND, counts={"high": 1}, vpcs=3, unread=0)
    assert report.history[0].run == "2026-10-02"
