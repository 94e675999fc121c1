"""Everything that is known of a task, in a file."""
