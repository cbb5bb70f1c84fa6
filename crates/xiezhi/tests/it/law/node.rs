//! L1, L11 and L14: one node for many communities, nothing from elsewhere in its pages, IPv6, and the day it is shut down.

use std::collections::BTreeSet;
use std::net::{SocketAddr, TcpStream};
use std::process::{Command, Stdio};

use serde_json::json;
use store::Query as _;
use xiezhi::edge::backup;

use super::{files, paths, scripts, settled};
use crate::world::{COMMUNITY, Client, SIBLING, World, on_each_engine};

/// Addresses that a page leads to, or takes something from.
fn addresses(html: &str) -> Vec<String> {
    let plain = html.replace("&#x2f;", "/").replace("&amp;", "&");
    let mut out = Vec::new();
    for name in ["href=", "src=", "action=", "srcset=", "poster=", "data-src=", "content=\"0;url="] {
        for rest in plain.split(name).skip(1) {
            let rest = rest.strip_prefix('"').unwrap_or(rest);
            out.push(rest.split(['"', ' ', '>']).next().unwrap_or_default().to_owned());
        }
    }
    out
}

#[test]
fn l01_communities_are_areas_of_one_node_also_inside_another_app() {
    let mut w = World::new(None);
    w.configure(|c| c.base = "/p/app".into());
    let number = {
        // Routes are asked beneath the base path.
        let address = w.serve();
        let base = format!("http://{address}/p/app");
        let anyone = Client { base, token: None };
        let places = [COMMUNITY, SIBLING].map(|code| {
            let made = anyone.post("/reports", &json!({ "text": "灯坏了", "place": { "area": code } }));
            assert_eq!(made.status, 201, "{}", made.text);
            made.json()["number"].as_str().unwrap().to_owned()
        });
        assert_eq!(anyone.get("/equation").json()["received"], 2, "one node");
        let local = anyone.get(&format!("/equation?area={COMMUNITY}")).json();
        assert_eq!(local["received"], 1, "and each community by itself");
        let mut seen = 0;
        for path in
            ["/", "/report", "/progress", "/equation", "/classes", "/duties", "/settings", "/sign-in", "/places/321002001001"]
        {
            let page = anyone.get_as(path, "text/html");
            assert_eq!(page.status, 200, "{path}");
            for address in addresses(&page.text) {
                let ours = ["/p/app/", "#", "data:", "tel:", "?", "mailto:"].iter().any(|p| address.starts_with(p))
                    || address == "/p/app";
                assert!(ours, "{path}: {address}");
                seen += 1;
            }
        }
        assert!(seen > 150, "{seen}");
        places[0].clone()
    };
    assert!(!number.is_empty());
}

#[test]
fn l11_no_page_takes_anything_from_elsewhere() {
    {
        // Pages are the same on both engines.
        let w = &mut World::new(None);
        let number = settled(w);
        let paths = paths(w, &number);
        let (mut seen, mut outside) = (0, BTreeSet::new());
        for login in [None, Some("resident"), Some("clerk"), Some("street"), Some("admin"), Some("grid")] {
            let client = w.client(login);
            for path in &paths {
                let page = client.get_as(path, "text/html");
                let policy = page.header("content-security-policy").unwrap_or_else(|| panic!("{path}: no policy"));
                // Every source that is allowed is this program itself.
                for word in policy.split([' ', ';']).filter(|w| !w.is_empty() && !w.ends_with("-src") && !w.ends_with("-action"))
                {
                    let ours = ["'none'", "'self'", "data:", "blob:", "base-uri", "frame-ancestors"].contains(&word);
                    assert!(ours, "{path}: {word}");
                }
                if page.header("content-type").is_some_and(|t| t.starts_with("text/html")) {
                    seen += 1;
                    outside
                        .extend(addresses(&page.text).into_iter().filter(|a| a.contains("//") && !a.starts_with(&client.base)));
                }
            }
        }
        assert!(seen > 400, "{seen}");
        assert_eq!(outside, BTreeSet::new());
    }
    // Nor do its scripts and sheets.
    for (path, text) in scripts().into_iter().chain(files("web/css", "css")) {
        for (at, _) in text.match_indices("://") {
            let around: String = text[..at].chars().rev().take(5).collect::<String>().chars().rev().collect();
            let rest: String = text[at..].chars().take(40).collect();
            let named = rest.starts_with("://www.w3.org/");
            let comment =
                text[..at].rfind('\n').is_some_and(|n| text[n..at].trim_start().starts_with("//") || text[n..at].contains("* "));
            assert!(named || comment, "{path}: {around}{rest}");
        }
    }
    // No room sells anything or is paid for a place: no column and no page speaks of a price.
    on_each_engine(|w| {
        for (table, column, _) in super::columns(w) {
            let words: BTreeSet<&str> = column.split('_').collect();
            for word in ["price", "sponsor", "ad", "ads", "campaign", "impressions", "bid", "paid"] {
                assert!(!words.contains(word), "{table}.{column}");
            }
        }
    });
}

