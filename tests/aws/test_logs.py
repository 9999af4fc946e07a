"""Which logs a VPC has, and their lines.

Log groups, buckets, flow logs, query log configurations and Route 53 Profiles are the embedded AWS's; what moto does
not carry of DescribeFlowLogs (destination options, delivery errors) is answered here in botocore's shapes.
"""

from __future__ import annotations

import gzip
from collections import Counter
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

from tests.aws.conftest import ACCOUNT, NOW, PLACE, REGION, SESSION, World
from vpce.aws import lines as lines_module
from vpce.aws.lines import NoLogError, Reading, logs_in, text_of
from vpce.aws.logs import flow_logs, query_logs, query_logs_of_profiles
from vpce.core.evidence import FLOW_LOG, QUERY_LOG
from vpce.core.flowlog import BEST, DEFAULT
from vpce.core.logs import Log

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

VPC = "vpc-0123456789abcdef0"
SINCE = NOW - timedelta(days=2)
GROUP_ARN = f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:queries:*"
HEADER = " ".join(DEFAULT)
ONE, TWO = (f"2 {ACCOUNT} eni-{n} 10.0.0.1 52.0.0.{n} 40000 443 6 10 {n}00 1 2 ACCEPT OK" for n in (1, 2))


def here(service: str, region: str | None = None) -> Any:
    return SESSION.client(service, region_name=region or REGION)  # type: ignore[call-overload]


def reading(log: Log, **more: Any) -> Reading:
    asked: dict[str, Any] = {"log": log, "client_of": here, "vpc": VPC, "since": SINCE, "until": NOW}
    return Reading(**asked | more)


def read(log: Log, **more: Any) -> tuple[list[list[str]], str]:
    """Lines by part, and the trouble."""
    one = reading(log, **more)
    return [[line.rstrip("\n") for line in part] for part in one.parts()], one.trouble


def answers(client: Any, operation: str, **answer: Any) -> None:
    """What AWS would answer, instead of moto."""

    def give(**_: Any) -> Any:
        return SimpleNamespace(status_code=200), answer | {"ResponseMetadata": {"HTTPStatusCode": 200}}

    client.meta.events.register_first(f"before-call.*.{operation}", give)


def refuses(client: Any, operation: str, code: str) -> None:
    def refuse(**_: Any) -> Any:
        answer = {"Error": {"Code": code, "Message": "no"}, "ResponseMetadata": {"HTTPStatusCode": 403}}
        return SimpleNamespace(status_code=403), answer

    client.meta.events.register_first(f"before-call.*.{operation}", refuse)


def clients(**made: Any) -> Callable[..., Any]:
    return lambda service, *_: made.get(service) or here(service)


# ---- which ---------------------------------------------------------------------------------------------------------


def a_flow_log(**more: Any) -> dict[str, Any]:
    bucket = {"LogDestinationType": "s3", "LogDestination": "arn:aws:s3:::logs/mine/"}
    return {"FlowLogId": "fl-1", "ResourceId": VPC, "TrafficType": "ALL", "LogFormat": BEST} | bucket | more


def found(ec2: Any, **more: Any) -> Log:
    answers(ec2, "DescribeFlowLogs", FlowLogs=[a_flow_log(**more)])
    (log,) = flow_logs(ec2, PLACE, [VPC])
    return log


def test_flow_logs_of_the_vpc_its_subnets_and_interfaces_are_found(world: World) -> None:
    vpc, other = world.vpc(), world.vpc(cidr="10.1.0.0/16")
    subnet = world.ec2.describe_subnets(Filters=[{"Name": "vpc-id", "Values": [vpc]}])["Subnets"][0]["SubnetId"]
    here("logs").create_log_group(logGroupName="flows")
    asked: Any = {"TrafficType": "ALL", "LogGroupName": "flows", "DeliverLogsPermissionArn": "arn:aws:iam::1:role/r"}
    for kind, resource in (("VPC", vpc), ("Subnet", subnet), ("VPC", other)):
        world.ec2.create_flow_logs(ResourceType=kind, ResourceIds=[resource], **asked)  # type: ignore[arg-type]

    logs = flow_logs(world.ec2, PLACE, [vpc, subnet])

    assert {log.resource for log in logs} == {vpc, subnet}
    assert {(log.group, log.where, log.trouble) for log in logs} == {("flows", "log group flows", "")}
    assert {log.fields for log in logs} == {DEFAULT}


