//! One task in full, and why it stands where it stands.

use std::time::{Duration, SystemTime};

use super::local::{day, moment, reason};
use super::out::Out;
use super::table::{bytes, how, plain, processes, sentence, short, signal_name};
use super::trouble::Trouble;
use crate::core::agent::bill::least;
use crate::core::agent::tokens::{Tokens, Usd};
use crate::core::attention::Attention;
use crate::core::exact::exact_line;
use crate::core::plan::{After, Needs};
use crate::core::report::{RunReport, TaskReport};

/// Of a prompt so much is shown, in characters; JSON and exports have all of it.
const PROMPT: usize = 200;

/// Everything worth knowing of one task, a line each.
pub(super) fn one(out: &mut Out, task: &TaskReport) -> Result<(), Trouble> {
    let exit = match (task.exit_code, task.signal) {
        (Some(code), _) => Some(format!("code {code}")),
        (None, Some(signal)) => Some(signal_name(signal)),
        (None, None) => None,
    };
    let dropped = (task.dropped_bytes > 0).then(|| {
        format!(
            ", of them {} dropped to stay within the cap",
            bytes(task.dropped_bytes)
        )
    });
    let output = format!(
        "{}{}",
        bytes(task.output_bytes),
        dropped.unwrap_or_default()
    );
    let labels = (!task.labels.is_empty()).then(|| plain(&task.labels.join(" ")));
    let lines = [
        ("task", Some(format!("{} {}", task.id, plain(&task.name)))),
        ("labels", labels),
        ("launched by", task.parent.map(|id| format!("task {id}"))),
        ("state", Some(task.state.clone())),
        ("reason", reason(task)),
        (
            "outcome",
            task.outcome.as_deref().map(|word| word.replace('_', " ")),
        ),
        ("exit", exit),
        ("priority", task.priority.clone()),
        ("agent", task.agent.as_deref().map(plain)),
        ("prompt", prompt(task)),
        ("model", task.model.as_deref().map(plain)),
        ("lane", task.lane.as_deref().map(plain)),
        ("provider", task.provider.as_deref().map(plain)),
        ("after", after(&task.after)),
        ("not before", task.not_before.as_deref().map(day)),
        ("command", Some(plain(&task.command))),
        ("directory", Some(plain(&task.dir))),
        ("lease", task.lease.as_deref().map(plain)),
        ("timeout", task.timeout_s.map(time)),
        ("idle after", task.idle_timeout_s.map(time)),
        (
            "retries",
            (task.retries > 0).then(|| task.retries.to_string()),
        ),
        ("pid", task.pid.map(|pid| pid.to_string())),
        ("left", (task.left > 0).then(|| processes(task.left))),
        ("run", Some(task.run.to_string())),
        ("session", task.session_id.as_deref().map(plain)),
        ("turns", task.turns.map(|turns| turns.to_string())),
        ("tools", tools(task)),
        (
            "tokens",
            task.tokens.map(|it| tokens(it, task.cost_at_least)),
        ),
        ("cost", cost(task)),
        ("created", Some(moment(&task.created_at))),
        ("started", task.started_at.as_deref().map(moment)),
        ("ended", task.ended_at.as_deref().map(moment)),
        ("output", Some(output)),
        ("last output", task.last_output_at.as_deref().map(moment)),
        ("log", Some(plain(&task.log))),
    ];
    for (name, value) in lines {
        if let Some(value) = value {
            out.line(&format!("{name:<12}{value}"))?;
        }
    }
    asks(out, task)?;
    // of a single one all is said already
    if let Some(runs @ [_, _, ..]) = task.runs.as_deref() {
        for run in runs {
            out.line(&format!(
                "{:<12}{}",
                format!("run {}", run.run),
                attempt(run)
            ))?;
        }
    }
    Ok(())
}

