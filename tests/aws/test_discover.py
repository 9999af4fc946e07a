"""What a VPC calls, from its own logs and from files; query logging for a time.

Log groups, buckets, flow logs and query log configurations are the embedded AWS's.
"""

from __future__ import annotations

import gzip
import ipaddress
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

from benchmarks.traffic import CIDRS, VPC, write_traffic
from benchmarks.traffic import SINCE as TRAFFIC_SINCE
from tests.aws.conftest import ACCOUNT, REGION, World
from tests.aws.test_logs import a_config, a_group, answers, clients, here, refuses, zipped
from tests.factories import a_gateway, a_table, a_vpc, an_interface
from vpce.audit import _turned, audit_place
from vpce.aws.lines import NoLogError
from vpce.aws.pace import Pace
from vpce.core.discovered import as_text
from vpce.core.evidence import FLOW_LOG, QUERY_LOG, Evidence
from vpce.core.flowlog import BEST, DEFAULT
from vpce.core.report import PlaceReport
from vpce.discover import Wanted, evidence_of
from vpce.query_logging import QueryLoggingError, disable, enable, query_logging_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from vpce.core.evidence import Usage
    from vpce.core.model import Vpc
    from vpce.reconcile import Surroundings

NOW = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
"""CloudWatch Logs takes no events of long ago."""
SINCE = NOW - timedelta(days=1)
THEN = NOW - timedelta(hours=2)
CLIENT, SQS, KMS, WEB, S3 = "10.0.0.10", "52.94.0.1", "52.94.0.2", "93.184.216.34", "52.218.0.1"
RANGES = {
    "syncToken": "1",
    "createDate": "2026-11-23-00-00-00",
    "prefixes": [
        {"ip_prefix": "52.94.0.0/16", "region": REGION, "service": "AMAZON", "network_border_group": REGION},
        {"ip_prefix": "52.218.0.0/16", "region": REGION, "service": "AMAZON", "network_border_group": REGION},
        {"ip_prefix": "52.218.0.0/16", "region": REGION, "service": "S3", "network_border_group": REGION},
    ],
    "ipv6_prefixes": [],
}


def a_query(vpc: str, name: str, address: str, client: str = CLIENT) -> str:
    return json.dumps(
        {
            "version": "1.100000", "account_id": ACCOUNT, "region": REGION, "vpc_id": vpc,
            "query_timestamp": THEN.strftime("%Y-%m-%dT%H:%M:%SZ"), "query_name": f"{name}.{REGION}.amazonaws.com.",
            "query_type": "A", "query_class": "IN", "rcode": "NOERROR",
            "answers": [{"Rdata": address, "Type": "A", "Class": "IN"}], "srcaddr": client, "srcport": "1",
            "transport": "UDP", "srcids": {"instance": "i-1"},
        }
    )  # fmt: skip


def a_flow(destination: str, size: int, *, client: str = CLIENT, interface: str = "eni-00000001", **more: str) -> str:
    """Of the default format."""
    start = int(THEN.timestamp()) + 10
    values = {
        "version": "2", "account-id": ACCOUNT, "interface-id": interface, "srcaddr": client, "dstaddr": destination,
        "srcport": "40000", "dstport": "443", "protocol": "6", "packets": "9", "bytes": str(size), "start": str(start),
        "end": str(start + 60), "action": "ACCEPT", "log-status": "OK",
    } | more  # fmt: skip
    return " ".join(values[f] for f in DEFAULT)


HEADER = " ".join(DEFAULT)


@pytest.fixture
def looking(world: World) -> World:
    world.client_of = here
    return world


def observed(world: World, vpc: str) -> Vpc:
    return world.around.observe([vpc], now=NOW)[0]


def evidence(world: World, vpc: str, **more: Any) -> Evidence:
    return evidence_of(world.around, observed(world, vpc), Wanted(**{"since": SINCE, "until": NOW} | more))


def usages(found: Evidence) -> dict[str, Usage]:
    return {u.service: u for u in found.services}


def log_queries(vpc: str, *lines: str) -> None:
    a_group("queries", *((THEN, line) for line in lines))
    a_config(vpc)


def log_flows(world: World, vpc: str, *lines: str) -> None:
    a_group("flows", *((THEN, line) for line in lines))
    role = f"arn:aws:iam::{ACCOUNT}:role/r"
    world.ec2.create_flow_logs(
        ResourceType="VPC", ResourceIds=[vpc], TrafficType="ALL", LogGroupName="flows", DeliverLogsPermissionArn=role
    )


