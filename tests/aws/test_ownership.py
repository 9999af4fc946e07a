"""Endpoints change hands by the command line, and an installation goes: only what is ours, and only after a yes."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from embedded import strict_ec2
from tests.aws.conftest import ACCOUNT, NOW, REGION, SESSION, World
from vpce import cli
from vpce.aws.parameters import shipped_profiles
from vpce.core.plan import GRACE
from vpce.core.profile import read_profiles
from vpce.reconcile import PATIENCE

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from mypy_boto3_ec2 import EC2Client

pytestmark = pytest.mark.usefixtures("one_session")

OURS = {"vpce:managed-by", "vpce:profile", "vpce:addresses", "vpce:delete-after"}
WRITES = {"CreateTags", "DeleteTags", "ModifyVpcEndpoint", "DeleteVpcEndpoints", "CreateVpcEndpoint"}
TINY = '[tiny]\ngateway = ["s3"]\ninterface = ["sqs"]\n'


def run(*words: str) -> int:
    return cli.main(words)


@pytest.fixture
def tiny(world: World, tmp_path: Path) -> str:
    """The file of a profile with one endpoint of each kind."""
    (tmp_path / "own.toml").write_text(TINY)
    world.profiles = read_profiles(shipped_profiles(), TINY)
    return str(tmp_path / "own.toml")


def by_hand(world: World, vpc: str, service: str, kind: str = "Interface", **more: Any) -> str:
    """An endpoint as people make one: in one subnet or on no table, without private DNS, with tags of their own."""
    subnets = world.ec2.describe_subnets(Filters=[{"Name": "vpc-id", "Values": [vpc]}])["Subnets"]
    own: Any = {"SubnetIds": [subnets[0]["SubnetId"]], "PrivateDnsEnabled": False} if kind == "Interface" else {}
    tags = {"Name": "mine", "team": "payments"} | more.pop("tags", {})
    made = world.ec2.create_vpc_endpoint(
        VpcId=vpc,
        ServiceName=f"com.amazonaws.{REGION}.{service}",
        VpcEndpointType=kind,  # type: ignore[arg-type]
        TagSpecifications=[{"ResourceType": "vpc-endpoint", "Tags": [{"Key": k, "Value": v} for k, v in tags.items()]}],
        **(own | more),
    )
    return made["VpcEndpoint"]["VpcEndpointId"]


def tags_of(ec2: EC2Client, endpoint: str) -> dict[str, str]:
    (found,) = ec2.describe_vpc_endpoints(VpcEndpointIds=[endpoint])["VpcEndpoints"]
    return {t["Key"]: t["Value"] for t in found["Tags"]}


# ---- adopt --------------------------------------------------------------------------------------------------------


def test_adopting_shows_what_would_change_and_touches_no_tag_but_ours(
    world: World, tiny: str, calls: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    vpc = world.vpc("tiny")
    endpoint = by_hand(world, vpc, "sqs")
    calls.clear()

    assert run("adopt", endpoint, "--profiles", tiny, "--yes") == 0

    out, err = capsys.readouterr()
    assert f"~ update  sqs {endpoint} (+subnet-" in out
    assert "+our security group, +private DNS" in out
    assert "! beware  sqs: " in out
    assert "s3" not in out, "vpce makes the gateway anyway"
    assert f"now: vpce apply {vpc} --region {REGION}" in err
    assert [c for c in calls if c in WRITES] == ["CreateTags"]
    assert tags_of(world.ec2, endpoint) == {
        "Name": "mine", "team": "payments", "vpce:managed-by": "vpce", "vpce:profile": "tiny",
    }  # fmt: skip


def test_what_was_shown_is_what_the_next_look_does(world: World, tiny: str, capsys: pytest.CaptureFixture[str]) -> None:
    vpc = world.vpc("tiny", tables=1)
    ids = {by_hand(world, vpc, "sqs"), by_hand(world, vpc, "s3", "Gateway"), by_hand(world, vpc, "kms")}
    run("adopt", *ids, "--profiles", tiny, "--yes", "--json")
    shown = json.loads(capsys.readouterr().out)["vpcs"][0]["steps"]

    world.settle(vpc)

    assert [s["step"] for s in shown if not s["step"].startswith("Enable")] == [
        "CreateSecurityGroup", "UpdateEndpoint", "UpdateEndpoint", "MarkEndpoint",
    ]  # fmt: skip
    there = world.endpoints(vpc)
    assert {e["VpcEndpointId"] for e in there.values()} == ids
    assert set(there["s3", "Gateway"]["RouteTableIds"]) == world.tables(vpc)
    assert (len(there["sqs", "Interface"]["SubnetIds"]), there["sqs", "Interface"]["PrivateDnsEnabled"]) == (2, True)
    assert set(world.marks(vpc)) == {"kms"}


def test_endpoints_of_several_vpcs_are_adopted_for_the_profile_of_each(world: World) -> None:
    one, other = world.vpc("gateway"), world.vpc("ec2-ssm", cidr="10.1.0.0/16")
    here, there = by_hand(world, one, "s3", "Gateway"), by_hand(world, other, "s3", "Gateway")

    assert run("adopt", here, there, "--yes") == 0

    assert [tags_of(world.ec2, e)["vpce:profile"] for e in (here, there)] == ["gateway", "ec2-ssm"]


def test_a_vpc_born_with_the_default_profile_adopts_for_that(world: World) -> None:
    vpc = world.vpc(None)
    world.settle(vpc, new=True)
    endpoint = by_hand(world, vpc, "sqs")

    assert run("adopt", endpoint, "--yes") == 0

    assert tags_of(world.ec2, endpoint)["vpce:profile"] == "default/gateway"


def test_a_mark_of_earlier_days_does_not_delete_what_is_adopted(world: World) -> None:
    vpc = world.vpc("gateway")
    endpoint = by_hand(world, vpc, "sqs", tags={"vpce:delete-after": f"{NOW - GRACE:%Y-%m-%dT%H:%M:%SZ}"})

    assert run("adopt", endpoint, "--yes") == 0

    world.settle(vpc)
    assert "sqs" in world.services(vpc)
    assert world.marks(vpc) == {"sqs": f"{NOW + GRACE:%Y-%m-%dT%H:%M:%SZ}"}


def test_adopting_twice_is_adopting_once(world: World, calls: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    endpoint = by_hand(world, world.vpc("gateway"), "s3", "Gateway")
    run("adopt", endpoint, "--yes")
    calls.clear()

    assert run("adopt", endpoint) == 0

    assert f"{endpoint} is ours already" in capsys.readouterr().err
    assert not WRITES & {*calls}


@pytest.mark.parametrize("command", ["adopt", "disown"])
def test_no_is_taken_for_an_answer(
    world: World, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], command: str
) -> None:
    tags = {"vpce:managed-by": "vpce"} if command == "disown" else {}
    endpoint = by_hand(world, world.vpc("gateway"), "sqs", tags=tags)
    before = tags_of(world.ec2, endpoint)
    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    monkeypatch.setattr("builtins.input", lambda _: "n")

    assert run(command, endpoint) == 1

    assert "nothing was changed" in capsys.readouterr().err
    assert tags_of(world.ec2, endpoint) == before


@pytest.mark.parametrize(
    ("asked", "keeper", "why"),
    [
        (None, "", "asks for nothing (the VPC has no tag endpoint-profile); tag it first: aws ec2 create-tags"),
        ("none", "", "asks for nothing (endpoint-profile = none); tag it first"),
        ("gatway", "", "did you mean 'gateway'?"),
        ("gateway", "other", "another installation; give it up first: vpce disown vpce-"),
    ],
)
def test_one_endpoint_that_cannot_be_adopted_keeps_all_as_they_are(
    world: World, capsys: pytest.CaptureFixture[str], asked: str | None, keeper: str, why: str
) -> None:
    good = by_hand(world, world.vpc("gateway"), "s3", "Gateway")
    tags = {"vpce:managed-by": keeper} if keeper else {}
    bad = by_hand(world, world.vpc(asked, cidr="10.1.0.0/16"), "s3", "Gateway", tags=tags)
    before = [tags_of(world.ec2, e) for e in (good, bad)]

    assert run("adopt", good, bad, "--yes") == 1

    err = capsys.readouterr().err
    assert f"vpce: {bad}: " in err
    assert why in err
    assert good not in err
    assert [tags_of(world.ec2, e) for e in (good, bad)] == before


def test_every_endpoint_that_is_not_there_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("adopt", "vpce-1", "vpce-2", "--yes") == 1

    err = capsys.readouterr().err
    for name in ("vpce-1", "vpce-2"):
        assert f"{name}: no such endpoint in {ACCOUNT}/{REGION}" in err


# ---- disown -------------------------------------------------------------------------------------------------------


def test_what_is_disowned_stays_as_it_is_and_counts(
    world: World, tiny: str, calls: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    vpc = world.vpc("tiny")
    world.settle(vpc)
    before = world.endpoints(vpc)["sqs", "Interface"]
    calls.clear()

    assert run("disown", before["VpcEndpointId"], "--profiles", tiny, "--yes") == 0

    assert [c for c in calls if c in WRITES] == ["DeleteTags"]
    assert "leave   sqs (interface) vpce-" in capsys.readouterr().out
    after = world.endpoints(vpc)["sqs", "Interface"]
    assert {**after, "Tags": []} == {**before, "Tags": []}
    assert {t["Key"] for t in after["Tags"]} == {t["Key"] for t in before["Tags"]} - OURS == {"Name"}
    (run_,) = world.run(vpc).runs
    assert (run_.outcomes, run_.trouble) == ((), ())


def test_a_marked_endpoint_that_is_disowned_outlives_its_time(world: World, tiny: str) -> None:
    vpc = world.vpc("tiny")
    world.settle(vpc)
    world.untag(vpc, "endpoint-profile")
    world.settle(vpc)
    endpoint = world.endpoints(vpc)["sqs", "Interface"]["VpcEndpointId"]

    assert run("disown", endpoint, "--profiles", tiny, "--yes") == 0

    world.settle(vpc, now=NOW + GRACE + timedelta(hours=1))
    assert {e["VpcEndpointId"] for e in world.endpoints(vpc).values()} == {endpoint}
    assert not OURS & tags_of(world.ec2, endpoint).keys()


def test_the_group_that_a_disowned_endpoint_keeps_is_told(
    world: World, tiny: str, capsys: pytest.CaptureFixture[str]
) -> None:
    vpc = world.vpc("tiny")
    world.settle(vpc)
    world.tag(vpc, endpoint_profile="none")

    endpoint = world.endpoints(vpc)["sqs", "Interface"]["VpcEndpointId"]
    assert run("disown", endpoint, "--profiles", tiny, "--yes") == 0

    (group,) = world.our_groups(vpc)
    told = f"{group['GroupId']} is ours but {endpoint}, which somebody else made, uses it; take it off there first"
    assert told in capsys.readouterr().out


def test_a_misspelt_profile_hinders_nobody_from_disowning(
    world: World, tiny: str, capsys: pytest.CaptureFixture[str]
) -> None:
    vpc = world.vpc("tiny")
    world.settle(vpc)
    world.tag(vpc, endpoint_profile="tinny")
    endpoint = world.endpoints(vpc)["sqs", "Interface"]["VpcEndpointId"]

    assert run("disown", endpoint, "--profiles", tiny, "--yes") == 0

    assert "did you mean 'tiny'?" in capsys.readouterr().out
    assert not OURS & tags_of(world.ec2, endpoint).keys()


def test_what_another_installation_keeps_is_its_to_disown(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    endpoint = by_hand(world, world.vpc("gateway"), "sqs", tags={"vpce:managed-by": "other"})

    assert run("disown", endpoint, "--yes") == 1
    assert f"vpce disown {endpoint} --installation other" in capsys.readouterr().err
    assert run("disown", endpoint, "--yes", "--installation", "other") == 0
    assert run("disown", endpoint, "--yes") == 0
    assert f"{endpoint} is not ours already" in capsys.readouterr().err


def test_a_renamed_installation_takes_over_what_the_old_one_gives_up(world: World) -> None:
    vpc = world.vpc("gateway")
    world.installation = "old"
    world.settle(vpc)
    ids = {e["VpcEndpointId"] for e in world.endpoints(vpc).values()}

    assert run("disown", *ids, "--installation", "old", "--yes") == 0
    assert run("adopt", *ids, "--installation", "new", "--yes") == 0

    world.installation = "new"
    assert not world.run(vpc).runs[0].outcomes
    assert {e["VpcEndpointId"] for e in world.endpoints(vpc).values()} == ids


# ---- uninstall ----------------------------------------------------------------------------------------------------


def test_all_of_an_installation_goes_and_nothing_else_does(
    world: World, tiny: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """In a second region too. Another installation, and what people made, stays as it is."""
    vpc, gateway_only = world.vpc("tiny"), world.vpc("gateway", cidr="10.1.0.0/16")
    world.settle(vpc, gateway_only)
    theirs = by_hand(world, vpc, "kms")
    other = World(ec2=world.ec2, installation="other", profiles=world.profiles)
    others = other.vpc("tiny", cidr="10.2.0.0/16")
    other.settle(others)
    east = SESSION.client("ec2", region_name="us-east-1")
    far = east.create_vpc(CidrBlock="10.3.0.0/16")["Vpc"]["VpcId"]
    tags: Any = [{"Key": "vpce:managed-by", "Value": "vpce"}]
    east.create_vpc_endpoint(
        VpcId=far,
        ServiceName="com.amazonaws.us-east-1.s3",
        TagSpecifications=[{"ResourceType": "vpc-endpoint", "Tags": tags}],
    )
    kept = (world.endpoints(others), tags_of(world.ec2, theirs))

    assert run("uninstall", "--region", REGION, "--region", "us-east-1", "--yes") == 0

    out = capsys.readouterr().out
    assert out.startswith(f"All of vpce in {REGION}, us-east-1:")
    assert all(name in out for name in (vpc, gateway_only, far))
    assert others not in out
    assert "Removed 5 endpoints and 1 security group." in out
    assert {e["VpcEndpointId"] for e in world.endpoints(vpc).values()} == {theirs}
    assert world.our_groups(vpc) == []
    assert world.endpoints(gateway_only) == {}
    assert east.describe_vpc_endpoints()["VpcEndpoints"] == []
    assert (world.endpoints(others), tags_of(world.ec2, theirs)) == kept
    assert len(world.our_groups(others)) == 1
    assert run("uninstall", "--region", REGION, "--region", "us-east-1") == 0
    assert f"Nothing of vpce is in {REGION}, us-east-1." in capsys.readouterr().out


def test_uninstalling_asks_once_and_takes_no_for_an_answer(
    world: World, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    one, other = world.vpc("gateway"), world.vpc("gateway", cidr="10.1.0.0/16")
    world.settle(one, other)
    answers = ["n"]
    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    monkeypatch.setattr("builtins.input", lambda _: answers.pop())

    assert run("uninstall") == 1

    assert "nothing was changed" in capsys.readouterr().err
    assert world.services(one) == world.services(other) == {"s3", "dynamodb"}


@pytest.mark.parametrize(("stack", "told"), [(REGION, "sam delete"), ("us-east-1", "does not look at eu-west-1")])
def test_while_the_stack_runs_nothing_is_removed(
    world: World, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], stack: str, told: str
) -> None:
    """Also a stack in the region that is the default, for it may look at others."""
    vpc = world.vpc("gateway")
    world.settle(vpc)
    monkeypatch.setattr("vpce.cli.ownership.default_region", lambda: stack)
    sqs = SESSION.client("sqs", region_name=stack)
    queue = sqs.create_queue(QueueName="vpce.fifo", Attributes={"FifoQueue": "true"})["QueueUrl"]

    assert run("uninstall", "--region", REGION, "--yes") == 1

    err = capsys.readouterr().err
    assert f"sam delete --stack-name vpce --region {stack}" in err
    assert told in err
    assert world.services(vpc) == {"s3", "dynamodb"}
    sqs.delete_queue(QueueUrl=queue)
    assert run("uninstall", "--region", REGION, "--yes") == 0
    assert world.endpoints(vpc) == {}


def test_uninstalling_waits_until_aws_has_let_go_of_the_group(
    world: World, tiny: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    vpc = world.vpc("tiny")
    world.settle(vpc)
    clock = [0.0]
    monkeypatch.setattr("vpce.cli.work.time.sleep", lambda seconds: clock.__setitem__(0, clock[0] + seconds))

    with strict_ec2.behave(deleting=25, clock=lambda: clock[0]):
        assert run("uninstall", "--yes", "--json") == 0

    (said,) = json.loads(capsys.readouterr().out)["vpcs"]
    assert [o["verdict"] for o in said["outcomes"]] == ["done"] * 3
    assert (world.endpoints(vpc), world.our_groups(vpc)) == ({}, [])
    assert 25 <= clock[0] <= PATIENCE.total_seconds()


def test_what_cannot_be_removed_is_told_with_why_and_the_rest_goes(
    world: World, tiny: str, aws_fails: Callable[..., None], capsys: pytest.CaptureFixture[str]
) -> None:
    """One VPC's deletion is denied; in the other somebody else's endpoint needs our gateway."""
    denied, needed = world.vpc("tiny"), world.vpc("gateway", cidr="10.1.0.0/16")
    world.settle(denied, needed)
    world.ec2.modify_vpc_attribute(VpcId=needed, EnableDnsHostnames={"Value": True})
    inbound = by_hand(
        world, needed, "s3", PrivateDnsEnabled=True, DnsOptions={"PrivateDnsOnlyForInboundResolverEndpoint": True}
    )
    order = sorted((denied, needed))
    aws_fails("DeleteVpcEndpoints", "UnauthorizedOperation", times=1, skip=order.index(denied))

    assert run("uninstall", "--yes") == 1

    err = capsys.readouterr().err
    assert "left: sqs (interface) vpce-" in err
    assert "DeleteVpcEndpoints: UnauthorizedOperation" in err
    assert f"{inbound}, which somebody else made, needs it; remove that one first" in err
    assert world.services(denied) == {"sqs"}
    assert world.endpoints(needed).keys() == {("s3", "Gateway"), ("s3", "Interface")}
    assert run("uninstall", "--yes") == 1
    assert (world.endpoints(denied), world.our_groups(denied)) == ({}, [])
