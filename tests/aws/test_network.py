"""What surrounds endpoints is read right, and what cannot be read is never taken for nothing."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from botocore.config import Config

from embedded import strict_ec2
from tests.aws.conftest import ACCOUNT, NOW, PLACE, REGION, SESSION, Clock
from vpce.aws.catalog import read_catalog
from vpce.aws.network import survey
from vpce.aws.observe import observe
from vpce.aws.pace import Pace
from vpce.core.idle import Use
from vpce.core.network import (
    EVERYTHING,
    NAMES,
    AclEntry,
    Facet,
    FirewallRule,
    ForwardingRule,
    HostedZone,
    NatGateway,
    ProfileEndpoint,
    Quotas,
    Record,
    RuleKind,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from vpce.core.model import Catalog, Vpc
    from vpce.core.network import Network, Survey

NAT = {"NatGatewayId": "nat-1"}
OTHER = "999999999999"
ONE_TRY = Config(retries={"total_max_attempts": 1})
SQS = f"sqs.{REGION}.amazonaws.com"


@dataclass(kw_only=True)
class Aws:
    """The services around EC2; their clients do not try again, and tell what they were asked."""

    clock: Clock = field(default_factory=Clock)
    calls: list[str] = field(default_factory=list)
    clients: dict[tuple[str, str], Any] = field(default_factory=dict)
    number: int = 0

    def client(self, service: str, region: str = REGION, account: str = ACCOUNT) -> Any:
        if (service, account) not in self.clients:
            session: Any = SESSION  # of services by name
            made = session.client(service, region_name=region, config=ONE_TRY)
            made.meta.events.register("before-sign.*.*", lambda request, **_: _as_account(request, account))
            made.meta.events.register_first("before-call.*.*", lambda model, **_: self.calls.append(model.name))
            self.clients[service, account] = made
        return self.clients[service, account]

    def fails(self, operation: str, code: str = "AccessDenied", *, only: str = "", status: int = 403) -> None:
        """All calls of an operation, or those that have this somewhere in them."""

        def refuse(params: Any, **_: Any) -> Any:
            if only not in str(params):
                return None
            error = {"Error": {"Code": code, "Message": "no"}, "ResponseMetadata": {"HTTPStatusCode": status}}
            return SimpleNamespace(status_code=status), error

        for service in ("cloudwatch", "ec2", "route53", "route53resolver", "route53profiles", "service-quotas"):
            self.client(service).meta.events.register_first(f"before-call.*.{operation}", refuse)

    def new(self, what: str) -> str:
        self.number += 1
        return f"{what}{self.number}"

    def vpc(self) -> str:
        ec2 = self.client("ec2")
        vpc: str = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
        ec2.create_subnet(VpcId=vpc, CidrBlock="10.0.0.0/24", AvailabilityZone=f"{REGION}a")
        return vpc

    def zone(self, name: str, *vpcs: str, account: str = ACCOUNT) -> str:
        route53 = self.client("route53", account=account)
        first, *others = [{"VPCRegion": REGION, "VPCId": v} for v in vpcs or [self.vpc()]]
        config = {"PrivateZone": True}
        made = route53.create_hosted_zone(
            Name=name, CallerReference=self.new("zone"), VPC=first, HostedZoneConfig=config
        )
        zone: str = made["HostedZone"]["Id"]
        for vpc in others:
            route53.associate_vpc_with_hosted_zone(HostedZoneId=zone, VPC=vpc)
        return zone.rpartition("/")[2]

    def record(self, zone: str, name: str, kind: str = "A", **values: Any) -> None:
        values = values or {"TTL": 60, "ResourceRecords": [{"Value": "10.0.0.9"}]}
        change = {"Action": "UPSERT", "ResourceRecordSet": {"Name": name, "Type": kind, **values}}
        self.client("route53").change_resource_record_sets(HostedZoneId=zone, ChangeBatch={"Changes": [change]})

    def rule(self, domain: str, *vpcs: str, kind: str = "FORWARD") -> str:
        resolver = self.client("route53resolver")
        targets: Any = {"TargetIps": [{"Ip": "10.9.0.53", "Port": 53}]} if kind == "FORWARD" else {}
        made = resolver.create_resolver_rule(
            CreatorRequestId=self.new("rule"), Name=self.new("rule"), RuleType=kind, DomainName=domain, **targets
        )
        rule: str = made["ResolverRule"]["Id"]
        for vpc in vpcs:
            resolver.associate_resolver_rule(ResolverRuleId=rule, VPCId=vpc, Name=self.new("rule"))
        return rule

    def domains(self, *domains: str) -> str:
        resolver = self.client("route53resolver")
        made: str = resolver.create_firewall_domain_list(Name=self.new("list"))["FirewallDomainList"]["Id"]
        resolver.update_firewall_domains(FirewallDomainListId=made, Operation="ADD", Domains=list(domains))
        return made

    def group(self, **rules: Any) -> str:
        resolver = self.client("route53resolver")
        group: str = resolver.create_firewall_rule_group(Name=self.new("group"))["FirewallRuleGroup"]["Id"]
        for priority, (name, rule) in enumerate(rules.items(), start=1):
            block = {"Action": "BLOCK", "BlockResponse": "NXDOMAIN"} if "Action" not in rule else {}
            resolver.create_firewall_rule(FirewallRuleGroupId=group, Name=name, Priority=priority, **block, **rule)
        return group

    def firewall(self, group: str, vpc: str, priority: int = 101) -> None:
        self.client("route53resolver").associate_firewall_rule_group(
            FirewallRuleGroupId=group, VpcId=vpc, Priority=priority, Name=self.new("firewall")
        )

    def counted(
        self, namespace: str, metric: str, number: int, dimensions: dict[str, str], now: datetime = NOW
    ) -> None:
        """Bytes of the day before yesterday."""
        pairs = [{"Name": name, "Value": value} for name, value in dimensions.items()]
        data = [{"MetricName": metric, "Dimensions": pairs, "Timestamp": now - timedelta(days=2), "Value": number}]
        self.client("cloudwatch").put_metric_data(Namespace=namespace, MetricData=data)

    def profile(self, *vpcs: str, brings: Iterable[str] = (), account: str = ACCOUNT) -> str:
        profiles = self.client("route53profiles", account=account)
        profile: str = profiles.create_profile(Name=self.new("profile"))["Profile"]["Id"]
        for arn in brings:
            more = {"ResourceProperties": '{"priority":102}'} if "firewall" in arn else {}
            profiles.associate_resource_to_profile(Name=self.new("r"), ProfileId=profile, ResourceArn=arn, **more)
        for vpc in vpcs:
            self.client("route53profiles").associate_profile(Name=self.new("p"), ProfileId=profile, ResourceId=vpc)
        return profile

    def interface(self, vpc: str) -> str:
        found = self.client("ec2").describe_subnets(Filters=[{"Name": "vpc-id", "Values": [vpc]}])
        return str(
            self.client("ec2").create_vpc_endpoint(
                VpcId=vpc,
                ServiceName=f"com.amazonaws.{REGION}.sqs",
                VpcEndpointType="Interface",
                SubnetIds=[found["Subnets"][0]["SubnetId"]],
                PrivateDnsEnabled=False,
            )["VpcEndpoint"]["VpcEndpointId"]
        )

    def with_private_dns(self, vpc: str) -> str:
        self.client("ec2").modify_vpc_attribute(VpcId=vpc, EnableDnsHostnames={"Value": True})
        endpoint = self.interface(vpc)
        self.client("ec2").modify_vpc_endpoint(VpcEndpointId=endpoint, PrivateDnsEnabled=True)
        return endpoint

    def observe(self, *vpcs: str) -> list[Vpc]:
        pace = Pace(clock=self.clock, sleep=self.clock.sleep)
        return observe(
            self.client("ec2"),
            PLACE,
            installation="vpce",
            needs_dns=lambda _: False,
            pace=pace,
            now=NOW,
            vpcs=vpcs or None,
        )

    def survey(
        self, *vpcs: str, facets: frozenset[Facet] = EVERYTHING, pace: Pace | None = None, **more: Any
    ) -> Survey:
        seen = self.observe(*vpcs)
        self.calls.clear()
        pace = pace or Pace(clock=self.clock, sleep=self.clock.sleep)
        return survey(self.client, PLACE, seen, catalog(), facets, pace=pace, **{"now": NOW} | more)

    def network(self, vpc: str, **more: Any) -> Network:
        return self.survey(vpc, **more).networks[vpc]


def _as_account(request: Any, account: str) -> None:
    request.headers["x-moto-account-id"] = account


@cache
def catalog() -> Catalog:
    return read_catalog(SESSION.client("ec2"), REGION)


@pytest.fixture
def around() -> Aws:
    return Aws()


def hosted_zone(zone: str) -> str:
    return f"arn:aws:route53:::hostedzone/{zone}"


def resolver_arn(kind: str, name: str, account: str = ACCOUNT) -> str:
    return f"arn:aws:route53resolver:{REGION}:{account}:{kind}/{name}"


def endpoint_arn(endpoint: str, account: str = ACCOUNT) -> str:
    return f"arn:aws:ec2:{REGION}:{account}:vpc-endpoint/{endpoint}"


# ---- nothing around -----------------------------------------------------------------------------------------------


def test_a_plain_vpc_has_amazons_name_servers_open_acls_and_nothing_else(around: Aws) -> None:
    network = around.network(around.vpc())

    assert network.unread == {}
    assert network.name_servers == ("AmazonProvidedDNS",)
    assert (network.zones, network.rules, network.firewall, network.profiles, network.profile_endpoints) == ((),) * 5
    [acl] = network.acls
    assert AclEntry(number=100, egress=True, allow=True, protocol="-1", cidr="0.0.0.0/0") in acl.entries
    assert len(acl.subnets) == 1
    assert network.workloads == {}


def test_a_part_that_was_not_asked_for_is_unread_and_costs_no_call(around: Aws) -> None:
    network = around.network(around.vpc(), facets=NAMES)

    assert network.unread == dict.fromkeys(sorted(EVERYTHING - NAMES), "was not looked at")
    assert {c for c in around.calls if c.startswith(("Describe", "Get"))} == set()


# ---- EC2 ----------------------------------------------------------------------------------------------------------


def test_name_servers_come_as_the_dhcp_options_have_them(around: Aws) -> None:
    ec2, vpc = around.client("ec2"), around.vpc()
    servers = {"Key": "domain-name-servers", "Values": ["10.0.0.53", "AmazonProvidedDNS"]}
    options = ec2.create_dhcp_options(DhcpConfigurations=[servers])["DhcpOptions"]["DhcpOptionsId"]
    ec2.associate_dhcp_options(DhcpOptionsId=options, VpcId=vpc)

    assert around.network(vpc).name_servers == ("10.0.0.53", "AmazonProvidedDNS")


@pytest.mark.parametrize("configuration", [None, {"Key": "domain-name", "Values": ["example.com"]}])
def test_without_name_servers_in_its_options_a_vpc_has_amazons_address(around: Aws, configuration: Any) -> None:
    """What instances of the Nitro System get; older ones get none."""
    ec2, vpc, options = around.client("ec2"), around.vpc(), "default"
    if configuration:
        options = ec2.create_dhcp_options(DhcpConfigurations=[configuration])["DhcpOptions"]["DhcpOptionsId"]
    ec2.associate_dhcp_options(DhcpOptionsId=options, VpcId=vpc)

    assert around.network(vpc).name_servers == ("169.254.169.253",)


def test_entries_of_network_acls_keep_number_direction_ports_and_address_family(around: Aws) -> None:
    ec2, vpc = around.client("ec2"), around.vpc()
    acl = ec2.create_network_acl(VpcId=vpc)["NetworkAcl"]["NetworkAclId"]
    entry = {"NetworkAclId": acl, "RuleNumber": 90, "Protocol": "6", "RuleAction": "allow", "Egress": False}
    ec2.create_network_acl_entry(**entry, Ipv6CidrBlock="::/0", PortRange={"From": 443, "To": 443})

    [read] = [a for a in around.network(vpc).acls if a.id == acl]

    assert read.entries[0] == AclEntry(
        number=90, egress=False, allow=True, protocol="6", cidr="::/0", first=443, last=443
    )


def test_interfaces_of_endpoints_are_no_workload(around: Aws) -> None:
    vpc = around.vpc()
    around.interface(vpc)
    [subnet] = [s.id for s in around.observe(vpc)[0].subnets]
    for _ in range(2):
        around.client("ec2").create_network_interface(SubnetId=subnet)

    assert around.network(vpc).workloads == {subnet: 2}


# ---- private hosted zones -----------------------------------------------------------------------------------------


def test_records_of_our_own_zone_are_read_as_resolvers_answer_them(around: Aws) -> None:
    vpc = around.vpc()
    zone = around.zone("amazonaws.com", vpc)
    around.record(zone, f"*.{REGION}.amazonaws.com", "CNAME", TTL=60, ResourceRecords=[{"Value": "Proxy.example.com."}])
    around.record(zone, SQS, "A", TTL=60, ResourceRecords=[{"Value": "10.0.0.8"}, {"Value": "10.0.0.7"}])
    alias = {
        "HostedZoneId": "Z7HUB22UULQXV",
        "DNSName": "VPCE-1.sns.vpce.amazonaws.com.",
        "EvaluateTargetHealth": False,
    }
    around.record(zone, f"sns.{REGION}.amazonaws.com", "A", AliasTarget=alias)
    around.record(zone, "txt.amazonaws.com", "TXT", TTL=60, ResourceRecords=[{"Value": '"no address"'}])

    assert around.network(vpc).zones == (
        HostedZone(
            id=zone,
            name="amazonaws.com",
            owner=ACCOUNT,
            records=(
                Record(name=f"*.{REGION}.amazonaws.com", type="CNAME", targets=("proxy.example.com",)),
                Record(name=f"sns.{REGION}.amazonaws.com", type="A", targets=("vpce-1.sns.vpce.amazonaws.com",)),
                Record(name=SQS, type="A", targets=("10.0.0.7", "10.0.0.8")),
            ),
        ),
    )


def test_a_zone_of_another_account_is_seen_and_its_records_are_not(around: Aws) -> None:
    vpc = around.vpc()
    zone = around.zone(SQS, vpc, account=OTHER)

    assert around.network(vpc).zones == (HostedZone(id=zone, name=SQS, owner=OTHER),)
    assert "ListResourceRecordSets" not in around.calls


@pytest.mark.parametrize(
    ("name", "is_read"),
    [
        (SQS, True),
        (f"queue.{SQS}", True),
        (f"{REGION}.amazonaws.com", True),
        ("com", True),
        ("new-service.api.aws", True),
        ("api.aws", True),
        ("example.com", False),
        ("notamazonaws.com", False),
    ],
)
def test_records_are_read_where_the_zone_touches_a_name_of_aws(around: Aws, name: str, *, is_read: bool) -> None:
    vpc = around.vpc()
    around.zone(name, vpc)

    [zone] = around.network(vpc).zones

    assert (zone.records is not None) is is_read


def test_a_name_may_be_given_that_matters_too(around: Aws) -> None:
    vpc = around.vpc()
    around.zone("example.com", vpc)

    [zone] = around.network(vpc, names=["db.example.com"]).zones

    assert zone.records == ()


def test_a_zone_that_many_vpcs_have_is_read_once(around: Aws) -> None:
    vpcs = [around.vpc() for _ in range(3)]
    around.zone("amazonaws.com", *vpcs)

    networks = around.survey(*vpcs).networks

    assert [len(networks[v].zones) for v in vpcs] == [1, 1, 1]
    assert Counter(around.calls)["ListResourceRecordSets"] == 1


def test_zones_and_records_come_in_pages(around: Aws) -> None:
    vpc = around.vpc()
    for number in range(3):
        around.zone(f"zone{number}.amazonaws.com", vpc)
    big = around.zone("amazonaws.com", vpc)
    for number in range(301):
        around.record(big, f"{number}.amazonaws.com")

    with strict_ec2.behave(page_size=2):
        zones = {z.id: z for z in around.network(vpc).zones}

    assert len(zones) == 4
    assert len(zones[big].records or ()) == 301
    assert Counter(around.calls)["ListHostedZonesByVPC"] == 2


def test_a_zone_that_aws_keeps_for_an_endpoint_bears_the_services_name(around: Aws) -> None:
    vpc = around.vpc()
    around.with_private_dns(vpc)

    with strict_ec2.behave(hidden_zones=True):
        zones = around.network(vpc).zones

    assert {(z.owner, z.records) for z in zones} == {("vpce.amazonaws.com", None)}
    assert SQS in {z.name for z in zones}


def test_a_listing_without_the_hidden_zones_is_as_good(around: Aws) -> None:
    vpc = around.vpc()
    around.with_private_dns(vpc)

    assert around.network(vpc).zones == ()


# ---- Resolver rules -----------------------------------------------------------------------------------------------


def test_resolver_rules_are_those_of_the_vpc_without_the_one_that_every_vpc_has(around: Aws) -> None:
    vpc, other = around.vpc(), around.vpc()
    forward = around.rule("AmazonAWS.com", vpc)
    system = around.rule(SQS, vpc, other, kind="SYSTEM")
    around.rule("unused.example.com")

    networks = around.survey(vpc, other).networks

    leaves = ForwardingRule(id=system, domain=SQS, kind=RuleKind.SYSTEM)
    sends = ForwardingRule(id=forward, domain="amazonaws.com", kind=RuleKind.FORWARD, targets=("10.9.0.53",))
    assert networks[vpc].rules == tuple(sorted((leaves, sends), key=lambda r: r.id))
    assert networks[other].rules == (leaves,)


def test_an_associated_rule_that_is_not_listed_makes_the_rules_unread(around: Aws) -> None:
    vpc = around.vpc()
    rule = around.rule("amazonaws.com", vpc)
    resolver = around.client("route53resolver")
    resolver.meta.events.register(
        "after-call.route53resolver.ListResolverRules", lambda parsed, **_: parsed.update(ResolverRules=[])
    )

    assert rule in around.network(vpc).unread[Facet.RULES]


# ---- DNS Firewall -------------------------------------------------------------------------------------------------


def test_firewall_rules_carry_both_priorities_and_the_domains_that_matter(around: Aws) -> None:
    vpc, name = around.vpc(), "*.AmazonAWS.com"
    ours = around.domains(name, "ads.example.com", "*.tracker.example.org")
    managed = around.client("route53resolver").list_firewall_domain_lists()["FirewallDomainLists"][0]["Id"]
    group = around.group(
        blocks={"FirewallDomainListId": ours},
        theirs={"FirewallDomainListId": managed},
        tunnels={"DnsThreatProtection": "DNS_TUNNELING", "ConfidenceThreshold": "HIGH"},
        mail={"FirewallDomainListId": ours, "Qtype": "MX"},
        lets={"FirewallDomainListId": around.domains("example.com"), "Action": "ALLOW"},
    )
    around.firewall(group, vpc, 105)

    def rule(priority: int, name: str, domains: frozenset[str] | None, **more: str) -> FirewallRule:
        kind = {"action": "BLOCK", "response": "NXDOMAIN", **more}
        return FirewallRule(group_priority=105, priority=priority, group=group, name=name, domains=domains, **kind)

    assert around.network(vpc).firewall == (
        rule(1, "blocks", frozenset({"*.amazonaws.com"})),
        rule(2, "theirs", None),
        rule(3, "tunnels", None),
        rule(5, "lets", frozenset(), action="ALLOW", response=""),
    )


def test_a_group_and_a_list_that_many_vpcs_have_are_read_once(around: Aws) -> None:
    vpcs = [around.vpc() for _ in range(3)]
    domains = around.domains("*")
    group = around.group(all={"FirewallDomainListId": domains}, again={"FirewallDomainListId": domains})
    for vpc in vpcs:
        around.firewall(group, vpc)

    networks = around.survey(*vpcs).networks

    assert {len(networks[v].firewall) for v in vpcs} == {2}
    assert networks[vpcs[0]].firewall[0].domains == frozenset("*")
    asked = Counter(around.calls)
    assert [asked[f"ListFirewall{what}"] for what in ("Rules", "Domains", "DomainLists")] == [1, 1, 1]


def test_a_list_of_somebody_elses_makes_the_firewall_unread(around: Aws) -> None:
    """It may block anything, unlike a list of AWS's own."""
    vpc, spared = around.vpc(), around.vpc()
    around.firewall(around.group(blocks={"FirewallDomainListId": around.domains("*")}), vpc)
    around.fails("ListFirewallDomains", "ResourceNotFoundException", status=400)

    networks = around.survey(vpc, spared).networks

    assert "ResourceNotFoundException" in networks[vpc].unread[Facet.FIREWALL]
    assert networks[spared].unread == {}