/// What it asks, with its choices, and what was said to it.
fn asks(out: &mut Out, task: &TaskReport) -> Result<(), Trouble> {
    for ask in &task.questions {
        let asks = format!("asks {}", ask.number);
        out.line(&format!("{asks:<12}{}", exact_line(&ask.text)))?;
        for (number, choice) in (1..).zip(&ask.choices) {
            out.line(&format!("{:<12}  {number}  {}", "", exact_line(choice)))?;
        }
        if ask.several {
            out.line(&format!("{:<12}  several can be chosen: 1, 2", ""))?;
        }
    }
    for message in &task.messages {
        let why = message.why.as_deref();
        let why = why.map_or_else(String::new, |why| format!(" ({})", plain(why)));
        out.line(&format!(
            "{:<12}{}: {}{why}",
            "said",
            message.state,
            plain(&message.text)
        ))?;
    }
    Ok(())
}

fn tools(task: &TaskReport) -> Option<String> {
    let called = task.tools_called.filter(|called| *called > 0)?;
    Some(match task.tools_failed {
        Some(failed @ 1..) => format!("{called} called, {failed} failed"),
        _ => format!("{called} called"),
    })
}

/// What its agent was told last, as far as it fits in a line.
fn prompt(task: &TaskReport) -> Option<String> {
    let mut runs = task.runs.as_deref()?.iter().rev();
    let prompt = runs.find_map(|run| run.prompt.as_deref())?;
    let line = exact_line(prompt);
    Some(match line.char_indices().nth(PROMPT) {
        Some((end, _)) => format!("{}… ({} in all)", &line[..end], bytes(prompt.len() as u64)),
        None => line.into_owned(),
    })
}

pub(super) fn tokens(tokens: Tokens, at_least: bool) -> String {
    let Tokens {
        input,
        output,
        cache_read,
        cache_write,
        reasoning,
    } = tokens;
    let thought = match reasoning {
        0 => String::new(),
        reasoning => format!(" ({reasoning} of them thinking)"),
    };
    let least = least(at_least);
    format!(
        "{least}{input} read, {cache_read} from cache, {cache_write} into cache, {output} written{thought}"
    )
}

fn cost(task: &TaskReport) -> Option<String> {
    let source = task.cost_source.as_deref()?;
    let least = least(task.cost_at_least);
    let cost = task.cost_usd.and_then(Usd::of);
    let cost = cost.map(|cost| format!("{least}{cost}"));
    Some(match (cost, source) {
        (None, _) if task.cost_at_least => "not known: it was broken off before it said".into(),
        (None, _) => "not known: the table has no price of its model, or none for so much".into(),
        (Some(cost), "agent") => format!("{cost}, as its agent says"),
        (Some(cost), "prices") => format!("{cost}, by the table of prices"),
        (Some(cost), "unknown") => format!("{cost}, as far as was told"),
        (Some(cost), _) => format!("{cost}, partly by the table of prices"),
    })
}

/// What has to come first, in words.
fn after(after: &[After]) -> Option<String> {
    let named = |needs: Needs| {
        let which = after.iter().filter(|after| after.needs == needs);
        let which: Vec<String> = which.map(|after| format!("#{}", after.task)).collect();
        (!which.is_empty()).then(|| which.join(" "))
    };
    let parts = [
        named(Needs::Success),
        named(Needs::AnySuccess).map(|which| format!("one of {which}")),
        named(Needs::End).map(|which| format!("the end of {which}")),
    ];
    let parts: Vec<String> = parts.into_iter().flatten().collect();
    (!parts.is_empty()).then(|| parts.join(", "))
}

/// Seconds as people write them.
fn time(seconds: f64) -> String {
    let time = Duration::try_from_secs_f64(seconds).unwrap_or_default();
    humantime::format_duration(time).to_string()
}

/// One run in one line.
fn attempt(run: &RunReport) -> String {
    let how = match &run.reason {
        Some(reason) => plain(reason),
        None => how(run.outcome.as_deref(), run.exit_code, run.signal)
            .unwrap_or_else(|| run.state.clone()),
    };
    let from = moment(run.started_at.as_ref().unwrap_or(&run.created_at));
    match &run.ended_at {
        Some(to) => format!(
            "{how}; {from} to {}; {}",
            moment(to),
            bytes(run.output_bytes)
        ),
        None => format!("{how}; since {from}; {}", bytes(run.output_bytes)),
    }
}

