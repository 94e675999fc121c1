"""What the gateway says to Kafka and what it keeps from it."""
