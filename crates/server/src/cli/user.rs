//! `cloakroom user …`

use super::output::say;
use super::{Common, Failure, output};
use crate::app::start;
use crate::app::view::rfc3339;
use crate::config::Config;
use crate::users::{BadEmail, Email, NewPassword, Role, Roles, User as Account, UserDirectory, UserName};
use clap::Subcommand;
use cloakroom::{CloseReason, Subject, Timestamp};
use serde_json::json;
use std::io::{IsTerminal as _, Read as _};
use zeroize::Zeroizing;

#[derive(Debug, Subcommand)]
pub enum User {
    /// Add a user. The password is asked for, or read from standard input.
    #[command(after_help = "Example: cloakroom user add alice --role admin")]
    Add {
        name: String,
        /// May be given more than once.
        #[arg(long = "role", value_name = "ROLE")]
        roles: Vec<String>,
        /// Where to write when the account is used from a new device.
        #[arg(long, value_name = "ADDRESS")]
        email: Option<String>,
        /// Read the password from the first line of standard input.
        #[arg(long)]
        password_stdin: bool,
        #[command(flatten)]
        common: Common,
    },
    /// Set a new password; all sessions of the user end.
    #[command(after_help = "Example: cloakroom user passwd alice")]
    Passwd {
        name: String,
        /// Read the password from the first line of standard input.
        #[arg(long)]
        password_stdin: bool,
        #[command(flatten)]
        common: Common,
    },
    /// Set the roles, in place of those the user has; shows at the next request.
    #[command(after_help = "Example: cloakroom user roles alice --role admin --role billing")]
    Roles {
        name: String,
        /// May be given more than once; none takes all roles away.
        #[arg(long = "role", value_name = "ROLE")]
        roles: Vec<String>,
        #[command(flatten)]
        common: Common,
    },
    /// Set the mail address that is written to when the account is used from a new device; print it if none is given.
    #[command(after_help = "Example: cloakroom user email alice alice@example.com")]
    Email {
        name: String,
        address: Option<String>,
        /// Take the address away.
        #[arg(long, conflicts_with = "address")]
        remove: bool,
        #[command(flatten)]
        common: Common,
    },
    /// Disable the account; all sessions of the user end.
    #[command(after_help = "Example: cloakroom user disable alice")]
    Disable {
        name: String,
        #[command(flatten)]
        common: Common,
    },
    /// Let a disabled user log in again.
    #[command(after_help = "Example: cloakroom user enable alice")]
    Enable {
        name: String,
        #[command(flatten)]
        common: Common,
    },
    /// List the users.
    #[command(after_help = "Example: cloakroom user list --json")]
    List {
        /// As JSON.
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        common: Common,
    },
}

impl User {
    pub(super) async fn run(self) -> Result<(), Failure> {
        match self {
            Self::Add {
                name,
                roles,
                email,
                password_stdin,
                common,
            } => {
                let (name, roles) = (parse_name(&name)?, parse_roles(&roles)?);
                let email = email.as_deref().map(parse_email).transpose()?;
                let users = start::directory(&common.load()?).await?;
                let password = ask(password_stdin)?;
                users
                    .add(name.clone(), password, roles)
                    .await
                    .map_err(Failure::other)?;
                if email.is_some() {
                    users
                        .set_email(name.clone(), email)
                        .await
                        .map_err(Failure::other)?;
                }
                say!("Added {name}.");
            }
            Self::Passwd {
                name,
                password_stdin,
                common,
            } => {
                let (config, name) = (common.load()?, parse_name(&name)?);
                let users = known(&config, &name).await?;
                let password = ask(password_stdin)?;
                users
                    .set_password(name.clone(), password)
                    .await
                    .map_err(Failure::other)?;
                let ended = end_all(&config, &name, CloseReason::CredentialChange).await?;
                say!(
                    "Changed the password of {name}. {} ended.",
                    output::sessions(ended)
                );
            }
            Self::Roles { name, roles, common } => {
                set_roles(&common.load()?, &parse_name(&name)?, parse_roles(&roles)?).await?;
            }
            Self::Email {
                name,
                address,
                remove,
                common,
            } => {
                let address = address.as_deref().map(parse_email).transpose()?;
                email(&common.load()?, parse_name(&name)?, address, remove).await?;
            }
            Self::Disable { name, common } => {
                let (config, name) = (common.load()?, parse_name(&name)?);
                known(&config, &name)
                    .await?
                    .disable(name.clone())
                    .await
                    .map_err(Failure::other)?;
                let ended = end_all(&config, &name, CloseReason::Disabled).await?;
                say!("Disabled {name}. {} ended.", output::sessions(ended));
            }
            Self::Enable { name, common } => {
                let (config, name) = (common.load()?, parse_name(&name)?);
                known(&config, &name)
                    .await?
                    .enable(name.clone())
                    .await
                    .map_err(Failure::other)?;
                say!("Enabled {name}.");
            }
            Self::List { json, common } => list(&common.load()?, json).await?,
        }
        Ok(())
    }
}

