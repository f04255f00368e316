-- What leads to a fallback, an application or a trunk is not what the earlier version wants: it asks for each before anybody is
-- given it, and mends it.
UPDATE numbers SET webhook_status = 'pending'
 WHERE webhook_status = 'configured' AND status <> 'released'
   AND pool IN (SELECT name FROM pools
                 WHERE '' <> ANY (ARRAY[voice_fallback_url, sms_fallback_url, voice_application_sid, sms_application_sid, trunk_sid]));
SET CONSTRAINTS ALL IMMEDIATE;
COMMENT ON COLUMN pools.trunk_sid IS NULL;
