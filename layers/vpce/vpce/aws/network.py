"""What surrounds the endpoints? Reads it into the values of `vpce.core.network`, each part by itself.

    part        asked of AWS                                                   how often
    ----------  -------------------------------------------------------------  -------------------------------------
    DHCP        ec2: DescribeDhcpOptions                                       once, in pages of 1000
    ZONES       route53: ListHostedZonesByVPC                                  once for each VPC, in pages of 100
                route53: ListResourceRecordSets                                of our own zones that matter, by 300
    RULES       route53resolver: ListResolverRules, …RuleAssociations          once, in pages of 100
    FIREWALL    route53resolver: ListFirewallRuleGroupAssociations             once, in pages of 100
                route53resolver: ListFirewallRules                             once for each group
                route53resolver: ListFirewallDomainLists                       once, if there are rules: AWS's own lists
                route53resolver: ListFirewallDomains                           once for each other list
    PROFILES    route53profiles: ListProfileAssociations                       once, in pages of 100
                route53profiles: ListProfileResourceAssociations               once for each Profile
                route53: GetHostedZone; ec2: DescribeVpcEndpoints              for what Profiles bring, once for each
    ACLS        ec2: DescribeNetworkAcls                                       once, in pages of 1000
    INTERFACES  ec2: DescribeNetworkInterfaces                                 once, in pages of 1000
    NATS        ec2: DescribeNatGateways                                       once, in pages of 1000
    QUOTAS      servicequotas: GetServiceQuota, or GetAWSDefaultServiceQuota   twice
    METRICS     cloudwatch: ListMetrics                                        twice, in pages of 500
                cloudwatch: GetMetricData                                      once for each 500 endpoints, and once
                                                                               for each 250 NAT gateways

What AWS denies, throttles for good, does not know in the region, or hides in another account makes the part unread for
the VPCs that it concerns; all else is read. A service that a region lacks cannot be told from one that cannot be
reached, so that is unread too. A zone, rule, group or list is asked for once, however many VPCs have it.

https://docs.aws.amazon.com/Route53/latest/APIReference/API_ListHostedZonesByVPC.html
https://docs.aws.amazon.com/Route53/latest/APIReference/API_Operations_Amazon_Route_53_Resolver.html
https://docs.aws.amazon.com/Route53/latest/APIReference/API_Operations_Route_53_Profiles.html
"""

from __future__ import annotations

