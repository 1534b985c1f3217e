-- GIN keeps what is new in a list of its own and needs no such setting.
SELECT 1;
