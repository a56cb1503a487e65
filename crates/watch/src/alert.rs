//! What is told.

use crate::incident::IncidentId;
use crate::places::Country;
use crate::plain::{self, plain};
use cloakroom_core::{Kind, Position, SessionId, Subject, Timestamp};
use ipnet::IpNet;
use serde::{Serialize, Serializer};
use std::fmt;
use std::net::IpAddr;

/// Which rule spoke.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Rule {
    /// A user in two places too far apart for the time between.
    ImpossibleTravel,
    /// Sessions in several countries at once.
    SeveralCountries,
    /// Log-in and log-out again and again.
    LoginCycles,
    /// Many failed log-ins of one account.
    FailedLogins,
    /// Failed log-ins of many accounts.
    PasswordSpraying,
    /// Tokens that are none.
    TokenGuessing,
    /// Use of a token that had been renewed.
    TokenReuse,
    /// A device that the subject did not have before.
    NewDevice,
    /// A country that the subject was not in before.
    NewCountry,
    /// Another device within one session.
    DeviceChange,
    /// More sessions than the subject usually has.
    SessionRise,
    /// A session that its user says was not theirs.
    DisownedSession,
}

impl Rule {
    /// All of them.
    pub const ALL: [Self; 12] = [
        Self::ImpossibleTravel,
        Self::SeveralCountries,
        Self::LoginCycles,
        Self::FailedLogins,
        Self::PasswordSpraying,
        Self::TokenGuessing,
        Self::TokenReuse,
        Self::NewDevice,
        Self::NewCountry,
        Self::DeviceChange,
        Self::SessionRise,
        Self::DisownedSession,
    ];

    /// The stable name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ImpossibleTravel => "impossible-travel",
            Self::SeveralCountries => "several-countries",
            Self::LoginCycles => "login-cycles",
            Self::FailedLogins => "failed-logins",
            Self::PasswordSpraying => "password-spraying",
            Self::TokenGuessing => "token-guessing",
            Self::TokenReuse => "token-reuse",
            Self::NewDevice => "new-device",
            Self::NewCountry => "new-country",
            Self::DeviceChange => "device-change",
            Self::SessionRise => "session-rise",
            Self::DisownedSession => "disowned-session",
        }
    }

    /// For whom it mostly is. New devices and countries are mostly the user's own, and only the user can tell; so is travel
    /// between two devices that are both known ([`Alert::audience`] says so of each alert).
    #[must_use]
    pub const fn audience(self) -> Audience {
        match self {
            Self::NewDevice | Self::NewCountry => Audience::User,
            _ => Audience::Operator,
        }
    }

    /// What to do about it.
    #[must_use]
    pub const fn advice(self) -> &'static str {
        match self {
            Self::ImpossibleTravel => {
                "Ask the user whether both are theirs; if not, end all sessions and have the password changed. \
                 If one network is a VPN or a carrier, list it as exempt."
            }
            Self::SeveralCountries => {
                "End all sessions of the user and have the password changed; the account may be shared or sold."
            }
            Self::LoginCycles => {
                "See whether a script logs in as this user; if nobody knows of one, have the password changed."
            }
            Self::FailedLogins => {
                "Block the networks that try, and ask the user for a second factor or another password."
            }
            Self::PasswordSpraying => {
                "Block the networks that try, and look at accounts that logged in from there meanwhile."
            }
            Self::TokenGuessing => {
                "Block the networks that try; tokens can not be guessed, so nothing was opened."
            }
            Self::TokenReuse => {
                "The session has ended; have the user log in again and look at the device for malware."
            }
            Self::NewDevice | Self::NewCountry => "Tell the user, with a link that ends the session.",
            Self::DeviceChange => "End the session: its token was likely copied to another device.",
            Self::SessionRise => {
                "See whether a script logs in as this user; if nobody knows of one, end all and change the password."
            }
            Self::DisownedSession => {
                "The session has ended; whoever it was had the password or a way around it. See to it that it is changed, \
                 and look at what that session did."
            }
        }
    }
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// For whom an alert is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Audience {
    /// A notice to the user: "was that you?"
    User,
    /// Whoever runs the service.
    Operator,
}

/// How bad it is if it is what it looks like.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Severity {
    /// Worth knowing.
    Info,
    /// Somebody is trying, or something is odd.
    Warning,
    /// An account or a session is likely in foreign hands.
    Critical,
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Info => "info",
            Self::Warning => "warning",
            Self::Critical => "critical",
        })
    }
}

