"""What a name becomes in a VPC: every cause alone, and who wins where two claim it."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.factories import a_catalog, a_gateway, a_vpc, an_interface, an_offer
from vpce.core.dns import (
    Cause,
    Leads,
    Mark,
    Resolution,
    Taken,
    forwarded_names,
    is_below,
    matches,
    resolve,
    served_centrally,
    services_of,
    taken_names,
)
from vpce.core.model import Catalog, Dns, Kind, Vpc
from vpce.core.network import (
    Facet,
    FirewallRule,
    ForwardingRule,
    HostedZone,
    Network,
    ProfileEndpoint,
    Record,
    RuleKind,
)

SQS = "sqs.eu-west-1.amazonaws.com"
ECR = an_offer("ecr.dkr", private_dns_names=("*.dkr.ecr.eu-west-1.amazonaws.com", "dkr.ecr.eu-west-1.amazonaws.com"))
CATALOG = a_catalog(ECR)
CENTRAL = "vpce-0c-x.sqs.eu-west-1.vpce.amazonaws.com"
WITH_SQS = a_vpc(endpoints=(an_interface("sqs", dns_names=(SQS, "vpce-sqs-y.sqs.eu-west-1.vpce.amazonaws.com")),))


def a_zone(name: str = SQS, *targets: str, records: tuple[Record, ...] | None = (), **changes: Any) -> HostedZone:
    """A zone of ours, with a record at its apex where targets are given."""
    apex = (Record(name=name, type="A", targets=targets),) if targets else ()
    values: dict[str, Any] = {"id": f"Z-{name}", "name": name, "owner": "123456789012"}
    return HostedZone(**(values | {"records": None if records is None else apex + records} | changes))


def a_forward(domain: str = SQS, **changes: Any) -> ForwardingRule:
    values: dict[str, Any] = {
        "id": f"rslvr-{domain}",
        "domain": domain,
        "kind": RuleKind.FORWARD,
        "targets": ("10.9.0.2",),
    }
    return ForwardingRule(**(values | changes))


def a_block(*domains: str, priority: int = 1, **changes: Any) -> FirewallRule:
    values: dict[str, Any] = {
        "group_priority": 101,
        "priority": priority,
        "group": "rslvr-frg-1",
        "name": "no-aws",
        "action": "BLOCK",
        "response": "NXDOMAIN",
        "domains": frozenset(domains),
    }
    return FirewallRule(**(values | changes))


def ask(vpc: Vpc = WITH_SQS, name: str = SQS, catalog: Catalog = CATALOG, **network: Any) -> Resolution:
    return resolve(name, vpc, Network(**network), catalog)


def test_an_endpoint_with_private_dns_has_the_name() -> None:
    found = ask()

    assert (found.leads, found.cause, found.decided_by, found.is_certain) == (
        Leads.ENDPOINT,
        Cause.ENDPOINT,
        "vpce-sqs",
        True,
    )
    assert "EC2 lists the name" in found.hops[-1].why


@pytest.mark.parametrize("name", [SQS.upper(), f"{SQS}.", f" {SQS} "])
def test_a_name_is_the_same_however_it_is_written(name: str) -> None:
    assert ask(name=name).leads is Leads.ENDPOINT


@pytest.mark.parametrize(
    ("name", "leads"),
    [
        ("123456789012.dkr.ecr.eu-west-1.amazonaws.com", Leads.ENDPOINT),
        ("dkr.ecr.eu-west-1.amazonaws.com", Leads.ENDPOINT),
        ("api.ecr.eu-west-1.amazonaws.com", Leads.PUBLIC),
    ],
)
def test_a_wildcard_has_all_names_below_it_and_no_other(name: str, leads: Leads) -> None:
    assert ask(a_vpc(endpoints=(an_interface("ecr.dkr"),)), name).leads is leads


@pytest.mark.parametrize(
    ("why", "endpoint"),
    [
        ("private DNS is off", an_interface("sqs", private_dns=False)),
        ("it is being deleted", an_interface("sqs", state="deleting")),
        ("it failed", an_interface("sqs", state="failed")),
        ("it is a gateway", a_gateway("s3")),
    ],
)
def test_an_endpoint_that_does_not_answer_leaves_the_name_public(why: str, endpoint: Any) -> None:
    found = ask(a_vpc(endpoints=(endpoint,)))

    assert (found.leads, found.cause) == (Leads.PUBLIC, Cause.PUBLIC_DNS), why


def test_s3_for_inbound_resolvers_only_stays_public_in_the_vpc_and_says_so() -> None:
    vpc = a_vpc(endpoints=(an_interface("s3", inbound_resolver_only=True),))

    found = ask(vpc, "s3.eu-west-1.amazonaws.com")

    assert found.leads is Leads.PUBLIC
    assert any("inbound Resolver endpoints" in h.why for h in found.hops)


# ---- attributes and name servers ----------------------------------------------------------------------------------


def test_without_dns_support_nothing_answers() -> None:
    vpc = a_vpc(dns=Dns(support=False, hostnames=False), endpoints=WITH_SQS.endpoints)

    assert (ask(vpc).leads, ask(vpc).cause) == (Leads.NOWHERE, Cause.SUPPORT_OFF)


def test_without_dns_hostnames_neither_endpoints_nor_zones_answer_but_rules_do() -> None:
    vpc = a_vpc(dns=Dns(support=True, hostnames=False), endpoints=WITH_SQS.endpoints)

    assert (ask(vpc).leads, ask(vpc).cause) == (Leads.PUBLIC, Cause.HOSTNAMES_OFF)
    assert ask(vpc, zones=(a_zone(),)).cause is Cause.HOSTNAMES_OFF
    assert ask(vpc, rules=(a_forward(),)).cause is Cause.RULE


@pytest.mark.parametrize(
    "servers", [("AmazonProvidedDNS",), ("10.0.0.2",), ("169.254.169.253",), ("fd00:ec2::253",), ()]
)
def test_amazons_resolver_has_several_addresses(servers: tuple[str, ...]) -> None:
    assert ask(name_servers=servers).is_certain


@pytest.mark.parametrize("server", ["10.0.0.3", "10.1.0.2", "8.8.8.8"])
def test_other_name_servers_make_all_that_follows_uncertain(server: str) -> None:
    found = ask(name_servers=("AmazonProvidedDNS", server))

    assert (found.leads, found.is_certain) == (Leads.ENDPOINT, False)
    assert server in found.hops[0].why


@pytest.mark.parametrize("facet", [Facet.DHCP, Facet.FIREWALL, Facet.RULES, Facet.ZONES, Facet.PROFILES])
def test_what_could_not_be_read_is_unknown_and_never_taken_for_absent(facet: Facet) -> None:
    found = ask(unread={facet: "AccessDenied: no"})

    assert not found.is_certain
    assert any("AccessDenied: no" in h.why and h.mark is Mark.UNKNOWN for h in found.hops)


# ---- DNS Firewall -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("domain", [SQS, "*.amazonaws.com", "*.eu-west-1.amazonaws.com", "*"])
def test_dns_firewall_blocks_before_anybody_answers(domain: str) -> None:
    found = ask(firewall=(a_block(domain),))

    assert (found.leads, found.cause, found.decided_by) == (Leads.NOWHERE, Cause.FIREWALL, "rslvr-frg-1")


@pytest.mark.parametrize(
    "domain", ["amazonaws.com", f"*.{SQS}", "*.us-east-1.amazonaws.com", "qs.eu-west-1.amazonaws.com"]
)
def test_dns_firewall_lets_other_names_through(domain: str) -> None:
    assert ask(firewall=(a_block(domain),)).leads is Leads.ENDPOINT


@pytest.mark.parametrize("action", ["ALLOW", "ALERT"])
def test_the_first_rule_that_matches_decides(action: str) -> None:
    before = a_block(SQS, action=action, response="", priority=1)
    block = a_block("*.amazonaws.com", priority=2)

    assert ask(firewall=(block, before)).leads is Leads.ENDPOINT
    assert ask(firewall=(a_block(SQS, action=action, priority=3), block)).leads is Leads.NOWHERE
    earlier_group = a_block(SQS, action=action, priority=9, group_priority=100)
    assert ask(firewall=(block, earlier_group)).leads is Leads.ENDPOINT


def test_lists_of_awss_own_are_noted_and_block_no_aws_service() -> None:
    found = ask(firewall=(a_block(domains=None),))

    assert found.leads is Leads.ENDPOINT
    assert any(h.mark is Mark.NOTE and h.what == "DNS Firewall" for h in found.hops)


# ---- zones --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("domain", ["eu-west-1.amazonaws.com", "amazonaws.com", "com"])
def test_a_zone_of_a_parent_does_not_take_a_name_from_its_endpoint(domain: str) -> None:
    """The most specific domain answers; the endpoint's is the whole name."""
    assert ask(zones=(a_zone(domain),)).leads is Leads.ENDPOINT


