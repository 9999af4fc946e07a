"""The whole loop on the deployed template: event or tag → endpoints → audit → message → healing → removal.

The functions run under their deployed roles, and IAM is enforced.
"""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

import pytest

from tests.end_to_end.aside import *  # noqa: F403  tests of the same stack
from tests.end_to_end.aside import is_refused, subnets_of
from tests.end_to_end.caution import *  # noqa: F403
from tests.end_to_end.caution import used
from tests.end_to_end.conftest import MAILBOX, PROFILES, Stack, until

if TYPE_CHECKING:
    from collections.abc import Callable

PRIVATE = {
    "dynamodb", "ec2messages", "ecr.api", "ecr.dkr", "kms", "logs", "monitoring", "s3", "secretsmanager", "sns", "sqs",
    "ssm", "ssmmessages", "sts",
}  # fmt: skip


def test_the_example_vpc_gets_the_endpoints_of_its_tag_and_a_second_look_changes_nothing(
    stack: Stack, example: str
) -> None:
    cloudformation = stack.aws.client("cloudformation")
    cloudformation.create_stack(StackName="private-vpc", TemplateBody=example)
    outputs = until(
        lambda: cloudformation.describe_stacks(StackName="private-vpc")["Stacks"][0].get("Outputs"), "the example"
    )
    vpc = next(o["OutputValue"] for o in outputs if o["OutputKey"] == "VpcId")

    until(lambda: stack.available(vpc) == PRIVATE, "the endpoints of private", 120)

    endpoints = stack.endpoints(vpc)
    assert len(endpoints["s3"]["RouteTableIds"]) == 3
    assert len(endpoints["sqs"]["SubnetIds"]) == 2
    assert endpoints["sqs"]["PrivateDnsEnabled"] is True
    stack.quiet()
    now = time.time()
    stack.ec2.create_tags(Resources=[vpc], Tags=[{"Key": "touched", "Value": "yes"}])
    until(lambda: [c for c in stack.aws.calls("ec2") if c["time"] > now and "assumed-role" in c["principal"]], "a look")
    stack.quiet()
    assert stack.writes(since=now) == []


def test_a_tag_added_later_brings_the_endpoints_and_none_takes_them_away(stack: Stack) -> None:
    vpc = stack.vpc(None, Name="later")
    until(lambda: stack.available(vpc) == {"s3", "dynamodb"}, "the default profile of a new VPC")

    stack.ec2.create_tags(Resources=[vpc], Tags=[{"Key": "endpoint-profile", "Value": "tiny"}])
    until(lambda: stack.available(vpc) == {"s3", "dynamodb", "sts"}, "the profile from the SSM parameter")

    stack.ec2.create_tags(Resources=[vpc], Tags=[{"Key": "endpoint-profile", "Value": "none"}])
    until(lambda: stack.endpoints(vpc) == {}, "the removal")
    until(lambda: len(groups_of(stack, vpc)) == 1, "the removal of our security group")


def groups_of(stack: Stack, vpc: str) -> list[Any]:
    found = stack.ec2.describe_security_groups(Filters=[{"Name": "vpc-id", "Values": [vpc]}])
    return list(found["SecurityGroups"])


def _add_route_table(stack: Stack, vpc: str) -> Callable[[], bool]:
    table = stack.ec2.create_route_table(VpcId=vpc)["RouteTable"]["RouteTableId"]
    return lambda: table in stack.endpoints(vpc)["s3"]["RouteTableIds"]


def _add_zone(stack: Stack, vpc: str) -> Callable[[], bool]:
    network = stack.ec2.describe_vpcs(VpcIds=[vpc])["Vpcs"][0]["CidrBlock"].removesuffix(".0.0/16")
    zone = f"{stack.aws.region}c"
    subnet = stack.ec2.create_subnet(VpcId=vpc, CidrBlock=f"{network}.9.0/24", AvailabilityZone=zone)["Subnet"]
    return lambda: subnet["SubnetId"] in stack.endpoints(vpc)["sts"]["SubnetIds"]


def _add_cidr(stack: Stack, vpc: str) -> Callable[[], bool]:
    stack.ec2.associate_vpc_cidr_block(VpcId=vpc, CidrBlock="10.250.0.0/16")

    def open_to_it() -> bool:
        rules = [p for g in groups_of(stack, vpc) for p in g["IpPermissions"] if p.get("ToPort") == 443]
        return any(r["CidrIp"] == "10.250.0.0/16" for p in rules for r in p["IpRanges"])

    return open_to_it


