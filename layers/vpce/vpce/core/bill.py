"""What do plans, and what was done of them, cost? In words and for machines; the arithmetic is `vpce.core.cost`'s."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from vpce.core.cost import change_of, dollars, number, plan_cost, signed
from vpce.core.model import Kind
from vpce.core.plan import CreateEndpoint

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from vpce.core.cost import Change
    from vpce.core.plan import Action, Plan
    from vpce.core.prices import Prices


def cost_of_plan(plan: Plan) -> str:
    """One line of what the plan changes, and of what ours costs after it; empty where there is nothing to pay for."""
    if plan.prices is None:
        there = any(e.kind is Kind.INTERFACE for e in plan.vpc.ours)
        changes = change_of([*plan.actions, *(h.action for h in plan.held)]).is_any
        return _unknown(plan) if there or changes else ""
    cost = plan_cost(plan, plan.prices)
    said = [_said(cost.change, plan.prices)] if cost.change.is_any else []
    if cost.held.is_any:
        said.append(f"held: {_said(cost.held, plan.prices)}")
    if cost.marked.is_any:
        said.append(f"{_amount(cost.marked, plan.prices)} when what is marked is gone")
    if cost.now or cost.after:
        when = "then" if cost.change.is_any else "as now"
        said.append(f"{when}, {dollars(cost.after)} a month for ours in this VPC")
    if said:
        return "; ".join([*said, _basis(plan.prices)])
    return "+$0.00 a month: gateway endpoints are free" if _makes_gateways(plan.actions) else ""


def cost_of_actions(plan: Plan, actions: Iterable[Action]) -> str:
    """One line of what was done, or would be; empty where it costs and saves nothing by the hour."""
    change = change_of(actions)
    if not change.is_any:
        return ""
    return "; ".join([_said(change, plan.prices), _basis(plan.prices)]) if plan.prices else _unknown(plan)


def plan_bill(plan: Plan) -> dict[str, Any] | None:
    """US dollars a month, as texts; None where no list price of the region is known."""
    if plan.prices is None:
        return None
    cost = plan_cost(plan, plan.prices)
    return {
        "now": number(cost.now),
        "difference": number(cost.difference),
        "after": number(cost.after),
        "held": number(cost.held.of(plan.prices)),
        "marked": number(cost.marked.of(plan.prices)),
    } | _document(plan.prices)


def bill_of_actions(plan: Plan, actions: Iterable[Action]) -> dict[str, Any] | None:
    """Likewise, of what was done."""
    if plan.prices is None:
        return None
    return {"difference": number(change_of(actions).of(plan.prices))} | _document(plan.prices)


def _document(prices: Prices) -> dict[str, str]:
    return {"currency": "USD", "region": prices.region, "date": prices.date}


def _amount(change: Change, prices: Prices) -> str:
    return f"{signed(change.of(prices))} a month"


def _said(change: Change, prices: Prices) -> str:
    return f"{_amount(change, prices)}: {', '.join(_parts(change))}"


def _parts(change: Change) -> Iterator[str]:
    if change.made:
        zones = f"in {_many(max(change.made), 'zone')}{'' if len({*change.made}) == 1 else ' at most'}"
        yield f"{_many(len(change.made), 'interface endpoint')} more, {zones}"
    if change.deleted:
        yield f"{_many(len(change.deleted), 'interface endpoint')} less"
    if change.zones_more:
        yield f"{_many(change.zones_more, 'zone')} more for what is there"
    if change.zones_less:
        yield f"{_many(change.zones_less, 'zone')} less for what is there"


def _many(things: int, noun: str) -> str:
    return f"{things} {noun}{'' if things == 1 else 's'}"


def _basis(prices: Prices) -> str:
    return f"{prices}, without data"


def _unknown(plan: Plan) -> str:
    return f"what it costs is not known: there is no list price of {plan.vpc.place.region}"


def _makes_gateways(actions: Iterable[Action]) -> bool:
    return any(isinstance(a, CreateEndpoint) and a.offer.kind is Kind.GATEWAY for a in actions)
