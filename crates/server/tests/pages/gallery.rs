//! Every page in every state, as HTML by name.

use askama::Template as _;
use cloakroom::problem::Code;
use cloakroom_server::pages::{
    AccountNotice, AccountPage, AlertView, ChannelView, ConsoleLoginPage, ConsoleLoginProblem, ConsoleNotice,
    ConsolePage, DemoLogin, EventView, EvidenceView, FailurePage, Figures, LoginNotice, LoginPage,
    LoginProblem, OtherSessions, PasswordPage, PasswordProblem, Place, SessionView, StepUpPage,
    StepUpProblem, StepUpReason, StoreView, SubjectSearch,
};
use jiff::{SignedDuration, Timestamp};

pub const HOSTILE: &str = "<script>alert(1)</script>\"'><img src=x onerror=alert(2)> style=\"x\"";

fn now() -> Timestamp {
    "2026-11-21T14:05:09Z".parse().unwrap()
}

fn minutes(n: i64) -> SignedDuration {
    SignedDuration::from_mins(n)
}

fn session(id: &str, device: &str, seen: i64, opened: i64) -> SessionView {
    SessionView {
        id: id.to_owned(),
        device: Some(device.to_owned()),
        ip: Some("198.51.100.23".to_owned()),
        country: None,
        user_agent: Some("Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0".to_owned()),
        created_at: now() - minutes(opened),
        seen_at: now() - minutes(seen),
        authenticated_at: now() - minutes(opened),
        expires_at: now() + minutes(480 - opened),
        idle_expires_at: now() + minutes(30 - seen),
        remember: false,
        bound: false,
    }
}

pub fn current() -> SessionView {
    session("7f3a91c2e4b04d6f8a10b2c3d4e5f607", "Firefox on Linux", 0, 12)
}

pub fn remembered() -> SessionView {
    SessionView {
        ip: Some("2001:db8:85a3:8d3:1319:8a2e:370:7348".to_owned()),
        country: Some("Portugal".to_owned()),
        remember: true,
        bound: true,
        expires_at: now() + minutes(60 * 24 * 29),
        idle_expires_at: now() + minutes(60 * 24 * 29),
        ..session("b81d05c2e4b04d6f8a10b2c3d4e5f607", "Safari on iPhone", 190, 1700)
    }
}

pub fn nameless() -> SessionView {
    SessionView {
        device: None,
        ip: None,
        user_agent: None,
        ..session("0c44ae91e4b04d6f8a10b2c3d4e5f607", "", 24, 300)
    }
}

fn hostile() -> SessionView {
    SessionView {
        ip: Some(HOSTILE.to_owned()),
        country: Some(HOSTILE.to_owned()),
        user_agent: Some(HOSTILE.to_owned()),
        ..session(HOSTILE, HOSTILE, 1, 2)
    }
}

fn many() -> Vec<SessionView> {
    (0..24u32)
        .map(|n| {
            let device = [
                "Chrome on Windows",
                "Edge on Windows",
                "Chrome on Android",
                "curl",
            ][n as usize % 4];
            session(
                &format!(
                    "{:032x}",
                    u128::from(n + 3).wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835)
                ),
                device,
                i64::from(n),
                i64::from(n) * 15 + 1,
            )
        })
        .collect()
}

pub fn login() -> LoginPage {
    LoginPage {
        site: "app.example.com".to_owned(),
        ..LoginPage::default()
    }
}

pub fn failed_login(problem: LoginProblem) -> LoginPage {
    LoginPage {
        username: "anna".to_owned(),
        remember: true,
        rd: Some("/orders?id=7&page=2".to_owned()),
        problem: Some(problem),
        ..login()
    }
}

pub fn account(others: OtherSessions) -> AccountPage {
    AccountPage {
        site: "app.example.com".to_owned(),
        now: now(),
        subject: "anna".to_owned(),
        roles: vec!["editor".to_owned(), "billing".to_owned()],
        current: current(),
        others,
        fresh: true,
        notice: None,
    }
}

fn step_up(reason: StepUpReason, problem: Option<StepUpProblem>) -> StepUpPage {
    StepUpPage {
        site: "app.example.com".to_owned(),
        subject: "anna".to_owned(),
        session_id: current().id,
        reason,
        rd: Some("/account".to_owned()),
        problem,
    }
}

fn password(problem: Option<PasswordProblem>) -> PasswordPage {
    PasswordPage {
        site: "app.example.com".to_owned(),
        subject: "anna".to_owned(),
        session_id: current().id,
        min_length: 12,
        max_length: 256,
        problem,
    }
}

