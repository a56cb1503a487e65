//! What a request changes is in the store before its answer leaves, or the answer says that it is not.

use crate::shop::{NOTE, VISITS, shop};
use crate::world::World;
use axum::routing::{get, post};
use cloakroom_core::{LogIn, Token};
use cloakroom_http::{Code, Field, Problem, Refused, Session};
use http::StatusCode;
use std::sync::Arc;
use tokio::sync::Mutex;

type Done = Result<(), Refused>;

#[tokio::test]
async fn changes_are_in_the_store_before_the_answer_leaves() {
    let world = World::new();
    let mut browser = world.browser(shop());
    browser.post("/visits").await.is(200, "");
    let token = Token::parse(browser.token()).unwrap();
    let stored = world.sessions.introspect(&token).await.unwrap().unwrap();
    assert_eq!(stored.data().unwrap().get(VISITS).unwrap(), Some(1));
}

/// D9: `update` of what is already there counts.
#[tokio::test]
async fn updates_persist_every_time() {
    let world = World::new();
    let mut browser = world.browser(shop());
    for visit in 1..=5 {
        browser.post("/visits").await.is(200, "");
        browser.get("/visits").await.is(200, &visit.to_string());
    }
}

#[tokio::test]
async fn a_request_sees_its_own_changes() {
    let world = World::new();
    let handler = async |session: Session| -> Result<String, Refused> {
        session.set(VISITS, &1)?;
        session.update(VISITS, |visits| *visits += 10)?;
        let first = session.get(VISITS)?;
        session.remove(VISITS)?;
        Ok(format!("{first:?} {:?}", session.get(VISITS)?))
    };
    let mut browser = world.browser(shop().route("/own", post(handler)));
    browser.post("/visits").await.is(200, "");
    browser.post("/own").await.is(200, "Some(11) None");
    browser.get("/visits").await.is(200, "0");
}

#[tokio::test]
async fn a_failing_handler_drops_changes_of_data_and_one_that_refuses_does_not() {
    let world = World::new();
    let answer = |status: u16| {
        post(async move |session: Session| -> Result<StatusCode, Refused> {
            session.set(NOTE, &format!("written by {status}"))?;
            Ok(StatusCode::from_u16(status).unwrap())
        })
    };
    let refuse = post(async |session: Session| -> Done {
        session.set(NOTE, &"refused".to_owned())?;
        Err(Problem::from(Code::BadRequest).into())
    });
    let fail = post(async |session: Session| -> Done {
        session.set(NOTE, &"failed".to_owned())?;
        Err(Problem::from(Code::Internal).into())
    });
    let app = shop()
        .route("/404", answer(404))
        .route("/500", answer(500))
        .route("/refuse", refuse)
        .route("/fail", fail);
    let mut browser = world.browser(app);
    browser.post("/note/first").await.is(200, "");
    for (path, kept) in [
        ("/500", "first"),
        ("/404", "written by 404"),
        ("/fail", "written by 404"),
        ("/refuse", "refused"),
    ] {
        browser.post(path).await;
        browser.get("/note").await.is(200, kept);
    }
}

#[tokio::test]
async fn a_failing_handler_opens_no_session_for_what_it_dropped() {
    let world = World::new();
    let fail = post(async |session: Session| -> Done {
        session.set(NOTE, &"failed".to_owned())?;
        Err(Problem::from(Code::Internal).into())
    });
    let mut browser = world.browser(shop().route("/fail", fail));
    let answer = browser.post("/fail").await;
    answer.refused(500, "INTERNAL");
    assert!(answer.set_cookie().is_none());
    assert!(world.store.calls().is_empty());
}

#[tokio::test]
async fn what_was_saved_outlives_the_failure_of_its_handler() {
    let world = World::new();
    let fail = post(async |session: Session| -> Done {
        session.set(NOTE, &"saved".to_owned())?;
        session.save().await?;
        session.set(NOTE, &"dropped".to_owned())?;
        Err(Problem::from(Code::Internal).into())
    });
    let mut browser = world.browser(shop().route("/fail", fail));
    browser.post("/fail").await.refused(500, "INTERNAL");
    browser.get("/note").await.is(200, "saved");
}

#[tokio::test]
async fn a_change_that_does_not_fit_is_refused_and_leaves_the_others() {
    let world = World::new();
    let handler = post(async |session: Session| -> Result<String, Refused> {
        const BIG: Field<String> = Field::new("big");
        const VISITS_AS_TEXT: Field<String> = Field::new("visits");
        session.set(NOTE, &"before".to_owned())?;
        let too_large = session.set(BIG, &"x".repeat(70_000)).is_err();
        let wrong_type = session.update(VISITS_AS_TEXT, |text| text.push('x')).is_err();
        session.update(VISITS, |visits| *visits += 1)?;
        Ok(format!(
            "{too_large} {wrong_type} {:?} {:?}",
            session.get(BIG)?,
            session.get(NOTE)?
        ))
    });
    let mut browser = world.browser(shop().route("/try", handler));
    browser.post("/visits").await.is(200, "");
    browser
        .post("/try")
        .await
        .is(200, "true true None Some(\"before\")");
    browser.get("/visits").await.is(200, "2");
    browser.get("/note").await.is(200, "before");
}

#[tokio::test]
async fn what_is_changed_while_the_request_saves_is_not_lost() {
    let world = World::new();
    let handler = post(async |session: Session| -> Done {
        session.set(NOTE, &"note".to_owned())?;
        let saving = session.save();
        let changing = async { session.update(VISITS, |visits| *visits += 1) };
        let (saved, changed) = tokio::join!(saving, changing);
        saved?;
        Ok(changed?)
    });
    let mut browser = world.browser(shop().route("/both", handler));
    for visits in 1..=3 {
        browser.post("/both").await.is(200, "");
        browser.get("/visits").await.is(200, &visits.to_string());
    }
}

#[tokio::test]
async fn after_the_answer_has_left_changes_are_refused_rather_than_lost() {
    let world = World::new();
    let kept: Arc<Mutex<Option<Session>>> = Arc::default();
    let keep = kept.clone();
    let handler = get(async move |session: Session| {
        *keep.lock().await = Some(session);
    });
    let mut browser = world.browser(shop().route("/keep", handler));
    browser.post("/login/alice").await.is(200, "");
    browser.post("/visits").await.is(200, "");
    browser.get("/keep").await.is(200, "");

    let session = kept.lock().await.take().unwrap();
    assert_eq!(session.get(VISITS).unwrap(), Some(1), "reading goes on");
    assert!(session.set(VISITS, &7).is_err());
    assert!(session.update(VISITS, |visits| *visits += 1).is_err());
    world.store.calls();
    assert!(session.rotate().await.is_err());
    assert!(session.step_up("password".parse().unwrap()).await.is_err());
    assert!(session.log_in(LogIn::of("bob".parse().unwrap())).await.is_err());
    assert!(session.credentials_changed().await.is_err());
    assert!(session.log_out_others().await.is_err());
    assert!(
        world.store.calls().is_empty(),
        "an act whose cookie is lost would log the user out"
    );
    browser.get("/me").await.is(200, "alice");
    session.log_out().await.unwrap();
    browser.get("/me").await.refused(401, "NO_SESSION");
}
