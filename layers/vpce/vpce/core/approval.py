"""Is it still the plan that a person read? What it was made on and what it would do, in a form that a file can keep."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import fields, is_dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

from vpce.core.notice import plan_document
from vpce.core.plan import Action, DeleteEndpoint, MarkEndpoint

if TYPE_CHECKING:
    from vpce.core.model import Vpc
    from vpce.core.plan import Plan


class StaleError(Exception):
    """The VPC, or the plan for it, is not as it was; the message says in what."""


def approval_document(plan: Plan, *, installation: str) -> dict[str, Any]:
    """What to keep of a plan until somebody has approved it."""
    return {
        "installation": installation,
        "state": _state(plan.vpc),
        "actions": [_key(a) for a in plan.actions],
        "plan": plan_document(plan),
    }


def approved(plan: Plan, document: Mapping[str, Any]) -> frozenset[str]:
    """The actions that were approved, if the plan is still the same; see `limited`.

    Raises:
        StaleError: it is not.

    """
    state = _state(plan.vpc)
    if changed := sorted(part for part, digest in state.items() if document["state"].get(part) != digest):
        raise StaleError(f"{plan.vpc.id} is not as it was planned on: its {', '.join(changed)} changed")
    actions = [_key(a) for a in plan.actions]
    if actions != document["actions"]:
        raise StaleError(f"the plan for {plan.vpc.id} is another by now: its profile, or what AWS offers, changed")
    return frozenset(actions)


def limited(plan: Plan, actions: frozenset[str]) -> Plan:
    """Those of the plan's actions that were approved, and what is waited for on their behalf."""
    steps = (s for s in plan.steps if not isinstance(s, Action) or _key(s) in actions)
    return replace(plan, steps=tuple(steps))


def _state(vpc: Vpc) -> dict[str, str]:
    """A digest for each part of a VPC that a plan looks at. Addresses in use change by the minute, and do not count."""
    subnets = [replace(s, free_addresses=0) for s in vpc.subnets]
    parts = {
        "tags": vpc.tags,
        "CIDRs": vpc.cidrs,
        "DNS attributes": vpc.dns,
        "subnets": subnets,
        "route tables": vpc.route_tables,
        "endpoints": vpc.endpoints,
        "security groups": vpc.security_groups,
    }
    return {name: hashlib.sha256(_canonical(part).encode()).hexdigest() for name, part in parts.items()}


def _key(action: Action) -> str:
    """What an action does, without its words and times."""
    if isinstance(action, MarkEndpoint):
        action = replace(action, delete_after=datetime.min)  # noqa: DTZ901  no moment at all
    if isinstance(action, DeleteEndpoint):
        action = replace(action, due=None)
    return f"{type(action).__name__} {_canonical(replace(action, why=''))}"


def _canonical(value: Any) -> str:
    return json.dumps(_plain(value), sort_keys=True)


def _plain(value: Any) -> Any:
    """Sets have no order of their own, and Python gives them another in every process."""
    if is_dataclass(value):
        return {f.name: _plain(getattr(value, f.name)) for f in fields(value)}
    if isinstance(value, Mapping):
        return {str(k): _plain(v) for k, v in value.items()}
    if isinstance(value, frozenset):
        return sorted((_plain(v) for v in value), key=_canonical)
    if isinstance(value, tuple | list):
        return [_plain(v) for v in value]
    return value if isinstance(value, str | int | None) else str(value)
