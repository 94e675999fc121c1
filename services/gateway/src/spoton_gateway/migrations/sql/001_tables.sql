-- Tasks and what is known of them. Task ids come from anyone who produces segments, so they are text.
CREATE TABLE tasks (
    task_id        text PRIMARY KEY,
    environment_id text NOT NULL,
    camera_ids     text[] NOT NULL DEFAULT '{}',
    scene          jsonb,
    created_at     timestamptz NOT NULL,
    origin         timestamptz,                      -- wall-clock time of scene time zero
    sub_videos     integer,                          -- segments of all cameras; null: not announced
    started        boolean NOT NULL DEFAULT false,
    paused         boolean NOT NULL DEFAULT false,
    outcome        text CHECK (outcome IN ('COMPLETED', 'STOPPED', 'FAILED')),
    final_revision bigint NOT NULL DEFAULT 0,        -- identity revisions that belong to the finished task
    ended_at       timestamptz,
    message        text
);
CREATE INDEX tasks_newest ON tasks (created_at DESC, task_id DESC);
CREATE INDEX tasks_environment ON tasks (environment_id, created_at DESC);

CREATE TABLE task_cameras (
    task_id   text NOT NULL,
    camera_id text NOT NULL,
    error     text,
    PRIMARY KEY (task_id, camera_id)
);

CREATE TABLE task_progress (
    task_id               text NOT NULL,
    stage                 text NOT NULL,
    camera_id             text NOT NULL,             -- empty: the stage counts all cameras together
    frames_done           bigint NOT NULL,
    global_frame_index    bigint,
    sub_video_batch_index integer,
    ended                 boolean NOT NULL,
    PRIMARY KEY (task_id, stage, camera_id)
);

CREATE TABLE media (
    task_id                  text NOT NULL,
    camera_id                text NOT NULL,
    sub_video_batch_index    integer NOT NULL,
    sub_video_filename       text NOT NULL,
    uri                      text NOT NULL,
    start_global_frame_index bigint NOT NULL,
    num_frames               bigint NOT NULL,
    last                     boolean NOT NULL,
    PRIMARY KEY (task_id, camera_id, sub_video_batch_index)
);

-- One row a picture. "time" is the origin of the task plus the scene time, and part of the key because
-- hypertables want it there; it follows from the other columns, so keys stay natural.
CREATE TABLE camera_frames (
    task_id            text NOT NULL,
    camera_id          text NOT NULL,
    global_frame_index bigint NOT NULL,
    camera_frame_index bigint NOT NULL,
    time               timestamptz NOT NULL,
    image_width        integer NOT NULL,
    image_height       integer NOT NULL,
    PRIMARY KEY (task_id, camera_id, global_frame_index, time)
);

-- One row a box. global_id is right after the revisions up to applied_revision; live_global_id is as first published.
CREATE TABLE track_points (
    task_id             text NOT NULL,
    camera_id           text NOT NULL,
    track_id            integer NOT NULL,
    global_frame_index  bigint NOT NULL,
    camera_frame_index  bigint NOT NULL,
    time                timestamptz NOT NULL,
    x1_px               real NOT NULL,
    y1_px               real NOT NULL,
    x2_px               real NOT NULL,
    y2_px               real NOT NULL,
    confidence          real NOT NULL,
    class_id            integer NOT NULL,
    class_name          text NOT NULL,
    live_global_id      integer,
    global_id           integer,
    identity_confidence real,
    identity_revision   bigint NOT NULL,             -- newest revision known when the row was published
    applied_revision    bigint NOT NULL,             -- newest revision that gave the row its identity
    x_m                 double precision,
    y_m                 double precision,
    PRIMARY KEY (task_id, camera_id, track_id, global_frame_index, time)
);
CREATE INDEX track_points_tick ON track_points (task_id, global_frame_index);
CREATE INDEX track_points_identity ON track_points (task_id, global_id, global_frame_index);

-- One row an identity on the floor. live_global_id and global_id as above; global_id is null where the tracks
-- that the position was fused from no longer belong to one person.
CREATE TABLE person_positions (
    task_id            text NOT NULL,
    global_frame_index bigint NOT NULL,
    live_global_id     integer NOT NULL,
    time               timestamptz NOT NULL,
    global_id          integer,
    x_m                double precision NOT NULL,
    y_m                double precision NOT NULL,
    vx_m_s             double precision NOT NULL,
    vy_m_s             double precision NOT NULL,
    std_m              double precision NOT NULL,
    camera_ids         text[] NOT NULL,
    PRIMARY KEY (task_id, global_frame_index, live_global_id, time)
);
CREATE INDEX person_positions_identity ON person_positions (task_id, global_id, global_frame_index);
CREATE INDEX person_positions_by_id ON person_positions (global_id, time DESC);

CREATE TABLE identity_revisions (
    task_id            text NOT NULL,
    revision           bigint NOT NULL,
    global_frame_index bigint NOT NULL,
    PRIMARY KEY (task_id, revision)
);

CREATE TABLE identity_changes (
    task_id           text NOT NULL,
    revision          bigint NOT NULL,
    ordinal           integer NOT NULL,
    camera_id         text NOT NULL,
    track_id          integer NOT NULL,
    first_frame_index bigint NOT NULL,
    last_frame_index  bigint NOT NULL,
    old_global_id     integer,
    new_global_id     integer,
    PRIMARY KEY (task_id, revision, ordinal)
);
CREATE INDEX identity_changes_track ON identity_changes (task_id, camera_id, track_id);

-- Scene time is kept as it is: an event may arrive before its task's origin is known.
CREATE TABLE events (
    task_id            text NOT NULL,
    event_id           text NOT NULL,
    type               text NOT NULL,
    global_frame_index bigint NOT NULL,
    event_time_us      bigint NOT NULL,
    end_frame_index    bigint,
    camera_id          text,
    track_id           integer,
    global_id          integer,
    class_name         text,
    place              text,
    x_m                double precision,
    y_m                double precision,
    confidence         real NOT NULL,
    details            jsonb NOT NULL,
    PRIMARY KEY (task_id, event_id)
);
CREATE INDEX events_order ON events (task_id, global_frame_index);

-- How often somebody stood in each quarter metre of floor, by the hour: what heatmaps are made of.
CREATE VIEW floor_cells AS
SELECT date_trunc('hour', time, 'UTC')   AS hour,
       task_id,
       floor(x_m / 0.25)::integer        AS cell_x,
       floor(y_m / 0.25)::integer        AS cell_y,
       count(*)                          AS samples
FROM person_positions
GROUP BY 1, 2, 3, 4;
