# 复发：同一件事又来了
again-title = 同一件事，前后几次
again-before = 以前报过，{ $when } 说已解决
again-after = { $when } 又有人报了同一件事
again-by-rule = 系统按规则关联
again-undo = 不是同一件事，取消关联
again-undo-why = 为什么不是（可不填）
again-undo-do = 取消关联
again-maybe = 是不是又犯了？
again-maybe-hint = 下面几件说已解决，地方和事情都像。关联以后两件各办各的，只是以前那件不再算“已解决”。
again-which = 是哪一件又来了
again-do = 关联起来
again-spot-asset = 同一个部件
again-spot-building = 同一栋楼
again-spot-near = 相距 { $n } 米
again-days = { $n ->
    [0] 办结当天又报
   *[other] 办结 { $n } 天后又报
}
event-link = 和以前办结的一件是同一件事，又来了
event-unlink = 不是以前那件事，已取消关联
event-recurred = 办结以后，同一件事又有人报
event-unrecurred = 后来那件不是同一件事，已取消关联
event-recount = 重新办理，复发不再另算
notice-work-recurred = { $number } 说已解决的事又有人报了，请看一看。
measure-recurred = 解决后又复发
kpi-recurrence = 复发率

# 类别另外要问的，和别处管的事
ask-title = 再问两句
ask-lead = 知道多少写多少，不清楚的跳过就行。
ask-number = 写个数字就行，比如 3。
elsewhere-title = 先看一眼
elsewhere-call = 拨打 { $n }
elsewhere-still = 想在这里留个记录，接着往下填就行，我们照样收下、给您答复。
elsewhere-sent = 已经收下了。另外提醒您：

# 常用答复
reply-choose = 常用答复
reply-own = 自己写
reply-hint = 选一句，可以再改；不改就照这句答复。自己写了的，以自己写的为准。
reply-read = 看看每句怎么说

# 日历换了
due-provisional = （暂定，明年日历公布后再定）
event-recalendar = 工作日历变了，时限重新算过