# ---- the VPC's own logs --------------------------------------------------------------------------------------------


def test_queries_and_flows_of_log_groups_are_joined(looking: World) -> None:
    vpc = looking.vpc()
    log_queries(vpc, a_query(vpc, "sqs", SQS), a_query(vpc, "kms", KMS), a_query("vpc-00000000", "sns", SQS))
    log_flows(looking, vpc, a_flow(SQS, 1000), a_flow(SQS, 24, client="10.0.0.11"), a_flow(WEB, 7))

    found = evidence(looking, vpc)

    assert {s: (u.bytes, u.outside, u.lookups) for s, u in usages(found).items()} == {
        "sqs": (1024, 1024, 1),
        "kms": (0, 0, 1),
    }
    assert usages(found)["sqs"].clients == (CLIENT, "10.0.0.11")
    assert (found.aws_bytes, found.other_bytes) == (0, 7)
    assert [(s.kind, s.where, s.records, s.trouble) for s in found.sources] == [
        (QUERY_LOG, "log group queries", 2, ""),
        (FLOW_LOG, "log group flows", 3, ""),
    ]
    assert found.is_whole


def test_a_poor_format_and_no_published_addresses_are_told_with_what_to_do(looking: World) -> None:
    vpc = looking.vpc()
    log_queries(vpc, a_query(vpc, "sqs", SQS))
    log_flows(looking, vpc, a_flow(SQS, 1000))

    found = evidence(looking, vpc)

    assert any("has no traffic-path" in gap for gap in found.gaps)
    assert any("AWS's public addresses are not known here" in gap for gap in found.gaps)
    assert [b.split()[:3] for b in found.better] == [
        ["curl", "-O", "https://ip-ranges.amazonaws.com/ip-ranges.json"],
        ["aws", "ec2", "create-flow-logs"],
    ]
    assert BEST in found.better[1]


def test_a_vpc_without_logs_is_told_how_to_get_them(looking: World) -> None:
    vpc = looking.vpc()

    found = evidence(looking, vpc)

    assert (found.services, found.sources, found.has_names, found.has_bytes) == ((), (), False, False)
    assert found.gaps == (
        "the VPC has no query log: which names were asked for is not known",
        "the VPC has no flow log: how many bytes went where is not known",
    )
    assert found.better[0] == f"vpce discover {vpc} --enable"
    assert [b.split()[:3] for b in found.better[1:]] == [
        ["aws", "logs", "create-log-group"],
        ["aws", "logs", "put-retention-policy"],
        ["aws", "route53resolver", "associate-resolver-query-log-config"],
        ["aws", "ec2", "create-flow-logs"],
    ]
    assert "No service is known to be called." in as_text(found, observed(looking, vpc))


def test_logs_without_a_record_of_the_time_are_no_proof_of_anything(looking: World) -> None:
    vpc = looking.vpc()
    log_queries(vpc, a_query(vpc, "sqs", SQS))
    log_flows(looking, vpc, a_flow(SQS, 1))

    found = evidence(looking, vpc, since=THEN - timedelta(days=3), until=THEN - timedelta(days=2))

    assert not found.has_names
    assert found.gaps[-2:] == (
        "no query log has a record that counts: which names were asked for is not known",
        "no flow log has a record that counts: how many bytes went where is not known",
    )


@pytest.mark.parametrize(
    ("service", "operation", "kind"),
    [("route53resolver", "ListResolverQueryLogConfigs", QUERY_LOG), ("ec2", "DescribeFlowLogs", FLOW_LOG)],
)
def test_logs_that_may_not_be_listed_are_a_gap_and_the_others_are_read(
    looking: World, service: str, operation: str, kind: str
) -> None:
    vpc = looking.vpc()
    log_queries(vpc, a_query(vpc, "sqs", SQS))
    log_flows(looking, vpc, a_flow(SQS, 1000))
    denied = looking.ec2 if service == "ec2" else here(service)
    refuses(denied, operation, "AccessDeniedException")
    looking.client_of = clients(**{service: denied})

    found = evidence(looking, vpc)

    assert found.gaps[0].startswith(f"whether there are {kind}s could not be read: {operation}: AccessDeniedException")
    assert "the VPC has no" not in "\n".join(found.gaps)
    assert not any("--enable" in b for b in found.better)
    assert {s.kind for s in found.sources} == {QUERY_LOG, FLOW_LOG} - {kind}
    assert all(s.records for s in found.sources)


