"""Does every event make vpce look where it must, and does the template let just those through?"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from vpce.core.events import CALLS, DELETIONS, IN_USE, Ignored, Look, look_again, shape_of, where_to_look
from vpce.core.model import Place

ROOT = Path(__file__).parents[2]
EVENTS = {file.stem: json.loads(file.read_text(encoding="utf-8")) for file in sorted((ROOT / "events").glob("*.json"))}
FAILED = sorted(name for name in EVENTS if name.endswith("_failed"))

RECORDED_VPC = "vpc-06fe1a64761a0f720"
VPC, OTHER_VPC = "vpc-0a1b2c3d4e5f60718", "vpc-0f9e8d7c6b5a40312"
RECORDED = Place(account="123837392027", region="us-east-1")
WRITTEN = Place(account="123456789012", region="eu-west-1")


Seen = tuple[Place, frozenset[str], frozenset[str], frozenset[str]]


def look(place: Place, *vpcs: str, new: bool = False, blocked: str = "") -> Seen:
    return place, frozenset(vpcs), frozenset(vpcs) if new else frozenset(), frozenset(filter(None, [blocked]))


def everywhere(place: Place) -> Seen:
    return look(place)


POINTS_AT: dict[str, Seen | str] = {
    "AssociateDhcpOptions": look(WRITTEN, VPC),
    "AssociateRouteTable": "AssociateRouteTable changes nothing that endpoints depend on",
    "AssociateSubnetCidrBlock": everywhere(WRITTEN),
    "AssociateSubnetCidrBlock_items": everywhere(WRITTEN),
    "AssociateVpcCidrBlock": look(WRITTEN, VPC),
    "AssociateVpcCidrBlock_items": look(WRITTEN, VPC),
    "AuthorizeSecurityGroupIngress": "AuthorizeSecurityGroupIngress changes nothing that endpoints depend on",
    "CreateDefaultSubnet": look(WRITTEN, VPC),
    "CreateDefaultVpc": look(WRITTEN, VPC),
    "CreateFlowLogs": "CreateFlowLogs changes nothing that endpoints depend on",
    "CreateNatGateway": "CreateNatGateway changes nothing that endpoints depend on",
    "CreateNetworkInterface": "CreateNetworkInterface changes nothing that endpoints depend on",
    "CreateRoute": "CreateRoute changes nothing that endpoints depend on",
    "CreateRouteTable": look(RECORDED, RECORDED_VPC),
    "CreateSecurityGroup": "CreateSecurityGroup changes nothing that endpoints depend on",
    "CreateSubnet": look(RECORDED, RECORDED_VPC),
    "CreateTags": "CreateTags touched no VPC",
    "CreateTags_failed": "CreateTags failed (Client.UnauthorizedOperation); it changed nothing",
    "CreateTags_vpc": look(WRITTEN, VPC, OTHER_VPC),
    "CreateVpc": look(RECORDED, RECORDED_VPC, new=True),
    "CreateVpcEndpoint": "CreateVpcEndpoint changes nothing that endpoints depend on",
    "CreateVpc_cloudformation": look(WRITTEN, VPC, new=True),
    "CreateVpc_failed": "CreateVpc failed (Client.VpcLimitExceeded); it changed nothing",
    "DeleteRouteTable": "DeleteRouteTable changes nothing that endpoints depend on",
    "DeleteSecurityGroup_blocked": look(WRITTEN, blocked="sg-0918273645afbecd0"),
    "DeleteSecurityGroup_blocked_name": look(WRITTEN, blocked="web"),
    "DeleteSubnet": everywhere(RECORDED),
    "DeleteSubnet_blocked": look(WRITTEN, blocked="subnet-0d4c3b2a190817263"),
    "DeleteTags": look(WRITTEN, VPC),
    "DeleteTags_endpoint": "DeleteTags touched no VPC",
    "DeleteVpc": "DeleteVpc changes nothing that endpoints depend on",
    "DeleteVpcEndpoints": everywhere(WRITTEN),
    "DeleteVpcEndpoints_several": everywhere(WRITTEN),
    "DeleteVpc_blocked": look(WRITTEN, VPC, blocked=VPC),
    "DisassociateRouteTable": "DisassociateRouteTable changes nothing that endpoints depend on",
    "DisassociateVpcCidrBlock": look(WRITTEN, VPC),
    "DisassociateVpcCidrBlock_wrapped": look(WRITTEN, VPC),
    "LookAgain": look(WRITTEN, VPC, new=True),
    "ModifyVpcAttribute": look(WRITTEN, VPC),
    "ModifyVpcAttribute_wrapped": look(WRITTEN, VPC),
    "ModifyVpcEndpoint": everywhere(WRITTEN),
    "ModifyVpcEndpoint_failed": "ModifyVpcEndpoint failed (Client.IncorrectState); it changed nothing",
    "ModifyVpcEndpoint_items": everywhere(WRITTEN),
    "RevokeSecurityGroupEgress_failed": (
        "RevokeSecurityGroupEgress failed (Client.InvalidPermission.NotFound); it changed nothing"
    ),
    "RevokeSecurityGroupIngress": everywhere(RECORDED),
    "TagChange_subnet": "a tag changed on ec2/subnet, not on a VPC",
    "TagChange_tagged": look(WRITTEN, VPC),
    "TagChange_untagged": look(WRITTEN, VPC),
}


# ---- where to look ------------------------------------------------------------------------------------------------


def test_every_event_file_has_a_row_and_every_row_a_file() -> None:
    assert [*EVENTS] == sorted(POINTS_AT)


@pytest.mark.parametrize("name", POINTS_AT)
def test_an_event_points_where_it_must(name: str) -> None:
    seen = where_to_look(EVENTS[name])

    at = seen.why if isinstance(seen, Ignored) else (seen.place, seen.vpcs, seen.new, seen.blocked)
    assert POINTS_AT[name] == at


@pytest.mark.parametrize("name", [n for n in POINTS_AT if n not in {"CreateVpcEndpoint", "LookAgain"} | {*FAILED}])
def test_a_bare_cloudtrail_record_points_where_its_event_does(name: str) -> None:
    """People paste what CloudTrail shows them."""
    event = EVENTS[name]
    record = event["detail"] if "eventName" in event["detail"] else event

    assert where_to_look(event) == where_to_look(record)


@pytest.mark.parametrize("name", [n for n, e in EVENTS.items() if isinstance(where_to_look(e), Look)])
def test_a_look_says_why_and_when(name: str) -> None:
    """An event without a time makes no VPC new."""
    seen = where_to_look(EVENTS[name])

    assert isinstance(seen, Look)
    assert seen.why
    assert seen.time == EVENTS[name]["time"]


def test_the_readme_names_every_event_file() -> None:
    words = (ROOT / "events" / "README.md").read_text(encoding="utf-8").replace(",", " ").split()

    assert not [name for name in EVENTS if name not in words]


@pytest.mark.parametrize("name", CALLS)
def test_every_call_that_matters_has_an_event_file(name: str) -> None:
    assert [e for e in EVENTS.values() if e["detail"].get("eventName") == name and "errorCode" not in e["detail"]]


def record(name: str, request: Any = None, response: Any = None, **changes: Any) -> dict[str, Any]:
    made = {
        "eventSource": "ec2.amazonaws.com",
        "eventName": name,
        "awsRegion": WRITTEN.region,
        "recipientAccountId": WRITTEN.account,
        "requestParameters": request,
        "responseElements": response,
    }
    return made | changes


def test_tag_values_that_look_like_vpc_ids_are_not_taken_for_vpcs() -> None:
    """Whoever may tag a subnet must not choose where vpce looks."""
    tags = {"items": [{"key": "peer", "value": OTHER_VPC}]}
    specification = {"items": [{"resourceType": "vpc", "tags": tags["items"]}]}
    plain = record("CreateVpc", {"tagSpecificationSet": specification}, {"vpc": {"vpcId": VPC, "tagSet": tags}})
    wrapped = record(
        "AssociateVpcCidrBlock",
        {
            "AssociateVpcCidrBlockRequest": {
                "VpcId": VPC,
                "TagSpecification": {"tag": 1, "Tag": {"Key": "peer", "Value": OTHER_VPC, "tag": 1}},
            }
        },
    )
    tagging = record("CreateTags", {"resourcesSet": {"items": [{"resourceId": VPC}]}, "tagSet": tags})
    change = {
        **EVENTS["TagChange_tagged"],
        "detail": {**EVENTS["TagChange_tagged"]["detail"], "tags": {"p": OTHER_VPC}},
    }

    for event in (plain, wrapped, tagging, change):
        seen = where_to_look(event)
        assert isinstance(seen, Look)
        assert frozenset({VPC}) == seen.vpcs


def test_tagging_a_subnet_with_a_vpc_id_looks_nowhere() -> None:
    request = {
        "resourcesSet": {"items": [{"resourceId": "subnet-0d4c3b2a190817263"}]},
        "tagSet": {"items": [{"v": VPC}]},
    }

    assert where_to_look(record("CreateTags", request)) == Ignored(why="CreateTags touched no VPC")


@pytest.mark.parametrize("text", ["vpc-cidr-assoc-0c1d2e3f405162738", "vpce-0b1c2d3e4f5061728", f"x{VPC}", VPC.upper()])
def test_only_whole_vpc_ids_are_vpcs(text: str) -> None:
    seen = where_to_look(record("ModifyVpcAttribute", {"vpcId": text}))

    assert isinstance(seen, Look)
    assert not seen.vpcs


def test_old_short_ids_are_vpcs_too() -> None:
    seen = where_to_look(record("ModifyVpcAttribute", {"vpcId": "vpc-1a2b3c4d"}))

    assert isinstance(seen, Look)
    assert frozenset({"vpc-1a2b3c4d"}) == seen.vpcs


@pytest.mark.parametrize(
    "changes",
    [
        {"recipientAccountId": 12345678901},
        {"recipientAccountId": None, "userIdentity": {"accountId": 12345678901}},
        {"recipientAccountId": None, "responseElements": {"XResponse": {"vpc": {"ownerId": 12345678901}}}},
        {"recipientAccountId": None, "responseElements": {"set": {"items": [{"ownerId": 12345678901}]}}},
    ],
)
def test_an_account_written_as_a_number_gets_its_zeros_back(changes: dict[str, Any]) -> None:
    """The wrapped style turns what looks like a number into one."""
    seen = where_to_look(record("ModifyVpcAttribute", {"vpcId": VPC}, **changes))

    assert isinstance(seen, Look)
    assert Place(account="012345678901", region="eu-west-1") == seen.place


def test_a_call_without_account_or_region_is_ignored_and_says_what_it_was_like() -> None:
    seen = where_to_look({"eventSource": "ec2.amazonaws.com", "eventName": "CreateVpc"})

    assert seen == Ignored(why="CreateVpc names no account and region: {eventName: str, eventSource: str}")


def test_a_call_of_another_service_is_ignored() -> None:
    """Lightsail and others have operations of the same names."""
    seen = where_to_look(record("CreateTags", eventSource="lightsail.amazonaws.com"))

    assert seen == Ignored(why="lightsail.amazonaws.com is not EC2")


def test_an_error_code_without_a_value_is_no_failure() -> None:
    """Some exports of CloudTrail write every field."""
    assert isinstance(where_to_look(record("CreateVpc", {}, {"vpc": {"vpcId": VPC}}, errorCode=None)), Look)


def test_a_default_vpc_is_not_new() -> None:
    """The default profile is not for default VPCs."""
    seen = where_to_look(EVENTS["CreateDefaultVpc"])

    assert isinstance(seen, Look)
    assert not seen.new


@pytest.mark.parametrize(
    ("name", "parameters"),
    [
        ("DeleteVpc", {"vpcId": "vpc-"}),
        ("DeleteVpc", {"subnetId": "subnet-0d4c3b2a190817263"}),
        ("DeleteSubnet", {"subnetId": VPC}),
        ("DeleteSecurityGroup", {"groupId": VPC}),
        ("DeleteSecurityGroup", {"groupName": VPC}),
        ("DeleteSecurityGroup", {"groupName": "subnet-0d4c3b2a190817263"}),
        ("DeleteSecurityGroup", None),
    ],
)
def test_what_could_not_be_deleted_is_known_by_the_parameter_that_is_for_it(name: str, parameters: Any) -> None:
    """People choose the names of groups: none must be taken for a VPC."""
    assert isinstance(where_to_look(record(name, parameters, errorCode="Client.DependencyViolation")), Ignored)


def test_a_wrapped_deletion_is_understood_as_well() -> None:
    seen = where_to_look(record("DeleteVpc", {"DeleteVpcRequest": {"VpcId": VPC}}, errorCode="DependencyViolation"))

    assert isinstance(seen, Look)
    assert seen.blocked == {VPC}


@pytest.mark.parametrize(
    "code", ["Client.InvalidVpcID.NotFound", "Client.UnauthorizedOperation", "Client.CannotDelete"]
)
def test_a_deletion_that_failed_otherwise_is_ignored(code: str) -> None:
    assert isinstance(where_to_look(record("DeleteVpc", {"vpcId": VPC}, errorCode=code)), Ignored)


def test_our_own_message_comes_back_as_the_look_it_was() -> None:
    sent = Look(
        place=WRITTEN,
        vpcs=frozenset({VPC, OTHER_VPC}),
        blocked=frozenset({VPC, "web"}),
        new=frozenset({VPC}),
        why="going on where the last look ended",
        time="2026-11-02T09:15:00Z",
        since="2026-11-02T09:20:00+00:00",
    )

    assert sent == where_to_look(json.loads(json.dumps(look_again(sent, message_id="1"))))


def test_two_messages_of_ours_differ_though_they_say_the_same() -> None:
    """The queue drops a second message with the same body."""
    sent = Look(place=WRITTEN, vpcs=frozenset({VPC}), why="again")

    assert look_again(sent, message_id="1") != look_again(sent, message_id="2")


def test_the_recorded_message_of_ours_is_as_we_write_it() -> None:
    sent = where_to_look(EVENTS["LookAgain"])

    assert isinstance(sent, Look)
    assert EVENTS["LookAgain"] == look_again(sent, message_id=EVENTS["LookAgain"]["id"])


# ---- documents of any kind ----------------------------------------------------------------------------------------

SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=12) | st.sampled_from([VPC, "ec2"])
KEYS = st.text(max_size=8) | st.sampled_from(["ownerId", "vpcId", "items", "tag", "accountId", "service", "since"])
JSON = st.recursive(SCALARS, lambda j: st.lists(j, max_size=3) | st.dictionaries(KEYS, j, max_size=4), max_leaves=12)


def likely(**fields: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    """Documents with the right keys, or some of them, and anything under them."""
    return st.fixed_dictionaries({}, optional={key: value | JSON for key, value in fields.items()})


RECORDS = likely(
    eventSource=st.just("ec2.amazonaws.com"),
    eventName=st.sampled_from([*CALLS, *DELETIONS, "CreateVpcEndpoint"]),
    awsRegion=st.just("eu-west-1"),
    recipientAccountId=st.just("123456789012"),
    userIdentity=JSON,
    requestParameters=JSON | st.dictionaries(st.sampled_from(["vpcId", "groupName"]), JSON),
    responseElements=JSON,
    errorCode=st.sampled_from(sorted(IN_USE)),
)
TAGS = likely(**{"service": st.just("ec2"), "resource-type": st.just("vpc"), "tags": JSON})
OWN = likely(vpcs=JSON, blocked=JSON, new=JSON, since=JSON, why=JSON)
ENVELOPES = likely(
    source=st.sampled_from(["aws.ec2", "aws.tag", "vpce"]),
    account=st.just("123456789012"),
    region=st.just("eu-west-1"),
    time=st.just("2026-11-02T09:15:00Z"),
    resources=st.lists(st.just(f"arn:aws:ec2:eu-west-1:123456789012:vpc/{VPC}") | JSON),
    detail=RECORDS | TAGS | OWN,
)


@given(JSON | RECORDS | ENVELOPES)
def test_no_document_makes_it_raise(document: Any) -> None:
    """A message that nobody can read must not block its group."""
    seen = where_to_look(document)

    assert isinstance(seen, Look | Ignored)
    assert isinstance(seen.why, str)
    if isinstance(seen, Look):
        assert all(v == VPC for v in seen.vpcs | seen.new)


def test_no_depth_makes_it_raise() -> None:
    """JSON may nest deeper than Python calls."""
    deep: Any = VPC
    for _ in range(5_000):
        deep = [{"ownerId": deep}]

    for event in (
        record("ModifyVpcAttribute", {"vpcId": VPC}, deep),
        record("ModifyVpcAttribute", deep, recipientAccountId=None),
        record("ModifyVpcAttribute", {"vpcId": VPC}, deep, recipientAccountId=None),
        {**EVENTS["LookAgain"], "detail": {"vpcs": deep}},
    ):
        assert isinstance(where_to_look(event), Look | Ignored)


@pytest.mark.parametrize("document", [None, True, 7, "CreateVpc", [], [{}], {}, {"detail": None}, {"source": "vpce"}])
def test_what_is_no_event_is_ignored(document: Any) -> None:
    assert isinstance(where_to_look(document), Ignored)


def test_an_unknown_document_is_told_by_its_outline_only() -> None:
    """Its values may be secret."""
    assert shape_of({"password": "hunter2", 1: [2]}) == "{1: list, password: str}"
    assert shape_of("hunter2") == "str"


# ---- the template's rules -----------------------------------------------------------------------------------------


class Template(yaml.SafeLoader):
    """YAML with CloudFormation's short functions, which say nothing about patterns."""


