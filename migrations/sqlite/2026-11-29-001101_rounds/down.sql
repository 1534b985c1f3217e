DROP TABLE mail_rounds;
