//! What an agent may do unasked, by name; and how words of the registry are read.

use std::collections::BTreeMap;

use super::doc::unknown;
use super::value::whole;

/// What an agent may do unasked.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Mode {
    pub(super) args: Vec<String>,
    pub(super) env: BTreeMap<String, String>,
    pub(super) env_as_root: BTreeMap<String, String>,
}

pub(super) fn text(value: &toml::Value) -> Result<String, String> {
    match value {
        toml::Value::String(text) => whole(text),
        other => Err(format!("{other} is not a text; write it in quotes")),
    }
}

/// A list of words; of those that stand alone in braces, `known` ones.
pub(super) fn words(value: &toml::Value, known: &[&str]) -> Result<Vec<String>, String> {
    let list = value.as_array().ok_or("write it as [\"one\", \"two\"]")?;
    let word = |word: &toml::Value| {
        let word = text(word)?;
        let inner = word.strip_prefix('{').and_then(|it| it.strip_suffix('}'));
        let placeholder = inner.is_some_and(|it| it.chars().all(|c| c.is_ascii_alphabetic()));
        if placeholder && !known.contains(&word.as_str()) {
            return Err(match known {
                [] => format!("{word} stands for nothing here; leave it out"),
                known => format!("{word} stands for nothing; there are {}", known.join(", ")),
            });
        }
        Ok(word)
    };
    list.iter().map(word).collect()
}

pub(super) fn variable(key: &str, value: &toml::Value) -> Result<(String, String), String> {
    if key.is_empty() || key.contains(['=', '\0']) {
        return Err(format!("{key:?} is no variable's name"));
    }
    Ok((key.to_owned(), text(value)?))
}

pub(super) fn mode(value: &toml::Value) -> Result<Mode, String> {
    let toml::Value::Table(table) = value else {
        let args = words(value, &[])?;
        return Ok(Mode {
            args,
            ..Mode::default()
        });
    };
    let mut mode = Mode::default();
    for (key, value) in table {
        let variables = || -> Result<BTreeMap<String, String>, String> {
            let table = value.as_table();
            let table =
                table.ok_or_else(|| format!("{key}: write it as {{ NAME = \"value\" }}"))?;
            table
                .iter()
                .map(|(key, value)| variable(key, value))
                .collect()
        };
        match key.as_str() {
            "args" => mode.args = words(value, &[])?,
            "env" => mode.env = variables()?,
            "env_as_root" => mode.env_as_root = variables()?,
            other => return Err(unknown("", other, ["args", "env", "env_as_root"])),
        }
    }
    Ok(mode)
}
