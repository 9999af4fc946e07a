"""What do audits leave in the bucket of reports, and what do they find there?

audits/<run>/places/…      what each place was found to be
audits/<run>/…             the report, for people and machines
audits/latest.json         what the next audit compares with
ignores.toml               which findings people ignore; theirs, we only read it
policies/…                 endpoint policies of their profiles; theirs too (`vpce.aws.parameters`)
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from vpce.aws.errors import AwsError, code_of, in_words, is_worth_retrying
from vpce.core.checks.check import console
from vpce.core.compare import memory_document, read_memory

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

    from vpce.core.compare import Memory
    from vpce.core.ignores import Ignores, IgnoresFile

LATEST = "audits/latest.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Recalled:
    """What the last audit left."""

    memory: Memory | None = None
    """None: it is the first audit, or there is `trouble`."""
    trouble: str = ""
    etag: str = ""
    """Of what lies there, whatever it is worth; empty where nothing does."""
    is_denied: bool = False
    """It may lie there, but we may not see it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shelf:
    """The bucket of reports."""

    s3: S3Client
    bucket: str

    def uri(self, key: str) -> str:
        return f"s3://{self.bucket}/{key}"

    def link(self, key: str) -> str:
        """S3's console at the object."""
        region = self.s3.meta.region_name
        return f"{console(region)}/s3/object/{self.bucket}?region={region}&prefix={quote(key)}"

    def put(self, key: str, body: str, content_type: str) -> str:
        """Keep it, and tell where."""
        self.s3.put_object(Bucket=self.bucket, Key=key, Body=body.encode(), ContentType=content_type)
        return self.uri(key)

    def recall(self) -> Recalled:
        """What the last audit left.

        Raises:
            ClientError, BotoCoreError: worth trying again.

        """
        try:
            body, etag = self._get(LATEST)
        except AwsError as error:
            if is_worth_retrying(error):
                raise
            return Recalled(trouble=in_words(error), is_denied=True)
        if body is None:
            return Recalled()
        try:
            return Recalled(memory=read_memory(json.loads(body)), etag=etag)
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
            why = f"{self.uri(LATEST)} is not what an audit leaves there ({type(error).__name__}: {error})"
            return Recalled(trouble=why, etag=etag)

    def remember(self, memory: Memory, recalled: Recalled) -> None:
        """Leave it for the next audit, in the place of what was recalled and of nothing else.

        Raises:
            ClientError, BotoCoreError: also when another audit has left something meanwhile; see there.
            https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html

        """
        if recalled.is_denied:
            return  # what may lie there is better than nothing, once it can be read again
        body = json.dumps(memory_document(memory)).encode()
        unchanged: dict[str, Any] = {"IfMatch": recalled.etag} if recalled.etag else {"IfNoneMatch": "*"}
        self.s3.put_object(Bucket=self.bucket, Key=LATEST, Body=body, ContentType="application/json", **unchanged)

    def ignores(self, file: IgnoresFile, key: str, *, today: str) -> Ignores:
        """What people ignore.

        Raises:
            ClientError, BotoCoreError: worth trying again.

        """
        try:
            return file.read(self._get(key)[0], today=today)
        except AwsError as error:
            if is_worth_retrying(error):
                raise
            return file.unreadable(f"cannot be read: {in_words(error)}")

    def _get(self, key: str) -> tuple[bytes | None, str]:
        try:
            answer = self.s3.get_object(Bucket=self.bucket, Key=key)
            return answer["Body"].read(), answer["ETag"]
        except AwsError as error:
            if code_of(error) == "NoSuchKey":
                return None, ""
            raise
