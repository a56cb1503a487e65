//! `cloakroom serve`

use super::output::say;
use super::{Common, Failure, log};
use crate::app::start;
use crate::config::{Config, KeyHash, Purpose};
use crate::pages::DemoLogin;
use crate::serve;
use crate::users::{NewPassword, UserName};
use clap::Args;
use cloakroom::{OsRandom, Random as _};
use sha2::{Digest as _, Sha256};

#[derive(Debug, Args)]
#[command(after_help = "Example: cloakroom serve --dev")]
pub struct Serve {
    /// Where browsers and proxies come in. Default 127.0.0.1:8080.
    #[arg(long, value_name = "ADDR")]
    listen: Option<String>,
    /// Where the admin API, the metrics and the console are. Default 127.0.0.1:9090.
    #[arg(long, value_name = "ADDR")]
    admin_listen: Option<String>,
    /// For a developer's own machine: a demo user and an admin key are made and printed. Loopback addresses only.
    #[arg(long)]
    dev: bool,
    #[command(flatten)]
    common: Common,
}

impl Serve {
    pub(super) async fn run(self) -> Result<(), Failure> {
        let mut sources = self.common.sources(Purpose::Serve);
        sources.flags.listen = self.listen;
        sources.flags.admin_listen = self.admin_listen;
        sources.flags.dev = self.dev;
        let mut config = super::checked(&sources)?;
        log::start(&config.log, config.audit.log)
            .map_err(|error| Failure::Usage(format!("log = {:?}: {error}", config.log)))?;
        let listeners = serve::Listeners::bind(&mut config)?;
        let mut keys = Vec::new();
        let mut demo = None;
        if config.dev {
            let dev = Dev::make(&config).await?;
            keys.push(KeyHash(Sha256::digest(dev.admin_key.as_bytes()).into()));
            demo = Some(dev.login.clone());
            dev.announce(&config);
        }
        let app = start::app(config, demo, keys).await?;
        serve::run(app, listeners).await?;
        Ok(())
    }
}

/// What `--dev` makes up at each start.
struct Dev {
    login: DemoLogin,
    admin_key: String,
}

impl Dev {
    /// A demo user whose password is new at each start, and an admin key.
    async fn make(config: &Config) -> Result<Self, Failure> {
        let users = start::directory(config).await?;
        let name: UserName = "demo".parse().map_err(Failure::other)?;
        let login = DemoLogin {
            username: name.to_string(),
            password: secret(12)?,
        };
        let password = NewPassword::new(login.password.as_bytes()).map_err(Failure::other)?;
        match users.get(name.clone()).await.map_err(Failure::other)? {
            Some(_) => users.set_password(name, password).await.map_err(Failure::other)?,
            None => {
                users
                    .add(name, password, ["admin".parse().map_err(Failure::other)?].into())
                    .await
                    .map_err(Failure::other)?;
            }
        }
        Ok(Self {
            login,
            admin_key: secret(32)?,
        })
    }

    fn announce(&self, config: &Config) {
        say!("");
        say!("  Cloakroom, for development only.");
        say!("");
        say!("  open       {}", config.public_url);
        say!("  user       {}", self.login.username);
        say!("  password   {}", self.login.password);
        say!("  console    http://{}/console", config.admin_listen);
        say!("  admin key  {}", self.admin_key);
        say!("");
    }
}

/// So many random bytes, as letters and digits that can be typed.
fn secret(bytes: usize) -> Result<String, Failure> {
    const ALPHABET: &[u8; 32] = b"abcdefghijkmnpqrstuvwxyz23456789";
    let mut random = vec![0; bytes * 8 / 5];
    OsRandom.fill(&mut random).map_err(Failure::other)?;
    Ok(random
        .iter()
        .map(|byte| char::from(ALPHABET[usize::from(byte % 32)]))
        .collect())
}
