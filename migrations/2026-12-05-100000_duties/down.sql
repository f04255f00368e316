-- What was done for all is done anew by whoever knows of duties again.
DROP TABLE duties;
