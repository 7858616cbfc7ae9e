//! What words of agents and providers mean.

use crate::agent::common::{by_exit, fault_of, trouble_of, without_result};
use crate::core::agent::event::Trouble;
use crate::core::agent::tool::{Category, FaultKind};
use crate::core::task::Exit;

#[test]
fn a_message_of_a_provider_says_what_the_trouble_is() {
    let cases = [
        ("Not logged in · Please run /login", Some(Trouble::Auth)),
        (
            "Invalid API key · Fix external API key",
            Some(Trouble::Auth),
        ),
        (
            "Your credit balance is too low to access the API",
            Some(Trouble::Quota),
        ),
        (
            "Claude AI usage limit reached|1760000000",
            Some(Trouble::Limit),
        ),
        (
            "API Error: Request rejected (429) · try again later",
            Some(Trouble::Limit),
        ),
        ("API Error: 529 overloaded_error", Some(Trouble::Provider)),
        (
            "Prompt is too long · the request is ~210429 tokens",
            Some(Trouble::Request),
        ),
        ("error: unknown option '--nope'", Some(Trouble::Request)),
        ("4011 files were read", None),
        ("", None),
    ];
    for (text, trouble) in cases {
        assert_eq!(trouble_of(text), trouble, "{text}");
    }
}

#[test]
fn a_message_of_a_tool_says_what_the_fault_is() {
    let of = |category, text: &str, code| fault_of(category, text, code).kind;
    let command = |text: &str, code| of(Category::Command, text, Some(code));
    assert_eq!(
        command("ls: x: No such file or directory", 2),
        FaultKind::CommandFailed
    );
    assert_eq!(
        command("command timed out after 2m", 143),
        FaultKind::Timeout
    );
    assert_eq!(of(Category::Command, "", None), FaultKind::CommandFailed);
    let read = |text: &str| of(Category::Read, text, None);
    assert_eq!(
        read("ENOENT: no such file or directory"),
        FaultKind::FileNotFound
    );
    assert_eq!(
        read("EACCES: permission denied, open 'x'"),
        FaultKind::PermissionDenied
    );
    assert_eq!(
        read("<e>No such tool available: Foo</e>"),
        FaultKind::UnknownTool
    );
    assert_eq!(
        read("Tool \"Foo\" not found in registry."),
        FaultKind::UnknownTool
    );
    assert_eq!(read("what?"), FaultKind::Other);
}

#[test]
fn an_exit_alone_says_whether_it_was_broken_off() {
    assert!(by_exit(Some(Exit::Code(0))).ok);
    let killed = by_exit(Some(Exit::Signal(15)));
    assert_eq!(killed.trouble, Some(Trouble::Interrupted));
    let told = without_result(Some(Exit::Code(143)), "");
    assert_eq!(told.trouble, Some(Trouble::Interrupted));
    assert_eq!(told.text, "it exited with code 143 without a result");
    let mute = without_result(Some(Exit::Code(0)), "");
    assert_eq!((mute.ok, mute.trouble), (false, Some(Trouble::Other)));
    let refused = without_result(Some(Exit::Code(1)), "error: unknown option '-x'");
    assert_eq!(refused.trouble, Some(Trouble::Request));
}
