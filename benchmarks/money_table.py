"""When does an interface endpoint pay? GB a month at which it costs as much as a NAT gateway that stays.

python -m benchmarks.money_table [REGION …]
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from vpce.aws.pricelist import shipped_prices
from vpce.core.cost import break_even, dollars, endpoint_month
from vpce.core.price_table import ZONES

if TYPE_CHECKING:
    from collections.abc import Iterable

REGIONS = ("us-east-1", "us-west-2", "eu-west-1", "eu-central-1", "ap-southeast-1", "ap-northeast-1")


def break_even_table(regions: Iterable[str] = REGIONS) -> str:
    """In Markdown, from the table in the package."""
    pays_in = [f"pays in {z} {'zone' if z == 1 else 'zones'} above" for z in ZONES]
    head = ["region", "prices of", "each zone costs a month", *pays_in]
    lines = [f"| {' | '.join(head)} |", f"|{'---|' * len(head)}"]
    for region in regions:
        prices = shipped_prices()[region]
        pays = [break_even(prices, zones) for zones in ZONES]
        said = ["never" if gb is None else f"{gb:.0f} GB" for gb in pays]
        lines.append(f"| {region} | {prices.date} | {dollars(endpoint_month(prices, 1))} | {' | '.join(said)} |")
    return "\n".join(lines)


def main() -> int:
    print(break_even_table(sys.argv[1:] or REGIONS))
    return 0


if __name__ == "__main__":
    sys.exit(main())
