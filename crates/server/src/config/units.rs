//! One whole number and one unit, as people write sizes and lengths of time.

use std::fmt;

/// The units of a measure by name, largest first, each with how many of the smallest it is.
pub(super) type Units = [(&'static str, u64)];

/// How many of the smallest unit a text says; nothing if it is not a number and a unit, or too large to count.
pub(super) fn read(text: &str, units: &Units) -> Option<u64> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (number, unit) = text.split_at(digits);
    // `parse` refuses the empty text; a sign never gets here.
    let number: u64 = number.parse().ok()?;
    let (_, size) = units.iter().find(|(name, _)| *name == unit)?;
    number.checked_mul(*size)
}

/// Writes an amount in the largest unit that divides it evenly, so that what is printed can be read back; none at all in
/// the unit `zero`.
pub(super) fn write(f: &mut fmt::Formatter<'_>, amount: u64, units: &Units, zero: &str) -> fmt::Result {
    let whole = units
        .iter()
        .find(|(_, size)| amount > 0 && amount.is_multiple_of(*size));
    let (unit, size) = whole.copied().unwrap_or((zero, 1));
    write!(f, "{}{unit}", amount / size)
}
