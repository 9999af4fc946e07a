"""EC2 throttles, fails, loses its answer, is slow or refuses; the function dies while it calls."""

from __future__ import annotations

import time
from functools import partial
from typing import TYPE_CHECKING, Any

from tests.end_to_end.case import AGAIN, HEALED, LATER, NOTHING, SEEN, TINY, Cases
from tests.end_to_end.conftest import until

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.end_to_end.site import Site

CASES = Cases()

THROTTLED: dict[str, Any] = {"code": "RequestLimitExceeded", "status": 503}
BROKEN: dict[str, Any] = {"code": "InternalError", "status": 500}
AWAY: dict[str, Any] = {"code": "Unavailable", "status": 503}
PAGES = {
    "DescribeRouteTables": {"MaxResults": "100"},
    "DescribeVpcs": {"MaxResults": "1000"},
    "DescribeSubnets": {"MaxResults": "1000"},
    "DescribeVpcEndpoints": {"MaxResults": "1000"},
    "DescribeSecurityGroups": {"MaxResults": "1000"},
}
"""Tells vpce's calls from those of the tests, which ask for no pages."""


def _create(s: Site, action: str = "CreateVpcEndpoint", **fault: Any) -> Mapping[str, frozenset[str]]:
    """A fault while a VPC gets its endpoints."""
    vpc = s.made("none")
    s.inject("ec2", action, **fault)
    s.tag("tiny", vpc)
    s.arrives(vpc, TINY)
    return {vpc: TINY}


def _modify(s: Site, *, told: bool = True, **fault: Any) -> Mapping[str, frozenset[str]]:
    """A fault while a new route table gets its gateway."""
    vpc = s.at_rest()
    s.inject("ec2", "ModifyVpcEndpoint", **fault)
    table = s.ec2.create_route_table(VpcId=vpc)["RouteTable"]["RouteTableId"]
    until(lambda: table in s.endpoints(vpc)["s3"]["RouteTableIds"], "the route table's gateway", 40)
    s.settled()
    assert s.told_of(vpc, f"+{table}") == told
    return {vpc: TINY}


def _delete(s: Site, *, told: bool = True, **fault: Any) -> Mapping[str, frozenset[str]]:
    """A fault while a VPC's endpoints go; those with private DNS go first."""
    vpc = s.at_rest()
    s.inject("ec2", "DeleteVpcEndpoints", **fault)
    s.tag("none", vpc)
    s.arrives(vpc, NOTHING)
    s.settled()
    assert (s.told_of(vpc, "deleted sts"), s.told_of(vpc, "deleted s3")) == (told, True)
    return {vpc: NOTHING}


def _in_a_new_process(s: Site, **fault: Any) -> Mapping[str, frozenset[str]]:
    """It knows nothing of the region yet."""
    s.look(s.made("none"))
    s.kill()
    return _create(s, **fault)


# ---- passes by itself

for action, happens in (
    ("CreateVpcEndpoint", _create),
    ("ModifyVpcEndpoint", _modify),
    ("DeleteVpcEndpoints", _delete),
):
    CASES.add(f"EC2 throttles {action}", times=4, outcome=AGAIN)(partial(happens, **THROTTLED, times=4))
for action in (*PAGES, "DescribeVpcAttribute"):
    CASES.add(f"EC2 throttles {action}", times=3, outcome=AGAIN)(
        partial(_create, action=action, parameters=PAGES.get(action, {}), **THROTTLED, times=3)
    )
CASES.add("EC2 throttles DescribeVpcEndpointServices", times=3, outcome=AGAIN)(
    partial(_in_a_new_process, action="DescribeVpcEndpointServices", **THROTTLED, times=3)
)
for status, error in ((500, BROKEN), (503, AWAY)):
    CASES.add(f"EC2 answers CreateVpcEndpoint with {status}", times=4, outcome=AGAIN)(
        partial(_create, **error, times=4)
    )

for action, made in (("CreateVpcEndpoint", "created s3"), ("CreateSecurityGroup", "created security group")):
    CASES.add(
        f"EC2 carries out {action}, and its answer is lost",
        times=3,
        outcome=SEEN,
        lost="that people are told of this one",
        untold=frozenset({made}),
    )(partial(_create, action=action, **BROKEN, after=True, times=3))
CASES.add(
    "EC2 carries out AuthorizeSecurityGroupIngress, and its answer is lost",
    times=3,
    outcome=SEEN,
    lost="that people are told of the group",
    untold=frozenset({"created security group"}),
)(partial(_create, action="AuthorizeSecurityGroupIngress", **BROKEN, after=True, times=3))
for action, happens in (("ModifyVpcEndpoint", _modify), ("DeleteVpcEndpoints", _delete)):
    CASES.add(
        f"EC2 carries out {action}, and its answer is lost",
        times=3,
        outcome="seen by another look",
        lost="that people are told of this one",
    )(partial(happens, told=False, **BROKEN, after=True, times=3))


