//! Templates of prompts: texts with variables, by name.

use std::collections::BTreeMap;

use super::agents::{is_name, setting};
use super::doc::Item;
use super::layer::{Own, Setting};
use super::value::similar;

/// The variable that a prompt takes the place of.
pub(super) const PROMPT: &str = "prompt";

/// Templates by name.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Templates(BTreeMap<String, String>);

/// A piece of a template.
enum Piece<'a> {
    Text(&'a str),
    Variable(&'a str),
}

impl Templates {
    pub(super) fn of(own: &Own) -> (Self, Vec<String>) {
        let mut templates = BTreeMap::new();
        let mut problems = Vec::new();
        for (name, Setting { value, source }) in own {
            match value.as_str().map(str::trim) {
                Some(text) if !text.is_empty() => {
                    templates.insert(name.clone(), text.to_owned());
                }
                Some(_) => problems.push(format!(
                    "{source}: templates.{name} is empty; write the prompt"
                )),
                None => problems.push(format!(
                    "{source}: templates.{name}: {value} is not a text; write it in quotes"
                )),
            }
        }
        (Self(templates), problems)
    }

    /// These, and a project's over them.
    pub(super) fn with(&self, project: &Own) -> Self {
        let (above, _) = Self::of(project);
        let mut all = self.0.clone();
        all.extend(above.0);
        Self(all)
    }

    /// All of them, by name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        let all = self.0.iter();
        all.map(|(name, text)| (name.as_str(), text.as_str()))
    }

    /// The variables of a template, in the order in which they stand there, each once;
    /// none where there is no such template.
    pub fn variables(&self, name: &str) -> Vec<&str> {
        let text = self.0.get(name).map_or("", String::as_str);
        let mut found = Vec::new();
        for piece in pieces(text) {
            if let Piece::Variable(variable) = piece
                && !found.contains(&variable)
            {
                found.push(variable);
            }
        }
        found
    }

    /// A template's text with its variables filled in. A prompt that is given besides takes
    /// the place of `{prompt}`, or stands at the end.
    ///
    /// # Errors
    /// One line: there is no such template, a variable of it is missing, or one that is
    /// given is none of its.
    pub fn fill(
        &self,
        name: &str,
        variables: &[(String, String)],
        prompt: &str,
    ) -> Result<String, String> {
        let Some(text) = self.0.get(name) else {
            return Err(self.unknown(name));
        };
        let known = self.variables(name);
        if let Some((odd, _)) = variables
            .iter()
            .find(|(it, _)| !known.contains(&it.as_str()))
        {
            let known: Vec<&str> = known.into_iter().filter(|it| *it != PROMPT).collect();
            let all = match known.as_slice() {
                [] => "none".into(),
                known => known.join(", "),
            };
            return Err(format!(
                "template {name} has no variable {odd}; it has {all}"
            ));
        }
        let mut filled = String::new();
        for piece in pieces(text) {
            match piece {
                Piece::Text(text) => filled.push_str(text),
                Piece::Variable(PROMPT) if !prompt.is_empty() => filled.push_str(prompt),
                Piece::Variable(variable) => {
                    // the last one that was given holds
                    let given = variables.iter().rev().find(|(it, _)| it == variable);
                    let Some((_, value)) = given else {
                        return Err(missing(name, variable));
                    };
                    filled.push_str(value);
                }
            }
        }
        if !prompt.is_empty() && !known.contains(&PROMPT) {
            filled.push_str("\n\n");
            filled.push_str(prompt);
        }
        Ok(filled)
    }

    fn unknown(&self, name: &str) -> String {
        if self.0.is_empty() {
            return format!(
                "there is no template {name}; add {name} = \"...\" below [templates] in the configuration"
            );
        }
        let names = self.0.keys().map(String::as_str);
        let meant = similar(name, names.clone())
            .map_or_else(String::new, |meant| format!(" (did you mean {meant}?)"));
        let all: Vec<&str> = names.collect();
        format!(
            "there is no template {name}{meant}; there are {}",
            all.join(", ")
        )
    }
}

fn missing(name: &str, variable: &str) -> String {
    if variable == PROMPT {
        return format!("template {name} needs a prompt besides; write it behind the options");
    }
    format!("template {name} needs {variable}; say it by --set {variable}=...")
}

/// `{name}` is a variable; any other brace is a brace.
fn pieces(text: &str) -> impl Iterator<Item = Piece<'_>> {
    let mut rest = text;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let mut from = 0;
        while let Some(open) = rest[from..].find('{').map(|at| from + at) {
            let inner = &rest[open + 1..];
            let name = inner.find('}').map(|close| &inner[..close]);
            match name.filter(|name| is_name(name)) {
                Some(_) if open > 0 => {
                    let (text, after) = rest.split_at(open);
                    rest = after;
                    return Some(Piece::Text(text));
                }
                Some(name) => {
                    rest = &rest[name.len() + 2..];
                    return Some(Piece::Variable(name));
                }
                None => from = open + 1,
            }
        }
        Some(Piece::Text(std::mem::take(&mut rest)))
    })
}

/// What a section `[templates]` of a file says; `name` is the file.
pub(super) fn flatten(
    section: &Item,
    name: &str,
    own: &mut Own,
    say: &mut impl FnMut(usize, String),
) {
    let templates = match section.table() {
        Ok(templates) => templates,
        Err(why) => return say(section.line, format!("templates {why}")),
    };
    for item in templates {
        if is_name(&item.key) {
            own.insert(item.key.clone(), setting(item, name));
        } else {
            let line = format!(
                "templates.{}: {:?} is no template's name; write it in small letters, digits, - and _",
                item.key, item.key
            );
            say(item.line, line);
        }
    }
}
