"""Do people find what an audit left in the bucket, in each of AWS's partitions?"""

from __future__ import annotations

import pytest

from tests.aws.conftest import SESSION
from vpce.aws.reports import Shelf


@pytest.mark.parametrize(
    ("region", "site"),
    [
        ("eu-west-1", "console.aws.amazon.com"),
        ("us-gov-west-1", "console.amazonaws-us-gov.com"),
        ("cn-north-1", "console.amazonaws.cn"),
    ],
)
def test_a_link_opens_the_console_of_the_buckets_own_partition(region: str, site: str) -> None:
    """https://docs.aws.amazon.com/general/latest/gr/rande.html"""
    shelf = Shelf(s3=SESSION.client("s3", region_name=region), bucket="reports")

    assert shelf.link("audits/2026-11-02T06:00:00.000Z-a+b/report.html") == (
        f"https://{region}.{site}/s3/object/reports?region={region}"
        "&prefix=audits/2026-11-02T06%3A00%3A00.000Z-a%2Bb/report.html"
    )
