//! The account page: who you are, and where you are logged in.

use super::sessions::end_one;
use crate::app::App;
use crate::app::address::{Lenient, Segment};
use crate::app::failure::redirect;
use crate::app::view::{moment, page_view};
use crate::pages::{AccountNotice, AccountPage, OtherSessions};
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use cloakroom::User;
use cloakroom::problem::{Code, Problem};
use serde::Deserialize;

#[derive(Debug, Default, Deserialize)]
pub struct PageQuery {
    notice: Option<String>,
}

/// The front page leads to the account.
pub async fn home() -> Response {
    redirect("/account")
}

/// The page.
pub async fn page(
    State(app): State<App>,
    Lenient(query): Lenient<PageQuery>,
    user: User,
) -> Result<Response, Problem> {
    let policy = app.sessions.policy();
    let active = user.active().ok_or(Code::NoSession)?;
    let others = match user.list().await {
        Ok(records) => {
            let others = records.iter().filter(|record| record.id != active.id());
            OtherSessions::Listed(
                others
                    .map(|record| page_view(record, policy, &app.places))
                    .collect(),
            )
        }
        Err(error) => {
            tracing::warn!(%error, "the list of sessions could not be read");
            OtherSessions::Unavailable
        }
    };
    let page = AccountPage {
        site: app.site(),
        now: moment(app.sessions.now()),
        subject: user.subject().to_string(),
        roles: active.roles().iter().map(ToString::to_string).collect(),
        current: page_view(active.record(), policy, &app.places),
        others,
        fresh: user.is_fresh(),
        notice: query.notice.as_deref().and_then(AccountNotice::from_slug),
    };
    Ok(app.pages.html(StatusCode::OK, &page))
}

/// "End" beside a device.
pub async fn end(user: User, Segment(id): Segment) -> Result<Response, Problem> {
    part(&user, &id, false).await
}

/// "This was not me" beside a device: it ends, and the operators are told.
pub async fn disown(user: User, Segment(id): Segment) -> Result<Response, Problem> {
    part(&user, &id, true).await
}

/// Asks for the password first if that is long ago.
async fn part(user: &User, id: &str, disowned: bool) -> Result<Response, Problem> {
    if !user.is_fresh() {
        return Ok(redirect("/auth/step-up?reason=end-device&rd=/account"));
    }
    let ended = end_one(user, id, disowned).await?;
    Ok(done(match (ended, disowned) {
        (true, true) => AccountNotice::Disowned,
        (true, false) => AccountNotice::DeviceEnded,
        (false, _) => AccountNotice::DeviceGone,
    }))
}

fn done(notice: AccountNotice) -> Response {
    redirect(&format!("/account?notice={}", notice.slug()))
}

/// "Log out other devices".
pub async fn logout_others(user: User) -> Result<Response, Problem> {
    user.log_out_others().await?;
    Ok(done(AccountNotice::OthersEnded))
}

/// "Log out everywhere".
pub async fn logout_everywhere(user: User) -> Result<Response, Problem> {
    user.log_out_everywhere().await?;
    Ok(redirect("/auth/login?notice=logged-out-everywhere"))
}
