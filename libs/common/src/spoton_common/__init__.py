"""What every service shares: Kafka runtime, storage, geometry, settings."""
