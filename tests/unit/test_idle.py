"""Active, idle or unknown: what CloudWatch's silence proves, and what it does not."""

from __future__ import annotations

from datetime import timedelta, timezone
from typing import TYPE_CHECKING, Any

import pytest

from tests.factories import NOW, a_gateway, a_vpc, an_interface
from vpce.core.idle import DAYS, FEWEST, NOISE, Activity, Use, activities, is_expected, misspelt, window

if TYPE_CHECKING:
    from collections.abc import Mapping

OLD = (NOW - timedelta(days=400)).isoformat()
BUSY = {"vpce-other": 10**9}


def told(counted: Mapping[str, int] | None, days: int = DAYS, **changes: Any) -> Activity:
    since, until = window(NOW, days)
    vpc = a_vpc(endpoints=(an_interface(**{"created": OLD} | changes),))
    return activities([vpc], counted, since=since, until=until)["vpce-sqs"]


@pytest.mark.parametrize(
    ("counted", "changes", "use", "why"),
    [
        (BUSY | {"vpce-sqs": 5_000_000}, {}, Use.ACTIVE, "4.8 MB in 30 days"),
        ({"vpce-sqs": 5_000_000}, {"created": NOW.isoformat()}, Use.ACTIVE, "4.8 MB in less than a day"),
        ({"vpce-sqs": 5_000_000}, {"created": (NOW - timedelta(days=3)).isoformat()}, Use.ACTIVE, "4.8 MB in 3 days"),
        (BUSY | {"vpce-sqs": 0}, {}, Use.IDLE, "no packet in 30 days"),
        (BUSY | {"vpce-sqs": NOISE}, {}, Use.IDLE, "2.0 KB in 30 days, less than one TLS handshake"),
        (BUSY | {"vpce-sqs": NOISE + 1}, {}, Use.ACTIVE, "2.0 KB in 30 days"),
        (BUSY | {"vpce-sqs": 0}, {"created": (NOW - timedelta(days=29)).isoformat()}, Use.UNKNOWN,
         "0 bytes in 29 days, but it was made on 2026-02-03"),
        (BUSY | {"vpce-sqs": 0}, {"created": ""}, Use.UNKNOWN,
         "0 bytes in 30 days, but EC2 does not tell how old it is"),
        ({"vpce-other": 0, "vpce-sqs": 0}, {}, Use.UNKNOWN,
         "0 bytes in 30 days, but CloudWatch has counted no traffic of any endpoint here"),
        ({"vpce-sqs": NOISE}, {}, Use.UNKNOWN,
         "2.0 KB in 30 days, but CloudWatch has counted no traffic of any endpoint here"),
        (BUSY, {}, Use.UNKNOWN, "nobody knows how to ask CloudWatch for it"),
        ({}, {}, Use.UNKNOWN, "CloudWatch has counted no traffic of any endpoint here"),
        (None, {}, Use.UNKNOWN, "CloudWatch could not be read"),
    ],
)  # fmt: skip
def test_the_table(counted: Mapping[str, int] | None, changes: dict[str, Any], use: Use, why: str) -> None:
    found = told(counted, **changes)

    assert (found.use, found.why) == (use, why)
    assert found.bytes == (counted or {}).get("vpce-sqs")


def test_few_days_say_that_something_is_used_and_never_that_it_is_not() -> None:
    assert told(BUSY | {"vpce-sqs": 0}, days=FEWEST).use is Use.IDLE
    assert told(BUSY | {"vpce-sqs": 0}, days=FEWEST - 1).why.endswith("but less than 14 days tell nothing")
    assert told(BUSY | {"vpce-sqs": 10**6}, days=1).use is Use.ACTIVE


def test_a_gateway_endpoint_is_never_idle() -> None:
    since, until = window(NOW)
    vpc = a_vpc(endpoints=(a_gateway(created=OLD), an_interface("gone", state="deleted")))

    (gateway,) = activities([vpc], BUSY | {"vpce-s3-gateway": 0}, since=since, until=until).values()

    assert (gateway.use, gateway.why) == (Use.UNKNOWN, "0 bytes in 30 days, but CloudWatch counts no gateway endpoints")


def test_an_endpoint_of_another_regions_service_is_never_idle() -> None:
    assert told(BUSY | {"vpce-sqs": 0}, service_region="eu-west-1").use is Use.IDLE
    assert told(BUSY | {"vpce-sqs": 0}, service_region="us-east-1").why == (
        "0 bytes in 30 days, but CloudWatch counts no endpoints of another region's services"
    )


def test_bytes_of_a_month_are_told_from_the_days_that_were_counted() -> None:
    """30 days and the twelve hours of today, to 730 hours."""
    assert told({"vpce-sqs": 732_000}).per_month == 730_000
    assert told(None).per_month is None


def test_the_month_of_a_young_endpoint_is_told_from_the_days_of_its_life() -> None:
    young = told({"vpce-sqs": 3_000_000}, created=(NOW - timedelta(days=3)).isoformat())

    assert (young.days, young.per_month) == (3, round(3_000_000 * 730 / 72))
    assert told({"vpce-sqs": 3_000_000}, created=(NOW + timedelta(days=1)).isoformat()).days == 1 / 24


def test_days_are_those_of_utc_wherever_the_clock_stands() -> None:
    since, until = window(NOW.astimezone(timezone(timedelta(hours=-9))), 1)

    assert (since, until) == (NOW.replace(hour=0) - timedelta(days=1), NOW)


@pytest.mark.parametrize(
    ("endpoint", "vpc", "expected", "wrong"),
    [
        ("", {}, False, ""),
        ("expected", {}, True, ""),
        (" Expected ", {}, True, ""),
        ("", {"endpoint-idle": "expected"}, True, ""),
        ("", {"endpoint-idle": "yes"}, False, "endpoint-idle = 'yes' means nothing; the word is 'expected'"),
        ("no", {"endpoint-idle": "expected"}, False, "endpoint-idle = 'no' means nothing; the word is 'expected'"),
    ],
)
def test_a_tag_says_that_nobody_need_use_it(endpoint: str, vpc: dict[str, str], wrong: str, *, expected: bool) -> None:
    one, around = an_interface(idle_tag=endpoint), a_vpc(tags=vpc)

    assert is_expected(one, around) is expected
    assert misspelt(one, around) == wrong
