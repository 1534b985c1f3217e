DROP TABLE wall_pairs;
DROP TABLE wall_keys;
DROP TABLE walls;
