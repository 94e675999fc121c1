"""The line without Kafka: detections, tracks and identities of an environment in one process."""
