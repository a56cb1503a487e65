//! Reads the journal entry by entry, remembers, and asks the rules.

use crate::alert::{Alert, Audience};
use crate::bounds::RulesError;
use crate::finding::Finding;
use crate::incident::IncidentId;
use crate::memory::{Person, Source, Table, Tally, Tide};
use crate::places::Places;
use crate::rules::{
    countries, cycles, device_change, disowned, failures, guessing, new_country, new_device, reuse, rise,
    spraying, travel,
};
use crate::settings::Rules;
use crate::sight::{Devices, Sight};
use cloakroom_core::{CloseReason, Entry, Kind, Subject};
use ipnet::IpNet;
use std::hash::{DefaultHasher, Hash, Hasher};

/// The rules, and what they remember.
pub struct Watch {
    rules: Rules,
    places: Places,
    devices: Devices,
    people: Table<Subject, Person>,
    strangers: Table<Subject, Tally>,
    sources: Table<IpNet, Source>,
    tide: Tide,
    told: Table<IncidentId, u64>,
}

impl std::fmt::Debug for Watch {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Watch")
            .field("remembered", &self.remembered())
            .finish_non_exhaustive()
    }
}

/// How much is remembered at present.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Remembered {
    /// Subjects that have had a session.
    pub subjects: usize,
    /// Names that only failed.
    pub names: usize,
    /// Networks.
    pub networks: usize,
    /// Incidents that were told.
    pub incidents: usize,
}

impl Watch {
    /// Rules that remember nothing yet. To begin where another ended, show it the journal from its oldest entry on: the
    /// same entries give the same alerts, under the same incident ids.
    pub fn new(rules: Rules, places: Places) -> Result<Self, RulesError> {
        rules.check()?;
        let memory = &rules.memory;
        Ok(Self {
            devices: Devices::new(),
            people: Table::new(memory.subjects),
            strangers: Table::new(memory.names),
            sources: Table::new(memory.networks),
            tide: Tide::default(),
            told: Table::new(memory.incidents),
            rules,
            places,
        })
    }

    /// How much is remembered.
    #[must_use]
    pub fn remembered(&self) -> Remembered {
        Remembered {
            subjects: self.people.len(),
            names: self.strangers.len(),
            networks: self.sources.len(),
            incidents: self.told.len(),
        }
    }

    /// The next entry of the journal. Answers what is to be told of it, which is mostly nothing.
    ///
    /// Time is what entries say; one whose time can not be (before 2001, after 5138) is passed over.
    pub fn see(&mut self, entry: &Entry) -> Vec<Alert> {
        let Some(sight) = Sight::of(entry, &self.places, &mut self.devices) else {
            return Vec::new();
        };
        let event = &entry.event;
        let subject = event.subject.as_ref();
        let found = match (event.kind, subject) {
            (Kind::Opened, Some(subject)) => self.opened(subject, &sight),
            (Kind::LimitRefused, Some(subject)) => self.refused(subject, &sight),
            (
                Kind::Updated | Kind::Renewed | Kind::Rotated | Kind::Elevated | Kind::BindingChanged,
                Some(subject),
            ) => self.used(subject, &sight),
            (Kind::Closed, Some(subject)) if event.is_disowned() => self.disowned(subject, &sight),
            (Kind::Closed, _) => self.closed(subject, event.reason, &sight),
            (Kind::LoginFailed, _) => self.failed(subject, &sight),
            (Kind::Guess, _) => self.guessed(&sight),
            _ => Vec::new(),
        };
        found
            .into_iter()
            .filter_map(|finding| self.tell(finding, sight.at))
            .collect()
    }

    fn opened(&mut self, subject: &Subject, sight: &Sight) -> Vec<Finding> {
        let name = hash(subject);
        if let Some(network) = sight.network() {
            self.sources
                .with(&network, |source| source.entered(name, sight.at));
        }
        self.tide.entered(name, sight.at);
        // What failed under this name before it was known to exist still counts.
        let failures = self.strangers.remove(subject);
        let rules = &self.rules;
        let found = self.people.with(subject, |person| {
            if let Some(failures) = failures {
                person.failures = failures;
            }
            person.openings.note(sight);
            person.usual.opened(sight.at);
            let mut found = vec![new_device::judge(&rules.new_device, subject, person, sight)];
            found.extend(placed(rules, subject, person, sight));
            found.push(cycles::judge(&rules.cycles, subject, person, sight));
            found.push(rise::judge(&rules.rise, subject, person, sight));
            found
        });
        found.into_iter().flatten().collect()
    }

    fn refused(&mut self, subject: &Subject, sight: &Sight) -> Vec<Finding> {
        let rule = &self.rules.rise;
        let found = self.people.with_known(subject, |person| {
            person.openings.note(sight);
            rise::judge(rule, subject, person, sight)
        });
        found.flatten().into_iter().collect()
    }