def _drop_cidr(stack: Stack, vpc: str) -> Callable[[], bool]:
    associations = stack.ec2.describe_vpcs(VpcIds=[vpc])["Vpcs"][0]["CidrBlockAssociationSet"]
    added = next(a["AssociationId"] for a in associations if a["CidrBlock"] == "10.250.0.0/16")
    stack.ec2.disassociate_vpc_cidr_block(AssociationId=added)

    def closed_to_it() -> bool:
        rules = [p for g in groups_of(stack, vpc) for p in g["IpPermissions"] if p.get("ToPort") == 443]
        return not any(r["CidrIp"] == "10.250.0.0/16" for p in rules for r in p["IpRanges"])

    return closed_to_it


def _give_ipv6(stack: Stack, vpc: str) -> Callable[[], bool]:
    made = stack.ec2.associate_vpc_cidr_block(VpcId=vpc, AmazonProvidedIpv6CidrBlock=True)
    block = made["Ipv6CidrBlockAssociation"]["Ipv6CidrBlock"].removesuffix("00::/56")
    subnets = stack.ec2.describe_subnets(Filters=[{"Name": "vpc-id", "Values": [vpc]}])["Subnets"]
    for number, subnet in enumerate(subnets):
        stack.ec2.associate_subnet_cidr_block(SubnetId=subnet["SubnetId"], Ipv6CidrBlock=f"{block}{number:02x}::/64")
    return lambda: stack.endpoints(vpc)["sts"]["IpAddressType"] == "dualstack"


def _private_dns_off(stack: Stack, vpc: str) -> Callable[[], bool]:
    endpoint = stack.endpoints(vpc)["sts"]["VpcEndpointId"]
    stack.ec2.modify_vpc_endpoint(VpcEndpointId=endpoint, PrivateDnsEnabled=False)
    return lambda: stack.endpoints(vpc)["sts"]["PrivateDnsEnabled"] is True


def _dns_hostnames_off(stack: Stack, vpc: str) -> Callable[[], bool]:
    stack.ec2.modify_vpc_attribute(VpcId=vpc, EnableDnsHostnames={"Value": False})

    def on() -> bool:
        answer = stack.ec2.describe_vpc_attribute(VpcId=vpc, Attribute="enableDnsHostnames")
        return bool(answer["EnableDnsHostnames"]["Value"])

    return on


def _delete_endpoint(stack: Stack, vpc: str) -> Callable[[], bool]:
    gone = stack.endpoints(vpc)["sts"]["VpcEndpointId"]
    stack.ec2.delete_vpc_endpoints(VpcEndpointIds=[gone])
    return lambda: (e := stack.endpoints(vpc).get("sts")) is not None and e["VpcEndpointId"] != gone


def _revoke_ingress(stack: Stack, vpc: str) -> Callable[[], bool]:
    def ours() -> Any:
        return next(g for g in groups_of(stack, vpc) if g["GroupName"] == "vpce-endpoints")

    stack.ec2.revoke_security_group_ingress(GroupId=ours()["GroupId"], IpPermissions=ours()["IpPermissions"])
    return lambda: bool(ours()["IpPermissions"])


@pytest.fixture(scope="module")
def kept(stack: Stack) -> str:
    """One VPC for all kinds of drift, one after the other."""
    vpc = stack.vpc("tiny", Name="kept")
    until(lambda: stack.available(vpc) == {"s3", "sts"}, "the profile")
    return vpc


@pytest.mark.parametrize(
    "drift",
    [
        _add_route_table, _add_zone, _add_cidr, _drop_cidr, _give_ipv6, _private_dns_off, _dns_hostnames_off,
        _delete_endpoint, _revoke_ingress,
    ],
    ids=lambda f: f.__name__.strip("_"),
)  # fmt: skip
def test_an_event_has_drift_mended(stack: Stack, kept: str, drift: Callable[[Stack, str], Callable[[], bool]]) -> None:
    until(lambda: {"s3", "sts"} <= stack.available(kept), "the VPC at rest")
    is_mended = drift(stack, kept)

    until(is_mended, "the mending")


