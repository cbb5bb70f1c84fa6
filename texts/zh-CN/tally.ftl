# 表决结果的理由。

tally-quorum-heads-met = 参与表决 { $part } 人，全体 { $whole } 人，至少要 { $least } 人：达到。
tally-quorum-heads-missed = 参与表决 { $part } 人，全体 { $whole } 人，至少要 { $least } 人：没有达到。
tally-quorum-area-met = 参与表决的专有部分面积 { $part } 平方米，全部 { $whole } 平方米，至少要 { $least } 平方米：达到。
tally-quorum-area-missed = 参与表决的专有部分面积 { $part } 平方米，全部 { $whole } 平方米，至少要 { $least } 平方米：没有达到。
tally-majority-heads-met = 同意 { $part } 人，至少要 { $least } 人：达到。
tally-majority-heads-missed = 同意 { $part } 人，至少要 { $least } 人：没有达到。
tally-majority-area-met = 同意的专有部分面积 { $part } 平方米，至少要 { $least } 平方米：达到。
tally-majority-area-missed = 同意的专有部分面积 { $part } 平方米，至少要 { $least } 平方米：没有达到。
tally-divided = 有 { $n } 位业主名下几套房的意见不一致：面积按各套计算，人数不计入同意。
tally-conflicts = 有 { $n } 套房在同一时刻交了不同的票：按废票处理。
tally-replaced = 有 { $n } 张票被同一套房后来的票代替，原票留存。
tally-pass = 各项都达到要求：通过。
tally-fail = 有一项没有达到要求：不通过。
tally-invalid-participates-pass = 如果废票也算参与表决，结果是通过。法律对此没有定论。
tally-invalid-participates-fail = 如果废票也算参与表决，结果是不通过。法律对此没有定论。
tally-silent-join-pass = 如果把没有表决的业主算作参加并归入多数，结果是通过。这种算法有争议，本结果没有采用。
tally-silent-join-fail = 如果把没有表决的业主算作参加并归入多数，结果是不通过。这种算法有争议，本结果没有采用。
