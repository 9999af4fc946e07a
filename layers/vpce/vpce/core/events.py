"""Where to look: the VPCs that an event may have changed.

An event says where to look, never what to do: its tags are not believed, EC2 is read again. Ids are collected
wherever they stand, because CloudTrail writes EC2 calls in two styles (``items`` lists, and ``<Operation>Request``
wrappers), and AWS documents neither per operation. Where no VPC is named (deletions never name one) every VPC that
vpce manages in that place is looked at: too wide is slow, too narrow is wrong.

Three deletions matter where they failed: something is still in what somebody wants to delete, and it may be ours
(`vpce.core.aside`).

https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-record-contents.html
https://docs.aws.amazon.com/eventbridge/latest/ref/events-ref-tag.html
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from vpce.core.model import Place

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_VPC_ID = re.compile(r"vpc-[0-9a-f]{8,17}")

CALLS: Mapping[str, str] = {
    "CreateVpc": "a VPC was made",
    "CreateDefaultVpc": "a default VPC was made",
    "CreateSubnet": "a subnet was made: a zone may want interfaces",
    "CreateDefaultSubnet": "a subnet was made: a zone may want interfaces",
    "DeleteSubnet": "a subnet went: another of its zone may have to serve",
    "AssociateSubnetCidrBlock": "a subnet got IPv6: its endpoints may become dual-stack",
    "CreateRouteTable": "a route table was made: it wants the gateway routes",
    "AssociateVpcCidrBlock": "the VPC's CIDRs changed: the security group follows",
    "DisassociateVpcCidrBlock": "the VPC's CIDRs changed: the security group follows",
    "ModifyVpcAttribute": "the VPC's DNS attributes may have changed",
    "AssociateDhcpOptions": "the VPC's DNS servers may have changed",
    "CreateTags": "a VPC was tagged",
    "DeleteTags": "a VPC was untagged",
    "DeleteVpcEndpoints": "endpoints were deleted: they may be wanted",
    "ModifyVpcEndpoint": "an endpoint was changed: it may be ours",
    "RevokeSecurityGroupIngress": "a rule was revoked: it may be our group's",
}
"""The EC2 calls that the template's rules let through, and what each may mean."""

DELETIONS: Mapping[str, Mapping[str, re.Pattern[str]]] = {
    "DeleteSecurityGroup": {
        "groupid": re.compile(r"sg-[0-9a-f]{8,17}"),
        # In a default VPC only. A name that could be taken for an id is nothing to act on.
        "groupname": re.compile(r"(?!(vpc|subnet|sg)-).+"),
    },
    "DeleteSubnet": {"subnetid": re.compile(r"subnet-[0-9a-f]{8,17}")},
    "DeleteVpc": {"vpcid": _VPC_ID},
}
"""The EC2 calls that the template lets through when they failed; which parameters say what was to go, and how."""
IN_USE = frozenset({"Client.DependencyViolation", "DependencyViolation"})
"""How CloudTrail spells the error, and how EC2 does.
https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html"""

OWN_SOURCE = "vpce"
LOOK_AGAIN = "Look again"
LOOK_EVERYWHERE = "Look everywhere"
"""What the schedule sends: at every VPC that vpce manages, in every region of the installation."""