@pytest.mark.parametrize("domain", [SQS, "eu-west-1.amazonaws.com", "amazonaws.com"])
def test_a_zone_without_the_record_answers_that_there_is_no_such_name(domain: str) -> None:
    found = ask(a_vpc(), zones=(a_zone(domain),))

    assert (found.leads, found.cause, found.decided_by) == (Leads.NOWHERE, Cause.ZONE, f"Z-{domain}")
    assert "NXDOMAIN" in found.hops[-1].why


@pytest.mark.parametrize(
    "domain", [f"x.{SQS}", "sns.eu-west-1.amazonaws.com", "notamazonaws.com", "qs.eu-west-1.amazonaws.com"]
)
def test_a_zone_beside_the_name_or_below_it_does_not_matter(domain: str) -> None:
    assert ask(zones=(a_zone(domain),)).leads is Leads.ENDPOINT
    assert ask(a_vpc(), zones=(a_zone(domain),)).cause is Cause.PUBLIC_DNS


def test_of_two_zones_the_more_specific_one_answers() -> None:
    zones = (a_zone("amazonaws.com"), a_zone(SQS, "10.9.9.9"))

    assert ask(a_vpc(), zones=zones).leads is Leads.CENTRAL


@pytest.mark.parametrize(
    ("target", "leads"),
    [
        (CENTRAL, Leads.CENTRAL),
        ("10.20.0.7", Leads.CENTRAL),
        ("fd00::7", Leads.CENTRAL),
        ("54.239.0.1", Leads.PUBLIC),
        ("proxy.example.com", Leads.ELSEWHERE),
    ],
)
def test_a_record_leads_where_its_target_is(target: str, leads: Leads) -> None:
    assert ask(a_vpc(), zones=(a_zone(SQS, target),)).leads is leads


