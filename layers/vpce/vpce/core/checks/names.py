"""Do the names of AWS's services lead to the endpoints that are there for them?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from vpce.core import dns
from vpce.core.checks.check import Problem, Subject, check
from vpce.core.commands import aws, tag_it, take_off
from vpce.core.dns import Cause, Leads, example_of, is_below, names_of, patterns_of, resolve
from vpce.core.findings import Severity
from vpce.core.model import Kind
from vpce.core.network import Facet
from vpce.core.plan import CreateEndpoint

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from vpce.core.dns import Resolution
    from vpce.core.model import Endpoint

_SHOWN = 3
"""Names told of many."""

_TO_PUBLIC = (
    "The service's name resolves to public addresses: traffic leaves by a NAT gateway, or fails where there is none."
)


@check(severity=Severity.HIGH, why=_TO_PUBLIC)
def broken_private_dns(subject: Subject) -> Iterator[Problem]:
    """An interface endpoint's private DNS names do not resolve to it."""
    yield from _dns_attributes(subject)
    yield from _dns_of_endpoints(subject)


def _dns_attributes(subject: Subject) -> Iterator[Problem]:
    vpc = subject.vpc
    named = [e for e in vpc.endpoints if e.private_dns and not e.is_leaving]
    if not named or vpc.dns is None:
        return
    for attribute, is_on in (("support", vpc.dns.support), ("hostnames", vpc.dns.hostnames)):
        if not is_on:
            services = ", ".join(sorted({subject.short(e) for e in named}))
            yield Problem(
                resource=f"{vpc.id} DNS {attribute}",
                what=f"DNS {attribute} is off in the VPC, so the private names of {services} do not resolve",
                fix=aws(vpc.place, "ec2 modify-vpc-attribute", "--vpc-id", vpc.id, f"--enable-dns-{attribute}")
                + ("" if subject.follows_a_profile else f"\nOr let vpce do it: {tag_it(vpc, '<a profile>')}"),
                breaks=tuple(e.id for e in named),
            )


def _dns_of_endpoints(subject: Subject) -> Iterator[Problem]:
    vpc = subject.vpc
    for endpoint in vpc.endpoints:
        if endpoint.kind is not Kind.INTERFACE or endpoint.is_leaving or endpoint.private_dns:
            continue
        offer = subject.catalog.find(endpoint.service, Kind.INTERFACE)
        if offer is None or not offer.private_dns_names or is_served_otherwise(subject, endpoint):
            continue
        fix = aws(vpc.place, "ec2 modify-vpc-endpoint", "--vpc-endpoint-id", endpoint.id, "--private-dns-enabled")
        if taken := dns.taken_names(vpc, subject.network, subject.catalog).get(endpoint.service):
            fix = f"{take_off(taken.zone.id, vpc)}\n{fix}"  # EC2 refuses it beside the zone
        yield Problem(
            resource=f"{endpoint.id} private DNS",
            what=f"{subject.short(endpoint)} {endpoint.id}: private DNS is off, though the service has "
            f"{', '.join(offer.private_dns_names)}",
            fix=fix,
            breaks=(endpoint.id,),
        )


def is_served_otherwise(subject: Subject, endpoint: Endpoint) -> bool:
    """The names lead to it, or to a twin, all the same.

    A twin has them; the gateway serves the VPC, and the interface is there for networks beyond it; or a private hosted
    zone of people's own leads to a private address, as central designs have it.
    """
    if any(
        e.service == endpoint.service and not e.is_leaving and (e.private_dns or e.kind is Kind.GATEWAY)
        for e in subject.vpc.endpoints
        if e.id != endpoint.id
    ):
        return True
    offer = subject.catalog.find(endpoint.service, Kind.INTERFACE)
    names = [example_of(n) for n in offer.private_dns_names] if offer else []
    found = [resolve(n, subject.vpc, subject.network, subject.catalog) for n in names]
    return any(f.cause is Cause.ZONE and f.leads in {Leads.ENDPOINT, Leads.CENTRAL} for f in found)


# ---- names that lead away -------------------------------------------------------------------------------------------


@check(
    severity=Severity.HIGH,
    why="Whoever asks for the name gets what the zone says, or NXDOMAIN where it has no record; the endpoint, and the "
    "public address too, are out of reach by name.",
    needs=(Facet.ZONES, Facet.PROFILES, Facet.RULES, Facet.FIREWALL),
)
def shadowed_name(subject: Subject) -> Iterator[Problem]:
    """A private hosted zone answers for the name of an AWS service, and not with its endpoint."""
    led_away = _led_away(subject, Cause.ZONE)
    for zone in subject.network.zones:
        found = {n: e for n, (r, e) in led_away.items() if r.decided_by == zone.id}
        if not found:
            continue
        records = "is not ours to read" if zone.records is None else "has no record that leads to an endpoint"
        profile = f", brought by Route 53 Profile {zone.profile}" if zone.profile else ""
        yield Problem(
            resource=zone.id,
            what=f"private hosted zone {zone.name} ({zone.id}{profile}) answers for {_some(found)}, and {records} for "
            f"{'it' if len(found) == 1 else 'them'}",
            fix=f"Add the records to the zone, or take it off the VPC:\n{take_off(zone.id, subject.vpc)}",
            breaks=_ids(found),
        )


