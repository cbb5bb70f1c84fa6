//! The catalogue: who gets what of the register, cell by cell, and that no column with personal values is forgotten.

use std::collections::{BTreeMap, BTreeSet};

use calc::grade::Decision::{self, Hidden, Mask, Plain};
use serde::Deserialize;
use store::Query as _;
use xiezhi::base::catalogue::decide::purposes;
use xiezhi::base::catalogue::element::{all, grade_of};
use xiezhi::base::catalogue::{Asker, Relation, decide};
use xiezhi::kit::RoleKind;

use super::world::on_each_engine;

/// What the register is to show, told a second time and in other words than the rules.
fn expected(element: &str, role: RoleKind, purpose: &str, relation: Relation) -> Decision {
    use RoleKind::{Committee, GridWorker, SocialWorker};
    let near = matches!(relation, Relation::Involved | Relation::Desk);
    let asked = purpose.starts_with("register-");
    match (element, relation) {
        (_, Relation::Owner) => Plain,
        // What care somebody needs is for those who give it, and for a purpose that needs it.
        ("register.tag", _) => {
            let gives = matches!(role, GridWorker | Committee | SocialWorker) && asked && purpose != "register-case";
            if near && gives { Plain } else { Hidden }
        }
        // The number is read by the desk alone, to keep the register or to arrange aid.
        ("register.id_number", Relation::Desk) if role == Committee => {
            if matches!(purpose, "register-keep" | "register-aid") {
                Plain
            } else {
                Mask
            }
        }
        ("register.id_number", _) => {
            if near {
                Mask
            } else {
                Hidden
            }
        }
        (_, _) if near => {
            if asked && matches!(role, GridWorker | Committee) {
                Plain
            } else {
                Mask
            }
        }
        ("register.name", Relation::Above) => Mask,
        _ => Hidden,
    }
}

#[test]
fn every_cell_of_the_register_is_as_it_should_be() {
    let mut cells = 0;
    for element in all().keys().filter(|e| e.starts_with("register.")) {
        for role in RoleKind::ALL {
            for purpose in purposes().iter().map(|p| p.code.as_str()).chain(["case", "desk", ""]) {
                for relation in Relation::ALL {
                    let got = decide(element, &Asker { roles: &[*role], purpose, relation }).decision;
                    assert_eq!(got, expected(element, *role, purpose, relation), "{element} {role} {purpose} {relation:?}");
                    cells += 1;
                }
            }
        }
    }
    assert_eq!(cells, 20 * 20 * 8 * 5);
}

#[test]
fn roles_add_up_and_never_take_away() {
    let openness = |d: Decision| match d {
        Plain => 2,
        Mask => 1,
        Decision::Hash | Hidden => 0,
    };
    for element in all().keys() {
        for purpose in purposes() {
            for relation in Relation::ALL {
                let one =
                    |r: &RoleKind| openness(decide(element, &Asker { roles: &[*r], purpose: &purpose.code, relation }).decision);
                let best = RoleKind::ALL.iter().map(one).max();
                let both = openness(decide(element, &Asker { roles: RoleKind::ALL, purpose: &purpose.code, relation }).decision);
                assert_eq!(Some(both), best, "{element} {} {relation:?}", purpose.code);
            }
        }
    }
}

#[test]
fn every_personal_column_has_its_element() {
    #[derive(Deserialize)]
    struct Columns {
        free: BTreeSet<String>,
        personal: BTreeMap<String, String>,
    }
    let named: Columns = toml::from_str(include_str!("../../../../data/catalogue/columns.toml")).unwrap();
    for (column, what) in &named.personal {
        assert!(what.starts_with("- ") || all().contains_key(what), "{column}: no element {what}");
        assert!(what.starts_with("- ") || grade_of(what) >= 2, "{column}: {what} is not personal");
    }
    let personal: BTreeSet<&str> = named.personal.keys().map(|c| c.split_once('.').unwrap().0).collect();
    // Ids, places, kinds known from their table, numbers and times say nothing by themselves.
    let bare = [
        "id",
        "person",
        "area",
        "path",
        "building",
        "asset",
        "owner",
        "by",
        "kind",
        "state",
        "channel",
        "target",
        "elder",
        "helper",
        "made_by",
        "provider_id",
        "chain",
        "case_id",
        "number",
        "wish",
        "change",
        "error",
        "subject",
        "body",
        "session",
    ];
    on_each_engine(|w| {
        // The store's own tables hold sealed or salted values; `tests/store` looks after them.
        let sql = if w.app.config.database_url.is_some() {
            "select table_name t, column_name c, data_type k from information_schema.columns where table_schema = current_schema()"
        } else {
            "select m.name t, p.name c, p.type k from sqlite_master m join pragma_table_info(m.name) p where m.type = 'table'"
        };
        let rows = w.app.db.read(|r| r.rows(sql, &[])).unwrap();
        let mut seen = BTreeSet::new();
        for row in &rows {
            let (table, column, kind): (String, String, String) =
                (row.get("t").unwrap(), row.get("c").unwrap(), row.get("k").unwrap());
            if STORE.contains(&table.as_str()) || table.starts_with("sqlite_") {
                continue;
            }
            let full = format!("{table}.{column}");
            seen.insert(full.clone());
            let sealed = matches!(kind.to_lowercase().as_str(), "blob" | "bytea");
            let text = kind.to_lowercase() == "text";
            if personal.contains(table.as_str()) {
                let plain = !sealed && (!text || bare.contains(&column.as_str()));
                assert!(plain || named.personal.contains_key(&full), "{full} is in no list of columns.toml");
            } else {
                assert!(named.free.contains(&table), "the table {table} is in no list of columns.toml");
                assert!(!sealed || FREE_SEALED.contains(&full.as_str()), "{full} is sealed but called free");
            }
        }
        for column in named.personal.keys() {
            assert!(seen.contains(column), "{column} is no longer there");
        }
    });
}

/// Secrets of other systems: sealed, and about nobody.
const FREE_SEALED: [&str; 2] = ["open311_connector.secret", "share_adapter.secret"];
/// Tables of the crate `store`.
const STORE: [&str; 8] = ["log_head", "log", "log_body", "log_node", "once", "cursor_of", "subject_key", "schema_version"];
