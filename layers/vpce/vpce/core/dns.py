"""What does a name become in a VPC, and why?

    asked in this order                          and then
    ------------------------------------------   ------------------------------------------------------------------
    name servers of the DHCP options             Amazon's go on; other people's may answer anything
    the VPC's DNS attributes                     without support nothing answers, without hostnames nothing private
    DNS Firewall, by priority                    the first rule that matches lets through or blocks
    who answers for the longest matching domain  Resolver rule, else private hosted zone, else endpoint; the VPC's own
                                                 before a Route 53 Profile's; nobody: the public DNS
    the record                                   a zone without it answers NXDOMAIN, and nobody else is asked

https://docs.aws.amazon.com/vpc/latest/userguide/AmazonDNS-concepts.html
https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/resolver-overview-forward-vpc-to-network-domain-name-matches.html
https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/hosted-zone-private-considerations.html
https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/profiles.html#profiles-priority
https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/resolver-dns-firewall-overview.html
"""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, assert_never

from vpce.core.model import Endpoint, Kind, short_name
from vpce.core.network import Facet, FirewallRule, ForwardingRule, HostedZone, ProfileEndpoint, RuleKind

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from vpce.core.model import Catalog, Offer, Vpc
    from vpce.core.network import Network, Record

AMAZONS_OWN_SERVERS = frozenset({"AmazonProvidedDNS", "169.254.169.253", "fd00:ec2::253"})


Answerer = ForwardingRule | HostedZone | Endpoint | ProfileEndpoint


