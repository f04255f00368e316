-- Everybody is logged out, and the audit trail is gone: copy it first.
DROP TABLE sessions, audit, audit_retention;
DROP FUNCTION audit_is_append_only(), audit_kept_since(), audit_retention_is_set_now();
