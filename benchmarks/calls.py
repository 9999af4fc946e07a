"""What does a look cost? EC2 and CloudWatch calls of a reconcile and of an audit, on fleets, against the floor.

    python -m benchmarks.calls [VPCS …]

The floor is what nobody can do without: one call per page of VPCs, subnets, route tables, endpoints, security groups
and services, and two per VPC whose DNS attributes matter (EC2 gives one attribute of one VPC per call); for traffic one
call per page of CloudWatch's lists of endpoints and of NAT gateways, and one per 500 endpoints. The fleets are moto's,
made strict; every fifth VPC follows the profile ec2-ssm, the others have the free gateways.
"""

from __future__ import annotations

import math
import os
import sys
import time
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import boto3
from moto import mock_aws

from embedded import strict_ec2
from vpce.audit import audit_place
from vpce.aws.pace import Pace
from vpce.aws.parameters import shipped_profiles
from vpce.core.events import Look
from vpce.core.model import Place
from vpce.core.network import Facet
from vpce.core.profile import read_profiles
from vpce.reconcile import Surroundings, reconcile

if TYPE_CHECKING:
    from collections.abc import Callable

    from mypy_boto3_cloudwatch import CloudWatchClient
    from mypy_boto3_ec2 import EC2Client

REGION = "eu-west-1"
PLACE = Place(account="123456789012", region=REGION)
EVERY = 5  # each so many-th VPC has interface endpoints
PAGES = {"DescribeRouteTables": 100}
LISTED, ASKED = 500, 500
"""Metrics in a page of ListMetrics, and in a call of GetMetricData.
https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/cloudwatch_limits.html"""


def a_fleet(ec2: EC2Client, size: int) -> list[str]:
    vpcs = []
    for number in range(size):
        profile = "ec2-ssm" if number % EVERY == 0 else "gateway"
        block = f"10.{number // 250}.{number % 250}"
        tags: Any = [{"ResourceType": "vpc", "Tags": [{"Key": "endpoint-profile", "Value": profile}]}]
        vpc = ec2.create_vpc(CidrBlock=f"{block}.0/24", TagSpecifications=tags)["Vpc"]["VpcId"]
        for host, zone in ((0, "a"), (128, "b")):
            ec2.create_subnet(VpcId=vpc, CidrBlock=f"{block}.{host}/25", AvailabilityZone=f"{REGION}{zone}")
        ec2.create_route_table(VpcId=vpc)
        vpcs.append(vpc)
    return vpcs


class Counted:
    """Calls by name."""

    def __init__(self, *clients: Any) -> None:
        self.calls: Counter[str] = Counter()
        for client in clients:
            client.meta.events.register_first("before-call.*.*", lambda model, **_: self.calls.update([model.name]))

    def during(self, work: Callable[[], object]) -> tuple[int, float]:
        self.calls.clear()
        started = time.perf_counter()
        work()
        return self.calls.total(), time.perf_counter() - started


def floor(ec2: EC2Client, vpcs: int, interface_vpcs: int) -> int:
    """Fewest calls that read this many VPCs whole."""
    sizes = {
        "DescribeVpcs": vpcs,
        "DescribeSubnets": 2 * vpcs,
        "DescribeRouteTables": 2 * vpcs,
        "DescribeVpcEndpoints": 2 * vpcs + 3 * interface_vpcs,
        "DescribeSecurityGroups": vpcs + interface_vpcs,
        "DescribeVpcEndpointServices": len(ec2.describe_vpc_endpoint_services()["ServiceDetails"]),
    }
    return sum(math.ceil(size / PAGES.get(name, 1000)) for name, size in sizes.items()) + 2 * interface_vpcs


