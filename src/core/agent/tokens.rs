//! Tokens, and money.

use std::fmt;
use std::ops::{Add, AddAssign};

use serde::{Deserialize, Serialize};

/// Tokens of a model, each counted once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Tokens {
    /// Read, without those from or into a cache.
    pub input: u64,
    /// Written, those of `reasoning` included where the provider bills them so.
    pub output: u64,
    /// Read from a cache.
    pub cache_read: u64,
    /// Read, and put into a cache.
    pub cache_write: u64,
    /// Of `output`, those that were thinking; where a provider counts them beside the
    /// output, a decoder adds them to it.
    pub reasoning: u64,
}

impl Tokens {
    /// All of them; reasoning is output and counted as that.
    pub const fn total(self) -> u64 {
        self.input
            .saturating_add(self.output)
            .saturating_add(self.cache_read)
            .saturating_add(self.cache_write)
    }

    /// Whether there are none.
    pub fn is_zero(self) -> bool {
        self == Self::default()
    }

    /// What of these is beyond those.
    #[must_use]
    pub const fn beyond(self, those: Self) -> Self {
        Self {
            input: self.input.saturating_sub(those.input),
            output: self.output.saturating_sub(those.output),
            cache_read: self.cache_read.saturating_sub(those.cache_read),
            cache_write: self.cache_write.saturating_sub(those.cache_write),
            reasoning: self.reasoning.saturating_sub(those.reasoning),
        }
    }
}

impl Add for Tokens {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self {
            input: self.input.saturating_add(other.input),
            output: self.output.saturating_add(other.output),
            cache_read: self.cache_read.saturating_add(other.cache_read),
            cache_write: self.cache_write.saturating_add(other.cache_write),
            reasoning: self.reasoning.saturating_add(other.reasoning),
        }
    }
}

impl AddAssign for Tokens {
    fn add_assign(&mut self, other: Self) {
        *self = *self + other;
    }
}

/// An amount of US dollars, in billionths: sums and differences are exact.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Usd(pub u64);

impl Usd {
    /// Of dollars as a stream has them; `None` where that is no amount.
    pub fn of(dollars: f64) -> Option<Self> {
        let nano = (dollars * 1e9).round();
        (0.0..1e18).contains(&nano).then_some(Self(nano as u64))
    }

    /// In dollars.
    pub fn dollars(self) -> f64 {
        self.0 as f64 / 1e9
    }

    /// What of it is beyond that.
    #[must_use]
    pub const fn beyond(self, that: Self) -> Self {
        Self(self.0.saturating_sub(that.0))
    }
}

impl Add for Usd {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }
}

impl AddAssign for Usd {
    fn add_assign(&mut self, other: Self) {
        *self = *self + other;
    }
}

/// `$0.02`, `$12.40`; below a cent with as many digits as it takes.
impl fmt::Display for Usd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let dollars = self.dollars();
        match self.0 {
            0 => f.write_str("$0"),
            1..=9_999_999 => write!(f, "${dollars:.4}"),
            _ => write!(f, "${dollars:.2}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn money_is_exact_and_short() {
        assert_eq!(Usd::of(0.022_815_6), Some(Usd(22_815_600)));
        assert_eq!(Usd::of(-0.1), None);
        assert_eq!(Usd::of(f64::NAN), None);
        assert_eq!(Usd::of(f64::INFINITY), None);
        let shown = [0, 12_345, 9_999_999, 22_815_600, 12_400_000_000].map(|n| Usd(n).to_string());
        assert_eq!(shown, ["$0", "$0.0000", "$0.0100", "$0.02", "$12.40"]);
    }
}
