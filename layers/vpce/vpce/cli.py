"""The same core at a terminal: explain, plan and apply one VPC; discover what it calls, recommend what is worth it;
adopt and disown endpoints; audit regions; list what can be had; tell what an event points at; put dead letters back;
uninstall.

exit code   0  nothing to do, all done, or no problem found
            1  it could not be done; the reason is on standard error
            2  wrong usage
            3  there is something to do: the plan has changes, the audit found problems, or work is unfinished
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
import uuid
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vpce.audit import audit_place
from vpce.aws.clients import client, default_region
from vpce.aws.errors import AwsError, in_words
from vpce.aws.lines import NoLogError
from vpce.aws.observe import interfaces_at
from vpce.aws.pace import Pace
from vpce.aws.parameters import installed_profiles, shipped_profiles, with_policies
from vpce.aws.pricelist import HOME as PRICES_HOME
from vpce.aws.pricelist import MismatchError
from vpce.aws.queue import put_back
from vpce.catalogue import Listing, NothingFoundError
from vpce.core.advice import as_document as recommendation_document
from vpce.core.advice import as_text as recommendation_text
from vpce.core.approval import StaleError, approval_document, approved, limited
from vpce.core.aside import RELEASED_FOR, others_at, release, released
from vpce.core.caution import careful, guarded
from vpce.core.digest import in_full
from vpce.core.discovered import as_text as discovered_text
from vpce.core.discovered import evidence_document
from vpce.core.dns import served_centrally
from vpce.core.events import Look, where_to_look
from vpce.core.findings import Unread
from vpce.core.idle import DAYS
from vpce.core.journey import Reach, journey, name_of
from vpce.core.journey import as_document as journey_document
from vpce.core.journey import as_text as journey_text
from vpce.core.logs import group_of
from vpce.core.model import Kind, Place, utc
from vpce.core.network import NAMES, Facet
from vpce.core.notice import count, explain, line, plan_document
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
from vpce.core.plan import Verdict
from vpce.core.policies import PolicyFile
from vpce.core.price_table import as_document as prices_document
from vpce.core.price_table import as_text as prices_as_text
from vpce.core.prices import PricesError
from vpce.core.profile import Mode, ProfileError, Profiles, did_you_mean, read_profiles
from vpce.core.recommend import recommend
from vpce.core.report import PlaceReport, Report, report_document
from vpce.core.status import as_text as status_text
from vpce.core.status import document, status_of, used
from vpce.discover import Wanted, evidence_of
from vpce.ownership import OwnershipError, hand_over, handovers, is_running, removals
from vpce.pricing import PriceSource
from vpce.query_logging import RETENTIONS, QueryLoggingError, disable, enable, query_logging_of
from vpce.recommend import FACETS, case_of
from vpce.reconcile import PATIENCE, Surroundings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from vpce.core.model import Vpc
    from vpce.core.plan import Outcome, Plan
    from vpce.core.status import Row

FINE, FAILED, TO_DO = 0, 1, 3
_BETWEEN_LOOKS = 10.0


class CannotError(Exception):
    """The command cannot be carried out; the message says why and what to do."""


_TOLD = (
    CannotError,
    MismatchError,
    NoLogError,
    NothingFoundError,
    OwnershipError,
    PricesError,
    ProfileError,
    QueryLoggingError,
)
"""Their messages are for people."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; gives the exit code."""
    options = _parser().parse_args(arguments)
    try:
        code: int = options.command(options)
    except _TOLD as error:
        print(f"vpce: {error}", file=sys.stderr)
    except AwsError as error:
        print(f"vpce: {in_words(error)}", file=sys.stderr)
    except KeyboardInterrupt:
        print("vpce: interrupted; what was done stays, a second run goes on", file=sys.stderr)
    else:
        return code
    return FAILED


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="vpce",
        description="VPC endpoints that follow the tag endpoint-profile.",
        epilog="Exit codes: 0 fine, 1 could not, 2 wrong usage, 3 there is something to do. "
        "Credentials and region come from where the AWS CLI takes them; AWS_ENDPOINT_URL is honoured.",
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    out = argparse.ArgumentParser(add_help=False)
    out.add_argument("--json", action="store_true", help="print JSON for machines")
    stack = argparse.ArgumentParser(add_help=False)
    stack.add_argument(
        "--installation",
        default=os.environ.get("VPCE_INSTALLATION", "vpce"),
        help="name of the stack whose endpoints are ours (default: %(default)s)",
    )
    priced = _with_prices()
    looks = argparse.ArgumentParser(add_help=False, parents=[out, stack, priced])
    own = looks.add_mutually_exclusive_group()
    own.add_argument("--profiles", metavar="FILE", help="TOML file with profiles of your own")
    own.add_argument("--profiles-parameter", metavar="NAME", default="", help="SSM parameter with profiles of your own")
    looks.add_argument(
        "--policies", metavar="DIR", help="folder of the endpoint policies that profiles name (default: that of FILE)"
    )
    looks.add_argument(
        "--organization",
        metavar="ID",
        default=os.environ.get("VPCE_ORGANIZATION", ""),
        help="the stack's OrganizationId, for the endpoint policy 'organization' (default: the account alone)",
    )
    one = argparse.ArgumentParser(add_help=False, parents=[looks])
    one.add_argument("vpc", metavar="VPC", help="id of the VPC")
    one.add_argument("--region", help="the VPC's region")

    command = commands.add_parser("explain", parents=[one], help="every step for a VPC, or the way to a NAME, and why")
    command.add_argument("name", metavar="NAME", nargs="?", help="DNS name, or a service's short name (sqs)")
    command.set_defaults(command=_explain)
    careful = argparse.ArgumentParser(add_help=False)
    careful.add_argument("--now", action="store_true", help="do not wait for the change window")
    careful.add_argument("--allow-deletions", action="store_true", help="though much of the installation would go")
    careful.add_argument(
        "--grace-hours", type=int, default=24, metavar="N", help="until what nobody wants goes (default: %(default)s)"
    )
    command = commands.add_parser("plan", parents=[one, careful], help="what would change in a VPC")
    command.add_argument("--out", metavar="FILE", help="keep the plan, to apply it as it is")
    command.set_defaults(command=_plan)
    command = commands.add_parser("apply", parents=[looks, careful], help="bring a VPC to what its tags ask for")
    command.add_argument("vpc", metavar="VPC|FILE", help="id of the VPC, or a file of vpce plan --out")
    command.add_argument("--region", help="the VPC's region")
    command.add_argument("--yes", action="store_true", help="do not ask")
    command.set_defaults(command=_apply)
    command = commands.add_parser("release", parents=[one], help="keep out of a VPC that is to be deleted, for a day")
    command.add_argument("--yes", action="store_true", help="do not ask")
    command.set_defaults(command=_release, now=False, allow_deletions=False)
    _add_discovery(commands, one)
    command = commands.add_parser("audit", parents=[looks], help="what is wrong with every VPC")
    command.add_argument("--region", action="append", help="may be given several times")
    command.set_defaults(command=_audit)
    command = commands.add_parser("event", parents=[out], help="where an event would make vpce look")
    command.add_argument("files", metavar="FILE", nargs="+", help="EventBridge event or CloudTrail record; - is stdin")
    command.set_defaults(command=_event)
    command = commands.add_parser("redrive", parents=[stack], help="put dead letters back into the queue")
    command.add_argument("--region", help="the stack's region")
    command.set_defaults(command=_redrive)
    _add_ownership(commands, looks, [out, stack])
    _add_lists(commands, looks)
    _add_prices(commands, [out, priced])
    return parser


