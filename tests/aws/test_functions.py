"""The Lambda functions as Lambda calls them: real handlers, messages of SQS, and moto's SNS, SQS and S3 behind them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Literal

import pytest
from aws_lambda_powertools.utilities.typing import LambdaContext
from botocore.exceptions import ClientError

from functions.audit import app as audit
from functions.places import app as places
from functions.reconcile import app as reconcile
from functions.report import app as report
from tests.aws.conftest import ACCOUNT, NOW, PLACE, REGION, SESSION, World
from tests.factories import a_finding
from vpce.aws import clients
from vpce.aws.reports import Recalled, Shelf
from vpce.core.events import Look, look_again
from vpce.core.figures import of_hub, of_report, of_runs
from vpce.core.findings import Finding, Unread
from vpce.core.report import PlaceReport, Report, place_document
from vpce.notify import Told
from vpce.reconcile import PATIENCE, Surroundings
from vpce.reconcile import reconcile as real

if TYPE_CHECKING:
    from vpce.core.compare import Memory
    from vpce.core.model import Place


class Context(LambdaContext):
    """What Powertools and the handlers read of Lambda's context."""

    def __init__(self) -> None:
        self._function_name = "reconcile"
        self._memory_limit_in_mb = 512
        self._invoked_function_arn = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:reconcile"
        self._aws_request_id = "1"

    @staticmethod
    def get_remaining_time_in_millis() -> int:
        return 120_000


@dataclass(kw_only=True)
class Installation:
    """Queue, topic and bucket of a stack, and what arrived in them."""

    queue_url: str
    inbox_url: str
    bucket: str

    def _received(self, url: str) -> list[Any]:
        sqs, bodies = SESSION.client("sqs"), []
        while messages := sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages"):
            for message in messages:
                bodies.append(json.loads(message["Body"]))
                sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
        return bodies

    def queued(self) -> list[Any]:
        return self._received(self.queue_url)

    def told(self) -> list[Any]:
        """What subscribers other than e-mail got."""
        return [json.loads(m["Message"]) for m in self._received(self.inbox_url)]


