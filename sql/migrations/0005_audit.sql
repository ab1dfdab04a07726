-- breaking: no
-- How long the audit is kept, and a way to the sessions that have expired.

ALTER TABLE settings ADD COLUMN audit_days integer NOT NULL DEFAULT 365
  CONSTRAINT audit_days_rule CHECK (audit_days BETWEEN 1 AND 36500);

CREATE INDEX sessions_by_end ON sessions (expires_at);