/// Why a task stands where it stands and who must move, in one line.
pub(super) fn why(task: &TaskReport, now: SystemTime) -> String {
    let line = sentence(task);
    let id = task.id;
    let ago = |time: &Option<String>| {
        let time = humantime::parse_rfc3339(time.as_deref()?).ok()?;
        Some(format!(
            "{} ago",
            short(now.duration_since(time).unwrap_or_default())
        ))
    };
    match task.state.as_str() {
        "ended" => {
            let when = ago(&task.ended_at).map_or_else(String::new, |when| format!("; {when}"));
            let advice = match task.attention {
                Attention::FailedUnread if task.output_bytes == 0 => {
                    format!("; wrangle retry {id} runs it again")
                }
                Attention::FailedUnread => {
                    format!(
                        "; wrangle logs {id} shows its output, wrangle retry {id} runs it again"
                    )
                }
                Attention::FinishedUnread => "; nobody has looked at it yet".into(),
                Attention::AuthBroken => {
                    format!("; mend its key or login, then wrangle retry {id}")
                }
                Attention::None
                | Attention::Stalled
                | Attention::Retrying
                | Attention::LimitReached
                | Attention::Asking => String::new(),
            };
            format!("{line}{when}{advice}")
        }
        "running" if task.reason.is_none() => {
            let started = ago(&task.started_at).unwrap_or_else(|| "just now".into());
            let wrote = ago(&task.last_output_at).map_or_else(
                || "has written nothing yet".into(),
                |when| format!("wrote {when}"),
            );
            let who = match task.attention {
                Attention::Stalled => {
                    format!(
                        "stalled: wrangle logs {id} shows its output, wrangle revoke {id} stops it"
                    )
                }
                Attention::Asking if task.asks.is_some() => {
                    format!("{}; wrangle answer {id} answers it", wants(task))
                }
                Attention::Asking => {
                    format!("{}; wrangle send {id} says what comes next", wants(task))
                }
                Attention::Retrying | Attention::LimitReached => {
                    format!("{}; nobody has to act", wants(task))
                }
                _ => "nobody has to act".into(),
            };
            format!("{line}: started {started}, {wrote}; {who}")
        }
        "queued" | "parked" if task.reason.as_deref().is_some_and(comes_by_itself) => {
            format!("{line}; nobody has to act")
        }
        _ if task.reason.is_none() => {
            let asked = ago(&task.created_at.clone().into()).unwrap_or_default();
            format!("{line}: asked for {asked}; wrangle starts it by itself")
        }
        _ => line,
    }
}

/// What a task wants of a person, in its own words.
fn wants(task: &TaskReport) -> String {
    let text = task.attention_text.as_deref().map(plain);
    text.unwrap_or_else(|| task.attention.word().into())
}

