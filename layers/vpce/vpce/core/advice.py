"""What a recommendation says, as text for people and as JSON for machines. `vpce.core.recommend` makes it."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from vpce.core.cost import dollars, number, signed
from vpce.core.model import Place
from vpce.core.notice import joined

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping

    from vpce.core.evidence import Evidence
    from vpce.core.model import Vpc
    from vpce.core.prices import Prices


class Do(StrEnum):
    ADD = "add"
    NEED = "needed"
    """It costs, and without it calls fail."""
    DROP = "drop"
    BY_NAT = "cheaper by NAT"
    """Dropped, it would save money, at the price of privacy: not counted in what could be saved."""
    NARROW = "fewer zones"
    """It would save money, at the price of availability: not counted either."""
    WITHOUT_NAT = "no NAT"
    SKIP = "not worth it"
    """Said, so that nobody has to work it out again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Advice:
    """One thing to do, or not to do."""

    do: Do
    place: Place
    vpc: str
    vpc_name: str
    """The Name tag; may be anything that people write."""
    service: str
    """Short name; empty for what concerns the whole VPC."""
    what: str
    saving: Decimal | None
    """US dollars a month; negative where it costs. None: nobody can tell; `why` says why."""
    why: str
    unsure: str = ""
    """What could make it wrong."""
    fix: str = ""
    """What to do, where it is more than to ask for a profile: a command to paste."""
    prices: str = ""
    """Where and when they were AWS's; empty where none are known."""

    @property
    def is_worth_it(self) -> bool:
        return self.do is not Do.SKIP


