"""Videos that people send: received piece by piece, looked at before they are accepted, kept where ingest reads."""
