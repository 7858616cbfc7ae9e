//! What is said to `run --agent` and its like, rightly and wrongly.

use std::fs;
use std::path::Path;
use std::process::Stdio;

use super::{Bench, HEARS, INIT, LEAVES, recorded, result, says, script};
use crate::herd::finish;

fn plain() -> String {
    script(&[HEARS, &says(&[INIT, &result(1, true)]), LEAVES])
}

#[test]
fn what_cannot_be_launched_is_refused_in_one_line_and_nothing_is_queued() {
    let bench = Bench::with(
        "[templates]\nreview = \"Review {file}.\"\n\n[agents.ghost]\nprogram = \"no-such-ghost\"\nargs = [\"{prompt}\"]\ninstall = \"apt-get install ghost\"\n",
    );
    bench.install("claude", &plain());
    for (args, part) in [
        (&["--agent", "ghost", "boo"][..], "apt-get install ghost"),
        (&["--agent", "cluade", "x"], "did you mean claude"),
        (&["--agent", "claude"], "the prompt is empty"),
        (&["--agent", "claude", " "], "the prompt is empty"),
        (
            &["--agent", "claude", "--permission", "fll", "x"],
            "did you mean full",
        ),
        (
            &["--agent", "claude", "--template", "reviw", "x"],
            "did you mean review",
        ),
        (
            &["--agent", "claude", "--template", "review"],
            "--set file=",
        ),
        (
            &[
                "--agent",
                "claude",
                "--template",
                "review",
                "--set",
                "fle=a",
            ],
            "no variable fle",
        ),
        (
            &["--agent", "claude", "--prompt-file", "gone.txt"],
            "gone.txt",
        ),
        (&["--agent", "claude", "--prompt", "a", "b"], "given twice"),
        (
            &["--agent", "claude", "fix it", "--json"],
            "options go before it",
        ),
        (&["--agent", "generic", "--prompt", "x"], "--"),
        (&["--max-cost", "1", "--", "true"], "--agent"),
        (&["--agent", "claude", "--max-cost", "none", "x"], "2.50"),
    ] {
        let done = bench.call(&[&["run"], args].concat());
        assert_ne!(done.code, 0, "{args:?}: {done:?}");
        assert!(done.err.contains(part), "no {part:?}: {args:?}: {done:?}");
        assert_eq!(done.err.trim_end().lines().count(), 1, "{done:?}");
    }
    assert_eq!(bench.ok(&["ls", "--all", "--json"]), "");
}

#[test]
fn a_prompt_of_a_megabyte_arrives_whole_and_one_that_is_too_long_is_refused() {
    let bench = Bench::new();
    let hears = "cat >\"$TOLD\"";
    bench.install(
        "claude",
        &script(&[
            "IFS= read -r line && printf '%s' \"$line\" | wc -c >\"$TOLD\"",
            &says(&[INIT, &result(1, true)]),
            LEAVES,
        ]),
    );
    bench.install("codex", hears);
    let prompt = "wörd ".repeat(200_000);
    let file = bench.herd.dir().join("prompt.txt");
    fs::write(&file, &prompt).unwrap();
    let path = file.display().to_string();
    let id = bench.run(&["claude", "--prompt-file", &path], "").max(1);
    assert_eq!(bench.ended(id)["outcome"], "succeeded");
    let told: usize = bench.told().trim().parse().unwrap();
    assert!(told > prompt.len(), "{told} of {}", prompt.len());
    // by standard input to one that wants it there as it is
    let mut call = bench.herd.command(["run", "--agent", "codex", "-"]);
    call.env("PATH", bench.path())
        .stdin(Stdio::from(fs::File::open(&file).unwrap()));
    assert_eq!(finish(call.spawn().unwrap()).code, 0);
    bench.herd.remember();
    bench.ended(2);
    assert!(bench.told() == prompt, "it is another");
    fs::write(&file, "x".repeat((4 << 20) + 1)).unwrap();
    let done = bench.call(&["run", "--agent", "claude", "--prompt-file", &path]);
    done.fails(2, "more than 4194304");
}

