use std::collections::BTreeSet;
use std::ffi::OsString;
use std::fs;
use std::os::unix::ffi::OsStringExt;
use std::path::Path;
use std::time::Duration;

use crate::config::layer::SECTIONS;
use crate::config::*;

fn error(text: &str) -> String {
    Config::parse(text, "config.toml").unwrap_err()
}

/// Everything that is wrong when these are the layers.
fn read(file: &str, env: &[(&str, &str)], set: &[(&str, &str)]) -> Result<Config, Vec<String>> {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("c.toml");
    fs::write(&path, file).unwrap();
    let shown = dir.path().display().to_string() + "/";
    let config = Config::read(&Sources {
        file: path,
        env: env.iter().map(|(k, v)| (k.into(), v.into())).collect(),
        set: set
            .iter()
            .map(|(k, v)| ((*k).to_owned(), (*v).to_owned()))
            .collect(),
    });
    config.map_err(|lines| lines.iter().map(|line| line.replace(&shown, "")).collect())
}

#[test]
fn the_defaults_are_those_of_the_contract() {
    let config = Config::parse("", "").unwrap();
    assert_eq!(config.output.task_cap, 256 << 20);
    assert_eq!(config.output.total_cap, 4 << 30);
    assert_eq!(config.output.ring, 4 << 20);
    assert_eq!(config.task.grace, Duration::from_secs(10));
    assert_eq!(config.supervisor.orphan_limit, Duration::from_secs(600));
    assert_eq!(config.supervisor.idle_exit, Some(Duration::from_secs(600)));
    let limits = &config.limits;
    assert_eq!(
        (limits.global, limits.agents, limits.models),
        (None, Some(8), Some(5))
    );
    assert_eq!(limits.memory, Some(256 << 20));
    assert!(limits.lanes.is_empty() && limits.providers.is_empty());
    assert_eq!(config.history.keep_age, None);
    assert_eq!(config.history.keep_count, Some(10_000));
    assert_eq!(config.history.keep_bytes, None);
    assert!(config.hooks.commands.is_empty());
    assert_eq!(config.hooks.timeout, Duration::from_secs(30));
    assert!(config.screen.clock);
    assert!(config.keys.is_empty() && config.theme.is_empty());
}

#[test]
fn the_default_file_holds_every_key_and_says_what_it_means() {
    let config = Config::parse("", "").unwrap();
    let held: BTreeSet<String> = config.settings().map(|(key, _)| key.to_owned()).collect();
    let known = SECTIONS
        .iter()
        .flat_map(|(section, keys)| keys.iter().map(move |(key, _)| format!("{section}.{key}")));
    assert_eq!(held, known.collect());
    let lines: Vec<&str> = DEFAULT.lines().collect();
    for (at, line) in lines.iter().enumerate() {
        if line.contains(" = ") && !line.starts_with('#') {
            assert!(lines[at - 1].starts_with("# "), "nothing said of {line}");
        }
    }
}

#[test]
fn the_users_file_lies_over_the_defaults() {
    let text =
        "[supervisor]\nidle_exit = \"never\"\n[screen]\nclock = false\n[keys]\nrevoke = [\"d\"]\n";
    let config = Config::parse(text, "config.toml").unwrap();
    assert_eq!(config.supervisor.idle_exit, None);
    assert_eq!(config.supervisor.orphan_limit, Duration::from_secs(600));
    assert!(!config.screen.clock);
    let place = Source::File("config.toml".into(), 6);
    assert_eq!(config.keys["revoke"].source, place);
}

