"""The line below the pictures: the time, and what happens, so that nothing that is seen is covered."""

from collections.abc import Sequence

from spoton_gateway.api.models import EventView
from spoton_gateway.timeline.formats import clock
from spoton_gateway.videos import lettering
from spoton_gateway.videos.canvas import Canvas
from spoton_gateway.videos.colours import of_identity

ACTIONS = {"standing": "standing", "walking": "walking", "running": "running", "loitering": "loitering"}
"""What somebody does for a while: it stands at the box, not below."""

_UNTOLD = frozenset({*ACTIONS, "occupancy_changed", "camera_health", "camera_drift"})
"""What is not said below: it stands at a box, or follows from what is said, or is about the cameras."""

SHOWN_S = 3.5  # long enough to read a line
_LINES = 3


def actions_at(events: Sequence[EventView], time_s: float) -> dict[int, str]:
    """Return what each identity does at a time; loitering counts more than standing."""
    found: dict[int, str] = {}
    for event in events:
        lasts = event.start_s <= time_s and (event.end_s is None or time_s < event.end_s)
        if lasts and event.global_id is not None and found.get(event.global_id) != "loitering":
            action = ACTIONS.get(event.type)
            found |= {event.global_id: action} if action else {}
    return found


def captions_at(events: Sequence[EventView], time_s: float) -> list[EventView]:
    """Return the newest events that have just begun, oldest first."""
    fresh = [e for e in events if e.type not in _UNTOLD and e.start_s <= time_s < e.start_s + SHOWN_S]
    return fresh[-_LINES:]


class Footer:
    """Draws the line; nothing is drawn twice where nothing has changed."""

    def __init__(self, canvas: Canvas, name: str, font_px: int) -> None:
        self._canvas, self._name, self._font_px = canvas, name, font_px
        self._shown: object = None

    def draw(self, events: Sequence[EventView], time_s: float) -> None:
        """Show the time and the events of a moment."""
        captions = captions_at(events, time_s)
        now = clock(time_s)
        content = (now, [(event.start_s, event.text) for event in captions])
        if content == self._shown:
            return
        self._shown = content
        canvas, size = self._canvas, self._font_px
        canvas.clear()
        height, pad = lettering.line_height(size), max(2, size // 4)
        left = self._about(now, pad, height)
        for row, event in enumerate(captions):
            text = f"{clock(event.start_s)}   {' '.join(event.text.split())}"
            line = lettering.line(
                text, of_identity(event.global_id), size, canvas.width - left - 2 * pad, wide=canvas.wide
            )
            canvas.stamp(line, left + pad, pad + row * height)

    def _about(self, now: str, pad: int, height: int) -> int:
        """Draw the time and the camera's name at the left and return where they end."""
        most = max(self._canvas.width // 4, 8)
        words = [lettering.line(text, None, self._font_px, most, wide=self._canvas.wide) for text in (now, self._name)]
        for row, sprite in enumerate(words):
            self._canvas.stamp(sprite, 2 * pad, pad + row * height)
        widest = lettering.line("0:00:00", None, self._font_px, most, wide=self._canvas.wide).width
        return max(widest, words[1].width) + 4 * pad
