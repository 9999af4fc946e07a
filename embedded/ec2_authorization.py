"""May the caller make this EC2 call?

IAM asks once for every resource that a call touches, each with its own condition keys, and once more for
ec2:CreateTags when a resource is tagged at its creation. The resources are those of the Service Authorization
Reference: the one that is made, and every one that the call names by its id.
"""

import re
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from embedded.cloudtrail import READS, resource_type
from embedded.ec2 import backend, tags_of, vpc_of

MADE_BY = {
    "AllocateAddress": "elastic-ip",
    "CreateDhcpOptions": "dhcp-options",
    "CreateFlowLogs": "vpc-flow-log",
    "CreateInternetGateway": "internet-gateway",
    "CreateManagedPrefixList": "prefix-list",
    "CreateNatGateway": "natgateway",
    "CreateNetworkInterface": "network-interface",
    "CreateRouteTable": "route-table",
    "CreateSecurityGroup": "security-group",
    "CreateSubnet": "subnet",
    "CreateVpc": "vpc",
    "CreateVpcEndpoint": "vpc-endpoint",
}

# Calls that name more than IAM looks at.
ONLY_THESE = {
    "CreateRoute": ("RouteTableId",),
    "DeleteRoute": ("RouteTableId",),
    "ReplaceRoute": ("RouteTableId",),
}

# Of the describe calls, most know no resources.
READS_WITH_RESOURCES = {"DescribeVpcAttribute"}

ID_KEYS = {"vpc": "ec2:VpcID", "subnet": "ec2:SubnetID", "security-group": "ec2:SecurityGroupID"}

_PARAMETER_OF_AN_ID = re.compile(r"(\w+?)(\.\d+)?")
_TAG_GIVEN = re.compile(r"(TagSpecification\.\d+\.)?Tag\.\d+\.Key")


@dataclass(frozen=True, kw_only=True)
class Question:
    """What IAM is asked: this action, on this resource, under these condition keys."""

    action: str
    resource: str
    context: Mapping[str, Any]


def questions(parameters: Mapping[str, str], *, account: str, region: str) -> tuple[Question, ...]:
    """Everything that must be allowed for one call."""
    action = parameters["Action"]
    if action.startswith(READS) and action not in READS_WITH_RESOURCES:
        return (Question(action=f"ec2:{action}", resource="*", context={"ec2:Region": region}),)
    asked = [
        Question(
            action=f"ec2:{action}",
            resource=_arn(resource_type(named), named, account, region),
            context=_of_the_existing(named, parameters, account, region),
        )
        for named in _named(parameters)
    ]
    made = MADE_BY.get(action)
    if made:
        context = {**_of_the_request(parameters, made), "ec2:Region": region}
        asked.append(Question(action=f"ec2:{action}", resource=_arn(made, "*", account, region), context=context))
    for kind in _tagged_kinds(parameters):
        context = {**_of_the_request(parameters, kind), "ec2:Region": region, "ec2:CreateAction": action}
        asked.append(Question(action="ec2:CreateTags", resource=_arn(kind, "*", account, region), context=context))
    if action in {"CreateVpcEndpoint", "ModifyVpcEndpoint"} and parameters.get("PrivateDnsEnabled") == "true":
        # Listed as a dependent action; whether AWS asks is documented nowhere, so the strict side is taken.
        # https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonec2.html
        zone = "arn:aws:route53:::hostedzone/Z0EMBEDDED"
        asked.append(Question(action="route53:AssociateVPCWithHostedZone", resource=zone, context={}))
    return tuple(asked) or (Question(action=f"ec2:{action}", resource="*", context={"ec2:Region": region}),)


