"""What happened in a task, for people and programs: as sentences, subtitles, tables."""