def _any_tag(loader: yaml.SafeLoader, _suffix: str, node: yaml.Node) -> Any:
    match node:
        case yaml.MappingNode():
            return loader.construct_mapping(node, deep=True)
        case yaml.SequenceNode():
            return loader.construct_sequence(node, deep=True)
        case _:
            return node.value


Template.add_multi_constructor("!", _any_tag)
RESOURCES = yaml.load((ROOT / "template.yaml").read_text(encoding="utf-8"), Template)["Resources"]
PATTERNS: dict[str, Any] = {
    name: resource["Properties"]["EventPattern"]
    for name, resource in RESOURCES.items()
    if resource["Type"] == "AWS::Events::Rule" and "EventPattern" in resource["Properties"]
}


def matches(pattern: Any, event: Any) -> bool:
    """EventBridge's rule language, as far as the template uses it: exact, prefix, exists, anything-but.

    https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-create-pattern-operators.html
    """
    if isinstance(event, list):
        return any(matches(pattern, one) for one in event)
    if not isinstance(event, dict):
        return False
    return all(
        matches(wanted, event.get(key, {})) if isinstance(wanted, dict) else _leaf(wanted, event, key)
        for key, wanted in pattern.items()
    )


def _leaf(wanted: list[Any], event: dict[str, Any], key: str) -> bool:
    values = event[key] if isinstance(event.get(key), list) else [event[key]] if key in event else []
    return any(_one(operator, values, is_there=key in event) for operator in wanted)


