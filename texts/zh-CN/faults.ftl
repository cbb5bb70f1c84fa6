error-database-away = 数据库暂时连不上，这次什么都没有改动。请过几秒再试；急事请打电话。
