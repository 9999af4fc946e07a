"""The vpce command as people and scripts use it: what it prints, and the code it ends with."""

from __future__ import annotations

import io
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

from tests.aws.conftest import ACCOUNT, REGION, SESSION, World
from vpce import cli
from vpce.aws import clients

if TYPE_CHECKING:
    from collections.abc import Callable

EVENTS = Path(__file__).parents[2] / "events"


pytestmark = pytest.mark.usefixtures("one_session")


def run(*words: str) -> int:
    return cli.main(words)


def test_plan_ends_with_3_while_there_is_something_to_do_and_0_after_apply(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    vpc = world.vpc("gateway")

    assert run("plan", vpc) == 3
    assert "+ create  s3 (gateway)" in capsys.readouterr().out
    assert run("apply", vpc, "--yes") == 0
    assert world.services(vpc) == {"s3", "dynamodb"}
    assert run("plan", vpc) == 0
    assert "Nothing to change." in capsys.readouterr().out


def test_explain_tells_every_step_and_why(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    vpc = world.vpc("gateway")
    run("apply", vpc, "--yes")
    capsys.readouterr()

    assert run("explain", vpc) == 0

    out = capsys.readouterr().out
    assert f"{vpc} in {ACCOUNT}/{REGION}" in out
    assert "keep    s3 (gateway)" in out
    assert "profile gateway asks for it" in out


@pytest.mark.parametrize("command", ["explain", "plan"])
def test_json_is_the_same_plan_for_machines(world: World, capsys: pytest.CaptureFixture[str], command: str) -> None:
    vpc = world.vpc("gateway")

    run(command, vpc, "--json")

    document = json.loads(capsys.readouterr().out)
    assert (document["vpc"], document["profile"], document["changes"]) == (vpc, "gateway", 2)


def test_a_kept_plan_is_applied_as_it_was_read(
    world: World, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    vpc = world.vpc("ec2-ssm")
    kept = tmp_path / "plan.json"

    assert run("plan", vpc, "--out", str(kept)) == 3
    assert f"vpce apply {kept}" in capsys.readouterr().err
    assert run("apply", str(kept), "--yes") == 0
    assert run("plan", vpc) == 0


def test_a_kept_plan_for_a_vpc_that_changed_is_refused(
    world: World, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    vpc = world.vpc("gateway")
    kept = tmp_path / "plan.json"
    run("plan", vpc, "--out", str(kept))
    world.ec2.create_route_table(VpcId=vpc)

    assert run("apply", str(kept), "--yes") == 1

    told = capsys.readouterr().err
    assert f"{vpc} is not as it was planned on: its route tables changed; nothing was changed, make a new plan" in told
    assert world.endpoints(vpc) == {}


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"plan": {}}', '{"state": {}, "actions": [], "plan": "x"}'])
def test_a_file_that_is_no_plan_is_told_as_that(text: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "plan.json").write_text(text)

    assert run("apply", str(tmp_path / "plan.json"), "--yes") == 1
    assert "plan.json is no plan; vpce plan VPC --out FILE makes one" in capsys.readouterr().err


def test_neither_a_vpc_nor_a_file_is_told_as_that(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("apply", "nowhere", "--yes") == 1
    assert "nowhere is no VPC's id, nor a file: No such file" in capsys.readouterr().err


def test_a_plan_that_cannot_be_kept_is_told(world: World, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("plan", world.vpc("gateway"), "--out", str(tmp_path / "no" / "plan")) == 1
    assert "No such file or directory" in capsys.readouterr().err


def test_a_person_applies_what_watch_mode_only_tells(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    vpc = world.vpc("gateway", tags={"endpoint-mode": "watch"})

    assert run("explain", vpc) == 0
    assert "[held: the mode is watch]" in capsys.readouterr().out
    assert run("apply", vpc, "--yes") == 0
    assert world.services(vpc) == {"s3", "dynamodb"}


def test_a_person_waits_for_the_change_window_unless_told_now(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    shut = (datetime.now(UTC) + timedelta(hours=5)).hour
    vpc = world.vpc("gateway", tags={"endpoint-window": f"{shut:02}:00-{(shut + 2) % 24:02}:00"})

    assert run("apply", vpc, "--yes") == 0
    assert "[held: the change window" in capsys.readouterr().out
    assert world.endpoints(vpc) == {}
    assert run("apply", vpc, "--yes", "--now") == 0
    assert world.services(vpc) == {"s3", "dynamodb"}


def test_much_goes_only_if_a_person_says_so(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    vpc = world.vpc("ec2-ssm")
    run("apply", vpc, "--yes")
    world.tag(vpc, endpoint_profile="none")
    capsys.readouterr()

    run("apply", vpc, "--yes")

    assert "5 of the installation's 5 endpoints here would go at once" in capsys.readouterr().out
    assert len(world.endpoints(vpc)) == 5


def test_apply_asks_and_takes_no_for_an_answer(
    world: World, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    vpc = world.vpc("gateway")
    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    monkeypatch.setattr("builtins.input", lambda _: "n")

    assert run("apply", vpc) == 1
    assert "nothing was changed" in capsys.readouterr().err
    assert world.endpoints(vpc) == {}


def test_apply_without_anybody_to_ask_wants_yes(
    world: World, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    vpc = world.vpc("gateway")
    monkeypatch.setattr("sys.stdin", io.StringIO())

    assert run("apply", vpc) == 1
    assert "give --yes" in capsys.readouterr().err


def test_apply_waits_for_aws_until_the_removal_is_done(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    vpc = world.vpc("ec2-ssm")
    assert run("apply", vpc, "--yes") == 0
    world.tag(vpc, endpoint_profile="none")
    capsys.readouterr()

    assert run("apply", vpc, "--yes", "--json", "--allow-deletions") == 0

    assert world.endpoints(vpc) == {}
    assert world.our_groups(vpc) == []
    assert {o["verdict"] for o in json.loads(capsys.readouterr().out)["outcomes"]} == {"done"}


def test_apply_that_is_refused_ends_with_1(world: World, aws_fails: Callable[..., None]) -> None:
    vpc = world.vpc("gateway")
    aws_fails("CreateVpcEndpoint", "UnauthorizedOperation", times=2)

    assert run("apply", vpc, "--yes") == 1


def test_release_shows_what_would_go_asks_and_leaves_a_vpc_that_can_then_be_deleted(
    world: World, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    vpc = world.vpc("ec2-ssm", zones="a")
    run("apply", vpc, "--yes")
    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    monkeypatch.setattr("builtins.input", lambda _: "y")
    capsys.readouterr()

    assert run("release", vpc) == 0

    said = capsys.readouterr()
    assert f"~ release {vpc} until" in said.out
    assert "- delete  ssm (interface)" in said.out
    assert "beware" not in said.err
    [subnet] = world.ec2.describe_subnets(Filters=[{"Name": "vpc-id", "Values": [vpc]}])["Subnets"]
    world.ec2.delete_subnet(SubnetId=subnet["SubnetId"])
    world.ec2.delete_vpc(VpcId=vpc)


def test_release_tells_who_else_lives_there_before_it_asks(
    world: World, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    vpc = world.vpc("ec2-ssm", zones="a")
    run("apply", vpc, "--yes")
    [subnet] = world.ec2.describe_subnets(Filters=[{"Name": "vpc-id", "Values": [vpc]}])["Subnets"]
    world.ec2.create_network_interface(SubnetId=subnet["SubnetId"], Description="ELB app/shop")
    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    monkeypatch.setattr("builtins.input", lambda _: "n")

    assert run("release", vpc) == 1

    assert "(ELB app/shop)" in capsys.readouterr().err
    assert world.services(vpc) >= {"ssm", "s3"}
    assert run("release", vpc, "--yes") == 0
    assert world.services(vpc) == set()


def test_a_misspelt_profile_is_one_line_and_1(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    vpc = world.vpc("gatway")

    assert run("plan", vpc) == 1
    assert "did you mean 'gateway'?" in capsys.readouterr().err


def test_an_unknown_vpc_is_named_with_its_place(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("plan", "vpc-0123456789abcdef0") == 1
    assert f"no VPC vpc-0123456789abcdef0 in {ACCOUNT}/{REGION}" in capsys.readouterr().err


def test_a_denied_call_is_one_line_with_its_fix(
    world: World, aws_fails: Callable[..., None], capsys: pytest.CaptureFixture[str]
) -> None:
    aws_fails("DescribeVpcs", "UnauthorizedOperation")

    assert run("plan", world.vpc("gateway")) == 1
    assert "vpce: DescribeVpcs: UnauthorizedOperation" in capsys.readouterr().err


def test_profiles_of_your_own_come_from_a_file(world: World, tmp_path: Path) -> None:
    (tmp_path / "own.toml").write_text('[tiny]\ngateway = ["s3"]\n')
    vpc = world.vpc("tiny")

    assert run("apply", vpc, "--yes", "--profiles", str(tmp_path / "own.toml")) == 0
    assert world.services(vpc) == {"s3"}


def test_a_policy_lies_beside_the_file_of_profiles_or_where_the_option_says(world: World, tmp_path: Path) -> None:
    own = tmp_path / "own.toml"
    own.write_text('[closed]\ngateway = ["s3"]\npolicy = "ours.json"')
    (tmp_path / "elsewhere").mkdir()
    text = '{"Statement": {"Effect": "Allow", "Principal": "*", "Action": "s3:*", "Resource": "*"}}'
    for folder, options in ((tmp_path, []), (tmp_path / "elsewhere", ["--policies", str(tmp_path / "elsewhere")])):
        vpc = world.vpc("closed")
        file = folder / "ours.json"
        file.write_text(text)

        assert run("apply", vpc, "--yes", "--profiles", str(own), *options) == 0

        assert json.loads(world.endpoints(vpc)["s3", "Gateway"]["PolicyDocument"]) == json.loads(text)
        file.unlink()


def test_a_missing_policy_file_is_named(world: World, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    own = tmp_path / "own.toml"
    own.write_text('[closed]\ngateway = ["s3"]\npolicy = "ours.json"')

    assert run("plan", world.vpc("closed"), "--profiles", str(own)) == 1

    assert f"{tmp_path}/ours.json cannot be read: No such file or directory" in capsys.readouterr().err


def test_the_organization_is_an_option(world: World, tmp_path: Path) -> None:
    own = tmp_path / "own.toml"
    own.write_text('[closed]\ngateway = ["s3"]\npolicy = "organization"')
    vpc = world.vpc("closed")

    run("apply", vpc, "--yes", "--profiles", str(own), "--organization", "o-abcdefghij")

    assert '"aws:ResourceOrgID":"o-abcdefghij"' in world.endpoints(vpc)["s3", "Gateway"]["PolicyDocument"]


def test_a_missing_profiles_file_is_named(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("plan", world.vpc("gateway"), "--profiles", "/nowhere/own.toml") == 1
    assert "/nowhere/own.toml: No such file" in capsys.readouterr().err


def test_audit_ends_with_3_on_findings_and_0_when_healthy(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    vpc = world.vpc("gateway")

    assert run("audit") == 3
    assert "no gateway endpoint for s3" in capsys.readouterr().out
    world.settle(vpc)
    assert run("audit", "--json") == 0
    assert {f["severity"] for f in json.loads(capsys.readouterr().out)["findings"]} == {"info"}


def test_audit_of_several_regions_ends_with_1_if_one_cannot_be_read(
    world: World, aws_fails: Callable[..., None], capsys: pytest.CaptureFixture[str]
) -> None:
    aws_fails("DescribeVpcs", "AuthFailure")

    assert run("audit", "--region", REGION, "--region", "us-east-1") == 1
    out = capsys.readouterr().out
    assert "COULD NOT BE READ" in out
    assert f"{ACCOUNT}/{REGION}: DescribeVpcs: AuthFailure" in out
    assert "looked at 1 VPC in 1 place" in out


def test_a_region_that_is_off_costs_no_other_region_its_audit(
    world: World, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    asked: list[str | None] = []
    real = clients._client

    def made(service: str, region: str | None) -> Any:
        if service == "sts":
            asked.append(region)
        return real(service, region)

    monkeypatch.setattr(clients, "_client", made)

    assert run("audit", "--region", REGION, "--region", "ap-east-1") in {0, 3}
    assert asked == [REGION]


def test_json_without_yes_changes_nothing(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    vpc = world.vpc("gateway")

    assert run("apply", vpc, "--json") == 1
    assert "give --yes" in capsys.readouterr().err
    assert world.endpoints(vpc) == {}


def test_wrong_usage_ends_with_2() -> None:
    with pytest.raises(SystemExit) as ended:
        run("plan")

    assert ended.value.code == 2


def test_event_tells_where_an_event_points_and_why(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("event", str(EVENTS / "CreateSubnet.json"), str(EVENTS / "DeleteSubnet.json")) == 0

    made, gone = capsys.readouterr().out.splitlines()
    assert "look at vpc-06fe1a64761a0f720 in 123837392027/us-east-1: CreateSubnet" in made
    assert "look at every VPC that vpce manages" in gone


def test_event_reads_bare_records_log_files_and_sqs_batches(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    event = json.loads((EVENTS / "CreateSubnet.json").read_text())
    forms = {
        "bare": event["detail"],
        "log": {"Records": [event["detail"]]},
        "sqs": {"Records": [{"body": json.dumps(event)}]},
    }
    for name, form in forms.items():
        (tmp_path / name).write_text(json.dumps(form))

    assert run("event", "--json", *(str(tmp_path / name) for name in forms)) == 0
    assert [one["vpcs"] for one in json.loads(capsys.readouterr().out)] == [["vpc-06fe1a64761a0f720"]] * 3


def test_event_from_standard_input_may_be_nonsense(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO('{"hello": 1}'))

    assert run("event", "-") == 0
    assert "ignored: neither an EC2 call" in capsys.readouterr().out
    monkeypatch.setattr("sys.stdin", io.StringIO("no json"))
    assert run("event", "-") == 1
    assert "- is no JSON" in capsys.readouterr().err


# ---- dead letters -------------------------------------------------------------------------------------------------


def test_dead_letters_are_put_back_all_of_them_each_in_its_group(capsys: pytest.CaptureFixture[str]) -> None:
    sqs = SESSION.client("sqs")
    dead_letters, queue = (
        sqs.create_queue(QueueName=name, Attributes={"FifoQueue": "true", "ContentBasedDeduplication": "true"})[
            "QueueUrl"
        ]
        for name in ("mine-dead-letters.fifo", "mine.fifo")
    )
    for number in range(12):  # more than SQS hands out at once
        sqs.send_message(QueueUrl=dead_letters, MessageBody=f"{number}", MessageGroupId=f"place {number % 2}")
    sqs.send_message(QueueUrl=queue, MessageBody="0", MessageGroupId="place 0")  # SQS has seen this one lately

    assert run("redrive", "--installation", "mine") == 0

    assert capsys.readouterr().out == "put back: 12\n"
    found = {}
    while messages := sqs.receive_message(
        QueueUrl=queue, MaxNumberOfMessages=10, MessageSystemAttributeNames=["MessageGroupId"]
    ).get("Messages"):
        for message in messages:
            found[message["MessageId"]] = (message["Body"], message["Attributes"]["MessageGroupId"])
            sqs.delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])
    put_back = [(f"{number}", f"place {number % 2}") for number in range(12)]
    assert sorted(found.values()) == sorted([("0", "place 0"), *put_back])
    assert "Messages" not in sqs.receive_message(QueueUrl=dead_letters)


def test_without_the_installations_queues_nothing_can_be_put_back(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("redrive", "--installation", "nowhere") == 1

    assert "GetQueueUrl" in capsys.readouterr().err


# ---- traffic ------------------------------------------------------------------------------------------------------


def counted(vpc: str, endpoint: str, number: int) -> None:
    dimensions = {"Endpoint Type": "Interface", "Service Name": "s", "VPC Endpoint Id": endpoint, "VPC Id": vpc}
    datum: Any = {
        "MetricName": "BytesProcessed",
        "Dimensions": [{"Name": name, "Value": value} for name, value in dimensions.items()],
        "Timestamp": datetime.now(UTC) - timedelta(days=1),
        "Value": number,
    }
    SESSION.client("cloudwatch").put_metric_data(Namespace="AWS/PrivateLinkEndpoints", MetricData=[datum])


def test_status_tells_who_is_used_and_what_each_costs(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    vpc = world.vpc("ec2-ssm")
    run("apply", vpc, "--yes")
    counted(vpc, world.endpoints(vpc)["ssm", "Interface"]["VpcEndpointId"], 5_000_000)
    capsys.readouterr()

    assert run("status", vpc, "--traffic", "--days", "10", "--json") == 0

    rows = {(r["service"], r["type"]): r for r in json.loads(capsys.readouterr().out)}
    assert (rows["ssm", "Interface"]["use"], rows["ssm", "Interface"]["bytes"]) == ("active", 5_000_000)
    assert rows["ssm", "Interface"]["days"] == 0.04  # it was made a moment ago, which counts as an hour
    assert rows["ssmmessages", "Interface"]["why"] == "0 bytes in less than a day, but less than 14 days tell nothing"
    assert rows["ssmmessages", "Interface"]["usd_per_month"] == "16.06"
    assert rows["s3", "Gateway"]["usd_per_month"] == "0.00"

    assert run("status", vpc, "--traffic") == 0
    out = capsys.readouterr().out
    assert "costs a month, hours and data: list prices of eu-west-1, 20" in out
    assert "unknown, since CloudWatch counts no gateway endpoints: vpce-" in out


def test_status_without_a_right_to_cloudwatch_says_so_and_shows_the_rest(
    world: World, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    vpc = world.vpc("ec2-ssm")
    run("apply", vpc, "--yes")
    refusing = SESSION.client("cloudwatch")

    def denied(**_: Any) -> None:
        raise ClientError({"Error": {"Code": "AccessDenied", "Message": "no"}}, "ListMetrics")

    refusing.meta.events.register("before-call.cloudwatch.ListMetrics", denied)
    known = clients._client
    monkeypatch.setattr(clients, "_client", lambda s, r: refusing if s == "cloudwatch" else known(s, r))
    capsys.readouterr()

    assert run("status", vpc, "--traffic") == 0

    said = capsys.readouterr()
    assert "unknown, since CloudWatch could not be read: vpce-" in said.out
    assert "vpce: CloudWatch metrics could not be read: ListMetrics: AccessDenied: no; allow it" in said.err


@pytest.mark.parametrize("days", ["0", "455", "x", "-1", "\u0663"])
def test_days_that_are_none_are_wrong_usage(days: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        run("status", "--traffic", f"--days={days}")

    assert ended.value.code == 2
    assert "is no count of days from 1 to 454" in capsys.readouterr().err
