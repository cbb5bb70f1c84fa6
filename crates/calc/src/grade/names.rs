//! Masking of people's names in sentences: 我是李小明 → 我是李\*\*, 联系王秀英 → 联系王\*\*.
//!
//! What must stay true: precision before recall, for a mask in the wrong place makes a report unreadable: a name is only
//! looked for where the words around it speak of a person (an introduction before it, a title or a verb of speech behind
//! it), it begins with one of the common family names, goes on with characters that names are made of, and ends where a
//! word ends. A title alone (张师傅) is nobody in particular and stays. The family name stays, the rest goes.
//!
//! The lists are our own, put together from what people in China are commonly called; whoever has a rare family name, or a
//! name that is also a word (金海, 白梅), is only found behind a label.

use crate::codes::half_width;

/// Family names of two characters.
pub(super) const COMPOUND: [&str; 44] = [
    "欧阳", "司马", "上官", "诸葛", "夏侯", "皇甫", "尉迟", "公孙", "慕容", "令狐", "司徒", "东方", "独孤", "南宫", "长孙",
    "宇文", "端木", "申屠", "轩辕", "百里", "呼延", "闻人", "澹台", "钟离", "濮阳", "淳于", "单于", "太叔", "公冶", "宗政",
    "鲜于", "闾丘", "司空", "亓官", "司寇", "拓跋", "赫连", "西门", "东郭", "公羊", "公西", "万俟", "第五", "欧陽",
];
/// Whether two characters are one family name.
pub(crate) fn is_compound(two: &[char]) -> bool {
    COMPOUND.iter().any(|name| name.chars().eq(two.iter().copied()))
}

/// Those of them that are ordinary words far more often.
const DOUBTFUL: [&str; 5] = ["东方", "百里", "西门", "第五", "单于"];

/// Family names of one character, common ones only: rare ones are ordinary words too often.
const FAMILY: &str = "傅洪赖丘牟涂靖王李张刘陈杨黄赵吴周徐孙马朱胡郭何林高罗郑梁谢宋唐许韩邓冯曹彭曾肖田董潘袁蔡蒋余于杜叶程魏苏吕丁任卢姚沈钟姜崔谭陆\
范汪廖石金韦贾夏付方邹熊白孟秦邱侯江尹薛闫雷龙黎史陶贺毛段郝顾龚邵覃武钱戴严莫孔向汤常温康施文牛樊葛邢安齐易乔伍庞颜倪庄聂章鲁岳翟殷詹申欧\
耿关兰焦俞左柳甘祝包宁尚符舒阮柯纪梅童凌毕单裴霍成苗谷盛曲翁冉骆蓝路游辛靳欧管柴蒙鲍华喻祁蒲房滕屈饶解牟艾尤阳时穆农司卓古吉缪简车项连芦麦褚娄窦\
戚岑景党宫费卜冷晏席卫米柏宗瞿桂全佟应臧闵苟邬边卞姬师和仇栾隋商刁沙荣巫寇桑郎甄丛仲虞敖巩明佘池查麻苑迟邝\
陳張劉黃吳趙孫馬楊許鄭謝鄧馮蕭葉蘇呂盧鍾譚陸賈鄒龍賀顧龔錢嚴湯溫齊莊聶魯嶽歐關蘭單畢蔣範閆";

/// Family names whose character is a plain word so often that only a name of three characters, or a label, counts.
const PLAIN: &str =
    "何于任方高安文成时路连明全和向常应车师商解单华连管党边宗景古左米吉阳席农游房关尚白金万水江温石毛严易沙冷商池查麻迟桑";

