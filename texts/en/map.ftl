# Maps, datums, drawing grids
datum = Datum
datum-hint = Where the coordinates come from. With the wrong one, places are off by some hundred metres.
datum-wgs84 = WGS 84 (phones, OpenStreetMap)
datum-cgcs2000 = CGCS2000 (surveyors, Tianditu)
datum-gcj02 = GCJ-02 (Amap, Tencent)
datum-bd09 = BD-09 (Baidu)
