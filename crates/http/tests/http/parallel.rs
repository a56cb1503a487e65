//! Requests of one session at the same time.

use crate::shop::{NOTE, VISITS, shop};
use crate::world::{Browser, World};
use axum::routing::post;
use cloakroom_core::{Policy, Token};
use cloakroom_http::{LogIn, Refused, Session};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Notify;

type Done = Result<(), Refused>;
type Later = std::pin::Pin<Box<dyn Future<Output = ()>>>;

/// A request that waits, with its session in hand, until it is told to go on.
#[derive(Clone, Default)]
struct Pause(Arc<(Notify, Notify)>);

impl Pause {
    async fn here(&self) {
        self.0.0.notify_one();
        self.0.1.notified().await;
    }

    /// Runs `meanwhile` while the request waits, and gives the request's own answer.
    async fn during<T>(&self, request: impl Future<Output = T>, meanwhile: impl Future<Output = ()>) -> T {
        let other = async {
            self.0.0.notified().await;
            meanwhile.await;
            self.0.1.notify_one();
        };
        tokio::join!(request, other).0
    }
}

/// A browser whose `/slow` makes a change, waits, and answers.
fn slow(
    world: &World,
    pause: &Pause,
    change: impl Fn(&Session) -> Done + Clone + Send + Sync + 'static,
) -> Browser {
    let pause = pause.clone();
    let handler = async move |session: Session| -> Done {
        change(&session)?;
        pause.here().await;
        Ok(())
    };
    world.browser(shop().route("/slow", post(handler)))
}

/// D4, invariant 3.
#[tokio::test]
async fn requests_that_change_different_fields_both_count() {
    let (world, pause) = (World::new(), Pause::default());
    let mut browser = slow(&world, &pause, |session| {
        Ok(session.set(NOTE, &"slow".to_owned())?)
    });
    browser.post("/visits").await.is(200, "");
    let (mut one, mut two) = (browser.clone(), browser.clone());
    let answer = pause
        .during(one.post("/slow"), async { two.post("/visits").await.is(200, "") })
        .await;
    answer.is(200, "");
    browser.get("/note").await.is(200, "slow");
    browser.get("/visits").await.is(200, "2");
}

/// D4, invariant 3.
#[tokio::test]
async fn requests_that_update_the_same_field_both_count() {
    let (world, pause) = (World::new(), Pause::default());
    let mut browser = slow(&world, &pause, |session| {
        Ok(session.update(VISITS, |visits| *visits += 10)?)
    });
    browser.post("/visits").await.is(200, "");
    let (mut one, mut two) = (browser.clone(), browser.clone());
    let others = async {
        for _ in 0..3 {
            two.post("/visits").await.is(200, "");
        }
    };
    pause.during(one.post("/slow"), others).await.is(200, "");
    browser.get("/visits").await.is(200, "14");
}

#[tokio::test(flavor = "multi_thread")]
async fn fifty_requests_at_once_count_fifty_times() {
    let world = World::new();
    let mut browser = world.browser(shop());
    browser.post("/visits").await.is(200, "");
    let requests = (0..50).map(|_| {
        let mut tab = browser.clone();
        tokio::spawn(async move { tab.post("/visits").await.is(200, "") })
    });
    for request in requests.collect::<Vec<_>>() {
        request.await.unwrap();
    }
    browser.get("/visits").await.is(200, "51");
}

/// D1 to D3, invariant 2.
#[tokio::test]
async fn a_slow_request_never_brings_back_a_session_that_was_logged_out() {
    let log_outs: [fn(Browser) -> Later; 2] = [
        |mut tab| Box::pin(async move { tab.post("/logout").await.is(200, "") }),
        |mut tab| Box::pin(async move { tab.post("/logout-everywhere").await.is(200, "1") }),
    ];
    for log_out in log_outs {
        let (world, pause) = (World::new(), Pause::default());
        let mut browser = slow(&world, &pause, |session| {
            Ok(session.update(VISITS, |visits| *visits += 1)?)
        });
        browser.post("/login/alice").await.is(200, "");
        browser.post("/visits").await.is(200, "");
        let (mut one, two) = (browser.clone(), browser.clone());
        let answer = pause.during(one.post("/slow"), log_out(two)).await;
        answer.refused(401, "NO_SESSION");
        assert!(answer.set_cookie().is_none(), "no new cookie either");
        browser.get("/me").await.refused(401, "NO_SESSION");
        browser.get("/visits").await.is(200, "0");
        assert_eq!(world.sessions.count().await.unwrap(), 0);
    }
}