def test_each_change_is_told_once_in_plain_words(stack: Stack) -> None:
    vpc = stack.vpc("tiny", Name="told")
    until(lambda: stack.available(vpc) == {"s3", "sts"}, "the profile")
    stack.quiet()

    mails = [m for m in stack.aws.mails() if f"{vpc} (told)" in m["text"]]

    created = [line for m in mails for line in m["text"].splitlines() if "created s3 (gateway)" in line]
    assert len(created) == 1
    assert {m["to"] for m in mails} == {MAILBOX}


def test_a_misspelt_profile_is_told_with_a_hint_and_changes_nothing(stack: Stack) -> None:
    vpc = stack.vpc("ecs-fargte")

    mail = until(lambda: next((m for m in stack.aws.mails() if vpc in m["text"]), None), "the message")

    assert "did you mean 'ecs-fargate'?" in mail["text"]
    assert stack.endpoints(vpc) == {}


def test_throttling_is_ridden_out(stack: Stack) -> None:
    stack.aws.inject("ec2", "CreateVpcEndpoint", code="RequestLimitExceeded", status=503, times=3)

    vpc = stack.vpc("tiny")

    until(lambda: stack.available(vpc) == {"s3", "sts"}, "the profile in spite of throttling", 90)


def test_an_audit_finds_tells_keeps_and_heals_what_events_lost(stack: Stack) -> None:
    vpc = stack.vpc("tiny", Name="audited")
    until(lambda: stack.available(vpc) == {"s3", "sts"}, "the profile")
    stack.quiet()
    inbox = subscribed_queue(stack)
    events = stack.aws.client("events")
    rules = [r["Name"] for r in events.list_rules()["Rules"] if r["Name"].startswith("vpce-")]
    for rule in rules:
        events.disable_rule(Name=rule)
    try:
        sts, s3 = stack.endpoints(vpc)["sts"], stack.endpoints(vpc)["s3"]
        stack.ec2.modify_vpc_endpoint(VpcEndpointId=sts["VpcEndpointId"], PrivateDnsEnabled=False)
        stack.ec2.modify_vpc_endpoint(VpcEndpointId=s3["VpcEndpointId"], RemoveRouteTableIds=s3["RouteTableIds"])
        used(stack, vpc, sts["VpcEndpointId"], 5_000_000)
        time.sleep(1)

        report = stack.audit()

        assert not [u for u in report["unread"] if u["facet"] == "CloudWatch metrics"]
        found = {f["check"] for f in report["findings"] if f["vpc"] == vpc and f["severity"] != "info"}
        assert found == {"broken-private-dns", "uncovered-route-table"}
        told = until(lambda: next((m for m in received(stack, inbox) if m["type"] == "audit"), None), "the message")
        assert {f["id"] for f in told["findings"]} == {f["id"] for f in report["findings"] if f["state"] == "new"}
        mail = next(m for m in reversed(stack.aws.mails()) if m["subject"].startswith("[vpce] audit:"))
        assert f"{vpc} (audited)" in mail["text"]
        until(lambda: stack.endpoints(vpc)["sts"]["PrivateDnsEnabled"], "the healing of private DNS")
        until(lambda: stack.endpoints(vpc)["s3"]["RouteTableIds"], "the healing of the routes")
    finally:
        for rule in rules:
            events.enable_rule(Name=rule)
    stack.quiet()
    after = stack.audit()
    assert {f["check"] for f in after["findings"] if f["vpc"] == vpc} == {"open-policy"}
    assert found == {f["check"] for f in after["resolved"] if f["vpc"] == vpc}
    page = stack.aws.client("s3").get_object(
        Bucket=stack.outputs["ReportsBucket"], Key=f"audits/{after['run']}/report.html"
    )
    assert vpc in page["Body"].read().decode()


