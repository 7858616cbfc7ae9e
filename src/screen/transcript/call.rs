//! A call of a tool, for people: what decides about it, and what it changes.

use serde_json::{Map, Value};

use super::diff::Change;
use super::kept::{Kept, floor};
use crate::core::agent::tool::{Category, Fault, FaultKind};
use crate::core::exact::exact;

/// Most bytes of the argument that stands beside a tool's name.
const ARGUMENT: usize = 400;

/// Most bytes of the name of a tool whose kind says what it does.
const LONG: usize = 10;

/// Most bytes compared of each of two texts.
const COMPARED: usize = 64 << 10;

/// Most changes shown of one call.
const CHANGES: usize = 50;

/// A call of a tool.
#[derive(Debug, Clone, PartialEq)]
pub struct Call {
    /// The tool, as the agent names it.
    pub(super) name: String,
    /// What decides about it, in one line: the command, the file, the pattern.
    pub(super) argument: String,
    /// What it was called with.
    pub(super) input: Input,
    /// How it ended.
    pub(super) end: Option<End>,
    /// What the subagent that it began does, in one line.
    pub(super) title: Option<String>,
}

/// What a tool was called with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Input {
    /// Nothing beside the argument.
    Nothing,
    /// A command for a shell.
    Command(Kept),
    /// A change to a file.
    Change(Change),
    /// Anything else, as text.
    Text(Kept),
}

/// How a call ended.
#[derive(Debug, Clone, PartialEq)]
pub struct End {
    pub(super) fault: Option<Fault>,
    pub(super) exit_code: Option<i32>,
    /// In milliseconds.
    pub(super) duration: Option<u64>,
    pub(super) output: Kept,
}

impl End {
    /// That of a call whose run ended before it did.
    pub(super) fn broken_off() -> Self {
        Self {
            fault: Some(Fault {
                kind: FaultKind::Cancelled,
                text: "the run ended before the call did".into(),
            }),
            exit_code: None,
            duration: None,
            output: Kept::new(""),
        }
    }
}

impl Call {
    /// A call that begins.
    pub(super) fn new(name: String, category: Category, input: &Value) -> Self {
        let argument = argument(category, input);
        let input = shown(category, input, &argument);
        Self {
            name: shortened(name, category),
            argument,
            input,
            end: None,
            title: None,
        }
    }

    /// Bytes held.
    pub(super) fn len(&self) -> usize {
        let input = match &self.input {
            Input::Nothing => 0,
            Input::Command(text) | Input::Text(text) => text.len(),
            Input::Change(change) => change.len(),
        };
        let output = self.end.as_ref().map_or(0, |end| end.output.len());
        self.name.len() + self.argument.len() + input + output
    }
}

/// A long name of a usual tool gives way to what it is called with.
fn shortened(name: String, category: Category) -> String {
    let word = match category {
        _ if name.len() <= LONG => return name,
        Category::Command => "shell",
        Category::Read => "read",
        Category::Write => "write",
        Category::Edit => "edit",
        Category::Search => "search",
        _ => return name,
    };
    word.into()
}

/// What each kind of tool is decided by: names of arguments, the best first.
const fn deciding(category: Category) -> &'static [&'static str] {
    match category {
        Category::Command => &["command", "cmd", "script"],
        Category::Read | Category::Write | Category::Edit => &[
            "file_path",
            "filePath",
            "path",
            "absolute_path",
            "notebook_path",
            "file",
        ],
        Category::Search => &["pattern", "query", "glob", "path", "dir_path"],
        Category::Web => &["url", "query", "prompt"],
        Category::Agent => &["description", "title", "prompt", "task"],
        Category::Plan => &["todos", "items", "plan"],
        Category::Ask => &["question", "questions", "prompt"],
        Category::Other => &["title", "description", "name", "query", "path"],
    }
}

/// What decides about a call, in one line.
fn argument(category: Category, input: &Value) -> String {
    let Value::Object(all) = input else {
        return one_line(&words(input));
    };
    let named = deciding(category).iter().filter_map(|name| all.get(*name));
    let mut found = named.map(|value| one_line(&words(value)));
    if let Some(found) = found.find(|found| !found.is_empty()) {
        return found;
    }
    if let Some(changes) = all.get("changes").and_then(Value::as_array) {
        let paths = changes.iter().filter_map(|change| change["path"].as_str());
        return one_line(&paths.collect::<Vec<_>>().join(" "));
    }
    let text = all.values().find_map(Value::as_str);
    one_line(text.unwrap_or_default())
}

/// A value as a person would say it.
fn words(value: &Value) -> String {
    match value {
        Value::Null | Value::Object(_) => String::new(),
        Value::String(text) => text[..floor(text, 4 * ARGUMENT)].to_owned(),
        Value::Array(all) if all.iter().all(Value::is_string) => {
            let words = all.iter().filter_map(Value::as_str).take(64);
            words.collect::<Vec<_>>().join(" ")
        }
        Value::Array(all) => match all.first() {
            Some(Value::Object(first)) if first.contains_key("question") => {
                words(&first["question"])
            }
            _ => format!("{} items", all.len()),
        },
        other => other.to_string(),
    }
}

fn one_line(text: &str) -> String {
    let mut line = String::new();
    let text = exact(text);
    for word in text.split_whitespace() {
        if line.len() + word.len() >= ARGUMENT {
            let room = ARGUMENT.saturating_sub(line.len());
            line.push_str(&word[..floor(word, room)]);
            break;
        }
        line.push_str(word);
        line.push(' ');
    }
    line.truncate(line.trim_end().len());
    line
}

