//! From a configuration to a running server.

use super::{App, Parts, audit, metrics::Metrics, outbound, recent};
use crate::alerts;
use crate::config::{self, Config, KeyHash};
use crate::pages::{DemoLogin, Pages};
use crate::throttle::Throttle;
use crate::users::{self, UserDirectory};
use anyhow::Context as _;
use cloakroom::{
    Binding, Clock as _, CookieConfig, NearOptions, Origins, OsRandom, Policy, Random as _, Reaction,
    SameSite, Sessions, SystemClock, TrustedProxies,
};
use cloakroom_watch::Watch;
use std::time::{Duration, Instant};

/// Opens the stores and puts the parts together.
pub async fn app(config: Config, demo: Option<DemoLogin>, extra_keys: Vec<KeyHash>) -> anyhow::Result<App> {
    let sessions = sessions(&config, config.cache.near()?).await?;
    let users = directory(&config).await?;
    let recent = recent::Recent::default();
    tokio::spawn(recent::follow(sessions.store().clone(), &recent));
    let outbox = outbound::start(&config, sessions.store(), &users).await?;
    let redirects: Vec<String> = config.allowed_redirects.iter().map(ToString::to_string).collect();
    let places = alerts::rules::places(&config.watch)?;
    let watch = config
        .watch
        .enabled
        .then(|| Watch::new(alerts::rules::rules(&config.watch), places.clone()))
        .transpose()?;
    let app = App::new(Parts {
        audit: audit::Audit::follow(&config, sessions.store()),
        cookie: cookie(&config)?,
        proxies: trusted_proxies(&config),
        origins: Origins::own(&config.public_url.to_string()),
        pages: Pages::new(redirects.iter().map(String::as_str)),
        operators: operators(&config).await?,
        admin_keys: config.admin.keys.iter().copied().chain(extra_keys).collect(),
        throttle: Throttle::new(
            config.throttle.clone(),
            sessions.clone(),
            config.public_url.is_https(),
        ),
        metrics: Metrics::default(),
        started: Instant::now(),
        sessions,
        users,
        recent,
        places,
        outbox,
        demo,
        config,
    });
    if let Some(watch) = watch {
        tokio::spawn(alerts::follow(&app, watch));
    }
    Ok(app)
}

/// The engine on the session store, behind a near cache or not.
///
/// What ends with one command wants none: nothing is asked twice, and the servers' lease is no business of its.
pub async fn sessions(config: &Config, near: Option<NearOptions>) -> anyhow::Result<Sessions> {
    cloakroom::open_with(config.store.expose(), policy(config)?, near)
        .await
        .with_context(|| format!("opening the session store {}", config.store))
}

/// The operators' sessions: on the users' store, so that all servers know them, and apart from the users'.
async fn operators(config: &Config) -> anyhow::Result<Sessions> {
    let policy = Policy::builder()
        .idle_timeout(Duration::from_mins(15))
        .max_sessions(0)
        .binding(Binding::none())
        .build()?;
    let store = cloakroom::open_store_beside(config.store.expose(), "console")
        .await
        .context("opening the store of the console's sessions")?;
    let sessions = Sessions::new(store, policy, SystemClock, OsRandom);
    tokio::spawn(sessions.keep_swept(Duration::from_mins(1)));
    Ok(sessions)
}

/// The user directory in the data folder, made if it is not there.
pub async fn directory(config: &Config) -> anyhow::Result<UserDirectory> {
    let random = |bytes: &mut [u8]| OsRandom.fill(bytes).map_err(|_| users::RandomFailed);
    let options = users::Options::new(random, || SystemClock.now().as_millis());
    let path = config.data_dir.join("users.db");
    UserDirectory::open(&path, options)
        .await
        .with_context(|| format!("opening the user directory {}", path.display()))
}

/// The engine's rules from the configuration's.
pub fn policy(config: &Config) -> anyhow::Result<Policy> {
    let policy = config.policy.builder().binding(binding(&config.binding));
    Ok(policy.build()?)
}

fn binding(set: &config::Binding) -> Binding {
    let reaction = |reaction| match reaction {
        config::Reaction::Ignore => Reaction::Ignore,
        config::Reaction::Log => Reaction::Log,
        config::Reaction::StepUp => Reaction::StepUp,
        config::Reaction::End => Reaction::End,
    };
    Binding {
        ip: reaction(set.ip),
        user_agent: reaction(set.user_agent),
        accept_language: reaction(set.accept_language),
        ip_prefix_v4: set.ip_prefix_v4,
        ip_prefix_v6: set.ip_prefix_v6,
    }
}

fn trusted_proxies(config: &Config) -> TrustedProxies {
    let networks: TrustedProxies = config.trusted_proxies.iter().copied().collect();
    networks.writing(config.forwarded_header)
}

/// How the session cookie is written.
pub fn cookie(config: &Config) -> anyhow::Result<CookieConfig> {
    let mut cookie = CookieConfig::named(&config.cookie.name)?.same_site(match config.cookie.same_site {
        config::SameSite::Strict => SameSite::Strict,
        config::SameSite::Lax => SameSite::Lax,
        config::SameSite::None => SameSite::DangerNone,
    });
    if let Some(domain) = &config.cookie.domain {
        cookie = cookie.for_domain(domain)?;
    }
    if config.dev && !config.public_url.is_https() {
        cookie = cookie.danger_insecure();
    }
    Ok(cookie)
}
