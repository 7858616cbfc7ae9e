//! What its errors say.

use std::sync::LazyLock;

use regex::Regex;

use crate::agent::common::{one_line, trouble_by_status, trouble_of};
use crate::agent::limit::duration;
use crate::agent::pattern::pattern;
use crate::core::agent::event::{AgentEvent, Trouble};

/// That it tries again, where an error says so.
pub(in crate::agent) fn retrying(why: &str) -> Option<AgentEvent> {
    let found = RETRY.captures(why)?;
    let number = |name, older| -> Option<u32> {
        let found = found.name(name).or_else(|| found.name(older))?;
        found.as_str().parse().ok()
    };
    let reason = found.name("why").map_or(why, |why| why.as_str());
    Some(AgentEvent::Retrying {
        attempt: number("attempt", "attempt2"),
        most: number("most", "most2"),
        delay_ms: found
            .name("delay")
            .and_then(|delay| duration(delay.as_str())),
        status: status(reason),
        why: one_line(reason),
    })
}

/// `Reconnecting... 2/5 (why)`, `Reconnecting... waiting for network (why)`, and of older
/// ones `stream error: why; retrying 2/5 in 200ms…`.
static RETRY: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"(?x)^Reconnecting\.\.\. (?:\s (?<attempt>\d+)/(?<most>\d+))? [^(]* (?:\((?<why>.*)\))?\s*$
          | retrying \s (?<attempt2>\d+)/(?<most2>\d+) (?:\s in \s (?<delay>[\d.]+\s?m?s))?",
    )
});

/// The HTTP status in an error of codex.
static STATUS: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"(?:unexpected status|last status:|error=http) (\d{3})\b"));

/// When a limit is reset, in the provider's own answer.
pub(super) static RESETS_AT: LazyLock<Regex> =
    LazyLock::new(|| pattern(r#"\\?"resets_at\\?":\s*(\d{9,11})\b"#));

/// A line of its log: time, level, place, message.
pub(super) static LOGGED: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"^\d{4}-\d\d-\d\dT[\d:.]+Z +ERROR [\w:]+: (?:error=)?(.+)$"));

/// What it says on standard error before it gives up.
static FATAL: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"^(?:Error:|error:|ERROR:|No prompt provided|Not inside a trusted directory|Not logged in|thread '.*' panicked)",
    )
});

/// Whether a line of standard error says why it gave up.
pub(super) fn is_fatal(line: &str) -> bool {
    FATAL.is_match(line)
}

fn status(why: &str) -> Option<u16> {
    STATUS.captures(why)?[1].parse().ok()
}

/// Which trouble an error means: by the words for what no status tells, then by status.
pub(in crate::agent) fn trouble(why: &str) -> Option<Trouble> {
    match trouble_of(why) {
        Some(Trouble::Quota) => Some(Trouble::Quota),
        by_words => status(why).and_then(trouble_by_status).or(by_words),
    }
}
