-- An event names the tracklet that it is about at a tick; identity_revision is the newest one that its identities take
-- into account. others: whom it is about, too: objects with global_id, camera_id, track_id, seen_frame_index.
ALTER TABLE events
    ADD COLUMN end_time_us       bigint,
    ADD COLUMN seen_frame_index  bigint,
    ADD COLUMN identity_revision bigint NOT NULL DEFAULT 0,
    ADD COLUMN others            jsonb NOT NULL DEFAULT '[]';
CREATE INDEX events_identity ON events (task_id, global_id, global_frame_index);
