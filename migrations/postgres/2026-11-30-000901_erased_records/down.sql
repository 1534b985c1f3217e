ALTER TABLE mandates DROP CONSTRAINT mandates_status_check;
ALTER TABLE mandates ADD CONSTRAINT mandates_status_check
    CHECK (status IN ('draft', 'published', 'paused', 'stale', 'suspended', 'withdrawn', 'archived'));
DROP TABLE legal_holds;
