"""What is wrong: one decorated function per check, one module per topic.

"Missing" and "drifted" come from the plan that the reconciler would carry out, so the two cannot disagree; the other
checks add what a plan does not know.
"""

from vpce.core.checks import access, endpoints, gateways, names, profile, room
from vpce.core.checks.check import CHECKS, FREE, Check, Checked, Problem, Subject, run_checks

__all__ = [
    "CHECKS",
    "FREE",
    "Check",
    "Checked",
    "Problem",
    "Subject",
    "access",
    "endpoints",
    "gateways",
    "names",
    "profile",
    "room",
    "run_checks",
]