def _one(operator: Any, values: list[Any], *, is_there: bool) -> bool:
    match operator:
        case {"exists": expected}:
            return bool(expected) is is_there
        case {"anything-but": unwanted}:
            return any(v != unwanted for v in values)
        case {"prefix": prefix}:
            return any(isinstance(v, str) and v.startswith(prefix) for v in values)
        case dict():
            # EventBridge has more operators; one that is not known here must not pass as a match.
            raise NotImplementedError(f"the template uses {operator}; teach the test")
        case _:
            return operator in values


def rules_that_match(event: Any) -> list[str]:
    return [name for name, pattern in PATTERNS.items() if matches(pattern, event)]


def test_the_rules_name_exactly_the_calls_that_matter() -> None:
    named = {rule: p["detail"].get("eventName", []) for rule, p in PATTERNS.items()}

    assert sorted(named.pop("DeletionBlocked")) == sorted(DELETIONS)
    assert frozenset(PATTERNS["DeletionBlocked"]["detail"]["errorCode"]) == IN_USE
    assert sorted(CALLS) == sorted(name for names in named.values() for name in names)


@pytest.mark.parametrize(
    "name", [n for n, e in EVENTS.items() if isinstance(where_to_look(e), Look) and e["source"] != "vpce"]
)
def test_an_event_to_look_at_passes_one_rule(name: str) -> None:
    """None, and it is lost; two, and it comes twice."""
    assert len(rules_that_match(EVENTS[name])) == 1


