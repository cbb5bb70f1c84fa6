//! E-mail: numbers and a link to those who asked for it, once, whatever the server does.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpListener;
use std::sync::{Arc, Mutex};

use serde_json::json;
use store::Query as _;
use xiezhi::kit::config::notice::{MailFile, Tls};
use xiezhi::kit::time::{DAY, HOUR};

use super::notice::{reachable, settle, tell};
use super::world::{World, on_each_engine};

/// A mail server in clear; it refuses whom it is told to, and keeps every message it took.
struct Post {
    port: u16,
    taken: Arc<Mutex<Vec<String>>>,
}

/// Starts a mail server. `judge` says what it answers to a recipient: `250 ok`, `550 nobody`, `451 later`, or nothing, and
/// then the line is cut after the message came.
fn post(judge: impl Fn(&str) -> &'static str + Send + 'static) -> Post {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let taken: Arc<Mutex<Vec<String>>> = Arc::default();
    let kept = taken.clone();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut lines = BufReader::new(stream.try_clone().unwrap());
            let mut say = |text: &str| stream.write_all(format!("{text}\r\n").as_bytes());
            let (mut message, mut inside, mut cut) = (String::new(), false, false);
            let _ = say("220 fake");
            loop {
                let mut line = String::new();
                if lines.read_line(&mut line).unwrap_or(0) == 0 {
                    break;
                }
                let line = line.trim_end();
                if inside {
                    if line != "." {
                        message.push_str(line);
                        message.push('\n');
                        continue;
                    }
                    inside = false;
                    kept.lock().unwrap().push(std::mem::take(&mut message));
                    if cut {
                        break;
                    }
                }
                let answer = match line.split([' ', ':']).next().unwrap_or_default() {
                    "EHLO" => "250-fake\r\n250 8BITMIME",
                    "RCPT" => match judge(line) {
                        "" => {
                            cut = true;
                            "250 ok"
                        }
                        said => said,
                    },
                    "DATA" => {
                        inside = true;
                        "354 go on"
                    }
                    "QUIT" => "221 bye",
                    _ => "250 ok",
                };
                if say(answer).is_err() {
                    break;
                }
            }
        }
    });
    Post { port, taken }
}

fn mail(w: &mut World, server: &Post) {
    let port = server.port;
    w.configure(|c| {
        c.file.public_url = Some("https://c.example".into());
        c.file.notice.mail = Some(MailFile {
            server: "127.0.0.1".into(),
            port: Some(port),
            tls: Tls::None,
            user: None,
            password_file: None,
            from: "协治 <post@c.example>".into(),
            per_minute: 60,
        });
    });
}

fn states(w: &World) -> Vec<String> {
    let rows = w.app.db.read(|r| r.rows("select state from delivery order by id", &[])).unwrap();
    rows.iter().map(|r| r.get("state").unwrap()).collect()
}

/// The words of a message, whatever way they were packed.
fn words(message: &str) -> String {
    use base64::Engine as _;
    let (head, body) = message.split_once("\n\n").unwrap();
    if head.to_ascii_lowercase().contains("base64") {
        let plain: String = body.split_whitespace().collect();
        return String::from_utf8(base64::engine::general_purpose::STANDARD.decode(plain).unwrap()).unwrap();
    }
    body.to_owned()
}

#[test]
fn a_digest_by_mail_says_numbers_and_where_to_look() {
    on_each_engine(|w| {
        let server = post(|_| "250 ok");
        mail(w, &server);
        reachable(w, "clerk", "email", "clerk@c.example");
        tell(w, "clerk", "work-dispatch", &["260304-0001", "260304-0002"], true);
        settle(w);
        let taken = server.taken.lock().unwrap().clone();
        assert_eq!(taken.len(), 1);
        let text = words(&taken[0]);
        assert!(
            text.contains("260304-0001 派给了你们") && text.contains("260304-0002") && text.contains("https://c.example/inbox"),
            "{text}"
        );
        assert!(taken[0].to_ascii_lowercase().contains("message-id: <"), "{}", taken[0]);
        assert_eq!(states(w), ["sent"]);
        // The code to a new address.
        let property = w.client(Some("property"));
        let ask = property.post("/me/notices/address", &json!({ "channel": "email", "address": "p@c.example" }));
        assert_eq!(ask.status, 200, "{}", ask.text);
        settle(w);
        let text = words(&server.taken.lock().unwrap()[1].clone());
        let code: String = text.chars().filter(char::is_ascii_digit).take(6).collect();
        assert_eq!(property.post("/me/notices/confirm", &json!({ "channel": "email", "code": code })).status, 200);
    });
}

#[test]
fn a_server_that_refuses_waits_or_cuts_the_line() {
    on_each_engine(|w| {
        let server = post(|line| match line {
            l if l.contains("never@") => "550 no such user",
            l if l.contains("later@") => "451 try later",
            _ => "",
        });
        mail(w, &server);
        for (login, address) in [("clerk", "never@c.example"), ("clerk2", "later@c.example"), ("property", "cut@c.example")] {
            reachable(w, login, "email", address);
            tell(w, login, "work-dispatch", &["260304-0001"], true);
            w.app.ambience.advance(1000);
        }
        settle(w);
        assert_eq!(states(w), ["stuck", "waiting", "unknown"]);
        for _ in 0..5 {
            w.app.ambience.advance(HOUR);
            settle(w);
        }
        w.app.ambience.advance(DAY);
        settle(w);
        assert_eq!(server.taken.lock().unwrap().len(), 1, "what may have been taken is not sent again");
        assert_eq!(states(w)[2], "unknown");
    });
}
