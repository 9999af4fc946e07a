"""What vpce knows and decides. Standard library only: no clock, no log, no environment, no boto3."""
