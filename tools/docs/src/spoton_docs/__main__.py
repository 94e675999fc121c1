"""``python -m spoton_docs``: write the generated parts anew; ``--check``: only say which are out of date."""

import argparse
import sys
from pathlib import Path

from spoton_docs.pages import outdated, rewrite


def main() -> int:
    """Run and return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m spoton_docs", description=__doc__)
    parser.add_argument("--check", action="store_true", help="change nothing; status 1 if something is out of date")
    parser.add_argument("--root", type=Path, default=Path.cwd(), help="the checkout (default: here)")
    arguments = parser.parse_args()
    found = outdated(arguments.root)
    for page in found:
        print(page.relative_to(arguments.root))
        if not arguments.check:
            page.write_text(rewrite(page.read_text(encoding="utf-8")), encoding="utf-8")
    return 1 if arguments.check and found else 0


if __name__ == "__main__":
    sys.exit(main())
