"""The whole way to a name, as people read it at a terminal; and what it comes to."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from tests.factories import a_catalog, a_gateway, a_group, a_rule, a_table, a_vpc, an_interface, an_offer
from vpce.core.journey import Reach, as_document, as_text, journey, name_of
from vpce.core.model import Dns, Route, Vpc
from vpce.core.network import Facet, ForwardingRule, HostedZone, Network, Record, RuleKind

if TYPE_CHECKING:
    from collections.abc import Callable

SQS, S3 = "sqs.eu-west-1.amazonaws.com", "s3.eu-west-1.amazonaws.com"
NAT = a_table(routes=(Route(destination="0.0.0.0/0", target="nat-1"),))
PRIVATE = a_vpc(
    tags={"Name": "payments"},
    endpoints=(an_interface(dns_names=(SQS,)), a_gateway("s3")),
    security_groups=(a_group(),),
    route_tables=(NAT,),
)
CENTRAL = HostedZone(
    id="Z1", name=SQS, owner="1", records=(Record(name=SQS, type="A", targets=("x.sqs.eu-west-1.vpce.amazonaws.com",)),)
)
FORWARD = ForwardingRule(id="rslvr-rr-1", domain=SQS, kind=RuleKind.FORWARD, targets=("10.9.0.2",))


@pytest.mark.parametrize(
    ("title", "vpc", "name", "network", "expected"),
    [
        ("an endpoint that serves", PRIVATE, SQS, {}, Reach.PRIVATE),
        ("S3 by its gateway", PRIVATE, S3, {}, Reach.PRIVATE),
        ("no endpoint, a NAT gateway", PRIVATE, "sns.eu-west-1.amazonaws.com", {}, Reach.PUBLIC),
        ("no endpoint, no way out", a_vpc(), SQS, {}, Reach.BROKEN),
        ("a closed group", replace(PRIVATE, security_groups=(a_group(a_rule(port=80)),)), SQS, {}, Reach.BROKEN),
        ("hostnames off", replace(PRIVATE, dns=Dns(support=True, hostnames=False)), SQS, {}, Reach.BROKEN),
        ("forwarded", PRIVATE, SQS, {"rules": (FORWARD,)}, Reach.BROKEN),
        ("other name servers", PRIVATE, SQS, {"name_servers": ("8.8.8.8",)}, Reach.UNKNOWN),
        ("a central endpoint", a_vpc(), SQS, {"zones": (CENTRAL,)}, Reach.UNKNOWN),
        ("zones that could not be read", PRIVATE, SQS, {"unread": {Facet.ZONES: "AccessDenied"}}, Reach.UNKNOWN),
        (
            "a policy that blocks everything",
            replace(PRIVATE, endpoints=(an_interface(policy='{"Statement": []}'),)),
            SQS,
            {},
            Reach.BROKEN,
        ),
        ("an endpoint at work", replace(PRIVATE, endpoints=(an_interface(state="pending"),)), SQS, {}, Reach.BROKEN),
        (
            "an interface in one zone",
            replace(PRIVATE, endpoints=(an_interface(subnets=frozenset({"subnet-a"})),)),
            SQS,
            {},
            Reach.PRIVATE,
        ),
    ],
)  # fmt: skip
def test_a_journey_comes_to_a_verdict(  # noqa: PLR0917  pytest passes them by name
    golden: Callable[[str, str], None], title: str, vpc: Vpc, name: str, network: dict[str, Any], expected: Reach
) -> None:
    found = journey(name, vpc, Network(**network), a_catalog())

    golden(f"journey_{title.replace(' ', '_').replace(',', '')}.txt", f"{as_text(found)}\n")
    assert found.reach is expected
    assert as_document(found)["reach"] == expected.name.lower()


MONITORING = an_offer(
    "monitoring",
    private_dns_names=(
        "monitoring-fips.eu-west-1.amazonaws.com",
        "monitoring.eu-west-1.amazonaws.com",
        "monitoring.eu-west-1.api.aws",
    ),
)
ECR = an_offer("ecr.dkr", private_dns_names=("*.dkr.ecr.eu-west-1.amazonaws.com", "dkr.ecr.eu-west-1.amazonaws.com"))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("sqs", SQS),
        (" SQS ", SQS),
        ("monitoring", "monitoring.eu-west-1.amazonaws.com"),
        ("ecr.dkr", "dkr.ecr.eu-west-1.amazonaws.com"),
        ("dynamodb", "dynamodb.eu-west-1.amazonaws.com"),
        ("s3", S3),
        ("bucket.s3.eu-west-1.amazonaws.com", "bucket.s3.eu-west-1.amazonaws.com"),
        ("sqss", None),
        ("", None),
        (".", None),
    ],
)
def test_people_write_names_or_services(text: str, expected: str | None) -> None:
    assert name_of(text, a_catalog(MONITORING, ECR)) == expected


def test_hostile_names_stay_on_their_lines() -> None:
    vpc = replace(PRIVATE, tags={"Name": "a\n  NO  forged\x1b[2J"})

    text = as_text(journey(SQS, vpc, Network(), a_catalog()))

    assert "\x1b" not in text
    assert not [line for line in text.splitlines() if line.startswith("  NO  forged")]
