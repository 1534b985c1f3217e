DROP TABLE rule_set_simulations;
DROP TABLE programme_rule_sets;
