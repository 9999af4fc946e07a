"""Does every check see its sick VPC, and leave the healthy ones alone?"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.factories import (
    ACCOUNT,
    CATALOG,
    CIDR,
    FILE,
    IPV6,
    NARROW,
    NOW,
    ORGANIZATION,
    PLACE,
    REMOVAL,
    RETIREMENT,
    WISHES,
    a_catalog,
    a_gateway,
    a_group,
    a_plan,
    a_rule,
    a_subnet,
    a_table,
    a_vpc,
    a_wish,
    an_interface,
    an_offer,
    vpcs,
)
from tests.unit import sick_and_well
from vpce.core.checks import CHECKS, FREE, Subject, run_checks
from vpce.core.checks.check import by_hand, console
from vpce.core.findings import Finding, Severity, order_of
from vpce.core.model import Dns, Ingress
from vpce.core.network import HostedZone, Network
from vpce.core.plan import GRACE
from vpce.core.profile import Wish

if TYPE_CHECKING:
    from collections.abc import Iterator

    from vpce.core.checks import Check, Problem
    from vpce.core.model import Catalog, Vpc

OURS = (a_group(),)
SQS = a_wish(interface=["sqs"])
BOTH = (a_gateway("dynamodb"), a_gateway("s3"))
TAG = {"endpoint-profile": "test"}


def subject(vpc: Vpc, wish: Wish | None = FREE, *, refusal: str = "", catalog: Catalog | None = None) -> Subject:
    catalog = catalog or a_catalog()
    return Subject(vpc=vpc, catalog=catalog, plan=a_plan(vpc, wish, catalog) if wish else None, refusal=refusal)


def tagged(**changes: object) -> Vpc:
    return a_vpc(**({"tags": TAG} | changes))


def with_sqs(*, ingress: tuple[Ingress, ...] = (), dns: Dns | None = None, **changes: object) -> Vpc:
    """A VPC whose profile asks for SQS, and an endpoint for it."""
    return tagged(
        endpoints=(an_interface("sqs", **changes),),
        security_groups=(a_group(*ingress),),
        dns=dns or Dns(support=True, hostnames=True),
    )


def with_gateway(tables: frozenset[str] = frozenset({"rtb-main"}), **changes: object) -> Vpc:
    return tagged(endpoints=(a_gateway("dynamodb"), a_gateway("s3", route_tables=tables, **changes)))


CLOSED = a_wish(interface=["sqs"], policy=ORGANIZATION)
CLOSED_S3 = a_wish(gateway=["dynamodb", "s3"], policy=ORGANIZATION)
REFUSED = subject(tagged(), None, refusal="endpoint-profile = 'tset': no profile 'tset'")
HEALTHY = subject(with_sqs(), SQS)

# check → (what makes the sick one sick, the sick one, what a finding says)
SICK: dict[str, list[tuple[str, Subject, str]]] = {
    "unknown-profile": [("a misspelt tag", REFUSED, "no profile 'tset'")],
    "vanished-tag": [
        (
            "ours without a tag",
            subject(a_vpc(endpoints=(*BOTH, an_interface(made_for="lambda")), security_groups=OURS), RETIREMENT),
            "3 endpoints made for lambda, test, and no tag endpoint-profile",
        ),
        (
            "ours, marked already",
            subject(a_vpc(endpoints=(an_interface(delete_after=NOW),)), RETIREMENT),
            "and no tag endpoint-profile; they go from 2026-03-04 12:00 UTC on",
        ),
    ],
    "unfulfilled-profile": [
        ("a service that is not offered", subject(tagged(), a_wish(interface=["nothing"])), "offers no interface"),
        ("no free address", subject(tagged(subnets=(a_subnet(free_addresses=0),)), SQS), "has a free IPv4 address"),
        ("a failed endpoint of ours", subject(with_sqs(state="failed"), SQS), "vpce-sqs is failed"),
        (
            "somebody else's gateway leaves a table out",
            subject(
                tagged(route_tables=(a_table(), a_table("x")), endpoints=(a_gateway(is_ours=False),)),
                a_wish(gateway=["s3"]),
            ),
            "does not cover rtb-x",
        ),
        (
            "somebody else's endpoint holds our group",
            subject(tagged(endpoints=(an_interface(is_ours=False),), security_groups=OURS), REMOVAL),
            "take it off there first",
        ),
    ],
    "drifted-from-profile": [
        ("a missing interface", subject(tagged(), SQS), "sqs: no interface endpoint"),
        ("a missing security group", subject(tagged(), SQS), "need one that lets the VPC in"),
        ("DNS off before anything is made", subject(tagged(dns=Dns(support=True, hostnames=False)), SQS), "hostnames"),
        ("a missing zone", subject(with_sqs(subnets=frozenset({"subnet-a"})), SQS), "sqs vpce-sqs: no interface in"),
        ("a rule too many", subject(with_sqs(ingress=(a_rule(), a_rule(port=1))), SQS), "sg-ours: its rules follow"),
        ("another policy", subject(with_sqs(), CLOSED), "sqs vpce-sqs: its endpoint policy is not the profile's"),
        ("another policy and no names", subject(with_sqs(private_dns=False), CLOSED), "its endpoint policy is not"),
        ("another policy and a table", subject(with_gateway(frozenset()), CLOSED_S3), "its endpoint policy is not"),
        ("ours where none is wanted", subject(with_sqs(), REMOVAL), "sqs vpce-sqs is still there"),
        ("a group where none is wanted", subject(tagged(security_groups=OURS), REMOVAL), "sg-ours is still there"),
    ],
    "unsettled-endpoint": [
        ("ours is going", subject(with_sqs(state="deleting"), SQS), "then sqs is made anew"),
        ("a change must wait", subject(with_sqs(state="pending", private_dns=False), SQS), "it is pending; then"),
    ],
    "unwanted-endpoint": [
        ("a profile that shrank", subject(with_sqs(), a_wish(gateway=["s3"])), "profile test does not ask for it"),
        (
            "a profile that shrank lately",
            subject(with_sqs(delete_after=NOW + GRACE), a_wish(gateway=["s3"])),
            "it goes after 2026-03-05 12:00 UTC",
        ),
        (
            "two of ours for one service",
            subject(tagged(endpoints=(an_interface(), an_interface(id="vpce-x", private_dns=False)),
                           security_groups=OURS), SQS),
            "also ours, serves sqs",
        ),
    ],
    "missing-gateway-endpoint": [
        ("no gateway at all", subject(a_vpc()), "no gateway endpoint for s3"),
        ("one of two", subject(a_vpc(endpoints=(a_gateway("s3", is_ours=False),))), "for dynamodb"),
        ("a profile that asks for it", subject(tagged(subnets=()), a_wish(gateway=["s3"])), "for s3"),
    ],
    "uncovered-route-table": [
        (
            "a table with a subnet and no route",
            subject(a_vpc(
                route_tables=(a_table(), a_table("private", subnets=frozenset({"subnet-a"}))),
                endpoints=(a_gateway("s3", is_ours=False),),
            )),
            "rtb-private has no route to s3 (vpce-s3-gateway)",
        ),
    ],
    "broken-private-dns": [
        ("DNS support off", subject(with_sqs(dns=Dns(support=False, hostnames=True)), SQS), "DNS support is off"),
        ("DNS hostnames off", subject(with_sqs(dns=Dns(support=True, hostnames=False)), SQS), "DNS hostnames is off"),
        ("private DNS off", subject(with_sqs(private_dns=False), SQS), "sqs vpce-sqs: private DNS is off, though"),
        ("somebody else's too", subject(a_vpc(endpoints=(an_interface(is_ours=False, private_dns=False),))), "is off"),
    ],
    "unavailable-endpoint": [
        (state, subject(with_sqs(state=state), SQS), f"sqs vpce-sqs is {state}")
        for state in ("failed", "rejected", "expired", "pendingacceptance", "partial")
    ] + [("with AWS's reason", subject(with_sqs(state="failed", failure="quota"), SQS), "is failed: quota")],
    "closed-security-group": [
        ("no rule", subject(with_sqs(ingress=(a_rule(port=80),)), SQS), "10.0.0.0/16 on port 443, in front of sqs"),
        ("half of the VPC", subject(with_sqs(ingress=(a_rule("10.0.0.0/24"),)), SQS), "closed to 10.0.0.0/16"),
        (
            "a second CIDR",
            subject(replace(with_sqs(), cidrs=(CIDR, "10.1.0.0/16")), SQS),
            "closed to 10.1.0.0/16 on port 443",
        ),
        (
            "IPv6",
            subject(replace(with_sqs(address_type="dualstack"), cidrs=(CIDR, IPV6)), SQS),
            "closed to 2001:db8:1::/56 on port 443",
        ),
        (
            "the wrong port",
            subject(tagged(endpoints=(an_interface("cassandra", is_ours=False),), security_groups=OURS)),
            "closed to 10.0.0.0/16 on port 9142",
        ),
    ],
}  # fmt: skip

WELL: dict[str, list[tuple[str, Subject]]] = {
    "unknown-profile": [("a known profile", HEALTHY)],
    "vanished-tag": [
        ("the tag is there", HEALTHY),
        ("a default profile asked for it", subject(a_vpc(endpoints=(a_gateway("s3", made_for="default/gateway"),)))),
        ("it is gone", subject(a_vpc(endpoints=(an_interface(state="deleted"),)), RETIREMENT)),
    ],
    "unfulfilled-profile": [
        ("everything is there", HEALTHY),
        ("an optional service is not offered", subject(tagged(), a_wish(optional=["nothing"]))),
        ("no profile, and a service that is not offered", subject(a_vpc(), catalog=a_catalog(an_offer("sqs")))),
        ("the tags cannot be used", REFUSED),
    ],
    "drifted-from-profile": [
        ("everything is there", HEALTHY),
        ("no profile", subject(a_vpc())),
        ("a missing gateway is told as such", subject(tagged(), a_wish(gateway=["s3"]))),
        ("DNS that breaks names is told as such", subject(with_sqs(dns=Dns(support=True, hostnames=False)), SQS)),
        ("nothing of ours where none is wanted", subject(tagged(), REMOVAL)),
        ("the tags cannot be used", REFUSED),
    ],
    "unsettled-endpoint": [
        ("it is as asked", HEALTHY),
        ("somebody else's is going", subject(a_vpc(endpoints=(an_interface("sns", is_ours=False, state="deleting"),)))),
        ("the tags cannot be used", REFUSED),
    ],
    "unwanted-endpoint": [
        ("everything is wanted", HEALTHY),
        ("somebody else's", subject(tagged(endpoints=(an_interface("sns", is_ours=False),)), a_wish(gateway=["s3"]))),
        ("it is going", subject(with_sqs(state="deleting"), a_wish(gateway=["s3"]))),
        ("it is gone", subject(with_sqs(state="deleted"), a_wish(gateway=["s3"]))),
        ("the tags cannot be used", REFUSED),
    ],
    "missing-gateway-endpoint": [
        ("both are there", subject(a_vpc(endpoints=BOTH))),
        ("somebody else made them", subject(a_vpc(endpoints=tuple(replace(e, is_ours=False) for e in BOTH)))),
        ("no subnet that could use one", subject(a_vpc(subnets=()))),
        ("the profile asks for none", HEALTHY),
        ("the tags cannot be used", REFUSED),
    ],
    "uncovered-route-table": [
        ("every table has it", subject(a_vpc(endpoints=BOTH))),
        ("a table without subnets", subject(a_vpc(route_tables=(a_table(), a_table("x")), endpoints=BOTH))),
        ("a gateway's own table", subject(a_vpc(route_tables=(a_table(), a_table("e", is_edge=True)), endpoints=BOTH))),
        ("it is leaving", subject(a_vpc(endpoints=(a_gateway(state="deleting", route_tables=frozenset()),)))),
        (
            "two gateways cover the tables together",
            subject(a_vpc(
                route_tables=(a_table(), a_table("x", subnets=frozenset({"subnet-a"}))),
                endpoints=(a_gateway(), a_gateway(id="vpce-2", route_tables=frozenset({"rtb-x"}))),
            )),
        ),
    ],
    "broken-private-dns": [
        ("all is on", HEALTHY),
        ("no endpoint has private names", subject(a_vpc(dns=Dns(support=False, hostnames=False)))),
        ("nobody needed the attributes", subject(a_vpc(dns=None, endpoints=BOTH))),
        (
            "a twin has the names",
            subject(a_vpc(endpoints=(an_interface(private_dns=False), an_interface(id="vpce-twin")))),
        ),
        ("S3 beside its gateway", subject(a_vpc(endpoints=(a_gateway("s3"), an_interface("s3", private_dns=False))))),
        (
            "a service without private names",
            subject(with_sqs(private_dns=False), SQS, catalog=a_catalog(an_offer("sqs", private_dns_names=()))),
        ),
        ("it is leaving", subject(a_vpc(endpoints=(an_interface(private_dns=False, state="deleting"),)))),
    ],
    "unavailable-endpoint": [
        (state, subject(with_sqs(state=state), SQS)) for state in ("available", "pending", "deleting", "deleted")
    ],
    "closed-security-group": [
        ("open to the VPC", HEALTHY),
        ("open to everybody", subject(with_sqs(ingress=(a_rule("0.0.0.0/0", first=0, last=65535),)), SQS)),
        ("open to each subnet", subject(with_sqs(ingress=(a_rule("10.0.0.0/24"), a_rule("10.0.1.0/24"))), SQS)),
        ("open to a group", subject(with_sqs(ingress=(a_rule("sg-clients"),)), SQS)),
        ("open to a prefix list", subject(with_sqs(ingress=(a_rule("pl-office"),)), SQS)),
        ("a group that we cannot see", subject(a_vpc(endpoints=(an_interface(),)))),
        ("two groups together", subject(tagged(
            endpoints=(an_interface(security_groups=frozenset({"sg-1", "sg-2"})),),
            security_groups=(a_group(a_rule(port=80), id="sg-1"), a_group(id="sg-2", is_ours=False)),
        ))),
        ("a gateway has none", subject(a_vpc(endpoints=BOTH))),
        ("it is leaving", subject(tagged(
            endpoints=(an_interface(state="deleting"),), security_groups=(a_group(a_rule(port=80)),)
        ))),
        ("it has no IPv6 itself", subject(replace(with_sqs(), cidrs=(CIDR, IPV6)), SQS)),
        ("it has IPv6 only", subject(
            replace(with_sqs(address_type="ipv6", ingress=(a_rule(IPV6),)), cidrs=(CIDR, IPV6)), SQS
        )),
    ],
}  # fmt: skip


SICK |= sick_and_well.SICK
WELL |= sick_and_well.WELL


def found(check: str, sick: Subject) -> list[Finding]:
    return [f for f in run_checks(sick).findings if f.check == check]


def problems(measured: Subject) -> list[Finding]:
    """What people are told of."""
    return [f for f in run_checks(measured).findings if f.severity > Severity.INFO]


@pytest.mark.parametrize(
    ("check", "sick", "expected"),
    [pytest.param(c, s, e, id=f"{c}: {why}") for c, rows in SICK.items() for why, s, e in rows],
)
def test_a_sick_vpc_is_found(check: str, sick: Subject, expected: str) -> None:
    findings = found(check, sick)

    assert [f for f in findings if expected in f.what], findings


@pytest.mark.parametrize(
    ("check", "healthy"), [pytest.param(c, s, id=f"{c}: {why}") for c, rows in WELL.items() for why, s in rows]
)
def test_a_healthy_vpc_is_left_alone(check: str, healthy: Subject) -> None:
    assert found(check, healthy) == []


def test_every_check_has_a_sick_and_a_healthy_vpc() -> None:
    of_vpcs = set(CHECKS) - {"expired-ignore"}  # of the file of ignores: test_ignores.py
    assert of_vpcs == set(SICK) == set(WELL)


@pytest.mark.parametrize("check", CHECKS.values(), ids=CHECKS)
def test_a_check_says_in_sentences_what_and_why(check: Check) -> None:
    assert check.title.endswith(".")
    assert check.why.endswith(".")


EVERY_SICK = [pytest.param(s, id=f"{c}: {why}") for c, rows in SICK.items() for why, s, _ in rows]


@pytest.mark.parametrize("sick", EVERY_SICK)
def test_a_finding_names_its_place_and_has_a_fix_to_paste(sick: Subject) -> None:
    for finding in run_checks(sick).findings:
        assert (PLACE, sick.vpc.id) == (finding.place, finding.vpc)
        assert finding.resource
        assert finding.fix
        assert "aws ec2" not in finding.fix or f"--region {PLACE.region}" in finding.fix


@pytest.mark.parametrize("sick", EVERY_SICK)
def test_the_same_problem_has_the_same_id_on_every_run(sick: Subject) -> None:
    """Whoever tracks findings sees them new, open, and resolved."""
    renamed = replace(sick, vpc=replace(sick.vpc, tags={**sick.vpc.tags, "Name": "renamed"}))

    assert [f.id for f in run_checks(sick).findings] == [f.id for f in run_checks(renamed).findings]


ALL_AT_ONCE = [
    subject(tagged(dns=Dns(support=False, hostnames=False)), SQS),
    subject(tagged(subnets=(a_subnet("a", free_addresses=0), a_subnet("b", free_addresses=0))), SQS),
    subject(with_sqs(dns=Dns(support=False, hostnames=False), ingress=(a_rule(port=80),), state="failed"), SQS),
    subject(a_vpc(route_tables=(a_table(), a_table("x", subnets=frozenset({"subnet-a"}))), endpoints=BOTH)),
    subject(a_vpc(cidrs=(CIDR, "10.1.0.0/16"), endpoints=(an_interface("email-smtp"),), security_groups=OURS)),
]


@pytest.mark.parametrize("sick", [*EVERY_SICK, *ALL_AT_ONCE])
def test_no_two_findings_of_a_vpc_share_an_id(sick: Subject) -> None:
    ids = [f.id for f in run_checks(sick).findings]

    assert len(set(ids)) == len(ids)


def test_an_id_tells_places_vpcs_checks_and_resources_apart() -> None:
    finding = found("missing-gateway-endpoint", subject(a_vpc()))[0]
    others = [
        replace(finding, place=replace(PLACE, region="us-east-1")),
        replace(finding, place=replace(PLACE, account="210987654321")),
        replace(finding, vpc="vpc-00000000"),
        replace(finding, check="another"),
        replace(finding, resource="another"),
    ]

    assert len({f.id for f in (finding, *others)}) == 6
    assert finding.id == replace(finding, what="in other words", severity=Severity.LOW).id


def test_an_id_does_not_change_from_version_to_version() -> None:
    """It is kept outside; a change would resolve and reopen every finding."""
    finding = Finding(
        check="missing-gateway-endpoint",
        severity=Severity.MEDIUM,
        title="t",
        why="w",
        place=PLACE,
        vpc="vpc-0123456789abcdef0",
        vpc_name="",
        resource="s3 (Gateway)",
        what="what",
        fix="fix",
    )

    assert finding.id == "170651a248e79303"


def test_the_worst_comes_first() -> None:
    findings = list(run_checks(ALL_AT_ONCE[2]).findings)

    assert sorted(findings, key=order_of) == findings
    assert sorted((f.severity for f in findings), reverse=True) == [f.severity for f in findings]


@settings(max_examples=400)
@given(vpcs(), WISHES | st.just(REMOVAL))
def test_where_there_is_something_to_do_there_is_a_finding(vpc: Vpc, wish: Wish) -> None:
    """A check that says "another one tells it" must be right."""
    measured = subject(vpc, wish, catalog=CATALOG)
    findings = problems(measured)

    assert measured.plan is not None
    assert bool(findings) or measured.plan.actions == ()
    assert len({f.id for f in findings}) == len(findings)


@pytest.mark.parametrize(
    "vpc",
    [
        pytest.param(
            tagged(
                dns=Dns(support=True, hostnames=False),
                endpoints=(an_interface("sns", is_ours=False, state="deleting"), an_interface(private_dns=False)),
                security_groups=OURS,
            ),
            id="the endpoint whose names do not resolve is leaving",
        ),
        pytest.param(with_sqs(ingress=(a_rule("10.0.0.0/24"), a_rule("10.0.1.0/24"))), id="rules for each subnet"),
    ],
)
def test_what_is_mended_is_told(vpc: Vpc) -> None:
    measured = subject(vpc, SQS)

    assert measured.plan is not None
    assert measured.plan.actions
    assert problems(measured)


def test_private_dns_that_is_switched_on_beside_a_gateway_is_told() -> None:
    vpc = tagged(endpoints=(a_gateway("s3"), an_interface("s3", private_dns=False)), security_groups=OURS)
    measured = subject(vpc, a_wish(gateway=["s3"], interface=["s3"]))

    assert measured.plan is not None
    assert measured.plan.actions == () or problems(measured)


def test_a_check_that_raises_fails_the_audit(monkeypatch: pytest.MonkeyPatch) -> None:
    """A broken alarm must not be silent."""

    def broken(_: Subject) -> Iterator[Problem]:
        raise ZeroDivisionError

    monkeypatch.setitem(CHECKS, "broken", replace(CHECKS["vanished-tag"], id="broken", rule=broken))

    with pytest.raises(ZeroDivisionError):
        run_checks(HEALTHY)


def test_a_vpc_that_follows_its_profile_has_no_finding() -> None:
    wish = a_wish(gateway=["dynamodb", "s3"], interface=["sqs"])
    vpc = tagged(endpoints=(*BOTH, an_interface("sqs")), security_groups=OURS)

    assert problems(subject(vpc, wish)) == []


def test_a_vpc_that_asks_for_nothing_is_measured_against_what_is_free() -> None:
    sick = subject(a_vpc())

    assert not sick.follows_a_profile
    assert {f.check for f in problems(sick)} == {"missing-gateway-endpoint"}


def test_a_vpc_whose_owner_is_somebody_else_is_told_nothing() -> None:
    """Its owner makes the endpoints, and we do not see them."""
    shared = a_vpc(owner="210987654321")

    assert shared.owner != ACCOUNT
    assert problems(subject(shared, Wish(profile=None, why="account 210987654321 owns this VPC"))) == []


def test_the_fix_of_a_missing_gateway_can_be_pasted() -> None:
    (first, _) = found("missing-gateway-endpoint", subject(a_vpc(route_tables=(a_table(), a_table("x")))))

    assert first.fix == (
        "aws ec2 create-vpc-endpoint --region eu-west-1 --vpc-id vpc-0123456789abcdef0 "
        "--service-name com.amazonaws.eu-west-1.dynamodb --route-table-ids rtb-main rtb-x\n"
        "Or let vpce do it: aws ec2 create-tags --region eu-west-1 --resources vpc-0123456789abcdef0 "
        "--tags Key=endpoint-profile,Value=gateway\n"
        "Console: VPC > Your VPCs > vpc-0123456789abcdef0: https://eu-west-1.console.aws.amazon.com/vpcconsole/home"
        "?region=eu-west-1#VpcDetails:VpcId=vpc-0123456789abcdef0"
    )


@pytest.mark.parametrize(
    ("cidr", "expected"),
    [(CIDR, "IpRanges=[{CidrIp=10.0.0.0/16}]"), ("2001:db8::/56", "Ipv6Ranges=[{CidrIpv6=2001:db8::/56}]")],
)
def test_the_fix_of_a_closed_group_is_of_the_family_of_the_cidr(cidr: str, expected: str) -> None:
    vpc = replace(with_sqs(ingress=(a_rule(port=80),), address_type="dualstack"), cidrs=(cidr,))
    (finding,) = found("closed-security-group", subject(vpc, SQS))

    assert finding.fix.splitlines()[0].endswith(f"IpProtocol=tcp,FromPort=443,ToPort=443,{expected}")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("vpce-0123456789abcdef0 private DNS", "VPC > Endpoints > vpce-0123456789abcdef0: https://eu-west-1.console"),
        ("rslvr-frg-0123456789abcdef", "VPC > DNS firewall > Rule groups > rslvr-frg-0123456789abcdef"),
        ("rslvr-rr-0123456789abcdef", "Route 53 > Resolver > Rules > rslvr-rr-0123456789abcdef"),
        ("--route-table-ids rtb-0123456789abcdef0 vpc-0123456789abcdef0", "VPC > Route tables > rtb-0123456789abcdef0"),
    ],
)
def test_a_fix_ends_with_the_way_by_clicking(text: str, says: str) -> None:
    (line,) = by_hand(PLACE, text)

    assert line.startswith(f"Console: {says}")


def test_a_fix_about_nothing_that_the_console_shows_has_no_such_line() -> None:
    assert list(by_hand(PLACE, "ignores.toml [[ignore]] check=x")) == []


@pytest.mark.parametrize(
    ("region", "expected"),
    [
        ("eu-west-1", "https://eu-west-1.console.aws.amazon.com"),
        ("us-gov-west-1", "https://us-gov-west-1.console.amazonaws-us-gov.com"),
        ("cn-north-1", "https://cn-north-1.console.amazonaws.cn"),
    ],
)
def test_every_partition_has_a_console(region: str, expected: str) -> None:
    assert console(region) == expected


# ---- policies -----------------------------------------------------------------------------------------------------


def findings(check: str, of: Subject) -> list[Problem]:
    return list(CHECKS[check].rule(of))


def test_a_fix_of_private_dns_takes_the_zone_away_that_ec2_would_refuse_it_for() -> None:
    zone = HostedZone(id="Z1", name="sqs.eu-west-1.amazonaws.com", owner=ACCOUNT, records=())
    sick = subject(with_sqs(private_dns=False), SQS)
    (plain,) = found("broken-private-dns", sick)
    (taken,) = found("broken-private-dns", replace(sick, network=Network(zones=(zone,))))

    assert taken.fix.splitlines()[0].startswith("aws route53 disassociate-vpc-from-hosted-zone --hosted-zone-id Z1")
    assert taken.fix.splitlines()[1:] == plain.fix.splitlines()
    assert taken.id == plain.id


def test_an_endpoint_whose_service_takes_no_policy_is_not_called_open() -> None:
    """Nobody could close it."""
    odd = a_catalog(an_offer("sqs", takes_policy=False))

    assert findings("open-policy", subject(with_sqs(), SQS))
    assert not findings("open-policy", subject(with_sqs(), SQS, catalog=odd))


@pytest.mark.parametrize("policy", ["{", NARROW.replace("sqs:*", "sns:*")])
def test_who_has_a_policy_by_profile_is_told_to_mend_the_profile(policy: str) -> None:
    """What is changed by hand would be put back."""
    check = "unreadable-policy" if policy == "{" else "blocking-policy"
    by_profile, by_nobody = (a_wish(interface=["sqs"], policy=p) for p in (FILE, None))

    (told,) = findings(check, subject(with_sqs(policy=policy), by_profile))
    assert told.fix.endswith("give the profile another policy than 'ours.json'.")
    (told,) = findings(check, subject(with_sqs(policy=policy), by_nobody))
    assert "aws ec2 modify-vpc-endpoint --region eu-west-1 --vpc-endpoint-id vpce-sqs --policy-document '{" in told.fix
