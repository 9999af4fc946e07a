"""Does CloudWatch's count keep an endpoint that somebody uses, and does nothing else?"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.exceptions import ClientError

from tests.aws.conftest import NOW, REGION, World
from tests.factories import a_vpc, an_interface
from vpce.aws.traffic import UncountedError, nat_traffic, place_traffic, traffic
from vpce.core.idle import window
from vpce.core.model import Kind
from vpce.core.plan import GRACE

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from mypy_boto3_cloudwatch import CloudWatchClient

    from vpce.core.model import Vpc
    from vpce.reconcile import Surroundings

VPC = "vpc-0123456789abcdef0"
LATER = NOW + GRACE
GONE = "the tag endpoint-profile is gone (it was 'ec2-ssm')"


@pytest.fixture
def cloudwatch(world: World) -> CloudWatchClient:
    """In the same AWS as the world's EC2."""
    assert world
    return boto3.client("cloudwatch", region_name=REGION)


def count(cloudwatch: CloudWatchClient, endpoint: str, number: float, *, vpc: str = VPC, **more: Any) -> None:
    """As PrivateLink counts: per endpoint, and per endpoint and subnet."""
    dimensions = {"Endpoint Type": "Interface", "Service Name": "s", "VPC Endpoint Id": endpoint, "VPC Id": vpc}
    when = more.pop("when", NOW + timedelta(hours=1))
    for extra in more.pop("sets", ({}, {"Subnet Id": "subnet-a"})):
        cloudwatch.put_metric_data(
            Namespace="AWS/PrivateLinkEndpoints",
            MetricData=[
                {
                    "MetricName": more.get("metric", "BytesProcessed"),
                    "Dimensions": [{"Name": k, "Value": v} for k, v in (dimensions | extra).items()],
                    "Timestamp": when,
                    "Value": number,
                }
            ],
        )


def counted(cloudwatch: CloudWatchClient, *endpoints: str) -> Mapping[str, int]:
    return traffic(cloudwatch, VPC, endpoints, since=NOW, until=LATER)


def test_bytes_are_counted_once_though_cloudwatch_has_them_twice(cloudwatch: CloudWatchClient) -> None:
    count(cloudwatch, "vpce-1", 1000)
    count(cloudwatch, "vpce-1", 24, when=NOW + timedelta(hours=9))

    assert counted(cloudwatch, "vpce-1", "vpce-2") == {"vpce-1": 1024}


def test_an_endpoint_that_is_counted_by_subnet_only_is_the_sum_of_them(cloudwatch: CloudWatchClient) -> None:
    count(cloudwatch, "vpce-1", 7, sets=({"Subnet Id": "subnet-a"}, {"Subnet Id": "subnet-b"}))

    assert counted(cloudwatch, "vpce-1") == {"vpce-1": 14}


def test_what_was_before_what_is_elsewhere_and_what_are_no_bytes_do_not_count(cloudwatch: CloudWatchClient) -> None:
    count(cloudwatch, "vpce-1", 5, when=NOW - timedelta(hours=2))
    count(cloudwatch, "vpce-2", 5, vpc="vpc-1")
    count(cloudwatch, "vpce-3", 5, metric="ActiveConnections")
    count(cloudwatch, "vpce-4", 0)

    assert counted(cloudwatch, "vpce-1", "vpce-2", "vpce-3", "vpce-4") == {}


def test_more_endpoints_than_one_call_takes_are_all_counted(cloudwatch: CloudWatchClient) -> None:
    ids = [f"vpce-{number:03}" for number in range(502)]
    for endpoint in ids:
        count(cloudwatch, endpoint, 1, sets=({},))

    assert counted(cloudwatch, *ids) == dict.fromkeys(ids, 1)


def test_an_answer_that_is_none_is_not_taken_for_silence(cloudwatch: CloudWatchClient) -> None:
    count(cloudwatch, "vpce-1", 1)
    cloudwatch.meta.events.register(
        "after-call.cloudwatch.GetMetricData",
        lambda parsed, **_: parsed["MetricDataResults"][0].update(StatusCode="InternalError"),
    )

    with pytest.raises(UncountedError, match="InternalError"):
        counted(cloudwatch, "vpce-1")


# ---- a whole place ------------------------------------------------------------------------------------------------

