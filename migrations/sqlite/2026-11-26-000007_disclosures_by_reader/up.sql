-- What a firm was shown lately, for an investor's weekly capacity.
CREATE INDEX disclosures_by_reader ON disclosures (shown_to_organization_id, created_at);
