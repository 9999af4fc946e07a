"""A sick and a healthy VPC for each check of names, ways, policies and room; the others' stand in test_checks.py."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

from tests.factories import (
    CIDR,
    REMOVAL,
    RETIREMENT,
    a_catalog,
    a_gateway,
    a_group,
    a_plan,
    a_subnet,
    a_table,
    a_vpc,
    a_wish,
    an_interface,
    an_offer,
)
from vpce.core.checks import FREE, Subject
from vpce.core.idle import Activity, activities, window
from vpce.core.model import Route, Vpc
from vpce.core.network import (
    AclEntry,
    FirewallRule,
    ForwardingRule,
    HostedZone,
    NatGateway,
    Network,
    NetworkAcl,
    Quotas,
    Record,
    RuleKind,
)

if TYPE_CHECKING:
    from vpce.core.profile import Wish

SECOND = an_interface(id="vpce-2", is_ours=False, private_dns=False)
NOW = "2026-11-24T12:00:00+00:00"
SQS_NAME = "sqs.eu-west-1.amazonaws.com"
CATALOG = a_catalog(an_offer("ecr.dkr"), an_offer("ecr.api"))
BOTH = (a_gateway("dynamodb"), a_gateway("s3"))
SQS = a_wish(interface=["sqs"])


def in_(vpc: Vpc, wish: Wish = FREE, *, quotas: Quotas | None = None, **network: Any) -> Subject:
    """A VPC with what surrounds it."""
    plan = a_plan(vpc, wish, CATALOG)
    return Subject(vpc=vpc, catalog=CATALOG, plan=plan, network=Network(**network), quotas=quotas, now=NOW)


def a_foreign(name: str = "sqs", **changes: Any) -> Vpc:
    """A VPC with the free gateways and one endpoint that somebody else made, behind a group that is open."""
    endpoint = an_interface(name, **({"is_ours": False} | changes))
    return a_vpc(endpoints=(*BOTH, endpoint), security_groups=(a_group(),))


def a_zone(name: str, *targets: str, records: bool = True, **changes: Any) -> HostedZone:
    apex = (Record(name=name, type="A", targets=targets),) if targets else ()
    return HostedZone(id="Z1", name=name, owner="123456789012", records=apex if records else None, **changes)


def a_rule_for(domain: str, **changes: Any) -> ForwardingRule:
    values: dict[str, Any] = {"id": "rslvr-rr-1", "domain": domain, "kind": RuleKind.FORWARD, "targets": ("10.9.0.2",)}
    return ForwardingRule(**(values | changes))


def a_block(*domains: str, **changes: Any) -> FirewallRule:
    values: dict[str, Any] = {
        "group_priority": 101,
        "priority": 2,
        "group": "rslvr-frg-1",
        "name": "no-aws",
        "action": "BLOCK",
        "domains": frozenset(domains),
    }
    return FirewallRule(**(values | changes))


OPEN = (AclEntry(number=100, egress=True, allow=True, protocol="-1", cidr="0.0.0.0/0"),)
OPEN_IN = (AclEntry(number=100, egress=False, allow=True, protocol="-1", cidr="0.0.0.0/0"),)


def an_acl(*entries: AclEntry, subnets: str = "b") -> NetworkAcl:
    return NetworkAcl(id=f"acl-{subnets}", subnets=frozenset(f"subnet-{s}" for s in subnets), entries=entries)


def tcp(number: int, *, egress: bool, allow: bool, first: int = 443, last: int = 443, cidr: str = CIDR) -> AclEntry:
    return AclEntry(number=number, egress=egress, allow=allow, protocol="6", cidr=cidr, first=first, last=last)


OTHERS = an_acl(*OPEN, *OPEN_IN, subnets="a")
EVERYWHERE = an_acl(*OPEN, *OPEN_IN, subnets="ab")
IN_A: dict[str, Any] = {"subnets": frozenset({"subnet-a"})}
"""An endpoint with an interface in one zone, so that subnet-b's packets cross to it."""


