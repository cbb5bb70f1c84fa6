//! The program as others start it: `xiezhi demo`, its printed accounts, its clock, and a picture through its whole life.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};

use serde_json::json;

use super::world::Client;

struct Demo {
    key: String,
    /// An organisation, and a key of it for programs.
    program: (String, String),
    child: Child,
    client: Client,
    accounts: Vec<Vec<String>>,
}

impl Drop for Demo {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Few people: each costs a moment of the start.
const FEW: [&str; 2] = ["--people", "60"];

fn start(data: &std::path::Path, extra: &[&str]) -> Demo {
    let mut command = Command::new(env!("CARGO_BIN_EXE_xiezhi"));
    command
        .args(["demo", "--listen", "127.0.0.1:0", "--data"])
        .arg(data)
        .args(extra)
        .stdout(Stdio::piped())
        .stderr(Stdio::null());
    let mut child = command.spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map(Result::unwrap);
    let base = lines.next().unwrap().strip_prefix("listening ").unwrap().to_owned();
    let accounts = lines.by_ref().take(20).map(|l| l.split(' ').map(str::to_owned).collect()).collect();
    let key = lines.next().unwrap().strip_prefix("Open311 key: ").unwrap().to_owned();
    let program = lines.next().unwrap().strip_prefix("API key: ").unwrap().to_owned();
    let (body, text) = program.split_once(' ').unwrap();
    Demo { key, program: (body.to_owned(), text.to_owned()), child, client: Client { base, token: None }, accounts }
}

impl Demo {
    fn sign_in(&self, role: &str) -> Client {
        let account = self.accounts.iter().find(|a| a[1] == role).unwrap();
        let answer = self.client.post("/sign-in", &json!({ "name": account[2], "password": account[3] }));
        let token = answer.json()["token"].as_str().unwrap().to_owned();
        Client { base: self.client.base.clone(), token: Some(token) }
    }
}

#[test]
fn a_demo_prints_its_accounts_and_its_clock_stands_until_it_is_moved() {
    let dir = tempfile::tempdir().unwrap();
    let demo = start(dir.path(), &["--clock", "manual"]);
    assert!(demo.accounts.iter().all(|a| a[0] == "account" && a.len() == 4));
    let clerk = demo.sign_in("committee");
    let place = clerk.get("/me").json()["roles"][0]["area"].clone();
    let made = demo.client.post("/reports", &json!({ "text": "没人理的事", "place": { "area": place } })).json();
    let path = format!("/reports/{}?code={}", made["number"].as_str().unwrap(), made["code"].as_str().unwrap());
    let first = demo.client.get(&path).json();
    // Longer than any holiday, for its clock runs in office hours.
    let moved = demo.client.post("/demo/clock", &json!({ "advance": "P12D" }));
    assert_eq!(moved.status, 200, "{}", moved.text);
    let later = demo.client.get(&path).json();
    assert_eq!(first["received_at"], later["received_at"]);
    assert_ne!(first["holder"]["party"], later["holder"]["party"], "it went up by itself");
    assert!(later["overlays"].to_string().contains("overdue"));
    for wrong in ["-P1D", "tomorrow", "P99999999Y"] {
        assert_eq!(demo.client.post("/demo/clock", &json!({ "advance": wrong })).status, 422, "{wrong}");
    }
    assert_eq!(demo.client.get("/equation").json()["holds"], true);
    // The demo is a sandbox for programs, also while its clock stands.
    let program = Client { base: demo.client.base.clone(), token: Some(demo.program.1.clone()) };
    let made = program.post("/services", &json!({ "name": "义务理发", "body": demo.program.0 }));
    assert_eq!((made.status, made.header("x-xiezhi-sandbox")), (201, Some("invented data")), "{}", made.text);
    assert_eq!(program.get("/me").error(), (403, "key-purpose".into()));
}

/// What came from elsewhere has no steps of ours, whatever its state.
#[test]
fn a_case_that_came_in_from_elsewhere_has_a_page_in_every_state() {
    let dir = tempfile::tempdir().unwrap();
    let demo = start(dir.path(), &[&FEW[..], &["--clock", "manual", "--cases", "300"]].concat());
    let city = demo.sign_in("city");
    for state in ["open", "closed", "merged", "rejected"] {
        let items = city.get(&format!("/cases?state={state}")).json()["items"].as_array().unwrap().clone();
        assert!(!items.is_empty(), "{state}");
        for item in items {
            let path = format!("/cases/{}", item["number"].as_str().unwrap());
            let page = city.get_as(&path, "text/html");
            assert_eq!(page.status, 200, "{state}: {}", page.text);
        }
    }
}

#[test]
fn the_printed_key_files_at_once() {
    let dir = tempfile::tempdir().unwrap();
    let demo = start(dir.path(), &FEW);
    let body = format!("api_key={}&service_code=road&address_string=x&description=y", demo.key);
    let kind = [("content-type", "application/x-www-form-urlencoded")];
    let made = demo.client.post_raw("/open311/v2/requests.json", &kind, body.as_bytes());
    assert_eq!(made.status, 201, "{}", made.text);
    assert_eq!(demo.client.get("/open311/discovery.json").json()["endpoints"][0]["type"], "test");
}

#[test]
fn a_second_start_finds_everything_and_a_running_clock_is_nobodys_to_move() {
    let dir = tempfile::tempdir().unwrap();
    let demo = start(dir.path(), &FEW);
    let (accounts, key, before) = (demo.accounts.clone(), demo.key.clone(), demo.client.get("/equation").json());
    assert_eq!(demo.client.post("/demo/clock", &json!({ "advance": "P1D" })).status, 404);
    drop(demo);
    let demo = start(dir.path(), &["--base-path", "/p/app"]);
    assert_eq!((&demo.accounts, &demo.key), (&accounts, &key));
    let base = Client { base: format!("{}/p/app", demo.client.base), token: None };
    assert_eq!(base.get("/equation").json()["received"], before["received"]);
    assert_eq!(demo.client.get("/equation").status, 404, "nothing outside the base path");
}

#[test]
fn a_picture_goes_along_and_only_those_who_may_see_it_do() {
    let dir = tempfile::tempdir().unwrap();
    let demo = start(dir.path(), &FEW);
    let clerk = demo.sign_in("committee");
    let place = clerk.get("/me").json()["roles"][0]["area"].as_str().unwrap().to_owned();
    let png = include_bytes!("lamp.png");
    let mut body = b"--b\r\ncontent-disposition: form-data; name=\"file\"; filename=\"a.png\"\r\n\r\n".to_vec();
    body.extend(png);
    body.extend(b"\r\n--b--\r\n");
    let kind = [("content-type", "multipart/form-data; boundary=b")];
    let kept = demo.client.post_raw("/media", &kind, &body);
    assert_eq!(kept.status, 201, "{}", kept.text);
    let id = kept.json()["id"].as_str().unwrap().to_owned();
    let made = demo.client.post("/reports", &json!({ "media": [id], "place": { "area": place } }));
    assert_eq!(made.status, 201, "a picture alone is a report: {}", made.text);
    let (number, code) = (made.json()["number"].as_str().unwrap().to_owned(), made.json()["code"].as_str().unwrap().to_owned());
    let picture = format!("/cases/{number}/media/{id}");
    let fetch = |client: &Client, path: &str| {
        let mut call = ureq::get(format!("{}{path}", client.base)).config().http_status_as_error(false).build();
        if let Some(token) = &client.token {
            call = call.header("authorization", format!("Bearer {token}"));
        }
        let mut answer = call.call().unwrap();
        (answer.status().as_u16(), answer.body_mut().read_to_vec().unwrap())
    };
    let (status, bytes) = fetch(&demo.client, &format!("{picture}?code={code}"));
    assert!(status == 200 && bytes.starts_with(&[0xff, 0xd8]), "the copy is a JPEG drawn anew");
    assert_eq!(fetch(&clerk, &picture).0, 200);
    assert_eq!(fetch(&demo.client, &picture).0, 404, "not the public");
    assert_eq!(fetch(&demo.sign_in("resident"), &picture).0, 404, "not a neighbour");
    assert_eq!(demo.client.post("/reports", &json!({ "media": [id] })).status, 422, "attached once only");
}

#[test]
fn killed_while_a_gateway_has_a_message_it_does_not_send_it_again() {
    let dir = tempfile::tempdir().unwrap();
    // A gateway that takes calls and never answers.
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let config = dir.path().join("xiezhi.toml");
    let text = format!(
        "public_url = 'http://c.example'\n[notice.sms]\nurl = 'http://{}/'\nform = 'form'\nbody = 'to=${{phone}}&text=${{text}}'\n",
        listener.local_addr().unwrap()
    );
    std::fs::write(&config, text).unwrap();
    let (tell, hear) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            // Handed over, so that it stays open as long as the story goes on.
            if tell.send(stream.unwrap()).is_err() {
                return;
            }
        }
    });
    let way = [&FEW[..], &["--clock", "manual", "--config", config.to_str().unwrap()]].concat();
    let data = dir.path().join("data");
    let mut demo = start(&data, &way);
    let worker = demo.sign_in("grid_worker");
    let asked = worker.post("/me/notices/address", &json!({ "channel": "sms", "address": "13812345678" }));
    assert_eq!(asked.status, 200, "{}", asked.text);
    let call = hear.recv().unwrap();
    demo.child.kill().unwrap();
    demo.child.wait().unwrap();
    drop(call);
    let again = start(&data, &way);
    let admin = again.sign_in("system_admin");
    let state = || {
        let seen = admin.get("/notices/deliveries").json();
        let all = seen["counts"].as_array().unwrap().iter().map(|c| c["state"].as_str().unwrap().to_owned());
        all.collect::<Vec<_>>().join(" ")
    };
    assert_eq!(state(), "sending");
    assert_eq!(again.client.post("/demo/clock", &json!({ "advance": "PT6M" })).status, 200);
    for _ in 0..400 {
        if state() != "sending" {
            break;
        }
        std::thread::sleep(std::time::Duration::from_millis(25));
    }
    assert_eq!(state(), "unknown");
    assert_eq!(again.client.post("/demo/clock", &json!({ "advance": "P1D" })).status, 200);
    assert_eq!(state(), "unknown");
    assert!(hear.try_recv().is_err(), "it was called once");
}
