//! A headless Chromium with a profile of its own, driven through chromedriver.

use fantoccini::actions::{InputSource as _, KeyAction, KeyActions};
use fantoccini::elements::Element;
use fantoccini::error::CmdError;
use fantoccini::key::Key;
use fantoccini::wd::WebDriverCompatibleCommand;
use fantoccini::{Client, ClientBuilder, Locator};
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::{Value, json};
use std::io::{BufRead as _, BufReader, ErrorKind};
use std::os::unix::process::CommandExt as _;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use tempfile::TempDir;

const PATIENCE: Duration = Duration::from_secs(20);

/// How a browser is set up.
#[derive(Clone, Copy, Default)]
pub struct Setup {
    /// Pages may not run scripts.
    pub without_scripts: bool,
}

/// One browser of one person. It stops when dropped.
pub struct Chromium {
    client: Client,
    driver: Child,
    _profile: TempDir,
}

impl Chromium {
    pub async fn start() -> Self {
        Self::with(Setup::default()).await
    }

    pub async fn with(setup: Setup) -> Self {
        let profile = tempfile::tempdir().unwrap();
        let (driver, port) = driver(&profile);
        let flags = [
            "--headless=new",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-quic",
            "--disable-dev-shm-usage",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-default-apps",
            "--disable-extensions",
            "--disable-sync",
            "--no-first-run",
            "--no-default-browser-check",
            "--force-color-profile=srgb",
            "--lang=en-GB",
        ];
        let mut arguments: Vec<String> = flags.map(str::to_owned).into();
        arguments.push(format!(
            "--user-data-dir={}",
            profile.path().join("profile").display()
        ));
        let capabilities = json!({
            "browserName": "chrome",
            "goog:chromeOptions": {
                "args": arguments,
                "prefs": {
                    "profile.managed_default_content_settings.javascript": if setup.without_scripts { 2 } else { 1 },
                    "credentials_enable_service": false,
                },
            },
            "goog:loggingPrefs": { "browser": "ALL" },
        });
        let Value::Object(capabilities) = capabilities else {
            unreachable!()
        };
        let client = ClientBuilder::new(HttpConnector::new())
            .capabilities(capabilities)
            .connect(&format!("http://127.0.0.1:{port}"))
            .await
            .expect("chromedriver starts chromium; is the package `chromium` installed?");
        Self {
            client,
            driver,
            _profile: profile,
        }
    }

    pub async fn goto(&self, url: &str) {
        self.client.goto(url).await.unwrap();
    }

    /// The path and query of the page that is open.
    pub async fn at(&self) -> String {
        let url = self.client.current_url().await.unwrap();
        url[url::Position::BeforePath..].to_owned()
    }

    pub async fn text(&self) -> String {
        self.find("body").await.text().await.unwrap()
    }

    pub async fn find(&self, selector: &str) -> Element {
        match self.client.find(Locator::Css(selector)).await {
            Ok(element) => element,
            Err(error) => panic!("{selector} at {}: {error}", self.at().await),
        }
    }

    pub async fn count(&self, selector: &str) -> usize {
        self.client.find_all(Locator::Css(selector)).await.unwrap().len()
    }

    /// What a field or a part of the page says of itself.
    pub async fn attribute(&self, selector: &str, name: &str) -> Option<String> {
        self.find(selector).await.attr(name).await.unwrap()
    }

    pub async fn type_into(&self, selector: &str, text: &str) {
        let field = self.find(selector).await;
        field.clear().await.unwrap();
        field.send_keys(text).await.unwrap();
    }

    /// Clicks, and waits until another page is there.
    pub async fn click(&self, selector: &str) {
        let clicked = self.find(selector).await;
        clicked.click().await.unwrap();
        self.leave(&clicked).await;
    }

    /// Presses keys, one after the other.
    pub async fn press(&self, keys: &[Key]) {
        let mut actions = KeyActions::new("keyboard".to_owned());
        for &key in keys {
            let value = char::from(key);
            actions = actions
                .then(KeyAction::Down { value })
                .then(KeyAction::Up { value });
        }
        self.client.perform_actions(actions).await.unwrap();
    }

    pub async fn type_at_the_focus(&self, text: &str) {
        let mut actions = KeyActions::new("keyboard".to_owned());
        for value in text.chars() {
            actions = actions
                .then(KeyAction::Down { value })
                .then(KeyAction::Up { value });
        }
        self.client.perform_actions(actions).await.unwrap();
    }

    /// Presses Tab until the focus is there; every stop on the way must be visible.
    pub async fn tab_to(&self, selector: &str) {
        for _ in 0..40 {
            self.press(&[Key::Tab]).await;
            let seen = self
                .run(
                    "const it = document.activeElement, style = getComputedStyle(it); \
                      return style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2",
                )
                .await;
            assert_eq!(
                seen,
                json!(true),
                "the focus is not to be seen on the way to {selector}"
            );
            if self.has_focus(selector).await {
                return;
            }
        }
        panic!("{selector} is not reached by Tab");
    }

    pub async fn has_focus(&self, selector: &str) -> bool {
        self.client
            .execute(
                "return document.activeElement.matches(arguments[0])",
                vec![json!(selector)],
            )
            .await
            .unwrap()
            == json!(true)
    }

    /// Enter on what has the focus, and waits until another page is there.
    pub async fn enter(&self) {
        let here = self.find("html").await;
        self.press(&[Key::Enter]).await;
        self.leave(&here).await;
    }

