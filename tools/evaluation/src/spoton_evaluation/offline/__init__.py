"""The line without Kafka: the services' own state machines, fed with the same records, in one process."""
