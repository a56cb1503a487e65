//! The SMTP server that takes our mails, and how a mail is made.

use crate::text;
use crate::tls::Trust;
use cloakroom_core::Timestamp;
use lettre::message::header::ContentType;
use lettre::message::{Mailbox, MessageBuilder};
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Certificate, Tls, TlsParameters};
use lettre::transport::smtp::extension::ClientId;
use lettre::{Address, AsyncSmtpTransport, AsyncTransport as _, Message, Tokio1Executor};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC};
use std::error::Error as _;
use std::fmt;
use std::net::Ipv4Addr;
use std::str::FromStr;
use std::time::{Duration, UNIX_EPOCH};
use url::{Host, Url};
use zeroize::Zeroizing;

/// For one command of the dialogue, and for the whole of it.
const COMMAND: Duration = Duration::from_secs(10);
const WHOLE: Duration = Duration::from_secs(25);
/// RFC 5322 §2.1.1 wants lines below 998; a subject is for reading.
const SUBJECT: usize = 150;

/// Where the SMTP server is: `smtps://user@host:465` (TLS from the start) or `smtp://user@host:587` (STARTTLS, which must
/// be offered unless the host is this machine).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Relay {
    host: String,
    port: u16,
    user: Option<String>,
    implicit: bool,
    local: bool,
}

/// A text that names no SMTP server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadRelay {
    /// Not such a URL.
    #[error("must be smtps://USER@HOST:465 or smtp://USER@HOST:587")]
    NoUrl,
    /// A password in it, which would stand in logs and listings.
    #[error("must not hold the password; put it into a file that mail.password_file names")]
    Password,
}

impl FromStr for Relay {
    type Err = BadRelay;

    fn from_str(text: &str) -> Result<Self, BadRelay> {
        let url = Url::parse(text).map_err(|_| BadRelay::NoUrl)?;
        if url.password().is_some() {
            return Err(BadRelay::Password);
        }
        let implicit = match url.scheme() {
            "smtps" => true,
            "smtp" => false,
            _ => return Err(BadRelay::NoUrl),
        };
        let host = url
            .host_str()
            .filter(|host| !host.is_empty())
            .ok_or(BadRelay::NoUrl)?;
        let host = host.trim_start_matches('[').trim_end_matches(']').to_owned();
        if !matches!(url.path(), "" | "/") || url.query().is_some() || url.fragment().is_some() {
            return Err(BadRelay::NoUrl);
        }
        let user = percent_encoding::percent_decode_str(url.username()).decode_utf8();
        let user = user.map_err(|_| BadRelay::NoUrl)?.into_owned();
        let address = host.parse::<std::net::IpAddr>();
        let of_a_name = |byte: u8| byte.is_ascii_alphanumeric() || b"-._".contains(&byte);
        if address.is_err() && !host.bytes().all(of_a_name) {
            return Err(BadRelay::NoUrl);
        }
        Ok(Self {
            port: url.port().unwrap_or(if implicit { 465 } else { 587 }),
            local: host == "localhost" || address.is_ok_and(|address| address.is_loopback()),
            user: (!user.is_empty()).then_some(user),
            host,
            implicit,
        })
    }
}

impl Relay {
    /// Whether it names a user, who then needs a password.
    #[must_use]
    pub const fn has_user(&self) -> bool {
        self.user.is_some()
    }
}

/// All but what may stand as it is everywhere in a URL (RFC 3986 §2.3).
const ESCAPED: AsciiSet = NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

impl fmt::Display for Relay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = if self.implicit { "smtps" } else { "smtp" };
        let mut url = Url::parse(&format!("{scheme}://host")).map_err(|_| fmt::Error)?;
        let literal = self.host.parse::<std::net::Ipv6Addr>();
        let host = literal.map_or_else(|_| self.host.clone(), |v6| Host::<String>::Ipv6(v6).to_string());
        let _ = (url.set_host(Some(&host)), url.set_port(Some(self.port)));
        // A percent sign would be taken for the begin of an escape.
        let user = self.user.as_deref().unwrap_or_default();
        let user = percent_encoding::utf8_percent_encode(user, &ESCAPED);
        let _ = url.set_username(&user.to_string());
        write!(f, "{}", url.as_str().trim_end_matches('/'))
    }
}

