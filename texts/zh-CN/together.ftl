# 一起商量：一页总览。

together-title = 一起商量
together-now = 现在可以参加
together-all = 都有什么
together-consult = 议一议
together-consult-hint = 大家的事坐下来商量，定了的盯着办完
together-votes = 表决
together-votes-hint = 业主和居民的大事，投票定
together-opinions = 大家怎么看
together-opinions-hint = 一句一句表态，看看哪些想法是共同的
together-budgets = 大家定预算
together-budgets-hint = 一笔钱怎么花，大家提、大家选
together-neighbours = 邻里
together-neighbours-hint = 和邻居说说话、问一问、谢一谢
together-mediation = 调解
together-mediation-hint = 邻里有了矛盾，请人从中说和，不收费
together-help = 邻里互助
together-help-hint = 请人帮忙，或者搭把手，帮一小时记一小时。
