//! Texts: both languages have the same keys, and whatever the program can say has a text.

use std::path::{Path, PathBuf};

use xiezhi::activities::partner;
use xiezhi::base::catalogue::decide::{Relation, purposes};
use xiezhi::base::catalogue::element::{Class, Share, all};
use xiezhi::base::classes::read;
use xiezhi::base::{area, asset, routing};
use xiezhi::kit::RoleKind;
use xiezhi::kit::error::Kind;
use xiezhi::kit::i18n::{Lang, Texts};
use xiezhi::oversight::share;
use xiezhi::records::case::life::task::{TaskAction, TaskState};
use xiezhi::records::case::rules::{Action, Outcome, Overlay, State, Verdict};
use xiezhi::records::{duty, hotline};

#[test]
fn both_languages_have_the_same_keys() {
    let (zh, en) = (Texts::keys(Lang::Zh), Texts::keys(Lang::En));
    assert_eq!(zh.difference(&en).collect::<Vec<_>>(), Vec::<&String>::new(), "missing in English");
    assert_eq!(en.difference(&zh).collect::<Vec<_>>(), Vec::<&String>::new(), "missing in Chinese");
    assert!(zh.len() > 300);
}

/// Templates beneath a folder.
fn templates(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap().map(|e| e.unwrap().path()) {
        match entry.extension() {
            _ if entry.is_dir() => templates(&entry, found),
            Some(end) if end == "html" => found.push(entry),
            _ => {}
        }
    }
}

