DROP INDEX clearances_ending;
DROP INDEX startup_profiles_waiting;
DROP INDEX deals_waiting;
DROP INDEX introductions_waiting;
