"""Events point at VPCs; each VPC is brought to what its tags ask for."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from datetime import UTC, datetime
from functools import cache
from typing import TYPE_CHECKING, Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.batch import SqsFifoPartialProcessor, process_partial_response

from vpce.aws.catalog import read_catalog
from vpce.aws.clients import client
from vpce.aws.errors import AwsError, in_words, is_worth_retrying
from vpce.aws.pace import Pace
from vpce.aws.parameters import installed_profiles
from vpce.aws.queue import send
from vpce.config import Settings
from vpce.core.events import Look, where_to_look
from vpce.core.report import notice, unreadable
from vpce.notify import publish
from vpce.reconcile import ATTEMPTS, Surroundings, reconcile

if TYPE_CHECKING:
    from collections.abc import Mapping

    from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord
    from aws_lambda_powertools.utilities.typing import LambdaContext

    from vpce.core.model import Catalog, Place

logger = Logger(service="vpce")


@logger.inject_lambda_context
def handler(event: Mapping[str, Any], context: LambdaContext) -> Any:
    """Take up to ten messages of a place as one look; what fails of them comes back by SQS."""
    batch = _Batch(event["Records"], Settings.from_environment(os.environ), context)
    processor = SqsFifoPartialProcessor()
    return process_partial_response(event, record_handler=batch.settle, processor=processor, context=context)  # type: ignore[arg-type]


class _Batch:
    """The messages of one invocation, place by place."""

    def __init__(self, records: list[dict[str, Any]], settings: Settings, context: LambdaContext) -> None:
        self.settings, self.context = settings, context
        self.account = context.invoked_function_arn.split(":")[4]
        self.looks = {r["messageId"]: look for r in records if (look := self._look(r)) is not None}
        self.settled: dict[Place, Exception | None] = {}

    def _look(self, record: Mapping[str, Any]) -> Look | None:
        try:
            event = json.loads(record["body"])
        except ValueError:
            event = None
        look = where_to_look(event)
        if not isinstance(look, Look):
            logger.warning("ignored", extra={"message_id": record["messageId"], "why": look.why})
            return None
        if look.place.account != self.account:
            why = f"account {look.place.account} is not ours"
            logger.warning("ignored", extra={"message_id": record["messageId"], "why": why})
            return None
        return look

    def settle(self, record: SQSRecord) -> None:
        """Work for the record's place, once per batch; a failure there fails every record of the place."""
        look = self.looks.get(record.message_id)
        if look is None:
            return
        place = look.place
        if place not in self.settled:
            self.settled[place] = None
            try:
                self._work(place)
            except Exception as error:
                self.settled[place] = error  # for the other records of the place
                raise
        if failure := self.settled[place]:
            raise failure

    def _work(self, place: Place) -> None:
        looks = [k for k in self.looks.values() if k.place == place]
        generation = next(i for i, k in self.looks.items() if k.place == place)
        try:
            run = reconcile(_around(place, self.settings, self.context), looks, generation=generation, now=_now())
        except AwsError as error:
            self._could_not_look(place, looks, error)
            return
        for look in run.again:
            self._send(look)
        for one in run.runs:
            changes = [f"{type(o.action).__name__}: {o.verdict}" for o in one.outcomes]
            logger.info("reconciled", extra={"vpc": one.vpc, "outcomes": changes, "refusal": one.refusal})
        message = notice(place, run.runs, [k.why for k in looks])
        if message:
            publish(client("sns"), self.settings.topic_arn, message)
        if run.errors:
            raise ExceptionGroup(f"{len(run.errors)} VPCs of {place} could not be reconciled", list(run.errors))

    def _could_not_look(self, place: Place, looks: list[Look], error: Exception) -> None:
        """What may pass is tried again by a fresh message, which holds up nobody; the rest is told to people."""
        attempt = max(k.attempt for k in looks) + 1
        words = in_words(error)  # type: ignore[arg-type]  # one of AwsError
        logger.warning("could not look", extra={"place": str(place), "why": words, "attempt": attempt})
        if is_worth_retrying(error) and attempt <= ATTEMPTS:  # type: ignore[arg-type]
            for look in looks:
                self._send(replace(look, attempt=attempt))
        else:
            publish(client("sns"), self.settings.topic_arn, unreadable(place, words, [k.why for k in looks]))

    def _send(self, look: Look) -> None:
        send(client("sqs"), self.settings.queue_url, look)


def _around(place: Place, settings: Settings, context: LambdaContext) -> Surroundings:
    parameter = settings.profiles_parameter
    return Surroundings(
        place=place,
        ec2=client("ec2", place.region),
        installation=settings.installation,
        profiles=installed_profiles(client("ssm") if parameter else None, parameter),
        pace=_pace(place).budget(context.get_remaining_time_in_millis() / 1000),
        default_profile=settings.default_profile,
        catalog_of=lambda _, region: _catalog(region, _now().strftime("%Y-%m-%dT%H")),
    )


@cache
def _catalog(region: str, _hour: str) -> Catalog:
    """Kept for an hour of the process's life: the answer is long and seldom changes."""
    return read_catalog(client("ec2", region), region)


@cache
def _pace(_place: Place) -> Pace:
    return Pace()


def _now() -> datetime:
    return datetime.now(UTC)
