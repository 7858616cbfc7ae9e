//! What is set, where, and whether it is right. Starts nothing, changes nothing.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde_json::json;

use super::out::{Out, lines, print};
use super::trouble::Trouble;
use crate::config::{
    AGENTS, Config, DEFAULT, EXAMPLE, PROJECT, Paths, Project, Setting, Source, Sources, Trust,
    in_short,
};
use crate::screen::{KEYMAP, THEME, problems};
use crate::verb::{self, Asset, Context, What};

/// The project's file that holds here.
struct Here {
    file: PathBuf,
    trusted: bool,
}

/// Does what was asked and gives the exit code.
///
/// # Errors
/// When something can't be read or printed.
pub fn config(
    paths: &Paths,
    sources: &Sources,
    asked: &verb::Config,
    context: &Context,
) -> Result<u8, Trouble> {
    match (asked.what, asked.file) {
        (What::Default, Asset::Config) => print(DEFAULT).map(|()| 0),
        (What::Default, Asset::Keymap) => print(KEYMAP).map(|()| 0),
        (What::Default, Asset::Theme) => print(THEME).map(|()| 0),
        (What::Default, Asset::Project) => print(EXAMPLE).map(|()| 0),
        (What::Default, Asset::Agents) => print(AGENTS).map(|()| 0),
        (What::Path, _) => path(paths, context),
        (What::Check, _) => check(paths, sources, context),
        (What::Show, _) => show(paths, sources, context, asked.json),
    }
}

fn here(context: &Context) -> Result<Option<Here>, Trouble> {
    let dir = context.caller.dir.as_path();
    let dir = dir.canonicalize().unwrap_or_else(|_| dir.to_path_buf());
    let Some(file) = Project::find(&dir) else {
        return Ok(None);
    };
    let trusted = context
        .trust
        .covers(file.parent().unwrap_or(Path::new("/")))
        .map_err(Trouble::Failed)?;
    Ok(Some(Here { file, trusted }))
}

fn path(paths: &Paths, context: &Context) -> Result<u8, Trouble> {
    let there = |path: &Path| if path.exists() { "" } else { " (not there)" };
    let project = match here(context)? {
        Some(Here { file, trusted }) => {
            let trusted = if trusted { "trusted" } else { "not trusted" };
            format!("{} ({trusted})", file.display())
        }
        None => format!(
            "none: no {PROJECT} from {} upwards",
            context.caller.dir.lossy()
        ),
    };
    let (user, trust) = (&paths.config, paths.trust());
    lines(&[
        "defaults  built in (wrangle config default)".into(),
        format!("user      {}{}", user.display(), there(user)),
        format!("project   {project}"),
        format!("trust     {}{}", trust.display(), there(&trust)),
    ])
}

/// The exit code is 1 where something is wrong.
fn check(paths: &Paths, sources: &Sources, context: &Context) -> Result<u8, Trouble> {
    let (config, mut wrong) = Config::examine(sources);
    if let Some(config) = &config {
        wrong.extend(problems(config));
    }
    if let Err(why) = Trust::at(paths.trust()).list() {
        wrong.push(why);
    } else if let Some(here) = here(context)?
        && let Err(lines) = Project::read(&here.file)
    {
        wrong.extend(lines);
    }
    if wrong.is_empty() {
        return lines(&["nothing is wrong".into()]);
    }
    lines(&wrong)?;
    Ok(1)
}

/// A line of what is shown: a key, what it is set to, and where.
type Row = (String, toml::Value, Source);

fn show(paths: &Paths, sources: &Sources, context: &Context, json: bool) -> Result<u8, Trouble> {
    let failed = |wrong: Vec<String>| Trouble::Failed(in_short(&wrong));
    let here = here(context)?;
    let config = match &here {
        Some(here) if here.trusted => {
            Project::read(&here.file).and_then(|project| project.config(sources))
        }
        _ => Config::read(sources),
    };
    let config = config.map_err(failed)?;
    let settings = config
        .settings()
        .map(|(key, setting)| (key.to_owned(), setting.value.to_toml(), &setting.source));
    let own = [("keys", &config.keys), ("theme", &config.theme)];
    let own = own.into_iter().flat_map(|(section, own)| {
        own.iter().map(move |(key, Setting { value, source })| {
            (format!("{section}.{key}"), value.clone(), source)
        })
    });
    let rows: Vec<Row> = settings
        .chain(own)
        .map(|(key, value, source)| (key, value, source.clone()))
        .collect();
    if json {
        return as_json(paths, here.as_ref(), rows);
    }
    let wide = rows
        .iter()
        .map(|(key, value, _)| key.len() + value.to_string().len() + 3);
    let wide = wide.max().unwrap_or(0).min(48);
    let mut text: Vec<String> = rows
        .iter()
        .map(|(key, value, source)| {
            let set = format!("{key} = {value}");
            format!("{set:<wide$}  # {source}")
        })
        .collect();
    if let Some(Here { file, trusted }) = here {
        let holds = if trusted {
            "is trusted"
        } else {
            "is not trusted and sets nothing"
        };
        text.push(format!("# {} {holds}", file.display()));
    }
    lines(&text)
}

fn as_json(paths: &Paths, here: Option<&Here>, rows: Vec<Row>) -> Result<u8, Trouble> {
    let settings: BTreeMap<String, serde_json::Value> = rows
        .into_iter()
        .map(|(key, value, source)| {
            let source = source.to_string();
            (key, json!({ "value": value, "source": source }))
        })
        .collect();
    let shown = |path: &Path| path.to_string_lossy().into_owned();
    let object = json!({
        "user_file": shown(&paths.config),
        "project_file": here.map(|here| shown(&here.file)),
        "project_trusted": here.map(|here| here.trusted),
        "settings": settings,
    });
    let mut out = Out::new();
    out.line(&object.to_string())?;
    out.flush()?;
    Ok(0)
}
