ALTER TABLE purchase_items DROP COLUMN refusal_concerns;