class Mark(StrEnum):
    """How a hop stands to private access."""

    YES = "yes"
    NO = "no"
    UNKNOWN = "unknown"
    NOTE = "note"
    """It works, and somebody may want to know how."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hop:
    """One thing on the way of a name, or of a packet."""

    what: str
    mark: Mark
    why: str


class Leads(StrEnum):
    """Where a name leads."""

    ENDPOINT = "an endpoint of this VPC"
    CENTRAL = "a private address elsewhere"
    PUBLIC = "public addresses"
    NOWHERE = "nowhere"
    ELSEWHERE = "what somebody else's name server says"


class Cause(StrEnum):
    """What decides; each of the bad ones has a check."""

    SUPPORT_OFF = "DNS support"
    HOSTNAMES_OFF = "DNS hostnames"
    FIREWALL = "DNS Firewall"
    RULE = "Resolver rule"
    ZONE = "private hosted zone"
    ENDPOINT = "endpoint"
    PROFILE = "Route 53 Profile"
    PUBLIC_DNS = "public DNS"


@dataclass(frozen=True, slots=True, kw_only=True)
class Resolution:
    """What a name becomes, and the way there."""

    name: str
    hops: tuple[Hop, ...]
    leads: Leads
    cause: Cause
    decided_by: str = ""
    """Id of the zone, rule or firewall group; of the endpoint where it answers by itself."""
    endpoint: Endpoint | None = None
    """Of this VPC, where the name leads to one."""
    target: str = ""
    """The name or addresses of a record."""

    @property
    def is_certain(self) -> bool:
        """Nothing on the way is out of our sight."""
        return all(h.mark is not Mark.UNKNOWN for h in self.hops)


def resolve(name: str, vpc: Vpc, network: Network, catalog: Catalog) -> Resolution:
    """What a name becomes for an instance in the VPC.

    Args:
        name: fully qualified, in any case, with or without the final dot.
        vpc: with its DNS attributes.
        network: what surrounds its endpoints.
        catalog: of the VPC's region, for the names that endpoints answer to.

    """
    return _Question(_plain(name), vpc, network, catalog).answered()


def _plain(name: str) -> str:
    return name.strip().rstrip(".").lower()


class _Question:
    """One name on its way; `hops` grows as it goes."""

    def __init__(self, name: str, vpc: Vpc, network: Network, catalog: Catalog) -> None:
        self.name, self.vpc, self.network, self.catalog = name, vpc, network, catalog
        self.hops: list[Hop] = []

    def answered(self) -> Resolution:
        self._name_servers()
        return self._attributes() or self._firewall() or self._answerer()

    def _hop(self, what: str, mark: Mark, why: str) -> None:
        self.hops.append(Hop(what=what, mark=mark, why=why))

    def _end(
        self, leads: Leads, cause: Cause, by: str = "", endpoint: Endpoint | None = None, target: str = ""
    ) -> Resolution:
        return Resolution(
            name=self.name,
            hops=tuple(self.hops),
            leads=leads,
            cause=cause,
            decided_by=by,
            endpoint=endpoint,
            target=target,
        )

    def _could_not_read(self, *facets: Facet) -> None:
        for facet in facets:
            if why := self.network.unread.get(facet):
                self._hop(facet, Mark.UNKNOWN, f"could not be read: {why}")

    # ---- before anybody answers

    def _name_servers(self) -> None:
        self._could_not_read(Facet.DHCP)
        if not self.network.knows(Facet.DHCP):
            return
        others = foreign_name_servers(self.vpc, self.network)
        if not others:
            self._hop("name server", Mark.YES, "the VPC's DHCP options give Amazon's resolver")
        else:
            why = "what they answer is not ours to see; what follows holds if they ask Amazon's resolver of this VPC"
            self._hop("name server", Mark.UNKNOWN, f"the VPC's DHCP options give {', '.join(others)}: {why}")

    def _attributes(self) -> Resolution | None:
        dns = self.vpc.dns
        if dns is None:
            self._hop("DNS attributes", Mark.UNKNOWN, "were not read")
        elif not dns.support:
            self._hop("DNS attributes", Mark.NO, "DNS support is off: Amazon's resolver answers nothing here")
            return self._end(Leads.NOWHERE, Cause.SUPPORT_OFF)
        elif not dns.hostnames:
            self._hop("DNS attributes", Mark.NOTE, "DNS hostnames is off: private names and zones are not used")
        else:
            self._hop("DNS attributes", Mark.YES, "DNS support and DNS hostnames are on")
        return None

    def _firewall(self) -> Resolution | None:
        self._could_not_read(Facet.FIREWALL)
        lists = [r.name for r in self.network.firewall if r.domains is None]
        if lists:
            why = f"{', '.join(sorted(set(lists)))} uses lists of AWS's own, which hold no names of AWS services"
            self._hop("DNS Firewall", Mark.NOTE, why)
        rule = next((r for r in sorted(self.network.firewall) if _matches_any(self.name, r)), None)
        if rule is None:
            if self.network.firewall and not lists:
                self._hop("DNS Firewall", Mark.YES, "no rule matches")
            return None
        said = f"rule {rule.name} of {rule.group}{_brought(rule.profile)}"
        if rule.action != "BLOCK":
            self._hop("DNS Firewall", Mark.YES, f"{said} lets it through ({rule.action})")
            return None
        self._hop("DNS Firewall", Mark.NO, f"{said} blocks it ({rule.response or 'NODATA'})")
        return self._end(Leads.NOWHERE, Cause.FIREWALL, rule.group)

    # ---- who answers

    def _answerer(self) -> Resolution:
        self._could_not_read(Facet.RULES, Facet.ZONES, Facet.PROFILES)
        has_private_names = self.vpc.dns is None or self.vpc.dns.hostnames
        for answerer in self._answerers():
            match answerer:
                case ForwardingRule():
                    if end := self._by_rule(answerer):
                        return end
                case HostedZone() if has_private_names:
                    return self._by_zone(answerer)
                case ProfileEndpoint() if has_private_names:
                    if end := self._by_profile_endpoint(answerer):
                        return end
                case HostedZone() | ProfileEndpoint():
                    pass
                case _ if has_private_names:
                    return self._by_endpoint(answerer)
                case _:
                    pass
        return self._by_public_dns(hostnames_off=not has_private_names)

    def _answerers(self) -> list[Answerer]:
        """Who claims the name: longest domain first, the VPC's own before a Profile's, rules before zones."""
        claims: list[tuple[tuple[int, int, int, str], Answerer]] = []
        order = {profile: place for place, profile in enumerate(self.network.profiles, start=1)}

        def claim(domain: str, answerer: Answerer, rank: int, profile: str = "") -> None:
            whose = order.get(profile, len(order) + 1) if profile else 0
            claims.append(((-_labels(domain), whose, rank, answerer.id), answerer))

        for rule in self.network.rules:
            if rule.kind is not RuleKind.RECURSIVE and is_below(self.name, rule.domain):
                claim(rule.domain, rule, 0, rule.profile)
        for zone in self.network.zones:
            if not _is_hidden(zone) and is_below(self.name, zone.name):
                claim(zone.name, zone, 1, zone.profile)
        for endpoint in self.vpc.endpoints:
            if domain := self._domain_of(names_of(endpoint, self.catalog)):
                claim(domain, endpoint, 2)
        for shared in self.network.profile_endpoints:
            # One that we cannot see into may have any name; it is asked last.
            domain = self._domain_of(shared.names or ())
            if domain or shared.names is None:
                claim(domain, shared, 3, shared.profile)
        return [answerer for _, answerer in sorted(claims, key=lambda c: c[0])]

    def _domain_of(self, names: Iterable[str]) -> str:
        """The longest domain among names of an endpoint that have ours; the zone that AWS keeps for it."""
        found = [n.removeprefix("*.") for n in names if matches(self.name, n)]
        return max(found, key=_labels, default="")

    def _by_rule(self, rule: ForwardingRule) -> Resolution | None:
        domain = rule.domain or "."
        if rule.kind is RuleKind.SYSTEM:
            why = f"{rule.id} leaves {domain} to Amazon's resolver{_brought(rule.profile)}"
            self._hop("Resolver rule", Mark.YES, why)
            return None
        to = f" to {', '.join(rule.targets)}" if rule.targets else ""
        why = f"{rule.id} forwards {domain}{to}{_brought(rule.profile)}; what is answered there is not ours to see"
        self._hop("Resolver rule", Mark.NO, why)
        return self._end(Leads.ELSEWHERE, Cause.RULE, rule.id)

    def _by_zone(self, zone: HostedZone) -> Resolution:
        said = f"{zone.name} ({zone.id}{_brought(zone.profile)}) answers"
        if zone.records is None:
            owner = f" of account {zone.owner}" if zone.owner else ""
            self._hop("private hosted zone", Mark.UNKNOWN, f"{said}; the zone{owner} is not ours to read")
            if self._is_named_like_a_service(zone):
                # What a network account associates with everybody's VPCs: nobody makes such a zone but for endpoints.
                return self._end(Leads.CENTRAL, Cause.ZONE, zone.id, target=f"what the zone{owner} says")
            return self._end(Leads.ELSEWHERE, Cause.ZONE, zone.id)
        records = _records_for(self.name, zone)
        if not records:
            why = f"{said} and has no record for the name: NXDOMAIN, and nobody else is asked"
            self._hop("private hosted zone", Mark.NO, why)
            return self._end(Leads.NOWHERE, Cause.ZONE, zone.id)
        targets = sorted({t for r in records for t in r.targets})
        target = ", ".join(targets)
        leads, endpoint = self._where(targets)
        mark = Mark.YES if leads in {Leads.ENDPOINT, Leads.CENTRAL} else Mark.NOTE
        self._hop("private hosted zone", mark, f"{said} {target}: {leads}")
        return self._end(leads, Cause.ZONE, zone.id, endpoint, target)

    def _is_named_like_a_service(self, zone: HostedZone) -> bool:
        return any(zone.name == n.removeprefix("*.") for o in self.catalog.offers for n in o.private_dns_names)

    def _where(self, targets: list[str]) -> tuple[Leads, Endpoint | None]:
        """Where a record's targets lead; a private answer counts, whatever else is beside it."""
        for target in targets:
            for endpoint in self.vpc.endpoints:
                if target in endpoint.dns_names:
                    return Leads.ENDPOINT, endpoint
        if any(_is_private(t) or is_name_of_an_endpoint(t) for t in targets):
            return Leads.CENTRAL, None
        return (Leads.PUBLIC if all(_is_address(t) for t in targets) else Leads.ELSEWHERE), None

    def _by_endpoint(self, endpoint: Endpoint) -> Resolution:
        proof = "; EC2 lists the name among its DNS entries" if matches_any(self.name, endpoint.dns_names) else ""
        self._hop("endpoint", Mark.YES, f"{endpoint.id} has the name by private DNS{proof}")
        return self._end(Leads.ENDPOINT, Cause.ENDPOINT, endpoint.id, endpoint)

    def _by_profile_endpoint(self, shared: ProfileEndpoint) -> Resolution | None:
        said = f"{shared.id}, brought by Route 53 Profile {shared.profile}"
        if shared.names is None:
            why = f"{said}, belongs to an account or Region that we do not see; it may have the name"
            self._hop("Route 53 Profile", Mark.UNKNOWN, why)
            return None
        self._hop("Route 53 Profile", Mark.YES, f"{said}, has the name")
        return self._end(Leads.CENTRAL, Cause.PROFILE, shared.id, target=shared.id)

    def _by_public_dns(self, *, hostnames_off: bool) -> Resolution:
        if hostnames_off:
            if unused := [a.id for a in self._answerers() if not isinstance(a, ForwardingRule)]:
                self._hop("DNS attributes", Mark.NO, f"with DNS hostnames on, {unused[0]} would have the name")
            self._hop("public DNS", Mark.NOTE, "answers with the service's public addresses")
            return self._end(Leads.PUBLIC, Cause.HOSTNAMES_OFF)
        inbound = [e.id for e in self.vpc.endpoints if e.inbound_resolver_only and self._would_match(e)]
        if inbound:
            why = f"{inbound[0]} keeps its names for inbound Resolver endpoints; in the VPC they stay public"
            self._hop("endpoint", Mark.NOTE, why)
        self._hop("public DNS", Mark.NOTE, "nobody in the VPC has the name: the service's public addresses")
        return self._end(Leads.PUBLIC, Cause.PUBLIC_DNS)

    def _would_match(self, endpoint: Endpoint) -> bool:
        offer = self.catalog.find(endpoint.service, Kind.INTERFACE)
        return offer is not None and matches_any(self.name, offer.private_dns_names)


