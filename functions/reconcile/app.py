"""Events point at VPCs; each VPC is brought to what its tags ask for."""

from __future__ import annotations

import json
import os
from dataclasses import asdict, replace
from datetime import UTC, datetime
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Any

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.utilities.batch import SqsFifoPartialProcessor, process_partial_response

from vpce.aws.catalog import read_catalog
from vpce.aws.clients import client
from vpce.aws.errors import AwsError, in_words, is_worth_retrying
from vpce.aws.pace import OutOfTimeError, Pace
from vpce.aws.parameters import installed_profiles, policy_file, with_policies
from vpce.aws.queue import notice_in, send_look, send_notice
from vpce.aws.quotas import read_quotas
from vpce.config import Settings
from vpce.core.events import Look, is_sweep, where_to_look
from vpce.core.figures import DIMENSION, NAMESPACE, of_runs, of_unread
from vpce.core.model import Place
from vpce.core.notice import line, notice, unreadable
from vpce.notify import Told, publish
from vpce.reconcile import Run, Surroundings, patience_is_over, reconcile

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord
    from aws_lambda_powertools.utilities.typing import LambdaContext

    from vpce.aws.apply import Unseen
    from vpce.core.model import Catalog
    from vpce.core.network import Quotas
    from vpce.core.notice import Message

logger = Logger(service="vpce")
metrics = Metrics(namespace=NAMESPACE)
told = Told()

TIME_TO_LOOK = 15.0
"""Seconds of the budget without which a place is better left to a fresh message."""


@logger.inject_lambda_context
def handler(event: Mapping[str, Any], context: LambdaContext) -> Any:
    """Take up to ten messages of a place as one look; what fails of them comes back by SQS."""
    batch = _Batch(event["Records"], Settings.from_environment(os.environ), context)
    # One place's failure is no reason to leave the messages of another.
    processor = SqsFifoPartialProcessor(skip_group_on_error=True)
    return process_partial_response(event, record_handler=batch.settle, processor=processor, context=context)  # type: ignore[arg-type]


