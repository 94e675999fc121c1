"""The database sink, a process of its own: all that the line finds out, from its topics → PostgreSQL."""
