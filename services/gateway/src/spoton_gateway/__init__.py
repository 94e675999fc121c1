"""REST, WebSocket, media, database and web page."""
