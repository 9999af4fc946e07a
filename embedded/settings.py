"""How does the embedded AWS behave, and where is it?"""

from collections.abc import Mapping
from dataclasses import dataclass

ACCOUNT = "123456789012"  # of whoever does not say
REGION = "eu-west-1"
CONTROL = "/_embedded/"  # what lies under this path is not AWS


@dataclass(frozen=True, kw_only=True)
class Settings:
    """How this AWS behaves. Times are in seconds."""

    iam: bool  # whether policies are enforced
    event_delay: float  # from an EC2 call to its event
    pending: float  # until an endpoint is available
    deleting: float  # until a deleted endpoint is gone
    runtimes: Mapping[str, str]  # the interpreter of each Lambda runtime
