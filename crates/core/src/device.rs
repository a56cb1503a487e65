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
    match user_agent.map(family) {
        Some((Some(browser), Some(system))) => format!("{browser} on {system}"),
        Some((Some(name), None) | (None, Some(name))) => name.to_owned(),
        None | Some((None, None)) => "Unknown device".to_owned(),
    }
}

/// The major version of the browser, if it says one.
pub(crate) fn major(user_agent: &str) -> Option<u32> {
    let mark = BROWSERS.iter().find_map(|(mark, _)| user_agent.split_once(mark));
    let version = mark.or_else(|| user_agent.split_once('/'))?.1;
    let digits = version.split(|c: char| !c.is_ascii_digit()).next()?;
    digits.parse().ok()
}

/// Browser and system, without versions. A browser that is not in the table goes by the product that is named first.
pub(crate) fn family(user_agent: &str) -> (Option<&str>, Option<&str>) {
    let find = |table: &'static [(&str, &str)]| {
        table
            .iter()
            .find(|(mark, _)| user_agent.contains(mark))
            .map(|(_, name)| *name)
    };
    let first = || {
        user_agent
            .split(['/', ' '])
            .next()
            .filter(|name| !name.is_empty() && *name != "Mozilla")
    };
    (find(BROWSERS).or_else(first), find(SYSTEMS))
}