def test_a_policy_of_ones_own_lies_in_the_bucket_of_reports_and_is_put_back_where_somebody_changes_it(
    stack: Stack,
) -> None:
    policy = {"Statement": [{"Effect": "Allow", "Principal": "*", "Action": "s3:*", "Resource": "arn:aws:s3:::ours/*"}]}
    bucket, ssm = stack.outputs["ReportsBucket"], stack.aws.client("ssm")
    stack.s3.put_object(Bucket=bucket, Key="policies/ours.json", Body=json.dumps(policy, indent=2).encode())
    closed = f'{PROFILES}[closed]\ngateway = ["s3"]\npolicy = "ours.json"\n'
    ssm.put_parameter(Name="/vpce/profiles", Type="String", Value=closed, Overwrite=True)
    try:
        vpc = stack.vpc("closed")
        until(lambda: stack.available(vpc) == {"s3"}, "the gateway")
        assert _policy(stack, vpc) == policy
        gateway = stack.endpoints(vpc)["s3"]["VpcEndpointId"]
        stack.ec2.modify_vpc_endpoint(VpcEndpointId=gateway, ResetPolicy=True)
        until(lambda: _policy(stack, vpc) == policy, "the policy again")
        stack.quiet()
        report = stack.audit()
    finally:
        ssm.put_parameter(Name="/vpce/profiles", Type="String", Value=PROFILES, Overwrite=True)
    found = {f["check"] for f in report["findings"] if f["vpc"] == vpc}
    assert not found & {"drifted-from-profile", "unknown-profile", "unreadable-policy", "open-policy"}


def _policy(stack: Stack, vpc: str) -> Any:
    return json.loads(stack.endpoints(vpc)["s3"]["PolicyDocument"])


def test_names_that_lead_elsewhere_are_left_there_and_names_that_lead_nowhere_are_told(stack: Stack) -> None:
    """A central endpoint by a hosted zone and one by a Route 53 Profile; and DNS Firewall, which blocks S3."""
    vpc, region = stack.vpc("none"), stack.aws.region
    _lead(stack, f"sts.{region}.amazonaws.com", "10.99.0.7", to=vpc)
    stack.quiet()
    profiles, resolver = stack.aws.client("route53profiles"), stack.aws.client("route53resolver")
    profile = profiles.create_profile(Name="shared", ClientToken="1")["Profile"]["Id"]
    zone = _lead(stack, f"kms.{region}.amazonaws.com", "10.99.0.8", to=stack.vpc("none", zones="a"))
    profiles.associate_resource_to_profile(
        ProfileId=profile, Name="kms", ResourceArn=f"arn:aws:route53:::hostedzone/{zone}"
    )
    profiles.associate_profile(ProfileId=profile, ResourceId=vpc, Name="vpc")
    domains = resolver.create_firewall_domain_list(Name="s3", CreatorRequestId="1")["FirewallDomainList"]["Id"]
    resolver.update_firewall_domains(
        FirewallDomainListId=domains, Operation="ADD", Domains=[f"s3.{region}.amazonaws.com"]
    )
    group = resolver.create_firewall_rule_group(Name="strict", CreatorRequestId="1")["FirewallRuleGroup"]["Id"]
    resolver.create_firewall_rule(
        CreatorRequestId="1", FirewallRuleGroupId=group, FirewallDomainListId=domains, Priority=1, Name="no-s3",
        Action="BLOCK", BlockResponse="NXDOMAIN",
    )  # fmt: skip
    resolver.associate_firewall_rule_group(
        CreatorRequestId="1", FirewallRuleGroupId=group, VpcId=vpc, Priority=101, Name="strict"
    )

    stack.ec2.create_tags(Resources=[vpc], Tags=[{"Key": "endpoint-profile", "Value": "tiny"}])
    until(lambda: stack.available(vpc) == {"s3"}, "the gateway")
    stack.quiet()
    report = stack.audit()

    assert stack.available(vpc) == {"s3"}, "the names of sts were taken from the endpoint that they lead to"
    row = next(c for c in report["coverage"] if c["vpc"] == vpc)
    assert row["cells"] == {"s3 (gateway)": "broken", "sts": "central", "kms": "central"}
    found = {f["check"]: f["what"] for f in report["findings"] if f["vpc"] == vpc and f["severity"] != "info"}
    assert found == {"blocked-name": f"DNS Firewall group {group} blocks s3.{region}.amazonaws.com"}


