//! What each rule goes by, and whether it is on.

use std::time::Duration;

const MINUTE: Duration = Duration::from_mins(1);
const HOUR: Duration = Duration::from_hours(1);
const DAY: Duration = Duration::from_hours(24);

/// All rules. The defaults are those that `docs/anomalies.md` measures.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct Rules {
    /// Two places that are too far apart for the time between.
    pub travel: Travel,
    /// Sessions in several countries at once.
    pub countries: Countries,
    /// Log-in and log-out again and again.
    pub cycles: Cycles,
    /// Failed log-ins of one account.
    pub failures: Failures,
    /// Failed log-ins of many accounts.
    pub spraying: Spraying,
    /// Tokens that are none.
    pub guessing: Guessing,
    /// Use of a token that had been renewed.
    pub reuse: Reuse,
    /// A device that the subject did not have before.
    pub new_device: NewDevice,
    /// A country that the subject was not in before.
    pub new_country: NewCountry,
    /// Another device within one session.
    pub device_change: DeviceChange,
    /// More sessions than the subject usually has.
    pub rise: Rise,
    /// A session that its user says was not theirs.
    pub disowned: Disowned,
    /// How much is remembered.
    pub memory: Memory,
}

/// Impossible travel.
#[derive(Clone, Debug, PartialEq)]
pub struct Travel {
    /// On by default; silent without a database of places.
    pub on: bool,
    /// From which speed on, in km/h. Default: 1,000; airliners fly 900, and airports take time on top. 100 to 100,000.
    pub km_per_hour: u32,
    /// Below which distance nothing is judged, in km, counted between the nearest ends of both places. Default: 100, since
    /// databases are wrong around borders. 1 to 20,000.
    pub least_km: u32,
    /// How far clocks of nodes, and the order of entries, may be off. Default: 2 minutes. Up to 1 hour.
    pub slack: Duration,
}

/// Several countries at once.
#[derive(Clone, Debug, PartialEq)]
pub struct Countries {
    /// On by default; silent without a database of places.
    pub on: bool,
    /// In how many, no two of which touch. Default: 3, because two are a border or a VPN. 2 to 10.
    pub at_once: u32,
    /// What counts as once. Default: 1 hour. 1 minute to 1 day.
    pub within: Duration,
}

/// Rapid log-in and log-out.
#[derive(Clone, Debug, PartialEq)]
pub struct Cycles {
    /// On by default.
    pub on: bool,
    /// How many log-ins, each but the last followed by a log-out. Default: 6; people who mistake the account or show
    /// somebody something come to three or four. 2 to 60.
    pub log_ins: u32,
    /// In which time. Default: 10 minutes. 1 minute to 1 day.
    pub within: Duration,
}

/// A count in a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limit {
    /// How many.
    pub count: u32,
    /// In which time.
    pub within: Duration,
}

/// Failed log-ins of one account.
#[derive(Clone, Debug, PartialEq)]
pub struct Failures {
    /// On by default.
    pub on: bool,
    /// A burst. Default: 20 in 15 minutes; people who forgot try up to ten or fifteen. 2 to 60.
    pub burst: Limit,
    /// A trickle. Default: 40 in 24 hours. 2 to 60.
    pub trickle: Limit,
}

/// Failed log-ins of many accounts.
#[derive(Clone, Debug, PartialEq)]
pub struct Spraying {
    /// On by default.
    pub on: bool,
    /// How many accounts that fail from one network (/24, /48) and do not get in from there. Default: 10 in 1 hour. 2 to 60.
    pub burst: Limit,
    /// The same, slowly. Default: 20 in 24 hours. 2 to 60.
    pub trickle: Limit,
    /// How many times as many accounts must fail as get in, from that network. Default: 2; among people it is a tenth.
    /// 1 to 100.
    pub times_successes: u32,
    /// How many accounts that fail within an hour, from anywhere, and do not get in. Default: 50. 10 to 2,000.
    pub overall: u32,
    /// How many times as many that is as usual. Default: 3. 2 to 100.
    pub times_usual: u32,
}

/// Guessed tokens.
#[derive(Clone, Debug, PartialEq)]
pub struct Guessing {
    /// On by default.
    pub on: bool,
    /// From one network (/24, /48). Default: 20 in 10 minutes. 2 to 60.
    pub burst: Limit,
    /// The same, slowly. Default: 60 in 24 hours. 2 to 60.
    pub trickle: Limit,
    /// How many times as many as log-ins, from that network or from everywhere: a browser that comes back with a dead cookie shows it a few
    /// times, and then its user logs in. Default: 5. 1 to 100.
    pub times_successes: u32,
    /// Within an hour, from anywhere. Default: 300. 10 to 1,000,000.
    pub overall: u32,
    /// How many times as many that is as usual. Default: 5. 2 to 100.
    pub times_usual: u32,
}

