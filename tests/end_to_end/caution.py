"""Tests of what goes, what stays and what waits; on the stack of test_deployed.py, whose last tests judge their calls.

Nobody waits for a day: a person may rewrite the mark that says when an endpoint goes, and so do these tests.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from tests.end_to_end.conftest import PROFILES, SHARE, Stack, until

if TYPE_CHECKING:
    from collections.abc import Mapping

MARK = "vpce:delete-after"
NINE = ["ecr.api", "ecr.dkr", "kms", "logs", "monitoring", "secretsmanager", "sns", "sts"]
"""And S3's gateway."""
ELEVEN = [*NINE, "sqs", "ssm"]


def marks(stack: Stack, vpc: str) -> dict[str, str]:
    tags = {name: {t["Key"]: t["Value"] for t in e["Tags"]} for name, e in stack.endpoints(vpc).items()}
    return {name: t[MARK] for name, t in tags.items() if MARK in t}


def ids(stack: Stack, vpc: str) -> dict[str, str]:
    return {name: e["VpcEndpointId"] for name, e in stack.endpoints(vpc).items()}


def time_is_over(stack: Stack, vpc: str) -> None:
    """For all that is marked."""
    past = f"{datetime.now(UTC) - timedelta(minutes=1):%Y-%m-%dT%H:%M:%SZ}"
    due = [ids(stack, vpc)[name] for name in marks(stack, vpc)]
    stack.ec2.create_tags(Resources=due, Tags=[{"Key": MARK, "Value": past}])


def an_hour_passes(stack: Stack) -> None:
    """What the deployed schedule sends."""
    scheduler, sqs = stack.aws.client("scheduler"), stack.aws.client("sqs")
    (name,) = (s["Name"] for s in scheduler.list_schedules()["Schedules"] if "EveryHour" in s["Name"])
    target = scheduler.get_schedule(Name=name)["Target"]
    message = json.loads(target["Input"]) | {"id": datetime.now(UTC).isoformat()}
    url = sqs.get_queue_url(QueueName=target["Arn"].rsplit(":", 1)[1])["QueueUrl"]
    group = target["SqsParameters"]["MessageGroupId"]
    sqs.send_message(QueueUrl=url, MessageBody=json.dumps(message), MessageGroupId=group)


def told(stack: Stack, vpc: str, words: str) -> Any:
    def found() -> Mapping[str, Any] | None:
        return next((m for m in stack.aws.mails() if vpc in m["text"] and words in m["text"]), None)

    return until(found, f"a message about {vpc} that says {words!r}")


def tag(stack: Stack, vpc: str, **tags: str) -> None:
    stack.ec2.create_tags(Resources=[vpc], Tags=[{"Key": k.replace("_", "-"), "Value": v} for k, v in tags.items()])


def test_a_tag_taken_away_and_put_back_in_time_changes_no_endpoint(stack: Stack) -> None:
    vpc = stack.vpc("tiny")
    until(lambda: stack.available(vpc) == {"s3", "sts"}, "the profile")
    stack.quiet()
    before = stack.endpoints(vpc)

    stack.ec2.delete_tags(Resources=[vpc], Tags=[{"Key": "endpoint-profile"}])
    until(lambda: set(marks(stack, vpc)) == {"s3", "sts"}, "the marks")
    told(stack, vpc, "To keep what is marked, put the tag endpoint-profile back.")
    assert "vanished-tag" in {f["check"] for f in stack.audit()["findings"] if f["vpc"] == vpc}
    tag(stack, vpc, endpoint_profile="tiny")
    until(lambda: marks(stack, vpc) == {}, "the end of the marks")
    an_hour_passes(stack)
    stack.quiet()

    assert stack.endpoints(vpc) == before


def test_a_profile_edited_from_eleven_services_to_nine_loses_two_and_keeps_nine(stack: Stack) -> None:
    """One of the two is used, which keeps it for another day."""
    ssm = stack.aws.client("ssm")

    def profile(interface: list[str]) -> None:
        text = f'{PROFILES}[edited]\ngateway = ["s3"]\ninterface = {json.dumps(interface)}\n'
        ssm.put_parameter(Name="/vpce/profiles", Type="String", Value=text, Overwrite=True)

    profile(ELEVEN)
    try:
        vpc = stack.vpc("edited")
        until(lambda: stack.available(vpc) == {"s3", *ELEVEN}, "eleven", 120)
        before = ids(stack, vpc)
        used(stack, vpc, before["sqs"], 4_200_000)

        profile(NINE)
        an_hour_passes(stack)
        until(lambda: set(marks(stack, vpc)) == {"sqs", "ssm"}, "the marks of the two")
        told(stack, vpc, "profile edited does not ask for it")
        time_is_over(stack, vpc)
        an_hour_passes(stack)

        until(lambda: "ssm" not in stack.endpoints(vpc), "the end of the idle one")
        told(stack, vpc, "but 4.0 MB went through it lately; it stays once more as long")
        assert datetime.fromisoformat(marks(stack, vpc)["sqs"]) > datetime.now(UTC) + timedelta(hours=23)
        stack.quiet()
        assert ids(stack, vpc) == {name: before[name] for name in ["s3", "sqs", *NINE]}
    finally:
        ssm.put_parameter(Name="/vpce/profiles", Type="String", Value=PROFILES, Overwrite=True)


