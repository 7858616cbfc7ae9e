//! What stands in JSON that may be anything.

use serde_json::Value;

use super::common::first;

/// A text; empty where there is none.
pub(super) fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value.get(key).and_then(Value::as_str).unwrap_or_default()
}

/// A number that can be counted; 0 where there is none.
pub(super) fn count(value: &Value, key: &str) -> u64 {
    value.get(key).and_then(whole).unwrap_or_default()
}

/// A number that can be counted, whether it is written as a whole one or not. A float that is
/// no count becomes 0, or the most there is.
pub(super) fn whole(number: &Value) -> Option<u64> {
    number
        .as_u64()
        .or_else(|| number.as_f64().map(|number| number as u64))
}

/// An exit code.
pub(super) fn exit_code(value: &Value, key: &str) -> Option<i32> {
    let code = value.get(key)?;
    let written = || code.as_f64().filter(|code| code.fract() == 0.0);
    code.as_i64()
        .or_else(|| written().map(|code| code as i64))?
        .try_into()
        .ok()
}

/// What a tool gave back, as text: a text, a list of parts that have one, or else the JSON.
pub(super) fn output(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        Value::Array(parts) => {
            let mut texts = Vec::new();
            for part in parts {
                match part.get("text").and_then(Value::as_str) {
                    Some(text) => texts.push(text.to_owned()),
                    None => texts.push(part.to_string()),
                }
            }
            texts.join("\n")
        }
        other => other.to_string(),
    }
}

/// The message of an error, which is a text or an object that has one.
pub(super) fn message(error: &Value) -> String {
    let text = match error {
        Value::String(text) => text,
        Value::Object(_) if !text(error, "message").is_empty() => text(error, "message"),
        Value::Null => return String::new(),
        other => return first(&other.to_string(), 2000),
    };
    first(text, 2000)
}