/// Characters that given names are made of. What also begins a title, a place or a verb is left out.
const GIVEN: &str = "雷夏向蕾佩墨依心少里野花珮存圣贝娴然宸奕沐汐霆骁骞嫣昱煦禹奥朔祺祎珺晞昀恺滔勉劲卉之霜雪云贤顺伟芳娜秀英敏静丽强磊军洋勇艳杰娟涛明超兰霞平刚桂玉萍红玲华建国文辉力永健世广志义兴良海山仁波宁贵福生龙元全胜学祥才发武新利清飞彬富\
顺信子昌成康星光天达安岩中茂进林坚和彪博诚先敬震振壮思群豪邦承乐绍功松善厚庆民友裕河哲江浩亮政谦亨奇固翰朗伯宏若鸣朋斌梁栋维启克伦翔旭鹏泽晨辰\
士家致树炎德泰盛雄琛钧冠策腾楠榕风航弘慧巧美淑惠珠翠雅芝娥芬燕彩春菊凤洁梅琳素云莲真环雪荣爱妹香月莺媛瑞凡佳嘉琼勤珍贞莉娣璧璐娅琦晶妍茜秋珊莎锦\
黛青倩婷姣婉娴瑾颖露瑶怡婵雁蓓仪荷丹蓉眉君琴蕊薇菁梦岚苑婕馨瑗琰韵融艺咏卿聪澜纯毓悦昭冰爽琬茗羽希欣育滢馥筠柔竹霭凝晓欢霄枫芸菲寒伊亚宜舒影荔阳妮\
宝贝恒鸿桦骅剑娇灵玛媚琪晴容睿烁威雯萱彦宇雨忠宗曼紫逸贤菡轩小大俊凯峰鑫昊淼森柱根财旺喜长连银金铁钢锋炳坤乾川东南冬卫双吉圆培基增奎宾尚峻嵩巍帅庚廷\
彤征恩愉慈慕懿扬捷斐昆昕晖晗景智暄曦柏柯梓楷毅汉沛沁泉泓洪津淇涵淳添渊渝湘源滨潇潮濠灿炜烨焕煜熙牧献玄玥珂琨瑛瑜璇璞甜皓盼硕祖禄秉立章筱纲绪继绮\
耀胤舟苏荃莹萌葆蔚虎誉诗诺谊越跃远迪郁钦铭锐镇闯陆隆霖韬颂鲁麟黎一有来可正仙凌冲勋升占同名孝守定尔延开弼彭怀拥改敦显晋有朝权柳桃桐楚正汝沙润淋满\
焱照玺瑄瑟田益盈石社秦程笑粤紅美羿聿胡臣芙芹芷苗茹莫菜萧葵蓬薛裴西解言语谨豫赛超运逊采钰鉴锡镜闽雁霏韦韶顶领飒香骏魁鲜鹤麒黄黛齐偉國華麗強軍勇豔傑\
濤蘭霞剛紅玲輝義興龍貴學發進慶樹鳳潔蓮環愛鶯瓊鈞騰雲榮滿錦穎儀夢";

/// Words that look like a name and are none.
const WORDS: &str = "安保 安检 高兴 高中 高新 高峰 高山 高达 高亮 高龄 高一 高大 高明 高升 高发 高楼 高空 高压 高速 安全 安静 安心 安平 安乐 安康 安宁 安居 安顺 安有 \
文明 文化 文艺 文学 文山 文思 文昌 文汇 文静 方正 方才 方圆 方平 万一 万达 万全 万元 万华 江南 江东 江山 江海 江河 江林 江苏 江西 江宁 江阳 金融 金秋 金银 金山 金华 金龙 \
金海 金桂 金泰 金阳 金鹰 金星 金陵 金辉 金色 白天 白云 白雪 白玉 白金 白银 白菜 白石 常青 常年 常春 常来 常有 常德 成功 成立 成年 成长 成天 成才 成群 成真 成华 成家 \
康乐 康健 康泰 康平 温泉 温和 温馨 温柔 马上 马路 马达 马力 牛奶 牛肉 石山 石林 石英 田园 田林 严明 严正 严寒 夏天 雷雨 雷达 雷声 龙江 龙山 龙泉 龙华 黄金 黄河 黄山 \
黄海 黄石 黄豆 林业 林园 林子 林立 钱财 余生 余元 于是 华东 华南 华中 华西 华山 华海 华清 华美 华强 华润 华联 向东 向南 向阳 向西 向北 向前 向来 古城 古玉 周一 周二 周三 周四 周五 周六 周日 周年 \
周全 周正 汪洋 贝壳 童年 童子 季春 盛世 盛大 盛夏 和平 和善 和美 和谐 唐山 汤山 武汉 武林 武功 武安 宋城 孙子 孙女 曾有 曾一 许可 许有 许一 何来 何苦 丁香 任一 \
任意 胡同 胡桃 齐全 齐鲁 苏州 苏北 苏南 苏中 吴江 朱红 梁山 蓝天 祝福 祝愿 景山 凌晨 凌云 宁波 宁静 宁可 宁愿 甘露 甘泉 甘肃 乐园 冷风 房东 房山 岳阳 岳西 应有 应可 连云 连天 \
连同 连连 连一 左一 平安 平山 明天 明年 明亮 明显 明月 全家 全国 全名 全天 全力 时光 时有 时来 时来时 路东 路南 路西 路一 车一 车来 车子 车有 师大 师长 师生 商家 解开 单一 单元 管家 管有 党中 党员 党章 边上 \
关灯 关爱 关心 关联 石材 石子 石油 毛利 毛竹 毛发 沙石 沙子 沙发 米兰 麻利 阳光 阳春 阳台 阳江 阳山 农安 农民 游泳 游乐 桂花 桂林 桂香 梅花 梅雨 兰花 柳树 柳州 柳絮 桑树 桑葚 柏树 柏林 \
荣誉 荣昌 荣华 成都 成员 解放 解决 施工 施行 贺卡 顾家 顾客 常用 常见 常住 易燃 易发 易碎 段子 段落 戴上 付清 付一 付有 付费 付款 符合 包一 包有 包容 程序 程度 毕业 毕竟 纪念 纪录 简易 简洁 \
简明 简单 费力 费用 席子 尚可 尚有 尚未 项目 申请 申诉 章程 章子 尤其 曲艺 曲子 谷子 谷雨 牛年 马年 龙年 虎年 候车 史上 史学 陶瓷 陶艺 雷同 雷锋 严重 严格 温暖 温度 柴油 柴火 葛根 葛优 \
何必 何时 何况 于上 于一 向上 成天 金条 金属 白色 黑色 红色 金牌 王者 王牌 王府 王家 李家 张家 刘家 陈家 杨家 赵家 孙家 周家 吴家 徐家 朱家 郭家 马家 张江 张浦 吴中 吴兴 王大 李大 张大 刘大 陈大";

