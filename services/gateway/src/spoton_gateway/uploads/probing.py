"""A look into an uploaded file, in a process of its own."""

import asyncio
import json
import sys
from contextlib import suppress
from pathlib import Path

import msgspec
from spoton_common.logging import get_logger

from spoton_gateway.errors import UnsupportedMedia, UnusableUpload
from spoton_gateway.uploads import inspecting
from spoton_gateway.uploads.limits import Clip

_log = get_logger()

_EXHAUSTING = "the file cannot be read with the memory and time that a video of its size needs: it is damaged"


async def probe(path: Path, max_pixels: int, timeout_s: float) -> Clip:
    """Return what a file holds; ``UnsupportedMedia``, ``UnusableUpload``."""
    argv = (sys.executable, "-I", "-m", inspecting.__name__, str(path), str(max_pixels))
    process = await asyncio.create_subprocess_exec(
        *argv, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL, stdin=asyncio.subprocess.DEVNULL
    )
    try:
        async with asyncio.timeout(timeout_s):
            output, _ = await process.communicate()
    except TimeoutError:
        raise UnusableUpload(_EXHAUSTING) from None
    finally:
        with suppress(ProcessLookupError):
            process.kill()
        await process.wait()
    return _read(output, process.returncode)


def _read(output: bytes, status: int | None) -> Clip:
    try:
        answer = json.loads(output)
    except ValueError:
        _log.warning("the look into an upload ended without an answer", status=status)
        raise UnusableUpload(_EXHAUSTING) from None
    if "refusal" in answer:
        kind = UnsupportedMedia if answer["refusal"] == "unsupported" else UnusableUpload
        raise kind(answer["detail"])
    return msgspec.convert(answer, Clip)
