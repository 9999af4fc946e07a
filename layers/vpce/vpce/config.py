"""What is this installation set to? Read once from the environment that the template gives its functions."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from vpce.core.profile import Mode
from vpce.core.window import Window, read_window

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    installation: str
    """Value of the ownership tag; the stack's name."""
    queue_url: str
    topic_arn: str
    bucket: str
    default_profile: str
    """What a new VPC without a tag gets; empty for nothing."""
    profiles_parameter: str
    """Name of the SSM parameter with the installation's own profiles; empty for none."""
    organization: str
    """``o-…``: whom the endpoint policy 'organization' means; empty for the account alone."""
    regions: tuple[str, ...]
    """Regions that the audit looks at."""
    audit_messages: str
    """``changes``: an audit tells when something changed; ``always``: also that nothing did."""
    message_format: str
    """``text``, ``chat`` or ``json``; see `vpce.notify.publish`."""
    tells_security_hub: bool
    grace: timedelta
    """How long ours stays after nobody wants it any more."""
    looks_at_traffic: bool
    """Before it goes."""
    deletion_share: int
    """Per cent of the installation's endpoints in a place that may go in one run."""
    discovery_days: int
    """Of logs that an audit reads; 0 for none."""
    mode: Mode
    window: Window | None

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> Settings:
        """Read the settings.

        Raises:
            KeyError: a variable is missing; the message names it and who sets it.
            ValueError: its value cannot be used; the template does not let such values in.

        """

        def value(name: str) -> str:
            if name not in environment:
                raise KeyError(f"environment variable {name} is missing; template.yaml sets it")
            return environment[name].strip()

        regions = [r.strip() for r in value("VPCE_REGIONS").split(",") if r.strip()]
        return cls(
            installation=value("VPCE_INSTALLATION"),
            queue_url=value("VPCE_QUEUE_URL"),
            topic_arn=value("VPCE_TOPIC_ARN"),
            bucket=value("VPCE_BUCKET"),
            default_profile=value("VPCE_DEFAULT_PROFILE"),
            profiles_parameter=value("VPCE_PROFILES_PARAMETER"),
            organization=value("VPCE_ORGANIZATION"),
            regions=tuple(dict.fromkeys(regions)) or (value("AWS_REGION"),),
            audit_messages=value("VPCE_AUDIT_MESSAGES"),
            message_format=value("VPCE_MESSAGE_FORMAT"),
            tells_security_hub=value("VPCE_SECURITY_HUB") == "on",
            grace=timedelta(hours=int(value("VPCE_GRACE_HOURS"))),
            looks_at_traffic=value("VPCE_TRAFFIC_CHECK") == "on",
            deletion_share=int(value("VPCE_DELETION_SHARE")),
            discovery_days=int(value("VPCE_DISCOVERY_DAYS")),
            mode=Mode(value("VPCE_MODE")),
            window=read_window(value("VPCE_CHANGE_WINDOW")),
        )
