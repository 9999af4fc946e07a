"""Events come twice, in any order, late or not at all; messages mean nothing."""

from __future__ import annotations

import uuid
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Any, TypeAlias

from tests.end_to_end.case import DEFAULT, HEALED, LATER, NOTHING, TINY, Cases
from tests.end_to_end.conftest import until

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tests.end_to_end.site import Site

CASES = Cases()


def _again(s: Site, times: int) -> Mapping[str, frozenset[str]]:
    vpc = s.made()
    event = s.event("CreateVpc", vpc)
    for _ in range(times):
        s.send(event | {"id": str(uuid.uuid4())})
    return {vpc: TINY}


for number in (2, 10):
    CASES.add(f"an event comes {number} times more, with other ids", times=number, outcome="looked at; made once")(
        partial(_again, times=number)
    )


@CASES.add("events come in the wrong order: deleted before made", times=2, outcome="EC2 is read; no order does harm")
def _(s: Site) -> Mapping[str, frozenset[str]]:
    with s.deaf():
        vpc = s.made()
        s.send(s.event("DeleteVpcEndpoints", vpc))
        s.send(s.event("CreateVpc", vpc))
    return {vpc: TINY}


@CASES.add("events come before the VPC has subnets", times=1, outcome="the gateway at once, the rest with the subnets")
def _(s: Site) -> Mapping[str, frozenset[str]]:
    vpc = s.made(theirs=False, zones="")
    s.arrives(vpc, frozenset({"s3"}))
    network = s.ec2.describe_vpcs(VpcIds=[vpc])["Vpcs"][0]["CidrBlock"].removesuffix(".0.0/16")
    for place, zone in enumerate("ab"):
        s.ec2.create_subnet(VpcId=vpc, CidrBlock=f"{network}.{place}.0/24", AvailabilityZone=f"{s.region}{zone}")
    return {vpc: TINY}


@CASES.add(
    "CreateVpc comes an hour late",
    times=1,
    outcome="its VPC is not new by then, so its routes are left alone; the audit tells",
    lost="its default profile",
)
def _(s: Site) -> Mapping[str, frozenset[str]]:
    with s.deaf():
        late, in_time = s.made(None), s.made(None)
        s.send(s.event("CreateVpc", late, age=timedelta(minutes=61)))
        s.send(s.event("CreateVpc", in_time))
    s.arrives(in_time, DEFAULT)
    s.audit()
    s.are_told("vpce audit", late)
    return {late: NOTHING, in_time: DEFAULT}


@CASES.add("every event of a VPC is lost", times="every event", outcome=HEALED, lost=LATER)
def _(s: Site) -> Mapping[str, frozenset[str]]:
    with s.deaf():
        vpc = s.made()
    s.settled()
    assert s.has(vpc) == NOTHING
    s.audit()
    s.are_told("vpce audit", vpc)
    return {vpc: TINY}


@CASES.add("EventBridge may not put events into the queue", times="every event", outcome=f"kept; {HEALED}", lost=LATER)
def _(s: Site) -> Mapping[str, frozenset[str]]:
    undelivered = s.ids["UndeliveredEvents"]
    with s.queue_with(Policy=""):
        vpc = s.made()
        until(lambda: s.waiting(undelivered) >= 3, "the undelivered events")
    s.sqs.purge_queue(QueueUrl=undelivered)
    s.audit()
    s.are_told("vpce audit", vpc)
    return {vpc: TINY}


# ---- messages that are none

NOWHERE = "vpc-0123456789abcdef0"
Body: TypeAlias = "str | dict[str, Any] | Callable[[Site], dict[str, Any]]"


def _own(**different: Any) -> Callable[[Site], dict[str, Any]]:
    """As our own messages are, but for something."""
    return lambda s: s.event("LookAgain", NOWHERE) | different


def _from_before_all_time(s: Site) -> dict[str, Any]:
    event = s.event("CreateVpc", NOWHERE)
    event["detail"]["eventTime"] = "0001-01-01T00:00:00+14:00"
    return event


def _poison(s: Site, bodies: list[Body]) -> Mapping[str, frozenset[str]]:
    """Before them and behind them, in the same group, is a message that counts."""
    with s.queue_with(VisibilityTimeout="2"):
        first, last = s.made(), s.made("none")
        for body in bodies:
            s.send(body(s) if callable(body) else body)
        s.tag("tiny", last)
        s.arrives(first, TINY)
        s.arrives(last, TINY)
        s.settled()
    return {first: TINY, last: TINY}


POISONS: Mapping[str, list[Body]] = {
    "not JSON": ["{", "no event", "\u2028", "NaN", "1" * 5000],
    "JSON of the wrong shape": [
        "null", "[]", '"CreateVpc"', {"detail": []}, {"detail": {"eventName": ["CreateVpc"]}},
        _own(detail={"vpcs": "all"}), _own(account=["1"]), _own(detail={"vpcs": [1, None, {}]}, region=None),
    ],
    "200 KB long": ["x" * 200_000, _own(padding="x" * 200_000)],
    "nested 100 000 deep": ["[" * 100_000 + "]" * 100_000],
    "a notice of ours without content": [
        {"source": "vpce", "detail-type": "Notice"}, {"source": "vpce", "detail-type": "Notice", "detail": {}},
    ],
    "a region of hostile letters": [_own(region="eu-west-1/../@example.com")],
    "from the year 1": [_from_before_all_time],
    "hostile strings": [
        _own(detail={"vpcs": [f"{NOWHERE}\n", "*", "vpc-*"], "new": "'; --", "since": "${jndi:x}"}),
        _own(account="999999999999"),
    ],
}  # fmt: skip
for what, bodies in POISONS.items():
    CASES.add(f"poison: {what}", times=len(bodies), outcome="dropped; its group goes on")(
        partial(_poison, bodies=bodies)
    )