def test_a_flow_log_lies_in_s3_below_its_account_region_and_day(ec2: Any) -> None:
    log = found(ec2)

    assert (log.bucket, log.prefix) == ("logs", f"mine/AWSLogs/{ACCOUNT}/vpcflowlogs/{REGION}/")
    assert SINCE.strftime(log.day) == "2026/11/21/"


def test_hive_partitions_have_keys_of_their_own(ec2: Any) -> None:
    log = found(
        ec2,
        LogDestination="arn:aws:s3:::logs",
        DestinationOptions={"FileFormat": "plain-text", "HiveCompatiblePartitions": True, "PerHourPartition": True},
    )

    assert log.prefix == f"AWSLogs/aws-account-id={ACCOUNT}/aws-service=vpcflowlogs/aws-region={REGION}/"
    assert SINCE.strftime(log.day) == "year=2026/month=11/day=21/"


@pytest.mark.parametrize(
    ("more", "why"),
    [
        ({"DestinationOptions": {"FileFormat": "parquet"}}, "Parquet"),
        ({"TrafficType": "REJECT"}, "rejected traffic only"),
        ({"DeliverLogsStatus": "FAILED", "DeliverLogsErrorMessage": "Access error"}, "cannot deliver it: Access error"),
        ({"LogFormat": "${interface-id} ${srcaddr}"}, "its format lacks"),
        ({"LogDestination": f"arn:aws:firehose:{REGION}:{ACCOUNT}:deliverystream/x"}, "where it is not read"),
        ({"LogDestination": f"arn:aws:logs:{REGION}:999999999999:log-group:x:*"}, "the log group is 999999999999's"),
    ],
)
def test_a_flow_log_that_is_of_no_use_says_why(ec2: Any, more: dict[str, Any], why: str) -> None:
    assert why in found(ec2, **more).trouble


@pytest.mark.parametrize(
    ("more", "group", "where"),
    [
        ({"LogGroupName": "flows", "LogDestination": ""}, "flows", "log group flows"),
        ({"LogGroupName": "flows", "LogDestination": GROUP_ARN}, "queries", "log group queries"),
        ({"LogGroupName": "flows", "LogDestination": GROUP_ARN.replace(ACCOUNT, "9")}, "", "log group queries"),
        ({"LogDestination": ""}, "", "nowhere"),
        ({"LogDestination": "arn:x:y"}, "", "arn:x:y"),
    ],
)
def test_a_log_group_is_known_by_its_arn_or_its_name(ec2: Any, more: dict[str, Any], group: str, where: str) -> None:
    log = found(ec2, **more)

    assert (log.group, log.where) == (group, where)


def a_config(vpc: str | None, destination: str = GROUP_ARN, name: str = "q") -> str:
    resolver = here("route53resolver")
    made = resolver.create_resolver_query_log_config(Name=name, DestinationArn=destination, CreatorRequestId=name)
    config = str(made["ResolverQueryLogConfig"]["Id"])
    if vpc:
        resolver.associate_resolver_query_log_config(ResolverQueryLogConfigId=config, ResourceId=vpc)
    return config