def test_a_record_may_lead_to_an_endpoint_of_the_vpc_itself() -> None:
    """People make their own zones where private DNS is off."""
    own = "vpce-sqs-y.sqs.eu-west-1.vpce.amazonaws.com"
    vpc = a_vpc(endpoints=(an_interface("sqs", private_dns=False, dns_names=(own,)),))

    found = ask(vpc, zones=(a_zone(SQS, own),))

    assert (found.leads, found.endpoint) == (Leads.ENDPOINT, vpc.endpoints[0])


def test_wildcards_speak_for_names_that_nothing_nearer_has() -> None:
    wild = Record(name="*.amazonaws.com", type="A", targets=("10.9.9.9",))
    beside = Record(name="sns.eu-west-1.amazonaws.com", type="A", targets=("10.9.9.8",))

    assert ask(a_vpc(), zones=(a_zone("amazonaws.com", records=(wild,)),)).leads is Leads.CENTRAL
    # eu-west-1.amazonaws.com exists because of the name beside, so the wildcard above it is silent (RFC 4592).
    assert ask(a_vpc(), zones=(a_zone("amazonaws.com", records=(wild, beside)),)).leads is Leads.NOWHERE


@pytest.mark.parametrize(("domain", "leads"), [("amazonaws.com", Leads.ELSEWHERE), (SQS, Leads.CENTRAL)])
def test_the_contents_of_a_zone_of_others_are_unknown_and_one_named_like_the_service_is_for_endpoints(
    domain: str, leads: Leads
) -> None:
    found = ask(a_vpc(), zones=(a_zone(domain, records=None),))

    assert (found.leads, found.is_certain) == (leads, False)


def test_zones_that_aws_keeps_for_endpoints_are_those_of_the_endpoints() -> None:
    hidden = HostedZone(id="Z-aws", name=SQS, owner="vpce.amazonaws.com", records=None)

    assert ask(zones=(hidden,)).cause is Cause.ENDPOINT
    assert ask(a_vpc(), zones=(hidden,)).cause is Cause.PUBLIC_DNS


# ---- rules ---------------------------------------------------------------------------------------------------------


