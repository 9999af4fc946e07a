"""Are the things that people put alarms on counted right?"""

from __future__ import annotations

from dataclasses import replace

from tests.factories import PLACE, a_finding, a_plan, a_vpc, a_wish
from vpce.core.figures import of_hub, of_report, of_runs, of_unread
from vpce.core.findings import Severity, State, Unread
from vpce.core.model import Place
from vpce.core.notice import Reconciled
from vpce.core.plan import EnableDnsSupport, Outcome, Verdict
from vpce.core.report import PlaceReport, Report

ELSEWHERE = Place(account="123456789012", region="us-east-1")


def an_outcome(verdict: Verdict) -> Outcome:
    return Outcome(action=EnableDnsSupport(why="test"), verdict=verdict)


def test_an_audit_counts_what_is_new_or_open_by_severity_and_what_it_could_not_read() -> None:
    findings = (
        a_finding(severity=Severity.HIGH),
        a_finding(severity=Severity.HIGH, state=State.OPEN, vpc="vpc-2"),
        a_finding(severity=Severity.HIGH, state=State.IGNORED, vpc="vpc-3"),
        a_finding(severity=Severity.LOW),
        a_finding(severity=Severity.INFO),
    )
    place = PlaceReport(
        place=PLACE, vpcs=7, findings=findings, unread=(Unread(place=PLACE, why="denied", facet="rules"),)
    )
    report = Report(
        run="today",
        places=(place,),
        unread=(Unread(place=ELSEWHERE, why="denied"),),
        resolved=(a_finding(state=State.RESOLVED),),
    )

    assert of_report(report) == {
        "FindingsHigh": 2,
        "FindingsMedium": 0,
        "FindingsLow": 1,
        "Resolved": 1,
        "Unread": 2,
        "Vpcs": 7,
    }


def test_a_reconcile_counts_what_was_done_what_is_for_people_and_what_is_tried_again() -> None:
    done = Reconciled(
        vpc="vpc-1",
        vpc_name="vpc-1",
        outcomes=tuple(an_outcome(v) for v in (*Verdict, Verdict.DONE)),
    )
    refused = Reconciled(vpc="vpc-2", vpc_name="vpc-2", refusal="no profile 'lamda'")
    waiting = Reconciled(vpc="vpc-3", vpc_name="vpc-3", gave_up=True)
    short = Reconciled(vpc="vpc-4", vpc_name="vpc-4", plan=a_plan(a_vpc(), a_wish(interface={"nothing"})))

    assert of_runs([done, refused, waiting, short]) == {"Changes": 2, "Failures": 3, "Retries": 1, "Shortfalls": 1}


def test_a_look_that_changes_nothing_counts_as_nothing() -> None:
    assert set(of_runs([]).values()) == {0}


def test_a_place_that_could_not_be_looked_at_counts() -> None:
    assert of_unread(is_passing=True) == {"Retries": 1}
    assert of_unread(is_passing=False) == {"Failures": 1}


def test_only_what_cloudwatch_keeps_for_nothing_is_counted_by_default() -> None:
    report = Report(run="today", places=())

    assert len({*of_report(report), *of_runs([]), *of_unread(is_passing=True), *of_unread(is_passing=False)}) == 10
    assert set(of_hub(0)) == {"NotInSecurityHub"}


def test_a_figure_does_not_depend_on_the_order_of_findings() -> None:
    finding = a_finding()
    place = PlaceReport(place=PLACE, vpcs=1, findings=(finding, replace(finding, vpc="vpc-2")))
    turned = replace(place, findings=place.findings[::-1])

    assert of_report(Report(run="today", places=(place,))) == of_report(Report(run="today", places=(turned,)))
