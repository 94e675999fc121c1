-- Annotated videos: what somebody, or a finished job, wants drawn, and how far that is. A worker takes a row, says every
-- few seconds that it is still at it (alive_at), and another takes over if it no longer does.
CREATE TABLE videos (
    video_id     text PRIMARY KEY,
    task_id      text NOT NULL,
    camera_id    text,                            -- null: all cameras, as a grid
    blur         text NOT NULL CHECK (blur IN ('none', 'faces', 'people')),
    status       text NOT NULL CHECK (status IN ('waiting', 'making', 'finished', 'failed', 'expired')),
    requested_at timestamptz NOT NULL,
    used_at      timestamptz NOT NULL,            -- when somebody last asked for it
    worker       text,
    alive_at     timestamptz,
    attempts     integer NOT NULL DEFAULT 0,      -- how often it was begun since it last went forward
    frames       bigint NOT NULL DEFAULT 0,       -- pictures that it will have; 0: not known yet
    frames_done  bigint NOT NULL DEFAULT 0,
    revision     bigint NOT NULL DEFAULT 0,       -- newest identity revision that is drawn
    uri          text,                            -- where it lies, or is about to
    message      text                             -- why it failed
);
CREATE UNIQUE INDEX videos_wanted ON videos (task_id, coalesce(camera_id, ''), blur);
CREATE INDEX videos_open ON videos (requested_at) WHERE status IN ('waiting', 'making');
CREATE INDEX videos_kept ON videos (used_at) WHERE status = 'finished';

-- Files that no row names any more, because its task was removed for example: who deletes the row need not know of them.
CREATE TABLE removed_videos (
    uri        text PRIMARY KEY,
    removed_at timestamptz NOT NULL,
    done       boolean NOT NULL DEFAULT false
);
CREATE FUNCTION note_removed_video() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO removed_videos VALUES (OLD.uri, now()) ON CONFLICT (uri) DO UPDATE SET removed_at = now(), done = false;
    RETURN NULL;
END $$;
CREATE TRIGGER videos_deleted AFTER DELETE ON videos
    FOR EACH ROW WHEN (OLD.uri IS NOT NULL) EXECUTE FUNCTION note_removed_video();
CREATE TRIGGER videos_replaced AFTER UPDATE OF uri ON videos
    FOR EACH ROW WHEN (OLD.uri IS NOT NULL AND OLD.uri IS DISTINCT FROM NEW.uri) EXECUTE FUNCTION note_removed_video();