# ---- names --------------------------------------------------------------------------------------------------------


def is_below(name: str, domain: str) -> bool:
    """The domain itself, or a name in it; everything is below the root."""
    return not domain or name == domain or name.endswith(f".{domain}")


def matches(name: str, pattern: str) -> bool:
    """A name, or ``*.`` and what every name below it ends with; the apex is not below itself."""
    return name.endswith(pattern[1:]) if pattern.startswith("*.") else name == pattern


def matches_any(name: str, patterns: Iterable[str]) -> bool:
    return any(matches(name, p) for p in patterns)


def _matches_any(name: str, rule: FirewallRule) -> bool:
    """https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/resolver-dns-firewall-domain-lists.html."""
    return any(d == "*" or matches(name, d) for d in rule.domains or ())


def _labels(domain: str) -> int:
    return len(domain.split(".")) if domain else 0


def names_of(endpoint: Endpoint, catalog: Catalog) -> tuple[str, ...]:
    """The public names that an interface endpoint answers to inside its VPC; none while it does not."""
    if endpoint.kind is not Kind.INTERFACE or not endpoint.private_dns or endpoint.inbound_resolver_only:
        return ()
    if endpoint.is_leaving or endpoint.is_broken:
        return ()
    offer = catalog.find(endpoint.service, Kind.INTERFACE)
    listed = tuple(n for n in endpoint.dns_names if not is_name_of_an_endpoint(n))
    return tuple(dict.fromkeys((*(offer.private_dns_names if offer else ()), *listed)))


