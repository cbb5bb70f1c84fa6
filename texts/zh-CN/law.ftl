# 工作人员的投诉和意见。

complaint-about = 关于哪个单位
complaint-about-hint = 由它的上级来办，这个单位看不到内容，也不能办结。它上面没有单位的，由它答复，只有您本人能办结。
