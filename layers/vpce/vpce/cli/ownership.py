"""Whose endpoints are they, and what goes when vpce goes?"""

from __future__ import annotations

import argparse
import json
import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from vpce.aws.clients import client, default_region
from vpce.aws.errors import AwsError, in_words
from vpce.cli.common import FAILED, FINE, CannotError, Parents, ask, surroundings_of
from vpce.cli.work import Work, code_of, outcomes_document, until_rest
from vpce.core.notice import plan_document
from vpce.core.ownership import (
    Hands,
    handover_document,
    handover_text,
    left_of,
    next_step,
    still_running,
    uninstall_text,
    uninstalled_text,
)
from vpce.core.profile import Profiles
from vpce.ownership import hand_over, handovers, is_running, removals
from vpce.query_logging import left_behind

if TYPE_CHECKING:
    from collections.abc import Sequence

    from vpce.core.plan import Plan
    from vpce.reconcile import Surroundings


def add(commands: Any, parents: Parents) -> None:
    sure = argparse.ArgumentParser(add_help=False)
    sure.add_argument("--yes", action="store_true", help="do not ask")
    for hands, says in (
        (Hands.ADOPT, "take over endpoints that others made or left behind"),
        (Hands.DISOWN, "give endpoints up without deleting them"),
    ):
        command = commands.add_parser(hands.value, parents=[parents.looks, sure], help=says)
        command.add_argument("endpoints", metavar="ENDPOINT", nargs="+", help="id of an endpoint")
        command.add_argument("--region", help="the endpoints' region")
        command.set_defaults(command=_hand_over, hands=hands)
    command = commands.add_parser(
        "uninstall", parents=[parents.out, parents.stack, sure], help="remove all that a deleted stack left behind"
    )
    command.add_argument("--region", action="append", help="may be given several times")
    command.set_defaults(command=_uninstall)


def _hand_over(options: argparse.Namespace) -> int:
    around, hands = surroundings_of(options), options.hands
    changing = handovers(around, options.endpoints, hands, datetime.now(UTC))
    for same in sorted({*options.endpoints} - {i for h in changing for i in h.ids}):
        print(f"vpce: {same} is {'ours' if hands is Hands.ADOPT else 'not ours'} already", file=sys.stderr)
    if changing:
        if not options.json:
            print(handover_text(changing, hands, options.installation))
        ask(options)
    for handover in changing:
        hand_over(around, handover, hands)
        print(f"vpce: {next_step(handover, hands)}", file=sys.stderr, flush=True)
    if options.json:
        print(json.dumps(handover_document(changing, hands, options.installation), indent=1))
    return FINE


def _uninstall(options: argparse.Namespace) -> int:
    home = default_region()
    regions = list(dict.fromkeys(options.region or filter(None, [home])))
    if not regions:
        raise CannotError("no region is set; give --region, or set AWS_REGION")
    for region in dict.fromkeys(filter(None, [*regions, home])):
        if is_running(client("sqs", region), options.installation):
            raise CannotError(still_running(options.installation, region, regions))
    places = [surroundings_of(options, region=region, profiles=Profiles(tables={})) for region in regions]
    found = [(around, removals(around, datetime.now(UTC))) for around in places]
    if not options.json:
        print(uninstall_text([p for _, plans in found for p in plans], options.installation, regions))
    if any(p.actions for _, plans in found for p in plans):
        ask(options)
    works = [work for around, plans in found for work in _removed(around, plans)]
    left = [line for w in works for line in left_of(w.plan, w.outcomes)]
    left += [line for around in places for line in _logged(around)]
    if options.json:
        vpcs = [plan_document(w.plan) | {"outcomes": outcomes_document(w.outcomes)} for w in works]
        print(json.dumps({"installation": options.installation, "vpcs": vpcs, "left": left}, indent=1))
    elif works:
        print(uninstalled_text([o for w in works for o in w.outcomes]))
    for line in left:
        print(f"vpce: left: {line}", file=sys.stderr)
    return code_of(works) or (FAILED if left else FINE)


def _logged(around: Surroundings) -> list[str]:
    try:
        return left_behind(around)
    except AwsError as error:
        said = in_words(error)
        print(f"vpce: whether query logging goes on in {around.place} could not be read: {said}", file=sys.stderr)
        return []


def _removed(around: Surroundings, plans: Sequence[Plan]) -> list[Work]:
    return until_rest(around, plans, lambda rest: removals(around, datetime.now(UTC), [p.vpc.id for p in rest]))