#[tokio::test]
async fn a_session_that_ends_under_an_act_gets_no_new_token() {
    let (world, pause) = (World::new(), Pause::default());
    let at = pause.clone();
    let handler = async move |session: Session| -> Done {
        at.here().await;
        Ok(session.rotate().await?)
    };
    let mut browser = world.browser(shop().route("/slow", post(handler)));
    browser.post("/login/alice").await.is(200, "");
    let (mut one, mut two) = (browser.clone(), browser.clone());
    let answer = pause
        .during(one.post("/slow"), async { two.post("/logout").await.is(200, "") })
        .await;
    answer.refused(401, "NO_SESSION");
    assert!(answer.set_cookie().is_none());
    assert_eq!(world.sessions.count().await.unwrap(), 0);
}

#[tokio::test]
async fn a_log_in_that_is_ended_before_its_answer_left_does_not_hand_out_a_dead_token() {
    let (world, pause) = (World::new(), Pause::default());
    let at = pause.clone();
    let handler = async move |session: Session| -> Done {
        session.log_in(LogIn::of("alice".parse()?)).await?;
        session.set(NOTE, &"hello".to_owned())?;
        at.here().await;
        Ok(())
    };
    let mut browser = world.browser(shop().route("/slow", post(handler)));
    let subject = "alice".parse().unwrap();
    let end = async {
        let cause = world.sessions.operator("ops");
        let all = world
            .sessions
            .end_all(&subject, cloakroom_core::CloseReason::Revoked, &cause)
            .await;
        assert_eq!(all.unwrap().ended.len(), 1);
    };
    let answer = pause.during(browser.post("/slow"), end).await;
    answer.refused(401, "NO_SESSION");
    assert!(answer.set_cookie().is_none());
}

/// D6, requirement 31.
#[tokio::test(flavor = "multi_thread")]
async fn a_hundred_requests_at_the_edge_of_renewal_all_pass_and_get_one_successor() {
    let policy = Policy::builder().renew_after(Some(Duration::from_mins(10)));
    let world = World::with(policy.build().unwrap());
    let mut browser = world.browser(shop());
    browser.post("/login/alice").await.is(200, "");
    world.wind(601);
    let tabs: Vec<_> = (0..100)
        .map(|_| {
            let mut tab = browser.clone();
            tokio::spawn(async move {
                tab.get("/me").await.is(200, "alice");
                tab.cookie.unwrap()
            })
        })
        .collect();
    let mut successors = Vec::new();
    for tab in tabs {
        successors.push(tab.await.unwrap());
    }
    successors.sort();
    successors.dedup();
    assert_eq!(successors.len(), 1);
    assert_ne!(successors[0], browser.cookie.clone().unwrap());
    assert_eq!(world.sessions.count().await.unwrap(), 1);

    let mut renewed = browser.clone();
    renewed.cookie = Some(successors[0].clone());
    assert!(renewed.get("/me").await.set_cookie().is_none());
    world.wind(9);
    let late = browser.clone().get("/me").await;
    late.is(200, "alice");
    assert!(
        late.set_cookie().unwrap().starts_with(&successors[0]),
        "offered again within the overlap"
    );
    world.wind(30);
    browser.get("/me").await.refused(401, "NO_SESSION");
    renewed.get("/me").await.refused(401, "NO_SESSION");
}

#[tokio::test]
async fn a_lost_answer_logs_nobody_out_and_a_write_during_renewal_is_kept() {
    let world = World::new();
    let mut browser = world.browser(shop());
    browser.post("/login/alice").await.is(200, "");
    world.wind(1700);
    browser.get("/me").await.is(200, "alice");
    world.wind(1700);
    browser.get("/me").await.is(200, "alice");
    world.wind(200);
    let old = browser.cookie.clone();
    for visits in 1..=3 {
        browser.cookie.clone_from(&old);
        browser.post("/visits").await.is(200, "");
        assert_ne!(browser.cookie, old);
        browser.cookie.clone_from(&old);
        browser.get("/visits").await.is(200, &visits.to_string());
    }
    let token = Token::parse(browser.token()).unwrap();
    assert!(world.sessions.introspect(&token).await.unwrap().is_some());
}

#[tokio::test]
async fn a_request_under_way_while_another_steps_up_is_told_to_try_again_and_the_session_lives() {
    let (world, pause) = (World::new(), Pause::default());
    let mut browser = slow(&world, &pause, |session| {
        Ok(session.update(VISITS, |visits| *visits += 1)?)
    });
    browser.post("/login/alice").await.is(200, "");
    let (mut one, mut two) = (browser.clone(), browser.clone());
    let answer = pause
        .during(one.post("/slow"), async {
            two.post("/step-up").await.is(200, "");
        })
        .await;
    answer.refused(401, "NO_SESSION");
    assert!(
        answer.set_cookie().is_none(),
        "the cookie of the other tab must not be cleared"
    );
    two.get("/me").await.is(200, "alice");
}
