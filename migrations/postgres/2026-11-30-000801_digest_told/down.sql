DELETE FROM mail_rounds WHERE name = 'digests_untold';
DROP TABLE digest_told;
