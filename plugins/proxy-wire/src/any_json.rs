//! JSON of every shape, for tests of what reads it.

use proptest::prelude::*;
use serde_json::Value;

/// A value of a few members and levels.
pub(crate) fn any_json() -> impl Strategy<Value = Value> {
    // Of short fractions: the last digit of long ones is the parser's to choose.
    let fraction = any::<i32>().prop_map(|eighths| Value::from(f64::from(eighths) / 8.0));
    let number = prop_oneof![any::<i64>().prop_map(Value::from), fraction];
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        number,
        "[ -~é\\n]{0,8}".prop_map(Value::from),
        prop::sample::select(WORDS).prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 24, 4, |inner| {
        let name = prop_oneof![prop::sample::select(WORDS).prop_map(str::to_owned), "[a-z]{1,6}"];
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map(name, inner, 0..6)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

/// Names and values that mean something somewhere.
const WORDS: &[&str] = &[
    "backup",
    "cause",
    "content",
    "copy",
    "course",
    "data",
    "delete",
    "exact",
    "externalid",
    "from",
    "group",
    "id",
    "jwt",
    "kid",
    "kty",
    "notices",
    "shallow",
    "timestamp",
    "to",
    "type",
];
