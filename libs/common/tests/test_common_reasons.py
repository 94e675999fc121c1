"""docs/dead-letters.md names every reason that the code gives, and no other."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from spoton_schemas import errors

CHECKOUT = Path(__file__).parents[3]
CALLS = {"RejectedRecord": 0, "Rejection": 1, "_drop": 0, "dropped": 0, "_bury": 1}
"""Function → which argument is a reason."""


def reasons_in_code() -> set[str]:
    found = {value.reason for value in vars(errors).values() if hasattr(value, "reason")}
    for root in ("services", "libs"):
        for path in (CHECKOUT / root).glob("*/src/**/*.py"):
            found |= set(_reasons(ast.parse(path.read_text()), path.name))
    return found


def _reasons(tree: ast.AST, name: str) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            function = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            place = CALLS.get(function)
            if function == "labels" and "DROPPED" in ast.unparse(node.func):
                place = 1
            if function == "bury":  # the function, or the publisher's
                place = 3 if isinstance(node.func, ast.Name) else 1
            if place is not None and len(node.args) > place:
                yield from _texts(node.args[place])
        if isinstance(node, ast.FunctionDef) and node.name == "refusal":
            for returned in ast.walk(node):
                if isinstance(returned, ast.Return) and returned.value is not None:
                    yield from _texts(returned.value)
        if name == "partition.py" and isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "DUPLICATE":
            yield from _texts(node.value)


def _texts(node: ast.expr) -> Iterator[str]:
    for part in (node, *(getattr(node, name, node) for name in ("body", "orelse"))):
        if isinstance(part, ast.Constant) and isinstance(part.value, str):
            yield part.value


def test_the_table_of_reasons_is_complete() -> None:
    text = (CHECKOUT / "docs" / "dead-letters.md").read_text()
    table = text[text.index("## Reasons") : text.index("## Bombs")]
    assert set(re.findall(r"^\| `(\w+)` \|", table, re.MULTILINE)) == reasons_in_code()
