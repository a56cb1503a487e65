//! Where addresses are, as far as the operator's databases tell.

mod country;
mod database;
mod exempt;
mod spot;

pub use country::Country;
pub use database::{PlacesError, Tells};
pub use exempt::Exempt;
pub use spot::Spot;

use database::Database;
use std::fmt;
use std::net::IpAddr;
use std::path::Path;
use std::sync::Arc;

/// Clones share the databases. Databases and what is excepted from them. Without any, nobody is anywhere, and the rules about places are silent.
#[derive(Clone, Default)]
pub struct Places {
    country: Option<Arc<Database>>,
    city: Option<Arc<Database>>,
    system: Option<Arc<Database>>,
    exempt: Exempt,
}

impl Places {
    /// No place is known.
    #[must_use]
    pub fn none() -> Self {
        Self::default()
    }

    /// Countries from this file. A file with coordinates, if there is one, is asked first.
    pub fn with_countries(mut self, file: &Path) -> Result<Self, PlacesError> {
        self.country = Some(Database::open(file, Tells::Country)?.into());
        Ok(self)
    }

    /// Coordinates and countries from this file.
    pub fn with_cities(mut self, file: &Path) -> Result<Self, PlacesError> {
        self.city = Some(Database::open(file, Tells::City)?.into());
        Ok(self)
    }

    /// Autonomous systems from this file.
    pub fn with_systems(mut self, file: &Path) -> Result<Self, PlacesError> {
        self.system = Some(Database::open(file, Tells::System)?.into());
        Ok(self)
    }

    /// Countries, coordinates or systems from the bytes of such a file.
    pub fn read(mut self, tells: Tells, bytes: Vec<u8>) -> Result<Self, PlacesError> {
        let database = Some(Database::read(bytes, Path::new("(bytes)"), tells)?);
        match tells {
            Tells::Country => self.country = database.map(Arc::new),
            Tells::City => self.city = database.map(Arc::new),
            Tells::System => self.system = database.map(Arc::new),
        }
        Ok(self)
    }

    /// Addresses that are no evidence of place.
    #[must_use]
    pub fn except(mut self, exempt: Exempt) -> Self {
        self.exempt = exempt;
        self
    }

    /// What is known of an address.
    #[must_use]
    pub fn of(&self, ip: IpAddr) -> Place {
        let ip = ip.to_canonical();
        if !is_public(ip) {
            return Place::default();
        }
        let system = self.system.as_ref().and_then(|file| file.system(ip));
        let of_city = || self.city.as_ref().and_then(|file| file.country(ip));
        let of_country = || self.country.as_ref().and_then(|file| file.country(ip));
        Place {
            country: of_city().or_else(of_country),
            spot: self.city.as_ref().and_then(|file| file.spot(ip)),
            system,
            exempt: self.exempt.holds(ip, system),
        }
    }
}

impl fmt::Debug for Places {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Places")
            .field("countries", &self.country.is_some())
            .field("cities", &self.city.is_some())
            .field("systems", &self.system.is_some())
            .finish_non_exhaustive()
    }
}

/// Where an address is.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Place {
    /// In which country.
    pub country: Option<Country>,
    /// Where exactly, if a database of cities says so.
    pub spot: Option<Spot>,
    /// In which autonomous system.
    pub system: Option<u32>,
    /// It is excepted: its address says nothing about where its user is.
    pub exempt: bool,
}

impl Place {
    /// The country, if the address is evidence of being there.
    #[must_use]
    pub fn evident(&self) -> Option<Country> {
        self.country.filter(|_| !self.exempt)
    }

    /// The least distance to another place, in km: what is certain even if each is at the end of its country, or of the
    /// radius that the database gives, that is nearest to the other. Nothing where one of them is not known, or excepted.
    #[must_use]
    pub fn at_least_km(&self, other: &Self) -> Option<f64> {
        let (here, there) = (self.evident()?, other.evident()?);
        if here == there && (self.spot.is_none() || other.spot.is_none()) {
            return Some(0.0);
        }
        let distances = self
            .circles()
            .iter()
            .flat_map(|a| other.circles().iter().map(|b| a.at_least_km(b)));
        distances.reduce(f64::min)
    }

    fn circles(&self) -> &[Spot] {
        match (&self.spot, self.country) {
            (Some(spot), _) => std::slice::from_ref(spot),
            (None, Some(country)) => country.circles(),
            (None, None) => &[],
        }
    }
}

/// Whether an address can have a place: not private, shared, local, reserved or for documents (RFC 6890).
fn is_public(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => {
            let [a, b, ..] = ip.octets();
            let shared = a == 100 && (64..128).contains(&b);
            !(a == 0
                || a >= 224
                || shared
                || ip.is_private()
                || ip.is_loopback()
                || ip.is_link_local()
                || ip.is_documentation())
        }
        // 2000::/3 is all that is given out (RFC 4291 §2.4), less what is for documents.
        IpAddr::V6(ip) => ip.segments()[0] >> 13 == 1 && ip.segments()[..2] != [0x2001, 0xdb8],
    }
}
