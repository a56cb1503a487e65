//! Where secrets come from.

/// The random source failed. Nothing weaker is used in its place: the request fails.
#[derive(Debug, thiserror::Error)]
#[error("the random source failed; no secret was made")]
pub struct RandomError;

/// A cryptographically secure random source (ASVS 11.5.1), in production the operating system's.
pub trait Random: Send + Sync + 'static {
    /// Fills `bytes` or fails; never fills a part.
    fn fill(&self, bytes: &mut [u8]) -> Result<(), RandomError>;
}

impl<R: Random + ?Sized> Random for std::sync::Arc<R> {
    fn fill(&self, bytes: &mut [u8]) -> Result<(), RandomError> {
        (**self).fill(bytes)
    }
}

/// `N` random bytes.
pub(crate) fn bytes<const N: usize>(random: &dyn Random) -> Result<[u8; N], RandomError> {
    let mut bytes = [0; N];
    random.fill(&mut bytes)?;
    Ok(bytes)
}
