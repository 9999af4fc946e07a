"""Which places does the audit look at? Each region of the installation, in its own account."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from vpce.config import Settings

if TYPE_CHECKING:
    from collections.abc import Mapping


def handler(_event: Mapping[str, Any], context: Any) -> dict[str, Any]:
    """Answer with the items of the Distributed Map."""
    account = context.invoked_function_arn.split(":")[4]
    settings = Settings.from_environment(os.environ)
    return {"places": [{"account": account, "region": region} for region in settings.regions]}
