//! Invariant 7: a graded value leaves only through a decision, and every read of it is in the log before the page leaves.
//! Who gets what, cell by cell, is shown in `matrix.rs` and `matrix_out.rs`; canaries in `access.rs` and `rights.rs`.

use std::fmt::{Debug, Display};
use std::marker::PhantomData;

use serde_json::json;
use xiezhi::base::catalogue::decide::purposes;
use xiezhi::base::catalogue::element::all;
use xiezhi::base::catalogue::{Asker, Graded, Look, Relation, decide};
use xiezhi::kit::RoleKind;

use xiezhi::records::case::report::{NewReport, Proxy};

use super::{settled, sources};
use crate::world::{COMMUNITY, World};

/// Looks that end elsewhere than where they begin, or give nothing of anybody else.
const LOOSE: [(&str, &str); 7] = [
    ("activities/fieldwork/emergency.rs banner", "the reason of an emergency is of grade 1"),
    ("base/party/mod.rs own_name", "one's own name; to a helper the one of whoever trusts him, who told it"),
    ("records/open311/outbound/send.rs of", "recorded by whoever sends it, before it is sent"),
    ("records/open311/show.rs all", "as everybody reads it, and to a partner the answers that he filed himself"),
    ("records/paper/board.rs told", "as everybody reads it"),
    ("records/rights/web.rs bind", "for himself alone (`myself`)"),
    ("records/rights/web.rs my_requests", "for himself alone (`myself`)"),
];

/// Whether a type can do something: the constant of the type itself, which exists only if it can, stands before the one of
/// the trait.
macro_rules! can {
    ($type:ty: $($trait:tt)+) => {{
        #[allow(dead_code)]
        trait Cannot { const IT: bool = false; }
        impl<T: ?Sized> Cannot for T {}
        struct Of<T: ?Sized>(PhantomData<T>);
        #[allow(dead_code)]
        impl<T: ?Sized + $($trait)+> Of<T> { const IT: bool = true; }
        <Of<$type>>::IT
    }};
}

#[test]
fn inv07_no_graded_value_can_be_printed_serialised_or_compared() {
    assert!(can!(String: Debug) && can!(String: serde::Serialize), "the question itself works");
    assert!(!can!(Graded: Debug) && !can!(Graded: Display) && !can!(Graded: serde::Serialize));
    assert!(!can!(Graded: Clone) && !can!(Graded: PartialEq) && !can!(Graded: AsRef<str>) && !can!(Graded: std::ops::Deref));
    assert!(!can!(Look: Debug) && !can!(Look: Clone) && !can!(Look: serde::Serialize));
    // What people said, on its way in.
    assert!(!can!(NewReport: Debug) && !can!(NewReport: serde::Serialize));
    assert!(!can!(Proxy: Debug) && !can!(Proxy: serde::Serialize));
    // Opened from the log, an element prints its name alone.
    let element = store::Element("case.text".into(), json!("欧阳金丝雀"), "salt".into());
    let printed = format!("{element:?}");
    assert!(printed.contains("case.text") && !printed.contains("金丝雀") && !printed.contains("salt"), "{printed}");
}

#[test]
fn inv07_no_type_that_holds_one_can_either() {
    let mut holders = 0;
    for (path, text) in sources() {
        let code = text.split("#[cfg(test)]").next().unwrap();
        for (at, _) in code.match_indices("struct ") {
            let Some(body) = code[at..].split_once('{').map(|(_, b)| b.split("\n}").next().unwrap()) else { continue };
            let fields = body.lines().filter(|l| l.contains(": ") && !l.trim_start().starts_with("//"));
            if !fields.clone().any(|l| l.contains("Graded")) {
                continue;
            }
            holders += 1;
            let name = code[at + 7..].split([' ', '<', '{', '(']).next().unwrap();
            let before = code[..at].rsplit("\n\n").next().unwrap();
            for word in ["Debug", "Serialize", "JsonSchema", "PartialEq"] {
                assert!(!before.contains(word), "{path}: {name} can be {word}");
                assert!(!code.contains(&format!("{word} for {name}")), "{path}: {name} can be {word}");
            }
        }
        assert!(!code.contains(" for Graded"), "{path}: a trait for Graded");
    }
    assert!(holders >= 3, "{holders}");
}