def _lead(stack: Stack, name: str, address: str, *, to: str) -> str:
    """A private hosted zone of the name, whose one record is the address; gives its id."""
    route53 = stack.aws.client("route53")
    zone: str = route53.create_hosted_zone(
        Name=name,
        CallerReference=name,
        VPC={"VPCRegion": stack.aws.region, "VPCId": to},
        HostedZoneConfig={"PrivateZone": True},
    )["HostedZone"]["Id"]
    record = {"Name": name, "Type": "A", "TTL": 60, "ResourceRecords": [{"Value": address}]}
    route53.change_resource_record_sets(
        HostedZoneId=zone, ChangeBatch={"Changes": [{"Action": "CREATE", "ResourceRecordSet": record}]}
    )
    return zone.rpartition("/")[2]


def subscribed_queue(stack: Stack) -> str:
    sqs = stack.aws.client("sqs")
    url: str = sqs.create_queue(QueueName="inbox")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    policy = {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"Service": "sns.amazonaws.com"},
                "Action": "sqs:SendMessage",
                "Resource": arn,
            }
        ],
    }
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": json.dumps(policy)})
    stack.aws.client("sns").subscribe(TopicArn=stack.outputs["TopicArn"], Protocol="sqs", Endpoint=arn)
    return url


def received(stack: Stack, url: str) -> list[Any]:
    answer = stack.aws.client("sqs").receive_message(QueueUrl=url, MaxNumberOfMessages=10)
    return [json.loads(json.loads(m["Body"])["Message"]) for m in answer.get("Messages", [])]


def test_a_region_that_refuses_is_reported_unread_and_the_other_is_audited(stack: Stack) -> None:
    stack.aws.inject("ec2", "DescribeVpcs", region="us-east-1", code="AuthFailure", status=401)

    report = stack.audit()

    assert [(u["region"], u["why"].split(":")[1].strip()) for u in report["unread"]] == [("us-east-1", "AuthFailure")]
    assert [p["region"] for p in report["places"]] == ["eu-west-1"]


def test_an_audit_function_that_dies_leaves_its_place_unread(stack: Stack) -> None:
    stack.aws.inject("s3", "PutObject", code="AccessDenied", status=403, times=1)

    report = stack.audit()

    assert len(report["unread"]) == 1
    assert "its audit failed" in report["unread"][0]["why"]


def test_the_reconcile_role_cannot_touch_what_others_made(stack: Stack) -> None:
    """Even a wrong plan could not."""
    vpc = stack.vpc(None, zones="a")
    until(lambda: stack.available(vpc) == {"s3", "dynamodb"}, "the default profile")
    ours = stack.endpoints(vpc)["s3"]["VpcEndpointId"]
    service = f"com.amazonaws.{stack.aws.region}.sts"
    theirs = stack.ec2.create_vpc_endpoint(
        VpcId=vpc, ServiceName=service, VpcEndpointType="Interface", PrivateDnsEnabled=False
    )["VpcEndpoint"]["VpcEndpointId"]
    role = stack.aws.role(stack.outputs["ReconcileRoleArn"], "ec2")

    def refused(call: Callable[[], Any]) -> bool:
        return is_refused(stack, call, "UnauthorizedOperation")

    def tagged(thing: str, *keys: str) -> Callable[[], Any]:
        return lambda: role.create_tags(Resources=[thing], Tags=[{"Key": k, "Value": "x"} for k in keys])

    assert refused(lambda: role.delete_vpc_endpoints(VpcEndpointIds=[theirs]))
    assert refused(lambda: role.modify_vpc_endpoint(VpcEndpointId=theirs, PrivateDnsEnabled=True))
    assert refused(lambda: role.create_vpc_endpoint(VpcId=vpc, ServiceName=service, VpcEndpointType="Interface"))
    assert refused(lambda: role.create_tags(Resources=[theirs], Tags=[{"Key": "vpce:managed-by", "Value": "vpce"}]))
    mark: Any = {"Key": "vpce:delete-after", "Value": "2026-11-24T12:00:00Z"}
    assert refused(lambda: role.create_tags(Resources=[theirs], Tags=[mark]))
    assert refused(lambda: role.create_tags(Resources=[ours], Tags=[{"Key": "vpce:managed-by", "Value": "other"}]))
    assert refused(lambda: role.create_tags(Resources=[ours], Tags=[mark, {"Key": "Name", "Value": "x"}]))
    assert refused(lambda: role.delete_tags(Resources=[ours], Tags=[{"Key": "vpce:managed-by"}]))
    assert refused(lambda: role.delete_tags(Resources=[ours]))  # which would take all
    assert not refused(lambda: role.create_tags(Resources=[ours], Tags=[mark]))
    assert not refused(lambda: role.delete_tags(Resources=[ours], Tags=[{"Key": "vpce:delete-after"}]))
    assert refused(lambda: role.delete_vpc(VpcId=vpc))
    assert not refused(lambda: role.delete_vpc_endpoints(VpcEndpointIds=[ours]))
    for thing in (vpc, *subnets_of(stack, vpc)):
        assert refused(tagged(thing, "endpoint-profile"))
        assert refused(tagged(thing, "vpce:released", "Name"))
        assert refused(lambda: role.delete_tags(Resources=[thing], Tags=[{"Key": "vpce:released"}]))  # noqa: B023
        assert not refused(tagged(thing, "vpce:released"))
    assert refused(tagged(next(g["GroupId"] for g in groups_of(stack, vpc)), "vpce:released"))


