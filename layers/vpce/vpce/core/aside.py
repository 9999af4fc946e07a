"""Do we step aside? Somebody tried to delete something, and EC2 refused: something is still in the way.

    to be deleted        only ours is in the way where                             then
    ------------------   -------------------------------------------------------   ------------------------------------
    VPC                  its network interfaces are all our endpoints', nobody     Release of the VPC: all of ours goes
                         else has an endpoint in it, and no route leads to
                         another network, whose clients could use ours
    subnet               its network interfaces are all our endpoints'             Release of the subnet: ours leaves it
    security group       it is on our endpoints only, and no other group's         our endpoints do without it
                         rules name it
    our own group        as for its VPC                                            as for its VPC

Otherwise ours stays, whoever else has to go first. Whatever runs in a VPC has a network interface there: instances also
while they are stopped, load balancers, functions, tasks, databases, NAT gateways; the VPC's owner sees those of the
accounts that it shares subnets with, too. What has none is no reason to stay, though DeleteVpc wants it gone as well:
subnets, route tables, other security groups, internet gateways.

A release is a tag with the time it ends at; until then no look brings ours back. It goes with what was deleted.

https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DeleteVpc.html
https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DeleteSecurityGroup.html
https://docs.aws.amazon.com/vpc/latest/userguide/vpc-sharing.html
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING

from vpce.core.model import RELEASED_TAG
from vpce.core.plan import Release, Stay
from vpce.core.profile import asks_for_removal, has_ours

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping
    from datetime import datetime

    from vpce.core.model import Vpc

RELEASED_FOR = timedelta(hours=24)
"""Who deletes a VPC by hand finds the rest within a day; who gave up gets ours back on the next."""
_OWN_TARGETS = ("local", "vpce-", "igw-", "eigw-", "nat-")
"""Of routes by which no client of our endpoints is reached."""

_NAMED = 3
"""Network interfaces told of many."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Interface:
    """A network interface, whoever has it."""

    id: str
    what: str
    """What its owner says of it, for people."""

    def __str__(self) -> str:
        return f"{self.id} ({self.what})"


def in_question(vpc: Vpc, blocked: Collection[str]) -> Mapping[str, str]:
    """Where ours may be in the way: a VPC, subnet or security group → what somebody tried to delete.

    Empty where ours has stepped aside already, or is on its way out because a tag says so.

    Args:
        vpc: as it is.
        blocked: what somebody tried to delete, anywhere; groups of a default VPC maybe by their names.

    """
    if vpc.is_shared_with_us or vpc.released:
        return {}
    goes_anyway = asks_for_removal(vpc)
    ours = [e for e in vpc.ours if not (goes_anyway and e.is_leaving)]
    used = frozenset[str]().union(*(e.security_groups for e in ours if not e.is_leaving))
    subnets = frozenset[str]().union(*(e.subnets for e in ours))
    asked = {s.id: s.id for s in vpc.subnets if s.id in blocked and s.id in subnets and not s.released}
    for group in vpc.security_groups:
        if group.id in used and (group.id in blocked or (vpc.is_default and group.name in blocked)):
            asked[vpc.id if group.is_ours else group.id] = group.id
    is_there = bool(ours) if goes_anyway else has_ours(vpc)
    return asked | ({vpc.id: vpc.id} if vpc.id in blocked and is_there else {})


def step_aside(
    vpc: Vpc, asked: Mapping[str, str], found: Mapping[str, Collection[Interface]], until: datetime
) -> tuple[Vpc, tuple[Release | Stay, ...]]:
    """The VPC with what we keep out of from now on, and the steps to that.

    Args:
        vpc: as it is.
        asked: as `in_question` has it.
        found: every network interface in each of these, or that has it.
        until: when a release ends.

    """
    steps: list[Release | Stay] = []
    for thing in sorted(asked, key=lambda t: (t != vpc.id, t)):
        if vpc.released:
            break
        if others := ", ".join(others_at(vpc, thing, found[thing])):
            steps.append(Stay(resource=asked[thing], why=f"{others} would have to go first"))
            continue
        vpc = released(vpc, thing, until)
        if not thing.startswith("sg-"):
            why = f"somebody is deleting {asked[thing]}, and nothing but ours is in the way"
            steps.append(release(thing, until, why))
    return vpc, tuple(steps)


def release(thing: str, until: datetime, why: str) -> Release:
    back = f"ours comes back then if the tag still asks for it, and sooner if you delete the tag {RELEASED_TAG}"
    return Release(resource=thing, until=until, why=f"{why}; {back}")


def released(vpc: Vpc, thing: str, until: datetime) -> Vpc:
    """The VPC as it will be looked at once we keep out of it, of its subnet or of its group."""
    if thing == vpc.id:
        return replace(vpc, released=until)
    subnets = tuple(replace(s, released=until) if s.id == thing else s for s in vpc.subnets)
    groups = tuple(replace(g, is_released=True) if g.id == thing else g for g in vpc.security_groups)
    return replace(vpc, subnets=subnets, security_groups=groups)


def others_at(vpc: Vpc, thing: str, found: Collection[Interface]) -> Iterator[str]:
    """What is not ours and lives in a VPC or subnet, or holds a security group; the first few of it."""
    ours = frozenset[str]().union(*(e.interfaces for e in vpc.ours))
    strangers = sorted((i for i in found if i.id not in ours), key=lambda i: i.id)
    yield from (str(i) for i in strangers[:_NAMED])
    if len(strangers) > _NAMED:
        yield f"{len(strangers) - _NAMED} more network interfaces"
    if thing == vpc.id:
        theirs = (e for e in vpc.endpoints if not e.is_ours and e.state != "deleted")
        yield from (f"{e.id}, which somebody else made" for e in theirs)
        routes = {r.target for t in vpc.route_tables for r in t.routes if not r.is_blackhole}
        yield from (f"a route to {t or 'another network'}" for t in sorted(routes) if not t.startswith(_OWN_TARGETS))
    group = vpc.group(thing)
    if group and group.named_by:
        yield f"{', '.join(sorted(group.named_by))}, whose rules name it"
