-- All events of the task are stored: a task is not over before. Those that ended before this was told have them.
ALTER TABLE tasks ADD COLUMN events_complete boolean NOT NULL DEFAULT false;
UPDATE tasks SET events_complete = true WHERE outcome IS NOT NULL;
