"""Services and profiles of a region are found by the names that people use, and told in full."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from tests.factories import PRICES, A, B, a_profile, an_offer, service
from vpce.core.catalogue import (
    priced,
    profiles_document,
    profiles_text,
    services_document,
    services_of_profile,
    services_text,
)
from vpce.core.model import Catalog, Kind
from vpce.core.policies import EndpointPolicy
from vpce.core.services import Client, Service, nearest, search, services_of

if TYPE_CHECKING:
    from collections.abc import Callable

REGION = "eu-west-1"
BOTH = frozenset({"ipv4", "ipv6"})
CATALOG = Catalog(
    region=REGION,
    offers=(
        an_offer("airflow.api", private_dns_names=()),
        an_offer("ecr.api", private_dns_names=("api.ecr.eu-west-1.amazonaws.com",)),
        an_offer("ecr.dkr", private_dns_names=("*.dkr.ecr.eu-west-1.amazonaws.com",), takes_policy=False),
        an_offer("email-smtp"),
        an_offer("logs", address_types=frozenset({"ipv4"})),
        an_offer("monitoring", address_types=BOTH),
        an_offer("rds"),
        an_offer("s3", Kind.GATEWAY, address_types=BOTH),
        an_offer("s3", zones=frozenset({A, B})),
        an_offer("ssmmessages", zones=frozenset()),
    ),
)


def a_client(name: str, *hosts: str, titles: tuple[str, ...] = ()) -> Client:
    return Client(name=name, titles=titles, hosts=frozenset(f"{h}.{REGION}.amazonaws.com" for h in hosts))


CLIENTS = (
    a_client("cloudwatch", "monitoring", "monitoring-fips", titles=("CloudWatch", "Amazon CloudWatch")),
    a_client("ecr", "api.ecr", titles=("Amazon Elastic Container Registry",)),
    a_client("logs", "logs", titles=("Amazon CloudWatch Logs",)),
    a_client("mwaa", "api.airflow", titles=("AmazonMWAA",)),
    a_client("neptune", "rds"),
    a_client("rds", "rds", titles=("Amazon Relational Database Service",)),
    a_client("s3", "s3", titles=("Amazon Simple Storage Service",)),
)
PROFILES = {
    "private": a_profile(name="private", gateway=["s3"], interface=["logs", service("monitoring")]),
    "eks": a_profile(name="eks", interface=["ecr.api", "nothing"], optional=["logs", "no-more"]),
}
SERVICES = services_of(CATALOG, CLIENTS, PROFILES)


def names(found: list[Service]) -> list[str]:
    return [f"{s.short} gateway" if s.offer.kind is Kind.GATEWAY else s.short for s in found]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("monitoring", ["monitoring"]),
        ("Amazon CloudWatch", ["monitoring", "logs"]),
        ("watch", ["logs", "monitoring"]),
        ("cloudwatch logs", ["logs"]),
        ("com.amazonaws.eu-west-1.logs", ["logs"]),
        ("amazonaws", []),
        ("MWAA", ["airflow.api"]),
        ("managed workflows", ["airflow.api"]),
        ("ecr", ["ecr.api", "ecr.dkr"]),
        ("container registry", ["ecr.api", "ecr.dkr"]),
        ("docker", ["ecr.dkr"]),
        ("123456789012.dkr.ecr.eu-west-1.amazonaws.com.", ["ecr.dkr"]),
        ("session-manager", ["ssmmessages"]),
        ("ses", ["email-smtp", "ssmmessages"]),
        ("messages", ["ssmmessages"]),
        ("mess", []),
        ("neptune", ["rds"]),
        ("s3", ["s3 gateway", "s3"]),
        ("Simple Storage Service", ["s3 gateway", "s3"]),
        ("api.ecr.eu-west-1.amazonaws.com", ["ecr.api"]),
        ("sqs", []),
        ("", names(SERVICES)),
    ],
)
def test_a_service_is_found_by_what_people_call_it(text: str, expected: list[str]) -> None:
    assert names(search(SERVICES, text)) == expected


@pytest.mark.parametrize(("text", "hint"), [("monitorin", "monitoring"), ("CloudWach", "cloudwatch"), ("zzz", "")])
def test_what_is_misspelt_gets_a_hint(text: str, hint: str) -> None:
    assert nearest(SERVICES, text) == (f" (did you mean '{hint}'?)" if hint else "")


def test_services_as_a_table(golden: Callable[[str, str], None]) -> None:
    golden("services.txt", f"{services_text(SERVICES, REGION, PRICES)}\n")


def test_a_few_services_in_full(golden: Callable[[str, str], None]) -> None:
    few = [s for s in SERVICES if s.short in {"ecr.dkr", "monitoring"} or s.offer.kind is Kind.GATEWAY]

    golden("services_few.txt", f"{services_text(few, REGION, PRICES)}\n")


def test_a_region_without_known_prices_has_none() -> None:
    assert "-  " in services_text(SERVICES, REGION, None)
    assert "no list prices of eu-west-1 are known" in services_text(SERVICES, REGION, None)
    assert {s["usd_per_zone_month"] for s in services_document(SERVICES, REGION, None)["services"]} == {None, "0.00"}


def test_services_for_machines(golden: Callable[[str, str], None]) -> None:
    document = services_document([s for s in SERVICES if s.short == "s3"], REGION, PRICES)

    golden("services.json", json.dumps(document, indent=1) + "\n")


# ---- profiles -----------------------------------------------------------------------------------------------------

OWN = a_profile(
    name="payments", gateway=["dynamodb"], interface=["rds", "s3", "sqs"], policy=EndpointPolicy(name="organization")
)
FREE = a_profile(name="free", gateway=["s3"])
PRICED = [priced(p, CATALOG, PRICES, is_own=p is OWN) for p in (*PROFILES.values(), OWN, FREE)]


def test_profiles_with_what_a_region_has_of_them(golden: Callable[[str, str], None]) -> None:
    golden("profiles.txt", f"{profiles_text(PRICED, REGION, PRICES)}\n")


def test_a_service_costs_in_those_zones_that_it_has() -> None:
    """One is in three zones, one in two, and one nowhere."""
    (own,) = (p for p in PRICED if p.profile is OWN)

    assert [m / Decimal("8.03") for m in own.months] == [2, 4, 5]
    assert own.lacks == ("dynamodb (gateway)", "sqs")


def test_a_profile_without_known_prices_has_no_sum() -> None:
    document = profiles_document([priced(OWN, CATALOG, None, is_own=True)], REGION, None)

    assert document["profiles"][0]["usd_per_month"] == []
    assert "$" not in profiles_text([priced(OWN, CATALOG, None, is_own=True)], REGION, None)


def test_the_services_of_a_profile_are_those_of_its_kinds() -> None:
    assert names(services_of_profile(SERVICES, PROFILES["private"], CATALOG)) == ["logs", "monitoring", "s3 gateway"]