/// Whether it is a time that a task waits for.
fn comes_by_itself(reason: &str) -> bool {
    reason.starts_with("not before")
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::core::id::TaskId;
    use crate::core::task::Kind;

    /// A task in this state.
    pub(in crate::client) fn report(state: &str) -> TaskReport {
        TaskReport {
            id: TaskId(3),
            name: "api".into(),
            kind: Kind::Command,
            agent: None,
            model: None,
            dir: "/".into(),
            command: "make".into(),
            state: state.into(),
            outcome: None,
            exit_code: None,
            signal: None,
            pid: None,
            priority: None,
            lane: None,
            run: 1,
            created_at: "2026-01-01T00:00:00.000Z".into(),
            started_at: Some("2026-01-01T00:00:00.500Z".into()),
            ended_at: None,
            attention: Attention::None,
            reason: None,
            output_bytes: 0,
            dropped_bytes: 0,
            cost_usd: None,
            tokens: None,
            labels: Vec::new(),
            parent: None,
            runs: None,
            left: 0,
            last_output_at: None,
            log: "/log".into(),
            provider: None,
            after: Vec::new(),
            not_before: None,
            lease: None,
            timeout_s: None,
            idle_timeout_s: None,
            retries: 0,
            attention_since: None,
            attention_text: None,
            asks: None,
            questions: Vec::new(),
            session_id: None,
            turns: None,
            tools_called: None,
            tools_failed: None,
            cost_source: None,
            cost_at_least: false,
            messages: Vec::new(),
        }
    }

    fn said(task: &TaskReport) -> String {
        let start = humantime::parse_rfc3339("2026-01-01T00:00:00Z").unwrap();
        why(task, start + Duration::from_secs(65))
    }

    #[test]
    fn every_state_says_a_true_line() {
        let mut task = report("running");
        assert_eq!(
            said(&task),
            "task 3 (api) running: started 1m04s ago, has written nothing yet; nobody has to act"
        );
        task.last_output_at = Some("2026-01-01T00:01:00.000Z".into());
        assert!(said(&task).contains("wrote 5s ago"));
        task.attention = Attention::Stalled;
        let stalled =
            "wrote 5s ago; stalled: wrangle logs 3 shows its output, wrangle revoke 3 stops it";
        assert!(said(&task).ends_with(stalled), "{}", said(&task));
        task.attention = Attention::Asking;
        task.attention_text = Some("claude was interrupted and waits for a message".into());
        let waits = "waits for a message; wrangle send 3 says what comes next";
        assert!(said(&task).ends_with(waits), "{}", said(&task));
        task.attention = Attention::Retrying;
        task.attention_text = Some("claude tries again (1 of 10): overloaded".into());
        assert!(said(&task).ends_with("overloaded; nobody has to act"));
        task.reason = Some("disk full; make room".into());
        assert_eq!(said(&task), "task 3 (api) running: disk full; make room");
        assert_eq!(
            said(&report("starting")),
            "task 3 (api) starting: asked for 1m05s ago; wrangle starts it by itself"
        );
        let mut task = report("queued");
        task.reason = Some("lane sonnet is full (1 of 1: #4)".into());
        assert_eq!(
            said(&task),
            "task 3 (api) queued: lane sonnet is full (1 of 1: #4)"
        );
        task.reason = Some("not before 2026-01-02T00:00:00.000Z".into());
        // which day that is depends on where this runs
        assert!(said(&task).contains("queued: not before 2026-01-0"));
        assert!(said(&task).ends_with("; nobody has to act"));
        let mut task = report("ended");
        task.outcome = Some("failed".into());
        task.exit_code = Some(2);
        task.ended_at = Some("2026-01-01T00:01:02.000Z".into());
        assert_eq!(
            said(&task),
            "task 3 (api) ended: failed, exit code 2; 3s ago"
        );
        task.attention = Attention::FailedUnread;
        assert!(said(&task).ends_with("; wrangle retry 3 runs it again"));
        task.output_bytes = 1;
        assert!(said(&task).contains("; wrangle logs 3 shows its output, wrangle retry 3"));
        task.exit_code = None;
        task.signal = Some(9);
        task.outcome = Some("revoked".into());
        assert!(said(&task).contains("revoked, SIGKILL"));
    }
    #[test]
    fn what_comes_first_is_told_in_words() {
        let of = |all: &[(u32, Needs)]| {
            let all = all.iter().map(|(id, needs)| After {
                task: TaskId(*id),
                needs: *needs,
            });
            after(&all.collect::<Vec<_>>())
        };
        assert_eq!(of(&[]), None);
        let all = [
            (3, Needs::Success),
            (7, Needs::Success),
            (4, Needs::AnySuccess),
            (5, Needs::AnySuccess),
            (6, Needs::End),
        ];
        let line = of(&all).unwrap();
        assert_eq!(line, "#3 #7, one of #4 #5, the end of #6");
        assert_eq!(time(5_400.0), "1h 30m");
        assert_eq!(time(0.25), "250ms");
    }
}
