"""``python -m spoton_mapper``."""

import sys

from spoton_mapper.app import main

sys.exit(main())