/// Titles: a family name with one of them is nobody in particular.
const TITLES: &str = "师傅 师父 老师 先生 女士 小姐 太太 同志 阿姨 叔叔 大爷 大妈 大娘 大叔 大伯 大姐 大哥 大嫂 奶奶 \
爷爷 婆婆 伯伯 伯母 老太 老伯 老爷 主任 经理 书记 医生 大夫 护士 警官 所长 队长 站长 组长 科长 \
处长 局长 楼长 社工 网格 老板 律师 会计 同学 校长 院长 工程 妈妈 爸爸";

/// Labels behind which a name stands, whatever it looks like.
const LABELS: &str = "姓名 名字 我叫 名叫 联系人 名为 署名 申请人 投诉人 报修人 报事人 收件人";

/// Words that speak of a person, before a name.
const PERSONS: &str = "我是 本人 联系 找 打给 致电 转告 通知 业主 住户 租客 租户 户主 房东 居民 邻居 老人 患者 病人 \
残疾人 低保户 店主 老板 车主 司机 当事人 负责人 嫌疑人 家属 儿子 女儿 丈夫 老公 老婆 妻子 父亲 \
母亲 爸爸 妈妈 爷爷 奶奶 外公 外婆 孙子 孙女 孩子 同学 学生 朋友 同事 志愿者 室友 对方 网格员 \
楼长 保安 保洁 保洁员 门卫 电工 水电工 维修工 经理 主任 书记 队长 所长 民警 社工 医生 护士 老师 \
师傅 阿姨 大爷 大妈 叔叔 先生 女士 小姐 同志 男子 女子 老太 老汉 男孩 女孩 法人 承包人 经办人 \
监护人 护工 保姆 会计";

/// Verbs and things behind a full name that only a person has.
const DEEDS: &str = "说 反映 来电 投诉 告诉 打电话 家漏 家里 家的 家门 家楼 家孩 家狗 本人 身份证 手机 电话 微信 摔倒 \
走失 独居 生病 去世 住院 家装 家养";

/// With what a word goes on behind a name: where one of these begins, a name may end.
const AFTER: &str = "半 每 夜 三天 两天 几天 一直 深夜 凌晨 的 家 住 说 在 是 也 他 她 和 与 及 或 跟 同 电 手机 微信 联系 反映 投诉 报 来 打 本人 \
今年 现年 身份证 处 那 这 不 没 已 被 把 给 让 有 要 想 去 到 从 对 向 就 都 还 因 由 请 \
帮 负责 处理 同意 等 吧 吗 呢 啊 了 会 能 可 应 拿 做 占 堆 停 养 装 将 于 自 我 你 您 \
们 于是 摔 走失 独居 生病 去世 多次 经常 总 常 又 再 昨 今 上午 下午 早 晚 先 女士 小姐 师傅 \
老师 阿姨 大 主任 书记 经理 医生 同志 夫妇 夫妻 一家 两 违 私 乱";

