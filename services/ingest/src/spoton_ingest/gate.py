"""How far cameras may run ahead of the detector.

A short lead makes pause and stop take effect soon, keeps a long job from starving a short one, and bounds what lies in
the ``frames`` topic. Cameras of a task stay together: association waits for the slowest, so the lead of the others
would be nothing but delay.
"""

from collections import deque
from dataclasses import dataclass, field

FIRST_WINDOW = 64  # frames before the detector has reported on a camera
MIN_WINDOW = 16  # what the detector takes at once
INTERVALS = 3  # of the detector's work: it reports every second, and its report takes a while


@dataclass(slots=True)
class _Lead:
    in_flight: deque[int] = field(default_factory=deque)
    newest_tick: int = -1
    done_tick: int = -1
    done_frames: int = 0
    window: int = FIRST_WINDOW


class RunAhead:
    """Frames published and not yet detected, by camera stream; knows no threads."""

    def __init__(self) -> None:
        self._leads: dict[str, _Lead] = {}

    def allows(self, stream: str) -> bool:
        """Tell whether the stream may publish one more frame."""
        lead = self._leads.get(stream)
        if lead is None:
            return True
        return len(lead.in_flight) < lead.window and lead.newest_tick - self._slowest(stream) < lead.window

    def _slowest(self, stream: str) -> int:
        """Oldest tick that the detector still has to do for the task's other cameras; if none, the stream's newest."""
        task = _task(stream)
        waiting = (
            lead.in_flight[0]
            for name, lead in self._leads.items()
            if lead.in_flight and name != stream and _task(name) == task
        )
        return min(waiting, default=self._leads[stream].newest_tick)

    def published(self, stream: str, tick: int) -> None:
        """Note a frame; one that the detector has done already (after a restart) does not count."""
        lead = self._leads.setdefault(stream, _Lead())
        lead.newest_tick = max(tick, lead.newest_tick)
        if tick > lead.done_tick:
            lead.in_flight.append(tick)

    def resume(self, stream: str, tick: int, frames_done: int) -> None:
        """Set where the detector was before this process knew the stream."""
        self._leads[stream] = _Lead(done_tick=tick, done_frames=frames_done)

    def detected(self, stream: str, tick: int, frames_done: int) -> None:
        """Take a report of the detector: last tick done, and frames done in all; older ones than known are ignored.

        So are reports on streams that are not this process's: anybody may have written them.
        """
        lead = self._leads.get(stream)
        if lead is None or frames_done < lead.done_frames or tick < lead.done_tick:
            return
        lead.window = max(MIN_WINDOW, INTERVALS * (frames_done - lead.done_frames))
        lead.done_tick, lead.done_frames = tick, frames_done
        while lead.in_flight and lead.in_flight[0] <= tick:
            lead.in_flight.popleft()

    def forget(self, stream: str) -> None:
        """A stream has ended or is another instance's."""
        self._leads.pop(stream, None)


def _task(stream: str) -> str:
    return stream.rpartition("/")[0]
