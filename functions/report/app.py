"""What did the audit see everywhere, and what of it is news? One report in S3, and one message to people.

The order is: read, compare, keep the report, tell, remember. What fails is tried again by Step Functions, from the
start, and finds the memory of the audit before: so what was not told is told then. It may be told twice, when only the
remembering failed; the other way round it might never be told. An audit whose memory is written has done everything,
and one that began before the audit remembered last has nothing new to say: both leave things as they are.
"""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any

from aws_lambda_powertools import Logger, Metrics

from vpce.audit import everything_expected
from vpce.aws.clients import client
from vpce.aws.errors import AwsError, in_words, is_worth_retrying
from vpce.aws.reports import Shelf
from vpce.config import Settings
from vpce.core.checks import CHECKS
from vpce.core.compare import compare, memory_of
from vpce.core.digest import digest
from vpce.core.figures import DIMENSION, NAMESPACE, of_hub, of_report
from vpce.core.findings import Unread
from vpce.core.ignores import FILE, IgnoresFile
from vpce.core.model import Place
from vpce.core.report import PlaceReport, Report, read_place_document
from vpce.documents import JSON, PAGE, documents
from vpce.hub import Imported, import_findings
from vpce.notify import publish

if TYPE_CHECKING:
    from collections.abc import Mapping

    from aws_lambda_powertools.utilities.typing import LambdaContext

logger = Logger(service="vpce")
metrics = Metrics(namespace=NAMESPACE)


@logger.inject_lambda_context
def handler(event: Mapping[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Take the run, the places that were to be looked at, and what became of each."""
    settings = Settings.from_environment(os.environ)
    shelf = Shelf(s3=client("s3"), bucket=settings.bucket)
    seen = _joined(event, settings.bucket)
    recalled = shelf.recall()
    if recalled.memory and recalled.memory.run >= seen.run:
        logger.info("reported already", extra={"run": seen.run, "remembered": recalled.memory.run})
        return _answer(seen, shelf.uri(_key(recalled.memory.run, JSON)))
    ignores = shelf.ignores(_ignores_file(context, shelf), FILE, today=seen.time)
    report = compare(seen, recalled.memory, ignores, trouble=recalled.trouble)
    for document in documents(report):
        shelf.put(_key(report.run, document.name), document.body, document.content_type)
    location, link = shelf.uri(_key(report.run, JSON)), shelf.link(_key(report.run, PAGE))
    hub = _tell_security_hub(report, settings, context, link) if settings.tells_security_hub else None
    if report.is_news or settings.audit_messages == "always":
        message = digest(
            report, location=shelf.uri(_key(report.run, PAGE)), link=link, not_in_hub=hub.troubles if hub else ()
        )
        publish(client("sns"), settings.topic_arn, message, settings.message_format)
    shelf.remember(memory_of(report), recalled)
    _count({**of_report(report), **(of_hub(hub.refused) if hub else {})}, settings)
    logger.info("reported", extra={"headline": report.headline, "news": report.is_news, "report": location})
    return _answer(report, location)


def _key(run: str, name: str) -> str:
    return f"audits/{run}/{name}"


def _answer(report: Report, location: str) -> dict[str, Any]:
    return {"headline": report.headline, "clean": report.is_clean, "report": location}


def _tell_security_hub(report: Report, settings: Settings, context: LambdaContext, link: str) -> Imported:
    partition, _, _, account = context.invoked_function_arn.split(":")[1:5]
    imported = import_findings(
        report,
        account=account,
        partition=partition,
        installation=settings.installation,
        hub_in=lambda region: client("securityhub", region),
        link=link,
    )
    for trouble in imported.troubles:
        logger.warning("not in Security Hub", extra={"why": trouble})
    logger.info("in Security Hub", extra={"findings": imported.taken, "of_other_accounts": imported.elsewhere})
    return imported


def _count(figures: Mapping[str, int], settings: Settings) -> None:
    metrics.add_dimension(name=DIMENSION, value=settings.installation)
    for name, value in figures.items():
        metrics.add_metric(name=name, unit="Count", value=value)
    metrics.flush_metrics()


def _ignores_file(context: LambdaContext, shelf: Shelf) -> IgnoresFile:
    region, account = context.invoked_function_arn.split(":")[3:5]
    return IgnoresFile(home=Place(account=account, region=region), source=shelf.uri(FILE), checks=CHECKS)


def _joined(event: Mapping[str, Any], bucket: str) -> Report:
    seen = [_read(bucket, result) for result in event["results"]]
    reports = everything_expected([Place(**p) for p in event["places"]], seen)
    return Report(
        run=event["run"],
        places=tuple(r for r in reports if isinstance(r, PlaceReport)),
        unread=tuple(r for r in reports if isinstance(r, Unread)),
    )


def _read(bucket: str, result: Mapping[str, Any]) -> PlaceReport | Unread:
    place = Place(**result["place"])
    if "key" not in result:
        cause = str(result.get("error", {}).get("Cause") or result.get("error"))
        return Unread(place=place, why=f"its audit failed: {_said(cause)[:300]}")
    try:
        answer = client("s3").get_object(Bucket=bucket, Key=result["key"])
        return read_place_document(json.load(answer["Body"]))
    except AwsError as error:
        if is_worth_retrying(error):
            raise  # the state machine has the whole report tried again
        return Unread(place=place, why=f"its report could not be read: {in_words(error)}")


def _said(cause: str) -> str:
    """What Lambda says of a failed function is a JSON document with a stack trace; people want its message."""
    try:
        return str(json.loads(cause)["errorMessage"])
    except (ValueError, KeyError, TypeError):
        return cause
