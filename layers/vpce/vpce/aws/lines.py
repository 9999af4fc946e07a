"""What is in a log? Its lines, one after the other, however long it is: from a log group, from S3, from files.

What cannot be read is told in `Reading.trouble`, and what was read before it counts. AWS's files are compressed by
gzip; what is compressed is seen by its first bytes, whatever the name says.

https://docs.aws.amazon.com/vpc/latest/userguide/flow-logs-s3-path.html
https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/resolver-query-logs-choosing-target-resource.html
"""

from __future__ import annotations

import gzip
import io
import re
import zlib
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from vpce.aws.errors import AwsError, in_words, is_turned_away
from vpce.core.evidence import FLOW_LOG, QUERY_LOG
from vpce.core.logs import LEAD, LINGER, PARQUET, Log

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from mypy_boto3_logs import CloudWatchLogsClient
    from mypy_boto3_s3 import S3Client

_PAGE = 10_000
"""Most events of one FilterLogEvents.
https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_FilterLogEvents.html"""
_GZIP, _PARQUET = b"\x1f\x8b", b"PAR1"
_STAMP = re.compile(r"_(\d{8}T\d{4})Z_")
"""When AWS began a file, in its name."""
_EXPORTED = re.compile(r"\d{4}-\d\d-\d\dT[\d:.]+Z ")
"""What CloudWatch Logs puts before each line that it exports to S3.
https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/S3ExportTasks.html"""
_LONGEST = 1 << 20
"""Characters of a line; what is longer is no log, and comes in pieces that nobody can read."""
_OFTEN = 100_000
"""Lines of an object: some seconds of a small function. AWS's files have millions."""
_BROKEN = (*AwsError, OSError, EOFError, zlib.error)


class NoLogError(Exception):
    """What a person named is no log that can be read; the message says why."""


@dataclass(slots=True, kw_only=True)
class Reading:
    """One log while it is read.

    Its parts are to be read in turn: what a part has comes while it is read.
    """

    log: Log
    client_of: Callable[..., Any]
    """Makes clients of a service."""
    vpc: str
    since: datetime
    until: datetime
    goes_on: Callable[[], bool] = lambda: True
    """Asked before each call of AWS, each file, and every so many lines of an object: whether there is time."""
    _troubles: list[str] = field(default_factory=list)

    @property
    def _first(self) -> datetime:
        return self.since.astimezone(UTC) - timedelta(minutes=LEAD if self.log.kind == QUERY_LOG else 0)

    @property
    def _last(self) -> datetime:
        return self.until.astimezone(UTC) + timedelta(minutes=LINGER)

    @property
    def trouble(self) -> str:
        """The first that went wrong, and how much more did."""
        if not self._troubles:
            return self.log.trouble
        more = f" (and {len(self._troubles) - 1} more)" if self._troubles[1:] else ""
        return self._troubles[0] + more

    def stop(self, why: str) -> None:
        """The rest is left unread."""
        self._troubles.append(why)

    def parts(self) -> Iterator[Iterable[str]]:
        """Lines, of each file by itself: each may begin with names of its fields. Line ends may be there or not."""
        if self.log.trouble:
            return
        if self.log.group:
            yield self._events()
        elif self.log.bucket:
            yield from self._objects()
        else:
            for name in self.log.files:
                if not self._has_time():
                    return
                yield self._file(name)

    # ---- CloudWatch Logs

    def _events(self) -> Iterator[str]:
        """Of one kind and VPC in the group, if the lines say so themselves.

        https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/FilterAndPatternSyntaxForMetricFilters.html
        """
        logs: CloudWatchLogsClient = self.client_of("logs")
        names_vpc = self.log.kind == QUERY_LOG or "vpc-id" in self.log.fields
        asked: dict[str, Any] = {"filterPattern": f'"{self.vpc}"'} if names_vpc else {}
        try:
            while self._has_time():
                page = logs.filter_log_events(
                    logGroupName=self.log.group,
                    startTime=_milliseconds(self._first),
                    endTime=_milliseconds(self._last),
                    limit=_PAGE,
                    **asked,
                )
                yield from (event["message"] for event in page["events"])
                if not page.get("nextToken"):
                    return
                asked["nextToken"] = page["nextToken"]
        except AwsError as error:
            self.stop(in_words(error))

    # ---- S3

    def _objects(self) -> Iterator[Iterable[str]]:
        s3: S3Client = self.client_of("s3")
        try:
            for key in self._keys(s3):
                if not self._has_time():
                    return
                yield self._object(s3, key)
                if self._troubles and self._troubles[-1].startswith("GetObject: AccessDenied"):
                    return  # so will the others
        except AwsError as error:
            self.stop(in_words(error))

    def _keys(self, s3: S3Client) -> Iterator[str]:
        """Of the days of the time, in order, without the files before and after it."""
        first, last = self._first - timedelta(minutes=LINGER), self._last
        for number in range((last.date() - first.date()).days + 1):
            prefix = self.log.prefix + (first + timedelta(days=number)).strftime(self.log.day)
            for page in s3.get_paginator("list_objects_v2").paginate(Bucket=self.log.bucket, Prefix=prefix):
                for key in sorted(o["Key"] for o in page.get("Contents", [])):
                    stamp = _STAMP.search(key)
                    when = _moment(stamp[1]) if stamp else None
                    is_due = when is None or first <= when <= last
                    if is_due and (self.log.kind == QUERY_LOG or f"_{self.log.id}_" in key):
                        yield key

    def _object(self, s3: S3Client, key: str) -> Iterator[str]:
        where = f"s3://{self.log.bucket}/{key}"
        try:
            body = s3.get_object(Bucket=self.log.bucket, Key=key)["Body"]
            with body:
                for number, line in enumerate(_text(body), 1):
                    yield line
                    if number % _OFTEN == 0 and not self._has_time():
                        return
        except ClientError as error:
            self.stop(in_words(error) if is_turned_away(error) else f"{where}: {in_words(error)}")
        except _BROKEN as error:
            self.stop(f"{where}: {_why(error)}")

    # ---- files

    def _file(self, name: str) -> Iterator[str]:
        try:
            with Path(name).open("rb", buffering=0) as raw:
                yield from _unwrapped(_text(raw))
        except _BROKEN as error:
            self.stop(f"{name}: {_why(error)}")

    def _has_time(self) -> bool:
        if self.goes_on():
            return True
        self.stop("there was no time left to read the rest")
        return False


