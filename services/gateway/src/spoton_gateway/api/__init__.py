"""REST: thin routes over the services of the application."""
