//! Bodies of requests: JSON, forms and uploads, each within limits that are checked before and while reading.

use http_body_util::{BodyDataStream, BodyExt as _};
use std::time::Duration;

use hyper::HeaderMap;
use hyper::body::{Body as _, Incoming};
use serde_json::Value as Json;

use crate::kit::config::Limits;
use crate::kit::error::Kind;
use crate::kit::form::{File, Form};
use crate::kit::{Error, Result};

/// Deepest nesting of JSON.
const MAX_DEPTH: usize = 32;
/// Most parts of a multipart body, and most fields of a form.
const MAX_PARTS: usize = 200;

/// A body that was read.
#[derive(Default)]
pub struct Read {
    /// Fields and files.
    pub form: Form,
    /// JSON.
    pub json: Option<Json>,
}

/// A piece of a file, as tus sends it.
const PIECE: &str = "application/offset+octet-stream";

/// Whether a body may be as large as an upload.
pub fn is_large(headers: &HeaderMap) -> bool {
    let kind = headers.get("content-type").and_then(|v| v.to_str().ok()).unwrap_or_default();
    kind.starts_with("multipart/") || kind == PIECE
}

/// Reads a whole body.
pub async fn read(headers: &HeaderMap, mut body: Incoming, limits: &Limits) -> Result<Read> {
    let text = |n: &str| headers.get(n).and_then(|v| v.to_str().ok()).unwrap_or_default();
    if !matches!(text("content-encoding"), "" | "identity") {
        return Err(Kind::ContentType.into());
    }
    let kind = text("content-type").to_ascii_lowercase();
    let most = match () {
        () if kind == PIECE => limits.file_bytes,
        () if is_large(headers) => limits.upload_bytes,
        () => limits.body_bytes,
    };
    let too_large = || Error::from(Kind::TooLarge).limit((most >> 10) as i64);
    if body.size_hint().lower() > most as u64 {
        linger(&mut body).await;
        return Err(too_large());
    }
    if kind.starts_with("multipart/form-data") {
        let boundary = multer::parse_boundary(text("content-type")).map_err(|_| Kind::BadForm)?;
        return multipart(body, boundary, limits).await.map(|form| Read { form, json: None });
    }
    let mut bytes = Vec::new();
    while let Some(frame) = body.frame().await {
        let Ok(data) = frame.map_err(|_| Kind::BadRequest)?.into_data() else { continue };
        if bytes.len() + data.len() > most {
            linger(&mut body).await;
            return Err(too_large());
        }
        bytes.extend_from_slice(&data);
    }
    if kind == PIECE {
        let files = vec![File { field: "piece".into(), bytes }];
        return Ok(Read { form: Form { files, ..Form::default() }, json: None });
    }
    // Events of others (CloudEvents) are JSON under a name of their own.
    if kind.starts_with("application/json") || kind.starts_with("application/cloudevents") {
        return json(&bytes).map(|json| Read { form: Form::default(), json: Some(json) });
    }
    if kind.starts_with("application/x-www-form-urlencoded") {
        let form = Form::parse(std::str::from_utf8(&bytes).map_err(|_| Kind::BadForm)?);
        return if form.fields.len() > MAX_PARTS { Err(Kind::BadForm.into()) } else { Ok(Read { form, json: None }) };
    }
    if bytes.is_empty() { Ok(Read::default()) } else { Err(Kind::ContentType.into()) }
}

/// Takes in and throws away a little more of a body that is too large: whoever is still sending would otherwise find the
/// connection gone instead of the answer that says why.
async fn linger(body: &mut Incoming) {
    const MOST: usize = 4 << 20;
    const LONGEST: Duration = Duration::from_secs(2);
    let drain = async {
        let mut thrown = 0;
        while let Some(Ok(frame)) = body.frame().await {
            thrown += frame.data_ref().map_or(0, |d| d.len());
            if thrown > MOST {
                break;
            }
        }
    };
    let _ = tokio::time::timeout(LONGEST, drain).await;
}

fn json(bytes: &[u8]) -> Result<Json> {
    if depth(bytes) > MAX_DEPTH {
        return Err(Kind::BadJson.into());
    }
    serde_json::from_slice(bytes).map_err(|_| Kind::BadJson.into())
}

/// How deep brackets nest, outside strings; counted before parsing, so that a bomb costs one pass.
fn depth(bytes: &[u8]) -> usize {
    let (mut now, mut most, mut quoted, mut escaped) = (0usize, 0, false, false);
    for b in bytes {
        match b {
            _ if escaped => escaped = false,
            b'\\' if quoted => escaped = true,
            b'"' => quoted = !quoted,
            b'[' | b'{' if !quoted => {
                now += 1;
                most = most.max(now);
            }
            b']' | b'}' if !quoted => now = now.saturating_sub(1),
            _ => {}
        }
    }
    most
}

async fn multipart(body: Incoming, boundary: String, limits: &Limits) -> Result<Form> {
    let size = multer::SizeLimit::new().whole_stream(limits.upload_bytes as u64).per_field(limits.file_bytes as u64);
    let constraints = multer::Constraints::new().size_limit(size);
    let mut parts = multer::Multipart::with_constraints(BodyDataStream::new(body), boundary, constraints);
    let mut form = Form::default();
    while let Some(part) = parts.next_field().await.map_err(wrong)? {
        if form.fields.len() + form.files.len() >= MAX_PARTS {
            return Err(Kind::BadForm.into());
        }
        let name = part.name().unwrap_or_default().chars().take(100).collect::<String>();
        let is_file = part.file_name().is_some();
        let bytes = part.bytes().await.map_err(wrong)?;
        if is_file {
            // An empty file field of a form is no file.
            if !bytes.is_empty() {
                form.files.push(File { field: name, bytes: bytes.to_vec() });
            }
        } else if bytes.len() > limits.body_bytes {
            return Err(Error::from(Kind::TooLarge).limit((limits.body_bytes >> 10) as i64));
        } else {
            form.fields.push((name, String::from_utf8(bytes.to_vec()).map_err(|_| Kind::BadForm)?));
        }
    }
    Ok(form)
}

fn wrong(e: multer::Error) -> Error {
    match e {
        multer::Error::FieldSizeExceeded { limit, .. } | multer::Error::StreamSizeExceeded { limit } => {
            Error::from(Kind::TooLarge).limit((limit >> 10) as i64)
        }
        _ => Kind::BadForm.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn depth_is_counted_outside_strings() {
        assert_eq!(depth(br#"{"a":[[1]],"b":"[[[[\"[["}"#), 3);
        assert!(json("[".repeat(100_000).as_bytes()).is_err());
        assert!(json(b"NaN").is_err());
        assert!(json(br#"{"a":1}"#).is_ok());
    }
}
