"""Is EC2 paced, not run into? Against its token buckets, in AWS's seconds: only calls and sleeping take time."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from embedded import strict_ec2
from embedded.process import REPOSITORY
from tests.aws.conftest import NOW, PLACE, World
from vpce.core.events import Look
from vpce.reconcile import Run, reconcile

if TYPE_CHECKING:
    from collections.abc import Iterator

READ, WRITE = 0.04, 0.15
"""Seconds that a call takes."""
SETTLE_DELAY = 20.0
REFILL, BURST = 0.3, 4


@dataclass
class Meter:
    """What EC2 was asked, and how often it said no."""

    calls: list[str] = field(default_factory=list)
    throttled: list[str] = field(default_factory=list)

    def share(self) -> float:
        return len(self.throttled) / len(self.calls)


@pytest.fixture
def meter(world: World) -> Iterator[Meter]:
    """Calls cost time, and buckets are on."""
    meter = Meter()

    def before(model: Any, **_: Any) -> None:
        meter.calls.append(model.name)
        world.clock.sleep(READ if model.name.startswith("Describe") else WRITE)

    def after(parsed: Any, model: Any, **_: Any) -> None:
        if parsed.get("Error", {}).get("Code") == "RequestLimitExceeded":
            meter.throttled.append(model.name)

    with strict_ec2.behave(buckets=True, clock=world.clock, pending=60.0, deleting=60.0, gateway_quota=100):
        events = world.ec2.meta.events
        events.register_first("before-call.ec2.*", before)
        events.register_last("after-call.ec2.*", after)
        yield meter


def function_timeout() -> float:
    """As the template sets it."""

    class Loader(yaml.SafeLoader):
        pass

    yaml.add_multi_constructor("!", lambda *_: None, Loader=Loader)
    template = yaml.load((REPOSITORY / "template.yaml").read_text(), Loader)
    return float(template["Resources"]["Reconcile"]["Properties"]["Timeout"])


def run_like_lambda(world: World, vpcs: list[str]) -> tuple[float, list[Run]]:
    """One message per VPC, up to ten in an invocation; fresh messages come back after the queue's delay."""
    looks = [Look(place=PLACE, vpcs=frozenset({v}), why="CreateTags") for v in vpcs]
    runs: list[Run] = []
    started = last_change = world.clock.now
    while looks:
        batch, looks = looks[:10], looks[10:]
        world.pace.budget(function_timeout())
        now = NOW + timedelta(seconds=world.clock.now - started)
        run = reconcile(world.around, batch, generation=str(len(runs)), now=now)
        runs.append(run)
        if any(r.has_changed for r in run.runs):
            last_change = world.clock.now
        looks += run.again
        if run.again:
            world.clock.sleep(SETTLE_DELAY)
    return last_change - started, runs


def creations(meter: Meter) -> int:
    return meter.calls.count("CreateVpcEndpoint")


def test_one_vpc_with_the_whole_toolbox_takes_what_the_bucket_takes(world: World, meter: Meter) -> None:
    vpc = world.vpc("private")
    meter.calls.clear()

    seconds, _ = run_like_lambda(world, [vpc])

    assert {e["State"] for e in world.endpoints(vpc).values()} <= {"available", "pending"}
    assert meter.share() < 0.02
    assert seconds <= 1.05 * (creations(meter) - BURST) / REFILL


def test_ten_vpcs_tagged_in_the_same_minute_take_what_the_bucket_takes(world: World, meter: Meter) -> None:
    vpcs = [world.vpc("private", cidr=f"10.{number}.0.0/16") for number in range(10)]
    meter.calls.clear()

    seconds, runs = run_like_lambda(world, vpcs)

    assert {len(world.endpoints(v)) for v in vpcs} == {len(world.endpoints(vpcs[0]))}
    assert creations(meter) == sum(len(world.endpoints(v)) for v in vpcs)
    assert meter.share() < 0.02
    assert seconds <= 1.05 * (creations(meter) - BURST) / REFILL
    assert not runs[-1].again


def test_a_new_process_that_finds_the_bucket_empty_learns_it_by_one_refusal(world: World, meter: Meter) -> None:
    """A fresh container does not know what the last one used up."""
    first, second = world.vpc("gateway+ec2-ssm"), world.vpc("gateway+ec2-ssm", cidr="10.9.0.0/16")
    run_like_lambda(world, [first])
    world._pace = None
    meter.calls.clear()

    run_like_lambda(world, [second])

    assert len(meter.throttled) == 1
    assert len(world.endpoints(second)) == len(world.endpoints(first))


def test_deletions_go_together_in_calls_of_at_most_25(world: World, meter: Meter) -> None:
    vpc = world.vpc("private+eks+ecs-ec2+lambda", zones="a")
    run_like_lambda(world, [vpc])
    world.clock.sleep(120)
    interfaces = sum(kind == "Interface" for _, kind in world.endpoints(vpc))
    world.tag(vpc, endpoint_profile="none", endpoint_deletions="allowed")
    meter.calls.clear()

    run_like_lambda(world, [vpc])

    assert world.endpoints(vpc) == {}
    assert meter.calls.count("DeleteVpcEndpoints") == -(-interfaces // 25) + 1  # and one for the gateways


def test_all_changes_to_an_endpoint_are_one_call(world: World, meter: Meter) -> None:
    vpc = world.vpc("ec2-ssm", zones="ab")
    run_like_lambda(world, [vpc])
    world.clock.sleep(120)
    ssm = world.endpoints(vpc)["ssm", "Interface"]
    world.ec2.modify_vpc_endpoint(
        VpcEndpointId=ssm["VpcEndpointId"], RemoveSubnetIds=ssm["SubnetIds"][:1], PrivateDnsEnabled=False
    )
    world.clock.sleep(120)
    meter.calls.clear()

    run_like_lambda(world, [vpc])

    assert meter.calls.count("ModifyVpcEndpoint") == 1
    mended = world.endpoints(vpc)["ssm", "Interface"]
    assert (len(mended["SubnetIds"]), mended["PrivateDnsEnabled"]) == (2, True)


def test_a_fleets_dns_attributes_are_read_no_faster_than_ec2_lets(world: World, meter: Meter) -> None:
    vpcs = [world.vpc("ec2-ssm", cidr=f"10.{number}.0.0/16") for number in range(12)]
    run_like_lambda(world, vpcs)
    world._pace = None
    world.pace._buckets["DescribeVpcAttribute"] = (10.0, world.clock.now)
    started = world.clock.now

    world.run()

    assert world.clock.now - started >= (2 * 12 - 10) / 20
