-- What identities look like, for searches over all tasks: the newest appearance of each. An identity that has been merged
-- into another has no boxes any more; queries pass over it, and its row goes once its task is complete.
-- Embeddings of different networks have different lengths; those of one are of unit length, and stay in the row
-- (STORAGE MAIN) instead of in a table of their own, which searches would read row by row.
CREATE TABLE identity_appearances (
    task_id            text NOT NULL,
    global_id          integer NOT NULL,
    environment_id     text NOT NULL,
    model              text NOT NULL,
    global_frame_index bigint NOT NULL,          -- tick at which it was last seen
    crops              real NOT NULL,            -- how many good crops it rests on
    embedding          vector NOT NULL CHECK (vector_norm(embedding) > 0.5),
    PRIMARY KEY (task_id, global_id)
);
ALTER TABLE identity_appearances ALTER COLUMN embedding SET STORAGE MAIN;
CREATE INDEX identity_appearances_model ON identity_appearances (model, environment_id);