def test_profiles_that_may_not_be_listed_cost_the_vpcs_own_query_log_nothing(looking: World) -> None:
    vpc, other = looking.vpc(), looking.vpc(cidr="10.1.0.0/16")
    log_queries(vpc, a_query(vpc, "sqs", SQS))
    profiles = here("route53profiles")
    refuses(profiles, "ListProfileAssociations", "AccessDeniedException")
    looking.client_of = clients(route53profiles=profiles)

    assert usages(evidence(looking, vpc))["sqs"].lookups == 1
    found = evidence(looking, other)
    assert found.gaps[0].startswith("whether there are query logs by Route 53 Profiles could not be read: ListProfile")
    assert not any("--enable" in b for b in found.better)


def test_a_log_that_may_not_be_read_is_a_source_in_trouble(looking: World) -> None:
    vpc = looking.vpc()
    log_queries(vpc, a_query(vpc, "sqs", SQS))
    logs = here("logs")
    refuses(logs, "FilterLogEvents", "AccessDeniedException")
    looking.client_of = clients(logs=logs)

    found = evidence(looking, vpc)

    assert found.sources[0].trouble.startswith("FilterLogEvents: AccessDeniedException")
    assert not found.is_whole
    assert "the VPC has no query log" not in "\n".join(found.gaps)


def test_flow_logs_of_subnets_in_one_group_are_read_once(looking: World) -> None:
    vpc = looking.vpc()
    subnets = sorted(
        looking.ec2.create_subnet(VpcId=vpc, CidrBlock=f"10.0.{n}.0/24")["Subnet"]["SubnetId"] for n in (50, 51)
    )
    a_group("flows", (THEN, a_flow(WEB, 1000)), (THEN, a_flow(WEB, 24, interface="eni-00000002")))
    looking.ec2.create_flow_logs(
        ResourceType="Subnet", ResourceIds=subnets, TrafficType="ALL", LogGroupName="flows",
        DeliverLogsPermissionArn=f"arn:aws:iam::{ACCOUNT}:role/r",
    )  # fmt: skip

    found = evidence(looking, vpc)

    assert found.other_bytes == 1024
    assert [(s.where, s.records) for s in found.sources] == [("log group flows", 2)]
    assert f"the flow logs are those of {', '.join(subnets)}; of the rest of the VPC there is none" in found.gaps
    assert not found.is_whole


def test_flow_logs_of_all_subnets_are_of_the_whole_vpc(looking: World) -> None:
    vpc = looking.vpc()
    a_group("flows", (THEN, a_flow(WEB, 7)))
    looking.ec2.create_flow_logs(
        ResourceType="Subnet", ResourceIds=[s.id for s in observed(looking, vpc).subnets], TrafficType="ALL",
        LogGroupName="flows", DeliverLogsPermissionArn=f"arn:aws:iam::{ACCOUNT}:role/r",
    )  # fmt: skip

    found = evidence(looking, vpc)

    assert found.is_whole
    assert not any("the flow logs are those of" in gap for gap in found.gaps)


def test_flow_logs_of_the_vpc_and_a_subnet_in_one_group_are_told_and_not_summed(looking: World) -> None:
    vpc = looking.vpc()
    log_flows(looking, vpc, a_flow(WEB, 1000), a_flow(WEB, 1000))
    subnet = looking.ec2.create_subnet(VpcId=vpc, CidrBlock="10.0.50.0/24")["Subnet"]["SubnetId"]
    looking.ec2.create_flow_logs(
        ResourceType="Subnet", ResourceIds=[subnet], TrafficType="ALL", LogGroupName="flows",
        DeliverLogsPermissionArn=f"arn:aws:iam::{ACCOUNT}:role/r",
    )  # fmt: skip

    found = evidence(looking, vpc)

    assert found.other_bytes == 0
    assert ["writes there too" in s.trouble for s in found.sources] == [True, True]
    assert "the VPC has no flow log" not in "\n".join(found.gaps)


