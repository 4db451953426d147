use serde_json::json;

use super::*;
use crate::description::ParamType as T;

fn value(ty: T) -> Description {
    Description::value(ty)
}

fn both(returns: &Description, result: Value) -> (String, String) {
    returns.check_returns().unwrap();
    let answer = |format| answer(format, Some(returns), &result, &Installed::default()).unwrap();
    (answer(Format::Json), answer(Format::Xml))
}

fn body(xml: &str) -> &str {
    xml.strip_prefix("<?xml version=\"1.0\" encoding=\"UTF-8\" ?>\n<RESPONSE>\n")
        .and_then(|rest| rest.strip_suffix("</RESPONSE>\n"))
        .unwrap()
}

fn refusal(returns: &Description, result: Value) -> String {
    let error = clean(Some(returns), &result, &Installed::default()).unwrap_err();
    assert_eq!(error.errorcode, "invalidresponse");
    error.debuginfo.unwrap_or_default()
}

#[test]
fn nothing_described_is_nothing_answered() {
    let answer = |format| answer(format, None, &json!({ "x": 1 }), &Installed::default()).unwrap();
    assert_eq!(answer(Format::Json), "null");
    assert_eq!(answer(Format::Xml), "<?xml version=\"1.0\" encoding=\"UTF-8\" ?>\n<RESPONSE>\n</RESPONSE>\n");
}

#[test]
fn bare_values() {
    let (json, xml) = both(&value(T::Raw), json!("a/b \"é\" 😀 <'&>"));
    assert_eq!(json, r#""a\/b \"\u00e9\" \ud83d\ude00 <'&>""#);
    assert_eq!(body(&xml), "<VALUE>a/b &quot;é&quot; 😀 &lt;'&amp;&gt;</VALUE>\n");
    let (json, xml) = both(&value(T::Raw), json!("\u{1}\u{8}\n\r\t\u{7f}"));
    assert_eq!(json, "\"\\u0001\\b\\n\\r\\t\u{7f}\"");
    assert_eq!(body(&xml), "<VALUE>\n\r\t\u{7f}</VALUE>\n");
    assert_eq!(both(&value(T::Bool), json!("1")).0, "true");
    assert_eq!(body(&both(&value(T::Bool), json!(false)).1), "<VALUE>0</VALUE>\n");
    assert_eq!(body(&both(&value(T::Int), Value::Null).1), "<VALUE null=\"null\"/>\n");
}

#[test]
fn numbers() {
    for (result, json, xml) in [
        (json!(0.0), "0", "0"),
        (json!(1), "1", "1"),
        (json!("0.5"), "0.5", "0.5"),
        (json!(0.1 + 0.2), "0.30000000000000004", "0.3"),
    ] {
        let printed = both(&value(T::Float), result);
        assert_eq!(printed.0, json);
        assert_eq!(body(&printed.1), format!("<VALUE>{xml}</VALUE>\n"));
    }
    // Integers beyond 2^53 arrive as text and leave as numbers.
    assert_eq!(both(&value(T::Int), json!("9223372036854775807")).0, "9223372036854775807");
    assert_eq!(both(&value(T::Int), json!(5.0)).0, "5");
    // RAW keeps a number, other texts make it one.
    assert_eq!(both(&value(T::Raw), json!(1)).0, "1");
    assert_eq!(both(&value(T::AlphaNum), json!(1)).0, "\"1\"");
    assert_eq!(both(&value(T::Text), json!(1.5)).0, "\"1.5\"");
}

#[test]
fn keys_are_ordered_and_unknown_ones_dropped() {
    let returns = Description::single([
        ("id", value(T::Int)),
        ("name", value(T::Raw).optional()),
        ("files", Description::multiple(value(T::File)).optional()),
        ("info", Description::single([("size", value(T::Int)), ("more", value(T::Raw).optional())]).optional()),
        ("visible", value(T::Bool).default_to(true)),
    ]);
    let (json, xml) = both(&returns, json!({ "secret": 1, "info": { "size": 2, "x": 3 }, "id": 1 }));
    assert_eq!(json, r#"{"id":1,"info":{"size":2},"visible":true}"#);
    assert_eq!(
        body(&xml),
        "<SINGLE>\n<KEY name=\"id\"><VALUE>1</VALUE>\n</KEY>\n<KEY name=\"name\"><VALUE null=\"null\"/>\n</KEY>\n\
         <KEY name=\"files\"><MULTIPLE>\n</MULTIPLE>\n</KEY>\n<KEY name=\"info\"><SINGLE>\n\
         <KEY name=\"size\"><VALUE>2</VALUE>\n</KEY>\n<KEY name=\"more\"><VALUE null=\"null\"/>\n</KEY>\n</SINGLE>\n\
         </KEY>\n<KEY name=\"visible\"><VALUE>1</VALUE>\n</KEY>\n</SINGLE>\n"
    );
    let (json, xml) = both(&returns, json!({ "id": 1, "visible": false }));
    assert_eq!(json, r#"{"id":1,"visible":false}"#);
    assert!(xml.contains("<KEY name=\"info\"><SINGLE>\n<KEY name=\"size\"><VALUE null=\"null\"/>\n"));
}

#[test]
fn lists() {
    let returns = Description::multiple(Description::single([("id", value(T::Int))]));
    assert_eq!(both(&returns, json!([])).0, "[]");
    assert_eq!(body(&both(&returns, json!([])).1), "<MULTIPLE>\n</MULTIPLE>\n");
    assert_eq!(both(&returns, json!([{ "id": 1 }, { "id": "2" }])).0, r#"[{"id":1},{"id":2}]"#);
}

/// Recorded: the activity badge of `get_contents`.
#[test]
fn a_map_without_keys_is_an_empty_list_in_json() {
    let badge = Description::single([("text", value(T::Text).optional())]);
    for result in [json!({}), json!([]), json!({ "unknown": 1 })] {
        let (json, xml) = both(&badge, result);
        assert_eq!(json, "[]");
        assert_eq!(body(&xml), "<SINGLE>\n<KEY name=\"text\"><VALUE null=\"null\"/>\n</KEY>\n</SINGLE>\n");
    }
}

#[test]
fn what_does_not_fit() {
    let returns = Description::multiple(Description::single([
        ("id", value(T::Int).not_null()),
        ("t", value(T::Text).optional()),
    ]));
    for (result, expected) in [
        (json!({ "id": 1 }), "list is expected"),
        (json!([1]), "map with keys is expected"),
        (json!([{}]), "Missing required key in single structure: id"),
        (json!([{ "id": null }]), "id => Invalid response value detected: null is not allowed"),
        (json!([{ "id": "x" }]), "the value is \"x\", the server was expecting \"int\" type"),
        (json!([{ "id": 1.5 }]), "the value is \"1.5\""),
        (json!([{ "id": true }]), "the value is \"true\""),
        (json!([{ "id": u64::MAX }]), "expecting \"int\""),
        (json!([{ "id": [1] }]), "single value is expected"),
        (json!([{ "id": 1, "t": "<b>x</b>" }]), "expecting \"text\""),
        (json!([{ "id": 1, "t": false }]), "expecting \"text\""),
    ] {
        let refusal = refusal(&returns, result);
        assert!(refusal.contains(expected), "{refusal}");
    }
}
