//! Signing in by OpenID Connect, with a provider that has a key of its own and tells every lie there is.

use std::sync::{Arc, Mutex};

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD as B64};
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _};
use serde_json::{Value as Json, json};
use sha2::{Digest as _, Sha256};
use store::Query as _;
use xiezhi::kit::form::Form;
use xiezhi::kit::time::{HOUR, MINUTE};

use super::browser::{Browser, PUBLIC, asked};
use super::fake::{Fake, fake, http};
use super::sign_on::settings;
use super::world::{World, on_each_engine};

/// What a provider has and was last asked for.
struct State {
    url: String,
    now: i64,
    /// Name and pair of the key it signs with.
    key: (String, EcdsaKeyPair),
    published: Vec<Json>,
    nonce: String,
    challenge: String,
    /// Answers nothing.
    down: bool,
    /// Claims another name for itself.
    another: bool,
}

fn pair(name: &str) -> (String, EcdsaKeyPair) {
    let (rng, algorithm) = (SystemRandom::new(), &ECDSA_P256_SHA256_FIXED_SIGNING);
    let bytes = EcdsaKeyPair::generate_pkcs8(algorithm, &rng).unwrap();
    (name.to_owned(), EcdsaKeyPair::from_pkcs8(algorithm, bytes.as_ref(), &rng).unwrap())
}

fn public((name, pair): &(String, EcdsaKeyPair)) -> Json {
    let point = pair.public_key().as_ref();
    json!({ "kty": "EC", "crv": "P-256", "use": "sig", "alg": "ES256", "kid": name, "x": B64.encode(&point[1..33]), "y": B64.encode(&point[33..65]) })
}

fn token((name, pair): &(String, EcdsaKeyPair), algorithm: &str, claims: &Json) -> String {
    let part = |v: &Json| B64.encode(v.to_string());
    let text = format!("{}.{}", part(&json!({ "alg": algorithm, "typ": "JWT", "kid": name })), part(claims));
    let signature = match algorithm {
        "ES256" => B64.encode(pair.sign(&SystemRandom::new(), text.as_bytes()).unwrap().as_ref()),
        "none" => String::new(),
        // Signed with what everybody knows: the secret is not asked for.
        _ => B64.encode(ring::hmac::sign(&ring::hmac::Key::new(ring::hmac::HMAC_SHA256, b"S3cret"), text.as_bytes()).as_ref()),
    };
    format!("{text}.{signature}")
}

