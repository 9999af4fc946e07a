"""What an endpoint policy lets through, and what its services need of it."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vpce.core.policy import ANY, Need, Passes, PolicyError, needs_of, read_policy, same_policy

LAYERS = Need(
    action="s3:GetObject", resource="arn:aws:s3:::prod-eu-west-1-starport-layer-bucket/*", is_awss=True, why="layers"
)
SEND = Need(action="sqs:SendMessage")
ANYTHING = Need(action="sqs:*")


def policy(*statements: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def allow(action: Any = "*", resource: Any = "*", **more: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Principal": "*", "Action": action, "Resource": resource} | more


def deny(action: Any = "*", resource: Any = "*", **more: Any) -> dict[str, Any]:
    return allow(action, resource, **more) | {"Effect": "Deny"}


MINE = {"StringEquals": {"aws:ResourceAccount": "123456789012"}}
NOT_MINE = {"StringNotEquals": {"aws:ResourceOrgID": "o-1"}}
NO_SERVICE = {"Bool": {"aws:PrincipalIsAWSService": "false"}}
MY_PEOPLE = {"StringEquals": {"aws:PrincipalAccount": "123456789012"}}


@pytest.mark.parametrize(
    ("text", "need", "expected"),
    [
        ("", SEND, Passes.YES),
        (policy(allow()), SEND, Passes.YES),
        (policy(allow("sqs:*")), SEND, Passes.YES),
        (policy(allow("SQS:sendmessage")), SEND, Passes.YES),
        (policy(allow("sqs:Send*")), SEND, Passes.YES),
        (policy(allow(["sns:Publish", "sqs:SendM?ssage"])), SEND, Passes.YES),
        (policy(allow("sns:*")), SEND, Passes.NO),
        (policy(allow("sqs:ReceiveMessage")), SEND, Passes.NO),
        (policy(allow(), deny("sqs:SendMessage")), SEND, Passes.NO),
        (policy(allow(), deny("sqs:SendMessage", Condition=NOT_MINE)), SEND, Passes.SOME),
        (policy(allow(), deny("sns:*")), SEND, Passes.YES),
        (policy(deny("sns:*")), SEND, Passes.NO),
        (policy(allow(Principal={"AWS": "*"})), SEND, Passes.YES),
        (policy(allow(Principal={"AWS": "arn:aws:iam::123456789012:root"})), SEND, Passes.SOME),
        (policy(allow(Condition=MY_PEOPLE)), SEND, Passes.SOME),
        (policy(allow("sqs:*", "arn:aws:sqs:eu-west-1:123456789012:mine")), SEND, Passes.SOME),
        (policy(allow(), deny("*", "arn:aws:sqs:eu-west-1:123456789012:secret")), SEND, Passes.SOME),
        (policy({"Effect": "Allow", "Principal": "*", "NotAction": "sqs:*", "Resource": "*"}), SEND, Passes.NO),
        (policy({"Effect": "Allow", "Principal": "*", "NotAction": "sns:*", "Resource": "*"}), SEND, Passes.YES),
        (policy(allow("sqs:ReceiveMessage")), ANYTHING, Passes.SOME),
        (policy(allow(), deny("sqs:ReceiveMessage")), ANYTHING, Passes.SOME),
        (policy(allow(), deny("sqs:*")), ANYTHING, Passes.NO),
        (policy(allow("sns:*")), ANYTHING, Passes.NO),
        (policy(allow("sns:*")), Need(action=ANY), Passes.SOME),
        (policy(deny("sns:*")), Need(action=ANY), Passes.NO),
        # AWS's own buckets belong to no account and organisation that a policy names.
        (policy(allow(Condition=MINE)), LAYERS, Passes.NO),
        (policy(allow(), deny(Condition=NOT_MINE)), LAYERS, Passes.NO),
        (policy(allow(), deny(Condition=NOT_MINE | NO_SERVICE)), LAYERS, Passes.SOME),
        (policy(allow(Condition=MY_PEOPLE)), LAYERS, Passes.SOME),
        (policy(allow("s3:*", "arn:aws:s3:::mine/*")), LAYERS, Passes.NO),
        (policy(allow("s3:*", "arn:aws:s3:::prod-*-starport-layer-bucket/*")), LAYERS, Passes.YES),
        (policy(allow("s3:*", "arn:aws:s3:::mine/*"), allow("s3:GetObject", LAYERS.resource)), LAYERS, Passes.YES),
        (policy(allow(Condition=MINE), allow("s3:GetObject", LAYERS.resource)), LAYERS, Passes.YES),
    ],
)  # fmt: skip
def test_a_request_passes_if_something_allows_it_and_nothing_denies_it(text: str, need: Need, expected: Passes) -> None:
    assert read_policy(text).passes(need) is expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", True),
        (policy(allow()), True),
        (policy(allow(Principal={"AWS": "*"})), True),
        (policy(allow(), allow("s3:*")), True),
        (policy(allow("s3:*")), False),
        (policy(allow(), deny("s3:DeleteBucket")), False),
        (policy(allow(Condition=MY_PEOPLE)), False),
        (policy(allow(Principal={"AWS": "123456789012"})), False),
    ],
)
def test_a_policy_is_open_if_it_holds_back_nobody(text: str, expected: bool) -> None:  # noqa: FBT001
    assert read_policy(text).is_open is expected


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("{", "no JSON"),
        ("[" * 100_000, "no JSON"),
        ("[]", "no Statement"),
        ("null", "no Statement"),
        ('{"Version": "2012-10-17"}', "no Statement"),
        ('{"Statement": [7]}', "statement 1 is no object"),
        ('{"Version": 2012, "Statement": []}', "the Version 2012"),
        ('{"Statement": [], "Statement": []}', "says Statement twice"),
        ('{"Statement": [], "Staement": []}', "the unknown Staement"),
        (policy(allow(Conditions=MINE)), "statement 1 has the unknown Conditions"),
        (policy(allow(), allow() | {"Effect": "allow"}), "statement 2 has the Effect 'allow'"),
        (policy({"Effect": "Allow", "Action": "*", "Resource": "*"}), "Principal"),
        (policy({"Effect": "Allow", "Principal": "*", "Resource": "*"}), "Action"),
        (policy(allow() | {"NotAction": "x"}), "Action"),
        (policy(allow(7)), "Action is no text"),
        (policy(allow(Condition=["x"])), "Condition"),
        (policy(allow(Condition={"StringEquals": "x"})), "Condition"),
    ],
)
def test_what_is_no_policy_is_told_with_its_place(text: str, says: str) -> None:
    with pytest.raises(PolicyError, match=says):
        read_policy(text)


JSONS = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.text(max_size=5), st.sampled_from(["*", "Allow", "Deny"])),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(
            st.sampled_from(
                [
                    "Statement",
                    "Effect",
                    "Principal",
                    "Action",
                    "Resource",
                    "NotAction",
                    "Condition",
                    "AWS",
                    "StringEquals",
                ]
            ),
            inner,
            max_size=5,
        ),
    ),
    max_leaves=20,
)


@given(JSONS)
def test_any_json_is_a_policy_or_told_to_be_none(document: Any) -> None:
    try:
        found = read_policy(json.dumps(document))
    except PolicyError:
        return
    assert found.passes(SEND) in set(Passes)


@pytest.mark.parametrize(
    ("condition", "context", "holds"),
    [
        ({"StringEquals": {"aws:PrincipalOrgID": "o-1"}}, {"aws:principalorgid": "o-1"}, True),
        ({"StringEquals": {"aws:PrincipalOrgID": ["o-2", "o-1"]}}, {"aws:principalorgid": "o-1"}, True),
        ({"StringEquals": {"aws:PrincipalOrgID": "o-1"}}, {"aws:principalorgid": "O-1"}, False),
        ({"StringEqualsIgnoreCase": {"aws:PrincipalOrgID": "o-1"}}, {"aws:principalorgid": "O-1"}, True),
        ({"StringEquals": {"aws:PrincipalOrgID": "o-1"}}, {}, False),
        ({"StringEqualsIfExists": {"aws:PrincipalOrgID": "o-1"}}, {}, True),
        ({"StringEqualsIfExists": {"aws:PrincipalOrgID": "o-1"}}, {"aws:principalorgid": "o-2"}, False),
        ({"StringNotEquals": {"aws:PrincipalOrgID": "o-1"}}, {}, True),
        ({"StringNotEquals": {"aws:PrincipalOrgID": ["o-1", "o-2"]}}, {"aws:principalorgid": "o-2"}, False),
        ({"StringLike": {"aws:PrincipalArn": "*:role/ci-*"}}, {"aws:principalarn": "arn:aws:iam::1:role/ci-9"}, True),
        ({"ArnNotLike": {"aws:PrincipalArn": "*:role/ci-*"}}, {"aws:principalarn": "arn:aws:iam::1:role/ci-9"}, False),
        ({"Bool": {"aws:PrincipalIsAWSService": True}}, {"aws:principalisawsservice": "true"}, True),
        ({"Bool": {"aws:PrincipalIsAWSService": "true"}}, {}, False),
        ({"Null": {"aws:ResourceAccount": "true"}}, {}, True),
        ({"Null": {"aws:ResourceAccount": "false"}}, {}, False),
        ({"StringEquals": {"aws:PrincipalOrgID": "o-1", "aws:userid": "x"}}, {"aws:principalorgid": "o-1"}, False),
    ],
)  # fmt: skip
def test_where_all_is_known_a_condition_holds_or_does_not(
    condition: dict[str, Any],
    context: dict[str, str],
    holds: bool,  # noqa: FBT001
) -> None:
    """https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html"""
    need = Need(action="sqs:SendMessage", context=context)

    assert read_policy(policy(allow(Condition=condition))).passes(need) is (Passes.YES if holds else Passes.NO)


def test_a_condition_that_we_do_not_know_may_hold_or_not() -> None:
    found = read_policy(policy(allow(Condition={"DateGreaterThan": {"aws:CurrentTime": "2026-01-01T00:00:00Z"}})))

    assert found.passes(Need(action="sqs:SendMessage", context={})) is Passes.SOME


def only(kind: str, principal: str) -> str:
    return policy(allow(Principal={kind: principal}))


def over_tls(key: str, value: Any) -> str:
    return policy(allow(Condition={"Bool": {key: value}}))


BASE = policy(allow(["sqs:SendMessage", "sqs:ReceiveMessage"], Condition=MINE), deny("sns:*"))


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        (BASE, json.dumps(json.loads(BASE), indent=4, sort_keys=True), True),
        (BASE, policy(deny("SNS:*", ["*"]), allow(["sqs:ReceiveMessage", "sqs:SendMessage"], Condition=MINE)), True),
        (BASE, policy(deny("sns:*", Sid="x"), *json.loads(BASE)["Statement"]), True),
        (BASE, policy(allow(["sqs:SendMessage", "sqs:ReceiveMessage"]), deny("sns:*")), False),
        (BASE, policy(allow("sqs:SendMessage", Condition=MINE), deny("sns:*")), False),
        ("", policy(allow()), True),
        (policy(allow()), json.dumps({"Statement": allow(Principal={"AWS": ["*"]})}), True),
        (only("AWS", "123456789012"), only("AWS", "arn:aws:iam::123456789012:root"), True),
        (only("AWS", "123456789012"), policy(allow()), False),
        (only("Service", "a.amazonaws.com"), only("Service", "b.amazonaws.com"), False),
        (policy(allow("*", "A")), policy(allow("*", "a")), False),
        (over_tls("aws:SecureTransport", True), over_tls("aws:securetransport", ["true"]), True),
        (over_tls("aws:SecureTransport", True), over_tls("aws:SecureTransport", "false"), False),
        # Variables are such in the newer language only.
        (policy(allow("*", "${aws:username}")), json.dumps({"Statement": allow("*", "${aws:username}")}), False),
        (policy(allow("*", "x")), json.dumps({"Statement": allow("*", "x")}), True),
        ("no policy", "no policy", True),
        ("no policy", BASE, False),
    ],
)  # fmt: skip
def test_policies_are_the_same_if_they_mean_the_same(one: str, other: str, same: bool) -> None:  # noqa: FBT001
    assert same_policy(one, other) is same
    assert same_policy(other, one) is same


@given(st.lists(st.sampled_from([allow(), allow("sqs:*"), deny("sqs:*"), deny(Condition=MINE)]), max_size=4))
def test_one_more_denial_never_lets_more_through(statements: list[dict[str, Any]]) -> None:
    order = [Passes.NO, Passes.SOME, Passes.YES]

    before = read_policy(policy(*statements)).passes(SEND)
    after = read_policy(policy(*statements, deny("sqs:SendMessage", Condition=MY_PEOPLE))).passes(SEND)

    assert order.index(after) <= order.index(before)


def test_ecr_needs_its_layers_and_instances_need_their_agents_buckets() -> None:
    ecr = needs_of("s3", frozenset({"ecr.dkr"}), "eu-west-1")
    instances = needs_of("s3", frozenset({"ssm", "ec2messages"}), "eu-west-1")

    assert [n.resource for n in ecr] == [LAYERS.resource]
    assert "arn:aws:s3:::amazon-ssm-eu-west-1/*" in {n.resource for n in instances}
    assert needs_of("s3", frozenset({"sqs"}), "eu-west-1") == ()


@pytest.mark.parametrize(
    ("service", "action"),
    [
        ("sqs", "sqs:*"),
        ("monitoring", "cloudwatch:*"),
        ("kinesis-firehose", "firehose:*"),
        ("some.new-service", ANY),
    ],
)
def test_any_service_needs_something_of_its_own_to_pass(service: str, action: str) -> None:
    assert needs_of(service, frozenset(), "eu-west-1") == (
        Need(action=action, resource=ANY, why="any call of the service"),
    )
