"""``vpce recommend`` and the audit's advice, against EC2 and CloudWatch of moto."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

from tests.aws.conftest import REGION, SESSION, World
from vpce import cli
from vpce.audit import audit_place
from vpce.core.advice import Do
from vpce.core.report import PlaceReport

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

pytestmark = pytest.mark.usefixtures("one_session")


def with_nat(world: World, vpc: str) -> str:
    """Its private subnets leave by a NAT gateway."""
    ec2 = world.ec2
    subnet = ec2.describe_subnets(Filters=[{"Name": "vpc-id", "Values": [vpc]}])["Subnets"][0]["SubnetId"]
    address = ec2.allocate_address(Domain="vpc")["AllocationId"]
    nat = ec2.create_nat_gateway(SubnetId=subnet, AllocationId=address)["NatGateway"]["NatGatewayId"]
    for table in world.tables(vpc):
        ec2.create_route(RouteTableId=table, DestinationCidrBlock="0.0.0.0/0", NatGatewayId=nat)
    return nat


def counted(namespace: str, name: str, number: int, when: datetime, **dimensions: str) -> None:
    SESSION.client("cloudwatch").put_metric_data(
        Namespace=namespace,
        MetricData=[
            {
                "MetricName": name,
                "Value": number,
                "Timestamp": when,
                "Dimensions": [{"Name": k.replace("_", " "), "Value": v} for k, v in dimensions.items()],
            }
        ],
    )


def test_without_any_log_it_says_what_it_cannot_know_and_how_to_know_it(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    vpc = world.vpc(None)
    with_nat(world, vpc)

    assert cli.main(["recommend", vpc, "--json"]) == 3

    document = json.loads(capsys.readouterr().out)
    assert [(a["do"], a["what"], a["saving"]) for a in document["advice"]] == [
        ("add", "gateway endpoint for dynamodb", None),
        ("add", "gateway endpoint for s3", None),
    ]
    assert document["profile"] is None
    assert document["gaps"]
    assert document["better"]


def test_a_vpc_with_all_it_needs_gets_no_advice(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    vpc = world.vpc("gateway")
    world.settle(vpc)

    assert cli.main(["recommend", vpc]) == 0

    assert "Nothing to save that could be told." in capsys.readouterr().out


def test_logs_of_files_are_read_and_a_missing_file_is_told(
    world: World, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["recommend", world.vpc(None), "--from", str(tmp_path / "nowhere")]) == 1
    assert "nowhere" in capsys.readouterr().err


def test_what_could_not_be_read_is_told_and_the_rest_said(
    world: World, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    vpc = world.vpc(None)
    with_nat(world, vpc)

    def denied(*_: Any, **__: Any) -> Any:
        raise ClientError({"Error": {"Code": "AccessDenied", "Message": "no"}}, "ListMetrics")

    monkeypatch.setattr("vpce.aws.network.place_traffic", denied)

    assert cli.main(["recommend", vpc]) == 3

    said = capsys.readouterr()
    assert "gateway endpoint for s3" in said.out
    assert "CloudWatch metrics could not be read, so less can be told" in said.err


@pytest.fixture
def clients(world: World) -> Callable[..., Any]:
    return lambda service, region=None: world.ec2 if service == "ec2" else SESSION.client(service, region_name=region)


def test_the_audit_advises_by_what_cloudwatch_counted(world: World, clients: Callable[..., Any]) -> None:
    """No log is needed for an endpoint that its NAT gateway could carry for less."""
    world.client_of = clients
    vpc = world.vpc("ec2-ssm")
    world.settle(vpc)
    nat = with_nat(world, vpc)
    (used,) = [i for (name, _), e in world.endpoints(vpc).items() if name == "ssm" for i in [e["VpcEndpointId"]]]
    later = datetime.now(UTC) + timedelta(days=40)
    link = {"Endpoint_Type": "Interface", "Service_Name": "s", "VPC_Endpoint_Id": used, "VPC_Id": vpc}
    counted("AWS/PrivateLinkEndpoints", "BytesProcessed", 10**9, later - timedelta(days=1), **link)
    counted("AWS/NATGateway", "BytesOutToDestination", 10**9, later - timedelta(days=1), NatGatewayId=nat)

    report = audit_place(world.around, now=later.isoformat()).report

    assert isinstance(report, PlaceReport)
    said = {(a.do, a.service): a for a in report.advice if a.vpc == vpc}
    assert {*said} == {(Do.BY_NAT, "ssm"), (Do.DROP, "ssmmessages"), (Do.DROP, "ec2messages")}
    assert "the NAT gateway would take $0.04" in said[Do.BY_NAT, "ssm"].why
    assert said[Do.DROP, "ssmmessages"].why.startswith("no packet in 3")
    assert all(a.saving and a.prices == f"list prices of {REGION}, 2026-09-21" for a in said.values())
