//! What its errors and its tools say.

use std::sync::LazyLock;

use regex::Regex;
use serde_json::Value;

use crate::agent::common::{fault_of, first, one_line, trouble_by_status, trouble_of};
use crate::agent::field::text;
use crate::agent::limit::{duration, reached};
use crate::agent::pattern::pattern;
use crate::core::agent::event::{AgentEvent, LimitState, Limited, Trouble};
use crate::core::agent::tool::{Category, Fault, FaultKind};
use crate::core::task::Exit;

/// What an API error comes to.
pub(super) struct ApiError {
    /// For people.
    pub(super) text: String,
    /// The HTTP status, where it is told.
    status: Option<u16>,
}

/// An error as it is told: `[API Error: …]` with words or the provider's own answer in it,
/// and of a line of standard error what stands behind the name of the error.
pub(super) fn api_error(told: &str) -> ApiError {
    let told = first(told, 4000);
    let inner = told.trim().strip_prefix("[API Error: ").unwrap_or(&told);
    let (inner, hint) = inner.split_once("]\n").unwrap_or((inner, ""));
    let inner = inner.strip_suffix(']').unwrap_or(inner);
    let answer = inner.find('{').and_then(|at| {
        let mut values = serde_json::Deserializer::from_str(&inner[at..]).into_iter::<Value>();
        values.next()?.ok()
    });
    let error = answer.as_ref().and_then(|answer| answer.get("error"));
    let Some(error) = error.filter(|error| !text(error, "message").is_empty()) else {
        let words = inner
            .rsplit_once("Error: ")
            .map_or(inner, |(_, words)| words);
        return ApiError {
            text: [words.trim(), hint.trim()].join("\n").trim().to_owned(),
            status: STATUS
                .captures(inner)
                .and_then(|found| found[1].parse().ok()),
        };
    };
    let code = error.get("code").and_then(Value::as_u64);
    ApiError {
        text: text(error, "message").to_owned(),
        status: code.and_then(|code| u16::try_from(code).ok()),
    }
}

impl ApiError {
    /// Which trouble it means. What will be answered again after a while is a limit, whatever
    /// it is called.
    pub(super) fn trouble(&self) -> Option<Trouble> {
        if self.limit().is_some() {
            return Some(Trouble::Limit);
        }
        trouble_of(&self.text).or_else(|| self.status.and_then(trouble_by_status))
    }

    /// The limit that it says is used up.
    pub(super) fn limit(&self) -> Option<Limited> {
        let after = |found: regex::Match<'_>| duration(&self.text[found.end()..]);
        reached(&self.text).or_else(|| {
            let quota = self.text.to_lowercase().contains("quota");
            let resets_in_ms = RETRY_IN
                .find(&self.text)
                .filter(|_| quota)
                .and_then(after)?;
            Some(Limited {
                state: LimitState::Reached,
                which: "quota".into(),
                resets: None,
                resets_in_ms: Some(resets_in_ms),
                clock: None,
                used: None,
            })
        })
    }
}

/// Which trouble its exit code means: its own codes, and an HTTP status modulo 256.
pub(super) fn trouble_by_exit(exit: Option<Exit>) -> Option<Trouble> {
    match exit?.code()? {
        41 => Some(Trouble::Auth),
        42 | 52 | 55 => Some(Trouble::Request),
        53 => Some(Trouble::Bound),
        code @ 144..=255 => u16::try_from(code + 256).ok().and_then(trouble_by_status),
        _ => None,
    }
}

/// That it tries again, where a line of standard error says so.
pub(super) fn retrying(line: &str) -> Option<AgentEvent> {
    // that was the last
    if line.contains("Max attempts reached") {
        return None;
    }
    let found = ATTEMPT.captures(line)?;
    let failed: u32 = found.name("attempt")?.as_str().parse().ok()?;
    let error = api_error(found.name("why").map_or("", |why| why.as_str()));
    let told = found
        .name("status")
        .and_then(|status| status.as_str().parse().ok());
    Some(AgentEvent::Retrying {
        attempt: Some(failed.saturating_add(1)),
        most: None,
        delay_ms: delay(line),
        status: told.or(error.status),
        why: one_line(&error.text),
    })
}