pub fn failure(code: Code) -> FailurePage {
    FailurePage {
        site: "app.example.com".to_owned(),
        place: Place::Public,
        code,
        retry_after: 30,
        retry: Some("/account".to_owned()),
        request_id: Some("01JD7Z4N8Q".to_owned()),
    }
}

fn event(minutes_ago: i64, kind: &str, reason: Option<&str>, subject: Option<&str>) -> EventView {
    EventView {
        at: now() - minutes(minutes_ago),
        kind: kind.to_owned(),
        session: subject.map(|_| current().id),
        reason: reason.map(str::to_owned),
        subject: subject.map(str::to_owned),
        actor: subject.map(str::to_owned),
        ip: Some("198.51.100.23".to_owned()),
        device: Some("Firefox on Linux".to_owned()),
        detail: None,
    }
}

fn events() -> Vec<EventView> {
    let mut events = vec![
        event(0, "opened", None, Some("anna")),
        event(1, "login-failed", None, None),
        event(4, "closed", Some("logout"), Some("bertrand")),
        event(
            9,
            "closed",
            Some("token-reuse"),
            Some("a-rather-long-subject-name@department.example.com"),
        ),
        event(31, "renewed", None, Some("anna")),
        event(90, "csrf-rejected", None, None),
        event(1500, "closed", Some("credential-change"), Some("chiara")),
    ];
    events[1].ip = Some("2001:db8:85a3:8d3:1319:8a2e:370:7348".to_owned());
    events[3].detail = Some("the old token was shown 41 s after its successor".to_owned());
    events
}

fn evidence(minutes_ago: i64, kind: &str, ip: &str, country: &str) -> EvidenceView {
    EvidenceView {
        at: (now() - minutes(minutes_ago)).as_millisecond(),
        kind: kind.to_owned(),
        ip: Some(ip.to_owned()),
        country: Some(country.to_owned()),
        device: Some("Chrome on Windows".to_owned()),
    }
}

fn channels() -> Vec<ChannelView> {
    let well = ChannelView {
        name: "ops".to_owned(),
        target: "https://receiver.example.com/hooks".to_owned(),
        state: "sending".to_owned(),
        behind: "0".to_owned(),
        sent: 12_480,
        error: None,
        dead: 0,
    };
    let ill = ChannelView {
        name: "billing".to_owned(),
        target: "https://billing.example.com/hooks/from/cloakroom".to_owned(),
        state: "failing".to_owned(),
        behind: "1000+".to_owned(),
        error: Some("it answered 500".to_owned()),
        dead: 3,
        ..well.clone()
    };
    vec![well, ill]
}

fn alerts() -> Vec<AlertView> {
    let travel = AlertView {
        told_at: now() - minutes(3),
        rule: "impossible-travel".to_owned(),
        audience: "operator".to_owned(),
        severity: "critical".to_owned(),
        confidence: 90,
        subject: Some("anna".to_owned()),
        source: None,
        why: "at least 6,900 km between two uses that lie 12 minutes apart".to_owned(),
        evidence: vec![
            evidence(15, "opened", "198.51.100.23", "DE"),
            evidence(3, "opened", "2001:db8:85a3:8d3:1319:8a2e:370:7348", "BR"),
        ],
        advice:
            "Ask the user whether both are theirs; if not, end all sessions and have the password changed."
                .to_owned(),
        response: "step-up".to_owned(),
    };
    let spraying = AlertView {
        told_at: now() - minutes(200),
        rule: "password-spraying".to_owned(),
        severity: "warning".to_owned(),
        confidence: 70,
        subject: None,
        source: Some("203.0.113.0/24".to_owned()),
        why: "failed log-ins of 41 accounts from one network within 10 minutes".to_owned(),
        response: "notify".to_owned(),
        ..travel.clone()
    };
    vec![travel, spraying]
}

fn console() -> ConsolePage {
    ConsolePage {
        site: "app.example.com".to_owned(),
        now: now(),
        store: StoreView {
            kind: "Redis".to_owned(),
            healthy: true,
            detail: Some("7.2.5, 0.3 ms".to_owned()),
            from_memory: Some(98),
        },
        figures: Figures {
            live_sessions: Some(12_480),
            logins: Some(311),
            failed_logins: Some(9),
            ended: Some(274),
        },
        alerts: Vec::new(),
        channels: Vec::new(),
        events: Some(events()),
        search: None,
        notice: None,
    }
}

fn search(sessions: Option<Vec<SessionView>>) -> ConsolePage {
    ConsolePage {
        search: Some(SubjectSearch {
            subject: "anna".to_owned(),
            sessions,
        }),
        ..console()
    }
}

