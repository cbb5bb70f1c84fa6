//! OpenID Connect: authorization code with PKCE, state and nonce. Built with the feature `oidc`.
//!
//! What must stay true: signatures are verified with the issuer's published keys and never made by us (RUSTSEC-2023-0071
//! is about private RSA keys); only asymmetric algorithms count, `none` and shared secrets never; issuer, audience, nonce
//! and end are checked before anything of a token is believed; every call goes through `kit::outbound`; what the issuer
//! publishes is kept for a while, and its keys are asked for anew when a token names one that is not among them.

use std::time::{Duration, UNIX_EPOCH};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as B64;
use openidconnect::core::{CoreAuthenticationFlow, CoreClient, CoreIdToken, CoreJsonWebKey, CoreJwsSigningAlgorithm as Alg};
use openidconnect::http::Response;
use openidconnect::{
    AuthType, AuthenticationContextClass, AuthorizationCode, ClaimsVerificationError as Wrong, ClientId, ClientSecret, CsrfToken,
    HttpRequest, HttpResponse, IdTokenVerifier, IssuerUrl, JsonWebKeySet, LogoutRequest, Nonce, PkceCodeChallenge,
    PkceCodeVerifier, PostLogoutRedirectUrl, ProviderMetadataWithLogout, RedirectUrl, RequestTokenError, Scope,
    SignatureVerificationError, TokenResponse as _,
};
use serde_json::Value as Json;

use super::rules::{self, LONGEST, NAME};
use super::trip::Trip;
use super::{Identity, IdentityProvider, refusal};
use crate::kit::config::sign_on::{OidcFile, SecretIn, SignOnFile};
use crate::kit::error::Kind;
use crate::kit::form::Form;
use crate::kit::outbound::{self, Trouble, WAITED_FOR};
use crate::kit::time::{MINUTE, Ms};
use crate::kit::{App, Error, Result};

/// How far the issuer's clock may be from ours.
const SKEW: Ms = MINUTE;
/// Signatures that count.
const ALGORITHMS: [Alg; 9] = [
    Alg::RsaSsaPkcs1V15Sha256,
    Alg::RsaSsaPkcs1V15Sha384,
    Alg::RsaSsaPkcs1V15Sha512,
    Alg::RsaSsaPssSha256,
    Alg::RsaSsaPssSha384,
    Alg::RsaSsaPssSha512,
    Alg::EcdsaP256Sha256,
    Alg::EcdsaP384Sha384,
    Alg::EdDsa,
];

/// A provider of this dialect.
pub struct Oidc<'a> {
    pub(super) app: &'a App,
    pub(super) file: &'a SignOnFile,
    pub(super) oidc: &'a OidcFile,
}

/// A call that failed, as the library passes it on.
#[derive(Debug, thiserror::Error)]
#[error("{}", .0.code)]
struct Failed(Trouble);

fn bad(what: &'static str) -> Error {
    Kind::SignOnAnswer.at(what)
}

fn wrong(what: &'static str) -> Error {
    Kind::SignOnToken.at(what)
}

