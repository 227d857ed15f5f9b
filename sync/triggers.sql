-- Streams, entries and the numbers that are given at commit. Read by migration 0001: a later change needs a
-- migration of its own. The functions are SECURITY DEFINER: one write reaches the streams of several people,
-- which row-level security rightly forbids to the role of the web.

CREATE TABLE sync_stream (
    id uuid PRIMARY KEY,                            -- a person's id; the nil uuid is the public stream
    seq bigint NOT NULL DEFAULT 0,                  -- the last number given
    floor bigint NOT NULL DEFAULT 0,                -- tombstones up to here may have been purged
    reset bigint NOT NULL DEFAULT 0,                -- seq at the last restore: older cursors are of another life
    stamped_at timestamptz NOT NULL DEFAULT clock_timestamp()  -- when seq was given; never the same twice
) WITH (fillfactor = 50);

INSERT INTO sync_stream (id, seq) VALUES ('00000000-0000-0000-0000-000000000000', 1);  -- a cursor is never 0

CREATE TABLE sync_entry (
    stream uuid NOT NULL,
    collection smallint NOT NULL,
    record_id uuid NOT NULL,
    seq bigint,                                     -- NULL until the writer commits
    deleted boolean NOT NULL,
    lead boolean NOT NULL DEFAULT false,            -- one entry a statement wakes the numbering
    xid xid8 NOT NULL DEFAULT pg_current_xact_id(),
    changed_at timestamptz NOT NULL DEFAULT now(),  -- the stream's stamped_at once numbered
    PRIMARY KEY (stream, collection, record_id)     -- one row a record: the feed compacts itself
);
CREATE UNIQUE INDEX sync_entry_seq ON sync_entry (stream, seq) INCLUDE (collection, record_id, deleted)
    WHERE seq IS NOT NULL;
CREATE INDEX sync_entry_pending ON sync_entry (xid) WHERE seq IS NULL;

-- Once a transaction, at its commit: lock the touched heads in order of id (the upsert does), move them on,
-- number what this transaction left pending. The locks are held until the commit is visible, hence a snapshot
-- that shows a head shows every entry up to it, and stamped_at grows with seq.
CREATE FUNCTION sync_number() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp
AS $$
BEGIN
    WITH pending AS MATERIALIZED (
        SELECT stream, collection, record_id,
               row_number() OVER (PARTITION BY stream ORDER BY collection, record_id) AS place,
               count(*) OVER (PARTITION BY stream) AS many
          FROM sync_entry WHERE xid = pg_current_xact_id() AND seq IS NULL
    ), heads AS (
        INSERT INTO sync_stream AS head (id, seq, stamped_at)
        SELECT stream, count(*) + (stream = '00000000-0000-0000-0000-000000000000')::int, clock_timestamp()
          FROM pending GROUP BY stream ORDER BY stream
        ON CONFLICT (id) DO UPDATE
           SET seq = head.seq + excluded.seq - (head.id = '00000000-0000-0000-0000-000000000000')::int,
               stamped_at = greatest(clock_timestamp(), head.stamped_at + interval '1 microsecond')
        RETURNING id, seq, stamped_at
    )
    UPDATE sync_entry AS entry SET seq = heads.seq - pending.many + pending.place, changed_at = heads.stamped_at
      FROM pending JOIN heads ON heads.id = pending.stream
     WHERE entry.stream = pending.stream AND entry.collection = pending.collection
       AND entry.record_id = pending.record_id;
    RETURN NULL;
END $$;

CREATE CONSTRAINT TRIGGER sync_stamp AFTER INSERT OR UPDATE ON sync_entry DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW WHEN (NEW.seq IS NULL AND NEW.lead) EXECUTE FUNCTION sync_number();

-- The caller's own stream shall tell these records again: after a refused push the truth overwrites the copy.
CREATE FUNCTION sync_tell_again(of_collection smallint, ids uuid[], gone boolean[]) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp
AS $$
    INSERT INTO sync_entry AS entry (stream, collection, record_id, deleted, lead)
    SELECT current_setting('app.user_id')::uuid, of_collection, told.id, bool_and(told.gone),
           row_number() OVER (ORDER BY told.id) = 1
      FROM unnest(ids, gone) AS told (id, gone) GROUP BY told.id ORDER BY told.id
    ON CONFLICT (stream, collection, record_id) DO UPDATE
       SET seq = NULL, deleted = excluded.deleted, lead = excluded.lead, xid = excluded.xid,
           changed_at = excluded.changed_at
$$;

-- The caller's own head moves on by one without an entry: a cursor from now on differs from every earlier one.
CREATE FUNCTION sync_move_on() RETURNS bigint
LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp
AS $$
    INSERT INTO sync_stream AS head (id, seq) VALUES (current_setting('app.user_id')::uuid, 1)
    ON CONFLICT (id) DO UPDATE SET seq = head.seq + 1,
        stamped_at = greatest(clock_timestamp(), head.stamped_at + interval '1 microsecond')
    RETURNING seq
$$;

ALTER TABLE sync_stream ENABLE ROW LEVEL SECURITY;
ALTER TABLE sync_entry ENABLE ROW LEVEL SECURITY;
CREATE POLICY app ON sync_stream FOR SELECT TO revsync_app USING (
    id = NULLIF((SELECT current_setting('app.user_id', true)), '')::uuid
    OR id = '00000000-0000-0000-0000-000000000000');
CREATE POLICY app ON sync_entry FOR SELECT TO revsync_app USING (
    stream = NULLIF((SELECT current_setting('app.user_id', true)), '')::uuid
    OR stream = '00000000-0000-0000-0000-000000000000');
CREATE POLICY system ON sync_stream TO revsync_system USING (true) WITH CHECK (true);
CREATE POLICY system ON sync_entry TO revsync_system USING (true) WITH CHECK (true);
REVOKE INSERT, UPDATE, DELETE ON sync_stream, sync_entry FROM revsync_app;
REVOKE INSERT ON sync_stream, sync_entry FROM revsync_system;