async fn email(config: &Config, name: UserName, address: Option<Email>, remove: bool) -> Result<(), Failure> {
    let users = known(config, &name).await?;
    if address.is_some() || remove {
        let said = address
            .as_ref()
            .map_or_else(|| "nowhere".to_owned(), |address| address.as_str().to_owned());
        users
            .set_email(name.clone(), address)
            .await
            .map_err(Failure::other)?;
        say!("Mails to {name} go to {said}.");
        return Ok(());
    }
    let user = users.get(name.clone()).await.map_err(Failure::other)?;
    match user.and_then(|user| user.email) {
        Some(address) => say!("{address}"),
        None => say!("{name} has no mail address."),
    }
    Ok(())
}

async fn set_roles(config: &Config, name: &UserName, roles: Roles) -> Result<(), Failure> {
    let users = known(config, name).await?;
    users
        .set_roles(name.clone(), roles.clone())
        .await
        .map_err(Failure::other)?;
    let words: Result<Vec<_>, _> = roles.iter().map(|role| role.as_str().parse()).collect();
    let sessions = start::sessions(config, None).await?;
    let operator = sessions.operator("cli").actor;
    let changed = sessions
        .set_roles(&subject(name)?, words.map_err(Failure::other)?, operator)
        .await
        .map_err(Failure::other)?;
    say!(
        "Changed the roles of {name}, and of {}.",
        output::sessions(changed)
    );
    Ok(())
}

async fn list(config: &Config, json: bool) -> Result<(), Failure> {
    let users = start::directory(config)
        .await?
        .list()
        .await
        .map_err(Failure::other)?;
    let roles = |user: &Account| user.roles.iter().map(ToString::to_string).collect::<Vec<_>>();
    let created = |user: &Account| rfc3339(Timestamp::from_millis(user.created_at));
    if json {
        let row = |user: &Account| {
            json!({
                "name": user.name.as_str(),
                "roles": roles(user),
                "disabled": user.disabled,
                "email": user.email,
                "created_at": created(user),
            })
        };
        output::json(&json!({ "users": users.iter().map(row).collect::<Vec<_>>() }));
        return Ok(());
    }
    let row = |user: &Account| {
        let state = if user.disabled { "disabled" } else { "active" };
        [
            user.name.to_string(),
            roles(user).join(","),
            state.to_owned(),
            created(user),
        ]
    };
    output::table(
        ["NAME", "ROLES", "STATE", "CREATED"],
        &users.iter().map(row).collect::<Vec<_>>(),
    );
    Ok(())
}

/// The directory, if it knows this user.
async fn known(config: &Config, name: &UserName) -> Result<UserDirectory, Failure> {
    let users = start::directory(config).await?;
    match users.get(name.clone()).await.map_err(Failure::other)? {
        Some(_) => Ok(users),
        None => {
            Err(anyhow::anyhow!("there is no user {name}; `cloakroom user list` shows who there is").into())
        }
    }
}

async fn end_all(config: &Config, name: &UserName, reason: CloseReason) -> Result<usize, Failure> {
    let sessions = start::sessions(config, None).await?;
    let cause = sessions.operator("cli");
    let all = sessions
        .end_all(&subject(name)?, reason, &cause)
        .await
        .map_err(Failure::other)?;
    Ok(all.ended.len())
}

fn subject(name: &UserName) -> Result<Subject, Failure> {
    name.as_str().parse().map_err(Failure::other)
}

fn parse_name(name: &str) -> Result<UserName, Failure> {
    name.parse()
        .map_err(|error: crate::users::BadName| Failure::Usage(error.to_string()))
}

fn parse_email(text: &str) -> Result<Email, Failure> {
    text.parse()
        .map_err(|error: BadEmail| Failure::Usage(format!("{text:?}: {error}")))
}

fn parse_roles(roles: &[String]) -> Result<Roles, Failure> {
    roles
        .iter()
        .map(|role| {
            role.parse::<Role>()
                .map_err(|error| Failure::Usage(format!("--role {role:?}: {error}")))
        })
        .collect()
}

/// The new password: the first line of standard input, or typed twice at a terminal.
fn ask(stdin: bool) -> Result<NewPassword, Failure> {
    let password = if stdin || !std::io::stdin().is_terminal() {
        let mut text = Zeroizing::new(String::new());
        std::io::stdin()
            .read_to_string(&mut text)
            .map_err(Failure::other)?;
        Zeroizing::new(text.lines().next().unwrap_or_default().to_owned())
    } else {
        let first = Zeroizing::new(rpassword::prompt_password("New password: ").map_err(Failure::other)?);
        let second = Zeroizing::new(rpassword::prompt_password("Once more: ").map_err(Failure::other)?);
        if *first != *second {
            return Err(Failure::Usage("the two passwords differ".to_owned()));
        }
        first
    };
    NewPassword::new(password.as_bytes()).map_err(|error| Failure::Usage(error.to_string()))
}
