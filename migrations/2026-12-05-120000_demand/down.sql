-- Who found nothing ready is forgotten, and thresholds are those of the configuration.
ALTER TABLE passes DROP COLUMN detail;
DROP TABLE advice_days, pool_thresholds, demand;