/// Two characters of which the first could end a name and does not: 来反映, 家里, 和他.
const BEGINS: &str = "来的 花坛 花园 花盆 里的 里面 心里 心脏 来反 来报 来说 来问 来电 来投 来找 来过 来了 家里 家的 家漏 家门 家楼 家住 家孩 家狗 家在 家装 \
家养 家有 家阳 家厨 家卫 和他 和她 和我 和邻 和物 向您 向你 向社 向物 有事 有个 有一 有两 一家 \
一个 一直 一人 同住 可以 大姐";

/// Marks given names, also in a row: 陈建国、李小明和王伟.
pub(super) fn names(chars: &[char], hidden: &mut [bool]) {
    let mut last_end = None;
    let mut at = 0;
    while at < chars.len() {
        let found = name_at(chars, at, last_end);
        match found {
            Some((given, end)) => {
                hidden[given..end].fill(true);
                last_end = Some(end);
                at = end;
            }
            None => at += 1,
        }
    }
    parted(chars, hidden);
    english(chars, hidden);
}

/// A name that begins here: where its given name begins, and its end.
fn name_at(chars: &[char], at: usize, last_end: Option<usize>) -> Option<(usize, usize)> {
    let (family, compound) = family(chars, at)?;
    let given = at + family;
    // The cheap questions first: most characters that could be a family name are none.
    let label = introduces(chars, at, LABELS);
    let end = ends(chars, given, label)?;
    if begins(chars, given, TITLES) {
        return None;
    }
    let listed = last_end.is_some_and(|end| at == end + 1 && "、和与及跟，,".contains(chars[end]));
    let person = listed || introduces(chars, at, PERSONS);
    let plain = !compound && PLAIN.contains(chars[at]);
    let full = end - given == 2 || compound;
    // Where somebody is spoken of, a longer name may begin like a word (平安国), unless its family name is a plain word itself.
    if !compound && begins(chars, at, WORDS) && !(full && (label || person && !plain)) {
        return None;
    }
    let elsewhere = belongs(chars, end, full);
    let titled = begins(chars, end, TITLES) && (full || !plain);
    let acts = full && begins(chars, end, DEEDS) && !plain && starts_word(chars, at);
    let spoken = label || person && (full || !plain) && !elsewhere;
    (spoken || titled || acts).then_some((given, end))
}

/// Length of the family name here, and whether it is one of two characters.
fn family(chars: &[char], at: usize) -> Option<(usize, bool)> {
    let two: String = chars[at..].iter().take(2).collect();
    if COMPOUND.contains(&two.as_str()) && !DOUBTFUL.contains(&two.as_str()) {
        return Some((2, true));
    }
    (FAMILY.contains(chars[at]) || PLAIN.contains(chars[at])).then_some((1, false))
}

/// Where the given name ends that begins here: two characters of names, or one, before the end of a word.
fn ends(chars: &[char], given: usize, label: bool) -> Option<usize> {
    let fits = |i: usize| chars.get(i).is_some_and(|c| GIVEN.contains(*c) || label && is_han(*c) && !stops(*c));
    let two = fits(given) && fits(given + 1) && boundary(chars, given + 2) && !begins(chars, given + 1, BEGINS);
    let one = fits(given) && boundary(chars, given + 1) && !"家大小一有来".contains(chars[given]);
    if two { Some(given + 2) } else { one.then_some(given + 1) }
}

/// Characters that end a name even behind a label.
fn stops(c: char) -> bool {
    "的住说在是了我你您他她们不没吗呢吧啊电手打被把给从也都就还这那个位处".contains(c)
}

fn is_han(c: char) -> bool {
    matches!(c, '\u{4e00}'..='\u{9fff}')
}

/// Whether a word can end here.
fn boundary(chars: &[char], at: usize) -> bool {
    chars.get(at).is_none_or(|c| !is_han(*c)) || begins(chars, at, AFTER) || begins(chars, at, TITLES)
}

