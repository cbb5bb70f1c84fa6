//! Web Push: a browser is woken, and asks us itself what there is to say.
//!
//! What must stay true: the call to the browser's vendor has no body, so the vendor learns that there is something, and
//! nothing else (RFC 8030; what is said comes from our own page, to a session that lives); it is signed under a key that
//! is derived from the node's (RFC 8292), so there is no key to keep; only hosts that the configuration names are called.
//! The same call twice wakes a browser twice and shows one message, so what is unclear may be sent again.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use p256::ecdsa::signature::Signer as _;
use p256::ecdsa::{Signature, SigningKey};
use serde_json::json;

use super::{Channel, Message, a_minute};
use crate::base::notice::rules::Pace;
use crate::kit::App;
use crate::kit::config::notice::PushFile;
use crate::kit::outbound::{self, Trouble};
use crate::kit::time::HOUR;

/// How long a vendor keeps trying to reach a browser, in seconds: after a day the inbox has told it some other way.
const KEEP: &str = "86400";
/// How long a signature is good for.
const LASTS: i64 = 12 * HOUR;

/// The vendors' services.
pub struct Push(pub PushFile);

impl Channel for Push {
    fn name(&self) -> &str {
        "push"
    }

    fn paces(&self) -> Vec<Pace> {
        vec![a_minute(self.0.per_minute)]
    }

    fn once(&self) -> bool {
        true
    }

    fn send(&self, app: &App, message: &Message) -> Result<Option<String>, Trouble> {
        let address = message.address.as_deref().unwrap_or_default();
        let origin = self.0.origin(address).ok_or_else(|| Trouble::lasting("address", "not one of [notice.push] hosts"))?;
        let signed = authorization(app, &origin, &self.0.contact);
        let headers = [("authorization", signed.as_str()), ("ttl", KEEP), ("urgency", "normal"), ("topic", "inbox")];
        outbound::post(address, "application/octet-stream", &headers, b"").map(|_| None).map_err(|t| match t.code.as_str() {
            // The browser gave its address up.
            "http-404" | "http-410" => Trouble::lasting(super::GONE, t.text),
            _ => t,
        })
    }
}

fn key(app: &App) -> SigningKey {
    // All but one of 2³² digests are a key of this curve; the next one is as good.
    let keys = (0..).map(|n: u32| SigningKey::from_slice(&app.db.digest("web push", &n.to_string())));
    keys.flatten().next().expect("a digest is a key")
}

/// The public key, as browsers take it.
pub fn public_key(app: &App) -> String {
    BASE64.encode(key(app).verifying_key().to_sec1_point(false).as_bytes())
}

fn authorization(app: &App, origin: &str, contact: &str) -> String {
    let claims = json!({ "aud": origin, "exp": (app.now() + LASTS) / 1000, "sub": contact });
    let body = format!("{}.{}", BASE64.encode(r#"{"typ":"JWT","alg":"ES256"}"#), BASE64.encode(claims.to_string()));
    let signature: Signature = key(app).sign(body.as_bytes());
    format!("vapid t={body}.{}, k={}", BASE64.encode(signature.to_bytes()), public_key(app))
}
