# Reasons of a result.

tally-quorum-heads-met = { $part } of { $whole } heads took part, at least { $least } are needed: enough.
tally-quorum-heads-missed = { $part } of { $whole } heads took part, at least { $least } are needed: not enough.
tally-quorum-area-met = { $part } of { $whole } m² took part, at least { $least } m² are needed: enough.
tally-quorum-area-missed = { $part } of { $whole } m² took part, at least { $least } m² are needed: not enough.
tally-majority-heads-met = { $part } heads agree, at least { $least } are needed: enough.
tally-majority-heads-missed = { $part } heads agree, at least { $least } are needed: not enough.
tally-majority-area-met = { $part } m² agree, at least { $least } m² are needed: enough.
tally-majority-area-missed = { $part } m² agree, at least { $least } m² are needed: not enough.
tally-divided = { $n } owners of several units were of two minds: their area counts by unit, they do not count as agreeing heads.
tally-conflicts = { $n } units cast different ballots at the same moment: they count as invalid.
tally-replaced = { $n } ballots were replaced by a later one of the same unit; they are kept.
tally-pass = All that is needed is there: carried.
tally-fail = Something that is needed is missing: not carried.
tally-invalid-participates-pass = If invalid papers counted as taking part, it would be carried. The law leaves this open.
tally-invalid-participates-fail = If invalid papers counted as taking part, it would not be carried. The law leaves this open.
tally-silent-join-pass = If owners who did not vote counted as taking part and were added to the majority, it would be carried. This reading is disputed and was not used.
tally-silent-join-fail = If owners who did not vote counted as taking part and were added to the majority, it would not be carried. This reading is disputed and was not used.
