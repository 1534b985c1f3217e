DROP TABLE forgotten_answers;
