-- What is told and what is read is named: the class of a matter beside its number in an inbox, and the numbers of the matters
-- in which somebody's values were read.

alter table inbox_matter add column class text;
update inbox_matter set class = (select c.class from cases c where c.number = inbox_matter.subject);

-- Separated by blanks; null for what stands in no matter, and for reads from before.
alter table read_log add column matters text;
