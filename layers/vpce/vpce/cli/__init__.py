"""The same core at a terminal: explain, plan and apply one VPC; discover what it calls, recommend what is worth it;
adopt and disown endpoints; audit regions; list what can be had; tell what an event points at; put dead letters back;
uninstall.

exit code   0  nothing to do, all done, or no problem found
            1  it could not be done; the reason is on standard error
            2  wrong usage
            3  there is something to do: the plan has changes, the audit found problems, or work is unfinished
"""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING

from vpce.aws.errors import AwsError, in_words
from vpce.aws.lines import NoLogError
from vpce.aws.pricelist import MismatchError
from vpce.catalogue import NothingFoundError
from vpce.cli import installation, lists, ownership, steps, worth
from vpce.cli.common import FAILED, CannotError, parents
from vpce.core.prices import PricesError
from vpce.core.profile import ProfileError
from vpce.ownership import OwnershipError
from vpce.query_logging import QueryLoggingError

if TYPE_CHECKING:
    from collections.abc import Sequence

_TOLD = (
    CannotError,
    MismatchError,
    NoLogError,
    NothingFoundError,
    OwnershipError,
    PricesError,
    ProfileError,
    QueryLoggingError,
)
"""Their messages are for people."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; gives the exit code."""
    options = _parser().parse_args(arguments)
    try:
        code: int = options.command(options)
    except _TOLD as error:
        print(f"vpce: {error}", file=sys.stderr)
    except AwsError as error:
        print(f"vpce: {in_words(error)}", file=sys.stderr)
    except KeyboardInterrupt:
        print("vpce: interrupted; what was done stays, a second run goes on", file=sys.stderr)
    else:
        return code
    return FAILED


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="vpce",
        description="VPC endpoints that follow the tag endpoint-profile.",
        epilog="Exit codes: 0 fine, 1 could not, 2 wrong usage, 3 there is something to do. "
        "Credentials and region come from where the AWS CLI takes them; AWS_ENDPOINT_URL is honoured.",
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    common = parents()
    for group in (steps, worth, installation, ownership, lists):
        group.add(commands, common)
    return parser
