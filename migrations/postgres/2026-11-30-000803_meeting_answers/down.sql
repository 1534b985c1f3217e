DELETE FROM mail_bounces WHERE outcome = 'answered';
ALTER TABLE mail_bounces DROP CONSTRAINT mail_bounces_outcome_check;
ALTER TABLE mail_bounces ADD CONSTRAINT mail_bounces_outcome_check
    CHECK (outcome IN ('suppressed', 'counted', 'noted', 'ignored', 'unknown', 'forged'));
DROP TABLE introduction_meeting_answers;
