DROP TABLE introduction_pulses;
DROP TABLE introduction_follow_ups;
