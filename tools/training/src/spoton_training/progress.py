"""One progress line for work that is spread over processes."""

import multiprocessing
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TypeVar

from tqdm import tqdm  # type: ignore[import-untyped]

_TASKS_PER_PROCESS = 40  # a renderer keeps some 20 MB of every scene until its process ends

Item = TypeVar("Item")
Result = TypeVar("Result")


def map_in_processes(
    function: Callable[[Item], Result], items: Sequence[Item], label: str, workers: int
) -> Iterator[Result]:
    """Yield function(item) in the order of the items, computed by `workers` fresh processes, with a progress bar."""
    context = multiprocessing.get_context("spawn")  # the renderer's state must not be forked
    with context.Pool(workers, maxtasksperchild=_TASKS_PER_PROCESS) as pool:
        yield from show_progress(pool.imap(function, items), label, len(items))


def show_progress(items: Iterable[Item], label: str, total: int) -> Iterator[Item]:
    """Pass the items on behind a progress bar."""
    yield from tqdm(items, desc=label, total=total, mininterval=1.0)
