-- Forgets every number and every purchase. Only for a database that never bought anything.
DROP TABLE passes, waiters, assignments, numbers, purchase_errors, purchase_items, purchases, buying_gate, installation;
DROP FUNCTION numbers_agree_with_assignments(), nothing_is_forgotten(), purchase_items_keep_the_ledger();
