"""Topics, Avro contracts and their codec."""
