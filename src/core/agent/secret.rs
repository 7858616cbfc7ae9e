//! What looks like a secret in a text: keys of well-known services, what follows the name of
//! one, and what is passed to programs as one.

use std::ops::Range;
use std::sync::LazyLock;

use regex::bytes::{Captures, Regex, RegexBuilder};

/// What stands in the place of a secret.
pub(super) const MASK: &str = "•••";

/// Words at the end of names of secrets, after the beginning or a `_`.
const WORDS: [&str; 32] = [
    "token",
    "secret",
    "password",
    "passwd",
    "passphrase",
    "api_key",
    "apikey",
    "access_key",
    "accesskey",
    "secret_key",
    "secret_key_base",
    "secret_access_key",
    "private_key",
    "auth_key",
    "account_key",
    "shared_key",
    "master_key",
    "signing_key",
    "encryption_key",
    "authorization",
    "credential",
    "credentials",
    "passwords",
    "secrets",
    "authtoken",
    "accesstoken",
    "openai_key",
    "anthropic_key",
    "stripe_key",
    "gemini_key",
    "set_cookie",
    "cookie",
];

/// Those that need no `_` before them: `PGPASSWORD`.
const ENDS: [&str; 4] = ["password", "passwd", "apikey", "secret"];

/// Those that alone are something else: the working directory, a test that passes.
const AFTER: [&str; 3] = ["_pwd", "_pass", "_pat"];

/// Whether what bears such a name is a secret; `max_tokens` counts, it is none.
pub(super) fn is_name(name: &str) -> bool {
    let name = snake(name);
    let named = |word: &str| {
        let before = name.strip_suffix(word);
        before.is_some_and(|before| before.is_empty() || before.ends_with('_'))
    };
    WORDS.iter().any(|word| named(word))
        || ENDS.iter().any(|word| name.ends_with(word))
        || AFTER.iter().any(|word| name.ends_with(word))
}

/// `apiKey`, `API-KEY` and `api.key` as `api_key`.
fn snake(name: &str) -> String {
    let mut out = String::with_capacity(name.len() + 4);
    let mut small = false;
    for c in name.chars() {
        if c.is_ascii_uppercase() && small {
            out.push('_');
        }
        small = c.is_ascii_lowercase() || c.is_ascii_digit();
        out.push(match c {
            '-' | '.' => '_',
            c => c.to_ascii_lowercase(),
        });
    }
    out
}

/// What each pattern may remember of the texts it saw, in bytes: they are short.
const CACHE: usize = 64 << 10;

/// A pattern, of which the group `s` is the secret, where this says so too.
struct Rule {
    pattern: Regex,
    holds: fn(&Captures, &str) -> bool,
}

#[expect(clippy::unwrap_used, reason = "constants, and a test runs each")]
fn rule(pattern: &str, holds: fn(&Captures, &str) -> bool) -> Rule {
    // for all alphabets these would take megabytes, and what they look for is ASCII
    let pattern = RegexBuilder::new(pattern)
        .unicode(false)
        .dfa_size_limit(CACHE)
        .build()
        .unwrap();
    Rule { pattern, holds }
}

/// A value as a shell, a programming language or JSON within a string writes it.
const VALUE: &str = r#"(?:\\"(?P<e>[^"\r\n]*?)\\"|"(?P<d>(?:[^"\\]|\\.)*)"|'(?P<q>[^']*)'|(?P<s>(?:[^\s"'`,;&|<>(){}\[\]\\]|\\[^"'nrt]|,[^\s"'`,;&|<>(){}\[\]\\])+))"#;