#[test]
fn l14_it_listens_on_ipv6() {
    let mut w = World::new(None);
    w.configure(|c| c.listen = "[::1]:0".into());
    let anyone = w.client(None);
    assert!(anyone.base.contains("[::1]"), "{}", anyone.base);
    assert_eq!(anyone.get("/livez").status, 200);
    assert_eq!(anyone.report("灯坏了").1.len(), 10);
}

#[test]
fn l14_one_listener_serves_both_and_knows_its_own_proxy() {
    let mut w = World::new(None);
    w.configure(|c| {
        c.listen = "[::]:0".into();
        c.file.limits.trusted_proxies = vec!["127.0.0.1".parse().unwrap()];
        c.file.limits.connections_per_ip = 2;
    });
    let port = w.serve().port();
    let address = SocketAddr::from(([127, 0, 0, 1], port));
    let held: Vec<TcpStream> = (0..4).map(|_| TcpStream::connect(address).unwrap()).collect();
    // Our own web server has no cap, however its address is written.
    let proxy = Client { base: format!("http://{address}"), token: None };
    assert_eq!(proxy.get("/livez").status, 200);
    drop(held);
}

/// The procedure of `docs/law.md` for the day an app is merged away: copy, keys apart, put back elsewhere, proved.
#[test]
fn l14_everything_can_be_handed_over_and_still_proves_itself() {
    let mut w = World::new(None);
    let number = settled(&mut w);
    let anyone = w.client(None);
    let made = anyone.post("/reports", &json!({ "text": "路灯不亮", "place": { "area": COMMUNITY } })).json();
    let key = anyone.get("/log/key").text;
    let before = anyone.get("/equation").json();
    // What is public and what is counted can be taken along as data, page by page, with its description.
    let street = w.client(Some("street"));
    let listed = street.get("/cases").json();
    assert_eq!(listed["items"].as_array().unwrap().len(), 2, "{listed}");
    assert!(street.get("/openapi.json").json()["paths"]["/cases"].is_object());
    let dir = tempfile::tempdir().unwrap();
    let (copy, back) = (dir.path().join("copy"), dir.path().join("back"));
    backup::backup(&w.app.config, &copy).unwrap();
    // One file that any SQLite reads; what is about people is sealed in it, and opens with the keys alone.
    let bytes = std::fs::read(copy.join("xiezhi.db")).unwrap();
    assert!(bytes.starts_with(b"SQLite format 3\0"));
    assert!(!bytes.windows(6).any(|w| w == "王丽".as_bytes()) && !bytes.windows(11).any(|w| w == b"13800000009"));
    let found = backup::restore(&copy, &back).unwrap();
    assert_eq!((&found["ok"], &found["cases"]), (&json!(true), &json!(2)));
    std::fs::create_dir_all(back.join("keys")).unwrap();
    for entry in std::fs::read_dir(w.dir.path().join("keys")).unwrap().flatten() {
        std::fs::copy(entry.path(), back.join("keys").join(entry.file_name())).unwrap();
    }
    let now = w.app.now();
    drop((anyone, street));
    let mut there = World::new(None);
    there.configure(|c| c.data = back.clone());
    there.app.ambience.advance(now - there.app.now());
    let clerk = there.client(Some("clerk"));
    let after = clerk.get("/equation").json();
    for what in ["received", "open", "closed", "merged", "rejected"] {
        assert_eq!(after[what], before[what], "{what}");
    }
    assert_eq!(clerk.get(&format!("/cases/{number}")).json()["text"], "灯坏了");
    assert_eq!(clerk.post("/register/purpose", &json!({ "purpose": "register-keep" })).status, 200);
    assert_eq!(clerk.get(&format!("/register/people?area={COMMUNITY}")).json()["items"].as_array().unwrap().len(), 1);
    // A receipt needs neither of them any more.
    let (receipt, public) = (dir.path().join("receipt.json"), dir.path().join("log.pub"));
    std::fs::write(&receipt, made["receipt"].to_string()).unwrap();
    std::fs::write(&public, key).unwrap();
    let verify = |receipt: &std::path::Path| {
        let mut run = Command::new(env!("CARGO_BIN_EXE_xiezhi"));
        run.arg("verify").arg(receipt).arg("--key").arg(&public).stdout(Stdio::null()).stderr(Stdio::null());
        run.status().unwrap().code()
    };
    assert_eq!(verify(&receipt), Some(0));
    std::fs::write(&receipt, made["receipt"].to_string().replace("路灯", "树枝")).unwrap();
    assert_eq!(verify(&receipt), Some(1));
    let size = there.app.db.read(|r| r.log_size()).unwrap();
    assert!(size > 0);
}
