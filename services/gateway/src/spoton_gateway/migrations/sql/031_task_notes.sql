-- What somebody had to leave out of a task that went on all the same: one note a matter, such as a stage or a revision.
CREATE TABLE task_notes (
    task_id text NOT NULL,
    about   text NOT NULL,
    note    text NOT NULL,                        -- a sentence for people to read
    PRIMARY KEY (task_id, about)
);
