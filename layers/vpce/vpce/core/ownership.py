"""Whose is an endpoint, and may it change hands? Tags say whose it is, and tags are all that changes.

adopt     not ours → ours: from then on it is kept as the VPC's profile asks, and goes when that does not
disown    ours → not ours: it stays as it is, counts for the profile, and nobody keeps it right
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from vpce.core.commands import tag_it
from vpce.core.model import DELETE_AFTER_TAG, FOLLOWS_TAG, MADE_FOR_TAG, MANAGED_BY_TAG
from vpce.core.notice import count, explain, joined, line, plan_document
from vpce.core.plan import DeleteEndpoint, DeleteSecurityGroup, Verdict

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

    from vpce.core.model import Vpc
    from vpce.core.plan import Outcome, Plan
    from vpce.core.profile import Wish

OUR_TAGS = (MANAGED_BY_TAG, MADE_FOR_TAG, FOLLOWS_TAG, DELETE_AFTER_TAG)
STACK_TAG = "aws:cloudformation:stack-name"
"""CloudFormation's own, on what it made; it stays when a stack leaves the endpoint behind.
https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-properties-resource-tags.html"""
_GUIDE = "docs/beside-terraform.md"


class Hands(StrEnum):
    ADOPT = "adopt"
    DISOWN = "disown"


@dataclass(frozen=True, kw_only=True)
class Candidate:
    """An endpoint that a person named, of whatever type."""

    id: str
    vpc: str
    type: str
    """As AWS names it: also GatewayLoadBalancer, Resource, ServiceNetwork."""
    tags: Mapping[str, str] = field(default_factory=dict)
    requester_managed: bool = False

    @property
    def keeper(self) -> str:
        """The installation that it belongs to; empty for none."""
        return self.tags.get(MANAGED_BY_TAG, "")


@dataclass(frozen=True, kw_only=True)
class Handover:
    """Endpoints of one VPC that change hands."""

    candidates: tuple[Candidate, ...]
    plan: Plan
    """The steps that there would be because of it."""

    @property
    def ids(self) -> list[str]:
        return sorted(c.id for c in self.candidates)


def why_not_adopt(candidate: Candidate, vpc: Vpc, wish: Wish, installation: str) -> str:  # noqa: PLR0911  one case per reason
    """What keeps an endpoint from being adopted, and the way out; empty where nothing does."""
    endpoint = next((e for e in vpc.endpoints if e.id == candidate.id), None)
    if candidate.keeper not in {"", installation}:
        return f"it belongs to another installation; give it up first: {_disown(candidate)}"
    if candidate.requester_managed:
        return "an AWS service made it for itself, and keeps it"
    if endpoint is None:
        return f"it is a {candidate.type} endpoint; profiles are made of gateway and interface endpoints"
    if vpc.is_shared_with_us:
        return f"account {vpc.owner} owns its VPC; adopt it there"
    if endpoint.is_leaving or endpoint.is_broken:
        return f"it is {endpoint.state}, and serves nobody"
    if wish.profile is None:
        return f"{vpc.name} asks for nothing ({wish.why}); tag it first: {tag_it(vpc, '<its profile>')}"
    return ""


def why_not_disown(candidate: Candidate, installation: str) -> str:
    is_ours = candidate.keeper == installation
    return "" if is_ours else f"it belongs to another installation; if that gives it up: {_disown(candidate)}"


def _disown(candidate: Candidate) -> str:
    return f"vpce disown {candidate.id} --installation {candidate.keeper}"


def handed_over(vpc: Vpc, ids: Collection[str], hands: Hands, made_for: str = "") -> Vpc:
    """The VPC as it will be. A mark of earlier days, by which an endpoint would go, is gone."""
    is_ours = hands is Hands.ADOPT
    return replace(
        vpc,
        endpoints=tuple(
            replace(e, is_ours=is_ours, made_for=made_for, delete_after=None, has_unreadable_mark=False)
            if e.id in ids
            else e
            for e in vpc.endpoints
        ),
    )


def because_of_it(before: Plan, after: Plan) -> Plan:
    """The plan after, without what there is to do anyway."""
    return replace(after, steps=tuple(s for s in after.steps if s not in before.steps))


# ---- in words -----------------------------------------------------------------------------------------------------


def handover_text(handovers: Sequence[Handover], hands: Hands, installation: str) -> str:
    """What would happen, for people to say yes to."""
    ids = ", ".join(i for h in handovers for i in h.ids)
    match hands:
        case Hands.ADOPT:
            tags = f"would get the tags {MANAGED_BY_TAG} = {installation} and {MADE_FOR_TAG}, and keep all others"
        case Hands.DISOWN:
            tags = f"would lose the tags {', '.join(OUR_TAGS)}, and stay"
    plans = [line for h in handovers for line in (*explain(h.plan).splitlines(), "")]
    said = [f"! {warning}" for warning in warnings(handovers, hands)]
    return joined([f"{ids} {tags}.", "Because of that, vpce would:", "", *plans, *said]).rstrip()


def warnings(handovers: Sequence[Handover], hands: Hands) -> Iterator[str]:
    """Who else may think that it is theirs."""
    if hands is Hands.DISOWN:
        return
    for candidate in (c for h in handovers for c in h.candidates if STACK_TAG in c.tags):
        yield (
            f"the CloudFormation stack {candidate.tags[STACK_TAG]} made {candidate.id}. While it has it, its updates "
            f"undo what vpce changes, and its end deletes it: take it out there first, with DeletionPolicy: Retain"
        )
    yield f"Terraform leaves no tag, nor does every stack; whatever else keeps these must give them up first: {_GUIDE}"


def next_step(handover: Handover, hands: Hands) -> str:
    """What to do now that it is done."""
    ids, vpc = ", ".join(handover.ids), handover.plan.vpc
    match hands:
        case Hands.ADOPT if handover.plan.actions:
            now = f"vpce apply {vpc.id} --region {vpc.place.region}"
            return f"adopted {ids}; vpce sees to it within the hour, or now: {now}"
        case Hands.ADOPT:
            return f"adopted {ids}"
        case Hands.DISOWN:
            return f"disowned {ids}"


def handover_document(handovers: Sequence[Handover], hands: Hands, installation: str) -> dict[str, Any]:
    return {
        "installation": installation,
        hands.value: [i for h in handovers for i in h.ids],
        "warnings": list(warnings(handovers, hands)),
        "vpcs": [plan_document(h.plan) for h in handovers],
    }


# ---- the end of an installation -----------------------------------------------------------------------------------


def still_running(installation: str, region: str, regions: Collection[str]) -> str:
    """Why nothing is removed while the stack is there, and what to do."""
    why = f"the stack {installation} still runs in {region}, and would make again what is removed"
    first = f"delete it first: sam delete --stack-name {installation} --region {region}"
    one_vpc = "to empty a VPC only, tag it endpoint-profile = none"
    elsewhere = (
        f"if it does not look at {', '.join(regions)} (AuditRegions), set AWS_REGION to a region without a stack"
    )
    return "; ".join([why, first, one_vpc, *([elsewhere] if region not in regions else [])])


def uninstall_text(plans: Sequence[Plan], installation: str, regions: Collection[str]) -> str:
    """What would go, for people to say yes to."""
    where = ", ".join(regions)
    if not plans:
        return f"Nothing of {installation} is in {where}."
    lines = [x for p in plans for x in ("", *explain(p, quiet_steps=False).splitlines())]
    return joined([f"All of {installation} in {where}:", *lines])


def uninstalled_text(outcomes: Iterable[Outcome]) -> str:
    done = Counter(type(o.action) for o in outcomes if o.verdict is Verdict.DONE)
    endpoints, groups = count(done[DeleteEndpoint], "endpoint"), count(done[DeleteSecurityGroup], "security group")
    return f"Removed {endpoints} and {groups}. The VPCs keep their tags and DNS attributes."


def left_of(plan: Plan, outcomes: Iterable[Outcome]) -> Iterator[str]:
    """What a removal left in a VPC, and why."""
    for outcome in outcomes:
        if outcome.verdict is not Verdict.DONE:
            yield f"{line(outcome.action).thing}: {outcome.message}"
    yield from (f"{line(s).thing}: {s.why}" for s in plan.shortfalls)
    yield from (f"{line(s).thing}: {s.why}" for s in plan.waits)
