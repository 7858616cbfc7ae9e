//! What is wrong with a prompt or an agent is said, and never mended in silence.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;

use serde_json::Value;

use super::{Bench, HEARS, INIT, LEAVES, result, says, script};
use crate::herd::finish;

/// Agents whose prompt is a word of its own, one behind `--`, and part of a word.
const OWN: &str = "[templates]\nreview = \"Review {selection}.\"\n\n\
    [agents.bare]\nprogram = \"bare\"\nargs = [\"--ask\", \"{prompt}\"]\nspeech = \"plain\"\n\
    [agents.kept]\nprogram = \"bare\"\nargs = [\"--\", \"{prompt}\"]\nspeech = \"plain\"\n\
    [agents.part]\nprogram = \"bare\"\nargs = [\"--ask={prompt}\"]\nspeech = \"plain\"\n";

#[test]
fn a_prompt_that_would_arrive_as_another_is_refused() {
    let bench = Bench::with(OWN);
    bench.install("bare", "printf '%s|' \"$@\" >>\"$TOLD\"");
    bench.install(
        "claude",
        &script(&[HEARS, &says(&[INIT, &result(1, true)]), LEAVES]),
    );
    let dir = bench.herd.dir();
    fs::write(dir.join("latin"), b"na\xefve").unwrap();
    fs::write(dir.join("zero"), "a\0b").unwrap();
    fs::write(dir.join("empty"), " \n").unwrap();
    fs::create_dir(dir.join("folder")).unwrap();
    // one that is cut within a character is too long all the same
    fs::write(dir.join("long"), "é".repeat((2 << 20) + 1)).unwrap();
    for (agent, words, part) in [
        ("claude", &[&b"na\xefve"[..]][..], "not UTF-8"),
        ("claude", &[b"mend", b"\xff"], "not UTF-8"),
        ("claude", &[b"--prompt-file", b"latin"], "not UTF-8"),
        ("claude", &[b"--prompt-file", b"zero"], "zero byte"),
        (
            "claude",
            &[b"--prompt-file", b"empty"],
            "the prompt is empty",
        ),
        (
            "claude",
            &[b"--prompt-file", b"folder"],
            "cannot read the prompt from",
        ),
        (
            "claude",
            &[b"--prompt-file", b"gone"],
            "cannot read the prompt from",
        ),
        ("claude", &[b"--prompt-file", b"long"], "more than 4194304"),
        (
            "claude",
            &[b"--template", b"review", b"x"],
            "--set selection=",
        ),
        ("bare", &[b"--", b"--help me"], "begins with -"),
        ("bare", &[b"--", b"-x"], "begins with -"),
    ] {
        let words = words.iter().map(|word| OsStr::from_bytes(word));
        let args = ["run", "--agent", agent].map(OsStr::new);
        let mut call = bench.herd.command(args.into_iter().chain(words));
        let done = finish(call.env("PATH", bench.path()).spawn().unwrap());
        done.fails(2, part);
    }
    fs::write(dir.join("lines"), "one\n-two\n").unwrap();
    let each = ["run", "--agent", "bare", "--each", "lines", "{}"];
    bench.call(&each).fails(2, "begins with -");
    assert_eq!(bench.ok(&["ls", "--all", "--json"]), "");
    for agent in ["kept", "part"] {
        let args = ["run", "--agent", agent, "--", "-rf"];
        assert_eq!(bench.call(&args).code, 0, "{agent}");
        bench.herd.remember();
    }
    bench.ended(1);
    bench.ended(2);
    let told = bench.told();
    assert!(
        told.contains("--|-rf|") && told.contains("--ask=-rf|"),
        "{told}"
    );
    // to one that is told over its input nothing is an option
    let id = bench.run(&["claude", "--"], "--help");
    assert_eq!(bench.ended(id)["outcome"], "succeeded");
    assert!(
        bench.told().contains("\"text\":\"--help\""),
        "{}",
        bench.told()
    );
}

#[test]
fn what_an_agent_itself_says_of_an_unknown_model_is_the_reason() {
    let bench = Bench::new();
    let said = "There's an issue with the selected model (nope).";
    let failed = result(1, false).replace("\"result\":\"done\"", &format!("\"result\":\"{said}\""));
    bench.install(
        "claude",
        &script(&[HEARS, &says(&[INIT, &failed]), LEAVES, "exit 1"]),
    );
    for name in ["codex", "gemini", "opencode", "qwen", "aider"] {
        bench.install(
            name,
            "cat >/dev/null; echo \"Error: unknown model nope\" >&2; exit 1",
        );
    }
    let id = bench.run(&["claude", "--model", "nope"], "x");
    let task = bench.ended(id);
    let reason = task["reason"].as_str().unwrap_or_default();
    assert!(reason.contains(said), "{task}");
    for name in ["codex", "gemini", "opencode", "qwen", "aider"] {
        let id = bench.run(&[name, "--model", "nope"], "x");
        let task = bench.ended(id);
        let reason = task["reason"].as_str().unwrap_or_default();
        assert!(reason.contains("unknown model"), "{name}: {task}");
    }
}

#[test]
fn one_that_is_taken_out_of_the_configuration_still_runs_where_it_was_queued() {
    let bench = Bench::with(OWN);
    bench.install("bare", "printf '%s|' \"$@\" >>\"$TOLD\"; echo well");
    bench.ok(&["pause", "--queue"]);
    let id = bench.run(&["part"], "later");
    let config = bench.herd.home().join("config.toml");
    let text = fs::read_to_string(&config).unwrap();
    let (before, _) = text.split_once("[agents.bare]").unwrap();
    fs::write(&config, before).unwrap();
    bench.ok(&["reload"]);
    bench
        .call(&["run", "--agent", "part", "x"])
        .fails(2, "no agent part");
    bench.ok(&["resume", "--queue"]);
    let task = bench.ended(id);
    assert_eq!(task["outcome"], Value::from("succeeded"), "{task}");
    assert_eq!(bench.told(), "--ask=later|");
    // and again by itself
    bench.ok(&["retry", &id.to_string()]);
    bench.herd.remember();
    let again = bench.herd.wait_task(id, "ran again", |task| {
        task["run"] == 2 && task["state"] == "ended"
    });
    assert_eq!(again["outcome"], Value::from("succeeded"), "{again}");
}
