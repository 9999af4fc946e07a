"""All kinds of faults, in the order of the table."""

from __future__ import annotations

from tests.end_to_end import faults_audit, faults_ec2, faults_events, faults_services

CASES = [*faults_ec2.CASES, *faults_events.CASES, *faults_services.CASES, *faults_audit.CASES]
