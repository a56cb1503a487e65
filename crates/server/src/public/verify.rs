//! Checking a password, for log-in and step-up alike.

use crate::app::App;
use crate::throttle::budgets::{self, Typist};
use crate::users::{Password, User, UserError, Verification};
use cloakroom::problem::{Code, Problem};
use cloakroom::{Actor, Budget, Client, Event, Kind, Subject};

/// Somebody who has proved who they are, or the reason why not. Unknown users, wrong passwords and disabled accounts
/// look the same and take equally long (ASVS 6.3.8).
pub async fn password(
    app: &App,
    name: &str,
    password: String,
    client: &Client,
    typist: Typist,
) -> Result<User, Problem> {
    let budgets = budgets::password(&app.throttle.rates, name, client.ip, typist);
    if let Err(problem) = app.throttle.check(&budgets).await {
        if matches!(typist, Typist::Stranger) {
            let stranger = budgets::stranger(&app.throttle.rates, client.ip);
            app.throttle.charge(&[stranger]).await;
        }
        return Err(problem);
    }
    let Ok(password) = Password::new(password) else {
        return Err(failed(app, name, client, &budgets).await);
    };
    match app.users.verify(name, password).await {
        Ok(Verification::Ok(user)) => Ok(user),
        Ok(_) => Err(failed(app, name, client, &budgets).await),
        Err(error) => Err(unavailable(&error)),
    }
}

/// What a failing user directory means for the client.
pub fn unavailable(error: &UserError) -> Problem {
    if matches!(error, UserError::Busy) {
        return Problem::from(Code::RateLimited)
            .saying("Many people are logging in right now. Try again in a moment.");
    }
    tracing::error!(%error, "the user directory failed");
    Problem::from(Code::StoreUnavailable).saying("Log-ins can not be checked at the moment. Try again.")
}

/// Notes a failure: charged, counted, and in the journal.
async fn failed(app: &App, name: &str, client: &Client, budgets: &[Budget]) -> Problem {
    app.metrics.login_failures();
    let cause = app.sessions.cause(Actor::User, client);
    app.throttle.charge(budgets).await;
    let event = Event::of(Kind::LoginFailed, cause).about(name.parse::<Subject>().ok());
    app.sessions.note_or_warn(&event).await;
    Code::InvalidCredentials.into()
}
