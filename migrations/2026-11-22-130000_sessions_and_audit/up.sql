-- Who is logged in, and who did what.
--
-- Why the audit is guarded here: whoever gets at the daemon's SQL, by a bug or a stolen password, shall not be able to
-- remove what they did. Rows are never changed, and deleted only when they are older than `audit.retention_days`. The
-- daemon says in audit_retention how long that is; the table is append-only as well, and a shorter time counts only
-- seven days after it was set, so that "keep one day", then DELETE, does not work and leaves a trace.
-- What this does not stop: the tables' owner, who can drop or alter them, and a superuser. Where that matters, let
-- `callbunker migrate` run as an owner, and `callbunker serve` as another role with the rights to SELECT, INSERT, UPDATE
-- and DELETE, and ship the log, which has the same calls, to another machine.

-- Only a hash of the cookie: a copy of this table opens nothing.
CREATE TABLE sessions (
    token_hash      text PRIMARY KEY CONSTRAINT sessions_hash_is_sha_256 CHECK (token_hash ~ '^[0-9a-f]{64}$'),
    key_fingerprint text NOT NULL,
    address         text NOT NULL,
    user_agent      text,
    created_at      timestamptz NOT NULL DEFAULT clock_timestamp(),
    -- A session that is not used for long enough ends before expires_at.
    last_seen_at    timestamptz NOT NULL DEFAULT clock_timestamp(),
    expires_at      timestamptz NOT NULL
);
CREATE INDEX sessions_last_seen_idx ON sessions (last_seen_at);
CREATE INDEX sessions_expires_idx ON sessions (expires_at);

CREATE TABLE audit (
    id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    -- A row whose commit was in doubt is written again, and stands here once.
    call_id    uuid NOT NULL CONSTRAINT audit_call_stands_once UNIQUE,
    at         timestamptz NOT NULL,
    -- A key's fingerprint, session:<fingerprint>, cron, or nobody.
    who        text NOT NULL,
    address    text,
    action     text NOT NULL,
    method     text,
    path       text,
    detail     jsonb NOT NULL DEFAULT '{}' CONSTRAINT audit_detail_is_small CHECK (octet_length(detail::text) <= 16384),
    result     integer,
    code       text,
    request_id text
);
CREATE INDEX audit_at_idx ON audit (at);

CREATE TABLE audit_retention (
    id     bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    days   integer NOT NULL CONSTRAINT audit_retention_is_in_range CHECK (days BETWEEN 1 AND 36500),
    set_at timestamptz NOT NULL DEFAULT clock_timestamp()
);

CREATE FUNCTION audit_retention_is_set_now() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.set_at := clock_timestamp();
    RETURN NEW;
END $$;
CREATE TRIGGER audit_retention_is_set_now BEFORE INSERT ON audit_retention
    FOR EACH ROW EXECUTE FUNCTION audit_retention_is_set_now();

-- The longest retention that is in force, or was until less than seven days ago. NULL, so nothing goes, while none was set.
CREATE FUNCTION audit_kept_since() RETURNS timestamptz LANGUAGE sql AS $$
    SELECT clock_timestamp() - make_interval(days => max(r.days))
      FROM callbunker.audit_retention r
     WHERE NOT EXISTS (SELECT 1 FROM callbunker.audit_retention later
                        WHERE later.id > r.id AND later.set_at < clock_timestamp() - interval '7 days')
$$;

CREATE FUNCTION audit_is_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    kept_since timestamptz;
BEGIN
    IF TG_OP = 'DELETE' AND TG_TABLE_NAME = 'audit' THEN
        kept_since := callbunker.audit_kept_since();
        IF OLD.at < kept_since THEN
            RETURN OLD;
        END IF;
        RAISE EXCEPTION 'rows of the audit trail are kept for audit.retention_days'
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'audit_is_append_only';
    END IF;
    RAISE EXCEPTION 'rows of % are never changed or removed', TG_TABLE_NAME
        USING ERRCODE = 'restrict_violation', CONSTRAINT = 'audit_is_append_only';
END $$;
CREATE TRIGGER audit_rows_are_never_changed BEFORE UPDATE OR TRUNCATE ON audit
    FOR EACH STATEMENT EXECUTE FUNCTION audit_is_append_only();
CREATE TRIGGER audit_rows_are_kept BEFORE DELETE ON audit
    FOR EACH ROW EXECUTE FUNCTION audit_is_append_only();
CREATE TRIGGER audit_retention_is_never_changed BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_retention
    FOR EACH STATEMENT EXECUTE FUNCTION audit_is_append_only();
