"""From logs to a monthly saving: the worked example of docs/worth-it.md, made and run.

    python -m benchmarks.example [--write]

A VPC in moto's EC2, two weeks of its logs in files, and the two commands that read them. Everything follows from a
seed, so the texts are the same each time; ``--write`` puts them into the page, and tests/test_docs.py compares.
"""

from __future__ import annotations

import gzip
import io
import json
import os
import sys
import tempfile
from contextlib import redirect_stderr, redirect_stdout
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Any

import boto3
from moto import mock_aws
from moto.moto_api._internal import mock_random

from embedded import strict_dns, strict_ec2
from vpce import cli

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mypy_boto3_cloudwatch import CloudWatchClient
    from mypy_boto3_ec2 import EC2Client

PAGE = Path(__file__).parents[1] / "docs" / "worth-it.md"
REGION, ACCOUNT = "eu-west-1", "123456789012"
UNTIL = datetime(2026, 11, 23, tzinfo=UTC)
DAYS = 14
FORMAT = (
    "version account-id vpc-id interface-id srcaddr dstaddr pkt-srcaddr pkt-dstaddr srcport dstport protocol packets "
    "bytes start end action log-status pkt-src-aws-service pkt-dst-aws-service flow-direction traffic-path"
)
SERVICES = {
    # name that is asked for → its address, AWS's code of it in flow logs, GB a month
    f"app-images.s3.{REGION}.amazonaws.com": ("52.218.10.1", "S3", 1240),
    f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com": ("52.94.1.1", "AMAZON", 18),
    f"api.ecr.{REGION}.amazonaws.com": ("52.94.1.2", "AMAZON", 0.4),
    f"logs.{REGION}.amazonaws.com": ("52.94.1.3", "AMAZON", 870),
    f"sqs.{REGION}.amazonaws.com": ("52.94.1.4", "AMAZON", 260),
    f"secretsmanager.{REGION}.amazonaws.com": ("52.94.1.5", "AMAZON", 0.1),
    "api.card-network.example": ("193.0.6.139", "-", 35),
}
RANGES = {
    "prefixes": [
        {"ip_prefix": "52.94.0.0/16", "region": REGION, "service": "AMAZON", "network_border_group": REGION},
        {"ip_prefix": "52.218.0.0/17", "region": REGION, "service": "AMAZON", "network_border_group": REGION},
        {"ip_prefix": "52.218.0.0/17", "region": REGION, "service": "S3", "network_border_group": REGION},
    ],
    "ipv6_prefixes": [],
}
CLIENTS = ("10.0.0.21", "10.0.0.22", "10.0.1.21", "10.0.1.22")


def texts() -> dict[str, str]:
    """Command → what it prints."""
    os.environ |= {"AWS_ACCESS_KEY_ID": "x", "AWS_SECRET_ACCESS_KEY": "x", "AWS_DEFAULT_REGION": REGION}
    strict_ec2.install()
    strict_dns.install()
    with mock_aws(), strict_ec2.behave(pending=0.0), tempfile.TemporaryDirectory() as folder:
        ec2 = boto3.client("ec2", region_name=REGION)
        ec2.describe_vpcs()  # moto makes its default VPC by chance, now or earlier
        mock_random.seed(1)
        vpc = _a_vpc(ec2)
        _count(ec2, boto3.client("cloudwatch", region_name=REGION))
        logs = Path(folder) / "logs"
        logs.mkdir()
        _write(logs, vpc)
        ranges = Path(folder) / "ip-ranges.json"
        ranges.write_text(json.dumps(RANGES), encoding="utf-8")
        found = {}
        for command in ("discover", "recommend"):
            words = [command, vpc, "--from", str(logs), "--ip-ranges", str(ranges), "--until", UNTIL.isoformat()]
            out = io.StringIO()
            with redirect_stdout(out), redirect_stderr(io.StringIO()):
                cli.main(words)
            said = f"vpce {command} {vpc} --from logs/ --ip-ranges ip-ranges.json"
            found[said] = out.getvalue().replace(f"{folder}/", "").rstrip()
        return found


def _a_vpc(ec2: EC2Client) -> str:
    """Two private subnets, each with its NAT gateway; the DynamoDB gateway endpoint alone."""
    tags: Any = [{"ResourceType": "vpc", "Tags": [{"Key": "Name", "Value": "payments"}]}]
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16", TagSpecifications=tags)["Vpc"]["VpcId"]
    gateway = ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
    ec2.attach_internet_gateway(VpcId=vpc, InternetGatewayId=gateway)
    main = ec2.describe_route_tables(Filters=[{"Name": "vpc-id", "Values": [vpc]}])["RouteTables"][0]["RouteTableId"]
    ec2.create_route(RouteTableId=main, DestinationCidrBlock="0.0.0.0/0", GatewayId=gateway)
    private = []
    for number, zone in enumerate("ab"):
        where: Any = {"VpcId": vpc, "AvailabilityZone": f"{REGION}{zone}"}
        public = ec2.create_subnet(CidrBlock=f"10.0.{100 + number}.0/24", **where)["Subnet"]["SubnetId"]
        address = ec2.allocate_address(Domain="vpc")["AllocationId"]
        nat = ec2.create_nat_gateway(SubnetId=public, AllocationId=address)["NatGateway"]["NatGatewayId"]
        subnet = ec2.create_subnet(CidrBlock=f"10.0.{number}.0/24", **where)["Subnet"]["SubnetId"]
        table = ec2.create_route_table(VpcId=vpc)["RouteTable"]["RouteTableId"]
        ec2.create_route(RouteTableId=table, DestinationCidrBlock="0.0.0.0/0", NatGatewayId=nat)
        ec2.associate_route_table(RouteTableId=table, SubnetId=subnet)
        private.append(table)
    ec2.create_vpc_endpoint(
        VpcId=vpc,
        VpcEndpointType="Gateway",
        ServiceName=f"com.amazonaws.{REGION}.dynamodb",
        RouteTableIds=private,
    )
    return vpc