@pytest.mark.parametrize(
    ("destination", "group", "prefix"),
    [
        (GROUP_ARN, "queries", ""),
        ("arn:aws:s3:::dns/some", "", f"some/AWSLogs/{ACCOUNT}/vpcdnsquerylogs/"),
    ],
)
def test_query_logs_are_found_where_they_lie(world: World, destination: str, group: str, prefix: str) -> None:
    vpc, other = world.vpc(), world.vpc(cidr="10.1.0.0/16")
    config = a_config(vpc, destination)
    a_config(other, name="another")

    (log,) = query_logs(here, PLACE, vpc)

    assert (log.kind, log.id, log.group, log.trouble) == (QUERY_LOG, config, group, "")
    assert log.prefix == (f"{prefix}{vpc}/" if prefix else "")


def test_a_query_log_to_firehose_is_told(world: World) -> None:
    vpc = world.vpc()
    a_config(vpc, f"arn:aws:firehose:{REGION}:{ACCOUNT}:deliverystream/x")

    assert "goes where it is not read" in query_logs(here, PLACE, vpc)[0].trouble


def test_what_a_profile_logs_is_found_too(world: World) -> None:
    vpc, config = world.vpc(), a_config(None)
    arn = here("route53resolver").get_resolver_query_log_config(ResolverQueryLogConfigId=config)
    profiles = here("route53profiles")
    profile = profiles.create_profile(Name="p", ClientToken="p")["Profile"]["Id"]
    profiles.associate_profile(ProfileId=profile, ResourceId=vpc, Name="p")
    profiles.associate_resource_to_profile(
        ProfileId=profile, ResourceArn=arn["ResolverQueryLogConfig"]["Arn"], Name="q"
    )

    assert query_logs(here, PLACE, vpc) == []
    assert [log.id for log in query_logs_of_profiles(here, PLACE, vpc)] == [config]


def test_a_configuration_of_another_account_is_told(world: World) -> None:
    resolver = here("route53resolver")
    association = {"ResolverQueryLogConfigId": "rslvr-qlc-1", "ResourceId": VPC, "Status": "ACTIVE"}
    answers(resolver, "ListResolverQueryLogConfigAssociations", ResolverQueryLogConfigAssociations=[association])

    (log,) = query_logs(clients(route53resolver=resolver), PLACE, VPC)

    assert "another account's" in log.trouble


def test_a_configuration_that_cannot_deliver_is_told(world: World) -> None:
    vpc, resolver = world.vpc(), here("route53resolver")
    association = {"ResolverQueryLogConfigId": a_config(vpc), "ResourceId": vpc}
    association |= {"Status": "ACTION_NEEDED", "Error": "ACCESS_DENIED"}
    answers(resolver, "ListResolverQueryLogConfigAssociations", ResolverQueryLogConfigAssociations=[association])

    assert query_logs(clients(route53resolver=resolver), PLACE, vpc)[0].trouble.endswith("ACCESS_DENIED")


def test_query_logs_that_may_not_be_listed_are_no_missing_ones(world: World) -> None:
    resolver = here("route53resolver")
    refuses(resolver, "ListResolverQueryLogConfigAssociations", "AccessDeniedException")

    with pytest.raises(ClientError):
        query_logs(clients(route53resolver=resolver), PLACE, VPC)


def a_log(name: str, **more: Any) -> Log:
    return Log(**{"kind": FLOW_LOG, "where": name, "id": name, "resource": VPC, "format": BEST} | more)


# ---- lines: log groups ---------------------------------------------------------------------------------------------


def a_group(name: str, *events: tuple[datetime, str]) -> None:
    logs = here("logs")
    logs.create_log_group(logGroupName=name)
    logs.create_log_stream(logGroupName=name, logStreamName="eni-1-all")
    put = [{"timestamp": int(when.timestamp() * 1000), "message": text} for when, text in sorted(events)]
    logs.put_log_events(logGroupName=name, logStreamName="eni-1-all", logEvents=put)


@pytest.fixture
def recently() -> datetime:
    """CloudWatch Logs takes no events of long ago."""
    return datetime.now(UTC) - timedelta(hours=1)


