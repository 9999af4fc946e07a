"""The AWS Price List API is read right.

Neither moto nor the AWS on the machine knows these products, so a Stubber answers in botocore's shapes and checks what
is asked. Usage types, attributes, tiers and prices are those of AWS's price lists of 2026; the answers themselves are
written down here, not taken from the wire.
"""

from __future__ import annotations

import json
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.exceptions import ClientError
from botocore.stub import Stubber

from vpce.aws.pricelist import MismatchError, list_prices
from vpce.core.prices import Tier

if TYPE_CHECKING:
    from collections.abc import Iterator

DAY = "2026-11-27"
TIERS = [("0", "1048576", "0.01"), ("1048576", "5242880", "0.006"), ("5242880", "Inf", "0.004")]


def product(usage: str, *dimensions: tuple[str, str, str], region: str = "eu-west-1", **attributes: str) -> str:
    """One of PriceList: a text of JSON."""
    attributes = {"usagetype": usage, "regionCode": region, "locationType": "AWS Region"} | attributes
    prices = {
        f"SKU.JRTCKXETXF.{number}": {
            "beginRange": begin,
            "endRange": end,
            "pricePerUnit": {"USD": f"{Decimal(price):.10f}"},
            "unit": "Hrs",
        }
        for number, (begin, end, price) in enumerate(reversed(dimensions))
    }
    return json.dumps(
        {
            "product": {"attributes": attributes, "sku": "SKU"},
            "terms": {"OnDemand": {"SKU.JRTCKXETXF": {"priceDimensions": prices}}},
            "serviceCode": attributes.get("servicecode", ""),
            "publicationDate": "2026-09-17T19:05:28Z",
        }
    )


def flat(usage: str, price: str, **attributes: str) -> str:
    return product(usage, ("0", "Inf", price), **attributes)


ENDPOINTS = [
    flat("EU-VpcEndpoint-Hours", "0.011"),
    product("EU-VpcEndpoint-Bytes", *TIERS),
    flat("EU-VpcEndpoint-GWLBE-Hours", "0.011"),
    flat("EU-VpcEndpoint-GWLBE-Bytes", "0.0035"),
    flat("EU-VpcEndpoint-Service-Hours", "0.5"),
]
ADDRESSES = [
    flat("EU-PublicIPv4:InUseAddress", "0.005"),
    flat("EU-PublicIPv4:IdleAddress", "0.006"),
    flat("EU-PublicIPv4:ContiguousBlock", "0.008"),
]
NATS = [
    flat("EU-NatGateway-Hours", "0.048"),
    flat("EU-NatGateway-Bytes", "0.048"),
    flat("EU-RegionalNatGateway-Hours", "0.07"),
    flat("EU-RegionalNatGateway-Bytes", "0.07"),
    flat("EU-NatGateway-Prvd-Bytes", "0"),
    flat("EU-NatGateway-Prvd-Gbps", "1.164"),
]
VIRGINIA = (
    [
        flat("USE1-VpcEndpoint-Hours", "0.01", region="us-east-1"),
        product("USE1-VpcEndpoint-Bytes", *TIERS, region="us-east-1"),
    ],
    [flat("USE1-PublicIPv4:InUseAddress", "0.005", region="us-east-1")],
    [flat("NatGateway-Hours", "0.045", region="us-east-1"), flat("NatGateway-Bytes", "0.045", region="us-east-1")],
)


class Aws:
    def __init__(self) -> None:
        self.client: Any = boto3.client(
            "pricing", region_name="us-east-1", aws_access_key_id="x", aws_secret_access_key="x"
        )
        self.stubber = Stubber(self.client)

    def answers(self, service: str, field: str, value: str, *pages: list[str], region: str = "") -> None:
        wanted = sorted({field: value, **({"regionCode": region} if region else {})}.items())
        filters = [{"Type": "TERM_MATCH", "Field": k, "Value": v} for k, v in wanted]
        asked = {"ServiceCode": service, "Filters": filters, "FormatVersion": "aws_v1", "MaxResults": 100}
        for number, page in enumerate(pages):
            more = {"NextToken": f"page {number + 1}"} if number + 1 < len(pages) else {}
            token = {"NextToken": f"page {number}"} if number else {}
            self.stubber.add_response(
                "get_products", {"FormatVersion": "aws_v1", "PriceList": page, **more}, asked | token
            )

    def has(self, endpoints: list[str], addresses: list[str], nats: list[str], region: str = "") -> None:
        self.answers("AmazonVPC", "productFamily", "VpcEndpoint", endpoints[:1], endpoints[1:], region=region)
        self.answers("AmazonVPC", "group", "VPCPublicIPv4Address", addresses, region=region)
        self.answers("AmazonEC2", "productFamily", "NAT Gateway", nats[:2], nats[2:], region=region)


@pytest.fixture
def api() -> Iterator[Aws]:
    api = Aws()
    with api.stubber:
        yield api
        api.stubber.assert_no_pending_responses()


def test_a_region_s_prices_are_found_among_products_that_are_called_alike(api: Aws) -> None:
    api.has(ENDPOINTS, ADDRESSES, NATS, region="eu-west-1")

    [prices] = list_prices(api.client, DAY, ["eu-west-1"])

    assert (prices.region, prices.date, prices.unproven) == ("eu-west-1", DAY, ())
    assert "GetProducts" in prices.source
    assert prices.endpoint_hour == Decimal("0.011")
    assert prices.endpoint_gb == tuple(Tier(above=int(b), price=Decimal(p)) for b, _, p in TIERS)
    assert (prices.nat_hour, prices.nat_gb) == (Decimal("0.048"), Decimal("0.048"))
    assert prices.public_ipv4_hour == Decimal("0.005")
    assert str(prices.endpoint_hour) == "0.011"


def test_without_a_region_all_are_listed_but_for_local_zones_and_what_is_not_in_dollars(api: Aws) -> None:
    local = flat("LAX1-NatGateway-Hours", "0.054", region="us-west-2-lax-1", locationType="AWS Local Zone")
    beijing = [
        flat(f"CNN1-{usage}-Hours", "0.1", region="cn-north-1").replace('"USD"', '"CNY"')
        for usage in ("VpcEndpoint", "NatGateway")
    ]
    api.has(
        [*ENDPOINTS, *VIRGINIA[0], beijing[0]], [*ADDRESSES, *VIRGINIA[1]], [*NATS, *VIRGINIA[2], local, beijing[1]]
    )

    found = list_prices(api.client, DAY)

    assert [(p.region, str(p.nat_hour)) for p in found] == [("eu-west-1", "0.048"), ("us-east-1", "0.045")]


def test_a_region_that_lacks_a_price_is_told(api: Aws) -> None:
    api.has(ENDPOINTS, [], NATS, region="eu-west-1")

    with pytest.raises(MismatchError, match="no public_ipv4_hour for eu-west-1"):
        list_prices(api.client, DAY, ["eu-west-1"])


def test_two_prices_of_one_thing_are_told(api: Aws) -> None:
    both = [*ENDPOINTS, flat("EU-VpcEndpoint-Hours", "0.012")]
    api.answers("AmazonVPC", "productFamily", "VpcEndpoint", both, region="eu-west-1")

    with pytest.raises(MismatchError, match="two prices of eu-west-1 for endpoint_hour"):
        list_prices(api.client, DAY, ["eu-west-1"])


def test_a_denied_call_is_the_caller_s(api: Aws) -> None:
    api.stubber.add_client_error("get_products", "AccessDeniedException", http_status_code=403)

    with pytest.raises(ClientError, match="AccessDenied"):
        list_prices(api.client, DAY, ["eu-west-1"])
