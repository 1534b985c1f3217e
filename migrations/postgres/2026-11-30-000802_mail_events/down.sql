DROP TABLE mail_event_opt_outs;