# ---- Route 53 Profiles --------------------------------------------------------------------------------------------


def test_a_profile_brings_zones_rules_firewall_and_endpoints(around: Aws) -> None:
    vpc, hub = around.vpc(), around.vpc()
    zone, rule = around.zone("sns.amazonaws.com", hub), around.rule("api.aws")
    group = around.group(blocks={"FirewallDomainListId": around.domains(SQS)})
    endpoint = around.with_private_dns(hub)
    profile = around.profile(
        vpc,
        brings=[
            hosted_zone(zone),
            resolver_arn("resolver-rule", rule),
            resolver_arn("firewall-rule-group", group),
            resolver_arn("resolver-query-log-config", "rqlc-1"),
            endpoint_arn(endpoint),
            endpoint_arn("vpce-0", OTHER),
        ],
    )

    network = around.network(vpc)

    assert network.unread == {}
    assert network.profiles == (profile,)
    assert network.zones == (HostedZone(id=zone, name="sns.amazonaws.com", owner=ACCOUNT, records=(), profile=profile),)
    assert [(r.id, r.domain, r.profile) for r in network.rules] == [(rule, "api.aws", profile)]
    assert [(r.group_priority, r.group, r.profile) for r in network.firewall] == [(102, group, profile)]
    theirs, ours = network.profile_endpoints
    assert theirs == ProfileEndpoint(id="vpce-0", profile=profile)
    assert ours.id == endpoint
    assert SQS in (ours.names or ())


