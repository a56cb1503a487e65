//! An order that has nothing to do with the one before, and is the same at every run.

/// Shuffles.
pub fn shuffle<T>(items: &mut [T]) {
    let mut seed = 7_u64;
    for at in (1..items.len()).rev() {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        let other = (seed >> 33) % (at as u64 + 1);
        items.swap(at, usize::try_from(other).unwrap_or(at));
    }
}