/// A text that is no mail address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("must be a mail address, as in ops@example.com, of at most 254 bytes")]
pub struct BadAddress;

/// Whether a text is one mail address (RFC 5321 §4.1.2), without a name beside it. Those in quotes are none here: nobody has
/// one, and commas and spaces are what tells several addresses apart.
pub fn check_address(text: &str) -> Result<(), BadAddress> {
    let plain = text
        .chars()
        .all(|c| !c.is_control() && !" ,;:<>()\"\\".contains(c));
    let literal = text.rsplit_once("@[").map(|(_, end)| end.trim_end_matches(']'));
    let known = literal.is_none_or(|ip| ip.parse::<Ipv4Addr>().is_ok());
    let fits = text.len() <= 254 && plain && known && text.parse::<Address>().is_ok();
    if fits { Ok(()) } else { Err(BadAddress) }
}

/// A mail could not be sent.
#[derive(Debug, thiserror::Error)]
pub enum MailError {
    /// An address is none.
    #[error(transparent)]
    Address(#[from] BadAddress),
    /// The mail can not be put together.
    #[error("the mail can not be made: {0}")]
    Made(#[from] lettre::error::Error),
    /// The server did not take it.
    #[error("the mail server {0}")]
    Smtp(String),
    /// It took too long.
    #[error("the mail server was not done within {} s", WHOLE.as_secs())]
    Slow,
}

/// Sends mails.
#[derive(Clone)]
pub struct Mailer {
    transport: AsyncSmtpTransport<Tokio1Executor>,
    from: Address,
    site: String,
}

impl Mailer {
    /// Mails from this address, by way of this server, about the site of this host name.
    pub fn new(
        relay: &Relay,
        password: Option<Zeroizing<String>>,
        from: &str,
        site: &str,
        trust: &Trust,
    ) -> Result<Self, MailError> {
        let from: Address = from.parse().map_err(|_| BadAddress)?;
        let refused = |error: lettre::transport::smtp::Error| MailError::Smtp(told(&error));
        let mut tls = TlsParameters::builder(relay.host.clone());
        for certificate in &trust.extra {
            tls = tls.add_root_certificate(Certificate::from_der(certificate.to_vec()).map_err(refused)?);
        }
        let tls = tls.build_rustls().map_err(refused)?;
        let tls = match (relay.implicit, relay.local) {
            (true, _) => Tls::Wrapper(tls),
            (false, false) => Tls::Required(tls),
            // Nobody listens between this machine and itself.
            (false, true) => Tls::Opportunistic(tls),
        };
        let hello = ClientId::Domain(text::line(site, 200));
        let mut transport = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(relay.host.clone())
            .port(relay.port)
            .tls(tls)
            .hello_name(hello)
            .timeout(Some(COMMAND));
        if let (Some(user), Some(password)) = (&relay.user, password) {
            transport = transport.credentials(Credentials::new(user.clone(), password.to_string()));
        }
        Ok(Self {
            transport: transport.build(),
            from,
            site: site.to_owned(),
        })
    }

    /// The host name of the site.
    #[must_use]
    pub fn site(&self) -> &str {
        &self.site
    }

    /// Sends a plain text. `id` is what a mailbox may tell doubles by.
    pub async fn send(
        &self,
        to: &[String],
        id: &str,
        subject: &str,
        body: String,
        now: Timestamp,
    ) -> Result<(), MailError> {
        let message = self.message(to, id, subject, body, now)?;
        let sent = tokio::time::timeout(WHOLE, self.transport.send(message)).await;
        match sent.map_err(|_| MailError::Slow)? {
            Ok(_) => Ok(()),
            Err(error) => Err(MailError::Smtp(told(&error))),
        }
    }

    /// Whether the server is there and lets us in.
    pub async fn check(&self) -> Result<(), MailError> {
        let asked = tokio::time::timeout(WHOLE, self.transport.test_connection()).await;
        match asked.map_err(|_| MailError::Slow)? {
            Ok(true) => Ok(()),
            Ok(false) => Err(MailError::Smtp("ends the connection at once".to_owned())),
            Err(error) => Err(MailError::Smtp(told(&error))),
        }
    }

    fn message(
        &self,
        to: &[String],
        id: &str,
        subject: &str,
        body: String,
        now: Timestamp,
    ) -> Result<Message, MailError> {
        let domain = self.from.domain();
        let mut message: MessageBuilder = Message::builder()
            .from(Mailbox::new(None, self.from.clone()))
            .date(UNIX_EPOCH + Duration::from_millis(now.as_millis()))
            .message_id(Some(format!("<{id}@{domain}>")))
            .subject(text::line(subject, SUBJECT))
            .header(ContentType::TEXT_PLAIN);
        for address in to {
            let address: Address = address.parse().map_err(|_| BadAddress)?;
            message = message.to(Mailbox::new(None, address));
        }
        Ok(message.body(body)?)
    }
}

impl fmt::Debug for Mailer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Mailer")
            .field("from", &self.from.to_string())
            .finish_non_exhaustive()
    }
}

