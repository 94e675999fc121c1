"""Which tasks are paused or stopped, as the ``commands`` topic says."""

from dataclasses import dataclass, field

from spoton_schemas.records import Command, CommandName, StatusKind

_EFFECTS = {
    CommandName.PAUSE: StatusKind.PAUSED,
    CommandName.RESUME: StatusKind.RESUMED,
    CommandName.STOP: StatusKind.STOPPED,
}

_MOST_REMEMBERED = 100_000  # a repeat follows its original within seconds


@dataclass(slots=True)
class CommandTable:
    """State of every task that was ever commanded; a repeated command changes nothing."""

    _seen: dict[str, None] = field(default_factory=dict)
    _paused: set[str] = field(default_factory=set)
    _stopped: set[str] = field(default_factory=set)

    def take(self, command: Command) -> StatusKind | None:
        """Note a command and return what it changed, if anything."""
        effect = _EFFECTS.get(command.command)
        if effect is None or command.command_id in self._seen or command.task_id in self._stopped:
            return None
        self._seen[command.command_id] = None
        if len(self._seen) > _MOST_REMEMBERED:
            del self._seen[next(iter(self._seen))]
        if effect is StatusKind.STOPPED:
            self._stopped.add(command.task_id)
            self._paused.discard(command.task_id)
        elif effect is StatusKind.PAUSED:
            self._paused.add(command.task_id)
        else:
            self._paused.discard(command.task_id)
        return effect

    def paused(self, task_id: str) -> bool:
        """Tell whether a task is held."""
        return task_id in self._paused

    def stopped(self, task_id: str) -> bool:
        """Tell whether a task was ended early; that is for good."""
        return task_id in self._stopped
