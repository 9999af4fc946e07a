"""What is wrong in one place? The answer goes to S3; what has drifted goes to the queue to be mended."""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from aws_lambda_powertools import Logger

from vpce.audit import audit_place
from vpce.aws.clients import client
from vpce.aws.pace import Pace
from vpce.aws.parameters import installed_profiles
from vpce.aws.queue import send_look
from vpce.config import Settings
from vpce.core.events import Look
from vpce.core.model import Place
from vpce.core.report import place_document
from vpce.reconcile import Surroundings

if TYPE_CHECKING:
    from collections.abc import Mapping

    from aws_lambda_powertools.utilities.typing import LambdaContext

logger = Logger(service="vpce")


@logger.inject_lambda_context
def handler(event: Mapping[str, Any], _context: LambdaContext) -> dict[str, Any]:
    """Take ``{"run": …, "place": {"account", "region"}}``; answer with the key of the place's report."""
    settings = Settings.from_environment(os.environ)
    place = Place(**event["place"])
    audited = audit_place(
        Surroundings(
            place=place,
            ec2=client("ec2", place.region),
            installation=settings.installation,
            profiles=installed_profiles(
                client("ssm") if settings.profiles_parameter else None, settings.profiles_parameter
            ),
            pace=Pace(),
        ),
        now=datetime.now(UTC).isoformat(),
    )
    key = f"audits/{event['run']}/places/{place.account}-{place.region}.json"
    body = json.dumps(place_document(audited.report)).encode()
    client("s3").put_object(Bucket=settings.bucket, Key=key, Body=body, ContentType="application/json")
    if audited.drifted:
        look = Look(place=place, vpcs=audited.drifted, why="the audit found it drifted")
        send_look(client("sqs"), settings.queue_url, look)
    logger.info("audited", extra={"place": str(place), "key": key, "drifted": sorted(audited.drifted)})
    return {"place": event["place"], "key": key}