def test_a_rule_of_the_same_name_takes_it_from_the_endpoint_and_from_a_zone() -> None:
    assert ask(rules=(a_forward(),)).leads is Leads.ELSEWHERE
    assert ask(a_vpc(), rules=(a_forward(),), zones=(a_zone(SQS, "10.9.9.9"),)).cause is Cause.RULE


@pytest.mark.parametrize("domain", ["eu-west-1.amazonaws.com", "amazonaws.com", "com", ""])
def test_a_rule_of_a_parent_does_not(domain: str) -> None:
    assert ask(rules=(a_forward(domain),)).leads is Leads.ENDPOINT
    assert ask(a_vpc(), rules=(a_forward(domain),)).cause is Cause.RULE


def test_a_system_rule_gives_the_name_back_to_amazons_resolver() -> None:
    rules = (a_forward("amazonaws.com"), a_forward(SQS, kind=RuleKind.SYSTEM, targets=()))

    assert ask(a_vpc(), rules=rules).hops[2].mark is Mark.YES
    assert ask(rules=rules).leads is Leads.ENDPOINT


def test_the_rule_that_every_vpc_has_forwards_nothing() -> None:
    internet = a_forward("", kind=RuleKind.RECURSIVE, targets=())

    assert ask(a_vpc(), rules=(internet,)).cause is Cause.PUBLIC_DNS


# ---- Route 53 Profiles ----------------------------------------------------------------------------------------------


def test_the_vpcs_own_zone_comes_before_a_profiles_of_the_same_name() -> None:
    shared = a_zone(SQS, "10.9.9.9", profile="rp-1")
    own = HostedZone(id="Z-own", name=SQS, owner="123456789012", records=())

    assert ask(a_vpc(), zones=(shared, own)).decided_by == "Z-own"


def test_a_profiles_more_specific_zone_comes_first() -> None:
    assert ask(a_vpc(), zones=(a_zone("amazonaws.com"), a_zone(SQS, CENTRAL, profile="rp-1"))).leads is Leads.CENTRAL


def test_a_profile_may_bring_an_endpoints_names() -> None:
    shared = ProfileEndpoint(id="vpce-0c", profile="rp-1", names=(SQS,))

    assert ask(a_vpc(), profile_endpoints=(shared,)).leads is Leads.CENTRAL
    assert ask(profile_endpoints=(shared,)).decided_by == "vpce-sqs"  # the VPC's own comes first


def test_a_profiles_endpoint_that_we_cannot_see_into_may_have_the_name() -> None:
    shared = ProfileEndpoint(id="vpce-0c", profile="rp-1", names=None)

    found = ask(a_vpc(), profile_endpoints=(shared,))

    assert (found.leads, found.is_certain) == (Leads.PUBLIC, False)


# ---- services -------------------------------------------------------------------------------------------------------


def test_services_that_are_served_from_elsewhere_are_told_with_their_endpoint() -> None:
    zones = (a_zone(SQS, CENTRAL), a_zone("sns.eu-west-1.amazonaws.com"))

    assert served_centrally(a_vpc(), Network(zones=zones), CATALOG) == {
        "com.amazonaws.eu-west-1.sqs": f"sqs leads to {CENTRAL} by Z-{SQS}"
    }


def who_has(*zones: HostedZone, vpc: Vpc | None = None) -> dict[str, Taken]:
    found = taken_names(vpc or a_vpc(), Network(zones=zones), CATALOG)
    return {s.removeprefix("com.amazonaws.eu-west-1."): taken for s, taken in found.items()}


@pytest.mark.parametrize(
    ("why", "zone", "services"),
    [
        ("without a record", a_zone(SQS), {"sqs"}),
        ("with one", a_zone(SQS, "52.95.1.1"), {"sqs"}),
        ("a wildcard's", a_zone("dkr.ecr.eu-west-1.amazonaws.com"), {"ecr.dkr"}),
        ("of a domain above", a_zone("eu-west-1.amazonaws.com"), set()),
        ("of one below", a_zone(f"queue.{SQS}"), set()),
        ("of people's own", a_zone("example.com"), set()),
        ("a Profile's", a_zone(SQS, profile="rp-1"), set()),
        ("the endpoint's own", a_zone(SQS, owner="vpce.amazonaws.com"), set()),
    ],
)
def test_a_zone_takes_a_name_from_endpoints_if_it_is_called_by_it(
    why: str, zone: HostedZone, services: set[str]
) -> None:
    assert set(who_has(zone)) == services, why