def is_name_of_an_endpoint(name: str) -> bool:
    """``vpce-…-….sqs.eu-west-1.vpce.amazonaws.com``: the names that every interface endpoint has."""
    return ".vpce.amazonaws.com" in f".{name}" or ".vpce.cloud." in f".{name}"


def foreign_name_servers(vpc: Vpc, network: Network) -> list[str]:
    """Name servers of the DHCP options that are not Amazon's: neither its addresses nor a CIDR's base plus two.

    https://docs.aws.amazon.com/vpc/latest/userguide/AmazonDNS-concepts.html
    """
    own = {str(ipaddress.ip_network(c).network_address + 2) for c in vpc.cidrs if ":" not in c}
    return [s for s in network.name_servers if s not in AMAZONS_OWN_SERVERS and s not in own]


def _is_hidden(zone: HostedZone) -> bool:
    """A zone that an AWS service keeps, such as that of an endpoint's private names; the endpoint stands for it."""
    return bool(zone.owner) and not zone.owner.isdigit()


def _records_for(name: str, zone: HostedZone) -> list[Record]:
    """The records of the name, else of the nearest wildcard above it, as DNS has it (RFC 4592)."""
    records = zone.records or ()
    if exact := [r for r in records if r.name == name]:
        return exact
    there = {r.name for r in records}
    labels = name.split(".")
    for start in range(1, len(labels)):
        parent = ".".join(labels[start:])
        if not is_below(parent, zone.name):
            break
        if wild := [r for r in records if r.name == f"*.{parent}"]:
            return wild
        if any(is_below(n, parent) for n in there):
            break  # the parent exists, so wildcards further up do not speak for what is below it
    return []


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def _is_private(text: str) -> bool:
    return _is_address(text) and ipaddress.ip_address(text).is_private


def _brought(profile: str) -> str:
    return f", by Route 53 Profile {profile}" if profile else ""


# ---- services -----------------------------------------------------------------------------------------------------


