//! E-mail by SMTP.
//!
//! What must stay true: TLS is checked or not used at all (`none` is for a server on the same machine); an answer of the
//! server is clear, and whatever else goes wrong after the connection stands is not.

use std::error::Error as _;
use std::io::ErrorKind;
use std::time::{Duration, UNIX_EPOCH};

use lettre::message::header::ContentType;
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::{self, SmtpTransport};
use lettre::{Message as Mime, Transport as _};

use super::{Channel, Message, a_minute, link, say};
use crate::base::notice::rules::Pace;
use crate::kit::App;
use crate::kit::config::notice::{MailFile, Tls};
use crate::kit::outbound::Trouble;

/// Longest wait for the server at any step.
const PATIENCE: Duration = Duration::from_secs(10);
/// Messages that are listed in one e-mail; the rest is counted.
const LISTED: usize = 50;

/// The mail server.
pub struct Mail(pub MailFile);

impl Channel for Mail {
    fn name(&self) -> &str {
        "email"
    }

    fn paces(&self) -> Vec<Pace> {
        vec![a_minute(self.0.per_minute)]
    }

    fn once(&self) -> bool {
        false
    }

    fn send(&self, app: &App, message: &Message) -> Result<Option<String>, Trouble> {
        let mail = self.mime(app, message)?;
        let transport = self.transport()?;
        match transport.send(&mail) {
            Ok(answer) => Ok(answer.message().next().map(str::to_owned)),
            Err(e) => Err(trouble(&e)),
        }
    }
}

impl Mail {
    fn transport(&self) -> Result<SmtpTransport, Trouble> {
        let server = self.0.server.as_str();
        let bad = |e: smtp::Error| Trouble::lasting("server", e.to_string());
        let (builder, port) = match self.0.tls {
            Tls::Wrapper => (SmtpTransport::relay(server).map_err(bad)?, 465),
            Tls::Starttls => (SmtpTransport::starttls_relay(server).map_err(bad)?, 587),
            Tls::None => (SmtpTransport::builder_dangerous(server), 25),
        };
        let builder = builder.port(self.0.port.unwrap_or(port)).timeout(Some(PATIENCE));
        let Some(user) = &self.0.user else { return Ok(builder.build()) };
        let password = match &self.0.password_file {
            Some(file) => file.read().map_err(|e| Trouble::passing("secret", e))?,
            None => String::new(),
        };
        Ok(builder.credentials(Credentials::new(user.clone(), password)).build())
    }

    fn mime(&self, app: &App, message: &Message) -> Result<Mime, Trouble> {
        let wrong = |what: &str| Trouble::lasting("address", format!("{what} is no address"));
        let from = self.0.from.parse().map_err(|_| wrong("from"))?;
        let to = message.address.as_deref().unwrap_or_default().parse().map_err(|_| wrong("to"))?;
        let n = message.items.len().to_string();
        let code = message.code.as_deref().unwrap_or_default();
        let (title, text) = if message.kind == "code" {
            (say(app, "mail-code-title", &[]), say(app, "mail-code", &[("code", code)]))
        } else {
            let lines = message.items.iter().take(LISTED);
            let lines = lines.map(|i| say(app, &format!("notice-{}", i.kind), &[("number", &i.subject)]));
            let mut lines: Vec<String> = lines.map(|l| format!("· {l}")).collect();
            if message.items.len() > LISTED {
                lines.push(say(app, "group-more", &[("n", &(message.items.len() - LISTED).to_string())]));
            }
            let args = [("link", &*link(app, "/inbox")), ("settings", &*link(app, "/me/notices"))];
            (say(app, "mail-title", &[("n", &n)]), format!("{}\n\n{}", lines.join("\n"), say(app, "mail-end", &args)))
        };
        let host = self.0.server.as_str();
        Mime::builder()
            .from(from)
            .to(to)
            .subject(title)
            .message_id(Some(format!("<{}@{host}>", message.id)))
            .date(UNIX_EPOCH + Duration::from_millis(message.now.max(0) as u64))
            .header(ContentType::TEXT_PLAIN)
            .body(text)
            .map_err(|e| Trouble::lasting("message", e.to_string()))
    }
}

fn trouble(e: &smtp::Error) -> Trouble {
    let text = e.to_string();
    if e.is_permanent() {
        return Trouble::lasting("smtp-5xx", text);
    }
    if e.is_transient() {
        return Trouble::passing("smtp-4xx", text);
    }
    let io = e.source().and_then(|s| s.downcast_ref::<std::io::Error>()).map(std::io::Error::kind);
    let nobody = matches!(io, Some(ErrorKind::ConnectionRefused | ErrorKind::HostUnreachable | ErrorKind::NetworkUnreachable));
    if nobody || e.is_tls() { Trouble::passing("network", text) } else { Trouble::unclear("network", text) }
}