def test_of_two_flow_logs_one_is_read_and_the_other_stands_in_where_it_cannot(looking: World) -> None:
    vpc = looking.vpc()
    log_flows(looking, vpc, a_flow(WEB, 7))
    s3 = here("s3")
    s3.create_bucket(Bucket="flow-logs", CreateBucketConfiguration={"LocationConstraint": REGION})
    looking.ec2.create_flow_logs(
        ResourceType="VPC", ResourceIds=[vpc], TrafficType="ALL", LogDestinationType="s3", LogFormat=BEST,
        LogDestination="arn:aws:s3:::flow-logs",
    )  # fmt: skip
    refuses(s3, "ListObjectsV2", "AccessDenied")
    looking.client_of = clients(s3=s3)

    found = evidence(looking, vpc)

    assert [(s.where.split("/")[0], s.records, bool(s.trouble)) for s in found.sources] == [
        ("s3:", 0, True),
        ("log group flows", 1, False),
    ]
    assert found.other_bytes == 7
    assert found.is_whole  # both have the same traffic


def test_a_flow_log_of_the_best_format_wants_no_better_one_and_an_empty_one_is_not_the_last(looking: World) -> None:
    vpc = looking.vpc()
    log_flows(looking, vpc, a_flow(WEB, 7))
    here("logs").create_log_group(logGroupName="best")
    looking.ec2.create_flow_logs(
        ResourceType="VPC", ResourceIds=[vpc], TrafficType="ALL", LogGroupName="best", LogFormat=BEST,
        DeliverLogsPermissionArn=f"arn:aws:iam::{ACCOUNT}:role/r",
    )  # fmt: skip

    found = evidence(looking, vpc)

    assert [(s.where, s.records) for s in found.sources] == [("log group best", 0), ("log group flows", 1)]
    assert not any("create-flow-logs" in b for b in found.better)


def test_flow_logs_in_s3_are_read_with_published_addresses_from_s3(looking: World) -> None:
    vpc = looking.vpc("gateway")
    s3 = here("s3")
    s3.create_bucket(Bucket="flow-logs", CreateBucketConfiguration={"LocationConstraint": REGION})
    looking.ec2.create_flow_logs(
        ResourceType="VPC", ResourceIds=[vpc], TrafficType="ALL", LogDestinationType="s3",
        LogDestination="arn:aws:s3:::flow-logs",
    )  # fmt: skip
    flow_log = looking.ec2.describe_flow_logs()["FlowLogs"][0]["FlowLogId"]
    key = f"AWSLogs/{ACCOUNT}/vpcflowlogs/{REGION}/{THEN:%Y/%m/%d}/{ACCOUNT}_vpcflowlogs_{REGION}_{flow_log}_"
    body = zipped(HEADER, a_flow(S3, 500), a_flow(SQS, 60), a_flow(WEB, 7))
    s3.put_object(Bucket="flow-logs", Key=f"{key}{THEN:%Y%m%dT%H%M}Z_1.log.gz", Body=body)
    s3.put_object(Bucket="flow-logs", Key="ip-ranges.json", Body=json.dumps(RANGES).encode())

    found = evidence(looking, vpc, ip_ranges="s3://flow-logs/ip-ranges.json")

    assert {s: u.outside for s, u in usages(found).items()} == {"s3": 500}
    assert (found.aws_bytes, found.other_bytes) == (60, 7)


def test_of_a_gateway_endpoint_only_subnets_with_a_route_to_it_make_use(looking: World) -> None:
    vpc = observed(looking, looking.vpc())
    with_it, without = vpc.subnets[0], replace(vpc.subnets[0], id="subnet-b", cidrs=("10.0.77.0/24",))
    tables = (
        a_table(id="rtb-a", subnets=frozenset({with_it.id})),
        a_table(id="rtb-b", subnets=frozenset({"subnet-b"})),
    )
    gateway = a_gateway("s3", route_tables=frozenset({"rtb-a"}))
    vpc = replace(vpc, subnets=(with_it, without), route_tables=tables, endpoints=(gateway,))
    inside = str(ipaddress.ip_network(with_it.cidrs[0])[9])
    log_queries(vpc.id, a_query(vpc.id, "s3", S3))
    log_flows(looking, vpc.id, a_flow(S3, 300, client=inside), a_flow(S3, 40, client="10.0.77.9"))

    found = evidence_of(looking.around, vpc, Wanted(since=SINCE, until=NOW))

    assert {s: (u.gateway, u.outside) for s, u in usages(found).items()} == {"s3": (300, 40)}


