"""What is wrong in one place? The answer goes to S3; what has drifted goes to the queue to be mended."""

from __future__ import annotations

import json
import os
from collections import defaultdict
from dataclasses import asdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from aws_lambda_powertools import Logger

from vpce.audit import audit_place
from vpce.aws.clients import client
from vpce.aws.pace import Pace
from vpce.aws.parameters import installed_profiles, policy_file, with_policies
from vpce.aws.queue import send_look
from vpce.config import Settings
from vpce.core.events import Look
from vpce.core.findings import Unread
from vpce.core.model import Place
from vpce.core.report import place_document
from vpce.reconcile import Surroundings

if TYPE_CHECKING:
    from collections.abc import Mapping

    from aws_lambda_powertools.utilities.typing import LambdaContext

    from vpce.audit import Audited

logger = Logger(service="vpce")


@logger.inject_lambda_context
def handler(event: Mapping[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Take ``{"run": …, "place": {"account", "region"}}``; answer with the key of the place's report."""
    settings = Settings.from_environment(os.environ)
    place = Place(**event["place"])
    audited = audit_place(
        Surroundings(
            place=place,
            ec2=client("ec2", place.region),
            client_of=client,
            installation=settings.installation,
            profiles=with_policies(
                installed_profiles(client("ssm") if settings.profiles_parameter else None, settings.profiles_parameter),
                settings.organization,
                lambda name: policy_file(client("s3"), settings.bucket, name),
            ),
            pace=Pace().budget(context.get_remaining_time_in_millis() / 1000),
            grace=settings.grace,
            mode=settings.mode,
            window=settings.window,
        ),
        now=datetime.now(UTC).isoformat(),
        discovery_days=settings.discovery_days,
    )
    key = f"audits/{event['run']}/places/{place.account}-{place.region}.json"
    body = json.dumps(place_document(audited.report)).encode()
    client("s3").put_object(Bucket=settings.bucket, Key=key, Body=body, ContentType="application/json")
    if audited.drifted:
        look = Look(place=place, vpcs=audited.drifted, why="the audit found it drifted")
        send_look(client("sqs"), settings.queue_url, look)
    _log(audited, key)
    return {"place": event["place"], "key": key}


def _log(audited: Audited, key: str) -> None:
    """A line for each VPC that something is wrong with, and one for the place."""
    report = audited.report
    where = asdict(report.place)
    if isinstance(report, Unread):
        logger.warning("could not look", extra={**where, "why": report.why})
        return
    found: dict[str, set[str]] = defaultdict(set)
    for finding in report.findings:
        if finding.vpc:
            found[finding.vpc].add(finding.check)
    for vpc, checks in sorted(found.items()):
        is_drifted = vpc in audited.drifted
        logger.info("found", extra={"vpc": vpc, **where, "checks": sorted(checks), "drifted": is_drifted})
    unread = [{"facet": u.facet, "why": u.why} for u in report.unread]
    logger.info("audited", extra={**where, "vpcs": report.vpcs, "unread": unread, "key": key})
