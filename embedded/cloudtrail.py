"""Which events does AWS send for one EC2 call?

CloudTrail writes EC2 calls in two ways. The older operations ("plain" below) have lower camel-case names and
lists as `{"items": [...]}`, with the types of the API. The newer ones ("wrapped") are the XML of the wire turned
into JSON by rote: the name of the request around everything, a list of one is its element, elements of a
request's list are numbered by `tag`, an empty set is "", and "true" or "42" change their types, also as a tag's value.
"""

import datetime as dt
import re
import uuid
import xml.etree.ElementTree as ET
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

import botocore.session

READS = ("Describe", "Get", "List", "Search")

PLAIN = frozenset(
    {
        "AssociateDhcpOptions",
        "AssociateRouteTable",
        "AttachInternetGateway",
        "AuthorizeSecurityGroupEgress",
        "AuthorizeSecurityGroupIngress",
        "CreateDhcpOptions",
        "CreateInternetGateway",
        "CreateNetworkInterface",
        "CreateRoute",
        "CreateRouteTable",
        "CreateSecurityGroup",
        "CreateSubnet",
        "CreateTags",
        "CreateVpc",
        "DeleteDhcpOptions",
        "DeleteInternetGateway",
        "DeleteNetworkInterface",
        "DeleteRoute",
        "DeleteRouteTable",
        "DeleteSecurityGroup",
        "DeleteSubnet",
        "DeleteTags",
        "DeleteVpc",
        "DetachInternetGateway",
        "DisassociateRouteTable",
        "ModifySubnetAttribute",
        "ModifyVpcAttribute",
        "ReplaceRoute",
        "ReplaceRouteTableAssociation",
        "RevokeSecurityGroupEgress",
        "RevokeSecurityGroupIngress",
    }
)

# What plain records say although the caller did not.
ASSUMED: Mapping[str, Mapping[str, Any]] = {
    "CreateVpc": {"instanceTenancy": "default", "amazonProvidedIpv6CidrBlock": False},
}
# Plain names of lists in requests; the others get "Set" appended.
LIST_NAMES = {
    "GroupId": "groupSet",
    "IpPermissions": "ipPermissions",
    "ResourceId": "resourcesSet",
    "SecurityGroupId": "groupSet",
}

# The resource types that EC2 ids tell by their prefix.
TYPE_OF_PREFIX = {
    "acl": "network-acl",
    "dopt": "dhcp-options",
    "eipalloc": "elastic-ip",
    "eni": "network-interface",
    "i": "instance",
    "igw": "internet-gateway",
    "nat": "natgateway",
    "pl": "prefix-list",
    "rtb": "route-table",
    "sg": "security-group",
    "sgr": "security-group-rule",
    "subnet": "subnet",
    "vpc": "vpc",
    "vpce": "vpc-endpoint",
}

_ID = re.compile(r"([a-z]+)-[0-9a-f]{8,17}")
_INTEGER = re.compile(r"-?(0|[1-9]\d*)")
_DECIMAL = re.compile(r"-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?")
_XMLNS = "http://ec2.amazonaws.com/doc/2016-11-15/"


@dataclass(frozen=True, kw_only=True)
class Caller:
    """Who called, and from where."""

    arn: str
    access_key: str
    source: str  # an address, or the name of an AWS service
    agent: str


@dataclass(frozen=True, kw_only=True)
class Ec2Call:
    """One call of EC2 and its answer."""

    action: str
    parameters: Mapping[str, str]  # as on the wire
    status: int
    answer: bytes
    account: str
    region: str
    caller: Caller
    request_id: str
    time: dt.datetime


@dataclass(frozen=True, kw_only=True)
class Tags:
    """A resource's tags after a change, and how many changes there were."""

    version: int
    values: Mapping[str, str]


@dataclass(frozen=True, kw_only=True)
class Event:
    """What goes to EventBridge; it adds id, time, account and region."""

    source: str
    detail_type: str
    resources: tuple[str, ...]
    detail: Mapping[str, Any]