def test_bytes_to_an_endpoint_are_its_services_and_its_own_interface_counts_for_nothing(looking: World) -> None:
    vpc = looking.vpc("ec2-ssm")
    looking.settle(vpc)
    looking.settle(vpc)
    ssm: Any = looking.endpoints(vpc)["ssm", "Interface"]
    interface = looking.ec2.describe_network_interfaces(NetworkInterfaceIds=ssm["NetworkInterfaceIds"][:1])
    eni, address = (interface["NetworkInterfaces"][0][k] for k in ("NetworkInterfaceId", "PrivateIpAddress"))
    log_flows(looking, vpc, a_flow(address, 300), a_flow(address, 300, interface=eni))

    found = evidence(looking, vpc)

    assert {s: (u.inside, u.outside) for s, u in usages(found).items()} == {"ssm": (300, 0)}


def test_reading_stops_where_it_is_told_to(looking: World) -> None:
    vpc = looking.vpc()
    log_flows(looking, vpc, *(a_flow(WEB, 1, srcport=str(50000 + n)) for n in range(9)))

    found = evidence(looking, vpc, most=4)

    assert found.other_bytes == 4
    assert found.sources[0].trouble == "only the first 4 lines were read"


def test_records_that_aws_skipped_are_a_gap(looking: World) -> None:
    vpc = looking.vpc()
    skipped = f"2 {ACCOUNT} eni-00000001 - - - - - - - {int(THEN.timestamp())} {int(NOW.timestamp())} - SKIPDATA"
    log_flows(looking, vpc, a_flow(WEB, 7), skipped)

    assert (
        "log group flows: AWS wrote 1 time that it skipped records; their bytes are in no sum"
        in evidence(looking, vpc).gaps
    )


def test_a_log_that_begins_late_or_ends_early_is_a_gap(looking: World) -> None:
    """A group that keeps a week looks like a VPC that called nobody the week before."""
    vpc = looking.vpc()
    log_flows(looking, vpc, a_flow(WEB, 7), a_flow(WEB, 8, srcport="40001"))
    began = THEN + timedelta(seconds=10)

    found = evidence(looking, vpc, until=NOW + timedelta(days=1))

    assert (found.sources[0].first, found.sources[0].last) == (began, began)
    assert found.days_of_bytes == pytest.approx(26 / 24, abs=0.001)
    assert [g for g in found.gaps if g.endswith("no record counts")] == [
        f"log group flows: of the 0.9 days before {began:%Y-%m-%d %H:%M} UTC no record counts",
        f"log group flows: of the 1.1 days after {began:%Y-%m-%d %H:%M} UTC no record counts",
    ]
    short = evidence(looking, vpc, since=THEN, until=THEN + timedelta(minutes=30))
    assert not any("no record" in g for g in short.gaps)


def test_without_the_vpcs_interfaces_nothing_is_said(looking: World) -> None:
    """Which addresses are endpoints' would not be known, and their bytes would count as somebody's."""
    vpc = observed(looking, looking.vpc())
    refuses(looking.ec2, "DescribeNetworkInterfaces", "UnauthorizedOperation")

    with pytest.raises(ClientError):
        evidence_of(looking.around, vpc, Wanted(since=SINCE, until=NOW))


# ---- in an audit ---------------------------------------------------------------------------------------------------


def audited(world: World, days: int, pace: Pace | None = None) -> PlaceReport:
    around = replace(world.around, pace=pace or world.pace)
    report = audit_place(around, now=NOW.isoformat(), discovery_days=days).report
    assert isinstance(report, PlaceReport)
    return report


def test_an_audit_reads_logs_only_where_it_is_asked_to(looking: World) -> None:
    vpc = looking.vpc()
    log_queries(vpc, a_query(vpc, "sqs", SQS))
    log_flows(looking, vpc, a_flow(SQS, 1000))

    assert audited(looking, 0).evidence == ()
    of_vpc = {e.vpc: e for e in audited(looking, 1).evidence}
    assert (of_vpc[vpc].since, of_vpc[vpc].until) == (SINCE, NOW)
    assert {s: u.bytes for s, u in usages(of_vpc[vpc]).items()} == {"sqs": 1000}
    assert all(not e.services for e in of_vpc.values() if e.vpc != vpc)


def test_query_logging_that_goes_on_after_its_end_is_told_by_the_audit(looking: World) -> None:
    vpc = looking.vpc()
    list(enable(looking.around, vpc, until=NOW - timedelta(hours=1), retention=1))

    (found,) = [e for e in audited(looking, 1).evidence if e.vpc == vpc]

    assert f"was to end {NOW - timedelta(hours=1):%Y-%m-%d %H:%M} UTC, and goes on" in found.gaps[0]
    assert found.better[0] == f"vpce discover {vpc} --disable"