def test_an_endpoint_among_the_vpcs_looked_at_is_not_asked_for_again(around: Aws) -> None:
    vpc, hub = around.vpc(), around.vpc()
    around.profile(vpc, brings=[endpoint_arn(around.with_private_dns(hub))])

    [endpoint] = around.survey(vpc, hub).networks[vpc].profile_endpoints

    assert SQS in (endpoint.names or ())
    assert "DescribeVpcEndpoints" not in around.calls


def test_what_a_profile_brings_from_another_account_is_unread_and_the_rest_is_there(around: Aws) -> None:
    vpc = around.vpc()
    foreign, rule = around.zone("amazonaws.com", account=OTHER), around.rule("api.aws")
    around.profile(vpc, brings=[hosted_zone(foreign), resolver_arn("resolver-rule", rule)], account=OTHER)

    network = around.network(vpc)

    assert set(network.unread) == {Facet.PROFILES}
    assert "GetHostedZone: NoSuchHostedZone" in network.unread[Facet.PROFILES]
    assert [r.id for r in network.rules] == [rule]


def test_several_profiles_are_in_the_order_of_their_priorities(around: Aws) -> None:
    """Of botocore's model, only a later one has the field."""
    vpc = around.vpc()
    first, second = around.profile(vpc), around.profile(vpc)
    priorities = {first: 200, second: 100}
    around.client("route53profiles").meta.events.register(
        "after-call.*.ListProfileAssociations",
        lambda parsed, **_: [a.update(Priority=priorities[a["ProfileId"]]) for a in parsed["ProfileAssociations"]],
    )

    assert around.network(vpc).profiles == (second, first)


