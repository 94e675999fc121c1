"""``python -m spoton_detector``."""

import sys

from spoton_detector.app import main

sys.exit(main())
