-- What Corridor is about: firms, people, profiles, mandates, programmes,
-- matches, introductions and deals. Content that people write is kept as one
-- JSON document per revision, because a match refers to a revision and its
-- bytes must not change; what is filtered or joined on has a column.

CREATE TABLE organizations (
    id uuid NOT NULL PRIMARY KEY,
    kind text NOT NULL CHECK (kind IN ('startup', 'investor', 'partner', 'operator')),
    legal_name text NOT NULL,
    trade_name text,
    names text NOT NULL,
    country text,
    website text,
    external_id text,
    version bigint NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL
);
CREATE UNIQUE INDEX organizations_by_external_id ON organizations (kind, external_id) WHERE external_id IS NOT NULL;
CREATE INDEX organizations_by_age ON organizations (created_at, id);

CREATE TABLE organization_identifiers (
    scheme text NOT NULL,
    value text NOT NULL,
    organization_id uuid NOT NULL REFERENCES organizations (id),
    PRIMARY KEY (scheme, value)
);
CREATE INDEX organization_identifiers_by_organization ON organization_identifiers (organization_id);

CREATE TABLE users (
    id uuid NOT NULL PRIMARY KEY,
    email text NOT NULL,
    email_key text NOT NULL UNIQUE,
    name text NOT NULL,
    language text NOT NULL,
    zone text NOT NULL,
    password_hash text NOT NULL,
    version bigint NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL
);

CREATE TABLE memberships (
    user_id uuid NOT NULL REFERENCES users (id),
    organization_id uuid NOT NULL REFERENCES organizations (id),
    role text NOT NULL CHECK (role IN ('owner', 'editor', 'viewer', 'curator', 'compliance', 'admin', 'auditor')),
    created_at timestamptz NOT NULL,
    PRIMARY KEY (user_id, organization_id, role)
);
CREATE INDEX memberships_by_organization ON memberships (organization_id, user_id);

CREATE TABLE startup_profiles (
    id uuid NOT NULL PRIMARY KEY,
    organization_id uuid NOT NULL REFERENCES organizations (id),
    country text,
    status text NOT NULL CHECK (status IN ('draft', 'submitted', 'in_review', 'changes_requested', 'rejected', 'approved', 'published', 'paused', 'stale', 'suspended', 'withdrawn', 'archived', 'erased')),
    claimed boolean NOT NULL,
    revision bigint NOT NULL,
    content text NOT NULL,
    compliance_agreed_revision bigint,
    published_at timestamptz,
    reconfirm_by date,
    rejected_at timestamptz,
    version bigint NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL
);
CREATE INDEX startup_profiles_by_organization ON startup_profiles (organization_id, created_at, id);
CREATE INDEX startup_profiles_by_age ON startup_profiles (created_at, id);

CREATE TABLE startup_profile_revisions (
    profile_id uuid NOT NULL REFERENCES startup_profiles (id),
    revision bigint NOT NULL,
    content text NOT NULL,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (profile_id, revision)
);

CREATE TABLE review_comments (
    id uuid NOT NULL PRIMARY KEY,
    profile_id uuid NOT NULL REFERENCES startup_profiles (id),
    revision bigint NOT NULL,
    pointer text NOT NULL,
    comment text NOT NULL,
    author_id uuid NOT NULL REFERENCES users (id),
    created_at timestamptz NOT NULL
);
CREATE INDEX review_comments_by_profile ON review_comments (profile_id, created_at);

CREATE TABLE mandates (
    id uuid NOT NULL PRIMARY KEY,
    organization_id uuid NOT NULL REFERENCES organizations (id),
    country text,
    status text NOT NULL CHECK (status IN ('draft', 'published', 'paused', 'stale', 'suspended', 'withdrawn', 'archived')),
    claimed boolean NOT NULL,
    revision bigint NOT NULL,
    content text NOT NULL,
    published_at timestamptz,
    reconfirm_by date,
    version bigint NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL
);
CREATE INDEX mandates_by_organization ON mandates (organization_id, created_at, id);
CREATE INDEX mandates_by_age ON mandates (created_at, id);

CREATE TABLE mandate_revisions (
    mandate_id uuid NOT NULL REFERENCES mandates (id),
    revision bigint NOT NULL,
    content text NOT NULL,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (mandate_id, revision)
);