/// File name and HTML of every page in every state.
pub fn gallery() -> Vec<(String, String)> {
    let mut all = Vec::new();
    let mut add = |name: &str, html: askama::Result<String>| all.push((name.to_owned(), html.unwrap()));
    add_logins(&mut add);
    add_accounts(&mut add);
    add_passwords(&mut add);
    add_failures(&mut add);
    add_consoles(&mut add);
    for (name, html) in hostile_pages() {
        add(name, Ok(html));
    }
    all
}

type Add<'a> = &'a mut dyn FnMut(&str, askama::Result<String>);

fn add_logins(add: Add) {
    add("login", login().render());
    for notice in [
        LoginNotice::LoggedOut,
        LoginNotice::LoggedOutEverywhere,
        LoginNotice::SessionEnded,
        LoginNotice::LoginNeeded,
    ] {
        add(
            &format!("login-{}", notice.slug()),
            LoginPage {
                notice: Some(notice),
                ..login()
            }
            .render(),
        );
    }
    for (name, problem) in [
        ("login-no-name", LoginProblem::MissingUsername),
        ("login-no-password", LoginProblem::MissingPassword),
        ("login-wrong", LoginProblem::InvalidCredentials),
        ("login-limited", LoginProblem::RateLimited { retry_after: 90 }),
        ("login-full", LoginProblem::SessionLimit),
    ] {
        add(name, failed_login(problem).render());
    }
    let demo = DemoLogin {
        username: "demo".to_owned(),
        password: "correct-horse-42".to_owned(),
    };
    add(
        "login-demo",
        LoginPage {
            demo: Some(demo),
            ..login()
        }
        .render(),
    );
}

fn add_accounts(add: Add) {
    add("account-one", account(OtherSessions::Listed(vec![])).render());
    let few = || OtherSessions::Listed(vec![nameless(), remembered()]);
    add("account-few", account(few()).render());
    add(
        "account-stale",
        AccountPage {
            fresh: false,
            roles: vec![],
            ..account(few())
        }
        .render(),
    );
    add("account-many", account(OtherSessions::Listed(many())).render());
    add("account-offline", account(OtherSessions::Unavailable).render());
    for notice in [
        AccountNotice::DeviceEnded,
        AccountNotice::OthersEnded,
        AccountNotice::DeviceGone,
        AccountNotice::PasswordChanged,
        AccountNotice::Confirmed,
    ] {
        let page = AccountPage {
            notice: Some(notice),
            ..account(few())
        };
        add(&format!("account-{}", notice.slug()), page.render());
    }
}

fn add_passwords(add: Add) {
    for reason in [
        StepUpReason::EndDevice,
        StepUpReason::ChangePassword,
        StepUpReason::ClientChanged,
        StepUpReason::Unusual,
        StepUpReason::Application,
    ] {
        add(
            &format!("step-up-{}", reason.slug()),
            step_up(reason, None).render(),
        );
    }
    for (name, problem) in [
        ("step-up-missing", StepUpProblem::Missing),
        ("step-up-wrong", StepUpProblem::WrongPassword),
        ("step-up-limited", StepUpProblem::RateLimited { retry_after: 7 }),
    ] {
        add(name, step_up(StepUpReason::EndDevice, Some(problem)).render());
    }

    add("password", password(None).render());
    for (name, problem) in [
        ("password-short", PasswordProblem::TooShort),
        ("password-long", PasswordProblem::TooLong),
        ("password-common", PasswordProblem::TooCommon),
        ("password-unchanged", PasswordProblem::Unchanged),
    ] {
        add(name, password(Some(problem)).render());
    }
}

fn add_failures(add: Add) {
    for kind in [
        Code::BadRequest,
        Code::CsrfRejected,
        Code::Forbidden,
        Code::NotFound,
        Code::MethodNotAllowed,
        Code::TooLarge,
        Code::UnsupportedMediaType,
        Code::SessionLimit,
        Code::RateLimited,
        Code::Internal,
        Code::StoreUnavailable,
    ] {
        add(
            &format!("failure-{}", kind.as_str().to_lowercase()),
            failure(kind).render(),
        );
    }

    add(
        "console-failure",
        FailurePage {
            place: Place::Console,
            ..failure(Code::NotFound)
        }
        .render(),
    );
}

