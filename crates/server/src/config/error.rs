//! What is wrong with a configuration: all of it at once, each with its place and the bound it breaks.

use std::fmt;
use std::path::PathBuf;

/// Where a setting was given. Later ones win: default, file, environment, flag.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Place {
    /// Nowhere: the value is the default.
    Default,
    /// In the configuration file, at a line counted from 1; 0 is the file as a whole.
    File(PathBuf, usize),
    /// In the environment, under this name.
    Environment(String),
    /// On the command line, under this name.
    Flag(&'static str),
}

impl Place {
    /// How strong a setting from here is.
    pub(super) fn rank(&self) -> u8 {
        match self {
            Self::Default => 0,
            Self::File(..) => 1,
            Self::Environment(_) => 2,
            Self::Flag(_) => 3,
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::File(path, 0) => write!(f, "{}", path.display()),
            Self::File(path, line) => write!(f, "{}:{line}", path.display()),
            Self::Environment(name) => f.write_str(name),
            Self::Flag(name) => f.write_str(name),
        }
    }
}

/// What is wrong with one setting.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Problem {
    /// Nothing has this name. The value is not shown: it may be a secret under a misspelt key.
    Unknown {
        /// The name that was probably meant, written as at that place.
        near: Option<String>,
    },
    /// The value breaks a bound, or contradicts another setting.
    Refused {
        /// The value as given, secrets hidden.
        value: String,
        /// What it must be.
        bound: String,
    },
    /// Nothing was given where something must be.
    Missing {
        /// What it must be.
        bound: String,
    },
    /// The file is not TOML.
    Syntax {
        /// What the parser says.
        message: String,
    },
    /// A file cannot be read.
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system says.
        why: String,
    },
    /// A file with a secret is open to others.
    Exposed {
        /// The file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
        /// The permission bits it should have, in octal.
        mend: &'static str,
    },
}

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigError {
    /// Where the setting was given.
    pub place: Place,
    /// The key in the file's spelling, as `policy.idle_timeout`; empty when the whole file is meant.
    pub key: String,
    /// What is wrong with it.
    pub problem: Problem,
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.place != Place::Default {
            write!(f, "{}: ", self.place)?;
        }
        let key = &self.key;
        match &self.problem {
            Problem::Unknown { near: None } => write!(f, "{key}: unknown key"),
            Problem::Unknown { near: Some(near) } => write!(f, "{key}: unknown key; did you mean {near}?"),
            Problem::Refused { value, bound } => write!(f, "{key} = {value}: {bound}"),
            Problem::Missing { bound } => write!(f, "{key}: {bound}"),
            Problem::Syntax { message } => write!(f, "{message}"),
            Problem::Unreadable { path, why } if key.is_empty() => {
                write!(f, "cannot read {}: {why}", path.display())
            }
            Problem::Unreadable { path, why } => write!(f, "{key}: cannot read {}: {why}", path.display()),
            Problem::Exposed { path, mode, mend } => {
                let path = path.display();
                write!(
                    f,
                    "{key}: {path} holds a secret and is open to others (mode {mode:03o}); "
                )?;
                write!(f, "run: chmod {mend} '{path}'")
            }
        }
    }
}

impl std::error::Error for ConfigError {}

/// Everything that is wrong with a configuration; never empty.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigErrors(pub(super) Vec<ConfigError>);

impl ConfigErrors {
    /// The errors, in the order of the configuration's keys as far as they have one.
    #[must_use]
    pub fn all(&self) -> &[ConfigError] {
        &self.0
    }
}

impl fmt::Display for ConfigErrors {
    /// One line per error.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, error) in self.0.iter().enumerate() {
            let line_end = if i == 0 { "" } else { "\n" };
            write!(f, "{line_end}{error}")?;
        }
        Ok(())
    }
}

impl std::error::Error for ConfigErrors {}