def activity(
    number: int, *, of: str = "vpce-sqs", created: str = "2025-01-01T00:00:00+00:00", others: int = 10**9
) -> dict[str, Activity]:
    """What CloudWatch has counted of an endpoint, and of another one somewhere in the place."""
    since, until = window(datetime.fromisoformat(NOW))
    vpc = a_vpc(endpoints=(an_interface(id=of, created=created),))
    return activities([vpc], {of: number, "vpce-other": others}, since=since, until=until)


IDLE = activity(0)


def policy(*statements: dict[str, Any]) -> str:
    return json.dumps({"Statement": list(statements)})


def allow(action: str = "*", resource: str = "*", **more: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Principal": "*", "Action": action, "Resource": resource} | more


MINE: dict[str, Any] = {"Condition": {"StringEquals": {"aws:ResourceAccount": "123456789012"}}}
FEW = Quotas(interface_endpoints_per_vpc=2, gateway_endpoints_per_region=20, gateway_endpoints=2)
MANY = Quotas(interface_endpoints_per_vpc=50, gateway_endpoints_per_region=20, gateway_endpoints=2)
ECR = a_vpc(
    endpoints=(a_gateway("dynamodb"), a_gateway("s3", policy=policy(allow("s3:*", "arn:aws:s3:::mine/*"))),
               an_interface("ecr.dkr", is_ours=False)),
    security_groups=(a_group(),),
)  # fmt: skip


def with_route(
    destination: str, *, is_blackhole: bool, subnets: frozenset[str] = frozenset(), main: bool = True
) -> Vpc:
    route = Route(destination=destination, target="nat-1", is_blackhole=is_blackhole)
    other = () if main else (a_table("main"),)
    table = a_table("main" if main else "x", routes=(route,), subnets=subnets)
    return a_vpc(endpoints=BOTH, route_tables=(*other, table))


def a_nat(**changes: Any) -> NatGateway:
    values: dict[str, Any] = {
        "id": "nat-1",
        "subnet": "subnet-a",
        "zone": "eu-west-1a",
        "is_public": True,
        "addresses": 1,
        "state": "available",
    }
    return NatGateway(**(values | changes))


# check → (what makes the sick one sick, the sick one, what a finding says)
SICK: dict[str, list[tuple[str, Subject, str]]] = {
    "unknown-ignore": [
        ("a misspelt check", in_(a_vpc(endpoints=BOTH, tags={"endpoint-audit": "open-polcy"})), "did you mean"),
        ("two words that exclude each other", in_(a_vpc(tags={"endpoint-audit": "off open-policy"})), "stands alone"),
    ],
    "shadowed-name": [
        ("a zone of the endpoint's very name", in_(a_foreign(private_dns=False), zones=(a_zone(SQS_NAME),)), SQS_NAME),
        ("a zone of all AWS names", in_(a_vpc(endpoints=BOTH), zones=(a_zone("amazonaws.com"),)), "answers for"),
        (
            "a zone of a parent, though the endpoint keeps its own name",
            in_(a_foreign(), zones=(a_zone("eu-west-1.amazonaws.com"),)),
            "has no record",
        ),
        (
            "a Profile's zone",
            in_(a_vpc(endpoints=BOTH), zones=(a_zone("sns.eu-west-1.amazonaws.com", profile="rp-1"),)),
            "brought by Route 53 Profile rp-1",
        ),
        (
            "a zone of others for all AWS names, where an endpoint is planned",
            in_(a_vpc(tags={"endpoint-profile": "t"}), SQS, zones=(a_zone("amazonaws.com", records=False),)),
            "is not ours to read",
        ),
    ],
    "forwarded-name": [
        ("a rule of its name", in_(a_foreign(), rules=(a_rule_for(SQS_NAME),)), f"forwards {SQS_NAME} to 10.9.0.2"),
    ],
    "blocked-name": [
        ("an interface's name", in_(a_foreign(), firewall=(a_block(SQS_NAME),)), f"blocks {SQS_NAME}"),
        ("all AWS names", in_(a_vpc(endpoints=BOTH), firewall=(a_block("*.amazonaws.com"),)), "s3.eu-west-1"),
        (
            "an ALLOW that comes too late",
            in_(a_foreign(), firewall=(a_block(SQS_NAME), a_block("*", action="ALLOW", priority=3))),
            "blocks",
        ),
    ],
    "foreign-name-servers": [
        ("a server on the premises", in_(a_foreign(), name_servers=("10.50.0.2",)), "instances ask 10.50.0.2"),
        ("one of two", in_(a_foreign(), name_servers=("AmazonProvidedDNS", "8.8.8.8")), "instances ask 8.8.8.8"),
    ],
    "blackhole-route": [
        ("a NAT gateway is gone", in_(with_route("0.0.0.0/0", is_blackhole=True)), "sends 0.0.0.0/0 to nat-1"),
        ("for IPv6", in_(with_route("::/0", is_blackhole=True)), "sends ::/0"),
        ("a prefix list", in_(with_route("pl-1", is_blackhole=True)), "sends pl-1"),
    ],
    "unused-nat-gateway": [
        ("no route leads there", in_(a_vpc(endpoints=BOTH), nat_gateways=(a_nat(),)), "has a route to nat-1"),
        (
            "the one route leads to another",
            in_(with_route("0.0.0.0/0", is_blackhole=False), nat_gateways=(a_nat(), a_nat(id="nat-2"))),
            "has a route to nat-2",
        ),
    ],
    "pending-too-long": [
        (
            "two hours",
            in_(a_foreign(state="pending", created="2026-11-24T10:00:00+00:00")),
            "has been pending since 2026-11-24T10:00:00+00:00",
        ),
    ],
    "duplicate-endpoint": [
        (
            "two of somebody else's",
            in_(a_vpc(
                endpoints=(*BOTH, an_interface(is_ours=False), SECOND),
                security_groups=(a_group(),),
            )),
            "sqs has vpce-sqs, and beside it vpce-2",
        ),
        (
            "ours and somebody else's",
            in_(a_vpc(
                tags={"endpoint-profile": "t"},
                endpoints=(an_interface(), SECOND),
                security_groups=(a_group(),),
            ), SQS),
            "beside it vpce-2",
        ),
    ],
    "paid-s3-endpoint": [
        ("its names are for the VPC", in_(a_foreign("s3")), "has the names in the VPC, beside a gateway endpoint"),
    ],
    "zone-without-interface": [
        ("instances in another zone", in_(a_foreign(**IN_A), workloads={"subnet-b": 3}), "no interface in eu-west-1b"),
    ],
    "default-security-group": [
        (
            "a forgotten parameter",
            in_(replace(a_foreign(), security_groups=(a_group(name="default", is_ours=False, is_default=True),))),
            "the default group, is on sqs",
        ),
    ],
    "closed-network-acl": [
        (
            "nothing may leave",
            in_(a_foreign(**IN_A), acls=(OTHERS, an_acl(*OPEN_IN))),
            "acl-b lets no connections out to 10.0.0.0/24 on port 443",
        ),
        (
            "answers may not come back",
            in_(a_foreign(**IN_A), acls=(OTHERS, an_acl(*OPEN, tcp(90, egress=False, allow=True)))),
            "acl-b lets no answers in from 10.0.0.0/24 on port 32768",
        ),
        (
            "a denial before the permission",
            in_(a_foreign(**IN_A), acls=(OTHERS, an_acl(tcp(1, egress=True, allow=False), *OPEN, *OPEN_IN))),
            "on port 443",
        ),
        (
            "half of the endpoint's subnet",
            in_(
                a_foreign(**IN_A),
                acls=(OTHERS, an_acl(tcp(1, egress=True, allow=False, cidr="10.0.0.128/25"), *OPEN, *OPEN_IN)),
            ),
            "out to 10.0.0.0/24",
        ),
    ],
    "blocking-policy": [
        ("ECR's layers", in_(ECR), "prod-eu-west-1-starport-layer-bucket"),
        (
            "only my own account's resources",
            in_(replace(ECR, endpoints=(a_gateway("s3", policy=policy(allow(**MINE))), ECR.endpoints[2]))),
            "layers of ECR images",
        ),
        (
            "only denials",
            in_(a_foreign(policy=policy({**allow("sqs:DeleteQueue"), "Effect": "Deny"}))),
            "sqs vpce-sqs blocks sqs:*",
        ),
        ("another service's actions", in_(a_foreign(policy=policy(allow("sns:*")))), "blocks sqs:*"),
    ],
    "unreadable-policy": [
        ("no JSON", in_(a_foreign(policy="{")), "sqs vpce-sqs: it is no JSON"),
        ("no Principal", in_(a_foreign(policy='{"Statement": {"Effect": "Allow"}}')), "statement 1 needs one of"),
    ],
    "open-policy": [
        ("none was given", in_(a_foreign()), "3 of 3 endpoints are open to everybody: dynamodb, s3, sqs"),
        ("it says so", in_(a_foreign(policy=policy(allow()))), "3 of 3"),
    ],
    "idle-endpoint": [
        ("no packet", in_(a_foreign(), activity=IDLE), "sqs vpce-sqs: no packet in 30 days"),
        ("ours", in_(a_vpc(endpoints=(an_interface(),)), a_wish(interface=["sqs"]), activity=IDLE), "no packet"),
        (
            "without its names",
            in_(a_foreign(private_dns=False), activity=IDLE),
            "no packet in 30 days; its private DNS is off",
        ),
        (
            "a tag that means nothing",
            in_(a_foreign(idle_tag="yes"), activity=IDLE),
            "endpoint-idle = 'yes' means nothing; the word is 'expected'",
        ),
    ],
    "quota-headroom": [
        (
            "two of two",
            in_(a_vpc(endpoints=(an_interface(), an_interface("sns"))), quotas=FEW),
            "2 of 2 interface endpoints of the VPC",
        ),
    ],
    "address-headroom": [
        (
            "seven left",
            in_(replace(a_foreign(), subnets=(a_subnet("a", free_addresses=7), a_subnet("b")))),
            "subnet-a in eu-west-1a has 7 free IPv4 addresses",
        ),
    ],
}  # fmt: skip

CENTRAL = "vpce-0c-x.sqs.eu-west-1.vpce.amazonaws.com"
GUARDDUTY = an_interface("guardduty-data", is_ours=False, requester_managed=True, private_dns=True)

# check → (why this VPC is well, the VPC)
WELL: dict[str, list[tuple[str, Subject]]] = {
    "unknown-ignore": [
        ("a known check", in_(a_vpc(tags={"endpoint-audit": "open-policy"}))),
        ("all of them", in_(a_vpc(tags={"endpoint-audit": "OFF"}))),
    ],
    "shadowed-name": [
        ("a zone of people's own names", in_(a_foreign(), zones=(a_zone("example.com"),))),
        ("another account's for a service", in_(a_vpc(endpoints=BOTH), zones=(a_zone(SQS_NAME, records=False),))),
        ("a central design", in_(a_vpc(endpoints=BOTH), zones=(a_zone(SQS_NAME, CENTRAL),))),
        ("a zone of the endpoint's own names", in_(
            a_foreign(private_dns=False, dns_names=("x.vpce.amazonaws.com",)),
            zones=(a_zone(SQS_NAME, "x.vpce.amazonaws.com"),),
        )),
        ("AWS's own zone", in_(a_foreign(), zones=(HostedZone(id="Z", name=SQS_NAME, owner="vpce.amazonaws.com"),))),
        ("a zone below a name", in_(a_foreign(), zones=(a_zone(f"x.{SQS_NAME}"),))),
    ],
    "forwarded-name": [
        ("a parent's rule: the endpoint is more specific", in_(a_foreign(), rules=(a_rule_for("amazonaws.com"),))),
        ("the root's rule", in_(a_foreign(), rules=(a_rule_for(""),))),
        ("given back", in_(a_foreign(), rules=(a_rule_for(SQS_NAME, kind=RuleKind.SYSTEM, targets=()),))),
        ("no endpoint", in_(a_vpc(endpoints=BOTH), rules=(a_rule_for(SQS_NAME),))),
        ("a Profile's: the VPC's own comes first", in_(a_foreign(), rules=(a_rule_for(SQS_NAME, profile="rp-1"),))),
    ],
    "blocked-name": [
        ("other names", in_(a_foreign(), firewall=(a_block("example.com", "*.example.com"),))),
        ("an ALLOW before it", in_(
            a_foreign(),
            firewall=(a_block("*.amazonaws.com"), a_block("*.amazonaws.com", action="ALLOW", priority=1)),
        )),
        ("AWS's list of malware", in_(a_foreign(), firewall=(a_block(domains=None),))),
    ],
    "foreign-name-servers": [
        ("the base plus two", in_(a_foreign(), name_servers=("10.0.0.2",))),
        ("no private names", in_(a_vpc(endpoints=BOTH), name_servers=("10.50.0.2",))),
    ],
    "blackhole-route": [
        ("it leads somewhere", in_(with_route("0.0.0.0/0", is_blackhole=False))),
        ("no subnet uses the table", in_(with_route("0.0.0.0/0", is_blackhole=True, main=False))),
    ],
    "unused-nat-gateway": [
        ("a route leads there", in_(with_route("0.0.0.0/0", is_blackhole=False), nat_gateways=(a_nat(),))),
        (
            "a table without subnets has the route",
            in_(with_route("10.9.0.0/16", is_blackhole=False, main=False), nat_gateways=(a_nat(),)),
        ),
        ("it is being made", in_(a_vpc(endpoints=BOTH), nat_gateways=(a_nat(state="pending"),))),
        ("it is going", in_(a_vpc(endpoints=BOTH), nat_gateways=(a_nat(state="deleting"),))),
    ],
    "pending-too-long": [
        ("some minutes", in_(a_foreign(state="pending", created="2026-11-24T11:50:00+00:00"))),
        ("EC2 does not tell since when", in_(a_foreign(state="pending"))),
        ("it is there", in_(a_foreign(created="2026-11-20T10:00:00+00:00"))),
    ],
    "duplicate-endpoint": [
        ("a gateway and an interface", in_(a_foreign("s3", inbound_resolver_only=True))),
        ("one is leaving", in_(a_vpc(endpoints=(*BOTH, an_interface(), an_interface(id="vpce-2", state="deleting"))))),
        ("two of ours: one is unwanted, and told as that", in_(a_vpc(
            tags={"endpoint-profile": "t"}, endpoints=(an_interface(), an_interface(id="vpce-2", private_dns=False)),
            security_groups=(a_group(),),
        ), SQS)),
    ],
    "paid-s3-endpoint": [
        ("for networks beyond the VPC", in_(a_foreign("s3", inbound_resolver_only=True))),
        ("by its own names only", in_(a_foreign("s3", private_dns=False))),
        ("no gateway", in_(a_vpc(endpoints=(an_interface("s3"),)))),
    ],
    "zone-without-interface": [
        ("nobody is there", in_(a_foreign(**IN_A), workloads={"subnet-a": 3, "subnet-b": 0})),
        ("the service has no such zone", in_(
            a_foreign("ecr.api", **IN_A, service="com.amazonaws.eu-west-1.one-zone"), workloads={"subnet-a": 1}
        )),
        ("ours, as endpoint-zones has it", in_(a_vpc(
            tags={"endpoint-profile": "t"}, endpoints=(an_interface(**IN_A),), security_groups=(a_group(),)
        ), a_wish(interface=["sqs"], zones=1), workloads={"subnet-b": 3})),
        ("GuardDuty's", in_(a_vpc(endpoints=(*BOTH, replace(GUARDDUTY, **IN_A))), workloads={"subnet-b": 3})),
    ],
    "default-security-group": [
        ("a group of its own", in_(a_foreign())),
        ("GuardDuty's", in_(a_vpc(
            endpoints=(*BOTH, GUARDDUTY), security_groups=(a_group(name="default", is_default=True),)
        ))),
    ],
    "closed-network-acl": [
        ("open", in_(a_foreign(**IN_A), acls=(EVERYWHERE,))),
        ("AWS shows none", in_(a_foreign(**IN_A))),
        ("just what is needed", in_(a_foreign(**IN_A), acls=(OTHERS, an_acl(
            tcp(1, egress=True, allow=True), tcp(2, egress=False, allow=True, first=1024, last=65535)
        )))),
        ("two halves", in_(a_foreign(**IN_A), acls=(OTHERS, an_acl(
            tcp(1, egress=True, allow=True, cidr="10.0.0.0/25"), tcp(2, egress=True, allow=True, cidr="10.0.0.128/25"),
            *OPEN_IN,
        )))),
        ("another port is denied", in_(a_foreign(**IN_A), acls=(
            OTHERS, an_acl(tcp(1, egress=True, allow=False, first=80, last=80), *OPEN, *OPEN_IN)
        ))),
        ("each subnet has an interface of its own", in_(a_foreign(), acls=(an_acl(subnets="a"), an_acl(subnets="b")))),
    ],
    "blocking-policy": [
        ("open", in_(a_foreign())),
        ("for some", in_(a_foreign(policy=policy(allow("sqs:SendMessage", Principal={"AWS": "123456789012"}))))),
        ("the layers are let through", in_(replace(ECR, endpoints=(ECR.endpoints[0], a_gateway("s3", policy=policy(
            allow(**MINE), allow("s3:GetObject", "arn:aws:s3:::prod-eu-west-1-starport-layer-bucket/*")
        )), ECR.endpoints[2])))),
        ("nobody pulls images", in_(a_vpc(endpoints=(a_gateway("s3", policy=policy(allow(**MINE))),)))),
    ],
    "unreadable-policy": [("none", in_(a_foreign())), ("a good one", in_(a_foreign(policy=policy(allow("sqs:*")))))],
    "open-policy": [
        ("all have one", in_(a_vpc(endpoints=(an_interface(policy=policy(allow("sqs:*"))),)))),
        ("GuardDuty's", in_(a_vpc(endpoints=(GUARDDUTY,)))),
    ],
    "idle-endpoint": [
        ("used", in_(a_foreign(), activity=activity(10**6))),
        ("too young to tell", in_(a_foreign(created=NOW), activity=activity(0, created=NOW))),
        ("nothing is counted anywhere", in_(a_foreign(), activity=activity(0, others=0))),
        ("nobody looked", in_(a_foreign())),
        ("a spare", in_(a_foreign(idle_tag="expected"), activity=IDLE)),
        ("in a VPC of spares", in_(replace(a_foreign(), tags={"endpoint-idle": "expected"}), activity=IDLE)),
        ("GuardDuty's", in_(a_vpc(endpoints=(GUARDDUTY,)), activity=activity(0, of=GUARDDUTY.id))),
        ("GuardDuty's, made by hand", in_(a_vpc(endpoints=(
            an_interface("guardduty-data", id="vpce-sqs", is_ours=False),
        )), activity=IDLE)),
        ("it goes anyway", in_(a_vpc(endpoints=(an_interface(),)), REMOVAL, activity=IDLE)),
        ("it is marked", in_(a_vpc(endpoints=(an_interface(),)), RETIREMENT, activity=IDLE)),
        ("it never came to be", in_(a_foreign(state="failed"), activity=IDLE)),
        ("nobody has accepted it", in_(a_foreign(state="pendingacceptance"), activity=IDLE)),
    ],
    "quota-headroom": [
        ("room", in_(a_foreign(), quotas=MANY)),
        ("unknown", in_(a_foreign())),
    ],
    "address-headroom": [
        ("eight left", in_(replace(a_foreign(), subnets=(a_subnet("a", free_addresses=8), a_subnet("b"))))),
        ("no endpoint there", in_(a_vpc(endpoints=BOTH, subnets=(a_subnet("a", free_addresses=0),)))),
    ],
}  # fmt: skip
