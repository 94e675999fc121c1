"""The one loop that runs every stage."""
