//! Forms for other systems; how they are sent is [`outbound`].

use crate::kit::outbound::{self, Trouble};

/// Sends a form; with files as multipart.
pub fn post(url: &str, once: &str, fields: &[(String, String)], files: &[(String, Vec<u8>)]) -> Result<Vec<u8>, Trouble> {
    let (kind, body) = if files.is_empty() {
        let pair = |(k, v): &(String, String)| format!("{}={}", encode(k), encode(v));
        let body = fields.iter().map(pair).collect::<Vec<_>>().join("&");
        ("application/x-www-form-urlencoded; charset=utf-8".to_owned(), body.into_bytes())
    } else {
        multipart(once, fields, files)
    };
    outbound::post(url, &kind, &[("idempotency-key", once)], &body)
}

fn encode(text: &str) -> String {
    crate::kit::form::encode(text).replace('/', "%2F")
}

/// `once` is an id that is in no text.
fn multipart(once: &str, fields: &[(String, String)], files: &[(String, Vec<u8>)]) -> (String, Vec<u8>) {
    let boundary = format!("xiezhi-{once}");
    let mut out = Vec::new();
    let clean = |t: &str| t.replace(['"', '\r', '\n'], "_");
    for (name, value) in fields {
        let head = format!("--{boundary}\r\nContent-Disposition: form-data; name=\"{}\"\r\n\r\n{value}\r\n", clean(name));
        out.extend(head.into_bytes());
    }
    for (i, (kind, bytes)) in files.iter().enumerate() {
        let name = format!("photo{}", i + 1);
        let head = format!(
            "--{boundary}\r\nContent-Disposition: form-data; name=\"{name}\"; filename=\"{name}.jpg\"\r\nContent-Type: {kind}\r\n\r\n"
        );
        out.extend(head.into_bytes());
        out.extend(bytes);
        out.extend(b"\r\n");
    }
    out.extend(format!("--{boundary}--\r\n").into_bytes());
    (format!("multipart/form-data; boundary={boundary}"), out)
}
