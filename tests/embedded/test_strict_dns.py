"""Does the DNS around endpoints refuse, page and throttle as AWS does, in process and over HTTP?"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError
from moto import mock_aws
from moto.servicequotas.responses import ServiceQuotasResponse

from embedded import strict_dns, strict_ec2
from embedded.process import EmbeddedAws

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

REGION = "us-east-1"
SESSION: Any = boto3.Session(aws_access_key_id="testing", aws_secret_access_key="testing", region_name=REGION)
# Bad values must reach AWS, and a throttled call must come back, so botocore neither checks nor repeats.
AS_ASKED = Config(retries={"total_max_attempts": 1}, parameter_validation=False)


@dataclass(slots=True)
class Clock:
    """Time that passes when a test says so."""

    seconds: float = 1_800_000_000.0

    def __call__(self) -> float:
        return self.seconds


@dataclass(slots=True)
class Dns:
    """The services, and a VPC."""

    clock: Clock = field(default_factory=Clock)
    clients: dict[tuple[str, str], Any] = field(default_factory=dict)

    def client(self, service: str, account: str = "") -> Any:
        if (service, account) not in self.clients:
            made = SESSION.client(service, config=AS_ASKED)
            if account:
                made.meta.events.register("before-sign.*.*", lambda request, **_: _as_account(request, account))
            self.clients[service, account] = made
        return self.clients[service, account]

    @property
    def resolver(self) -> Any:
        return self.client("route53resolver")

    @property
    def profiles(self) -> Any:
        return self.client("route53profiles")

    def vpc(self) -> str:
        return str(self.client("ec2").create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"])

    def list(self) -> str:
        return str(self.resolver.create_firewall_domain_list(Name="list")["FirewallDomainList"]["Id"])

    def group(self) -> str:
        return str(self.resolver.create_firewall_rule_group(Name="group")["FirewallRuleGroup"]["Id"])

    def rule(self, group: str, **asked: Any) -> None:
        whole = {"Name": "rule", "Priority": 1, "Action": "ALERT", **asked}
        self.resolver.create_firewall_rule(FirewallRuleGroupId=group, **whole)

    def associate(self, group: str, vpc: str, priority: int = 101) -> None:
        self.resolver.associate_firewall_rule_group(
            FirewallRuleGroupId=group, VpcId=vpc, Priority=priority, Name="association"
        )

    def zone(self, name: str, vpc: str, account: str = "") -> str:
        made = self.client("route53", account).create_hosted_zone(
            Name=name,
            CallerReference=name,
            VPC={"VPCRegion": REGION, "VPCId": vpc},
            HostedZoneConfig={"PrivateZone": True},
        )
        return str(made["HostedZone"]["Id"])

    def zones(self, vpc: str, **asked: Any) -> dict[str, Any]:
        found: dict[str, Any] = self.client("route53").list_hosted_zones_by_vpc(VPCId=vpc, VPCRegion=REGION, **asked)
        return found


def _as_account(request: Any, account: str) -> None:
    request.headers["x-moto-account-id"] = account


@pytest.fixture
def dns() -> Iterator[Dns]:
    strict_ec2.install()
    strict_dns.install()
    dns = Dns()
    with mock_aws(), strict_ec2.behave(clock=dns.clock):
        yield dns


def code_of(call: Callable[[], Any]) -> str:
    with pytest.raises(ClientError) as refused:
        call()
    return str(refused.value.response["Error"]["Code"])


# ---- DNS Firewall -------------------------------------------------------------------------------------------------


def test_domains_are_added_removed_and_replaced(dns: Dns) -> None:
    domains = dns.list()

    def after(operation: str, *given: str) -> set[str]:
        dns.resolver.update_firewall_domains(FirewallDomainListId=domains, Operation=operation, Domains=list(given))
        return {*dns.resolver.list_firewall_domains(FirewallDomainListId=domains)["Domains"]}

    assert after("ADD", "example.com", "*.example.org") == {"example.com.", "*.example.org."}
    assert after("REMOVE", "example.com") == {"*.example.org."}
    assert after("REPLACE", "example.net") == {"example.net."}


def test_an_asterisk_is_a_whole_label_at_the_start(dns: Dns) -> None:
    domains = dns.list()
    ask = dns.resolver.update_firewall_domains

    assert code_of(lambda: ask(FirewallDomainListId=domains, Operation="ADD", Domains=["a.*.com"])) == (
        "ValidationException"
    )


def test_lists_of_awss_own_are_named_and_cannot_be_viewed(dns: Dns) -> None:
    managed = [d for d in dns.resolver.list_firewall_domain_lists()["FirewallDomainLists"] if "ManagedOwnerName" in d]

    assert managed
    for one in managed:
        view = dns.resolver.list_firewall_domains
        assert code_of(lambda: view(FirewallDomainListId=one["Id"])) == "AccessDeniedException"  # noqa: B023


def test_a_rule_has_one_source_a_response_if_it_blocks_and_a_priority_of_its_own(dns: Dns) -> None:
    group, domains = dns.group(), dns.list()
    dns.rule(group, FirewallDomainListId=domains)

    for wrong in (
        {"FirewallDomainListId": domains},  # the priority is in use
        {"Priority": 2},
        {"Priority": 2, "FirewallDomainListId": domains, "DnsThreatProtection": "DGA"},
        {"Priority": 2, "FirewallDomainListId": domains, "Action": "BLOCK"},
        {"Priority": 2, "FirewallDomainListId": domains, "BlockResponse": "NODATA"},
    ):
        assert code_of(lambda: dns.rule(group, **wrong)) == "ValidationException", wrong  # noqa: B023
    assert code_of(lambda: dns.rule(group, Priority=2, FirewallDomainListId="x")) == "ResourceNotFoundException"
    dns.rule(group, Priority=2, FirewallDomainListId=domains, Action="BLOCK", BlockResponse="NODATA")
    listed = dns.resolver.list_firewall_rules(FirewallRuleGroupId=group)["FirewallRules"]
    assert [r["Priority"] for r in listed] == [1, 2]


def test_a_group_is_associated_with_priorities_between_100_and_9900_each_once(dns: Dns) -> None:
    vpc, group = dns.vpc(), dns.group()
    for priority in (100, 9900):
        assert code_of(lambda: dns.associate(group, vpc, priority)) == "ValidationException"  # noqa: B023
    dns.associate(group, vpc)

    assert code_of(lambda: dns.associate(dns.group(), vpc)) == "ConflictException"
    assert code_of(lambda: dns.associate(group, vpc, 102)) == "ConflictException"
    assert code_of(lambda: dns.associate(group, "vpc-0")) == "ResourceNotFoundException"
    assert code_of(lambda: dns.associate("rslvr-frg-0", vpc, 102)) == "ResourceNotFoundException"


# ---- Resolver rules -----------------------------------------------------------------------------------------------


def test_every_vpc_has_the_rule_that_leaves_the_internet_to_amazon(dns: Dns) -> None:
    vpc = dns.vpc()

    [rule] = dns.resolver.list_resolver_rules()["ResolverRules"]
    associations = dns.resolver.list_resolver_rule_associations()["ResolverRuleAssociations"]

    assert (rule["DomainName"], rule["RuleType"]) == (".", "RECURSIVE")
    assert {a["ResolverRuleId"] for a in associations if a["VPCId"] == vpc} == {rule["Id"]}


def test_query_logging_ends_with_its_vpcs_first(dns: Dns) -> None:
    vpc, resolver = dns.vpc(), dns.resolver
    arn = f"arn:aws:logs:{REGION}:123456789012:log-group:queries:*"
    made = resolver.create_resolver_query_log_config(Name="q", DestinationArn=arn, CreatorRequestId="q")
    config = made["ResolverQueryLogConfig"]["Id"]
    both = {"ResolverQueryLogConfigId": config, "ResourceId": vpc}
    resolver.associate_resolver_query_log_config(**both)

    delete = resolver.delete_resolver_query_log_config
    assert code_of(lambda: delete(ResolverQueryLogConfigId=config)) == "InvalidRequestException"
    resolver.disassociate_resolver_query_log_config(**both)
    again = resolver.disassociate_resolver_query_log_config
    assert code_of(lambda: again(**both)) == "ResourceNotFoundException"
    delete(ResolverQueryLogConfigId=config)
    assert code_of(lambda: delete(ResolverQueryLogConfigId=config)) == "ResourceNotFoundException"
    assert resolver.list_resolver_query_log_configs()["ResolverQueryLogConfigs"] == []


def test_lists_of_resolver_and_profiles_come_in_pages_of_at_most_100(dns: Dns) -> None:
    made = {dns.group() for _ in range(3)}
    first = dns.resolver.list_firewall_rule_groups(MaxResults=2)
    second = dns.resolver.list_firewall_rule_groups(MaxResults=2, NextToken=first["NextToken"])

    assert {g["Id"] for page in (first, second) for g in page["FirewallRuleGroups"]} == made
    assert "NextToken" not in second
    assert code_of(lambda: dns.resolver.list_resolver_rules(MaxResults=101)) == "ValidationException"
    assert code_of(lambda: dns.resolver.list_resolver_rules(NextToken="mine")) == "InvalidNextTokenException"
    assert code_of(lambda: dns.profiles.list_profiles(NextToken="mine")) == "InvalidNextTokenException"


# ---- Route 53 Profiles --------------------------------------------------------------------------------------------


def test_a_profile_takes_zones_rules_groups_with_a_priority_and_endpoints(dns: Dns) -> None:
    profile = dns.profiles.create_profile(Name="profile")["Profile"]["Id"]

    def add(arn: str, **more: str) -> Any:
        return dns.profiles.associate_resource_to_profile(ProfileId=profile, Name="r", ResourceArn=arn, **more)

    group = f"arn:aws:route53resolver:{REGION}:123456789012:firewall-rule-group/rslvr-frg-1"
    good = [
        "arn:aws:route53:::hostedzone/Z1",
        f"arn:aws:route53resolver:{REGION}:123456789012:resolver-rule/rslvr-rr-1",
        f"arn:aws:ec2:{REGION}:123456789012:vpc-endpoint/vpce-1",
    ]
    for arn in good:
        add(arn)
    add(group, ResourceProperties=json.dumps({"priority": 102}))

    listed = dns.profiles.list_profile_resource_associations(ProfileId=profile)["ProfileResourceAssociations"]
    assert [r["ResourceArn"] for r in listed] == [*good, group]
    assert code_of(lambda: add(group)) == "InvalidParameterException"
    assert code_of(lambda: add("arn:aws:s3:::bucket")) == "InvalidParameterException"


def test_a_vpc_has_a_profile_once_and_may_have_one_of_another_account(dns: Dns) -> None:
    vpc = dns.vpc()
    other = dns.client("route53profiles", "999999999999")
    shared = other.create_profile(Name="shared")["Profile"]["Id"]
    dns.profiles.associate_profile(ProfileId=shared, ResourceId=vpc, Name="a")

    again = {"ProfileId": shared, "ResourceId": vpc, "Name": "a"}
    assert code_of(lambda: dns.profiles.associate_profile(**again)) == "ResourceExistsException"
    assert code_of(lambda: dns.profiles.associate_profile(**{**again, "ProfileId": "rp-0"})) == (
        "ResourceNotFoundException"
    )
    [association] = dns.profiles.list_profile_associations(ResourceId=vpc)["ProfileAssociations"]
    assert association["ProfileId"] == shared
    assert other.list_profile_associations()["ProfileAssociations"] == []
    assert dns.profiles.list_profile_resource_associations(ProfileId=shared)["ProfileResourceAssociations"] == []


# ---- hosted zones -------------------------------------------------------------------------------------------------


def test_a_vpcs_zones_are_listed_whoever_owns_them(dns: Dns) -> None:
    vpc = dns.vpc()
    ours, theirs = dns.zone("example.com", vpc), dns.zone("example.org", vpc, "999999999999")

    found = {z["HostedZoneId"]: z["Owner"]["OwningAccount"] for z in dns.zones(vpc)["HostedZoneSummaries"]}

    assert found == {ours.rpartition("/")[2]: "123456789012", theirs.rpartition("/")[2]: "999999999999"}
    assert code_of(lambda: dns.client("route53").get_hosted_zone(Id=theirs)) == "NoSuchHostedZone"
    assert code_of(lambda: dns.client("route53").list_resource_record_sets(HostedZoneId=theirs)) == "NoSuchHostedZone"


def test_a_vpcs_zones_come_in_pages_of_at_most_100(dns: Dns) -> None:
    vpc = dns.vpc()
    for number in range(3):
        dns.zone(f"example{number}.com", vpc)
    first = dns.zones(vpc, MaxItems="2")
    second = dns.zones(vpc, MaxItems="2", NextToken=first["NextToken"])

    assert len({z["Name"] for page in (first, second) for z in page["HostedZoneSummaries"]}) == 3
    assert code_of(lambda: dns.zones(vpc, MaxItems="101")) == "InvalidInput"
    assert code_of(lambda: dns.zones(vpc, NextToken="mine")) == "InvalidPaginationToken"
    assert code_of(lambda: dns.zones("vpc-0")) == "InvalidInput"


def test_route_53_takes_five_requests_a_second_of_an_account_and_resolver_of_a_region(dns: Dns) -> None:
    vpc = dns.vpc()
    with strict_ec2.behave(buckets=True):
        for ask in (lambda: dns.zones(vpc), dns.resolver.list_resolver_rules):
            for _ in range(5):
                ask()
            assert code_of(ask) == "Throttling"
            dns.clock.seconds += 0.2
            ask()


# ---- quotas -------------------------------------------------------------------------------------------------------


def test_quotas_of_endpoints_are_those_in_force(dns: Dns) -> None:
    quotas = dns.client("service-quotas")
    with strict_ec2.behave(interface_quota=60):
        found = quotas.get_service_quota(ServiceCode="vpc", QuotaCode="L-29B6F2EB")["Quota"]

    assert found["Value"] == 60.0
    assert code_of(lambda: quotas.get_service_quota(ServiceCode="vpc", QuotaCode="L-0")) == "NoSuchResourceException"


def test_a_quota_that_nobody_raised_may_have_only_its_default(dns: Dns) -> None:
    quotas, asked = dns.client("service-quotas"), {"ServiceCode": "vpc", "QuotaCode": "L-1B52E74A"}
    with strict_ec2.behave(applied_quotas=False):
        assert code_of(lambda: quotas.get_service_quota(**asked)) == "NoSuchResourceException"
        assert quotas.get_aws_default_service_quota(**asked)["Quota"]["Value"] == 20.0


# ---- DHCP options -------------------------------------------------------------------------------------------------


def test_a_new_vpc_has_its_regions_default_options_and_keeps_them_for_others(dns: Dns) -> None:
    ec2, vpc, other = dns.client("ec2"), dns.vpc(), dns.vpc()
    ids = {v["VpcId"]: v["DhcpOptionsId"] for v in ec2.describe_vpcs()["Vpcs"]}
    assert ids[vpc] == ids[other]
    [options] = ec2.describe_dhcp_options()["DhcpOptions"]
    assert options["DhcpOptionsId"] == ids[vpc]
    servers = [c["Values"] for c in options["DhcpConfigurations"] if c["Key"] == "domain-name-servers"]
    assert servers == [[{"Value": "AmazonProvidedDNS"}]]

    ec2.delete_vpc(VpcId=vpc)

    assert ec2.describe_dhcp_options()["DhcpOptions"] == [options]


# ---- the double itself --------------------------------------------------------------------------------------------


def test_installing_twice_patches_once(dns: Dns) -> None:
    before = ServiceQuotasResponse.get_service_quota
    strict_dns.install()

    assert ServiceQuotasResponse.get_service_quota is before


# ---- over HTTP, with IAM ------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def guarded() -> Iterator[EmbeddedAws]:
    with EmbeddedAws(iam=True, event_delay=0, pending=0, deleting=0) as server:
        yield server


def reads(vpc: str, group: str, domains: str, profile: str, zone: str) -> dict[str, tuple[str, str, dict[str, Any]]]:
    """IAM action → service, operation and arguments."""
    quota = {"ServiceCode": "vpc", "QuotaCode": "L-1B52E74A"}
    return {
        "route53:ListHostedZonesByVPC": (
            "route53",
            "list_hosted_zones_by_vpc",
            {"VPCId": vpc, "VPCRegion": "eu-west-1"},
        ),
        "route53:ListResourceRecordSets": ("route53", "list_resource_record_sets", {"HostedZoneId": zone}),
        "route53:GetHostedZone": ("route53", "get_hosted_zone", {"Id": zone}),
        "route53resolver:ListResolverRules": ("route53resolver", "list_resolver_rules", {}),
        "route53resolver:ListResolverRuleAssociations": ("route53resolver", "list_resolver_rule_associations", {}),
        "route53resolver:ListFirewallRuleGroupAssociations": (
            "route53resolver",
            "list_firewall_rule_group_associations",
            {},
        ),
        "route53resolver:ListFirewallRules": ("route53resolver", "list_firewall_rules", {"FirewallRuleGroupId": group}),
        "route53resolver:ListFirewallDomainLists": ("route53resolver", "list_firewall_domain_lists", {}),
        "route53resolver:ListFirewallDomains": (
            "route53resolver",
            "list_firewall_domains",
            {"FirewallDomainListId": domains},
        ),
        "route53profiles:ListProfileAssociations": ("route53profiles", "list_profile_associations", {}),
        "route53profiles:ListProfileResourceAssociations": (
            "route53profiles",
            "list_profile_resource_associations",
            {"ProfileId": profile},
        ),
        "servicequotas:GetServiceQuota": ("service-quotas", "get_service_quota", quota),
        "servicequotas:GetAWSDefaultServiceQuota": ("service-quotas", "get_aws_default_service_quota", quota),
    }


ALSO = dict.fromkeys(
    ["route53:ListHostedZonesByVPC", "route53resolver:ListResolverRuleAssociations"], ("ec2:DescribeVpcs",)
)
"""Actions that depend on others."""


def test_each_read_works_over_http_and_needs_the_permission_that_aws_names(guarded: EmbeddedAws) -> None:
    ec2, resolver, profiles, route53 = (
        guarded.client(name) for name in ("ec2", "route53resolver", "route53profiles", "route53")
    )
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    group = resolver.create_firewall_rule_group(Name="g")["FirewallRuleGroup"]["Id"]
    domains = resolver.create_firewall_domain_list(Name="l")["FirewallDomainList"]["Id"]
    resolver.create_firewall_rule(
        FirewallRuleGroupId=group, FirewallDomainListId=domains, Name="r", Priority=1, Action="ALERT"
    )
    resolver.associate_firewall_rule_group(FirewallRuleGroupId=group, VpcId=vpc, Priority=101, Name="a")
    profile = profiles.create_profile(Name="p")["Profile"]["Id"]
    profiles.associate_profile(ProfileId=profile, ResourceId=vpc, Name="a")
    zone = route53.create_hosted_zone(
        Name="example.com",
        CallerReference="1",
        VPC={"VPCRegion": "eu-west-1", "VPCId": vpc},
        HostedZoneConfig={"PrivateZone": True},
    )["HostedZone"]["Id"]
    asked = reads(vpc, group, domains, profile, zone)

    answers = {action: answer_of(guarded, *call) for action, call in asked.items()}
    assert [z["Name"] for z in answers["route53:ListHostedZonesByVPC"]["HostedZoneSummaries"]] == ["example.com."]
    assert answers["route53:GetHostedZone"]["HostedZone"]["Id"] == zone
    [association] = answers["route53resolver:ListFirewallRuleGroupAssociations"]["FirewallRuleGroupAssociations"]
    assert (association["VpcId"], association["Priority"]) == (vpc, 101)
    [rule] = answers["route53resolver:ListFirewallRules"]["FirewallRules"]
    assert rule["FirewallDomainListId"] == domains
    [association] = answers["route53profiles:ListProfileAssociations"]["ProfileAssociations"]
    assert association["ProfileId"] == profile
    assert answers["servicequotas:GetServiceQuota"]["Quota"]["Value"] == 20.0

    reader = Reader(guarded)
    for action, call in asked.items():
        reader.may(*(a for a in (*asked, "ec2:DescribeVpcs") if a != action))
        assert code_of(lambda: answer_of(reader, *call)).startswith("AccessDenied"), action  # noqa: B023
        reader.may(action, *ALSO.get(action, ()))
        assert answer_of(reader, *call), action
    for action in ALSO:
        reader.may(action)
        assert code_of(lambda: answer_of(reader, *asked[action])).startswith("AccessDenied"), action  # noqa: B023


def test_reads_of_dns_firewall_are_allowed_by_group_and_by_list(guarded: EmbeddedAws) -> None:
    resolver, reader = guarded.client("route53resolver"), Reader(guarded, "narrow")
    mine, other = (resolver.create_firewall_rule_group(Name="g")["FirewallRuleGroup"] for _ in range(2))
    reader.may("route53resolver:ListFirewallRules", on=mine["Arn"])

    def ask(group: Any) -> Any:
        return reader.client("route53resolver").list_firewall_rules(FirewallRuleGroupId=group["Id"])

    assert ask(mine)["FirewallRules"] == []
    assert code_of(lambda: ask(other)) == "AccessDeniedException"


def answer_of(where: Any, service: str, operation: str, arguments: dict[str, Any]) -> Any:
    return getattr(where.client(service), operation)(**arguments)


class Reader:
    """Whoever has a role, and may do what it allows at the moment."""

    def __init__(self, aws: EmbeddedAws, name: str = "reader") -> None:
        self._aws, self._name, self._clients = aws, name, dict[str, Any]()
        trust = {"Statement": [{"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}]}
        self._iam = aws.client("iam")
        role = self._iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(trust))["Role"]
        sts = aws.client("sts")
        self._credentials = sts.assume_role(RoleArn=role["Arn"], RoleSessionName="test")["Credentials"]

    def may(self, *actions: str, on: str = "*") -> None:
        policy = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": actions, "Resource": on}]}
        self._iam.put_role_policy(RoleName=self._name, PolicyName="own", PolicyDocument=json.dumps(policy))

    def client(self, service: str) -> Any:
        if service not in self._clients:
            self._clients[service] = self._aws.client(service, credentials=self._credentials)
        return self._clients[service]