# ---- NAT gateways -------------------------------------------------------------------------------------------------


def test_nat_gateways_are_those_that_are_paid_for(around: Aws) -> None:
    ec2, vpc, other = around.client("ec2"), around.vpc(), around.vpc()
    [subnet] = ec2.describe_subnets(Filters=[{"Name": "vpc-id", "Values": [vpc]}])["Subnets"]

    def a_nat(**asked: Any) -> str:
        made: str = ec2.create_nat_gateway(SubnetId=subnet["SubnetId"], **asked)["NatGateway"]["NatGatewayId"]
        return made

    public = a_nat(AllocationId=ec2.allocate_address(Domain="vpc")["AllocationId"])
    private = a_nat(ConnectivityType="private")
    ec2.delete_nat_gateway(NatGatewayId=a_nat(ConnectivityType="private"))

    networks = around.survey(vpc, other).networks

    assert networks[other].nat_gateways == ()
    where: Any = {"subnet": subnet["SubnetId"], "zone": f"{REGION}a", "state": "available"}
    one = NatGateway(id=public, is_public=True, addresses=1, **where)
    two = NatGateway(id=private, is_public=False, addresses=0, **where)
    assert networks[vpc].nat_gateways == tuple(sorted((one, two), key=lambda g: g.id))


def test_a_regional_nat_gateway_is_billed_in_each_of_its_zones(around: Aws) -> None:
    """Moto knows none: its answer is made into what EC2 says of one.

    https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_NatGateway.html
    """
    ec2, vpc = around.client("ec2"), around.vpc()
    [subnet] = ec2.describe_subnets(Filters=[{"Name": "vpc-id", "Values": [vpc]}])["Subnets"]
    ec2.create_nat_gateway(SubnetId=subnet["SubnetId"], ConnectivityType="public")

    def as_regional(parsed: Any, **_: Any) -> None:
        for gateway in parsed["NatGateways"]:
            del gateway["SubnetId"]
            addresses = [
                {"PublicIp": f"198.51.100.{n}", "AvailabilityZone": f"{REGION}{z}"} for n, z in enumerate("aab")
            ]
            gateway.update(AvailabilityMode="regional", NatGatewayAddresses=addresses)

    ec2.meta.events.register("after-call.*.DescribeNatGateways", as_regional)

    [gateway] = around.network(vpc).nat_gateways

    assert (gateway.subnet, gateway.zone, gateway.zones, gateway.addresses) == ("", "", 2, 3)


