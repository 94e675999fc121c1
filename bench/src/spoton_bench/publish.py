"""``python -m spoton_bench.publish``: put the last run's figures into bench/RESULTS.md, its pictures into the docs."""

import json
import shutil
import sys
from collections.abc import Sequence

from spoton_bench.materials import CHECKOUT
from spoton_bench.report import table

_BEGIN, _END = "<!-- figures -->\n", "<!-- end -->"


def main() -> int:
    """Write what the last ``make bench`` measured."""
    reports, results = CHECKOUT / ".local" / "reports", CHECKOUT / "bench" / "RESULTS.md"
    found = json.loads((reports / "bench.json").read_text(encoding="utf-8"))
    pictures = sorted((reports / "bench").glob("*.png"))
    page = with_figures(results.read_text(encoding="utf-8"), found, [picture.stem for picture in pictures])
    results.write_text(page, encoding="utf-8")
    for picture in pictures:
        shutil.copyfile(picture, CHECKOUT / "docs" / "pictures" / f"bench-{picture.name}")
    return 0


def with_figures(page: str, found: dict[str, float | str], pictures: Sequence[str]) -> str:
    """Replace what stands between the page's marks; ``pictures``: their names."""
    before, _, rest = page.partition(_BEGIN)
    _, _, after = rest.partition(_END)
    figures = {key: value for key, value in found.items() if isinstance(value, int | float)}
    context = [
        f"`{found['command']}`, {str(found['measured_at'])[:10]}, commit {found['commit']}, {found['hardware']}.",
        f"Data: {found['data']}.",
    ]
    shown = "".join(f"\n![{name.capitalize()}](../docs/pictures/bench-{name}.png)\n" for name in pictures)
    return "".join([before, _BEGIN, "\n".join(context), "\n\n", table(figures), shown, _END, after])


if __name__ == "__main__":
    sys.exit(main())