@check(
    severity=Severity.HIGH,
    why="Queries for the name leave for another name server, which knows nothing of the VPC's endpoint: the answer is "
    "a public address, or none.",
    needs=(Facet.RULES, Facet.PROFILES, Facet.ZONES, Facet.FIREWALL),
)
def forwarded_name(subject: Subject) -> Iterator[Problem]:
    """A Resolver rule sends queries for an endpoint's name elsewhere."""
    led_away = _led_away(subject, Cause.RULE)
    for rule in subject.network.rules:
        # A gateway's names stay public anyhow, and its routes carry whatever public address is answered.
        found = {
            n: e
            for n, (r, e) in led_away.items()
            if r.decided_by == rule.id and e is not None and e.kind is Kind.INTERFACE
        }
        if found:
            to = f" to {', '.join(rule.targets)}" if rule.targets else ""
            yield Problem(
                resource=rule.id,
                what=f"Resolver rule {rule.id} forwards {rule.domain or '.'}{to}, and with it {_some(found)}",
                fix="Make a rule of type SYSTEM for the name below it, or take the rule off the VPC:\n"
                + aws(
                    subject.vpc.place,
                    "route53resolver disassociate-resolver-rule",
                    f"--resolver-rule-id {rule.id} --vpc-id {subject.vpc.id}",
                ),
                breaks=_ids(found),
            )


@check(
    severity=Severity.HIGH,
    why="Queries for the name get no address at all: the service is out of reach, privately and publicly.",
    needs=(Facet.FIREWALL, Facet.PROFILES),
)
def blocked_name(subject: Subject) -> Iterator[Problem]:
    """DNS Firewall blocks the name of a service that the VPC has an endpoint for."""
    blocked = _led_away(subject, Cause.FIREWALL)
    for group in sorted({r.decided_by for r, _ in blocked.values()}):
        found = {n: e for n, (r, e) in blocked.items() if r.decided_by == group}
        yield Problem(
            resource=group,
            what=f"DNS Firewall group {group} blocks {_some(found)}",
            fix="Put a rule that allows the name before the one that blocks it:\n"
            + aws(
                subject.vpc.place,
                "route53resolver create-firewall-rule",
                f"--firewall-rule-group-id {group} --action ALLOW --priority <before it> --name allow-aws "
                "--firewall-domain-list-id <a list with the names>",
            ),
            breaks=_ids(found),
        )


@check(
    severity=Severity.MEDIUM,
    why="Endpoints' names live in Amazon's resolver. Unless those servers ask it, instances get public addresses.",
    needs=(Facet.DHCP,),
)
def foreign_name_servers(subject: Subject) -> Iterator[Problem]:
    """The DHCP options give instances other name servers than Amazon's, and the VPC has private names."""
    named = [e for e in subject.interfaces if e.private_dns]
    servers = dns.foreign_name_servers(subject.vpc, subject.network)
    if named and servers:
        services = ", ".join(sorted({subject.short(e) for e in named}))
        yield Problem(
            resource=f"{subject.vpc.id} name servers",
            what=f"instances ask {', '.join(servers)}; the names of {services} are known to Amazon's resolver only",
            fix="Let them forward to the base of the VPC's CIDR plus two, or give instances Amazon's resolver:\n"
            + aws(
                subject.vpc.place,
                "ec2 associate-dhcp-options",
                f"--vpc-id {subject.vpc.id} --dhcp-options-id <options with AmazonProvidedDNS>",
            ),
        )


def _led_away(subject: Subject, cause: Cause) -> Mapping[str, tuple[Resolution, Endpoint | None]]:
    """Names that matter to the VPC and lead elsewhere for a cause → what they became, and whose they should be."""
    vpc, found = subject.vpc, {}
    for pattern, endpoint in _names_that_matter(subject).items():
        became = resolve(example_of(pattern), vpc, subject.network, subject.catalog)
        is_right = became.leads is Leads.ENDPOINT or (became.leads is Leads.CENTRAL and endpoint is None)
        if became.cause is cause and not is_right:
            found[pattern] = (became, endpoint)
    return found


def _names_that_matter(subject: Subject) -> Mapping[str, Endpoint | None]:
    """Names of the endpoints that are there or planned; and those that a zone takes from everybody."""
    names: dict[str, Endpoint | None] = {}
    for zone in subject.network.zones:
        # It answers for public names as well, so it matters though no endpoint is there.
        for offer in subject.catalog.offers:
            names |= {p: None for p in offer.private_dns_names if is_below(p.removeprefix("*."), zone.name)}
    actions = subject.plan.actions if subject.plan is not None and subject.follows_a_profile else ()
    for action in actions:
        if isinstance(action, CreateEndpoint):
            names |= dict.fromkeys(patterns_of(action.offer))
    for endpoint in subject.serving:
        gateway = subject.catalog.find(endpoint.service, Kind.GATEWAY) if endpoint.kind is Kind.GATEWAY else None
        if gateway is not None:
            names |= {p: endpoint for p in patterns_of(gateway) if not p.startswith("*.")}
        names |= dict.fromkeys(names_of(endpoint, subject.catalog), endpoint)
    return dict(sorted(names.items()))


def _some(names: Mapping[str, object]) -> str:
    """The first few names, and how many more."""
    shown = sorted(names, key=lambda n: (names[n] is None, n))
    more = f" and {len(shown) - _SHOWN} more" if len(shown) > _SHOWN else ""
    return f"{', '.join(shown[:_SHOWN])}{more}"


def _ids(found: Mapping[str, Endpoint | None]) -> tuple[str, ...]:
    return tuple(sorted({e.id for e in found.values() if e is not None}))
