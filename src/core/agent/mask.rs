//! What of a tool's arguments is kept: bounded, without what looks like a secret.

use serde_json::{Map, Value};

use super::tool::Category;

/// Of one text so many bytes are kept.
const LONGEST: usize = 2048;

/// Of one list or object so many entries.
const MOST: usize = 32;

/// So deep.
const DEEPEST: usize = 6;

/// What stands in the place of a secret.
const MASK: &str = "•••";

/// Words in names of arguments that hold secrets.
const NAMES: [&str; 9] = [
    "token",
    "secret",
    "password",
    "passwd",
    "api_key",
    "apikey",
    "authorization",
    "credential",
    "private_key",
];

/// Beginnings of texts that are keys of well-known services, with how long they are at least.
const KEYS: [(&str, usize); 12] = [
    ("sk-", 16),
    ("ghp_", 20),
    ("gho_", 20),
    ("ghs_", 20),
    ("github_pat_", 20),
    ("glpat-", 16),
    ("xoxb-", 16),
    ("xoxp-", 16),
    ("AKIA", 20),
    ("AIza", 30),
    ("eyJ", 40),
    ("npm_", 20),
];

/// Arguments as they are stored.
pub fn decisive(input: &Value) -> Value {
    mask(input, None, 0)
}

/// The file that a call reads, writes or changes.
pub fn file_of(category: Category, input: &Value) -> Option<String> {
    if !matches!(category, Category::Read | Category::Write | Category::Edit) {
        return None;
    }
    let names = [
        "file_path",
        "filePath",
        "path",
        "absolute_path",
        "notebook_path",
        "file",
    ];
    let named = names.into_iter().find_map(|name| input.get(name)?.as_str());
    named.map(|file| bounded(file, LONGEST))
}

/// The beginning of a text, cut at a character, with a mark where something was.
pub fn bounded(text: &str, most: usize) -> String {
    if text.len() <= most {
        return text.to_owned();
    }
    let end = (0..=most).rfind(|at| text.is_char_boundary(*at));
    let end = end.unwrap_or_default();
    format!("{}…", &text[..end])
}

fn mask(value: &Value, name: Option<&str>, depth: usize) -> Value {
    if depth > DEEPEST {
        return Value::from("…");
    }
    match value {
        Value::String(_) | Value::Number(_) if name.is_some_and(is_secret_name) => {
            Value::from(MASK)
        }
        Value::String(text) => Value::from(masked(&bounded(text, LONGEST))),
        Value::Array(list) => {
            let each = list.iter().take(MOST);
            let mut kept: Vec<Value> = each.map(|value| mask(value, name, depth + 1)).collect();
            if list.len() > MOST {
                kept.push(Value::from(format!("… {} more", list.len() - MOST)));
            }
            Value::Array(kept)
        }
        Value::Object(map) => {
            let each = map.iter().take(MOST);
            let mut kept: Map<String, Value> = each
                .map(|(key, value)| {
                    let value = mask(value, Some(key), depth + 1);
                    (bounded(key, LONGEST), value)
                })
                .collect();
            if map.len() > MOST {
                kept.insert("…".into(), Value::from(map.len() - MOST));
            }
            Value::Object(kept)
        }
        other => other.clone(),
    }
}

fn is_secret_name(name: &str) -> bool {
    let name = name.to_ascii_lowercase().replace('-', "_");
    // `max_tokens` counts, it is none
    NAMES
        .iter()
        .any(|word| name == *word || name.ends_with(&format!("_{word}")))
}

/// A text, without what looks like a key in it, and without what follows a name of one.
pub fn masked(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut hide_next = false;
    for piece in text.split_inclusive(|c: char| c.is_whitespace() || "\"'`,;()[]{}<>".contains(c)) {
        let end = piece
            .char_indices()
            .next_back()
            .filter(|(_, c)| c.is_whitespace() || "\"'`,;()[]{}<>".contains(*c))
            .map_or(piece.len(), |(at, _)| at);
        let (word, rest) = piece.split_at(end);
        if word.is_empty() {
            out.push_str(piece);
            continue;
        }
        match word.split_once(['=', ':']) {
            _ if is_scheme(word) => out.push_str(word),
            _ if hide_next => out.push_str(MASK),
            Some((name, value)) if is_secret_name(name.trim_start_matches('-')) => {
                out.push_str(&word[..=name.len()]);
                if !value.is_empty() {
                    out.push_str(MASK);
                }
            }
            Some((name, value)) if is_key(value) => {
                out.push_str(&word[..=name.len()]);
                out.push_str(MASK);
            }
            _ if is_key(word) => out.push_str(MASK),
            _ => out.push_str(word),
        }
        let bare = word.trim_start_matches('-').trim_end_matches([':', '=']);
        let named = word.starts_with("--") || word.ends_with([':', '=']);
        hide_next = is_scheme(word) || (!hide_next && named && is_secret_name(bare));
        out.push_str(rest);
    }
    out
}

/// What stands between the name of a header and its secret.
fn is_scheme(word: &str) -> bool {
    word.eq_ignore_ascii_case("bearer") || word.eq_ignore_ascii_case("basic")
}

fn is_key(word: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_.=/+".contains(c);
    KEYS.iter().any(|(start, least)| {
        word.starts_with(start) && word.len() >= *least && word.chars().all(plain)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_looks_like_a_secret_is_not_kept() {
        let input = json!({
            "command": "curl -H 'Authorization: Bearer abc123' https://x --token t0p -u me",
            "env": {"GITHUB_TOKEN": "x", "max_tokens": 100, "PATH": "/bin"},
            "key": "sk-ant-0123456789abcdef",
            "text": "export API_KEY=hunter2; echo sk-short",
        });
        let kept = decisive(&input);
        let text = kept.to_string();
        for secret in ["abc123", "t0p", "sk-ant", "hunter2"] {
            assert!(!text.contains(secret), "{secret} in {text}");
        }
        assert_eq!(kept["env"]["max_tokens"], 100);
        assert_eq!(kept["env"]["PATH"], "/bin");
        assert!(text.contains("https://x") && text.contains("-u me") && text.contains("sk-short"));
    }

    #[test]
    fn what_is_kept_is_bounded() {
        let deep = (0..50).fold(json!("end"), |inner, _| json!({"a": [inner]}));
        let wide: Vec<String> = (0..10_000).map(|n| "ä".repeat(n)).collect();
        let kept = decisive(&json!({"deep": deep, "wide": wide}));
        let size = kept.to_string().len();
        assert!(size < 200_000, "{size}");
    }

    #[test]
    fn files_are_those_of_calls_that_touch_some() {
        let input = json!({"file_path": "/a/b"});
        assert_eq!(file_of(Category::Edit, &input).as_deref(), Some("/a/b"));
        assert_eq!(file_of(Category::Command, &input), None);
    }
}