SINCE, UNTIL = window(NOW, 30)
LATELY = NOW - timedelta(days=3)


def place(cloudwatch: CloudWatchClient, *vpcs: Vpc) -> Mapping[str, int]:
    return place_traffic(cloudwatch, vpcs, since=SINCE, until=UNTIL)


def two(**changes: Any) -> Vpc:
    """A VPC with an endpoint that CloudWatch lists, and one that it may not."""
    quiet = an_interface("sns", id="vpce-2", service="s", **changes)
    return a_vpc(id=VPC, endpoints=(an_interface("sqs", id="vpce-1"), quiet))


def unlisted(cloudwatch: CloudWatchClient, endpoint: str) -> None:
    """As CloudWatch does with what has had no data for two weeks; moto lists all there ever was."""

    def forget(parsed: Any, **_: Any) -> None:
        parsed["Metrics"] = [m for m in parsed["Metrics"] if endpoint not in {d["Value"] for d in m["Dimensions"]}]

    cloudwatch.meta.events.register("after-call.cloudwatch.ListMetrics", forget)


def test_all_endpoints_of_a_place_are_counted_with_one_listing(cloudwatch: CloudWatchClient) -> None:
    calls: list[str] = []
    cloudwatch.meta.events.register("before-call.cloudwatch.*", lambda model, **_: calls.append(model.name))
    count(cloudwatch, "vpce-1", 1000, when=LATELY)
    count(cloudwatch, "vpce-1", 24, when=NOW - timedelta(hours=1))
    count(cloudwatch, "vpce-9", 5, vpc="vpc-9", when=LATELY)
    calls.clear()

    assert place(cloudwatch, two()) == {"vpce-1": 1024, "vpce-2": 0, "vpce-9": 5}
    assert calls == ["ListMetrics", "GetMetricData"]


def test_what_cloudwatch_lists_no_more_is_counted_all_the_same(cloudwatch: CloudWatchClient) -> None:
    """A job that runs once a month is in use."""
    count(cloudwatch, "vpce-1", 1000, when=LATELY)
    count(cloudwatch, "vpce-2", 77, when=NOW - timedelta(days=25))
    unlisted(cloudwatch, "vpce-2")

    assert place(cloudwatch, two()) == {"vpce-1": 1000, "vpce-2": 77}


@pytest.mark.parametrize("sets", [(), ({"Subnet Id": "subnet-a"},), ({"Something New": "x"},)])
def test_what_cannot_be_asked_for_is_left_out_and_has_not_been_silent(
    cloudwatch: CloudWatchClient, sets: tuple[dict[str, str], ...]
) -> None:
    count(cloudwatch, "vpce-1", 1000, when=LATELY, sets=sets)

    assert "vpce-2" not in place(cloudwatch, two())


def test_days_are_whole_ones_and_what_was_before_does_not_count(cloudwatch: CloudWatchClient) -> None:
    count(cloudwatch, "vpce-1", 1, when=SINCE)
    count(cloudwatch, "vpce-1", 10, when=SINCE - timedelta(minutes=1))

    assert place(cloudwatch, two())["vpce-1"] == 1


def test_gateway_endpoints_are_not_asked_for(cloudwatch: CloudWatchClient) -> None:
    count(cloudwatch, "vpce-1", 1000, when=LATELY)

    assert place(cloudwatch, two(kind=Kind.GATEWAY)) == {"vpce-1": 1000}


def test_more_endpoints_than_one_call_takes_are_asked_for_in_several(cloudwatch: CloudWatchClient) -> None:
    asked: list[int] = []
    cloudwatch.meta.events.register(
        "provide-client-params.cloudwatch.GetMetricData",
        lambda params, **_: asked.append(len(params["MetricDataQueries"])),
    )
    count(cloudwatch, "vpce-1", 1, when=LATELY)
    many = tuple(an_interface("sqs", id=f"vpce-x{number}") for number in range(501))

    found = place(cloudwatch, a_vpc(endpoints=many))

    assert asked == [500, 2]
    assert len(found) == 502


