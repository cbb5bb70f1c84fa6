# 地图、坐标系、画网格
datum = 坐标系
datum-hint = 坐标是从哪里来的。选错了，位置会偏几百米。
datum-wgs84 = WGS 84（手机定位、OpenStreetMap）
datum-cgcs2000 = CGCS2000（测绘成果、天地图）
datum-gcj02 = GCJ-02（高德、腾讯）
datum-bd09 = BD-09（百度）
