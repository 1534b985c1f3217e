DROP TABLE practice_attendees;
DROP TABLE practice_sessions;
DROP TABLE practices;