/// The body of the function around a place in the code: from the last line that begins one to its closing brace.
fn around(code: &str, at: usize) -> &str {
    let begins = |line: &str| {
        let line = line.trim_start();
        ["fn ", "pub fn ", "pub(super) fn ", "pub(crate) fn "].iter().any(|p| line.starts_with(p))
    };
    let mut from = 0;
    let mut here = 0;
    for line in code[..at].split_inclusive('\n') {
        if begins(line) {
            from = here;
        }
        here += line.len();
    }
    let indent = code[from..].chars().take_while(|c| *c == ' ').count();
    let end = format!("\n{}}}", " ".repeat(indent));
    let to = code[from..].find(&end).map_or(code.len(), |e| from + e);
    &code[from..to]
}

#[test]
fn inv07_every_look_is_recorded() {
    let mut looks = 0;
    let mut loose = Vec::new();
    for (path, text) in sources() {
        let code = text.split("#[cfg(test)]").next().unwrap();
        for (at, _) in code.match_indices("Look::new(") {
            looks += 1;
            let body = around(code, at);
            if !body.contains(".record(") && !body.contains("Look::new(&Who::system()") {
                let name = body.split("fn ").nth(1).and_then(|b| b.split('(').next()).unwrap_or_default();
                loose.push(format!("{} {name}", path.trim_start_matches("crates/xiezhi/src/")));
            }
        }
    }
    assert!(looks > 50, "{looks}");
    loose.sort_unstable();
    assert_eq!(loose, LOOSE.map(|(place, _)| place.to_owned()));
}

/// Before the page leaves: when what was read cannot be written into the log, nothing leaves. (On a disk that is truly full:
/// `inv12_a_full_disk_refuses_plainly_and_recovers_by_itself`.)
#[test]
fn inv07_what_cannot_be_logged_is_not_shown() {
    let mut w = World::new(None);
    let number = settled(&mut w);
    // Every write is refused from now on: more free space is asked for than any disk has.
    w.server = None;
    let token = w.client(Some("clerk")).token;
    w.server = None;
    w.configure(|c| c.file.store.min_free_mb = u64::MAX >> 21);
    let address = w.serve();
    let client = |token| crate::world::Client { base: format!("http://{address}"), token };
    let clerk = client(token);
    for path in [format!("/cases/{number}"), "/desk?queue=all".into(), "/desk".into(), format!("/cases?area={COMMUNITY}")] {
        for accept in ["application/json", "text/html"] {
            let answer = clerk.get_as(&path, accept);
            assert!(answer.status == 507 || !answer.text.contains("王丽"), "{path} {}", answer.status);
            assert!(answer.status == 507 || !answer.text.contains("13800000009"), "{path} {}", answer.status);
        }
    }
    assert_eq!(clerk.get(&format!("/cases/{number}")).error(), (507, "disk-full".into()));
    // What is nobody's secret stays.
    assert_eq!(client(None).get("/equation").status, 200);
}

#[test]
fn inv07_what_nobody_decided_about_is_shown_to_nobody() {
    let purposes: Vec<&str> = purposes().iter().map(|p| p.code.as_str()).chain(["case", "desk", ""]).collect();
    let hidden = |code: &str, roles: &[RoleKind], purpose: &str, relation| {
        let ruling = decide(code, &Asker { roles, purpose, relation });
        ruling.decision == calc::grade::Decision::Hidden && ruling.rule.is_none()
    };
    for relation in Relation::ALL {
        for purpose in &purposes {
            // A new element, as somebody may add one without thinking of who sees it; also beneath a beginning that has a rule.
            for code in ["brand.new", "register.brand_new", "case.brand_new", "", "*"] {
                assert!(hidden(code, RoleKind::ALL, purpose, relation), "{code} {purpose} {relation:?}");
            }
        }
        // And for what has rules, whoever is none of those they name gets nothing he would not get without any role.
        for code in all().keys() {
            let without = decide(code, &Asker { roles: &[], purpose: "no-such-purpose", relation });
            let admin = decide(code, &Asker { roles: &[RoleKind::SystemAdmin], purpose: "no-such-purpose", relation });
            assert_eq!(without.decision, admin.decision, "{code} {relation:?}");
        }
    }
}