def test_a_zone_that_has_a_name_may_lead_to_an_endpoint_all_the_same() -> None:
    there = a_vpc(endpoints=(an_interface("sqs", private_dns=False, dns_names=(CENTRAL,)),))

    assert who_has(a_zone(SQS, CENTRAL))["sqs"].is_served
    assert who_has(a_zone(SQS, CENTRAL), vpc=there)["sqs"].is_served
    assert not who_has(a_zone(SQS))["sqs"].is_served
    assert not who_has(a_zone(SQS, "52.95.1.1"))["sqs"].is_served


def test_of_several_zones_of_a_service_the_one_that_serves_nobody_is_in_the_way() -> None:
    two = an_offer("ecr.dkr", private_dns_names=("dkr-ecr.eu-west-1.on.aws", "dkr.ecr.eu-west-1.amazonaws.com"))
    zones = (a_zone("dkr-ecr.eu-west-1.on.aws", CENTRAL), a_zone("dkr.ecr.eu-west-1.amazonaws.com"))
    found = taken_names(a_vpc(), Network(zones=zones), a_catalog(two))

    assert found["com.amazonaws.eu-west-1.ecr.dkr"].zone == zones[1]


@pytest.mark.parametrize(
    ("rule", "is_forwarded"),
    [
        (a_forward(SQS), True),
        (a_forward("amazonaws.com"), False),  # the longer domain wins
        (a_forward(f"queue.{SQS}"), False),
        (a_forward(SQS, kind=RuleKind.SYSTEM), False),
        (a_forward(SQS, kind=RuleKind.RECURSIVE), False),
        (a_forward(SQS, profile="rp-1"), False),  # the VPC's own wins
    ],
)
def test_a_rule_for_the_very_name_keeps_it_from_an_endpoint(rule: ForwardingRule, *, is_forwarded: bool) -> None:
    """As `resolve` has it of an endpoint that is there."""
    found = forwarded_names(Network(rules=(rule,)), CATALOG)

    assert found == (
        {"com.amazonaws.eu-west-1.sqs": f"Resolver rule rslvr-{SQS} forwards {SQS}"} if is_forwarded else {}
    )
    assert (ask(rules=(rule,)).leads is Leads.ENDPOINT) is not is_forwarded


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        (SQS, [("sqs", Kind.INTERFACE)]),
        ("s3.eu-west-1.amazonaws.com", [("s3", Kind.GATEWAY), ("s3", Kind.INTERFACE)]),
        ("bucket.s3.eu-west-1.amazonaws.com", [("s3", Kind.GATEWAY), ("s3", Kind.INTERFACE)]),
        ("dynamodb.eu-west-1.amazonaws.com", [("dynamodb", Kind.GATEWAY)]),
        ("example.com", []),
    ],
)
def test_a_name_belongs_to_services(name: str, expected: list[Any]) -> None:
    found = services_of(name, CATALOG)

    assert [(o.service.rpartition(".")[2], o.kind) for o in found] == expected


LABELS = st.text(alphabet="ab", min_size=1, max_size=2)
DOMAINS = st.lists(LABELS, min_size=1, max_size=4).map(".".join)


@given(DOMAINS, DOMAINS)
def test_a_name_below_a_domain_is_the_domain_or_ends_with_a_dot_and_it(name: str, domain: str) -> None:
    below = name.split(".")[-len(domain.split(".")) :] == domain.split(".")

    assert is_below(name, domain) is below
    assert matches(name, f"*.{domain}") is (below and name != domain)


@given(st.lists(DOMAINS, max_size=4), st.lists(DOMAINS, max_size=4), DOMAINS)
def test_whatever_claims_a_name_one_with_the_longest_domain_answers(
    zones: list[str], rules: list[str], name: str
) -> None:
    found = ask(
        a_vpc(), name, zones=tuple(a_zone(z, "10.9.9.9") for z in zones), rules=tuple(a_forward(r) for r in rules)
    )

    claims = [d for d in (*zones, *rules) if is_below(name, d)]
    longest = max(claims, key=lambda d: d.count("."), default=None)
    if longest is None:
        assert found.cause is Cause.PUBLIC_DNS
    else:
        assert found.decided_by.partition("-")[2] == longest