def used(stack: Stack, vpc: str, endpoint: str, number: int) -> None:
    """As PrivateLink counts; the embedded AWS does not by itself."""
    dimensions = {
        "Endpoint Type": "Interface",
        "Service Name": "com.amazonaws.eu-west-1.sqs",
        "VPC Endpoint Id": endpoint,
        "VPC Id": vpc,
    }
    stack.aws.client("cloudwatch").put_metric_data(
        Namespace="AWS/PrivateLinkEndpoints",
        MetricData=[
            {
                "MetricName": "BytesProcessed",
                "Dimensions": [{"Name": k, "Value": v} for k, v in dimensions.items()],
                "Timestamp": datetime.now(UTC) - timedelta(minutes=5),
                "Value": float(number),
                "Unit": "Bytes",
            }
        ],
    )


def test_what_can_disturb_traffic_waits_for_the_change_window_and_says_until_when(stack: Stack) -> None:
    opens = datetime.now(UTC) + timedelta(hours=5)
    shut, is_open = (f"{h % 24:02}:00-{(h + 3) % 24:02}:00" for h in (opens.hour, opens.hour - 6))
    vpc = stack.vpc(None, endpoint_window=shut)
    until(lambda: stack.available(vpc) == {"s3", "dynamodb"}, "the default profile: a new VPC has no traffic")
    tag(stack, vpc, endpoint_profile="tiny")

    told(stack, vpc, f"the change window {shut} opens at {opens:%Y-%m-%d %H}:00 UTC")
    an_hour_passes(stack)
    stack.quiet()
    assert "sts" not in stack.endpoints(vpc)

    tag(stack, vpc, endpoint_window=is_open)
    until(lambda: "sts" in stack.available(vpc), "the endpoint, in the window")


def test_much_at_once_goes_only_with_the_word(stack: Stack) -> None:
    vpc = stack.vpc("lambda")
    until(lambda: len(stack.available(vpc)) == 9, "the profile", 120)
    stack.quiet()
    before = stack.endpoints(vpc)

    tag(stack, vpc, endpoint_profile="none")
    told(
        stack, vpc, f"would go at once, more than {SHARE} %; if that is meant, tag the VPC endpoint-deletions = allowed"
    )
    stack.quiet()
    assert stack.endpoints(vpc) == before

    tag(stack, vpc, endpoint_deletions="allowed")
    until(lambda: stack.endpoints(vpc) == {}, "the removal")


def test_in_watch_mode_nothing_is_done_and_the_plan_is_sent(stack: Stack) -> None:
    vpc = stack.vpc("tiny", endpoint_mode="watch")

    mail = told(stack, vpc, "Held, the mode is watch:")

    assert "+ create  s3 (gateway)" in mail["text"]
    assert "+ create  sts (interface)" in mail["text"]
    stack.quiet()
    assert stack.endpoints(vpc) == {}


def test_a_name_that_a_zone_has_is_told_and_never_asked_for(stack: Stack) -> None:
    """The last tests of test_deployed.py want no call of a function refused."""
    vpc, name = stack.vpc("none"), f"sts.{stack.aws.region}.amazonaws.com"
    zone = stack.aws.client("route53").create_hosted_zone(
        Name=name,
        CallerReference=f"{name} of nobody",
        VPC={"VPCRegion": stack.aws.region, "VPCId": vpc},
        HostedZoneConfig={"PrivateZone": True},
    )["HostedZone"]["Id"]
    stack.quiet()

    tag(stack, vpc, endpoint_profile="tiny")

    mail = told(stack, vpc, f"private hosted zone {name} ({zone.rpartition('/')[2]}) has the name in this VPC")
    assert "aws route53 disassociate-vpc-from-hosted-zone" in mail["text"]
    stack.quiet()
    assert stack.available(vpc) == {"s3"}
    assert {f["check"] for f in stack.audit()["findings"] if f["vpc"] == vpc} >= {"shadowed-name"}
