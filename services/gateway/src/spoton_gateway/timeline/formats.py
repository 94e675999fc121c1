"""A list of events as JSON, CSV, WebVTT or text. Pure functions."""

import csv
import io
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Literal

import orjson

from spoton_gateway.api.models import EventPage, EventView

Format = Literal["json", "csv", "vtt", "text"]

_MOMENT_S = 2.0  # how long a subtitle of something that has no length is shown

COLUMNS = (
    *("event_id", "type", "start_s", "end_s", "global_frame_index", "end_frame_index", "global_id", "camera_id"),
    *("track_id", "class_name", "place", "x_m", "y_m", "confidence", "text", "details"),
)


@dataclass(frozen=True, slots=True)
class Writer:
    """A format: its media type and what writes it."""

    media_type: str
    write: Callable[[EventPage], str]


def as_text(page: EventPage) -> str:
    """Write a line an event: ``00:04 — Cup picked up``."""
    return "".join(f"{clock(event.start_s)} — {event.text}\n" for event in page.items)


def as_vtt(page: EventPage) -> str:
    """Write WebVTT: a cue an event, in the order of their beginnings; video players show them as chapters."""
    cues = [
        f"{event.event_id}\n{_timestamp(event.start_s)} --> {_timestamp(_end_s(event))}\n"
        f"{escape(' '.join(event.text.split()), quote=False)}\n"
        for event in page.items
    ]
    return "\n".join(["WEBVTT\n", *cues])


def as_csv(page: EventPage) -> str:
    """Write a row an event below a header; details as JSON."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(COLUMNS)
    writer.writerows(_row(event) for event in page.items)
    return out.getvalue()


def as_json(page: EventPage) -> str:
    """Write the page as it is."""
    return page.model_dump_json()


WRITERS: Mapping[Format, Writer] = {
    "json": Writer("application/json", as_json),
    "csv": Writer("text/csv", as_csv),
    "vtt": Writer("text/vtt", as_vtt),
    "text": Writer("text/plain", as_text),
}


def chosen(accept: str | None) -> Format:
    """Return the first of our formats that a client's Accept header names; JSON for any other."""
    by_type = {writer.media_type: name for name, writer in WRITERS.items()}
    for part in (accept or "").split(","):
        name = by_type.get(part.partition(";")[0].strip().lower())
        if name is not None:
            return name
    return "json"


def _row(event: EventView) -> Sequence[object]:
    x_m, y_m = event.position or (None, None)
    values = {**event.model_dump(), "x_m": x_m, "y_m": y_m, "details": orjson.dumps(event.details).decode()}
    return [values[name] for name in COLUMNS]


def _end_s(event: EventView) -> float:
    return max(event.start_s + _MOMENT_S if event.end_s is None else event.end_s, event.start_s + 0.001)


def clock(seconds: float) -> str:
    """Write a time in a video: minutes and seconds, from an hour on with hours."""
    minutes, rest = divmod(max(int(seconds), 0), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes:02}:{rest:02}"


def _timestamp(seconds: float) -> str:
    milliseconds = max(round(seconds * 1000), 0)
    minutes, milliseconds = divmod(milliseconds, 60_000)
    hours, minutes = divmod(minutes, 60)
    return f"{hours:02}:{minutes:02}:{milliseconds / 1000:06.3f}"