fn add_consoles(add: Add) {
    let gate = |problem| ConsoleLoginPage {
        site: "app.example.com".to_owned(),
        logged_out: false,
        problem,
    };
    add("gate", gate(None).render());
    add(
        "gate-left",
        ConsoleLoginPage {
            logged_out: true,
            ..gate(None)
        }
        .render(),
    );
    for (name, problem) in [
        ("gate-missing", ConsoleLoginProblem::Missing),
        ("gate-wrong", ConsoleLoginProblem::WrongKey),
        ("gate-no-keys", ConsoleLoginProblem::NoKeys),
        (
            "gate-limited",
            ConsoleLoginProblem::RateLimited { retry_after: 60 },
        ),
    ] {
        add(name, gate(Some(problem)).render());
    }

    add("console", console().render());
    add(
        "console-alerts",
        ConsolePage {
            alerts: alerts(),
            channels: channels(),
            ..console()
        }
        .render(),
    );
    add(
        "console-empty",
        ConsolePage {
            events: Some(vec![]),
            figures: Figures {
                live_sessions: Some(0),
                logins: Some(0),
                failed_logins: Some(0),
                ended: Some(0),
            },
            ..console()
        }
        .render(),
    );
    add(
        "console-offline",
        ConsolePage {
            events: None,
            figures: Figures::default(),
            store: StoreView {
                kind: "Redis".to_owned(),
                healthy: false,
                detail: Some("no answer within 800 ms".to_owned()),
                from_memory: None,
            },
            ..search(None)
        }
        .render(),
    );
    add("console-found-none", search(Some(vec![])).render());
    add("console-found-one", search(Some(vec![remembered()])).render());
    add("console-found-many", search(Some(many())).render());
    for notice in [
        ConsoleNotice::SessionEnded,
        ConsoleNotice::SubjectEnded,
        ConsoleNotice::SessionGone,
        ConsoleNotice::Retried,
    ] {
        let page = ConsolePage {
            notice: Some(notice),
            ..search(Some(vec![current()]))
        };
        add(&format!("console-{}", notice.slug()), page.render());
    }
}

fn hostile_alert() -> AlertView {
    let (text, some) = (|| HOSTILE.to_owned(), || Some(HOSTILE.to_owned()));
    AlertView {
        told_at: now(),
        rule: text(),
        audience: text(),
        severity: text(),
        confidence: 255,
        subject: some(),
        source: some(),
        why: text(),
        evidence: vec![EvidenceView {
            at: i64::MAX,
            kind: text(),
            ip: some(),
            country: some(),
            device: some(),
        }],
        advice: text(),
        response: text(),
    }
}

fn hostile_channel() -> ChannelView {
    ChannelView {
        name: HOSTILE.to_owned(),
        target: HOSTILE.to_owned(),
        state: HOSTILE.to_owned(),
        behind: HOSTILE.to_owned(),
        error: Some(HOSTILE.to_owned()),
        sent: u64::MAX,
        dead: 1,
    }
}

fn hostile_event() -> EventView {
    let (text, some) = (|| HOSTILE.to_owned(), || Some(HOSTILE.to_owned()));
    EventView {
        at: now(),
        kind: text(),
        session: some(),
        reason: some(),
        subject: some(),
        actor: some(),
        ip: some(),
        device: some(),
        detail: some(),
    }
}

/// Every page, with hostile text in every field that holds text.
pub fn hostile_pages() -> Vec<(&'static str, String)> {
    let text = || HOSTILE.to_owned();
    let some = || Some(text());
    vec![
        (
            "hostile-login",
            LoginPage {
                site: text(),
                username: text(),
                rd: some(),
                demo: Some(DemoLogin {
                    username: text(),
                    password: text(),
                }),
                ..login()
            }
            .render(),
        ),
        (
            "hostile-account",
            AccountPage {
                site: text(),
                subject: text(),
                roles: vec![text()],
                current: hostile(),
                ..account(OtherSessions::Listed(vec![hostile()]))
            }
            .render(),
        ),
        (
            "hostile-step-up",
            StepUpPage {
                site: text(),
                subject: text(),
                session_id: text(),
                rd: some(),
                ..step_up(StepUpReason::Application, None)
            }
            .render(),
        ),
        (
            "hostile-password",
            PasswordPage {
                site: text(),
                subject: text(),
                session_id: text(),
                ..password(None)
            }
            .render(),
        ),
        (
            "hostile-failure",
            FailurePage {
                site: text(),
                retry: Some(format!("/{HOSTILE}")),
                request_id: some(),
                ..failure(Code::Internal)
            }
            .render(),
        ),
        (
            "hostile-gate",
            ConsoleLoginPage {
                site: text(),
                ..ConsoleLoginPage::default()
            }
            .render(),
        ),
        (
            "hostile-console",
            ConsolePage {
                site: text(),
                alerts: vec![hostile_alert()],
                channels: vec![hostile_channel()],
                store: StoreView {
                    kind: text(),
                    detail: some(),
                    ..console().store
                },
                events: Some(vec![hostile_event()]),
                search: Some(SubjectSearch {
                    subject: text(),
                    sessions: Some(vec![hostile()]),
                }),
                ..console()
            }
            .render(),
        ),
    ]
    .into_iter()
    .map(|(name, html)| (name, html.unwrap()))
    .collect()
}