# ---- quotas -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("applied", [True, False])
def test_quotas_are_the_accounts_or_else_awss_defaults(around: Aws, *, applied: bool) -> None:
    vpc = around.vpc()
    around.client("ec2").create_vpc_endpoint(VpcId=vpc, ServiceName=f"com.amazonaws.{REGION}.s3")

    with strict_ec2.behave(applied_quotas=applied, interface_quota=70):
        quotas = around.survey(vpc).quotas

    assert quotas == Quotas(interface_endpoints_per_vpc=70, gateway_endpoints_per_region=20, gateway_endpoints=1)


# ---- metrics ------------------------------------------------------------------------------------------------------


def link(vpc: str, endpoint: str) -> dict[str, str]:
    return {"Endpoint Type": "Interface", "Service Name": "s", "VPC Endpoint Id": endpoint, "VPC Id": vpc}


def test_traffic_is_counted_of_all_endpoints_and_nat_gateways_of_the_place(around: Aws) -> None:
    one, other = around.vpc(), around.vpc()
    used, quiet = around.interface(one), around.interface(other)
    around.counted("AWS/PrivateLinkEndpoints", "BytesProcessed", 10**6, link(one, used))
    around.counted("AWS/NATGateway", "BytesOutToSource", 10, NAT)
    around.counted("AWS/NATGateway", "BytesOutToDestination", 1, NAT)

    networks = around.survey(one, other, now=NOW).networks

    assert [(a.endpoint, a.use, a.bytes) for a in networks[one].activity.values()] == [(used, Use.ACTIVE, 10**6)]
    assert [(a.endpoint, a.use, a.bytes) for a in networks[other].activity.values()] == [(quiet, Use.UNKNOWN, 0)]
    assert (networks[other].nat_bytes, networks[other].counted_days) == ({"nat-1": 11}, 30.5)


