"""Is a plan applied only if it is still the one that a person read?"""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from tests.factories import NOW, a_gateway, a_group, a_plan, a_rule, a_subnet, a_table, a_vpc, a_wish, an_interface
from vpce.core.approval import StaleError, approval_document, approved, limited
from vpce.core.plan import CreateEndpoint, MarkEndpoint

if TYPE_CHECKING:
    from vpce.core.model import Vpc
    from vpce.core.plan import Plan

WISH = a_wish(gateway=["s3"], interface=["sqs"])
THERE = a_vpc(endpoints=(an_interface("sns"),), security_groups=(a_group(),), tags={"endpoint-profile": "test"})


def kept(plan: Plan) -> dict[str, object]:
    """As it comes back from a file."""
    return dict(json.loads(json.dumps(approval_document(plan, installation="vpce"))))


def test_the_same_plan_an_hour_later_is_the_same() -> None:
    """Though addresses were taken in the meantime, and the mark would bear a later time."""
    busier = replace(THERE, subnets=tuple(replace(s, free_addresses=s.free_addresses - 1) for s in THERE.subnets))
    later = a_plan(busier, WISH, now=NOW + timedelta(hours=1))

    assert any(isinstance(a, MarkEndpoint) for a in later.actions)
    assert limited(later, approved(later, kept(a_plan(THERE, WISH)))) == later


@pytest.mark.parametrize(
    ("now", "part"),
    [
        (replace(THERE, tags={}), "tags"),
        (replace(THERE, cidrs=("10.0.0.0/16", "10.1.0.0/16")), "CIDRs"),
        (replace(THERE, subnets=(a_subnet("a"),)), "subnets"),
        (replace(THERE, route_tables=(a_table(), a_table("new"))), "route tables"),
        (replace(THERE, endpoints=(an_interface("sns"), a_gateway())), "endpoints"),
        (replace(THERE, security_groups=(a_group(a_rule(port=1)),)), "security groups"),
    ],
)
def test_a_vpc_that_changed_is_refused_and_told_in_what(now: Vpc, part: str) -> None:
    with pytest.raises(StaleError, match=rf"is not as it was planned on: its {part} changed"):
        approved(a_plan(now, WISH), kept(a_plan(THERE, WISH)))


def test_another_plan_for_the_same_vpc_is_refused() -> None:
    with pytest.raises(StaleError, match=r"the plan for vpc-[0-9a-f]+ is another by now: its profile"):
        approved(a_plan(THERE, a_wish(gateway=["s3"], interface=["sqs", "cassandra"])), kept(a_plan(THERE, WISH)))


def test_what_was_not_approved_is_left_out() -> None:
    allowed = approved(a_plan(THERE, WISH), kept(a_plan(THERE, WISH)))
    more = a_plan(THERE, a_wish(gateway=["s3"], interface=["sqs", "cassandra"]))

    assert {a.service for a in limited(more, allowed).actions if isinstance(a, CreateEndpoint)} == {"s3", "sqs"}


def test_it_says_the_same_in_every_process() -> None:
    """Python orders sets by hashes that differ from process to process."""
    program = (
        "import json; from tests.unit.test_approval import THERE, WISH, a_plan, approval_document;"
        "print(json.dumps(approval_document(a_plan(THERE, WISH), installation='vpce')))"
    )
    said = {subprocess.check_output([sys.executable, "-c", program]) for _ in range(3)}

    assert len(said) == 1
