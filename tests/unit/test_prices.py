"""A table of prices is what AWS charges, or it is refused with the place to mend."""

from __future__ import annotations

import dataclasses
from decimal import Decimal

import pytest
from botocore.session import Session

from vpce.aws.pricelist import prices_of, shipped_prices, shipped_text
from vpce.core.prices import PricesError, Tier, prices_text, read_prices

ROW = """[eu-west-1]
date = 2026-09-21
endpoint_hour = 0.011
endpoint_gb = [[0, 0.01], [1048576, 0.006]]
nat_hour = 0.048
nat_gb = 0.048
public_ipv4_hour = 0.005
"""


def test_every_commercial_region_has_its_prices() -> None:
    assert set(Session().get_available_regions("ec2")) <= set(shipped_prices())


def test_the_hours_are_those_that_aws_was_seen_to_charge() -> None:
    """By price lists and bills that were not the source of the table."""
    seen = {
        "us-east-1": ("0.010", "0.045"),
        "us-west-2": ("0.010", "0.045"),
        "eu-west-1": ("0.011", "0.048"),
        "eu-west-2": ("0.011", "0.05"),
        "eu-central-1": ("0.012", "0.052"),
        "ap-southeast-1": ("0.013", "0.059"),
        "ap-southeast-5": ("0.0117", None),
        "ap-northeast-1": ("0.014", "0.062"),
        "ap-northeast-2": ("0.013", "0.059"),
    }
    for region, (endpoint, nat) in seen.items():
        prices = shipped_prices()[region]
        assert prices.endpoint_hour == Decimal(endpoint), region
        assert nat is None or (prices.nat_hour, prices.nat_gb) == (Decimal(nat), Decimal(nat)), region
        assert nat is None or prices.unproven == (), region


def test_each_row_says_when_and_whence_and_what_nobody_proved() -> None:
    for prices in shipped_prices().values():
        assert prices.date == "2026-09-21"
        assert prices.source
        assert [t.above for t in prices.endpoint_gb] == [0, 1024**2, 5 * 1024**2]
        assert set(prices.unproven) <= {"nat_gb", "endpoint_gb"}
        assert "nat_gb" not in prices.unproven or prices.nat_gb == prices.nat_hour


def test_an_unknown_region_has_none() -> None:
    assert prices_of("mars-north-1") is None
    assert str(prices_of("eu-west-1")) == "list prices of eu-west-1, 2026-09-21"


def test_what_is_written_is_what_was_read() -> None:
    table = shipped_prices()
    odd = dataclasses.replace(table["eu-west-1"], source='a "quoted" \\ source\nof two lines')

    assert read_prices(prices_text(table.values(), "by a test\n\nof two"), "x") == table
    [back] = read_prices(prices_text([odd], "x"), "x").values()
    assert back.source == 'a "quoted" \\ source of two lines'
    assert shipped_text().startswith("# What AWS charges")


def test_a_row_is_read() -> None:
    [prices] = read_prices(ROW, "x").values()

    assert prices.endpoint_gb == (Tier(above=0, price=Decimal("0.01")), Tier(above=1048576, price=Decimal("0.006")))
    assert (prices.endpoint_hour, prices.unproven, prices.source) == (Decimal("0.011"), (), "")


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("[eu-west-1]", "[eu-west-1", "mine.toml is no TOML"),
        (ROW, "", "mine.toml has no region"),
        (ROW, "eu-west-1 = 3", r"\[eu-west-1\] is no table"),
        ("nat_hour", "nat_hours", r"\[eu-west-1\] has nat_hours, which is no field; known: date, endpoint_gb"),
        ("nat_gb = 0.048\n", "", r"\[eu-west-1\] lacks nat_gb"),
        ("0.011", '"0.011"', r"\[eu-west-1\] endpoint_hour: '0.011' is no price"),
        ("0.011", "-0.011", "is no price"),
        ("0.011", "nan", "is no price"),
        ("0.011", "inf", "is no price"),
        ("0.011", "true", "is no price"),
        ("2026-09-21", '"2026-09-21"', "is no date; write 2026-09-21, without quotes"),
        ("2026-09-21", "2026-09-21T00:00:00Z", "is no date"),
        ("[[0, 0.01], [1048576, 0.006]]", "0.01", r"endpoint_gb: .* is no list of tiers"),
        ("[[0, 0.01], [1048576, 0.006]]", "[]", "tiers begin at 0 GB"),
        ("[[0, 0.01], [1048576, 0.006]]", "[[1, 0.01]]", "tiers begin at 0 GB"),
        ("[1048576, 0.006]", "[0, 0.006]", "each further one above the one before"),
        ("[1048576, 0.006]", "[1.5, 0.006]", "tiers begin at 0 GB"),
        ("[1048576, 0.006]", '[1048576, "x"]', "'x' is no price"),
        ("[1048576, 0.006]", "[1048576]", "is no list of tiers"),
        ("nat_gb = 0.048\n", 'nat_gb = 0.048\nunproven = ["date"]\n', "unproven: .* is no list of this row's prices"),
        ("nat_gb = 0.048\n", "nat_gb = 0.048\nsource = 3\n", "source: 3 is no text"),
    ],
)
def test_a_wrong_row_is_named(old: str, new: str, says: str) -> None:
    assert old in ROW
    with pytest.raises(PricesError, match=says) as caught:
        read_prices(ROW.replace(old, new, 1), "mine.toml")
    assert str(caught.value).startswith("mine.toml")