/// One event that an alert rests on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Evidence {
    /// Its id in the journal.
    #[serde(serialize_with = "position")]
    pub event: Position,
    /// When, in milliseconds since the epoch.
    #[serde(serialize_with = "millis")]
    pub at: Timestamp,
    /// What happened.
    #[serde(serialize_with = "shown")]
    pub kind: Kind,
    /// In which session.
    #[serde(serialize_with = "maybe_shown")]
    pub session: Option<SessionId>,
    /// From which address.
    pub ip: Option<IpAddr>,
    /// In which country that address is.
    #[serde(serialize_with = "maybe_shown")]
    pub country: Option<Country>,
    /// On which device, escaped and cut.
    pub device: Option<String>,
}

/// Something that wants to be looked at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Alert {
    /// Names the incident: the same for everybody who reads the same journal.
    #[serde(serialize_with = "shown")]
    pub incident: IncidentId,
    /// Which rule spoke.
    pub rule: Rule,
    /// For whom it is.
    pub audience: Audience,
    /// How bad it is, if it is.
    pub severity: Severity,
    /// How sure, 0 to 100. A fixed judgement for each rule and kind of evidence, not a measured share.
    pub confidence: u8,
    /// The time of the event that tipped it.
    #[serde(serialize_with = "millis")]
    pub at: Timestamp,
    /// About whom.
    #[serde(serialize_with = "subject")]
    pub subject: Option<Subject>,
    /// About which network.
    #[serde(serialize_with = "maybe_shown")]
    pub source: Option<IpNet>,
    /// What was seen, in a sentence.
    pub why: String,
    /// The events that it rests on, 1 to 8.
    pub evidence: Vec<Evidence>,
    /// What to do.
    pub advice: &'static str,
    /// The sessions that it concerns.
    #[serde(serialize_with = "all_shown")]
    pub sessions: Vec<SessionId>,
}

impl fmt::Display for Alert {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({}, {} % sure)", self.rule, self.severity, self.confidence)?;
        if let Some(subject) = &self.subject {
            write!(f, ", about \"{}\"", plain(subject.as_str(), plain::SUBJECT))?;
        }
        if let Some(source) = &self.source {
            write!(f, ", from {source}")?;
        }
        writeln!(f, ": {}", self.why)?;
        for event in &self.evidence {
            writeln!(f, "  {event}")?;
        }
        write!(f, "  {}\n  incident {}", self.advice, self.incident)
    }
}

impl fmt::Display for Evidence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} at {} ms: {}", self.event, self.at.as_millis(), self.kind)?;
        if let Some(ip) = self.ip {
            write!(f, " from {ip}")?;
        }
        if let Some(country) = self.country {
            write!(f, " ({country})")?;
        }
        if let Some(device) = &self.device {
            write!(f, ", {device}")?;
        }
        Ok(())
    }
}

fn shown<S: Serializer>(value: &impl fmt::Display, to: S) -> Result<S::Ok, S::Error> {
    to.collect_str(value)
}

// The signatures are what serde calls.
#[allow(clippy::ref_option)]
fn maybe_shown<S: Serializer>(value: &Option<impl fmt::Display>, to: S) -> Result<S::Ok, S::Error> {
    match value {
        Some(value) => to.collect_str(value),
        None => to.serialize_none(),
    }
}

fn all_shown<S: Serializer>(values: &[SessionId], to: S) -> Result<S::Ok, S::Error> {
    to.collect_seq(values.iter().map(ToString::to_string))
}

fn position<S: Serializer>(position: &Position, to: S) -> Result<S::Ok, S::Error> {
    to.serialize_str(position.as_str())
}

#[allow(clippy::trivially_copy_pass_by_ref)]
fn millis<S: Serializer>(at: &Timestamp, to: S) -> Result<S::Ok, S::Error> {
    to.serialize_u64(at.as_millis())
}

#[allow(clippy::ref_option)]
fn subject<S: Serializer>(subject: &Option<Subject>, to: S) -> Result<S::Ok, S::Error> {
    match subject {
        Some(subject) => to.serialize_str(&plain(subject.as_str(), plain::SUBJECT)),
        None => to.serialize_none(),
    }
}
