//! The operator's own database files, in the format `.mmdb`.

use super::country::Country;
use super::spot::Spot;
use maxminddb::{LookupResult, MaxMindDbError, PathElement, Reader, WithinOptions};
use serde::de::DeserializeOwned;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::{fmt, fs, io};

/// What a database is to tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tells {
    /// The country of an address.
    Country,
    /// Coordinates, how exact they are, and the country.
    City,
    /// The autonomous system.
    System,
}

impl fmt::Display for Tells {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Country => "countries",
            Self::City => "coordinates",
            Self::System => "autonomous systems",
        })
    }
}

/// Why a database can not serve.
#[derive(Debug, thiserror::Error)]
pub enum PlacesError {
    /// The file is not there or can not be read.
    #[error("the database {path} can not be read: {source}")]
    Unreadable {
        /// Which file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// It is larger than any such database.
    #[error("the database {path} has {size} bytes; at most {most} are read")]
    TooLarge {
        /// Which file.
        path: PathBuf,
        /// Its size in bytes.
        size: u64,
        /// The most that is read.
        most: u64,
    },
    /// It is no database of this format, or a damaged one.
    #[error("{path} is no MaxMind database, or a damaged one: {source}")]
    Damaged {
        /// Which file.
        path: PathBuf,
        /// What is wrong with it.
        source: MaxMindDbError,
    },
    /// It tells something else.
    #[error("the database {path} (of type {found:?}) holds no {wanted}")]
    Other {
        /// Which file.
        path: PathBuf,
        /// What it says it is.
        found: String,
        /// What was to be read from it.
        wanted: Tells,
    },
}

/// The greatest file that is read, in bytes: 1 GiB.
const MOST: u64 = 1 << 30;
/// How many networks are looked at when opening, to see whether the file tells what it is to tell.
const LOOKED_AT: usize = 2_000;
/// How exact coordinates are that do not say so, in km.
const VAGUE_KM: f32 = 500.0;

pub(super) struct Database {
    reader: Reader<Vec<u8>>,
}

impl Database {
    pub(super) fn open(path: &Path, tells: Tells) -> Result<Self, PlacesError> {
        let unreadable = |source| PlacesError::Unreadable {
            path: path.to_owned(),
            source,
        };
        let size = fs::metadata(path).map_err(unreadable)?.len();
        if size > MOST {
            return Err(PlacesError::TooLarge {
                path: path.to_owned(),
                size,
                most: MOST,
            });
        }
        Self::read(fs::read(path).map_err(unreadable)?, path, tells)
    }

    pub(super) fn read(bytes: Vec<u8>, path: &Path, tells: Tells) -> Result<Self, PlacesError> {
        let damaged = |source| PlacesError::Damaged {
            path: path.to_owned(),
            source,
        };
        let database = Self {
            reader: Reader::from_source(bytes).map_err(damaged)?,
        };
        let networks = database
            .reader
            .networks(WithinOptions::default())
            .map_err(damaged)?;
        for network in networks.take(LOOKED_AT) {
            let found = network.map_err(damaged)?;
            if tells.found_in(&found) {
                return Ok(database);
            }
        }
        let found = database
            .reader
            .metadata()
            .database_type
            .chars()
            .take(64)
            .collect();
        Err(PlacesError::Other {
            path: path.to_owned(),
            found,
            wanted: tells,
        })
    }

    /// The record of an address. A damaged one is as unknown as none.
    fn look_up(&self, ip: IpAddr) -> Option<LookupResult<'_, Vec<u8>>> {
        self.reader.lookup(ip).ok().filter(LookupResult::has_data)
    }

    pub(super) fn country(&self, ip: IpAddr) -> Option<Country> {
        country(&self.look_up(ip)?)
    }

    pub(super) fn spot(&self, ip: IpAddr) -> Option<Spot> {
        spot(&self.look_up(ip)?)
    }

    pub(super) fn system(&self, ip: IpAddr) -> Option<u32> {
        system(&self.look_up(ip)?)
    }
}

impl Tells {
    fn found_in(self, record: &LookupResult<'_, Vec<u8>>) -> bool {
        match self {
            Self::Country => country(record).is_some(),
            Self::City => spot(record).is_some(),
            Self::System => system(record).is_some(),
        }
    }
}

fn field<T: DeserializeOwned>(record: &LookupResult<'_, Vec<u8>>, path: &[&str]) -> Option<T> {
    let path: Vec<_> = path.iter().map(|key| PathElement::Key(key)).collect();
    record.decode_path(&path).ok().flatten()
}

fn country(record: &LookupResult<'_, Vec<u8>>) -> Option<Country> {
    let nested = || field::<String>(record, &["country", "iso_code"]);
    let flat = || field::<String>(record, &["country_code"]);
    Country::of(&nested().or_else(flat)?)
}

fn spot(record: &LookupResult<'_, Vec<u8>>) -> Option<Spot> {
    let number = |key| {
        field::<f32>(record, &["location", key])
            .or_else(|| field::<f64>(record, &["location", key]).map(narrow))
    };
    let radius = field::<u16>(record, &["location", "accuracy_radius"]).map_or(VAGUE_KM, f32::from);
    Spot::new(number("latitude")?, number("longitude")?, radius)
}

/// Seven digits are plenty for a place.
#[allow(clippy::cast_possible_truncation)]
fn narrow(degrees: f64) -> f32 {
    degrees as f32
}

fn system(record: &LookupResult<'_, Vec<u8>>) -> Option<u32> {
    field(record, &["autonomous_system_number"])
}