def _add_discovery(commands: Any, one: argparse.ArgumentParser) -> None:
    logs = argparse.ArgumentParser(add_help=False, parents=[one])
    logs.add_argument("--days", type=_number, default=14, metavar="N", help="how far to look back (default: 14)")
    logs.add_argument("--until", type=_moment, metavar="TIME", help="end of the days, ISO 8601 (default: now)")
    logs.add_argument(
        "--from", action="append", dest="files", metavar="FILE|DIR", default=[],
        help="logs to read instead of the VPC's own; may be given several times",
    )  # fmt: skip
    logs.add_argument("--ip-ranges", metavar="FILE", default="", help="AWS's ip-ranges.json, a file or s3://BUCKET/KEY")
    logs.add_argument("--most", type=_number, metavar="LINES", help="of each log, read no more (default: all)")
    command = commands.add_parser("recommend", parents=[logs], help="which endpoints are worth it, by money, and why")
    command.set_defaults(command=_recommend)
    command = commands.add_parser(
        "discover", parents=[logs], help="which AWS services a VPC's workloads call, by its flow logs and query logs"
    )
    switch = command.add_mutually_exclusive_group()
    switch.add_argument("--enable", action="store_true", help="turn query logging on, for a time")
    switch.add_argument("--disable", action="store_true", help="turn off what --enable turned on")
    command.add_argument(
        "--for", type=_number, dest="duration", default=14, metavar="DAYS", help="until it ends (default: %(default)s)"
    )
    command.add_argument(
        "--retention", type=int, choices=RETENTIONS, default=14, metavar="DAYS",
        help=f"how long its log group keeps lines: {', '.join(map(str, RETENTIONS))} (default: %(default)s)",
    )  # fmt: skip
    command.add_argument("--yes", action="store_true", help="do not ask")
    command.set_defaults(command=_discover)


