-- Each commit leaves a segment of the words' index. By default the sixteenth on
-- a level is merged with all before it while its writer waits, which was half
-- of what indexing a record cost; the steady merging keeps them few enough.
INSERT INTO search_text (search_text, rank) VALUES ('crisismerge', 64);