def events_of(call: Ec2Call, tags_of: Callable[[str], Tags]) -> tuple[Event, ...]:
    """All events of one call, in the order in which AWS tends to send them. Reads have none."""
    if call.action.startswith(READS):
        return ()
    return (_api_event(call), *_tag_events(call, tags_of))


def error_of(answer: bytes) -> tuple[str, str] | None:
    """Code and message of an XML answer, None if it is no error."""
    try:
        root = ET.fromstring(answer)
    except ET.ParseError:
        return None
    code, message = (
        next((e.text or "" for e in root.iter() if _local(e) == name), None) for name in ("Code", "Message")
    )
    return None if code is None else (code, message or "")


def resource_type(resource_id: str) -> str | None:
    """`vpc-endpoint` of `vpce-0123...`; None if the text is no id that we know."""
    match = _ID.fullmatch(resource_id)
    return TYPE_OF_PREFIX.get(match[1]) if match else None


def values_of_list(parameters: Mapping[str, str], name: str) -> list[str]:
    """`ResourceId.1`, `ResourceId.2`, ... in their order."""
    found = {int(m[1]): v for k, v in parameters.items() if (m := re.fullmatch(rf"{re.escape(name)}\.(\d+)", k))}
    return [found[n] for n in sorted(found)]


# --- AWS API Call via CloudTrail


def _api_event(call: Ec2Call) -> Event:
    failed = call.status >= 400  # noqa: PLR2004 -- HTTP
    detail: dict[str, Any] = {
        "eventVersion": "1.11",
        "userIdentity": _identity(call.caller, call.account),
        "eventTime": call.time.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "eventSource": "ec2.amazonaws.com",
        "eventName": call.action,
        "awsRegion": call.region,
        "sourceIPAddress": call.caller.source,
        "userAgent": call.caller.agent,
    }
    if failed:
        code, message = error_of(call.answer) or ("InternalError", "")
        detail["errorCode"] = f"{'Client' if call.status < 500 else 'Server'}.{code}"  # noqa: PLR2004 -- HTTP
        detail["errorMessage"] = message
    detail |= {
        "requestParameters": _request(call),
        "responseElements": None if failed else _response(call),
        "requestID": call.request_id,
        "eventID": str(uuid.uuid4()),
        "readOnly": False,
        "eventType": "AwsApiCall",
        "managementEvent": True,
        "recipientAccountId": call.account,
        "eventCategory": "Management",
    }
    if not call.caller.source.endswith(".amazonaws.com"):
        detail["tlsDetails"] = {
            "tlsVersion": "TLSv1.3",
            "cipherSuite": "TLS_AES_128_GCM_SHA256",
            "clientProvidedHostHeader": f"ec2.{call.region}.amazonaws.com",
        }
    return Event(source="aws.ec2", detail_type="AWS API Call via CloudTrail", resources=(), detail=detail)


def _identity(caller: Caller, account: str) -> dict[str, Any]:
    name = caller.arn.rsplit("/", 1)[-1]
    known = {"arn": caller.arn, "accountId": account, "accessKeyId": caller.access_key}
    service = {"invokedBy": caller.source} if caller.source.endswith(".amazonaws.com") else {}
    if ":assumed-role/" in caller.arn:
        role = caller.arn.split("/")[1]
        issuer = {
            "type": "Role",
            "principalId": "AROAEXAMPLE",
            "arn": f"arn:aws:iam::{account}:role/{role}",
            "accountId": account,
            "userName": role,
        }
        principal = {"type": "AssumedRole", "principalId": f"AROAEXAMPLE:{name}"}
        return {**principal, **known, "sessionContext": {"sessionIssuer": issuer, "attributes": {}}, **service}
    if ":user/" in caller.arn:
        return {"type": "IAMUser", "principalId": "AIDAEXAMPLE", **known, "userName": name, **service}
    return {"type": "Root", "principalId": account, **known, **service}