def _asked_again_with_one_token(s: Site, vpc: str, service: str) -> None:
    def calls() -> list[Any]:
        return [
            c for c in s.calls("CreateVpcEndpoint", vpc=vpc) if c["parameters"]["ServiceName"].endswith(f".{service}")
        ]

    # Calls are recorded as they end, and this one began before another that ended before.
    until(lambda: (began := [c["time"] for c in calls()]) != sorted(began), "the end of the delayed call")
    assert len({c["parameters"]["ClientToken"] for c in calls()}) == 1


@CASES.add("EC2 makes an endpoint, but answers only after we hung up", times=1, outcome="same token; made once")
def _(s: Site) -> Mapping[str, frozenset[str]]:
    wanted = _create(s, delay=11, times=1)
    for vpc in wanted:
        _asked_again_with_one_token(s, vpc, "s3")
    return wanted


@CASES.add("EC2 takes 0.2 s for every call", times="every call", outcome="slower; the desired state is reached")
def _(s: Site) -> Mapping[str, frozenset[str]]:
    wanted = _create(s, action="*", delay=0.2)
    s.settled()
    return wanted


# ---- refused for good


@CASES.add("CreateVpcEndpoint is not allowed", times="every call", outcome=f"given up; {HEALED}", lost=LATER)
def _(s: Site) -> Mapping[str, frozenset[str]]:
    vpc = s.made("none")
    s.settled()
    s.inject("ec2", "CreateVpcEndpoint", code="UnauthorizedOperation", status=403)
    began = time.time()
    s.tag("tiny", vpc)
    s.are_told(vpc, "UnauthorizedOperation")
    s.settled()
    looks = len(s.calls("DescribeVpcs", since=began))
    # For the tag, which two events tell of, and for the DNS attributes that we turned on: no more.
    assert looks <= 5
    assert len(s.calls("CreateVpcEndpoint", vpc=vpc)) <= looks * len(TINY)
    assert len(s.told(vpc, "UnauthorizedOperation")) <= 2
    s.aws.heal()
    s.audit()
    return {vpc: TINY}


@CASES.add("one VPC of two is refused for good", times="every call", outcome="told; the other has what it wants")
def _(s: Site) -> Mapping[str, frozenset[str]]:
    poor, other = s.made("none"), s.made("none")
    s.settled()
    s.inject("ec2", "CreateVpcEndpoint", code="VpcEndpointLimitExceeded", parameters={"VpcId": poor})
    s.tag("tiny", poor, other)
    s.arrives(other, TINY)
    s.are_told(poor, "VpcEndpointLimitExceeded")
    s.settled()
    assert s.has(poor) == NOTHING
    s.aws.heal()
    s.tag("none", poor)
    return {poor: NOTHING, other: TINY}


def _is_under_way(s: Site) -> bool:
    """A delayed creation was taken, and not answered yet."""
    return not s.faults_left()


@CASES.add("the VPC is deleted while its endpoints are being made", times=1, outcome="given up; nobody is held up")
def _(s: Site) -> Mapping[str, frozenset[str]]:
    vpc = s.made("none", theirs=False)
    s.settled()
    s.inject("ec2", "CreateVpcEndpoint", delay=1.5, times=1)
    s.tag("tiny", vpc)
    until(lambda: _is_under_way(s), "the creation under way")
    here = [{"Name": "vpc-id", "Values": [vpc]}]
    for group in s.ec2.describe_security_groups(Filters=here)["SecurityGroups"]:
        if group["GroupName"] != "default":
            s.ec2.delete_security_group(GroupId=group["GroupId"])
    for subnet in s.ec2.describe_subnets(Filters=here)["Subnets"]:
        s.ec2.delete_subnet(SubnetId=subnet["SubnetId"])
    s.ec2.delete_vpc(VpcId=vpc)
    s.settled()
    assert s.calls("CreateVpcEndpoint", vpc=vpc)[-1]["error"].endswith(".NotFound")
    return {s.made(): TINY}


# ---- the function dies


def _killed(s: Site, delay: float, visibility: int) -> Mapping[str, frozenset[str]]:
    vpc = s.made("none")
    s.settled()
    s.inject("ec2", "CreateVpcEndpoint", delay=delay, times=1)
    with s.queue_with(VisibilityTimeout=str(visibility)):
        s.tag("tiny", vpc)
        until(lambda: _is_under_way(s), "the creation under way")
        s.kill()
        s.arrives(vpc, TINY)
        s.settled()
    return {vpc: TINY}


BEFORE = "that people are told of what was made before"


@CASES.add(
    "the function is killed while EC2 makes an endpoint",
    times=1,
    outcome="its message comes back; what was made is seen",
    lost=BEFORE,
    untold=frozenset({"created s3", "created security group"}),
)
def _(s: Site) -> Mapping[str, frozenset[str]]:
    return _killed(s, delay=1.5, visibility=3)


@CASES.add(
    "the function is killed, and EC2 makes the endpoint after the second try has",
    times=1,
    outcome="its message comes back; same token; made once",
    lost=BEFORE,
    untold=frozenset({"created security group"}),
)
def _(s: Site) -> Mapping[str, frozenset[str]]:
    wanted = _killed(s, delay=20, visibility=3)
    for vpc in wanted:
        _asked_again_with_one_token(s, vpc, "s3")
    return wanted
