//! What is written into the audit log of a call: who, what, with which parameters, how it ended.

use provost_store::api::{NewAuditRow, Person, Store};
use provost_wire::WireError;
use provost_wire::description::{Description, Shape};
use serde_json::Value;
use std::net::IpAddr;

/// Bytes of parameters that are kept.
const MAX_DETAIL: usize = 4096;
/// Characters of one text that are kept.
const MAX_TEXT: usize = 200;

/// Adds a row. The call it is of has happened: a failure is logged, not answered.
pub async fn note(store: &dyn Store, row: NewAuditRow) {
    let action = row.action.clone();
    if let Err(error) = store.note(row).await {
        tracing::error!(action, %error, "the audit log could not be written");
    }
}

/// The row of a call over the network.
pub fn row(
    origin: &'static str,
    person: Option<&Person>,
    address: IpAddr,
    action: &str,
    detail: String,
    ended: Result<(), &WireError>,
) -> NewAuditRow {
    NewAuditRow {
        origin,
        person: person.map(|p| p.id),
        username: person.map(|p| p.username.clone()).unwrap_or_default(),
        address: address.to_canonical().to_string(),
        action: action.to_owned(),
        detail,
        outcome: match ended {
            Ok(()) => "ok".to_owned(),
            Err(error) if error.errorcode.is_empty() => "error".to_owned(),
            Err(error) => error.errorcode.clone(),
        },
    }
}

/// Checked parameters as they may be kept: secrets left out, long texts cut off.
pub fn detail(description: &Description, parameters: &Value) -> String {
    let mut text = shown(description, parameters).to_string();
    if text.len() > MAX_DETAIL {
        text.truncate(text.floor_char_boundary(MAX_DETAIL));
        text.push('…');
    }
    text
}

fn shown(description: &Description, value: &Value) -> Value {
    if description.secret {
        return Value::String("(secret)".into());
    }
    match (&description.shape, value) {
        (Shape::Single(keys), Value::Object(map)) => {
            let kept = map.iter().filter_map(|(name, value)| {
                let key = keys.iter().find(|key| key.name == *name)?;
                Some((name.clone(), shown(&key.description, value)))
            });
            Value::Object(kept.collect())
        }
        (Shape::Multiple { content, .. }, Value::Array(items)) => {
            Value::Array(items.iter().map(|item| shown(content, item)).collect())
        }
        (_, Value::String(text)) if text.chars().count() > MAX_TEXT => {
            let cut: String = text.chars().take(MAX_TEXT).collect();
            Value::String(format!("{cut}… ({} bytes)", text.len()))
        }
        (_, other) => other.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn secrets_are_left_out_and_long_texts_cut() -> Result<(), Box<dyn std::error::Error>> {
        let description = Description::parameters(
            &json!({"kind": "single", "keys": [{"name": "users", "description": {"kind": "multiple", "content": {
                "kind": "single", "keys": [
                    {"name": "username", "description": {"kind": "value", "type": "USERNAME"}},
                    {"name": "password", "description": {"kind": "value", "type": "RAW", "secret": true}},
                    {"name": "note", "description": {"kind": "value", "type": "RAW"}}
            ]}}}]})
            .to_string(),
        )?;
        let parameters =
            json!({"users": [{"username": "ada", "password": "Correct-horse.1", "note": "ä".repeat(300)}]});
        let text = detail(&description, &parameters);
        assert!(text.contains("ada") && text.contains("(secret)") && text.contains("… (600 bytes)"), "{text}");
        assert!(!text.contains("horse"), "{text}");
        Ok(())
    }
}
