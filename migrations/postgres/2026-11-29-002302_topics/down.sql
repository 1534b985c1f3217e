DELETE FROM mail_opt_outs WHERE topic IN ('pulses', 'deals', 'alerts', 'mandates');
