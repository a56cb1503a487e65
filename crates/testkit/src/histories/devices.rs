//! Browsers, as common as they are, in versions that move on.

use super::dice::Dice;

/// A browser on a system.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Device {
    ChromeWindows,
    EdgeWindows,
    FirefoxWindows,
    ChromeMac,
    SafariMac,
    FirefoxLinux,
    SafariPhone,
    ChromeAndroid,
    SamsungAndroid,
    SafariPad,
}

use Device::{
    ChromeAndroid, ChromeMac, ChromeWindows, EdgeWindows, FirefoxLinux, FirefoxWindows, SafariMac, SafariPad,
    SafariPhone, SamsungAndroid,
};

const COMPUTERS: &[(Device, f64)] = &[
    (ChromeWindows, 48.0),
    (EdgeWindows, 17.0),
    (FirefoxWindows, 7.0),
    (ChromeMac, 9.0),
    (SafariMac, 13.0),
    (FirefoxLinux, 6.0),
];
const PHONES: &[(Device, f64)] = &[
    (SafariPhone, 38.0),
    (ChromeAndroid, 45.0),
    (SamsungAndroid, 10.0),
    (SafariPad, 7.0),
];

impl Device {
    pub fn computer(dice: &mut Dice) -> Self {
        *dice.weighted(COMPUTERS)
    }

    pub fn phone(dice: &mut Dice) -> Self {
        *dice.weighted(PHONES)
    }

    pub fn is_phone(self) -> bool {
        PHONES.iter().any(|(phone, _)| *phone == self)
    }

    /// The header, in the version of that month.
    pub fn agent(self, month: u64) -> String {
        let v = 140 + month;
        let chrome = |system: &str, more: &str| {
            format!(
                "Mozilla/5.0 ({system}) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/{v}.0.0.0 {more}Safari/537.36"
            )
        };
        let safari = |system: &str, mobile: &str| {
            format!(
                "Mozilla/5.0 ({system}) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/{}.{} {mobile}Safari/605.1.15",
                18 + v / 100,
                month
            )
        };
        match self {
            ChromeWindows => chrome("Windows NT 10.0; Win64; x64", ""),
            EdgeWindows => chrome("Windows NT 10.0; Win64; x64", "") + &format!(" Edg/{v}.0.0.0"),
            FirefoxWindows => {
                format!("Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:{v}.0) Gecko/20100101 Firefox/{v}.0")
            }
            ChromeMac => chrome("Macintosh; Intel Mac OS X 10_15_7", ""),
            SafariMac => safari("Macintosh; Intel Mac OS X 10_15_7", ""),
            FirefoxLinux => format!("Mozilla/5.0 (X11; Linux x86_64; rv:{v}.0) Gecko/20100101 Firefox/{v}.0"),
            SafariPhone => safari("iPhone; CPU iPhone OS 18_5 like Mac OS X", "Mobile/15E148 "),
            ChromeAndroid => chrome("Linux; Android 10; K", "Mobile "),
            SamsungAndroid => chrome("Linux; Android 10; K", "SamsungBrowser/28.0 Mobile "),
            SafariPad => safari("iPad; CPU OS 18_5 like Mac OS X", "Mobile/15E148 "),
        }
    }

    /// What it says it is when the user asks for the page of computers.
    pub fn in_desktop_mode(self) -> Self {
        match self {
            SafariPhone | SafariPad => SafariMac,
            other => other,
        }
    }
}
