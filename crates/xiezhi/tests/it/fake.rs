//! Other systems, as stories need them: they answer as told and write down what they were asked.

use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::sync::{Arc, Mutex};

/// An HTTP server.
pub struct Fake {
    pub url: String,
    pub asked: Arc<Mutex<Vec<String>>>,
}

impl Fake {
    /// Everything it was asked so far.
    pub fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }
}

/// A server that answers every call as it is told; an empty answer cuts the line.
pub fn fake(path: &str, answer: impl Fn(&str) -> Vec<u8> + Send + 'static) -> Fake {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}{path}", listener.local_addr().unwrap());
    let asked: Arc<Mutex<Vec<String>>> = Arc::default();
    let kept = asked.clone();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut bytes = Vec::new();
            let mut buffer = [0; 65536];
            loop {
                let n = stream.read(&mut buffer).unwrap_or(0);
                bytes.extend(&buffer[..n]);
                let text = String::from_utf8_lossy(&bytes).into_owned();
                let Some((head, body)) = text.split_once("\r\n\r\n") else {
                    if n == 0 {
                        break;
                    }
                    continue;
                };
                let length = head
                    .lines()
                    .find_map(|l| l.to_ascii_lowercase().strip_prefix("content-length: ").map(|l| l.parse().unwrap()));
                if body.len() >= length.unwrap_or(0) || n == 0 {
                    break;
                }
            }
            let asked = String::from_utf8_lossy(&bytes).into_owned();
            let reply = answer(&asked);
            kept.lock().unwrap().push(asked);
            let _ = stream.write_all(&reply);
        }
    });
    Fake { url, asked }
}

/// An answer.
pub fn http(status: &str, headers: &str, body: &str) -> Vec<u8> {
    format!("HTTP/1.1 {status}\r\nconnection: close\r\ncontent-length: {}\r\n{headers}\r\n{body}", body.len()).into_bytes()
}
