//! Devices as people name them: "Firefox on Linux".
//!
//! A table of the names that matter, in the order in which they must be looked for (Edge also says Chrome, Chrome also
//! says Safari). A parser with the thousand patterns of the field's common list takes longer to start than the server.

const BROWSERS: &[(&str, &str)] = &[
    ("Edg/", "Edge"),
    ("EdgA/", "Edge"),
    ("EdgiOS/", "Edge"),
    ("OPR/", "Opera"),
    ("Vivaldi/", "Vivaldi"),
    ("SamsungBrowser/", "Samsung Internet"),
    ("YaBrowser/", "Yandex Browser"),
    ("FxiOS/", "Firefox"),
    ("Firefox/", "Firefox"),
    ("CriOS/", "Chrome"),
    ("HeadlessChrome/", "Chrome"),
    ("Chromium/", "Chromium"),
    ("Chrome/", "Chrome"),
    ("Version/", "Safari"),
    ("curl/", "curl"),
    ("Wget/", "Wget"),
    ("python-requests/", "Python"),
    ("okhttp/", "OkHttp"),
    ("Go-http-client/", "Go"),
    ("PostmanRuntime/", "Postman"),
];

const SYSTEMS: &[(&str, &str)] = &[
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("CrOS", "ChromeOS"),
    ("Windows", "Windows"),
    ("Macintosh", "Mac"),
    ("Linux", "Linux"),
];

/// The label of a device: browser and system, one of them, or the product that the header names first.
#[must_use]
pub fn label(user_agent: Option<&str>) -> String {
    let agent = user_agent.map(Agent::read);
    match agent.map(|agent| (agent.browser, agent.system)) {
        Some((Some(browser), Some(system))) => format!("{browser} on {system}"),
        Some((Some(name), None) | (None, Some(name))) => name.to_owned(),
        None | Some((None, None)) => "Unknown device".to_owned(),
    }
}

/// What a header says of the browser that sent it.
pub(crate) struct Agent<'a> {
    /// The browser; one that is not in the table goes by the product that is named first.
    pub(crate) browser: Option<&'a str>,
    /// Its major version, if it says one.
    pub(crate) major: Option<u32>,
    /// What it runs on.
    pub(crate) system: Option<&'static str>,
}

impl<'a> Agent<'a> {
    pub(crate) fn read(user_agent: &'a str) -> Self {
        let known = BROWSERS
            .iter()
            .find_map(|(mark, name)| Some((*name, user_agent.split_once(mark)?.1)));
        let (browser, version) = match known {
            Some((name, version)) => (Some(name), Some(version)),
            None => (
                first_product(user_agent),
                user_agent.split_once('/').map(|(_, version)| version),
            ),
        };
        let digits = version.and_then(|version| version.split(|c: char| !c.is_ascii_digit()).next());
        let system = SYSTEMS.iter().find(|(mark, _)| user_agent.contains(mark));
        Self {
            browser,
            major: digits.and_then(|digits| digits.parse().ok()),
            system: system.map(|(_, name)| *name),
        }
    }
}

fn first_product(user_agent: &str) -> Option<&str> {
    let first = user_agent.split(['/', ' ']).next();
    first.filter(|name| !name.is_empty() && *name != "Mozilla")
}
