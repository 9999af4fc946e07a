"""SNS, SQS or SSM fails around a reconcile; a second installation does the same work."""

from __future__ import annotations

import time
from functools import partial
from typing import TYPE_CHECKING, Any

from tests.end_to_end.case import AGAIN, DEFAULT, HEALED, LATER, NOTHING, TINY, Cases
from tests.end_to_end.conftest import until
from tests.end_to_end.site import site

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.end_to_end.site import Site

CASES = Cases()

BROKEN: dict[str, Any] = {"code": "InternalError", "status": 500}


def _silent(s: Site, times: int) -> Mapping[str, frozenset[str]]:
    with s.queue_with(VisibilityTimeout="3"):
        s.inject("sns", "Publish", **BROKEN, times=times)
        vpc = s.made()
        s.arrives(vpc, TINY)
        s.are_told(vpc, "created sts")
        s.settled()
    return {vpc: TINY}


CASES.add("SNS fails while people are told", times=3, outcome="kept in the queue, told later")(
    partial(_silent, times=3)
)
CASES.add("SNS fails, and fails again", times=6, outcome="kept in the queue, told later")(partial(_silent, times=6))


@CASES.add("SQS refuses our own fresh message", times=3, outcome="the event's message comes back; all is told")
def _(s: Site) -> Mapping[str, frozenset[str]]:
    vpc = s.made("none")
    s.settled()
    with s.queue_with(VisibilityTimeout="3"):
        s.inject("ec2", "CreateVpcEndpoint", parameters={"VpcEndpointType": "Interface"}, **BROKEN, times=3)
        s.inject("sqs", "SendMessage", **BROKEN, times=3)
        s.tag("tiny", vpc)
        s.arrives(vpc, TINY)
        s.settled()
    return {vpc: TINY}


@CASES.add(
    "SNS and SQS fail at once while people are told",
    times="3 each",
    outcome="the event's message comes back; the desired state is reached; the words are in the log",
    lost="that people are told of these",
    untold=frozenset({"created s3", "created sts", "created security group"}),
)
def _(s: Site) -> Mapping[str, frozenset[str]]:
    vpc = s.made("none")
    s.settled()
    with s.queue_with(VisibilityTimeout="3"):
        s.inject("sns", "Publish", **BROKEN, times=3)
        s.inject("sqs", "SendMessage", **BROKEN, times=3)
        s.tag("tiny", vpc)
        s.arrives(vpc, TINY)
        s.settled()
    logged = s.aws.client("logs").filter_log_events(logGroupName=s.ids["ReconcileLogs"])["events"]
    (words,) = (e["message"] for e in logged if "could not tell" in e["message"] and vpc in e["message"])
    assert "created s3" in words
    return {vpc: TINY}


@CASES.add("SSM throttles the profiles' parameter", times=3, outcome=AGAIN)
def _(s: Site) -> Mapping[str, frozenset[str]]:
    s.inject("ssm", "GetParameter", code="ThrottlingException", times=3)
    return {s.made(): TINY}  # within seconds: nothing may hold up the group for its visibility time-out


@CASES.add(
    "the profiles' parameter is missing for a while",
    times="every call",
    outcome=f"nothing is changed; {HEALED}",
    lost=LATER,
)
def _(s: Site) -> Mapping[str, frozenset[str]]:
    with s.without_profiles():
        vpc = s.made()
        s.are_told(vpc, "ParameterNotFound")
        s.settled()
        assert s.has(vpc) == NOTHING
    s.audit()
    return {vpc: TINY}


@CASES.add(
    "SQS refuses our own fresh messages until the event's is a dead letter",
    times="every call",
    outcome="put back by the documented command; the desired state is reached",
    lost="time, until somebody does",
)
def _(s: Site) -> Mapping[str, frozenset[str]]:
    vpc = s.made("none")
    s.settled()
    with s.queue_with(VisibilityTimeout="1"):
        s.inject("ssm", "GetParameter", code="ThrottlingException")
        s.inject("sqs", "SendMessage", code="AccessDenied", status=403)
        s.tag("tiny", vpc)
        until(lambda: s.waiting(s.dead_letters) and not s.waiting(s.queue), "the dead letters")
        s.aws.heal()
    dead = s.waiting(s.dead_letters)
    assert s.has(vpc) == NOTHING
    assert s.put_dead_letters_back() == f"put back: {dead}\n"
    return {vpc: TINY}


@CASES.add("two installations want the same VPC", times="1 stack more", outcome="each leaves what the other made")
def _(s: Site) -> Mapping[str, frozenset[str]]:
    other = site(s.aws, s.build, name="other", DefaultProfile="")
    try:
        began = time.time()
        vpc, left = s.made(), s.made(None)
        s.arrives(vpc, TINY)
        s.arrives(left, DEFAULT)
        s.settled()
        other.settled()
        now = time.time()
        s.look(vpc, left)
        other.settled()
        assert s.writes(since=now) == []
        refused = [c for c in s.aws.calls("ec2") if c["time"] > began and c["error"] == "UnauthorizedOperation"]
        assert refused == []
        s.tag("none", vpc)
        s.arrives(vpc, NOTHING)
        other.settled()
        other.is_clean()
    finally:
        cloudformation = s.aws.client("cloudformation")
        cloudformation.delete_stack(StackName="other")
        until(
            lambda: all(
                t["StackStatus"] == "DELETE_COMPLETE" or t["StackName"] != "other"
                for t in cloudformation.describe_stacks()["Stacks"]
            ),
            "the end of the other installation",
        )
    return {vpc: NOTHING, left: DEFAULT}
