"""Carry a plan out: each action once, in order, at EC2's pace; an outcome for each.

One refusal does not stop the rest, unless the rest would do harm without it: no interface endpoint is made before its
security group lets the VPC in and the VPC's DNS attributes are on, for its names would lead nowhere; and nothing leaves
a VPC or subnet that somebody is deleting before its tag says so, for the next look would bring it back.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import MutableMapping
from itertools import groupby
from typing import TYPE_CHECKING, Any, assert_never

from botocore.exceptions import ClientError

from vpce.aws.errors import (
    THROTTLED,
    AwsError,
    code_of,
    in_words,
    is_gone,
    is_turned_away,
    may_be_done,
    verdict,
    verdict_of,
    words_of,
)
from vpce.core.model import (
    DELETE_AFTER_TAG,
    FOLLOWS,
    FOLLOWS_TAG,
    MADE_FOR_TAG,
    MANAGED_BY_TAG,
    RELEASED_TAG,
    Addresses,
    Kind,
    group_name,
)
from vpce.core.plan import (
    CreateEndpoint,
    CreateSecurityGroup,
    DeleteEndpoint,
    DeleteSecurityGroup,
    EnableDnsHostnames,
    EnableDnsSupport,
    MarkEndpoint,
    Outcome,
    Release,
    UnmarkEndpoint,
    UpdateEndpoint,
    UpdateSecurityGroup,
    Verdict,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from botocore.exceptions import BotoCoreError
    from mypy_boto3_ec2 import EC2Client

    from vpce.aws.pace import Pace
    from vpce.core.model import Ingress
    from vpce.core.plan import Action, Plan

Unseen = MutableMapping[tuple[str, str, Kind], dict[str, Any]]
"""(VPC, service, kind) of endpoints made, or perhaps made → the call that did it, until a look shows them."""

_MOST_IDS = 25
"""In one DeleteVpcEndpoints call; tags may be put on more, which is not needed."""
_TRIES = 4
"""Calls of one action while EC2 throttles: somebody else may drink from the same bucket."""


def apply(
    plan: Plan,
    ec2: EC2Client,
    *,
    installation: str,
    pace: Pace,
    generation: str,
    unseen: Unseen | None = None,
    progress: Callable[[Outcome], None] = lambda _: None,
) -> tuple[Outcome, ...]:
    """Carry out a plan's actions.

    Args:
        plan: what to do.
        ec2: client of the plan's place, with credentials for its account.
        installation: value of the ownership tag on everything made.
        pace: the place's token buckets; what does not fit into their budget comes back as DEFERRED.
        generation: part of every ClientToken. The same for a repetition of the same work (a message delivered
            twice), another for new work: what EC2 answers to the token of a deleted endpoint is not documented.
        unseen: endpoints made lately that no look has shown yet, since EC2's lists lag. Their call is repeated as it
            was, whatever is wished by now: with another token, or other parameters, there would be two.
        progress: told of each outcome as it comes.

    """
    unseen = {} if unseen is None else unseen
    run = _Run(plan, ec2, installation=installation, pace=pace, generation=generation, unseen=unseen)
    outcomes: list[Outcome] = []
    for batch in _batches(plan.actions):
        for outcome in run.perform(batch):
            progress(outcome)
            outcomes.append(outcome)
    return tuple(outcomes)


def _batches(actions: Iterable[Action]) -> Iterator[list[Action]]:
    """What one call can do together; everything else by itself."""
    for call, together in groupby(actions, key=_together):
        batch = list(together)
        size = 1 if call is None else _MOST_IDS
        yield from (batch[start : start + size] for start in range(0, len(batch), size))


def _together(action: Action) -> tuple[object, ...] | None:
    match action:
        case DeleteEndpoint(endpoint=endpoint):
            return DeleteEndpoint, endpoint.kind
        case MarkEndpoint(delete_after=moment):
            return MarkEndpoint, moment
        case UnmarkEndpoint():
            return (UnmarkEndpoint,)
        case _:
            return None


class _Run:
    def __init__(
        self, plan: Plan, ec2: EC2Client, *, installation: str, pace: Pace, generation: str, unseen: Unseen
    ) -> None:
        self.plan, self.ec2, self.installation = plan, ec2, installation
        self.pace, self.generation, self.unseen = pace, generation, unseen
        self.group_id = next((g.id for g in plan.vpc.security_groups if g.is_ours), "")
        self.blocked_by = ""
        """The step without which others would do harm, if it did not succeed."""
        self.blocks_all = False

    def perform(self, batch: list[Action]) -> list[Outcome]:
        if self.blocked_by and (self.blocks_all or any(_needs_foundation(a) for a in batch)):
            message = f"{self.blocked_by} comes first"
            return [Outcome(action=a, verdict=Verdict.BLOCKED, message=message) for a in batch]
        outcomes = self._attempt(batch)
        if any(o.verdict is not Verdict.DONE for o in outcomes):
            match batch[0]:
                case Release():
                    self.blocked_by, self.blocks_all = f"the tag {RELEASED_TAG}", True
                case EnableDnsSupport() | EnableDnsHostnames():
                    self.blocked_by = "the VPC's DNS attributes"
                case CreateSecurityGroup() | UpdateSecurityGroup():
                    self.blocked_by = "the security group"
                case _:
                    pass
        return outcomes

    def _attempt(self, batch: list[Action]) -> list[Outcome]:
        operation = _operation(batch[0])
        outcomes: list[Outcome] = []
        for _ in range(_TRIES):
            if not self.pace.ready(operation):
                return [Outcome(action=a, verdict=Verdict.DEFERRED) for a in batch]
            try:
                refused = self._call(batch)
            except AwsError as error:
                outcomes = [_outcome_of(a, error) for a in batch]
                if code_of(error) not in THROTTLED:
                    self.pace.spent(operation)
                    return outcomes
                self.pace.refused(operation)
            else:
                self.pace.spent(operation)
                return [refused.get(id(a)) or Outcome(action=a, verdict=Verdict.DONE) for a in batch]
        return outcomes

    def _call(self, batch: list[Action]) -> dict[int, Outcome]:  # noqa: C901, PLR0912  one case per kind of action
        """Make the call; gives what EC2 refused of it within an answer of success, by the action's identity."""
        vpc, action = self.plan.vpc.id, batch[0]
        match action:
            case Release(resource=resource):
                until = f"{action.until:%Y-%m-%dT%H:%M:%SZ}"
                self.ec2.create_tags(Resources=[resource], Tags=[{"Key": RELEASED_TAG, "Value": until}])
            case EnableDnsSupport():
                self.ec2.modify_vpc_attribute(VpcId=vpc, EnableDnsSupport={"Value": True})
            case EnableDnsHostnames():
                self.ec2.modify_vpc_attribute(VpcId=vpc, EnableDnsHostnames={"Value": True})
            case CreateSecurityGroup():
                self._create_security_group(action)
            case UpdateSecurityGroup(group=group):
                # First out, then in: the quota of rules is for both.
                if action.revoke:
                    self.ec2.revoke_security_group_ingress(GroupId=group.id, IpPermissions=_permissions(action.revoke))
                if action.authorize:
                    self._authorize(group.id, action.authorize)
            case DeleteSecurityGroup(group=group):
                self.ec2.delete_security_group(GroupId=group.id)
            case CreateEndpoint():
                return self._create_endpoint(action)
            case UpdateEndpoint():
                self.ec2.modify_vpc_endpoint(VpcEndpointId=action.endpoint.id, **self._modification(action))
            case MarkEndpoint(delete_after=moment):
                value = f"{moment:%Y-%m-%dT%H:%M:%SZ}"
                self.ec2.create_tags(Resources=_ids(batch), Tags=[{"Key": DELETE_AFTER_TAG, "Value": value}])
            case UnmarkEndpoint():
                self.ec2.delete_tags(Resources=_ids(batch), Tags=[{"Key": DELETE_AFTER_TAG}])
            case DeleteEndpoint():
                return self._delete_endpoints([a for a in batch if isinstance(a, DeleteEndpoint)])
            case _:
                assert_never(action)
        return {}

    def _create_security_group(self, action: CreateSecurityGroup) -> None:
        answer = self.ec2.create_security_group(
            GroupName=group_name(self.installation),
            Description=f"Lets the VPC reach its interface endpoints; kept by vpce ({self.installation})",
            VpcId=self.plan.vpc.id,
            TagSpecifications=[{"ResourceType": "security-group", "Tags": self._tags("endpoints")}],
        )
        self.group_id = answer["GroupId"]
        self._authorize(self.group_id, action.ingress)

    def _authorize(self, group_id: str, rules: Iterable[Ingress]) -> None:
        self.ec2.authorize_security_group_ingress(GroupId=group_id, IpPermissions=_permissions(rules))

    def _create_endpoint(self, action: CreateEndpoint) -> dict[int, Outcome]:
        key = (self.plan.vpc.id, action.offer.service, action.offer.kind)
        asked, before = self._creation(action), self.unseen.get(key)
        call = self.unseen[key] = before or asked
        try:
            made = self.ec2.create_vpc_endpoint(**call)["VpcEndpoint"]
        except ClientError as error:
            if not may_be_done(error) and not (before and is_turned_away(error)):
                del self.unseen[key]  # nothing was made, now or before
            raise
        if made.get("State", "").lower() in {"deleting", "deleted"}:
            # The token is that of an endpoint which somebody deleted before we ever saw it.
            del self.unseen[key]
            message = f"{made.get('VpcEndpointId')}, made a moment ago, was deleted"
            return {id(action): Outcome(action=action, verdict=Verdict.RETRY, message=message)}
        if {**call, "ClientToken": ""} != {**asked, "ClientToken": ""}:
            message = f"{made.get('VpcEndpointId')}, made a moment ago for another wish, is changed once EC2 lists it"
            return {id(action): Outcome(action=action, verdict=Verdict.RETRY, message=message)}
        return {}

    def _creation(self, action: CreateEndpoint) -> dict[str, Any]:
        request: dict[str, Any] = {
            "VpcEndpointType": action.offer.kind.value,
            "VpcId": self.plan.vpc.id,
            "ServiceName": action.offer.service,
        }
        if action.address_type is not Addresses.IPV4:
            request["IpAddressType"] = action.address_type.value
        tags = [*self._tags(action.service), {"Key": MADE_FOR_TAG, "Value": action.made_for}]
        if action.offer.kind is Kind.GATEWAY:
            request["RouteTableIds"] = sorted(action.route_tables)
        else:
            request["SubnetIds"] = sorted(action.subnets)
            request["SecurityGroupIds"] = [self.group_id]
            request["PrivateDnsEnabled"] = action.private_dns
            request |= _dns_options(action)
            tags.append({"Key": FOLLOWS_TAG, "Value": FOLLOWS})
        if action.policy:
            request["PolicyDocument"] = action.policy
        request["TagSpecifications"] = [{"ResourceType": "vpc-endpoint", "Tags": tags}]
        token = "|".join((self.installation, self.generation, repr(sorted(request.items()))))
        return request | {"ClientToken": hashlib.sha256(token.encode()).hexdigest()}

    def _modification(self, action: UpdateEndpoint) -> dict[str, Any]:
        changes: dict[str, Any] = {
            "AddRouteTableIds": sorted(action.add_route_tables),
            "AddSubnetIds": sorted(action.add_subnets),
            "RemoveSubnetIds": sorted(action.remove_subnets),
            "IpAddressType": action.address_type and action.address_type.value,
            "AddSecurityGroupIds": [self.group_id] if action.add_our_security_group else [],
            "RemoveSecurityGroupIds": sorted(action.remove_security_groups),
            "PrivateDnsEnabled": action.enable_private_dns or None,
            "PolicyDocument": action.policy,
        }
        return {key: value for key, value in changes.items() if value} | _dns_options(action)

    def _tags(self, name: str) -> list[Any]:
        return [
            {"Key": "Name", "Value": f"{self.installation}/{name}"},
            {"Key": MANAGED_BY_TAG, "Value": self.installation},
        ]

    def _delete_endpoints(self, batch: list[DeleteEndpoint]) -> dict[int, Outcome]:
        """EC2 answers 200 to a deletion and lists what it did not delete."""
        answer = self.ec2.delete_vpc_endpoints(VpcEndpointIds=[a.endpoint.id for a in batch])
        errors = {u.get("ResourceId", ""): u.get("Error", {}) for u in answer.get("Unsuccessful", [])}
        refused = {}
        for action in batch:
            error = errors.get(action.endpoint.id)
            if error is not None and not is_gone(error.get("Code", "")):
                code, message = error.get("Code", ""), error.get("Message", "")
                words = words_of(code, message, "DeleteVpcEndpoints")
                refused[id(action)] = Outcome(action=action, verdict=verdict_of(code, message), message=words)
        return refused


