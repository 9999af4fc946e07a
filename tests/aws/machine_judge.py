"""May vpce make this change, at this moment? Asked between vpce and EC2, before the change is made."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from embedded.strict_ec2_behaviour import is_seen
from tests.aws.machine_owed import (
    FOLLOWS,
    FREE,
    INSTALLATION,
    LONG,
    MADE_FOR,
    OUR_RULE,
    OURS,
    PORTS,
    WITHOUT_NAMES,
    Asked,
    Book,
    asked_of,
)
from tests.aws.machine_wire import backend

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping


Key = tuple[str, str, str]
"""VPC, service, type."""


def living() -> set[Key]:
    """The endpoints that EC2's lists show, ours and those of others."""
    shown = (e for e in backend().vpc_end_points.values() if is_seen(e) and not e.is_leaving)
    return {(e.vpc_id, e.service_name.removeprefix(LONG), e.vpc_endpoint_type) for e in shown}


def judged(  # noqa: C901, PLR0912  a case per call
    operation: str, body: Mapping[str, Any], *, book: Book, new: frozenset[str], there: Collection[Key]
) -> Iterable[str]:
    """What is wrong with it.

    Args:
        operation: EC2's name of the call.
        body: its parameters as they are sent.
        book: the profiles that there are.
        new: VPCs that the look at hand says were made just now; without a tag they get the default profile.
        there: what `living` said when the look began.

    """
    things, vpc = _named(body), vpc_in(body)
    if not vpc:
        return  # it has gone, and EC2 will say so
    asked = asked_in(vpc, book)
    if asked.is_refused:
        yield f"{vpc} has tags that nobody understands, so nothing may change"
    elif asked.nothing and vpc in new:
        asked = Asked(gateways=FREE)
    elif asked.nothing:
        yield f"{vpc} asks for nothing"
    match operation:
        case "CreateVpcEndpoint":
            given = {v for k, v in body.items() if k.startswith("TagSpecification") and k.endswith("Value")}
            if INSTALLATION not in given or not body.get("ClientToken"):
                yield "without our tag or a client token"
            service = body["ServiceName"].removeprefix(LONG)
            if service not in (asked.gateways if body["VpcEndpointType"] == "Gateway" else asked.interfaces):
                yield f"nobody asked for {service}"
            if (vpc, service, body["VpcEndpointType"]) in there:
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
        case "DeleteVpcEndpoints" | "DeleteSecurityGroup":
            for thing in things:
                yield from not_ours(thing)
            if not asked.remove:
                yield f"deleted from {vpc}, and the tag does not say none"
        case _:
            yield "vpce has no business with it"


def asked_in(vpc: str, book: Book) -> Asked:
    ec2 = backend()
    tags = [ec2.tags.get(e.id, {}) for e in ec2.vpc_end_points.values() if e.vpc_id == vpc and e.state != "deleted"]
    made_for = [t.get(MADE_FOR, "") for t in tags if t.get(OURS) == INSTALLATION]
    return asked_of(ec2.tags.get(vpc, {}), made_for, book)


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
    return next(filter(None, map(vpc_of, _named(body))), "")


def _named(body: Mapping[str, Any]) -> list[str]:
    return [str(v) for k, v in sorted(body.items()) if k.startswith(("VpcId", "VpcEndpointId", "GroupId"))]


def vpc_of(thing: str) -> str:
    """Where an endpoint or group is, or the VPC itself; empty where it is gone."""
    ec2 = backend()
    if thing in ec2.vpcs:
        return thing
    if thing in ec2.vpc_end_points:
        return str(ec2.vpc_end_points[thing].vpc_id)
    return next((str(vpc) for vpc, groups in ec2.groups.items() if vpc and thing in groups), "")
