"""``python -m spoton_reid``."""

import sys

from spoton_reid.app import main

sys.exit(main())