CREATE TABLE rule_sets (
    id uuid NOT NULL PRIMARY KEY,
    name text NOT NULL,
    document text NOT NULL,
    document_hash bytea NOT NULL UNIQUE CHECK (length(document_hash) = 32),
    created_at timestamptz NOT NULL
);

CREATE TABLE programmes (
    id uuid NOT NULL PRIMARY KEY,
    slug text NOT NULL UNIQUE,
    title text NOT NULL,
    scope_tags text NOT NULL,
    starts_on date NOT NULL,
    ends_on date NOT NULL,
    rule_set_id uuid NOT NULL REFERENCES rule_sets (id),
    status text NOT NULL CHECK (status IN ('draft', 'negotiation', 'text_agreed', 'signing', 'active', 'expiring', 'expired', 'renewed', 'declined', 'suspended', 'terminated')),
    version bigint NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    CHECK (starts_on <= ends_on)
);
CREATE INDEX programmes_by_age ON programmes (created_at, id);

CREATE TABLE programme_corridors (
    programme_id uuid NOT NULL REFERENCES programmes (id),
    startup_country text NOT NULL,
    investor_country text NOT NULL,
    PRIMARY KEY (programme_id, startup_country, investor_country)
);

CREATE TABLE programme_parties (
    programme_id uuid NOT NULL REFERENCES programmes (id),
    organization_id uuid NOT NULL REFERENCES organizations (id),
    role text NOT NULL CHECK (role IN ('signatory', 'trade_office', 'referrer', 'operator')),
    PRIMARY KEY (programme_id, organization_id)
);

CREATE TABLE programme_startups (
    programme_id uuid NOT NULL REFERENCES programmes (id),
    profile_id uuid NOT NULL REFERENCES startup_profiles (id),
    admitted_at timestamptz NOT NULL,
    PRIMARY KEY (programme_id, profile_id)
);
CREATE INDEX programme_startups_by_profile ON programme_startups (profile_id);

CREATE TABLE programme_mandates (
    programme_id uuid NOT NULL REFERENCES programmes (id),
    mandate_id uuid NOT NULL REFERENCES mandates (id),
    admitted_at timestamptz NOT NULL,
    PRIMARY KEY (programme_id, mandate_id)
);
CREATE INDEX programme_mandates_by_mandate ON programme_mandates (mandate_id);

CREATE TABLE rates (
    quoted_on date NOT NULL,
    currency text NOT NULL,
    usd_micros bigint NOT NULL CHECK (usd_micros > 0),
    PRIMARY KEY (quoted_on, currency)
);

CREATE TABLE clearances (
    id uuid NOT NULL PRIMARY KEY,
    organization_id uuid NOT NULL REFERENCES organizations (id),
    verdict text NOT NULL CHECK (verdict IN ('clear', 'clear_enhanced', 'review', 'blocked')),
    basis text NOT NULL,
    valid_to date NOT NULL,
    recorded_by uuid NOT NULL REFERENCES users (id),
    created_at timestamptz NOT NULL
);
CREATE INDEX clearances_by_organization ON clearances (organization_id, created_at, id);

CREATE TABLE freezes (
    id uuid NOT NULL PRIMARY KEY,
    scope text NOT NULL CHECK (scope IN ('country', 'tag', 'organization', 'programme')),
    value text NOT NULL,
    reason text NOT NULL,
    ordered_by uuid NOT NULL REFERENCES users (id),
    first_lifted_by uuid REFERENCES users (id),
    lifted_by uuid REFERENCES users (id),
    lifted_at timestamptz,
    version bigint NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL
);
CREATE INDEX freezes_by_age ON freezes (created_at, id);

CREATE TABLE blocks (
    lower_organization_id uuid NOT NULL REFERENCES organizations (id),
    upper_organization_id uuid NOT NULL REFERENCES organizations (id),
    reason text NOT NULL,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (lower_organization_id, upper_organization_id)
);