@pytest.mark.parametrize("name", [n for n, e in EVENTS.items() if isinstance(where_to_look(e), Ignored)])
def test_an_event_to_ignore_passes_no_rule(name: str) -> None:
    """Every message costs a run of the function."""
    assert rules_that_match(EVENTS[name]) == []


def test_failed_calls_pass_no_rule() -> None:
    assert FAILED
    assert [name for name in FAILED if rules_that_match(EVENTS[name])] == []


def test_a_deletion_of_ours_that_failed_passes_no_rule() -> None:
    """Each would bring another look, and each look another try."""
    event = json.loads(json.dumps(EVENTS["DeleteSecurityGroup_blocked"]))
    event["detail"]["userIdentity"]["sessionContext"]["sessionIssuer"]["arn"] = "ReconcileRole.Arn"

    assert rules_that_match(EVENTS["DeleteSecurityGroup_blocked"]) == ["DeletionBlocked"]
    assert rules_that_match(event) == []


def test_our_own_message_passes_no_rule() -> None:
    """It goes straight to the queue; a rule would send it round and round."""
    assert rules_that_match(EVENTS["LookAgain"]) == []


def test_a_tag_that_is_not_ours_passes_no_rule() -> None:
    event = EVENTS["TagChange_tagged"]
    renamed = {**event, "detail": {**event["detail"], "changed-tag-keys": ["Name"]}}

    assert rules_that_match(event) == ["VpcTagChanged"]
    assert rules_that_match(renamed) == []


def test_every_rule_sends_to_the_queue_in_the_group_of_its_place() -> None:
    """One writer per account and region."""
    for name in PATTERNS:
        (target,) = RESOURCES[name]["Properties"]["Targets"]
        assert target["Arn"] == "Queue.Arn"
        assert target["SqsParameters"]["MessageGroupId"] == "${AWS::AccountId}/${AWS::Region}"