_ACCOUNT = re.compile(r"[0-9]{12}")
_REGION = re.compile(r"[a-z]+(-[a-z]+)+-[0-9]{1,2}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """A place, and the VPCs in it that may have changed."""

    place: Place
    vpcs: frozenset[str]
    """Empty: every VPC that vpce manages there; or, where something is `blocked`, those that hold it."""
    why: str
    blocked: frozenset[str] = frozenset()
    """VPCs, subnets and security groups that somebody could not delete; a group of a default VPC maybe by its name."""
    new: frozenset[str] = frozenset()
    """VPCs that this event saw being made; only such get the default profile."""
    time: str = ""
    """ISO 8601, when it happened: an old event makes no VPC new, and has us step aside for nobody."""
    since: str = ""
    """ISO 8601: since when it has been tried without getting on. Empty for an event."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ignored:
    why: str


def where_to_look(event: Any) -> Look | Ignored:
    """What an EventBridge event, a bare CloudTrail record or our own message points at. Never raises."""
    if not isinstance(event, dict):
        return Ignored(why=f"no event: {shape_of(event)}")
    detail = event.get("detail")
    if isinstance(detail, dict):
        if event.get("source") == "aws.tag":
            return _tag_change(event, detail)
        if event.get("source") == OWN_SOURCE:
            return _own(event, detail)
        if "eventName" in detail:
            return _call(event, detail)
    elif "eventName" in event and "eventSource" in event:
        return _call({}, event)
    return Ignored(why=f"neither an EC2 call, a tag change nor our own message: {shape_of(event)}")


def _call(envelope: Mapping[str, Any], record: Mapping[str, Any]) -> Look | Ignored:
    name = record.get("eventName")
    if record.get("eventSource") != "ec2.amazonaws.com" or not isinstance(name, str):
        return Ignored(why=f"{record.get('eventSource')} is not EC2")
    if code := record.get("errorCode"):
        is_blocked = name in DELETIONS and str(code) in IN_USE
        failed = Ignored(why=f"{name} failed ({code}); it changed nothing")
        return _blocked(envelope, record, name) if is_blocked else failed
    if name not in CALLS:
        return Ignored(why=f"{name} changes nothing that endpoints depend on")
    place = _place(envelope, record)
    if place is None:
        return Ignored(why=f"{name} names no account and region: {shape_of(record)}")
    vpcs = frozenset((*_vpc_ids(record.get("requestParameters")), *_vpc_ids(record.get("responseElements"))))
    if name in {"CreateTags", "DeleteTags"} and not vpcs:
        return Ignored(why=f"{name} touched no VPC")
    return Look(
        place=place,
        vpcs=vpcs,
        why=f"{name}: {CALLS[name]}",
        new=vpcs if name == "CreateVpc" else frozenset(),
        time=str(record.get("eventTime") or envelope.get("time") or ""),
    )


def _blocked(envelope: Mapping[str, Any], record: Mapping[str, Any], name: str) -> Look | Ignored:
    place = _place(envelope, record)
    blocked = frozenset(
        value
        for key, value in _below(record.get("requestParameters"))
        if isinstance(value, str) and (form := DELETIONS[name].get(key.lower())) and form.fullmatch(value)
    )
    if place is None or not blocked:
        return Ignored(why=f"{name} names nothing to delete, or no account and region: {shape_of(record)}")
    return Look(
        place=place,
        vpcs=blocked if name == "DeleteVpc" else frozenset(),
        blocked=blocked,
        why=f"{name} failed: something is in the way of deleting {', '.join(sorted(blocked))}",
        time=str(record.get("eventTime") or envelope.get("time") or ""),
    )


def _tag_change(event: Mapping[str, Any], detail: Mapping[str, Any]) -> Look | Ignored:
    if (detail.get("service"), detail.get("resource-type")) != ("ec2", "vpc"):
        return Ignored(why=f"a tag changed on {detail.get('service')}/{detail.get('resource-type')}, not on a VPC")
    resources = event.get("resources")
    arns = [a for a in resources if isinstance(a, str)] if isinstance(resources, list) else []
    vpcs = frozenset(_vpc_ids([arn.rsplit("/", 1)[-1] for arn in arns]))
    place = _place(event, {})
    if not vpcs or place is None:
        return Ignored(why=f"a tag change that names no VPC: {shape_of(event)}")
    return Look(place=place, vpcs=vpcs, why="a tag of the VPC changed", time=str(event.get("time", "")))


def _own(event: Mapping[str, Any], detail: Mapping[str, Any]) -> Look | Ignored:
    place, vpcs = _place(event, {}), detail.get("vpcs")
    if place is None or not isinstance(vpcs, list):
        return Ignored(why=f"not a message of ours: {shape_of(event)}")
    return Look(
        place=place,
        vpcs=frozenset(_vpc_ids(vpcs)),
        why=str(detail.get("why", "")),
        blocked=frozenset(value for _, value in _below(detail.get("blocked")) if isinstance(value, str)),
        new=frozenset(_vpc_ids(detail.get("new"))),
        time=str(event.get("time", "")),
        since=str(detail.get("since", "")),
    )


def is_sweep(event: Any) -> bool:
    return isinstance(event, dict) and (event.get("source"), event.get("detail-type")) == (OWN_SOURCE, LOOK_EVERYWHERE)


def look_again(look: Look, *, message_id: str) -> dict[str, Any]:
    """Our own message for a look, in EventBridge's envelope.

    The id keeps SQS's content-based de-duplication from dropping a later look that says the same.
    """
    return {
        "version": "0",
        "id": message_id,
        "detail-type": LOOK_AGAIN,
        "source": OWN_SOURCE,
        "account": look.place.account,
        "region": look.place.region,
        "time": look.time,
        "resources": [],
        "detail": {
            "vpcs": sorted(look.vpcs),
            "blocked": sorted(look.blocked),
            "new": sorted(look.new),
            "since": look.since,
            "why": look.why,
        },
    }


def _place(envelope: Mapping[str, Any], record: Mapping[str, Any]) -> Place | None:
    identity = record.get("userIdentity")
    accounts = (
        envelope.get("account"),
        record.get("recipientAccountId"),
        identity.get("accountId") if isinstance(identity, dict) else None,
        *_values_of("ownerId", record.get("responseElements")),
    )
    # CloudTrail may write an id as a number.
    account = next((str(a).zfill(12) for a in accounts if a and isinstance(a, str | int)), "")
    region = str(envelope.get("region") or record.get("awsRegion"))
    if _ACCOUNT.fullmatch(account) and _REGION.fullmatch(region):
        return Place(account=account, region=region)
    return None


def _vpc_ids(node: Any) -> Iterator[str]:
    """Every VPC id below a node."""
    return (value for _, value in _below(node) if isinstance(value, str) and _VPC_ID.fullmatch(value))


def _values_of(key: str, node: Any) -> Iterator[Any]:
    return (value for name, value in _below(node) if name == key)


def _below(node: Any) -> Iterator[tuple[str, Any]]:
    """Every key and value, but for tags: their values are free text. Documents may nest deeper than Python calls."""
    left = [("", node)]
    while left:
        key, value = left.pop()
        yield key, value
        if isinstance(value, dict):
            left += [(str(k), v) for k, v in value.items() if not str(k).lower().startswith("tag")]
        elif isinstance(value, list):
            left += [(key, v) for v in value]


def shape_of(node: Any) -> str:
    """The outline of an unknown document: its keys and types, never its values (they may be secret)."""
    if isinstance(node, dict):
        return (
            "{" + ", ".join(f"{k}: {type(v).__name__}" for k, v in sorted(node.items(), key=lambda i: str(i[0]))) + "}"
        )
    return type(node).__name__