/// Codes say what it answers: `name` or `name lie`.
fn answer(state: &mut State, asked: &str) -> Vec<u8> {
    let line = asked.lines().next().unwrap();
    let json = |v: Json| http("200 OK", "content-type: application/json\r\n", &v.to_string());
    let url = &state.url;
    match () {
        () if state.down => Vec::new(),
        () if line.starts_with("GET /.well-known/openid-configuration") => json(json!({
            "issuer": if state.another { format!("{url}/another") } else { url.clone() },
            "authorization_endpoint": format!("{url}/authorize"), "token_endpoint": format!("{url}/token"),
            "jwks_uri": format!("{url}/keys"), "end_session_endpoint": format!("{url}/logout"),
            "response_types_supported": ["code"], "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["none", "HS256", "ES256"],
        })),
        () if line.starts_with("GET /keys") => json(json!({ "keys": state.published })),
        () => {
            let form = Form::parse(asked.split_once("\r\n\r\n").unwrap().1);
            let field = |name: &str| form.get(name).unwrap_or_default().to_owned();
            let basic = format!("authorization: Basic {}", STANDARD.encode("us:S3cret"));
            let challenge = B64.encode(Sha256::digest(field("code_verifier")));
            let fine = field("grant_type") == "authorization_code"
                && field("redirect_uri") == format!("{PUBLIC}/sign-on/oidc/back")
                && asked.to_lowercase().contains(&basic.to_lowercase())
                && challenge == state.challenge;
            if !fine {
                return http("400 Bad Request", "content-type: application/json\r\n", r#"{"error":"invalid_grant"}"#);
            }
            let code = field("code");
            let (name, lie) = code.split_once(' ').unwrap_or((&code, ""));
            let seconds = state.now / 1000;
            let mut claims = json!({ "iss": url, "aud": "us", "sub": name, "name": "王秀英", "nonce": state.nonce, "acr": "high",
                "iat": seconds, "exp": seconds + 300, "session_end": seconds + 1800, "email": "clerk@example.cn" });
            match lie {
                "nonce" => claims["nonce"] = json!("another"),
                "no-nonce" => drop(claims.as_object_mut().unwrap().remove("nonce")),
                "audience" => claims["aud"] = json!("others"),
                "audiences" => claims["aud"] = json!(["us", "others"]),
                "issuer" => claims["iss"] = json!("https://others.example"),
                "expired" => claims["exp"] = json!(seconds - 61),
                "level" => claims["acr"] = json!("low"),
                "no-level" => drop(claims.as_object_mut().unwrap().remove("acr")),
                "end" => claims["session_end"] = json!(seconds),
                _ => {}
            }
            let other = pair(&state.key.0);
            let key = if lie == "signature" { &other } else { &state.key };
            let algorithm = match lie {
                "none" => "none",
                "hs256" => "HS256",
                _ => "ES256",
            };
            let mut id_token = token(key, algorithm, &claims);
            if lie == "changed" {
                let mut parts: Vec<&str> = id_token.split('.').collect();
                claims["sub"] = json!("somebody");
                let body = B64.encode(claims.to_string());
                parts[1] = &body;
                id_token = parts.join(".");
            }
            match lie {
                "refused" => http("400 Bad Request", "content-type: application/json\r\n", r#"{"error":"invalid_grant"}"#),
                "junk" => json(json!({ "access_token": 5 })),
                "no-token" => json(json!({ "access_token": "x", "token_type": "Bearer" })),
                _ => json(json!({ "access_token": "x", "token_type": "Bearer", "id_token": id_token })),
            }
        }
    }
}

fn issuer() -> (Fake, Arc<Mutex<State>>) {
    let key = pair("k1");
    let state = Arc::new(Mutex::new(State {
        url: String::new(),
        now: 0,
        published: vec![public(&key)],
        key,
        nonce: String::new(),
        challenge: String::new(),
        down: false,
        another: false,
    }));
    let kept = state.clone();
    let system = fake("", move |asked| answer(&mut kept.lock().unwrap(), asked));
    state.lock().unwrap().url = system.url.clone();
    (system, state)
}

fn with(w: &mut World, system: &Fake) {
    let secret = w.dir.path().join("secret");
    std::fs::write(&secret, "S3cret").unwrap();
    let text = format!(
        "[[sign_on]]\nid = 'oidc'\nlabel = '市统一认证'\nnew_residents = true\nlevels = ['low', 'high']\nmin_level = 'high'\n\
         answer = {{ until = '/session_end' }}\n[sign_on.oidc]\nissuer = '{}'\nclient_id = 'us'\nsecret_file = '{}'\nscopes = ['profile']\n",
        system.url,
        secret.display()
    );
    w.configure(|c| settings(c, &text));
}

/// Sets out; gives the way back with a code.
fn set_out(w: &World, state: &Arc<Mutex<State>>, browser: &mut Browser, code: &str) -> String {
    let page = browser.get("/sign-on/oidc");
    assert_eq!(page.status, 303, "{}", page.text);
    let mut state = state.lock().unwrap();
    let field = |name: &str| asked(&page.to, name);
    assert!(page.to.starts_with(&format!("{}/authorize?", state.url)), "{}", page.to);
    let fixed = [field("response_type"), field("client_id"), field("scope"), field("code_challenge_method"), field("acr_values")];
    assert_eq!(fixed, ["code", "us", "openid profile", "S256", "high"]);
    (state.nonce, state.challenge, state.now) = (field("nonce"), field("code_challenge"), w.app.now());
    format!("{}?state={}&code={}", field("redirect_uri"), field("state"), code.replace(' ', "+"))
}

#[test]
fn a_code_signs_in_and_the_session_ends_with_the_issuers() {
    on_each_engine(|w| {
        let (system, state) = issuer();
        with(w, &system);
        let mut browser = Browser::new(w);
        let way = set_out(w, &state, &mut browser, "u1");
        let back = browser.get(&way);
        assert_eq!((back.status, back.to.as_str()), (303, "/"), "{}", back.text);
        assert_eq!(browser.client().get("/me").json()["name"], "王秀英");
        // The same subject is the same person; what is published was asked for once.
        let mut again = Browser::new(w);
        let way = set_out(w, &state, &mut again, "u1");
        assert_eq!(again.get(&way).status, 303);
        assert_eq!(w.app.db.read(|r| r.count("select count(*) from sign_on", &[])).unwrap(), 1);
        let calls = |path: &str| system.asked().iter().filter(|a| a.contains(path)).count();
        assert_eq!((calls("openid-configuration"), calls("GET /keys"), calls("POST /token")), (1, 1, 2));
        let out = browser.post("/sign-out", PUBLIC, "text/html", "");
        assert_eq!(out.to, "/sign-on/oidc/out");
        let there = browser.client().get("/sign-on/oidc/out").json()["there"].as_str().unwrap().to_owned();
        assert!(there.starts_with(&format!("{}/logout?", system.url)));
        assert_eq!((asked(&there, "client_id"), asked(&there, "post_logout_redirect_uri")), ("us".into(), format!("{PUBLIC}/")));
        w.app.ambience.advance(30 * MINUTE - 1);
        assert_eq!(again.client().get("/me").status, 200);
        w.app.ambience.advance(1);
        assert_eq!(again.client().get("/me").status, 401);
    });
}

#[test]
fn every_lie_is_refused_by_its_name() {
    on_each_engine(|w| {
        let (system, state) = issuer();
        with(w, &system);
        let mut browser = Browser::new(w);
        for (lie, status, code, field) in [
            ("nonce", 401, "sign-on-token", "nonce"),
            ("no-nonce", 401, "sign-on-token", "nonce"),
            ("audience", 401, "sign-on-token", "audience"),
            ("audiences", 401, "sign-on-token", "audience"),
            ("issuer", 401, "sign-on-token", "issuer"),
            ("expired", 401, "sign-on-token", "expired"),
            ("signature", 401, "sign-on-token", "signature"),
            ("changed", 401, "sign-on-token", "signature"),
            ("none", 401, "sign-on-token", "algorithm"),
            ("hs256", 401, "sign-on-token", "algorithm"),
            ("end", 401, "sign-on-token", "expired"),
            ("level", 403, "sign-on-level", ""),
            ("no-level", 403, "sign-on-level", ""),
            ("refused", 401, "sign-on-refused", "http-400"),
            ("junk", 502, "sign-on-answer", "token"),
            ("no-token", 502, "sign-on-answer", "token"),
        ] {
            let way = set_out(w, &state, &mut browser, &format!("u1 {lie}"));
            assert_eq!(browser.error(&way), (status, code.into(), field.into()), "{lie}");
        }
        // Another issuer's answer, a code that another way was given, and a person who cancels.
        let way = set_out(w, &state, &mut browser, "u1");
        assert_eq!(browser.error(&format!("{way}&iss=https%3A%2F%2Fothers.example")).2, "issuer");
        let way = set_out(w, &state, &mut browser, "u1");
        state.lock().unwrap().challenge = "of another browser".into();
        assert_eq!(browser.error(&way).1, "sign-on-refused");
        let way = set_out(w, &state, &mut browser, "");
        assert_eq!(browser.error(&way.replace("&code=", "&error=access_denied")).1, "sign-on-refused");
        assert_eq!(w.app.db.read(|r| r.count("select count(*) from sign_on", &[])).unwrap(), 0);
        assert!(!browser.cookies.contains_key("session"));
    });
}

#[test]
fn new_keys_are_learned_and_while_the_issuer_is_away_the_page_says_so() {
    on_each_engine(|w| {
        let (system, state) = issuer();
        with(w, &system);
        let mut browser = Browser::new(w);
        let way = set_out(w, &state, &mut browser, "u1");
        assert_eq!(browser.get(&way).status, 303);
        // A new key: known as soon as a token names it, unless the keys were asked for a moment ago.
        {
            let mut state = state.lock().unwrap();
            state.key = pair("k2");
            state.published = vec![public(&state.key)];
        }
        let way = set_out(w, &state, &mut browser, "u1");
        assert_eq!(browser.error(&way).2, "signature");
        w.app.ambience.advance(MINUTE);
        let way = set_out(w, &state, &mut browser, "u1");
        assert_eq!(browser.get(&way).status, 303);

        // Down: what is published is still known for a day, so people are sent there; then they are told here.
        state.lock().unwrap().down = true;
        w.app.ambience.advance(2 * HOUR);
        let way = set_out(w, &state, &mut browser, "u1");
        assert_eq!(browser.error(&way), (503, "sign-on-down".into(), "network".into()));
        w.app.ambience.advance(25 * HOUR);
        let mut other = Browser::new(w);
        let page = other.get("/sign-on/oidc?back=/me");
        assert_eq!(page.status, 503);
        for told in ["现在连不上", "href=\"/sign-in?back=", "href=\"/report\"", "再试一次"] {
            assert!(page.text.contains(told), "{told}: {}", page.text);
        }
        assert!(other.client().get("/sign-on/oidc/out").json()["there"].is_null());
        // One that calls itself something else is not the one that was meant.
        {
            let mut state = state.lock().unwrap();
            (state.down, state.another) = (false, true);
        }
        w.app.ambience.advance(MINUTE);
        assert_eq!(other.error("/sign-on/oidc"), (401, "sign-on-token".into(), "issuer".into()));
    });
}