/// In how many milliseconds it tries again.
pub(super) fn delay(line: &str) -> Option<u64> {
    let found = DELAY.find(line)?;
    duration(&line[found.end()..])
}

/// Whether a line of standard error says why it gave up.
pub(super) fn is_fatal(line: &str) -> bool {
    FATAL.is_match(line)
}

/// Why a call failed that is told of as failed.
pub(super) fn told_fault(category: Category, error: &Value, output: &str) -> Fault {
    let message = text(error, "message");
    let words = if message.is_empty() { output } else { message };
    let mut fault = fault_of(category, words, None);
    fault.kind = match text(error, "type") {
        "file_not_found" | "search_path_not_found" => FaultKind::FileNotFound,
        "permission_denied" | "path_not_in_workspace" | "policy_violation" => {
            FaultKind::PermissionDenied
        }
        "tool_not_registered" => FaultKind::UnknownTool,
        "shell_execute_error" => FaultKind::CommandFailed,
        "invalid_tool_params"
        | "edit_no_occurrence_found"
        | "edit_expected_occurrence_mismatch"
        | "edit_no_change"
        | "edit_preparation_failure" => FaultKind::SyntaxError,
        "cancelled" => FaultKind::Cancelled,
        _ => fault.kind,
    };
    fault
}

/// How a command ended that is told of as a success: it says so itself where it printed
/// nothing else, or below all that it printed.
pub(super) fn command_fault(output: &str) -> (Option<Fault>, Option<i32>) {
    let mut lines = output.trim_end().lines().rev();
    let last = lines.find(|line| {
        let below = ["Signal:", "Background PIDs:", "Process Group PGID:"];
        !below.iter().any(|below| line.starts_with(below))
    });
    let last = last.unwrap_or_default();
    let alone = output.trim() == last;
    let code = last.strip_prefix("Exit Code: ").or_else(|| {
        let code = last.strip_prefix("Command exited with code: ");
        code.filter(|_| alone)
    });
    let code: Option<i32> = code.and_then(|code| code.trim().parse().ok());
    if code == Some(0) {
        return (None, code);
    }
    let kind = match last {
        _ if code.is_some() => FaultKind::CommandFailed,
        "Command cancelled by user." if alone => FaultKind::Cancelled,
        last if alone && last.starts_with("Command was automatically cancelled because") => {
            FaultKind::Timeout
        }
        last if alone
            && (last.starts_with("Command terminated by signal: ")
                || last.starts_with("Command failed: ")) =>
        {
            FaultKind::CommandFailed
        }
        _ => return (None, None),
    };
    let text = code.map_or_else(
        || one_line(last),
        |code| format!("it exited with code {code}"),
    );
    (Some(Fault { kind, text }), code)
}

/// `Attempt 2 failed with status 429. Retrying with backoff... _ApiError: {…}`, and
/// `Attempt 1 failed: why. Retrying after 1234ms...`.
static ATTEMPT: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"(?x)^Attempt \s (?<attempt>\d+) \s failed (?:\s with \s status \s (?<status>\d{3}))?
          [.:] \s (?:Retrying \s with \s backoff\.\.\. \s?)? (?<why>.*)",
    )
});

static DELAY: LazyLock<Regex> = LazyLock::new(|| pattern(r"Retrying after "));

static RETRY_IN: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"(?i)\b(?:re)?try again in |\bretry in "));

static STATUS: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"(?:got status: |status code |status: )(\d{3})\b"));

/// What it says on standard error before it gives up.
static FATAL: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"(?x)^(?:Error\ (?:resuming|starting|authenticating|when\ talking) | Error: | Unknown\ argument
          | Invalid\  | When\ using\  | Please\ set\  | Gemini\ CLI\ is\ not | Failed\ to\ 
          | No\ input\ provided | Reached\ max\ session\ turns | An\ unexpected\ critical\ error
          | Fatal\w*Error | The\ current\ folder)",
    )
});