def _request(call: Ec2Call) -> dict[str, Any]:
    tree = _tree({k: v for k, v in call.parameters.items() if k not in ("Action", "Version")})
    if call.action in PLAIN:
        return {**_plain_request(tree, _input_shape(call.action), top=True), **_assumed(call.action, tree)}
    return {f"{call.action}Request": _wrapped_request(tree)}


def _response(call: Ec2Call) -> dict[str, Any]:
    root = ET.fromstring(call.answer)
    if call.action not in PLAIN:
        said = _wrapped_response(root)
        found = said if isinstance(said, dict) else {}
        return {f"{call.action}Response": {"xmlns": _XMLNS, **found, "requestId": call.request_id}}
    elements = _plain_response(root, _output_shape(call.action))
    elements = {("_return" if name == "return" else name): value for name, value in elements.items()}
    elements.pop("requestId", None)
    if call.action == "CreateVpc":
        elements["vpc"]["state"] = "pending"  # EC2 answers before the VPC is available
    if call.action == "CreateSecurityGroup":
        tags = _request(call).get("tagSpecificationSet", {}).get("items", [{"tags": []}])[0]["tags"]
        elements = {"_return": True, **elements, "tagSet": {"items": tags} if tags else {}}
    for rule in elements.get("securityGroupRuleSet", {}).get("items", []):
        rule.pop("tagSet", None)  # rules are told without it
    return {"requestId": call.request_id, **(elements or {"_return": True})}


# --- parameters as a tree: {"TagSpecification": {"1": {"Tag": {"1": {"Key": "a", "Value": "b"}}}}}


def _tree(parameters: Mapping[str, str]) -> dict[str, Any]:
    tree: dict[str, Any] = {}
    for name, value in parameters.items():
        *path, last = name.split(".")
        node = tree
        for part in path:
            node = node.setdefault(part, {})
        node[last] = value
    return tree


def _elements(node: object) -> list[Any] | None:
    """The elements of a numbered node; None if it is no list."""
    if not isinstance(node, dict) or not node or not all(key.isdigit() for key in node):
        return None
    return [node[key] for key in sorted(node, key=int)]


# --- the plain way


def _plain_request(node: Mapping[str, Any], shape: Any, *, top: bool = False) -> dict[str, Any]:
    written: dict[str, Any] = {}
    for name, value in node.items():
        member = _member(shape, name)
        elements = _elements(value)
        if elements is None:
            written[_lower(name)] = _plain_request(value, member) if isinstance(value, dict) else _typed(value, member)
            continue
        element = getattr(member, "member", None)
        items = [
            _plain_request(e, element) if isinstance(e, dict) else {_lower(name): _typed(e, element)} for e in elements
        ]
        if name == "Tag" and not top:
            written["tags"] = items
        else:
            listed = LIST_NAMES.get(name, f"{_lower(name)}Set") if top else _lower(name)
            written[listed] = {"items": items}
    if getattr(shape, "name", "") == "IpPermission":
        written = {**written, **{name: written.get(name, {}) for name in _LISTS_OF_A_PERMISSION}}
    return written


_LISTS_OF_A_PERMISSION = ("groups", "ipRanges", "ipv6Ranges", "prefixListIds")


def _assumed(action: str, tree: Mapping[str, Any]) -> dict[str, Any]:
    said = {_lower(name) for name in tree}
    assumed = {name: value for name, value in ASSUMED.get(action, {}).items() if name not in said}
    if action.startswith(("AuthorizeSecurityGroup", "RevokeSecurityGroup")) and "ipPermissions" not in said:
        assumed["ipPermissions"] = {}
    return assumed


