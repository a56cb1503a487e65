//! One event, as the rules see it.

use crate::alert::Evidence;
use crate::places::{Place, Places};
use crate::plain::{self, plain};
use cloakroom_core::{Actor, Entry, Kind, Position, SessionId, Timestamp, device};
use ipnet::IpNet;
use quick_cache::unsync::Cache;
use std::net::IpAddr;
use std::sync::Arc;

/// When, where and on what something happened.
#[derive(Clone, Debug)]
pub(crate) struct Sight {
    pub position: Position,
    pub at: u64,
    pub kind: Kind,
    pub session: Option<SessionId>,
    pub ip: Option<IpAddr>,
    pub place: Place,
    pub device: Option<Arc<str>>,
    /// Of a log-in: whether its browser had logged in to the account before. Nothing if nobody said.
    pub known: Option<bool>,
}

/// Times that can be: 2001 to 5138. Others come from clocks that were never set.
const PLAUSIBLE: std::ops::RangeInclusive<u64> = 1_000_000_000_000..=100_000_000_000_000;

impl Sight {
    /// Nothing if the time can not be.
    pub fn of(entry: &Entry, places: &Places, devices: &mut Devices) -> Option<Self> {
        let cause = &entry.event.cause;
        let at = cause.at.as_millis();
        if !PLAUSIBLE.contains(&at) {
            return None;
        }
        // An operator's own address and browser say nothing about the user.
        let user = !matches!(cause.actor, Actor::Operator(_));
        let ip = cause.ip.filter(|_| user).map(|ip| ip.to_canonical());
        Some(Self {
            position: entry.position.clone(),
            at,
            kind: entry.event.kind,
            session: entry.event.session,
            ip,
            place: ip.map(|ip| places.of(ip)).unwrap_or_default(),
            device: cause
                .user_agent
                .as_ref()
                .filter(|_| user)
                .map(|agent| devices.label(agent)),
            known: entry.event.known_browser(),
        })
    }

    /// The network of the address: /24 or /48.
    pub fn network(&self) -> Option<IpNet> {
        self.ip.map(network)
    }

    pub fn evidence(&self) -> Evidence {
        Evidence {
            event: self.position.clone(),
            at: Timestamp::from_millis(self.at),
            kind: self.kind,
            session: self.session,
            ip: self.ip,
            country: self.place.country,
            device: self.device.as_deref().map(str::to_owned),
        }
    }
}

fn network(ip: IpAddr) -> IpNet {
    let prefix = if ip.is_ipv4() { 24 } else { 48 };
    IpNet::new_assert(ip, prefix).trunc()
}

/// Names of devices by `User-Agent`, so that each is looked for once and kept once. Bounded.
pub(crate) struct Devices {
    by_agent: Cache<Arc<str>, Arc<str>>,
    labels: Cache<Arc<str>, Arc<str>>,
}

impl Devices {
    pub fn new() -> Self {
        Self {
            by_agent: Cache::new(4_096),
            labels: Cache::new(1_024),
        }
    }

    fn label(&mut self, agent: &Arc<str>) -> Arc<str> {
        if let Some(known) = self.by_agent.get(agent) {
            return known.clone();
        }
        let fresh: Arc<str> = plain(&device::label(Some(agent)), plain::DEVICE).into();
        let label = if let Some(kept) = self.labels.get(&fresh) {
            kept.clone()
        } else {
            self.labels.insert(fresh.clone(), fresh.clone());
            fresh
        };
        self.by_agent.insert(agent.clone(), label.clone());
        label
    }
}
