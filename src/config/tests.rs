use std::ffi::OsString;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::time::Duration;

use super::*;

fn error(text: &str) -> String {
    Config::parse(text, "config.toml").unwrap_err()
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
    assert!(config.screen.clock);
    assert!(config.keys.is_empty());
}

#[test]
fn the_users_file_lies_over_the_defaults() {
    let text =
        "[supervisor]\nidle_exit = \"never\"\n[screen]\nclock = false\n[keys]\nrevoke = [\"d\"]\n";
    let config = Config::parse(text, "config.toml").unwrap();
    assert_eq!(config.supervisor.idle_exit, None);
    assert_eq!(config.supervisor.orphan_limit, Duration::from_secs(600));
    assert!(!config.screen.clock);
    assert!(config.keys.contains_key("revoke"));
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
        "config.toml:2: output.ring: invalid type: integer `7`, expected a size such as \"256 MiB\""
    );
    assert!(error("[task]\ngrace = \"2 days\"\n").contains("task.grace is too long"));
    assert!(error("[output]\ntotal_cap = \"1 MiB\"\n").contains("output.total_cap"));
    let syntax = error("[task]\ngrace = \n");
    assert!(syntax.starts_with("config.toml:2: "), "{syntax}");
    assert!(!syntax.contains('\n'), "{syntax}");
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
    assert!(Config::load(&home.path().join("none.toml")).is_ok());
    let error = Config::load(home.path()).unwrap_err();
    assert!(
        error.contains(&home.path().display().to_string()),
        "{error}"
    );
}

#[test]
fn a_home_holds_everything_and_is_private() {
    let dir = tempfile::tempdir().unwrap();
    let home = dir.path().join("a/b");
    let paths = Paths::under(&OsString::from(&home)).unwrap();
    assert_eq!(paths.config, home.join("config.toml"));
    paths.create().unwrap();
    for made in [&paths.data, &paths.run] {
        assert!(made.starts_with(&home));
        assert_eq!(
            fs::metadata(made).unwrap().permissions().mode() & 0o777,
            0o700
        );
    }
    // found lax, made private again
    fs::set_permissions(&paths.run, fs::Permissions::from_mode(0o755)).unwrap();
    paths.create().unwrap();
    assert_eq!(
        fs::metadata(&paths.run).unwrap().permissions().mode() & 0o777,
        0o700
    );
}

#[test]
fn a_relative_home_is_made_absolute() {
    let paths = Paths::under(&OsString::from("here")).unwrap();
    assert!(paths.data.is_absolute() && paths.data.ends_with("here/data"));
}