def _plain_response(element: ET.Element, shape: Any) -> dict[str, Any]:
    written: dict[str, Any] = {}
    for child in element:
        name = _local(child)
        member = _member(shape, name)
        if getattr(member, "type_name", "") == "list":
            items = [
                _plain_response(item, member.member) if len(item) else _typed(item.text or "", member.member)
                for item in child
            ]
            written[name] = {"items": items} if items else {}
        elif len(child):
            written[name] = _plain_response(child, member)
        else:
            written[name] = _typed(child.text or "", member)
    for name, member in _members(shape).items():  # an empty set is told
        if member.type_name == "list":
            written.setdefault(name, {})
    return written


def _typed(text: str, shape: Any) -> object:
    kind = getattr(shape, "type_name", "string")
    if kind == "boolean":
        return text.lower() == "true"
    if kind in ("integer", "long"):
        return int(text)
    return text


# --- the wrapped way


def _wrapped_request(node: Mapping[str, Any]) -> dict[str, Any]:
    written: dict[str, Any] = {}
    for name, value in node.items():
        elements = _elements(value)
        if elements is None:
            written[name] = _wrapped_request(value) if isinstance(value, dict) else _guessed(value)
            continue
        items = [
            {**(_wrapped_request(e) if isinstance(e, dict) else {"content": _guessed(e)}), "tag": number}
            for number, e in enumerate(elements, start=1)
        ]
        written[name] = items[0] if len(items) == 1 else items
    return written


def _wrapped_response(element: ET.Element) -> object:
    if not len(element):
        return _guessed(element.text or "")
    written: dict[str, Any] = {}
    for child in element:
        name, value = _local(child), _wrapped_response(child)
        if name not in written:
            written[name] = value
        elif isinstance(written[name], list):
            written[name].append(value)
        else:
            written[name] = [written[name], value]
    return written


def _guessed(text: str) -> object:
    """The type that a text looks like."""
    if text in ("true", "false"):
        return text == "true"
    if text == "null":
        return None
    if _INTEGER.fullmatch(text):
        return int(text)
    if _DECIMAL.fullmatch(text):
        return float(text)
    return text


# --- names and shapes of the API


def _local(element: ET.Element) -> str:
    return element.tag.rsplit("}", 1)[-1]


def _lower(name: str) -> str:
    return name[:1].lower() + name[1:]


@cache
def load_model() -> Any:
    """EC2 as botocore describes it."""
    return botocore.session.get_session().get_service_model("ec2")


def _input_shape(action: str) -> Any:
    return load_model().operation_model(action).input_shape


def _output_shape(action: str) -> Any:
    return load_model().operation_model(action).output_shape


def _members(shape: Any) -> dict[str, Any]:
    """Members by their lower camel-case names on the wire."""
    members = getattr(shape, "members", {})
    named = ((member.serialization, name, member) for name, member in members.items())
    return {_lower(on_wire.get("queryName") or on_wire.get("name") or name): member for on_wire, name, member in named}


def _member(shape: Any, wire_name: str) -> Any:
    return _members(shape).get(_lower(wire_name))


# --- Tag Change on Resource


def _tag_events(call: Ec2Call, tags_of: Callable[[str], Tags]) -> tuple[Event, ...]:
    """Changes of tags. Tags given at a resource's creation are no change."""
    if call.action not in ("CreateTags", "DeleteTags") or call.status >= 400:  # noqa: PLR2004 -- HTTP
        return ()
    keys = sorted({v for k, v in call.parameters.items() if re.fullmatch(r"Tag\.\d+\.Key", k)})
    events = []
    for resource_id in values_of_list(call.parameters, "ResourceId"):
        kind = resource_type(resource_id)
        if kind is None:
            continue
        now = tags_of(resource_id)
        detail = {
            "changed-tag-keys": keys,
            "service": "ec2",
            "resource-type": kind,
            "version": now.version,
            "tags": dict(now.values),
        }
        arn = f"arn:aws:ec2:{call.region}:{call.account}:{kind}/{resource_id}"
        events.append(Event(source="aws.tag", detail_type="Tag Change on Resource", resources=(arn,), detail=detail))
    return tuple(events)
