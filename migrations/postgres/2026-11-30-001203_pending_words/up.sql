-- Words wait in a list before they go into the index: every search reads the
-- list, and whoever fills it moves all of it. At 4 MB, as it comes, that stopped
-- one write for half a second; at 256 kB as many writes pass and none waits so.
ALTER INDEX search_text_by_word SET (gin_pending_list_limit = 256);
