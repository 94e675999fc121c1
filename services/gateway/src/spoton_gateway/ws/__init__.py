"""What happens to a task, live or again, for WebSocket clients."""
