"""Jobs: uploaded videos as tasks of one camera, started in turn from the database."""