def refusal(
    parameters: Mapping[str, str], *, access_key: str, account: str, region: str, request_id: str
) -> tuple[int, dict[str, str], bytes] | None:
    """EC2's answer to a caller who may not; None if the caller may."""
    from ministack.core.iam_actions import access_denied_response, identity_denial_message
    from ministack.core.iam_evaluator import AuthError, enforce

    for question in questions(parameters, account=account, region=region):
        denied = enforce(
            access_key,
            question.action,
            "ec2",
            region,
            resource_arn=question.resource,
            service_context=dict(question.context),
        )
        if denied is None:
            continue
        if isinstance(denied, AuthError):
            code, reason, who = denied.code, denied.message, ""
        else:
            code, who = "", denied.principal_arn
            told = identity_denial_message(question.action, who, question.resource, denied.decision == "Deny")
            reason = f"You are not authorized to perform this operation. {told}"
        status, headers, body = access_denied_response(
            "ec2", question.action, who, request_id, error_code=code, message=reason
        )
        return status, headers, body
    return None


def refusal_of(action: str, service: str, *, access_key: str, region: str) -> tuple[int, dict[str, str], bytes] | None:
    """Another service's answer to a caller who may not do what it does for him; None if he may."""
    from ministack.core.iam_actions import access_denied_response
    from ministack.core.iam_evaluator import enforce

    denied = enforce(access_key, action, action.partition(":")[0], region, resource_arn="*", service_context={})
    if denied is None:
        return None
    who = getattr(denied, "principal_arn", "")
    status, headers, body = access_denied_response(service, action, who, str(uuid.uuid4()))
    return status, headers, body


def _named(parameters: Mapping[str, str]) -> Iterator[str]:
    """Resources that the call names at its top level, each once, in the order of the call."""
    action = parameters["Action"]
    seen = set()
    for name, value in parameters.items():
        match = _PARAMETER_OF_AN_ID.fullmatch(name)
        if match is None or value in seen or resource_type(value) is None:
            continue
        if match[1] in ONLY_THESE.get(action, (match[1],)):
            seen.add(value)
            yield value


def _tagged_kinds(parameters: Mapping[str, str]) -> list[str]:
    kinds = {v for k, v in parameters.items() if re.fullmatch(r"TagSpecification\.\d+\.ResourceType", k)}
    return sorted(kind for kind in kinds if _tags_given(parameters, kind))


def _tags_given(parameters: Mapping[str, str], kind: str | None) -> dict[str, str]:
    """The tags of the request: those for one kind of resource, or for all that it names."""
    given = {}
    for name, key in parameters.items():
        match = _TAG_GIVEN.fullmatch(name)
        if match and (match[1] is None or parameters.get(f"{match[1]}ResourceType") == kind):
            given[key] = parameters.get(f"{name.removesuffix('Key')}Value", "")
    return given


def _of_the_request(parameters: Mapping[str, str], kind: str | None) -> dict[str, Any]:
    given = _tags_given(parameters, kind)
    context: dict[str, Any] = {f"aws:RequestTag/{key}": value for key, value in given.items()}
    if given:
        context["aws:TagKeys"] = sorted(given)
    if kind == "vpc-endpoint" and "ServiceName" in parameters:
        context["ec2:VpceServiceName"] = parameters["ServiceName"]
    return context


def _of_the_existing(resource_id: str, parameters: Mapping[str, str], account: str, region: str) -> dict[str, Any]:
    kind = resource_type(resource_id)
    context: dict[str, Any] = {"ec2:Region": region}
    for key, value in tags_of(resource_id, account=account, region=region).items():
        context |= {f"aws:ResourceTag/{key}": value, f"ec2:ResourceTag/{key}": value}
    if parameters["Action"] in ("CreateTags", "DeleteTags"):
        context |= _of_the_request(parameters, None)
    if kind in ID_KEYS:
        context[ID_KEYS[kind]] = resource_id
    vpc = vpc_of(resource_id, account=account, region=region)
    if vpc and kind in ("subnet", "security-group", "route-table"):
        context["ec2:Vpc"] = _arn("vpc", vpc, account, region)
    endpoint = backend(account, region).vpc_end_points.get(resource_id)
    if endpoint is not None:
        context["ec2:VpceServiceName"] = endpoint.service_name
    return context


def _arn(kind: str | None, resource_id: str, account: str, region: str) -> str:
    return f"arn:aws:ec2:{region}:{account}:{kind}/{resource_id}"