static RULES: LazyLock<Vec<Rule>> = LazyLock::new(|| {
    let value = |before: &str| format!("{before}{VALUE}");
    vec![
        rule(
            r"-----BEGIN [A-Z0-9 ]*PRIVATE KEY[A-Z ]*-----(?P<s>(?s:.*?))(?:-----END [A-Z0-9 ]*PRIVATE KEY|\z)",
            always,
        ),
        // keys of well-known services
        rule(
            r"\b(?P<s>sk-[\w-]{16,}|[srp]k_(?:live|test)_[\w]{10,}|gh[pousr]_[A-Za-z0-9]{16,}|github_pat_[\w]{16,}|gl(?:pat|ptt|dt|rt)-[\w-]{14,}|xox[a-z]-[\w-]{10,}|xapp-[\w-]{16,}|(?:AKIA|ASIA)[A-Z0-9]{16}|AIza[\w-]{26,}|ya29\.[\w-]{20,}|npm_[A-Za-z0-9]{16,}|hf_[A-Za-z0-9]{16,}|pypi-[\w-]{30,}|SG\.[\w-]{16,}\.[\w-]{16,}|dop_v1_[a-f0-9]{32,}|eyJ[\w-]{4,}\.[\w-]{8,}(?:\.[\w-]*)?|eyJ[\w-]{37,}={0,2})",
            has_digit,
        ),
        rule(r"hooks\.slack\.com/services/(?P<s>[\w/-]+)", always),
        // who is in an address
        rule(
            r#"[A-Za-z][A-Za-z0-9+.-]*://[^\s:/?#@"'`<>]*:(?P<s>[^\s/?#"'`<>]+)@"#,
            always,
        ),
        rule(r#"https?://(?P<s>[^\s/?#@:"'`<>]{16,})@"#, always),
        rule(
            r#"[?&](?i:sig|signature|x-amz-signature|key|auth|code)=(?P<s>[^\s&#"'`<>\\]+)"#,
            always,
        ),
        // a header, and its scheme wherever it stands
        rule(
            r#"(?i)\bauthorization\\?["']?\s*[:=]\s*\\?["']?(?:(?:bearer|basic|token|digest|bot|key|api-?key|negotiate)\s+)?(?P<s>[^\s"'\\,;]+)"#,
            |found, _| !is_scheme(group(found, "s").unwrap_or_default()),
        ),
        rule(
            r"(?i)\b(?:bearer|basic)\s+(?P<s>[A-Za-z0-9._~+/-]{6,}=*)",
            |found, _| is_mixed(group(found, "s").unwrap_or_default()),
        ),
        // what programs are given
        rule(
            &value(r"(?:^|\s)-{1,2}(?P<name>[A-Za-z][A-Za-z0-9_.-]*)(?:\s+|=)"),
            |found, rest| {
                let bare = group(found, "s").unwrap_or_default();
                is_name(group(found, "name").unwrap_or_default())
                    && !bare.starts_with('-')
                    && is_given(found, rest)
            },
        ),
        rule(
            r#"\bcurl\b[^\n|;&]*?\s(?:-[A-Za-z]*[uU]|--user|--proxy-user)[=\s]*(?:\\"[^\s:"]+:(?P<e>[^"\\]+)\\"|"[^\s:"]+:(?P<d>[^"]+)"|'[^\s:']+:(?P<q>[^']+)'|[^\s:"'\\]+:(?P<s>[^\s"'\\]+))"#,
            always,
        ),
        rule(
            &value(
                r"\b(?:sshpass\b[^\n|;&]*?\s-p|docker\s+login\b[^\n|;&]*?\s-p|redis-cli\b[^\n|;&]*?\s-a)\s*",
            ),
            is_given,
        ),
        rule(
            &value(r"\b(?:mysql|mysqldump|mysqladmin|mariadb)\b[^\n|;&]*?\s-p"),
            is_given,
        ),
        rule(&value(r"\blogin\s+\S+\s+password\s+"), is_given),
        rule(
            &value(r"(?:\b(?:unzip|zip)\b[^\n|;&]*?\s-P\s*|\b(?:7z|7za|7zz)\b[^\n|;&]*?\s-p)"),
            is_given,
        ),
        rule(
            &value(r"\b(?:ldapsearch|ldapmodify|ldapadd|ldapwhoami)\b[^\n|;&]*?\s-w\s*"),
            is_given,
        ),
        rule(
            &value(r"\bopenssl\b[^\n|;&]*?\s-pass(?:in|out)?\s+pass:"),
            is_given,
        ),
        rule(
            &value(r"\bgh\s+secret\s+set\b[^\n|;&]*?\s(?:--body|-b)(?:\s+|=)"),
            is_given,
        ),
        rule(
            r"\b(?:sqlplus|rman|expdp|impdp)\s+(?:-\w+\s+)*[\w.$#]+/(?P<s>[^\s@/]+)",
            always,
        ),
        rule(r"\bapi\.telegram\.org/bot(?P<s>[^\s/]+)", always),
        // a name, and its value as the next word: of a shell, of a program's settings
        rule(
            &value(
                r"(?:\bset\s+(?:-[A-Za-z]+\s+)+|\bsetx\s+(?:/[A-Za-z]\s+)*|\b(?:aws\s+configure|npm\s+config|yarn\s+config|pnpm\s+config|pip\s+config|gh\s+config|composer\s+config|heroku\s+config)\s+(?:set\s+)?(?:-[\w-]+\s+)*|\bgit\s+config\s+(?:set\s+)?(?:--?[\w-]+\s+)*)[^\s=]*?(?P<name>[A-Za-z_][A-Za-z0-9_.-]*)\s+",
            ),
            |found, rest| {
                is_name(group(found, "name").unwrap_or_default()) && is_given(found, rest)
            },
        ),
        // a name and its value
        rule(
            &value(r#"(?P<name>[A-Za-z_][A-Za-z0-9_.-]*)(?P<end>\\?["'])?\]?\s*(?::=|=>|[:=])\s*"#),
            |found, rest| {
                is_name(group(found, "name").unwrap_or_default()) && is_given(found, rest)
            },
        ),
    ]
});

/// What a group found; nothing where it is no text by itself.
fn group<'a>(found: &Captures<'a>, name: &str) -> Option<&'a str> {
    std::str::from_utf8(found.name(name)?.as_bytes()).ok()
}