def _number(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is no number of 1 or more")
    return int(text)


def _moment(text: str) -> datetime:
    """UTC, where the text does not say otherwise."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text!r} is no time like 2026-11-23T12:00") from error
    return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)


def _add_prices(commands: Any, parents: list[argparse.ArgumentParser]) -> None:
    command = commands.add_parser("prices", parents=parents, help="what AWS charges where, and what that means")
    command.add_argument("--region", action="append", help="may be given several times (default: all)")
    command.add_argument("--refresh", action="store_true", help="make a new table from the AWS Price List API")
    command.add_argument("--out", metavar="FILE", help="where the new table goes")
    command.set_defaults(command=_prices)


def _with_prices() -> argparse.ArgumentParser:
    priced = argparse.ArgumentParser(add_help=False)
    whose = priced.add_mutually_exclusive_group()
    whose.add_argument(
        "--prices",
        metavar="FILE",
        default=os.environ.get("VPCE_PRICES", ""),
        help="TOML file of list prices (default: those in the package)",
    )
    whose.add_argument("--live-prices", action="store_true", help="AWS's list prices of this week")
    return priced


def _add_ownership(commands: Any, looks: argparse.ArgumentParser, bare: list[argparse.ArgumentParser]) -> None:
    sure = argparse.ArgumentParser(add_help=False)
    sure.add_argument("--yes", action="store_true", help="do not ask")
    for hands, says in (
        (Hands.ADOPT, "take over endpoints that others made or left behind"),
        (Hands.DISOWN, "give endpoints up without deleting them"),
    ):
        command = commands.add_parser(hands.value, parents=[looks, sure], help=says)
        command.add_argument("endpoints", metavar="ENDPOINT", nargs="+", help="id of an endpoint")
        command.add_argument("--region", help="the endpoints' region")
        command.set_defaults(command=_hand_over, hands=hands)
    command = commands.add_parser(
        "uninstall", parents=[*bare, sure], help="remove all that a deleted stack left behind"
    )
    command.add_argument("--region", action="append", help="may be given several times")
    command.set_defaults(command=_uninstall)


def _add_lists(commands: Any, looks: argparse.ArgumentParser) -> None:
    """Of what is there, and of what can be had."""
    command = commands.add_parser("status", parents=[looks], help="the endpoints of a VPC, or of all VPCs")
    command.add_argument("vpc", metavar="VPC", nargs="?", help="id of the VPC")
    command.add_argument("--region", help="the VPCs' region")
    command.add_argument("--traffic", action="store_true", help="whether anybody uses them, as CloudWatch has counted")
    command.add_argument(
        "--days", type=_days, default=DAYS, metavar="N", help="that traffic is counted in (default: %(default)s)"
    )
    command.set_defaults(command=_status)
    command = commands.add_parser("services", parents=[looks], help="the endpoint services of a region")
    command.add_argument("text", metavar="TEXT", nargs="?", help="a name, as AWS, boto3 or people have it; a DNS name")
    command.add_argument("--region", help="default: that of the credentials")
    command.set_defaults(command=_services)
    command = commands.add_parser(
        "profiles", parents=[looks], help="the profiles, what a region has of them, and costs"
    )
    command.add_argument("name", metavar="NAME", nargs="?", help="a profile, or several joined by +")
    command.add_argument("--region", help="default: that of the credentials")
    command.set_defaults(command=_list_profiles)


# ---- one VPC ------------------------------------------------------------------------------------------------------


def _explain(options: argparse.Namespace) -> int:
    if options.name is not None:
        return _explain_name(options)
    around = _around(options)
    vpc, now = _find(around, options.vpc), datetime.now(UTC)
    plan = careful(around.plan(vpc, around.wish(vpc), now), now)
    print(json.dumps(plan_document(plan), indent=1) if options.json else explain(plan))
    return FINE


def _explain_name(options: argparse.Namespace) -> int:
    around = _around(options)
    found = around.observe([options.vpc], now=datetime.now(UTC), needs_dns=lambda _: True)
    if not found:
        raise CannotError(f"no VPC {options.vpc} in {around.place}; is --region right?")
    name = name_of(options.name, around.catalog)
    if name is None:
        known = (*around.catalog.names(Kind.INTERFACE), *around.catalog.names(Kind.GATEWAY))
        hint = did_you_mean(options.name, known)
        raise CannotError(f"{options.name!r} is neither a DNS name nor a service of {around.place.region}{hint}")
    way = journey(name, found[0], around.survey(found, names=[name]).networks[options.vpc], around.catalog)
    print(json.dumps(journey_document(way), indent=1) if options.json else journey_text(way))
    return TO_DO if way.reach is Reach.BROKEN else FINE


def _days(text: str) -> int:
    """CloudWatch keeps sums for 455 days.

    https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/cloudwatch_concepts.html#metrics-retention
    """
    if not text.isascii() or not text.isdigit() or not 1 <= int(text) <= 454:  # noqa: PLR2004
        raise argparse.ArgumentTypeError(f"{text!r} is no count of days from 1 to 454")
    return int(text)


def _status(options: argparse.Namespace) -> int:
    around, now = _around(options), datetime.now(UTC)
    vpcs = around.observe([options.vpc] if options.vpc else None, now=now)
    if options.vpc and not vpcs:
        raise CannotError(f"no VPC {options.vpc} in {around.place}; is --region right?")
    own = [vpc for vpc in vpcs if not vpc.is_shared_with_us]
    facets = NAMES | {Facet.METRICS} if options.traffic else NAMES
    networks = around.survey(own, facets, now=now, days=options.days).networks
    rows: list[Row] = []
    for vpc in own:
        there = status_of(vpc, served_centrally(vpc, networks[vpc.id], around.catalog))
        rows += used(there, vpc, networks[vpc.id].activity, around.prices) if options.traffic else there
    print(json.dumps([document(row) for row in rows], indent=1) if options.json else status_text(rows))
    for facet, why in sorted({(f, n.unread[f]) for n in networks.values() for f in NAMES if f in n.unread}):
        print(f"vpce: {facet} could not be read, so what is served from outside may be missing: {why}", file=sys.stderr)
    for why in sorted(
        {n.unread[Facet.METRICS] for n in networks.values() if options.traffic and not n.knows(Facet.METRICS)}
    ):
        print(f"vpce: {Facet.METRICS} could not be read: {why}", file=sys.stderr)
    return FINE


def _plan(options: argparse.Namespace) -> int:
    plan = _planned(_around(options), options)
    print(json.dumps(plan_document(plan), indent=1) if options.json else explain(plan, quiet_steps=False))
    if options.out:
        document = approval_document(plan, installation=options.installation)
        _write(options.out, json.dumps(document, indent=1) + "\n")
        print(f"vpce: kept; to do this and nothing else: vpce apply {options.out}", file=sys.stderr)
    return TO_DO if plan.actions else FINE


def _apply(options: argparse.Namespace) -> int:
    document = None if options.vpc.startswith("vpc-") else _approval(options)
    around = _around(options)
    plan = _planned(around, options)
    try:
        allowed = approved(plan, document) if document else None
    except StaleError as error:
        raise CannotError(f"{error}; nothing was changed, make a new plan") from error
    return _carry_out(options, around, plan, allowed)


def _release(options: argparse.Namespace) -> int:
    """As after a deletion that failed, but by hand: who else lives there is told, and keeps nobody from it."""
    around = _around(options)
    vpc, now = _find(around, options.vpc), datetime.now(UTC)
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
        _ask(options)

    def again(_: Sequence[Plan]) -> list[Plan]:
        latest = _planned(around, options)
        return [latest if allowed is None else limited(latest, allowed)]

    (work,) = _until_rest(around, [plan], again)
    if options.json:
        print(json.dumps(plan_document(work.plan) | {"outcomes": _said(work.outcomes)}, indent=1))
    return _code([work])


@dataclass(frozen=True, kw_only=True)
class _Work:
    """What was made of a plan, and of those that followed it."""

    plan: Plan
    """The last one."""
    outcomes: tuple[Outcome, ...] = ()

    def after(self, plan: Plan, latest: Iterable[Outcome]) -> _Work:
        return _Work(plan=plan, outcomes=(*(o for o in self.outcomes if o.verdict is Verdict.DONE), *latest))

    @property
    def has_failed(self) -> bool:
        return any(o.verdict is Verdict.FAILED for o in self.outcomes)

    @property
    def is_unfinished(self) -> bool:
        """Worth another look soon. What waits for something that failed waits in vain."""
        return any(o.verdict is Verdict.RETRY for o in self.outcomes) or (bool(self.plan.waits) and not self.has_failed)


def _until_rest(
    around: Surroundings, plans: Sequence[Plan], again: Callable[[Sequence[Plan]], list[Plan]]
) -> list[_Work]:
    """Carry plans out, and those that `again` makes anew of the unfinished ones, until AWS is done or time is over."""
    works = {plan.vpc.id: _Work(plan=plan) for plan in plans}
    generation, end = str(uuid.uuid4()), time.monotonic() + PATIENCE.total_seconds()
    while plans:
        for plan in plans:
            latest = around.apply(plan, generation=generation, progress=_say)
            works[plan.vpc.id] = works[plan.vpc.id].after(plan, latest)
        plans = [p for p in plans if works[p.vpc.id].is_unfinished]
        if not plans or time.monotonic() > end:
            break
        print("waiting for AWS …", file=sys.stderr, flush=True)
        time.sleep(_BETWEEN_LOOKS)
        plans = again(plans)
    return list(works.values())


def _code(works: Iterable[_Work]) -> int:
    if any(w.has_failed for w in works):
        return FAILED
    return TO_DO if any(w.is_unfinished for w in works) else FINE


def _said(outcomes: Iterable[Outcome]) -> list[dict[str, str]]:
    return [{"step": type(o.action).__name__, "verdict": o.verdict.value, "message": o.message} for o in outcomes]


def _ask(options: argparse.Namespace) -> None:
    if options.yes:
        return
    if options.json or not sys.stdin.isatty():
        raise CannotError("nobody can be asked here; give --yes")
    if input("Apply this? [y/N] ").strip().lower() not in {"y", "yes"}:
        raise CannotError("nothing was changed")


def _say(outcome: Outcome) -> None:
    said = line(outcome.action)
    print(f"{outcome.verdict}: {said.verb} {said.thing} {outcome.message}".rstrip(), file=sys.stderr, flush=True)


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


def _write(name: str, text: str) -> None:
    try:
        Path(name).write_text(text, encoding="utf-8")
    except OSError as error:
        raise CannotError(f"{name}: {error.strerror}") from error


def _planned(around: Surroundings, options: argparse.Namespace) -> Plan:
    """What a person may do: whatever the mode, but in the change window and not too much at once, if not told so."""
    vpc, now = _find(around, options.vpc), datetime.now(UTC)
    wish = replace(around.wish(vpc), mode=Mode.SYNC)
    if options.now:
        wish = replace(wish, window=None)
    if options.allow_deletions:
        wish = replace(wish, deletions_allowed=True)
    plan = careful(around.plan(vpc, wish, now), now)
    return guarded([plan], around.installed, around.deletion_share)[0]


def _find(around: Surroundings, vpc_id: str) -> Vpc:
    found = around.observe([vpc_id], now=datetime.now(UTC))
    if not found:
        raise CannotError(f"no VPC {vpc_id} in {around.place}; is --region right?")
    return found[0]


# ---- what it calls -----------------------------------------------------------------------------------------------


def _discover(options: argparse.Namespace) -> int:
    around = _around(options)
    vpc = _find(around, options.vpc)
    if options.enable or options.disable:
        return _switch_query_logging(options, around, vpc)
    evidence = evidence_of(around, vpc, _wanted(options))
    print(json.dumps(evidence_document(evidence), indent=1) if options.json else discovered_text(evidence, vpc))
    _end_query_logging(around, vpc)
    return FINE


def _wanted(options: argparse.Namespace) -> Wanted:
    until = options.until or datetime.now(UTC)
    return Wanted(
        since=until - timedelta(days=options.days),
        until=until,
        files=tuple(options.files),
        ip_ranges=options.ip_ranges,
        most=options.most,
        progress=lambda said: print(said, file=sys.stderr, flush=True),
    )


def _recommend(options: argparse.Namespace) -> int:
    around = _around(options)
    vpc = _find(around, options.vpc)
    network = around.survey([vpc], FACETS, now=datetime.now(UTC)).networks[vpc.id]
    advised = recommend(case_of(around, vpc, network, evidence_of(around, vpc, _wanted(options))))
    print(json.dumps(recommendation_document(advised), indent=1) if options.json else recommendation_text(advised))
    for facet in sorted(FACETS & network.unread.keys()):
        print(f"vpce: {facet} could not be read, so less can be told: {network.unread[facet]}", file=sys.stderr)
    return TO_DO if any(a.is_worth_it for a in advised.advice) else FINE


def _switch_query_logging(options: argparse.Namespace, around: Surroundings, vpc: Vpc) -> int:
    until = datetime.now(UTC) + timedelta(days=options.duration)
    if options.enable:
        print(
            f"{vpc.name} in {around.place}: log its DNS queries until {utc(until)}, to the log group\n"
            f"{group_of(around.installation, vpc.id)}, which keeps them {count(options.retention, 'day')}.\n"
            f"AWS charges for what is written: https://aws.amazon.com/cloudwatch/pricing/ (vended logs)",
            file=sys.stderr,
        )
    else:
        print(f"{vpc.name} in {around.place}: log its DNS queries no more, as far as vpce began it.", file=sys.stderr)
    _ask(options)
    steps = (
        enable(around, vpc.id, until=until, retention=options.retention)
        if options.enable
        else disable(around, vpc.id, pause=_pause)
    )
    done = []
    for step in steps:
        done.append(step)
        print(f"done: {step}", file=sys.stderr, flush=True)
    if not done:
        print("vpce: it was so already", file=sys.stderr)
    if options.enable:
        print(
            f"vpce: nothing in AWS ends it: run vpce discover {vpc.id} after {utc(until)}, which does, "
            f"or vpce discover {vpc.id} --disable at any time",
            file=sys.stderr,
        )
    if options.json:
        print(json.dumps({"vpc": vpc.id, "done": done, "until": until.isoformat() if options.enable else None}))
    return FINE


def _end_query_logging(around: Surroundings, vpc: Vpc) -> None:
    """What was turned on for a time that is over is turned off, as was agreed when it was turned on."""
    now = datetime.now(UTC)
    try:
        ours = [q for q in query_logging_of(around, vpc.id) if q.is_ours]
        if any(q.is_over(now) for q in ours):
            for step in disable(around, vpc.id, pause=_pause):
                print(f"vpce: its time is over: {step}", file=sys.stderr, flush=True)
            return
    except AwsError as error:
        print(f"vpce: whether query logging is to end could not be settled: {in_words(error)}", file=sys.stderr)
        return
    for logging in ours:
        if logging.until is None:
            print(
                f"vpce: nobody can read when {logging.id} is to end; vpce discover {vpc.id} --disable ends it",
                file=sys.stderr,
            )
        else:
            print(
                f"vpce: query logging by {logging.id} ends with the first vpce discover after {utc(logging.until)}",
                file=sys.stderr,
            )


def _pause() -> None:
    time.sleep(_BETWEEN_LOOKS)


# ---- whose it is ---------------------------------------------------------------------------------------------------


def _hand_over(options: argparse.Namespace) -> int:
    around, hands = _around(options), options.hands
    changing = handovers(around, options.endpoints, hands, datetime.now(UTC))
    for same in sorted({*options.endpoints} - {i for h in changing for i in h.ids}):
        print(f"vpce: {same} is {'ours' if hands is Hands.ADOPT else 'not ours'} already", file=sys.stderr)
    if changing:
        if not options.json:
            print(handover_text(changing, hands, options.installation))
        _ask(options)
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
    places = [_around(options, region=region, profiles=Profiles(tables={})) for region in regions]
    found = [(around, removals(around, datetime.now(UTC))) for around in places]
    if not options.json:
        print(uninstall_text([p for _, plans in found for p in plans], options.installation, regions))
    if any(p.actions for _, plans in found for p in plans):
        _ask(options)
    works = [work for around, plans in found for work in _removed(around, plans)]
    left = [line for w in works for line in left_of(w.plan, w.outcomes)]
    if options.json:
        vpcs = [plan_document(w.plan) | {"outcomes": _said(w.outcomes)} for w in works]
        print(json.dumps({"installation": options.installation, "vpcs": vpcs, "left": left}, indent=1))
    elif works:
        print(uninstalled_text([o for w in works for o in w.outcomes]))
    for line_ in left:
        print(f"vpce: left: {line_}", file=sys.stderr)
    return _code(works) or (FAILED if left else FINE)


def _removed(around: Surroundings, plans: Sequence[Plan]) -> list[_Work]:
    return _until_rest(around, plans, lambda rest: removals(around, datetime.now(UTC), [p.vpc.id for p in rest]))


# ---- regions ------------------------------------------------------------------------------------------------------


def _audit(options: argparse.Namespace) -> int:
    home = default_region() or next(iter(options.region or []), None)
    if home is None:
        raise CannotError("no region is set; give --region, or set AWS_REGION")
    account = client("sts", home).get_caller_identity()["Account"]
    profiles, prices = _profiles(options), _price_source(options)
    reports = []
    for region in dict.fromkeys(options.region or [home]):
        place = Place(account=account, region=region)
        print(f"looking at {place} …", file=sys.stderr, flush=True)
        around = Surroundings(
            place=place,
            ec2=client("ec2", region),
            client_of=client,
            installation=options.installation,
            profiles=profiles,
            pace=Pace(),
            prices_of=prices.of,
        )
        reports.append(audit_place(around, now=datetime.now(UTC).isoformat()).report)
    report = Report(
        run=time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        places=tuple(r for r in reports if isinstance(r, PlaceReport)),
        unread=tuple(r for r in reports if isinstance(r, Unread)),
    )
    print(json.dumps(report_document(report), indent=1) if options.json else in_full(report))
    if report.unread:
        return FAILED
    return FINE if report.is_clean else TO_DO


def _services(options: argparse.Namespace) -> int:
    listing = Listing(region=options.region, profiles=_profiles(options), prices_of=_price_source(options).of)
    print(listing.services(options.text or "", as_json=options.json))
    return FINE


def _list_profiles(options: argparse.Namespace) -> int:
    profiles = _profiles(options)
    listing = Listing(region=options.region, profiles=profiles, prices_of=_price_source(options).of)
    print(listing.of_profiles(options.name or "", as_json=options.json))
    broken = profiles.broken.values() if not options.name else ()
    for error in broken:
        print(f"vpce: {error}", file=sys.stderr)
    return FAILED if broken else FINE


def _around(
    options: argparse.Namespace, *, region: str | None = None, profiles: Profiles | None = None
) -> Surroundings:
    ec2 = client("ec2", region or options.region)
    return Surroundings(
        place=Place(
            account=client("sts", ec2.meta.region_name).get_caller_identity()["Account"], region=ec2.meta.region_name
        ),
        ec2=ec2,
        client_of=client,
        installation=options.installation,
        profiles=_profiles(options) if profiles is None else profiles,
        pace=Pace(),
        prices_of=_price_source(options).of,
        grace=timedelta(hours=getattr(options, "grace_hours", 24)),
    )


def _profiles(options: argparse.Namespace) -> Profiles:
    folder = Path(options.policies or Path(options.profiles or "").parent)
    return with_policies(_own_profiles(options), options.organization, lambda name: _policy_file(folder / name))


def _policy_file(path: Path) -> PolicyFile:
    try:
        return PolicyFile.of(str(path), path.read_bytes())
    except OSError as error:
        return PolicyFile(source=str(path), trouble=f"cannot be read: {error.strerror}; --policies tells where it is")


def _own_profiles(options: argparse.Namespace) -> Profiles:
    if not options.profiles:
        return installed_profiles(client("ssm") if options.profiles_parameter else None, options.profiles_parameter)
    try:
        text = Path(options.profiles).read_text(encoding="utf-8")
    except OSError as error:
        raise CannotError(f"profiles file {options.profiles}: {error.strerror}") from error
    return read_profiles(shipped_profiles(), text, own_source=options.profiles)


# ---- prices -------------------------------------------------------------------------------------------------------


def _prices(options: argparse.Namespace) -> int:
    source = _price_source(options)
    if options.refresh != bool(options.out):
        raise CannotError("--refresh and --out go together: vpce prices --refresh --out FILE")
    if options.refresh:
        _write(options.out, source.refreshed(client("pricing", PRICES_HOME), options.region))
        print(f"vpce: {options.out} has what AWS charges today; --prices or VPCE_PRICES use it", file=sys.stderr)
        return FINE
    if options.live_prices and not options.region:
        raise CannotError("which regions' prices? give --region, or a table of all: vpce prices --refresh --out FILE")
    found = [source.of(r) for r in dict.fromkeys(options.region)] if options.region else [*source.table.values()]
    known = [p for p in found if p is not None]
    for region in sorted({*(options.region or ())} - {p.region for p in known}):
        hint = did_you_mean(region, source.table)
        raise CannotError(f"{options.prices or 'the table in the package'} has no region {region}{hint}")
    print(json.dumps(prices_document(known), indent=1) if options.json else prices_as_text(known))
    return FINE


def _price_source(options: argparse.Namespace) -> PriceSource:
    return PriceSource(
        file=getattr(options, "prices", ""),
        pricing=(lambda: client("pricing", PRICES_HOME)) if getattr(options, "live_prices", False) else None,
        today=datetime.now(UTC).date(),
        # https://specifications.freedesktop.org/basedir-spec/latest/
        cache=Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache") / "vpce",
    )


# ---- events -------------------------------------------------------------------------------------------------------


def _event(options: argparse.Namespace) -> int:
    said: list[dict[str, Any]] = []
    for name in options.files:
        for event in _events_in(name):
            look = where_to_look(event)
            said.append({"file": name} | (_look_document(look) if isinstance(look, Look) else {"ignored": look.why}))
            if not options.json:
                print(f"{name}: {_in_words(look) if isinstance(look, Look) else f'ignored: {look.why}'}")
    if options.json:
        print(json.dumps(said, indent=1))
    return FINE


def _look_document(look: Look) -> dict[str, Any]:
    return {
        "account": look.place.account,
        "region": look.place.region,
        "vpcs": sorted(look.vpcs) or f"every VPC that {_which(look)}",
        "new": sorted(look.new),
        "why": look.why,
    }


def _in_words(look: Look) -> str:
    vpcs = ", ".join(sorted(look.vpcs)) or f"every VPC that {_which(look)}"
    new = " (new: gets the default profile unless it is tagged)" if look.new else ""
    return f"look at {vpcs} in {look.place}{new}: {look.why}"


def _which(look: Look) -> str:
    return "vpce manages there" if not look.blocked else f"has {', '.join(sorted(look.blocked))}"


def _events_in(name: str) -> Iterator[Any]:
    """The events of a file: one, a list, a CloudTrail log file, or what SQS hands to a function."""
    try:
        text = sys.stdin.read() if name == "-" else Path(name).read_text(encoding="utf-8")
        document = json.loads(text)
    except OSError as error:
        raise CannotError(f"{name}: {error.strerror}") from error
    except (ValueError, RecursionError) as error:
        raise CannotError(f"{name} is no JSON: {error}") from error
    if isinstance(document, dict) and isinstance(document.get("Records"), list):
        document = document["Records"]
    for event in document if isinstance(document, list) else [document]:
        if isinstance(event, dict) and isinstance(event.get("body"), str):
            try:
                yield json.loads(event["body"])
            except ValueError:
                yield event["body"]
        else:
            yield event


# ---- dead letters -------------------------------------------------------------------------------------------------


def _redrive(options: argparse.Namespace) -> int:
    sqs = client("sqs", options.region)
    # The names that template.yaml gives.
    names = (f"{options.installation}-dead-letters.fifo", f"{options.installation}.fifo")
    dead_letters, queue = (sqs.get_queue_url(QueueName=name)["QueueUrl"] for name in names)
    print(f"put back: {put_back(sqs, dead_letters, queue)}")
    return FINE


if __name__ == "__main__":
    sys.exit(main())
