use super::*;
use proptest::prelude::*;

/// Adds 100 to every id and 1000 to every date.
struct Add;

impl Numbers for Add {
    fn id(&mut self, _: &IdKind, id: u64, _: Use) -> u64 {
        id.saturating_add(100)
    }

    fn date(&mut self, time: i64) -> i64 {
        time.saturating_add(1000)
    }
}

fn new(sense: Sense, raw: &str) -> String {
    changed(&sense, raw.as_bytes(), "forum", "\\core\\event\\x", &mut Add)
        .map_or_else(|| raw.to_owned(), |v| String::from_utf8(v).unwrap())
}

#[test]
fn numbers_change_and_what_is_none_stays() {
    let cases = [
        ("5", "105"),
        (" 5\n", " 105\n"),
        ("0", "0"),
        ("-1", "-1"),
        ("", ""),
        ("5.0", "5.0"),
        ("$@NULL@$", "$@NULL@$"),
        ("99999999999999999999999", "99999999999999999999999"),
        ("<![CDATA[5]]>", "<![CDATA[105]]>"),
        ("&#53;6", "156"),
    ];
    for (raw, expected) in cases {
        assert_eq!(new(Sense::Refers(IdKind::Group), raw), expected);
    }
    assert_eq!(new(Sense::Date, "1700000000"), "1700001000");
    assert_eq!(new(Sense::Date, "0"), "0");
}

#[test]
fn lists_paths_and_formulas_change() {
    assert_eq!(new(Sense::List(IdKind::CourseModule), "1,22,,x, 3"), "101,122,,x, 103");
    assert_eq!(new(Sense::CategoryPath, "/8/9/"), "/108/109/");
    assert_eq!(
        new(Sense::Formula, "=##gi7##+sum(##gi12##)*7-##gix## ##gi7"),
        "=##gi107##+sum(##gi112##)*7-##gix## ##gi7"
    );
    assert_eq!(new(Sense::NegativeScale, "-3.00000"), "-103.00000");
    assert_eq!(new(Sense::NegativeScale, "-3"), "-103");
    assert_eq!(new(Sense::NegativeScale, "3"), "3");
    let timed = || Sense::Parameter { timed: IdKind::CourseModule };
    assert_eq!(new(timed(), "module_7"), "module_107");
    assert_eq!(new(timed(), "bydate_7"), "bydate_107");
    assert_eq!(new(timed(), "any"), "any");
    assert_eq!(new(timed(), "profile_7"), "profile_7");
    assert_eq!(new(Sense::Response(38), "response_38"), "response_138");
    assert_eq!(new(Sense::Response(38), "response_39"), "response_39");
}

#[test]
fn conditions_keep_their_other_bytes() {
    let raw = r#"{"op":"&amp;", "c":[{"type":"completion","cm":427,"e":1},{"id":5,"type":"group"},{"type":"grouping","id":"3"},{"type":"group"},{"op":"|","c":[{"type":"grade","id":12,"min":5},{"type":"date","d":"&gt;=","t":1700000000},{"type":"profile","id":7,"v":"&quot;5&quot;"}],"show":true}],"showc":[true]}"#;
    let expected = raw
        .replace("\"cm\":427", "\"cm\":527")
        .replace("\"id\":5", "\"id\":105")
        .replace("\"id\":\"3\"", "\"id\":\"103\"")
        .replace("\"id\":12", "\"id\":112")
        .replace("1700000000", "1700001000");
    // Quotes within quotes: no JSON.
    assert_eq!(new(Sense::Availability, raw), raw);
    let raw = raw.replace("&quot;", "'");
    assert_eq!(new(Sense::Availability, &raw), expected.replace("&quot;", "'"));
    // All quotes escaped is the same value written otherwise.
    let escaped = raw.replace('"', "&quot;");
    assert_eq!(new(Sense::Availability, &escaped), expected.replace("&quot;", "'").replace('"', "&quot;"));
    assert_eq!(new(Sense::Availability, "{\"cm\":5"), "{\"cm\":5");
}

#[test]
fn random_questions_know_their_category_in_all_forms() {
    let old = r#"{"questioncategoryid":"6","includingsubcategories":"0","tags":["5,tag"]}"#;
    assert_eq!(new(Sense::QuestionFilter, old), old.replace("\"6\"", "\"106\""));
    let newer = r#"{"filter":{"category":{"jointype":1,"values":["6",7],"filteroptions":{"includesubcategories":false}},"qtagids":{"values":["5"]}},"cat":"6,1454","cmid":"435","courseid":7,"qperpage":100}"#;
    let expected = r#"{"filter":{"category":{"jointype":1,"values":["106",107],"filteroptions":{"includesubcategories":false}},"qtagids":{"values":["5"]}},"cat":"106,1554","cmid":"535","courseid":107,"qperpage":100}"#;
    assert_eq!(new(Sense::QuestionFilter, newer), expected);
}

#[test]
fn extras_change_inside_base64() {
    let of = |json: &str| STANDARD.encode(json);
    let module = of(r#"{"modulename":"forum","instanceid":5,"name":"Forum 5"}"#);
    assert_eq!(new(Sense::Extras, &module), of(r#"{"modulename":"forum","instanceid":105,"name":"Forum 5"}"#));
    let group = of(r#"{"groupid":"5","itemid":5,"courseid":7}"#);
    assert_eq!(new(Sense::Extras, &group), of(r#"{"groupid":"105","itemid":5,"courseid":107}"#));
    for other in [of("null"), of("a:1:{s:7:\"groupid\";i:5;}"), "no base64".to_owned(), String::new()] {
        assert_eq!(new(Sense::Extras, &other), other);
    }
}

proptest! {
    #[test]
    fn any_value_is_taken(raw in "(<!\\[CDATA\\[|\\]\\]>|&amp;|&quot;|&|;|-|5|\"|\\{|\\}|\\[|\\]|:|,|id|type|group|/|##gi|<|_){0,24}") {
        for sense in [
            Sense::Refers(IdKind::Group),
            Sense::List(IdKind::Group),
            Sense::NegativeScale,
            Sense::Formula,
            Sense::Availability,
            Sense::QuestionFilter,
            Sense::Extras,
            Sense::Parameter { timed: IdKind::Course },
            Sense::Response(5),
            Sense::Date,
        ] {
            let _ = changed(&sense, raw.as_bytes(), "m", "e", &mut Add);
        }
    }
}