def test_what_is_old_and_silent_among_others_that_are_not_is_idle(around: Aws) -> None:
    vpc = around.vpc()
    endpoint = around.interface(vpc)
    soon = datetime.now(UTC) + timedelta(days=40)
    around.counted("AWS/PrivateLinkEndpoints", "BytesProcessed", 10**6, link("vpc-9", "vpce-9"), soon)

    assert around.network(vpc, now=soon).activity[endpoint].use is Use.IDLE


def test_without_a_time_nobody_asks_cloudwatch(around: Aws) -> None:
    network = around.network(around.vpc(), now=None)

    assert network.unread == {Facet.METRICS: "was not looked at"}
    assert (network.nat_bytes, network.counted_days) == (None, 0)
    assert "ListMetrics" not in around.calls


def test_where_cloudwatch_cannot_be_read_nothing_is_known_of_any_endpoint(around: Aws) -> None:
    vpc = around.vpc()
    endpoint = around.interface(vpc)
    around.fails("ListMetrics")

    activity = around.network(vpc).activity[endpoint]

    assert (activity.use, activity.why) == (Use.UNKNOWN, "CloudWatch could not be read")


# ---- what cannot be read ------------------------------------------------------------------------------------------

FIELDS: dict[Facet, Callable[[Network], Any]] = {
    Facet.DHCP: lambda n: n.name_servers,
    Facet.ZONES: lambda n: [z for z in n.zones if not z.profile],
    Facet.RULES: lambda n: [r for r in n.rules if not r.profile],
    Facet.FIREWALL: lambda n: [r for r in n.firewall if not r.profile],
    Facet.PROFILES: lambda n: (
        n.profiles,
        n.profile_endpoints,
        *([x for x in xs if x.profile] for xs in (n.zones, n.rules, n.firewall)),
    ),
    Facet.ACLS: lambda n: n.acls,
    Facet.INTERFACES: lambda n: n.workloads,
    Facet.METRICS: lambda n: (n.activity, n.nat_bytes, n.counted_days),
    Facet.NATS: lambda n: n.nat_gateways,
}
DENIED = {
    "DescribeDhcpOptions": {Facet.DHCP},
    "ListHostedZonesByVPC": {Facet.ZONES},
    "ListResourceRecordSets": {Facet.ZONES, Facet.PROFILES},
    "GetHostedZone": {Facet.PROFILES},
    "ListResolverRules": {Facet.RULES, Facet.PROFILES},
    "ListResolverRuleAssociations": {Facet.RULES},
    "ListFirewallRuleGroupAssociations": {Facet.FIREWALL},
    "ListFirewallRules": {Facet.FIREWALL, Facet.PROFILES},
    "ListFirewallDomainLists": {Facet.FIREWALL, Facet.PROFILES},
    "ListFirewallDomains": {Facet.FIREWALL, Facet.PROFILES},
    "ListProfileAssociations": {Facet.PROFILES},
    "ListProfileResourceAssociations": {Facet.PROFILES},
    "DescribeVpcEndpoints": {Facet.PROFILES},
    "DescribeNetworkAcls": {Facet.ACLS},
    "DescribeNetworkInterfaces": {Facet.INTERFACES},
    "DescribeNatGateways": {Facet.NATS},
    "GetServiceQuota": {Facet.QUOTAS},
    "ListMetrics": {Facet.METRICS},
    "GetMetricData": {Facet.METRICS},
}
"""What each call costs a VPC that has everything, some of it by a Profile."""
ONLY_WITH_A_PROFILE = {"GetHostedZone", "DescribeVpcEndpoints", "ListProfileResourceAssociations"}
ONLY_WITH_ITS_OWN = {"ListResourceRecordSets", "ListFirewallRules", "ListFirewallDomainLists", "ListFirewallDomains"}