def _dns_options(action: CreateEndpoint | UpdateEndpoint) -> dict[str, Any]:
    """What must be said of names.

    New ones get records of the address type, old ones keep theirs unless told, which ipv4 may not. A gateway's are as
    the name that is asked for, and stay so.
    https://docs.aws.amazon.com/vpc/latest/privatelink/privatelink-access-aws-services.html#aws-services-dns-record-ip-type
    """
    options: dict[str, Any] = {}
    if action.inbound_resolver_only is not None:
        options["PrivateDnsOnlyForInboundResolverEndpoint"] = action.inbound_resolver_only
    if isinstance(action, UpdateEndpoint) and action.address_type and action.endpoint.kind is Kind.INTERFACE:
        options["DnsRecordIpType"] = action.address_type.value
    return {"DnsOptions": options} if options else {}


def _outcome_of(action: Action, error: ClientError | BotoCoreError) -> Outcome:
    if isinstance(action, DeleteSecurityGroup) and is_gone(code_of(error)):
        return Outcome(action=action, verdict=Verdict.DONE)
    return Outcome(action=action, verdict=verdict(error), message=in_words(error))


def _needs_foundation(action: Action) -> bool:
    match action:
        case CreateEndpoint(offer=offer):
            return offer.kind is Kind.INTERFACE
        case UpdateEndpoint(endpoint=endpoint):
            return endpoint.kind is Kind.INTERFACE
        case _:
            return False