def use(cloudwatch: CloudWatchClient, ec2: EC2Client) -> int:
    """Count traffic of every interface endpoint, as PrivateLink does; gives the number of metrics."""
    wanted: Any = [{"Name": "vpc-endpoint-type", "Values": ["Interface"]}]
    data: list[Any] = []
    for endpoint in ec2.describe_vpc_endpoints(Filters=wanted)["VpcEndpoints"]:
        names = ("Endpoint Type", "Service Name", "VPC Endpoint Id", "VPC Id", "Subnet Id")
        for subnet in ("", *endpoint["SubnetIds"]):
            values = ("Interface", endpoint["ServiceName"], endpoint["VpcEndpointId"], endpoint["VpcId"], subnet)
            dimensions = [{"Name": n, "Value": v} for n, v in zip(names, values, strict=True) if v]
            datum = {"MetricName": "BytesProcessed", "Dimensions": dimensions, "Value": 10**6}
            data.append(datum | {"Timestamp": datetime.now(UTC) - timedelta(days=1)})
    cloudwatch.put_metric_data(Namespace="AWS/PrivateLinkEndpoints", MetricData=data)
    return len(data)


def measure(size: int) -> list[tuple[str, int, int, float]]:
    """(what, calls, floor, seconds) for one fleet."""
    with mock_aws(), strict_ec2.behave(gateway_quota=10**6, pending=0.0, deleting=0.0):
        ec2 = boto3.client("ec2", region_name=REGION)
        vpcs = a_fleet(ec2, size)
        instant = Pace(clock=lambda: 0.0, sleep=lambda _: None)

        def around() -> Surroundings:
            return Surroundings(
                place=PLACE,
                ec2=ec2,
                installation="vpce",
                profiles=read_profiles(shipped_profiles()),
                pace=instant,
            )

        def look(*ids: str) -> object:
            looks = [Look(place=PLACE, vpcs=frozenset(ids), why="benchmark")]
            return reconcile(around(), looks, generation="1", now=datetime.now(UTC))

        print(f"  {size} VPCs: bringing them to their profiles ...", file=sys.stderr, flush=True)
        look()
        counted = Counted(ec2)
        everything = floor(ec2, size + 1, len(range(0, size, EVERY)))  # one more: moto's default VPC
        rows = [("reconcile, one VPC named", *counted.during(lambda: look(vpcs[0])), floor(ec2, 1, 1))]
        rows.append(("reconcile, place-wide", *counted.during(look), everything))
        rows.append(
            ("audit", *counted.during(lambda: audit_place(around(), now="2026-11-24T12:00:00+00:00")), everything)
        )
        cloudwatch = boto3.client("cloudwatch", region_name=REGION)
        metrics, endpoints = use(cloudwatch, ec2), 3 * len(range(0, size, EVERY))
        seen = around().observe(now=datetime.now(UTC))
        around_it = replace(around(), client_of=lambda *_: cloudwatch)
        _ = around_it.catalog
        counted = Counted(cloudwatch)
        least = math.ceil(metrics / LISTED) + 1 + math.ceil(endpoints / ASKED)
        facets = frozenset({Facet.METRICS})
        rows.append(
            (
                "traffic of an audit",
                *counted.during(lambda: around_it.survey(seen, facets, now=datetime.now(UTC))),
                least,
            )
        )
        return [(what, calls, least, seconds) for what, calls, seconds, least in rows]


def main() -> int:
    os.environ |= {"AWS_ACCESS_KEY_ID": "x", "AWS_SECRET_ACCESS_KEY": "x", "AWS_DEFAULT_REGION": REGION}
    strict_ec2.install()
    print(f"{'VPCs':>6}  {'what':<26} {'calls':>6} {'floor':>6} {'ratio':>6} {'seconds on moto':>16}")
    worst = 0.0
    for size in [int(a) for a in sys.argv[1:]] or [50, 500]:
        for what, calls, least, seconds in measure(size):
            worst = max(worst, calls / least)
            print(f"{size:>6}  {what:<26} {calls:>6} {least:>6} {calls / least:>6.2f} {seconds:>16.1f}", flush=True)
    print(f"calls over floor, worst case: {worst:.2f}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
