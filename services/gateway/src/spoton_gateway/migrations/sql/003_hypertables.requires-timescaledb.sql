-- The same tables and the same queries, kept in chunks by time and compressed. "time" is when something was filmed,
-- which may be years before it is processed: a chunk's age counts from its creation, and nothing is dropped by it.
CREATE EXTENSION IF NOT EXISTS timescaledb;

SELECT create_hypertable('camera_frames', by_range('time', INTERVAL '1 day'), migrate_data => true);
SELECT create_hypertable('track_points', by_range('time', INTERVAL '1 day'), migrate_data => true);
DROP VIEW floor_cells;
SELECT create_hypertable('person_positions', by_range('time', INTERVAL '1 day'), migrate_data => true);

ALTER TABLE camera_frames SET (
    timescaledb.compress, timescaledb.compress_segmentby = 'task_id, camera_id',
    timescaledb.compress_orderby = 'global_frame_index, time'
);
ALTER TABLE track_points SET (
    timescaledb.compress, timescaledb.compress_segmentby = 'task_id, camera_id',
    timescaledb.compress_orderby = 'global_frame_index, track_id, time'
);
ALTER TABLE person_positions SET (
    timescaledb.compress, timescaledb.compress_segmentby = 'task_id',
    timescaledb.compress_orderby = 'global_frame_index, live_global_id, time'
);
SELECT add_compression_policy('camera_frames', compress_created_before => INTERVAL '7 days');
SELECT add_compression_policy('track_points', compress_created_before => INTERVAL '7 days');
SELECT add_compression_policy('person_positions', compress_created_before => INTERVAL '7 days');

CREATE MATERIALIZED VIEW floor_cells
WITH (timescaledb.continuous, timescaledb.materialized_only = false) AS
SELECT time_bucket(INTERVAL '1 hour', time) AS hour,
       task_id,
       floor(x_m / 0.25)::integer           AS cell_x,
       floor(y_m / 0.25)::integer           AS cell_y,
       count(*)                             AS samples
FROM person_positions
GROUP BY 1, 2, 3, 4
WITH NO DATA;
-- From the beginning of time: old footage counts too. What was filmed before the newest hour counted so far shows after
-- the next refresh, which redoes only hours with changes.
SELECT add_continuous_aggregate_policy(
    'floor_cells', start_offset => NULL, end_offset => INTERVAL '1 hour',
    schedule_interval => INTERVAL '1 hour'
);