import json
import re
from collections import defaultdict
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from vpce.aws.errors import AwsError, in_words
from vpce.aws.observe import endpoints_of, pages
from vpce.aws.pace import OutOfTimeError
from vpce.aws.quotas import NoValueError, read_quotas
from vpce.aws.traffic import UncountedError, nat_traffic, place_traffic
from vpce.core.dns import names_of, patterns_of
from vpce.core.idle import DAYS, activities, window
from vpce.core.model import Kind
from vpce.core.network import (
    EVERYTHING,
    AclEntry,
    Facet,
    FirewallRule,
    ForwardingRule,
    HostedZone,
    NatGateway,
    Network,
    NetworkAcl,
    ProfileEndpoint,
    Quotas,
    Record,
    RuleKind,
    Survey,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from datetime import datetime

    from mypy_boto3_cloudwatch import CloudWatchClient
    from mypy_boto3_ec2 import EC2Client
    from mypy_boto3_route53 import Route53Client
    from mypy_boto3_route53profiles import Route53ProfilesClient
    from mypy_boto3_route53resolver import Route53ResolverClient

    from vpce.aws.pace import Pace
    from vpce.core.idle import Activity
    from vpce.core.model import Catalog, Place, Vpc

AWS_DOMAINS = (
    "amazonaws.com",
    "amazonaws.com.cn",
    "amazonaws.eu",
    "api.aws",
    "api.amazonwebservices.com.cn",
    "api.amazonwebservices.eu",
)
"""Zones and firewall domains below these matter, beside those that hold a name of the region's services."""
NO_OPTIONS = ("169.254.169.253",)
"""The name server of a VPC without DHCP options, on instances of the Nitro System; older ones have none.
https://docs.aws.amazon.com/vpc/latest/userguide/DHCPOptionSetConcepts.html"""

_IN_FORCE = frozenset({"COMPLETE", "UPDATING"})
_ADDRESSES = frozenset({"A", "AAAA", "CNAME"})
_TYPE_A = frozenset({"", "A", "TYPE1"})
NO_WORKLOAD = frozenset(
    {
        "ec2_instance_connect_endpoint",
        "gateway_load_balancer",
        "gateway_load_balancer_endpoint",
        "global_accelerator_managed",
        "nat_gateway",
        "natgateway",
        "network_load_balancer",
        "transit_gateway",
        "vpc_endpoint",
    }
)
"""Interfaces that call no AWS service: they carry other people's packets.
https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_NetworkInterface.html"""


class _HiddenError(Exception):
    """AWS answered, and yet something cannot be seen; the message says what."""


_UNREADABLE = (*AwsError, NoValueError, OutOfTimeError, UncountedError, _HiddenError)


def survey(
    client: Callable[..., Any],
    place: Place,
    vpcs: Sequence[Vpc],
    catalog: Catalog,
    facets: frozenset[Facet] = EVERYTHING,
    *,
    pace: Pace,
    names: Iterable[str] = (),
    now: datetime | None = None,
    days: int = DAYS,
) -> Survey:
    """What surrounds the endpoints of these VPCs.

    Args:
        client: makes a client of a service and region.
        place: where the VPCs are.
        vpcs: as they were observed. The gateway endpoints in use are counted in these, so quotas want all of the place.
        catalog: of the region; zones and domains that touch no name of its services are not read.
        facets: the parts to look at; the others are unread.
        pace: of the place, and of Route 53.
        names: others that matter.
        now: until when traffic is counted; without it nobody looks at metrics.
        days: that it is counted in.

    """
    look = _Look(client, place, vpcs, catalog, facets=facets, names=names, pace=pace)
    look.window = window(now, days) if now else None
    look.all_around()
    return Survey(networks={vpc: found.network for vpc, found in look.found.items()}, quotas=look.quotas)


class _Names:
    """Names that matter, and all above and below them."""

    def __init__(self, names: Iterable[str]) -> None:
        self._names = frozenset(n.removeprefix("*.") for n in names)
        self._above = frozenset(a for n in self._names for a in _suffixes(n)) | {""}

    def touch(self, domain: str) -> bool:
        plain = domain.removeprefix("*").removeprefix(".")
        return plain in self._above or any(s in self._names for s in _suffixes(plain))


def _suffixes(name: str) -> Iterator[str]:
    labels = name.split(".")
    return (".".join(labels[i:]) for i in range(len(labels)))


def _plain(name: str) -> str:
    r"""Lower case, without the final dot; Route 53 writes ``\052`` for ``*``.

    https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/DomainNameFormat.html
    """
    return re.sub(r"\\(\d{3})", lambda m: chr(int(m[1], 8)), name).rstrip(".").lower()


@dataclass(slots=True, kw_only=True)
class _Found:
    """What is known of a VPC so far."""

    name_servers: tuple[str, ...] = ()
    zones: list[HostedZone] = field(default_factory=list)
    rules: list[ForwardingRule] = field(default_factory=list)
    firewall: list[FirewallRule] = field(default_factory=list)
    profiles: tuple[str, ...] = ()
    profile_endpoints: list[ProfileEndpoint] = field(default_factory=list)
    acls: list[NetworkAcl] = field(default_factory=list)
    workloads: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    activity: Mapping[str, Activity] = field(default_factory=dict)
    nat_bytes: Mapping[str, int] | None = None
    counted_days: float = 0
    nat_gateways: list[NatGateway] = field(default_factory=list)
    unread: dict[Facet, str] = field(default_factory=dict)

    @property
    def network(self) -> Network:
        return Network(
            name_servers=self.name_servers,
            zones=tuple(sorted(self.zones, key=lambda z: (z.profile, z.id))),
            rules=tuple(sorted(self.rules, key=lambda r: (r.profile, r.id))),
            firewall=tuple(sorted(self.firewall)),
            profiles=self.profiles,
            profile_endpoints=tuple(sorted(self.profile_endpoints, key=lambda e: (e.profile, e.id))),
            acls=tuple(sorted(self.acls, key=lambda a: a.id)),
            workloads=dict(sorted(self.workloads.items())),
            activity=dict(sorted(self.activity.items())),
            nat_bytes=self.nat_bytes,
            counted_days=self.counted_days,
            nat_gateways=tuple(sorted(self.nat_gateways, key=lambda g: g.id)),
            unread=dict(sorted(self.unread.items())),
        )


class _Look:
    """One survey: what was found by VPC, and AWS's answers that several of them share."""

    def __init__(
        self,
        client: Callable[..., Any],
        place: Place,
        vpcs: Sequence[Vpc],
        catalog: Catalog,
        *,
        facets: frozenset[Facet],
        names: Iterable[str],
        pace: Pace,
    ) -> None:
        self._client, self._place, self._vpcs, self._catalog = client, place, vpcs, catalog
        self._facets, self._pace = facets, pace
        self._names = _Names({*AWS_DOMAINS, *(n for o in catalog.offers for n in patterns_of(o)), *names})
        self._answers: dict[tuple[str, ...], Any] = {}
        self.found = {vpc.id: _Found() for vpc in vpcs}
        self.quotas: Quotas | None = None
        self.window: tuple[datetime, datetime] | None = None

    def all_around(self) -> None:
        for facet, read in (
            (Facet.DHCP, self._dhcp),
            (Facet.ZONES, self._zones),
            (Facet.RULES, self._rules),
            (Facet.FIREWALL, self._firewall),
            (Facet.PROFILES, self._profiles),
            (Facet.ACLS, self._acls),
            (Facet.INTERFACES, self._interfaces),
            (Facet.NATS, self._nats),
            (Facet.QUOTAS, self._read_quotas),
            (Facet.METRICS, self._metrics),
        ):
            with self._reading(facet, *self.found):
                if facet not in self._facets:
                    raise _HiddenError("was not looked at")
                read()

    @contextmanager
    def _reading(self, facet: Facet, *vpcs: str) -> Iterator[None]:
        """What cannot be read is noted for these VPCs; the first reason stays."""
        try:
            yield
        except _UNREADABLE as error:
            why = in_words(error) if isinstance(error, AwsError) else str(error)
            for vpc in vpcs:
                self.found[vpc].unread.setdefault(facet, why)

    def _once(self, key: tuple[str, ...], read: Callable[[], Any]) -> Any:
        """What several VPCs share is asked for once, also when the answer is no."""
        if key not in self._answers:
            try:
                self._answers[key] = read()
            except _UNREADABLE as error:
                self._answers[key] = error
        answer = self._answers[key]
        if isinstance(answer, Exception):
            raise answer
        return answer

    def _paced(self, service: str, call: Callable[..., Any], **asked: Any) -> Mapping[str, Any]:
        if not self._pace.ready(service):
            raise OutOfTimeError("there was no time left to read them")
        try:
            answer: Mapping[str, Any] = call(**asked)
        finally:
            self._pace.spent(service)
        return answer

    def _listed(self, service: str, call: Callable[..., Any], key: str, **asked: Any) -> list[Mapping[str, Any]]:
        """All pages of a list that has NextToken."""
        listed: list[Mapping[str, Any]] = []
        token: dict[str, str] = {}
        while True:
            page = self._paced(service, call, **asked, **token)
            listed += page.get(key, [])
            if not page.get("NextToken"):
                return listed
            token = {"NextToken": page["NextToken"]}

    # ---- clients, made when they are first needed

    @property
    def _ec2(self) -> EC2Client:
        ec2: EC2Client = self._client("ec2", self._place.region)
        return ec2

    @property
    def _route53(self) -> Route53Client:
        route53: Route53Client = self._client("route53", self._place.region)
        return route53

    def _resolver(self, operation: str, key: str, *, most: int = 100, **asked: str) -> list[Mapping[str, Any]]:
        resolver: Route53ResolverClient = self._client("route53resolver", self._place.region)
        return self._listed("Route53Resolver", getattr(resolver, operation), key, MaxResults=most, **asked)

    def _profile_lists(self, operation: str, key: str, **asked: str) -> list[Mapping[str, Any]]:
        profiles: Route53ProfilesClient = self._client("route53profiles", self._place.region)
        return self._listed("Route53Profiles", getattr(profiles, operation), key, MaxResults=100, **asked)

    # ---- EC2

    def _dhcp(self) -> None:
        listed = pages(self._ec2, "describe_dhcp_options", "DhcpOptions")
        servers = {o["DhcpOptionsId"]: tuple(_name_servers(o)) for o in listed}
        for vpc in self._vpcs:
            with self._reading(Facet.DHCP, vpc.id):
                if vpc.dhcp_options != "default" and vpc.dhcp_options not in servers:
                    raise _HiddenError(f"DescribeDhcpOptions does not show the VPC's {vpc.dhcp_options}")
                self.found[vpc.id].name_servers = servers.get(vpc.dhcp_options, ()) or NO_OPTIONS

    def _acls(self) -> None:
        for acl in pages(self._ec2, "describe_network_acls", "NetworkAcls", self.found):
            if acl["VpcId"] in self.found:
                self.found[acl["VpcId"]].acls.append(_acl(acl))

    def _interfaces(self) -> None:
        for interface in pages(self._ec2, "describe_network_interfaces", "NetworkInterfaces", self.found):
            kind = interface.get("InterfaceType", "interface").lower()
            if interface.get("VpcId") in self.found and kind not in NO_WORKLOAD:
                self.found[interface["VpcId"]].workloads[interface["SubnetId"]] += 1

    def _nats(self) -> None:
        zones = {s.id: s.zone for vpc in self._vpcs for s in vpc.subnets}
        for gateway in pages(self._ec2, "describe_nat_gateways", "NatGateways", self.found):
            if gateway["VpcId"] in self.found and gateway["State"] not in {"deleted", "failed"}:
                self.found[gateway["VpcId"]].nat_gateways.append(_nat_gateway(gateway, zones))

    # ---- private hosted zones

    def _zones(self) -> None:
        for vpc, found in self.found.items():
            with self._reading(Facet.ZONES, vpc):
                listed = self._listed(
                    "Route53",
                    self._route53.list_hosted_zones_by_vpc,
                    "HostedZoneSummaries",
                    VPCId=vpc,
                    VPCRegion=self._place.region,
                    MaxItems="100",
                )
                found.zones += [self._zone(z["HostedZoneId"], z["Name"], z["Owner"]) for z in listed]

    def _zone(self, zone: str, name: str, owner: Mapping[str, str]) -> HostedZone:
        whose, name = owner.get("OwningAccount") or owner.get("OwningService", ""), _plain(name)
        is_read = whose == self._place.account and self._names.touch(name)
        records = self._once(("records", zone), lambda: self._records(zone)) if is_read else None
        return HostedZone(id=zone.rpartition("/")[2], name=name, owner=whose, records=records)

    def _own_zone(self, zone: str) -> HostedZone:
        """One that a Profile names by its id; of another account's, AWS tells nothing."""
        answer = self._paced("Route53", self._route53.get_hosted_zone, Id=zone)
        return self._zone(zone, answer["HostedZone"]["Name"], {"OwningAccount": self._place.account})

    def _records(self, zone: str) -> tuple[Record, ...]:
        records: list[Record] = []
        start: dict[str, str] = {}
        while True:
            page = self._paced(
                "Route53", self._route53.list_resource_record_sets, HostedZoneId=zone, MaxItems="300", **start
            )
            records += [_record(r) for r in page["ResourceRecordSets"] if r["Type"] in _ADDRESSES]
            if not page["IsTruncated"]:
                return tuple(sorted(records, key=lambda r: (r.name, r.type, r.targets)))
            keys = [k for k in ("RecordName", "RecordType", "RecordIdentifier") if page.get(f"Next{k}")]
            start = {f"Start{k}": page[f"Next{k}"] for k in keys}

    # ---- Resolver rules

    def _rules(self) -> None:
        self._rules_by_id()
        for association in self._resolver("list_resolver_rule_associations", "ResolverRuleAssociations"):
            vpc, rule = association["VPCId"], association["ResolverRuleId"]
            # Every VPC has the autodefined rule that leaves the Internet to Amazon's resolver.
            if vpc in self.found and association["Status"] in _IN_FORCE and not rule.startswith("rslvr-autodefined-"):
                with self._reading(Facet.RULES, vpc):
                    self.found[vpc].rules.append(self._rule(rule))

    def _rules_by_id(self) -> Mapping[str, Mapping[str, Any]]:
        def read() -> Mapping[str, Mapping[str, Any]]:
            return {r["Id"]: r for r in self._resolver("list_resolver_rules", "ResolverRules")}

        rules: Mapping[str, Mapping[str, Any]] = self._once(("rules",), read)
        return rules

    def _rule(self, rule_id: str) -> ForwardingRule:
        rule = self._rules_by_id().get(rule_id)
        if rule is None:
            raise _HiddenError(
                f"ListResolverRules does not show {rule_id}: it is another account's, not shared with us"
            )
        return ForwardingRule(
            id=rule_id,
            domain=_plain(rule.get("DomainName") or rule.get("DelegationRecord", "")),
            kind=RuleKind(rule["RuleType"]),
            targets=tuple(sorted(t.get("Ip") or t.get("Ipv6", "") for t in rule.get("TargetIps", []))),
        )

    # ---- DNS Firewall

    def _firewall(self) -> None:
        for association in self._resolver("list_firewall_rule_group_associations", "FirewallRuleGroupAssociations"):
            vpc = association["VpcId"]
            if vpc in self.found and association["Status"] in _IN_FORCE:
                with self._reading(Facet.FIREWALL, vpc):
                    rules = self._group(association["FirewallRuleGroupId"], association["Priority"])
                    self.found[vpc].firewall += rules

    def _group(self, group: str, priority: int) -> list[FirewallRule]:
        def read() -> list[FirewallRule]:
            listed = self._resolver("list_firewall_rules", "FirewallRules", FirewallRuleGroupId=group)
            # A rule for another type of query lets addresses be.
            return [self._firewall_rule(r) for r in listed if r.get("Qtype", "").upper() in _TYPE_A]

        rules: list[FirewallRule] = self._once(("group", group), read)
        return [replace(r, group_priority=priority) for r in rules]

    def _firewall_rule(self, rule: Mapping[str, Any]) -> FirewallRule:
        return FirewallRule(
            group_priority=0,
            priority=rule["Priority"],
            group=rule["FirewallRuleGroupId"],
            name=rule.get("Name", ""),
            action=rule["Action"],
            response=rule.get("BlockResponse", ""),
            domains=self._domains(rule.get("FirewallDomainListId", "")),
        )

    def _domains(self, domain_list: str) -> frozenset[str] | None:
        """Those that matter; None for AWS's own lists, and for rules that look at a query by AWS's own means."""
        if not domain_list or domain_list in self._managed_lists():
            return None

        def read() -> frozenset[str]:
            listed = self._resolver("list_firewall_domains", "Domains", most=5000, FirewallDomainListId=domain_list)
            return frozenset(d for d in (_plain(str(one)) for one in listed) if self._names.touch(d))

        domains: frozenset[str] = self._once(("domains", domain_list), read)
        return domains

    def _managed_lists(self) -> frozenset[str]:
        def read() -> frozenset[str]:
            listed = self._resolver("list_firewall_domain_lists", "FirewallDomainLists")
            return frozenset(d["Id"] for d in listed if d.get("ManagedOwnerName"))

        managed: frozenset[str] = self._once(("managed lists",), read)
        return managed

    # ---- Route 53 Profiles

    def _profiles(self) -> None:
        associated: dict[str, list[tuple[int, str]]] = defaultdict(list)
        for association in self._profile_lists("list_profile_associations", "ProfileAssociations"):
            if association["ResourceId"] in self.found and association["Status"] in _IN_FORCE:
                # With several Profiles the lower priority wins; a botocore that does not know it yet leaves it out.
                associated[association["ResourceId"]].append((association.get("Priority", 0), association["ProfileId"]))
        for vpc, profiles in associated.items():
            self.found[vpc].profiles = tuple(profile for _, profile in sorted(profiles))
            for profile in self.found[vpc].profiles:
                with self._reading(Facet.PROFILES, vpc):
                    for resource in self._resources(profile):
                        with self._reading(Facet.PROFILES, vpc):
                            self._bring(self.found[vpc], resource, profile)

    def _resources(self, profile: str) -> list[Mapping[str, Any]]:
        def read() -> list[Mapping[str, Any]]:
            key = "ProfileResourceAssociations"
            listed = self._profile_lists("list_profile_resource_associations", key, ProfileId=profile)
            return [r for r in listed if r["Status"] in _IN_FORCE]

        resources: list[Mapping[str, Any]] = self._once(("resources", profile), read)
        return resources

    def _bring(self, found: _Found, resource: Mapping[str, Any], profile: str) -> None:
        _, _, service, region, account, what = resource["ResourceArn"].split(":", 5)
        kind, _, name = what.partition("/")
        match service, kind:
            case "route53", "hostedzone":
                zone = self._once(("zone", name), lambda: self._own_zone(name))
                found.zones.append(replace(zone, profile=profile))
            case "route53resolver", "resolver-rule":
                found.rules.append(replace(self._rule(name), profile=profile))
            case "route53resolver", "firewall-rule-group" if Facet.FIREWALL in self._facets:
                priority = json.loads(resource.get("ResourceProperties") or "{}").get("priority", 0)
                found.firewall += [replace(r, profile=profile) for r in self._group(name, priority)]
            case "ec2", "vpc-endpoint":
                is_ours = (account, region) == (self._place.account, self._place.region)
                names = self._names_of_endpoint(name) if is_ours else None
                found.profile_endpoints.append(ProfileEndpoint(id=name, profile=profile, names=names))
            case _:
                pass  # query logging, and whatever else answers no name or was not asked for

    def _names_of_endpoint(self, endpoint_id: str) -> tuple[str, ...]:
        def read() -> tuple[str, ...]:
            known = [e for vpc in self._vpcs for e in vpc.endpoints if e.id == endpoint_id]
            if not known:
                listed = pages(self._ec2, "describe_vpc_endpoints", "VpcEndpoints", [endpoint_id], by="vpc-endpoint-id")
                known = list(endpoints_of(listed, installation=""))
            return tuple(n for e in known for n in names_of(e, self._catalog))

        names: tuple[str, ...] = self._once(("endpoint", endpoint_id), read)
        return names

    # ---- quotas

    def _read_quotas(self) -> None:
        gateways = [e for v in self._vpcs for e in v.endpoints if e.kind is Kind.GATEWAY and e.state != "deleted"]
        quotas = read_quotas(self._client("service-quotas", self._place.region), self._place.region)
        self.quotas = replace(quotas, gateway_endpoints=len(gateways))

    # ---- metrics

    def _metrics(self) -> None:
        if self.window is None:
            raise _HiddenError("was not looked at")
        since, until = self.window
        cloudwatch: CloudWatchClient = self._client("cloudwatch", self._place.region)
        for vpc in self._vpcs:
            self.found[vpc.id].activity = activities([vpc], None, since=since, until=until)
        counted = place_traffic(cloudwatch, self._vpcs, since=since, until=until)
        nat_bytes = nat_traffic(cloudwatch, since=since, until=until)
        for vpc in self._vpcs:
            found = self.found[vpc.id]
            found.activity = activities([vpc], counted, since=since, until=until)
            found.nat_bytes, found.counted_days = nat_bytes, (until - since).total_seconds() / 86400


# ---- AWS's words into ours ----------------------------------------------------------------------------------------


def _name_servers(options: Mapping[str, Any]) -> Iterator[str]:
    for one in options.get("DhcpConfigurations", []):
        if one["Key"] == "domain-name-servers":
            yield from (v["Value"] for v in one["Values"])


def _record(record: Mapping[str, Any]) -> Record:
    if alias := record.get("AliasTarget"):
        targets = [_plain(alias["DNSName"])]
    else:
        values = [r["Value"] for r in record.get("ResourceRecords", [])]
        targets = [_plain(v) for v in values] if record["Type"] == "CNAME" else values
    return Record(name=_plain(record["Name"]), type=record["Type"], targets=tuple(sorted(targets)))


def _nat_gateway(gateway: Mapping[str, Any], zones: Mapping[str, str]) -> NatGateway:
    addresses = gateway.get("NatGatewayAddresses", [])
    is_regional = gateway.get("AvailabilityMode") == "regional"
    return NatGateway(
        id=gateway["NatGatewayId"],
        subnet=gateway.get("SubnetId", ""),
        zone=zones.get(gateway.get("SubnetId", ""), ""),
        is_public=gateway.get("ConnectivityType", "public") == "public",
        addresses=sum(bool(a.get("PublicIp")) for a in addresses),
        state=gateway["State"],
        zones=max(1, len({a.get("AvailabilityZone") for a in addresses} - {None})) if is_regional else 1,
    )


def _acl(acl: Mapping[str, Any]) -> NetworkAcl:
    return NetworkAcl(
        id=acl["NetworkAclId"],
        subnets=frozenset(a["SubnetId"] for a in acl.get("Associations", [])),
        entries=tuple(sorted(_acl_entry(e) for e in acl.get("Entries", []))),
    )


def _acl_entry(entry: Mapping[str, Any]) -> AclEntry:
    ports = entry.get("PortRange") or {}
    return AclEntry(
        number=entry["RuleNumber"],
        egress=entry["Egress"],
        allow=entry["RuleAction"] == "allow",
        protocol=entry["Protocol"],
        cidr=entry.get("CidrBlock") or entry["Ipv6CidrBlock"],
        first=ports.get("From", 0),
        last=ports.get("To", 65535),
    )