@pytest.fixture
def installation(monkeypatch: pytest.MonkeyPatch) -> Installation:
    sqs, sns, s3 = SESSION.client("sqs"), SESSION.client("sns"), SESSION.client("s3")
    queue = sqs.create_queue(
        QueueName="vpce.fifo", Attributes={"FifoQueue": "true", "ContentBasedDeduplication": "true"}
    )["QueueUrl"]
    inbox = sqs.create_queue(QueueName="inbox")["QueueUrl"]
    topic = sns.create_topic(Name="vpce")["TopicArn"]
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=f"arn:aws:sqs:{REGION}:{ACCOUNT}:inbox")
    s3.create_bucket(Bucket="reports", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    for name, value in {
        "VPCE_INSTALLATION": "vpce",
        "VPCE_QUEUE_URL": queue,
        "VPCE_TOPIC_ARN": topic,
        "VPCE_BUCKET": "reports",
        "VPCE_DEFAULT_PROFILE": "gateway",
        "VPCE_PROFILES_PARAMETER": "",
        "VPCE_ORGANIZATION": "",
        "VPCE_REGIONS": "",
        "VPCE_AUDIT_MESSAGES": "changes",
        "VPCE_MESSAGE_FORMAT": "text",
        "VPCE_SECURITY_HUB": "off",
        "VPCE_MODE": "sync",
        "VPCE_CHANGE_WINDOW": "",
        "VPCE_GRACE_HOURS": "24",
        "VPCE_TRAFFIC_CHECK": "on",
        "VPCE_DELETION_SHARE": "30",
        "VPCE_DISCOVERY_DAYS": "0",
        "AWS_REGION": REGION,
    }.items():
        monkeypatch.setenv(name, value)
    # One session's clients: making each anew would read EC2's model for every test.
    monkeypatch.setattr(clients, "_client", lambda service, region: SESSION.client(service, region_name=region))
    reconcile._pace.cache_clear()
    reconcile._catalog.cache_clear()
    reconcile._quotas.cache_clear()
    monkeypatch.setattr(reconcile, "told", Told())
    monkeypatch.setattr(reconcile, "_now", lambda: NOW)
    return Installation(queue_url=queue, inbox_url=inbox, bucket="reports")


def messages(*bodies: Any) -> dict[str, Any]:
    return {
        "Records": [
            {
                "messageId": str(number),
                "receiptHandle": str(number),
                "body": body if isinstance(body, str) else json.dumps(body),
                "attributes": {"ApproximateReceiveCount": "1", "MessageGroupId": f"{ACCOUNT}/{REGION}"},
                "messageAttributes": {},
                "eventSource": "aws:sqs",
                "eventSourceARN": f"arn:aws:sqs:{REGION}:{ACCOUNT}:vpce.fifo",
                "awsRegion": REGION,
            }
            for number, body in enumerate(bodies, 1)
        ]
    }


def an_event(name: str, **request: Any) -> dict[str, Any]:
    return {
        "source": "aws.ec2",
        "detail-type": "AWS API Call via CloudTrail",
        "account": ACCOUNT,
        "region": REGION,
        "time": "2026-11-23T12:00:00Z",
        "detail": {
            "eventSource": "ec2.amazonaws.com",
            "eventName": name,
            "eventTime": "2026-11-23T11:59:30Z",
            "awsRegion": REGION,
            "requestParameters": request,
            "responseElements": None,
        },
    }


def run(*bodies: Any) -> Any:
    return reconcile.handler(messages(*bodies), Context())


# ---- reconcile ----------------------------------------------------------------------------------------------------


def test_an_event_brings_its_vpc_to_its_profile_and_people_are_told_once(
    world: World, installation: Installation
) -> None:
    vpc = world.vpc("gateway", tags={"Name": "payments"})

    answer = run(an_event("CreateSubnet", vpcId=vpc), an_event("CreateRouteTable", vpcId=vpc))

    assert answer == {"batchItemFailures": []}
    assert world.services(vpc) == {"s3", "dynamodb"}
    (told,) = installation.told()
    assert (told["type"], told["changes"], told["vpcs"][0]["vpc"]) == ("reconciled", 2, vpc)


def test_once_an_hour_every_region_of_the_installation_is_looked_at(
    world: World, installation: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is due, and what waits for a window, sends no event."""
    monkeypatch.setenv("VPCE_REGIONS", "eu-west-1,us-east-1")
    vpc = world.vpc("gateway")

    assert run({"source": "vpce", "detail-type": "Look everywhere", "id": "1"}) == {"batchItemFailures": []}
    queued = installation.queued()
    assert [(q["region"], q["detail"]["vpcs"]) for q in queued] == [("eu-west-1", []), ("us-east-1", [])]

    run(*queued)
    assert world.services(vpc) == {"s3", "dynamodb"}


def test_what_is_due_goes_with_the_hourly_look_and_is_told(
    world: World, installation: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    vpc = world.vpc("gateway")
    run(an_event("CreateSubnet", vpcId=vpc))
    world.untag(vpc, "endpoint-profile")
    run(an_event("DeleteTags", resourcesSet={"items": [{"resourceId": vpc}]}))
    monkeypatch.setattr(reconcile, "_now", lambda: NOW + timedelta(hours=24))
    installation.told()

    run(look_again(Look(place=PLACE, vpcs=frozenset(), why="once an hour"), message_id="1"))

    assert world.endpoints(vpc) == {}
    (told,) = installation.told()
    assert told["changes"] == 2


def test_quotas_are_read_once_an_hour_and_only_where_something_is_made(
    world: World, installation: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    quotas = SESSION.client("service-quotas", region_name=REGION)
    quotas.meta.events.register_first("before-call.*.*", lambda model, **_: asked.append(model.name))
    monkeypatch.setattr(
        clients, "_client", lambda s, r: quotas if s == "service-quotas" else SESSION.client(s, region_name=r)
    )
    counts = []
    for hours in (0, 0, 1):
        monkeypatch.setattr(reconcile, "_now", lambda hours=hours: NOW + timedelta(hours=hours))
        vpc = world.vpc("gateway")
        run(an_event("CreateSubnet", vpcId=vpc))
        run(an_event("CreateSubnet", vpcId=vpc))
        counts.append(len(asked))

    assert counts == [2, 2, 4]


def test_in_watch_mode_nothing_is_changed_and_the_plan_is_sent(
    world: World, installation: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VPCE_MODE", "watch")
    vpc = world.vpc("gateway")

    run(an_event("CreateSubnet", vpcId=vpc))

    assert world.endpoints(vpc) == {}
    (told,) = installation.told()
    assert [h["step"] for h in told["vpcs"][0]["held"]] == ["CreateEndpoint", "CreateEndpoint"]
    assert installation.queued() == []


def test_outside_the_change_window_it_waits_and_in_it_the_hourly_look_does_it(
    world: World, installation: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VPCE_CHANGE_WINDOW", "mon:20:00-mon:22:00")
    vpc = world.vpc("gateway")

    run(an_event("CreateSubnet", vpcId=vpc))
    assert world.endpoints(vpc) == {}
    (told,) = installation.told()
    assert {h["until"] for h in told["vpcs"][0]["held"]} == {"2026-11-23T20:00:00+00:00"}

    monkeypatch.setattr(reconcile, "_now", lambda: NOW + timedelta(hours=9))
    run(look_again(Look(place=PLACE, vpcs=frozenset(), why="once an hour"), message_id="1"))
    assert world.services(vpc) == {"s3", "dynamodb"}


def test_a_batch_is_one_look(
    world: World, installation: Installation, monkeypatch: pytest.MonkeyPatch, calls: list[str]
) -> None:
    vpc = world.vpc("gateway")
    _with(monkeypatch, "ec2", world.ec2)
    calls.clear()

    run(*(an_event("CreateSubnet", vpcId=vpc) for _ in range(10)))

    assert calls.count("DescribeVpcs") == 1


def test_the_same_event_twice_is_harmless(world: World, installation: Installation) -> None:
    vpc = world.vpc("gateway")
    run(an_event("CreateSubnet", vpcId=vpc))
    before = world.endpoints(vpc)
    installation.told()

    run(an_event("CreateSubnet", vpcId=vpc))

    assert world.endpoints(vpc) == before
    assert installation.told() == []


@pytest.mark.parametrize("body", ["no json", "[]", "null", {}, {"source": "aws.ec2", "detail": {}}, {"detail": 7}])
def test_a_malformed_message_is_ignored_logged_once_and_not_tried_again(
    installation: Installation, body: Any, caplog: pytest.LogCaptureFixture
) -> None:
    answer = run(body)

    assert answer == {"batchItemFailures": []}
    assert [r.message for r in caplog.records] == ["ignored"]


def test_a_malformed_message_does_not_keep_the_others_from_work(world: World, installation: Installation) -> None:
    vpc = world.vpc("gateway")

    run("no json", an_event("CreateSubnet", vpcId=vpc))

    assert world.services(vpc) == {"s3", "dynamodb"}


def test_an_event_of_another_account_is_ignored(world: World, installation: Installation) -> None:
    vpc = world.vpc("gateway")

    run(an_event("CreateSubnet", vpcId=vpc) | {"account": "999999999999"})

    assert world.endpoints(vpc) == {}


def test_an_event_that_names_no_vpc_looks_at_every_managed_one(world: World, installation: Installation) -> None:
    vpcs = [world.vpc("gateway"), world.vpc("gateway", cidr="10.9.0.0/16")]
    untagged = world.vpc(None, cidr="10.8.0.0/16")

    run(an_event("DeleteSubnet", subnetId="subnet-0123456789abcdef0"))

    assert [world.services(v) for v in vpcs] == [{"s3", "dynamodb"}] * 2
    assert world.endpoints(untagged) == {}


def a_deletion_that_failed(name: str, **request: Any) -> dict[str, Any]:
    event = an_event(name, **request)
    event["detail"]["errorCode"] = "Client.DependencyViolation"
    return event


def test_a_vpc_that_somebody_could_not_delete_is_left_and_people_are_told_for_how_long(
    world: World, installation: Installation
) -> None:
    vpc = world.vpc("gateway", zones="")
    world.settle(vpc)

    run(*(a_deletion_that_failed("DeleteVpc", vpcId=vpc) for _ in range(3)))

    world.ec2.delete_vpc(VpcId=vpc)
    (told,) = installation.told()
    assert [o["step"] for o in told["vpcs"][0]["outcomes"]] == ["Release", "DeleteEndpoint", "DeleteEndpoint"]
    assert f"{vpc} until 2026-11-24 12:00 UTC" in told["vpcs"][0]["outcomes"][0]["thing"]


def test_whoever_lives_there_and_however_often_it_is_tried_nothing_is_changed_and_nobody_bothered(
    world: World, installation: Installation, caplog: pytest.LogCaptureFixture
) -> None:
    vpc = world.vpc("gateway", zones="a")
    world.settle(vpc)
    [subnet] = world.ec2.describe_subnets(Filters=[{"Name": "vpc-id", "Values": [vpc]}])["Subnets"]
    made = world.ec2.create_network_interface(SubnetId=subnet["SubnetId"], Description="ELB app/shop")

    for _ in range(3):
        run(a_deletion_that_failed("DeleteVpc", vpcId=vpc))

    assert world.services(vpc) == {"dynamodb", "s3"}
    assert (installation.told(), installation.queued()) == ([], [])
    said = [r for r in caplog.records if r.message == "reconciled"]
    assert [made["NetworkInterface"]["NetworkInterfaceId"] in r.stays[0] for r in said] == [True] * 3  # type: ignore[attr-defined]


def test_a_throttled_look_after_a_deletion_that_failed_still_knows_what_was_to_go(
    world: World, installation: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    vpc = world.vpc("gateway", zones="a")
    world.settle(vpc)
    with monkeypatch.context() as while_throttled:
        _failing(while_throttled, "DescribeVpcs", "RequestLimitExceeded", 503)
        run(a_deletion_that_failed("DeleteVpc", vpcId=vpc))
        assert world.services(vpc) == {"dynamodb", "s3"}

    run(*installation.queued())

    assert world.services(vpc) == set()


def test_what_does_not_fit_goes_on_by_a_fresh_message(
    world: World, installation: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    vpc = world.vpc("private")
    monkeypatch.setattr(reconcile, "_pace", lambda _: world.pace)
    monkeypatch.setattr(Context, "get_remaining_time_in_millis", lambda _: 31_000)

    run(an_event("CreateSubnet", vpcId=vpc))

    (again,) = installation.queued()
    assert (again["source"], again["detail"]["vpcs"], again["detail"]["since"]) == ("vpce", [vpc], "")
    assert 0 < len(world.endpoints(vpc)) < 13
    (told,) = installation.told()
    assert {o["verdict"] for o in told["vpcs"][0]["outcomes"]} == {"done", "goes on later"}

    monkeypatch.setattr(Context, "get_remaining_time_in_millis", lambda _: 120_000)
    run(again)
    assert len(world.endpoints(vpc)) > 5


def _with(monkeypatch: pytest.MonkeyPatch, service: str, ours: Any) -> None:
    """Give the functions this client of a service."""

    def made(named: str, region: str | None) -> Any:
        return ours if named == service else SESSION.client(named, region_name=region)  # type: ignore[call-overload]

    monkeypatch.setattr(clients, "_client", made)


def _failing(
    monkeypatch: pytest.MonkeyPatch,
    operation: str,
    code: str,
    status: int,
    *,
    service: Literal["ec2", "s3", "ssm"] = "ec2",
) -> None:
    """Clients of the function whose operation fails for good."""
    client = SESSION.client(service)

    def refuse(**_: Any) -> Any:
        answer = {"Error": {"Code": code, "Message": code}, "ResponseMetadata": {"HTTPStatusCode": status}}
        return type("Response", (), {"status_code": status})(), answer

    client.meta.events.register_first(f"before-call.{service}.{operation}", refuse)
    _with(monkeypatch, service, client)


def test_a_throttled_look_goes_back_by_a_fresh_message_that_holds_up_nobody(
    world: World, installation: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    vpc = world.vpc("gateway")
    _failing(monkeypatch, "DescribeSubnets", "RequestLimitExceeded", 503)

    answer = run(an_event("CreateSubnet", vpcId=vpc))

    assert answer == {"batchItemFailures": []}
    (again,) = installation.queued()
    assert (again["detail"]["vpcs"], again["detail"]["since"]) == ([vpc], NOW.isoformat())
    assert installation.told() == []


def test_a_throttled_look_is_told_once_it_was_tried_long_enough(
    world: World, installation: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    vpc = world.vpc("gateway")
    _failing(monkeypatch, "DescribeSubnets", "RequestLimitExceeded", 503)
    long_ago = NOW - PATIENCE - timedelta(seconds=1)
    last = {
        "source": "vpce",
        "detail-type": "Look again",
        "account": ACCOUNT,
        "region": REGION,
        "time": "",
        "detail": {"vpcs": [vpc], "new": [], "since": long_ago.isoformat(), "why": "test"},
    }

    run(last)

    assert installation.queued() == []
    assert [m["type"] for m in installation.told()] == ["unread"]


def test_a_denied_look_is_told_and_not_tried_again(
    world: World, installation: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    vpc = world.vpc("gateway")
    _failing(monkeypatch, "DescribeSubnets", "UnauthorizedOperation", 403)

    answer = run(an_event("CreateSubnet", vpcId=vpc))

    assert answer == {"batchItemFailures": []}
    assert installation.queued() == []
    (told,) = installation.told()
    assert "DescribeSubnets: UnauthorizedOperation" in told["why"]


@pytest.mark.parametrize("code", ["RequestLimitExceeded", "UnauthorizedOperation"])
def test_a_catalog_that_cannot_be_read_is_like_any_other_read(
    world: World, installation: Installation, monkeypatch: pytest.MonkeyPatch, code: str
) -> None:
    vpc = world.vpc("gateway")
    _failing(monkeypatch, "DescribeVpcEndpointServices", code, 400)

    assert run(an_event("CreateSubnet", vpcId=vpc)) == {"batchItemFailures": []}

    assert world.endpoints(vpc) == {}
    is_passing = code == "RequestLimitExceeded"
    assert (len(installation.queued()), len(installation.told())) == ((1, 0) if is_passing else (0, 1))


def test_a_burst_of_events_tells_one_typo_once(world: World, installation: Installation) -> None:
    """The tag event and the API event of one call arrive apart."""
    vpc = world.vpc("gatway")

    for name in ("CreateVpc", "CreateTags", "CreateSubnet", "CreateSubnet"):
        run(an_event(name, vpcId=vpc))

    assert len(installation.told()) == 1


def test_a_shortfall_is_told_though_nothing_changes(
    world: World, installation: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    vpc = world.vpc("gateway")
    world.settle(vpc)
    SESSION.client("ssm").put_parameter(Name="/p", Type="String", Value='[plus]\ninterface = ["no-such-service"]')
    monkeypatch.setenv("VPCE_PROFILES_PARAMETER", "/p")
    world.tag(vpc, endpoint_profile="gateway+plus")

    run(an_event("CreateTags", vpcId=vpc))
    run(an_event("CreateTags", vpcId=vpc))

    (told,) = installation.told()
    assert (told["changes"], told["failures"], told["shortfalls"]) == (0, 0, 1)


def test_what_sns_does_not_take_is_kept_and_told_later(
    world: World, installation: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A second look finds nothing to tell, so the words themselves are kept."""
    vpc = world.vpc("gateway")
    topic = os.environ["VPCE_TOPIC_ARN"]
    monkeypatch.setenv("VPCE_TOPIC_ARN", f"{topic}-gone")

    assert run(an_event("CreateSubnet", vpcId=vpc)) == {"batchItemFailures": []}
    (kept,) = installation.queued()
    monkeypatch.setenv("VPCE_TOPIC_ARN", topic)
    run(kept)

    (told,) = installation.told()
    assert (told["changes"], told["vpcs"][0]["vpc"]) == (2, vpc)


@pytest.mark.parametrize("detail", [None, {}, {"subject": "s", "text": "t", "document": {}}, {"subject": 1}])
def test_a_notice_without_content_does_not_keep_the_others_from_work(
    world: World, installation: Installation, detail: Any
) -> None:
    vpc = world.vpc("gateway")

    run({"source": "vpce", "detail-type": "Notice", "detail": detail}, an_event("CreateSubnet", vpcId=vpc))

    assert world.services(vpc) == {"s3", "dynamodb"}
    assert [m["changes"] for m in installation.told()] == [2]


def test_an_event_from_before_all_time_makes_no_vpc_new(world: World, installation: Installation) -> None:
    vpc = world.vpc(None)
    event = an_event("CreateVpc", vpcId=vpc)
    event["detail"]["eventTime"] = "0001-01-01T00:00:00+14:00"

    assert run(event) == {"batchItemFailures": []}
    assert world.endpoints(vpc) == {}


def test_changes_are_told_though_sqs_refuses_the_fresh_message_that_goes_on(
    world: World, installation: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The event's own message comes back, but then there is nothing to tell any more."""
    vpc = world.vpc("ec2-ssm")
    _failing(monkeypatch, "CreateSecurityGroup", "Unavailable", 503)
    monkeypatch.setenv("VPCE_QUEUE_URL", f"{installation.queue_url}-gone")

    with pytest.raises(Exception, match="All records failed"):
        run(an_event("CreateSubnet", vpcId=vpc))

    (told,) = installation.told()
    assert (told["vpcs"][0]["vpc"], told["changes"] > 0) == (vpc, True)


def test_one_places_failure_does_not_cost_another_place_its_messages(
    world: World, installation: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    vpc = world.vpc("gateway")

    def broken(around: Surroundings, *arguments: Any, **named: Any) -> Any:
        if around.place.region == "us-east-1":
            raise ZeroDivisionError
        return real(around, *arguments, **named)

    monkeypatch.setattr(reconcile, "reconcile", broken)
    there = an_event("CreateSubnet", vpcId="vpc-0123456789abcdef0") | {"region": "us-east-1"}
    batch = messages(there, there, an_event("CreateSubnet", vpcId=vpc))
    for record in batch["Records"][:2]:
        record["attributes"]["MessageGroupId"] = f"{ACCOUNT}/us-east-1"

    answer = reconcile.handler(batch, Context())

    assert [f["itemIdentifier"] for f in answer["batchItemFailures"]] == ["1", "2"]
    assert world.services(vpc) == {"s3", "dynamodb"}


def test_without_time_to_look_the_messages_are_passed_on_untouched(
    world: World, installation: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    vpc = world.vpc("gateway")
    monkeypatch.setattr(Context, "get_remaining_time_in_millis", lambda _: 20_000)

    run(an_event("CreateVpc", vpcId=vpc))

    (again,) = installation.queued()
    assert again["detail"] == {
        "vpcs": [vpc],
        "blocked": [],
        "new": [vpc],
        "since": "",
        "why": "CreateVpc: a VPC was made",
    }
    assert world.endpoints(vpc) == {}


def test_our_own_bug_sends_the_message_back_to_sqs(
    world: World, installation: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    vpc = world.vpc("gateway")
    monkeypatch.setattr("vpce.reconcile.make_plan", lambda *_, **__: 1 / 0)

    with pytest.raises(Exception, match="All records failed"):
        run(an_event("CreateSubnet", vpcId=vpc))


def test_own_profiles_come_from_the_ssm_parameter(
    world: World, installation: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    SESSION.client("ssm").put_parameter(Name="/vpce/profiles", Type="String", Value='[tiny]\ngateway = ["s3"]')
    monkeypatch.setenv("VPCE_PROFILES_PARAMETER", "/vpce/profiles")
    vpc = world.vpc("tiny")

    run(an_event("CreateSubnet", vpcId=vpc))

    assert world.services(vpc) == {"s3"}


def test_an_ssm_that_throttles_is_asked_again_by_a_fresh_message_that_holds_up_nobody(
    world: World, installation: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    vpc = world.vpc("gateway")
    monkeypatch.setenv("VPCE_PROFILES_PARAMETER", "/vpce/profiles")
    _failing(monkeypatch, "GetParameter", "ThrottlingException", 400, service="ssm")

    assert run(an_event("CreateSubnet", vpcId=vpc)) == {"batchItemFailures": []}

    (again,) = installation.queued()
    assert (again["detail"]["vpcs"], again["detail"]["since"]) == ([vpc], NOW.isoformat())
    assert installation.told() == []


def test_a_missing_ssm_parameter_changes_nothing_and_is_told(
    world: World, installation: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VPCE_PROFILES_PARAMETER", "/vpce/profiles")
    vpc = world.vpc("gateway")

    run(an_event("CreateSubnet", vpcId=vpc))

    assert world.endpoints(vpc) == {}
    (told,) = installation.told()
    assert "SSM parameter /vpce/profiles cannot be read" in told["vpcs"][0]["refusal"]


NARROW = '{"Statement": [{"Effect": "Allow", "Principal": "*", "Action": "s3:*", "Resource": "*"}]}'
CLOSED = '[closed]\ngateway = ["s3"]\npolicy = "ours.json"'


@pytest.fixture
def closed(installation: Installation, monkeypatch: pytest.MonkeyPatch) -> Installation:
    """Its profile has its policy in a file."""
    SESSION.client("ssm").put_parameter(Name="/vpce/profiles", Type="String", Value=CLOSED)
    monkeypatch.setenv("VPCE_PROFILES_PARAMETER", "/vpce/profiles")
    return installation


def test_a_policy_of_ones_own_comes_from_the_bucket_of_reports(world: World, closed: Installation) -> None:
    SESSION.client("s3").put_object(Bucket=closed.bucket, Key="policies/ours.json", Body=NARROW.encode())
    vpc = world.vpc("closed")

    run(an_event("CreateSubnet", vpcId=vpc))

    assert json.loads(world.endpoints(vpc)["s3", "Gateway"]["PolicyDocument"]) == json.loads(NARROW)


def test_a_policy_that_is_not_there_changes_nothing_and_is_told_and_found(world: World, closed: Installation) -> None:
    vpc = world.vpc("closed")

    run(an_event("CreateSubnet", vpcId=vpc))

    assert world.endpoints(vpc) == {}
    (told,) = closed.told()
    assert "s3://reports/policies/ours.json is not there, or cannot be read" in told["vpcs"][0]["refusal"]
    audited()
    (found,) = closed.told()
    assert states(found["findings"]) == {"unknown-profile": "new"}


def test_a_policy_that_drifted_is_found_by_the_audit_and_mended(world: World, closed: Installation) -> None:
    SESSION.client("s3").put_object(Bucket=closed.bucket, Key="policies/ours.json", Body=NARROW.encode())
    vpc = world.vpc("closed")
    run(an_event("CreateSubnet", vpcId=vpc))
    gateway = world.endpoints(vpc)["s3", "Gateway"]["VpcEndpointId"]
    world.ec2.modify_vpc_endpoint(VpcEndpointId=gateway, ResetPolicy=True)
    closed.told()

    audited()

    (told,) = closed.told()
    assert states(told["findings"]) == {"drifted-from-profile": "new"}
    (queued,) = closed.queued()
    run(queued)
    assert json.loads(world.endpoints(vpc)["s3", "Gateway"]["PolicyDocument"]) == json.loads(NARROW)


def test_an_s3_that_stumbles_over_a_policy_is_asked_again_by_a_fresh_message(
    world: World, closed: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    vpc = world.vpc("closed")
    _failing(monkeypatch, "GetObject", "InternalError", 500, service="s3")

    assert run(an_event("CreateSubnet", vpcId=vpc)) == {"batchItemFailures": []}

    (again,) = closed.queued()
    assert again["detail"]["vpcs"] == [vpc]
    assert closed.told() == []


def test_the_organization_of_the_installation_is_the_one_let_through(
    world: World, installation: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = CLOSED.replace("ours.json", "organization")
    SESSION.client("ssm").put_parameter(Name="/vpce/profiles", Type="String", Value=text)
    monkeypatch.setenv("VPCE_PROFILES_PARAMETER", "/vpce/profiles")
    monkeypatch.setenv("VPCE_ORGANIZATION", "o-abcdefghij")
    vpc = world.vpc("closed")

    run(an_event("CreateSubnet", vpcId=vpc))

    assert '"aws:PrincipalOrgID":"o-abcdefghij"' in world.endpoints(vpc)["s3", "Gateway"]["PolicyDocument"]


# ---- audit --------------------------------------------------------------------------------------------------------


RUN, NEXT, LATER = (f"2026-11-{day}T06:00:00.000Z-run" for day in (22, 23, 24))


def audited(run: str = RUN) -> Any:
    """The state machine's path, without Step Functions."""
    return reported(run, looked_at(run))


def looked_at(run: str) -> list[Any]:
    found = places.handler({}, Context())
    return [audit.handler({"run": run, "place": place}, Context()) for place in found["places"]]


def reported(run: str, results: list[Any]) -> Any:
    listed = places.handler({}, Context())["places"]
    return report.handler({"run": run, "places": listed, "results": results}, Context())


def in_bucket(key: str) -> Any:
    return json.load(SESSION.client("s3").get_object(Bucket="reports", Key=key)["Body"])


def states(findings: list[Any]) -> dict[str, str]:
    """What is told of at all."""
    return {f["check"]: f["state"] for f in findings if f["severity"] != "info"}


def test_an_audit_finds_tells_keeps_and_queues_what_drifted(world: World, installation: Installation) -> None:
    vpc = world.vpc("ec2-ssm", tables=1)
    world.settle(vpc)
    ssm = world.endpoints(vpc)["ssm", "Interface"]["VpcEndpointId"]
    world.ec2.modify_vpc_endpoint(VpcEndpointId=ssm, PrivateDnsEnabled=False)

    answer = audited()

    assert answer["clean"] is False
    (told,) = installation.told()
    assert states(told["findings"]) == {"broken-private-dns": "new"}
    assert {f["vpc"] for f in told["findings"]} == {vpc}
    assert in_bucket(f"audits/{RUN}/findings.json")["findings"] == told["findings"]
    (queued,) = installation.queued()
    assert queued["detail"]["vpcs"] == [vpc]
    run(queued)
    assert world.endpoints(vpc)["ssm", "Interface"]["PrivateDnsEnabled"] is True


def test_a_report_is_kept_for_machines_for_spreadsheets_and_for_people(installation: Installation) -> None:
    s3 = SESSION.client("s3")
    hostile = a_finding(vpc_name="=1+1</script><script>")

    reported(RUN, found(hostile))

    page, table = (
        s3.get_object(Bucket="reports", Key=f"audits/{RUN}/{name}") for name in ("report.html", "findings.csv")
    )
    assert (page["ContentType"], table["ContentType"]) == ("text/html; charset=utf-8", "text/csv; charset=utf-8")
    text = page["Body"].read().decode()
    assert text.startswith("<!doctype html>")
    assert hostile.id in text
    assert text.count("<script>") == 1
    assert b'"\'=1+1</script><script>"' in table["Body"].read()
    assert [f["id"] for f in in_bucket(f"audits/{RUN}/findings.json")["findings"]] == [hostile.id]


def test_what_logs_say_is_kept_with_the_report_if_days_are_given(
    world: World, installation: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    vpc = world.vpc()
    audited()
    assert in_bucket(f"audits/{RUN}/findings.json")["evidence"] == []
    monkeypatch.setenv("VPCE_DISCOVERY_DAYS", "14")
    monkeypatch.setattr(Context, "get_remaining_time_in_millis", lambda _: 900_000)

    audited(NEXT)

    of_vpc = {e["vpc"]: e for e in in_bucket(f"audits/{NEXT}/findings.json")["evidence"]}
    assert "the VPC has no query log: which names were asked for is not known" in of_vpc[vpc]["gaps"]


def test_a_healthy_place_is_clean_and_nobody_is_told(world: World, installation: Installation) -> None:
    vpc = world.vpc("private", tables=2)
    world.settle(vpc)

    assert audited()["clean"] is True
    assert installation.told() == []
    assert installation.queued() == []


# ---- audits, one after another ------------------------------------------------------------------------------------


MINE = a_finding()


def found(*findings: Finding, run: str = RUN, place: Place = PLACE, unread: str = "") -> list[Any]:
    """What the audit of a place hands on that found these, or could not read the place."""
    seen = Unread(place=place, why=unread) if unread else PlaceReport(place=place, vpcs=1, findings=findings)
    key = f"audits/{run}/places/{place.account}-{place.region}.json"
    SESSION.client("s3").put_object(Bucket="reports", Key=key, Body=json.dumps(place_document(seen)).encode())
    return [{"place": {"account": place.account, "region": place.region}, "key": key}]


def test_what_is_wrong_is_told_once_and_once_more_when_it_is_right(world: World, installation: Installation) -> None:
    vpc = world.vpc("ec2-ssm", tags={"Name": "payments"})
    world.settle(vpc)
    ssm = world.endpoints(vpc)["ssm", "Interface"]["VpcEndpointId"]
    world.ec2.modify_vpc_endpoint(VpcEndpointId=ssm, PrivateDnsEnabled=False)

    first, second = audited(RUN), audited(NEXT)
    world.ec2.modify_vpc_endpoint(VpcEndpointId=ssm, PrivateDnsEnabled=True)
    third, fourth = audited(LATER), audited("2026-11-25T06:00:00.000Z-run")

    new, resolved = installation.told()
    assert states(new["findings"]) == {"broken-private-dns": "new"}
    assert (states(resolved["findings"]), states(resolved["resolved"])) == ({}, {"broken-private-dns": "resolved"})
    assert [a["clean"] for a in (first, second, third, fourth)] == [False, False, True, True]
    assert states(in_bucket(f"audits/{NEXT}/findings.json")["findings"]) == {"broken-private-dns": "open"}
    assert [p["run"] for p in in_bucket("audits/latest.json")["history"]][:3] == [RUN, NEXT, LATER]


def test_a_sign_of_life_is_sent_to_who_wants_one(installation: Installation, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VPCE_AUDIT_MESSAGES", "always")

    reported(RUN, found())

    (told,) = installation.told()
    assert (told["findings"], told["resolved"], told["unread"]) == ([], [], [])


def test_a_place_that_cannot_be_read_resolves_nothing(installation: Installation) -> None:
    reported(RUN, found(MINE))

    reported(NEXT, found(run=NEXT, unread="denied"))

    _, told = installation.told()
    assert (told["resolved"], told["open"], len(told["unread"])) == ([], 1, 1)
    assert states(in_bucket("audits/latest.json")["findings"]) == {"broken-private-dns": "open"}


def test_a_region_that_is_no_longer_named_is_told_once_and_its_findings_are_not_called_resolved(
    installation: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    reported(RUN, found(MINE))
    monkeypatch.setenv("VPCE_REGIONS", "us-east-1")
    there = replace(PLACE, region="us-east-1")

    reported(NEXT, found(run=NEXT, place=there))
    reported(LATER, found(run=LATER, place=there))

    _, told = installation.told()
    assert (told["run"], told["resolved"], len(told["forgotten"])) == (NEXT, [], 1)


@pytest.mark.parametrize("body", ["", "no json", "[]", "{}", '{"run": "9"}', "[" * 100_000])
def test_a_memory_that_is_none_is_told_and_everything_counts_as_new(installation: Installation, body: str) -> None:
    reported(RUN, found(MINE))
    SESSION.client("s3").put_object(Bucket="reports", Key="audits/latest.json", Body=body.encode())

    reported(NEXT, found(MINE, run=NEXT))
    reported(LATER, found(MINE, run=LATER))

    _, told = installation.told()
    assert told["trouble"].startswith("s3://reports/audits/latest.json is not what an audit leaves there")
    assert (states(told["findings"]), told["resolved"]) == ({"broken-private-dns": "new"}, [])


def test_what_sns_did_not_take_is_told_when_the_report_is_tried_again(
    installation: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    topic = os.environ["VPCE_TOPIC_ARN"]
    results = found(MINE)
    monkeypatch.setenv("VPCE_TOPIC_ARN", f"{topic}-gone")
    with pytest.raises(ClientError, match="NotFound"):
        reported(RUN, results)
    monkeypatch.setenv("VPCE_TOPIC_ARN", topic)

    reported(RUN, results)

    (told,) = installation.told()
    assert states(told["findings"]) == {"broken-private-dns": "new"}


def test_a_report_that_is_tried_again_though_it_was_done_changes_nothing(installation: Installation) -> None:
    results = found(MINE)
    first = reported(RUN, results)
    kept = in_bucket(f"audits/{RUN}/findings.json")

    assert reported(RUN, results) == first
    assert len(installation.told()) == 1
    assert in_bucket(f"audits/{RUN}/findings.json") == kept


def test_an_audit_that_a_later_one_overtook_tells_nothing_and_changes_no_memory(installation: Installation) -> None:
    results = found(MINE)
    reported(NEXT, found(MINE, run=NEXT))
    installation.told()
    left = in_bucket("audits/latest.json")

    assert reported(RUN, results)["report"] == f"s3://reports/audits/{NEXT}/findings.json"
    assert installation.told() == []
    assert in_bucket("audits/latest.json") == left


def test_of_two_audits_at_once_the_slower_starts_anew_and_tells_what_is_then_news(
    installation: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Step Functions tries it again."""
    earlier, later = found(MINE), found(MINE, run=NEXT)
    remember = Shelf.remember

    def overtaken(shelf: Shelf, memory: Memory, recalled: Recalled) -> None:
        monkeypatch.setattr(Shelf, "remember", remember)
        reported(RUN, earlier)
        remember(shelf, memory, recalled)

    monkeypatch.setattr(Shelf, "remember", overtaken)
    with pytest.raises(ClientError, match="PreconditionFailed"):
        reported(NEXT, later)
    assert in_bucket("audits/latest.json")["run"] == RUN
    installation.told()

    reported(NEXT, later)

    assert installation.told() == []
    assert [p["run"] for p in in_bucket("audits/latest.json")["history"]] == [RUN, NEXT]


def _s3_refuses(monkeypatch: pytest.MonkeyPatch, operation: str, key: str, code: str, status: int) -> None:
    client = SESSION.client("s3")

    def refuse(params: Any, **_: Any) -> Any:
        if not params["url_path"].endswith(key):
            return None
        answer = {"Error": {"Code": code, "Message": code}, "ResponseMetadata": {"HTTPStatusCode": status}}
        return type("Response", (), {"status_code": status})(), answer

    client.meta.events.register_first(f"before-call.s3.{operation}", refuse)
    made = SESSION.client
    monkeypatch.setattr(
        clients, "_client", lambda service, region: client if service == "s3" else made(service, region_name=region)
    )


@pytest.mark.parametrize("key", ["latest.json", "ignores.toml"])
def test_what_s3_may_give_later_is_tried_again(
    installation: Installation, monkeypatch: pytest.MonkeyPatch, key: str
) -> None:
    results = found(MINE)
    _s3_refuses(monkeypatch, "GetObject", key, "SlowDown", 503)

    with pytest.raises(ClientError, match="SlowDown"):
        reported(RUN, results)

    assert installation.told() == []


def test_a_memory_that_is_denied_is_told_and_left_alone(
    installation: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    reported(RUN, found(MINE))
    left = in_bucket("audits/latest.json")
    _s3_refuses(monkeypatch, "GetObject", "latest.json", "AccessDenied", 403)

    reported(NEXT, found(MINE, run=NEXT))

    _, told = installation.told()
    assert told["trouble"] == "GetObject: AccessDenied: AccessDenied; allow it to vpce's role"
    monkeypatch.undo()
    assert in_bucket("audits/latest.json") == left


# ---- ignores ------------------------------------------------------------------------------------------------------


def ignore(check: str, *, until: str = "2026-12-31") -> None:
    text = f'[[ignore]]\ncheck = "{check}"\nreason = "known"\nuntil = {until}\n'
    SESSION.client("s3").put_object(Bucket="reports", Key="ignores.toml", Body=text.encode())


def test_what_the_file_ignores_is_kept_and_not_told_until_its_day(installation: Installation) -> None:
    ignore("broken-private-dns", until="2026-11-23")
    reported(RUN, found(MINE))
    reported(NEXT, found(MINE, run=NEXT))
    assert installation.told() == []
    assert states(in_bucket(f"audits/{NEXT}/findings.json")["findings"]) == {"broken-private-dns": "ignored"}

    reported(LATER, found(MINE, run=LATER))

    (told,) = installation.told()
    assert states(told["findings"]) == {"broken-private-dns": "new", "expired-ignore": "new"}


def test_a_wrong_ignore_is_told_and_ignores_nothing(installation: Installation) -> None:
    ignore("broken-private-dsn")

    reported(RUN, found(MINE))

    (told,) = installation.told()
    assert states(told["findings"]) == {"broken-private-dns": "new", "unknown-ignore": "new"}


def test_a_file_of_ignores_that_is_denied_is_told_and_ignores_nothing(
    installation: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    ignore("broken-private-dns")
    _s3_refuses(monkeypatch, "GetObject", "ignores.toml", "AccessDenied", 403)

    reported(RUN, found(MINE))

    (told,) = installation.told()
    assert states(told["findings"]) == {"broken-private-dns": "new", "unknown-ignore": "new"}


# ---- where teams look ---------------------------------------------------------------------------------------------


def counted(capsys: pytest.CaptureFixture[str]) -> dict[str, float]:
    """What was sent to CloudWatch: lines of the log in its embedded metric format.

    https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
    """
    sent: dict[str, float] = {}
    for line in capsys.readouterr().out.splitlines():
        if not line.startswith('{"_aws"'):
            continue
        document = json.loads(line)
        (directive,) = document["_aws"]["CloudWatchMetrics"]
        assert (directive["Namespace"], directive["Dimensions"]) == ("vpce", [["installation"]])
        assert document["installation"] == "vpce"
        sent |= {m["Name"]: sum(document[m["Name"]]) for m in directive["Metrics"]}
    return sent


def about_vpcs(caplog: pytest.LogCaptureFixture) -> list[tuple[str, str, str, str]]:
    """Message, VPC, account and region of each line about a VPC."""
    lines: Any = [r for r in caplog.records if hasattr(r, "vpc")]
    return [(line.message, line.vpc, line.account, line.region) for line in lines]


def test_a_look_is_counted_and_logged_with_its_vpc(
    world: World, installation: Installation, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    vpc = world.vpc("gateway")

    run(an_event("CreateSubnet", vpcId=vpc))

    assert counted(capsys) == {"Changes": 2, "Failures": 0, "Retries": 0, "Shortfalls": 0}
    assert about_vpcs(caplog) == [("reconciled", vpc, ACCOUNT, REGION)]


@pytest.mark.parametrize(
    ("code", "figures"), [("RequestLimitExceeded", {"Retries": 1}), ("UnauthorizedOperation", {"Failures": 1})]
)
def test_a_place_that_could_not_be_looked_at_is_counted(
    installation: Installation,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    code: str,
    figures: dict[str, int],
) -> None:
    _failing(monkeypatch, "DescribeVpcs", code, 400)

    run(an_event("CreateSubnet", vpcId="vpc-0123456789abcdef0"))

    assert counted(capsys) == figures


def test_our_own_bug_is_logged_with_its_vpc_though_others_of_the_batch_went_well(
    world: World, installation: Installation, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    vpc = world.vpc("gateway")
    monkeypatch.setattr("vpce.reconcile.make_plan", lambda *_, **__: 1 / 0)
    other = an_event("CreateSubnet", vpcId="vpc-0123456789abcdef0") | {"region": "us-east-1"}
    batch = messages(an_event("CreateSubnet", vpcId=vpc), other)
    batch["Records"][1]["attributes"]["MessageGroupId"] = f"{ACCOUNT}/us-east-1"

    answer = reconcile.handler(batch, Context())

    assert [f["itemIdentifier"] for f in answer["batchItemFailures"]] == ["1"]
    assert about_vpcs(caplog) == [("failed in our own code", vpc, ACCOUNT, REGION)]
    assert "ZeroDivisionError" in caplog.text


def test_an_audit_is_counted_and_logged_with_the_vpcs_that_something_is_wrong_with(
    world: World, installation: Installation, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    vpc = world.vpc("gatway")

    audited()

    sent = counted(capsys)
    assert set(sent) == set(of_report(Report(run="", places=())))
    assert (sent["FindingsHigh"], sent["Vpcs"], sent["Unread"]) == (1, 2, 0)
    assert about_vpcs(caplog) == [("found", vpc, ACCOUNT, REGION)]


def test_figures_of_looks_and_audits_have_names_of_their_own() -> None:
    """A name stands for one thing on the dashboard."""
    report = of_report(Report(run="", places=()))

    assert not set(report) & set(of_runs([]))
    assert not set(of_hub(0)) & {*report, *of_runs([])}


def in_security_hub() -> dict[str, str]:
    """Check → record state."""
    found = SESSION.client("securityhub").get_findings()["Findings"]
    return {f["GeneratorId"].removeprefix("vpce/"): f["RecordState"] for f in found}


def test_security_hub_gets_findings_where_it_is_asked_for_and_has_them_archived(
    installation: Installation, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    reported(RUN, found(MINE, run=RUN))
    assert in_security_hub() == {}
    monkeypatch.setenv("VPCE_SECURITY_HUB", "on")
    capsys.readouterr()

    reported(NEXT, found(MINE, run=NEXT))
    assert in_security_hub() == {"broken-private-dns": "ACTIVE"}
    assert counted(capsys)["NotInSecurityHub"] == 0

    reported(LATER, found(run=LATER))
    assert in_security_hub() == {"broken-private-dns": "ARCHIVED"}


def test_a_security_hub_that_is_not_enabled_is_told_and_costs_no_report(
    installation: Installation, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    hub, made = SESSION.client("securityhub"), clients._client
    code = "InvalidAccessException"
    answer = {"Error": {"Code": code, "Message": "not subscribed"}, "ResponseMetadata": {"HTTPStatusCode": 401}}

    def refuse(**_: Any) -> Any:
        return type("Response", (), {"status_code": 401})(), answer

    hub.meta.events.register_first("before-call.securityhub.BatchImportFindings", refuse)
    monkeypatch.setattr(
        clients, "_client", lambda service, region: hub if service == "securityhub" else made(service, region)
    )
    monkeypatch.setenv("VPCE_SECURITY_HUB", "on")

    reported(RUN, found(MINE))

    (told,) = installation.told()
    assert states(told["findings"]) == {"broken-private-dns": "new"}
    (why,) = told["not_in_security_hub"]
    assert why.endswith("not subscribed; enable Security Hub in the region, or set the parameter SecurityHub to off")
    assert counted(capsys)["NotInSecurityHub"] == 1
    assert in_bucket("audits/latest.json")["run"] == RUN


def test_no_function_loads_the_xray_sdk() -> None:
    """Lambda traces without it, and it would double the cold start."""
    names = ", ".join(f"functions.{name}.app" for name in ("audit", "places", "reconcile", "report"))
    script = f"import sys, {names}; print(*(m for m in sys.modules if m.startswith(('aws_xray_sdk', 'boto3'))))"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)

    assert done.stdout.split() == []


# ---- places -------------------------------------------------------------------------------------------------------


def test_every_region_given_is_a_place(installation: Installation, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VPCE_REGIONS", "eu-west-1, us-east-1,eu-west-1")

    assert places.handler({}, Context()) == {
        "places": [{"account": ACCOUNT, "region": "eu-west-1"}, {"account": ACCOUNT, "region": "us-east-1"}]
    }


def test_a_place_that_cannot_be_read_is_reported_as_such(
    world: World, installation: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    _failing(monkeypatch, "DescribeVpcs", "UnauthorizedOperation", 403)

    assert audited()["clean"] is False
    (told,) = installation.told()
    assert told["unread"][0]["why"].startswith("DescribeVpcs: UnauthorizedOperation")
    assert "could not be read" in told["headline"]


@pytest.mark.parametrize(
    "results", [[], [{"place": {"account": ACCOUNT, "region": REGION}, "error": {"Cause": "boom"}}]]
)
def test_an_audit_that_crashed_or_was_lost_leaves_its_place_unread(
    installation: Installation, results: list[Any]
) -> None:
    listed = [{"account": ACCOUNT, "region": REGION}]

    report.handler({"run": RUN, "places": listed, "results": results}, Context())

    (told,) = installation.told()
    assert [(u["account"], u["region"]) for u in told["unread"]] == [(ACCOUNT, REGION)]


def test_a_report_of_one_place_that_is_lost_costs_no_other_place(installation: Installation) -> None:
    here, there = ({"account": ACCOUNT, "region": r} for r in (REGION, "us-east-1"))
    found = audit.handler({"run": RUN, "place": here}, Context())
    lost = {"place": there, "key": f"audits/{RUN}/places/nowhere.json"}

    report.handler({"run": RUN, "places": [here, there], "results": [found, lost]}, Context())

    (told,) = installation.told()
    assert [u["region"] for u in told["unread"]] == ["us-east-1"]
    assert [p["region"] for p in told["places"]] == [REGION]


def test_a_report_that_s3_does_not_give_now_is_tried_again_before_people_are_told(
    installation: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By the state machine. Told as unread, it would be so until the next audit."""
    place = {"account": ACCOUNT, "region": REGION}
    found = audit.handler({"run": "run-1", "place": place}, Context())
    _failing(monkeypatch, "GetObject", "SlowDown", 503, service="s3")

    with pytest.raises(ClientError, match="SlowDown"):
        report.handler({"run": "run-1", "places": [place], "results": [found]}, Context())

    assert installation.told() == []


def test_a_shared_vpc_is_the_owners_business(
    world: World, installation: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A participant sees neither the owner's endpoints nor may it make any."""
    from vpce.aws import observe

    world.vpc(None)
    real = observe._vpc
    monkeypatch.setattr(
        observe, "_vpc", lambda place, vpc, **rest: real(place, vpc | {"OwnerId": "999999999999"}, **rest)
    )

    assert audited()["clean"] is True


def test_a_missing_setting_is_named(installation: Installation, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("VPCE_TOPIC_ARN")

    with pytest.raises(KeyError, match="VPCE_TOPIC_ARN is missing"):
        run({})
