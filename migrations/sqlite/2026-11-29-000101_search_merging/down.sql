INSERT INTO search_text (search_text, rank) VALUES ('crisismerge', 16);
