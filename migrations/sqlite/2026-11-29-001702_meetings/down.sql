DROP TABLE introduction_meetings;
DROP TABLE introduction_slots;
