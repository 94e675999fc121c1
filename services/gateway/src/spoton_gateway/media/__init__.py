"""Videos of tasks over HTTP, with byte ranges."""
