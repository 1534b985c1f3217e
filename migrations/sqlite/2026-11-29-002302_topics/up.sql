-- More to choose from: who wanted none of the whole wants none of its parts.
INSERT INTO mail_opt_outs (email_key, topic, created_at)
    SELECT email_key, 'pulses', created_at FROM mail_opt_outs WHERE topic = 'progress';
INSERT INTO mail_opt_outs (email_key, topic, created_at)
    SELECT email_key, 'deals', created_at FROM mail_opt_outs WHERE topic = 'progress';
INSERT INTO mail_opt_outs (email_key, topic, created_at)
    SELECT email_key, 'alerts', created_at FROM mail_opt_outs WHERE topic = 'work';
INSERT INTO mail_opt_outs (email_key, topic, created_at)
    SELECT email_key, 'mandates', created_at FROM mail_opt_outs WHERE topic = 'profile';