def test_lines_of_a_log_group_are_those_of_the_time(recently: datetime, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lines_module, "_PAGE", 2)  # so that there are pages
    events = [(recently + timedelta(minutes=n), f"{VPC} {n}") for n in range(5)]
    a_group("flows", *events)
    span = {"since": recently + timedelta(minutes=1), "until": recently + timedelta(hours=1)}

    assert read(a_log("x", group="flows"), **span) == ([[f"{VPC} {n}" for n in range(1, 5)]], "")


def test_of_a_group_that_names_vpcs_only_the_lines_of_the_vpc_are_asked_for(recently: datetime) -> None:
    a_group("flows", (recently, f"5 {VPC} x"), (recently, "5 vpc-00000000000000000 x"))
    span = {"since": recently, "until": recently + timedelta(hours=1)}

    assert read(a_log("x", group="flows"), **span) == ([[f"5 {VPC} x"]], "")
    assert len(read(a_log("x", group="flows", format="${srcaddr}"), **span)[0][0]) == 2


def test_a_log_group_that_is_gone_is_told() -> None:
    parts, trouble = read(a_log("x", group="nowhere"))

    assert parts == [[]]
    assert trouble.startswith("FilterLogEvents: ResourceNotFoundException")


def test_a_log_group_that_may_not_be_read_is_told_with_what_to_do() -> None:
    logs = here("logs")
    refuses(logs, "FilterLogEvents", "AccessDeniedException")

    parts, trouble = read(a_log("x", group="flows"), client_of=clients(logs=logs))

    assert parts == [[]]
    assert trouble == "FilterLogEvents: AccessDeniedException: no; allow it to vpce's role"


def test_no_call_is_made_when_time_is_over(recently: datetime) -> None:
    a_group("flows", (recently, VPC))

    parts, trouble = read(a_log("x", group="flows"), goes_on=lambda: False)

    assert (parts, trouble) == ([[]], "there was no time left to read the rest")


# ---- lines: S3 -----------------------------------------------------------------------------------------------------

PREFIX = f"AWSLogs/{ACCOUNT}/vpcflowlogs/{REGION}/"


def an_object(stamp: str, body: bytes, *, flow_log: str = "fl-1", bucket: str = "flow-logs", hour: str = "") -> str:
    s3 = here("s3")
    if bucket not in [b["Name"] for b in s3.list_buckets()["Buckets"]]:
        s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": REGION})
    day = f"{stamp[:4]}/{stamp[4:6]}/{stamp[6:8]}/{hour}"
    key = f"{PREFIX}{day}{ACCOUNT}_vpcflowlogs_{REGION}_{flow_log}_{stamp}Z_{len(body):x}.log.gz"
    s3.put_object(Bucket=bucket, Key=key, Body=body)
    return key


def zipped(*lines: str) -> bytes:
    return gzip.compress("".join(f"{line}\n" for line in lines).encode())


IN_S3 = a_log("fl-1", bucket="flow-logs", prefix=PREFIX)


def test_objects_are_read_day_by_day_each_with_its_header() -> None:
    an_object("20261123T0900", zipped(HEADER, TWO), hour="09/")
    an_object("20261122T1200", zipped(HEADER, ONE))

    assert read(IN_S3) == ([[HEADER, ONE], [HEADER, TWO]], "")


def test_objects_of_other_times_and_other_flow_logs_are_not_read() -> None:
    an_object("20261120T2355", zipped("day before"))
    an_object("20261121T1100", zipped("an hour before"))
    an_object("20261123T1300", zipped("an hour after"))
    an_object("20261122T1200", zipped("another's"), flow_log="fl-2")

    assert read(IN_S3)[0] == []
    an_object("20261121T1130", zipped("on the edge"))
    an_object("20261123T1230", zipped("written late"))
    assert read(IN_S3)[0] == [["on the edge"], ["written late"]]