impl IdentityProvider for Oidc<'_> {
    fn start(&self, trip: &Trip, home: &str) -> Result<String> {
        let metadata = self.metadata()?;
        let client = CoreClient::from_provider_metadata(metadata, self.client_id(), None).set_redirect_uri(redirect(home)?);
        let (state, nonce) = (CsrfToken::new(trip.state.clone()), self.nonce(trip));
        let flow = CoreAuthenticationFlow::AuthorizationCode;
        let mut request = client
            .authorize_url(flow, move || state.clone(), move || nonce.clone())
            .set_pkce_challenge(PkceCodeChallenge::from_code_verifier_sha256(&self.verifier(trip)))
            .add_scopes(self.oidc.scopes.iter().map(|s| Scope::new(s.clone())));
        let least = self.file.min_level.as_ref().and_then(|l| self.file.levels.iter().position(|k| k == l));
        for level in least.map(|i| &self.file.levels[i..]).unwrap_or_default() {
            request = request.add_auth_context_value(AuthenticationContextClass::new(level.clone()));
        }
        Ok(request.url().0.to_string())
    }

    fn callback(&self, trip: &Trip, home: &str, query: &Form) -> Result<Identity> {
        // RFC 9207: an issuer that says who it is must be the one that was asked.
        if query.get("iss").is_some_and(|iss| iss != self.oidc.issuer) {
            return Err(wrong("issuer"));
        }
        let code = query.get("code").filter(|c| c.len() <= LONGEST).ok_or(Kind::SignOnRefused)?;
        let metadata = self.metadata()?;
        let token = self.token(&metadata, trip, home, code)?;
        let claims = self.verified(&metadata, &token, &self.nonce(trip))?;
        let (at, now) = (&self.file.answer, self.app.now());
        let read = |pointer: &Option<String>, standard: &str| rules::text(&claims, pointer.as_deref().unwrap_or(standard));
        Ok(Identity {
            realm: self.oidc.issuer.clone(),
            subject: read(&None, "/sub").ok_or_else(|| bad("subject"))?,
            name: read(&at.name, "/name").map(|n| n.chars().take(NAME).collect()),
            level: read(&at.level, "/acr"),
            until: at.until.as_ref().map(|p| rules::moment(&claims, p, now)).transpose()?,
        })
    }

    fn end(&self, home: &str) -> Option<String> {
        let url = self.metadata().ok()?.additional_metadata().end_session_endpoint.clone()?;
        let back = PostLogoutRedirectUrl::new(home.to_owned()).ok()?;
        let request = LogoutRequest::from(url).set_client_id(self.client_id()).set_post_logout_redirect_uri(back);
        Some(request.http_get_url().to_string()).filter(|u| self.in_secret(u))
    }

    fn state(&self) -> Option<&str> {
        Some("state")
    }
}

