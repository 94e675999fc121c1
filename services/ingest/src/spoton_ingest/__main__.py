"""``python -m spoton_ingest``."""

import sys

from spoton_ingest.app import main

if __name__ == "__main__":
    sys.exit(main())