def nat(cloudwatch: CloudWatchClient, gateway: str, name: str, number: int, *, when: datetime = LATELY) -> None:
    cloudwatch.put_metric_data(
        Namespace="AWS/NATGateway",
        MetricData=[
            {
                "MetricName": name,
                "Dimensions": [{"Name": "NatGatewayId", "Value": gateway}],
                "Timestamp": when,
                "Value": number,
            }
        ],
    )


def test_a_nat_gateway_has_processed_what_left_it_on_either_side(cloudwatch: CloudWatchClient) -> None:
    for gateway, out, back in (("nat-1", 100, 900), ("nat-2", 0, 0)):
        nat(cloudwatch, gateway, "BytesOutToDestination", out)
        nat(cloudwatch, gateway, "BytesInFromSource", out)
        nat(cloudwatch, gateway, "BytesOutToSource", back)
        nat(cloudwatch, gateway, "BytesInFromDestination", back)
    nat(cloudwatch, "nat-1", "BytesOutToSource", 5, when=SINCE - timedelta(hours=1))
    nat(cloudwatch, "nat-3", "BytesOutToDestination", 5, when=SINCE - timedelta(hours=1))

    assert nat_traffic(cloudwatch, since=SINCE, until=UNTIL) == {"nat-1": 1000, "nat-2": 0}


# ---- what it does to a plan ---------------------------------------------------------------------------------------


class Careful(World):
    """A world in which traffic is looked at."""

    @property
    def around(self) -> Surroundings:
        def client(service: str, region: str | None = None) -> Any:
            return self.clients.get(service) or boto3.client(service, region_name=region)  # type: ignore[call-overload]

        return replace(super().around, looks_at_traffic=True, client_of=client)

    clients: dict[str, Any]


@pytest.fixture
def careful(world: World) -> Careful:
    made = Careful(ec2=world.ec2)
    made.clients = {}
    return made


def given_up(world: World) -> tuple[str, str]:
    """A VPC whose endpoints are marked, and the id of one."""
    vpc = world.vpc("ec2-ssm", tags={"endpoint-deletions": "allowed"})
    world.settle(vpc)
    world.untag(vpc, "endpoint-profile")
    world.settle(vpc)
    return vpc, world.endpoints(vpc)["ssm", "Interface"]["VpcEndpointId"]


def test_what_is_used_stays_for_another_grace_period_and_the_rest_goes(
    careful: Careful, cloudwatch: CloudWatchClient
) -> None:
    vpc, used = given_up(careful)
    count(cloudwatch, used, 2_500_000, vpc=vpc)

    (told,) = careful.settle(vpc, now=LATER)[0].runs

    assert {name for name, _ in careful.endpoints(vpc)} == {"ssm"}
    assert careful.marks(vpc) == {"ssm": f"{LATER + GRACE:%Y-%m-%dT%H:%M:%SZ}"}
    assert [m.why for m in told.marks] == [f"{GONE}, but 2.4 MB went through it lately; it stays once more as long"]

    careful.settle(vpc, now=LATER + GRACE)
    assert careful.endpoints(vpc) == {}


def test_where_cloudwatch_cannot_be_read_nothing_goes_that_it_counts_and_it_is_told(careful: Careful) -> None:
    vpc, _ = given_up(careful)

    def denied(**_: Any) -> None:
        raise ClientError({"Error": {"Code": "AccessDenied", "Message": "no"}}, "ListMetrics")

    refusing = boto3.client("cloudwatch", region_name=REGION)
    refusing.meta.events.register("before-call.cloudwatch.ListMetrics", denied)
    careful.clients = {"cloudwatch": refusing}

    (told,) = careful.run(vpc, now=LATER).runs

    assert {kind for _, kind in careful.endpoints(vpc)} == {"Interface"}
    assert not told.is_unfinished
    assert told.due == LATER
    assert "could not be read: ListMetrics: AccessDenied: no" in " ".join(told.trouble)


def test_nobody_asks_cloudwatch_where_nothing_is_due(careful: Careful) -> None:
    vpc = careful.vpc("ec2-ssm")
    careful.settle(vpc)
    careful.untag(vpc, "endpoint-profile")
    careful.clients = {"cloudwatch": None}

    assert not careful.run(vpc).errors
    careful.tag(vpc, endpoint_profile="none", endpoint_deletions="allowed")
    careful.settle(vpc)
    assert careful.endpoints(vpc) == {}