#[test]
fn each_layer_goes_before_the_one_below() {
    let file = "[task]\ngrace = \"1s\"\n[history]\nkeep_count = 5\nkeep_age = \"30days\"\n";
    let variable = [
        ("WRANGLE_TASK_GRACE", "2s"),
        ("WRANGLE_HISTORY_KEEP_COUNT", "never"),
    ];
    let grace = |config: &Config| (config.task.grace.as_secs(), config.history.keep_count);
    assert_eq!(grace(&read(file, &[], &[]).unwrap()), (1, Some(5)));
    assert_eq!(grace(&read(file, &variable, &[]).unwrap()), (2, None));
    let config = read(file, &variable, &[("task.grace", "3s")]).unwrap();
    assert_eq!(grace(&config), (3, None));
    let age = config.history.keep_age.unwrap();
    assert_eq!(age, Duration::from_secs(30 * 86_400));
    let from = |key: &str| {
        let mut all = config.settings();
        let (_, setting) = all.find(|(known, _)| *known == key).unwrap();
        setting.source.to_string()
    };
    assert_eq!(from("task.grace"), "--set");
    assert_eq!(from("history.keep_count"), "WRANGLE_HISTORY_KEEP_COUNT");
    assert!(from("history.keep_age").ends_with("/c.toml:5"));
    assert_eq!(from("output.ring"), "default");
}

#[test]
fn a_project_lies_between_file_and_environment() {
    let home = tempfile::tempdir().unwrap();
    let file = home.path().join("c.toml");
    fs::write(&file, "[task]\ngrace = \"1s\"\n").unwrap();
    let (project, problems) = Project::parse("[task]\ngrace = \"2s\"\n", Path::new("/p"));
    assert_eq!(problems, Vec::<String>::new());
    let mut sources = Sources {
        file,
        ..Sources::default()
    };
    let grace = |sources: &Sources| project.config(sources).unwrap().task.grace.as_secs();
    assert_eq!(grace(&sources), 2);
    sources.env = vec![("WRANGLE_TASK_GRACE".into(), "3s".into())];
    assert_eq!(grace(&sources), 3);
}

#[test]
fn errors_name_file_line_and_key() {
    assert_eq!(
        error("\n[output]\ntask_capp = \"1 MiB\"\n"),
        "config.toml:3: unknown key output.task_capp; did you mean output.task_cap?"
    );
    assert_eq!(
        error("[ouput]\n"),
        "config.toml:1: unknown key ouput; did you mean output?"
    );
    assert_eq!(
        error("[task]\ngrace = \"soon\"\n"),
        "config.toml:2: task.grace: \"soon\" is not a time; write it as 10s, 30m or 2h"
    );
    assert_eq!(
        error("[output]\nring = 7\n"),
        "config.toml:2: output.ring: 7 is not a size; write it as \"256 MiB\" or \"4 GiB\""
    );
    assert_eq!(
        error("\n\n[task]\ngrace = \"2 days\"\n"),
        "config.toml:4: task.grace is too long; the most is \"1day\""
    );
    assert!(
        error("[output]\ntotal_cap = \"1 MiB\"\n").starts_with("config.toml:2: output.total_cap")
    );
    assert!(error("[supervisor]\nidle_exit = \"0s\"\n").contains("at least \"1s\""));
    assert!(error("task = 7\n").starts_with("config.toml:1: task is a section"));
    assert!(error("[tasks.x]\ncommand = \"y\"\n").contains("wrangle.toml"));
    assert!(error("[history]\nkeep_count = -1\n").contains("-1 is not a number"));
    assert!(error("[history]\nkeep_bytes = \"always\"\n").contains("or \"never\""));
    assert!(error("[screen]\nclock = \"yes\"\n").contains("true or false"));
    let syntax = error("[task]\ngrace = \n");
    assert!(syntax.starts_with("config.toml:2: "), "{syntax}");
    assert!(!syntax.contains('\n'), "{syntax}");
}

