DROP INDEX search_text_by_word;
UPDATE search_text AS t SET document = CAST(coalesce((
    SELECT string_agg('''' || substr(word.lexeme, 3) || ''':' ||
        CASE substr(word.lexeme, 2, 1)
            WHEN 'n' THEN '1A' WHEN 'h' THEN '2B' WHEN 'b' THEN '3C' ELSE '4D' END, ' ')
    FROM unnest(t.document) AS word
), '') AS tsvector);
CREATE INDEX search_text_by_word ON search_text USING gin (document)
    WITH (gin_pending_list_limit = 256);
UPDATE search_entries SET folding = 5 WHERE folding = 6;