def _operation(action: Action) -> str:
    match action:
        case CreateEndpoint():
            return "CreateVpcEndpoint"
        case UpdateEndpoint():
            return "ModifyVpcEndpoint"
        case Release() | MarkEndpoint():
            return "CreateTags"
        case UnmarkEndpoint():
            return "DeleteTags"
        case DeleteEndpoint():
            return "DeleteVpcEndpoints"
        case _:
            return type(action).__name__


def _ids(batch: Iterable[Action]) -> list[str]:
    return [a.endpoint.id for a in batch if isinstance(a, MarkEndpoint | UnmarkEndpoint)]


def _permissions(rules: Iterable[Ingress]) -> list[Any]:
    """EC2's form: per port range, one permission with all its sources."""
    by_ports: dict[tuple[int, int], dict[str, list[dict[str, str]]]] = defaultdict(lambda: defaultdict(list))
    for rule in sorted(rules):
        ranges, key = ("Ipv6Ranges", "CidrIpv6") if ":" in rule.source else ("IpRanges", "CidrIp")
        by_ports[rule.first, rule.last][ranges].append({key: rule.source, "Description": rule.description})
    return [
        {"IpProtocol": "tcp", "FromPort": first, "ToPort": last, **ranges}
        for (first, last), ranges in sorted(by_ports.items())
    ]
