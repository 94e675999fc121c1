"""``python -m spoton_mapper.events``."""

import sys

from spoton_mapper.events.app import main

sys.exit(main())
