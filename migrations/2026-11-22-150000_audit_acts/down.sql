DROP INDEX audit_acts_idx;
