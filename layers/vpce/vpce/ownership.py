"""Endpoints change hands, and an installation goes: what would come of it, and the doing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vpce.aws.observe import candidates
from vpce.core.caution import careful
from vpce.core.model import DELETE_AFTER_TAG, MADE_FOR_TAG, MANAGED_BY_TAG
from vpce.core.ownership import (
    OUR_TAGS,
    Handover,
    Hands,
    because_of_it,
    handed_over,
    why_not_adopt,
    why_not_disown,
)
from vpce.core.profile import ProfileError, Wish, has_ours

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from datetime import datetime

    from mypy_boto3_sqs import SQSClient

    from vpce.core.model import Vpc
    from vpce.core.ownership import Candidate
    from vpce.core.plan import Plan
    from vpce.reconcile import Surroundings


class OwnershipError(Exception):
    """Something cannot change hands, and so nothing does; the message says what and why, a line each."""


def handovers(around: Surroundings, ids: Collection[str], hands: Hands, now: datetime) -> list[Handover]:
    """What is to change hands, by VPC, without what has done so already; nothing is changed.

    Raises:
        OwnershipError: some of it may not.

    """
    found = candidates(around.ec2, ids)
    refused = dict.fromkeys({*ids} - {c.id for c in found}, f"no such endpoint in {around.place}; is --region right?")
    keeper = around.installation if hands is Hands.ADOPT else ""
    changing = [c for c in found if c.keeper != keeper]
    vpcs = {vpc.id: vpc for vpc in around.observe(frozenset(c.vpc for c in changing), now=now)}
    for candidate in changing:
        vpc = vpcs.get(candidate.vpc)
        why = _why_not(around, candidate, vpc, hands) if vpc else f"its VPC {candidate.vpc} is not to be seen"
        refused |= {candidate.id: why} if why else {}
    if refused:
        raise OwnershipError("\n".join(f"{i}: {refused[i]}" for i in sorted(refused)))
    return [_handover(around, vpc, [c for c in changing if c.vpc == vpc.id], hands, now) for vpc in vpcs.values()]


def _why_not(around: Surroundings, candidate: Candidate, vpc: Vpc, hands: Hands) -> str:
    if hands is Hands.DISOWN:
        return why_not_disown(candidate, around.installation)
    try:
        return why_not_adopt(candidate, vpc, around.wish(vpc), around.installation)
    except ProfileError as error:
        return str(error)


def _handover(around: Surroundings, vpc: Vpc, candidates: Sequence[Candidate], hands: Hands, now: datetime) -> Handover:
    made_for = around.wish(vpc).made_for if hands is Hands.ADOPT else ""
    after = handed_over(vpc, {c.id for c in candidates}, hands, made_for)
    plan = because_of_it(_plan(around, vpc, now), _plan(around, after, now))
    return Handover(candidates=tuple(candidates), plan=plan)


def _plan(around: Surroundings, vpc: Vpc, now: datetime) -> Plan:
    try:
        wish = around.wish(vpc)
    except ProfileError as error:
        wish = Wish(profile=None, why=str(error))
    return careful(around.plan(vpc, wish, now), now)


def hand_over(around: Surroundings, handover: Handover, hands: Hands) -> None:
    """Put our tags on, or take them off; no other tag is touched.

    https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateTags.html
    https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DeleteTags.html
    """
    # A mark of earlier days goes first: with it, what becomes ours might be deleted at once.
    over = (DELETE_AFTER_TAG,) if hands is Hands.ADOPT else OUR_TAGS
    if bearing := [c.id for c in handover.candidates if c.tags.keys() & {*over}]:
        around.ec2.delete_tags(Resources=bearing, Tags=[{"Key": key} for key in over])
    if hands is Hands.ADOPT:
        tags = {MANAGED_BY_TAG: around.installation, MADE_FOR_TAG: handover.plan.wish.made_for}
        around.ec2.create_tags(Resources=handover.ids, Tags=[{"Key": k, "Value": v} for k, v in tags.items()])


# ---- the end of an installation -----------------------------------------------------------------------------------


def is_running(sqs: SQSClient, installation: str) -> bool:
    """Whether the stack is there, and would make again what was removed: its queue is, by the name in template.yaml."""
    try:
        sqs.get_queue_url(QueueName=f"{installation}.fifo")
    except sqs.exceptions.QueueDoesNotExist:
        return False
    return True


def removals(around: Surroundings, now: datetime, vpcs: Sequence[str] | None = None) -> list[Plan]:
    """All of ours goes: a plan for each VPC that is named, or for each that has something of ours."""
    wish = Wish(profile=None, remove=True, why=f"{around.installation} is uninstalled")
    return [around.plan(vpc, wish, now) for vpc in around.observe(vpcs, now=now) if vpcs or has_ours(vpc)]