    /// Runs a script, as the body of a function.
    pub async fn run(&self, script: &str) -> Value {
        self.client.execute(script, Vec::new()).await.unwrap()
    }

    /// Waits until the condition, a script, is true of the page.
    pub async fn until(&self, condition: &str) {
        let end = Instant::now() + PATIENCE;
        loop {
            // In the middle of a navigation there is no page to ask.
            match self
                .client
                .execute(&format!("return {condition}"), Vec::new())
                .await
            {
                Ok(Value::Bool(true)) => return,
                answer => assert!(
                    Instant::now() < end,
                    "{condition} at {}: {answer:?}",
                    self.at().await
                ),
            }
            tokio::time::sleep(Duration::from_millis(25)).await;
        }
    }

    /// A window so wide and so high, in CSS pixels. A real one cannot be as narrow as a phone.
    pub async fn size(&self, width: u32, height: u32, scale: u32) {
        self.devtools(
            "Emulation.setDeviceMetricsOverride",
            json!({ "width": width, "height": height, "deviceScaleFactor": scale, "mobile": false }),
        )
        .await;
    }

    pub async fn dark(&self, dark: bool) {
        let value = if dark { "dark" } else { "light" };
        self.devtools(
            "Emulation.setEmulatedMedia",
            json!({ "features": [{ "name": "prefers-color-scheme", "value": value }] }),
        )
        .await;
    }

    /// Headers that a proxy in front would add.
    pub async fn send_headers(&self, headers: Value) {
        self.devtools("Network.enable", json!({})).await;
        self.devtools("Network.setExtraHTTPHeaders", json!({ "headers": headers }))
            .await;
    }

    /// Calls itself something else.
    pub async fn call_itself(&self, user_agent: &str) {
        self.devtools(
            "Emulation.setUserAgentOverride",
            json!({ "userAgent": user_agent }),
        )
        .await;
    }

    /// What the window shows, as a PNG.
    pub async fn picture(&self) -> Vec<u8> {
        self.client.screenshot().await.unwrap()
    }

    /// What the console warns of since this was last asked. Answers of 4xx, which it also tells of, are left out.
    pub async fn complaints(&self) -> Vec<String> {
        let command = Post {
            path: "se/log",
            body: json!({ "type": "browser" }),
        };
        let log = self.client.issue_cmd(command).await.unwrap();
        let entries = log.as_array().unwrap().iter();
        entries
            .filter(|entry| entry["level"] == "SEVERE" || entry["level"] == "WARNING")
            .map(|entry| format!("{} {}", entry["source"], entry["message"]))
            .filter(|entry| !(entry.starts_with("\"network\"") && entry.contains("with a status of 4")))
            .collect()
    }

    async fn devtools(&self, name: &str, parameters: Value) -> Value {
        let command = Post {
            path: "goog/cdp/execute",
            body: json!({ "cmd": name, "params": parameters }),
        };
        self.client.issue_cmd(command).await.unwrap()
    }

    /// Waits until this element's page is gone and the next one is loaded.
    async fn leave(&self, element: &Element) {
        let end = Instant::now() + PATIENCE;
        loop {
            match element.tag_name().await {
                Err(CmdError::Standard(error)) if error.error.to_string().contains("stale element") => break,
                // The frame it stood in may be in the middle of a change.
                answer => assert!(
                    Instant::now() < end,
                    "the page stays: {answer:?} at {}",
                    self.at().await
                ),
            }
            tokio::time::sleep(Duration::from_millis(25)).await;
        }
    }
}

impl Drop for Chromium {
    fn drop(&mut self) {
        // The whole group: the browser is a child of the driver, and has many of its own.
        let group = format!("-{}", self.driver.id());
        let _ = Command::new("kill").args(["-KILL", "--", &group]).status();
        let _ = self.driver.wait();
    }
}

/// chromedriver on a port that it finds, at the head of a process group.
fn driver(profile: &TempDir) -> (Child, u16) {
    let mut command = Command::new("chromedriver");
    command
        .arg("--port=0")
        .env("HOME", profile.path())
        .env("TMPDIR", profile.path())
        .process_group(0)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null());
    let mut child = match command.spawn() {
        Ok(child) => child,
        Err(error) if error.kind() == ErrorKind::NotFound => {
            panic!("chromedriver is missing: apt-get install chromium chromium-driver")
        }
        Err(error) => panic!("chromedriver: {error}"),
    };
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let port = loop {
        let line = lines.next().expect("chromedriver ended at its start").unwrap();
        if let Some((_, port)) = line.split_once("started successfully on port ") {
            break port.trim_end_matches('.').parse().unwrap();
        }
    };
    std::thread::spawn(move || lines.for_each(drop));
    (child, port)
}

/// A command that only Chromium's driver knows.
#[derive(Debug)]
struct Post {
    path: &'static str,
    body: Value,
}

impl WebDriverCompatibleCommand for Post {
    fn endpoint(&self, base: &url::Url, session: Option<&str>) -> Result<url::Url, url::ParseError> {
        base.join(&format!("session/{}/{}", session.unwrap_or_default(), self.path))
    }

    fn method_and_body(&self, _: &url::Url) -> (axum::http::Method, Option<String>) {
        (axum::http::Method::POST, Some(self.body.to_string()))
    }
}