/// Use of a token that had been renewed.
#[derive(Clone, Debug, PartialEq)]
pub struct Reuse {
    /// On by default.
    pub on: bool,
}

/// A new device.
#[derive(Clone, Debug, PartialEq)]
pub struct NewDevice {
    /// On by default. A notice to the user, not an alert to the operator.
    pub on: bool,
}

/// A new country.
#[derive(Clone, Debug, PartialEq)]
pub struct NewCountry {
    /// On by default; silent without a database of places. A notice to the user, not an alert to the operator.
    pub on: bool,
}

/// Another device within one session.
#[derive(Clone, Debug, PartialEq)]
pub struct DeviceChange {
    /// On by default.
    pub on: bool,
}

/// More sessions than usual.
#[derive(Clone, Debug, PartialEq)]
pub struct Rise {
    /// On by default.
    pub on: bool,
    /// Sessions that begin and are not logged out. Default: 10 in 1 hour. 2 to 60.
    pub burst: Limit,
    /// The same, slowly. Default: 20 in 24 hours. 2 to 60.
    pub trickle: Limit,
    /// How many times as many that is as the subject usually opens in a day. Default: 3. 1 to 100.
    pub times_usual: u32,
}

/// A session that its user says was not theirs.
#[derive(Clone, Debug, PartialEq)]
pub struct Disowned {
    /// On by default.
    pub on: bool,
}

/// How much is remembered. What is remembered of one subject, name or network is bounded, too: `docs/anomalies.md`.
#[derive(Clone, Debug, PartialEq)]
pub struct Memory {
    /// Subjects that have had a session. Default: 100,000, by estimate of 1.5 KB each, 6 KB at most. From 100 up.
    pub subjects: usize,
    /// Names that only failed. Default: 50,000. From 100 up.
    pub names: usize,
    /// Networks. Default: 50,000. From 100 up.
    pub networks: usize,
    /// Incidents that were told, so that they are told once. Default: 50,000. From 100 up.
    pub incidents: usize,
}

impl Default for Travel {
    fn default() -> Self {
        Self {
            on: true,
            km_per_hour: 1_000,
            least_km: 100,
            slack: 2 * MINUTE,
        }
    }
}

impl Default for Countries {
    fn default() -> Self {
        Self {
            on: true,
            at_once: 3,
            within: HOUR,
        }
    }
}

impl Default for Cycles {
    fn default() -> Self {
        Self {
            on: true,
            log_ins: 6,
            within: 10 * MINUTE,
        }
    }
}

impl Default for Failures {
    fn default() -> Self {
        Self {
            on: true,
            burst: Limit {
                count: 20,
                within: 15 * MINUTE,
            },
            trickle: Limit {
                count: 40,
                within: DAY,
            },
        }
    }
}

impl Default for Spraying {
    fn default() -> Self {
        Self {
            on: true,
            burst: Limit {
                count: 10,
                within: HOUR,
            },
            trickle: Limit {
                count: 20,
                within: DAY,
            },
            times_successes: 2,
            overall: 50,
            times_usual: 3,
        }
    }
}

impl Default for Guessing {
    fn default() -> Self {
        Self {
            on: true,
            burst: Limit {
                count: 20,
                within: 10 * MINUTE,
            },
            trickle: Limit {
                count: 60,
                within: DAY,
            },
            times_successes: 5,
            overall: 300,
            times_usual: 5,
        }
    }
}

impl Default for Reuse {
    fn default() -> Self {
        Self { on: true }
    }
}

impl Default for NewDevice {
    fn default() -> Self {
        Self { on: true }
    }
}

impl Default for NewCountry {
    fn default() -> Self {
        Self { on: true }
    }
}

impl Default for DeviceChange {
    fn default() -> Self {
        Self { on: true }
    }
}

impl Default for Rise {
    fn default() -> Self {
        Self {
            on: true,
            burst: Limit {
                count: 10,
                within: HOUR,
            },
            trickle: Limit {
                count: 20,
                within: DAY,
            },
            times_usual: 3,
        }
    }
}

impl Default for Disowned {
    fn default() -> Self {
        Self { on: true }
    }
}

impl Default for Memory {
    fn default() -> Self {
        Self {
            subjects: 100_000,
            names: 50_000,
            networks: 50_000,
            incidents: 50_000,
        }
    }
}