def test_without_time_an_audit_reads_no_logs_and_says_so(looking: World) -> None:
    looking.vpc()
    pace = Pace(clock=looking.clock, sleep=looking.clock.sleep).budget(130)

    found = audited(looking, 1, pace).evidence

    assert {e.gaps for e in found} == {("there was no time left to read its logs",)}


def test_logs_that_cannot_be_read_cost_an_audit_nothing_else(looking: World) -> None:
    vpc = looking.vpc()
    looking.client_of = None  # nothing else asks for interfaces
    refuses(looking.ec2, "DescribeNetworkInterfaces", "UnauthorizedOperation")

    report = audited(looking, 1)

    assert {f.vpc for f in report.findings} >= {vpc}
    assert all(e.gaps[0].startswith("its logs were not read: DescribeNetworkInterfaces") for e in report.evidence)


# ---- files ---------------------------------------------------------------------------------------------------------


def test_files_are_read_instead_of_the_vpcs_own_logs(looking: World, tmp_path: Path) -> None:
    vpc = looking.vpc()
    log_flows(looking, vpc, a_flow(WEB, 7))
    (tmp_path / "queries.log").write_text(a_query(vpc, "sqs", SQS))
    (tmp_path / "a.log.gz").write_bytes(zipped(HEADER, a_flow(SQS, 1000)))
    other = [*reversed(DEFAULT)]
    (tmp_path / "b.log").write_text(" ".join(other) + "\n" + " ".join(reversed(a_flow(SQS, 24).split())) + "\n")

    found = evidence(looking, vpc, files=(str(tmp_path),))

    assert {s: u.outside for s, u in usages(found).items()} == {"sqs": 1024}
    assert {s.where for s in found.sources} == {str(tmp_path)}
    assert found.other_bytes == 0


def test_a_file_that_is_named_twice_is_refused(looking: World, tmp_path: Path) -> None:
    (tmp_path / "a.log").write_text(f"{HEADER}\n{a_flow(WEB, 7)}\n")

    with pytest.raises(NoLogError, match=r"a\.log is named twice"):
        evidence(looking, looking.vpc(), files=(str(tmp_path), str(tmp_path / "a.log")))


