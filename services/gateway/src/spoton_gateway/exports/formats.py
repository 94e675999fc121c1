"""Rows as text: MOTChallenge, CSV, JSON. Pure functions from rows to lines."""

import csv
import io
from collections.abc import Iterable, Mapping
from typing import Any

import orjson

Row = Mapping[str, Any]


def mot_line(row: Row) -> str:
    """Write a box in MOTChallenge's ten columns: ``frame,id,x,y,w,h,conf,x_m,y_m,-1``; frames count from 1."""
    x, y, width, height = row["x1_px"], row["y1_px"], row["x2_px"] - row["x1_px"], row["y2_px"] - row["y1_px"]
    on_floor = row["x_m"] is not None and row["y_m"] is not None
    place = f"{row['x_m']:.4f},{row['y_m']:.4f}" if on_floor else "-1,-1"
    frame = row["camera_frame_index"] + 1
    return f"{frame},{row['id']},{x:.2f},{y:.2f},{width:.2f},{height:.2f},{row['confidence']:.4f},{place},-1\n"


def mot_lines(rows: Iterable[Row]) -> str:
    """Write boxes in MOTChallenge's format."""
    return "".join(map(mot_line, rows))


def csv_lines(rows: Iterable[Row]) -> str:
    """Write rows as CSV without a header; times in ISO 8601."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerows([_plain(value) for value in row.values()] for row in rows)
    return out.getvalue()


def json_lines(rows: Iterable[Row]) -> str:
    """Write rows as JSON objects, one a line."""
    return "".join(orjson.dumps(dict(row)).decode() + "\n" for row in rows)


def _plain(value: Any) -> Any:
    if isinstance(value, list):
        return " ".join(map(str, value))
    return value.isoformat() if hasattr(value, "isoformat") else value