#[test]
fn all_that_is_wrong_is_told_at_once() {
    let file = "[task]\ngrace = \"soon\"\n[output]\nrign = 1\nring = \"1 KiB\"\n";
    let env = [
        ("WRANGLE_TASK_GRCE", "5s"),
        ("WRANGLE_SCREEN_CLOCK", "7"),
        ("WRANGLE_KEYS_REVOKE", "d"),
        // none of ours
        ("WRANGLE_HOME", "/h"),
        ("WRANGLE_RUN", "/r"),
        ("WRANGLE_TASK", "1"),
        ("WRANGLE_ID", "1"),
    ];
    let set = [("task", "5s"), ("task.grce", "5s"), ("output.ring", "big")];
    assert_eq!(
        read(file, &env, &set).unwrap_err(),
        [
            "c.toml:2: task.grace: \"soon\" is not a time; write it as 10s, 30m or 2h",
            "c.toml:4: unknown key output.rign; did you mean output.ring?",
            "WRANGLE_KEYS_REVOKE: [keys] can't be set by variables; write it in the configuration file",
            "WRANGLE_SCREEN_CLOCK: \"7\" is not true or false",
            "WRANGLE_TASK_GRCE: unknown variable WRANGLE_TASK_GRCE; did you mean WRANGLE_TASK_GRACE?",
            "--set: task is not a setting; write it as task.grace=5s",
            "--set: unknown key task.grce; did you mean task.grace?",
            "--set: output.ring: \"big\" is not a size; write it as \"256 MiB\" or \"4 GiB\"",
            "c.toml:5: output.ring is too small; at least \"256 KiB\"",
        ]
    );
    let odd = Sources {
        env: vec![(
            "WRANGLE_TASK_GRACE".into(),
            OsString::from_vec(vec![b'5', 0xff]),
        )],
        ..Sources::default()
    };
    assert!(Config::read(&odd).unwrap_err()[0].contains("not UTF-8"));
}

#[test]
fn hooks_are_lines_for_the_shell_or_lists_of_words() {
    let sh = |line: &str| ["sh", "-c", line].map(str::to_owned).to_vec();
    let text = "[hooks]\nended = \"a b\"\nfailed = [\"c d\", [\"e\", \"f g\"]]\nasking = []\n";
    let commands = Config::parse(text, "c").unwrap().hooks.commands;
    assert_eq!(commands["ended"], [sh("a b")]);
    assert_eq!(
        commands["failed"],
        [sh("c d"), vec!["e".into(), "f g".into()]]
    );
    assert_eq!(commands.len(), 2, "only what has commands");
    let env = read("", &[("WRANGLE_HOOKS_STARTED", "x; y")], &[]).unwrap();
    assert_eq!(env.hooks.commands["started"], [sh("x; y")]);
    for wrong in [
        "7",
        "\" \"",
        "[7]",
        "[[]]",
        "[[\"\"]]",
        "[[\"a\", 7]]",
        "\"a\\u0000\"",
    ] {
        let line = error(&format!("[hooks]\nended = {wrong}\n"));
        assert!(line.starts_with("config.toml:2: hooks.ended: "), "{line}");
    }
    assert!(error("[hooks]\ntimeout = \"0s\"\n").contains("out of bounds"));
}

#[test]
fn what_is_shown_can_be_written() {
    let config = Config::parse(
        "[output]\nring = \"300000 B\"\n[hooks]\nended = [\"a 'b'\", [\"c\"]]\n[history]\nkeep_age = \"1h 30m\"\n",
        "c",
    )
    .unwrap();
    let lines = config.settings();
    let lines: Vec<String> = lines
        .map(|(key, setting)| format!("{key} = {}\n", setting.value.to_toml()))
        .collect();
    let text = lines.concat();
    let again = Config::parse(&text, "c").unwrap();
    let values = |config: &Config| -> Vec<Value> {
        config
            .settings()
            .map(|(_, setting)| setting.value.clone())
            .collect()
    };
    assert_eq!(values(&again), values(&config), "{text}");
}

