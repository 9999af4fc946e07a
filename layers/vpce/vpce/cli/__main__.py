"""`python -m vpce.cli` is `vpce`."""

import sys

from vpce.cli import main

sys.exit(main())
