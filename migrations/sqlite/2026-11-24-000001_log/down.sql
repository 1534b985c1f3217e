DROP TABLE leases;
DROP TABLE consumers;
DROP TABLE log_head;
DROP TABLE events;
