"""Which AWS services a VPC's workloads call, and which endpoints are worth their money."""

from __future__ import annotations

import argparse
import json
import sys
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from vpce.aws.errors import AwsError, in_words
from vpce.cli.common import FINE, TO_DO, Parents, ask, find, surroundings_of
from vpce.cli.work import pause
from vpce.core.advice import as_document as recommendation_document
from vpce.core.advice import as_text as recommendation_text
from vpce.core.discovered import as_text as discovered_text
from vpce.core.discovered import evidence_document
from vpce.core.logs import group_of
from vpce.core.model import utc
from vpce.core.notice import count
from vpce.core.recommend import recommend
from vpce.discover import Wanted, evidence_of
from vpce.query_logging import RETENTIONS, disable, enable, query_logging_of
from vpce.recommend import FACETS, case_of

if TYPE_CHECKING:
    from vpce.core.model import Vpc
    from vpce.reconcile import Surroundings


_MOST_DAYS = 3653
"""Ten years are the longest that CloudWatch Logs keeps lines, but for ever.
https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutRetentionPolicy.html"""


def add(commands: Any, parents: Parents) -> None:
    logs = argparse.ArgumentParser(add_help=False, parents=[parents.one])
    logs.add_argument(
        "--days", type=_number_of_days, default=14, metavar="N", help="how far to look back (default: 14)"
    )
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
        "--for",
        type=_number_of_days,
        dest="duration",
        default=14,
        metavar="DAYS",
        help="until it ends (default: %(default)s)",
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


def _number_of_days(text: str) -> int:
    if (number := _number(text)) > _MOST_DAYS:
        raise argparse.ArgumentTypeError(f"{text!r} is more than {_MOST_DAYS} days, and no log is as old")
    return number


def _moment(text: str) -> datetime:
    """UTC, where the text does not say otherwise."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text!r} is no time like 2026-11-23T12:00") from error
    return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)


def _discover(options: argparse.Namespace) -> int:
    around = surroundings_of(options)
    vpc = find(around, options.vpc)
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
    around = surroundings_of(options)
    vpc = find(around, options.vpc)
    network = around.survey([vpc], FACETS, now=options.until or datetime.now(UTC)).networks[vpc.id]
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
    ask(options)
    steps = (
        enable(around, vpc.id, until=until, retention=options.retention)
        if options.enable
        else disable(around, vpc.id, pause=pause)
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
            for step in disable(around, vpc.id, pause=pause):
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