@dataclass(frozen=True, slots=True, kw_only=True)
class Fit:
    """The profile with what is worth an endpoint."""

    profile: str
    """Name of one that has all of it and no more; empty for `table`."""
    why: str
    table: str = ""
    """A profile in TOML, to paste into those of one's own."""
    tag: str = ""
    """The command that asks for it; empty where nothing is worth an endpoint."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recommendation:
    """All that is advised for one VPC."""

    vpc: Vpc
    prices: Prices | None
    evidence: Evidence | None
    advice: tuple[Advice, ...] = ()
    """As `order_of` orders them."""
    nat: str = ""
    """Whether its NAT gateways could go, in a sentence; empty where it uses none."""
    fit: Fit | None = None
    """None without a query log: nobody knows all that is called."""
    gaps: tuple[str, ...] = ()
    """What could not be told, and why."""
    better: tuple[str, ...] = ()
    """Commands that would tell more."""


RESERVED = frozenset({Do.BY_NAT, Do.NARROW})
"""What saves money, and costs something else."""


def saving_of(advice: Iterable[Advice]) -> Decimal:
    """US dollars a month, of what is advised without reserve and can be told; what calls need is not against it."""
    return sum_of(a for a in advice if a.do not in RESERVED)


def sum_of(advice: Iterable[Advice]) -> Decimal:
    return sum((a.saving for a in advice if a.saving is not None and a.saving > 0), Decimal())


def in_all(advice: Collection[Advice]) -> str:
    """``$76.63 a month, and $16.40 more at the price of privacy or zones``; empty where nothing could be saved."""
    total, more = saving_of(advice), sum_of(a for a in advice if a.do in RESERVED)
    reserve = f"{dollars(more)}{' more' if total else ' a month'} at the price of privacy or zones" if more else ""
    return ", and ".join(s for s in (f"{dollars(total)} a month" if total else "", reserve) if s)


def order_of(advice: Advice) -> tuple[bool, bool, Decimal, Place, str, str, str]:
    """Most money first, then what nobody can tell, then what is not worth it."""
    unknown, money = advice.saving is None, -(advice.saving or Decimal())
    return not advice.is_worth_it, unknown, money, advice.place, advice.vpc, advice.service, advice.what


# ---- text ---------------------------------------------------------------------------------------------------------


def as_text(recommendation: Recommendation) -> str:
    return joined(_lines(recommendation))


def _lines(said: Recommendation) -> Iterator[str]:
    evidence = said.evidence
    yield f"{said.vpc.name} in {said.vpc.place}"
    when = (
        f"logs of {evidence.span:.1f} days, {evidence.since:%Y-%m-%d} to {evidence.until:%Y-%m-%d}"
        if evidence
        else "no logs"
    )
    yield f"  from {when}; {said.prices.with_doubts if said.prices else 'no prices'}"
    for heading, some in (
        ("worth it", [a for a in said.advice if a.is_worth_it]),
        ("not worth it", [a for a in said.advice if not a.is_worth_it]),
    ):
        if some:
            yield f"  {heading}:"
        for one in some:
            yield from advice_lines(one)
    if said.nat:
        yield f"  {said.nat}"
    if said.fit:
        yield from _fit_lines(said.fit)
    for gap in said.gaps:
        yield f"  not known: {gap}"
    for command in said.better:
        yield f"  would tell more: {command}"
    total = in_all(said.advice)
    yield f"  Could be saved: {total}." if total else "  Nothing to save that could be told."


def advice_lines(advice: Advice, *, where: bool = False) -> Iterator[str]:
    """In full, with the money before it."""
    yield f"    {money(advice):>12}  {advice.do}: {advice.what}"
    named = f"{advice.vpc} ({advice.vpc_name})" if advice.vpc_name else advice.vpc
    place = f"{named} in {advice.place}" if where else ""
    for name, text in (("where", place), ("why", advice.why), ("unsure", advice.unsure), ("fix", advice.fix)):
        if text:
            yield f"{'':18}{name:<7}{text}"


def money(advice: Advice) -> str:
    """A saving with a plus, a cost with a minus."""
    return "unknown" if advice.saving is None else signed(advice.saving)


def _fit_lines(fit: Fit) -> Iterator[str]:
    yield f"  profile: {fit.profile or 'one of its own'}: {fit.why}"
    yield from (f"      {one}" for one in fit.table.splitlines())
    if fit.tag:
        yield f"      {fit.tag}"


# ---- documents ----------------------------------------------------------------------------------------------------


def as_document(said: Recommendation) -> dict[str, Any]:
    evidence = said.evidence
    return {
        "vpc": said.vpc.id,
        "account": said.vpc.place.account,
        "region": said.vpc.place.region,
        "price_date": said.prices.date if said.prices else None,
        "since": evidence.since.isoformat() if evidence else None,
        "until": evidence.until.isoformat() if evidence else None,
        "saving": number(saving_of(said.advice)),
        "advice": [advice_document(a) for a in said.advice],
        "nat": said.nat,
        "profile": said.fit
        and {"name": said.fit.profile or None, "why": said.fit.why, "table": said.fit.table, "tag": said.fit.tag},
        "gaps": [*said.gaps],
        "better": [*said.better],
    }


def advice_document(advice: Advice) -> dict[str, Any]:
    return {
        "do": advice.do.value,
        "account": advice.place.account,
        "region": advice.place.region,
        "vpc": advice.vpc,
        "vpc_name": advice.vpc_name,
        "service": advice.service,
        "what": advice.what,
        "saving": None if advice.saving is None else number(advice.saving),
        "why": advice.why,
        "unsure": advice.unsure,
        "fix": advice.fix,
        "prices": advice.prices,
    }


def read_advice(document: Mapping[str, Any]) -> Advice:
    """The opposite of `advice_document`."""
    saving = document["saving"]
    return Advice(
        do=Do(document["do"]),
        place=Place(account=document["account"], region=document["region"]),
        vpc=document["vpc"],
        vpc_name=document["vpc_name"],
        service=document["service"],
        what=document["what"],
        saving=None if saving is None else Decimal(saving),
        why=document["why"],
        unsure=document["unsure"],
        fix=document["fix"],
        prices=document["prices"],
    )
