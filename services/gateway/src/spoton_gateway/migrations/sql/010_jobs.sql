-- Uploaded videos and the jobs that process them. A job is the task of the same id; how far it is stands in the
-- tables of tasks, here stands only what the line does not know. The order of the times is that of a job's life.
CREATE TABLE jobs (
    job_id       text PRIMARY KEY,
    file_key     text NOT NULL UNIQUE,
    owner        text NOT NULL,
    file_name    text NOT NULL,                   -- as the person gave it; shown, never used as a path
    uri          text NOT NULL,
    size_bytes   bigint NOT NULL,
    container    text NOT NULL,
    codec        text NOT NULL,
    width        integer NOT NULL,
    height       integer NOT NULL,
    frames       bigint NOT NULL,
    duration_s   double precision NOT NULL,
    fps          double precision NOT NULL,
    classes      text[] NOT NULL,
    uploaded_at  timestamptz NOT NULL,
    stored       boolean NOT NULL DEFAULT false,  -- the file is where uri says
    queued_at    timestamptz,                     -- somebody wants it processed
    announced_at timestamptz,                     -- its records are in Kafka
    ended        boolean NOT NULL DEFAULT false,  -- its task has ended: it takes no place any more
    removed_at   timestamptz                      -- deleted; the row goes once the file and the rest have gone
);
CREATE INDEX jobs_newest ON jobs (queued_at DESC, job_id DESC) WHERE removed_at IS NULL;
CREATE INDEX jobs_waiting ON jobs (queued_at) WHERE announced_at IS NULL AND removed_at IS NULL;
CREATE INDEX jobs_running ON jobs (owner) WHERE announced_at IS NOT NULL AND NOT ended AND removed_at IS NULL;
CREATE INDEX jobs_removed ON jobs (removed_at) WHERE removed_at IS NOT NULL;

-- Tasks that somebody deleted while the line still worked on them: the sink leaves out what comes of them later.
CREATE TABLE removed_tasks (
    id         text PRIMARY KEY,
    removed_at timestamptz NOT NULL
);
