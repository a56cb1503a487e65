//! How many attacks are told of, and how often somebody ordinary is.

use cloakroom_testkit::histories::{Attack, History, Method};
use cloakroom_watch::{Alert, Audience, Exempt, Places, Rule, Rules, Watch};
use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

/// What came of a method.
#[derive(Clone, Copy, Debug, Default)]
pub struct Caught {
    pub attacks: usize,
    /// Told to the operator.
    pub alerted: usize,
    /// Told to the operator, or to the user.
    pub told: usize,
}

/// What came of some histories.
#[derive(Clone, Debug, Default)]
pub struct Measure {
    /// Of those without attacks.
    pub user_days: u64,
    pub entries: usize,
    pub methods: BTreeMap<Method, Caught>,
    /// What each rule said where there was no attack.
    pub wrong: BTreeMap<(Rule, Audience), usize>,
    pub missed: Vec<Attack>,
    pub examples: Vec<Alert>,
}

impl Measure {
    /// False alerts to the operator.
    pub fn false_alerts(&self) -> usize {
        self.wrong
            .iter()
            .filter(|((_, audience), _)| *audience == Audience::Operator)
            .map(|(_, count)| count)
            .sum()
    }

    pub fn per_10_000_user_days(&self, count: usize) -> f64 {
        let count = u32::try_from(count).expect("few");
        let days = u32::try_from(self.user_days).expect("no more than four billion");
        f64::from(count) * 10_000.0 / f64::from(days)
    }

    pub fn add(&mut self, other: Self) {
        self.user_days += other.user_days;
        self.entries += other.entries;
        for (method, caught) in other.methods {
            let sum = self.methods.entry(method).or_default();
            sum.attacks += caught.attacks;
            sum.alerted += caught.alerted;
            sum.told += caught.told;
        }
        for (rule, count) in other.wrong {
            *self.wrong.entry(rule).or_default() += count;
        }
        self.missed.extend(other.missed);
        self.examples.extend(other.examples);
    }
}

/// Lets the rules, at their defaults, read a history.
pub fn measure(history: &History, database: &Path) -> Measure {
    let exempt = Exempt::new(history.listed.iter().copied(), []);
    let places = Places::none()
        .with_countries(database)
        .expect("the database opens")
        .except(exempt);
    let mut watch = Watch::new(Rules::default(), places).expect("the defaults are within bounds");
    let told: Vec<Alert> = history
        .entries
        .iter()
        .flat_map(|entry| watch.see(entry))
        .collect();
    let mut measure = Measure {
        user_days: if history.attacks.is_empty() {
            history.user_days
        } else {
            0
        },
        entries: history.entries.len(),
        ..Measure::default()
    };
    for attack in &history.attacks {
        let about: Vec<&Alert> = told.iter().filter(|alert| catches(alert, attack)).collect();
        let caught = measure.methods.entry(attack.method).or_default();
        caught.attacks += 1;
        caught.told += usize::from(!about.is_empty());
        caught.alerted += usize::from(about.iter().any(|alert| alert.is_for_operator()));
        if about.is_empty() {
            measure.missed.push(attack.clone());
        }
    }
    // Where nobody attacks, everything that is said is wrong.
    for alert in told.into_iter().filter(|_| history.attacks.is_empty()) {
        *measure.wrong.entry((alert.rule, alert.audience)).or_default() += 1;
        if alert.is_for_operator() {
            measure.examples.push(alert);
        }
    }
    measure
}

/// Whether an alert tells of the attack: of whom it is about, while it goes on or soon after.
fn catches(alert: &Alert, attack: &Attack) -> bool {
    let about = match (&alert.subject, &alert.source) {
        (Some(subject), _) => attack.subjects.contains(subject),
        (None, Some(source)) => attack.sources.contains(source),
        (None, None) => true,
    };
    // What comes from everywhere is one incident for six hours, whoever began it: the operator knows already.
    let told_before = if alert.subject.is_none() && alert.source.is_none() {
        6
    } else {
        0
    };
    let during = alert.at + Duration::from_hours(told_before) >= attack.from
        && alert.at <= attack.until + Duration::from_hours(1);
    during && about && attack.method.caught_by().contains(&alert.rule.as_str())
}
