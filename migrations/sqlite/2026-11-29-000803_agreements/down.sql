DROP INDEX programmes_by_end;
DROP TABLE programme_comments;
DROP TABLE programme_signatures;
DROP TABLE programme_texts;
DROP TABLE programme_agreements;
