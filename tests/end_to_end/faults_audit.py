"""EC2, S3, SQS or SNS fails while an audit looks, keeps what it saw, tells, and has healed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.end_to_end.case import HEALED, LATER, NOTHING, TINY, UNREAD, Cases
from tests.end_to_end.conftest import until
from tests.end_to_end.site import SECOND_REGION

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.end_to_end.site import Site

CASES = Cases()

BROKEN: dict[str, Any] = {"code": "InternalError", "status": 500}
DENIED: dict[str, Any] = {"code": "AccessDenied", "status": 403}


def _forgotten(s: Site, profile: str | None = "tiny") -> str:
    """A VPC whose events were lost. Without a profile it is reported, but not healed."""
    with s.deaf():
        return s.made(profile)


@CASES.add(
    "a region refuses in the audit",
    times="every call",
    outcome=f"{UNREAD}; the others are audited",
    lost="what is wrong there, until it answers",
)
def _(s: Site) -> Mapping[str, frozenset[str]]:
    vpc = _forgotten(s)
    s.aws.inject("ec2", "DescribeVpcs", region=SECOND_REGION, code="AuthFailure", status=401)
    report = s.audit()
    assert [u["region"] for u in report["unread"]] == [SECOND_REGION]
    assert [p["region"] for p in report["places"]] == [s.region]
    s.are_told("COULD NOT BE READ", "AuthFailure", vpc)
    return {vpc: TINY}


for action, says in (("PutObject", "its audit failed"), ("GetObject", "could not be read")):

    @CASES.add(
        f"S3 refuses {action} for one place of an audit",
        times=1,
        outcome=f"{UNREAD}; the others are told",
        lost="what was seen there, until the next audit",
    )
    def _(s: Site, action: str = action, says: str = says) -> Mapping[str, frozenset[str]]:
        s.inject("s3", action, **DENIED, times=1)
        run = s.start_audit()
        report = s.report_of(run)
        assert [says in u["why"] for u in report["unread"]] == [True]
        assert len(report["places"]) == 1
        s.are_told("COULD NOT BE READ", says, report["run"])
        return {}


@CASES.add("SQS refuses what the audit wants healed", times=3, outcome=f"{UNREAD}; {HEALED}", lost=LATER)
def _(s: Site) -> Mapping[str, frozenset[str]]:
    vpc = _forgotten(s)
    s.inject("sqs", "SendMessage", **BROKEN, times=3)
    assert [u["region"] for u in s.audit()["unread"]] == [s.region]
    s.settled()
    assert s.has(vpc) == NOTHING
    s.audit()
    return {vpc: TINY}


# ---- while the report is written

ONCE = "the report is tried again; kept and told once"


def _reported_once(s: Site, run: str, vpc: str) -> dict[str, frozenset[str]]:
    report = s.report_of(run)
    assert report["unread"] == []
    assert vpc in {f["vpc"] for f in report["findings"]}
    assert len(s.told("vpce audit", vpc)) == 1
    return {vpc: TINY}


@CASES.add("S3 fails while the report reads what was seen", times=3, outcome=ONCE)
def _(s: Site) -> Mapping[str, frozenset[str]]:
    vpc = _forgotten(s)
    s.inject("s3", "GetObject", **BROKEN, times=3)
    run = s.start_audit()
    until(lambda: not s.faults_left(), "the fault")
    return _reported_once(s, run, vpc)


@CASES.add("S3 fails while the report is kept", times=3, outcome=ONCE)
def _(s: Site) -> Mapping[str, frozenset[str]]:
    vpc = _forgotten(s)
    s.inject("s3", "GetObject", delay=1.0)  # so that the fault below meets the report, and not what it is made of
    run = s.start_audit()
    until(lambda: len(s.calls("PutObject", service="s3")) == 2, "what both places have to say")
    s.inject("s3", "PutObject", **BROKEN, times=3)
    until(lambda: not s.faults_left(), "the fault")
    return _reported_once(s, run, vpc)


@CASES.add("SNS fails while the report is told", times=3, outcome=ONCE)
def _(s: Site) -> Mapping[str, frozenset[str]]:
    vpc = _forgotten(s, None)
    s.inject("sns", "Publish", **BROKEN, times=3)
    return _reported_once(s, s.start_audit(), vpc) | {vpc: NOTHING}


@CASES.add("SNS takes the report, and its answer is lost", times=1, outcome="told twice")
def _(s: Site) -> Mapping[str, frozenset[str]]:
    s.audit()  # heals what is left to heal, so that the fault meets the report and no notice
    s.settled()
    vpc = _forgotten(s, None)
    s.inject("sns", "Publish", **BROKEN, after=True, times=1)
    s.audit()
    assert len(s.told("vpce audit", vpc)) == 2
    return {vpc: NOTHING}
