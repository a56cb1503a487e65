//! Listening, serving and stopping in good order.

use crate::app::App;
use crate::config::{Config, Origin};
use crate::proxy_protocol::Acceptor;
use crate::{admin, public};
use anyhow::Context as _;
use axum::Router;
use axum_server::Handle;
use std::net::{SocketAddr, TcpListener};
use std::time::Duration;

/// How long requests that are under way may take once the server has been told to stop.
const GRACE: Duration = Duration::from_secs(10);
/// How long a client may take to send its headers, and how large they may be.
const SLOW: Duration = Duration::from_secs(15);
const MOST_HEADERS: usize = 100;
const HEADER_BYTES: usize = 64 * 1024;

/// The two sockets.
pub struct Listeners {
    public: TcpListener,
    admin: TcpListener,
}

impl Listeners {
    /// Binds both. A port 0 in the configuration is replaced by the one that was found.
    pub fn bind(config: &mut Config) -> anyhow::Result<Self> {
        let public = bind("listen", config.listen)?;
        let admin = bind("admin_listen", config.admin_listen)?;
        let assumed = config.public_url == Origin::of_listener(config.listen);
        config.listen = public.local_addr()?;
        config.admin_listen = admin.local_addr()?;
        if config.dev && assumed {
            config.public_url = Origin::of_listener(config.listen);
        }
        Ok(Self { public, admin })
    }
}

fn bind(key: &str, address: SocketAddr) -> anyhow::Result<TcpListener> {
    let listener = TcpListener::bind(address)
        .with_context(|| format!("{key} = {address} can not be bound; is another server running there?"))?;
    listener.set_nonblocking(true)?;
    Ok(listener)
}

/// Serves until the process is told to stop (SIGTERM, SIGINT), then lets requests under way finish.
pub async fn run(app: App, listeners: Listeners) -> anyhow::Result<()> {
    tracing::info!(
        listen = %app.config.listen,
        admin_listen = %app.config.admin_listen,
        public_url = %app.config.public_url,
        store = app.sessions.store().describe(),
        "serving"
    );
    warn_of_findings(&app);
    let handle = Handle::new();
    tokio::spawn(stop(handle.clone()));
    let acceptor = if app.config.proxy_protocol {
        Acceptor::behind(app.proxies.clone())
    } else {
        Acceptor::plain()
    };
    let public = serve(listeners.public, acceptor, public::router(&app), handle.clone());
    let admin = serve(
        listeners.admin,
        Acceptor::plain(),
        admin::router(&app),
        handle.clone(),
    );
    let served = tokio::try_join!(public, admin);
    // What the near cache answered last is not in the store yet, and a session must not lapse for want of it.
    app.sessions.flush().await;
    app.outbox.stop().await;
    app.audit.stop().await;
    served?;
    tracing::info!("stopped");
    Ok(())
}

async fn serve(
    listener: TcpListener,
    acceptor: Acceptor,
    router: Router,
    handle: Handle<SocketAddr>,
) -> anyhow::Result<()> {
    let mut server = axum_server::from_tcp(listener)?.acceptor(acceptor).handle(handle);
    server
        .http_builder()
        .http1()
        .timer(hyper_util::rt::TokioTimer::new())
        .header_read_timeout(SLOW)
        .max_headers(MOST_HEADERS)
        .max_buf_size(HEADER_BYTES);
    server.serve(router.into_make_service()).await.context("serving")
}

async fn stop(handle: Handle<SocketAddr>) {
    let interrupt = tokio::signal::ctrl_c();
    let mut terminate = match tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()) {
        Ok(signal) => signal,
        Err(error) => {
            tracing::error!(%error, "SIGTERM can not be listened for");
            return;
        }
    };
    tokio::select! {
        _ = interrupt => {}
        _ = terminate.recv() => {}
    }
    tracing::info!("stopping; requests under way may finish");
    handle.graceful_shutdown(Some(GRACE));
}

/// Says at start what `doctor` would say about the store.
fn warn_of_findings(app: &App) {
    let (store, now) = (app.sessions.store().clone(), app.sessions.now());
    tokio::spawn(async move {
        for finding in store.examine(now).await.unwrap_or_default() {
            tracing::warn!(what = finding.what, mend = finding.mend, "the session store");
        }
    });
}
