-- What Corridor is about: firms, people, profiles, mandates, programmes,
-- matches, introductions and deals. Content that people write is kept as one
-- JSON document per revision, because a match refers to a revision and its
-- bytes must not change; what is filtered or joined on has a column.

CREATE TABLE organizations (
    id BLOB NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    kind TEXT NOT NULL CHECK (kind IN ('startup', 'investor', 'partner', 'operator')),
    legal_name TEXT NOT NULL,
    trade_name TEXT,
    names TEXT NOT NULL,
    country TEXT,
    website TEXT,
    external_id TEXT,
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX organizations_by_external_id ON organizations (kind, external_id) WHERE external_id IS NOT NULL;
CREATE INDEX organizations_by_age ON organizations (created_at, id);

CREATE TABLE organization_identifiers (
    scheme TEXT NOT NULL,
    value TEXT NOT NULL,
    organization_id BLOB NOT NULL REFERENCES organizations (id) CHECK (length(organization_id) = 16),
    PRIMARY KEY (scheme, value)
) STRICT;
CREATE INDEX organization_identifiers_by_organization ON organization_identifiers (organization_id);

CREATE TABLE users (
    id BLOB NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    email TEXT NOT NULL,
    email_key TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    language TEXT NOT NULL,
    zone TEXT NOT NULL,
    password_hash TEXT NOT NULL,
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
) STRICT;

CREATE TABLE memberships (
    user_id BLOB NOT NULL REFERENCES users (id) CHECK (length(user_id) = 16),
    organization_id BLOB NOT NULL REFERENCES organizations (id) CHECK (length(organization_id) = 16),
    role TEXT NOT NULL CHECK (role IN ('owner', 'editor', 'viewer', 'curator', 'compliance', 'admin', 'auditor')),
    created_at INTEGER NOT NULL,
    PRIMARY KEY (user_id, organization_id, role)
) STRICT;
CREATE INDEX memberships_by_organization ON memberships (organization_id, user_id);

CREATE TABLE startup_profiles (
    id BLOB NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    organization_id BLOB NOT NULL REFERENCES organizations (id) CHECK (length(organization_id) = 16),
    country TEXT,
    status TEXT NOT NULL CHECK (status IN ('draft', 'submitted', 'in_review', 'changes_requested', 'rejected', 'approved', 'published', 'paused', 'stale', 'suspended', 'withdrawn', 'archived', 'erased')),
    claimed INTEGER NOT NULL CHECK (claimed IN (0, 1)),
    revision INTEGER NOT NULL,
    content TEXT NOT NULL,
    compliance_agreed_revision INTEGER,
    published_at INTEGER,
    reconfirm_by TEXT,
    rejected_at INTEGER,
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
) STRICT;
CREATE INDEX startup_profiles_by_organization ON startup_profiles (organization_id, created_at, id);
CREATE INDEX startup_profiles_by_age ON startup_profiles (created_at, id);

CREATE TABLE startup_profile_revisions (
    profile_id BLOB NOT NULL REFERENCES startup_profiles (id) CHECK (length(profile_id) = 16),
    revision INTEGER NOT NULL,
    content TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (profile_id, revision)
) STRICT;

CREATE TABLE review_comments (
    id BLOB NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    profile_id BLOB NOT NULL REFERENCES startup_profiles (id) CHECK (length(profile_id) = 16),
    revision INTEGER NOT NULL,
    pointer TEXT NOT NULL,
    comment TEXT NOT NULL,
    author_id BLOB NOT NULL REFERENCES users (id) CHECK (length(author_id) = 16),
    created_at INTEGER NOT NULL
) STRICT;
CREATE INDEX review_comments_by_profile ON review_comments (profile_id, created_at);

CREATE TABLE mandates (
    id BLOB NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    organization_id BLOB NOT NULL REFERENCES organizations (id) CHECK (length(organization_id) = 16),
    country TEXT,
    status TEXT NOT NULL CHECK (status IN ('draft', 'published', 'paused', 'stale', 'suspended', 'withdrawn', 'archived')),
    claimed INTEGER NOT NULL CHECK (claimed IN (0, 1)),
    revision INTEGER NOT NULL,
    content TEXT NOT NULL,
    published_at INTEGER,
    reconfirm_by TEXT,
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
) STRICT;
CREATE INDEX mandates_by_organization ON mandates (organization_id, created_at, id);
CREATE INDEX mandates_by_age ON mandates (created_at, id);

CREATE TABLE mandate_revisions (
    mandate_id BLOB NOT NULL REFERENCES mandates (id) CHECK (length(mandate_id) = 16),
    revision INTEGER NOT NULL,
    content TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (mandate_id, revision)
) STRICT;

CREATE TABLE rule_sets (
    id BLOB NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    name TEXT NOT NULL,
    document TEXT NOT NULL,
    document_hash BLOB NOT NULL UNIQUE CHECK (length(document_hash) = 32),
    created_at INTEGER NOT NULL
) STRICT;

CREATE TABLE programmes (
    id BLOB NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    slug TEXT NOT NULL UNIQUE,
    title TEXT NOT NULL,
    scope_tags TEXT NOT NULL,
    starts_on TEXT NOT NULL,
    ends_on TEXT NOT NULL,
    rule_set_id BLOB NOT NULL REFERENCES rule_sets (id) CHECK (length(rule_set_id) = 16),
    status TEXT NOT NULL CHECK (status IN ('draft', 'negotiation', 'text_agreed', 'signing', 'active', 'expiring', 'expired', 'renewed', 'declined', 'suspended', 'terminated')),
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    CHECK (starts_on <= ends_on)
) STRICT;
CREATE INDEX programmes_by_age ON programmes (created_at, id);

CREATE TABLE programme_corridors (
    programme_id BLOB NOT NULL REFERENCES programmes (id) CHECK (length(programme_id) = 16),
    startup_country TEXT NOT NULL,
    investor_country TEXT NOT NULL,
    PRIMARY KEY (programme_id, startup_country, investor_country)
) STRICT;

CREATE TABLE programme_parties (
    programme_id BLOB NOT NULL REFERENCES programmes (id) CHECK (length(programme_id) = 16),
    organization_id BLOB NOT NULL REFERENCES organizations (id) CHECK (length(organization_id) = 16),
    role TEXT NOT NULL CHECK (role IN ('signatory', 'trade_office', 'referrer', 'operator')),
    PRIMARY KEY (programme_id, organization_id)
) STRICT;

CREATE TABLE programme_startups (
    programme_id BLOB NOT NULL REFERENCES programmes (id) CHECK (length(programme_id) = 16),
    profile_id BLOB NOT NULL REFERENCES startup_profiles (id) CHECK (length(profile_id) = 16),
    admitted_at INTEGER NOT NULL,
    PRIMARY KEY (programme_id, profile_id)
) STRICT;
CREATE INDEX programme_startups_by_profile ON programme_startups (profile_id);

CREATE TABLE programme_mandates (
    programme_id BLOB NOT NULL REFERENCES programmes (id) CHECK (length(programme_id) = 16),
    mandate_id BLOB NOT NULL REFERENCES mandates (id) CHECK (length(mandate_id) = 16),
    admitted_at INTEGER NOT NULL,
    PRIMARY KEY (programme_id, mandate_id)
) STRICT;
CREATE INDEX programme_mandates_by_mandate ON programme_mandates (mandate_id);

CREATE TABLE rates (
    quoted_on TEXT NOT NULL,
    currency TEXT NOT NULL,
    usd_micros INTEGER NOT NULL CHECK (usd_micros > 0),
    PRIMARY KEY (quoted_on, currency)
) STRICT;

CREATE TABLE clearances (
    id BLOB NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    organization_id BLOB NOT NULL REFERENCES organizations (id) CHECK (length(organization_id) = 16),
    verdict TEXT NOT NULL CHECK (verdict IN ('clear', 'clear_enhanced', 'review', 'blocked')),
    basis TEXT NOT NULL,
    valid_to TEXT NOT NULL,
    recorded_by BLOB NOT NULL REFERENCES users (id) CHECK (length(recorded_by) = 16),
    created_at INTEGER NOT NULL
) STRICT;
CREATE INDEX clearances_by_organization ON clearances (organization_id, created_at, id);

CREATE TABLE freezes (
    id BLOB NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    scope TEXT NOT NULL CHECK (scope IN ('country', 'tag', 'organization', 'programme')),
    value TEXT NOT NULL,
    reason TEXT NOT NULL,
    ordered_by BLOB NOT NULL REFERENCES users (id) CHECK (length(ordered_by) = 16),
    first_lifted_by BLOB REFERENCES users (id) CHECK (length(first_lifted_by) = 16),
    lifted_by BLOB REFERENCES users (id) CHECK (length(lifted_by) = 16),
    lifted_at INTEGER,
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
) STRICT;
CREATE INDEX freezes_by_age ON freezes (created_at, id);

CREATE TABLE blocks (
    lower_organization_id BLOB NOT NULL REFERENCES organizations (id) CHECK (length(lower_organization_id) = 16),
    upper_organization_id BLOB NOT NULL REFERENCES organizations (id) CHECK (length(upper_organization_id) = 16),
    reason TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (lower_organization_id, upper_organization_id)
) STRICT;

CREATE TABLE disclosure_releases (
    startup_profile_id BLOB NOT NULL REFERENCES startup_profiles (id) CHECK (length(startup_profile_id) = 16),
    startup_revision INTEGER NOT NULL,
    programme_id BLOB NOT NULL REFERENCES programmes (id) CHECK (length(programme_id) = 16),
    counterpart_country TEXT NOT NULL,
    released_by BLOB NOT NULL REFERENCES users (id) CHECK (length(released_by) = 16),
    reason TEXT NOT NULL,
    valid_to TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (startup_profile_id, startup_revision, programme_id, counterpart_country, released_by)
) STRICT;

CREATE TABLE disclosures (
    id BLOB NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    programme_id BLOB NOT NULL REFERENCES programmes (id) CHECK (length(programme_id) = 16),
    shown_organization_id BLOB NOT NULL REFERENCES organizations (id) CHECK (length(shown_organization_id) = 16),
    shown_to_organization_id BLOB NOT NULL REFERENCES organizations (id) CHECK (length(shown_to_organization_id) = 16),
    level TEXT NOT NULL CHECK (level IN ('l0', 'l1', 'l2', 'l3')),
    subject_kind TEXT NOT NULL,
    subject_id BLOB NOT NULL CHECK (length(subject_id) = 16),
    created_at INTEGER NOT NULL
) STRICT;
CREATE INDEX disclosures_by_shown ON disclosures (shown_organization_id, created_at, id);

CREATE TABLE matches (
    id BLOB NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    programme_id BLOB NOT NULL REFERENCES programmes (id) CHECK (length(programme_id) = 16),
    startup_profile_id BLOB NOT NULL REFERENCES startup_profiles (id) CHECK (length(startup_profile_id) = 16),
    startup_revision INTEGER NOT NULL,
    startup_id BLOB NOT NULL REFERENCES organizations (id) CHECK (length(startup_id) = 16),
    mandate_id BLOB NOT NULL REFERENCES mandates (id) CHECK (length(mandate_id) = 16),
    mandate_revision INTEGER NOT NULL,
    investor_id BLOB NOT NULL REFERENCES organizations (id) CHECK (length(investor_id) = 16),
    rule_set_id BLOB NOT NULL REFERENCES rule_sets (id) CHECK (length(rule_set_id) = 16),
    score INTEGER NOT NULL CHECK (score >= 0 AND score <= 10000),
    confidence INTEGER NOT NULL CHECK (confidence >= 0 AND confidence <= 10000),
    exact INTEGER NOT NULL,
    explanation TEXT NOT NULL,
    status TEXT NOT NULL CHECK (status IN ('candidate', 'under_review', 'released', 'one_sided', 'mutual', 'introduced', 'passed', 'snoozed', 'expired', 'superseded', 'blocked')),
    released_to TEXT CHECK (released_to IN ('startup', 'investor', 'both')),
    startup_response TEXT NOT NULL CHECK (startup_response IN ('none', 'interested', 'passed')),
    investor_response TEXT NOT NULL CHECK (investor_response IN ('none', 'interested', 'passed')),
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
) STRICT;
-- One live match of a profile and a mandate in a programme.
CREATE UNIQUE INDEX matches_live ON matches (programme_id, startup_profile_id, mandate_id) WHERE status IN ('candidate', 'under_review', 'released', 'one_sided', 'mutual', 'snoozed');
CREATE INDEX matches_by_startup ON matches (startup_id, created_at, id);
CREATE INDEX matches_by_investor ON matches (investor_id, created_at, id);
CREATE INDEX matches_by_age ON matches (created_at, id);

CREATE TABLE pair_suppressions (
    lower_organization_id BLOB NOT NULL REFERENCES organizations (id) CHECK (length(lower_organization_id) = 16),
    upper_organization_id BLOB NOT NULL REFERENCES organizations (id) CHECK (length(upper_organization_id) = 16),
    until INTEGER NOT NULL,
    PRIMARY KEY (lower_organization_id, upper_organization_id)
) STRICT;

CREATE TABLE introductions (
    id BLOB NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    programme_id BLOB NOT NULL REFERENCES programmes (id) CHECK (length(programme_id) = 16),
    match_id BLOB NOT NULL REFERENCES matches (id) CHECK (length(match_id) = 16),
    startup_profile_id BLOB NOT NULL REFERENCES startup_profiles (id) CHECK (length(startup_profile_id) = 16),
    startup_id BLOB NOT NULL REFERENCES organizations (id) CHECK (length(startup_id) = 16),
    mandate_id BLOB NOT NULL REFERENCES mandates (id) CHECK (length(mandate_id) = 16),
    investor_id BLOB NOT NULL REFERENCES organizations (id) CHECK (length(investor_id) = 16),
    lower_organization_id BLOB NOT NULL REFERENCES organizations (id) CHECK (length(lower_organization_id) = 16),
    upper_organization_id BLOB NOT NULL REFERENCES organizations (id) CHECK (length(upper_organization_id) = 16),
    requester TEXT NOT NULL CHECK (requester IN ('startup', 'investor', 'curator')),
    requested_by BLOB NOT NULL REFERENCES users (id) CHECK (length(requested_by) = 16),
    blurb TEXT NOT NULL,
    status TEXT NOT NULL CHECK (status IN ('requested', 'held', 'asking_first', 'asking_second', 'both_accepted', 'sent', 'delivery_problem', 'in_conversation', 'met', 'converted', 'closed', 'declined', 'withdrawn', 'expired', 'refused', 'blocked', 'frozen')),
    startup_accepted INTEGER NOT NULL CHECK (startup_accepted IN (0, 1)),
    investor_accepted INTEGER NOT NULL CHECK (investor_accepted IN (0, 1)),
    extended INTEGER NOT NULL CHECK (extended IN (0, 1)),
    convert_reported_by TEXT CHECK (convert_reported_by IN ('startup', 'investor')),
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
) STRICT;
-- At most one live introduction per unordered pair of organizations, over all
-- programmes and mandates.
CREATE UNIQUE INDEX introductions_live_pair ON introductions (lower_organization_id, upper_organization_id) WHERE status IN ('requested', 'held', 'asking_first', 'asking_second', 'both_accepted', 'sent', 'delivery_problem', 'in_conversation', 'met', 'frozen');
CREATE INDEX introductions_by_startup ON introductions (startup_id, created_at, id);
CREATE INDEX introductions_by_investor ON introductions (investor_id, created_at, id);
CREATE INDEX introductions_by_mandate ON introductions (mandate_id, status);
CREATE INDEX introductions_by_age ON introductions (created_at, id);

CREATE TABLE introduction_asks (
    id BLOB NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    introduction_id BLOB NOT NULL REFERENCES introductions (id) CHECK (length(introduction_id) = 16),
    side TEXT NOT NULL CHECK (side IN ('startup', 'investor')),
    person_id BLOB NOT NULL REFERENCES users (id) CHECK (length(person_id) = 16),
    state TEXT NOT NULL CHECK (state IN ('open', 'answered', 'dead')),
    expires_at INTEGER NOT NULL,
    created_at INTEGER NOT NULL
) STRICT;
CREATE INDEX introduction_asks_by_introduction ON introduction_asks (introduction_id, created_at);
CREATE INDEX introduction_asks_due ON introduction_asks (expires_at) WHERE state = 'open';

-- Who answered what. Names are values about persons and stand here alone, so
-- that erasing a person touches nothing else.
CREATE TABLE introduction_answers (
    id BLOB NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    introduction_id BLOB NOT NULL REFERENCES introductions (id) CHECK (length(introduction_id) = 16),
    side TEXT NOT NULL CHECK (side IN ('startup', 'investor')),
    ask_id BLOB REFERENCES introduction_asks (id) CHECK (length(ask_id) = 16),
    answer TEXT NOT NULL,
    reason TEXT,
    reason_shared INTEGER NOT NULL CHECK (reason_shared IN (0, 1)),
    note TEXT,
    until INTEGER,
    person_name TEXT NOT NULL,
    person_role TEXT,
    created_at INTEGER NOT NULL
) STRICT;
CREATE INDEX introduction_answers_by_introduction ON introduction_answers (introduction_id, created_at);

CREATE TABLE deals (
    id BLOB NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    programme_id BLOB NOT NULL REFERENCES programmes (id) CHECK (length(programme_id) = 16),
    match_id BLOB NOT NULL REFERENCES matches (id) CHECK (length(match_id) = 16),
    introduction_id BLOB NOT NULL UNIQUE REFERENCES introductions (id) CHECK (length(introduction_id) = 16),
    startup_profile_id BLOB NOT NULL REFERENCES startup_profiles (id) CHECK (length(startup_profile_id) = 16),
    startup_id BLOB NOT NULL REFERENCES organizations (id) CHECK (length(startup_id) = 16),
    mandate_id BLOB NOT NULL REFERENCES mandates (id) CHECK (length(mandate_id) = 16),
    investor_id BLOB NOT NULL REFERENCES organizations (id) CHECK (length(investor_id) = 16),
    pipeline TEXT NOT NULL,
    stage TEXT NOT NULL,
    stage_entered_at INTEGER NOT NULL,
    status TEXT NOT NULL CHECK (status IN ('open', 'on_hold', 'won', 'lost', 'withdrawn', 'blocked')),
    resume_on TEXT,
    close_code TEXT,
    reported_by TEXT CHECK (reported_by IN ('startup', 'investor')),
    facts TEXT NOT NULL,
    startup_funding TEXT,
    investor_funding TEXT,
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
) STRICT;
CREATE INDEX deals_by_startup ON deals (startup_id, created_at, id);
CREATE INDEX deals_by_investor ON deals (investor_id, created_at, id);
CREATE INDEX deals_by_age ON deals (created_at, id);
CREATE INDEX deals_to_resume ON deals (resume_on) WHERE status = 'on_hold';

-- Reasons given in words for a hold, a jump, a reopening; the log holds their
-- hashes only.
CREATE TABLE deal_notes (
    id BLOB NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    deal_id BLOB NOT NULL REFERENCES deals (id) CHECK (length(deal_id) = 16),
    action TEXT NOT NULL,
    note TEXT NOT NULL,
    author_id BLOB NOT NULL REFERENCES users (id) CHECK (length(author_id) = 16),
    created_at INTEGER NOT NULL
) STRICT;
CREATE INDEX deal_notes_by_deal ON deal_notes (deal_id, created_at);
