"""Do the endpoint policies that we ship let through what the services need, and nobody else?

Each request is simulated with all that its conditions look at: who asks, and whose the thing is.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import pytest

from tests.factories import ACCOUNT, PLACE
from vpce.aws.parameters import shipped_profiles
from vpce.core.lent import partition_of
from vpce.core.policies import FULL_ACCESS, MOST_CHARACTERS, EndpointPolicy, PolicyFile, policy_in
from vpce.core.policy import Need, Passes, PolicyError, needs_of, read_policy
from vpce.core.profile import read_profiles

if TYPE_CHECKING:
    from collections.abc import Iterator

    from vpce.core.model import Place

PROFILES = read_profiles(shipped_profiles()).tables
OURS, THEIRS = "o-aaaaaaaaaa", "o-zzzzzzzzzz"
STRANGER = "999999999999"
POLICIES = {
    "open": EndpointPolicy(name="open"),
    "organization": EndpointPolicy(name="organization", organization=OURS),
    "account": EndpointPolicy(name="organization"),
}
CLOSED = ("organization", "account")
PLACES = [replace(PLACE, region=region) for region in ("eu-west-1", "me-south-1", "us-gov-west-1", "cn-north-1")]


@dataclass(frozen=True, slots=True, kw_only=True)
class Somebody:
    """Who asks, or whose a thing is."""

    account: str = ""
    organization: str = ""
    is_service: bool = False


US = Somebody(account=ACCOUNT, organization=OURS)
COLLEAGUE = Somebody(account="210987654321", organization=OURS)
"""Another account of the organisation."""
OUTSIDER = Somebody(account=STRANGER, organization=THEIRS)
LONER = Somebody(account=STRANGER)
"""In no organisation."""
AWS = Somebody(account="000000000000", organization="o-amazonaws1")
SERVICE = Somebody(is_service=True)
NOBODY = Somebody()
"""Unsigned; or, of a thing, nobody whom AWS tells."""


def request(action: str, resource: str = "*", *, by: Somebody = US, of: Somebody = US) -> Need:
    """https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html"""
    context = {
        "aws:principalaccount": by.account,
        "aws:principalorgid": by.organization,
        "aws:resourceaccount": of.account,
        "aws:resourceorgid": of.organization,
        "aws:principalisawsservice": "true" if by.is_service else "false" if by.account else "",
    }
    return Need(action=action, resource=resource, context={k: v for k, v in context.items() if v})


def passes(policy: str, service: str, need: Need, place: Place = PLACE) -> bool:
    """Through the endpoint of a service; where all is known, nothing passes by half."""
    verdict = read_policy(POLICIES[policy].of(service, place)).passes(need)
    assert verdict is not Passes.SOME
    return verdict is Passes.YES


def s3(bucket: str, place: Place = PLACE) -> str:
    return f"arn:{partition_of(place.region)}:s3:::{bucket}/x"


# ---- what is needed -----------------------------------------------------------------------------------------------

CALLS = {
    "autoscaling": ["autoscaling:DescribeAutoScalingGroups", "autoscaling:SetDesiredCapacity"],
    "dynamodb": ["dynamodb:GetItem", "dynamodb:PutItem"],
    "ec2": ["ec2:DescribeInstances", "ec2:CreateVolume", "ec2:AttachNetworkInterface", "ec2:RunInstances"],
    "ec2messages": ["ec2messages:GetMessages", "ec2messages:SendReply"],
    "ecr.api": ["ecr:GetAuthorizationToken", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"],
    "ecr.dkr": ["ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"],
    "ecs": ["ecs:DescribeTasks", "ecs:RegisterContainerInstance"],
    "ecs-agent": ["ecs:Poll", "ecs:DiscoverPollEndpoint"],
    "ecs-telemetry": ["ecs:StartTelemetrySession"],
    "eks": ["eks:DescribeCluster"],
    "eks-auth": ["eks-auth:AssumeRoleForPodIdentity"],
    "elasticloadbalancing": ["elasticloadbalancing:RegisterTargets"],
    "kms": ["kms:Decrypt", "kms:GenerateDataKey"],
    "lambda": ["lambda:InvokeFunction"],
    "logs": ["logs:CreateLogStream", "logs:PutLogEvents"],
    "monitoring": ["cloudwatch:PutMetricData"],
    "oidc-eks": [],
    "s3": ["s3:GetObject", "s3:PutObject", "s3:ListBucket"],
    "secretsmanager": ["secretsmanager:GetSecretValue"],
    "sns": ["sns:Publish"],
    "sqs": ["sqs:SendMessage", "sqs:ReceiveMessage"],
    "ssm": ["ssm:GetParameter", "ssm:UpdateInstanceInformation", "ssm:PutInventory"],
    "ssmmessages": ["ssmmessages:OpenDataChannel", "ssmmessages:CreateControlChannel"],
    "sts": ["sts:AssumeRole", "sts:GetCallerIdentity"],
    "xray": ["xray:PutTraceSegments"],
}
"""Service → calls of our own people on our own things."""


def lent(service: str, place: Place) -> Iterator[Need]:  # noqa: C901  one case per service
    """Calls on what AWS owns, or of people who are nobody yet."""
    region, arn = place.region, f"arn:{partition_of(place.region)}"
    match service:
        case "s3":
            for bucket in (
                f"prod-{region}-starport-layer-bucket",
                f"amazon-ssm-{region}",
                f"aws-ssm-{region}",
                f"al2023-repos-{region}-de612dc2",
                f"amazonlinux-2-repos-{region}",
                f"amazoncloudwatch-agent-{region}",
                f"patch-baseline-snapshot-{region}{'-uduvl7q8' if region == 'me-south-1' else ''}",
            ):
                for who in (NOBODY, AWS, US):  # unsigned, by a signed URL, or with an instance's own role
                    yield request("s3:GetObject", s3(bucket, place), by=who, of=AWS)
            for bucket in (
                f"cloudformation-waitcondition-{region}",
                f"cloudformation-custom-resource-response-{region.replace('-', '')}",
            ):
                for who in (SERVICE, AWS):
                    yield request("s3:PutObject", s3(bucket, place), by=who, of=AWS)
        case "sts":
            role = f"{arn}:iam::{ACCOUNT}:role/pod"
            yield request("sts:AssumeRoleWithWebIdentity", role, by=NOBODY)
            yield request("sts:TagSession", role, by=NOBODY)
            yield request("sts:AssumeRoleWithSAML", role, by=NOBODY)
        case "ecr.api" | "ecr.dkr":
            eks = {"us-gov-west-1": "013241004608", "cn-north-1": "918309763551", "me-south-1": "558608220178"}
            account = eks.get(region, "602401143452")
            images = f"{arn}:ecr:{region}:{account}:repository/eks/coredns"
            yield request("ecr:BatchGetImage", images, of=Somebody(account=account))
            yield request("ecr:GetDownloadUrlForLayer", images, of=Somebody(account=account))
        case "ssm":
            yield request("ssm:GetParameters", f"{arn}:ssm:{region}::parameter/aws/service/eks/optimized-ami/x", of=AWS)
            yield request("ssm:GetDocument", f"{arn}:ssm:{region}::document/AWS-RunShellScript", of=AWS)
            yield request("ssm:StartSession", f"{arn}:ssm:{region}::document/AWS-StartSSHSession", of=AWS)
            yield request("ssm:StartAutomationExecution", f"{arn}:ssm:{region}::automation-definition/AWS-X:1", of=AWS)
        case "ec2":
            yield request("ec2:RunInstances", f"{arn}:ec2:{region}::image/ami-1", of=AWS)
            yield request("ec2:GetManagedPrefixListEntries", f"{arn}:ec2:{region}:aws:prefix-list/pl-1", of=AWS)
            yield request("ec2:CreateVpcEndpoint", f"{arn}:ec2:{region}:{ACCOUNT}:vpc/vpc-1", of=NOBODY)
        case "oidc-eks":
            yield request("any:thing", by=NOBODY, of=NOBODY)
        case _:
            pass


@pytest.mark.parametrize("policy", POLICIES)
@pytest.mark.parametrize("profile", PROFILES)
def test_every_service_of_a_shipped_profile_can_be_used_under_every_policy(profile: str, policy: str) -> None:
    for place in PLACES:
        for service in (*PROFILES[profile].gateway, *PROFILES[profile].interface):
            for need in (*(request(call) for call in CALLS[service]), *lent(service, place)):
                assert passes(policy, service, need, place), (service, need, place.region)


@pytest.mark.parametrize("policy", POLICIES)
@pytest.mark.parametrize("profile", PROFILES)
def test_the_audit_finds_no_policy_that_we_ship_to_block_a_profile(profile: str, policy: str) -> None:
    interfaces = frozenset(PROFILES[profile].interface)
    for place in PLACES:
        for service in (*PROFILES[profile].gateway, *interfaces):
            found = read_policy(POLICIES[policy].of(service, place))
            for need in needs_of(service, interfaces, place.region):
                assert found.passes(need) is not Passes.NO, (service, need)


def test_images_layers_agents_and_packages_are_read_from_their_own_partition() -> None:
    place = replace(PLACE, region="cn-north-1")
    text = POLICIES["account"].of("s3", place)

    assert "arn:aws-cn:s3:::prod-cn-north-1-starport-layer-bucket/*" in text
    assert "arn:aws:" not in text


def test_a_colleague_of_the_organization_is_one_of_us_and_none_of_the_account() -> None:
    by_them, to_theirs = request("sqs:SendMessage", by=COLLEAGUE), request("sqs:SendMessage", of=COLLEAGUE)

    assert [passes("organization", "sqs", need) for need in (by_them, to_theirs)] == [True, True]
    assert [passes("account", "sqs", need) for need in (by_them, to_theirs)] == [False, False]


@pytest.mark.parametrize("policy", CLOSED)
def test_fips_endpoints_get_the_policy_of_their_service(policy: str) -> None:
    for service, fips in (("ecr.api", "ecr-fips.api"), ("ssm", "ssm-fips"), ("sts", "sts-fips")):
        assert POLICIES[policy].of(fips, PLACE) == POLICIES[policy].of(service, PLACE)


@pytest.mark.parametrize(
    ("service", "need"),
    [
        ("ebs", request("ebs:PutSnapshotBlock", of=NOBODY)),
        ("bedrock-runtime", request("bedrock:InvokeModel", "arn:aws:bedrock:eu-west-1::foundation-model/x", of=AWS)),
        ("cloudformation", request("cloudformation:CreateChangeSet", of=US)),
        (
            "cloudformation",
            request("cloudformation:CreateChangeSet", "arn:aws:cloudformation:eu-west-1:aws:transform/X", of=AWS),
        ),
    ],
)
@pytest.mark.parametrize("policy", CLOSED)
def test_services_of_peoples_own_profiles_with_things_of_aws_work_too(policy: str, service: str, need: Need) -> None:
    assert passes(policy, service, need)


# ---- what is not to pass ------------------------------------------------------------------------------------------

ROLE = f"arn:aws:iam::{STRANGER}:role/theirs"
FIRST = [(service, calls[0]) for service, calls in CALLS.items() if calls]
LAYERS = s3("prod-eu-west-1-starport-layer-bucket")


@pytest.mark.parametrize(
    ("service", "need"),
    [
        # Credentials of somebody else's, brought along.
        *((service, request(call, by=who)) for service, call in FIRST for who in (OUTSIDER, LONER)),
        # Our people, taking things out.
        *((service, request(call, of=who)) for service, call in FIRST for who in (OUTSIDER, LONER)),
        ("s3", request("s3:PutObject", s3("theirs"), of=LONER)),
        ("s3", request("s3:GetObject", s3("theirs"), by=NOBODY, of=OUTSIDER)),
        ("s3", request("s3:GetObject", s3("ours"), by=NOBODY)),
        # What is lent is lent for one thing.
        ("s3", request("s3:PutObject", LAYERS, of=AWS)),
        ("s3", request("s3:GetObject", s3("aws-patch-manager-eu-west-1-evil"), of=OUTSIDER)),
        ("s3", request("s3:GetObject", s3("cloudformation-waitcondition-eu-west-1"), by=OUTSIDER, of=AWS)),
        ("s3", request("s3:GetObject", s3("prod-us-east-1-starport-layer-bucket"), of=AWS)),
        ("ecr.api", request("ecr:PutImage", "arn:aws:ecr:eu-west-1:602401143452:repository/x", of=AWS)),
        ("ecr.dkr", request("ecr:BatchGetImage", "arn:aws:ecr:eu-west-1:602401143452:repository/x", by=LONER, of=AWS)),
        ("ecr.dkr", request("ecr:BatchGetImage", f"arn:aws:ecr:eu-west-1:{STRANGER}:repository/x", of=LONER)),
        ("ssm", request("ssm:GetDocument", f"arn:aws:ssm:eu-west-1:{STRANGER}:document/x", of=LONER)),
        ("ssm", request("ssm:PutParameter", "arn:aws:ssm:eu-west-1::parameter/aws/x", of=AWS)),
        ("ssm", request("ssm:GetDocument", "arn:aws:ssm:eu-west-1::document/x", by=OUTSIDER, of=AWS)),
        ("ec2", request("ec2:RunInstances", "arn:aws:ec2:eu-west-1::image/ami-1", by=OUTSIDER, of=AWS)),
        ("ec2", request("ec2:CreateVpcPeeringConnection", of=NOBODY)),
        # A token for a role of somebody else's would make one of them.
        ("sts", request("sts:AssumeRoleWithWebIdentity", ROLE, by=NOBODY, of=OUTSIDER)),
        ("sts", request("sts:AssumeRoleWithWebIdentity", ROLE, by=NOBODY, of=LONER)),
        ("sts", request("sts:AssumeRole", ROLE, of=LONER)),
        ("ebs", request("ebs:PutSnapshotBlock", by=OUTSIDER, of=NOBODY)),
    ],
)  # fmt: skip
@pytest.mark.parametrize("policy", CLOSED)
def test_nobody_else_and_nothing_else_passes(policy: str, service: str, need: Need) -> None:
    assert not passes(policy, service, need)


def test_an_open_policy_lets_everybody_pass() -> None:
    assert passes("open", "s3", request("s3:PutObject", s3("theirs"), by=OUTSIDER, of=LONER))
    assert read_policy(POLICIES["open"].of("s3", PLACE)).is_open


# ---- what EC2 takes -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("service", sorted(CALLS))
@pytest.mark.parametrize("policy", POLICIES)
def test_our_policies_are_such_as_any_endpoint_takes(policy: str, service: str) -> None:
    """Short enough, everybody as Principal, and no wildcards about accounts and organisations.

    https://docs.aws.amazon.com/vpc/latest/privatelink/vpc-endpoints-access.html
    """
    text = POLICIES[policy].of(service, PLACE)

    assert len(text) < MOST_CHARACTERS / 2
    for statement in json.loads(text)["Statement"]:
        assert statement["Principal"] == "*"
        assert statement["Effect"] == "Allow"
        assert "*" not in json.dumps(statement.get("Condition", {}))


# ---- people's own -------------------------------------------------------------------------------------------------


def a_file(text: str, **changes: str) -> PolicyFile:
    return replace(PolicyFile(source="policies/ours.json", text=text), **changes)


def test_a_file_is_what_its_policy_says_for_every_service() -> None:
    policy = EndpointPolicy(name="ours.json", text=FULL_ACCESS)

    assert {policy.of(service, PLACE) for service in CALLS} == {FULL_ACCESS}


def test_white_space_of_a_file_is_not_sent_and_so_does_not_count() -> None:
    spacious = a_file(json.dumps(json.loads(FULL_ACCESS), indent=8) + " " * MOST_CHARACTERS)

    assert policy_in(spacious, for_gateways=True) == FULL_ACCESS


def with_names(number: int) -> str:
    """About so many characters of actions."""
    return json.dumps({"Statement": {"Effect": "Allow", "Principal": "*", "Resource": "*", "Action": ["a" * number]}})


def test_a_file_may_be_as_long_as_aws_takes_and_no_longer() -> None:
    rest = len(policy_in(a_file(with_names(0)), for_gateways=True))

    assert len(policy_in(a_file(with_names(MOST_CHARACTERS - rest)), for_gateways=True)) == MOST_CHARACTERS
    with pytest.raises(PolicyError, match=r"policies/ours.json has 20481 characters; AWS takes 20480"):
        policy_in(a_file(with_names(MOST_CHARACTERS - rest + 1)), for_gateways=True)


ALLOW = '"Effect": "Allow", "Principal": "*", "Resource": "*", "Action": "*"'


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "it has no Statement"),
        ("Allow all", "it is no JSON"),
        ("[]", "it has no Statement"),
        (f'{{"Statement": {{{ALLOW}, "Conditon": {{}}}}}}', "statement 1 has the unknown Conditon"),
        (f'{{"Statement": {{{ALLOW}, "Effect": "Deny"}}}}', "it says Effect twice in one place"),
        (f'{{"version": "2012-10-17", "Statement": {{{ALLOW}}}}}', "it has the unknown version"),
        (f'{{"Version": "2012-10-7", "Statement": {{{ALLOW}}}}}', "it has the Version '2012-10-7', not 2012-10-17"),
    ],
)
def test_a_file_that_is_no_policy_is_told_with_its_place_and_its_fault(text: str, says: str) -> None:
    with pytest.raises(PolicyError) as told:
        policy_in(a_file(text), for_gateways=False)

    assert str(told.value).startswith("policies/ours.json is no endpoint policy: ")
    assert says in str(told.value)


def test_a_file_that_could_not_be_read_is_told_by_its_trouble() -> None:
    with pytest.raises(PolicyError, match=r"policies/ours.json is not there"):
        policy_in(a_file("", trouble="is not there"), for_gateways=False)
    assert "no UTF-8" in PolicyFile.of("policies/ours.json", b"\xff").trouble


@pytest.mark.parametrize("principal", ['{"AWS": "123456789012"}', '["*", "123456789012"]'])
def test_a_principal_by_name_is_for_interfaces_only(principal: str) -> None:
    """https://docs.aws.amazon.com/vpc/latest/privatelink/vpc-endpoints-access.html#vpc-endpoint-policies-gateway"""
    file = a_file(f'{{"Statement": {{{ALLOW.replace(chr(34) + "*" + chr(34), principal, 1)}}}}}')

    assert policy_in(file, for_gateways=False)
    with pytest.raises(PolicyError, match="aws:PrincipalArn"):
        policy_in(file, for_gateways=True)
