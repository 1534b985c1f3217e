DROP INDEX investor_profiles_by_state;
DROP INDEX mandates_by_state;
DROP TABLE suspensions;