def test_a_broken_file_counts_as_far_as_it_goes_and_is_told(looking: World, tmp_path: Path) -> None:
    vpc = looking.vpc()
    many = gzip.compress("\n".join([HEADER, *[a_flow(WEB, 1, srcport=str(n)) for n in range(5000)]]).encode())
    (tmp_path / "a.log.gz").write_bytes(many[: len(many) // 2])
    (tmp_path / "b.log").write_text("\n".join([HEADER, a_flow(WEB, 10_000), "2 1 eni-1 10.0", "x y z w"]))

    found = evidence(looking, vpc, files=(str(tmp_path),))

    assert 10_000 < found.other_bytes < 15_000
    assert "the compressed data is broken" in found.sources[0].trouble
    assert sum(found.sources[0].skipped.values()) == 2


@pytest.mark.parametrize("content", ["no JSON", "[]", '{"prefixes": [{}]}'])
def test_a_file_of_ranges_that_is_none_is_told(looking: World, tmp_path: Path, content: str) -> None:
    (tmp_path / "r.json").write_text(content)

    with pytest.raises(NoLogError, match=r"r\.json: this is no ip-ranges\.json"):
        evidence(looking, looking.vpc(), ip_ranges=str(tmp_path / "r.json"))


# ---- query logging for a time --------------------------------------------------------------------------------------

LATER = NOW + timedelta(days=14)


def switched_on(world: World, vpc: str, until: datetime = LATER) -> list[str]:
    return list(enable(world.around, vpc, until=until, retention=14))


def switched_off(world: World, vpc: str) -> list[str]:
    return list(disable(world.around, vpc, pause=lambda: None))


def groups() -> dict[str, int]:
    """Log group → its retention."""
    return {g["logGroupName"]: g.get("retentionInDays", 0) for g in here("logs").describe_log_groups()["logGroups"]}


def test_query_logging_is_turned_on_with_a_retention_and_an_end(looking: World) -> None:
    vpc = looking.vpc()

    done = switched_on(looking, vpc)

    assert [d.split(" ")[0] for d in done] == ["made", "made", vpc]
    assert groups() == {f"/aws/vendedlogs/vpce/queries/{vpc}": 14}
    (on,) = query_logging_of(looking.around, vpc)
    assert (on.is_ours, on.is_on, on.until) == (True, True, LATER)
    assert on.destination == f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:/aws/vendedlogs/vpce/queries/{vpc}:*"


def test_what_it_logs_is_found_as_any_other_query_log(looking: World) -> None:
    vpc = looking.vpc()
    switched_on(looking, vpc)
    logs, group = here("logs"), f"/aws/vendedlogs/vpce/queries/{vpc}"
    logs.create_log_stream(logGroupName=group, logStreamName="s")
    event: Any = {"timestamp": int(THEN.timestamp() * 1000), "message": a_query(vpc, "sqs", SQS)}
    logs.put_log_events(logGroupName=group, logStreamName="s", logEvents=[event])

    assert usages(evidence(looking, vpc))["sqs"].lookups == 1


def test_a_second_run_changes_nothing_and_another_end_is_the_end(looking: World) -> None:
    vpc = looking.vpc()
    switched_on(looking, vpc)

    assert switched_on(looking, vpc) == []
    assert len(switched_on(looking, vpc, LATER + timedelta(days=1))) == 1
    (on,) = query_logging_of(looking.around, vpc)
    assert on.until == LATER + timedelta(days=1)


@pytest.mark.parametrize("refused", ["CreateResolverQueryLogConfig", "AssociateResolverQueryLogConfig"])
def test_what_was_refused_half_way_is_gone_on_with_by_a_second_run(looking: World, refused: str) -> None:
    vpc, resolver = looking.vpc(), here("route53resolver")
    refuses(resolver, refused, "AccessDeniedException")
    looking.client_of = clients(route53resolver=resolver)
    with pytest.raises(ClientError):
        switched_on(looking, vpc)
    looking.client_of = here

    switched_on(looking, vpc)

    (on,) = query_logging_of(looking.around, vpc)
    assert on.is_on
    assert len(here("route53resolver").list_resolver_query_log_configs()["ResolverQueryLogConfigs"]) == 1


def test_where_others_log_already_nothing_is_made(looking: World) -> None:
    vpc = looking.vpc()
    theirs = a_config(vpc)

    with pytest.raises(QueryLoggingError, match=f"has query logging already: {theirs} of account {ACCOUNT}, to arn:"):
        switched_on(looking, vpc)

    assert groups() == {}
    assert switched_off(looking, vpc) == []
    assert [q.id for q in query_logging_of(looking.around, vpc) if q.is_on] == [theirs]


def test_a_log_group_that_others_made_is_not_taken(looking: World) -> None:
    vpc = looking.vpc()
    here("logs").create_log_group(logGroupName=f"/aws/vendedlogs/vpce/queries/{vpc}")

    with pytest.raises(QueryLoggingError, match="is there and not ours"):
        switched_on(looking, vpc)

    assert query_logging_of(looking.around, vpc) == []


def test_query_logging_is_turned_off_when_aws_has_taken_it_off(looking: World) -> None:
    vpc = looking.vpc()
    switched_on(looking, vpc)

    done = switched_off(looking, vpc)

    assert done[0] == f"{vpc} logs its queries no more"
    assert query_logging_of(looking.around, vpc) == []
    assert groups() == {f"/aws/vendedlogs/vpce/queries/{vpc}": 14}
    assert switched_off(looking, vpc) == []
    assert len(switched_on(looking, vpc)) == 2  # into the same log group again


def test_an_association_that_failed_is_taken_off_too(looking: World) -> None:
    vpc, resolver = looking.vpc(), here("route53resolver")
    switched_on(looking, vpc)
    (on,) = query_logging_of(looking.around, vpc)
    failed = {"ResolverQueryLogConfigId": on.id, "ResourceId": vpc, "Status": "FAILED"}
    left = [failed, failed]

    def twice(**_: Any) -> Any:
        found = [left.pop()] if left else []
        return SimpleNamespace(status_code=200), {"ResolverQueryLogConfigAssociations": found}

    resolver.meta.events.register_first("before-call.*.ListResolverQueryLogConfigAssociations", twice)
    looking.client_of = clients(route53resolver=resolver)

    assert switched_off(looking, vpc)[0] == f"{vpc} logs its queries no more"
    looking.client_of = here
    assert query_logging_of(looking.around, vpc) == []


def test_an_association_that_aws_does_not_end_in_time_is_told(looking: World) -> None:
    vpc, resolver = looking.vpc(), here("route53resolver")
    switched_on(looking, vpc)
    (on,) = query_logging_of(looking.around, vpc)
    association = {"ResolverQueryLogConfigId": on.id, "ResourceId": vpc, "Status": "DELETING"}
    answers(resolver, "ListResolverQueryLogConfigAssociations", ResolverQueryLogConfigAssociations=[association])
    looking.client_of = clients(route53resolver=resolver)

    with pytest.raises(QueryLoggingError, match="run it again in some minutes"):
        switched_off(looking, vpc)

    looking.client_of = here
    switched_off(looking, vpc)
    assert query_logging_of(looking.around, vpc) == []


# ---- logs with known truth -----------------------------------------------------------------------------------------


def a_known_vpc(world: World, traffic: Any) -> tuple[Surroundings, Vpc]:
    """The VPC of the generator, with its endpoints' interfaces as EC2 would list them."""
    of = {service: f"eni-{service}" for service in traffic.endpoint_addresses.values()}
    endpoint = {"InterfaceType": "vpc_endpoint", "VpcId": VPC}
    listed = [
        {"NetworkInterfaceId": of[service], **_addresses(address), **endpoint}
        for address, service in traffic.endpoint_addresses.items()
    ]
    listed += [{"NetworkInterfaceId": i, "InterfaceType": "nat_gateway", "VpcId": VPC} for i in traffic.skip_interfaces]
    answers(world.ec2, "DescribeNetworkInterfaces", NetworkInterfaces=listed)
    vpc = a_vpc(
        id=VPC,
        tags={"Name": "payments"},
        cidrs=CIDRS,
        endpoints=(
            *(an_interface(s, id=f"vpce-{s}", interfaces=frozenset({i})) for s, i in of.items()),
            *(a_gateway(s) for s in traffic.gateways),
        ),
    )
    return replace(world.around, catalog_of=lambda *_: traffic.catalog), vpc


def _addresses(address: str) -> dict[str, Any]:
    if ":" in address:
        return {"Ipv6Addresses": [{"Ipv6Address": address}]}
    return {"PrivateIpAddresses": [{"PrivateIpAddress": address}]}


@pytest.mark.parametrize("format_", ["default", "custom"])
def test_every_service_is_found_and_bytes_are_as_they_were(looking: World, tmp_path: Path, format_: str) -> None:
    logs = tmp_path / "logs"
    logs.mkdir()
    traffic = write_traffic(logs, seed=7, records=20_000, format_=format_, compressed=True)
    (tmp_path / "ip-ranges.json").write_text(traffic.ip_ranges)
    around, vpc = a_known_vpc(looking, traffic)
    ranges = str(tmp_path / "ip-ranges.json")

    found = evidence_of(
        around, vpc, Wanted(since=TRAFFIC_SINCE, until=traffic.until, files=(str(logs),), ip_ranges=ranges)
    )

    assert {*usages(found)} == {*traffic.services}
    for service, truth in traffic.services.items():
        assert usages(found)[service].bytes == pytest.approx(truth.outside + truth.inside + truth.gateway, rel=0.01)
    assert found.is_whole


def test_the_output_that_the_documentation_shows(
    looking: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, golden: Callable[[str, str], None]
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "logs").mkdir()
    traffic = write_traffic(tmp_path / "logs", seed=1, records=100_000, format_="custom", compressed=True)
    (tmp_path / "ip-ranges.json").write_text(traffic.ip_ranges)
    around, vpc = a_known_vpc(looking, traffic)

    found = evidence_of(
        around,
        vpc,
        Wanted(since=TRAFFIC_SINCE, until=traffic.until, files=("logs",), ip_ranges="ip-ranges.json"),
    )

    golden("discover.txt", as_text(found, vpc) + "\n")


def test_each_vpc_has_its_turn_to_be_read_first(world: World) -> None:
    vpcs = world.around.observe([world.vpc(cidr=f"10.{n}.0.0/16") for n in range(3)], now=NOW)
    firsts = {_turned(vpcs, NOW + timedelta(days=day))[0].id for day in range(3)}
    assert firsts == {vpc.id for vpc in vpcs}
    assert _turned([], NOW) == []