def logs_of(names: Iterable[str]) -> list[Log]:
    """The logs of all these files and folders.

    Raises:
        NoLogError: as `logs_in`, or one file is named twice.

    """
    logs = [log for name in names for log in logs_in(name)]
    read = Counter(Path(file).resolve() for log in logs for file in log.files)
    if twice := [file for file, times in read.items() if times > 1]:
        raise NoLogError(f"{min(twice)} is named twice, by itself or with its folder, and would be counted twice")
    return logs


def logs_in(name: str) -> list[Log]:
    """The logs of a file, or of all files in and below a folder: flow logs and query logs, known by what is in them.

    Raises:
        NoLogError: there is no such file, or nothing in it is a log.

    """
    path = Path(name)
    if not path.exists():
        raise NoLogError(f"{name}: no such file or folder")
    hidden = (p for p in path.rglob("*") if p.is_file() and not p.name.startswith("."))
    files = sorted(str(p) for p in hidden) if path.is_dir() else [name]
    kinds: dict[str, list[str]] = {FLOW_LOG: [], QUERY_LOG: []}
    strange: dict[str, str] = {}
    for file in files:
        kind, why = _kind_of(file)
        if kind:
            kinds[kind].append(file)
        elif why:
            strange[file] = why
    if strange and not any(kinds.values()):
        raise NoLogError(next(iter(strange.values())))
    if not files:
        raise NoLogError(f"{name}: there is no file in it")
    told = [Log(kind=FLOW_LOG, where=file, files=(file,), trouble=why) for file, why in strange.items()]
    return [Log(kind=kind, where=name, files=tuple(of)) for kind, of in kinds.items() if of] + told


def text_of(where: str, s3: Callable[[], S3Client]) -> str:
    """All of a file, or of an object ``s3://bucket/key``.

    Raises:
        NoLogError: it cannot be read.

    """
    try:
        if where.startswith("s3://"):
            bucket, _, key = where.removeprefix("s3://").partition("/")
            with s3().get_object(Bucket=bucket, Key=key)["Body"] as body:
                return "".join(_text(body))
        with Path(where).open("rb", buffering=0) as raw:
            return "".join(_text(raw))
    except _BROKEN as error:
        raise NoLogError(f"{where}: {_why(error)}") from error


def _kind_of(file: str) -> tuple[str, str]:
    """Kind, or why it has none; neither for an empty file."""
    try:
        with Path(file).open("rb", buffering=0) as raw:
            if raw.read(len(_PARQUET)) == _PARQUET:
                return "", PARQUET.format(file, file)
            raw.seek(0)
            line = next(_unwrapped(_text(raw)), "").strip()
    except _BROKEN as error:
        return "", f"{file}: {_why(error)}"
    if line.startswith("{"):
        return QUERY_LOG, ""
    if not line:
        return "", ""
    if len(line.split()) < 4:  # noqa: PLR2004  no flow log that tells anything has fewer fields
        return "", f"{file} is neither a flow log nor a query log of Route 53 Resolver"
    return FLOW_LOG, ""


def _text(raw: Any) -> Iterator[str]:
    """Lines of bytes that may be compressed; the last one, if it was cut off by an error, is left out."""
    buffered: Any = io.BufferedReader(raw)
    if buffered.peek(len(_GZIP))[: len(_GZIP)] == _GZIP:
        buffered = gzip.GzipFile(fileobj=buffered)
    read = partial(io.TextIOWrapper(buffered, encoding="utf-8", errors="replace").readline, _LONGEST)
    yield from iter(read, "")


def _unwrapped(lines: Iterator[str]) -> Iterator[str]:
    """Without the times that an export has before each line."""
    first = next(lines, None)
    if first is None:
        return
    if not _EXPORTED.match(first):
        yield first
        yield from lines
        return
    yield first.partition(" ")[2]
    for line in lines:
        yield line.partition(" ")[2]


def _moment(stamp: str) -> datetime | None:
    try:
        return datetime.strptime(stamp, "%Y%m%dT%H%M").replace(tzinfo=UTC)
    except ValueError:
        return None


def _milliseconds(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)


def _why(error: Exception) -> str:
    if isinstance(error, AwsError):
        return in_words(error)
    if isinstance(error, EOFError | zlib.error | gzip.BadGzipFile):
        return f"the compressed data is broken ({error}); what came before counts"
    return error.strerror or str(error) if isinstance(error, OSError) else str(error)
