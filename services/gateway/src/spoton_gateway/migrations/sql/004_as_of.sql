-- What was known when. Identities have two times: that of the scene ("time", global_frame_index), and the revision up to
-- which they are corrected. The functions below give a task's rows as they were after its revision n: n = 0 is as first
-- published, n = the newest is as the tables are. Their plans are those of the tables: they are inlined, and filters on
-- global_id and global_frame_index use the indexes.

-- When Kafka got the revision. Those of before this migration have its time: it is not known better.
ALTER TABLE identity_revisions ADD COLUMN recorded_at timestamptz NOT NULL DEFAULT now();
ALTER TABLE identity_revisions ALTER COLUMN recorded_at DROP DEFAULT;

-- Newest revision that changed the boxes of a position; 0: none did. For what is there already the task's newest is a
-- safe guess: the boxes are asked more often than needed.
ALTER TABLE person_positions ADD COLUMN applied_revision bigint NOT NULL DEFAULT 0;
ALTER TABLE person_positions ALTER COLUMN applied_revision DROP DEFAULT;
SET LOCAL timescaledb.max_tuples_decompressed_per_dml_transaction = 0;
UPDATE person_positions p SET applied_revision = r.newest
FROM (SELECT task_id, max(revision) AS newest FROM identity_changes GROUP BY task_id) r
WHERE p.task_id = r.task_id;

-- The last change of a tracklet up to a revision is found at once; what was never corrected costs these indexes nothing.
CREATE INDEX identity_changes_newest ON identity_changes (task_id, camera_id, track_id, revision DESC, ordinal DESC);
DROP INDEX identity_changes_track;
CREATE INDEX identity_changes_to ON identity_changes (task_id, new_global_id);
CREATE INDEX track_points_revised ON track_points (task_id, global_frame_index, live_global_id)
    WHERE applied_revision > identity_revision;
CREATE INDEX person_positions_revised ON person_positions (task_id, global_frame_index, live_global_id)
    WHERE applied_revision > 0;

CREATE FUNCTION track_points_as_of(of_task text, of_revision bigint)
RETURNS TABLE (
    task_id text, camera_id text, track_id integer, global_frame_index bigint, camera_frame_index bigint,
    "time" timestamptz, x1_px real, y1_px real, x2_px real, y2_px real, confidence real, class_id integer,
    class_name text, live_global_id integer, global_id integer, identity_confidence real, identity_revision bigint,
    x_m double precision, y_m double precision
) LANGUAGE sql STABLE AS $$
SELECT p.task_id, p.camera_id, p.track_id, p.global_frame_index, p.camera_frame_index,
       p.time, p.x1_px, p.y1_px, p.x2_px, p.y2_px, p.confidence, p.class_id,
       p.class_name, p.live_global_id, p.global_id, p.identity_confidence, p.identity_revision,
       p.x_m, p.y_m
FROM track_points p
WHERE p.task_id = of_task AND (p.applied_revision <= of_revision OR p.applied_revision = p.identity_revision)
UNION ALL
-- Corrected later: the last change up to then, or as published if there was none.
SELECT p.task_id, p.camera_id, p.track_id, p.global_frame_index, p.camera_frame_index,
       p.time, p.x1_px, p.y1_px, p.x2_px, p.y2_px, p.confidence, p.class_id,
       p.class_name, p.live_global_id,
       (SELECT known.global_id
        FROM (
            (SELECT c.new_global_id AS global_id, 1 AS rank
             FROM identity_changes c
             WHERE c.task_id = of_task AND c.camera_id = p.camera_id AND c.track_id = p.track_id
               AND p.global_frame_index BETWEEN c.first_frame_index AND c.last_frame_index
               AND c.revision > p.identity_revision AND c.revision <= of_revision
             ORDER BY c.revision DESC, c.ordinal DESC LIMIT 1)
            UNION ALL
            SELECT p.live_global_id, 0
        ) known ORDER BY known.rank DESC LIMIT 1),
       p.identity_confidence, p.identity_revision, p.x_m, p.y_m
FROM track_points p
WHERE p.task_id = of_task AND p.applied_revision > of_revision AND p.applied_revision > p.identity_revision
$$;

-- A position follows its boxes, one that was foretold the last seen one, as sinks/revisions.py has it.
CREATE FUNCTION person_positions_as_of(of_task text, of_revision bigint)
RETURNS TABLE (
    task_id text, global_frame_index bigint, live_global_id integer, "time" timestamptz, global_id integer,
    x_m double precision, y_m double precision, vx_m_s double precision, vy_m_s double precision,
    std_m double precision, camera_ids text[]
) LANGUAGE sql STABLE AS $$
SELECT q.task_id, q.global_frame_index, q.live_global_id, q.time, q.global_id,
       q.x_m, q.y_m, q.vx_m_s, q.vy_m_s, q.std_m, q.camera_ids
FROM person_positions q
WHERE q.task_id = of_task AND q.applied_revision <= of_revision
UNION ALL
SELECT q.task_id, q.global_frame_index, q.live_global_id, q.time,
       (SELECT CASE
                   WHEN count(*) = 0 THEN q.live_global_id
                   WHEN count(DISTINCT coalesce(t.global_id, -1)) = 1 THEN min(t.global_id)
               END
        FROM (
            SELECT q.global_frame_index, q.camera_ids WHERE q.camera_ids <> '{}'
            UNION ALL
            (SELECT e.global_frame_index, e.camera_ids
             FROM person_positions e
             WHERE q.camera_ids = '{}' AND e.task_id = of_task AND e.live_global_id = q.live_global_id
               AND e.camera_ids <> '{}' AND e.global_frame_index < q.global_frame_index
             ORDER BY e.global_frame_index DESC LIMIT 1)
        ) seen
        CROSS JOIN LATERAL (
            SELECT b.global_id FROM track_points_as_of(of_task, of_revision) b
            WHERE b.global_frame_index = seen.global_frame_index AND b.live_global_id = q.live_global_id
              AND b.camera_id = ANY (seen.camera_ids)
            OFFSET 0  -- one index look-up a position, whatever the statistics say
        ) t),
       q.x_m, q.y_m, q.vx_m_s, q.vy_m_s, q.std_m, q.camera_ids
FROM person_positions q
WHERE q.task_id = of_task AND q.applied_revision > of_revision AND q.applied_revision > 0
$$;