impl Oidc<'_> {
    fn client_id(&self) -> ClientId {
        ClientId::new(self.oidc.client_id.clone())
    }

    fn nonce(&self, trip: &Trip) -> Nonce {
        Nonce::new(trip.derived(self.app, "nonce"))
    }

    fn verifier(&self, trip: &Trip) -> PkceCodeVerifier {
        PkceCodeVerifier::new(trip.derived(self.app, "verifier"))
    }

    /// An issuer that is asked in secret names no place that is not.
    fn in_secret(&self, url: &str) -> bool {
        url.starts_with("https://") || !self.oidc.issuer.starts_with("https://") && url.starts_with("http://")
    }

    fn metadata(&self) -> Result<ProviderMetadataWithLogout> {
        let url = format!("{}/.well-known/openid-configuration", self.oidc.issuer.trim_end_matches('/'));
        let bytes = self.app.hosts.document(&url, false, self.app.now()).map_err(|t| refusal_of_document(&t))?;
        let metadata: ProviderMetadataWithLogout = serde_json::from_slice(&bytes).map_err(|_| bad("discovery"))?;
        if metadata.issuer().as_str() != self.oidc.issuer {
            return Err(wrong("issuer"));
        }
        let places = [Some(metadata.authorization_endpoint().as_str()), metadata.token_endpoint().map(|u| u.as_str())];
        let fine = places.into_iter().flatten().chain([metadata.jwks_uri().as_str()]).all(|u| self.in_secret(u));
        if fine { Ok(metadata) } else { Err(bad("discovery")) }
    }

    fn token(&self, metadata: &ProviderMetadataWithLogout, trip: &Trip, home: &str, code: &str) -> Result<CoreIdToken> {
        let secret = match &self.oidc.secret_file {
            Some(file) => Some(ClientSecret::new(file.read().map_err(|e| refusal(&Trouble::passing("secret", e)))?)),
            None => None,
        };
        let shown = match self.oidc.secret_in {
            SecretIn::Header => AuthType::BasicAuth,
            SecretIn::Body => AuthType::RequestBody,
        };
        let client = CoreClient::from_provider_metadata(metadata.clone(), self.client_id(), secret)
            .set_auth_type(shown)
            .set_redirect_uri(redirect(home)?);
        let request = client.exchange_code(AuthorizationCode::new(code.to_owned())).map_err(|_| bad("discovery"))?;
        let http = |request: HttpRequest| self.app.hosts.call(&self.file.id, || carry(&request)).map_err(Failed);
        let answer = request.set_pkce_verifier(self.verifier(trip)).request(&http).map_err(|e| match e {
            RequestTokenError::Request(Failed(trouble)) => refusal(&trouble),
            RequestTokenError::ServerResponse(_) => Kind::SignOnRefused.into(),
            _ => bad("token"),
        })?;
        answer.id_token().cloned().ok_or_else(|| bad("token"))
    }

    /// What a token says, once everything about it fits.
    fn verified(&self, metadata: &ProviderMetadataWithLogout, token: &CoreIdToken, nonce: &Nonce) -> Result<Json> {
        let now = self.app.now() - SKEW;
        let check = |anew: bool| -> Result<std::result::Result<(), Wrong>> {
            let url = metadata.jwks_uri().as_str();
            let bytes = self.app.hosts.document(url, anew, self.app.now()).map_err(|t| refusal_of_document(&t))?;
            let keys: JsonWebKeySet<CoreJsonWebKey> = serde_json::from_slice(&bytes).map_err(|_| bad("keys"))?;
            let issuer = IssuerUrl::new(self.oidc.issuer.clone()).map_err(|_| wrong("issuer"))?;
            let verifier = IdTokenVerifier::new_public_client(self.client_id(), issuer, keys)
                .set_allowed_algs(ALGORITHMS)
                .set_time_fn(move || (UNIX_EPOCH + Duration::from_millis(now.max(0).unsigned_abs())).into());
            Ok(token.claims(&verifier, nonce).map(drop))
        };
        let unknown = Wrong::SignatureVerification(SignatureVerificationError::NoMatchingKey);
        let mut checked = check(false)?;
        if checked.as_ref().err() == Some(&unknown) {
            checked = check(true)?;
        }
        checked.map_err(|e| wrong(what(&e)))?;
        // Its bytes were verified just now; the library gives only the claims that it knows.
        let text = token.to_string();
        let claims = text.split('.').nth(1).and_then(|part| B64.decode(part).ok());
        claims.and_then(|c| serde_json::from_slice(&c).ok()).ok_or_else(|| bad("token"))
    }
}

/// A document that is not there is as good as a provider that is not.
fn refusal_of_document(trouble: &Trouble) -> Error {
    match refusal(trouble) {
        e if e.kind == Kind::SignOnRefused => Kind::SignOnDown.at(trouble.code.clone()),
        e => e,
    }
}

fn redirect(home: &str) -> Result<RedirectUrl> {
    RedirectUrl::new(home.to_owned()).map_err(Error::internal)
}

fn carry(request: &HttpRequest) -> std::result::Result<HttpResponse, Trouble> {
    let own = ["content-type", "host", "content-length"];
    let headers = request.headers().iter().filter(|(name, _)| !own.contains(&name.as_str()));
    let headers: Vec<(&str, &str)> = headers.filter_map(|(n, v)| Some((n.as_str(), v.to_str().ok()?))).collect();
    let kind = request.headers().get("content-type").and_then(|v| v.to_str().ok()).unwrap_or("application/x-www-form-urlencoded");
    let body = outbound::send(WAITED_FOR, &request.uri().to_string(), &headers, Some((kind, request.body())))?;
    Ok(Response::new(body))
}

/// What does not fit, in one word.
fn what(wrong: &Wrong) -> &'static str {
    use SignatureVerificationError as S;
    match wrong {
        Wrong::Expired(_) => "expired",
        Wrong::InvalidAudience(_) => "audience",
        Wrong::InvalidIssuer(_) => "issuer",
        Wrong::InvalidNonce(_) => "nonce",
        Wrong::SignatureVerification(S::DisallowedAlg(_) | S::UnsupportedAlg(_) | S::NoSignature) => "algorithm",
        Wrong::SignatureVerification(_) => "signature",
        _ => "token",
    }
}
