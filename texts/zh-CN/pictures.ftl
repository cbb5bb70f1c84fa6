# 照片：遮住、公开、看原图
photo-cover = 遮住人脸、车牌
picture-cover = 遮住、公开
picture-public = 已公开
cover-title = 遮住人脸、车牌、证件
cover-already = { $n ->
  [0] 还没有遮过
 *[other] 已遮住 { $n } 处
}
cover-label = 照片。用方向键移动方框，按住 Shift 改大小，回车遮住，退格撤销
cover-hint = 点一下要遮的地方，或者划一个框。
cover-undo = 撤销一处
cover-said = 要遮 # 处
cover-done = 好了
cover-cancel = 不遮了
cover-alt = 要遮住的照片
cover-typed = 按照片边长的百分比填：
cover-left = 左边（%）
cover-top = 上边（%）
cover-width = 宽（%）
cover-height = 高（%）
cover-do = 遮住
cover-for-good = 遮住以后，这张照片里再也看不到；原图加密另存。
cover-public-title = 给不给大家看
cover-is-public = 大家都能看到这张照片。
cover-not-public = 现在只有报事人和办事的人能看到。
cover-private = 这类事不公开，照片也不公开。
cover-release = 遮好了，给大家看
cover-conceal = 不再给大家看
cover-original = 看原图
cover-original-hint = 谁在什么时候为什么看了原图，都会记下，报事人也查得到。
cover-original-why = 为什么要看
cover-original-do = 看原图
event-cover = 遮住了照片里的人脸、车牌
event-release = 公开了一张照片
event-conceal = 收回了一张公开的照片
event-original = 看了照片的原图
purpose-original = 看照片原图
element-case-original = 照片原图
element-case-picture = 公开的照片
uploading = 正在上传照片和录音，已传 { $n }%
upload-cut = 网络断了。请不要关掉这一页，一有网络就接着传。
