DROP TABLE ranking_walk_lines;
DROP TABLE ranking_walks;
DROP TABLE match_visits;
