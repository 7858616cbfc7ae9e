//! What screens remember of one another: the commands given, what was composed, whether
//! the history is unfolded.

use std::collections::BTreeMap;

/// Whether the history is unfolded.
pub(super) const FOLD: &str = "list.history";
/// Commands given, oldest first, a line each.
pub(super) const BAR: &str = "bar.history";

/// What was composed, oldest first, as JSON: it has lines.
pub(super) const COMPOSED: &str = "compose.history";

/// Most of that remembered, and most bytes of each.
const COMPOSITIONS: (usize, usize) = (50, 8 << 10);

/// Most commands remembered.
pub(super) const COMMANDS: usize = 200;

/// As [`FOLD`] says it.
pub(super) fn fold(unfolded: bool) -> String {
    if unfolded { "unfolded" } else { "folded" }.into()
}

/// Whether the history is to be unfolded.
pub(super) fn is_unfolded(settings: &BTreeMap<String, String>) -> bool {
    settings.get(FOLD).is_some_and(|value| value == "unfolded")
}

/// The commands given before.
pub(super) fn commands(settings: &BTreeMap<String, String>) -> Vec<String> {
    let lines = settings.get(BAR).map_or("", String::as_str).lines();
    let all: Vec<String> = lines.map(str::to_owned).collect();
    let first = all.len().saturating_sub(COMMANDS);
    all[first..].to_vec()
}

/// Those with another one, the last; `None` where that is not to be written down: values
/// given with `--env` are never stored, and what a program is sent may be a password.
pub(super) fn with_command(settings: &BTreeMap<String, String>, line: &str) -> Option<String> {
    let begins = |c: char| c == ':' || c.is_whitespace();
    let verb = line.trim_start_matches(begins).split_whitespace().next();
    if line.contains("--env") || verb == Some("send") {
        return None;
    }
    let mut all = commands(settings);
    add(&mut all, line);
    Some(all.join("\n"))
}

/// What was composed before.
pub(super) fn composed(settings: &BTreeMap<String, String>) -> Vec<String> {
    let all = settings.get(COMPOSED);
    all.and_then(|all| serde_json::from_str(all).ok())
        .unwrap_or_default()
}

/// That with another one, the last; `None` where that is not to be written down.
pub(super) fn with_composed(settings: &BTreeMap<String, String>, text: &str) -> Option<String> {
    let (most, longest) = COMPOSITIONS;
    if text.contains("--env") || text.len() > longest {
        return None;
    }
    let mut all = composed(settings);
    all.retain(|known| known != text);
    all.push(text.to_owned());
    let first = all.len().saturating_sub(most);
    serde_json::to_string(&all[first..]).ok()
}

/// Adds a command as the last; it is there but once.
pub(super) fn add(all: &mut Vec<String>, line: &str) {
    all.retain(|known| known != line);
    all.push(line.to_owned());
    if all.len() > COMMANDS {
        all.remove(0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_may_be_secret_is_not_remembered() {
        let none = BTreeMap::new();
        for line in ["send 3 x", " : send 3 x", "send\t3 x", "run --env K=V ls"] {
            assert_eq!(with_command(&none, line), None, "{line:?}");
        }
        let line = "run -- resend 3";
        assert_eq!(with_command(&none, line).as_deref(), Some(line));
    }
}