CREATE TABLE disclosure_releases (
    startup_profile_id uuid NOT NULL REFERENCES startup_profiles (id),
    startup_revision bigint NOT NULL,
    programme_id uuid NOT NULL REFERENCES programmes (id),
    counterpart_country text NOT NULL,
    released_by uuid NOT NULL REFERENCES users (id),
    reason text NOT NULL,
    valid_to date NOT NULL,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (startup_profile_id, startup_revision, programme_id, counterpart_country, released_by)
);

CREATE TABLE disclosures (
    id uuid NOT NULL PRIMARY KEY,
    programme_id uuid NOT NULL REFERENCES programmes (id),
    shown_organization_id uuid NOT NULL REFERENCES organizations (id),
    shown_to_organization_id uuid NOT NULL REFERENCES organizations (id),
    level text NOT NULL CHECK (level IN ('l0', 'l1', 'l2', 'l3')),
    subject_kind text NOT NULL,
    subject_id uuid NOT NULL,
    created_at timestamptz NOT NULL
);
CREATE INDEX disclosures_by_shown ON disclosures (shown_organization_id, created_at, id);

CREATE TABLE matches (
    id uuid NOT NULL PRIMARY KEY,
    programme_id uuid NOT NULL REFERENCES programmes (id),
    startup_profile_id uuid NOT NULL REFERENCES startup_profiles (id),
    startup_revision bigint NOT NULL,
    startup_id uuid NOT NULL REFERENCES organizations (id),
    mandate_id uuid NOT NULL REFERENCES mandates (id),
    mandate_revision bigint NOT NULL,
    investor_id uuid NOT NULL REFERENCES organizations (id),
    rule_set_id uuid NOT NULL REFERENCES rule_sets (id),
    score bigint NOT NULL CHECK (score >= 0 AND score <= 10000),
    confidence bigint NOT NULL CHECK (confidence >= 0 AND confidence <= 10000),
    exact bigint NOT NULL,
    explanation text NOT NULL,
    status text NOT NULL CHECK (status IN ('candidate', 'under_review', 'released', 'one_sided', 'mutual', 'introduced', 'passed', 'snoozed', 'expired', 'superseded', 'blocked')),
    released_to text CHECK (released_to IN ('startup', 'investor', 'both')),
    startup_response text NOT NULL CHECK (startup_response IN ('none', 'interested', 'passed')),
    investor_response text NOT NULL CHECK (investor_response IN ('none', 'interested', 'passed')),
    version bigint NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL
);
-- One live match of a profile and a mandate in a programme.
CREATE UNIQUE INDEX matches_live ON matches (programme_id, startup_profile_id, mandate_id) WHERE status IN ('candidate', 'under_review', 'released', 'one_sided', 'mutual', 'snoozed');
CREATE INDEX matches_by_startup ON matches (startup_id, created_at, id);
CREATE INDEX matches_by_investor ON matches (investor_id, created_at, id);
CREATE INDEX matches_by_age ON matches (created_at, id);

CREATE TABLE pair_suppressions (
    lower_organization_id uuid NOT NULL REFERENCES organizations (id),
    upper_organization_id uuid NOT NULL REFERENCES organizations (id),
    until timestamptz NOT NULL,
    PRIMARY KEY (lower_organization_id, upper_organization_id)
);

CREATE TABLE introductions (
    id uuid NOT NULL PRIMARY KEY,
    programme_id uuid NOT NULL REFERENCES programmes (id),
    match_id uuid NOT NULL REFERENCES matches (id),
    startup_profile_id uuid NOT NULL REFERENCES startup_profiles (id),
    startup_id uuid NOT NULL REFERENCES organizations (id),
    mandate_id uuid NOT NULL REFERENCES mandates (id),
    investor_id uuid NOT NULL REFERENCES organizations (id),
    lower_organization_id uuid NOT NULL REFERENCES organizations (id),
    upper_organization_id uuid NOT NULL REFERENCES organizations (id),
    requester text NOT NULL CHECK (requester IN ('startup', 'investor', 'curator')),
    requested_by uuid NOT NULL REFERENCES users (id),
    blurb text NOT NULL,
    status text NOT NULL CHECK (status IN ('requested', 'held', 'asking_first', 'asking_second', 'both_accepted', 'sent', 'delivery_problem', 'in_conversation', 'met', 'converted', 'closed', 'declined', 'withdrawn', 'expired', 'refused', 'blocked', 'frozen')),
    startup_accepted boolean NOT NULL,
    investor_accepted boolean NOT NULL,
    extended boolean NOT NULL,
    convert_reported_by text CHECK (convert_reported_by IN ('startup', 'investor')),
    version bigint NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL
);
-- At most one live introduction per unordered pair of organizations, over all
-- programmes and mandates.
CREATE UNIQUE INDEX introductions_live_pair ON introductions (lower_organization_id, upper_organization_id) WHERE status IN ('requested', 'held', 'asking_first', 'asking_second', 'both_accepted', 'sent', 'delivery_problem', 'in_conversation', 'met', 'frozen');
CREATE INDEX introductions_by_startup ON introductions (startup_id, created_at, id);
CREATE INDEX introductions_by_investor ON introductions (investor_id, created_at, id);
CREATE INDEX introductions_by_mandate ON introductions (mandate_id, status);
CREATE INDEX introductions_by_age ON introductions (created_at, id);

