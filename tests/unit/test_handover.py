"""May an endpoint change hands, and what do people read before they say yes?"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from tests.factories import NOTHING, REMOVAL, a_gateway, a_group, a_plan, a_vpc, a_wish, an_interface
from vpce.core.ownership import (
    Candidate,
    Handover,
    Hands,
    because_of_it,
    handed_over,
    handover_document,
    handover_text,
    left_of,
    still_running,
    uninstall_text,
    why_not_adopt,
)
from vpce.core.plan import DeleteEndpoint, Outcome, Verdict
from vpce.core.profile import Wish

if TYPE_CHECKING:
    from collections.abc import Callable

    from vpce.core.model import Vpc

WISH = a_wish(gateway=["s3"], interface=["sqs"])
THEIRS = an_interface(is_ours=False, made_for="", security_groups=frozenset({"sg-theirs"}), private_dns=False)
VPC = a_vpc(
    tags={"Name": "payments"},
    endpoints=(THEIRS, an_interface("sns", is_ours=False), a_gateway("s3", is_ours=False, route_tables=frozenset())),
)


def named(id: str = "vpce-sqs", **changes: Any) -> Candidate:  # noqa: A002
    return replace(Candidate(id=id, vpc=VPC.id, type="Interface"), **changes)


def handover(vpc: Vpc, hands: Hands, *candidates: Candidate, wish: Wish = WISH) -> Handover:
    after = handed_over(vpc, {c.id for c in candidates}, hands, "test" if hands is Hands.ADOPT else "")
    return Handover(candidates=candidates, plan=because_of_it(a_plan(vpc, wish), a_plan(after, wish)))


@pytest.mark.parametrize(
    ("candidate", "vpc", "wish", "why"),
    [
        (named(), VPC, WISH, ""),
        (named(tags={"vpce:managed-by": "vpce"}), VPC, WISH, ""),
        (named(tags={"vpce:managed-by": "b"}), VPC, WISH, "give it up first: vpce disown vpce-sqs --installation b"),
        (named(requester_managed=True), VPC, WISH, "an AWS service made it"),
        (named("vpce-gwlb", type="GatewayLoadBalancer"), VPC, WISH, "it is a GatewayLoadBalancer endpoint"),
        (named(), replace(VPC, owner="210987654321"), WISH, "account 210987654321 owns its VPC"),
        (named(), replace(VPC, endpoints=(replace(THEIRS, state="deleting"),)), WISH, "it is deleting"),
        (named(), replace(VPC, endpoints=(replace(THEIRS, state="failed"),)), WISH, "it is failed"),
        (named(), VPC, NOTHING, "tag it first: aws ec2 create-tags --region eu-west-1 --resources vpc-"),
        (named(), VPC, REMOVAL, "asks for nothing (endpoint-profile = none)"),
    ],
)
def test_what_keeps_an_endpoint_from_being_adopted(candidate: Candidate, vpc: Vpc, wish: Wish, why: str) -> None:
    said = why_not_adopt(candidate, vpc, wish, "vpce")

    assert why in said
    assert bool(why) == bool(said)


def test_what_people_read_before_they_adopt(golden: Callable[[str, str], None]) -> None:
    stack = {"aws:cloudformation:stack-name": "network", "aws:cloudformation:logical-id": "Sqs"}
    candidates = (named(tags=stack), named("vpce-sns"), named("vpce-s3-gateway", type="Gateway"))

    golden("adopt.txt", handover_text([handover(VPC, Hands.ADOPT, *candidates)], Hands.ADOPT, "vpce") + "\n")


def test_what_people_read_before_they_disown(golden: Callable[[str, str], None]) -> None:
    stays = replace(VPC, endpoints=(an_interface(), a_gateway()), security_groups=(a_group(),))
    goes = replace(stays, id="vpc-going", endpoints=(an_interface(id="vpce-last"),))
    changing = [
        handover(stays, Hands.DISOWN, named(), named("vpce-s3-gateway", type="Gateway")),
        handover(goes, Hands.DISOWN, named("vpce-last"), wish=REMOVAL),
    ]

    golden("disown.txt", handover_text(changing, Hands.DISOWN, "vpce") + "\n")


def test_what_people_read_before_they_uninstall(golden: Callable[[str, str], None]) -> None:
    wish = Wish(profile=None, remove=True, why="vpce is uninstalled")
    inbound = an_interface("s3", is_ours=False, needs_gateway=True)
    tidy = a_vpc(endpoints=(an_interface("sns"), THEIRS), security_groups=(a_group(),))
    needed = a_vpc(id="vpc-needed", endpoints=(a_gateway("s3"), a_gateway("dynamodb"), inbound))
    plans = [a_plan(tidy, wish), a_plan(needed, wish)]

    golden("uninstall.txt", uninstall_text(plans, "vpce", ["eu-west-1", "us-east-1"]) + "\n")


def test_an_uninstallation_tells_what_it_leaves_and_why() -> None:
    inbound = an_interface("s3", is_ours=False, needs_gateway=True)
    vpc = a_vpc(endpoints=(a_gateway("s3"), a_gateway("dynamodb"), inbound))
    plan = a_plan(vpc, REMOVAL)
    (delete,) = (a for a in plan.actions if isinstance(a, DeleteEndpoint))

    left = list(left_of(plan, [Outcome(action=delete, verdict=Verdict.FAILED, message="denied")]))

    assert left == [
        "dynamodb (gateway) vpce-dynamodb-gateway: denied",
        "s3 (gateway): vpce-s3-gateway is ours but vpce-s3, which somebody else made, needs it; remove that one first",
    ]
    assert list(left_of(plan, [Outcome(action=delete, verdict=Verdict.DONE)])) == left[1:]


def test_what_would_happen_anyway_is_not_told() -> None:
    vpc = replace(VPC, route_tables=(*VPC.route_tables, replace(VPC.route_tables[0], id="rtb-new", is_main=False)))
    plan = handover(vpc, Hands.ADOPT, named("vpce-sns")).plan

    assert {getattr(s, "service", "") for s in plan.steps} == {"sns"}


def test_machines_get_the_same() -> None:
    document = handover_document([handover(VPC, Hands.ADOPT, named())], Hands.ADOPT, "vpce")

    assert (document["installation"], document["adopt"]) == ("vpce", ["vpce-sqs"])
    assert document["warnings"]
    assert [s["step"] for s in document["vpcs"][0]["steps"]] == ["CreateSecurityGroup", "UpdateEndpoint"]


def test_the_way_out_of_a_running_stack_is_told() -> None:
    here, elsewhere = (still_running("mine", region, ["eu-west-1"]) for region in ("eu-west-1", "us-east-1"))

    assert "sam delete --stack-name mine --region eu-west-1" in here
    assert "AWS_REGION" not in here
    assert "if it does not look at eu-west-1 (AuditRegions), set AWS_REGION" in elsewhere
