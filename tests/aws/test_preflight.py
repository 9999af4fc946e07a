"""What AWS would refuse is told before anybody asks for it, and the rest of the plan goes on."""

from __future__ import annotations

from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from botocore.config import Config

from embedded import strict_ec2
from tests.aws.conftest import NOW, PLACE, REGION, SESSION, World
from vpce.audit import audit_place
from vpce.aws.parameters import shipped_profiles
from vpce.core.caution import warnings_of
from vpce.core.notice import notice
from vpce.core.profile import read_profiles

if TYPE_CHECKING:
    from mypy_boto3_ec2 import EC2Client

    from vpce.core.plan import Plan, Shortfall
    from vpce.reconcile import Run

OWN = '[five]\ngateway = ["s3"]\ninterface = ["kms", "sns", "sqs", "ssm"]\noptional = ["athena"]\n'
PUBLIC = '[apis]\ninterface = ["execute-api"]\n'
WRITES = ("CreateVpcEndpoint", "ModifyVpcEndpoint", "DeleteVpcEndpoints", "CreateSecurityGroup")


@dataclass(kw_only=True)
class Seen(World):
    """A world whose reconciler looks at what surrounds endpoints; every call is seen, and every refusal."""

    made: list[str] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    clients: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.client_of = self.client
        self.profiles = read_profiles(shipped_profiles(), OWN + PUBLIC)
        self.clients["ec2"] = self.ec2
        self._watch(self.ec2)

    def client(self, service: str, _region: str = "") -> Any:
        if service not in self.clients:
            session: Any = SESSION  # of services by name
            self.clients[service] = session.client(service, config=Config(retries={"total_max_attempts": 1}))
            self._watch(self.clients[service])
        return self.clients[service]

    def _watch(self, client: Any) -> None:
        client.meta.events.register_first("before-call.*.*", lambda model, **_: self.made.append(model.name))
        client.meta.events.register("after-call.*.*", self._note)

    def _note(self, parsed: dict[str, Any], **_: Any) -> None:
        if "Error" in parsed:
            self.refused.append(parsed["Error"]["Code"])

    def count(self, *operations: str) -> int:
        return sum(m in operations for m in self.made)

    def forget(self) -> None:
        self.made.clear()
        self.refused.clear()

    def zone(self, name: str, vpc: str, *addresses: str) -> str:
        """A private hosted zone of ours, with a record at its apex where addresses are given."""
        route53 = self.client("route53")
        zone: str = route53.create_hosted_zone(
            Name=name,
            CallerReference=f"{name} {len(self.made)}",
            VPC={"VPCRegion": REGION, "VPCId": vpc},
            HostedZoneConfig={"PrivateZone": True},
        )["HostedZone"]["Id"]
        if addresses:
            values = [{"Value": a} for a in addresses]
            record = {"Name": name, "Type": "A", "TTL": 60, "ResourceRecords": values}
            change = {"Action": "CREATE", "ResourceRecordSet": record}
            route53.change_resource_record_sets(HostedZoneId=zone, ChangeBatch={"Changes": [change]})
        self.made.clear()
        return zone.rpartition("/")[2]

    def denies(self, service: str, operation: str) -> None:
        def refuse(**_: Any) -> Any:
            error = {"Error": {"Code": "AccessDeniedException", "Message": "no"}}
            return SimpleNamespace(status_code=400), error | {"ResponseMetadata": {"HTTPStatusCode": 400}}

        self.client(service).meta.events.register_first(f"before-call.*.{operation}", refuse)

    def foreign(self, vpc: str, service: str, **asked: Any) -> str:
        arguments: Any = {"VpcEndpointType": "Interface", "PrivateDnsEnabled": False} | asked
        made = self.ec2.create_vpc_endpoint(VpcId=vpc, ServiceName=f"com.amazonaws.{REGION}.{service}", **arguments)
        return made["VpcEndpoint"]["VpcEndpointId"]


@pytest.fixture
def world(ec2: EC2Client) -> Seen:
    return Seen(ec2=ec2)


def plan_of(run: Run) -> Plan:
    (one,) = run.runs
    assert one.plan is not None
    return one.plan


def short(plan: Plan) -> dict[str, Shortfall]:
    return {s.service: s for s in plan.shortfalls if s.is_required}


def text_of(run: Run) -> str:
    message = notice(PLACE, run.runs, ["test"])
    return message.text if message else ""


