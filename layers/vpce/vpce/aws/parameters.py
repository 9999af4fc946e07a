"""Which profiles does this installation have? The shipped ones, and its own from an SSM parameter."""

from __future__ import annotations

from importlib.resources import files
from typing import TYPE_CHECKING

from vpce.aws.errors import AwsError, in_words, is_worth_retrying
from vpce.core.profile import Profiles, ProfilesTextError, read_profiles

if TYPE_CHECKING:
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