/// Whether one of these words begins here.
fn begins(chars: &[char], at: usize, words: &str) -> bool {
    words.split(' ').any(|w| starts_with(chars.get(at..).unwrap_or_default(), w))
}

/// Whether one of these words stands right before.
fn introduces(chars: &[char], at: usize, words: &str) -> bool {
    words.split(' ').any(|w| introduced(chars, at, w))
}

/// Whether a word stands right before, with at most 是, 叫 or a mark between.
fn introduced(chars: &[char], at: usize, word: &str) -> bool {
    let mut end = at;
    for _ in 0..3 {
        let before = end.checked_sub(1).map(|i| half_width(chars[i]));
        match before {
            Some(c) if "是叫:：\"“「为 ".contains(c) && !closes(chars, end, word) => end -= 1,
            _ => break,
        }
    }
    closes(chars, end, word)
}

fn closes(chars: &[char], end: usize, word: &str) -> bool {
    let n = word.chars().count();
    end >= n && starts_with(&chars[end - n..end], word)
}

/// Whether a word of more than two characters could not run across this place: the beginning, a mark, or a small word.
fn starts_word(chars: &[char], at: usize) -> bool {
    let Some(before) = at.checked_sub(1).map(|i| chars[i]) else { return true };
    !is_han(before) || "的和由被给对跟与楼室户栋元天日午晨晚号听".contains(before)
}

/// 张江的业主, 文昌的居民: the place that somebody comes from.
fn belongs(chars: &[char], end: usize, full: bool) -> bool {
    let place = "的业主 的住户 的居民 的村民 的商户 的人 的老";
    begins(chars, end, place) && !full || begins(chars, end, "人, 人， 人。")
}

/// Names in parts, 买买提·阿不都, behind a word that speaks of a person: of each part the first character stays.
fn parted(chars: &[char], hidden: &mut [bool]) {
    for dot in (1..chars.len()).filter(|&i| "·•・".contains(chars[i])) {
        let before = chars[..dot].iter().rev().take(6).take_while(|c| is_han(**c)).count();
        let after = chars[dot + 1..].iter().take(4).take_while(|c| is_han(**c)).count();
        let start =
            (dot - before..dot).find(|&i| dot - i >= 2 && (introduces(chars, i, LABELS) || introduces(chars, i, PERSONS)));
        if let (Some(start), true) = (start, after >= 2) {
            hidden[start + 1..dot].fill(true);
            hidden[dot + 2..dot + 1 + after].fill(true);
        }
    }
}

/// `my name is Li Ming`, `I am John Smith`, `Mr Wang Wei`: of each part the first letter stays.
fn english(chars: &[char], hidden: &mut [bool]) {
    let lower: Vec<char> = chars.iter().map(|c| c.to_ascii_lowercase()).collect();
    for (words, least) in [
        ("my name is ", 1),
        ("name: ", 1),
        ("i am ", 2),
        ("i'm ", 2),
        ("this is ", 2),
        ("mr. ", 2),
        ("mr ", 2),
        ("mrs ", 2),
        ("ms ", 2),
    ] {
        let n = words.chars().count();
        for at in 0..chars.len().saturating_sub(n) {
            let fresh = at == 0 || !chars[at - 1].is_alphanumeric();
            if fresh && starts_with(&lower[at..], words) {
                let parts = capitals(chars, at + n);
                if parts.len() >= least {
                    parts.iter().for_each(|p| hidden[p.start + 1..p.end].fill(true));
                }
            }
        }
    }
}

/// Up to three words with a capital, one blank between.
fn capitals(chars: &[char], from: usize) -> Vec<std::ops::Range<usize>> {
    let mut out: Vec<std::ops::Range<usize>> = Vec::new();
    let mut at = from;
    while out.len() < 3 && chars.get(at).is_some_and(char::is_ascii_uppercase) {
        let len = chars[at..].iter().take_while(|c| c.is_ascii_alphabetic() || **c == '-').count();
        out.push(at..at + len);
        at += len;
        if chars.get(at) != Some(&' ') {
            break;
        }
        at += 1;
    }
    out
}

pub(super) fn starts_with(chars: &[char], word: &str) -> bool {
    let mut at = 0;
    word.chars().all(|w| {
        at += 1;
        chars.get(at - 1) == Some(&w)
    })
}