#[test]
fn a_message_is_taken_from_standard_input_whole() {
    let bench = Bench::new();
    bench.install("claude", &plain());
    let id = bench.run(&["claude"], "begin");
    bench.ended(id);
    let file = bench.herd.dir().join("message");
    let send = |bytes: &[u8]| {
        fs::write(&file, bytes).unwrap();
        let mut call = bench.herd.command(["send", "1", "-"]);
        call.env("PATH", bench.path())
            .stdin(Stdio::from(fs::File::open(&file).unwrap()));
        finish(call.spawn().unwrap())
    };
    send(b"\xff\n").fails(2, "the message from standard input is no text");
    send(&vec![b'x'; (4 << 20) + 1]).fails(2, "the message has more than 4194304");
    send(b"").fails(2, "nothing on standard input");
    send(b"\n").fails(2, "can't be empty");
    assert_eq!(send(b"one\n  two - three\n").code, 0);
    bench.herd.remember();
    let over = |task: &serde_json::Value| task["run"] == 2 && task["state"] == "ended";
    bench.herd.wait_task(1, "over", over);
    assert!(
        bench.told().contains(r"one\n  two - three"),
        "{}",
        bench.told()
    );
    assert!(!bench.told().contains(r"three\n"), "{}", bench.told());
}

#[test]
fn what_each_run_was_told_is_shown_and_exported() {
    let bench = Bench::new();
    bench.install("claude", &plain());
    let id = bench.run(&["claude"], "mend it,\n```\nall of it");
    bench.ended(id);
    bench.ok(&["send", "1", "and the docs"]);
    let over = |task: &serde_json::Value| task["run"] == 2 && task["state"] == "ended";
    let task = bench.herd.wait_task(1, "over", over);
    let prompts: Vec<_> = [0, 1].map(|at| task["runs"][at]["prompt"].clone()).into();
    assert_eq!(prompts, ["mend it,\n```\nall of it", "and the docs"]);
    let shown = bench.ok(&["show", "1"]);
    assert!(shown.contains("and the docs"), "{shown}");
    let exported = bench.ok(&["export", "1"]);
    let first = "Prompt:\n\n````\nmend it,\n```\nall of it\n````\n";
    assert!(exported.contains(first), "{exported}");
    assert!(exported.contains("- agent: `claude`\n"), "{exported}");
    assert!(exported.contains("- tokens: "), "{exported}");
}

#[test]
fn an_agent_of_ones_own_and_any_command_take_a_prompt() {
    let bench = Bench::with(
        "[agents.mine]\nprogram = \"mine\"\nargs = [\"--say\", \"{prompt}\"]\nspeech = \"plain\"\n",
    );
    bench.install("mine", "printf '%s|' \"$@\" >>\"$TOLD\"");
    let id = bench.run(&["mine"], "it's \"quoted\" {session} $HOME");
    let task = bench.ended(id);
    assert_eq!(
        (&task["agent"], &task["outcome"]),
        (&"mine".into(), &"succeeded".into())
    );
    assert_eq!(bench.told(), "--say|it's \"quoted\" {session} $HOME|");
    let done = bench.call(&[
        "run",
        "--agent",
        "generic",
        "--prompt",
        "a b",
        "--",
        "mine",
        "x {prompt} y",
        "{prompt}",
    ]);
    assert_eq!(done.code, 0, "{done:?}");
    bench.herd.remember();
    bench.ended(2);
    assert!(bench.told().ends_with("x a b y|a b|"), "{}", bench.told());
}

#[test]
fn each_line_is_a_prompt_of_its_own() {
    let bench = Bench::new();
    bench.install("claude", &plain());
    let file = bench.herd.dir().join("lines");
    fs::write(&file, "one\ntwo\n").unwrap();
    let each = ["run", "--agent", "claude", "--share", "--each", "lines"];
    let done = bench.call(&[&each[..], &["review it"]].concat());
    done.fails(2, "write {}");
    assert_eq!(bench.call(&[&each[..], &["review {}"]].concat()).code, 0);
    bench.herd.remember();
    for id in [1, 2] {
        assert_eq!(bench.ended(id)["outcome"], "succeeded");
    }
    let told = bench.told();
    assert!(
        told.contains("review one") && told.contains("review two"),
        "{told}"
    );
    // without one, the line is the prompt
    let each = bench.call(&each);
    assert_eq!(each.code, 0, "{each:?}");
    let names = [3, 4].map(|id| bench.ended(id)["name"].clone());
    assert_eq!(names, ["claude one", "claude two"]);
}

