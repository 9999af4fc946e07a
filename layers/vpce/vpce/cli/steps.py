"""What would be done to one VPC and why, and doing it."""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vpce.aws.observe import interfaces_at
from vpce.cli.common import FINE, TO_DO, CannotError, Parents, ask, find, surroundings_of, write
from vpce.cli.work import code_of, outcomes_document, until_rest
from vpce.core.approval import StaleError, approval_document, approved, limited
from vpce.core.aside import RELEASED_FOR, others_at, release, released
from vpce.core.caution import careful, guarded
from vpce.core.journey import Reach, journey, name_of
from vpce.core.journey import as_document as journey_document
from vpce.core.journey import as_text as journey_text
from vpce.core.model import Kind
from vpce.core.notice import explain, plan_document
from vpce.core.profile import Mode, did_you_mean

if TYPE_CHECKING:
    from collections.abc import Sequence

    from vpce.core.plan import Plan
    from vpce.reconcile import Surroundings


def add(commands: Any, parents: Parents) -> None:
    command = commands.add_parser(
        "explain", parents=[parents.one], help="every step for a VPC, or the way to a NAME, and why"
    )
    command.add_argument("name", metavar="NAME", nargs="?", help="DNS name, or a service's short name (sqs)")
    command.set_defaults(command=_explain)
    cautious = argparse.ArgumentParser(add_help=False)
    cautious.add_argument("--now", action="store_true", help="do not wait for the change window")
    cautious.add_argument("--allow-deletions", action="store_true", help="though much of the installation would go")
    cautious.add_argument(
        "--grace-hours", type=int, default=24, metavar="N", help="until what nobody wants goes (default: %(default)s)"
    )
    command = commands.add_parser("plan", parents=[parents.one, cautious], help="what would change in a VPC")
    command.add_argument("--out", metavar="FILE", help="keep the plan, to apply it as it is")
    command.set_defaults(command=_plan)
    command = commands.add_parser(
        "apply", parents=[parents.looks, cautious], help="bring a VPC to what its tags ask for"
    )
    command.add_argument("vpc", metavar="VPC|FILE", help="id of the VPC, or a file of vpce plan --out")
    command.add_argument("--region", help="the VPC's region")
    command.add_argument("--yes", action="store_true", help="do not ask")
    command.set_defaults(command=_apply)
    command = commands.add_parser(
        "release", parents=[parents.one], help="keep out of a VPC that is to be deleted, for a day"
    )
    command.add_argument("--yes", action="store_true", help="do not ask")
    command.set_defaults(command=_release, now=False, allow_deletions=False)


def _explain(options: argparse.Namespace) -> int:
    if options.name is not None:
        return _explain_name(options)
    around = surroundings_of(options)
    vpc, now = find(around, options.vpc), datetime.now(UTC)
    plan = careful(around.plan(vpc, around.wish(vpc), now), now)
    print(json.dumps(plan_document(plan), indent=1) if options.json else explain(plan))
    return FINE


def _explain_name(options: argparse.Namespace) -> int:
    around = surroundings_of(options)
    vpc = find(around, options.vpc, needs_dns=lambda _: True)
    name = name_of(options.name, around.catalog)
    if name is None:
        known = (*around.catalog.names(Kind.INTERFACE), *around.catalog.names(Kind.GATEWAY))
        hint = did_you_mean(options.name, known)
        raise CannotError(f"{options.name!r} is neither a DNS name nor a service of {around.place.region}{hint}")
    way = journey(name, vpc, around.survey([vpc], names=[name]).networks[vpc.id], around.catalog)
    print(json.dumps(journey_document(way), indent=1) if options.json else journey_text(way))
    return TO_DO if way.reach is Reach.BROKEN else FINE


def _plan(options: argparse.Namespace) -> int:
    plan = _planned(surroundings_of(options), options)
    print(json.dumps(plan_document(plan), indent=1) if options.json else explain(plan, quiet_steps=False))
    if options.out:
        document = approval_document(plan, installation=options.installation)
        write(options.out, json.dumps(document, indent=1) + "\n")
        print(f"vpce: kept; to do this and nothing else: vpce apply {options.out}", file=sys.stderr)
    return TO_DO if plan.actions else FINE


def _apply(options: argparse.Namespace) -> int:
    document = None if options.vpc.startswith("vpc-") else _approval(options)
    around = surroundings_of(options)
    plan = _planned(around, options)
    try:
        allowed = approved(plan, document) if document else None
    except StaleError as error:
        raise CannotError(f"{error}; nothing was changed, make a new plan") from error
    return _carry_out(options, around, plan, allowed)


def _release(options: argparse.Namespace) -> int:
    """As after a deletion that failed, but by hand: who else lives there is told, and keeps nobody from it."""
    around = surroundings_of(options)
    vpc, now = find(around, options.vpc), datetime.now(UTC)
    for other in others_at(vpc, vpc.id, interfaces_at(around.ec2, vpc.id)):
        print(f"vpce: beware: there is also {other}", file=sys.stderr)
    left = released(vpc, vpc.id, now + RELEASED_FOR)
    wish = replace(around.wish(left), mode=Mode.SYNC)
    aside = release(vpc.id, now + RELEASED_FOR, "somebody asked for it")
    return _carry_out(options, around, around.plan(left, wish, now, aside=(aside,)))


def _carry_out(
    options: argparse.Namespace, around: Surroundings, plan: Plan, allowed: frozenset[str] | None = None
) -> int:
    if not options.json:
        print(explain(plan, quiet_steps=False))
    if plan.actions:
        ask(options)

    def again(_: Sequence[Plan]) -> list[Plan]:
        latest = _planned(around, options)
        return [latest if allowed is None else limited(latest, allowed)]

    (work,) = until_rest(around, [plan], again)
    if options.json:
        print(json.dumps(plan_document(work.plan) | {"outcomes": outcomes_document(work.outcomes)}, indent=1))
    return code_of([work])


def _approval(options: argparse.Namespace) -> dict[str, Any]:
    """The plan of a file; its VPC and where that is go for the options."""
    try:
        document = json.loads(Path(options.vpc).read_text(encoding="utf-8"))
        _ = document["state"], document["actions"]
        vpc, region, installation = document["plan"]["vpc"], document["plan"]["region"], document["installation"]
    except OSError as error:
        raise CannotError(f"{options.vpc} is no VPC's id, nor a file: {error.strerror}") from error
    except (ValueError, KeyError, TypeError) as error:
        raise CannotError(f"{options.vpc} is no plan; vpce plan VPC --out FILE makes one") from error
    options.vpc, options.region, options.installation = vpc, region, installation
    return dict(document)


def _planned(around: Surroundings, options: argparse.Namespace) -> Plan:
    """What a person may do: whatever the mode, but in the change window and not too much at once, if not told so."""
    vpc, now = find(around, options.vpc), datetime.now(UTC)
    wish = replace(around.wish(vpc), mode=Mode.SYNC)
    if options.now:
        wish = replace(wish, window=None)
    if options.allow_deletions:
        wish = replace(wish, deletions_allowed=True)
    plan = careful(around.plan(vpc, wish, now), now)
    return guarded([plan], around.installed, around.deletion_share)[0]
