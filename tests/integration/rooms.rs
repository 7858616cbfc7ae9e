//! What the source says of itself is true: who uses whom, how long a file may be, which
//! verbs there are.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use crate::herd::Herd;

/// Lines from which on a file surely holds two concerns.
const LONG: usize = 450;

fn house() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Every Rust file below a directory.
fn sources(dir: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(sources(&path));
        } else if path.extension().is_some_and(|ext| ext == "rs") {
            found.push(path);
        }
    }
    found.sort();
    found
}

fn is_test(path: &Path) -> bool {
    path.components()
        .any(|part| part.as_os_str() == "tests" || part.as_os_str() == "tests.rs")
}

/// Words in backquotes.
fn quoted(text: &str) -> impl Iterator<Item = &str> {
    text.split('`').skip(1).step_by(2)
}

/// The table of `src/lib.rs`: each room and those that it may use.
fn table() -> BTreeMap<String, BTreeSet<String>> {
    let text = read(&house().join("src/lib.rs"));
    let rows: Vec<[&str; 3]> = text
        .lines()
        .filter_map(|line| line.strip_prefix("//! | [`"))
        .map(|row| {
            let mut cells = row.trim_end_matches(" |").split(" | ");
            [(); 3].map(|()| cells.next().expect("three columns"))
        })
        .collect();
    let name = |cell: &str| cell.trim_end_matches("`]").to_owned();
    let rooms: BTreeSet<String> = rows.iter().map(|[room, ..]| name(room)).collect();
    let allowed = rows.iter().map(|[room, _, uses]| {
        let named: BTreeSet<String> = quoted(uses).map(str::to_owned).collect();
        assert!(named.is_subset(&rooms), "no such room in {uses:?}");
        let own = name(room);
        let may = match uses {
            _ if uses.starts_with("all but ") => &rooms - &named,
            &"nobody" => BTreeSet::new(),
            _ => named,
        };
        (own, may)
    });
    allowed.collect()
}

/// The rooms that a line of code names after `crate::`.
fn named(line: &str) -> Vec<&str> {
    let code = line.split("//").next().unwrap_or_default();
    let mut found = Vec::new();
    for part in code.split("crate::").skip(1) {
        let group = part.strip_prefix('{').map(|group| {
            assert!(group.contains('}'), "one line per room, please: {line:?}");
            group.split(',').collect()
        });
        for path in group.unwrap_or_else(|| vec![part]) {
            let word = path.trim_start();
            let end = word.find(|c: char| !c.is_alphanumeric() && c != '_');
            found.push(&word[..end.unwrap_or(word.len())]);
        }
    }
    found
}

#[test]
fn no_room_uses_one_that_it_may_not() {
    let table = table();
    assert!(table.len() >= 10, "{table:?}");
    let modules: BTreeSet<String> = read(&house().join("src/lib.rs"))
        .lines()
        .filter_map(|line| line.strip_prefix("pub mod ")?.strip_suffix(';'))
        .map(str::to_owned)
        .collect();
    assert_eq!(
        modules,
        table.keys().cloned().collect(),
        "the rooms and their table in src/lib.rs"
    );
    let mut wrong = Vec::new();
    for (room, may) in &table {
        for path in sources(&house().join("src").join(room)) {
            for (number, line) in read(&path).lines().enumerate() {
                for other in named(line) {
                    if other != room && table.contains_key(other) && !may.contains(other) {
                        let place = path.strip_prefix(house()).unwrap().display();
                        wrong.push(format!("{place}:{}: {room} uses {other}", number + 1));
                    }
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn uses_are_found_however_they_are_written() {
    assert_eq!(named("use crate::core::id::Ident;"), ["core"]);
    assert_eq!(named("use crate::{core::id, sys};"), ["core", "sys"]);
    assert_eq!(
        named("let a = crate::sys::now(crate::core::A);"),
        ["sys", "core"]
    );
    assert_eq!(named("pub(crate) fn a() {} // crate::sys"), [""; 0]);
}

#[test]
fn no_file_is_past_its_length() {
    let long: Vec<String> = sources(&house().join("src"))
        .into_iter()
        .filter(|path| !is_test(path))
        .map(|path| (read(&path).lines().count(), path))
        .filter(|(lines, _)| *lines > LONG)
        .map(|(lines, path)| format!("{}: {lines} lines", path.display()))
        .collect();
    assert!(long.is_empty(), "{}", long.join("\n"));
}

#[test]
fn the_readme_names_every_verb() {
    let herd = Herd::new();
    let help = herd.ok(&["--help"]);
    let verbs: Vec<&str> = help
        .lines()
        .skip_while(|line| *line != "Commands:")
        .skip(1)
        .take_while(|line| !line.is_empty())
        // a description that goes on is indented further
        .filter_map(|line| {
            line.strip_prefix("  ")
                .filter(|line| !line.starts_with(' '))
        })
        .filter_map(|line| line.split_whitespace().next())
        .filter(|verb| *verb != "help")
        .collect();
    assert!(verbs.len() > 5, "{help}");
    let readme = read(&house().join("README.md"));
    let table: Vec<&str> = readme
        .lines()
        .skip_while(|line| *line != "## Verbs")
        .filter(|line| line.starts_with('|'))
        .flat_map(quoted)
        .filter_map(|call| call.strip_prefix("wrangle ")?.split_whitespace().next())
        .collect();
    for verb in verbs {
        assert!(table.contains(&verb), "README.md's verb table lacks {verb}");
    }
}