def is_at_rest(world: Seen, vpc: str, last: Run) -> None:
    """Another look changes nothing, is refused nothing, and has the same to say."""
    world.forget()
    again = world.run(vpc)
    assert world.count(*WRITES) == 0
    assert world.refused == []
    assert not again.again
    assert plan_of(again).shortfalls == plan_of(last).shortfalls
    assert [r.trouble for r in again.runs] == [r.trouble for r in last.runs]


# ---- names --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("addresses", [(), ("52.95.1.1",)], ids=["no record", "a public address"])
def test_a_name_that_a_zone_has_is_never_asked_for_and_the_rest_is_made(world: Seen, addresses: tuple[str]) -> None:
    vpc = world.vpc("five")
    zone = world.zone(f"sqs.{REGION}.amazonaws.com", vpc, *addresses)

    run = world.settle(vpc)[-1]

    assert world.services(vpc) == {"athena", "kms", "s3", "sns", "ssm"}
    assert world.refused == []
    assert short(plan_of(run)).keys() == {"sqs"}
    assert f"private hosted zone sqs.{REGION}.amazonaws.com ({zone}) has the name in this VPC" in text_of(run)
    assert f"disassociate-vpc-from-hosted-zone --hosted-zone-id {zone}" in text_of(run)
    is_at_rest(world, vpc, run)


def test_what_is_told_to_be_done_about_a_zone_is_enough(world: Seen) -> None:
    """Its command, or a record that leads to an endpoint."""
    freed, led = world.vpc("five"), world.vpc("five", cidr="10.1.0.0/16")
    name = f"sqs.{REGION}.amazonaws.com"
    zone, other = world.zone(name, freed), world.zone(name, led)
    world.settle(freed, led)

    route53 = world.client("route53")
    # Route 53 keeps a zone's last VPC, so the command alone does not do for a zone that has no other.
    route53.associate_vpc_with_hosted_zone(HostedZoneId=zone, VPC={"VPCRegion": REGION, "VPCId": world.vpc(None)})
    route53.disassociate_vpc_from_hosted_zone(HostedZoneId=zone, VPC={"VPCRegion": REGION, "VPCId": freed})
    record = {"Name": name, "Type": "A", "TTL": 60, "ResourceRecords": [{"Value": "10.9.0.9"}]}
    route53.change_resource_record_sets(
        HostedZoneId=other, ChangeBatch={"Changes": [{"Action": "CREATE", "ResourceRecordSet": record}]}
    )
    runs = world.settle(freed, led)

    assert "sqs" in world.services(freed)
    assert "sqs" not in world.services(led)
    assert [short(r.plan) for r in runs[-1].runs if r.plan] == [{}, {}]
    assert world.refused == []


def test_names_of_an_endpoint_that_is_there_are_not_asked_for_either(world: Seen) -> None:
    vpc = world.vpc("five")
    world.settle(vpc)
    ours = world.endpoints(vpc)["sqs", "Interface"]
    world.ec2.modify_vpc_endpoint(VpcEndpointId=ours["VpcEndpointId"], PrivateDnsEnabled=False)
    world.ec2.modify_vpc_endpoint(VpcEndpointId=ours["VpcEndpointId"], RemoveSubnetIds=ours["SubnetIds"][:1])
    world.zone(f"sqs.{REGION}.amazonaws.com", vpc)

    run = world.run(vpc)

    assert short(plan_of(run)).keys() == {"sqs"}
    assert len(world.endpoints(vpc)["sqs", "Interface"]["SubnetIds"]) == 2
    assert world.refused == []
    is_at_rest(world, vpc, run)


def test_a_zone_that_leads_to_the_endpoint_that_is_there_is_left_to_do_so(world: Seen) -> None:
    """The central pattern: private DNS off, and an alias in a zone that can be shared."""
    vpc = world.vpc("five")
    world.settle(vpc)
    ours = world.endpoints(vpc)["sqs", "Interface"]
    world.ec2.modify_vpc_endpoint(VpcEndpointId=ours["VpcEndpointId"], PrivateDnsEnabled=False)
    entry = ours["DnsEntries"][0]
    zone = world.zone(f"sqs.{REGION}.amazonaws.com", vpc)
    alias = {"HostedZoneId": entry["HostedZoneId"], "DNSName": entry["DnsName"], "EvaluateTargetHealth": False}
    record = {"Name": f"sqs.{REGION}.amazonaws.com", "Type": "A", "AliasTarget": alias}
    world.client("route53").change_resource_record_sets(
        HostedZoneId=zone, ChangeBatch={"Changes": [{"Action": "CREATE", "ResourceRecordSet": record}]}
    )

    run = world.run(vpc)

    assert short(plan_of(run)) == {}
    assert text_of(run) == ""
    is_at_rest(world, vpc, run)