/// An error of the mail library with its causes, on one line.
fn told(error: &lettre::transport::smtp::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(next) = cause {
        let more = next.to_string();
        if !text.contains(&more) {
            text = format!("{text}: {more}");
        }
        cause = next.source();
    }
    text::line(&format!("says or fails with: {text}"), 300)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_relay_is_a_url_without_its_password() {
        for (text, shown) in [
            (
                "smtps://ops@mail.example.com:465",
                Ok("smtps://ops@mail.example.com:465"),
            ),
            ("smtps://mail.example.com", Ok("smtps://mail.example.com:465")),
            (
                "smtp://ops%40example.com@mail.example.com",
                Ok("smtp://ops%40example.com@mail.example.com:587"),
            ),
            ("smtp://[::1]:2525", Ok("smtp://[::1]:2525")),
            ("smtps://ops:secret@mail.example.com", Err(BadRelay::Password)),
            ("https://mail.example.com", Err(BadRelay::NoUrl)),
            ("mail.example.com", Err(BadRelay::NoUrl)),
            ("smtp:///x", Err(BadRelay::NoUrl)),
            ("smtp://mail.example.com/x", Err(BadRelay::NoUrl)),
        ] {
            let relay = text.parse::<Relay>().map(|relay| relay.to_string());
            assert_eq!(relay, shown.map(str::to_owned), "{text}");
        }
    }

    #[test]
    fn an_address_is_one_address_and_nothing_else() {
        for (text, good) in [
            ("ops@example.com", true),
            ("ops+alerts@example.com", true),
            ("ops", false),
            ("ops@example.com, other@example.com", false),
            ("Ops <ops@example.com>", false),
            ("ops@example.com\r\nBcc: x@example.com", false),
            ("", false),
            ("ops@[192.0.2.1]", true),
            // Found by letting the fuzz target run.
            ("9@[s/,]", false),
            ("\"a,b\"@example.com", false),
        ] {
            assert_eq!(check_address(text).is_ok(), good, "{text:?}");
        }
        assert!(check_address(&format!("{}@example.com", "x".repeat(250))).is_err());
    }

    #[test]
    fn no_text_of_others_adds_a_header() {
        let trust = Trust::new(None).unwrap();
        let relay = "smtp://localhost:25".parse().unwrap();
        let mailer = Mailer::new(&relay, None, "cloakroom@example.com", "app.example.com", &trust).unwrap();
        let to = ["ops@example.com".to_owned()];
        let subject = "all is well\r\nBcc: everybody@example.com\r\n\r\n.\r\nMAIL FROM:<x>";
        let made = mailer.message(
            &to,
            "evt_1",
            subject,
            "text\r\n.\r\nmore".to_owned(),
            Timestamp::from_millis(0),
        );
        let made = String::from_utf8(made.unwrap().formatted()).unwrap();
        let (head, _) = made.split_once("\r\n\r\n").unwrap();
        assert!(!head.lines().any(|line| line.starts_with("Bcc")), "{head}");
        assert!(
            head.contains("Message-ID: <evt_1@example.com>") && head.contains("1970"),
            "{head}"
        );
    }
}
