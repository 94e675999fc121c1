"""The servers and services of one machine, as plain processes."""