#[test]
fn what_is_wrong_in_a_registry_is_named_by_line_and_key() {
    for (config, parts) in [
        (
            "[agents.mine]\nargs = [\"x\"]\n",
            ["config.toml:2", "lacks a program"],
        ),
        (
            "[agents.claude]\nfed = \"talk\"\n",
            ["config.toml:2", "did you mean agents.claude.feed"],
        ),
        (
            "[agents.claude]\nspeech = \"latin\"\n",
            ["config.toml:2", "\"claude\""],
        ),
        (
            "[templates]\nreview = 3\n",
            ["config.toml:2", "templates.review"],
        ),
        (
            "[budgets]\nopus = { cst = 1.0 }\n",
            ["config.toml:2", "cost"],
        ),
    ] {
        let bench = Bench::with(config);
        let done = bench.call(&["config", "check"]);
        assert_eq!(done.code, 1, "{config}: {done:?}");
        let text = format!("{}{}", done.text(), done.err);
        for part in parts {
            assert!(text.contains(part), "no {part:?}: {text}");
        }
        // so that the herd can be ended
        fs::remove_file(bench.herd.home().join("config.toml")).unwrap();
    }
}

#[test]
fn doctor_says_which_agents_are_there_and_how_to_have_the_others() {
    let bench = Bench::new();
    bench.install("claude", "echo '2.1.329 (Claude Code)'");
    bench.install("codex", "echo 'codex-cli 9.9.9'");
    let text = bench.call(&["doctor"]).text();
    let line = |name: &str| {
        let mut lines = text
            .lines()
            .filter(|line| line.contains(&format!("  {name} ")));
        lines.next().unwrap_or_default().to_owned()
    };
    assert!(
        line("claude").contains("ok") && line("claude").contains("2.1.329"),
        "{text}"
    );
    assert!(
        line("codex").contains("9.9.9") && line("codex").contains("not tried"),
        "{text}"
    );
}

/// Many are wrappers around the real program.
#[test]
fn doctor_leaves_nothing_of_a_program_that_it_asks() {
    let bench = Bench::new();
    let pids = bench.herd.dir().join("pids");
    let pids_is = pids.display();
    bench.install(
        "codex",
        &format!(
            "sleep 987 >/dev/null &\necho $! >>'{pids_is}'\nsetsid sleep 987 >/dev/null &\necho $! >>'{pids_is}'\necho 'codex-cli 0.169.0'"
        ),
    );
    assert!(bench.call(&["doctor"]).text().contains("0.169.0"));
    let pids = fs::read_to_string(pids).unwrap();
    // asked once, though two agents are that program
    assert_eq!(pids.lines().count(), 2, "{pids}");
    for pid in pids.lines() {
        assert!(!Path::new("/proc").join(pid).exists(), "{pid} lives");
    }
}

#[test]
fn the_totals_are_those_of_the_recording() {
    let bench = Bench::new();
    let replay = format!("{HEARS}\ncat '{}'\n{LEAVES}", recorded("claude/rich.jsonl"));
    bench.install("claude", &replay);
    let id = bench.run(&["claude"], "tidy up");
    let task = bench.ended(id);
    let totals = fs::read_to_string(recorded("claude/totals.toml")).unwrap();
    let totals: toml::Table = totals.parse().unwrap();
    let wanted = &totals["rich"];
    let number = |value: &toml::Value| value.as_integer().unwrap().cast_unsigned();
    for kind in ["input", "output", "cache_read", "cache_write"] {
        let is = task["tokens"][kind].as_u64();
        assert_eq!(is, Some(number(&wanted["tokens"][kind])), "{kind}: {task}");
    }
    let cost = task["cost_usd"].as_f64().unwrap();
    let wanted_cost = number(&wanted["nanodollars"]) as f64 / 1e9;
    assert!(
        (cost - wanted_cost).abs() < 1e-9,
        "{cost} is not {wanted_cost}"
    );
    assert_eq!(task["cost_source"], "agent");
    for (key, of) in [("tools_called", "tools"), ("tools_failed", "failed")] {
        assert_eq!(task[key].as_u64(), Some(number(&wanted[of])), "{key}");
    }
    let calls = bench.herd.json(&["tools", "1", "--json"]);
    assert_eq!(calls.len() as u64, number(&wanted["tools"]));
    let failed = calls.iter().filter(|call| call["success"] == false).count();
    assert_eq!(failed as u64, number(&wanted["failed"]));
    assert!(
        calls
            .iter()
            .any(|call| call["error_category"] == "file_not_found")
    );
    let stats = bench.herd.json(&["stats", "--json"]);
    assert_eq!(
        (&stats[0]["key"], &stats[0]["runs"]),
        (&"claude".into(), &1.into())
    );
    assert_eq!(stats[0]["cost_usd"].as_f64(), Some(cost));
}
