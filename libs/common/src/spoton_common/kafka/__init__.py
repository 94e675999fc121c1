"""Kafka: producer, dead letters and the store of snapshots."""