CREATE TABLE introduction_asks (
    id uuid NOT NULL PRIMARY KEY,
    introduction_id uuid NOT NULL REFERENCES introductions (id),
    side text NOT NULL CHECK (side IN ('startup', 'investor')),
    person_id uuid NOT NULL REFERENCES users (id),
    state text NOT NULL CHECK (state IN ('open', 'answered', 'dead')),
    expires_at timestamptz NOT NULL,
    created_at timestamptz NOT NULL
);
CREATE INDEX introduction_asks_by_introduction ON introduction_asks (introduction_id, created_at);
CREATE INDEX introduction_asks_due ON introduction_asks (expires_at) WHERE state = 'open';

-- Who answered what. Names are values about persons and stand here alone, so
-- that erasing a person touches nothing else.
CREATE TABLE introduction_answers (
    id uuid NOT NULL PRIMARY KEY,
    introduction_id uuid NOT NULL REFERENCES introductions (id),
    side text NOT NULL CHECK (side IN ('startup', 'investor')),
    ask_id uuid REFERENCES introduction_asks (id),
    answer text NOT NULL,
    reason text,
    reason_shared boolean NOT NULL,
    note text,
    until timestamptz,
    person_name text NOT NULL,
    person_role text,
    created_at timestamptz NOT NULL
);
CREATE INDEX introduction_answers_by_introduction ON introduction_answers (introduction_id, created_at);

CREATE TABLE deals (
    id uuid NOT NULL PRIMARY KEY,
    programme_id uuid NOT NULL REFERENCES programmes (id),
    match_id uuid NOT NULL REFERENCES matches (id),
    introduction_id uuid NOT NULL UNIQUE REFERENCES introductions (id),
    startup_profile_id uuid NOT NULL REFERENCES startup_profiles (id),
    startup_id uuid NOT NULL REFERENCES organizations (id),
    mandate_id uuid NOT NULL REFERENCES mandates (id),
    investor_id uuid NOT NULL REFERENCES organizations (id),
    pipeline text NOT NULL,
    stage text NOT NULL,
    stage_entered_at timestamptz NOT NULL,
    status text NOT NULL CHECK (status IN ('open', 'on_hold', 'won', 'lost', 'withdrawn', 'blocked')),
    resume_on date,
    close_code text,
    reported_by text CHECK (reported_by IN ('startup', 'investor')),
    facts text NOT NULL,
    startup_funding text,
    investor_funding text,
    version bigint NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL
);
CREATE INDEX deals_by_startup ON deals (startup_id, created_at, id);
CREATE INDEX deals_by_investor ON deals (investor_id, created_at, id);
CREATE INDEX deals_by_age ON deals (created_at, id);
CREATE INDEX deals_to_resume ON deals (resume_on) WHERE status = 'on_hold';

-- Reasons given in words for a hold, a jump, a reopening; the log holds their
-- hashes only.
CREATE TABLE deal_notes (
    id uuid NOT NULL PRIMARY KEY,
    deal_id uuid NOT NULL REFERENCES deals (id),
    action text NOT NULL,
    note text NOT NULL,
    author_id uuid NOT NULL REFERENCES users (id),
    created_at timestamptz NOT NULL
);
CREATE INDEX deal_notes_by_deal ON deal_notes (deal_id, created_at);
