"""The Lambda functions as Lambda calls them: real handlers, messages of SQS, and moto's SNS, SQS and S3 behind them."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Literal

import pytest
from aws_lambda_powertools.utilities.typing import LambdaContext
from botocore.exceptions import ClientError

from functions.audit import app as audit
from functions.places import app as places
from functions.reconcile import app as reconcile
from functions.report import app as report
from tests.aws.conftest import ACCOUNT, NOW, REGION, SESSION, World
from vpce.aws import clients
from vpce.notify import Told
from vpce.reconcile import PATIENCE, Surroundings
from vpce.reconcile import reconcile as real


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
        "VPCE_REGIONS": "",
        "AWS_REGION": REGION,
    }.items():
        monkeypatch.setenv(name, value)
    # One session's clients: making each anew would read EC2's model for every test.
    monkeypatch.setattr(clients, "_client", lambda service, region: SESSION.client(service, region_name=region))
    reconcile._pace.cache_clear()
    reconcile._catalog.cache_clear()
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
    assert again["detail"] == {"vpcs": [vpc], "new": [vpc], "since": "", "why": "CreateVpc: a VPC was made"}
    assert world.endpoints(vpc) == {}


def test_our_own_bug_sends_the_message_back_to_sqs(
    world: World, installation: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    vpc = world.vpc("gateway")
    monkeypatch.setattr("vpce.reconcile.make_plan", lambda *_: 1 / 0)

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


# ---- audit --------------------------------------------------------------------------------------------------------


def audited() -> Any:
    """The state machine's path, without Step Functions."""
    found = places.handler({}, Context())
    results = [audit.handler({"run": "run-1", "place": place}, Context()) for place in found["places"]]
    return report.handler({"run": "run-1", "places": found["places"], "results": results}, Context())


def test_an_audit_finds_tells_keeps_and_queues_what_drifted(world: World, installation: Installation) -> None:
    vpc = world.vpc("ec2-ssm", tables=1)
    world.settle(vpc)
    ssm = world.endpoints(vpc)["ssm", "Interface"]["VpcEndpointId"]
    world.ec2.modify_vpc_endpoint(VpcEndpointId=ssm, PrivateDnsEnabled=False)

    answer = audited()

    assert answer["clean"] is False
    (told,) = installation.told()
    assert [(f["check"], f["vpc"]) for f in told["findings"]] == [("broken-private-dns", vpc)]
    kept = json.load(SESSION.client("s3").get_object(Bucket="reports", Key="audits/run-1/findings.json")["Body"])
    assert kept["findings"] == told["findings"]
    (queued,) = installation.queued()
    assert queued["detail"]["vpcs"] == [vpc]
    run(queued)
    assert world.endpoints(vpc)["ssm", "Interface"]["PrivateDnsEnabled"] is True


def test_a_healthy_place_is_clean_and_nobody_is_told(world: World, installation: Installation) -> None:
    vpc = world.vpc("private", tables=2)
    world.settle(vpc)

    assert audited()["clean"] is True
    assert installation.told() == []
    assert installation.queued() == []


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

    report.handler({"run": "run-1", "places": listed, "results": results}, Context())

    (told,) = installation.told()
    assert [(u["account"], u["region"]) for u in told["unread"]] == [(ACCOUNT, REGION)]


def test_a_report_of_one_place_that_is_lost_costs_no_other_place(installation: Installation) -> None:
    here, there = ({"account": ACCOUNT, "region": r} for r in (REGION, "us-east-1"))
    found = audit.handler({"run": "run-1", "place": here}, Context())
    lost = {"place": there, "key": "audits/run-1/places/nowhere.json"}

    report.handler({"run": "run-1", "places": [here, there], "results": [found, lost]}, Context())

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
