DROP TABLE tag_merges;
DROP TABLE tag_decisions;
DROP TABLE tags;
DROP TABLE taxonomy_editions;