fn always(_: &Captures, _: &str) -> bool {
    true
}

fn has_digit(found: &Captures, _: &str) -> bool {
    let key = group(found, "s").unwrap_or_default();
    key.starts_with("AIza") || key.starts_with("AKIA") || key.contains(|c: char| c.is_ascii_digit())
}

fn is_scheme(word: &str) -> bool {
    let word = word.to_ascii_lowercase();
    matches!(
        word.as_str(),
        "bearer" | "basic" | "token" | "digest" | "negotiate"
    )
}

/// Whether it is no word: it has digits, or capitals within.
fn is_mixed(word: &str) -> bool {
    let capital = |c: char| c.is_ascii_uppercase();
    let small = |c: char| c.is_ascii_lowercase();
    word.contains(|c: char| c.is_ascii_digit() || "+/=_".contains(c))
        || (word.chars().skip(1).any(capital) && word.contains(small))
}

/// Whether a value is one, and not code or a reference to where it is.
fn is_given(found: &Captures, rest: &str) -> bool {
    let name = group(found, "name").unwrap_or_default();
    let Some(bare) = group(found, "s") else {
        let quoted = ["e", "d", "q"].iter().find_map(|name| group(found, name));
        let text = quoted.unwrap_or_default();
        return !text.is_empty() && !is_variable(text);
    };
    let path = bare.rsplit(['.', ':']).next().unwrap_or_default();
    let says_where = path.len() < bare.len() && (is_name(path) || path.eq_ignore_ascii_case(name));
    let begins = [
        "self.", "this.", "process.", "os.", "env.", "config.", "std::",
    ];
    !(bare.starts_with(['=', ':', '>', '~', '!'])
        || is_variable(bare)
        || bare == "$"
        || says_where
        || bare.eq_ignore_ascii_case(name)
        || rest.starts_with(['(', '[', '<'])
        || begins.iter().any(|begin| bare.starts_with(begin))
        || CODE.contains(&bare.trim_end_matches(['?', '.', '!'])))
}

/// Words that stand where a value might, in code.
const CODE: [&str; 40] = [
    "String",
    "str",
    "string",
    "bool",
    "boolean",
    "number",
    "any",
    "unknown",
    "u8",
    "u32",
    "u64",
    "usize",
    "i32",
    "i64",
    "int",
    "float",
    "bytes",
    "None",
    "null",
    "nil",
    "true",
    "false",
    "True",
    "False",
    "undefined",
    "void",
    "Option",
    "Vec",
    "new",
    "await",
    "async",
    "match",
    "if",
    "not",
    "yield",
    "self",
    "this",
    "required",
    "optional",
    "let",
];

/// `$NAME`, `${NAME}`.
fn is_variable(text: &str) -> bool {
    let Some(name) = text.strip_prefix('$') else {
        return false;
    };
    let name = name
        .strip_prefix('{')
        .map_or(name, |it| it.trim_end_matches('}'));
    !name.is_empty()
        && name
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || "_:-?".contains(c))
}

/// A text with a mask in the place of each secret in it.
pub(super) fn hidden(text: &str) -> String {
    let mut text = text.to_owned();
    for rule in RULES.iter() {
        let mut found: Vec<Range<usize>> = Vec::new();
        let mut from = 0;
        while let Some(captures) = rule.pattern.captures_at(text.as_bytes(), from) {
            let groups = ["s", "e", "d", "q"];
            let secret = groups.iter().find_map(|group| captures.name(group));
            let (Some(secret), Some(whole)) = (secret, captures.get(0)) else {
                break;
            };
            let holds = (rule.holds)(&captures, text.get(secret.end()..).unwrap_or_default());
            let seen = text.get(secret.range());
            if holds && seen.is_some_and(|it| it != MASK && !it.is_empty()) {
                found.push(secret.range());
            }
            // a name may stand in what was taken for a value
            from = if holds { whole.end() } else { secret.start() };
            from = from.max(whole.start() + 1);
            if from > text.len() {
                break;
            }
        }
        for range in found.into_iter().rev() {
            text.replace_range(range, MASK);
        }
    }
    text
}
