"""What did the audit see everywhere? One report in S3, and one message to people if something is wrong."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any

from aws_lambda_powertools import Logger

from vpce.audit import everything_expected
from vpce.aws.clients import client
from vpce.aws.errors import AwsError, in_words, is_worth_retrying
from vpce.config import Settings
from vpce.core.model import Place
from vpce.core.report import PlaceReport, Report, Unread, digest, read_place_document, report_document
from vpce.notify import publish

if TYPE_CHECKING:
    from collections.abc import Mapping

    from aws_lambda_powertools.utilities.typing import LambdaContext

logger = Logger(service="vpce")


@logger.inject_lambda_context
def handler(event: Mapping[str, Any], _context: LambdaContext) -> dict[str, Any]:
    """Take the run, the places that were to be looked at, and what became of each."""
    settings = Settings.from_environment(os.environ)
    seen = [_read(settings.bucket, result) for result in event["results"]]
    reports = everything_expected([Place(**p) for p in event["places"]], seen)
    report = Report(
        run=event["run"],
        places=tuple(r for r in reports if isinstance(r, PlaceReport)),
        unread=tuple(r for r in reports if isinstance(r, Unread)),
    )
    key = f"audits/{report.run}/findings.json"
    body = json.dumps(report_document(report), indent=1).encode()
    client("s3").put_object(Bucket=settings.bucket, Key=key, Body=body, ContentType="application/json")
    location = f"s3://{settings.bucket}/{key}"
    if not report.is_clean:
        publish(client("sns"), settings.topic_arn, digest(report, location=location))
    logger.info("reported", extra={"headline": report.headline, "report": location})
    return {"headline": report.headline, "clean": report.is_clean, "report": location}


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
