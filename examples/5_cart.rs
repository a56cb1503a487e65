//! Story 5: what a visitor put into the cart is still there after log-in; nothing else is.
//!
//! ```sh
//! cargo run -p cloakroom --example 5_cart
//! curl -b jar -c jar -d item=umbrella http://127.0.0.1:3000/cart
//! curl -b jar -c jar -d theme=dark    http://127.0.0.1:3000/theme
//! curl -b jar http://127.0.0.1:3000/                                # cart: umbrella, theme: dark
//! curl -b jar -c jar -d user=alice    http://127.0.0.1:3000/login
//! curl -b jar http://127.0.0.1:3000/                                # cart: umbrella, theme: light
//! ```

use axum::Router;
use axum::extract::Form;
use axum::routing::{get, post};
use cloakroom::{CookieConfig, Field, LogIn, Policy, Refused, Session, SessionLayer};
use serde::Deserialize;

/// Carried over at log-in, because it says so. Never let anything survive that says who somebody is.
const CART: Field<Vec<String>> = Field::new("cart").survives_log_in();
/// Dropped at log-in, as everything else.
const THEME: Field<String> = Field::new("theme");

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let store = std::env::var("STORE").unwrap_or_else(|_| "memory:".to_owned());
    let port = std::env::var("PORT").unwrap_or_else(|_| "3000".to_owned());

    let sessions = cloakroom::open(&store, Policy::default()).await?;
    // Plain HTTP on one's own machine; leave this out behind TLS.
    let cookie = CookieConfig::default().danger_insecure();
    let app = Router::new()
        .route("/", get(front_page))
        .route("/cart", post(put_into_cart))
        .route("/theme", post(choose_theme))
        .route("/login", post(log_in))
        .layer(SessionLayer::new(sessions).cookie(cookie));
    let listener = tokio::net::TcpListener::bind(format!("127.0.0.1:{port}")).await?;
    println!("listening on http://{}", listener.local_addr()?);
    Ok(axum::serve(listener, app).await?)
}

/// A visitor who puts nothing into the session gets no cookie and costs no call to the store.
async fn front_page(session: Session) -> Result<String, Refused> {
    let who = session
        .subject()
        .map_or("visitor".to_owned(), |subject| subject.to_string());
    let cart = session.get(CART)?.unwrap_or_default().join(" ");
    let theme = session.get(THEME)?.unwrap_or_else(|| "light".to_owned());
    Ok(format!("{who}, cart: {cart}, theme: {theme}\n"))
}

#[derive(Deserialize)]
struct Item {
    item: String,
}

/// `update` runs again if another request wrote to the cart meanwhile, so two clicks at once are two items.
async fn put_into_cart(session: Session, Form(put): Form<Item>) -> Result<(), Refused> {
    Ok(session.update(CART, move |cart| cart.push(put.item.clone()))?)
}

#[derive(Deserialize)]
struct Theme {
    theme: String,
}

async fn choose_theme(session: Session, Form(chosen): Form<Theme>) -> Result<(), Refused> {
    Ok(session.set(THEME, &chosen.theme)?)
}

#[derive(Deserialize)]
struct Name {
    user: String,
}

/// Without a password, to keep the example to its point.
async fn log_in(session: Session, Form(name): Form<Name>) -> Result<(), Refused> {
    Ok(session.log_in(LogIn::of(name.user.parse()?)).await?)
}