#[test]
fn whatever_a_template_names_has_a_text() {
    let mut found = Vec::new();
    templates(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut found);
    let (texts, mut named) = (Texts::load().unwrap(), 0);
    for path in found {
        let template = std::fs::read_to_string(&path).unwrap();
        // What is put together from parts (`'state-' ~ …`) is checked where the parts come from.
        let call = |(at, _): (usize, &str)| !template[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_');
        for (at, found) in template.match_indices("t('").filter(|m| call(*m)) {
            if let Some((key, rest)) = template[at + found.len()..].split_once('\'')
                && rest.starts_with([')', ','])
            {
                assert!(texts.has(Lang::Zh, key) && texts.has(Lang::En, key), "{}: {key}", path.display());
                named += 1;
            }
        }
    }
    assert!(named > 1000, "{named}");
}

#[test]
fn whatever_can_be_said_has_a_text() {
    let texts = Texts::load().unwrap();
    let mut keys: Vec<String> = Kind::ALL.iter().map(|k| format!("error-{}", k.code())).collect();
    keys.extend(State::ALL.iter().map(|s| format!("state-{}", s.as_str())));
    keys.extend(
        Action::ALL
            .iter()
            .flat_map(|a| [format!("action-{}", a.as_str()), format!("do-{}", a.as_str()), format!("event-{}", a.as_str())]),
    );
    keys.extend(Outcome::ALL.iter().map(|o| format!("outcome-{}", o.as_str())));
    keys.extend(Overlay::ALL.iter().map(|o| format!("overlay-{}", o.as_str())));
    keys.extend(Verdict::ALL.iter().map(|v| format!("verdict-{}", v.as_str())));
    keys.extend(TaskState::ALL.iter().map(|s| format!("task-{}", s.as_str())));
    keys.extend(
        TaskAction::ALL.iter().flat_map(|a| [format!("task-action-{}", a.as_str()), format!("event-task-{}", a.as_str())]),
    );
    keys.extend(RoleKind::ALL.iter().map(|r| format!("role-{}", r.as_str().replace('_', "-"))));
    keys.extend(read::CODES.iter().map(|c| format!("problem-{c}")));
    keys.extend(routing::sheet::CODES.iter().map(|c| format!("problem-{c}")));
    keys.extend(asset::import::CODES.iter().map(|c| format!("problem-{c}")));
    keys.extend(hotline::take::CODES.iter().map(|c| format!("hotline-row-{c}")));
    keys.extend(duty::pack::CODES.iter().map(|c| format!("duty-row-{c}")));
    keys.extend(area::recut::CODES.iter().map(|c| format!("recut-{c}")));
    keys.extend(["draft", "planned", "done"].iter().flat_map(|s| [format!("recut-{s}"), format!("recut-is-{s}")]));
    keys.extend(["shadowed", "nobody", "ended", "ended-area"].map(|c| format!("routing-warn-{c}")));
    keys.extend(partner::rules::State::ALL.iter().map(|s| format!("partner-state-{}", s.as_str())));
    keys.extend(partner::rules::PaperState::ALL.iter().map(|s| format!("partner-paper-{}", s.as_str())));
    keys.extend(partner::rules::Answer::ALL.iter().map(|a| a.as_str()).flat_map(|a| {
        [format!("partner-{a}"), format!("partner-{a}-means"), format!("partner-step-{a}"), format!("notice-partner-{a}")]
    }));
    keys.extend(partner::pack::at("").kind.iter().map(|k| format!("partner-kind-{}", k.role.replace('_', "-"))));
    keys.extend(share::rules::State::ALL.iter().map(|s| format!("share-state-{}", s.as_str())));
    keys.extend(share::rules::Ask::ALL.iter().map(|s| format!("share-ask-{}", s.as_str())));
    keys.extend(share::rules::Way::ALL.iter().map(|w| format!("share-way-{}", w.as_str())));
    keys.extend(share::rules::Doubt::ALL.iter().map(|d| format!("share-doubt-{}", d.as_str())));
    keys.extend(share::schema::Type::ALL.iter().map(|t| format!("share-type-{}", t.as_str())));
    keys.extend(share::schema::CODES.map(|c| format!("share-fault-{c}")));
    keys.extend(share::adapter::Flow::ALL.iter().map(|f| format!("share-flow-{}", f.as_str())));
    keys.extend(share::adapter::Paging::ALL.iter().map(|p| format!("share-paging-{}", p.as_str())));
    keys.extend(share::pack::at("").rhythm.iter().map(|r| format!("share-rhythm-{}", r.id)));
    keys.extend(Share::ALL.iter().map(|s| format!("share-kind-{}", s.as_str())));
    keys.extend(share_steps().into_iter().map(|act| format!("share-step-{act}")));
    keys.extend(["draft", "in-force", "later", "past"].map(|c| format!("routing-{c}")));
    keys.extend(all().keys().map(|code| format!("element-{}", code.replace(['.', '_'], "-"))));
    keys.extend(all().values().filter_map(|e| e.lead.as_ref()).map(|lead| format!("catalogue-lead-{lead}")));
    keys.extend((1..=4).map(|grade| format!("catalogue-grade-is-{grade}")));
    keys.extend(Class::ALL.iter().map(|c| format!("element-class-{}", c.as_str())));
    keys.extend(Share::ALL.iter().map(|s| format!("catalogue-share-{}", s.as_str())));
    keys.extend(Relation::ALL.iter().map(|r| format!("relation-{}", r.as_str())));
    keys.extend(purposes().iter().map(|p| format!("purpose-{}", p.code)));
    for key in keys {
        assert!(texts.has(Lang::Zh, &key) && texts.has(Lang::En, &key), "{key}");
    }
}

/// What is written down of a matter of sharing, wherever its room does so.
fn share_steps() -> Vec<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/oversight/share");
    let mut out = Vec::new();
    for file in ["resource.rs", "request.rs", "objection.rs"] {
        let code = std::fs::read_to_string(folder.join(file)).unwrap();
        let calls = code.split("step(tx, ").skip(1).filter_map(|call| call.split(';').next());
        out.extend(calls.flat_map(|call| call.split('"').skip(1).step_by(2).map(str::to_owned).collect::<Vec<_>>()));
    }
    assert!(out.len() > 15, "{out:?}");
    out.extend(["grant", "grant-less", "withdraw-ask", "give-back", "end"].map(str::to_owned));
    out
}

#[test]
fn chinese_is_typeset_as_chinese() {
    let texts = Texts::load().unwrap();
    for key in Texts::keys(Lang::Zh) {
        let text = texts.plain(Lang::Zh, &key);
        assert!(!text.contains('!') && !text.contains('！'), "{key}: no exclamation marks");
        let chars: Vec<char> = text.chars().collect();
        for pair in chars.windows(2) {
            let chinese = (pair[0] as u32) >= 0x4e00 && (pair[0] as u32) <= 0x9fff;
            assert!(
                !(chinese && matches!(pair[1], ',' | ';' | ':' | '?')),
                "{key}: half-width punctuation after Chinese in {text}"
            );
        }
    }
}