def _count(ec2: EC2Client, cloudwatch: CloudWatchClient) -> None:
    """What CloudWatch has of the NAT gateways: as much each day, by halves."""
    day = sum(month for _, _, month in SERVICES.values()) * 1024**3 / 730 * 24 / 2
    for gateway in ec2.describe_nat_gateways()["NatGateways"]:
        of = [{"Name": "NatGatewayId", "Value": gateway["NatGatewayId"]}]
        for number in range(31):
            when = UNTIL - timedelta(days=number, hours=1)
            for name, share in (("BytesOutToDestination", 0.1), ("BytesOutToSource", 0.9)):
                data: Any = {"MetricName": name, "Dimensions": of, "Timestamp": when, "Value": day * share}
                cloudwatch.put_metric_data(Namespace="AWS/NATGateway", MetricData=[data])


def _write(folder: Path, vpc: str) -> None:
    with gzip.open(folder / "flow.log.gz", "wt", encoding="utf-8") as flows:
        flows.write(f"{FORMAT}\n")
        flows.writelines(f"{line}\n" for line in _flows(vpc))
    with gzip.open(folder / "queries.log.gz", "wt", encoding="utf-8") as queries:
        queries.writelines(f"{json.dumps(query)}\n" for query in _queries(vpc))


def _hours() -> Iterator[datetime]:
    return (UNTIL - timedelta(days=DAYS) + timedelta(hours=n) for n in range(DAYS * 24))


def _queries(vpc: str) -> Iterator[dict[str, Any]]:
    """Each client asks for each name once an hour."""
    for hour in _hours():
        for client in CLIENTS:
            for name, (address, _, _) in SERVICES.items():
                yield {
                    "version": "1.100000",
                    "account_id": ACCOUNT,
                    "region": REGION,
                    "vpc_id": vpc,
                    "query_timestamp": f"{hour:%Y-%m-%dT%H:%M:%SZ}",
                    "query_name": f"{name}.",
                    "query_type": "A",
                    "query_class": "IN",
                    "rcode": "NOERROR",
                    "answers": [{"Rdata": address, "Type": "A", "Class": "IN"}],
                    "srcaddr": client,
                    "srcport": "53124",
                    "transport": "UDP",
                    "srcids": {},
                }


def _flows(vpc: str) -> Iterator[str]:
    """Each hour a record each way, at the client's interface and at its NAT gateway's."""
    rng = Random(1)
    for hour in _hours():
        start = int(hour.timestamp()) + 60
        for number, client in enumerate(CLIENTS):
            nat = f"10.0.{100 + number // 2}.9"
            for address, code, month in SERVICES.values():
                size = int(month * 1024**3 / 730 / len(CLIENTS) * rng.uniform(0.8, 1.2))
                out, back = size // 10, size - size // 10
                eni, at_nat = f"eni-0c{number:015x}", f"eni-0a{number // 2:015x}"
                for interface, source, target, p_source, p_target, bytes_, way, path in (
                    (eni, client, address, client, address, out, "egress", "1"),
                    (eni, address, client, address, client, back, "ingress", "-"),
                    (at_nat, client, nat, client, address, out, "ingress", "-"),
                    (at_nat, nat, address, nat, address, out, "egress", "8"),
                    (at_nat, address, nat, address, nat, back, "ingress", "-"),
                    (at_nat, nat, client, address, client, back, "egress", "1"),
                ):
                    ports = "40000 443" if p_target == address else "443 40000"
                    codes = f"- {code}" if p_target == address else f"{code} -"
                    yield (
                        f"7 {ACCOUNT} {vpc} {interface} {source} {target} {p_source} {p_target} {ports} 6 "
                        f"{bytes_ // 1200 + 1} {bytes_} {start} {start + 59} ACCEPT OK {codes} {way} {path}"
                    )


def with_texts(page: str) -> str:
    """The page with what the commands print.

    Raises:
        ValueError: it has no place for it.

    """
    for command, said in texts().items():
        what = " ".join(command.split()[:2])
        head, start, rest = page.partition(f"```text\n$ {what} ")
        _, end, tail = rest.partition("\n```")
        if not start or not end:
            raise ValueError(f"{PAGE.name} has no block of {what}")
        page = f"{head}```text\n$ {command}\n{said}{end}{tail}"
    return page


def main() -> int:
    if "--write" in sys.argv[1:]:
        PAGE.write_text(with_texts(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
        return 0
    for command, said in texts().items():
        print(f"$ {command}\n{said}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
