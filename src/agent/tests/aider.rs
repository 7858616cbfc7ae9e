//! What aider prints, and what of it is easily misread.

use serde_json::Value;

use crate::agent::unguarded as decoder;
use crate::core::agent::event::{AgentEvent, Trouble, Used, Verdict};
use crate::core::agent::plan::Speech;
use crate::core::agent::tokens::Usd;
use crate::core::task::Exit;

/// The events of this text and of the end.
fn told(text: &str, exit: Exit) -> Vec<AgentEvent> {
    let mut aider = decoder(Speech::Aider, &Value::Null);
    let mut events = Vec::new();
    for line in text.lines() {
        events.extend(aider.line(line.as_bytes()));
        // whoever goes on from here knows as much
        aider = decoder(Speech::Aider, &aider.save());
    }
    events.extend(aider.end(Some(exit)));
    events
}

fn verdict(events: &[AgentEvent]) -> &Verdict {
    let last = events.iter().rev().find_map(|event| match event {
        AgentEvent::Result(verdict) => Some(verdict),
        _ => None,
    });
    last.expect("a last word")
}

fn used(events: &[AgentEvent]) -> Vec<&Used> {
    let used = events.iter().filter_map(|event| match event {
        AgentEvent::Used(used) => Some(used),
        _ => None,
    });
    used.collect()
}

const BEGIN: &str = "Aider v0.86.2\nModel: openai/x with diff edit format\nGit repo: .git with 4 files\nRepo-map: using 1024 tokens, auto refresh\n\n";

#[test]
fn an_error_is_no_success_though_it_exits_with_0() {
    let text = format!(
        "{BEGIN}litellm.AuthenticationError: AuthenticationError: OpenAIException - invalid \nx-api-key\nThe API provider is not able to authenticate you. Check your API key.\n"
    );
    let events = told(&text, Exit::Code(0));
    let of = verdict(&events);
    assert_eq!((of.ok, of.trouble), (false, Some(Trouble::Auth)));
    assert_eq!(
        of.text,
        "litellm.AuthenticationError: AuthenticationError: OpenAIException - invalid x-api-key The API provider is not able to authenticate you. Check your API key."
    );
}

#[test]
fn an_error_names_the_trouble() {
    for (line, trouble) in [
        (
            "litellm.RateLimitError: RateLimitError: slow down",
            Trouble::Limit,
        ),
        ("litellm.RateLimitError: insufficient_quota", Trouble::Quota),
        ("litellm.NotFoundError: no such model", Trouble::Request),
        (
            "litellm.ContextWindowExceededError: too long",
            Trouble::Request,
        ),
        (
            "litellm.InternalServerError: OpenAIException",
            Trouble::Provider,
        ),
        ("litellm.Timeout: x", Trouble::Provider),
        (
            "The API provider's servers are down or overloaded.",
            Trouble::Provider,
        ),
        ("Only 3 reflections allowed, stopping.", Trouble::Other),
    ] {
        let of = verdict(&told(&format!("{BEGIN}{line}\n"), Exit::Code(0))).clone();
        assert_eq!((of.ok, of.trouble), (false, Some(trouble)), "{line}");
        assert_eq!(of.text, line);
    }
}

#[test]
fn an_answer_after_an_error_is_a_success() {
    let text = format!(
        "{BEGIN}litellm.InternalServerError: x\nRetrying in 0.2 seconds...\nDone.\n\nTokens: 2.5k sent, 62 received.\n\nnotes.md\nApplied edit to notes.md\n"
    );
    let events = told(&text, Exit::Code(0));
    let retry = events.iter().find_map(|event| match event {
        AgentEvent::Retrying { delay_ms, why, .. } => Some((*delay_ms, why.as_str())),
        _ => None,
    });
    assert_eq!(retry, Some((Some(200), "litellm.InternalServerError: x")));
    assert!(verdict(&events).ok);
    assert_eq!(verdict(&events).text, "Done.");
}

#[test]
fn figures_are_read_as_they_are_rounded() {
    let text = format!(
        "{BEGIN}a\nTokens: 1.2k sent, 34 received. Cost: $0.01 message, $0.02 session.\nb\nTokens: 12k sent, 3.4k cache write, 5k cache hit, 1.5M received.\nCost: $0.0012 message, $0.02 session.\n"
    );
    let events = told(&text, Exit::Code(0));
    let [first, before, second] = used(&events)[..] else {
        panic!("{events:?}")
    };
    assert_eq!(first.model.as_deref(), Some("openai/x"));
    assert_eq!((first.tokens.input, first.tokens.output), (1200, 34));
    assert_eq!(first.cost, Some(Usd(10_000_000)));
    assert_eq!(
        (second.tokens.input, second.tokens.output),
        (3600, 1_500_000)
    );
    assert_eq!(
        (second.tokens.cache_write, second.tokens.cache_read),
        (3400, 5000)
    );
    assert_eq!((before.cost, second.cost), (None, Some(Usd(1_200_000))));
    assert_eq!(before.meter, second.meter, "the same answer, told of again");
    assert_ne!(first.meter, second.meter);
}

#[test]
fn figures_with_nothing_between_are_of_two_answers() {
    let line = "Tokens: 10 sent, 5 received.\n";
    let events = told(&format!("{BEGIN}{line}\n{line}"), Exit::Code(0));
    let [first, second] = used(&events)[..] else {
        panic!("{events:?}")
    };
    assert_ne!(first.meter, second.meter);
}

#[test]
fn what_it_says_of_itself_is_no_answer() {
    let events = told(&format!("{BEGIN}Hello.\n"), Exit::Code(0));
    let texts: Vec<_> = events
        .iter()
        .filter_map(|event| match event {
            AgentEvent::Text(words) => Some(words.text.as_str()),
            _ => None,
        })
        .collect();
    assert_eq!(texts, ["\n", "Hello.\n"]);
    assert_eq!(verdict(&events).text, "Hello.");
    let failed = told("aider: error: unrecognized arguments: --x", Exit::Code(2));
    assert_eq!(
        verdict(&failed).text,
        "aider: error: unrecognized arguments: --x"
    );
}
