//! A TOML file with the line of each of its keys.

use std::fs;
use std::io;
use std::ops::Range;
use std::path::Path;

use toml::de::{DeTable, DeValue};

use super::value::similar;

/// The largest file that is read, in bytes.
const LARGEST: u64 = 1 << 20;

/// A key with what it is set to.
#[derive(Debug, Clone)]
pub(super) struct Item {
    pub(super) key: String,
    /// From 1 on.
    pub(super) line: usize,
    pub(super) value: toml::Value,
    /// What a table holds, in the order of the file.
    within: Vec<Self>,
}

impl Item {
    /// What this table holds; a fragment where it is none.
    pub(super) fn table(&self) -> Result<&[Self], String> {
        if self.value.is_table() {
            return Ok(&self.within);
        }
        Err("is a section; write its keys below it, in lines of their own".into())
    }
}

/// The keys of a file's text, in the order of the file.
///
/// # Errors
/// A line for each thing that makes it no TOML.
pub(super) fn parse(text: &str, name: &str) -> Result<Vec<Item>, Vec<String>> {
    let (tree, errors) = DeTable::parse_recoverable(text);
    let say = |error: &toml::de::Error| {
        let line = error.span().map_or(1, |span| line_of(text, &span));
        format!("{name}:{line}: {}", one_line(error.message()))
    };
    if !errors.is_empty() {
        return Err(errors.iter().map(say).collect());
    }
    let values: toml::Table = toml::from_str(text).map_err(|error| vec![say(&error)])?;
    Ok(items(text, tree.get_ref(), &values))
}

fn items(text: &str, tree: &DeTable<'_>, values: &toml::Table) -> Vec<Item> {
    let mut items: Vec<Item> = tree
        .iter()
        .filter_map(|(key, node)| {
            let name = key.get_ref().as_ref();
            let value = values.get(name)?;
            let within = match (node.get_ref(), value) {
                (DeValue::Table(tree), toml::Value::Table(values)) => items(text, tree, values),
                _ => Vec::new(),
            };
            Some(Item {
                key: name.to_owned(),
                line: line_of(text, &key.span()),
                value: value.clone(),
                within,
            })
        })
        .collect();
    items.sort_by_key(|item| item.line);
    items
}

fn line_of(text: &str, span: &Range<usize>) -> usize {
    let before = &text.as_bytes()[..span.start.min(text.len())];
    memchr::memchr_iter(b'\n', before).count() + 1
}

/// Parser messages may have lines of their own.
fn one_line(message: &str) -> String {
    message.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// A file's text; `None` where there is none.
///
/// # Errors
/// One line that names the file and the remedy.
pub(super) fn text(path: &Path) -> Result<Option<String>, String> {
    let failed = |error: io::Error| {
        format!(
            "cannot read {}: {error}; make it readable or remove it",
            path.display()
        )
    };
    let meta = match fs::metadata(path) {
        Ok(meta) => meta,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(failed(error)),
    };
    // a pipe would be waited for
    if !meta.is_file() || meta.len() > LARGEST {
        return Err(format!(
            "cannot read {}: not a file of at most 1 MiB; replace or remove it",
            path.display()
        ));
    }
    fs::read_to_string(path).map(Some).map_err(failed)
}

/// Says that there is no such key, and which was meant.
pub(super) fn unknown<'a>(
    within: &str,
    key: &str,
    known: impl IntoIterator<Item = &'a str> + Clone,
) -> String {
    if let Some(word) = similar(key, known.clone()) {
        return format!("unknown key {within}{key}; did you mean {within}{word}?");
    }
    let all: Vec<&str> = known.into_iter().collect();
    format!("unknown key {within}{key}; there are {}", all.join(", "))
}
