//! What a browser says it is, in words that its owner knows: 「Chrome · Android」 instead of eighty signs of history.
//!
//! What must stay true: nothing but these words is kept of what a browser says (it would tell one phone from another); whoever
//! cannot be told is nothing, and the page says so.

/// Browsers, the more telling first: each says it is also those behind it.
const BROWSERS: [(&[&str], &str); 9] = [
    (&["MicroMessenger", "微信 WeChat"], "微信 WeChat"),
    (&["DingTalk"], "DingTalk"),
    (&["HuaweiBrowser", "Huawei"], "Huawei"),
    (&["UCBrowser"], "UCBrowser"),
    (&["QQBrowser"], "QQBrowser"),
    (&["Edg"], "Edge"),
    (&["Firefox", "FxiOS"], "Firefox"),
    (&["Chrome", "CriOS"], "Chrome"),
    (&["Safari"], "Safari"),
];

/// Systems, again the more telling first: Android is also a Linux, a phone from Apple also a "Mac OS X".
const SYSTEMS: [(&[&str], &str); 7] = [
    (&["OpenHarmony", "HarmonyOS"], "HarmonyOS"),
    (&["Android"], "Android"),
    (&["iPhone"], "iPhone"),
    (&["iPad"], "iPad"),
    (&["Windows"], "Windows"),
    (&["Mac OS X", "macOS"], "macOS"),
    (&["Linux"], "Linux"),
];

/// Browser and system of what a browser says, or one of them, or nothing. Its own words give themselves, so what was kept
/// before may be asked again.
pub fn words(says: &str) -> String {
    let first = |known: &[(&[&str], &'static str)]| {
        known.iter().find(|(signs, _)| signs.iter().any(|s| says.contains(s))).map(|(_, word)| *word)
    };
    let found: Vec<&str> = [first(&BROWSERS), first(&SYSTEMS)].into_iter().flatten().collect();
    found.join(" · ")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_device_is_named_as_its_owner_names_it() {
        let (webkit, gecko) = ("AppleWebKit/537.36 (KHTML, like Gecko)", "Gecko/20100101");
        for (says, words_of_it) in [
            (format!("Mozilla/5.0 (Linux; Android 10; K) {webkit} Chrome/131.0.0.0 Mobile Safari/537.36"), "Chrome · Android"),
            (format!("Mozilla/5.0 (Linux; Android 12; V2) {webkit} Chrome/130 MicroMessenger/8.0.50"), "微信 WeChat · Android"),
            (
                format!("Mozilla/5.0 (Windows NT 10.0; Win64; x64) {webkit} Chrome/131.0 Safari/537.36 Edg/131.0"),
                "Edge · Windows",
            ),
            (
                format!("Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) {webkit} Version/18.1 Safari/604.1"),
                "Safari · iPhone",
            ),
            (format!("Mozilla/5.0 (Macintosh; Intel Mac OS X 10.15; rv:133.0) {gecko} Firefox/133.0"), "Firefox · macOS"),
            (
                format!("Mozilla/5.0 (Phone; OpenHarmony 5.0) {webkit} Chrome/114 ArkWeb/4.1 HuaweiBrowser/5.0"),
                "Huawei · HarmonyOS",
            ),
            (format!("Mozilla/5.0 (X11; Linux x86_64) {webkit} HeadlessChrome/131.0"), "Chrome · Linux"),
            // As it was kept in earlier days: cut in the middle of a word.
            (format!("Mozilla/5.0 (X11; Linux x86_64) {webkit} HeadlessC"), "Linux"),
            ("curl/8.5.0".to_owned(), ""),
            (String::new(), ""),
        ] {
            assert_eq!(words(&says), words_of_it, "{says}");
        }
    }

    proptest! {
        #[test]
        fn asked_again_it_says_the_same(parts in prop::collection::vec(prop::sample::select(vec![
            "MicroMessenger", "DingTalk", "Edg/1", "Firefox/1", "Chrome/1", "Safari/1", "Android", "iPhone", "iPad", "Windows NT",
            "Mac OS X", "Linux", "OpenHarmony", "HuaweiBrowser", "UCBrowser", "QQBrowser", "x",
        ]), 0..6)) {
            let once = words(&parts.join(" "));
            prop_assert_eq!(words(&once), once);
        }
    }
}
