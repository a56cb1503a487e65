//! Counters for operators. No label says anything about a user (ASVS 16.2.5).

use std::fmt::{Display, Write as _};
use std::sync::atomic::{AtomicU64, Ordering};

/// Declares the counters once: field, metric name, and what it counts.
macro_rules! counters {
    ($($(#[$doc:meta])* $field:ident = $help:literal;)+) => {
        /// Counters since the process started.
        #[derive(Debug, Default)]
        pub struct Metrics { $($field: AtomicU64,)+ }

        impl Metrics {
            $(
                #[doc = $help]
                pub fn $field(&self) {
                    self.$field.fetch_add(1, Ordering::Relaxed);
                }
            )+

            /// In Prometheus' text format, with the number of open sessions.
            #[must_use]
            pub fn render(&self, sessions: Option<u64>) -> String {
                let mut text = String::new();
                $(counter(&mut text, stringify!($field), $help, self.$field.load(Ordering::Relaxed));)+
                if let Some(sessions) = sessions {
                    gauge(&mut text, "sessions", "Open sessions.", sessions);
                }
                let up = u8::from(sessions.is_some());
                gauge(&mut text, "store_up", "Whether the session store answers.", up);
                text
            }
        }
    };
}

counters! {
    requests = "Requests on the public listener.";
    logins = "Successful log-ins.";
    login_failures = "Failed log-ins and step-ups.";
    rate_limited = "Attempts refused because there were too many.";
    csrf_rejected = "Requests of other sites that were refused.";
    authz_allowed = "Forward-auth checks that were allowed.";
    authz_denied = "Forward-auth checks that were denied.";
    alerts = "Alerts that this process was the first to write down.";
    store_errors = "Answers of 503 because the store did not answer.";
}

/// What only rises, as `cloakroom_NAME_total`.
pub(super) fn counter(text: &mut String, name: &str, help: &str, value: u64) {
    metric(text, &format!("{name}_total"), "counter", help, value);
}

/// What rises and falls, as `cloakroom_NAME`.
pub(super) fn gauge(text: &mut String, name: &str, help: &str, value: impl Display) {
    metric(text, name, "gauge", help, value);
}

fn metric(text: &mut String, name: &str, kind: &str, help: &str, value: impl Display) {
    let _ = writeln!(text, "# HELP cloakroom_{name} {help}");
    let _ = writeln!(text, "# TYPE cloakroom_{name} {kind}");
    let _ = writeln!(text, "cloakroom_{name} {value}");
}