def everything(around: Aws) -> tuple[str, str]:
    """A VPC that has everything, and a plain one."""
    vpc, plain = around.vpc(), around.vpc()
    around.counted("AWS/NATGateway", "BytesOutToDestination", 10**6, NAT)
    group = around.group(blocks={"FirewallDomainListId": around.domains(SQS)})
    around.zone("amazonaws.com", vpc)
    rule = around.rule("amazonaws.com", vpc)
    around.firewall(group, vpc)
    around.profile(
        vpc,
        brings=[
            hosted_zone(around.zone("api.aws")),
            resolver_arn("resolver-rule", rule),
            resolver_arn("firewall-rule-group", group),
            endpoint_arn(around.with_private_dns(around.vpc())),
        ],
    )
    return vpc, plain


@pytest.mark.parametrize("operation", DENIED)
@pytest.mark.parametrize(
    ("code", "status"),
    [
        pytest.param("AccessDenied", 403, id="denied"),
        pytest.param("Throttling", 400, id="throttled"),
    ],
)
def test_a_call_that_fails_costs_its_parts_and_nothing_else(
    around: Aws, operation: str, code: str, status: int
) -> None:
    vpc, plain = everything(around)
    seen = around.observe(vpc, plain)
    pace = Pace(clock=around.clock, sleep=around.clock.sleep)
    whole = survey(around.client, PLACE, seen, catalog(), pace=pace, now=NOW)
    around.fails(operation, code, status=status)

    found = survey(around.client, PLACE, seen, catalog(), pace=pace, now=NOW)

    network, before = found.networks[vpc], whole.networks[vpc]
    assert set(network.unread) == DENIED[operation]
    assert {w.split(":")[0] for w in network.unread.values()} == {operation}
    assert all(code in why for why in network.unread.values())
    for facet in FIELDS.keys() - DENIED[operation]:
        assert FIELDS[facet](network) == FIELDS[facet](before), facet
    assert found.quotas == (None if operation == "GetServiceQuota" else whole.quotas)
    own = set() if operation in ONLY_WITH_A_PROFILE | ONLY_WITH_ITS_OWN else DENIED[operation] - {Facet.PROFILES}
    if operation == "ListProfileAssociations":
        own = {Facet.PROFILES}
    assert set(found.networks[plain].unread) == own


def test_every_call_of_a_survey_has_been_denied_once(around: Aws) -> None:
    """A guard on the test above: a call that is added must not slip through."""
    everything(around)
    vpcs = [v.id for v in around.observe()]
    around.survey(*vpcs[:2])

    assert {*around.calls} <= DENIED.keys()


