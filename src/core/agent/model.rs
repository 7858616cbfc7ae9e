//! Names of models: the same one is called by several.

/// Whether two names are of the same model: what is asked for by an alias answers under the
/// name of a snapshot, and a window that is asked for, or a provider, is no part of it.
pub(super) fn is_same(one: &str, two: &str) -> bool {
    one == two || bare(one) == bare(two)
}

fn bare(name: &str) -> &str {
    let name = unprovided(name);
    undated(name.split_once('[').map_or(name, |(name, _)| name))
}

/// A name without its provider: `openai/gpt-5`.
pub(super) fn unprovided(name: &str) -> &str {
    name.rsplit('/').next().unwrap_or(name)
}

/// A name without the day at its end: `-2026-01-31`, `-20260131`.
pub(super) fn undated(name: &str) -> &str {
    let is_day = |text: &str| {
        let digits = text.bytes().filter(u8::is_ascii_digit).count();
        text.starts_with("-20") && digits == 8 && digits + text.matches('-').count() == text.len()
    };
    let day = |length: usize| {
        let at = name.len().checked_sub(length)?;
        name.get(at..)
            .filter(|text| is_day(text))
            .map(|_| &name[..at])
    };
    day(11).or_else(|| day(9)).unwrap_or(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_snapshot_a_window_and_a_provider_are_no_other_model() {
        for other in [
            "claude-sonnet-4-5",
            "claude-sonnet-4-5-20260101",
            "claude-sonnet-4-5-2026-01-01",
            "claude-sonnet-4-5[1m]",
            "anthropic/claude-sonnet-4-5",
        ] {
            assert!(is_same("claude-sonnet-4-5", other), "{other}");
        }
        for other in ["", "claude-sonnet-4", "claude-sonnet-4-5-2", "x[1m]"] {
            assert!(!is_same("claude-sonnet-4-5", other), "{other}");
        }
    }
}