def test_zones_that_nobody_may_read_hold_up_nothing_and_ec2s_refusal_is_told(world: Seen) -> None:
    vpc = world.vpc("five")
    world.zone(f"sqs.{REGION}.amazonaws.com", vpc)
    world.denies("route53", "ListHostedZonesByVPC")

    run = world.settle(vpc)[-1]

    assert world.services(vpc) == {"athena", "kms", "s3", "sns", "ssm"}
    assert "conflicting DNS domain" in text_of(run)


def test_a_rule_that_forwards_the_name_is_warned_of_and_holds_up_nothing(world: Seen) -> None:
    vpc = world.vpc("five")
    resolver = world.client("route53resolver")
    rule = resolver.create_resolver_rule(
        CreatorRequestId="1", Name="hub", RuleType="FORWARD", DomainName=f"sqs.{REGION}.amazonaws.com",
        TargetIps=[{"Ip": "10.9.0.53", "Port": 53}],
    )["ResolverRule"]["Id"]  # fmt: skip
    resolver.associate_resolver_rule(ResolverRuleId=rule, VPCId=vpc, Name="hub")

    run = world.run(vpc)

    (warning,) = (text for text in warnings_of(plan_of(run)) if rule in text)
    assert warnings_of(plan_of(run))[warning] == ["sqs"]
    assert "sqs" in world.services(vpc)


def test_who_has_the_names_is_asked_only_where_they_would_be_taken(world: Seen) -> None:
    vpc = world.vpc("five")
    world.settle(vpc)
    world.forget()

    world.run(vpc)
    world.run()

    assert world.count("ListHostedZonesByVPC", "ListResolverRules", "GetServiceQuota") == 0


# ---- quotas -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("quota", "expected"),
    [
        (0, set()),
        (2, {"kms"}),
        (4, {"kms", "sns", "sqs"}),
        (5, {"kms", "sns", "sqs", "ssm"}),
        (6, {"athena", "kms", "sns", "sqs", "ssm"}),
    ],
)
def test_no_more_is_asked_for_than_the_quota_has_room_for(world: Seen, quota: int, expected: set[str]) -> None:
    """Somebody else's endpoint counts; what is optional gives way first, and then the last by name."""
    vpc = world.vpc("five")
    world.foreign(vpc, "ec2")
    world.forget()

    with strict_ec2.behave(interface_quota=quota):
        run = world.settle(vpc)[-1]

        assert world.services(vpc) == expected | {"ec2", "s3"}
        assert world.refused == []
        assert world.count("CreateVpcEndpoint") == len(expected) + 1
        assert short(plan_of(run)).keys() == {"kms", "sns", "sqs", "ssm"} - expected
        assert ("--quota-code L-29B6F2EB" in text_of(run)) is bool(short(plan_of(run)))
        is_at_rest(world, vpc, run)
    with strict_ec2.behave(interface_quota=10):
        world.settle(vpc)
        assert world.services(vpc) == {"athena", "ec2", "kms", "s3", "sns", "sqs", "ssm"}


def test_gateways_of_all_vpcs_of_a_region_share_its_quota_also_within_one_run(world: Seen) -> None:
    vpcs = sorted(world.vpc("gateway", cidr=f"10.{n}.0.0/16") for n in range(3))
    stranger = world.vpc(None, cidr="10.9.0.0/16")
    world.foreign(stranger, "s3", VpcEndpointType="Gateway")
    world.forget()

    with strict_ec2.behave(gateway_quota=4):
        run = world.run(*vpcs)

    assert [world.services(v) for v in vpcs] == [{"dynamodb", "s3"}, {"dynamodb"}, set()]
    assert [[s.service for s in r.plan.shortfalls] for r in run.runs if r.plan] == [[], ["s3"], ["dynamodb", "s3"]]
    assert world.refused == []
    assert world.count("CreateVpcEndpoint") == 3


def test_what_a_mode_or_a_window_holds_takes_no_room(world: Seen) -> None:
    watched, other = sorted(world.vpc("gateway", cidr=f"10.{n}.0.0/16") for n in range(2))
    world.tag(watched, endpoint_mode="watch")

    with strict_ec2.behave(gateway_quota=2):
        world.run(watched, other)

    assert world.services(other) == {"dynamodb", "s3"}


def test_quotas_that_nobody_may_read_hold_up_nothing_and_ec2s_refusal_is_told(world: Seen) -> None:
    vpc = world.vpc("five")
    world.denies("service-quotas", "GetServiceQuota")

    with strict_ec2.behave(interface_quota=2):
        run = world.run(vpc)

    assert world.services(vpc) == {"athena", "kms", "s3"}
    assert "VpcEndpointLimitExceeded" in text_of(run)


