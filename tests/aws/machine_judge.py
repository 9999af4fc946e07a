"""May vpce make this change, at this moment? Asked between vpce and EC2, before the change is made."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from embedded.strict_ec2_behaviour import is_seen
from tests.aws.machine_owed import (
    FEW,
    FOLLOWS,
    INSTALLATION,
    LONG,
    MADE_FOR,
    MARK,
    NOT_OFFERED,
    OUR_RULE,
    OURS,
    PORTS,
    SHARE,
    WITHOUT_NAMES,
    Asked,
    Book,
    asked_of,
    staying,
    time_in,
)
from tests.aws.machine_wire import backend

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping


Key = tuple[str, str, str]
"""VPC, service, type."""
GRACE = timedelta(hours=24)


@dataclass(frozen=True, kw_only=True)
class Round:
    """What there was when a look began."""

    moment: datetime
    new: frozenset[str] = frozenset()
    """VPCs that it says were made just now; without a tag they get the default profile."""
    asked: Mapping[str, Asked] = field(default_factory=dict)
    there: Collection[Key] = frozenset()
    """The endpoints that EC2's lists showed, ours and those of others."""
    ours: int = 0
    """How many endpoints of the installation."""
    wanted: frozenset[str] = frozenset()
    """Those of them that are asked for."""


def begun(book: Book, moment: datetime, new: frozenset[str]) -> Round:
    shown = [e for e in backend().vpc_end_points.values() if is_seen(e) and e.state != "deleted"]
    ours, living = [e for e in shown if _is_ours(e.id)], [e for e in shown if not e.is_leaving]
    asked = {vpc: _asked_in(vpc, ours, book, is_new=vpc in new) for vpc in backend().vpcs}
    wanted = (_wanted(key, [e for e in ours if not e.is_leaving], asked) for key in {_key(e) for e in ours})
    return Round(
        moment=moment,
        new=new,
        asked=asked,
        there={_key(e) for e in living},
        ours=len(ours),
        wanted=frozenset[str]().union(*wanted),
    )


def _asked_in(vpc: str, ours: Iterable[Any], book: Book, *, is_new: bool) -> Asked:
    tags, things = backend().tags, [e.id for e in ours if e.vpc_id == vpc]
    things += [name for name, group in backend().groups[vpc].items() if is_seen(group) and _is_ours(name)]
    births = [tags[name].get(MADE_FOR, "") for name in things]
    default = {"endpoint-profile": "gateway"} if is_new and not births else {}
    return asked_of(default | tags.get(vpc, {}), births, book)


def _wanted(key: Key, living: Iterable[Any], asked: Mapping[str, Asked]) -> set[str]:
    vpc, service, kind = key
    these = [e for e in living if _key(e) == key]
    has = {e.id: bool(e.route_table_ids if kind == "Gateway" else e.private_dns_enabled) for e in these}
    return staying(kind, has) if service in asked[vpc].of(kind) else set()


def judged(  # noqa: C901, PLR0912, PLR0915  a case per call
    operation: str, body: Mapping[str, Any], at: Round
) -> Iterator[str]:
    """What is wrong with a call of EC2's name and these parameters, as they are sent."""
    things, vpc = named(body), vpc_in(body)
    if not vpc:
        return  # it has gone, and EC2 will say so
    asked = at.asked[vpc]
    if asked.is_refused:
        yield f"{vpc} has tags that nobody understands, so nothing may change"
    elif asked.nothing:
        yield f"{vpc} asks for nothing"
    if asked.mode == "watch" or (asked.mode == "create-only" and _takes_away(operation, body)):
        yield f"the mode of {vpc} is {asked.mode}"
    if _disturbs(operation, body) and not asked.is_open(at.moment) and vpc not in at.new:
        yield f"the window of {vpc}, {asked.window}, is shut"
    match operation:
        case "CreateVpcEndpoint":
            given = {v for k, v in body.items() if k.startswith("TagSpecification") and k.endswith("Value")}
            if INSTALLATION not in given or not body.get("ClientToken"):
                yield "without our tag or a client token"
            service = body["ServiceName"].removeprefix(LONG)
            if service not in asked.of(body["VpcEndpointType"]):
                yield f"nobody asked for {service}"
            if (vpc, service, body["VpcEndpointType"]) in at.there:
                yield f"{service} is there already"
            if body["VpcEndpointType"] == "Interface":
                groups = [v for k, v in body.items() if k.startswith("SecurityGroupId")]
                yield from led_nowhere(vpc, service, groups, six=body.get("IpAddressType") == "dualstack")
        case "CreateSecurityGroup":
            if not asked.interfaces:
                yield "nobody asked for interface endpoints"
        case "ModifyVpcAttribute":
            if not asked.interfaces - WITHOUT_NAMES or any(v != "true" for k, v in body.items() if k.endswith("Value")):
                yield "nobody asked for it"
        case "ModifyVpcEndpoint":
            yield from not_ours(things[0])
            if any(k.startswith(("RemoveRouteTable", "RemoveSecurityGroup", "Policy")) for k in body):
                yield f"changes that nobody asked for: {sorted(body)}"
            follows = FOLLOWS in backend().tags.get(things[0], {})
            if body.get("IpAddressType", asked.addresses) not in {asked.addresses, "dualstack" if follows else ""}:
                yield f"addresses that nobody asked for: {body['IpAddressType']}"
        case "AuthorizeSecurityGroupIngress" | "RevokeSecurityGroupIngress":
            yield from not_ours(things[0])
            if any(k.endswith("Description") and v != OUR_RULE for k, v in body.items()):
                yield f"rules that are not ours: {body}"
        case "DeleteVpcEndpoints" | "CreateTags" | "DeleteTags":
            for thing in filter(vpc_of, things):
                yield from not_ours(thing)
                yield from _going(thing, operation, body, at)
        case "DeleteSecurityGroup":
            yield from not_ours(things[0])
            if asked.interfaces - NOT_OFFERED:
                yield f"{things[0]} is wanted"
        case _:
            yield "vpce has no business with it"


