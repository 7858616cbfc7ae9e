//! What of a tool's arguments is kept: bounded, without what looks like a secret.

use serde_json::{Map, Value};

use super::secret::{MASK, hidden, is_name};
use super::tool::Category;

/// Of one text so many bytes are kept.
const LONGEST: usize = 2048;

/// So much more of it is looked at.
const MORE: usize = 512;

/// Of one list or object so many entries.
const MOST: usize = 32;

/// So deep.
const DEEPEST: usize = 6;

/// Stands between words that are looked at together: white space that no word has.
const BETWEEN: &str = "\u{b}";

/// A text is looked at so many times more while that changes it.
const MOST_LOOKS: usize = 3;

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
        Value::String(_) | Value::Number(_) if name.is_some_and(is_name) => Value::from(MASK),
        // what is cut off may be the end by which a secret is known
        Value::String(text) => {
            let more = bounded(text, LONGEST + MORE);
            Value::from(bounded(&masked(&more), LONGEST))
        }
        Value::Array(list) => {
            let some = &list[..list.len().min(MOST)];
            let words = masked_words(some).filter(|_| !name.is_some_and(is_name));
            let each = some.iter().map(|value| mask(value, name, depth + 1));
            let mut kept: Vec<Value> = words.unwrap_or_else(|| each.collect());
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

/// A text, without what looks like a secret in it.
pub fn masked(text: &str) -> String {
    let before = text;
    let mut text = hidden(before);
    if text == before {
        return text;
    }
    // where two stood side by side, one may have hidden the other's name
    for _ in 0..MOST_LOOKS {
        let again = hidden(&text);
        if again == text {
            break;
        }
        text = again;
    }
    text
}

/// The same of the words of a command, of which one may name the next.
fn masked_words(words: &[Value]) -> Option<Vec<Value>> {
    let texts: Option<Vec<&str>> = words.iter().map(Value::as_str).collect();
    let texts = texts.filter(|texts| texts.len() > 1)?;
    if texts.iter().any(|text| text.contains(BETWEEN)) {
        return None;
    }
    let each = texts.iter().map(|text| bounded(text, LONGEST));
    let bounded: Vec<String> = each.collect();
    let joined = masked(&bounded.join(BETWEEN));
    let mut parts: Vec<Value> = joined.split(BETWEEN).map(Value::from).collect();
    if parts.len() != texts.len() {
        return None;
    }
    // such a word may have blanks, and is all of it one value
    for (at, pair) in texts.windows(2).enumerate() {
        let option = pair[0].starts_with('-') && is_name(pair[0].trim_start_matches('-'));
        let handed = pair[0] == "-p" && texts[0].ends_with("sshpass");
        if (option || handed) && !pair[1].starts_with('-') {
            parts[at + 1] = Value::from(MASK);
        }
    }
    Some(parts)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

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
    fn secrets_of_every_shape_are_hidden() {
        let pem = "-----BEGIN RSA PRIVATE KEY-----\nh1dd3n\nh1dd3n\n-----END RSA PRIVATE KEY-----";
        let all = [
            "git clone https://me:h1dd3n@github.com/a/b",
            "psql postgres://app:h1dd3n@db:5432/x",
            "git clone https://h1dd3nh1dd3nh1dd3n@github.com/a/b",
            "curl 'https://x.y/z?api_key=h1dd3n&page=2'",
            "curl https://x.y/z?page=2&access_token=h1dd3n",
            "AWS_SECRET_ACCESS_KEY=h1dd3n aws s3 ls",
            "export SECRET_KEY=h1dd3n",
            "PGPASSWORD=h1dd3n psql",
            "my_password = h1dd3n",
            "DB_PASS=h1dd3n ./run",
            "apiKey: 'h1dd3n'",
            "{\"password\": \"h1dd3n\"}",
            "curl -d \"{\\\"password\\\": \\\"h1dd3n h1dd3n\\\"}\" x",
            "password='h1dd3n h1dd3n' x",
            "PASSWORD=\"h1dd3n h1dd3n\" x",
            "os.environ[\"API_KEY\"] = \"h1dd3n\"",
            "curl -H 'Authorization: token h1dd3n' x",
            "curl -H \"Authorization: Basic h1dd3n\" x",
            "Authorization: Bearer h1dd3n",
            "Authorization: h1dd3n",
            "use bearer h1dd3nh1dd3n for it",
            "curl -u me:h1dd3n https://x",
            "curl -sSu 'me:h1dd3n' https://x",
            "curl -u 'me:h1dd3n h1dd3n' https://x",
            "curl --user me:h1dd3n https://x",
            "sshpass -p h1dd3n ssh x",
            "sshpass -p 'h1dd3n h1dd3n' ssh x",
            "mysql -u root -ph1dd3n db",
            "tool --password h1dd3n x",
            "tool --password=h1dd3n x",
            "tool --api-key 'h1dd3n h1dd3n' x",
            "machine x login me password h1dd3n",
            pem,
            "-----BEGIN OPENSSH PRIVATE KEY-----\nh1dd3n",
        ];
        for text in all {
            let kept = masked(text);
            assert!(
                !kept.contains("h1dd3n") && kept.contains(MASK),
                "{text} -> {kept}"
            );
            let inside = decisive(&json!({"command": ["bash", "-lc", text]})).to_string();
            assert!(!inside.contains("h1dd3n"), "{inside}");
        }
        let tail = "0123456789abcdefghijABCDEFGHIJ0123456789";
        let starts = [
            "sk-",
            "sk-ant-api03-",
            "ghp_",
            "gho_",
            "ghs_",
            "github_pat_",
            "glpat-",
            "xoxb-",
            "AIza",
            "npm_",
            "hf_",
            "eyJ",
            "sk_live_",
            "ya29.",
        ];
        let keys = starts.map(|start| format!("{start}{tail}"));
        let known = [
            "AKIAIOSFODNN7EXAMPLE".to_owned(),
            format!("eyJhbGciOi.{tail}.{tail}"),
        ];
        for key in keys.iter().chain(&known) {
            for text in [
                key.clone(),
                format!("echo \"{key}\" | x"),
                format!("a={key},b"),
            ] {
                let kept = masked(&text);
                assert!(!kept.contains(&key[key.len() - 8..]), "{text} -> {kept}");
            }
        }
        for words in [
            json!(["curl", "-u", "me:h1dd3n", "x"]),
            json!(["sshpass", "-p", "h1dd3n", "ssh"]),
            json!(["sshpass", "-p", "h1dd3n h1dd3n", "ssh"]),
            json!(["x", "--password", "h1dd3n h1dd3n"]),
        ] {
            let kept = decisive(&json!({"command": words}));
            assert!(!kept.to_string().contains("h1dd3n"), "{kept}");
            assert!(
                !kept["command"][2].as_str().unwrap().ends_with("dd3n"),
                "{kept}"
            );
            let count = words.as_array().unwrap().len();
            assert_eq!(kept["command"].as_array().unwrap().len(), count);
        }
    }

    #[test]
    fn what_programs_are_given_in_their_own_ways_is_hidden() {
        for text in [
            "SECRET_KEY_BASE=h1dd3n",
            "aws configure set aws_secret_access_key h1dd3n --profile x",
            "npm config set //registry.npmjs.org/:_authToken h1dd3n",
            "git config --global user.password h1dd3n",
            "set -gx API_KEY h1dd3n",
            "set -x TOKEN 'h1dd3n h1dd3n'",
            "setx API_KEY h1dd3n",
            "export GITHUB_PAT=h1dd3n",
            "openssl rsa -in k.pem -passin pass:h1dd3n",
            "openssl enc -aes-256-cbc -pass pass:h1dd3n -in x",
            "curl https://api.telegram.org/bot123456:h1dd3n/sendMessage",
            "unzip -P h1dd3n x.zip",
            "7z x -ph1dd3n x.7z",
            "sqlplus me/h1dd3n@db",
            "gh secret set NAME --body h1dd3n",
            "ldapsearch -x -D cn=me -w h1dd3n -b dc=x",
        ] {
            let kept = masked(text);
            assert!(
                !kept.contains("h1dd3n") && kept.contains(MASK),
                "{text} -> {kept}"
            );
            let inside = decisive(&json!({"command": ["bash", "-lc", text]})).to_string();
            assert!(!inside.contains("h1dd3n"), "{inside}");
        }
    }

    #[test]
    fn ordinary_text_is_kept_as_it_is() {
        let all = [
            "/home/me/src/token.rs",
            "cat ~/.config/app/secrets/readme.md",
            "token count: 5",
            "max_tokens=100",
            "max_tokens: 4096, temperature: 0.2",
            "cargo test --lib token::tests::secret_is_kept",
            "let token = next_token(&mut lexer);",
            "let token = self.tokens.next();",
            "fn login(password: &str, token: String) -> bool {",
            "if password == other {",
            "return token::Kind::Name;",
            "const { token } = this.state; use(token);",
            "password: string;",
            "git show 3b18e512dba79e4c8300dd08aeb37f8e728b8dad",
            "https://github.com/a/b/issues/5?page=2#x",
            "ssh://git@github.com/a/b",
            "git@github.com:a/b.git",
            "http://localhost:8080/users/@me",
            "docker run -u 1000:1000 x",
            "curl -u me https://x",
            "echo \"$API_KEY\" && export TOKEN=$TOKEN X=${PASSWORD}",
            "PWD=/tmp; 12 pass, 3 fail; pass: 12",
            "run the basic tests of the bearer code",
            "mkdir -p build && cp -p a b",
            "sk-learn and task-runner-with-a-long-name-0123456789",
            "-----BEGIN CERTIFICATE-----\nabc\n-----END CERTIFICATE-----",
            "uuid 6f1c9e2e-9d0b-4b52-8f0e-1f6d3c1d2a3b",
            "tiktoken==0.7.0",
            "primary_key: id, cache_key=abc",
            "set -ex; make test",
            "set -gx EDITOR vim",
            "git config user.name me",
            "npm config set registry https://r.example/",
            "aws configure set region eu-west-1",
            "unzip -l x.zip -d out",
            "7z x archive.7z -oout",
            "openssl x509 -in cert.pem -noout -text",
            "ldapsearch -x -b dc=x",
            "sqlplus me@db",
            "apply the patch: pat=1",
        ];
        for text in all {
            assert_eq!(masked(text), text);
        }
    }

    fn secretive() -> impl Strategy<Value = String> {
        let pieces = [
            "password",
            "api_key",
            "token",
            "PGPASSWORD",
            "=",
            ": ",
            " ",
            "\"",
            "'",
            "\\\"",
            "\\",
            ",",
            ";",
            "@",
            "://",
            "https://a:b@c",
            "Authorization: ",
            "Bearer ",
            "basic ",
            "curl -u ",
            "sshpass -p ",
            "--password ",
            "a:b",
            "ghp_0123456789abcdefghij",
            "-----BEGIN PRIVATE KEY-----",
            "-----END PRIVATE KEY-----",
            "•••",
            "x1",
            "é",
            "日",
            "\n",
            "\u{b}",
            "?key=",
            "&",
            "$X",
            "{",
            "}",
            "[",
            "]",
            "(",
            "<",
        ];
        prop::collection::vec(prop::sample::select(pieces.to_vec()), 0..40)
            .prop_map(|all| all.concat())
    }

    proptest! {
        #[test]
        fn a_mask_is_bounded_and_hides_all_at_once(text in prop_oneof![any::<String>(), secretive()]) {
            let once = masked(&text);
            prop_assert!(once.len() <= text.len() * MASK.len() + MASK.len());
            prop_assert_eq!(masked(&once), once.clone());
            let kept = decisive(&json!({"command": text, "all": [text, once]}));
            prop_assert!(kept.to_string().len() <= 12 * LONGEST + text.len() * 20);
        }
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