def test_where_the_account_has_no_quota_of_its_own_awss_default_holds(world: Seen) -> None:
    vpc = world.vpc("five")

    with strict_ec2.behave(interface_quota=2, applied_quotas=False):
        world.run(vpc)

    assert world.count("GetAWSDefaultServiceQuota") == 2
    assert set(world.refused) == {"NoSuchResourceException"}


@pytest.mark.parametrize("leaving_counts", [True, False])
def test_what_is_being_deleted_makes_room_whether_or_not_it_counts(world: Seen, *, leaving_counts: bool) -> None:
    now = [0.0]
    vpc = world.vpc("five")
    theirs = world.foreign(vpc, "ec2")
    with strict_ec2.behave(interface_quota=5, deleting=60.0, clock=lambda: now[0], leaving_counts=leaving_counts):
        world.ec2.delete_vpc_endpoints(VpcEndpointIds=[theirs])
        first = world.run(vpc)
        now[0] += 61
        world.settle(vpc)

    assert first.again
    assert [w.why for w in plan_of(first).waits] == ["AWS is deleting it; then there is room for athena"]
    assert world.refused == []
    assert world.services(vpc) == {"athena", "kms", "s3", "sns", "sqs", "ssm"}


def test_a_gateway_load_balancer_endpoint_takes_room_of_interfaces(world: Seen) -> None:
    """Moto makes none of them, so one is put into EC2's answer."""
    vpc = world.vpc("five")

    def add(parsed: dict[str, Any], **_: Any) -> None:
        one = {"VpcEndpointType": "GatewayLoadBalancer", "State": "available", "VpcId": vpc, "VpcEndpointId": "vpce-g"}
        parsed["VpcEndpoints"].append(one | {"ServiceName": "com.amazonaws.vpce.eu-west-1.vpce-svc-1"})

    world.ec2.meta.events.register("after-call.ec2.DescribeVpcEndpoints", add)
    with strict_ec2.behave(interface_quota=5):
        run = world.run(vpc)

    assert short(plan_of(run)) == {}
    assert [s.service for s in plan_of(run).shortfalls] == ["athena"]


# ---- the audit ----------------------------------------------------------------------------------------------------


def findings(world: Seen, vpc: str) -> dict[str, list[str]]:
    """Check → what it found in the VPC."""
    report: Any = audit_place(world.around, now=NOW.isoformat()).report
    found: dict[str, list[str]] = {}
    for finding in report.findings:
        if finding.vpc == vpc and finding.severity:
            found.setdefault(finding.check, []).append(finding.what)
    return found


def test_a_zone_in_the_way_is_one_finding(world: Seen) -> None:
    vpc = world.vpc("five")
    world.zone(f"sqs.{REGION}.amazonaws.com", vpc)
    world.settle(vpc)

    assert findings(world, vpc).keys() == {"shadowed-name"}


def test_a_zone_in_the_way_is_told_by_the_plan_where_the_names_could_not_be_checked(world: Seen) -> None:
    vpc = world.vpc("five")
    world.zone(f"sqs.{REGION}.amazonaws.com", vpc)
    world.settle(vpc)
    world.denies("route53resolver", "ListFirewallRuleGroupAssociations")

    (told,) = findings(world, vpc)["unfulfilled-profile"]
    assert told.startswith("sqs: private hosted zone")


def test_a_full_quota_is_one_finding_that_names_what_is_missing(world: Seen) -> None:
    vpc = world.vpc("five")

    with strict_ec2.behave(interface_quota=2):
        world.settle(vpc)
        world.forget()
        found = findings(world, vpc)

    assert world.count("GetServiceQuota") == 2  # for all VPCs of the place
    assert "unfulfilled-profile" not in found
    assert found["quota-headroom"] == [
        "2 of 2 interface endpoints of the VPC; no room for athena, sqs, ssm, which the profile asks for"
    ]


def test_in_a_full_region_a_missing_gateway_of_a_profile_is_told_with_what_stands_in_its_way(world: Seen) -> None:
    tagged, plain = world.vpc("gateway"), world.vpc(None, cidr="10.1.0.0/16")

    with strict_ec2.behave(gateway_quota=0):
        assert findings(world, tagged)["unfulfilled-profile"] == [
            f"{name}: the quota of 0 gateway endpoints in the region is used up; ask for more"
            for name in ("dynamodb", "s3")
        ]
        assert len(findings(world, plain)["missing-gateway-endpoint"]) == 2