def test_a_listing_that_is_throttled_costs_its_vpc_alone(around: Aws) -> None:
    one, other = around.vpc(), around.vpc()
    for vpc in (one, other):
        around.zone("amazonaws.com", vpc)
    around.fails("ListHostedZonesByVPC", "Throttling", only=one, status=400)

    networks = around.survey(one, other).networks

    assert set(networks[one].unread) == {Facet.ZONES}
    assert networks[one].zones == ()
    assert networks[other].unread == {}
    assert len(networks[other].zones) == 1


def test_a_service_that_cannot_be_reached_in_the_region_is_unread(around: Aws) -> None:
    """A region without Profiles looks like a network without a way there."""
    vpc = around.vpc()
    profiles = SESSION.client("route53profiles", endpoint_url="http://127.0.0.1:9", config=ONE_TRY)
    around.clients["route53profiles", ACCOUNT] = profiles

    network = around.network(vpc)

    assert set(network.unread) == {Facet.PROFILES}
    assert "Could not connect" in network.unread[Facet.PROFILES]


def test_what_no_time_is_left_for_is_unread(around: Aws) -> None:
    vpcs = [around.vpc() for _ in range(3)]
    pace = Pace(clock=around.clock, sleep=around.clock.sleep).budget(15.35)

    networks = around.survey(*vpcs, pace=pace).networks

    read = [v for v in sorted(vpcs) if Facet.ZONES not in networks[v].unread]
    assert read == sorted(vpcs)[:2]
    assert networks[sorted(vpcs)[2]].unread[Facet.ZONES] == "there was no time left to read them"
    assert all(networks[v].knows(Facet.DHCP) and networks[v].knows(Facet.ACLS) for v in vpcs)


# ---- what it costs ------------------------------------------------------------------------------------------------


def test_300_vpcs_cost_one_call_each_and_a_dozen_more_and_run_into_no_limit(around: Aws) -> None:
    ec2 = around.client("ec2")
    vpcs = [ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"] for _ in range(300)]
    around.zone("amazonaws.com", *vpcs[:5])
    for vpc in vpcs[:5]:
        around.firewall(around.group(blocks={"FirewallDomainListId": around.domains(SQS)}), vpc)

    with strict_ec2.behave(buckets=True, clock=around.clock):
        began = around.clock.now
        found = around.survey(*vpcs)

    assert [n.unread for n in found.networks.values() if n.unread] == []
    assert Counter(around.calls) == {
        "DescribeDhcpOptions": 1,
        "DescribeNatGateways": 1,
        "DescribeNetworkAcls": 1,
        "DescribeNetworkInterfaces": 1,
        "GetServiceQuota": 2,
        "ListMetrics": 2,
        "ListFirewallDomainLists": 1,
        "ListFirewallDomains": 5,
        "ListFirewallRuleGroupAssociations": 1,
        "ListFirewallRules": 5,
        "ListHostedZonesByVPC": 300,
        "ListProfileAssociations": 1,
        "ListResourceRecordSets": 1,
        "ListResolverRuleAssociations": 4,
        "ListResolverRules": 1,
    }
    assert around.clock.now - began < 70


def test_a_look_is_the_same_however_often_it_is_taken(around: Aws) -> None:
    vpc, _ = everything(around)

    assert json.dumps(str(around.network(vpc))) == json.dumps(str(around.network(vpc)))


# ---- what observing a VPC shows beside ----------------------------------------------------------------------------


def test_a_vpc_shows_what_checks_look_at(around: Aws) -> None:
    ec2, vpc = around.client("ec2"), around.vpc()
    endpoint = around.with_private_dns(vpc)
    [main] = ec2.describe_route_tables(Filters=[{"Name": "vpc-id", "Values": [vpc]}])["RouteTables"]
    gateway = ec2.create_vpc_endpoint(
        VpcId=vpc, ServiceName=f"com.amazonaws.{REGION}.s3", RouteTableIds=[main["RouteTableId"]]
    )["VpcEndpoint"]
    internet = ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
    ec2.attach_internet_gateway(InternetGatewayId=internet, VpcId=vpc)
    ec2.create_route(RouteTableId=main["RouteTableId"], DestinationCidrBlock="0.0.0.0/0", GatewayId=internet)

    ec2.create_tags(Resources=[endpoint], Tags=[{"Key": "endpoint-idle", "Value": "expected"}])

    [seen] = around.observe(vpc)

    assert seen.dhcp_options.startswith("dopt-")
    [table] = seen.route_tables
    assert {(r.destination[:3], r.target, r.is_blackhole) for r in table.routes} == {
        ("0.0", internet, False),
        ("10.", "local", False),
        ("pl-", gateway["VpcEndpointId"], False),
    }
    interface = next(e for e in seen.endpoints if e.id == endpoint)
    assert (interface.idle_tag, interface.service_region) == ("expected", REGION)
    assert SQS in interface.dns_names
    assert json.loads(interface.policy)["Statement"]
    assert (interface.address_type, interface.record_type) == ("ipv4", "ipv4")
    assert not any((interface.follows_subnets, interface.requester_managed, interface.inbound_resolver_only))
    assert interface.created.endswith("+00:00")
    assert interface.created[:4] >= str(NOW.year)
    assert [g.is_default for g in seen.security_groups] == [True]
