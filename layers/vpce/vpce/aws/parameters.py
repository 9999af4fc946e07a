"""Which profiles does this installation have? The shipped ones, its own from an SSM parameter, and their policies."""

from __future__ import annotations

from dataclasses import replace
from importlib.resources import files
from typing import TYPE_CHECKING

from vpce.aws.errors import AwsError, in_words, is_worth_retrying
from vpce.core.policies import PolicyFile
from vpce.core.profile import Profiles, ProfilesTextError, read_profiles

if TYPE_CHECKING:
    from collections.abc import Callable

    from mypy_boto3_s3 import S3Client
    from mypy_boto3_ssm import SSMClient


def shipped_profiles() -> str:
    return (files("vpce") / "profiles.toml").read_text(encoding="utf-8")


def installed_profiles(ssm: SSMClient | None, parameter: str) -> Profiles:
    """Profiles with those of the parameter added; an empty name means there is none.

    A parameter that cannot be read for good makes the profiles unusable, since it may have replaced any of them.

    Raises:
        ClientError, BotoCoreError: worth trying again.

    """
    if not parameter or ssm is None:
        return read_profiles(shipped_profiles())
    source = f"SSM parameter {parameter}"
    try:
        text = ssm.get_parameter(Name=parameter)["Parameter"].get("Value", "")
    except AwsError as error:
        if is_worth_retrying(error):
            raise
        return Profiles(tables={}, unreadable=ProfilesTextError(f"{source} cannot be read: {in_words(error)}"))
    return read_profiles(shipped_profiles(), text, own_source=source)


def with_policies(profiles: Profiles, organization: str, read: Callable[[str], PolicyFile]) -> Profiles:
    """The profiles, and all that their endpoint policies need; a file is read only where a profile names it.

    Args:
        profiles: as people wrote them.
        organization: ``o-…``; empty for the account alone.
        read: gets a file by its name.

    """
    return replace(profiles, organization=organization, files={name: read(name) for name in profiles.policy_files})


def policy_file(s3: S3Client, bucket: str, name: str) -> PolicyFile:
    """A policy that people put into the bucket of reports.

    Raises:
        ClientError, BotoCoreError: worth trying again.

    """
    key = f"policies/{name}"
    source = f"s3://{bucket}/{key}"
    try:
        return PolicyFile.of(source, s3.get_object(Bucket=bucket, Key=key)["Body"].read())
    except AwsError as error:
        if is_worth_retrying(error):
            raise
        # Who may not list a bucket is denied what is not there: nobody lists it for this.
        # https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html
        return PolicyFile(source=source, trouble=f"is not there, or cannot be read: {in_words(error)}")
