//! What kind of body a request says it has.

/// A media type without its parameters (RFC 9110 §8.3.1), in the letters it came in.
pub(crate) fn essence(kind: &[u8]) -> &[u8] {
    let essence = kind.split(|byte| *byte == b';').next();
    essence.unwrap_or_default().trim_ascii()
}
