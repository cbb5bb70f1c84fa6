# 工作台：左边的栏目，和各种身份的导航
queue-soonest-first = 最急的在前
queue-newest-first = 最新的在前
doors-answers = 答复居民
doors-work = 安排和督促
doors-figures = 表格和数字
nav-audit = 谁看了多少
report-title-contact-clerk = 怎么联系报事人？
report-community-unknown-clerk = 还不清楚是哪个社区
alike-here = 可能和另外 { $n } 件是同一件事
calls-elsewhere = 号码只有社区看得到，由社区去打。
own-work = 这件事是您自己办的，请同事来核实。