    fn used(&mut self, subject: &Subject, sight: &Sight) -> Vec<Finding> {
        let rules = &self.rules;
        let found = self.people.with(subject, |person| {
            let changed = device_change::judge(&rules.device_change, subject, person, sight);
            let mut found = vec![changed];
            found.extend(placed(rules, subject, person, sight));
            found
        });
        found.into_iter().flatten().collect()
    }

    fn closed(
        &mut self,
        subject: Option<&Subject>,
        reason: Option<CloseReason>,
        sight: &Sight,
    ) -> Vec<Finding> {
        let reused = reason == Some(CloseReason::TokenReuse);
        let logged_out = matches!(reason, Some(CloseReason::Logout | CloseReason::Replaced));
        let rules = &self.rules;
        let judge = |person: &mut Person| {
            let mut found = Vec::new();
            if reused {
                found.extend(reuse::judge(&rules.reuse, subject, Some(person), sight));
            }
            if let Some(session) = sight.session {
                person.ended(session);
            }
            if let Some(subject) = subject.filter(|_| logged_out) {
                person.log_outs.note(sight);
                found.extend(cycles::judge(&rules.cycles, subject, person, sight));
            }
            found
        };
        let known = subject.and_then(|subject| self.people.with_known(subject, judge));
        known.unwrap_or_else(|| {
            let found = reused.then(|| reuse::judge(&rules.reuse, subject, None, sight));
            found.flatten().into_iter().collect()
        })
    }

    fn disowned(&mut self, subject: &Subject, sight: &Sight) -> Vec<Finding> {
        let rule = &self.rules.disowned;
        let found = self.people.with(subject, |person| {
            let found = disowned::judge(rule, subject, person, sight);
            if let Some(session) = sight.session {
                person.disowned(session);
            }
            found
        });
        found.into_iter().collect()
    }

    fn failed(&mut self, subject: Option<&Subject>, sight: &Sight) -> Vec<Finding> {
        let rules = &self.rules;
        let name = subject.map_or(0, hash);
        let mut found = Vec::new();
        if let Some(subject) = subject {
            let of = |known, failures: &mut Tally| {
                failures.note(sight);
                failures::judge(&rules.failures, subject, known, failures, sight)
            };
            let known = self
                .people
                .with_known(subject, |person| of(true, &mut person.failures));
            found.extend(
                known.unwrap_or_else(|| self.strangers.with(subject, |failures| of(false, failures))),
            );
        }
        if let Some(network) = sight.network() {
            let of_source = self.sources.with(&network, |source| {
                source.failed(name, sight);
                spraying::judge_source(&rules.spraying, source, sight)
            });
            found.extend(of_source);
        }
        self.tide.failed(name, sight);
        found.extend(spraying::judge_overall(&rules.spraying, &self.tide, sight));
        found
    }

    fn guessed(&mut self, sight: &Sight) -> Vec<Finding> {
        let rule = &self.rules.guessing;
        let mut found = Vec::new();
        if let Some(network) = sight.network() {
            let of_source = self.sources.with(&network, |source| {
                source.guesses.note(sight);
                guessing::judge_source(rule, source, sight)
            });
            found.extend(of_source);
        }
        self.tide.guessed(sight);
        found.extend(guessing::judge_overall(rule, &self.tide, sight));
        found
    }

    /// An incident is told once, and again only if it goes on after its time.
    fn tell(&mut self, finding: Finding, at: u64) -> Option<Alert> {
        let about = finding.about();
        let matter = IncidentId::matter(finding.rule, &about);
        let quiet = u64::try_from(finding.within.as_millis()).unwrap_or(u64::MAX);
        let fresh = self.told.with(&matter, |told| {
            let fresh = *told == 0 || told.abs_diff(at) >= quiet;
            if fresh {
                *told = at;
            }
            fresh
        });
        fresh.then(|| {
            let incident = IncidentId::new(finding.rule, &about, finding.within, at);
            finding.alert(incident, at)
        })
    }
}

/// The rules about places, and then the place is noted.
fn placed(rules: &Rules, subject: &Subject, person: &mut Person, sight: &Sight) -> [Option<Finding>; 3] {
    let travelled = travel::judge(&rules.travel, subject, person, sight);
    let abroad = new_country::judge(&rules.new_country, subject, person, sight);
    person.note(sight);
    [
        travelled,
        abroad,
        countries::judge(&rules.countries, subject, person, sight),
    ]
}

/// Names are told apart by 64 bits, where their number is what counts. The keys of the hash are fixed, so that a replay
/// counts the same.
fn hash(subject: &Subject) -> u64 {
    let mut hasher = DefaultHasher::new();
    subject.hash(&mut hasher);
    hasher.finish()
}

impl Alert {
    /// Whether it is for whoever runs the service.
    #[must_use]
    pub fn is_for_operator(&self) -> bool {
        self.audience == Audience::Operator
    }
}