class _Batch:
    """The messages of one invocation: looks, taken together for each place, and notices that are still to be told."""

    def __init__(self, records: list[dict[str, Any]], settings: Settings, context: LambdaContext) -> None:
        self.settings, self.context = settings, context
        self.account = context.invoked_function_arn.split(":")[4]
        self.looks: dict[str, Look] = {}
        self.notices: dict[str, Message] = {}
        self.sweeps: set[str] = set()
        for record in records:
            self._read(record["messageId"], record["body"])
        self.done: set[Place] = set()

    def _read(self, message_id: str, body: str) -> None:
        try:
            event = json.loads(body)
        except (ValueError, RecursionError):  # no JSON, or nested deeper than Python reads
            event = None
        if notice := notice_in(event):
            self.notices[message_id] = notice
            return
        if is_sweep(event):
            self.sweeps.add(message_id)
            return
        look = where_to_look(event)
        if isinstance(look, Look) and look.place.account == self.account:
            self.looks[message_id] = look
            return
        why = f"account {look.place.account} is not ours" if isinstance(look, Look) else look.why
        logger.warning("ignored", extra={"message_id": message_id, "why": why})

    def settle(self, record: SQSRecord) -> None:
        """Work for the record's place, once per batch; after a failure SQS brings all records of the place again."""
        if record.message_id in self.notices:
            self._publish(self.notices[record.message_id])
            return
        if record.message_id in self.sweeps:
            places = [Place(account=self.account, region=region) for region in self.settings.regions]
            self._look_again(Look(place=place, vpcs=frozenset(), why="once an hour") for place in places)
            return
        look = self.looks.get(record.message_id)
        if look is not None and look.place not in self.done:
            self._work(look.place)
            self.done.add(look.place)

    def _work(self, place: Place) -> None:
        looks = [k for k in self.looks.values() if k.place == place]
        generation = next(i for i, k in self.looks.items() if k.place == place)
        try:
            around = self._around(place)
            has_time = around.pace.has(TIME_TO_LOOK)
            run = reconcile(around, looks, generation=generation, now=_now()) if has_time else Run(again=tuple(looks))
        except AwsError as error:
            self._could_not_look(place, looks, in_words(error), is_passing=is_worth_retrying(error))
            return
        except OutOfTimeError as error:
            self._could_not_look(place, looks, str(error), is_passing=True)
            return
        self._log(place, run)
        self._count(of_runs(run.runs))
        # Told first: if SQS refuses a fresh message, this one comes back, and then there is nothing to tell any more.
        self._tell(notice(place, [r for r in run.runs if told.is_news(r, _now())], [k.why for k in looks]))
        self._look_again(run.again)
        if run.errors:
            raise ExceptionGroup(f"{len(run.errors)} VPCs of {place} failed in our own code", list(run.errors.values()))

    @staticmethod
    def _log(place: Place, run: Run) -> None:
        """One line for each VPC that was looked at."""
        for one in run.runs:
            said = [(line(o.action), o.verdict) for o in one.outcomes]
            outcomes = [f"{step.verb} {step.thing}: {verdict}" for step, verdict in said]
            where = {"vpc": one.vpc, **asdict(place)}
            stays = [f"{line(s).thing}: {s.why}" for s in (one.plan.stays if one.plan else ())]
            logger.info("reconciled", extra={**where, "outcomes": outcomes, "stays": stays, "trouble": one.trouble})
        for vpc, error in run.errors.items():
            logger.error("failed in our own code", exc_info=error, extra={"vpc": vpc, **asdict(place)})

    def _count(self, figures: Mapping[str, int]) -> None:
        metrics.add_dimension(name=DIMENSION, value=self.settings.installation)
        for name, value in figures.items():
            metrics.add_metric(name=name, unit="Count", value=value)
        metrics.flush_metrics()

    def _could_not_look(self, place: Place, looks: list[Look], why: str, *, is_passing: bool) -> None:
        """What may pass is tried again by a fresh message, which holds up nobody; the rest is told to people."""
        since = min((k.since for k in looks if k.since), default=_now().isoformat())
        vpcs = sorted(frozenset[str]().union(*(k.vpcs for k in looks)))
        logger.warning("could not look", extra={"vpcs": vpcs, **asdict(place), "why": why, "since": since})
        is_passing = is_passing and not patience_is_over(since, _now())
        self._count(of_unread(is_passing=is_passing))
        if is_passing:
            self._look_again([replace(k, since=since) for k in looks])
        else:
            self._tell(unreadable(place, why, [k.why for k in looks]))

    def _look_again(self, looks: Iterable[Look]) -> None:
        for look in looks:
            send_look(client("sqs"), self.settings.queue_url, look)

    def _tell(self, message: Message | None) -> None:
        """Tell people; what SNS does not take now is kept in the queue, for a later look finds nothing to tell."""
        if message is None:
            return
        try:
            self._publish(message)
        except AwsError as error:
            logger.exception("could not tell", extra={"why": in_words(error), "notice": message.text})
            send_notice(client("sqs"), self.settings.queue_url, message)

    def _publish(self, message: Message) -> None:
        publish(client("sns"), self.settings.topic_arn, message, self.settings.message_format)

    def _around(self, place: Place) -> Surroundings:
        parameter = self.settings.profiles_parameter
        return Surroundings(
            place=place,
            ec2=client("ec2", place.region),
            client_of=client,
            installation=self.settings.installation,
            profiles=with_policies(
                installed_profiles(client("ssm") if parameter else None, parameter),
                self.settings.organization,
                lambda name: policy_file(client("s3"), self.settings.bucket, name),
            ),
            pace=_pace(place).budget(self.context.get_remaining_time_in_millis() / 1000),
            unseen=_unseen(place),
            default_profile=self.settings.default_profile,
            grace=self.settings.grace,
            mode=self.settings.mode,
            window=self.settings.window,
            deletion_share=self.settings.deletion_share,
            looks_at_traffic=self.settings.looks_at_traffic,
            catalog_of=lambda _, region: _catalog(region, _hour()),
            quotas_of=lambda _, region: _quotas(region, _hour()),
        )


@lru_cache(maxsize=8)
def _catalog(region: str, _hour: str) -> Catalog:
    """Kept for an hour of the process's life: the answer is long and seldom changes."""
    return read_catalog(client("ec2", region), region)


@lru_cache(maxsize=8)
def _quotas(region: str, _hour: str) -> Quotas:
    return read_quotas(client("service-quotas", region), region)


def _hour() -> str:
    return _now().strftime("%Y-%m-%dT%H")


@cache
def _pace(_place: Place) -> Pace:
    return Pace()


@cache
def _unseen(_place: Place) -> Unseen:
    return {}


def _now() -> datetime:
    return datetime.now(UTC)
