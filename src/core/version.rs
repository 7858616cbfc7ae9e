//! Which program this is. The version is the program's, not this library's: two programs
//! built from it may stand side by side, one to replace the other.

use std::cmp::Ordering;
use std::sync::OnceLock;

use semver::Version;

static OURS: OnceLock<&'static str> = OnceLock::new();

/// Says what this program calls itself: once, before anything else.
pub fn claim(version: &'static str) {
    // the first word holds
    OURS.set(version).ok();
}

/// What this program calls itself.
pub fn ours() -> &'static str {
    OURS.get().copied().unwrap_or(env!("CARGO_PKG_VERSION"))
}

/// How a version stands to another one (<https://semver.org>, 11). What is no version is
/// neither older nor newer than anything.
pub fn compare(this: &str, other: &str) -> Ordering {
    match (Version::parse(this), Version::parse(other)) {
        (Ok(this), Ok(other)) => this.cmp_precedence(&other),
        _ => Ordering::Equal,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_compared_as_numbers() {
        for (older, newer) in [
            ("0.1.0", "0.2.0"),
            ("0.9.0", "0.10.0"),
            ("1.0.0-rc.1", "1.0.0"),
            ("99.0.0", "100.0.0"),
        ] {
            assert_eq!(compare(older, newer), Ordering::Less, "{older} {newer}");
            assert_eq!(compare(newer, older), Ordering::Greater, "{older} {newer}");
        }
        for (this, same) in [("0.1.0", "0.1.0"), ("0.1.0", "0.1.0+local"), ("9", "0.1.0")] {
            assert_eq!(compare(this, same), Ordering::Equal, "{this} {same}");
        }
    }
}