def test_zz_no_call_of_the_functions_was_denied(stack: Stack) -> None:
    """Last on purpose: it judges every call of the tests above but those that a test made to fail."""
    tested = {"AuthFailure", "RequestLimitExceeded", "NoSuchKey"}  # no memory of a first audit, no file of ignores
    assert len({c["principal"].split("/")[1] for c in stack.aws.calls() if "assumed-role" in c["principal"]}) >= 3
    denied = [
        c
        for c in stack.aws.calls()
        if c["error"]
        and "assumed-role" in c["principal"]
        and not c["principal"].endswith("/tried-by-hand")
        and c["error"] not in tested
        and not (c["service"] == "s3" and c["action"] == "PutObject")
    ]
    assert [(c["action"], c["error"]) for c in denied] == []


SEEN_ELSEWHERE = {
    # Where the account has a value of its own, the default is not asked for: test_network.py.
    "AuditRole": {"servicequotas:GetAWSDefaultServiceQuota"},
    # Lambda and Step Functions use these in the role's name; no call of a function shows it.
    "ReconcileRole": {
        "sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes", "servicequotas:GetAWSDefaultServiceQuota",
    },
    "AuditRunRole": {
        "lambda:InvokeFunction", "states:StartExecution", "states:DescribeExecution", "states:StopExecution",
    },
}  # fmt: skip
IN_POLICIES = {"monitoring": "cloudwatch"}
"""Services that policies call by another name than addresses do."""
ASKED_ALONG = {
    # EC2 and SNS ask for these when a function makes another call.
    "ec2:CreateTags", "kms:Decrypt", "kms:GenerateDataKey", "route53:AssociateVPCWithHostedZone",
    "logs:CreateLogStream", "logs:PutLogEvents",
    # S3 asks for it to say that something is not there.
    "s3:ListBucket",
    # Lambda and Step Functions trace in the role's name; the embedded AWS has no X-Ray that it could be told to.
    "xray:GetSamplingRules", "xray:GetSamplingTargets", "xray:PutTelemetryRecords", "xray:PutTraceSegments",
}  # fmt: skip


@pytest.mark.parametrize("role", ["ReconcileRole", "PlacesRole", "AuditRole", "ReportRole", "AuditRunRole"])
def test_zz_every_right_of_a_role_is_used_and_no_other_is_needed(stack: Stack, role: str) -> None:
    """Allowed and used are the same: the calls of all tests above, against the policies as they are deployed."""
    iam = stack.aws.client("iam")
    name = stack.aws.client("cloudformation").describe_stack_resource(StackName="vpce", LogicalResourceId=role)[
        "StackResourceDetail"
    ]["PhysicalResourceId"]
    allowed = set()
    for policy in iam.list_role_policies(RoleName=name)["PolicyNames"]:
        for statement in iam.get_role_policy(RoleName=name, PolicyName=policy)["PolicyDocument"]["Statement"]:
            actions = statement["Action"]
            allowed |= set(actions if isinstance(actions, list) else [actions])

    used = {
        f"{IN_POLICIES.get(c['service'], c['service'])}:{c['action']}"
        for c in stack.aws.calls()
        if f":assumed-role/{name}/" in c["principal"] and not c["principal"].endswith("/tried-by-hand")
    }

    assert allowed - SEEN_ELSEWHERE.get(role, set()) - ASKED_ALONG == used - ASKED_ALONG
