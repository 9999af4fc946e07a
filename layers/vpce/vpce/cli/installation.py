"""Is all well with the whole installation, where would an event make it look, and what did it fail to do?"""

from __future__ import annotations

import json
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vpce.audit import audit_place
from vpce.aws.clients import client, default_region
from vpce.aws.pace import Pace
from vpce.aws.queue import put_back
from vpce.cli.common import FAILED, FINE, TO_DO, CannotError, Parents, price_source_of, profiles_of
from vpce.core.digest import in_full
from vpce.core.events import Look, where_to_look
from vpce.core.findings import Unread
from vpce.core.model import Place
from vpce.core.report import PlaceReport, Report, report_document
from vpce.reconcile import Surroundings

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator


def add(commands: Any, parents: Parents) -> None:
    command = commands.add_parser("audit", parents=[parents.looks], help="what is wrong with every VPC")
    command.add_argument("--region", action="append", help="may be given several times")
    command.set_defaults(command=_audit)
    command = commands.add_parser("event", parents=[parents.out], help="where an event would make vpce look")
    command.add_argument("files", metavar="FILE", nargs="+", help="EventBridge event or CloudTrail record; - is stdin")
    command.set_defaults(command=_event)
    command = commands.add_parser("redrive", parents=[parents.stack], help="put dead letters back into the queue")
    command.add_argument("--region", help="the stack's region")
    command.set_defaults(command=_redrive)


def _audit(options: argparse.Namespace) -> int:
    home = default_region() or next(iter(options.region or []), None)
    if home is None:
        raise CannotError("no region is set; give --region, or set AWS_REGION")
    account = client("sts", home).get_caller_identity()["Account"]
    profiles, prices = profiles_of(options), price_source_of(options)
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


def _redrive(options: argparse.Namespace) -> int:
    sqs = client("sqs", options.region)
    # The names that template.yaml gives.
    names = (f"{options.installation}-dead-letters.fifo", f"{options.installation}.fifo")
    dead_letters, queue = (sqs.get_queue_url(QueueName=name)["QueueUrl"] for name in names)
    print(f"put back: {put_back(sqs, dead_letters, queue)}")
    return FINE
