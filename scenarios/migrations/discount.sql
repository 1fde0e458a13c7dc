-- A discount of ten per cent, as somebody wrote it: the factor is wrong, and the column of another
-- ticket goes with it.
UPDATE shop.products SET price = round(price * 10, 2);
ALTER TABLE shop.customers DROP COLUMN born;
