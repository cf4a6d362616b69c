"""``python -m minires`` is the command ``minires``."""

import sys

from .cli import main

sys.exit(main())