def services_of(name: str, catalog: Catalog) -> list[Offer]:
    """The offers that a name belongs to, most specific name first; S3's has two, of one service."""
    plain = _plain(name)
    found = [(_longest(plain, o), o) for o in catalog.offers]
    twins = {o.service for length, o in found if length}
    matching = [(length, o) for length, o in found if length or o.service in twins]
    return [o for _, o in sorted(matching, key=lambda f: (-f[0], f[1].service, f[1].kind))]


def _longest(name: str, offer: Offer) -> int:
    return max((_labels(p) for p in patterns_of(offer) if matches(name, p)), default=0)


def patterns_of(offer: Offer) -> Iterator[str]:
    """The names by which clients reach a service: its private DNS names, or for a gateway the service's own."""
    match offer.kind:
        case Kind.INTERFACE:
            yield from offer.private_dns_names
        case Kind.GATEWAY:
            # com.amazonaws.eu-west-1.s3 → s3.eu-west-1.amazonaws.com, and buckets below it
            head, _, rest = offer.service.rpartition(".")
            prefix, _, region = head.rpartition(".")
            domain = f"{rest}.{region}.{'.'.join(reversed(prefix.split('.')))}"
            yield from (domain, f"*.{domain}")
        case _:
            assert_never(offer.kind)


def served_centrally(vpc: Vpc, network: Network, catalog: Catalog) -> dict[str, str]:
    """Interface services (AWS's full names) a name of which leads to an endpoint elsewhere → by what.

    A local endpoint with private DNS would take the names away from it, or be refused.
    """
    domains = [z.name for z in network.zones if not _is_hidden(z)]
    shared = [n for e in network.profile_endpoints for n in e.names or ()]
    central: dict[str, str] = {}
    for offer in catalog.offers if domains or shared else ():
        for pattern in offer.private_dns_names:
            name = example_of(pattern)
            if not matches_any(name, shared) and not any(is_below(name, d) for d in domains):
                continue
            found = resolve(name, vpc, network, catalog)
            if found.leads is Leads.CENTRAL:
                service = short_name(offer.service, vpc.place.region)
                central[offer.service] = f"{service} leads to {found.target} by {found.decided_by}"
                break
    return central


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """A private hosted zone that keeps a service's endpoint from having its names."""

    zone: HostedZone
    is_served: bool
    """It leads to an endpoint all the same."""


def taken_names(vpc: Vpc, network: Network, catalog: Catalog) -> dict[str, Taken]:
    """Interface services (AWS's full names) for which EC2 would refuse private DNS → the zone in its way.

    Private DNS is a hosted zone for each of the names, which AWS associates with the VPC, and a VPC takes no second
    zone of a name. One for a domain above or below is no hindrance, nor is one that a Route 53 Profile brings, for that
    is not associated with the VPC. A wildcard's zone is called by what stands after the star.
    https://docs.aws.amazon.com/Route53/latest/APIReference/API_AssociateVPCWithHostedZone.html
    https://github.com/ministryofjustice/modernisation-platform/pull/13573
    """
    zones = {z.name: z for z in network.zones if not z.profile and not _is_hidden(z)}
    taken: dict[str, Taken] = {}
    for offer in catalog.offers if zones else ():
        in_the_way = [
            Taken(zone=zone, is_served=found.leads in {Leads.ENDPOINT, Leads.CENTRAL})
            for n in offer.private_dns_names
            if (zone := zones.get(n.removeprefix("*."))) and (found := resolve(example_of(n), vpc, network, catalog))
        ]
        if in_the_way:
            taken[offer.service] = min(in_the_way, key=lambda t: t.is_served)
    return taken


def forwarded_names(network: Network, catalog: Catalog) -> dict[str, str]:
    """Interface services (AWS's full names) that clients would not reach by private DNS → the rule that has a name.

    Of a rule and a hosted zone for one domain the rule wins; for a longer domain the zone does.
    https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/hosted-zone-private-considerations.html
    """
    rules = {
        r.domain: r for r in network.rules if not r.profile and r.kind not in {RuleKind.SYSTEM, RuleKind.RECURSIVE}
    }
    return {
        offer.service: f"Resolver rule {rules[domain].id} forwards {domain}"
        for offer in catalog.offers
        for domain in sorted({n.removeprefix("*.") for n in offer.private_dns_names} & rules.keys())
    }


def example_of(pattern: str) -> str:
    """A name that a pattern stands for."""
    return f"any{pattern[1:]}" if pattern.startswith("*.") else pattern