def _going(thing: str, operation: str, body: Mapping[str, Any], at: Round) -> Iterator[str]:
    """What is wrong with a step on the way of an endpoint of ours that nobody asks for; or with its way back."""
    time = time_in(backend().tags.get(thing, {}))
    if (thing in at.wanted) is not (operation == "DeleteTags"):
        yield f"{thing}, wanted: {thing in at.wanted}"
    if operation == "DeleteVpcEndpoints":
        if not at.asked[vpc_of(thing)].remove and (time is None or at.moment < time):
            yield f"{thing} is to go at {time}"
    elif {v for k, v in body.items() if k.startswith("Tag.") and k.endswith(".Key")} != {MARK}:
        yield f"tags that are no business of vpce: {body}"
    elif operation == "CreateTags":
        if time is not None:
            yield f"{thing} was to go at {time}"
        if time_in({MARK: body["Tag.1.Value"]}) != (at.moment + GRACE).replace(microsecond=0):
            yield f"{thing} gets {body['Tag.1.Value']}"


def guarded(body: Mapping[str, Any], at: Round) -> set[str]:
    """Endpoints to be deleted from VPCs for which nobody said the word."""
    return {thing for thing in named(body) if (vpc := vpc_of(thing)) and not at.asked[vpc].is_allowed}


def too_many(gone: Collection[str], at: Round) -> Iterator[str]:
    """What is wrong with all these deletions of one look."""
    if len(gone) >= FEW and len(gone) * 100 > at.ours * SHARE:
        yield f"{len(gone)} of {at.ours} endpoints deleted at once, and nobody said the word"


def _takes_away(operation: str, body: Mapping[str, Any]) -> bool:
    is_narrower = operation == "ModifyVpcEndpoint" and body.get("IpAddressType") == "ipv4"
    goes = operation.startswith(("Delete", "Revoke", "CreateTags")) and operation != "DeleteTags"
    return goes or is_narrower or _removes(body)


def _disturbs(operation: str, body: Mapping[str, Any]) -> bool:
    """Whether the VPC's traffic may notice."""
    only = body.get("DnsOptions.PrivateDnsOnlyForInboundResolverEndpoint")
    return (
        operation in {"DeleteVpcEndpoints", "RevokeSecurityGroupIngress", "ModifyVpcAttribute"}
        or (body.get("PrivateDnsEnabled") == "true" and only != "true")
        or (operation == "CreateVpcEndpoint" and body["VpcEndpointType"] == "Gateway")
        or (operation == "ModifyVpcEndpoint" and "IpAddressType" in body)
        or any(k.startswith("AddRouteTable") for k in body)
        or _removes(body)
    )


def _removes(body: Mapping[str, Any]) -> bool:
    return any(k.startswith("RemoveSubnet") for k in body)


def _key(endpoint: Any) -> Key:
    return endpoint.vpc_id, endpoint.service_name.removeprefix(LONG), endpoint.vpc_endpoint_type


def _is_ours(name: str) -> bool:
    return bool(backend().tags.get(name, {}).get(OURS) == INSTALLATION)


def led_nowhere(vpc: str, service: str, groups: list[str], *, six: bool) -> Iterable[str]:
    """From its first moment an endpoint's names lead all of the VPC to it, so its group has to be open by then."""
    ec2, port = backend(), PORTS.get(service, 443)
    if any(name not in ec2.groups[vpc] for name in groups):
        return  # EC2 will refuse
    rules = [r for name in groups for r in ec2.groups[vpc][name].ingress_rules]
    let_in = {c for r in rules if (r.from_port, r.to_port) == (port, port) for c in (r.cidr_ipv4, r.cidr_ipv6)}
    blocks = [b for kind in {False, six} for b in ec2.vpcs[vpc].get_cidr_block_association_set(ipv6=kind)]
    cidrs = {b["cidr_block"] for b in blocks if b["cidr_block_state"]["state"] == "associated"}
    if shut_out := cidrs - let_in:
        yield f"{groups} do not let {shut_out} in at {port}"


def not_ours(thing: str) -> Iterable[str]:
    if vpc_of(thing) and backend().tags.get(thing, {}).get(OURS) != INSTALLATION:
        yield f"{thing} is not ours"


def vpc_in(body: Mapping[str, Any]) -> str:
    """The VPC that a call is about; empty where all that it names is gone."""
    return next(filter(None, map(vpc_of, named(body))), "")


def named(body: Mapping[str, Any]) -> list[str]:
    return [
        str(v) for k, v in sorted(body.items()) if k.startswith(("VpcId", "VpcEndpointId", "GroupId", "ResourceId"))
    ]


def vpc_of(thing: str) -> str:
    """Where an endpoint or group is, or the VPC itself; empty where it is gone."""
    ec2 = backend()
    if thing in ec2.vpcs:
        return thing
    if thing in ec2.vpc_end_points:
        return str(ec2.vpc_end_points[thing].vpc_id)
    return next((str(vpc) for vpc, groups in ec2.groups.items() if vpc and thing in groups), "")
