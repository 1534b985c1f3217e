ALTER INDEX search_text_by_word RESET (gin_pending_list_limit);
