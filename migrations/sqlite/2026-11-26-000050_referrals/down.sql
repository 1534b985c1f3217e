DROP INDEX contacts_by_asking;
DROP TABLE referrals;