def test_queries_of_the_hour_before_are_read_for_their_answers(recently: datetime) -> None:
    log = a_log("q", kind=QUERY_LOG, group="queries", format="")
    a_group("queries", (recently - timedelta(minutes=59), f"{VPC} 1"), (recently - timedelta(minutes=61), f"{VPC} 2"))
    an_object("20261122T1100", zipped("before"))
    in_s3 = a_log("q", kind=QUERY_LOG, bucket="flow-logs", prefix=PREFIX, format="")

    assert read(log, since=recently, until=recently + timedelta(hours=1))[0] == [[f"{VPC} 1"]]
    assert read(in_s3, since=NOW - timedelta(days=1), until=NOW)[0] == [["before"]]
    assert read(IN_S3, since=NOW - timedelta(days=1), until=NOW)[0] == []


def test_what_came_before_a_break_counts_and_the_next_object_is_read() -> None:
    many = zipped(HEADER, *[ONE] * 5000)
    key = an_object("20261122T1200", many[: len(many) // 2])
    an_object("20261122T1205", zipped(HEADER, TWO))

    (first, second), trouble = read(IN_S3)

    assert 0 < len(first) < 5001
    assert {*first} <= {HEADER, ONE}  # no line that was cut off
    assert second == [HEADER, TWO]
    assert trouble.startswith(f"s3://flow-logs/{key}: the compressed data is broken")


@pytest.mark.parametrize(
    "damage", [b"\x1f\x8b\x08\x00nonsense nonsense", zipped(ONE)[:-8] + b"\0" * 8], ids=["nonsense", "checksum"]
)
def test_compressed_nonsense_and_wrong_checksums_are_told(damage: bytes) -> None:
    an_object("20261122T1200", damage)
    an_object("20261122T1205", damage)

    assert "the compressed data is broken" in read(IN_S3)[1]
    assert read(IN_S3)[1].endswith("(and 1 more)")


def test_a_long_object_is_left_when_time_is_over(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lines_module, "_OFTEN", 2)
    an_object("20261122T1200", zipped(HEADER, ONE, ONE, TWO, TWO))
    left = iter([True, True, False])

    assert read(IN_S3, goes_on=lambda: next(left)) == (
        [[HEADER, ONE, ONE, TWO]],
        "there was no time left to read the rest",
    )


def test_a_bucket_that_is_gone_is_told() -> None:
    assert read(IN_S3) == ([], "ListObjectsV2: NoSuchBucket: The specified bucket does not exist")


def test_a_denied_object_is_told_and_no_other_is_tried() -> None:
    for minute in range(3):
        an_object(f"20261122T120{minute}", zipped(ONE))
    s3, tried = here("s3"), Counter[str]()
    s3.meta.events.register_first("before-call.s3.GetObject", lambda model, **_: tried.update([model.name]))
    refuses(s3, "GetObject", "AccessDenied")

    parts, trouble = read(IN_S3, client_of=clients(s3=s3))

    assert (parts, trouble) == ([[]], "GetObject: AccessDenied: no; allow it to vpce's role")


def test_of_hourly_hive_partitions_all_hours_are_read() -> None:
    s3 = here("s3")
    an_object("20261122T1200", zipped("x"))
    prefix = "AWSLogs/aws-account-id=1/aws-service=vpcflowlogs/aws-region=r/"
    for hour in ("03", "12"):
        key = f"{prefix}year=2026/month=11/day=22/hour={hour}/1_vpcflowlogs_r_fl-1_20261122T{hour}00Z_a.log.gz"
        s3.put_object(Bucket="flow-logs", Key=key, Body=zipped(hour))
    log = a_log("fl-1", bucket="flow-logs", prefix=prefix, day="year=%Y/month=%m/day=%d/")

    assert read(log)[0] == [["03"], ["12"]]


# ---- lines: files --------------------------------------------------------------------------------------------------

QUERY = '{"version":"1.1","vpc_id":"vpc-1","query_name":"sqs.eu-west-1.amazonaws.com."}'


def test_files_are_known_by_what_is_in_them(tmp_path: Path) -> None:
    (tmp_path / "deep").mkdir()
    (tmp_path / "a").write_text(f"{HEADER}\n{ONE}\n")
    (tmp_path / "deep" / "b.gz").write_bytes(zipped(HEADER, TWO))
    (tmp_path / "deep" / "queries.log").write_text(QUERY)
    (tmp_path / "empty").write_text("")
    (tmp_path / ".hidden").write_text("x")

    flows, queries = logs_in(str(tmp_path))

    assert (flows.kind, queries.kind) == (FLOW_LOG, QUERY_LOG)
    assert read(flows) == ([[HEADER, ONE], [HEADER, TWO]], "")
    assert read(queries) == ([[QUERY]], "")


def test_times_that_an_export_puts_before_lines_are_taken_off(tmp_path: Path) -> None:
    file = tmp_path / "000000.gz"
    file.write_bytes(zipped(f"2026-11-23T12:00:00.000Z {ONE}", f"2026-11-23T12:00:01.000Z {TWO}"))

    (log,) = logs_in(str(file))

    assert read(log)[0] == [[ONE, TWO]]


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"PAR1\x15\x04", "is Parquet, which is not read. Make plain text of it"),
        (b"hello\n", "is neither a flow log nor a query log"),
        (b"\x1f\x8b\x08", "the compressed data is broken"),
    ],
)
def test_a_file_that_is_no_log_is_refused_and_beside_others_told(tmp_path: Path, content: bytes, why: str) -> None:
    file = tmp_path / "flows"
    file.write_bytes(content)
    with pytest.raises(NoLogError, match=why):
        logs_in(str(file))
    (tmp_path / "good").write_text(f"{HEADER}\n{ONE}\n")

    good, bad = logs_in(str(tmp_path))

    assert (good.trouble, bad.where) == ("", str(file))
    assert why in bad.trouble
    assert read(bad) == ([], bad.trouble)