/// What is shown of the input when a call is unfolded.
fn shown(category: Category, input: &Value, argument: &str) -> Input {
    let Value::Object(all) = input else {
        return match input {
            Value::Null => Input::Nothing,
            other => text(&words(other)),
        };
    };
    if category == Category::Command
        && let Some(command) = deciding(category).iter().find_map(|name| all.get(*name))
    {
        let command = words_in_full(command);
        return if command == argument {
            Input::Nothing
        } else {
            Input::Command(Kept::new(&exact(&command)))
        };
    }
    if let Some(change) = change(category, all) {
        return Input::Change(change);
    }
    if let Some(items) = ["todos", "items", "plan"].iter().find_map(|n| all.get(*n))
        && let Some(list) = list(items)
    {
        return text(&list);
    }
    let mut lines = String::new();
    for (name, value) in all {
        let value = words_in_full(value);
        if value.is_empty() || value == argument {
            continue;
        }
        let parted = if value.contains('\n') { ":\n" } else { ": " };
        lines.extend([name, parted, &value, "\n"]);
        if lines.len() > COMPARED {
            break;
        }
    }
    text(lines.trim_end())
}

fn text(text: &str) -> Input {
    if text.is_empty() {
        Input::Nothing
    } else {
        Input::Text(Kept::new(&exact(text)))
    }
}

fn words_in_full(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        Value::Array(all) if all.iter().all(Value::is_string) => {
            let words = all.iter().filter_map(Value::as_str);
            words.collect::<Vec<_>>().join(" ")
        }
        other => other.to_string(),
    }
}

/// What a call changes in a file, where it says so.
fn change(category: Category, all: &Map<String, Value>) -> Option<Change> {
    let get = |names: &[&str]| -> Option<&str> {
        let text = names.iter().find_map(|name| all.get(*name)?.as_str())?;
        Some(&text[..floor(text, COMPARED)])
    };
    if !matches!(category, Category::Edit | Category::Write) {
        return None;
    }
    if let Some(patch) = get(&["patch", "patchText", "diff", "unified_diff", "input"]) {
        return Some(Change::of_patch(patch));
    }
    let pair = (
        get(&["old_string", "oldString", "oldText", "old_str"]),
        get(&["new_string", "newString", "newText", "new_str"]),
    );
    if let (old, Some(new)) = pair {
        return Some(Change::between(old.unwrap_or_default(), new));
    }
    if category == Category::Write
        && let Some(content) = get(&["content", "contents", "text", "file_text"])
    {
        return Some(Change::between("", content));
    }
    if let Some(edits) = all.get("edits").or(all.get("changes"))?.as_array() {
        let mut change = Change::default();
        for edit in edits.iter().take(CHANGES).filter_map(Value::as_object) {
            if let Some(one) = self::change(Category::Edit, edit) {
                change.lines.extend(one.lines);
                change.added += one.added;
                change.removed += one.removed;
            }
        }
        return (!change.lines.is_empty()).then_some(change);
    }
    None
}

/// A list of things to be done, as lines.
fn list(items: &Value) -> Option<String> {
    let lines: Option<Vec<String>> = items.as_array()?.iter().map(item).collect();
    lines.map(|lines| lines.join("\n"))
}

fn item(item: &Value) -> Option<String> {
    let names = ["content", "text", "step", "description", "title"];
    let text = names.iter().find_map(|name| item[*name].as_str())?;
    let status = item["status"].as_str().unwrap_or_default();
    let done = item["completed"].as_bool() == Some(true) || status == "completed";
    let sign = match status {
        _ if done => "[x]",
        "in_progress" => "[>]",
        _ => "[ ]",
    };
    Some(format!("{sign} {text}"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_decides_stands_first() {
        let all = [
            (Category::Command, json!({"command": "cargo  test\n--lib"})),
            (Category::Command, json!({"command": ["ls", "-l"]})),
            (Category::Edit, json!({"filePath": "/a/b.rs"})),
            (
                Category::Edit,
                json!({"changes": [{"path": "x"}, {"path": "y"}]}),
            ),
            (Category::Search, json!({"path": ".", "pattern": "fn main"})),
            (
                Category::Ask,
                json!({"questions": [{"question": "which?"}]}),
            ),
            (Category::Other, json!({"n": 1, "text": "hello"})),
            (Category::Other, Value::Null),
        ];
        let shown = all.map(|(category, input)| argument(category, &input));
        let expected = [
            "cargo test --lib",
            "ls -l",
            "/a/b.rs",
            "x y",
            "fn main",
            "which?",
            "hello",
            "",
        ];
        assert_eq!(shown, expected);
    }

    #[test]
    fn an_edit_is_a_change_in_every_agents_words() {
        let all = [
            json!({"file_path": "a", "old_string": "x\n", "new_string": "y\n"}),
            json!({"filePath": "a", "oldString": "x\n", "newString": "y\n"}),
            json!({"file_path": "a", "edits": [{"old_string": "x\n", "new_string": "y\n"}]}),
            json!({"patch": "@@ -1 +1 @@\n-x\n+y\n"}),
        ];
        for input in all {
            let call = Call::new("Edit".into(), Category::Edit, &input);
            let Input::Change(change) = call.input else {
                panic!("no change: {input}");
            };
            assert_eq!((change.added, change.removed), (1, 1), "{input}");
        }
    }

    #[test]
    fn a_list_shows_what_is_done() {
        let input = json!({"todos": [
            {"content": "read", "status": "completed"},
            {"content": "write", "status": "in_progress"},
            {"text": "test", "completed": false},
        ]});
        let call = Call::new("TodoWrite".into(), Category::Plan, &input);
        let Input::Text(text) = call.input else {
            panic!("no text");
        };
        let lines = text.whole().unwrap();
        assert_eq!(lines, "[x] read\n[>] write\n[ ] test");
        assert_eq!(call.argument, "3 items");
    }
}
