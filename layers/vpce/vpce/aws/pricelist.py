"""Where do list prices come from? The table in the package, a file of somebody's, or the AWS Price List API.

    price               asked of GetProducts
    ------------------  ------------------------------------------------------------------------------------------
    endpoint_hour, _gb  AmazonVPC, productFamily VpcEndpoint, usagetype …-VpcEndpoint-Hours, -Bytes
    public_ipv4_hour    AmazonVPC, group VPCPublicIPv4Address, usagetype …-PublicIPv4:InUseAddress
    nat_hour, nat_gb    AmazonEC2, productFamily "NAT Gateway", usagetype …-NatGateway-Hours, -Bytes

A usage type begins with a code of the region, or with nothing in us-east-1. Others end alike and are other products:
``…-VpcEndpoint-GWLBE-Hours``, ``…-RegionalNatGateway-Hours``, ``…-NatGateway-Prvd-Bytes``.

https://docs.aws.amazon.com/aws-cost-management/latest/APIReference/API_pricing_GetProducts.html
"""

from __future__ import annotations

import json
import re
from collections import defaultdict
from decimal import Decimal
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from vpce.core.prices import Prices, Tier, read_prices

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from mypy_boto3_pricing import PricingClient

HOME = "us-east-1"
"""The API is in few regions and knows the prices of all.
https://docs.aws.amazon.com/awsaccountbilling/latest/aboutv2/using-price-list-query-api.html"""
_SOURCE = "AWS Price List API, GetProducts"
_ASKED = (
    ("AmazonVPC", {"productFamily": "VpcEndpoint"}),
    ("AmazonVPC", {"group": "VPCPublicIPv4Address"}),
    ("AmazonEC2", {"productFamily": "NAT Gateway"}),
)
_FIELDS = {
    "VpcEndpoint-Hours": "endpoint_hour",
    "VpcEndpoint-Bytes": "endpoint_gb",
    "NatGateway-Hours": "nat_hour",
    "NatGateway-Bytes": "nat_gb",
    "PublicIPv4:InUseAddress": "public_ipv4_hour",
}
_USAGE = re.compile(rf"(?:[A-Z]{{2}}[A-Z0-9]{{0,3}}-)?({'|'.join(_FIELDS)})")


class MismatchError(Exception):
    """AWS answered, and not with what a table can be made of; the message says where."""


def shipped_text() -> str:
    return (files("vpce") / "prices.toml").read_text(encoding="utf-8")


@cache
def shipped_prices() -> Mapping[str, Prices]:
    """The table in the package, read once in a process, when it is first needed."""
    return read_prices(shipped_text(), "prices.toml")


def prices_of(region: str) -> Prices | None:
    """None where nobody has found what AWS charges in the region."""
    return shipped_prices().get(region)


def list_prices(pricing: PricingClient, today: str, regions: Collection[str] | None = None) -> list[Prices]:
    """What AWS charges now, by region.

    Args:
        pricing: in `HOME`, or another region that has the API.
        today: ISO 8601, for `Prices.date`.
        regions: None for all that have interface endpoints. AWS also lists Local and Wavelength Zones.

    Raises:
        ClientError, BotoCoreError: AWS could not be asked.
        MismatchError: a region lacks a price, or has two.

    """
    found: dict[str, dict[str, tuple[Tier, ...]]] = defaultdict(dict)
    for service, wanted in _ASKED:
        for of in [{"regionCode": r} for r in sorted(regions)] if regions else [{}]:
            for region, field, tiers in _products(pricing, service, wanted | of):
                if found[region].setdefault(field, tiers) != tiers:
                    raise MismatchError(f"AWS lists two prices of {region} for {field}")
    wanted_regions = regions or {r for r, row in found.items() if "endpoint_hour" in row and "nat_hour" in row}
    return [_prices(region, found[region], today) for region in sorted(wanted_regions)]


def _products(
    pricing: PricingClient, service: str, wanted: Mapping[str, str]
) -> Iterator[tuple[str, str, tuple[Tier, ...]]]:
    """Region, field, and its tiers; what is no price of ours is left out."""
    filters: list[Any] = [{"Type": "TERM_MATCH", "Field": k, "Value": v} for k, v in sorted(wanted.items())]
    pages = pricing.get_paginator("get_products").paginate(
        ServiceCode=service, Filters=filters, FormatVersion="aws_v1", PaginationConfig={"PageSize": 100}
    )
    for text in (t for page in pages for t in page["PriceList"]):
        product = json.loads(text, parse_float=Decimal)
        attributes = product["product"]["attributes"]
        usage = _USAGE.fullmatch(attributes.get("usagetype", ""))
        region = attributes.get("regionCode", "")
        # Local and Wavelength Zones have usage types like regions, and their own price.
        is_of_region = bool(region) and attributes.get("locationType", "AWS Region") == "AWS Region"
        if usage and is_of_region and (tiers := tuple(sorted(_tiers(product), key=lambda t: t.above))):
            yield region, _FIELDS[usage[1]], tiers


def _tiers(product: Mapping[str, Any]) -> Iterator[Tier]:
    for term in product["terms"].get("OnDemand", {}).values():
        for dimension in term["priceDimensions"].values():
            if "USD" in dimension["pricePerUnit"]:  # China's are in CNY
                price = Decimal(dimension["pricePerUnit"]["USD"]).normalize()
                yield Tier(above=int(dimension.get("beginRange", "0")), price=Decimal(f"{price:f}"))


def _prices(region: str, row: Mapping[str, tuple[Tier, ...]], today: str) -> Prices:
    if missing := sorted(set(_FIELDS.values()) - row.keys()):
        raise MismatchError(f"AWS lists no {', '.join(missing)} for {region}; is it a region's code, as eu-west-1?")
    return Prices(
        region=region,
        date=today,
        source=_SOURCE,
        endpoint_hour=row["endpoint_hour"][0].price,
        endpoint_gb=row["endpoint_gb"],
        nat_hour=row["nat_hour"][0].price,
        nat_gb=row["nat_gb"][0].price,
        public_ipv4_hour=row["public_ipv4_hour"][0].price,
    )