def test_no_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(NoLogError, match="nowhere: no such file or folder"):
        logs_in(str(tmp_path / "nowhere"))
    with pytest.raises(NoLogError, match="there is no file in it"):
        logs_in(str(tmp_path))


def test_a_file_that_breaks_off_counts_as_far_as_it_goes(tmp_path: Path) -> None:
    many = zipped(HEADER, *[ONE] * 5000)
    file = tmp_path / "flows.gz"
    file.write_bytes(many[: len(many) // 2])
    (log,) = logs_in(str(file))

    (lines,), trouble = read(log)

    assert {*lines} == {HEADER, ONE}
    assert trouble.startswith(f"{file}: the compressed data is broken")


def test_a_line_without_an_end_is_read_in_pieces(tmp_path: Path) -> None:
    (tmp_path / "flows").write_text(f"{HEADER}\n" + "1 " * (3 << 19))
    (log,) = logs_in(str(tmp_path / "flows"))

    (lines,), _ = read(log)

    assert [len(line) for line in lines[1:]] == [1 << 20] * 3


def test_text_is_read_whole_from_a_file_or_from_s3(tmp_path: Path) -> None:
    (tmp_path / "r.json").write_text("{}")
    s3 = here("s3")
    s3.create_bucket(Bucket="ranges", CreateBucketConfiguration={"LocationConstraint": REGION})
    s3.put_object(Bucket="ranges", Key="some/r.json", Body=b"{ }")

    assert text_of(str(tmp_path / "r.json"), lambda: s3) == "{}"
    assert text_of("s3://ranges/some/r.json", lambda: s3) == "{ }"
    with pytest.raises(NoLogError, match="s3://ranges/x: GetObject: NoSuchKey"):
        text_of("s3://ranges/x", lambda: s3)
    with pytest.raises(NoLogError, match="nowhere: No such file"):
        text_of("nowhere", lambda: s3)
