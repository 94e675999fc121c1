"""The database sink, a process of its own: map points, identity revisions, events and task statuses → PostgreSQL."""
