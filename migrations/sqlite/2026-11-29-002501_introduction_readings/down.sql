DROP TABLE introduction_readings;
