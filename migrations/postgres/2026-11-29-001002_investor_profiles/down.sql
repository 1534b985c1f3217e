DROP TABLE investor_comments;
DROP TABLE investor_profile_revisions;
DROP TABLE investor_profiles;
