"""Whose prices at a terminal? Those in the package, a file's, or AWS's of this week, kept in the user's cache."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from vpce.aws.pricelist import list_prices, shipped_prices
from vpce.core.prices import PricesError, prices_text, read_prices

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

    from mypy_boto3_pricing import PricingClient

    from vpce.core.prices import Prices

KEPT_FOR = timedelta(days=7)
HEAD = "What AWS charges, in US dollars. Made by vpce prices --refresh from the AWS Price List API."


@dataclass(frozen=True, kw_only=True)
class PriceSource:
    """One table for a whole command."""

    file: str = ""
    """A table as in the package; empty for that one."""
    pricing: Callable[[], PricingClient] | None = None
    """Makes the client to ask AWS with; None: nobody asks AWS."""
    today: date
    cache: Path = Path()
    """Where AWS's prices are kept for a week; ``~`` is looked up when it is needed."""

    @cached_property
    def table(self) -> Mapping[str, Prices]:
        """Without what only AWS is asked for.

        Raises:
            PricesError: the file cannot be used.

        """
        if not self.file:
            return shipped_prices()
        try:
            text = Path(self.file).read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise PricesError(f"{self.file} cannot be read: {getattr(error, 'strerror', None) or error}") from error
        return read_prices(text, self.file)

    def of(self, region: str) -> Prices | None:
        """None where nobody knows them.

        Raises:
            PricesError: the file cannot be used, or the cache cannot be written.
            ClientError, BotoCoreError, MismatchError: AWS did not tell.

        """
        if self.pricing is None:
            return self.table.get(region)
        try:
            kept = self.cache.expanduser() / f"prices-{region}.toml"
        except RuntimeError as error:  # a user without a home, as in containers
            raise PricesError(f"{self.cache}: {error} Let XDG_CACHE_HOME name a folder to keep prices in.") from error
        found = self._kept(kept, region)
        if found is None:
            [found] = list_prices(self.pricing(), self.today.isoformat(), [region])
            try:
                kept.parent.mkdir(parents=True, exist_ok=True)
                # Two commands at once must not read half a file.
                fresh = kept.with_suffix(f".{uuid.uuid4()}")
                fresh.write_text(prices_text([found], HEAD), encoding="utf-8")
                fresh.replace(kept)
            except OSError as error:
                why = f"{kept} cannot be written: {error.strerror}"
                raise PricesError(f"{why}; let XDG_CACHE_HOME name a folder that can be") from error
        return found

    def _kept(self, path: Path, region: str) -> Prices | None:
        """None for what is not there, is of another week, or is no table: then AWS is asked."""
        try:
            kept = read_prices(path.read_text(encoding="utf-8"), str(path)).get(region)
        except (OSError, UnicodeDecodeError, PricesError):
            return None
        age = self.today - date.fromisoformat(kept.date) if kept else KEPT_FOR
        return kept if timedelta(0) <= age < KEPT_FOR else None

    def refreshed(self, pricing: PricingClient, regions: Collection[str] | None) -> str:
        """A new table of these regions, or of all.

        Raises:
            ClientError, BotoCoreError, MismatchError: AWS did not tell.

        """
        return prices_text(list_prices(pricing, self.today.isoformat(), regions), HEAD)
