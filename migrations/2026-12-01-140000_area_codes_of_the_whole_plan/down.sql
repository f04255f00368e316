-- An earlier version reads these area codes as it reads any.
SELECT 1;