#[test]
fn times_have_a_form_and_a_bound() {
    let most = Duration::from_secs(3600);
    assert_eq!(parse_duration("1m 30s", most), Ok(Duration::from_secs(90)));
    assert_eq!(parse_duration("0s", most), Ok(Duration::ZERO));
    for wrong in ["", "10", "-5s", "soon", "1e9y"] {
        assert!(
            parse_duration(wrong, most)
                .unwrap_err()
                .contains("not a time"),
            "{wrong}"
        );
    }
    assert!(
        parse_duration("2h", most)
            .unwrap_err()
            .contains("the most is 1h")
    );
}

#[test]
fn a_missing_file_is_no_error_and_an_unreadable_one_is() {
    let home = tempfile::tempdir().unwrap();
    let at = |file| {
        Config::read(&Sources {
            file,
            ..Sources::default()
        })
    };
    assert!(at(home.path().join("none.toml")).is_ok());
    let lines = at(home.path().to_path_buf()).unwrap_err();
    assert!(
        lines[0].contains(&home.path().display().to_string()),
        "{lines:?}"
    );
}

#[test]
fn limits_are_set_in_every_layer() {
    let file = r#"
        [limits]
        global = 20
        agents = "none"
        models = 0
        memory = "none"
        [limits.lanes]
        sonnet = 3
        "openai/gpt-5" = "none"
        [limits.providers]
        anthropic = 6
    "#;
    let limits = read(file, &[], &[]).unwrap().limits;
    assert_eq!(
        (limits.global, limits.agents, limits.models),
        (Some(20), None, Some(0))
    );
    assert_eq!(limits.memory, None);
    let lanes: Vec<_> = limits.lanes.into_iter().collect();
    assert_eq!(
        lanes,
        [("openai/gpt-5".into(), None), ("sonnet".into(), Some(3))]
    );
    assert_eq!(limits.providers["anthropic"], Some(6));
    let env = [
        ("WRANGLE_LIMITS_AGENTS", "2"),
        ("WRANGLE_LIMITS_LANES", "{ opus = 1, x = \"none\" }"),
    ];
    let config = read(
        file,
        &env,
        &[("limits.memory", "2 GiB"), ("limits.global", "none")],
    );
    let limits = config.unwrap().limits;
    assert_eq!(
        (limits.global, limits.agents, limits.memory),
        (None, Some(2), Some(2 << 30))
    );
    let lanes: Vec<_> = limits.lanes.into_iter().collect();
    assert_eq!(lanes, [("opus".into(), Some(1)), ("x".into(), None)]);
}

#[test]
fn a_wrong_limit_is_named_with_its_line() {
    let file = "[limits]\nagents = -1\nmodels = \"never\"\nmemory = 7\nproviders = 3\nagent = 1\n\
        [limits.lanes]\nsonnet = 1.5\n\"a b\" = 2\nglobal = 3\nopus = 5000000000\nok = 1\n";
    let wrong = read(
        file,
        &[("WRANGLE_LIMITS_LANES", "3")],
        &[("limits.lanes", "{ x = -1 }")],
    );
    let wrong = wrong.unwrap_err();
    for (line, what) in wrong.iter().zip([
        "c.toml:2: limits.agents: -1 is not a number; write it as 8, or \"none\"",
        "c.toml:3: limits.models: \"never\" is not a number",
        "c.toml:4: limits.memory: 7 is not a size",
        "c.toml:5: limits.providers: 3 is not a table; write it as { NAME = 3",
        "c.toml:6: unknown key limits.agent; did you mean limits.agents?",
        "c.toml:8: limits.lanes.sonnet: 1.5 is not a number",
        "c.toml:9: limits.lanes.a b: \"a b\" is no lane",
        "c.toml:10: limits.lanes.global: \"global\" can't be a lane",
        "c.toml:11: limits.lanes.opus: 5000000000 is not a number",
        "WRANGLE_LIMITS_LANES: 3 is not a table",
        "--set: limits.lanes: x: -1 is not a number",
    ]) {
        assert!(line.starts_with(what), "{line:?} is not {what:?}");
    }
    assert_eq!(wrong.len(), 11, "{wrong:#?}");
}
