-- The index of words knows no weights: whoever looked for a word in a name had
-- every record read that has it anywhere. So a word stands with the letters of
-- its record's kind and of its field now ("snwater": of a startup, in a name),
-- once for each field, and the index tells them apart by itself. What an older
-- program stores meanwhile is of an older folding, and indexed again at the
-- next start.
DROP INDEX search_text_by_word;
UPDATE search_text AS t SET document = coalesce((
    SELECT array_to_tsvector(array_agg(
        CASE e.kind WHEN 'startup_profile' THEN 's' WHEN 'mandate' THEN 'm'
            WHEN 'investor_profile' THEN 'i' ELSE 'o' END
        || translate(weight, 'ABCD', 'nhbf') || word.lexeme))
    FROM unnest(t.document) AS word, unnest(word.weights) AS weight
), '') FROM search_entries AS e WHERE e.place = t.place;
CREATE INDEX search_text_by_word ON search_text USING gin (document)
    WITH (gin_pending_list_limit = 256);
UPDATE search_entries SET folding = 6 WHERE folding = 5;
