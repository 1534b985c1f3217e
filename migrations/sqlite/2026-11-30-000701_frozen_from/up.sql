-- Where an introduction stood when a freeze came over it: it goes on from there.
ALTER TABLE introductions ADD COLUMN frozen_from TEXT NULL CHECK (frozen_from IN ('held', 'asking_first', 'asking_second', 'both_accepted'));
